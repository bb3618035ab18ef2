"""The figures of a `results.json`, as specs that `plots.py` draws, in the same form as an experiment's figures. Knows
no matplotlib."""

from __future__ import annotations

from collections.abc import Sequence

from ..records import JsonObject
from .result_tables import family_of, is_control, order_systems, systems_at

MAX_SYSTEMS = 12  # in one figure; more lines cannot be told apart


def results_figures(results: JsonObject) -> list[JsonObject]:
    """The specs for a `results.json`, in its main scope."""
    names = order_systems(systems_at(results, results["dataset"], results["scope"], results["budget_tokens"]))
    names = [name for name in names if not is_control(name)]
    if not names:
        return []
    dense, hybrid = (chosen_systems(names, results["reference"], is_hybrid=is_hybrid) for is_hybrid in (False, True))
    figures = [budget_figure(results, dense, "recall-by-budget", "landmarks and the best of each other family")]
    if any("+" in name for name in hybrid):
        figures.append(budget_figure(results, hybrid, "recall-by-budget-hybrid", "systems fused with BM25"))
    return [*figures, sets_figure(results, names), cost_figure(results, list(dict.fromkeys(dense + hybrid)))]


def chosen_systems(names: Sequence[str], reference: str, *, is_hybrid: bool) -> list[str]:
    """The reference, the best of each family, and the landmark systems, either dense or fused; BM25 appears in both.
    `names` are best first."""
    best: dict[tuple[str, bool], str] = {}
    wanted = [name for name in names if family_of(name)[1] == is_hybrid or family_of(name) == ("bm25", False)]
    for name in wanted:
        best.setdefault(family_of(name), name)
    landmarks = [name for name in wanted if family_of(name)[0] == "landmark"]
    return list(dict.fromkeys([name for name in (reference, *best.values(), *landmarks) if name in names]))[:MAX_SYSTEMS]


def budget_figure(results: JsonObject, names: Sequence[str], figure_name: str, what: str) -> JsonObject:
    """Recall against the budget; a system that was not measured at a budget has a gap there."""
    dataset, scope, budgets = results["dataset"], results["scope"], results["budgets"]
    by_budget = [systems_at(results, dataset, scope, budget) for budget in budgets]
    return {
        "name": figure_name, "kind": "lines", "title": f"Recall by budget: {what} ({dataset}, scope {scope})",
        "x_label": "budget, tokens", "y_label": "recall of evidence characters", "x_log": True, "y_log": False, "x_categories": None,
        "series": [system_series(name, budgets, [systems.get(name, {}) for systems in by_budget]) for name in names],
    }  # fmt: skip


def sets_figure(results: JsonObject, names: Sequence[str]) -> JsonObject:
    """Recall of a few systems on every set, with 95% intervals."""
    kinds = [("landmark", True), ("chunk", False), ("chunk", True)]
    best = [next((name for name in names if family_of(name) == kind), "") for kind in kinds]
    words = next((name for name in ("bm25-context", *names) if name in names and family_of(name) == ("bm25", False)), "")
    main, scope = results["budget_tokens"], results["scope"]
    sets = list(dict.fromkeys([*(one["name"] for one in results["datasets"]), results["dataset"]]))
    by_set = [systems_at(results, dataset, scope, main) for dataset in sets]
    shown = dict.fromkeys(name for name in (results["reference"], *best, words) if name in names)
    return {
        "name": "recall-by-set", "kind": "bars", "title": f"Recall by set at {main} tokens, with 95% intervals (scope {scope})",
        "x_label": "", "y_label": "recall of evidence characters", "x_log": False, "y_log": False, "x_categories": sets,
        "series": [
            system_series(name, range(len(sets)), [systems.get(name, {}) for systems in by_set], has_interval=True) for name in shown
        ],
    }  # fmt: skip


def cost_figure(results: JsonObject, names: Sequence[str]) -> JsonObject:
    """Recall at the main budget against the size of the index, one point per system."""
    main, scope = results["budget_tokens"], results["scope"]
    systems = systems_at(results, results["dataset"], scope, main)
    return {
        "name": "recall-by-cost", "kind": "lines", "title": f"Recall at {main} tokens against the size of the index (scope {scope})",
        "x_label": "index bytes per 1,000 tokens of text", "y_label": "recall of evidence characters", "x_log": True, "y_log": False,
        "x_categories": None,
        "series": [system_series(name, [systems[name].get("bytes_per_1000_tokens")], [systems[name]]) for name in names],
    }  # fmt: skip


def system_series(name: str, x: Sequence[float | None], systems: Sequence[JsonObject], *, has_interval: bool = False) -> JsonObject:
    """The recall of one system at each x."""
    ends = [system.get("ci95", {}).get("recall", (None, None)) for system in systems] if has_interval else []
    low, high = ([end[side] for end in ends] or None for side in (0, 1))
    return {"name": name, "x": list(x), "y": [system.get("recall") for system in systems], "low": low, "high": high}
