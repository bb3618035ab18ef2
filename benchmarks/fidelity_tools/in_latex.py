"""A sheet as LaTeX, for pdfLaTeX and for XeLaTeX. Knows no program."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from .sheets import ITALICS, NOTE_MARK, PAGE_SIZES, Block, Sheet, grouped

SPECIAL = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
SPECIAL |= {letter: "\\" + letter for letter in "&%$#_{}"}
SPECIAL |= {"“": "``", "”": "''", "‘": "`", "’": "'", "—": "---", "–": "--", "'": r"\textquotesingle{}"}
PDFTEX_SPECIAL = {"€": r"\texteuro{}", "£": r"\pounds{}", "−": r"\textminus{}", "°": r"\textdegree{}", "·": r"\textperiodcentered{}"}
HEAD = r"""\documentclass[%(options)s]{article}
\usepackage[%(geometry)s]{geometry}
%(fonts)s
\usepackage{lettrine,booktabs,longtable,fancyhdr,lastpage}
\renewcommand{\LettrineTextFont}{\upshape}
\frenchspacing\emergencystretch=2em
\setcounter{secnumdepth}{0}
%(extra)s
\begin{document}
"""
# The three differ as files do: Times with joined letters, Computer Modern whose accents are drawn apart, OpenType.
FONTS_OF = {
    "pdflatex": r"\usepackage[T1]{fontenc}\usepackage{textcomp,mathptmx}",
    "latex": r"\usepackage[OT1]{fontenc}\usepackage{textcomp}",
    "xelatex": r"\usepackage{fontspec}\setmainfont{Latin Modern Roman}\newfontfamily\hebrew{DejaVu Sans}",
}
ROTATE = {"pdflatex": r"\pdfpageattr{/Rotate %d}", "xelatex": r"\AddToHook{shipout/background}{\special{pdf:put @thispage <</Rotate %d>>}}"}
ENVIRONMENTS = {
    "title": r"{\centering\LARGE\bfseries %s\par}\bigskip",
    "heading": r"\section*{%s}",
    "caption": r"\begin{center}%s\end{center}\nopagebreak",
    "rtl": r"{\hebrew\TeXXeTstate=1 \beginR %s\endR\par}",
}


def write_latex(sheet: Sheet, engine: str) -> str:
    """The source for `engine`, which is pdflatex or xelatex (or latex, for dvips)."""
    options = ["11pt" if sheet.page == "a4" else "10pt"]
    options += ["twocolumn"] if sheet.columns == 2 else []
    extra = [*_furniture(sheet)]
    if not sheet.hyphenate:
        extra.append(r"\hyphenpenalty=10000 \exhyphenpenalty=10000 \sloppy")
    if sheet.rotation:
        extra.append(ROTATE.get(engine, "%% %d") % sheet.rotation)
    if any(block.kind == "field" for block in sheet.blocks):
        extra.append(r"\usepackage{hyperref}\AtBeginDocument{\begin{Form}}\AtEndDocument{\end{Form}}")
    settings = {
        "options": ",".join(options),
        "geometry": f"{sheet.page}paper,margin={PAGE_SIZES[sheet.page][2]}mm",
        "fonts": FONTS_OF[engine],
    }
    body = "\n\n".join(_body(sheet, sheet.blocks[sheet.wide :]))
    if sheet.wide:
        wide = "\n\n".join(_body(sheet, sheet.blocks[: sheet.wide]))
        body = rf"\twocolumn[{wide}\bigskip]{body}"
    return HEAD % (settings | {"extra": "\n".join(extra)}) + body + "\n\\end{document}\n"


def _furniture(sheet: Sheet) -> Iterator[str]:
    label = {"": "", "number": r"\thepage", "of": r"Page \thepage\ of \pageref{LastPage}"}[sheet.page_label]
    yield r"\pagestyle{fancy}\fancyhf{}\renewcommand{\headrulewidth}{0pt}\fancypagestyle{plain}{}"
    yield rf"\fancyhead[L]{{{_escape(sheet.head)}}}\fancyfoot[C]{{{label}}}"


def _body(sheet: Sheet, blocks_of_part: Sequence[Block]) -> Iterator[str]:
    num_fields = 0
    for kind, is_numbered, blocks in grouped(blocks_of_part):
        if kind == "row":
            yield _table(blocks)
        elif kind == "item":
            name = "enumerate" if is_numbered else "itemize"
            items = "\n".join(r"\item " + _inline(sheet, " ".join(block.sentences)) for block in blocks)
            yield f"\\begin{{{name}}}\n{items}\n\\end{{{name}}}"
        elif kind == "field":
            fields = [_field(block, number) for number, block in enumerate(blocks, num_fields)]
            num_fields += len(fields)
            yield "\\\\[2mm]\n".join(fields)
        else:
            yield from (_block(sheet, block) for block in blocks)


def _block(sheet: Sheet, block: Block) -> str:
    if block.kind in {"comment", "freetext"}:
        return _annotation(block)
    if block.kind == "page":
        return r"\newpage"
    if block.kind == "equation":
        return rf"\[ {block.sentences[0].replace('π', chr(92) + 'pi ')} \]"
    text = _inline(sheet, " ".join(block.sentences))
    if block.kind in ENVIRONMENTS:
        return ENVIRONMENTS[block.kind] % text
    if sheet.drop_caps and len(text) > 300 and text[0].isalpha():
        first, rest = re.match(r"(\w)(\w*)", text).groups(), text[re.match(r"\w+", text).end() :]  # type: ignore[union-attr]
        return rf"\lettrine{{{first[0]}}}{{{first[1]}}}{rest}"
    return text


def _annotation(block: Block) -> str:
    """A note of pdfTeX in the margin; its appearance is the viewer's."""
    subtype = "Text" if block.kind == "comment" else "FreeText /DA (/Helv 9 Tf 0 g)"
    text = block.sentences[0].encode("utf-16-be").hex()
    return rf"\noindent\pdfannot width 120mm height 5mm depth 2mm {{/Subtype /{subtype} /Contents <FEFF{text}>}}\vspace{{8mm}}"


def _field(block: Block, number: int) -> str:
    return rf"\noindent\TextField[name=f{number},value={{{_escape(block.cells[1])}}},width=80mm]{{{_escape(block.cells[0])}}}"


def _table(rows: list[Block]) -> str:
    lines = [" & ".join(_escape(cell) for cell in row.cells) + r" \\" for row in rows]
    columns = "l" * len(rows[0].cells) if len(rows[0].cells) < 5 else "p{24mm}" * len(rows[0].cells)
    if any(len(cell) > 30 for row in rows for cell in row.cells):
        columns = f"p{{{140 // len(rows[0].cells)}mm}}" * len(rows[0].cells)
    return (
        f"\\begin{{longtable}}{{{columns}}}\n\\toprule\n{lines[0]}\n\\midrule\n" + "\n".join(lines[1:]) + "\n\\bottomrule\n\\end{longtable}"
    )


def _inline(sheet: Sheet, text: str) -> str:
    parts = re.split(r"(⟦\d+⟧|[⟪⟫])", text)
    return "".join(_part(sheet, part) for part in parts)


def _part(sheet: Sheet, part: str) -> str:
    if mark := NOTE_MARK.fullmatch(part):
        return rf"\footnote{{{_inline(sheet, ' '.join(sheet.notes[int(mark[1])]))}}}"
    if ITALICS.fullmatch(part):
        return r"\textit{" if part == "⟪" else "}"
    return _escape(part)


def _escape(text: str) -> str:
    return "".join(SPECIAL.get(letter) or PDFTEX_SPECIAL.get(letter, letter) for letter in text)
