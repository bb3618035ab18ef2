"""PDF -> text, pages and headings, by pdfium. Takes bytes; the other modules of the package are its steps."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager

from ...errors import ReadError
from ..parsed import ParsedFile
from .footnotes import with_footnotes_apart
from .margin_numbers import without_line_numbers
from .outline import OutlineEntry, read_outline
from .page_fields import open_form
from .page_lines import Line
from .paragraphs import Layout, layout_of, separators
from .pdf_headings import headings_of
from .pdf_text import set_text
from .placing import apart_lines, with_comments
from .reading_order import in_reading_order
from .running_heads import furniture_of
from .sheets import Sheet, read_sheet

PDFIUM_LOCK = threading.Lock()  # pdfium may be called by one thread at a time


def read_pdf(data: bytes, *, max_pages: int = 0) -> ParsedFile:
    """The text of a PDF and its pages. Raises `ReadError`, including for more than `max_pages` pages (0: no limit)."""
    with _collector_at_rest():
        with PDFIUM_LOCK:
            title, sheets, outline = _read_file(data, max_pages)
        return _parsed(title, sheets, outline)


@contextmanager
def _collector_at_rest() -> Iterator[None]:
    """A page becomes some hundred records, and none of them points back: to look for rings among them takes a tenth of
    the time to read a file."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _parsed(title: str, sheets: Sequence[Sheet], outline: Sequence[OutlineEntry]) -> ParsedFile:
    sheets, num_line_numbers = without_line_numbers(sheets)
    furniture = furniture_of(sheets)
    bodies = [
        in_reading_order([line for place, line in enumerate(sheet.lines) if place not in dropped] if dropped else sheet.lines)
        for sheet, dropped in zip(sheets, furniture, strict=True)
    ]
    layout = layout_of(bodies)
    bodies = [_with_what_is_apart(lines, sheet, layout) for lines, sheet in zip(bodies, sheets, strict=True)]
    laid = set_text(bodies, [sheet.width for sheet in sheets], layout)
    if not laid.text:
        raise ReadError("the PDF holds no text; run OCR first")
    return ParsedFile(
        title=title,
        text=laid.text,
        pages=laid.pages,
        headings=headings_of(bodies, laid, layout, outline),
        num_furniture=num_line_numbers + sum(map(len, furniture)),
        notes=_notes(sheets),
    )


def _read_file(data: bytes, max_pages: int) -> tuple[str, list[Sheet], list[OutlineEntry]]:
    """Title, pages and outline of a file."""
    import pypdfium2

    try:
        pdf = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        if error.err_code == pypdfium2.raw.FPDF_ERR_PASSWORD:
            raise ReadError("encrypted PDF: save a copy without a password") from error
        raise ReadError("damaged PDF, or not a PDF at all") from error
    with closing(pdf):
        if max_pages and len(pdf) > max_pages:
            raise ReadError(f"has {len(pdf)} pages, the limit is {max_pages}: raise --max-pages and build with --retry-failed")
        with open_form(pdf) as form:
            sheets = [read_sheet(pdf, index, form) for index in range(len(pdf))]
        return pdf.get_metadata_value("Title"), sheets, read_outline(pdf)


def _with_what_is_apart(lines: list[Line], sheet: Sheet, layout: Layout) -> list[Line]:
    """The lines of a page in reading order, with its footnotes told, its comments, and what is set in other
    directions."""
    lines = with_comments(with_footnotes_apart(lines, layout.body_size), sheet.comments)
    for turns in dict.fromkeys(line.turns for line in sheet.slanted):
        slanted = in_reading_order([line for line in sheet.slanted if line.turns == turns])
        lines = lines + apart_lines(slanted, separators(slanted, layout))
    return lines


def _notes(sheets: Sequence[Sheet]) -> tuple[str, ...]:
    """What the user should know about pages without text."""
    notes: list[str] = []
    drawn = [number for number, sheet in enumerate(sheets, 1) if sheet.is_textless and sheet.num_objects]
    blank = [number for number, sheet in enumerate(sheets, 1) if sheet.is_textless and not sheet.num_objects]
    if drawn:
        verb = "holds" if len(drawn) == 1 else "hold"
        notes.append(f"{_pages(drawn)} {verb} no text, perhaps pictures of it: run OCR")
    if blank:
        notes.append(f"{_pages(blank)} {'is' if len(blank) == 1 else 'are'} blank")
    return tuple(notes)


def _pages(numbers: Sequence[int]) -> str:
    """Pages in words: "page 3", "pages 3, 7-9"."""
    ranges: list[list[int]] = []
    for number in numbers:
        if ranges and ranges[-1][1] == number - 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    listed = ", ".join(f"{first}-{last}" if last > first else f"{first}" for first, last in ranges)
    return f"page{'s' if len(numbers) > 1 else ''} {listed}"
