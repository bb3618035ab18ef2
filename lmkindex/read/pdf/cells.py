"""Rows of a page without columns -> one line for each row: the cells of a table joined by " | ", other pieces by blanks.

A cell that goes on below itself stays in its row of the table. Knows no reading order.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from .gutters import Gutter, Row
from .page_lines import FIELD, ROW, TEXT, Line

LABEL_END = (":", "?", "：")
ENUMERATOR = re.compile(r"[•◦‣▪▫●○■□–—*·\-\uf0b7]|\(?(?:\d{1,3}|[A-Za-z]|[ivxlIVXL]{1,6})[.):]|\d{1,2}(?:\.\d{1,3})+\.?|\[[ x]\]|\[\d{1,3}\]")
MAX_WRAP_GAP = 1.6  # of the type size: a cell's next line is no farther below
CELL = " | "


def rows_as_lines(rows: Sequence[Row], gutters: Sequence[Gutter], places: dict[int, int]) -> list[tuple[Line, ...]]:
    """For each row its line, followed by the lines of the page that are in it."""
    units: list[tuple[Line, ...]] = []
    index = 0
    while index < len(rows):
        beside = [gutter for gutter in gutters if gutter.first <= index < gutter.end]
        end = index + 1
        if beside:
            while end < len(rows) and any(gutter.end > end for gutter in beside) and _goes_on(rows, index, end, beside):
                end += 1
        lines = [line for row in rows[index:end] for line in row]
        units.append((_joined(lines, beside, end - index > 1), *lines) if len(lines) > 1 else (lines[0],))
        for line in units[-1]:
            places.setdefault(id(line), min(places[id(part)] for part in lines))
        index = end
    return units


def _columns(lines: Sequence[Line], gutters: Sequence[Gutter]) -> dict[int, list[Line]]:
    """The lines by the number of gutters to their left."""
    middles = sorted({round(gutter.middle) for gutter in gutters if _is_finest(gutter, gutters)})
    cells: dict[int, list[Line]] = {}
    for line in lines:
        cells.setdefault(sum(middle <= line.left + 1 for middle in middles), []).append(line)
    return cells


def _is_finest(gutter: Gutter, gutters: Sequence[Gutter]) -> bool:
    """Whether no other gutter runs inside this one: those found later in a table are narrower."""
    return not any(
        other is not gutter and other.left >= gutter.left and other.right <= gutter.right and (other.left, other.right) != (gutter.left, gutter.right)
        for other in gutters
    )


def _goes_on(rows: Sequence[Row], first: int, index: int, gutters: Sequence[Gutter]) -> bool:
    """Whether row `index` holds only next lines of cells of the rows from `first`: each cell above had no room left."""
    above, row = rows[index - 1], rows[index]
    if above[0].baseline - row[0].baseline > MAX_WRAP_GAP * row[0].size:
        return False
    cells_above, cells = _columns([line for one in rows[first:index] for line in one], gutters), _columns(row, gutters)
    if not set(cells) <= set(cells_above) or (0 in cells and len(cells) == len(cells_above) == 1):
        return False
    reach = max(gutter.end for gutter in gutters)
    table = [line for one in rows[min(gutter.first for gutter in gutters) : reach] for line in one]
    right_of = {place: max(line.right for line in lines) for place, lines in _columns(table, gutters).items()}
    for place, lines in cells.items():
        line, before = lines[0], cells_above[place][-1]
        word = line.text.split()[0]
        is_full = before.right + (len(word) + 1) * (line.right - line.left) / len(line.text) > right_of[place]
        is_new = line.text[0].isupper() and (place == 0 or before.text[-1] in ".!?")
        if not is_full or is_new or line.text[0].isdigit():
            return False
    return True


def _joined(lines: Sequence[Line], gutters: Sequence[Gutter], is_wrapped: bool) -> Line:
    """One line of the pieces of a row."""
    pieces = list(lines)
    if is_wrapped:
        pieces = [
            part[0]._replace(text=" ".join(line.text for line in part), right=max(line.right for line in part))
            for _, part in sorted(_columns(lines, gutters).items())
        ]
    words = pieces[0].text
    num_cells = 1
    for before, piece in pairwise(pieces):
        is_cell = any(before.right <= gutter.left + 1 and piece.left >= gutter.right - 1 for gutter in gutters)
        is_cell &= not before.text.endswith(LABEL_END) and not ENUMERATOR.fullmatch(before.text) and piece.kind != FIELD
        num_cells += is_cell
        words += f"{CELL if is_cell else ' '}{piece.text}"
    return Line(
        text=words,
        left=min(piece.left for piece in pieces),
        right=max(piece.right for piece in pieces),
        baseline=lines[-1].baseline if is_wrapped else lines[0].baseline,
        size=max(pieces, key=lambda piece: len(piece.text)).size,
        is_bold=all(piece.is_bold for piece in pieces),
        turns=lines[0].turns,
        kind=ROW if num_cells > 1 or any(piece.kind == FIELD for piece in pieces) else TEXT,
    )
