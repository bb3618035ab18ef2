"""Tells the footnotes of a page: lines in small type at the foot of a column, the first of them with a mark.

Takes the lines of a page in reading order, gives them with the footnotes set apart, and their raised numbers in
brackets: "lamp.[3]". Knows no other pages.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from .page_lines import APART, APART_NEXT, SAME_ROW, TEXT, Line

SMALLER = 0.93  # of the body's type size
MARK = re.compile(r"[(\[]?(?:(\d{1,3}|[⁰¹²³⁴⁵⁶⁷⁸⁹]{1,3})|[*†‡§¶‖#]{1,3}|[a-z](?=[\s.)\]A-Z]))[)\].:]{0,2}\s*(?=\S)")
NUMBERED_NOTE = re.compile(r"(\d{1,3}|[⁰¹²³⁴⁵⁶⁷⁸⁹]{1,3})\s?(?=\S)")
RAISED_NUMBER = re.compile(r"[⁰¹²³⁴⁵⁶⁷⁸⁹]{1,3}")
MAX_NOTE_LINES = 150  # of a page
SYMBOLS = "*†‡§¶‖#"


def with_footnotes_apart(lines: list[Line], body_size: float) -> list[Line]:
    """The lines of a page; those of footnotes have a kind of their own."""
    if not any(line.size < SMALLER * body_size for line in lines):
        return lines
    marked = list(lines)
    start = 0
    for place in range(1, len(lines) + 1):
        if place == len(lines) or lines[place].baseline > lines[place - 1].baseline + SAME_ROW * lines[place].size:
            first = _first_note(lines, start, place, body_size)
            for note in range(first, place):
                is_first = note == first or _begins_note(lines, note, first)
                marked[note] = lines[note]._replace(kind=APART if is_first else APART_NEXT)
            start = place
    return _with_marks_in_brackets(marked)


def _with_marks_in_brackets(lines: list[Line]) -> list[Line]:
    """The lines of a page; raised numbers that footnotes have are written as "[3]", in the text and before the note."""
    heads = {place: found for place, line in enumerate(lines) if line.kind == APART and (found := NUMBERED_NOTE.match(line.text))}
    raised = {_value(number) for line in lines for number in RAISED_NUMBER.findall(line.text)}
    marks = raised & {_value(found[1]) for found in heads.values()}
    if not marks:
        return lines
    for place, line in enumerate(lines):
        head = heads.get(place)
        if head and _value(head[1]) in marks:
            lines[place] = line._replace(text=f"[{_value(head[1])}] {line.text[head.end() :]}")
        elif RAISED_NUMBER.search(line.text):
            text = RAISED_NUMBER.sub(lambda found: f"[{_value(found[0])}]" if _value(found[0]) in marks else found[0], line.text)
            lines[place] = line._replace(text=text)
    return lines


def _first_note(lines: Sequence[Line], start: int, end: int, body_size: float) -> int:
    """The first line of the notes at the foot of a column `[start, end)`; `end` if there are none."""
    first = end
    while first > start and lines[first - 1].size < SMALLER * body_size and lines[first - 1].kind == TEXT:
        first -= 1
    if end - first > MAX_NOTE_LINES:
        return end
    is_below_text = first > start and lines[first - 1].size >= SMALLER * body_size
    while is_below_text and first < end and not MARK.match(lines[first].text):
        first += 1  # a caption above the notes
    return first if is_below_text else end


def _begins_note(lines: Sequence[Line], place: int, first: int) -> bool:
    """Whether a line of the notes begins one: with a symbol, or with the next number."""
    mark = MARK.match(lines[place].text)
    if not mark:
        return False
    if mark[1] is None:
        return lines[place].text[0] in SYMBOLS
    numbers = [_value(found[1]) for line in lines[first:place] if (found := MARK.match(line.text)) and found[1]]
    return not numbers or _value(mark[1]) in (numbers[-1] + 1, max(numbers) + 1)


def _value(number: str) -> int:
    return int(unicodedata.normalize("NFKC", number))
