"""Generic specs (from an experiment's JSON or `figures.py`) -> the figures of an evaluation, as PNGs. Knows no systems.

Readable in black and white: a series is identified by its marker and line, or its grey and hatch, never by a hue.
Leaves no state behind in matplotlib; equal specs give equal bytes. A malformed spec raises `KeyError`, `TypeError` or
`ValueError`.
"""

from __future__ import annotations

import io
import math
import textwrap
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Any

from .display import single_spaced
from .errors import UsageError
from .records import JsonObject
from .storage import write_whole

DPI = 144
MAX_BELOW = 6  # up to this many series, the legend is below the figure; with more it is next to it
MAX_BANDS = 3  # up to this many intervals are drawn as bands; more would cover each other and are drawn as bars
LEGEND_ROWS = 40
LEGEND_ROW_IN, LETTER_IN, TITLE_LETTER_IN = 0.168, 0.074, 0.086  # in inches, a little more than the fonts need
# 12 markers with 5 lines and greys give 60 different series, since 5 and 12 share no factor; there are 44 kinds of
# bars.
MARKERS = ("o", "s", "^", "D", "v", "X", "P", "<", ">", "p", "h", "*")
LINES: tuple[Any, ...] = ("-", (0, (5, 2)), (0, (1, 1.5)), (0, (6, 2, 1, 2)), (0, (3, 1, 1, 1, 1, 1)))
GREYS = ("0.0", "0.45", "0.2", "0.6", "0.32")
FACES = ("0.15", "1.0", "0.6", "0.85")
HATCHES = ("", "///", "...", "\\\\\\", "xxx", "---", "ooo", "|||", "+++", "//", "**")
LOG_TICKS = ((10, (1, 1.5, 2, 3, 5, 7)), (1000, (1, 2, 5)))  # ticks of each decade, if max/min of the values is below the first number
STYLE = {
    "font.family": "DejaVu Sans", "font.size": 9, "axes.titlesize": 10.5, "axes.titlelocation": "left", "axes.spines.top": False,
    "axes.spines.right": False, "axes.grid": True, "axes.axisbelow": True, "grid.color": "0.88", "grid.linewidth": 0.6,
    "legend.frameon": False, "legend.fontsize": 8, "hatch.linewidth": 0.7, "lines.linewidth": 1.2, "lines.markersize": 5.5,
    "text.parse_math": False,
}  # fmt: skip


def draw_figure(figure: JsonObject, target: Path) -> None:
    """Draw one spec (kind `lines` or `bars`) as a PNG at `target`, written completely or not at all. Raises
    `UsageError` without matplotlib."""
    with own_style():
        data = io.BytesIO()
        make_figure(figure).savefig(data, format="png", dpi=DPI, metadata={"Software": None})
    write_whole(target, data.getvalue())


def require_matplotlib() -> None:
    """Raise `UsageError` with the remedy if matplotlib is not installed."""
    if find_spec("matplotlib") is None:
        raise UsageError("Figures need matplotlib: `pip install matplotlib`")


@contextmanager
def own_style() -> Iterator[None]:
    """Use matplotlib's defaults and ours, whatever the user's settings, which are restored at the end."""
    require_matplotlib()
    from matplotlib import style

    with warnings.catch_warnings(), style.context(["default", STYLE]):
        warnings.filterwarnings("ignore", message="Glyph .* missing")  # names in a script that the font lacks are drawn as boxes
        yield


def make_figure(figure: JsonObject) -> Any:
    """The spec as a `matplotlib.figure.Figure` with one `Axes` and one legend that names every series."""
    kind, series = figure["kind"], figure["series"]
    if kind not in {"lines", "bars"} or not series:
        raise ValueError(f"the figure {figure['name']!r} is neither lines nor bars, or has no series")
    with own_style():
        from matplotlib.figure import Figure

        labels = [wrapped(one["name"], 48) for one in series]
        width, beside, height, num_columns = figure_size(figure, labels)
        canvas = Figure(figsize=(width + beside, height), layout="constrained")
        axes = canvas.add_subplot()
        handles = draw_lines(axes, series, is_log=bool(figure.get("x_log"))) if kind == "lines" else draw_bars(axes, series)
        set_axes(axes, figure)
        axes.set_title(wrapped(figure["title"], int((min(width, 9) - 0.8) / TITLE_LETTER_IN)))
        order = list(range(len(series)))
        if kind == "lines" and len(series) > MAX_BELOW:  # in the order of the line ends, from top to bottom
            order.sort(key=lambda index: -last_number(series[index]["y"]))
        place = "outside lower center" if len(series) <= MAX_BELOW else "outside right upper"
        canvas.legend(
            [handles[index] for index in order], [labels[index] for index in order], loc=place, ncols=num_columns, handlelength=3.6
        )
    return canvas


