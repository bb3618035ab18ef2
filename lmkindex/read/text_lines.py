"""The lines of a text, as offsets into it."""

from __future__ import annotations

import re

LINE_END = re.compile(r"\r\n|\r|\n")


def line_places(text: str) -> list[tuple[int, int]]:
    """Start and end of each line, without its line end."""
    places, start = [], 0
    for match in LINE_END.finditer(text):
        places.append((start, match.start()))
        start = match.end()
    return [*places, (start, len(text))]


def without_blanks(text: str, start: int, end: int) -> tuple[int, int]:
    """The range without blanks at its ends."""
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end
