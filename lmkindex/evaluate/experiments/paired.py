"""Per-question figures of several conditions -> means and paired differences with 95% bootstrap intervals, and their
text form.

All conditions are resampled together, so all differences are paired. Shapes: Q questions, M conditions, R resamples.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Generic, TypeVar

import numpy as np

from ...records import Int64Array
from ..bootstrap import interval_of, resample_means
from ..records import Float64Array, Interval
from ..result_tables import format_cell, format_difference
from .common import Series

K = TypeVar("K", bound=Hashable)


class PairedFigures(Generic[K]):
    """Invariant: every condition has one figure per question, in the same order; a question counts once."""

    def __init__(self, name: str, values: Mapping[K, Float64Array], seed: int) -> None:
        self.columns = {key: index for index, key in enumerate(values)}
        self.values_QM = np.stack([np.asarray(column, dtype=np.float64) for column in values.values()], axis=1)
        self.num_questions = len(self.values_QM)
        self.means_M = self.values_QM.mean(axis=0)
        self.resampled_RM = resample_means(self.values_QM, name, seed=seed)
        self.seed = seed

    def part(self, wanted: Sequence[bool], name: str) -> PairedFigures[K]:
        """The same for some of the questions."""
        rows = np.asarray(wanted, dtype=np.bool_)
        return PairedFigures(name, {key: self.values_QM[rows, place] for key, place in self.columns.items()}, self.seed)

    def mean(self, key: K) -> Interval:
        """The mean of one condition."""
        return self.combination({key: 1.0})

    def difference(self, key: K, other: K) -> Interval:
        """Mean of `key` minus mean of `other`."""
        return self.combination({key: 1.0, other: -1.0} if key != other else {key: 0.0})

    def combination(self, weights: Mapping[K, float]) -> Interval:
        """The weighted sum of means, as in a difference of differences."""
        places = [self.columns[key] for key in weights]
        weights_W = np.asarray(list(weights.values()))
        return interval_of(float(self.means_M[places] @ weights_W), self.resampled_RM[:, places] @ weights_W)


def show_interval(interval: Interval) -> str:
    """A mean with its interval, as a cell of a table: `.444 [.401, .487]`."""
    mean, low, high = (format_cell(value) for value in (interval.mean, interval.low, interval.high))
    return f"{mean} [{low}, {high}]"


def show_difference(interval: Interval) -> str:
    """A difference with its interval, signs shown."""
    return format_difference((interval.mean, interval.low, interval.high)) or ""


def direction(interval: Interval) -> str:
    """A difference's direction by its interval: "higher", "lower", or "no clear difference" when it includes zero."""
    return "higher" if interval.low > 0 else "lower" if interval.high < 0 else "no clear difference"


def interval_series(name: str, xs: Sequence[float], found: Sequence[Interval]) -> Series:
    """Means with their intervals, as a figure's series."""
    ys, lows, highs = ([round(getattr(one, end), 4) for one in found] for end in ("mean", "low", "high"))
    return Series(name=name, xs=xs, ys=ys, lows=lows, highs=highs)


def seeded_generator(seed: int, name: str) -> np.random.Generator:
    """Random numbers that depend only on the seed and a name, so that adding a set does not change the samples of the
    others."""
    return np.random.default_rng([seed, *name.encode("utf-8", "surrogatepass")])


def draw(num_items: int, num_wanted: int, generator: np.random.Generator) -> Int64Array:
    """The indices of at most `num_wanted` of `num_items`, in order."""
    return np.sort(generator.permutation(num_items)[:num_wanted])
