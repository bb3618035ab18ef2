"""A sheet drawn on bare pages, as programs draw that know no columns: the lines of both columns row by row."""

from __future__ import annotations

import io
from collections.abc import Iterator

from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.lib.utils import simpleSplit
from reportlab.pdfgen.canvas import Canvas

from .sheets import Sheet, plain

FONT, SIZE_PT, PITCH_PT = "Times-Roman", 10, 13
LEFT, TOP, COLUMN, GUTTER = 20 * mm, A4[1] - 25 * mm, 80 * mm, 10 * mm
LINES_ON_PAGE = 50


def print_canvas(sheet: Sheet) -> bytes:
    """The PDF's bytes: two columns of lines, each row of the page drawn from left to right."""
    lines = list(_lines(sheet))
    made = io.BytesIO()
    canvas = Canvas(made, pagesize=A4, invariant=1)
    for first in range(0, len(lines), 2 * LINES_ON_PAGE):
        canvas.setFont(FONT, SIZE_PT)
        columns = [lines[first : first + LINES_ON_PAGE], lines[first + LINES_ON_PAGE : first + 2 * LINES_ON_PAGE]]
        for row in range(LINES_ON_PAGE):
            for number, column in enumerate(columns):
                if row < len(column) and column[row]:
                    canvas.drawString(LEFT + number * (COLUMN + GUTTER), TOP - row * PITCH_PT, column[row])
        canvas.showPage()
    canvas.save()
    return made.getvalue()


def _lines(sheet: Sheet) -> Iterator[str]:
    """The lines of one column, paragraphs parted by an empty one."""
    for block in sheet.blocks:
        text = plain(" ".join(block.sentences or (" | ".join(block.cells),)))
        yield from simpleSplit(text, FONT, SIZE_PT, COLUMN)
        yield ""
