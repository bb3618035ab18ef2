"""PDF -> text, pages and headings, by pdfium. Takes bytes; the other modules of the package are its steps."""

from __future__ import annotations

import threading
from contextlib import closing

from ...errors import ReadError
from ..parsed import ParsedFile
from .footnotes import with_footnotes_apart
from .furniture import furniture_of
from .page_fields import open_form
from .paragraphs import layout_of
from .pdf_text import set_text
from .reading_order import in_reading_order
from .sheets import read_sheet

PDFIUM_LOCK = threading.Lock()  # pdfium may be called by one thread at a time


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
            with open_form(pdf) as form:
                sheets = [read_sheet(pdf, index, form) for index in range(len(pdf))]
    furniture = furniture_of(sheets)
    bodies = [
        in_reading_order([line for place, line in enumerate(sheet.lines) if place not in dropped] if dropped else sheet.lines)
        for sheet, dropped in zip(sheets, furniture, strict=True)
    ]
    layout = layout_of(bodies)
    bodies = [with_footnotes_apart(lines, layout.body_size) for lines in bodies]
    laid = set_text(bodies, layout)
    if not laid.text:
        raise ReadError("the PDF holds no text; run OCR first")
    return ParsedFile(title=title, text=laid.text, pages=laid.pages, num_furniture=sum(map(len, furniture)))
