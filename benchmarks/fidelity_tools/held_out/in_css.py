"""A sheet as HTML for programs that print by styles: WeasyPrint, which knows paged media, and wkhtmltopdf."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from functools import partial

from ..in_html import html_table
from ..sheets import NOTE_MARK, Block, Sheet, set_blocks
from .held_layouts import LAYOUTS, Layout

ELEMENTS = {
    "title": "<h1>%s</h1>",
    "heading": "<h2>%s</h2>",
    "quote": "<blockquote>%s</blockquote>",
    "caption": '<p class="caption">%s</p>',
}
FONTS = {"novel": "C059", "report": "DejaVu Sans Condensed", "journal": "Nimbus Roman", "ledger": "Liberation Sans Narrow"}
LABELS = {"number": "counter(page)", "of": '"Page " counter(page) " of " counter(pages)', "slash": 'counter(page) "/" counter(pages)'}
LABELS |= {"roman": "counter(page, lower-roman)", "dash": '"– " counter(page) " –"', "": '""'}
STYLE = """
body { font-family: "%(font)s", serif; font-size: %(size)spt; line-height: %(leading)s; text-align: %(align)s; hyphens: %(hyphens)s; }
main { column-count: %(columns)s; column-gap: 6mm; }
p { margin: %(gap)s 0; text-indent: %(indent)s; } h1 + p, h2 + p, h3 + p, li p { text-indent: 0; }
h1, h2, h3 { text-align: left; hyphens: manual; font-family: "Liberation Sans"; line-height: 1.2; } h1 { column-span: all; }
td, th { text-align: left; vertical-align: top; padding: 0.5mm 2mm; hyphens: manual; } td:last-child { text-align: right; }
.caption { text-align: center; font-size: 90%%; } blockquote { font-size: 90%%; } ul ul { list-style-type: "– "; }
ol.letters { list-style-type: letters; } h2 { string-set: chapter content(); }
.note { float: footnote; font-size: 80%%; hyphens: manual; text-indent: 0; } .note::footnote-call { content: counter(footnote, %(signs)s); }
.note::footnote-marker { content: counter(footnote, %(signs)s) " "; }
@counter-style letters { system: alphabetic; symbols: a b c d e f; prefix: "("; suffix: ") "; }
@counter-style signs { system: symbolic; symbols: "*" "†" "‡" "§" "¶" "‖"; }
"""


def write_css(sheet: Sheet) -> str:
    """A page with its styles. Footnotes stand in the text, where WeasyPrint takes them from."""
    layout = LAYOUTS[sheet.kind]
    style = STYLE % {
        "font": FONTS.get(sheet.kind, "P052"),
        "size": layout.size_pt,
        "leading": layout.leading,
        "align": "left" if layout.is_ragged else "justify",
        "hyphens": "auto" if layout.is_hyphenated else "manual",
        "columns": layout.columns if layout.columns > 1 else "auto",
        "gap": "0" if layout.has_indents else "6pt",
        "indent": "5mm" if layout.has_indents else "0",
        "signs": "signs" if sheet.has_symbols else "decimal",
    }
    style += "\n".join(_pages(layout))
    head = f'<meta charset="utf-8"><title>{html.escape(sheet.title)}</title><style>{style}</style>'
    body = "\n".join(css_blocks(sheet))
    return f'<!DOCTYPE html>\n<html lang="en"><head>{head}</head>\n<body><main>\n{body}\n</main></body></html>\n'


def _pages(layout: Layout) -> Iterator[str]:
    size = f"size: {layout.width}mm {layout.height}mm; margin: {layout.top}mm {layout.outer}mm {layout.bottom}mm {layout.inner}mm"
    label = LABELS[layout.label]
    head = f'content: "{layout.left_head}"; font-size: 8pt'
    if layout.is_twosided:
        yield f"@page {{ {size} }}"
        yield f"@page :left {{ @top-left {{ content: {label} }} @top-right {{ {head} }} }}"
        yield f"@page :right {{ @top-left {{ content: string(chapter); font-size: 8pt }} @top-right {{ content: {label} }} }}"
        return
    place = {"top": "top-right", "bottom": "bottom-center", "corner": "bottom-right"}[layout.label_place]
    chapter = "@top-center { content: string(chapter); font-size: 8pt }" if layout.left_head else ""
    yield f"@page {{ {size}; @top-left {{ {head} }} {chapter} @{place} {{ content: {label} }} }}"


def css_blocks(sheet: Sheet) -> Iterator[str]:
    """The elements of a sheet."""
    return set_blocks(sheet.blocks, html_table, partial(_list, sheet), partial(_element, sheet))


def _element(sheet: Sheet, block: Block) -> str:
    if block.kind == "heading" and block.level == 2:
        return f"<h3>{_inline(sheet, block)}</h3>"
    return ELEMENTS.get(block.kind, "<p>%s</p>") % _inline(sheet, block)


def _list(sheet: Sheet, items: Sequence[Block]) -> str:
    name = "ol" if items[0].is_numbered else "ul"
    lines = [f"<{name}{' class=letters' if items[0].marker == '(a)' else ''}>"]
    level = 0
    for item in items:
        if item.level != level:
            lines.append("<ul>" if item.level else "</ul></li>")
        level = item.level
        lines.append(f"<li>{_inline(sheet, item)}")
    made = "\n".join([*lines, *(["</ul>"] if level else []), f"</{name}>"])
    return made.replace("</ul></li>\n<li>", "</ul>\n<li>")


def _inline(sheet: Sheet, block: Block) -> str:
    text = html.escape(" ".join(block.sentences), quote=False).replace("⟪", "<em>").replace("⟫", "</em>")
    return NOTE_MARK.sub(lambda match: f'<span class="note">{html.escape(" ".join(sheet.notes[int(match[1])]), quote=False)}</span>', text)


def without_styles(page: str) -> str:
    """The page for programs that stop at counter styles."""
    return re.sub(r"@(?:counter-style|page)[^<\n]*", "", page)
