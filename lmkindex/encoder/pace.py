"""How many batches go into one call of the encoder, so that a build can be stopped between two calls. Knows no rows and
no encoder."""

from __future__ import annotations

FIRST_BATCHES = 8
CALL_S = 2.0  # with shorter calls, workers would wait for the slowest one too often


class Pace:
    """Invariant: with `num_batches` batches, a call should take `CALL_S` or a little more, judging by the previous
    call."""

    def __init__(self) -> None:
        self.num_batches = FIRST_BATCHES

    def adapt(self, num_called: int, seconds: float) -> None:
        """Double or halve the number: powers of two share evenly among two, four or eight workers."""
        if seconds > CALL_S:
            self.num_batches = max(1, self.num_batches // 2)
        elif seconds < CALL_S / 2 and num_called == self.num_batches:
            self.num_batches *= 2
