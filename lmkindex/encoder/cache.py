"""Rows -> vectors, kept on disk by content: rows that were encoded once are read back, even after a kill.

The cache key is a hash of the encoder's fingerprint, its pooling and number format, and the rows themselves, so that a
new splitter, window size or weights never get old vectors. Shapes: N pooled ranges, D dimensions.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from ..records import Float16Array, Float32Array
from ..storage import write_arrays
from ..token_records import Row
from ..windows import combine_pieces, normalise
from .protocol import Encoder

SLAB_TOKENS = 100_000  # a few seconds of work: the most a kill can lose
OnTokens = Callable[[int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Embedded:
    """Normalised vectors [N, D] and the seconds that their forwards took when they were first encoded."""

    vectors_ND: Float16Array
    seconds: float


class VectorCache:
    """A folder of encoded slabs of rows. Invariant: a file is complete, and its name is the hash of everything its
    vectors depend on."""

    def __init__(self, folder: Path, on_tokens: OnTokens | None = None) -> None:
        self.folder = folder
        self.on_tokens = on_tokens
        folder.mkdir(parents=True, exist_ok=True)

    def encode(self, encoder: Encoder, rows: Sequence[Row]) -> tuple[Float32Array, float]:
        """Pooled vectors of all rows' ranges, concatenated, not normalised [N, D], and their seconds. Rows of a slab
        are encoded together."""
        parts = [np.zeros((0, encoder.folder.dim), dtype=np.float32)]
        seconds = 0.0
        for slab in slabs(rows):
            path = self.folder / f"{slab_key(encoder, slab)}.npz"
            loaded = read_slab(path)
            if loaded is None:
                started = time.perf_counter()
                vectors_ND = np.concatenate(encoder.encode_rows(slab)).astype(np.float16).astype(np.float32)  # rounded as if read from disk
                loaded = vectors_ND, time.perf_counter() - started
                write_slab(path, *loaded)
            parts.append(loaded[0])
            seconds += loaded[1]
            if self.on_tokens is not None:
                self.on_tokens(sum(len(row.ids_T) for row in slab))
        return np.concatenate(parts), seconds


def slabs(rows: Sequence[Row]) -> Iterator[list[Row]]:
    """Runs of rows with about `SLAB_TOKENS` tokens."""
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
    """A stored slab; None if there is none or it cannot be read. It is then encoded again."""
    try:
        with path.open("rb") as file, np.load(file) as stored:
            return stored["vectors"].astype(np.float32), float(stored["seconds"])
    except (OSError, ValueError, KeyError, EOFError, BadZipFile):
        return None


def write_slab(path: Path, vectors_ND: Float32Array, seconds: float) -> None:
    """Put a slab into the cache in one step: a reader sees all of it or nothing."""
    write_arrays(path, compressed=False, vectors=vectors_ND.astype(np.float16), seconds=seconds)


def join_parts(encoder: Encoder, vectors_ND: Float32Array, cuts_P: Sequence[Sequence[int]]) -> Float32Array:
    """One vector per piece; `cuts_P` are the token bounds of each piece's parts."""
    if len(vectors_ND) == len(cuts_P):
        return vectors_ND
    joined, first = [], 0
    for cuts in cuts_P:
        end = first + len(cuts) - 1
        parts = [vectors_ND[index : index + 1] for index in range(first, end)]
        joined.append(combine_pieces(encoder, parts, np.diff(cuts).tolist()) if len(parts) > 1 else parts[0])
        first = end
    return np.concatenate(joined)


def to_float16(vectors_ND: Float32Array) -> Float16Array:
    """Normalised vectors in the precision of an index."""
    return normalise(vectors_ND).astype(np.float16) if len(vectors_ND) else vectors_ND.astype(np.float16)
