"""Tables, figures and the report of an evaluation folder, and `lmkindex plot`, on small made-up JSON."""

from __future__ import annotations

import base64
import io
import json
import math
import re
import subprocess
import sys
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmkindex.errors import UsageError
from lmkindex.evaluate import experiment_tables, publish, render_text, results_tables
from lmkindex.evaluate.figures import MAX_SYSTEMS, chosen_systems, results_figures
from lmkindex.evaluate.html_report import headline, slug
from lmkindex.evaluate.result_tables import (
    Table,
    family_of,
    format_cell,
    format_difference,
    order_systems,
    render_html,
    render_markdown,
    sets_table,
)
from lmkindex.plots import FACES, GREYS, HATCHES, LINES, MARKERS, compact, draw_figure, make_figure, spread
from lmkindex.records import JsonObject
from lmkindex.storage import write_whole
from lmkindex_cli.main import main

BUDGETS = [128, 512]
SETS = ["squad<b>", "faq & co"]
RECALLS = {
    "bm25-context": 0.4, "chunk-128": 0.5, "chunk-256": 0.45, "landmark-auto": 0.55, "landmark-3": 0.52, "isolated": 0.3, "late-256": 0.35,
    "chunk-128+bm25": 0.6, "landmark-auto+bm25": 0.58, "random": 0.05, "oracle": 1.0,
}  # fmt: skip
text_cells = st.text(st.characters(codec="utf-8"), max_size=12)


def system(name: str, recall: float, reference: str) -> JsonObject:
    """A system as `evaluate` writes it; its difference is exact, with an interval of 0.02 on both sides."""
    difference = RECALLS[reference] - RECALLS[name]
    others = {} if name == reference else {"recall_difference": [difference, difference - 0.02, difference + 0.02]}
    cost = {"ms_per_query": 1.5, "index_seconds": 2.0, "index_bytes": 100, "vectors_per_1000_tokens": 40.25}
    ranks = {f"recall_at_{rank}": recall for rank in (1, 5, 10)}
    figures = {"precision": recall / 4, "iou": recall / 5, "mrr": recall / 2, "hit_boundary": recall / 3}
    ci95 = {"recall": [recall - 0.03, recall + 0.03]} | others
    size = 1234.4 if "chunk" in name else 30000
    return {"name": name, "recall": recall, "ci95": ci95, "bytes_per_1000_tokens": size} | figures | ranks | cost


def make_results(reference: str = "landmark-auto") -> JsonObject:
    """Two sets and their macro mean, two scopes, two budgets, and a reader."""
    results = []
    for scope in ("corpus", "document"):
        for dataset in [*SETS, "macro"]:
            for place, budget in enumerate(BUDGETS):
                factor = (0.5 + 0.5 * place) * (0.9 if dataset == SETS[0] else 1.0)
                systems = [system(name, recall * factor if name != "oracle" else 1.0, reference) for name, recall in RECALLS.items()]
                results.append({"dataset": dataset, "scope": scope, "budget_tokens": budget, "num_questions": 20, "systems": systems})
    answers = [{"name": name, "f1": 0.25, "exact_match": 0.1, "tokens_read": 500.5, "seconds": 1.0, "abstained": 0.0} for name in RECALLS]
    reader = [{"dataset": dataset, "num_questions": 5, "systems": answers} for dataset in (SETS[0], "macro")]
    return {
        **next(one for one in results if (one["dataset"], one["scope"], one["budget_tokens"]) == ("macro", "corpus", 512)),
        "created": "2026-11-23T18:00:00", "version": "0.1.0", "reference": reference, "encoder": {"name": "tiny", "fingerprint": "ab" * 32},
        "baseline_encoder": None, "budgets": BUDGETS,
        "datasets": [{"name": name, "num_documents": 3, "num_tokens": 4000, "num_questions": 10} for name in SETS], "results": results,
        "reader": {"budget_tokens": 512, "model": "smol", "max_answer_tokens": 8, "results": reader},
    }  # fmt: skip


def lines_spec(names: list[str], **changes: Any) -> JsonObject:
    """A figure of lines with an interval each, every line above the one before."""
    series = [
        {"name": name, "x": [1, 10, 100], "y": [place, place + 1, place + 2], "low": [place - 0.2] * 3, "high": [place + 3] * 3}
        for place, name in enumerate(names)
    ]
    labels = {"title": "A title", "x_label": "x", "y_label": "y", "x_log": False, "y_log": False, "x_categories": None}
    return {"name": "lines", "kind": "lines", **labels, "series": series} | changes


