"""Ordered lines of all pages -> the text of the document, its pages, and where each line stands in it.

A page is joined to the next by a line end if its last sentence goes on there, otherwise by a blank line. The separator
between two pages belongs to the first, so that pages tile the text. What is set apart, such as a footnote, waits for
the end of the sentence that it interrupts; if that ends on the next page, so much of it counts as the page before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ...records import Page
from .hyphens import HYPHENS, Vocabulary, joint, vocabulary_of
from .page_lines import APART, APART_NEXT, FIELD, ROW, Line
from .paragraphs import Layout, page_separator, right_edges, separators

OPENING = "“‘«„(["  # sentencex may leave an opening quotation mark, which it cannot pair, to the sentence before
MAX_WAITING_LINES = 30  # of a sentence that notes interrupt


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
    places: list[list[tuple[int, int]]]  # of each page's lines
    parts: list[str] = field(default_factory=list)
    length: int = 0
    starts: list[int] = field(default_factory=list)  # of pages that have begun
    before: Line | None = None
    waiting: list[tuple[int, int, Line]] = field(default_factory=list)  # page, place, line
    num_waited: int = 0

    def put(self, page: int, place: int, line: Line, separator: str) -> None:
        """Write a line of the running text."""
        before = self.before
        if before is not None and self.waiting:
            self.put_past_waiting(page, place, line, separator, before)
            return
        if before is not None and separator:
            self.part(before, line, separator)
        if page >= len(self.starts):
            self.begin(page)
        start, self.length = self.length, self.length + len(line.text)
        self.parts.append(line.text)
        self.places[page][place] = (start, self.length)
        self.before = line

    def put_past_waiting(self, page: int, place: int, line: Line, separator: str, before: Line) -> None:
        """Write a line, and what waits where the sentence ends before it or in it."""
        self.num_waited += 1
        cut = 0 if separator == "\n\n" or self.num_waited > MAX_WAITING_LINES else sentence_start(before.text, line.text)
        if cut == 0:
            self.release(is_between=True)
            self.put(page, place, line, "")
            return
        self.part(before, line, separator)
        start = self.length
        if cut > 0:
            self.write(line.text[:cut].rstrip())
            self.release(is_between=True)
            self.begin(page)
        self.write(line.text[max(cut, 0) :])
        self.places[page][place] = (start, self.length)
        self.before = line

    def release(self, *, is_between: bool) -> None:
        """Write what waits, as paragraphs of its own."""
        before: Line | None = None
        for page, place, line in self.waiting:
            self.begin(page)
            if before is not None and line.kind == APART_NEXT:
                self.part(before, line, "\n")
            elif self.length:
                self.write("\n\n")
            start = self.length
            self.write(line.text)
            self.places[page][place] = (start, self.length)
            before = line
        self.waiting.clear()
        self.num_waited = 0
        if is_between and before is not None:
            self.write("\n\n")

    def part(self, before: Line, line: Line, separator: str) -> None:
        """Write what stands between two lines; a hyphen that only cut a word is taken away."""
        is_open = before.text[-1] in HYPHENS and before.kind not in (ROW, FIELD)
        glue = joint(before.text, line.text, self.known) if is_open else None
        if glue is None:
            self.parts.append(separator)
            self.length += len(separator)
        elif glue:
            self.parts[-1] = self.parts[-1][:-glue]
            self.length -= glue

    def write(self, text: str) -> None:
        self.parts.append(text)
        self.length += len(text)

    def begin(self, page: int) -> None:
        """The pages up to this one begin here, if they have not begun."""
        if page >= len(self.starts):
            self.starts += [self.length] * (page + 1 - len(self.starts))


def set_text(sheets: Sequence[Sequence[Line]], widths: Sequence[float], layout: Layout) -> SetText:
    """The text of pages, some points wide, whose lines are in reading order."""
    known = vocabulary_of([line for lines in sheets for line in lines])
    setter = _Setter(known=known, places=[[(0, 0)] * len(lines) for lines in sheets])
    last_edge = 0.0  # how far the lines of the page before reach
    for page, lines in enumerate(sheets):
        running = [(place, line) for place, line in enumerate(lines) if line.kind not in (APART, APART_NEXT)]
        if not running:
            setter.waiting += [(page, place, line) for place, line in enumerate(lines)]
            continue
        between = iter(["", *separators([line for _, line in running], layout, widths[page])])
        for place, line in enumerate(lines):
            if line.kind in (APART, APART_NEXT):
                setter.waiting.append((page, place, line))
                continue
            separator = next(between)
            if setter.before is not None and place == running[0][0]:
                separator = page_separator(setter.before, line, last_edge)
            setter.put(page, place, line, separator)
        last_edge = right_edges([line for _, line in running], widths[page])[-1]
    setter.release(is_between=False)
    text = "".join(setter.parts)
    starts = setter.starts + [len(text)] * (len(sheets) - len(setter.starts))
    bounds = zip(starts, [*starts[1:], len(text)], strict=True)
    return SetText(
        text=text,
        pages=tuple(Page(number=number, start=start, end=end) for number, (start, end) in enumerate(bounds, 1)),
        places=setter.places,
    )


def sentence_start(before: str, line: str) -> int:
    """Where the first sentence begins in a line that stands behind another; -1 if there is none."""
    from sentencex import get_sentence_boundaries

    found = get_sentence_boundaries("en", f"{before} {line}")
    starts = (boundary["start_index"] - len(before) - 1 for boundary in found)
    start = next((start for start in starts if start >= 0), -1)
    while start > 0 and line[start - 1] in OPENING:
        start -= 1
    return start
