"""The interface of an encoder: what a build and a search need. Knows no model.

Shapes: T tokens of all texts together, D dimensions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ..records import EncoderFolder, Float32Array, Int32Array, Int64Array
from ..token_records import Row


class Encoder(Protocol):
    """The interface of an encoder: what a build and a search need."""

    folder: EncoderFolder
    prefix_ids: tuple[int, ...]
    suffix_ids: tuple[int, ...]
    batch_tokens: int  # padded tokens per batch, for `plan_batches` in `encode_rows`

    def tokenize(self, texts: Sequence[str]) -> tuple[Int32Array, Int64Array]:
        """Ids of all texts, concatenated, and their offsets (len(texts) + 1); no special tokens, at least one token per
        text."""

    def locate_tokens(self, texts: Sequence[str]) -> Int64Array:
        """The characters `[start, end)` of each token of `tokenize(texts)` in its own text [T, 2]; in order and
        disjoint."""

    def encode_rows(self, rows: Sequence[Row]) -> list[Float32Array]:
        """For each row, the vectors of its core sentences [num_core, D], not normalised; the result does not depend on
        the batch."""