def bars_spec(names: list[str], num_groups: int = 2) -> JsonObject:
    groups = list(range(num_groups))
    series = [{"name": name, "x": groups, "y": [0.5] * num_groups, "low": [0.4] * num_groups, "high": None} for name in names]
    for one in series:
        one["high"] = [0.45] * num_groups  # below y, as a rounded interval may be
    return lines_spec(names) | {"name": "bars", "kind": "bars", "x_categories": [f"set_{group}" for group in groups], "series": series}


def make_experiment(name: str = "seams", **changes: Any) -> JsonObject:
    table = {"title": "Cosine <i>", "columns": ["distance", "mean"], "rows": [[16, 0.5], ["all & more", None]]}
    figure = lines_spec(["<b>bold</b>", "R&D"]) | {"name": f"{name}-distance"}
    return {
        "experiment": name, "title": f"The {name} <script>alert(1)</script>", "question": "Is 1 < 2?",
        "settings": {"seed": 1, "note": "<x>"}, "tables": [table], "figures": [figure],
        "verdict": "Yes & no.", "seconds": 1.5, "created": "2026-11-23T18:10:00",
    } | changes  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An evaluation folder with results and one experiment."""
    made = tmp_path / "evaluation"
    (made / "experiments").mkdir(parents=True)
    (made / "results.json").write_text(json.dumps(make_results()), "utf-8")
    (made / "experiments" / "seams.json").write_text(json.dumps(make_experiment()), "utf-8")
    return made


def pixels(data: bytes) -> Any:
    """A PNG as an array [height, width, 4], 0..1. Fails if it is not a valid PNG."""
    from matplotlib.image import imread

    return imread(io.BytesIO(data), format="png")


# Tables


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (0.444, ".444"), (-0.0125, "-.013"), (-0.0001, ".000"), (0.0, ".000"), (1.0, "1.000"), (12.3456, "12.346"), (-10.5, "-10.500"),
        (1234.56, "1235"), (7, "7"), (1_000_000, "1000000"), (None, "-"), (math.nan, "-"), ("0.5", "0.5"), (True, "yes"),
    ],
)  # fmt: skip
def test_cells_are_short(cell: Any, text: str) -> None:
    assert format_cell(cell) == text


def test_differences_have_signs() -> None:
    assert format_difference([0.0121, -0.003, 0.027]) == "+.012 [-.003, +.027]"
    assert format_difference(None) is None


def test_text_and_markdown_of_a_table() -> None:
    table = Table(title="T", columns=("system", "recall", "note"), rows=(("a|b", 0.5, "x"), ("longer", None, "a\nb")))
    assert render_text(table).splitlines() == [
        "T",
        "",
        "system  recall  note",
        "------  ------  ----",
        "a|b       .500  x",
        "longer       -  a b",
    ]
    assert render_markdown(table).splitlines() == [
        "**T**",
        "",
        "| system | recall | note |",
        "| --- | ---: | --- |",
        "| a\\|b | .500 | x |",
        "| longer | - | a b |",
    ]


class Cells(HTMLParser):
    """The texts of a table's cells, and every tag that was met."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.cells: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag in {"td", "th"}:
            self.cells.append("")

    def handle_data(self, data: str) -> None:
        if self.cells:
            self.cells[-1] += data


@given(st.lists(st.tuples(text_cells, st.one_of(text_cells, st.none(), st.floats(), st.integers())), max_size=4), text_cells)
def test_every_form_keeps_every_cell(rows: list[tuple[Any, ...]], title: str) -> None:
    table = Table(title=title, columns=("<b>", "a&b"), rows=tuple(rows))
    text = render_text(table).split("\n")
    assert len(text) == len(rows) + 4  # title, blank, columns, rule
    assert all(re.fullmatch(r"\|( (?:[^|\\]|\\.)* \|){2}", line) for line in render_markdown(table).split("\n")[2:])
    parser = Cells()
    parser.feed(render_html(table))
    wanted = ["<b>", "a&b", *(format_cell(cell) for row in rows for cell in row)]
    # Markup that is read again turns carriage returns and a few control characters into others: compare what is left.
    kept = [[letter for letter in cell if letter.isprintable()] for cell in wanted]
    assert [[letter for letter in cell.rstrip("\n") if letter.isprintable()] for cell in parser.cells] == kept
    assert parser.tags <= {"table", "caption", "thead", "tbody", "tr", "th", "td"}


