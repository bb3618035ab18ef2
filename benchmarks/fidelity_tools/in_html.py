"""A sheet as HTML, for Chromium's print and for the readers of HTML. Knows no program.

Soft hyphens stand where `breaks.py` allows a word to be broken: a headless Chromium has no dictionary for hyphenation.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from .breaks import soften
from .sheets import NOTE_MARK, PAGE_SIZES, Block, Sheet, grouped

STYLE = """
@page { size: %(width)dmm %(height)dmm; margin: %(margin)dmm; %(rotate)s %(boxes)s }
body { font-family: %(font)s; font-size: 11pt; line-height: 1.35; text-align: justify; font-variant-ligatures: common-ligatures; }
%(columns)s
h1, h2 { text-align: left; } td, th { padding: 1mm 4mm; text-align: left; border-bottom: 1px solid #999; } caption { text-align: left; }
input { font: inherit; width: 100mm; } p.drop::first-letter { float: left; font-size: 300%%; line-height: 0.85; padding-right: 1mm; }
"""

ELEMENTS = {
    "title": "<h1>%s</h1>",
    "heading": "<h2>%s</h2>",
    "rtl": '<p dir="rtl" lang="he">%s</p>',
    "aside": '<aside class="infobox"><p>%s</p></aside>',
    "quote": "<blockquote><p>%s</p></blockquote>",
    "figcaption": '<figure><img src="figure.png" alt=""><figcaption>%s</figcaption></figure>',
    "code": "<pre><code>%s</code></pre>",
    "equation": "<p><i>%s</i></p>",
    "page": '<div style="break-before: page">%s</div>',
}


def write_html(sheet: Sheet, *, serif: str = "Liberation Serif") -> str:
    """A whole page with styles for print."""
    boxes = ""
    if sheet.head:
        boxes += f'@top-left {{ content: "{sheet.head}"; font-size: 9pt }} '
    if sheet.page_label:
        label = "counter(page)" if sheet.page_label == "number" else '"Page " counter(page) " of " counter(pages)'
        boxes += f"@bottom-center {{ content: {label}; font-size: 9pt }}"
    width, height, margin = PAGE_SIZES[sheet.page]
    style = STYLE % {
        "width": width,
        "height": height,
        "margin": margin,
        "rotate": "page-orientation: rotate-right;" if sheet.rotation else "",
        "boxes": boxes,
        "font": serif,
        "columns": "main { column-count: 2; column-gap: 8mm; }" if sheet.columns == 2 else "",
    }
    head = f'<meta charset="utf-8"><title>{html.escape(sheet.title)}</title><style>{style}</style>'
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head>{head}</head>\n<body><main>\n'
        + "\n".join(html_blocks(sheet))
        + "\n</main></body></html>\n"
    )


def html_blocks(sheet: Sheet) -> Iterator[str]:
    """The elements of a sheet, tables and lists as one."""
    for kind, numbered, blocks in grouped(sheet.blocks):
        if kind == "row":
            yield html_table(blocks)
        elif kind == "item":
            items = "\n".join(f"<li>{inline(sheet, block)}</li>" for block in blocks)
            yield f"<ol>\n{items}\n</ol>" if numbered else f"<ul>\n{items}\n</ul>"
        elif kind == "field":
            yield from (f'<p><label>{html.escape(b.cells[0])} <input value="{html.escape(b.cells[1])}"></label></p>' for b in blocks)
        else:
            yield from (_element(sheet, block) for block in blocks)


def html_table(rows: list[Block]) -> str:
    lines = []
    for position, row in enumerate(rows):
        tag = "td" if position else "th"
        lines.append("<tr>" + "".join(f"<{tag}>{html.escape(cell)}</{tag}>" for cell in row.cells) + "</tr>")
    return "<table>\n" + "\n".join(lines) + "\n</table>"


def _element(sheet: Sheet, block: Block) -> str:
    text = inline(sheet, block)
    if block.kind == "code":
        text = html.escape(block.sentences[0])
    elif block.kind == "equation":
        text = re.sub(r"\^(\d)", r"<sup>\1</sup>", re.sub(r"_\{(\d)\}", r"<sub>\1</sub>", block.sentences[0]))
    is_drop = sheet.drop_caps and block.kind == "paragraph" and len(text) > 300 and block.sentences[0][0].isalpha()
    return ELEMENTS.get(block.kind, '<p class="drop">%s</p>' if is_drop else "<p>%s</p>") % text


def inline(sheet: Sheet, block: Block) -> str:
    """The sentences of a block, with italics and soft hyphens."""
    text = " ".join(block.sentences)
    text = soften(text) if sheet.hyphenate and block.kind in {"paragraph", "item"} else text
    text = html.escape(text, quote=False).replace("⟪", "<i>").replace("⟫", "</i>")
    return NOTE_MARK.sub(r"<sup>\1</sup>", text)
