"""Rows of a page without columns -> one line for each row: the cells of a table joined by " | ", others by blanks.

A cell of several lines stays one cell. Its lines are told by the order of the content, if the file draws cell after
cell, otherwise by their fill: a cell goes on below itself only where its line had no room left. Knows no reading order.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from .gutters import Gutter, PageRow
from .page_lines import ENUMERATOR, FIELD, GLUED, ROW, TEXT, Line

LEADERS = re.compile(r"\. ?\. ?\. ?\. ?\.|\u2026\u2026")  # of a table of contents
AMOUNT = re.compile(r"\d+\.\d+")
LABEL_END = (":", "?", "：")
MAX_WRAP_GAP = 1.6  # of the type size: a cell's next line is no farther below
OVERLAP = 0.5  # of the height of the lower of two cells: they are of one row
STAGGERED = 0.95  # of the type size: rows nearer than this overlap
SAME_LEFT = 0.15  # of the type size: lines of one cell begin no farther apart
CELL = " | "
ASCENT, DESCENT = 0.75, 0.2  # of the type size

Unit = tuple[Line, ...]  # a line, followed by the lines of the page that are in it


def rows_as_lines(rows: Sequence[PageRow], gutters: Sequence[Gutter], places: dict[int, int]) -> list[Unit]:
    """For each row its line, followed by the lines of the page that are in it."""
    units: list[Unit] = []
    index = 0
    while index < len(rows):
        beside = _beside(rows, gutters, index)
        end = index + 1
        while beside and end < len(rows) and (more := _beside(rows, gutters, end)) and not set(map(id, more)).isdisjoint(map(id, beside)):
            beside += [gutter for gutter in more if gutter not in beside]
            end += 1
        region = rows[index:end]
        units += _table(region, beside, places) if beside else [_unit(region[0], beside, places)]
        index = end
    return units


def _beside(rows: Sequence[PageRow], gutters: Sequence[Gutter], index: int) -> list[Gutter]:
    """The gutters that part a row, or a row so near that the two overlap."""
    gutters = [gutter for gutter in gutters if gutter.outer_first <= index < gutter.outer_end]
    if not gutters:
        return []
    drop = [rows[place][0].baseline - rows[place + 1][0].baseline if 0 <= place < len(rows) - 1 else 0.0 for place in (index - 1, index)]
    is_near = [0 < one < STAGGERED * rows[index][0].size for one in drop]
    if len(rows[index]) == 1 and drop[0] <= MAX_WRAP_GAP * rows[index][0].size:
        is_near[0] |= _is_below_cell(rows[index - 1], rows[index][0])
    return [
        gutter
        for gutter in gutters
        if gutter.first - (is_near[1] and gutter.outer_first <= index) <= index < gutter.end + (is_near[0] and index < gutter.outer_end)
    ]


def _is_below_cell(row: PageRow, line: Line) -> bool:
    """Whether a line is set under a cell of the row above, other than the first."""
    return any(abs(cell.left - line.left) < SAME_LEFT * line.size for cell in row[1:])


def _unit(lines: Sequence[Line], gutters: Sequence[Gutter], places: dict[int, int]) -> Unit:
    """The line of one row."""
    unit = (_joined([[line] for line in lines], gutters), *lines) if len(lines) > 1 else (lines[0],)
    places.setdefault(id(unit[0]), min(places[id(line)] for line in lines))
    return unit


def _table(rows: Sequence[PageRow], gutters: Sequence[Gutter], places: dict[int, int]) -> list[Unit]:
    """The rows of a table, each with the next lines of its cells."""
    middles = _middles(gutters)
    lines = [line for row in rows for line in row]
    cells = _drawn_cells(lines, middles, places)
    if cells is None:
        return _filled_rows(rows, gutters, middles, places)
    units: list[Unit] = []
    row: list[list[Line]] = []
    for cell in [*sorted(cells, key=lambda cell: -_top(cell)), None]:
        if cell is not None and any(_overlap(cell, other) for other in row):
            row.append(cell)
            continue
        if row:
            row.sort(key=lambda cell: min(line.left for line in cell))
            units.append((_joined(row, gutters), *(line for one in row for line in one)))
            places.setdefault(id(units[-1][0]), min(places[id(line)] for one in row for line in one))
        row = [cell] if cell is not None else []
    return units


def _middles(gutters: Sequence[Gutter]) -> list[float]:
    """The middles of the gutters that hold no narrower one: where columns of cells are parted."""
    narrowest = [
        gutter
        for gutter in gutters
        if not any(
            gutter.left <= other.left and other.right <= gutter.right and (other.left, other.right) != (gutter.left, gutter.right)
            for other in gutters
        )
    ]
    return sorted({round(gutter.middle, 1) for gutter in narrowest})


def _column(line: Line, middles: Sequence[float]) -> int:
    return sum(middle <= line.left + 1 for middle in middles)


def _top(cell: Sequence[Line]) -> float:
    return cell[0].baseline + ASCENT * cell[0].size


def _overlap(cell: Sequence[Line], other: Sequence[Line]) -> bool:
    bottom, other_bottom = cell[-1].baseline - DESCENT * cell[-1].size, other[-1].baseline - DESCENT * other[-1].size
    height = min(_top(cell) - bottom, _top(other) - other_bottom)
    return min(_top(cell), _top(other)) - max(bottom, other_bottom) >= OVERLAP * height


def _drawn_cells(lines: Sequence[Line], middles: Sequence[float], places: dict[int, int]) -> list[list[Line]] | None:
    """The cells of a table that is drawn cell after cell; None if the order of the content does not tell them."""
    in_order = sorted(lines, key=lambda line: places[id(line)])
    cells: list[list[Line]] = []
    for line in in_order:
        last = cells[-1][-1] if cells else None
        if last is not None and _column(last, middles) == _column(line, middles):
            drop = last.baseline - line.baseline
            if 0 < drop <= MAX_WRAP_GAP * line.size and not LEADERS.search(last.text):
                cells[-1].append(line)
                continue
        cells.append([line])
    is_told = any(len(cell) > 1 for cell in cells) and len(cells) >= 2 * (len(middles) + 1)
    return cells if is_told else None


def _filled_rows(rows: Sequence[PageRow], gutters: Sequence[Gutter], middles: Sequence[float], places: dict[int, int]) -> list[Unit]:
    """The rows of a table; one that holds only next lines of the cells above is part of their row."""
    right_of: dict[int, float] = {}
    for row in rows:
        for line in row:
            column = _column(line, middles)
            right_of[column] = max(right_of.get(column, 0.0), line.right)
    units: list[Unit] = []
    cells: dict[int, list[Line]] = {}
    above: PageRow = []
    for row in [*rows, []]:
        if row and above and _goes_on(cells, above, row, middles, right_of):
            for line in row:
                cells[_column(line, middles)].append(line)
        else:
            if cells:
                inner = [line for _, cell in sorted(cells.items()) for line in cell]
                is_wrapped = any(cell[0].baseline != cell[-1].baseline for cell in cells.values())
                units.append(
                    (_joined([cell for _, cell in sorted(cells.items())], gutters), *inner) if is_wrapped else _unit(inner, gutters, places)
                )
                places.setdefault(id(units[-1][0]), min(places[id(line)] for line in inner))
            cells = {}
            for line in row:
                cells.setdefault(_column(line, middles), []).append(line)
        above = row
    return units


def _goes_on(cells: dict[int, list[Line]], above: PageRow, row: PageRow, middles: Sequence[float], right_of: dict[int, float]) -> bool:
    """Whether a row holds only next lines of cells: each cell above had no room left, and nothing begins."""
    if above[0].baseline - row[0].baseline > MAX_WRAP_GAP * row[0].size:
        return False
    columns = [_column(line, middles) for line in row]
    if not set(columns) <= set(cells) or len(cells) == 1:
        return False
    for line, column in zip(row, columns, strict=True):
        before = cells[column][-1]
        word = line.text.split()[0]
        is_full = before.right + (len(word) + 1) * (line.right - line.left) / len(line.text) > right_of[column]
        is_new = line.text[0].isupper() and (column == 0 or before.text[-1] in ".!?")
        if not is_full or is_new or line.text[0].isdigit():
            return False
    return True


def _joined(cells: Sequence[Sequence[Line]], gutters: Sequence[Gutter]) -> Line:
    """One line of the cells of a row, each of one or more lines."""
    lines = [line for cell in cells for line in cell]
    words, num_cells = " ".join(line.text for line in cells[0]), 1
    for left, right in pairwise(cells):
        before, piece = left[-1], right[0]
        edge = max(line.right for line in left)
        is_cell = any(edge <= gutter.left + 1 and piece.left >= gutter.right - 1 for gutter in gutters)
        is_cell &= not before.text.endswith(LABEL_END) and piece.kind != FIELD
        is_cell &= not _is_enumerator(before.text, piece.text, is_first=left is cells[0])
        is_cell &= not LEADERS.search(piece.text)
        num_cells += is_cell
        is_glued = not is_cell and -GLUED * piece.size < piece.left - edge < GLUED * piece.size
        words += f"{CELL if is_cell else '' if is_glued else ' '}{' '.join(line.text for line in right)}"
    return Line(
        text=words,
        left=min(line.left for line in lines),
        right=max(line.right for line in lines),
        baseline=max(line.baseline for line in lines),
        size=max(lines, key=lambda line: len(line.text)).size,
        is_bold=all(line.is_bold for line in lines),
        turns=lines[0].turns,
        kind=ROW if num_cells > 1 or any(line.kind == FIELD for line in lines) else TEXT,
    )


def _is_enumerator(text: str, following: str, *, is_first: bool) -> bool:
    """Whether a cell is the number or mark of the item beside it, and not an amount: those stand in a row of amounts,
    or behind words."""
    if not ENUMERATOR.fullmatch(text) or not any(map(str.isalpha, following)):
        return False
    return is_first or not AMOUNT.fullmatch(text)
