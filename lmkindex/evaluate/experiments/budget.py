"""`budget`: quality against the number of tokens that a reader gets, all systems in one figure. Computed from an
evaluation's results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ...errors import UsageError
from ...records import JsonObject
from ..result_tables import is_control, order_systems, systems_at
from .common import Experiment, ExperimentInput, ExperimentTable, Figure, Series

SCOPE = "corpus"


def run_budget(given: ExperimentInput) -> Experiment:
    """Recall and IoU of every system at every budget. Raises `UsageError` without the results of an evaluation."""
    if given.results is None:
        raise UsageError("The budget experiment reads an evaluation's results: run `lmkindex evaluate` with the same --output first.")
    results = given.results
    dataset = results["dataset"]
    budgets, main = results["budgets"], results["budget_tokens"]
    systems = {budget: systems_at(results, dataset, SCOPE, budget) for budget in budgets}
    if not systems[main]:
        raise UsageError("The results have no whole-corpus scope: run `lmkindex evaluate` again without --scope document.")
    names = [name for name in order_systems(systems[main]) if not is_control(name)]
    drawn = sorted(names, key=lambda name: name != results["reference"])  # the first line is the thick one
    return Experiment(
        name="budget",
        title="Quality against budget",
        question="Which system gives a reader most of the evidence, for how many tokens?",
        settings={"dataset": dataset, "scope": SCOPE, "num_questions": results["num_questions"], "budgets": budgets},
        tables=[table_of("Recall of evidence", "recall", names, budgets, systems), table_of("IoU", "iou", names, budgets, systems)],
        figures=[
            figure_of("budget-recall", "Recall of evidence characters", "recall", drawn, budgets, systems),
            figure_of("budget-iou", "IoU with the evidence", "iou", drawn, budgets, systems),
        ],
        verdict=budget_verdict(names, budgets, systems, results["reference"]),
        measured={"sets": [one["name"] for one in results["datasets"]], "encoder": results["encoder"]["name"]},
    )


Systems = Mapping[int, Mapping[str, JsonObject]]


def table_of(title: str, metric: str, names: Sequence[str], budgets: Sequence[int], systems: Systems) -> ExperimentTable:
    """Systems by budgets."""
    rows = [[name, *(systems[budget][name][metric] for budget in budgets)] for name in names]
    return ExperimentTable(title=title, columns=["system", *(f"{budget} tokens" for budget in budgets)], rows=rows)


def figure_of(name: str, title: str, metric: str, names: Sequence[str], budgets: Sequence[int], systems: Systems) -> Figure:
    """One line per system, without intervals: forty intervals would hide the lines. They are in `results.json`."""
    series = [
        Series(
            name=system,
            xs=budgets,
            ys=[systems[budget][system][metric] for budget in budgets],
        )
        for system in names
    ]
    return Figure(name=name, title=title, x_label="budget in tokens", y_label=title, series=series, x_log=True)


def budget_verdict(names: Sequence[str], budgets: Sequence[int], systems: Systems, reference: str) -> str:
    """The best system at each budget, and the reference's distance from it."""
    sentences = []
    for budget in budgets:
        best = max(names, key=lambda name: systems[budget][name]["recall"])
        text = f"At {budget} tokens {best} is best with {systems[budget][best]['recall']:.3f}"
        if reference in systems[budget] and best != reference:
            mean, low, high = systems[budget][best]["ci95"]["recall_difference"]
            text += f"; {reference} minus it is {mean:+.3f} [{low:+.3f}, {high:+.3f}]"
        sentences.append(text + ".")
    return " ".join(sentences)
