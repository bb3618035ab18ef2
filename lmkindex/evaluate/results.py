"""Per-question scores -> the JSON of an evaluation: means, intervals, paired differences, costs (cli.md, "JSON").

Shapes: Q questions, Y systems, M figures, R resamples.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np

from .. import __version__
from ..records import EncoderFolder, JsonObject
from .bootstrap import NUM_RESAMPLES, intervals, macro_means, resample_macro
from .evaluate_set import EvaluateOptions, SetResult
from .records import METRICS, RANK_METRICS, Float64Array, Interval, Scores, SystemRun

MACRO = "macro"
DECIMALS = 4
WITH_INTERVAL = (*METRICS, "mrr", "hit_boundary")


def results_json(
    results: Sequence[SetResult], options: EvaluateOptions, reference: str, encoders: Mapping[str, EncoderFolder]
) -> JsonObject:
    """Everything that `results.json` holds; it starts with the contract's object at the main budget, over all sets."""
    names = [MACRO] if len(results) > 1 else []
    groups = {name: list(results) for name in names} | {result.name: [result] for result in results}
    parts: list[JsonObject] = []
    for scope in sorted(options.scopes):
        for name, group in groups.items():
            parts.extend(summarize_sets(name, scope, group, options, reference))
    head_scope = sorted(options.scopes)[0]
    wanted = (next(iter(groups)), head_scope, options.main_budget_tokens)
    head = next(part for part in parts if (part["dataset"], part["scope"], part["budget_tokens"]) == wanted)
    return {
        **head,
        "created": datetime.now(UTC).replace(microsecond=0).isoformat(),
        "version": __version__,
        "reference": reference,
        "num_resamples": NUM_RESAMPLES,
        "encoder": name_of(encoders["landmark"]),
        "baseline_encoder": name_of(encoders["baseline"]),
        "budgets": list(options.budgets_tokens),
        "max_questions": options.max_questions,
        "seed": options.seed,
        "datasets": [
            {
                "name": one.name,
                "num_documents": one.num_documents,
                "num_tokens": one.num_tokens,
                "num_questions": len(one.question_ids),
                "num_in_file": one.num_in_file,
            }
            for one in results
        ],
        "results": parts,
        "reader": None,
    }


def name_of(folder: EncoderFolder) -> JsonObject:
    return {"name": folder.name, "fingerprint": folder.fingerprint, "pooling": folder.pooling}


def summarize_sets(name: str, scope: str, group: Sequence[SetResult], options: EvaluateOptions, reference: str) -> list[JsonObject]:
    """One object for each budget: the systems' means over `group` (the macro mean when it holds several sets), with
    intervals."""
    columns = figure_names(options.budgets_tokens)
    runs = {result.name: [run for run in result.runs if run.scope == scope] for result in group}
    systems = [run.name for run in next(iter(runs.values()))]
    values = {one: np.concatenate([figure_columns(run.scores) for run in runs[one]], axis=1) for one in runs}
    means_M = macro_means(values)
    resampled_RM = resample_macro(values, seed=options.seed)
    found = intervals(means_M, resampled_RM)
    by_system = {system: found[index * len(columns) : (index + 1) * len(columns)] for index, system in enumerate(systems)}
    differences = difference_intervals(means_M, resampled_RM, systems, columns, reference)
    costs = {system: cost_json([run for one in runs.values() for run in one if run.name == system], group) for system in systems}
    return [
        {
            "dataset": name,
            "scope": scope,
            "budget_tokens": budget,
            "num_questions": sum(len(result.question_ids) for result in group),
            "systems": [
                system_json(system, by_system[system], columns, budget, differences.get((system, budget))) | costs[system]
                for system in systems
            ],
        }
        for budget in options.budgets_tokens
    ]


def figure_names(budgets_tokens: Sequence[int]) -> list[tuple[str, int]]:
    """Names of the figures of one system: (metric, budget), 0 where the budget does not matter."""
    return [(metric, budget) for metric in METRICS for budget in budgets_tokens] + [(metric, 0) for metric in RANK_METRICS]


def figure_columns(scores: Scores) -> Float64Array:
    """Per-question figures [Q, M] in the order of `figure_names`."""
    ranks = [scores.reciprocal_rank_Q[:, None], scores.hit_boundary_Q[:, None], scores.found_QK]
    return np.concatenate([scores.recall_QB, scores.precision_QB, scores.iou_QB, *ranks], axis=1)


def difference_intervals(
    means_M: Float64Array, resampled_RM: Float64Array, systems: Sequence[str], columns: Sequence[tuple[str, int]], reference: str
) -> dict[tuple[str, int], Interval]:
    """Recall of the reference minus each other system's recall, paired, by (system, budget)."""
    if reference not in systems:
        return {}
    of_recall = [index for index, (metric, _) in enumerate(columns) if metric == "recall"]
    base = systems.index(reference) * len(columns)
    result: dict[tuple[str, int], Interval] = {}
    for place, system in enumerate(systems):
        if system == reference:
            continue
        ours, theirs = [base + index for index in of_recall], [place * len(columns) + index for index in of_recall]
        found = intervals(means_M[ours] - means_M[theirs], resampled_RM[:, ours] - resampled_RM[:, theirs])
        result |= {(system, columns[index][1]): interval for index, interval in zip(of_recall, found, strict=True)}
    return result


def system_json(
    name: str, figures: Sequence[Interval], columns: Sequence[tuple[str, int]], budget: int, difference: Interval | None
) -> JsonObject:
    """One system at one budget."""
    at_budget = {metric: figure for (metric, where), figure in zip(columns, figures, strict=True) if where in (0, budget)}
    ci95: dict[str, Any] = {metric: rounded_values(at_budget[metric].low, at_budget[metric].high) for metric in WITH_INTERVAL}
    if difference is not None:
        ci95["recall_difference"] = rounded_values(difference.mean, difference.low, difference.high)
    return {"name": name, **{metric: round(figure.mean, DECIMALS) for metric, figure in at_budget.items()}, "ci95": ci95}


def rounded_values(*values: float) -> list[float]:
    return [round(value, DECIMALS) for value in values]


def cost_json(runs: Sequence[SystemRun], group: Sequence[SetResult]) -> JsonObject:
    """Costs over the sets of a group: sums of index seconds and bytes, the mean of query times."""
    num_tokens = sum(result.num_tokens for result in group)
    num_vectors, index_bytes = sum(run.cost.num_vectors for run in runs), sum(run.cost.index_bytes for run in runs)
    return {
        "ms_per_query": round(float(np.mean([run.cost.query_ms for run in runs])), 3),
        "index_seconds": round(sum(run.cost.index_s for run in runs), 2),
        "index_bytes": index_bytes,
        "vectors_per_1000_tokens": round(1000 * num_vectors / max(num_tokens, 1), 2),
        "bytes_per_1000_tokens": round(1000 * index_bytes / max(num_tokens, 1)),
    }
