"""The lines of a page -> its rows, and the gutters that run down between them.

A row is all that stands at one height. A gutter is a strip without print beside at least two lines on each side. Knows
no text: whether a gutter divides columns or the cells of a table is for `columns.py` to say.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

from .page_lines import SAME_ROW, Line

MIN_GUTTER = 0.8  # of the type size
MAX_GUTTERS = 40  # of a page
MIN_REST = 0.35  # of the type size: where a line juts out into a gutter, so much of it is left
MIN_SIDE_LINES = 2
FULL_ROW = 0.6  # of the width of the print: beside a longer line no gutter begins
MAX_STRIPS = 16  # that are followed down a page at once

PageRow = list[Line]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gutter:
    """A strip from `left` to `right` without print. In rows `[first, end)` there are lines on both sides of it; it goes
    on through `[outer_first, outer_end)`, where there may be lines on one side only."""

    left: float
    right: float
    first: int
    end: int
    outer_first: int
    outer_end: int

    @property
    def middle(self) -> float:
        return (self.left + self.right) / 2


def page_rows(lines: Sequence[Line]) -> list[PageRow]:
    """The rows from the top down, each from left to right."""
    rows: list[PageRow] = []
    for line in sorted(lines, key=lambda line: -line.baseline):
        if rows and abs(rows[-1][0].baseline - line.baseline) <= SAME_ROW * max(rows[-1][0].size, line.size):
            rows[-1].append(line)
        else:
            rows.append([line])
    for row in rows:
        row.sort(key=lambda line: line.left)
    return rows


def gutters_of(rows: Sequence[PageRow]) -> list[Gutter]:
    """The gutters of a page, the longest first."""
    found: list[Gutter] = []
    width = max((row[-1].right for row in rows), default=0.0) - min((row[0].left for row in rows), default=0.0)
    strips: dict[tuple[float, float], int] = {}  # left and right of a strip -> its first row
    for index, row in enumerate(rows):
        is_full = len(row) == 1 and row[0].right - row[0].left >= FULL_ROW * width
        if is_full and not strips:
            continue
        spaces = _spaces(row)
        rest = MIN_REST * row[0].size
        going_on: dict[tuple[float, float], int] = {}
        for (left, right), first in strips.items():
            is_open = False
            for start, end in spaces:  # without max and min, which would take half of the time for a table
                part = (left if left > start else start, right if right < end else end)
                if part[1] - part[0] >= rest:
                    is_open = True
                    before = going_on.get(part, first)
                    going_on[part] = first if first < before else before
            if not is_open:
                _close(found, (left, right), first, index, rows)
        for space in () if is_full else spaces:
            if space[1] - space[0] >= MIN_GUTTER * row[0].size:
                going_on.setdefault(space, index)
        strips = dict(sorted(going_on.items(), key=lambda item: item[1])[:MAX_STRIPS])
    for strip, first in strips.items():
        _close(found, strip, first, len(rows), rows)
    return sorted(found, key=lambda gutter: (gutter.first - gutter.end, gutter.left - gutter.right))[:MAX_GUTTERS]


def _spaces(row: PageRow) -> list[tuple[float, float]]:
    """Left and right of what is free in a row."""
    edge = -inf
    spaces = []
    for line in row:
        spaces.append((edge, line.left))
        edge = max(edge, line.right)
    return [*spaces, (edge, inf)]


def _close(found: list[Gutter], strip: tuple[float, float], first: int, end: int, rows: Sequence[PageRow]) -> None:
    """Keep a strip that has ended, if there are lines on both of its sides; rows beyond the last of either are cut."""
    left, right = strip
    if left == -inf or right == inf or end - first < MIN_SIDE_LINES:
        return
    sides = [(index, line.right <= left) for index in range(first, end) for line in rows[index]]
    on_left, on_right = [index for index, is_left in sides if is_left], [index for index, is_left in sides if not is_left]
    if len(on_left) >= MIN_SIDE_LINES and len(on_right) >= MIN_SIDE_LINES:
        start, stop = max(on_left[0], on_right[0]), min(on_left[-1], on_right[-1]) + 1
        if stop - start >= MIN_SIDE_LINES:
            found.append(Gutter(left=left, right=right, first=start, end=stop, outer_first=first, outer_end=end))
