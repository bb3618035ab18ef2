"""The titles of reStructuredText, as docutils tells them: by a line of punctuation below them, and perhaps above.

Takes a text, gives `Heading`s with offsets into it. A title ends with its own last line, the line of punctuation.
"""

from __future__ import annotations

import re
import unicodedata

from ..records import Heading
from .text_lines import line_places, without_blanks

ADORNMENT = re.compile(r"([!-/:-@\[-`{-~])\1*[ \t]*")
# Lines that are no text to docutils: items, directives and comments, fields, line blocks, doctests, tables.
NO_TITLE = re.compile(r"[-*+•‣⁃]\s|\.\.(?:\s|$)|__\s|:[^:\s][^:]*:\s|\|\s|>>>\s|\+[-=]")
RST_ROLE = re.compile(r"(?::[\w.:+-]+:)?`([^`<]+?)(?:\s*<[^`<>]*>)?`(?:__?|:[\w.:+-]+:)?")
RST_MARKS = re.compile(r"``([^`]+)``|\*\*([^*]+)\*\*|\*([^*\s][^*]*)\*|\|([^|\s][^|]*)\|_{0,2}|(?<=\w)__?(?!\w)|\[([\w.-]+)\]_")
MAX_TITLE = 1000  # characters of a title's words


def rst_headings(text: str) -> tuple[Heading, ...]:
    """The section titles of reStructuredText; the order in which their styles appear gives their levels."""
    places = line_places(text)
    lines = [text[start:end].rstrip() for start, end in places]
    styles: list[str] = []
    found: list[Heading] = []
    index = 0
    while index < len(lines):
        num_lines = lines_of_title(lines, index)
        if not num_lines:
            index += 1
            continue
        style = lines[index + num_lines - 1][0] * (num_lines - 1)  # "==" is overlined
        if style not in styles:
            styles.append(style)
        start, end = without_blanks(text, places[index][0], places[index + num_lines - 1][1])
        title = rst_words(lines[index + num_lines - 2].strip())
        found.append(Heading(start=start, end=end, level=styles.index(style) + 1, text=title))
        index += num_lines
    return tuple(heading for heading in found if heading.text)


def lines_of_title(lines: list[str], index: int) -> int:
    """How many lines a title has that begins at this one: 3 with a line above it, 2 without, 0 if there is none."""
    line = lines[index]
    if not line or line[0].isspace() or index + 1 >= len(lines):
        return 0
    above, below = lines[index + 1], lines[index + 2] if index + 2 < len(lines) else ""
    if is_adornment(line):
        is_overlined = below == line and bool(above.strip()) and not is_adornment(above)
        return 3 if is_overlined and len(line) >= min(4, column_width(above)) else 0
    before = lines[index - 1] if index else ""
    is_separate = not before or before[0].isspace() or is_adornment(before)
    if not is_separate or not is_adornment(above) or NO_TITLE.match(line):
        return 0
    return 2 if len(above) >= min(4, column_width(line)) else 0


def is_adornment(line: str) -> bool:
    """Whether a line is one mark of punctuation, repeated."""
    return ADORNMENT.fullmatch(line) is not None


def column_width(text: str) -> int:
    """How many columns a text takes on a terminal."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text[:8])


def rst_words(title: str) -> str:
    """The words of a title without inline markup."""
    title = RST_MARKS.sub(lambda match: next((group for group in match.groups() if group), ""), title[:MAX_TITLE])
    title = RST_ROLE.sub(r"\1", title)
    return " ".join(re.sub(r"\\(\S)", r"\1", title).split())