def figure_size(figure: JsonObject, labels: Sequence[str]) -> tuple[float, float, float, int]:
    """In inches: the width without the legend on the right, the width of that legend, and the height; then the number
    of legend columns."""
    width, height, longest = 6.6, 4.4, max(len(line) for label in labels for line in label.splitlines() or [""])
    if figure["kind"] == "bars":
        num_groups = max(len(one["y"]) for one in figure["series"])
        width = min(max(width, 1 + num_groups * max(0.5, 0.13 * len(labels) + 0.25)), 18)
    if len(labels) <= MAX_BELOW:
        num_columns = max(1, min(len(labels), int(width / (longest * LETTER_IN + 0.7))))
        return width, 0.0, height, num_columns
    num_columns = math.ceil(len(labels) / LEGEND_ROWS)
    num_rows = math.ceil(sum(label.count("\n") + 1 for label in labels) / num_columns)
    return width, num_columns * (longest * LETTER_IN + 0.7), max(height, num_rows * LEGEND_ROW_IN + 0.6), num_columns


def wrapped(text: str, width: int) -> str:
    """`text` as drawable characters, in lines of at most `width` letters."""
    return textwrap.fill(single_spaced(text.encode("utf-8", "replace").decode()), width)


def numbers(values: Sequence[float | None]) -> list[float]:
    """Floats, with NaN for unknown values."""
    return [math.nan if value is None else float(value) for value in values]


def last_number(values: Sequence[float | None]) -> float:
    """The last known value; minus infinity if there is none."""
    return next((value for value in reversed(numbers(values)) if math.isfinite(value)), -math.inf)


