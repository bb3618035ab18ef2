"""Tables of an evaluation: from the JSON objects that `lmkindex evaluate` saves to rows, and from rows to text,
Markdown or HTML.

Systems have the same order everywhere: by recall at the main budget, best first, and the controls last. A malformed
object raises `KeyError`, `TypeError` or `ValueError`; the caller that read the file can name it.
"""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass

from ..display import single_spaced
from ..records import JsonObject
from .systems import ORACLE, RANDOM

Cell = str | int | float | None
BEST_MARK = " *"
RANK_COLUMNS = (
    ("precision", "precision"), ("iou", "IoU"), ("mrr", "MRR"), ("hit_boundary", "hit boundary"), ("recall_at_1", "recall@1"),
    ("recall_at_5", "recall@5"), ("recall_at_10", "recall@10"),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table whose rows are as long as `columns`; the first column says what a row is about."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


def render_text(table: Table) -> str:
    """The table for a terminal: columns of numbers right-aligned, others left-aligned."""
    cells = [[single_spaced(cell) for cell in row] for row in (table.columns, *map(formatted, table.rows))]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    sides = [">" if is_numeric(table, index) else "<" for index in range(len(widths))]
    lines = ["  ".join(f"{cell:{side}{width}}" for cell, side, width in zip(row, sides, widths, strict=True)).rstrip() for row in cells]
    return "\n".join([single_spaced(table.title), "", lines[0], "  ".join("-" * width for width in widths), *lines[1:]])


def render_markdown(table: Table) -> str:
    """The table in GitHub's Markdown, with its title in bold above."""
    rows = [[markdown(cell) for cell in row] for row in (table.columns, *map(formatted, table.rows))]
    rule = ["---:" if is_numeric(table, index) else "---" for index in range(len(table.columns))]
    lines = [f"| {' | '.join(row)} |" for row in [rows[0], rule, *rows[1:]]]
    return "\n".join([f"**{markdown(table.title)}**", "", *lines])


def render_html(table: Table) -> str:
    """The table as an HTML element, all text escaped; numbers have the class `n`, the row of a marked system `best`."""
    classes = [' class="n"' if is_numeric(table, index) else "" for index in range(len(table.columns))]
    head = "".join(f'<th scope="col"{kind}>{html.escape(name)}</th>' for name, kind in zip(table.columns, classes, strict=True))
    lines = [f"<table><caption>{html.escape(table.title)}</caption>", f"<thead><tr>{head}</tr></thead>", "<tbody>"]
    for row in map(formatted, table.rows):
        first, *rest = (html.escape(cell) for cell in row)
        others = "".join(f"<td{kind}>{cell}</td>" for cell, kind in zip(rest, classes[1:], strict=True))
        kind = ' class="best"' if row[0].endswith(BEST_MARK) else ""
        lines.append(f'<tr{kind}><th scope="row"{classes[0]}>{first}</th>{others}</tr>')
    return "\n".join([*lines, "</tbody></table>"])


def format_cell(cell: Cell) -> str:
    """`.444` for fractions, integers as they are, `-` for unknown values. From 1,000 up, decimals are dropped."""
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return "-"
    if isinstance(cell, float):
        text = f"{cell:.3f}" if abs(cell) < 1000 else f"{cell:.0f}"
        text = text.removeprefix("-") if not text.strip("-0.") else text  # no minus at zero
        return text.replace("0.", ".", 1) if text.startswith(("0.", "-0.")) else text
    return ("yes" if cell else "no") if isinstance(cell, bool) else str(cell)


def format_difference(interval: Sequence[float] | None) -> str | None:
    """`+.012 [-.003, +.027]` from a mean and the ends of its interval."""
    if interval is None:
        return None
    mean, low, high = ("+" * (format_cell(float(value))[0] != "-") + format_cell(float(value)) for value in interval)
    return f"{mean} [{low}, {high}]"


def formatted(row: Sequence[Cell]) -> list[str]:
    return [format_cell(cell) for cell in row]


def is_numeric(table: Table, index: int) -> bool:
    """Whether a column holds nothing but numbers and gaps."""
    cells = [row[index] for row in table.rows]
    return any(cell is not None for cell in cells) and not any(isinstance(cell, str) for cell in cells)


def markdown(text: str) -> str:
    """Text escaped so that it neither ends a cell nor is read as HTML."""
    return html.escape(single_spaced(text), quote=False).replace("\\", "\\\\").replace("|", "\\|")


def systems_at(results: JsonObject, dataset: str, scope: str, budget_tokens: int) -> dict[str, JsonObject]:
    """The systems of one measurement by name; empty if it was not measured."""
    wanted = (dataset, scope, budget_tokens)
    for result in results["results"]:
        if (result["dataset"], result["scope"], result["budget_tokens"]) == wanted:
            return {system["name"]: system for system in result["systems"]}
    return {}


def is_control(name: str) -> bool:
    """Whether a system only shows the result of chance or perfection."""
    return name in (RANDOM, ORACLE)


def family_of(name: str) -> tuple[str, bool]:
    """The kind of a system, and whether it is fused with BM25: `chunk-128+bm25` is ("chunk", True)."""
    return name.partition("+")[0].partition("-")[0], "+" in name


def order_systems(systems: dict[str, JsonObject]) -> list[str]:
    """Names by recall, best first; then systems without recall; controls last; ties by name."""
    recalls = {name: system.get("recall") for name, system in systems.items()}
    known = {name: recall for name, recall in recalls.items() if recall is not None and not math.isnan(recall)}
    return sorted(systems, key=lambda name: (is_control(name), -known.get(name, -1.0), name))


def marked(name: str, names: Sequence[str]) -> str:
    """The name, with a mark if it is the best of `names`, which are ordered."""
    return name + BEST_MARK if name == names[0] and not is_control(name) else name


def scopes_of(results: JsonObject) -> list[str]:
    """The scopes that were measured, the main one first."""
    found = {result["scope"] for result in results["results"]}
    return sorted(found, key=lambda scope: (scope != results["scope"], scope))


def sets_table(results: JsonObject) -> Table:
    """What was measured on."""
    rows = tuple((one["name"], one["num_documents"], one["num_tokens"], one["num_questions"]) for one in results["datasets"])
    return Table(title="Sets", columns=("set", "documents", "tokens", "questions"), rows=rows)


def results_tables(results: JsonObject) -> list[Table]:
    """All tables of a `results.json`: for each scope, recall by budget, recall by set and the other metrics; then costs
    and answers."""
    tables = []
    for scope in scopes_of(results):
        tables.append(budget_table(results, scope))
        if len(results["datasets"]) > 1:
            tables += [sets_recall_table(results, scope), best_baseline_table(results, scope)]
        tables.append(metrics_table(results, scope))
    tables.append(cost_table(results))
    return tables + reader_tables(results)


def budget_table(results: JsonObject, scope: str) -> Table:
    """Recall by system and budget, and how far the reference is above each system at the main budget."""
    dataset, reference, main = results["dataset"], results["reference"], results["budget_tokens"]
    by_budget = [systems_at(results, dataset, scope, budget) for budget in results["budgets"]]
    systems = systems_at(results, dataset, scope, main)
    names = order_systems(systems)
    differences = [format_difference(systems[name].get("ci95", {}).get("recall_difference")) for name in names]
    recalls = [[at.get(name, {}).get("recall") for at in by_budget] for name in names]
    rows = tuple((marked(name, names), *recall, difference) for name, recall, difference in zip(names, recalls, differences, strict=True))
    return Table(
        title=f"Recall by budget in tokens ({dataset}, scope {scope}; * best; difference paired, with its 95% interval)",
        columns=("system", *map(str, results["budgets"]), f"{reference} minus it at {main}"),
        rows=rows,
    )


def sets_recall_table(results: JsonObject, scope: str) -> Table:
    """Recall by system and set at the main budget."""
    main, sets = results["budget_tokens"], [one["name"] for one in results["datasets"]]
    by_set = [systems_at(results, dataset, scope, main) for dataset in (results["dataset"], *sets)]
    names = order_systems(by_set[0])
    rows = tuple((marked(name, names), *(systems.get(name, {}).get("recall") for systems in by_set)) for name in names)
    return Table(title=f"Recall by set at {main} tokens (scope {scope})", columns=("system", results["dataset"], *sets), rows=rows)


def best_baseline_table(results: JsonObject, scope: str) -> Table:
    """The reference against each set's best system without landmarks, at the main budget: shows where the reference
    loses."""
    reference, main, rows = results["reference"], results["budget_tokens"], []
    for one in results["datasets"]:
        systems = systems_at(results, one["name"], scope, main)
        others = [
            name for name in order_systems(systems) if name != reference and family_of(name)[0] != "landmark" and not is_control(name)
        ]
        best = systems[others[0]] if others else {}
        difference = format_difference(best.get("ci95", {}).get("recall_difference"))
        rows.append((one["name"], systems.get(reference, {}).get("recall"), best.get("name"), best.get("recall"), difference))
    title = f"Each set's best baseline in hindsight, recall at {main} tokens (scope {scope})"
    return Table(title=title, columns=("set", reference, "best baseline", "its recall", f"{reference} minus it"), rows=tuple(rows))


def metrics_table(results: JsonObject, scope: str) -> Table:
    """All metrics except recall by budget, at the main budget."""
    systems = systems_at(results, results["dataset"], scope, results["budget_tokens"])
    names = order_systems(systems)
    rows = tuple((marked(name, names), *(systems[name].get(key) for key, _ in RANK_COLUMNS)) for name in names)
    title = f"Other metrics ({results['dataset']}, scope {scope}; precision and IoU at {results['budget_tokens']} tokens)"
    return Table(title=title, columns=("system", *(column for _, column in RANK_COLUMNS)), rows=rows)


def cost_table(results: JsonObject) -> Table:
    """Each system's cost next to its recall, without the controls."""
    systems = systems_at(results, results["dataset"], results["scope"], results["budget_tokens"])
    names = [name for name in order_systems(systems) if not is_control(name)]
    sizes = [systems[name].get("bytes_per_1000_tokens") for name in names]  # whole bytes are exact enough
    columns = ("system", "recall", "bytes / 1000 tokens", "vectors / 1000 tokens", "index seconds", "ms / query")
    keys = ("vectors_per_1000_tokens", "index_seconds", "ms_per_query")
    rows = tuple(
        (marked(name, names), systems[name].get("recall"), None if size is None else round(size), *(systems[name].get(key) for key in keys))
        for name, size in zip(names, sizes, strict=True)
    )
    return Table(title=f"Cost ({results['dataset']}, scope {results['scope']})", columns=columns, rows=rows)


def reader_tables(results: JsonObject) -> list[Table]:
    """The answers that a language model gave from each system's context; empty if there was no reader."""
    reader = results.get("reader")
    if reader is None:
        return []
    retrieval = order_systems(systems_at(results, results["dataset"], results["scope"], results["budget_tokens"]))
    columns = ("system", "F1", "exact match", "abstained", "tokens read", "seconds", f"{results['reference']} minus its F1")
    tables = []
    for result in sorted(reader["results"], key=lambda result: result["dataset"] != results["dataset"]):  # the summary first
        systems = {system["name"]: system for system in result["systems"]}
        names = [name for name in retrieval if name in systems] + sorted(systems.keys() - set(retrieval))
        keys = ("f1", "exact_match", "abstained", "tokens_read", "seconds")
        differences = {name: format_difference(systems[name].get("ci95", {}).get("f1_difference")) for name in names}
        rows = tuple((name, *(systems[name].get(key) for key in keys), differences[name]) for name in names)
        title = (
            f"Answers of {reader['model']} at {reader['budget_tokens']} tokens ({result['dataset']}, {result['num_questions']} questions)"
        )
        tables.append(Table(title=title, columns=columns, rows=rows))
    return tables


def experiment_tables(experiment: JsonObject) -> list[Table]:
    """The tables of one experiment, as it wrote them. Raises `ValueError` when a row is not as long as the columns."""
    tables = []
    for table in experiment["tables"]:
        columns, rows = tuple(map(str, table["columns"])), tuple(tuple(row) for row in table["rows"])
        if any(len(row) != len(columns) for row in rows):
            raise ValueError(f"a row of the table {table['title']!r} is not as long as its columns")
        tables.append(Table(title=table["title"], columns=columns, rows=rows))
    return tables
