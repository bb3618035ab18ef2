"""`report.html` of an evaluation folder: what was measured, the tables and figures of `results.json` and of every
experiment, in one file.

Reads the JSON that `lmkindex evaluate` saved; writes `figures/NAME.png` and the page. The page embeds its figures, runs
no script and loads nothing. Equal JSON gives equal bytes.
"""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ..errors import UsageError
from ..plots import draw_figure
from ..records import JsonObject
from ..storage import write_whole
from .figures import results_figures
from .records import EXPERIMENTS
from .result_tables import (
    Table,
    experiment_tables,
    format_cell,
    is_control,
    order_systems,
    render_html,
    results_tables,
    sets_table,
    systems_at,
)

POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
STYLE = """
:root { color-scheme: light dark; --text: #1a1a1a; --soft: #595959; --ground: #fff; --line: #d4d4d4; --mark: #eef1f4; }
@media (prefers-color-scheme: dark) { :root { --text: #e6e6e6; --soft: #a6a6a6; --ground: #16181b; --line: #3a3f45; --mark: #262b31; } }
body { margin: 0 auto; max-width: 72rem; padding: 1.5rem 1rem 4rem; background: var(--ground); color: var(--text);
  font: 1rem/1.5 system-ui, sans-serif; }
h1, h2 { line-height: 1.2; } h2 { margin-top: 3rem; border-bottom: 1px solid var(--line); padding-bottom: .3rem; }
p { max-width: 46rem; } .verdict { border-left: .25rem solid var(--text); padding-left: .8rem; }
dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .1rem 1rem; } dt, figcaption { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; } nav a { color: inherit; margin-right: 1rem; }
.scroll { overflow-x: auto; margin: 1.5rem 0; }
table { border-collapse: collapse; font-size: .85rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: 600; padding-bottom: .4rem; }
th, td { text-align: left; font-weight: normal; padding: .15rem .7rem; white-space: nowrap; }
thead th { border-bottom: 1px solid var(--text); color: var(--soft); vertical-align: bottom; }
tbody tr { border-bottom: 1px solid var(--line); }
tbody th { position: sticky; left: 0; background: var(--ground); } .n { text-align: right; }
.best, .best th { background: var(--mark); font-weight: 600; } .best th, .best td { font-weight: 600; }
figure { margin: 1.5rem 0; } figure img { max-width: 100%; height: auto; background: #fff; padding: .5rem; box-sizing: border-box; }
figcaption { font-size: .8rem; }
@media print { :root { --text: #000; --soft: #444; --ground: #fff; --line: #bbb; --mark: #eee; } body { max-width: none; padding: 0; }
  nav { display: none; } .scroll { overflow: visible; } table { font-size: 6.5pt; } th, td { padding: .05rem .3rem; white-space: normal; }
  thead th { overflow-wrap: anywhere; }
  tr, figure, dl { break-inside: avoid; } h2, caption { break-after: avoid; } thead { display: table-header-group; } }
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """The files that were written."""

    report: Path
    figures: tuple[Path, ...]


def publish(folder: Path) -> Published:
    """Draw all figures of an evaluation folder and write its report. Raises `UsageError` if there is nothing to report,
    a file does not have the form that `lmkindex evaluate` writes, or matplotlib is missing."""
    results, experiments = read_evaluation(folder)
    figures: dict[Path, None] = {}
    sections = []
    if results is not None:
        with naming(folder / "results.json"):
            drawn = draw_all(folder, results_figures(results), figures)
            sections.append(results_section(results, drawn))
    for path, experiment in experiments:
        with naming(path):
            drawn = draw_all(folder, experiment["figures"], figures)
            sections.append(experiment_section(path.stem, experiment, drawn))
    links = "".join(f'<a href="#{slug(path.stem)}">{html.escape(str(experiment["title"]))}</a>' for path, experiment in experiments)
    body = "\n".join(["<h1>lmkindex evaluation</h1>", f"<nav>{links}</nav>", *sections])
    report = folder / "report.html"
    write_whole(report, page("lmkindex evaluation", body).encode("utf-8", "replace"))
    return Published(report=report, figures=tuple(figures))


def read_evaluation(folder: Path) -> tuple[JsonObject | None, list[tuple[Path, JsonObject]]]:
    """`results.json`, if it is there, and the experiments with their paths. Raises `UsageError` when there is
    neither."""
    known = {name: place for place, name in enumerate(EXPERIMENTS)}
    paths = sorted((folder / "experiments").glob("*.json"), key=lambda path: (known.get(path.stem, len(known)), path.name))
    results_path = folder / "results.json"
    if not results_path.is_file() and not paths:
        raise UsageError(f"{folder} holds no results.json and no experiments: run `lmkindex evaluate --output {folder}` first.")
    return read_saved(results_path) if results_path.is_file() else None, [(path, read_saved(path)) for path in paths]


def read_saved(path: Path) -> JsonObject:
    """A JSON object from a file. Raises a `UsageError` that names the file."""
    with naming(path):
        found = json.loads(path.read_bytes())
        if not isinstance(found, dict):
            raise ValueError("it is not a JSON object")
        return found


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Name the file in the error if it cannot be read or does not have the form that this version writes."""
    try:
        yield
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
        what = f"there is no {error}" if isinstance(error, KeyError) else str(error)
        raise UsageError(
            f"{path} is not in the form that this version of `lmkindex evaluate` writes ({what}): run it again, or move the file away."
        ) from error


