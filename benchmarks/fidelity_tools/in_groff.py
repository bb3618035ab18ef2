"""A sheet as groff with the ms macros, tables by tbl and equations by eqn. Knows no program."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from .sheets import PAGE_SIZES, Block, Sheet, grouped

LETTERS = {"\\": r"\[rs]", "'": r"\[aq]", "-": "-", "−": r"\[mi]", "—": r"\[em]", "–": r"\[en]", "“": r"\[lq]", "”": r"\[rq]"}
LETTERS |= {"‘": r"\[oq]", "’": r"\[cq]", "°": r"\[de]", "£": r"\[Po]", "·": r"\[pc]", "⟪": r"\f[I]", "⟫": r"\f[]"}


def write_groff(sheet: Sheet) -> str:
    """The source for `groff -t -e -ms -k`."""
    return "\n".join(_lines(sheet)) + "\n"


def _lines(sheet: Sheet) -> Iterator[str]:
    width, height, margin = PAGE_SIZES[sheet.page]
    yield from (f".nr PO {margin / 10}c", f".nr LL {(width - 2 * margin) / 10}c", f".pl {height / 10}c")
    yield from (".nr PS 11", ".nr VS 14", f".nr HM {margin / 10}c", f".nr FM {margin / 10}c", ".nr PI 0", ".nr PD 0.4v")
    yield from (f".ds LH {_escape(sheet.head)}", ".ds CH", ".ds RH")
    label = {"": "", "number": r"\\n[PN]", "of": r"Page \\n[PN] of \\*[LAST]"}[sheet.page_label]
    yield f".ds CF {label}"
    yield ".ds LAST @LAST@"
    yield f".nr HY {4 if sheet.hyphenate else 0}"
    yield ".P1"
    yield from _body(sheet, sheet.blocks[: sheet.wide])
    if sheet.columns == 2:
        yield from (".nr MINGW 2n", ".2C")
    yield from _body(sheet, sheet.blocks[sheet.wide :])


def _body(sheet: Sheet, blocks_of_part: Sequence[Block]) -> Iterator[str]:
    for kind, _, blocks in grouped(blocks_of_part):
        if kind == "row":
            yield from _table(blocks)
        else:
            for block in blocks:
                yield from _block(sheet, block)


def _block(sheet: Sheet, block: Block) -> Iterator[str]:
    if block.kind == "title":
        yield from (".LP", r".ps 17", r".vs 21", ".ft B", ".ad l", ".hy 0", _escape(block.sentences[0]), ".br", ".ft R", ".ad b")
    elif block.kind == "heading":
        yield from (".SH", ".ad l", ".hy 0", _escape(block.sentences[0]), ".ad b")
    elif block.kind == "page":
        yield ".bp"
    elif block.kind == "equation":
        yield from (
            ".EQ",
            re.sub(r"_\{(\d)\}", r" sub \1 ", re.sub(r"\^(\d)", r" sup \1 ", block.sentences[0].replace("π", " pi "))),
            ".EN",
        )
    else:
        if block.kind == "item":
            yield r".IP \[bu] 2" if block.marker == "•" else f".IP {block.marker} 4"
        else:
            yield ".PP"
        for sentence in block.sentences:
            yield from _sentence(sheet, sentence)


def _sentence(sheet: Sheet, sentence: str) -> Iterator[str]:
    """A line for each sentence, as groff wants it; a footnote's text follows its mark."""
    parts = re.split(r"⟦(\d+)⟧", sentence)
    for position in range(0, len(parts) - 1, 2):
        yield _escape(parts[position]) + r"\**" + (r"\c" if parts[position + 2] else "")
        yield from (".FS", *(_escape(note) for note in sheet.notes[int(parts[position + 1])]), ".FE")
    if parts[-1]:
        yield _escape(parts[-1])


def _table(rows: list[Block]) -> Iterator[str]:
    yield from (".TS", "tab(|);")
    is_wide = any(len(cell) > 30 for row in rows for cell in row.cells)
    width = 14.5 / len(rows[0].cells)
    yield " ".join([f"lw({width:.1f}c)" if is_wide else "l"] * len(rows[0].cells)) + "."
    for position, row in enumerate(rows):
        yield "|".join(f"T{{\n{_escape(cell)}\nT}}" if is_wide else _escape(cell) for cell in row.cells)
        if position == 0:
            yield "_"
    yield ".TE"


def _escape(text: str) -> str:
    written = "".join(LETTERS.get(letter, letter) for letter in text)
    return rf"\&{written}" if written[:1] in {".", "'"} else written
