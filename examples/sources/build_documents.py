"""Build the PDF and DOCX files of the sample corpus from their text sources: `python
examples/sources/build_documents.py`.

A source is UTF-8 text in blocks parted by blank lines. A block that begins with "# " is the title, one with "## " a
heading, one whose lines all contain " | " a table; every other block is a paragraph. Building twice gives the same
bytes. Needs reportlab and python-docx.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from xml.sax.saxutils import escape

from docx import Document
from reportlab.lib.enums import TA_JUSTIFY
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Paragraph, SimpleDocTemplate

HERE = Path(__file__).resolve().parent
CORPUS = HERE.parent / "corpus"
STAMP = (2022, 4, 1, 12, 0, 0)


def blocks(source: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield (kind, lines) for each block: title, heading, table or paragraph."""
    for block in source.read_text(encoding="utf-8").strip().split("\n\n"):
        lines = [line.strip() for line in block.splitlines() if line.strip()]
        if not lines:
            continue
        if lines[0].startswith("## "):
            yield "heading", [lines[0][3:]]
        elif lines[0].startswith("# "):
            yield "title", [lines[0][2:]]
        elif all(" | " in line for line in lines):
            yield "table", [line.strip("| ") for line in lines]
        else:
            yield "paragraph", [" ".join(lines)]


def build_pdf(source: Path, target: Path) -> None:
    """Set the source on A4 pages with a page number in each footer."""
    body = ParagraphStyle("body", fontName="Times-Roman", fontSize=11, leading=14.5, alignment=TA_JUSTIFY, spaceAfter=7)
    heading = ParagraphStyle("heading", fontName="Helvetica-Bold", fontSize=13, leading=16, spaceBefore=10, spaceAfter=6, keepWithNext=1)
    title = ParagraphStyle("title", fontName="Helvetica-Bold", fontSize=18, leading=23, spaceAfter=14)
    styles = {"paragraph": body, "heading": heading, "title": title}
    found = list(blocks(source))

    def footer(canvas: Canvas, doc: SimpleDocTemplate) -> None:
        canvas.setFont("Helvetica", 9)
        canvas.drawCentredString(A4[0] / 2, 12 * mm, str(doc.page))

    doc = SimpleDocTemplate(
        str(target),
        pagesize=A4,
        leftMargin=28 * mm,
        rightMargin=28 * mm,
        topMargin=25 * mm,
        bottomMargin=25 * mm,
        invariant=1,
        title=found[0][1][0],
    )
    story = [Paragraph(escape(lines[0]), styles[kind]) for kind, lines in found]
    doc.build(story, onFirstPage=footer, onLaterPages=footer)


def build_docx(source: Path, target: Path) -> None:
    """Write title, headings, paragraphs and tables; then fix all time stamps."""
    doc = Document()
    props = doc.core_properties
    props.created = props.modified = datetime(*STAMP)
    for kind, lines in blocks(source):
        if kind == "table":
            rows = [line.split(" | ") for line in lines]
            table = doc.add_table(rows=len(rows), cols=len(rows[0]), style="Table Grid")
            for cells, row in zip(rows, table.rows, strict=True):
                for text, cell in zip(cells, row.cells, strict=True):
                    cell.text = text
            for cell in table.rows[0].cells:
                cell.paragraphs[0].runs[0].bold = True
        elif kind == "paragraph":
            doc.add_paragraph(lines[0])
        else:
            doc.add_heading(lines[0], level=0 if kind == "title" else 1)
            if kind == "title":
                props.title = lines[0]
    raw = io.BytesIO()
    doc.save(raw)
    with zipfile.ZipFile(raw) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            entry = zipfile.ZipInfo(name, STAMP)
            entry.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(entry, old.read(name))


def main() -> None:
    """Build all four documents."""
    build_pdf(HERE / "kestrel/incident-review.txt", CORPUS / "kestrel/incident-review.pdf")
    build_pdf(HERE / "saltmere/annual-report.txt", CORPUS / "saltmere/annual-report.pdf")
    build_docx(HERE / "kestrel/instrument-catalogue.txt", CORPUS / "kestrel/instrument-catalogue.docx")
    build_docx(HERE / "saltmere/tide-mill-restoration.txt", CORPUS / "saltmere/tide-mill-restoration.docx")


if __name__ == "__main__":
    main()
