"""Encode a sample of an index again and compare: does it hold what a clean build would put there (design.md,
"Windows")?

Takes a reader and the index's encoder; reads stored texts, cuts them again, encodes some windows, and compares them
with the stored rows. Knows no files: whether the texts match the directories is the build's business. Shapes: N
landmarks, D dimensions.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from ..config import CHECK_WINDOWS, WindowOptions
from ..encoder import Encoder, combine_pieces, make_row, normalise, window_options
from ..files import PrintedNames
from ..index import stored_headings, vectors_of
from ..records import Float32Array, JsonObject, ManifestEntry
from ..sentences import split_sentences
from ..token_records import TokenizedSentences, Window
from ..windows import grouped_pieces, make_windows
from .prepare import tokenize

if TYPE_CHECKING:
    import pyarrow as pa

    from ..index import IndexReader

WINDOWS_A_DOCUMENT = 8  # so that one long document does not take the whole sample
SAME_COSINE = 0.995  # other batches and devices round differently; a window with different tokens is caught by its key (docs/log.md)

Group = list[Window]  # the windows of one core: several only for the pieces of a long sentence


@dataclass(slots=True)
class Sample:
    """What was compared, and the differences as sentences. `smallest_cosine` is 1 when nothing was encoded."""

    num_documents: int = 0
    num_windows: int = 0
    num_vectors: int = 0
    num_offsets: int = 0
    smallest_cosine: float = 1.0
    differences: list[str] = field(default_factory=list)

    def to_json(self) -> JsonObject:
        """The object `sample` of `status --check --json`."""
        return {
            "documents": self.num_documents,
            "windows": self.num_windows,
            "vectors": self.num_vectors,
            "offsets": self.num_offsets,
            "smallest_cosine": round(self.smallest_cosine, 6),
            "differences": self.differences,
        }


def check_sample(reader: IndexReader, encoder: Encoder, *, num_windows: int = CHECK_WINDOWS, seed: int = 0) -> Sample:
    """Compare documents in an order set by `seed` until `num_windows` windows have been encoded again."""
    sizes = reader.head.options
    windows = window_options(encoder, sizes["window_tokens"], sizes["context_tokens"])
    generator = random.Random(seed)
    manifest = reader.manifest()
    printed = PrintedNames(manifest)
    entries = [replace(entry, path=printed.of(name)) for name, entry in sorted(manifest.items()) if entry.num_sentences]
    generator.shuffle(entries)
    sample = Sample()
    for entry in entries:
        wanted = min(num_windows - sample.num_windows, WINDOWS_A_DOCUMENT)
        if wanted <= 0:
            break
        check_document(reader, encoder, windows, entry, sample, wanted, generator)
    return sample


def check_document(
    reader: IndexReader,
    encoder: Encoder,
    windows: WindowOptions,
    entry: ManifestEntry,
    sample: Sample,
    num_windows: int,
    generator: random.Random,
) -> None:
    """Check all offsets of one document and `num_windows` of its windows; the findings go into `sample`."""
    row = reader.document_rows([entry.doc_id], ["text", "headings"])[entry.doc_id]
    text: str = row["text"]
    rows = reader.landmarks_of(entry.doc_id, ["start", "end", "text", "window_key", "vector"])
    sentences = split_sentences(text, language=entry.language, headings=stored_headings(row["headings"]))
    sample.num_documents += 1
    sample.num_offsets += rows.num_rows
    places = list(zip(sentences.starts_S.tolist(), sentences.ends_S.tolist(), strict=True))
    stored = list(zip(rows["start"].to_pylist(), rows["end"].to_pylist(), strict=True))
    num_wrong = sum(text[start:end] != piece for (start, end), piece in zip(stored, rows["text"].to_pylist(), strict=True))
    if num_wrong:
        sample.differences.append(f"{entry.path}: {num_wrong:,} of {len(stored):,} sentences are not text[start:end].")
    if places != stored:
        return sample.differences.append(f"{entry.path}: its text now splits into other sentences than the {len(stored):,} stored.")
    tokens = tokenize(encoder, text, sentences)
    groups = list(grouped_pieces(make_windows(tokens, windows, encoder.folder.fingerprint)))
    chosen = sorted(generator.sample(range(len(groups)), min(num_windows, len(groups))))
    compare_windows(encoder, tokens, [groups[place] for place in chosen], rows, entry, sample)
    return None


def compare_windows(
    encoder: Encoder, tokens: TokenizedSentences, groups: Sequence[Group], rows: pa.Table, entry: ManifestEntry, sample: Sample
) -> None:
    """Compare keys and vectors of some windows of a document with its stored rows."""
    stored_ND, keys = vectors_of(rows), rows["window_key"].to_pylist()
    for group, vectors_ND in zip(groups, encode_groups(encoder, tokens, groups), strict=True):
        last = group[-1]
        core = slice(last.core_pos, last.core_pos + last.num_core)
        sample.num_windows += 1
        sample.num_vectors += last.num_core
        if set(keys[core]) != {last.key}:
            sample.differences.append(f"{entry.path}: the window at sentence {last.core_pos:,} is cut differently now.")
            continue
        norms_N = np.linalg.norm(stored_ND[core], axis=1)  # rounded to float16, they are not quite 1
        cosine = float(((vectors_ND * stored_ND[core]).sum(axis=1) / norms_N).min())
        sample.smallest_cosine = min(sample.smallest_cosine, cosine)
        if not cosine >= SAME_COSINE:
            sample.differences.append(f"{entry.path}: the window at sentence {last.core_pos:,} has other vectors (cosine {cosine:.4f}).")


def encode_groups(encoder: Encoder, tokens: TokenizedSentences, groups: Sequence[Group]) -> Iterator[Float32Array]:
    """The normalised vectors [num_core, D] of each group, as a build computes them, before they are rounded."""
    encoded = iter(encoder.encode_rows([make_row(encoder, tokens, window) for group in groups for window in group]))
    for group in groups:
        parts = [next(encoded) for _ in group]
        sizes = [window.num_tokens for window in group]
        yield normalise(combine_pieces(encoder, parts, sizes) if len(parts) > 1 else parts[0])
