"""Does an index hold what it claims to hold? Reads everything once, because LanceDB itself does not notice a flipped
bit.

Takes a reader, gives sentences for the user. `build/verify.py` checks whether a build would make the same index now.
Shapes: N landmarks of a batch, D dimensions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..files import PrintedNames

if TYPE_CHECKING:
    import numpy.typing as npt

    from ..records import ManifestEntry
    from .reader import IndexReader

BATCH_ROWS = 16_384
NORM_TOLERANCE = 0.01  # a float16 vector of norm 1 is within 0.001
COLUMNS = ["doc_id", "pos", "start", "end", "text", "vector"]


def check_index(reader: IndexReader) -> list[str]:
    """What is wrong with an index, in sentences; empty if it is intact."""
    try:
        return list(find_damage(reader))
    except Exception as error:  # whatever LanceDB raises on a broken file
        return [f"The tables cannot be read: {str(error).splitlines()[0] if str(error) else type(error).__name__}"]


def find_damage(reader: IndexReader) -> Iterator[str]:
    """Compare head, manifest and landmarks: counts, keys, norms, and whether each sentence is where its offsets say."""
    known = reader.manifest()
    printed = PrintedNames(known)
    manifest = {entry.doc_id: replace(entry, path=printed.of(name)) for name, entry in known.items()}
    num_rows = reader.documents.count_rows()
    if num_rows != len(manifest):
        yield f"documents: {num_rows:,} rows, but {len(manifest):,} different documents."
    yield from compare_counts(reader.head.counts, manifest)
    code_of = {doc_id: code for code, doc_id in enumerate(sorted(manifest))}
    keys: list[npt.NDArray[np.int64]] = []
    tallies = {"of no document": 0, "with a norm that is not 1": 0, "whose text is not at its offsets": 0}
    for batch in reader.landmarks.search().select(COLUMNS).to_batches(batch_size=BATCH_ROWS):
        codes_N = np.array([code_of.get(doc_id, -1) for doc_id in batch["doc_id"].to_pylist()], dtype=np.int64)
        keys.append(codes_N << 32 | batch["pos"].to_numpy().astype(np.int64))
        tallies["of no document"] += int((codes_N < 0).sum())
        tallies["with a norm that is not 1"] += count_bad_norms(batch)
        tallies["whose text is not at its offsets"] += count_misplaced(reader, batch)
    yield from (f"landmarks: {count:,} {what}." for what, count in tallies.items() if count)
    yield from compare_keys(np.sort(np.concatenate(keys)) if keys else np.zeros(0, np.int64), manifest, code_of)


def compare_counts(counts: Mapping[str, int], manifest: Mapping[str, ManifestEntry]) -> Iterator[str]:
    """Compare the head's totals with the sums over the documents."""
    entries = [entry for entry in manifest.values() if entry.status != "failed"]
    totals = {
        "documents": len(entries),
        "sentences": sum(entry.num_sentences for entry in entries),
        "tokens": sum(entry.num_tokens for entry in entries),
    }
    for name, total in totals.items():
        if counts.get(name) != total:
            yield f"head.json says {counts.get(name)} {name}, the documents table {total:,}."


def count_bad_norms(batch: Any) -> int:
    """Count vectors that are not normalised, including those with NaN."""
    vectors_ND = np.stack(batch["vector"].to_numpy(zero_copy_only=False)).astype(np.float32) if batch.num_rows else np.zeros((0, 1))
    with np.errstate(all="ignore"):  # a broken vector may hold anything
        is_right = np.abs(np.linalg.norm(vectors_ND, axis=1) - 1.0) <= NORM_TOLERANCE
    return int((~is_right).sum())


def count_misplaced(reader: IndexReader, batch: Any) -> int:
    """Count sentences that are not `text[start:end]` of their document."""
    columns = [batch[name].to_pylist() for name in ("doc_id", "start", "end", "text")]
    documents = reader.document_rows(columns[0], ["text"])
    return sum(
        documents[doc_id]["text"][start:end] != text
        for doc_id, start, end, text in zip(*columns, strict=True)
        if doc_id in documents and documents[doc_id]["text"] is not None
    )


def compare_keys(keys_N: npt.NDArray[np.int64], manifest: Mapping[str, ManifestEntry], code_of: Mapping[str, int]) -> Iterator[str]:
    """Check that each key (doc_id, pos) exists exactly once, for every position of a document."""
    distinct = np.unique(keys_N)
    if len(distinct) != len(keys_N):
        yield f"landmarks: {len(keys_N) - len(distinct):,} keys (doc_id, pos) occur more than once."
    counts = np.bincount(distinct[distinct >= 0] >> 32, minlength=len(manifest))
    ends = np.searchsorted(distinct, [(code + 1) << 32 for code in range(len(manifest))])
    for doc_id, code in code_of.items():
        entry = manifest[doc_id]
        last = int(distinct[ends[code] - 1] & 0xFFFFFFFF) if counts[code] else -1
        if counts[code] != entry.num_sentences or last != entry.num_sentences - 1:
            yield f"{entry.path}: {counts[code]:,} landmarks up to position {last:,}, for {entry.num_sentences:,} sentences."
