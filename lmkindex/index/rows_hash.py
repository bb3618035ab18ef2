"""A hash of a document's rows in `landmarks`: whether they still are what the build wrote (format.md, "Hashes").

Takes batches of rows in order of `pos`, gives bytes. LanceDB does not notice a flipped bit; the hash does. Shapes: N
rows of a batch, D dimensions.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np

from ..files.identity import HASH_BYTES

if TYPE_CHECKING:
    import pyarrow as pa

NUMBERS = ("pos", "start", "end")
WORDS = ("window_key", "text", "lexical", "heading")
HASHED_COLUMNS = (*NUMBERS, *WORDS, "vector")


def new_rows_hash() -> blake2b:
    """The hash of no rows; update it with `rows_bytes` of each batch."""
    return blake2b(digest_size=HASH_BYTES)


def rows_bytes(batch: pa.RecordBatch) -> bytes:
    """What is hashed of rows: of each, `NUMBERS` as 64-bit integers, `WORDS` in UTF-8 with a zero byte after each, and
    its float16 vector. Integers are little-endian. However the rows are cut into batches, the bytes one after another
    are the same."""
    numbers_N3 = np.stack([batch.column(name).to_numpy().astype("<i8") for name in NUMBERS], axis=1)
    numbers = numbers_N3.tobytes()
    vector = batch.column("vector")
    vectors = np.ascontiguousarray(vector.flatten().to_numpy(zero_copy_only=False)).tobytes()
    num_bytes = len(vectors) // max(batch.num_rows, 1)
    texts = zip(*(batch.column(name).to_pylist() for name in WORDS), strict=True)
    rows = []
    for row, words in enumerate(texts):
        text = "".join(f"{word or ''}\0" for word in words).encode()
        rows += [numbers[24 * row : 24 * (row + 1)], text, vectors[num_bytes * row : num_bytes * (row + 1)]]
    return b"".join(rows)
