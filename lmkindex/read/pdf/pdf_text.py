"""Ordered lines of all pages -> the text of the document, its pages, and where each line stands in it.

A page is joined to the next by a line end if its last sentence goes on there, otherwise by a blank line. The separator
between two pages belongs to the first, so that pages tile the text.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

from ...records import Page
from .hyphens import Vocabulary, joint, vocabulary_of
from .page_lines import Line
from .paragraphs import SENTENCE_END, Layout, separators


@dataclass(frozen=True, slots=True, kw_only=True)
class SetText:
    """The text, its pages, and for each page the place of each of its lines."""

    text: str
    pages: tuple[Page, ...]
    places: list[list[tuple[int, int]]]


def set_text(sheets: Sequence[Sequence[Line]], layout: Layout) -> SetText:
    """The text of pages whose lines are in reading order."""
    known = vocabulary_of(line for lines in sheets for line in lines)
    text = io.StringIO()
    starts = [0] * len(sheets)
    places: list[list[tuple[int, int]]] = []
    before: Line | None = None
    num_started = 0
    for page, lines in enumerate(sheets):
        between = separators(lines, layout)
        of_lines: list[tuple[int, int]] = []
        for place, line in enumerate(lines):
            if before is not None:
                _part(text, before, line, between[place - 1] if place else _page_separator(before, line), known)
            if not place:
                starts[num_started : page + 1] = [text.tell()] * (page + 1 - num_started)
                num_started = page + 1
            start = text.tell()
            text.write(line.text)
            of_lines.append((start, text.tell()))
            before = line
        places.append(of_lines)
    whole = text.getvalue()
    starts[num_started:] = [len(whole)] * (len(sheets) - num_started)
    bounds = zip(starts, [*starts[1:], len(whole)], strict=True)
    return SetText(text=whole, pages=tuple(Page(number=number, start=start, end=end) for number, (start, end) in enumerate(bounds, 1)), places=places)


def _page_separator(before: Line, line: Line) -> str:
    return "\n\n" if SENTENCE_END.search(before.text) or before.is_row or line.is_row else "\n"


def _part(text: io.StringIO, before: Line, line: Line, separator: str, known: Vocabulary) -> None:
    """Write what stands between two lines; a hyphen that only cut a word is taken away."""
    glue = joint(before.text, line.text, known) if separator != "\n\n" or not before.is_row else None
    if glue is None:
        text.write(separator)
    elif glue[0]:
        text.seek(text.tell() - glue[0])
        text.truncate()
