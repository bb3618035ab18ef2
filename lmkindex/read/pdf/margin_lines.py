"""The lines that stand in the margins of pages, outside of a gap to the text: those that may be furniture.

Takes the lines of all pages, gives groups of lines that stand at the same height. Whether they are furniture is for
`running_heads.py` to say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from .page_lines import SAME_ROW, Line
from .page_numbers import BARE
from .sheets import Sheet

MARGIN = 0.16  # of the page's height
FAR_MARGIN = 0.19  # of a page that is larger than what is printed on it
MAX_MARGIN_ROWS = 3
MAX_MARGIN_LINES = 12
MIN_GAP = 1.35  # of the usual distance between rows
SAME_HEIGHT = 3.0  # points: lines of two pages that differ by less stand in the same place
LARGER_NUMBER = 1.6  # of the body's type size: a page number may be as large
SMALLER = 0.95  # of the body's type size: small print
LARGER = 1.1  # of the body's type size: a title, even if it repeats
NO_LETTERS = re.compile(r"[\W\d_]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class MarginLine:
    """A line that may be furniture: on page `page`, in place `place` of its lines."""

    page: int
    place: int
    line: Line
    height: float  # from the edge of the page that it is near to
    is_large: bool  # than the text: only a page number may be
    is_small: bool
    is_top: bool
    is_far: bool  # from the edge: only a page number or a title may be furniture


def margin_groups(sheets: Sequence[Sheet], edge: int, body_size: float) -> Iterator[list[MarginLine]]:
    """Candidates at one edge of the pages (1: top, -1: foot) that stand at the same height."""
    found = [line for page, sheet in enumerate(sheets) for line in _margin_lines(page, sheet, edge, body_size)]
    found.sort(key=lambda line: line.height)
    group: list[MarginLine] = []
    for line in found:
        if group and line.height - group[-1].height > SAME_HEIGHT:
            yield group
            group = []
        group.append(line)
    if group:
        yield group


def _margin_lines(page: int, sheet: Sheet, edge: int, body_size: float) -> Iterator[MarginLine]:
    """The lines of a page at one edge, in the margin and outside of a gap to the body."""
    for row in _margin_rows(sheet, edge, body_size):
        large = [place for place in row if sheet.lines[place].size > LARGER * body_size]
        is_number = len(large) == 1 and _is_number(sheet.lines[large[0]], body_size)  # not one beside a title
        for place in row if is_number else [place for place in row if place not in large]:
            yield _margin_line(page, place, sheet, edge, body_size)


def _is_number(line: Line, body_size: float) -> bool:
    return line.size <= LARGER_NUMBER * body_size and BARE.fullmatch(line.text) is not None


def _margin_line(page: int, place: int, sheet: Sheet, edge: int, body_size: float) -> MarginLine:
    line = sheet.lines[place]
    height = sheet.height - line.baseline if edge > 0 else line.baseline
    return MarginLine(
        page=page,
        place=place,
        line=line,
        height=height,
        is_large=line.size > LARGER * body_size,
        is_small=line.size <= SMALLER * body_size,
        is_top=edge > 0,
        is_far=height > MARGIN * sheet.height,
    )


def _margin_rows(sheet: Sheet, edge: int, body_size: float) -> list[list[int]]:
    """The places of the lines in each row outside of a gap to the body, from the edge inwards."""
    order = sorted(range(len(sheet.lines)), key=lambda place: -edge * sheet.lines[place].baseline)
    rows: list[list[int]] = []
    for place in order:
        line = sheet.lines[place]
        if rows and abs(sheet.lines[rows[-1][0]].baseline - line.baseline) <= SAME_ROW * line.size:
            rows[-1].append(place)
        elif len(rows) > MAX_MARGIN_ROWS + 8:
            break
        else:
            rows.append([place])
    heights = [sheet.lines[row[0]].baseline for row in rows]
    gaps = [abs(first - second) for first, second in pairwise(heights)]
    usual = max(median(gaps), 1.15 * body_size) if gaps else body_size
    usual = min(usual, 2.0 * body_size)
    end = 0
    for num_rows in range(1, min(MAX_MARGIN_ROWS, len(rows)) + 1):
        from_edge = sheet.height - heights[num_rows - 1] if edge > 0 else heights[num_rows - 1]
        if from_edge > FAR_MARGIN * sheet.height:
            break
        # A page may hold a number alone; several rows in a margin without a gap are the text of a short page.
        if len(rows) == 1 or (num_rows < len(rows) and gaps[num_rows - 1] >= MIN_GAP * usual):
            end = num_rows
    return rows[:end] if sum(map(len, rows[:end])) <= MAX_MARGIN_LINES else []


def letters_of(text: str) -> str:
    """The letters of a text: what a head and the title that it repeats have in common."""
    return NO_LETTERS.sub("", text.casefold())
