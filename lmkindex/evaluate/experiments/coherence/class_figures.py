"""Ranks of evidence sentences by class -> macro means over sets and paired differences, with 95% bootstrap intervals.

Shapes: Q questions of a set, M conditions (system, scope, measure), R resamples.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ....records import BoolArray, Int64Array
from ...bootstrap import interval_of, macro_means, resample_macro
from ...records import SCOPES, Float64Array, Interval

LANDMARK, ISOLATED, LATE = "landmark-1", "isolated", "late-sentence"
BM25_SENTENCE, BM25_CONTEXT = "bm25-sentence", "bm25-context"
SYSTEMS = (LANDMARK, ISOLATED, LATE, BM25_SENTENCE, BM25_CONTEXT)
MIN_A_CLASS = 20  # questions of a set in a class; a mean over fewer is too noisy for the weight of a whole set
MEASURES: Mapping[str, Callable[[Float64Array], Float64Array]] = {
    "MRR": lambda ranks_Q: 1 / ranks_Q,  # 0 for an infinite rank
    "recall@1": lambda ranks_Q: (ranks_Q <= 1).astype(np.float64),
    "recall@5": lambda ranks_Q: (ranks_Q <= 5).astype(np.float64),
}
Condition = tuple[str, str, str]  # system, scope, measure
CONDITIONS: tuple[Condition, ...] = tuple((system, scope, measure) for system in SYSTEMS for scope in SCOPES for measure in MEASURES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Classified:
    """A set's questions whose evidence is one sentence: places of the questions and of their sentences, class and
    reasons of each, and whether it opens its paragraph (the text before it then belongs to another paragraph, in packed
    documents to another subject). `ranks` [Q] by system and scope stay empty for a set that is too small; `distance` is
    the largest difference between a coordinate of a landmark and of the late chunk of the same sentence, infinite when
    their dimensions differ."""

    name: str
    num_asked: int
    questions: Int64Array
    sentences: Int64Array
    needs: tuple[str, ...]
    reasons: tuple[tuple[str, ...], ...]
    opens: tuple[bool, ...]
    ranks: Mapping[tuple[str, str], Float64Array] = field(default_factory=dict)
    distance: float = 0.0

    def count(self, need: str) -> int:
        return self.needs.count(need)

    def in_class(self, need: str) -> BoolArray:
        return np.asarray([one == need for one in self.needs], dtype=np.bool_)

    def at_place(self, need: str, *, opens: bool) -> BoolArray:
        return self.in_class(need) & (np.asarray(self.opens, dtype=np.bool_) == opens)

    def has_reason(self, reason: str) -> BoolArray:
        return np.asarray([reason in reasons for reasons in self.reasons], dtype=np.bool_)


class ClassFigures:
    """Means of one group of questions. Invariant: all conditions are resampled together, and groups independently of
    each other."""

    def __init__(self, group: str, picked: Sequence[tuple[Classified, BoolArray]], seed: int) -> None:
        values = {f"{one.name}/{group}": condition_columns(one, mask_Q) for one, mask_Q in picked if mask_Q.sum() >= MIN_A_CLASS}
        self.sets = tuple(one.name for one, mask_Q in picked if mask_Q.sum() >= MIN_A_CLASS)
        self.num_questions = sum(len(columns) for columns in values.values())
        self.means_M = macro_means(values)
        self.resampled_RM = resample_macro(values, seed=seed)

    def mean(self, condition: Condition) -> Interval:
        return interval_of(*self.column({condition: 1.0}))

    def difference(self, system: str, other: str, scope: str, measure: str) -> Interval:
        """Macro mean of `system` minus that of `other`, paired by question."""
        return interval_of(*self.column({(system, scope, measure): 1.0, (other, scope, measure): -1.0}))

    def column(self, weights: Mapping[Condition, float]) -> tuple[float, Float64Array]:
        """A weighted sum of conditions: its mean and its resampled means [R]."""
        places = [CONDITIONS.index(condition) for condition in weights]
        weights_W = np.asarray(list(weights.values()))
        return float(self.means_M[places] @ weights_W), self.resampled_RM[:, places] @ weights_W


def condition_columns(one: Classified, mask_Q: BoolArray) -> Float64Array:
    """Figures of the chosen questions in the order of `CONDITIONS` [Q, M]."""
    columns = [MEASURES[measure](one.ranks[system, scope][mask_Q]) for system, scope, measure in CONDITIONS]
    return np.stack(columns, axis=1)


def difference_of_groups(one: ClassFigures, other: ClassFigures, systems: tuple[str, str], scope: str, measure: str) -> Interval:
    """The paired difference of two systems in one group minus that in another group with different questions."""
    weights = {(systems[0], scope, measure): 1.0, (systems[1], scope, measure): -1.0}
    (mean, resampled_R), (other_mean, other_resampled_R) = one.column(weights), other.column(weights)
    return interval_of(mean - other_mean, resampled_R - other_resampled_R)


def group_figures(group: str, sets: Sequence[Classified], masks: Sequence[BoolArray], seed: int) -> ClassFigures | None:
    """Figures of a group over the sets that have enough of it; None if no set has."""
    picked = [(one, mask_Q) for one, mask_Q in zip(sets, masks, strict=True) if mask_Q.sum() >= MIN_A_CLASS]
    return ClassFigures(group, picked, seed) if picked else None
