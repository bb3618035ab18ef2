"""The figures of `scatter` -> one paragraph. A difference is called clear when its 95% interval excludes zero."""

from __future__ import annotations

from collections.abc import Mapping

from ...records import Interval
from ..paired import PairedFigures, direction, show_difference
from .design import BY_HIT, FRONTS, MAIN_BUDGET, POSITION, SEARCHED, SINGLE, UNIFORM, SplitKey
from .splits import CONSECUTIVE, MOVED, SCATTERED

RECALL, BOUNDARY = f"recall@{MAIN_BUDGET}", "hit boundary"
FRONT = f"front-{FRONTS[1]}"  # the paper's main setting
CHANCE_SHARE = 0.05  # of intervals that exclude zero by chance alone
NEGLIGIBLE = 0.01  # of recall
ShareGroups = Mapping[str, PairedFigures[SplitKey]]


def scatter_verdict(groups: ShareGroups, splits: PairedFigures[SplitKey]) -> str:
    """Conclusions for spans, for their ranking, for scattered evidence, and for the other rules of `search`."""
    return " ".join(
        [spans_sentence(groups), weights_sentence(groups), hits_sentence(groups), splits_sentence(splits), search_sentence(groups)]
    )


def tell_differences(found: Mapping[str, Interval]) -> str:
    """Differences by name, in words."""
    return "; ".join(f"{name} {show_difference(one)}" for name, one in found.items())


def clear_ones(found: Mapping[str, Interval], way: str) -> str:
    """The names of the differences whose direction is clear and is `way`."""
    names = [name for name, one in found.items() if direction(one) == way]
    return ", ".join(names) if names else "none"


def differences_by_group(groups: ShareGroups, system: str, other: str, figure: str) -> dict[str, Interval]:
    return {name: group.difference((system, figure), (other, figure)) for name, group in groups.items()}


def spans_sentence(groups: ShareGroups) -> str:
    """Whether spans help, by where the evidence is."""
    found = differences_by_group(groups, f"{FRONT} {POSITION}", SINGLE, RECALL)
    return (
        f"Recall at {MAIN_BUDGET} tokens, {FRONT} spans ranked by position-aware scores minus the hits alone ({SINGLE}): "
        f"{tell_differences(found)}. Clearly higher: {clear_ones(found, 'higher')}; clearly lower: {clear_ones(found, 'lower')}."
    )


def weights_sentence(groups: ShareGroups) -> str:
    """Whether the weights matter: all fronts, all groups."""
    found = [
        group.difference((f"front-{front} {POSITION}", RECALL), (f"front-{front} {UNIFORM}", RECALL))
        for group in groups.values()
        for front in FRONTS
    ]
    num_clear = sum(direction(one) != "no clear difference" for one in found)
    largest = max(found, key=lambda one: abs(one.mean))
    return (
        f"The paper's weights against uniform ones: {num_clear} of {len(found)} differences are clear (chance alone gives about "
        f"{CHANCE_SHARE * len(found):.1f}); the largest is {show_difference(largest)}, which is "
        f"{'too small to matter' if abs(largest.mean) < NEGLIGIBLE else 'not negligible'} (bound: {NEGLIGIBLE:g})."
    )


def hits_sentence(groups: ShareGroups) -> str:
    """Ranking by the span's score against ranking by the hit."""
    recall, boundary = (differences_by_group(groups, f"{FRONT} {POSITION}", f"{FRONT} {BY_HIT}", figure) for figure in (RECALL, BOUNDARY))
    return (
        f"Ranking {FRONT} spans by their score instead of by the hit alone changes recall by: {tell_differences(recall)} (clearly higher: "
        f"{clear_ones(recall, 'higher')}; clearly lower: {clear_ones(recall, 'lower')}); and the share of first spans that end where "
        f"evidence ends by: {tell_differences(boundary)} (clearly higher: {clear_ones(boundary, 'higher')}; clearly lower: "
        f"{clear_ones(boundary, 'lower')})."
    )


def splits_sentence(splits: PairedFigures[SplitKey]) -> str:
    """The cost of scattering, apart from moving, for each system."""
    ours = f"{FRONT} {POSITION}"
    texts = []
    for system in (SINGLE, ours):
        scattered, moved = (splits.difference((variant, system, RECALL), (CONSECUTIVE, system, RECALL)) for variant in (SCATTERED, MOVED))
        texts.append(f"{system} {show_difference(scattered)} when half of it is moved away, {show_difference(moved)} when all of it is")
    pairs = {variant: ((variant, ours, RECALL), (variant, SINGLE, RECALL)) for variant in (CONSECUTIVE, SCATTERED)}
    (plus, minus), (minus_too, plus_too) = pairs[SCATTERED], pairs[CONSECUTIVE]
    found = {name: splits.difference(*pair) for name, pair in pairs.items()}
    change = splits.combination({plus: 1.0, minus: -1.0, minus_too: -1.0, plus_too: 1.0})
    return (
        f"In documents that differ only in the place of the evidence ({splits.num_questions} questions), recall changes by: "
        f"{'; '.join(texts)}. {FRONT} minus {SINGLE}: {tell_differences(found)}; scattering "
        f"changes that by {show_difference(change)} ({direction(change)})."
    )


def search_sentence(groups: ShareGroups) -> str:
    """The effect of `search`'s number of hits, and of leaving out hits next to better ones."""
    found = differences_by_group(groups, f"{FRONT} {SEARCHED}", f"{FRONT} {POSITION}", RECALL)
    return (
        f"With as many hits as search uses, and without hits next to better ones, {FRONT} changes its recall by: "
        f"{tell_differences(found)} (clearly lower: {clear_ones(found, 'lower')})."
    )
