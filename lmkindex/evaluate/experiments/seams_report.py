"""Measurements of the `seams` experiment -> a recommended `context_tokens`, tables, figures and a verdict. Encodes nothing.

Shapes: N sampled sentences, X distances, Q questions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ...records import JsonObject
from ..bootstrap import intervals, resample_means
from ..records import Float64Array, Interval
from .common import Experiment, ExperimentTable, Figure, Series
from .paired import columns_of, show, show_difference

MAX_COSINE_LOSS = 0.01  # how far from its plateau the cosine at the seam may be, and the largest step that still counts as a plateau
MIN_VALUES = 10  # a mean of fewer is a dash
LOW_PERCENT = 5
RULE = (
    f"the smallest size whose recall is not significantly worse than that of the encoder's own size (the 95% interval of the difference "
    f"reaches zero) and whose mean cosine at the seam is within {MAX_COSINE_LOSS} of the plateau, which is the mean of the largest size; "
    f"no size when there is no plateau: the last step of the sizes still gains more than {MAX_COSINE_LOSS}"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Curves:
    """Cosines of sentences to their own vectors with the most context, by distance from the row's start; `filled` rows go on with what
    follows, `alone` rows end with the sentence. `within` and `across` are cosines to the sentence before, in the same row and, with the
    row beginning between them, in another one."""

    distances: Sequence[int]
    filled_NX: Float64Array
    alone_NX: Float64Array
    actual_NX: Float64Array
    within_N: Float64Array
    across_N: Float64Array
    seed: int

    def mean(self, values_N: Float64Array) -> Interval | None:
        return mean_of(values_N, self.seed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """A build with some context: cosines to the most-context vectors of sentences that are first in their core and of sentences anywhere,
    tokens encoded beyond those of the text, as a share of them, and each question's recall, by set."""

    context_tokens: int
    firsts_N: Float64Array
    anywhere_N: Float64Array
    extra_share: float
    recall_by_set: Mapping[str, Float64Array]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """What the figures were measured on."""

    window_tokens: int
    own_tokens: int
    num_tokens: int
    num_eligible: int
    questions: Mapping[str, int]
    budget_tokens: int
    seed: int

    def settings(self, curves: Curves) -> JsonObject:
        return {
            "window_tokens": self.window_tokens,
            "own_context_tokens": self.own_tokens,
            "tokens_of_text": self.num_tokens,
            "sentences": len(curves.within_N),
            "eligible_sentences": self.num_eligible,
            "questions_by_set": dict(self.questions),
            "budget_tokens": self.budget_tokens,
            "rule": RULE,
            "seed": self.seed,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommendation:
    """`context_tokens` by the rule (None: it gives none), the smallest size by recall alone, and the gain of the last step."""

    context_tokens: int | None
    by_recall: int
    last_step: float


def recommend(contexts: Sequence[int], seam_means: Sequence[float], differences: Sequence[Interval]) -> Recommendation:
    """Apply `RULE`; sizes rise, and `differences` are of recall, each size minus the encoder's own (which is never worse than itself)."""
    unharmed = [index for index, one in enumerate(differences) if one.high >= 0]
    last_step = seam_means[-1] - seam_means[-2] if len(seam_means) > 1 else 0.0
    steady = [index for index in unharmed if abs(seam_means[-1] - seam_means[index]) <= MAX_COSINE_LOSS]
    has_plateau = abs(last_step) <= MAX_COSINE_LOSS
    return Recommendation(
        context_tokens=contexts[steady[0]] if has_plateau and steady else None, by_recall=contexts[unharmed[0]], last_step=last_step
    )


def mean_of(values_N: Float64Array, seed: int) -> Interval | None:
    """Mean of what is known, with its interval; None for fewer than `MIN_VALUES`."""
    known_N1 = values_N[~np.isnan(values_N)][:, None]
    if len(known_N1) < MIN_VALUES:
        return None
    return intervals(known_N1.mean(axis=0), resample_means(known_N1, "seams", seed=seed))[0]


def describe(curves: Curves, builds: Sequence[Build], recalls: tuple[list[Interval], list[Interval]], sizes: Sizes) -> Experiment:
    """All that the experiment says."""
    seams = [mean_of(build.firsts_N, sizes.seed) for build in builds]
    known = [index for index, seam in enumerate(seams) if seam is not None]
    advice = recommend(
        [builds[index].context_tokens for index in known],
        [seam.mean for seam in seams if seam is not None],
        [recalls[1][index] for index in known],
    )
    return Experiment(
        name="seams",
        title="One sentence seen from different windows",
        question="How much does a landmark depend on where its window begins, and how much context should a window carry over?",
        settings=sizes.settings(curves) | {"recommended_context_tokens": advice.context_tokens, "smallest_by_recall": advice.by_recall},
        tables=[distance_table(curves), neighbour_table(curves), build_table(builds, seams, recalls, sizes)],
        figures=[distance_figure(curves), *build_figures(builds, seams, recalls[1], sizes)],
        verdict=" ".join([*curve_sentences(curves), *build_sentences(builds, seams, recalls, sizes, advice)]),
    )


def cell(interval: Interval | None) -> str | None:
    return None if interval is None else show(interval)


def distance_table(curves: Curves) -> ExperimentTable:
    """One row a distance. The gain is that over distance 0 of the same sentences, so it does not depend on which sentences have a row."""
    rows = []
    for column, distance in enumerate(curves.distances):
        values_N, alone_N = curves.filled_NX[:, column], curves.alone_NX[:, column]
        mean, gain = curves.mean(values_N), curves.mean(values_N - curves.filled_NX[:, 0])
        low = None if mean is None else float(np.nanpercentile(values_N, LOW_PERCENT))
        actual = None if mean is None else round(float(np.nanmean(curves.actual_NX[:, column])), 1)
        num_known = int((~np.isnan(values_N)).sum())
        gained = show_difference(gain) if gain is not None and column else None
        rows.append([distance, num_known, actual, cell(mean), low, gained, cell(curves.mean(alone_N))])
    columns = ["tokens before", "sentences", "mean tokens before", "cosine", f"{LOW_PERCENT}th percentile", "gain over 0, same sentences"]
    return ExperimentTable(
        title="Cosine to the same sentence with the most context before it, by its distance from the window's start",
        columns=[*columns, "cosine, nothing after it"],
        rows=rows,
    )


def neighbour_table(curves: Curves) -> ExperimentTable:
    rows = [
        ["in the same window", len(curves.within_N), cell(curves.mean(curves.within_N))],
        ["a window begins between them", len(curves.across_N), cell(curves.mean(curves.across_N))],
    ]
    return ExperimentTable(title="For scale: two different neighbouring sentences", columns=["", "pairs", "cosine"], rows=rows)


def build_table(
    builds: Sequence[Build], seams: Sequence[Interval | None], recalls: tuple[list[Interval], list[Interval]], sizes: Sizes
) -> ExperimentTable:
    rows = []
    for build, seam, recall, difference in zip(builds, seams, *recalls, strict=True):
        is_own = build.context_tokens == sizes.own_tokens
        low = None if seam is None else float(np.percentile(build.firsts_N, LOW_PERCENT))
        changed = "the encoder's own" if is_own else show_difference(difference)
        figures = [show(recall), changed, len(build.firsts_N), cell(seam), low, cell(mean_of(build.anywhere_N, sizes.seed))]
        rows.append([build.context_tokens, round(build.extra_share, 3), *figures])
    recall_columns = [f"recall@{sizes.budget_tokens}", "minus own"]
    columns = ["context tokens", "extra tokens encoded", *recall_columns, "first sentences", "cosine at the seam", f"{LOW_PERCENT}th percentile"]
    return ExperimentTable(
        title="Builds: recall of landmark-1 (macro mean, whole corpus) and cosine to the most-context vectors",
        columns=[*columns, "cosine anywhere"],
        rows=rows,
    )


def line(name: str, xs: Sequence[float], found: Sequence[Interval | None]) -> Series:
    """A line through the means that are known."""
    known = [(x, one) for x, one in zip(xs, found, strict=True) if one is not None]
    means, lows, highs = columns_of([one for _, one in known])
    return Series(name=name, xs=[x for x, _ in known], ys=means, lows=lows, highs=highs)


def distance_figure(curves: Curves) -> Figure:
    ends = [curves.distances[0], curves.distances[-1]]
    within, across = curves.mean(curves.within_N), curves.mean(curves.across_N)
    series = [
        line("same sentence, window filled with what follows", curves.distances, [curves.mean(values) for values in curves.filled_NX.T]),
        line("same sentence, nothing after it", curves.distances, [curves.mean(values) for values in curves.alone_NX.T]),
        *(Series(name=name, xs=ends, ys=[round(one.mean, 4)] * 2) for name, one in NEIGHBOURS(within, across) if one is not None),
    ]
    return Figure(
        name="seams-distance", title="A sentence and the same sentence with the most context before it",
        x_label="tokens between the window's start and the sentence", y_label="cosine", series=series,
    )  # fmt: skip


def NEIGHBOURS(within: Interval | None, across: Interval | None) -> list[tuple[str, Interval | None]]:
    return [("neighbouring sentences, same window", within), ("neighbouring sentences, window begins between", across)]