def draw_lines(axes: Any, series: Sequence[JsonObject], *, is_log: bool) -> list[Any]:
    """A line with markers for each series, the first one strongest; a series of one point is its marker."""
    with_intervals = [index for index, one in enumerate(series) if one.get("low") is not None]
    places = [numbers(one["x"]) for one in series]
    if len(with_intervals) > MAX_BANDS:
        places = spread(places, is_log=is_log)
    handles = []
    for index, (x, one) in enumerate(zip(places, series, strict=True)):
        y, grey, is_line = numbers(one["y"]), GREYS[index % len(GREYS)], len(x) > 1
        is_open = (index + index // len(MARKERS)) % 2 == 1
        handles += axes.plot(
            x, y, color=grey, marker=MARKERS[index % len(MARKERS)], markerfacecolor="1.0" if is_open else grey,
            linestyle=LINES[index % len(LINES)] if is_line else "none", linewidth=1.2 if index else 2.2, markersize=5.5 if is_line else 8,
            zorder=3 if index else 4,
        )  # fmt: skip
        if index in with_intervals:
            low, high = numbers(one["low"]), numbers(one["high"])
            if len(with_intervals) <= MAX_BANDS and is_line:
                axes.fill_between(x, low, high, color=grey, alpha=0.18, linewidth=0, zorder=1)
            else:
                draw_intervals(axes, x, y, low, high, grey)
    return handles


def spread(places: Sequence[Sequence[float]], *, is_log: bool) -> list[list[float]]:
    """Each series' x shifted a little, so that intervals at the same x are side by side: by 3% of the axis at most, and
    never close to the next x."""
    known = sorted({x for series in places for x in series if math.isfinite(x)})
    is_log = is_log and all(x > 0 for x in known)
    axis = [math.log(x) for x in known] if is_log else known
    if len(axis) < 2:
        return [list(series) for series in places]
    reach = min(0.06 * (axis[-1] - axis[0]), 0.4 * min(high - low for low, high in pairwise(axis)))
    step = min(0.008 * (axis[-1] - axis[0]), reach / len(places))
    moves = [(index - (len(places) - 1) / 2) * step for index in range(len(places))]
    return [[x * math.exp(move) if is_log else x + move for x in series] for series, move in zip(places, moves, strict=True)]


def draw_bars(axes: Any, series: Sequence[JsonObject]) -> list[Any]:
    """A bar for each series in each group. Dark faces have white hatches, so that the hatch is visible."""
    handles, width = [], 0.82 / len(series)
    for index, one in enumerate(series):
        y, face = numbers(one["y"]), FACES[index % len(FACES)]
        x = [group + (index - (len(series) - 1) / 2) * width for group in range(len(y))]
        edge = "1.0" if float(face) < 0.5 else "0.0"
        bars = axes.bar(x, y, width, color=face, edgecolor=edge, hatch=HATCHES[index % len(HATCHES)], linewidth=0.6, zorder=2)
        handles.append(bars)
        if one.get("low") is not None:
            low, high = numbers(one["low"]), numbers(one["high"])
            draw_intervals(axes, x, y, low, high, "1.0", line_width=2.4)  # a white rim, visible on a dark bar
            draw_intervals(axes, x, y, low, high, "0.0")
    axes.grid(visible=False, axis="x")
    axes.set_xlim(-0.6, max(len(one["y"]) for one in series) - 0.4)
    return handles


def draw_intervals(
    axes: Any, x: Sequence[float], y: Sequence[float], low: Sequence[float], high: Sequence[float], color: str, line_width: float = 0.8
) -> None:
    """Bars from `low` to `high`; an end that rounding put on the wrong side of y is moved to y."""
    below = [max(value - end, 0.0) for value, end in zip(y, low, strict=True)]
    above = [max(end - value, 0.0) for value, end in zip(y, high, strict=True)]
    axes.errorbar(x, y, yerr=[below, above], fmt="none", ecolor=color, elinewidth=line_width, capsize=2, capthick=line_width, zorder=3)


def set_axes(axes: Any, figure: JsonObject) -> None:
    """Labels, scales and ticks."""
    axes.set_xlabel(wrapped(figure["x_label"], 90))
    axes.set_ylabel(wrapped(figure["y_label"], 50))
    categories = figure.get("x_categories")
    for letter in "xy" if categories is None else "y":
        values = [value for one in figure["series"] for value in numbers(one[letter])]
        set_scale(axes, letter, values, is_log=bool(figure.get(f"{letter}_log")))
    if categories is not None:
        labels = [wrapped(name, 24) for name in categories]
        room = axes.figure.get_figwidth() / max(len(labels), 1) * 0.75
        is_tight = any(len(label) * LETTER_IN > room for label in labels)
        axes.set_xticks(range(len(labels)), labels, **({"rotation": 35, "ha": "right", "rotation_mode": "anchor"} if is_tight else {}))


def set_scale(axes: Any, letter: str, values: Sequence[float], *, is_log: bool) -> None:
    """Ticks in plain numbers; on a log axis at the values themselves if these are few and far enough apart. Values of
    zero or less stay visible there."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullLocator

    axis, places = getattr(axes, f"{letter}axis"), sorted({value for value in values if math.isfinite(value)})
    positive = [place for place in places if place > 0]
    if is_log and positive:
        scale = {"value": "log"} if len(positive) == len(places) else {"value": "symlog", "linthresh": positive[0]}
        getattr(axes, f"set_{letter}scale")(**scale)
        axis.set_minor_locator(NullLocator())
        if len(places) <= 12 and all(high >= 1.3 * low for low, high in pairwise(positive)):
            axis.set_major_locator(FixedLocator(places))
        elif len(positive) == len(places):
            subs = next((subs for reach, subs in LOG_TICKS if positive[-1] < reach * positive[0]), (1,))
            axis.set_major_locator(LogLocator(subs=subs))
    elif all(abs(place) < 1e5 for place in places):
        axes.ticklabel_format(axis=letter, style="plain", useOffset=False)  # all ticks with the same number of decimals
        return
    axis.set_major_formatter(FuncFormatter(lambda value, _: compact(value)))


def compact(value: float) -> str:
    """`2048`, `16k`, `1.5M`, `0.3`."""
    if abs(value) >= 1e6:
        return f"{value / 1e6:.4g}M"
    return f"{value / 1e3:.4g}k" if abs(value) >= 1e4 else f"{value:.4g}"
