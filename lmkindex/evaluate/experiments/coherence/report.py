"""Figures of the `coherence` experiment -> tables, figures and a verdict. Ranks nothing."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ...records import SCOPES, Interval
from ...result_tables import Cell
from ..common import Experiment, ExperimentTable, Figure, Series
from ..paired import direction, interval_series, show_difference, show_interval
from .class_figures import BM25_CONTEXT, BM25_SENTENCE, ISOLATED, LANDMARK, LATE, MEASURES, MIN_A_CLASS, SYSTEMS, ClassFigures, Classified
from .groups import INSIDE, Contrast, Groups, Measured, measure_groups
from .rules import CLASSES, NEEDS, REASONS, RULES, SELF_CONTAINED

MAIN_SCOPE, MAIN_MEASURE = "corpus", "MRR"
SCOPE_NAMES = {"corpus": "whole corpus", "document": "own document"}
CONTRAST = f"{NEEDS} minus {SELF_CONTAINED}"
PAIRS = ((LANDMARK, ISOLATED), (LANDMARK, LATE), (BM25_CONTEXT, BM25_SENTENCE))
PAIR_COLUMNS = tuple(f"{one} - {other}" for one, other in PAIRS)


def report_coherence(sets: Sequence[Classified], seed: int) -> Experiment:
    """The whole report; at least one set must have ranks."""
    found, distance = measure_groups(sets, seed), largest_distance(sets)
    return Experiment(
        name="coherence",
        title="Sentences that need their context and sentences that do not",
        question="Does a landmark rank its sentence better than the sentence encoded alone, especially where it needs context?",
        settings={
            "rules": list(RULES),
            "min_questions_of_a_set_in_a_class": MIN_A_CLASS,
            "sets_by_class": {need: list(group.sets) for need, group in found.classes.items()},
            "sets_of_the_contrast": list(found.contrast.needs.sets) if found.contrast.needs else [],
            "landmark_and_late_vectors_are_the_same": distance == 0,
            "largest_difference_of_a_coordinate": distance,
            "seed": seed,
        },
        tables=[
            count_table(sets),
            mean_table(found),
            difference_table(found),
            place_table(found),
            set_table(found),
            reason_table(found, sets),
        ],
        figures=[*(mean_figure(found.classes, scope) for scope in SCOPES), difference_figure(found.classes)],
        verdict=" ".join(coherence_verdict(found, is_same=distance == 0)),
    )


def largest_distance(sets: Sequence[Classified]) -> float | None:
    """The largest difference between a coordinate of a landmark and of a late chunk; None when their dimensions
    differ."""
    largest = max(one.distance for one in sets if one.ranks)
    return largest if math.isfinite(largest) else None


def count_table(sets: Sequence[Classified]) -> ExperimentTable:
    """The questions of each set by class, including sets that are too small to be ranked."""
    rows: list[list[Cell]] = [
        [one.name, one.num_asked, one.num_asked - len(one.needs), *(one.count(need) for need in CLASSES)] for one in sets
    ]
    rows.append(["all", *(sum(int(row[column] or 0) for row in rows) for column in range(1, 3 + len(CLASSES)))])
    title = f"Questions by the class of their evidence sentence (a set counts in a class if it has at least {MIN_A_CLASS})"
    return ExperimentTable(title=title, columns=["set", "questions", "left out: not one sentence", *CLASSES], rows=rows)


def mean_table(found: Measured) -> ExperimentTable:
    """MRR of the evidence sentence by class, scope and system."""
    rows: list[list[Cell]] = []
    for need, group in found.classes.items():
        for scope in SCOPES:
            means = [show_interval(group.mean((system, scope, MAIN_MEASURE))) for system in SYSTEMS]
            rows.append([need, SCOPE_NAMES[scope], group.num_questions, len(group.sets), *means])
    title = f"{MAIN_MEASURE} of the evidence sentence among all sentences (macro mean over sets)"
    return ExperimentTable(title=title, columns=["class", "scope", "questions", "sets", *SYSTEMS], rows=rows)


def difference_table(found: Measured) -> ExperimentTable:
    """Paired differences by class, and between the classes."""
    rows: list[list[Cell]] = []
    for scope in SCOPES:
        for measure in MEASURES:
            for need, group in found.classes.items():
                rows.append([SCOPE_NAMES[scope], measure, need, *difference_cells(group, scope, measure)])
            rows.append([SCOPE_NAMES[scope], measure, CONTRAST, *contrasts(found.contrast, scope, measure)])
    return ExperimentTable(title="Paired differences", columns=["scope", "measure", "class", *PAIR_COLUMNS], rows=rows)


def difference_cells(group: ClassFigures | None, scope: str = MAIN_SCOPE, measure: str = MAIN_MEASURE) -> list[Cell]:
    """One cell for each of `PAIRS`."""
    return [None if group is None else show_difference(group.difference(*pair, scope, measure)) for pair in PAIRS]


def contrasts(contrast: Contrast, scope: str = MAIN_SCOPE, measure: str = MAIN_MEASURE) -> list[Cell]:
    """One cell for each of `PAIRS`."""
    found = [contrast.difference(pair, scope, measure) for pair in PAIRS]
    return [None if one is None else show_difference(one) for one in found]


def place_table(found: Measured) -> ExperimentTable:
    """The classes by place: a sentence that opens a paragraph has another paragraph's text before it."""
    rows: list[list[Cell]] = []
    for place, groups in found.places.items():
        rows += [[place, need, group.num_questions, len(group.sets), *difference_cells(group)] for need, group in groups.items()]
    rows.append([INSIDE, CONTRAST, None, None, *contrasts(found.inside)])
    title = f"{MAIN_MEASURE}, {SCOPE_NAMES[MAIN_SCOPE]}, by place in the paragraph"
    return ExperimentTable(title=title, columns=["place", "class", "questions", "sets", *PAIR_COLUMNS], rows=rows)


