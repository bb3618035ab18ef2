"""A sheet as a flat OpenDocument text, for LibreOffice: its print to PDF, its DOCX and its HTML. Knows no program."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from .sheets import DELETED, PAGE_SIZES, Block, Sheet, grouped

SPACES = {
    "office": "office", "text": "text", "style": "style", "table": "table", "draw": "drawing", "form": "form",
    "fo": "xsl-fo-compatible", "svg": "svg-compatible",
}  # fmt: skip
HEAD = (Path(__file__).resolve().parent / "templates/flat.fodt").read_text(encoding="utf-8")
PAGE_LABELS = {
    "number": "<text:page-number text:select-page='current'>1</text:page-number>",
    "of": "Page <text:page-number text:select-page='current'>1</text:page-number> of <text:page-count>1</text:page-count>",
}
FORMULA = (
    "<text:p><draw:frame text:anchor-type='as-char' svg:width='40mm' svg:height='6mm'><draw:object>"
    "<math xmlns='http://www.w3.org/1998/Math/MathML'><mrow>%s</mrow></math></draw:object></draw:frame></text:p>"
)
DELETION = (
    "<text:changed-region text:id='d%d'><text:deletion><office:change-info><dc:creator>A. Reader</dc:creator>"
    "<dc:date>2023-05-01T12:00:00</dc:date></office:change-info><text:p>%s</text:p></text:deletion></text:changed-region>"
)
ANNOTATION = "<office:annotation><dc:creator>A. Reader</dc:creator><text:p>%s</text:p></office:annotation>"
BOX = (
    "<draw:frame text:anchor-type='paragraph' svg:width='60mm' svg:height='30mm' svg:x='100mm' svg:y='0mm'><draw:text-box>"
    "<text:p text:style-name='Flat'>%s</text:p></draw:text-box></draw:frame>"
)


def write_odf(sheet: Sheet) -> str:
    """The whole document as one XML file."""
    head = f"<style:header><text:p text:style-name='Flat'>{escape(sheet.head)}</text:p></style:header>" if sheet.head else ""
    label = PAGE_LABELS.get(sheet.page_label)
    foot = f"<style:footer><text:p text:style-name='Flat'>{label}</text:p></style:footer>" if label else ""
    width, height, margin = PAGE_SIZES[sheet.page]
    settings = {
        "spaces": " ".join(f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{uri}:1.0"' for name, uri in SPACES.items()),
        "hyphenate": str(sheet.hyphenate).lower(),
        "furniture": head + foot,
        "width": width,
        "height": height,
        "margin": margin - 2,
    }
    head, body = ("\n".join(_body(sheet, part)) for part in (sheet.blocks[: sheet.wide], sheet.blocks[sheet.wide :]))
    if sheet.columns == 2:
        body = f"<text:section text:style-name='Columns' text:name='all'>{body}</text:section>"
    return HEAD % settings + _forms(sheet) + head + _tracked(body) + "\n</office:text></office:body></office:document>\n"


def _tracked(body: str) -> str:
    """The body whose deleted words stand in the list of tracked changes, which comes first."""
    regions: list[str] = []

    def move(deleted: re.Match[str]) -> str:
        words = re.sub(r"<[^>]*>", "", deleted[1])
        regions.append(DELETION % (len(regions), words))
        return f"<text:change text:change-id='d{len(regions) - 1}'/>"

    body = DELETED.sub(move, body)
    return f"<text:tracked-changes>{''.join(regions)}</text:tracked-changes>{body}" if regions else body


def _forms(sheet: Sheet) -> str:
    fields = [block for block in sheet.blocks if block.kind == "field"]
    controls = "".join(
        f"<form:text xml:id='c{number}' form:id='c{number}' form:name='f{number}' form:control-implementation="
        f"'ooo:com.sun.star.form.component.TextField' form:current-value={quoteattr(block.cells[1])}/>"
        for number, block in enumerate(fields)
    )
    return f"<office:forms form:apply-design-mode='false'><form:form form:name='F'>{controls}</form:form></office:forms>" if fields else ""


def _body(sheet: Sheet, blocks_of_part: Sequence[Block]) -> Iterator[str]:
    num_fields = 0
    anchored: list[str] = []
    for kind, numbered, blocks in grouped(blocks_of_part):
        if kind == "row":
            cell = "<table:table-cell table:style-name='Cell'><text:p text:style-name='Flat'>%s</text:p></table:table-cell>"
            rows = "".join(
                "<table:table-row>" + "".join(cell % escape(text) for text in row.cells) + "</table:table-row>" for row in blocks
            )
            columns = f"<table:table-column table:number-columns-repeated='{len(blocks[0].cells)}'/>"
            yield f"<table:table>{columns}{rows}</table:table><text:p text:style-name='Flat'/>"
        elif kind == "item":
            items = "".join(f"<text:list-item><text:p>{_inline(sheet, block)}</text:p></text:list-item>" for block in blocks)
            yield f"<text:list text:style-name='{'Numbers' if numbered else 'Bullets'}'>{items}</text:list>"
        elif kind == "field":
            for block in blocks:
                control = f"<draw:control text:anchor-type='as-char' svg:width='100mm' svg:height='7mm' draw:control='c{num_fields}'/>"
                yield f"<text:p text:style-name='Flat'>{escape(block.cells[0])} {control}</text:p>"
                num_fields += 1
        elif kind in {"comment", "freetext", "box"}:
            anchored += [(BOX if kind == "box" else ANNOTATION) % _inline(sheet, block) for block in blocks]
        else:
            for block in blocks:
                yield _paragraph(sheet, block, "".join(anchored))
                anchored.clear()


def _paragraph(sheet: Sheet, block: Block, anchored: str) -> str:
    """A paragraph; the comments and boxes that stood before it are anchored at its start."""
    text = anchored + _inline(sheet, block)
    if block.kind == "heading":
        return f"<text:h text:style-name='Heading_20_1' text:outline-level='{block.level}'>{text}</text:h>"
    if block.kind == "page":
        return "<text:p text:style-name='NewPage'/>"
    if block.kind == "equation":
        return FORMULA % _mathml(block.sentences[0])
    style = {"title": "Title", "caption": "Caption", "rtl": "Hebrew"}.get(block.kind, "Standard")
    if sheet.drop_caps and block.kind == "paragraph" and len(text) > 300 and text[0].isalpha():
        style = "Drop"
    return f"<text:p text:style-name='{style}'>{text}</text:p>"


def _mathml(formula: str) -> str:
    tokens = re.findall(r"([A-Za-zπ]|\d+|[=+])(?:([\^_])\{?(\w)\}?)?", formula)
    written = []
    for base, mark, raised in tokens:
        tag = "mo" if base in "=+" else "mn" if base.isdigit() else "mi"
        element = f"<{tag}>{base}</{tag}>"
        outer = {"^": "msup", "_": "msub"}.get(mark)
        written.append(f"<{outer}>{element}<mn>{raised}</mn></{outer}>" if outer else element)
    return "".join(written)


def _inline(sheet: Sheet, block: Block) -> str:
    text = escape(" ".join(block.sentences)).replace("⟪", "<text:span text:style-name='I'>").replace("⟫", "</text:span>")
    return re.sub(r"⟦(\d+)⟧", lambda match: _note(sheet, int(match[1])), text)


def _note(sheet: Sheet, number: int) -> str:
    body = escape(" ".join(sheet.notes[number])).replace("⟪", "<text:span text:style-name='I'>").replace("⟫", "</text:span>")
    return (
        f"<text:note text:id='n{number}' text:note-class='footnote'><text:note-citation>{number}</text:note-citation>"
        f"<text:note-body><text:p text:style-name='Footnote'>{body}</text:p></text:note-body></text:note>"
    )
