"""Build the Saltmere sample PDF and DOCX from their plain-text sources.

A source is a series of paragraphs separated by blank lines. A paragraph that
begins with ``# `` is the title, one that begins with ``## `` a heading, and a
block of lines that begin with ``| `` a table whose first row is its header.

Usage: python examples/sources/build_saltmere.py  (needs reportlab, python-docx)
"""

from __future__ import annotations

import io
import zipfile
from datetime import datetime
from pathlib import Path
from xml.sax.saxutils import escape

from docx import Document
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle, getSampleStyleSheet
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import CondPageBreak, Flowable, Paragraph, SimpleDocTemplate

HERE = Path(__file__).resolve().parent
SOURCES = HERE / "saltmere"
CORPUS = HERE.parent / "corpus" / "saltmere"


def read_blocks(path: Path) -> list[tuple[str, str]]:
    """Return the paragraphs of a source as (kind, text) pairs."""
    blocks: list[tuple[str, str]] = []
    for raw in path.read_text(encoding="utf-8").split("\n\n"):
        text = raw.strip()
        if text.startswith("## "):
            blocks.append(("heading", text[3:]))
        elif text.startswith("# "):
            blocks.append(("title", text[2:]))
        elif text.startswith("| "):
            blocks.append(("table", text))
        elif text:
            blocks.append(("body", text))
    return blocks


def build_pdf(source: Path, target: Path) -> None:
    """Write a source (without tables) as an A4 PDF with page numbers."""
    sheet = getSampleStyleSheet()
    body = ParagraphStyle(
        "SaltmereBody", parent=sheet["BodyText"], fontName="Times-Roman",
        fontSize=11, leading=16, spaceAfter=7,
    )
    styles = {"title": sheet["Title"], "heading": sheet["Heading2"], "body": body}
    blocks = read_blocks(source)
    title = blocks[0][1]

    def footer(canvas: Canvas, document: SimpleDocTemplate) -> None:
        canvas.saveState()
        canvas.setFont("Times-Roman", 9)
        canvas.drawCentredString(A4[0] / 2, 12 * mm, f"Page {document.page}")
        canvas.restoreState()

    document = SimpleDocTemplate(
        str(target), pagesize=A4, title=title, author="Saltmere Harbour Authority",
        leftMargin=25 * mm, rightMargin=25 * mm, topMargin=22 * mm,
        bottomMargin=22 * mm, invariant=1,
    )
    story: list[Flowable] = []
    for kind, text in blocks:
        if kind == "heading":  # no heading alone at the foot of a page
            story.append(CondPageBreak(30 * mm))
        story.append(Paragraph(escape(text), styles[kind]))
    document.build(story, onFirstPage=footer, onLaterPages=footer)


def build_docx(source: Path, target: Path) -> None:
    """Write a source as a DOCX whose bytes depend on the source alone."""
    document = Document()
    document.core_properties.author = "Saltmere Tide Mill Trust"
    document.core_properties.created = datetime(2023, 6, 30)
    document.core_properties.modified = datetime(2023, 6, 30)
    for kind, text in read_blocks(source):
        if kind == "title":
            document.core_properties.title = text
            document.add_heading(text, level=0)
        elif kind == "heading":
            document.add_heading(text, level=1)
        elif kind == "table":
            rows = [
                [cell.strip() for cell in line.strip().strip("|").split("|")]
                for line in text.splitlines()
            ]
            table = document.add_table(len(rows), len(rows[0]), style="Table Grid")
            for cells, values in zip(table.rows, rows, strict=True):
                for cell, value in zip(cells.cells, values, strict=True):
                    cell.text = value
        else:
            document.add_paragraph(text)
    buffer = io.BytesIO()
    document.save(buffer)
    with zipfile.ZipFile(buffer) as old, zipfile.ZipFile(
        target, "w", zipfile.ZIP_DEFLATED
    ) as new:
        for item in old.infolist():
            fixed = zipfile.ZipInfo(item.filename, (2023, 6, 30, 0, 0, 0))
            fixed.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(fixed, old.read(item))


def main() -> None:
    """Build both documents."""
    CORPUS.mkdir(parents=True, exist_ok=True)
    build_pdf(SOURCES / "annual-report.txt", CORPUS / "annual-report.pdf")
    build_docx(
        SOURCES / "tide-mill-restoration.txt", CORPUS / "tide-mill-restoration.docx"
    )


if __name__ == "__main__":
    main()
