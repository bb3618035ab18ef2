"""An encoder without weights, for tests and for trying things out. Knows words, not their meaning."""

from __future__ import annotations

import re
from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path

import numpy as np

from ..records import EncoderFolder, Float32Array, Int32Array, Int64Array
from ..token_records import Row
from .batches import CUDA_BATCH_TOKENS


class FakeEncoder:
    """A shipped fake without weights: words are hashed to fixed random vectors and averaged. Meaningless, fast and
    deterministic."""

    prefix_ids: tuple[int, ...] = (1,)
    suffix_ids: tuple[int, ...] = (2,)
    batch_tokens = CUDA_BATCH_TOKENS

    def __init__(self, dim: int = 32, window_tokens: int = 64, context_tokens: int = 16) -> None:
        self.folder = EncoderFolder(
            path=Path("fake"),
            name="fake",
            fingerprint=blake2b(f"fake {dim}".encode(), digest_size=16).hexdigest(),
            lmk_token="",
            lmk_id=0,
            pooling="sentence_mean",
            window_tokens=window_tokens,
            context_tokens=context_tokens,
            query_prefix="",
            dim=dim,
            base="",
            base_license="",
            training={},
        )
        self.table = np.random.default_rng(0).standard_normal((4096, dim)).astype(np.float32)

    def tokenize(self, texts: Sequence[str]) -> tuple[Int32Array, Int64Array]:
        ids = [[word_id(word.lower()) for word in re.findall(r"\w+|[^\w\s]", text)] or [3] for text in texts]
        offsets = np.cumsum([0, *map(len, ids)], dtype=np.int64)
        return np.asarray([token for sentence in ids for token in sentence], dtype=np.int32), offsets

    def locate_tokens(self, texts: Sequence[str]) -> Int64Array:
        places = [[match.span() for match in re.finditer(r"\w+|[^\w\s]", text)] or [(0, len(text))] for text in texts]
        return np.asarray([place for text in places for place in text], dtype=np.int64).reshape(-1, 2)

    def encode_rows(self, rows: Sequence[Row]) -> list[Float32Array]:
        return [
            np.stack([self.table[row.ids_T[start:end]].mean(axis=0) for start, end in zip(row.starts, row.ends, strict=True)])
            for row in rows
        ]


def word_id(word: str) -> int:
    """A stable id, 4..4095, for a word."""
    return 4 + int.from_bytes(blake2b(word.encode(), digest_size=4).digest(), "big") % 4092