def set_table(found: Measured) -> ExperimentTable:
    """Every set separately."""
    rows: list[list[Cell]] = [
        [name, need, group.num_questions, *difference_cells(group)]
        for name, groups in found.by_set.items()
        for need, group in groups.items()
    ]
    title = f"{MAIN_MEASURE}, {SCOPE_NAMES[MAIN_SCOPE]}, by set"
    return ExperimentTable(title=title, columns=["set", "class", "questions", *PAIR_COLUMNS], rows=rows)


def reason_table(found: Measured, sets: Sequence[Classified]) -> ExperimentTable:
    """What in a sentence needs context, and the effect of context there. A sentence may have several reasons."""
    rows: list[list[Cell]] = []
    for reason in REASONS:
        num_found, group = sum(int(one.has_reason(reason).sum()) for one in sets), found.reasons.get(reason)
        rows.append([reason, num_found, group.num_questions if group else 0, len(group.sets) if group else 0, *difference_cells(group)])
    title = f"{MAIN_MEASURE}, {SCOPE_NAMES[MAIN_SCOPE]}, by what needs context"
    return ExperimentTable(title=title, columns=["reason", "found", "questions used", "sets", *PAIR_COLUMNS], rows=rows)


def bars(name: str, found: Sequence[Interval]) -> Series:
    return interval_series(name, list(range(len(found))), found)


def mean_figure(classes: Groups, scope: str) -> Figure:
    """All systems by class in one scope."""
    series = [bars(system, [group.mean((system, scope, MAIN_MEASURE)) for group in classes.values()]) for system in SYSTEMS]
    return Figure(
        name=f"coherence-{scope}", title=f"Rank of the evidence sentence, {SCOPE_NAMES[scope]}", x_label="evidence sentence",
        y_label=MAIN_MEASURE, series=series, kind="bars", x_categories=list(classes),
    )  # fmt: skip


def difference_figure(classes: Groups) -> Figure:
    """What context adds, by class."""
    series = [
        bars(f"{one} - {other}, {SCOPE_NAMES[scope]}", [group.difference(one, other, scope, MAIN_MEASURE) for group in classes.values()])
        for one, other in (PAIRS[0], PAIRS[2])
        for scope in SCOPES
    ]
    return Figure(
        name="coherence-difference", title="What context adds to the rank of the evidence sentence", x_label="evidence sentence",
        y_label=f"difference of {MAIN_MEASURE}", series=series, kind="bars", x_categories=list(classes),
    )  # fmt: skip


