"""Rows of a slab -> vectors, in calls of a few seconds each, so that a build can be stopped between two of them.

The calls end where batches end: the forwards are those of one call for the whole slab, and so are the vectors, bit for bit. Knows an
encoder only by its batches.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from ..records import Float32Array, Row
from .batches import plan_batches
from .protocol import Encoder

FIRST_BATCHES = 8
CALL_S = 2.0  # shorter calls would leave workers waiting for the last one too often


class Pace:
    """Invariant: `num_batches` is how many batches go into a call so that it takes `CALL_S` or little more, by the call before."""

    def __init__(self, encoder: Encoder, is_over: Callable[[], bool]) -> None:
        self.encoder, self.is_over = encoder, is_over
        self.num_batches = FIRST_BATCHES

    def encode(self, rows: Sequence[Row]) -> list[Float32Array] | None:
        """What `encode_rows` gives; None when `is_over` said so between two calls."""
        lengths = [len(row.ids_T) for row in rows]
        window_tokens = self.encoder.folder.window_tokens
        batches = plan_batches(lengths, batch_tokens=self.encoder.batch_tokens, window_tokens=window_tokens)
        vectors: dict[int, Float32Array] = {}
        first = 0
        while first < len(batches):
            if first and self.is_over():
                return None
            called = batches[first : first + self.num_batches]
            first += len(called)
            indices = [index for batch in called for index in batch.indices]
            started = time.monotonic()
            vectors |= zip(indices, self.encoder.encode_rows([rows[index] for index in indices]), strict=True)
            self.adapt(len(called), time.monotonic() - started)
        return [vectors[index] for index in range(len(rows))]

    def adapt(self, num_called: int, seconds: float) -> None:
        """Twice or half as many: powers of two leave no worker of two, four or eight without its share."""
        if seconds > CALL_S:
            self.num_batches = max(1, self.num_batches // 2)
        elif seconds < CALL_S / 2 and num_called == self.num_batches:
            self.num_batches *= 2