def test_families() -> None:
    assert family_of("chunk-64-overlap+bm25") == ("chunk", True)
    assert family_of("isolated") == ("isolated", False)


def test_controls_are_last_and_the_unknown_before_them() -> None:
    recalls = {"oracle": 1.0, "b": 0.5, "a": 0.5, "c": 0.9, "unknown": None, "nan": math.nan, "random": 0.1}
    systems = {name: {"name": name, "recall": recall} for name, recall in recalls.items()}
    assert order_systems(systems) == ["c", "a", "b", "nan", "unknown", "oracle", "random"]


def test_tables_of_results() -> None:
    results = make_results()
    tables = results_tables(results)
    by_budget, by_set, best, metrics = tables[:4]
    assert by_budget.columns == ("system", "128", "512", "landmark-auto minus it at 512")
    assert by_budget.rows[0] == ("chunk-128+bm25 *", 0.3, 0.6, "-.050 [-.070, -.030]")
    assert [row[0] for row in by_budget.rows[-2:]] == ["oracle", "random"]
    assert next(row for row in by_budget.rows if row[0] == "landmark-auto")[-1] is None
    assert by_set.columns == ("system", "macro", *SETS)
    assert by_set.rows[0] == ("chunk-128+bm25 *", 0.6, 0.6 * 0.9, 0.6)
    assert best.rows[1] == (SETS[1], 0.55, "chunk-128+bm25", 0.6, "-.050 [-.070, -.030]")
    assert metrics.columns[1:] == ("precision", "IoU", "MRR", "hit boundary", "recall@1", "recall@5", "recall@10")
    assert "scope document" in tables[4].title  # the other scope comes after the main one
    cost = next(table for table in tables if table.title.startswith("Cost"))
    assert cost.rows[0] == ("chunk-128+bm25 *", 0.6, 1234, 40.25, 2.0, 1.5)
    assert not {"oracle", "random"} & {row[0] for row in cost.rows}
    answers = [table for table in tables if table.title.startswith("Answers")]
    assert ["macro" in table.title for table in answers] == [True, False]
    assert answers[0].rows[0] == ("chunk-128+bm25", 0.25, 0.1, 0.0, 500.5, 1.0, None)
    assert all(len(row) == len(table.columns) for table in tables for row in table.rows)
    assert sets_table(results).rows == tuple((name, 3, 4000, 10) for name in SETS)


def test_one_set_has_no_table_by_set() -> None:
    results = make_results()
    results |= {"dataset": SETS[0], "datasets": results["datasets"][:1], "reader": None}
    titles = [table.title for table in results_tables(results)]
    assert not any("by set" in title or "Answers" in title for title in titles)
    assert sum("Recall by budget" in title for title in titles) == 2


def test_an_experiment_with_a_short_row_is_refused() -> None:
    assert experiment_tables(make_experiment())[0].rows == ((16, 0.5), ("all & more", None))
    with pytest.raises(ValueError, match="not as long"):
        experiment_tables(make_experiment(tables=[{"title": "t", "columns": ["a", "b"], "rows": [[1]]}]))


def test_the_headline_counts_wins_and_losses() -> None:
    text = headline(make_results())
    assert "chunk-128+bm25 has the best recall, .600; landmark-auto has .550" in text
    assert "above 6 of 8 other systems, below 2, and not clearly different from 0" in text


# Figures


@pytest.mark.parametrize("spec", [lines_spec(["a", "b"]), lines_spec([f"s{i}" for i in range(40)]), bars_spec(["a", "b"], 5)])
def test_a_png_is_sensible_and_always_the_same(spec: JsonObject, tmp_path: Path) -> None:
    first, second = tmp_path / "deep" / "1.png", tmp_path / "2.png"
    draw_figure(spec, first)
    draw_figure(spec, second)
    assert first.read_bytes() == second.read_bytes()
    assert b"matplotlib" not in first.read_bytes().lower()
    image = pixels(first.read_bytes())
    assert 500 <= image.shape[0] <= 2000
    assert 800 <= image.shape[1] <= 3000
    is_dark = image[..., :3].mean(axis=2) < 0.7
    assert 0.005 < is_dark.mean() < 0.5  # something is drawn, on white
    assert (image[:4, :, :3] > 0.99).all()
    assert image[..., :3].std(axis=2).max() < 0.01  # greys only
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["1.png", "2.png", "deep"]


