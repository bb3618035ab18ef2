"""Puts the fields of a form and the comments of readers among the lines of their page.

A field belongs into the row of its label, a comment behind the line that it stands beside. Knows no other pages.
"""

from __future__ import annotations

from collections.abc import Sequence

from .page_lines import APART, APART_NEXT, Line

NEAR_ROW = 0.75  # of the type size: a field's row is no farther away in height


def with_fields(lines: Sequence[Line], fields: Sequence[Line]) -> list[Line]:
    """The lines of a page, in the order of the content, with its fields among them."""
    placed = list(lines)
    shown = {" ".join(line.text.split()) for line in lines}
    for field in fields:
        row = _row_of(placed, field)
        size = min(field.size, max((line.size for line in lines), default=field.size))
        in_row = field._replace(baseline=row.baseline, size=row.size) if row is not None else field._replace(size=size)
        # A viewer that fills in a form may draw its values into the page, too.
        if " ".join(field.text.split()) not in shown or not _is_shown(lines, in_row):
            placed.insert(_place_of(placed, in_row), in_row)
    return placed


def _row_of(lines: Sequence[Line], field: Line) -> Line | None:
    """The line whose row a field stands in: the nearest in height, then to the left."""
    near = [line for line in lines if abs(line.baseline - field.baseline) <= NEAR_ROW * max(line.size, field.size)]
    return min(near, key=lambda line: (round(abs(line.baseline - field.baseline) / line.size), abs(field.left - line.right)), default=None)


def _is_shown(lines: Sequence[Line], field: Line) -> bool:
    return any(
        line.text == field.text and abs(line.baseline - field.baseline) <= line.size and line.left < field.right and field.left < line.right
        for line in lines
    )


def _place_of(lines: Sequence[Line], field: Line) -> int:
    """Where in the order of the content: behind what stands to the left in the same row, else before what is below."""
    in_row = [place for place, line in enumerate(lines) if abs(line.baseline - field.baseline) < 0.1]
    before = [place for place in in_row if lines[place].left <= field.left]
    if before:
        return max(before, key=lambda place: lines[place].left) + 1
    if in_row:
        return min(in_row, key=lambda place: lines[place].left)
    below = [place for place, line in enumerate(lines) if line.baseline < field.baseline]
    return below[0] if below else len(lines)


def with_comments(lines: list[Line], comments: Sequence[Line]) -> list[Line]:
    """The lines of a page, in reading order, each comment behind the last line that is not below it."""
    if not comments:
        return lines
    behind: dict[int, list[Line]] = {}
    place = -1
    for comment in comments:
        if comment.kind == APART:
            place = _place_beside(lines, comment)
        behind.setdefault(place, []).append(comment)
    return [*behind.get(-1, []), *(one for place, line in enumerate(lines) for one in (line, *behind.get(place, [])))]


def apart_lines(lines: Sequence[Line], between: Sequence[str]) -> list[Line]:
    """Lines of another direction, in reading order, set apart from the text of their page; `between` stands between
    them."""
    return [
        line._replace(kind=APART_NEXT if before in ("\n", "") else APART) for line, before in zip(lines, ["\n\n", *between], strict=True)
    ]


def _place_beside(lines: Sequence[Line], comment: Line) -> int:
    """The place of the line that a comment stands beside or below, in its column if there is one."""
    above = [place for place, line in enumerate(lines) if line.baseline >= comment.baseline - 0.5 * line.size]
    in_column = [place for place in above if lines[place].left < comment.right and comment.left < lines[place].right]
    return min(in_column or above, key=lambda place: (lines[place].baseline, -place), default=-1)
