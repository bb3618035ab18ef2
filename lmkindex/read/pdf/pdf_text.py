"""Ordered lines of all pages -> the text of the document, its pages, and where each line stands in it.

A page is joined to the next by a line end if its last sentence goes on there, otherwise by a blank line. The separator
between two pages belongs to the first, so that pages tile the text. What is set apart, such as a footnote, waits for
the end of the sentence that it interrupts; if that ends on the next page, so much of it counts as the page before.
"""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from ...records import Page
from .hyphens import Vocabulary, joint, vocabulary_of
from .page_lines import APART, APART_NEXT, TEXT, Line
from .paragraphs import Layout, ends_sentence, page_separator, separators

MAX_WAITING_LINES = 30  # of a sentence that notes interrupt
INNER_END = re.compile(r"(?<=[^\W\d_]{4})[.!?…][)\]\"'”’»]*\s+(?=[\"'“‘«(\[]*[^\W\d_a-z])|[!?。！？…][)\]\"'”’»]*\s*(?=\S)")


@dataclass(frozen=True, slots=True, kw_only=True)
class SetText:
    """The text, its pages, and for each page the place of each of its lines."""

    text: str
    pages: tuple[Page, ...]
    places: list[list[tuple[int, int]]]


@dataclass(slots=True, kw_only=True)
class _Setter:
    """Writes lines one after the other; its invariant: what waits is set behind the sentence that is being written."""

    known: Vocabulary
    text: io.StringIO = field(default_factory=io.StringIO)
    starts: list[int] = field(default_factory=list)  # of pages that have begun
    before: Line | None = None
    waiting: list[tuple[int, int, Line]] = field(default_factory=list)  # page, place, line
    num_waited: int = 0
    places: dict[tuple[int, int], tuple[int, int]] = field(default_factory=dict)

    def put(self, page: int, place: int, line: Line, separator: str) -> None:
        """Write a line of the running text."""
        if self.waiting and self.before is not None:
            if separator == "\n\n" or ends_sentence(self.before.text) or self.num_waited >= MAX_WAITING_LINES:
                self.release(is_between=True)
                separator = ""
            else:
                self.num_waited += 1
        if self.before is not None and separator:
            self.part(self.before, line, separator)
        if not self.waiting:
            self.begin(page)
        start = self.text.tell()
        end = INNER_END.search(line.text) if self.waiting and self.before is not None else None
        if end:
            self.text.write(line.text[: end.end()].rstrip())
            self.release(is_between=True)
            self.begin(page)
            self.text.write(line.text[end.end() :])
        else:
            self.text.write(line.text)
        self.places[page, place] = (start, self.text.tell())
        self.before = line

    def release(self, *, is_between: bool) -> None:
        """Write what waits, as paragraphs of its own."""
        before: Line | None = None
        for page, place, line in self.waiting:
            self.begin(page)
            if before is not None and line.kind == APART_NEXT:
                self.part(before, line, "\n")
            elif self.text.tell():
                self.text.write("\n\n")
            start = self.text.tell()
            self.text.write(line.text)
            self.places[page, place] = (start, self.text.tell())
            before = line
        self.waiting.clear()
        self.num_waited = 0
        if is_between and before is not None:
            self.text.write("\n\n")

    def part(self, before: Line, line: Line, separator: str) -> None:
        """Write what stands between two lines; a hyphen that only cut a word is taken away."""
        glue = joint(before.text, line.text, self.known) if before.kind in (TEXT, APART, APART_NEXT) else None
        if glue is None:
            self.text.write(separator)
        elif glue:
            self.text.seek(self.text.tell() - glue)
            self.text.truncate()

    def begin(self, page: int) -> None:
        """The pages up to this one begin here, if they have not begun."""
        if page >= len(self.starts):
            self.starts += [self.text.tell()] * (page + 1 - len(self.starts))


def set_text(sheets: Sequence[Sequence[Line]], layout: Layout) -> SetText:
    """The text of pages whose lines are in reading order."""
    setter = _Setter(known=vocabulary_of(line for lines in sheets for line in lines))
    last_edge = 0.0  # how far the lines of the page before reach
    for page, lines in enumerate(sheets):
        running = [(place, line) for place, line in enumerate(lines) if line.kind not in (APART, APART_NEXT)]
        if not running:
            setter.waiting += [(page, place, line) for place, line in enumerate(lines)]
            continue
        between = iter(["", *separators([line for _, line in running], layout)])
        for place, line in enumerate(lines):
            if line.kind in (APART, APART_NEXT):
                setter.waiting.append((page, place, line))
                continue
            separator = next(between)
            if setter.before is not None and place == running[0][0]:
                separator = page_separator(setter.before, line, last_edge)
            setter.put(page, place, line, separator)
        last_edge = max(line.right for _, line in running)
    setter.release(is_between=False)
    text = setter.text.getvalue()
    starts = setter.starts + [len(text)] * (len(sheets) - len(setter.starts))
    bounds = zip(starts, [*starts[1:], len(text)], strict=True)
    return SetText(
        text=text,
        pages=tuple(Page(number=number, start=start, end=end) for number, (start, end) in enumerate(bounds, 1)),
        places=[[setter.places[page, place] for place in range(len(lines))] for page, lines in enumerate(sheets)],
    )