@pytest.mark.parametrize("make", [lines_spec, bars_spec])
@pytest.mark.parametrize("count", [1, 6, 7, 45])
def test_the_legend_names_every_series(make: Any, count: int) -> None:
    names = ["_hidden", "<b> & $x$ and $y$", "日本", *(f"s{i}" for i in range(42))][:count]
    canvas = make_figure(make(names))
    (legend,) = canvas.legends
    assert sorted(text.get_text() for text in legend.get_texts()) == sorted(names)
    assert len(legend.legend_handles) == count
    assert not any(text.get_parse_math() for text in legend.get_texts())


def test_a_long_name_is_wrapped_and_not_cut() -> None:
    (legend,) = make_figure(lines_spec(["x" * 90])).legends
    assert legend.get_texts()[0].get_text().replace("\n", "") == "x" * 90


@pytest.mark.parametrize("make", [lines_spec, bars_spec])
@pytest.mark.parametrize("count", [3, 9, 45])
def test_nothing_runs_over_the_edge_or_into_the_legend(make: Any, count: int) -> None:
    title = "MEASURED recall of WIDE words, with a set's long name in it: " + "tydiqa_en_dev " * 4
    canvas = make_figure(make([f"landmark-surround-{i}+bm25-context" for i in range(count)]) | {"title": title})
    canvas.draw_without_rendering()
    legend, heading = canvas.legends[0].get_window_extent(), canvas.axes[0].title.get_window_extent()
    assert not legend.overlaps(heading)
    assert not legend.overlaps(canvas.axes[0].get_window_extent())
    for box in (legend, heading, canvas.axes[0].get_tightbbox()):
        assert box.x0 >= -1
        assert box.y0 >= -1
        assert box.x1 <= canvas.bbox.x1 + 1
        assert box.y1 <= canvas.bbox.y1 + 1


def test_the_legend_beside_stands_as_the_lines_end() -> None:
    names = [f"s{i}" for i in range(8)]
    (beside,) = make_figure(lines_spec(names)).legends
    assert [text.get_text() for text in beside.get_texts()] == names[::-1]
    (below,) = make_figure(lines_spec(names[:3])).legends
    assert [text.get_text() for text in below.get_texts()] == names[:3]


def test_the_first_forty_series_differ_without_colour() -> None:
    axes = make_figure(lines_spec([f"s{i}" for i in range(40)])).axes[0]
    lines = [line for line in axes.lines if line.get_marker() in MARKERS]
    assert len({(line.get_marker(), LINES[index % len(LINES)]) for index, line in enumerate(lines)}) == 40
    assert len({(line.get_marker(), line.get_color()) for line in lines}) == 40
    assert len({(FACES[index % len(FACES)], HATCHES[index % len(HATCHES)]) for index in range(40)}) == 40
    levels = sorted(map(float, GREYS))
    assert min(high - low for low, high in pairwise(levels)) > 0.1


def test_what_is_drawn_is_what_was_given() -> None:
    spec = lines_spec(["a", "b"])
    axes = make_figure(spec).axes[0]
    assert [list(line.get_ydata()) for line in axes.lines] == [one["y"] for one in spec["series"]]
    assert len(axes.collections) == 2  # a band each
    bars = make_figure(bars_spec(["a", "b", "c"], 4)).axes[0]
    assert [patch.get_height() for patch in bars.patches] == [0.5] * 12
    assert [label.get_text() for label in bars.get_xticklabels()] == ["set_0", "set_1", "set_2", "set_3"]


def test_scales_and_gaps(tmp_path: Path) -> None:
    spec = lines_spec([f"s{i}" for i in range(5)], x_log=True, y_log=True)
    axes = make_figure(spec).axes[0]
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "symlog")  # a y of zero stays visible
    assert list(axes.get_xticks()) == [1, 10, 100]
    for one in spec["series"]:
        one["y"] = [None, math.nan, None]
    draw_figure(spec, tmp_path / "gaps.png")
    point = lines_spec(["point"])
    point["series"][0] |= {"x": [5], "y": [0.5], "low": None, "high": None}
    (line,) = make_figure(point).axes[0].lines
    assert (line.get_linestyle(), line.get_marker()) == ("None", MARKERS[0])


@pytest.mark.parametrize("changes", [{"kind": "pie"}, {"series": []}])
def test_a_figure_of_another_kind_is_refused(changes: JsonObject, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="lines"):
        draw_figure(lines_spec(["a"]) | changes, tmp_path / "x.png")
    assert list(tmp_path.iterdir()) == []


