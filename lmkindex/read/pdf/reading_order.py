"""The lines of a page -> the same lines in reading order, the rows of tables as one line each.

The order of the content is kept where it goes down the page, and back up only for a next column. Elsewhere the page is
taken apart: columns of running text are read one after the other, the rows of a table stay rows. Knows one page.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from .cells import rows_as_lines
from .gutters import Gutter, PageRow, gutters_of, page_rows
from .page_lines import SAME_ROW, Line

MIN_COLUMN_LINES = 3
MIN_DRAWN_LINES = 2
MIN_COLUMN_EMS = 7.0  # the mean width of a column's lines
MIN_GOING_ON = 0.4  # the share of a column's lines that go on with a sentence
FULL_LINE = 0.8  # of the widest line of a column
MIN_FULL = 0.6  # the share of full lines in a column of a script without small letters
STEP = 1.25  # of the usual distance between rows: a white stripe
SENTENCE_STOPS = ".!?:;…。！？)]\"'”’»"
MAX_COLUMNS = 3  # of a page that is not taken apart
MAX_LINES = 3000  # of a page that is taken apart
MAX_DEPTH = 6


def in_reading_order(lines: list[Line]) -> list[Line]:
    """The lines of a page as they are read."""
    if _is_in_order(lines) or len(lines) > MAX_LINES:
        return lines
    places = {id(line): place for place, line in enumerate(lines)}
    return _arranged(lines, places, 0)


def _is_in_order(lines: Sequence[Line]) -> bool:
    """Whether each line stands below the one before it, or begins a column to its right; no two stand in one row."""
    num_columns = 1
    for line, following in pairwise(lines):
        drop = line.baseline - following.baseline
        size = max(line.size, following.size)
        if abs(drop) <= SAME_ROW * size:
            return False
        is_beside = following.left >= line.right or following.right <= line.left
        if drop > 0 and is_beside and drop < 4 * size:
            return False
        if drop < 0:
            if following.left < line.left + size:
                return False
            num_columns += 1
    return num_columns == 1 or (num_columns <= MAX_COLUMNS and _is_running(lines, is_drawn_so=True))


def _arranged(lines: list[Line], places: dict[int, int], depth: int) -> list[Line]:
    rows = page_rows(lines)
    gutters = gutters_of(rows) if depth < MAX_DEPTH else []
    for gutter in gutters:
        if _divides_columns(rows, gutter, places):
            band = [line for row in rows[gutter.outer_first : gutter.outer_end] for line in row]
            above = [line for row in rows[: gutter.outer_first] for line in row]
            below = [line for row in rows[gutter.outer_end :] for line in row]
            parts = (
                above,
                [line for line in band if line.left < gutter.middle],
                [line for line in band if line.left >= gutter.middle],
                below,
            )
            return [line for part in parts if part for line in _arranged(part, places, depth + 1)]
    if len(rows) == len(lines):
        return _in_content_order([(line,) for line in lines], places)
    units = rows_as_lines(rows, gutters, places)
    return _in_content_order(units, places)


def _in_content_order(units: Sequence[Sequence[Line]], places: dict[int, int]) -> list[Line]:
    """What is left without columns: as the content has it if that goes down, otherwise from the top down."""
    by_content = sorted(units, key=lambda unit: min(places.get(id(line), 0) for line in unit))
    drops = [first[0].baseline - second[0].baseline for first, second in pairwise(by_content)]
    if any(drop < 0 for drop in drops):
        by_content = sorted(units, key=lambda unit: (-unit[0].baseline, unit[0].left))
    return [unit[0] for unit in by_content]


def _divides_columns(rows: Sequence[PageRow], gutter: Gutter, places: dict[int, int]) -> bool:
    """Whether running text stands on both sides of the gutter, column beside column, not cell beside cell."""
    band = rows[gutter.outer_first : gutter.outer_end]
    left = [line for row in band for line in row if line.left < gutter.middle]
    right = [line for row in band for line in row if line.left >= gutter.middle]
    side = {places[id(line)]: line.left < gutter.middle for line in [*left, *right]}
    num_changes = sum(side[first] != side[second] for first, second in pairwise(sorted(side)))
    is_drawn_so = num_changes <= 2
    if not (_is_running(left, is_drawn_so=is_drawn_so) and _is_running(right, is_drawn_so=is_drawn_so)):
        return False
    if is_drawn_so:
        return True
    num_stripes = _num_stripes(band, left)
    if num_stripes >= 2 and len(band) <= 6 * (num_stripes + 1):
        return False
    return num_changes >= 1.4 * min(len(left), len(right))


def _is_running(lines: Sequence[Line], *, is_drawn_so: bool) -> bool:
    """Whether lines are a column of running text: most of them go on with the sentence before them. They are also wide
    and some more, unless the column is drawn as a whole."""
    if len(lines) < (MIN_DRAWN_LINES if is_drawn_so else MIN_COLUMN_LINES):
        return False
    if not is_drawn_so and sum((line.right - line.left) / line.size for line in lines) < MIN_COLUMN_EMS * len(lines):
        return False
    firsts = [next((char for char in line.text if char.isalnum()), "") for line in lines]
    inner = [first for (line, _), first in zip(pairwise(lines), firsts[1:], strict=True) if line.text[-1] not in SENTENCE_STOPS]
    cased = [first for first in inner if first.lower() != first.upper()]
    if len(cased) >= len(lines) / 4:
        return sum(first.islower() for first in cased) >= MIN_GOING_ON * len(cased)
    widest = max(line.right - line.left for line in lines)
    return sum(line.right - line.left >= FULL_LINE * widest for line in lines) >= MIN_FULL * len(lines)


def _num_stripes(rows: Sequence[PageRow], left: Sequence[Line]) -> int:
    """How many white stripes part the rows, from one side of the band to the other."""
    usual = median(first.baseline - second.baseline for first, second in pairwise(left))
    return sum(first[0].baseline - second[0].baseline > STEP * usual for first, second in pairwise(rows))
