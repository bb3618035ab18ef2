"""A sheet for LuaLaTeX: KOMA-Script, and memoir for a novel. Knows no program."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import partial

from ..sheets import ITALICS, NOTE_MARK, Block, Sheet, set_blocks
from .held_layouts import LAYOUTS, Layout

SPECIAL = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"} | {
    letter: "\\" + letter for letter in "&%$#_{}"
}
FONT_PATH = "/usr/share/fonts/opentype/urw-base35/"
# Regular, bold, italics.
FONTS = {
    "novel": ("P052-Roman", "P052-Bold", "P052-Italic"),
    "report": ("NimbusSans-Regular", "NimbusSans-Bold", "NimbusSans-Italic"),
    "ledger": ("NimbusSansNarrow-Regular", "NimbusSansNarrow-Bold", "NimbusSansNarrow-Oblique"),
    "newsletter": ("URWBookman-Light", "URWBookman-Demi", "URWBookman-LightItalic"),
}
OTHER_FONTS = ("C059-Roman", "C059-Bold", "C059-Italic")
LABELS = {"number": r"\thepage", "of": r"Page \thepage\ of \pageref{LastPage}", "slash": r"\thepage/\pageref{LastPage}"}
LABELS |= {"roman": r"\thepage", "dash": r"– \thepage\ –", "": ""}
BLOCKS = {
    "title": "{\\centering\\LARGE %s\\par}\\bigskip",
    "quote": "\\begin{quote}\\small %s\\end{quote}",
    "caption": "\\begin{center}\\small %s\\end{center}",
}


def write_koma(sheet: Sheet) -> str:
    """The source for lualatex."""
    layout = LAYOUTS[sheet.kind]
    body = "\n\n".join(_body(sheet, sheet.blocks))
    if layout.columns == 3:
        title, rest = _body(sheet, sheet.blocks[:1]), _body(sheet, sheet.blocks[1:])
        body = "\n\n".join([*title, r"\begin{multicols}{3}", *rest, r"\end{multicols}"])
    return "\n".join([*_head(sheet, layout), r"\begin{document}", body, r"\end{document}", ""])


def _head(sheet: Sheet, layout: Layout) -> Iterator[str]:
    sides = "twoside" if layout.is_twosided else "oneside"
    if sheet.kind == "novel":
        yield rf"\documentclass[10pt,{sides},article]{{memoir}}"
    else:
        options = f"fontsize={layout.size_pt}pt,{sides}{',twocolumn' if layout.columns == 2 else ''}"
        yield rf"\documentclass[{options},numbers=noendperiod]{{scrartcl}}"
    yield (
        rf"\usepackage[paperwidth={layout.width}mm,paperheight={layout.height}mm,inner={layout.inner}mm,outer={layout.outer}mm,"
        rf"top={layout.top}mm,bottom={layout.bottom}mm]{{geometry}}"
    )
    regular, bold, italic = FONTS.get(sheet.kind, OTHER_FONTS)
    yield rf"\usepackage{{fontspec}}\setmainfont{{{regular}}}[Path={FONT_PATH},Extension=.otf,BoldFont={bold},ItalicFont={italic}]"
    yield rf"\setsansfont{{{FONTS['report'][0]}}}[Path={FONT_PATH},Extension=.otf,BoldFont={FONTS['report'][1]}]"
    yield r"\usepackage{booktabs,longtable,multicol,lastpage,enumitem,lineno,array}\setcounter{secnumdepth}{0}\emergencystretch=3em"
    yield rf"\linespread{{{layout.leading / 1.2:.3f}}}\selectfont"
    if not layout.has_indents:
        yield r"\setlength{\parindent}{0pt}\setlength{\parskip}{6pt}"
    if layout.is_ragged:
        yield r"\AtBeginDocument{\raggedright" + (r"\setlength{\parindent}{5mm}" if layout.has_indents else "") + "}"
    if not layout.is_hyphenated:
        yield r"\hyphenpenalty=10000 \exhyphenpenalty=10000"
    if sheet.has_symbols:
        yield r"\renewcommand{\thefootnote}{\fnsymbol{footnote}}"
    if layout.label == "roman":
        yield r"\pagenumbering{roman}"
    yield from _memoir_heads(layout) if sheet.kind == "novel" else _koma_heads(layout)
    if layout.has_lines:
        yield r"\AtBeginDocument{\modulolinenumbers[5]\linenumbers}"


def _memoir_heads(layout: Layout) -> Iterator[str]:
    yield (
        r"\makepagestyle{held}\makeevenhead{held}{\thepage}{}{\small "
        + layout.left_head
        + r"}\makeoddhead{held}{\small\itshape\rightmark}{}{\thepage}"
    )
    yield r"\makepsmarks{held}{\createmark{section}{right}{nonumber}{}{}\nouppercaseheads}\pagestyle{held}\aliaspagestyle{chapter}{held}"


def _koma_heads(layout: Layout) -> Iterator[str]:
    yield r"\usepackage[automark,headsepline]{scrlayer-scrpage}\clearpairofpagestyles\pagestyle{scrheadings}"
    head, label = _escape(layout.left_head), LABELS[layout.label]
    label_in_head = label if layout.label_place == "top" else ""
    if layout.is_twosided:
        yield rf"\automark[section]{{section}}\lehead{{{label_in_head}\quad {head}}}\rohead{{\rightmark\quad {label_in_head}}}"
    elif head or label_in_head:
        yield rf"\automark{{section}}\ihead{{{head}}}\ohead{{\leftmark\quad {label_in_head}}}"
    if layout.label_place == "bottom":
        yield rf"\cfoot{{{label}}}"
    elif layout.label_place == "corner":
        yield rf"\ofoot{{{label}}}"


def _body(sheet: Sheet, blocks_of_part: Sequence[Block]) -> Iterator[str]:
    return set_blocks(blocks_of_part, _table, partial(_list, sheet), partial(_block, sheet))


def _block(sheet: Sheet, block: Block) -> str:
    text = _inline(sheet, " ".join(block.sentences))
    if block.kind == "heading":
        return rf"\{'sub' * (block.level - 1)}section{{{text}}}"
    return BLOCKS[block.kind] % text if block.kind in BLOCKS else text


def _list(sheet: Sheet, items: Sequence[Block]) -> str:
    name = "enumerate" if items[0].is_numbered else "itemize"
    shape = r"[label=(\alph*)]" if items[0].marker == "(a)" else "[label=•]" if name == "itemize" else ""
    lines = [rf"\begin{{{name}}}{shape}"]
    level = 0
    for item in items:
        if item.level != level:
            lines.append(r"\begin{itemize}[label=–]" if item.level else r"\end{itemize}")
            level = item.level
        lines.append(r"\item " + _inline(sheet, " ".join(item.sentences)))
    return "\n".join([*lines, *([r"\end{itemize}"] if level else []), rf"\end{{{name}}}"])


def _table(rows: Sequence[Block]) -> str:
    lines = [" & ".join(_escape(cell) for cell in row.cells) + r" \\" for row in rows]
    ragged = r">{\raggedright\arraybackslash}"
    columns = f"l{ragged}p{{40mm}}{ragged}p{{70mm}}r" if len(rows[0].cells) == 4 else "l" * len(rows[0].cells)
    top, bottom = "\\toprule\n" + lines[0] + "\n\\midrule\n", "\n\\bottomrule\n"
    return f"\\begin{{longtable}}{{{columns}}}\n{top}" + "\n".join(lines[1:]) + f"{bottom}\\end{{longtable}}"


def _inline(sheet: Sheet, text: str) -> str:
    return "".join(_part(sheet, part) for part in re.split(r"(⟦\d+⟧|[⟪⟫])", text))


def _part(sheet: Sheet, part: str) -> str:
    if mark := NOTE_MARK.fullmatch(part):
        return rf"\footnote{{{_escape(' '.join(sheet.notes[int(mark[1])]))}}}"
    if ITALICS.fullmatch(part):
        return r"\emph{" if part == "⟪" else "}"
    return _escape(part)


def _escape(text: str) -> str:
    return "".join(SPECIAL.get(letter, letter) for letter in text)
