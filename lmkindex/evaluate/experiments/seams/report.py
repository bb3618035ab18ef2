"""Measurements of the `seams` experiment -> tables, figures and a verdict."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...records import Interval
from ...result_tables import Cell
from ..common import Experiment, ExperimentTable, Figure, Series
from ..paired import interval_series, show_difference, show_interval
from .design import MAX_COSINE_LOSS, Build, CurveMeans, Curves, Recommendation, Sizes, column_means, means_of, recommend

LOW_PERCENT = 5


def report_seams(curves: Curves, builds: Sequence[Build], recalls: tuple[list[Interval], list[Interval]], sizes: Sizes) -> Experiment:
    """The whole report."""
    means = means_of(curves)
    seams = [column_means(build.firsts_N[:, None], sizes.seed)[0] for build in builds]
    anywhere = column_means(np.stack([build.anywhere_N for build in builds], axis=1), sizes.seed)
    advice = recommend([build.context_tokens for build in builds], [None if seam is None else seam.mean for seam in seams], recalls[1])
    return Experiment(
        name="seams",
        title="One sentence seen from different windows",
        question="How much does a landmark depend on where its window begins, and how much context should a window carry over?",
        settings=sizes.settings(curves) | {"recommended_context_tokens": advice.context_tokens, "smallest_by_recall": advice.by_recall},
        tables=[distance_table(curves, means), neighbour_table(curves, means), build_table(builds, seams, anywhere, recalls, sizes)],
        figures=[distance_figure(curves, means), *build_figures(builds, seams, anywhere, recalls[1], sizes)],
        verdict=" ".join([*curve_sentences(curves, means), *build_sentences(builds, recalls, sizes, advice)]),
    )


def cell(interval: Interval | None) -> str | None:
    return None if interval is None else show_interval(interval)


def distance_table(curves: Curves, means: CurveMeans) -> ExperimentTable:
    """One row per distance. The gain is over distance 0 for the same sentences, so it does not depend on which
    sentences have a row."""
    rows: list[list[Cell]] = []
    for column, distance in enumerate(curves.distances):
        values_N, mean = curves.filled_NX[:, column], means.filled[column]
        low = None if mean is None else float(np.nanpercentile(values_N, LOW_PERCENT))
        actual = None if mean is None else round(float(np.nanmean(curves.actual_NX[:, column])), 1)
        gain = means.gain[column]
        gained = show_difference(gain) if gain is not None and column else None
        rows.append([distance, int((~np.isnan(values_N)).sum()), actual, cell(mean), low, gained, cell(means.alone[column])])
    columns = ["tokens before", "sentences", "mean tokens before", "cosine", f"{LOW_PERCENT}th percentile", "gain over 0, same sentences"]
    return ExperimentTable(
        title="Cosine to the same sentence with the most context before it, by its distance from the window's start",
        columns=[*columns, "cosine, nothing after it"],
        rows=rows,
    )


def neighbour_table(curves: Curves, means: CurveMeans) -> ExperimentTable:
    """A scale for the cosines above."""
    rows: list[list[Cell]] = [
        ["in the same window", len(curves.within_N), cell(means.within)],
        ["a window begins between them", len(curves.across_N), cell(means.across)],
    ]
    return ExperimentTable(title="For scale: two different neighbouring sentences", columns=["", "pairs", "cosine"], rows=rows)


def build_table(
    builds: Sequence[Build],
    seams: Sequence[Interval | None],
    anywhere: Sequence[Interval | None],
    recalls: tuple[list[Interval], list[Interval]],
    sizes: Sizes,
) -> ExperimentTable:
    """One row per size of context."""
    rows: list[list[Cell]] = []
    for build, seam, everywhere, recall, difference in zip(builds, seams, anywhere, *recalls, strict=True):
        changed = "the encoder's own" if build.context_tokens == sizes.own_tokens else show_difference(difference)
        low = None if seam is None else float(np.percentile(build.firsts_N, LOW_PERCENT))
        figures: list[Cell] = [show_interval(recall), changed, len(build.firsts_N), cell(seam), low, cell(everywhere)]
        rows.append([build.context_tokens, round(build.extra_share, 3), *figures])
    columns = ["context tokens", "extra tokens encoded", f"recall@{sizes.budget_tokens}", "minus own", "first sentences"]
    return ExperimentTable(
        title="Builds: recall of landmark-1 (macro mean, whole corpus) and cosine to the most-context vectors",
        columns=[*columns, "cosine at the seam", f"{LOW_PERCENT}th percentile", "cosine anywhere"],
        rows=rows,
    )


def line(name: str, xs: Sequence[float], found: Sequence[Interval | None]) -> Series:
    """A line through the means that are known."""
    known = [(x, one) for x, one in zip(xs, found, strict=True) if one is not None]
    return interval_series(name, [x for x, _ in known], [one for _, one in known])


def distance_figure(curves: Curves, means: CurveMeans) -> Figure:
    """The curves, and the neighbours as level lines."""
    ends = [curves.distances[0], curves.distances[-1]]
    levels = {
        "neighbouring sentences, same window": means.within,
        "neighbouring sentences, a window begins between": means.across,
    }
    series = [
        line("same sentence, then what follows it", curves.distances, means.filled),
        line("same sentence, nothing after it", curves.distances, means.alone),
        *(Series(name=name, xs=ends, ys=[round(one.mean, 4)] * 2) for name, one in levels.items() if one is not None),
    ]
    return Figure(
        name="seams-distance", title="A sentence and the same sentence with the most context before it",
        x_label="tokens between the window's start and the sentence", y_label="cosine", series=series,
    )  # fmt: skip


def build_figures(
    builds: Sequence[Build],
    seams: Sequence[Interval | None],
    anywhere: Sequence[Interval | None],
    differences: Sequence[Interval],
    sizes: Sizes,
) -> list[Figure]:
    """Cosines and recall by size of context."""
    contexts = [build.context_tokens for build in builds]
    cosines = [line("first sentences of a core", contexts, seams), line("sentences anywhere", contexts, anywhere)]
    changed = [line(f"recall@{sizes.budget_tokens} minus that of {sizes.own_tokens} tokens", contexts, differences)]
    return [
        Figure(
            name="seams-context", title="Builds: cosine to the same sentence with the most context before it",
            x_label="context tokens", y_label="cosine", series=cosines,
        ),
        Figure(
            name="seams-recall", title="Builds: recall against the encoder's own size of context",
            x_label="context tokens", y_label="difference of recall", series=changed,
        ),
    ]  # fmt: skip


def curve_sentences(curves: Curves, means: CurveMeans) -> list[str]:
    """The effect of distance, and its size."""
    start, within, across = means.filled[0], means.start_over_within, means.start_over_across
    if start is None or within is None or across is None:
        return []
    sentences = [
        f"A sentence that begins its window has a cosine of {show_interval(start)} to its own vector with the most context before it."
    ]
    distance, end = [(distance, one) for distance, one in zip(curves.distances, means.filled, strict=True) if one is not None][-1]
    if distance:
        sentences.append(f"With {distance} tokens before it, the cosine is {show_interval(end)}.")
    sentences.append(
        f"At the start it is {compared(within)} that of two neighbouring sentences in one window ({show_difference(within)}), and "
        f"{compared(across)} theirs when a window begins between them ({show_difference(across)})."
    )
    return sentences


def compared(difference: Interval) -> str:
    """A difference in words, by its interval."""
    return "less than" if difference.high < 0 else "more than" if difference.low > 0 else "not clearly different from"


def build_sentences(
    builds: Sequence[Build], recalls: tuple[list[Interval], list[Interval]], sizes: Sizes, advice: Recommendation
) -> list[str]:
    """The effect of a build's context on recall, the rule's recommendation, and its cost."""
    by_size = {build.context_tokens: index for index, build in enumerate(builds)}
    own = by_size[sizes.own_tokens]
    clear = [build.context_tokens for build, one in zip(builds, recalls[1], strict=True) if one.low > 0 or one.high < 0]
    named = ", ".join(f"{size} tokens ({show_difference(recalls[1][by_size[size]])})" for size in clear)
    named += f"; {len(builds) - 1} sizes were compared without correction for that"
    sentences = [
        f"Recall@{sizes.budget_tokens} with the encoder's own {sizes.own_tokens} tokens of context is {show_interval(recalls[0][own])}"
        f" ({sum(sizes.questions.values())} questions of {len(sizes.questions)} sets);",
        f"it differs clearly with {named}." if clear else "no other size differs: every interval of a difference includes zero.",
    ]
    chosen = advice.by_recall if advice.context_tokens is None else advice.context_tokens
    cost = (
        f"{builds[by_size[chosen]].extra_share:.0%} more tokens than the text has, against {builds[own].extra_share:.0%} with its own size"
    )
    if advice.context_tokens is None:
        sentences.append(
            f"The rule recommends no size: {why_none(advice)}. By recall alone, these questions suggest {chosen} tokens suffice ({cost}"
        )
    else:
        sentences.append(f"Recommended by the rule: context_tokens = {chosen} ({cost}")
    loss = recalls[1][by_size[chosen]].low
    sentences[-1] += f"; the interval leaves room for a loss of {-loss:.3f})." if chosen != sizes.own_tokens and loss < 0 else ")."
    return sentences


def why_none(advice: Recommendation) -> str:
    """Why the rule names no size."""
    if advice.last_step is None:
        return "too few first sentences were found to know the plateau"
    if advice.last_step > MAX_COSINE_LOSS:
        return f"the cosine at the seam has no plateau: its last step still gains {advice.last_step:.3f}"
    return "every size that comes near the plateau retrieves worse than the encoder's own"
