"""Per-question figures -> means with 95% bootstrap intervals, also for a macro mean over sets and for paired
differences.

Percentile bootstrap over questions (Efron & Tibshirani 1993, ch. 13), stratified by set. The resamples of a set depend
only on the seed, the set's name and its number of questions, so two systems are always resampled alike: the difference
of their resampled means is the paired bootstrap of their difference. Questions about one document are not independent,
so the intervals are, if anything, too narrow. Shapes: Q questions, M figures, R resamples.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b

import numpy as np

from .records import Float64Array, Interval

NUM_RESAMPLES = 10_000
CHUNK_RESAMPLES = 500
TAILS_PERCENT = (2.5, 97.5)


def resample_means(values_QM: Float64Array, name: str, *, num_resamples: int = NUM_RESAMPLES, seed: int = 0) -> Float64Array:
    """Means of `num_resamples` samples with replacement of the rows [R, M]."""
    num_questions = len(values_QM)
    digest = blake2b(f"{seed} {name} {num_questions}".encode(), digest_size=8).digest()
    generator = np.random.default_rng(int.from_bytes(digest, "big"))
    parts = []
    for first in range(0, num_resamples, CHUNK_RESAMPLES):
        size = min(CHUNK_RESAMPLES, num_resamples - first)
        counts_RQ = generator.multinomial(num_questions, np.full(num_questions, 1 / num_questions), size=size)
        parts.append(counts_RQ.astype(np.float64) @ values_QM / num_questions)
    return np.concatenate(parts)


def resample_macro(values_by_set: Mapping[str, Float64Array], *, num_resamples: int = NUM_RESAMPLES, seed: int = 0) -> Float64Array:
    """Resampled macro means [R, M]: each set is resampled separately, then the sets' means are averaged."""
    total_RM = sum(resample_means(values, name, num_resamples=num_resamples, seed=seed) for name, values in values_by_set.items())
    return np.asarray(total_RM, dtype=np.float64) / len(values_by_set)


def macro_means(values_by_set: Mapping[str, Float64Array]) -> Float64Array:
    """Mean over sets of the sets' means [M]."""
    return np.mean([values.mean(axis=0) for values in values_by_set.values()], axis=0)


def interval_of(mean: float, resampled_R: Float64Array) -> Interval:
    """The 95% percentile interval of one figure."""
    low, high = np.percentile(resampled_R, TAILS_PERCENT)
    return Interval(mean=mean, low=float(low), high=float(high))


def intervals(means_M: Float64Array, resampled_RM: Float64Array) -> list[Interval]:
    """The 95% percentile interval of each figure."""
    lows_M, highs_M = np.percentile(resampled_RM, TAILS_PERCENT, axis=0)
    return [Interval(mean=float(m), low=float(low), high=float(high)) for m, low, high in zip(means_M, lows_M, highs_M, strict=True)]
