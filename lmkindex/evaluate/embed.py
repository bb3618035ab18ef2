"""Pieces -> vectors, kept on disk by content: what was encoded once is read again, also after a kill.

A row of tokens is what a build would give the encoder; the cache's key is a hash of the encoder's fingerprint, its pooling and number
format, and the rows themselves, so that no change of splitter, chunk size or weights can meet old vectors. Shapes: N pooled ranges.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from itertools import pairwise
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from ..encoder import Encoder, combine_pieces, make_row, normalise, window_options
from ..records import EncoderFolder, Float16Array, Float32Array, Row, TokenizedSentences, Window
from ..storage import write_arrays
from ..windows import make_windows
from .pieces import document_token_ranges, tokens_of
from .records import Corpus, Pieces

SLAB_TOKENS = 100_000  # some seconds of work: what a kill can lose
LONGEST_ROW_TOKENS = 512
OnTokens = Callable[[int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Embedded:
    """Normalised vectors [N, D] and the seconds that their forwards took when they were made."""

    vectors_ND: Float16Array
    seconds: float


class VectorCache:
    """A folder of encoded slabs of rows. Invariant: a file is whole, and its name is the hash of all that its vectors depend on."""

    def __init__(self, folder: Path, on_tokens: OnTokens | None = None) -> None:
        self.folder = folder
        self.on_tokens = on_tokens
        folder.mkdir(parents=True, exist_ok=True)

    def encode(self, encoder: Encoder, rows: Sequence[Row]) -> tuple[Float32Array, float]:
        """Pooled vectors of all rows' ranges, end to end, not normalised [N, D], and their seconds. Rows of a slab are encoded together."""
        parts = [np.zeros((0, encoder.folder.dim), dtype=np.float32)]
        seconds = 0.0
        for slab in slabs(rows):
            path = self.folder / f"{slab_key(encoder, slab)}.npz"
            loaded = read_slab(path)
            if loaded is None:
                started = time.perf_counter()
                vectors_ND = np.concatenate(encoder.encode_rows(slab)).astype(np.float16).astype(np.float32)  # as it is read
                loaded = vectors_ND, time.perf_counter() - started
                write_slab(path, *loaded)
            parts.append(loaded[0])
            seconds += loaded[1]
            if self.on_tokens is not None:
                self.on_tokens(sum(len(row.ids_T) for row in slab))
        return np.concatenate(parts), seconds


def slabs(rows: Sequence[Row]) -> Iterator[list[Row]]:
    """Runs of rows of about `SLAB_TOKENS` tokens."""
    slab: list[Row] = []
    num_tokens = 0
    for row in rows:
        slab.append(row)
        num_tokens += len(row.ids_T)
        if num_tokens >= SLAB_TOKENS:
            yield slab
            slab, num_tokens = [], 0
    if slab:
        yield slab


def slab_key(encoder: Encoder, rows: Sequence[Row]) -> str:
    """A hash of everything that the slab's vectors depend on."""
    settings = [encoder.folder.fingerprint, encoder.folder.pooling, str(getattr(encoder, "dtype", "")), encoder.folder.dim]
    digest = blake2b(json.dumps(settings).encode(), digest_size=20)
    for row in rows:
        places = np.asarray([len(row.ids_T), *row.starts, *row.ends], dtype=np.int64)
        digest.update(places.tobytes())
        digest.update(row.ids_T.tobytes())
    return digest.hexdigest()


def read_slab(path: Path) -> tuple[Float32Array, float] | None:
    """A stored slab; None when there is none, or it cannot be read: then it is made again."""
    try:
        with path.open("rb") as file, np.load(file) as stored:
            return stored["vectors"].astype(np.float32), float(stored["seconds"])
    except (OSError, ValueError, KeyError, EOFError, BadZipFile):
        return None


def write_slab(path: Path, vectors_ND: Float32Array, seconds: float) -> None:
    """Put a slab into the cache in one step: a reader sees all of it or nothing."""
    write_arrays(path, compressed=False, vectors=vectors_ND.astype(np.float16), seconds=seconds)


