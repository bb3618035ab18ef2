"""How many batches go into one call of the encoder, so that a build can be stopped between two calls. Knows no rows and no encoder."""

from __future__ import annotations

FIRST_BATCHES = 8
CALL_S = 2.0  # shorter calls would leave workers waiting for the last one too often


class Pace:
    """Invariant: `num_batches` is how many batches go into a call so that it takes `CALL_S` or little more, by the call before."""

    def __init__(self) -> None:
        self.num_batches = FIRST_BATCHES

    def adapt(self, num_called: int, seconds: float) -> None:
        """Twice or half as many: powers of two leave no worker of two, four or eight without its share."""
        if seconds > CALL_S:
            self.num_batches = max(1, self.num_batches // 2)
        elif seconds < CALL_S / 2 and num_called == self.num_batches:
            self.num_batches *= 2
