"""The numbers and bullets of lists that a file draws apart from their items, as some draw all marks at the end.

Takes the lines of a page in the order of the content, gives them with each mark at the head of its item: the line that
stands next to it in its row. Knows no other pages.
"""

from __future__ import annotations

from .gutters import page_rows
from .page_lines import ENUMERATOR, ENUMERATOR_GAP, MAX_ENUMERATOR, Line


def with_list_marks(lines: list[Line]) -> list[Line]:
    """The lines, each mark that stands first in its row as part of the next line there."""
    marks = {id(line) for line in lines if len(line.text) <= MAX_ENUMERATOR and ENUMERATOR.fullmatch(line.text)}
    if not marks:
        return lines
    places = {id(line): place for place, line in enumerate(lines)}
    joined = list(lines)
    taken = set()
    for row in page_rows(lines):
        if len(row) > 1 and id(row[0]) in marks and id(row[1]) not in marks and _is_item(row[0], row[1]):
            mark, item = row[0], row[1]
            if places[id(mark)] + 1 != places[id(item)]:
                joined[places[id(item)]] = item._replace(text=f"{mark.text} {item.text}", left=mark.left)
                taken.add(places[id(mark)])
    return [line for place, line in enumerate(joined) if place not in taken] if taken else lines


def _is_item(mark: Line, line: Line) -> bool:
    return mark.turns == line.turns and 0 <= line.left - mark.right <= ENUMERATOR_GAP * max(mark.size, line.size)