def coherence_verdict(found: Measured, *, is_same: bool) -> list[str]:
    """The main measure in the main scope, in words; a difference counts only if its interval excludes zero."""
    parts = [
        f"{need} {show_difference(one)}, {direction(one)} ({group.num_questions} questions, {len(group.sets)} sets)"
        for need, group in found.classes.items()
        for one in [group.difference(LANDMARK, ISOLATED, MAIN_SCOPE, MAIN_MEASURE)]
    ]
    head = f"{MAIN_MEASURE} of the evidence sentence, {SCOPE_NAMES[MAIN_SCOPE]}, landmark minus the sentence encoded alone:"
    sentences = [f"{head} {'; '.join(parts)}.", *range_sentences(found), *contrast_sentences(found)]
    if is_same:
        sentences.append(
            "Late chunking is not a second opinion here: its vectors equal those of the landmarks, compared one by one (with an untrained "
            "sentence_mean encoder, both are the mean of the sentence's token states in the same window)."
        )
    else:
        late = [(need, group.difference(LANDMARK, LATE, MAIN_SCOPE, MAIN_MEASURE)) for need, group in found.classes.items()]
        sentences.append("Landmark minus late chunking: " + "; ".join(f"{need} {show_difference(one)}" for need, one in late) + ".")
    return sentences


def range_sentences(found: Measured) -> list[str]:
    """How far the sets agree on the sentences that need context."""
    by_set = {
        name: groups[NEEDS].difference(LANDMARK, ISOLATED, MAIN_SCOPE, MAIN_MEASURE)
        for name, groups in found.by_set.items()
        if NEEDS in groups
    }
    if len(by_set) < 2:
        return []
    least, most = (choose(by_set, key=lambda name: by_set[name].mean) for choose in (min, max))
    return [f"By set, {NEEDS} ranges from {show_difference(by_set[least])} ({least}) to {show_difference(by_set[most])} ({most})."]


def contrast_sentences(found: Measured) -> list[str]:
    """The contrast of the classes, the same without sentences that open a paragraph, and the control."""
    gained, control = (found.contrast.difference(pair, MAIN_SCOPE, MAIN_MEASURE) for pair in (PAIRS[0], PAIRS[2]))
    if gained is None or control is None:
        return ["No set has enough questions of both classes to contrast them."]
    sentences = [f"{CONTRAST.capitalize()}: {show_difference(gained)}, {contrast_words(gained)}"]
    inside = found.inside.difference(PAIRS[0], MAIN_SCOPE, MAIN_MEASURE)
    self_contained, needs = found.opening_shares[SELF_CONTAINED], found.opening_shares[NEEDS]
    sentences.append(
        f"A sentence that opens its paragraph has another paragraph's text before it; {self_contained:.0%} of the self-contained sentences "
        f"and {needs:.0%} of those that need context open theirs."
    )
    if inside is None:
        sentences.append("Too few sentences are inside paragraphs to contrast those alone.")
    else:
        sentences.append(f"Inside paragraphs alone the contrast is {show_difference(inside)}, {contrast_words(inside)}")
    inside_control = found.inside.difference(PAIRS[2], MAIN_SCOPE, MAIN_MEASURE)
    inside_words = "" if inside_control is None else f", inside paragraphs {show_difference(inside_control)}"
    sentences.append(
        f"Control by words, the same contrast for BM25 with the two sentences before minus BM25 without: {show_difference(control)}"
        f"{inside_words} (overlapping pieces push each other down, so levels do not count), "
        f"{control_words(control if inside_control is None else inside_control)}"
    )
    return sentences


def contrast_words(interval: Interval) -> str:
    """What the contrast of the classes says about landmarks."""
    if interval.low > 0:
        return "context helps more, or hurts less, where the sentence needs it."
    if interval.high < 0:
        return "context helps less, or hurts more, where the sentence needs it."
    return "the interval includes zero, so no difference between the classes is shown."


def control_words(interval: Interval) -> str:
    """What the contrast of BM25 says about the classes."""
    if interval.low > 0:
        return "words of the sentences before help more where the rules say that context is needed, so the classes are about context."
    if interval.high < 0:
        return "words of the sentences before help less where the rules say that context is needed: do not trust the classes."
    return "the interval includes zero, so only the reading of samples supports the classes."
