"""Row lengths -> batches of few padded shapes. The planner of the encoder: runs on the CPU, knows no tensors and no
model.

Every new padded shape costs a kernel compile on a CPU (facts.md, "PyTorch on a small CPU"), and every padded token
costs its share of a forward. So rows are sorted by length. A batch is as long as its longest row, rounded up to one of
about thirty lengths, and has as many rows as the token budget allows at that length.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

CPU_BATCH_TOKENS = 1024  # padded; larger batches leave the core's cache (docs/log.md)
CUDA_BATCH_TOKENS = 65_536
NUM_LENGTHS = 32
LENGTH_STEP = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Indices into the caller's rows and the padded shape: `num_rows` > len(indices) only where that keeps shapes
    few."""

    indices: tuple[int, ...]
    num_rows: int
    num_columns: int


def padded_length(num_tokens: int, window_tokens: int) -> int:
    """`num_tokens` rounded up to a multiple of a 32nd of the window, but not beyond the window."""
    step = max(LENGTH_STEP, window_tokens // NUM_LENGTHS)
    return min(-(-num_tokens // step) * step, max(window_tokens, num_tokens))


def plan_batches(lengths: Sequence[int], *, batch_tokens: int, window_tokens: int) -> list[Batch]:
    """Batches that cover each index once, longest first, so that a lack of memory shows immediately.

    Only the last batch may not be full; its row count is rounded up to a power of two. Ties are broken by index.
    """
    order = sorted(range(len(lengths)), key=lambda index: (-lengths[index], index))
    batches: list[Batch] = []
    while order:
        num_columns = padded_length(lengths[order[0]], window_tokens)
        num_rows = max(1, batch_tokens // num_columns)
        indices, order = order[:num_rows], order[num_rows:]
        if len(indices) < num_rows:
            num_rows = min(num_rows, 1 << (len(indices) - 1).bit_length())
        batches.append(Batch(indices=tuple(indices), num_rows=num_rows, num_columns=num_columns))
    return batches