def draw_all(folder: Path, specs: Sequence[JsonObject], taken: dict[Path, None]) -> list[tuple[JsonObject, Path]]:
    """Draw each spec as `figures/NAME.png`; a name already in use gets a number. Adds the paths to `taken`."""
    drawn = []
    for spec in specs:
        name = slug(spec["name"])
        names = [name, *(f"{name}-{number}" for number in range(2, len(taken) + 3))]
        path = next(path for path in (folder / "figures" / f"{one}.png" for one in names) if path not in taken)
        draw_figure(spec, path)
        taken[path] = None
        drawn.append((spec, path))
    return drawn


def slug(name: str) -> str:
    """A name that is safe in file names and links."""
    return re.sub(r"[^a-z0-9._-]+", "-", name.lower()).strip(".-") or "figure"


def results_section(results: JsonObject, drawn: Sequence[tuple[JsonObject, Path]]) -> str:
    """What was measured, the result in a sentence, figures and tables."""
    facts: JsonObject = {
        "measured": results["created"],
        "version": results["version"],
        "encoder": encoder_name(results["encoder"]),
        "encoder of the baselines": encoder_name(results["baseline_encoder"]),
        "reference": results["reference"],
        "sets": ", ".join(one["name"] for one in results["datasets"]),
        "questions": sum(one["num_questions"] for one in results["datasets"]),
        "budgets in tokens": ", ".join(map(str, results["budgets"])) + f" (main: {results['budget_tokens']})",
    }
    parts = [verdict(headline(results)), verdict(LEGEND), fact_list(facts), *map(table_html, [sets_table(results)])]
    return "\n".join(["<section>", *parts, *(figure_html(*one) for one in drawn), *map(table_html, results_tables(results)), "</section>"])


LEGEND = (
    "Every system ranks pieces of the same texts; pieces are read until the token budget is used up. Recall, precision and IoU are "
    "shares of the evidence's characters. MRR, recall@k and hit boundary look at the ranked pieces themselves: large pieces touch "
    "evidence more easily, so do not compare these three between sizes of piece. landmark-N: a hit with the sentences before it, N"
    " in all; auto: as many as pay off; late-sentence: means of token states in the same windows, which for an encoder without "
    "landmarks (pooling sentence_mean) are the same vectors as landmark-1; isolated: each sentence encoded alone; NAME+bm25: fused"
    " with BM25 over the same pieces, +bm25-context with BM25 over sentences and the two before them, which is what `search "
    "--hybrid` does; random and oracle: chance, and the evidence itself."
)


def headline(results: JsonObject) -> str:
    """The best system, and how many systems the reference is above, below, or not clearly different from."""
    reference, main, scope = results["reference"], results["budget_tokens"], results["scope"]
    systems = systems_at(results, results["dataset"], scope, main)
    names = [name for name in order_systems(systems) if not is_control(name)]
    if not names:
        return "No system was measured at the main budget."
    best = f"At {main} tokens (scope {scope}) {names[0]} has the best recall, {format_cell(systems[names[0]].get('recall'))}"
    if reference not in systems:
        return f"{best}."
    intervals = [systems[name].get("ci95", {}).get("recall_difference") for name in names if name != reference]
    ends = [(interval[1], interval[2]) for interval in intervals if interval is not None]
    above, below = sum(low > 0 for low, _ in ends), sum(high < 0 for _, high in ends)
    return (
        f"{best}; {reference} has {format_cell(systems[reference].get('recall'))}. By paired 95% intervals {reference} is above {above} of"
        f" {len(ends)} other systems, below {below}, and not clearly different from {len(ends) - above - below}."
    )


def encoder_name(encoder: JsonObject | None) -> str:
    return "-" if encoder is None else f"{encoder['name']} ({encoder['fingerprint'][:12]})"


def experiment_section(name: str, experiment: JsonObject, drawn: Sequence[tuple[JsonObject, Path]]) -> str:
    """One experiment: question, verdict, figures, tables, and how it was run."""
    settings = {key: value if isinstance(value, str) else json.dumps(value) for key, value in experiment["settings"].items()}
    facts = settings | {"measured": experiment["created"], "seconds": experiment["seconds"]}
    return "\n".join(
        [
            f'<section id="{slug(name)}"><h2>{html.escape(str(experiment["title"]))}</h2>',
            f"<p>{html.escape(str(experiment['question']))}</p>",
            verdict(experiment["verdict"]),
            *(figure_html(*one) for one in drawn),
            *map(table_html, experiment_tables(experiment)),
            fact_list(facts),
            "</section>",
        ]
    )


def verdict(text: str) -> str:
    return f'<p class="verdict">{html.escape(str(text))}</p>'


def fact_list(facts: JsonObject) -> str:
    """Names and values, one pair per line."""
    return f"<dl>{''.join(f'<dt>{html.escape(name)}</dt><dd>{html.escape(str(value))}</dd>' for name, value in facts.items())}</dl>"


def table_html(table: Table) -> str:
    """A table that scrolls on its own when the page is narrow."""
    return f'<div class="scroll" tabindex="0">{render_html(table)}</div>'


def figure_html(spec: JsonObject, path: Path) -> str:
    """A figure embedded in the page; its alt text names the series."""
    data = base64.b64encode(path.read_bytes()).decode("ascii")
    told = html.escape(f"{spec['title']}. Series: {', '.join(one['name'] for one in spec['series'])}.")
    caption = html.escape(f"{path.parent.name}/{path.name}")
    return f'<figure><img src="data:image/png;base64,{data}" alt="{told}"><figcaption>{caption}</figcaption></figure>'


def page(title: str, body: str) -> str:
    """The whole document."""
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{html.escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )
