"""The figures of `scatter` -> its tables and pictures. Keys are (system, figure) in groups, (variant, system, figure)
in splits."""

from __future__ import annotations

from collections.abc import Mapping

from ....config import SearchOptions
from ...records import Interval
from ..common import Experiment, ExperimentTable, Figure
from ..paired import PairedFigures, interval_series, show_difference, show_interval
from .design import BUDGETS, BY_HIT, FRONTS, MAIN_BUDGET, NEAR_SENTENCES, POSITION, SCOPE, SEARCHED, SINGLE, UNIFORM, SplitKey, contenders
from .splits import CONSECUTIVE, DOCUMENT_TOKENS, HALVES, MAX_RUN_TOKENS, MIN_DISTANCE, MOVED, SCATTERED, VARIANTS
from .verdict import FRONT, RECALL, ShareGroups, scatter_verdict

Counts = Mapping[str, int]
FIGURES = (*(f"recall@{budget}" for budget in BUDGETS), *(f"precision@{budget}" for budget in BUDGETS), "hit boundary")
# What position-aware ranking is compared with: (ways of growing, rule).
WAYS = (*(f"front-{front}" for front in FRONTS), "surround-1", "auto")
COMPARISONS = [(way, rule) for rule in (UNIFORM, BY_HIT, SEARCHED) for way in WAYS if (way, rule) != ("auto", BY_HIT)]
SHOWN = (SINGLE, f"{FRONT} {POSITION}", f"{FRONT} {BY_HIT}", f"{FRONT} {SEARCHED}", f"surround-1 {POSITION}", f"auto {POSITION}")


def report_scatter(
    groups: ShareGroups, composition: Mapping[str, Counts], splits: PairedFigures[SplitKey], split_sets: Counts, seed: int
) -> Experiment:
    """The whole report of `scatter`."""
    return Experiment(
        name="scatter",
        title="Consecutive against scattered evidence",
        question="Do spans that grow backwards, and scores that weigh sentences by their place, help when evidence is consecutive, and "
        "do they hurt when it is scattered?",
        settings={
            "scope": SCOPE,
            "alpha": SearchOptions().alpha,
            "budgets": list(BUDGETS),
            "near_sentences": NEAR_SENTENCES,
            "split_document_tokens": DOCUMENT_TOKENS,
            "split_min_distance_sentences": MIN_DISTANCE,
            "split_max_run_tokens": MAX_RUN_TOKENS,
            "seed": seed,
        },
        tables=[
            sizes_table(groups, composition, splits, split_sets),
            *(group_table(name, group) for name, group in groups.items()),
            rule_differences_table(groups),
            *(splits_table(splits, budget) for budget in BUDGETS),
            halves_table(splits),
            split_differences_table(splits),
        ],
        figures=[groups_figure(groups), rule_differences_figure(groups), splits_figure(splits), budgets_figure(splits)],
        verdict=scatter_verdict(groups, splits),
    )


def sizes_table(
    groups: ShareGroups, composition: Mapping[str, Counts], splits: PairedFigures[SplitKey], split_sets: Counts
) -> ExperimentTable:
    """How many questions each part has from each set."""
    names = list(dict.fromkeys(name for one in (*composition.values(), split_sets) for name in one))
    rows: list[list[str | int]] = [[name, *(one.get(name, 0) for one in (*composition.values(), split_sets))] for name in names]
    rows.append(["all", *(group.num_questions for group in groups.values()), splits.num_questions])
    return ExperimentTable(title="Questions", columns=["set", *groups, "synthetic splits"], rows=rows)


def group_table(name: str, group: PairedFigures[SplitKey]) -> ExperimentTable:
    """Every system's figures in one group."""
    rows = [[system, *(show_interval(group.mean((system, figure))) for figure in FIGURES)] for system in contenders()]
    return ExperimentTable(
        title=f"Evidence: {name} ({group.num_questions} questions; means, 95% intervals)", columns=["system", *FIGURES], rows=rows
    )


def rule_differences_table(groups: ShareGroups) -> ExperimentTable:
    """Position-aware minus each other rule, paired, by group."""
    rows = []
    for name, group in groups.items():
        for way, rule in COMPARISONS:
            differences = [group.difference((f"{way} {POSITION}", figure), (f"{way} {rule}", figure)) for figure in FIGURES]
            rows.append([name, way, rule, *map(show_difference, differences)])
    return ExperimentTable(
        title="Position-aware ranking minus another rule (paired differences, 95% intervals)",
        columns=["evidence", "spans", "minus", *FIGURES],
        rows=rows,
    )


def splits_table(splits: PairedFigures[SplitKey], budget: int) -> ExperimentTable:
    """Recall in each variant of the documents, and the cost of scattering and moving."""
    rows, figure = [], f"recall@{budget}"
    for system in contenders():
        keys = {variant: (variant, system, figure) for variant in VARIANTS}
        pairs = [(SCATTERED, CONSECUTIVE), (MOVED, CONSECUTIVE), (SCATTERED, MOVED)]
        differences = [show_difference(splits.difference(keys[one], keys[other])) for one, other in pairs]
        rows.append([system, *(show_interval(splits.mean(key)) for key in keys.values()), *differences])
    return ExperimentTable(
        title=f"Synthetic splits: recall at {budget} tokens ({splits.num_questions} questions, each in three documents)",
        columns=["system", *VARIANTS, "scattered - consecutive", "moved whole - consecutive", "scattered - moved whole"],
        rows=rows,
    )


