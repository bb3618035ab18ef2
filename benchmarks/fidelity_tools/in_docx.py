"""A sheet written with python-docx: styles, lists that begin at 1, tables, comments, heads and page numbers."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from docx import Document
from docx.oxml import OxmlElement
from docx.oxml.ns import qn

from .sheets import Block, Sheet

STYLES = {"title": "Title", "caption": "Caption"}


def write_docx(sheet: Sheet, target: Path) -> None:
    """Write the file; the time stamps are those of python-docx's template."""
    document = Document()
    if sheet.head:
        document.sections[0].header.paragraphs[0].text = sheet.head
    if sheet.page_label:
        _add_page_number(document.sections[0].footer.paragraphs[0], "Page " if sheet.page_label == "of" else "")
    before: Block | None = None
    table: Any = None
    number: int | None = None
    comments: list[str] = []
    for block in sheet.blocks:
        if block.kind == "row":
            if before is None or before.kind != "row":
                table = document.add_table(rows=0, cols=len(block.cells), style="Table Grid")
            for cell, text in zip(table.add_row().cells, block.cells, strict=True):
                cell.text = text
        elif block.kind in {"comment", "freetext"}:
            comments.append(block.sentences[0])
        else:
            if block.is_numbered and not (before and before.is_numbered):
                number = _new_list(document)
            paragraph = _add_paragraph(document, block, number)
            for comment in comments:
                document.add_comment(paragraph.runs, text=comment, author="A. Reader", initials="AR")
            comments = []
        before = block
    document.save(str(target))


def _add_paragraph(document: Any, block: Block, number: int | None) -> Any:
    style = STYLES.get(block.kind)
    if block.kind == "heading":
        style = f"Heading {block.level}"
    elif block.kind == "item":
        style = "List Number" if block.is_numbered else "List Bullet"
    paragraph = document.add_paragraph(style=style)
    for position, part in enumerate(re.split(r"[⟪⟫]", " ".join(block.sentences))):
        paragraph.add_run(part).italic = position % 2 == 1 or None
    if block.is_numbered:
        numbering = paragraph._p.get_or_add_pPr().get_or_add_numPr()
        numbering.get_or_add_ilvl().val = 0
        numbering.get_or_add_numId().val = number
    return paragraph


def _new_list(document: Any) -> int:
    """A list of the style "List Number" that begins at 1 again."""
    numbering = document.part.numbering_part.numbering_definitions._numbering
    style_number = document.styles["List Number"].element.pPr.numPr.numId.val
    abstract = next(num.abstractNumId.val for num in numbering.num_lst if num.numId == style_number)
    added = numbering.add_num(abstract)
    added.add_lvlOverride(ilvl=0).add_startOverride(1)
    return int(added.numId)


def _add_page_number(paragraph: Any, before: str) -> None:
    paragraph.add_run(before)
    for kind, text in (("begin", ""), ("", "PAGE"), ("end", "")):
        element = OxmlElement("w:fldChar" if kind else "w:instrText")
        if kind:
            element.set(qn("w:fldCharType"), kind)
        else:
            element.text = text
        paragraph.add_run()._r.append(element)
