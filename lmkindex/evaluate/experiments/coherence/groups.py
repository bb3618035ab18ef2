"""The groups of questions that the `coherence` experiment compares: classes, classes by place in the paragraph,
reasons, single sets."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from ....records import BoolArray
from ...records import Interval
from .class_figures import MIN_A_CLASS, ClassFigures, Classified, difference_of_groups, group_figures
from .rules import CLASSES, NEEDS, REASONS, SELF_CONTAINED

Groups = Mapping[str, ClassFigures]
PickSentences = Callable[[Classified, str], BoolArray]
INSIDE, OPENING = "inside a paragraph", "opening a paragraph"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contrast:
    """The sentences that need context and the self-contained ones, over the sets that have enough of both, so that it
    contrasts classes and not sets. `needs` is None if there is no such set."""

    needs: ClassFigures | None
    self_contained: ClassFigures | None

    def difference(self, systems: tuple[str, str], scope: str, measure: str) -> Interval | None:
        """The gain of `systems[0]` over `systems[1]` where context is needed, minus its gain where it is not."""
        if self.needs is None or self.self_contained is None:
            return None
        return difference_of_groups(self.needs, self.self_contained, systems, scope, measure)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """All groups that have enough questions. `places` are by place in the paragraph and class, `by_set` by set and
    class."""

    classes: Groups
    contrast: Contrast
    places: Mapping[str, Groups]
    inside: Contrast
    reasons: Groups
    by_set: Mapping[str, Groups]
    opening_shares: Mapping[str, float]


def measure_groups(sets: Sequence[Classified], seed: int) -> Measured:
    """Figures of all groups. Sets without ranks are left out."""
    ranked = [one for one in sets if one.ranks]
    places: dict[str, PickSentences] = {
        INSIDE: partial(Classified.at_place, opens=False),
        OPENING: partial(Classified.at_place, opens=True),
    }
    return Measured(
        classes=groups_of(CLASSES, Classified.in_class, ranked, seed),
        contrast=contrast_of(Classified.in_class, ranked, seed),
        places={place: groups_of(CLASSES, pick, ranked, seed) for place, pick in places.items()},
        inside=contrast_of(places[INSIDE], ranked, seed),
        reasons=groups_of(REASONS, Classified.has_reason, ranked, seed),
        by_set={one.name: groups_of(CLASSES, Classified.in_class, [one], seed) for one in ranked},
        opening_shares={need: opening_share(ranked, need) for need in CLASSES},
    )


def groups_of(names: Sequence[str], pick: PickSentences, sets: Sequence[Classified], seed: int) -> Groups:
    """Figures by name, without groups that have too few questions in every set."""
    found = {name: group_figures(name, sets, [pick(one, name) for one in sets], seed) for name in names}
    return {name: figures for name, figures in found.items() if figures is not None}


def contrast_of(pick: PickSentences, sets: Sequence[Classified], seed: int) -> Contrast:
    both = [one for one in sets if min(int(pick(one, need).sum()) for need in (NEEDS, SELF_CONTAINED)) >= MIN_A_CLASS]
    groups = groups_of((NEEDS, SELF_CONTAINED), pick, both, seed)
    return Contrast(needs=groups.get(NEEDS), self_contained=groups.get(SELF_CONTAINED))


def opening_share(sets: Sequence[Classified], need: str) -> float:
    """Share of a class that opens a paragraph, over the sets that were ranked."""
    num_all = sum(one.count(need) for one in sets)
    return sum(int(one.at_place(need, opens=True).sum()) for one in sets) / max(num_all, 1)
