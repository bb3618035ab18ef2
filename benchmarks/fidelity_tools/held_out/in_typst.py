"""A sheet as Typst. Knows no program. Words are given as strings, which Typst takes as they are."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from functools import partial

from ..sheets import ITALICS, NOTE_MARK, Block, Sheet, set_blocks
from .held_layouts import LAYOUTS, Layout

FONTS = {"novel": "Libertinus Serif", "report": "Nimbus Sans", "newsletter": "P052", "ledger": "Liberation Sans", "outline": "URW Gothic"}
NUMBER, LAST = 'counter(page).display("1")', "counter(page).final().first()"
LABELS = {
    "": "[]",
    "number": f"context {NUMBER}",
    "of": f"context [Page #{NUMBER} of #{LAST}]",
    "slash": f"context [#{NUMBER}/#{LAST}]",
    "roman": 'context counter(page).display("i")',
    "dash": f"context [– #{NUMBER} –]",
}
LAST_HEADING = "#let last = context {let h = query(heading.where(level: 1).before(here())); if h.len() > 0 {h.last().body}}"


def write_typst(sheet: Sheet) -> str:
    """The source for `typst compile`."""
    layout = LAYOUTS[sheet.kind]
    return "\n".join([*_settings(sheet, layout), *_body(sheet)]) + "\n"


def _settings(sheet: Sheet, layout: Layout) -> Iterator[str]:
    yield f"#let label = {LABELS[layout.label]}"
    yield LAST_HEADING
    margin = f"inside: {layout.inner}mm, outside: {layout.outer}mm, top: {layout.top}mm, bottom: {layout.bottom}mm"
    if not layout.is_twosided:
        margin = f"left: {layout.inner}mm, right: {layout.outer}mm, top: {layout.top}mm, bottom: {layout.bottom}mm"
    yield (
        f"#set page(width: {layout.width}mm, height: {layout.height}mm, columns: {layout.columns}, margin: ({margin}), "
        f"header: {_head(layout)}, footer: {_foot(layout)})"
    )
    font = json.dumps(FONTS.get(sheet.kind, "C059"))
    yield f'#set text(font: {font}, size: {layout.size_pt}pt, lang: "en", hyphenate: {_yes(layout.is_hyphenated)})'
    leading = (layout.leading - 0.7) * layout.size_pt
    indent, gap = ("1.4em", leading) if layout.has_indents else ("0em", leading + 6)
    yield f"#set par(justify: {_yes(not layout.is_ragged)}, leading: {leading}pt, spacing: {gap}pt, first-line-indent: {indent})"
    yield "#show heading: set block(above: 1.6em, below: 1em)\n#show heading: set text(hyphenate: false)"
    if layout.has_lines:
        yield '#set par.line(numbering: "1")'
    if sheet.has_symbols:
        yield '#set footnote(numbering: "*")'


def _yes(value: bool) -> str:
    return "true" if value else "false"


def _head(layout: Layout) -> str:
    label = "label" if layout.label_place == "top" and layout.label else "[]"
    if not layout.left_head:
        return label
    left = json.dumps(layout.left_head)
    if layout.is_twosided:
        right_page, left_page = f"[#h(1fr) #emph(last) #h(2em) #{label}]", f"[#{label} #h(2em) #smallcaps({left}) #h(1fr)]"
        return f"context if calc.odd(here().page()) {{{right_page}}} else {{{left_page}}}"
    return f"[#text(8pt)[#{left} #h(1fr) #last{' #h(2em) #label' if label == 'label' else ''}]]"


def _foot(layout: Layout) -> str:
    if not layout.label or layout.label_place == "top":
        return "[]"
    return f"align({'right' if layout.label_place == 'corner' else 'center'}, label)"


def _body(sheet: Sheet) -> Iterator[str]:
    return set_blocks(sheet.blocks, _table, partial(_list, sheet), partial(_block, sheet))


def _block(sheet: Sheet, block: Block) -> str:
    text = _inline(sheet, " ".join(block.sentences))
    if block.kind == "title":
        title = f"align(center, par(justify: false, text(1.7em, hyphenate: false)[{text}]))"
        return f'#place(top, scope: "parent", float: true, {title})\n' if sheet.columns > 1 else f"#{title}\n"
    if block.kind == "heading":
        return f"#heading(level: {block.level})[{text}]\n"
    if block.kind == "quote":
        return f"#quote(block: true)[{text}]\n"
    if block.kind == "caption":
        return f"#align(center, text(0.9em)[{text}])\n"
    return text + "\n"


def _list(sheet: Sheet, items: Sequence[Block]) -> str:
    """A list; items of level 1 are a list in the item before them."""
    if items[0].is_numbered:
        shape = "(a)" if items[0].marker == "(a)" else "1."
        texts = ", ".join("[" + _inline(sheet, " ".join(item.sentences)) + "]" for item in items)
        return f'#enum(numbering: "{shape}", tight: false, {texts})\n'
    outer: list[tuple[str, list[str]]] = []
    for item in items:
        text = _inline(sheet, " ".join(item.sentences))
        if item.level:
            outer[-1][1].append(text)
        else:
            outer.append((text, []))
    parts = [text + (f" #list(marker: [–], {', '.join(f'[{one}]' for one in inner)})" if inner else "") for text, inner in outer]
    return f"#list(marker: [•], {', '.join(f'[{part}]' for part in parts)})\n"


def _table(rows: Sequence[Block]) -> str:
    cells = ", ".join(f"[{_text(cell)}]" for row in rows for cell in row.cells)
    widths = "(auto, auto, 1fr, auto)" if len(rows[0].cells) == 4 else str(len(rows[0].cells))
    last = len(rows[0].cells) - 1
    align = f"(x, y) => if x == {last} {{right}} else {{left}}"
    return f"#{{set par(justify: false); table(columns: {widths}, stroke: none, align: {align}, {cells})}}\n"


def _inline(sheet: Sheet, text: str) -> str:
    return "".join(_part(sheet, part) for part in re.split(r"(⟦\d+⟧|[⟪⟫])", text))


def _part(sheet: Sheet, part: str) -> str:
    if mark := NOTE_MARK.fullmatch(part):
        return f"#footnote[{_text(' '.join(sheet.notes[int(mark[1])]))}]"
    if ITALICS.fullmatch(part):
        return "#emph[" if part == "⟪" else "]"
    return _text(part)


def _text(text: str) -> str:
    return f"#{json.dumps(text, ensure_ascii=False)};" if text else ""