@given(st.lists(st.lists(st.floats(1e-3, 1e6), min_size=1, max_size=5, unique=True).map(sorted), min_size=1, max_size=15), st.booleans())
def test_spreading_moves_x_a_little_and_keeps_its_order(places: list[list[float]], is_log: bool) -> None:
    moved = spread(places, is_log=is_log)
    scale = math.log if is_log else float
    known = sorted({scale(x) for series in places for x in series})
    width = known[-1] - known[0]
    assert [len(series) for series in moved] == [len(series) for series in places]
    for before, after in zip(places, moved, strict=True):
        assert after == sorted(after)
        assert all(abs(scale(new) - scale(old)) <= 0.031 * width + 1e-9 for old, new in zip(before, after, strict=True))


def test_ticks_are_plain_numbers() -> None:
    assert [compact(value) for value in (0, 0.3, 128, 2048, 16000, 65536, 1e6, 2.5e6)] == [
        "0", "0.3", "128", "2048", "16k", "65.54k", "1M", "2.5M",
    ]  # fmt: skip


def test_chosen_systems_compare_like_with_like() -> None:
    names = order_systems({name: {"recall": recall} for name, recall in RECALLS.items()})[:-2]
    dense = chosen_systems(names, "landmark-auto", is_hybrid=False)
    assert dense[0] == "landmark-auto"
    assert set(dense) == {"landmark-auto", "landmark-3", "chunk-128", "bm25-context", "isolated", "late-256"}
    hybrid = chosen_systems(names, "landmark-auto", is_hybrid=True)
    assert set(hybrid) == {"landmark-auto", "landmark-auto+bm25", "chunk-128+bm25", "bm25-context"}
    crowd = [*(f"landmark-{i}" for i in range(30)), "chunk-64"]
    assert len(chosen_systems(crowd, "landmark-29", is_hybrid=False)) == MAX_SYSTEMS
    assert {"landmark-29", "chunk-64"} < set(chosen_systems(crowd, "landmark-29", is_hybrid=False))


def test_figures_of_results() -> None:
    figures = {figure["name"]: figure for figure in results_figures(make_results())}
    assert list(figures) == ["recall-by-budget", "recall-by-budget-hybrid", "recall-by-set", "recall-by-cost"]
    first = figures["recall-by-budget"]["series"][0]
    assert (first["name"], first["x"], first["y"]) == ("landmark-auto", BUDGETS, [0.55 / 2, 0.55])
    by_set = figures["recall-by-set"]
    assert by_set["x_categories"] == [*SETS, "macro"]
    assert [one["name"] for one in by_set["series"]] == [
        "landmark-auto", "landmark-auto+bm25", "chunk-128", "chunk-128+bm25", "bm25-context",
    ]  # fmt: skip
    assert by_set["series"][0]["low"] == pytest.approx([0.495 - 0.03, 0.52, 0.52])
    points = {one["name"]: (one["x"], one["y"]) for one in figures["recall-by-cost"]["series"]}
    assert points["chunk-128"] == ([1234.4], [0.5])
    shown = {one["name"] for figure in figures.values() for one in figure["series"]}
    assert not {"random", "oracle"} & shown
    assert json.loads(json.dumps(figures)) == figures  # in the same form as an experiment's


def test_drawing_leaves_no_state(tmp_path: Path) -> None:
    import matplotlib

    before = dict(matplotlib.rcParams)
    draw_figure(lines_spec(["a"]), tmp_path / "plain.png")
    with matplotlib.rc_context({"axes.facecolor": "red", "font.size": 30}):
        draw_figure(lines_spec(["a"]), tmp_path / "user.png")
    assert dict(matplotlib.rcParams) == before
    assert (tmp_path / "plain.png").read_bytes() == (tmp_path / "user.png").read_bytes()


