"""A sheet set with ReportLab: frames for columns, notes at the foot, form fields and annotations drawn in place."""

from __future__ import annotations

import io
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

from reportlab.lib.enums import TA_JUSTIFY
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Flowable, Frame, ListFlowable, PageBreak, PageTemplate, Paragraph, Table

from .breaks import soften
from .sheets import PAGE_SIZES, Block, Sheet, grouped

FONTS = {
    "Body": ("Times-Roman", "LiberationSerif-Regular"),
    "Body-Italic": ("Times-Italic", "LiberationSerif-Italic"),
    "Body-Bold": ("Times-Bold", "LiberationSerif-Bold"),
    "Hebrew": ("Helvetica", "DejaVuSans"),
}
FONT_FOLDERS = ("/usr/share/fonts/truetype/liberation", "/usr/share/fonts/truetype/liberation2", "/usr/share/fonts/truetype/dejavu")
BODY = ParagraphStyle("body", fontName="Body", fontSize=11, leading=14.5, alignment=TA_JUSTIFY, spaceAfter=7, allowWidows=1, allowOrphans=1)
STYLES = {
    "title": ParagraphStyle("title", fontName="Body-Bold", fontSize=18, leading=23, spaceAfter=14),
    "heading": ParagraphStyle("heading", fontName="Body-Bold", fontSize=13, leading=16, spaceBefore=10, spaceAfter=6, keepWithNext=1),
    "caption": ParagraphStyle("caption", fontName="Body-Italic", fontSize=10, leading=13, spaceBefore=6, spaceAfter=3, keepWithNext=1),
    "rtl": ParagraphStyle("rtl", fontName="Hebrew", fontSize=11, leading=15, alignment=2, spaceAfter=7),
}


class Drawn(Flowable):  # type: ignore[misc]
    """A form field with its label, or an annotation, drawn where the text flow stands."""

    def __init__(self, block: Block, number: int) -> None:
        super().__init__()
        self.block = block
        self.number = number

    def wrap(self, width: float, height: float) -> tuple[float, float]:
        self.width = width
        return width, 9 * mm

    def draw(self) -> None:
        canvas: Canvas = self.canv
        if self.block.kind == "field":
            canvas.setFont("Body", 11)
            canvas.drawString(0, 3 * mm, self.block.cells[0])
            value = self.block.cells[1]
            canvas.acroForm.textfield(
                name=f"f{self.number}",
                value=value,
                x=45 * mm,
                y=1 * mm,
                width=100 * mm,
                height=6 * mm,
                relative=True,
                fontSize=9,
                maxlen=200,
            )
        elif self.block.kind == "comment":
            canvas.textAnnotation(self.block.sentences[0], Rect=[0, 0, 18, 18], relative=1)
        else:
            canvas.freeTextAnnotation(self.block.sentences[0], "/Helv 9 Tf 0 g", Rect=[0, 0, 120 * mm, 7 * mm], relative=1)


def print_reportlab(sheet: Sheet) -> bytes:
    """The PDF's bytes, the same at every call."""
    _register_fonts(sheet)
    num_pages = _build(sheet, io.BytesIO(), 0) if sheet.page_label == "of" else 0  # known after a first run
    made = io.BytesIO()
    _build(sheet, made, num_pages)
    return made.getvalue()


def _register_fonts(sheet: Sheet) -> None:
    """The fonts that every viewer has (ReportLab's default) where their letters suffice, else a TrueType font."""
    text = "".join(text for block in sheet.blocks for text in (*block.sentences, *block.cells))
    is_simple = all(letter in "⟪⟫" or letter.encode("cp1252", "ignore") for letter in text)
    for name, (core, file) in FONTS.items():
        font = pdfmetrics.Font(name, core, "WinAnsiEncoding") if is_simple else TTFont(name, _font_path(file))
        pdfmetrics.registerFont(font)
    pdfmetrics.registerFontFamily("Body", normal="Body", italic="Body-Italic", bold="Body-Bold", boldItalic="Body-Bold")


def _font_path(file: str) -> str:
    return next(str(path) for folder in FONT_FOLDERS if (path := Path(folder) / f"{file}.ttf").exists())


def _build(sheet: Sheet, target: io.BytesIO, num_pages: int) -> int:
    """Set the sheet; `num_pages` stands in its page labels. Returns the number of its pages."""
    page_width, height, margin = (length * mm for length in PAGE_SIZES[sheet.page])
    width = (page_width - 2 * margin - (sheet.columns - 1) * 8 * mm) / sheet.columns
    frames = [Frame(margin + (width + 8 * mm) * number, margin, width, height - 2 * margin, 0, 0, 0, 0) for number in range(sheet.columns)]

    def furnish(canvas: Any, document: Any) -> None:
        if sheet.rotation:
            canvas.setPageRotation(sheet.rotation)
        canvas.setFont("Body", 9)
        canvas.drawString(margin, height - margin / 2, sheet.head)
        label = {"": "", "number": str(document.page), "of": f"Page {document.page} of {num_pages}"}[sheet.page_label]
        canvas.drawCentredString(page_width / 2, margin / 2, label)

    document = BaseDocTemplate(target, pagesize=(page_width, height), invariant=1, title=sheet.title)
    document.addPageTemplates([PageTemplate("all", frames, onPage=furnish)])
    document.build(list(_story(sheet)))
    return int(document.page)


def _story(sheet: Sheet) -> Iterator[Flowable]:
    num_drawn = 0
    for kind, numbered, blocks in grouped(sheet.blocks):
        if kind == "row":
            lines = [
                ("LINEBELOW", (0, 0), (-1, 0), 0.6, "black"),
                ("FONTNAME", (0, 0), (-1, -1), "Body"),
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ]
            cell_style = ParagraphStyle("cell", parent=BODY, alignment=0, spaceAfter=0)
            widths = [150 * mm / len(blocks[0].cells)] * len(blocks[0].cells)
            yield Table(
                [[Paragraph(escape(cell), cell_style) for cell in row.cells] for row in blocks], colWidths=widths, style=lines, repeatRows=0
            )
        elif kind == "item":
            items = [Paragraph(_inline(sheet, block), BODY) for block in blocks]
            yield ListFlowable(
                items, bulletType="1" if numbered else "bullet", start=None if numbered else "•", bulletFormat="%s." if numbered else None
            )
        elif kind == "page":
            yield PageBreak()
        elif kind in {"field", "comment", "freetext"}:
            yield from (Drawn(block, number) for number, block in enumerate(blocks, num_drawn))
            num_drawn += len(blocks)
        else:
            for block in blocks:
                text = _inline(sheet, block)
                if kind == "rtl":
                    text = text[::-1]  # ReportLab draws from left to right: the letters are put in the order of the eye
                yield Paragraph(text, STYLES.get(kind, BODY))


def _inline(sheet: Sheet, block: Block) -> str:
    text = " ".join(block.sentences)
    text = soften(text) if sheet.hyphenate and block.kind == "paragraph" else text
    return escape(text, quote=False).replace("⟪", "<i>").replace("⟫", "</i>")