def halves_table(splits: PairedFigures[SplitKey]) -> ExperimentTable:
    """Recall of the half that stayed and of the half that moved."""
    rows = [
        [system, half, *(show_interval(splits.mean((variant, system, half))) for variant in VARIANTS)]
        for system in SHOWN
        for half in HALVES
    ]  # fmt: skip
    return ExperimentTable(
        title=f"Synthetic splits: recall of each half of the evidence at {MAIN_BUDGET} tokens (the second half is the one that moves)",
        columns=["system", "evidence", *VARIANTS],
        rows=rows,
    )


def split_differences_table(splits: PairedFigures[SplitKey]) -> ExperimentTable:
    """Position-aware minus each other rule, by variant, and how the difference changes when evidence is scattered."""
    rows = []
    for way, rule in COMPARISONS:
        pairs = {variant: ((variant, f"{way} {POSITION}", RECALL), (variant, f"{way} {rule}", RECALL)) for variant in VARIANTS}
        (ours, theirs), (ours_consecutive, theirs_consecutive) = pairs[SCATTERED], pairs[CONSECUTIVE]
        change = splits.combination({ours: 1.0, theirs: -1.0, ours_consecutive: -1.0, theirs_consecutive: 1.0})
        rows.append([way, rule, *(show_difference(splits.difference(*pair)) for pair in pairs.values()), show_difference(change)])
    return ExperimentTable(
        title=f"Synthetic splits: position-aware ranking minus another rule, recall at {MAIN_BUDGET} tokens (paired)",
        columns=["spans", "minus", *VARIANTS, "change from consecutive to scattered"],
        rows=rows,
    )


def groups_figure(groups: ShareGroups) -> Figure:
    """Recall of the main systems by group."""
    places = list(range(len(groups)))
    return Figure(
        name="scatter-groups",
        title=f"Recall at {MAIN_BUDGET} tokens by where the evidence is (95% intervals)",
        x_label="evidence (questions)",
        y_label=f"recall of evidence at {MAIN_BUDGET} tokens",
        series=[interval_series(system, places, [group.mean((system, RECALL)) for group in groups.values()]) for system in SHOWN],
        kind="bars",
        x_categories=[f"{name} ({group.num_questions})" for name, group in groups.items()],
    )


def rule_differences_figure(groups: ShareGroups) -> Figure:
    """The gain of position-aware ranking over the other rules, by group."""
    places, ways = list(range(len(groups))), [f"front-{front}" for front in FRONTS]
    series = [
        interval_series(
            f"{way}: minus {rule}",
            places,
            [group.difference((f"{way} {POSITION}", RECALL), (f"{way} {rule}", RECALL)) for group in groups.values()],
        )
        for rule in (UNIFORM, BY_HIT)
        for way in ways
    ]
    return Figure(
        name="scatter-differences",
        title="Position-aware ranking minus uniform weights and minus ranking by the hit (paired, 95% intervals)",
        x_label="evidence (questions)",
        y_label=f"difference in recall at {MAIN_BUDGET} tokens",
        series=series,
        kind="bars",
        x_categories=[f"{name} ({group.num_questions})" for name, group in groups.items()],
    )


def splits_figure(splits: PairedFigures[SplitKey]) -> Figure:
    """Recall by front, for evidence in one run and scattered."""

    def by_front(variant: str, rule: str) -> list[Interval]:
        systems = [SINGLE, *(f"front-{front} {rule}" for front in FRONTS)]
        return [splits.mean((variant, system, RECALL)) for system in systems]

    return Figure(
        name="scatter-splits",
        title=f"The same evidence consecutive, moved whole, and scattered ({splits.num_questions} questions, 95% intervals)",
        x_label="front k: sentences of a span (1 = the hits themselves)",
        y_label=f"recall of evidence at {MAIN_BUDGET} tokens",
        series=[
            interval_series(f"{variant}, {rule}", [1, *FRONTS], by_front(variant, rule))
            for variant in (CONSECUTIVE, MOVED, SCATTERED)
            for rule in (POSITION, BY_HIT)
        ],
    )


def budgets_figure(splits: PairedFigures[SplitKey]) -> Figure:
    """Recall by budget, for evidence in one run and scattered."""
    systems = (SINGLE, f"{FRONT} {POSITION}", f"auto {POSITION}")
    return Figure(
        name="scatter-budgets",
        title=f"Consecutive and scattered evidence by budget ({splits.num_questions} questions, 95% intervals)",
        x_label="budget, tokens",
        y_label="recall of evidence",
        series=[
            interval_series(f"{variant}, {system}", BUDGETS, [splits.mean((variant, system, f"recall@{budget}")) for budget in BUDGETS])
            for variant in (CONSECUTIVE, SCATTERED)
            for system in systems
        ],
        x_log=True,
    )