def test_without_matplotlib_the_user_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(UsageError, match="pip install matplotlib"):
        draw_figure(lines_spec(["a"]), tmp_path / "x.png")


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    (tmp_path / "report.html").mkdir()  # cannot be replaced by a file
    with pytest.raises(OSError):
        write_whole(tmp_path / "report.html", b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


# The report


def test_the_report_is_one_safe_file(folder: Path) -> None:
    path = publish(folder).report
    assert path == folder / "report.html"
    page = path.read_text("utf-8")
    assert all(target.startswith(("data:image/png;base64,", "#")) for target in re.findall(r"""(?:src|href)\s*=\s*["']?([^"'>]*)""", page))
    assert not re.search(r"https?:|url\(|@import|<script|<link", page)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    for raw, escaped in (("<b>bold</b>", "&lt;b&gt;bold&lt;/b&gt;"), ("faq & co", "faq &amp; co"), ("Cosine <i>", "Cosine &lt;i&gt;")):
        assert raw not in page
        assert escaped in page
    for text in ("Is 1 &lt; 2?", "Yes &amp; no.", "2026-11-23T18:00:00", "0.1.0", "tiny (abababababab)", "chunk-128+bm25 *", "&lt;x&gt;"):
        assert text in page
    assert page.count("<table>") == 1 + len(results_tables(make_results())) + 1
    images = [base64.b64decode(data) for data in re.findall(r'src="data:image/png;base64,([^"]+)"', page)]
    assert len(images) == 5
    assert sorted(images) == sorted(figure.read_bytes() for figure in (folder / "figures").iterdir())
    assert all(pixels(image).shape[2] == 4 for image in images)
    assert "prefers-color-scheme: dark" in page
    assert "@media print" in page
    again = path.read_bytes()
    assert publish(folder).report.read_bytes() == again
    assert sorted(entry.name for entry in folder.iterdir()) == ["experiments", "figures", "report.html", "results.json"]


def test_experiments_alone_make_a_report_in_reading_order(folder: Path) -> None:
    (folder / "results.json").unlink()
    for name in ("budget", "scatter", "own"):
        same_figure = [lines_spec(["a"]) | {"name": "../Same name"}]
        (folder / "experiments" / f"{name}.json").write_text(json.dumps(make_experiment(name, figures=same_figure)), "utf-8")
    published = publish(folder)
    page = published.report.read_text("utf-8")
    assert re.findall(r'<section id="(\w+)">', page) == ["seams", "scatter", "budget", "own"]
    assert [path.relative_to(folder).as_posix() for path in published.figures] == [
        "figures/seams-distance.png", "figures/same-name.png", "figures/same-name-2.png", "figures/same-name-3.png",
    ]  # fmt: skip


@given(st.text())
def test_a_slug_is_a_safe_name(name: str) -> None:
    assert re.fullmatch(r"[a-z0-9_-](?:[a-z0-9._-]*[a-z0-9_])?", slug(name))


# The command


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_plot_prints_what_it_wrote(here: Path, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plot"]) == 0  # ./evaluation
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == f"report  {Path('evaluation', 'report.html')}"
    assert len(lines) == 6
    assert main(["plot", str(folder), "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert list(printed) == ["figures", "report"]
    assert Path(printed["report"]).is_file()
    assert all(pixels(Path(path).read_bytes()).size for path in printed["figures"])
    assert printed["figures"][0] == str(folder / "figures" / "recall-by-budget.png")


def test_plot_without_an_evaluation(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plot", "nowhere"]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "run `lmkindex evaluate --output nowhere` first" in printed.err
    assert not (here / "nowhere").exists()


@pytest.mark.parametrize("content", ["{", "[]", "{}", "\xff", '{"results": 1}', '{"results": [], "datasets": 3}', "[" * 100_000])
@pytest.mark.parametrize("name", ["results.json", "experiments/seams.json"])
def test_plot_names_the_file_that_is_wrong(here: Path, folder: Path, name: str, content: str, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / name).write_bytes(content.encode("latin-1"))
    assert main(["plot", "evaluation"]) == 2
    error = capsys.readouterr().err
    assert str(Path("evaluation", name)) in error
    assert "run it again" in error
    assert not (folder / "report.html").exists()


def test_help_of_plot_imports_nothing_heavy() -> None:
    heavy = {"matplotlib", "numpy", "torch"}
    code = f"import sys; from lmkindex_cli.main import main; main(['plot', '--help']); sys.exit(', '.join({heavy} & set(sys.modules)) or 0)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (found.returncode, found.stderr) == (0, "")
    assert "lmkindex plot evaluation" in found.stdout


def test_drawing_does_not_import_pyplot(folder: Path) -> None:
    code = f"import sys; from lmkindex_cli.main import main; main(['plot', {str(folder)!r}]); sys.exit('matplotlib.pyplot' in sys.modules)"
    found = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)
    assert (found.returncode, found.stderr) == (0, "")
    assert (folder / "report.html").is_file()
