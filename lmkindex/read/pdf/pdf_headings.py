"""Which lines of a PDF are headings, and of what level: those that its outline names, else those in larger type.

Takes the lines of all pages in reading order, with their places in the text. Levels follow the outline, or the order of
the type sizes. A heading stands in a paragraph of its own; a large first letter or the row of a table is none.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from ...records import Heading
from .outline import OutlineEntry
from .page_lines import TEXT, Line
from .paragraphs import Layout
from .pdf_text import SetText

LARGER = 1.1  # of the body's type size
SAME_TYPE = 0.03  # ratio of type sizes that count as the same
MAX_LINES = 4
MAX_CHARS = 250
MAX_BOLD_CHARS = 120
MAX_SHARE = 0.2  # of a document's characters in one type: more is no heading
MAX_PAGE_LINES = 1000  # a page of more is not searched for the titles of the outline
NO_LETTERS = re.compile(r"[\W\d_]+")
MAX_LEVEL = 6
MIN_FOUND_SHARE = 0.5  # of the outline's entries

Run = tuple[int, int, int]  # page, first line, end


def headings_of(sheets: Sequence[Sequence[Line]], laid: SetText, layout: Layout, outline: Sequence[OutlineEntry]) -> tuple[Heading, ...]:
    """The headings in the order of the text."""
    runs = _outlined(sheets, outline)
    if len(runs) < max(2, MIN_FOUND_SHARE * len(outline)):
        runs = _by_type(sheets, laid, layout)
    headings = {}
    for (page, first, end), level in runs:
        places = laid.places[page][first:end]
        text = " ".join(laid.text[places[0][0] : places[-1][1]].split())
        headings[places[0][0]] = Heading(start=places[0][0], end=places[-1][1], level=level, text=text)
    return tuple(heading for _, heading in sorted(headings.items()))


def _outlined(sheets: Sequence[Sequence[Line]], outline: Sequence[OutlineEntry]) -> list[tuple[Run, int]]:
    """The lines that the outline's entries lead to."""
    found: list[tuple[Run, int]] = []
    keys: dict[int, list[str]] = {}
    for entry in outline:
        if entry.page >= len(sheets) or len(sheets[entry.page]) > MAX_PAGE_LINES:
            continue
        lines = sheets[entry.page]
        if entry.page not in keys:
            keys[entry.page] = [_letters(line.text) for line in lines]
        runs = list(_named(keys[entry.page], _letters(entry.title)))
        if runs:
            taken = {run for run, _ in found[-len(lines) :]}
            free = [run for run in runs if (entry.page, *run) not in taken] or runs
            first, end = min(free, key=lambda run: _distance(lines[run[0]], entry))
            found.append(((entry.page, first, end), min(entry.level, MAX_LEVEL)))
    return found


def _named(keys: Sequence[str], title: str) -> Iterator[tuple[int, int]]:
    """First line and end of the lines that say the title, with or without a number before it."""
    for first, start in enumerate(keys):
        if not title or not start or not (title.startswith(start) or start.endswith(title)):
            continue
        if start.endswith(title) and len(title) >= 0.6 * len(start):
            yield first, first + 1
            continue
        said = start
        for end in range(first + 1, min(len(keys), first + MAX_LINES)):
            said += keys[end]
            if said == title:
                yield first, end + 1
            elif not title.startswith(said):
                break


def _distance(line: Line, entry: OutlineEntry) -> float:
    return abs(entry.height - line.baseline - line.size) if entry.height is not None else -line.size


def _letters(text: str) -> str:
    """What a title and its line have in common: its letters, or all of it if it has none."""
    return NO_LETTERS.sub("", text.casefold()) or "".join(text.split())


def _by_type(sheets: Sequence[Sequence[Line]], laid: SetText, layout: Layout) -> list[tuple[Run, int]]:
    """The paragraphs in larger type, and short ones in bold type."""
    chars: Counter[float] = Counter()
    for lines in sheets:
        for line in lines:
            chars[_size_of(line)] += len(line.text)
    frequent = {size for size, count in chars.items() if count > MAX_SHARE * chars.total()}
    runs = [
        (page, first, end)
        for page, lines in enumerate(sheets)
        for first, end in _runs_of_one_type(lines, layout)
        if _size_of(lines[first]) not in frequent or lines[first].size <= LARGER * layout.body_size
        if _is_paragraph(laid, page, first, end)
    ]
    types = sorted({(-_size_of(sheets[page][first]), not sheets[page][first].is_bold) for page, first, _ in runs})
    level_of: dict[tuple[float, bool], int] = {}
    for size, is_light in types:
        level_of[size, is_light] = min(MAX_LEVEL, len(level_of) + 1)
    return [(run, level_of[-_size_of(sheets[run[0]][run[1]]), not sheets[run[0]][run[1]].is_bold]) for run in runs]


def _size_of(line: Line) -> float:
    return round(2 * line.size) / 2


def _runs_of_one_type(lines: Sequence[Line], layout: Layout) -> Iterator[tuple[int, int]]:
    """First line and end of the lines that follow each other in the type of a heading."""
    first = 0
    while first < len(lines):
        end = first + 1
        if _has_heading_type(lines[first], layout):
            while end < len(lines) and _has_heading_type(lines[end], layout) and _is_same_type(lines[first], lines[end]):
                if lines[end].baseline < lines[end - 1].baseline - MAX_PITCH * lines[end].size:
                    break
                end += 1
            text = " ".join(line.text for line in lines[first:end])
            is_large = lines[first].size > LARGER * layout.body_size
            is_short = len(text) <= (MAX_CHARS if is_large else MAX_BOLD_CHARS) and end - first <= MAX_LINES
            if is_short and sum(char.isalpha() for char in text) >= 2 and (is_large or text[-1] not in ".,;:"):
                yield first, end
        first = end


MAX_PITCH = 1.9  # of the type size: lines of one heading are no farther apart


def _has_heading_type(line: Line, layout: Layout) -> bool:
    return (
        line.kind == TEXT
        and not line.is_capped
        and (line.size > LARGER * layout.body_size or (line.is_bold and not layout.is_bold and line.size > 0.95 * layout.body_size))
    )


def _is_same_type(line: Line, other: Line) -> bool:
    return line.is_bold == other.is_bold and abs(line.size - other.size) <= SAME_TYPE * line.size


def _is_paragraph(laid: SetText, page: int, first: int, end: int) -> bool:
    """Whether lines have blank lines around them, or the bounds of the text."""
    start, stop = laid.places[page][first][0], laid.places[page][end - 1][1]
    before, after = laid.text[max(0, start - 2) : start], laid.text[stop : stop + 2]
    return before in ("", "\n\n") and after in ("", "\n\n")
