"""PDF -> text and pages, by pdfium.

Takes bytes. Knows lines only by their baselines. A paragraph ends (blank line) where the gap to the next line is over
1.25 times the page's usual gap, or where the type gets clearly larger or smaller. Lines inside a paragraph keep their
newline. A page is joined to the next by one newline if its last sentence continues there, otherwise by a blank line.
Only running heads and page numbers are left out: lines at the top or bottom of a page, in type no larger than the text,
that repeat on a third of the pages or more.
"""

from __future__ import annotations

import io
import re
import threading
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from ctypes import byref, c_double
from dataclasses import dataclass
from itertools import pairwise
from math import hypot
from statistics import median
from typing import Any

from ..errors import ReadError
from ..records import Page
from .parsed import ParsedFile

PARAGRAPH_GAP = 1.25  # of the usual gap between baselines; measured, see docs/log.md
TYPE_CHANGE = 1.2  # ratio of two lines' type sizes that makes one of them a heading
SAME_ROW = 0.3  # of the type size: baselines nearer than this are one row
MARGIN_LINES = 2  # this many lines at the top and at the bottom are searched for running heads and page numbers
MIN_RUNNING_PAGES = 3
MIN_RUNNING_SHARE = 1 / 3  # a chapter's name is on every other page, and not on its first
BARE_NUMBER = re.compile(r"\W*(?:page\s+|p\.\s*)?(?:\d{1,4}|[ivxlc]{1,7})(?:\s*(?:/|of)\s*\d{1,4})?\W*", re.IGNORECASE)
SENTENCE_END = re.compile(r"""[.!?:;…。！？][)\]"'”’»*\d]*$""")
NUMBER_KEY = "#"
HYPHEN = "\ufffe"  # pdfium's mark for a hyphen at the end of a line; the next line follows it
PDFIUM_LOCK = threading.Lock()  # pdfium may be called by one thread at a time


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of print; `baseline` is in points from the foot of the page; `is_hyphenated` if its last word continues
    on the next line."""

    text: str
    baseline: float
    type_size: float
    is_hyphenated: bool


def read_pdf(data: bytes, *, max_pages: int = 0) -> ParsedFile:
    """The text of a PDF and its pages. Raises `ReadError`, including for more than `max_pages` pages (0: no limit)."""
    import pypdfium2

    with PDFIUM_LOCK:
        try:
            pdf = pypdfium2.PdfDocument(data)
        except pypdfium2.PdfiumError as error:
            if error.err_code == pypdfium2.raw.FPDF_ERR_PASSWORD:
                raise ReadError("encrypted PDF: save a copy without a password") from error
            raise ReadError("damaged PDF, or not a PDF at all") from error
        with closing(pdf):
            if max_pages and len(pdf) > max_pages:
                raise ReadError(f"has {len(pdf)} pages, the limit is {max_pages}: raise --max-pages and build with --retry-failed")
            title = pdf.get_metadata_value("Title")
            pages = [_read_page(pdf, index) for index in range(len(pdf))]
    text, records = _join_pages(_without_running_lines(pages))
    if not text:
        raise ReadError("the PDF holds no text; run OCR first")
    return ParsedFile(title=title, text=text, pages=records)


def _read_page(pdf: Any, index: int) -> list[Line]:
    import pypdfium2

    try:
        with closing(pdf[index]) as page, closing(page.get_textpage()) as textpage:
            return _read_lines(textpage)
    except pypdfium2.PdfiumError as error:
        raise ReadError(f"damaged PDF: page {index + 1} cannot be read") from error


def _read_lines(textpage: Any) -> list[Line]:
    """The lines of a page, in the order of its content."""
    lines = []
    unit = 0  # position in UTF-16 units, pdfium's own measure
    for match in re.finditer(rf"([^{HYPHEN}\r\n]*)({HYPHEN}|[\r\n]+|\Z)", textpage.get_text_range()):
        text, end = match.groups()
        stripped = text.strip()
        clean = re.sub(r"[\x00-\x08\x0b-\x1f\x7f\uffff]", "", stripped)
        if clean:
            first = unit + _num_units(text[: len(text) - len(text.lstrip())])
            baseline, type_size = _measure(textpage, first, first + _num_units(stripped) - 1)
            lines.append(Line(text=clean, baseline=baseline, type_size=type_size, is_hyphenated=end == HYPHEN))
        unit += _num_units(text) + len(end)
    return lines


def _measure(textpage: Any, first: int, last: int) -> tuple[float, float]:
    """Baseline and type size of a line, in points: medians over three characters, since one may be small and raised."""
    from pypdfium2 import raw

    x, y, matrix = c_double(), c_double(), raw.FS_MATRIX()
    places = [raw.FPDFText_GetCharIndexFromTextIndex(textpage, unit) for unit in (first, (first + last) // 2, last)]
    baselines = [y.value for place in places if raw.FPDFText_GetCharOrigin(textpage, place, byref(x), byref(y))]
    type_sizes = []
    for place in places:
        is_scaled = raw.FPDFText_GetMatrix(textpage, place, byref(matrix))  # some PDF writers set everything in size 1 and scale it
        type_sizes.append(raw.FPDFText_GetFontSize(textpage, place) * (hypot(matrix.c, matrix.d) if is_scaled else 1.0))
    return median(baselines or [0.0]), median(type_sizes) or 1.0


def _num_units(text: str) -> int:
    return len(text) + sum(char > "\uffff" for char in text)


def _without_running_lines(pages: Sequence[list[Line]]) -> list[list[Line]]:
    """Drop the lines in the margins that repeat from page to page, ignoring numbers; but never all lines of a page."""
    body_size = median([line.type_size for page in pages for line in page] or [1.0])
    margins = [_margin_lines(page, body_size) for page in pages]
    counts = Counter(key for margin in margins for key in set(margin.values()))
    running = {key for key, count in counts.items() if count >= max(_least_pages(key), MIN_RUNNING_SHARE * len(pages))}
    return [
        [line for place, line in enumerate(page) if margin.get(place) not in running] or page
        for page, margin in zip(pages, margins, strict=True)
    ]


def _least_pages(key: str) -> int:
    return 2 if key.endswith(NUMBER_KEY) else MIN_RUNNING_PAGES


def _margin_lines(page: Sequence[Line], body_size: float) -> dict[int, str]:
    """Place -> key of the lines that could be running: the key is the edge and the text without a page number at either
    end."""
    by_height = sorted(range(len(page)), key=lambda place: page[place].baseline)
    keys = {}
    for edge, places in (("bottom", by_height[:MARGIN_LINES]), ("top", by_height[-MARGIN_LINES:])):
        for place in places:
            if page[place].type_size <= 1.05 * body_size:  # larger type is a title, even if it repeats
                words = page[place].text
                words = NUMBER_KEY if BARE_NUMBER.fullmatch(words) else re.sub(r"^\d{1,4}\s+|\s+\d{1,4}$", "", words)
                keys[place] = f"{edge}: {words}"
    return keys


def _join_pages(pages: Sequence[list[Line]]) -> tuple[str, tuple[Page, ...]]:
    """The text of all pages. The separator between two pages belongs to the first, so that pages tile the text."""
    compounds = {word.lower() for page in pages for line in page for word in re.findall(r"\w+-\w+", line.text)}
    bodies = [_join_lines(page, compounds) for page in pages]
    text = io.StringIO()
    starts = [0] * len(bodies)
    previous = ""
    num_started = 0
    for index, body in enumerate(bodies):
        if not body:
            continue  # a blank page: it starts and ends where the next one starts
        if previous:
            text.write("\n\n" if SENTENCE_END.search(previous) else "\n")
        starts[num_started : index + 1] = [text.tell()] * (index + 1 - num_started)
        text.write(body)
        previous, num_started = body, index + 1
    whole = text.getvalue()
    starts[num_started:] = [len(whole)] * (len(bodies) - num_started)
    bounds = zip(starts, [*starts[1:], len(whole)], strict=True)
    return whole, tuple(Page(number=number, start=start, end=end) for number, (start, end) in enumerate(bounds, 1))


def _join_lines(lines: Sequence[Line], compounds: set[str]) -> str:
    if not lines:
        return ""
    usual_gap = _usual_gap(lines)
    parts = [lines[0].text]
    for line, following in pairwise(lines):
        if line.is_hyphenated:
            parts.append(_hyphen(line.text, following.text, compounds))
        else:
            parts.append(_separator(line, following, usual_gap))
        parts.append(following.text)
    return "".join(parts)


def _usual_gap(lines: Sequence[Line]) -> float:
    """The median distance, in type sizes, from a baseline to the next one below it."""
    gaps = [_gap(line, following) for line, following in pairwise(lines)]
    return median([gap for gap in gaps if gap > SAME_ROW] or [0.0])


def _gap(line: Line, following: Line) -> float:
    return (line.baseline - following.baseline) / min(line.type_size, following.type_size)


def _separator(line: Line, following: Line, usual_gap: float) -> str:
    gap = _gap(line, following)
    if abs(gap) <= SAME_ROW:
        return " "  # two pieces of one row
    if gap < 0:  # back up: the next column
        return "\n\n" if SENTENCE_END.search(line.text) else "\n"
    sizes = sorted((line.type_size, following.type_size))
    is_paragraph = gap > PARAGRAPH_GAP * usual_gap or sizes[1] > TYPE_CHANGE * sizes[0]
    return "\n\n" if is_paragraph else "\n"


def _hyphen(before: str, after: str, compounds: set[str]) -> str:
    """ "" for a word that was cut at the line's end; "-" for a compound that the document also writes inside a line."""
    first = re.search(r"\w+$", before)
    second = re.match(r"\w+", after)
    return "-" if first and second and f"{first[0]}-{second[0]}".lower() in compounds else ""