def longest_row(folder: EncoderFolder) -> int:
    """The most tokens that a row may have: the model's positions, and no more than chunks need."""
    try:
        config = json.loads((folder.path / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return LONGEST_ROW_TOKENS
    return min(int(config.get("max_position_embeddings") or LONGEST_ROW_TOKENS), LONGEST_ROW_TOKENS)


def embed_pieces(cache: VectorCache, encoder: Encoder, corpus: Corpus, pieces: Pieces) -> Embedded:
    """Each piece encoded by itself, pooled as a sentence is; one that is longer than a row as the mean of its parts."""
    firsts_P, lasts_P = tokens_of(corpus, pieces.starts_P, pieces.ends_P)
    firsts_P = np.minimum(firsts_P, corpus.num_tokens - 1)
    lasts_P = np.maximum(lasts_P, firsts_P + 1)  # a piece of characters that the tokenizer drops is read as the token after it
    options = window_options(encoder, longest_row(encoder.folder), 0)
    limit = options.window_tokens - options.num_special - options.num_landmark
    cuts_P = []
    for first, last in zip(firsts_P.tolist(), lasts_P.tolist(), strict=True):
        num_parts = max(1, -(-(last - first) // limit))
        cuts_P.append([first + (last - first) * part // num_parts for part in range(num_parts + 1)])
    segments = [segment for cuts in cuts_P for segment in pairwise(cuts)]
    vectors_ND, seconds = cache.encode(encoder, [range_row(encoder, corpus, segment) for segment in segments])
    return Embedded(vectors_ND=to_float16(join_parts(encoder, vectors_ND, cuts_P)), seconds=seconds)


def join_parts(encoder: Encoder, vectors_ND: Float32Array, cuts_P: Sequence[Sequence[int]]) -> Float32Array:
    """One vector a piece; `cuts_P` are the token bounds of each piece's parts."""
    if len(vectors_ND) == len(cuts_P):
        return vectors_ND
    joined, first = [], 0
    for cuts in cuts_P:
        end = first + len(cuts) - 1
        parts = [vectors_ND[index : index + 1] for index in range(first, end)]
        joined.append(combine_pieces(encoder, parts, np.diff(cuts).tolist()) if len(parts) > 1 else parts[0])
        first = end
    return np.concatenate(joined)


def range_row(encoder: Encoder, corpus: Corpus, segment: tuple[int, int]) -> Row:
    """One range of tokens as a row."""
    tokens = TokenizedSentences(ids_T=corpus.token_ids_T, offsets=np.zeros(1, dtype=np.int64), ends_paragraph_S=np.zeros(0, dtype=np.bool_))
    return make_row(encoder, tokens, Window(segments=(segment,), num_context=0, core_pos=0, num_core=1, num_tokens=0, key=""))


def embed_landmarks(cache: VectorCache, encoder: Encoder, corpus: Corpus, window_tokens: int = 0, context_tokens: int = -1) -> Embedded:
    """Every sentence in its window, as a build does it (DESIGN §2); 0 and -1 take the encoder's own sizes."""
    folder = encoder.folder
    sizes = (window_tokens or folder.window_tokens, folder.context_tokens if context_tokens < 0 else context_tokens)
    options = window_options(encoder, *sizes)
    rows: list[Row] = []
    parts_S: list[list[int]] = []  # the token counts of each sentence's parts: one, except where a sentence is longer than a window
    for first, end in pairwise(corpus.document_sentences.tolist()):
        tokens = document_tokens(corpus, first, end)
        for window in make_windows(tokens, options, folder.fingerprint):
            rows.append(make_row(encoder, tokens, window))
            if window.piece:
                parts_S[-1].append(window.segments[0][1] - window.segments[0][0])
            else:
                parts_S.extend([segment[1] - segment[0]] for segment in window.segments[window.num_context :])
    vectors_ND, seconds = cache.encode(encoder, rows)
    cuts_S = [[0, *np.cumsum(parts).tolist()] for parts in parts_S]
    return Embedded(vectors_ND=to_float16(join_parts(encoder, vectors_ND, cuts_S)), seconds=seconds)


def document_tokens(corpus: Corpus, first: int, end: int) -> TokenizedSentences:
    """Sentences `[first, end)` as a build hands them to `make_windows`."""
    token_first, token_end = int(corpus.sentence_tokens[first]), int(corpus.sentence_tokens[end])
    return TokenizedSentences(
        ids_T=corpus.token_ids_T[token_first:token_end],
        offsets=corpus.sentence_tokens[first : end + 1] - token_first,
        ends_paragraph_S=corpus.ends_paragraph_S[first:end],
    )


def embed_late_chunks(cache: VectorCache, encoder: Encoder, corpus: Corpus, pieces: Pieces) -> Embedded:
    """Late chunking (Günther et al. 2024, arXiv 2409.04701): the mean of a chunk's token states in a row that shows its surroundings.

    A row is as long as the model takes; the chunk stands in its middle, as far as its document allows. Plain means, without landmarks.
    """
    plain = mean_pooled(encoder)
    limit = longest_row(plain.folder) - len(plain.prefix_ids) - len(plain.suffix_ids)
    firsts_P, lasts_P = tokens_of(corpus, pieces.starts_P, pieces.ends_P)
    rows = []
    for (document_first, document_end), (piece_first, piece_end) in zip(
        document_token_ranges(corpus), pairwise(pieces.document_pieces.tolist()), strict=True
    ):
        for first, last in zip(firsts_P[piece_first:piece_end].tolist(), lasts_P[piece_first:piece_end].tolist(), strict=True):
            end = min(last, first + limit)  # of a chunk that is longer than a row, what fits
            row_first = max(document_first, min(first - (limit - (end - first)) // 2, document_end - limit))
            rows.append(late_row(plain, corpus, (row_first, min(row_first + limit, document_end)), (first, end)))
    vectors_ND, seconds = cache.encode(plain, rows)
    return Embedded(vectors_ND=to_float16(vectors_ND), seconds=seconds)


def late_row(encoder: Encoder, corpus: Corpus, shown: tuple[int, int], pooled: tuple[int, int]) -> Row:
    """Tokens `shown` as a row of which the states of `pooled` are averaged."""
    ids = [np.asarray(encoder.prefix_ids), corpus.token_ids_T[shown[0] : shown[1]], np.asarray(encoder.suffix_ids)]
    start = len(encoder.prefix_ids) + pooled[0] - shown[0]
    return Row(ids_T=np.concatenate(ids).astype(np.int32), starts=(start,), ends=(start + pooled[1] - pooled[0],))


def mean_pooled(encoder: Encoder) -> Encoder:
    """The same weights pooled by plain means, without landmarks."""
    from ..encoder import TransformerEncoder

    if encoder.folder.pooling == "sentence_mean" or not isinstance(encoder, TransformerEncoder):
        return encoder
    plain = TransformerEncoder(replace(encoder.folder, pooling="sentence_mean"), encoder.options)
    plain.loaded = encoder.model
    return plain


def to_float16(vectors_ND: Float32Array) -> Float16Array:
    """Normalised, in the precision of an index."""
    return normalise(vectors_ND).astype(np.float16) if len(vectors_ND) else vectors_ND.astype(np.float16)


def vectors_bytes(vectors_ND: Float16Array) -> int:
    """Size of the vectors in an index."""
    return int(vectors_ND.size * vectors_ND.itemsize)
