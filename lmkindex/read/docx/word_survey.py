"""A look through a part before it is read: which paragraphs are nothing but runs of plain text, and their text.

Most paragraphs are plain, and what is known to be plain need not be walked. `word_text` reads the others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .symbol_fonts import SYMBOL_FONTS
from .word_fields import closed_fields
from .word_markup import (
    ALTERNATIVES,
    BOX_CONTENT,
    CHANGED_AWAY,
    CHART,
    DIAGRAM,
    DRAWN_PARAGRAPH,
    EQUATION,
    EQUATIONS,
    FIELD_MARK,
    PARAGRAPH,
    SYMBOL,
    TABLE,
    TEXT,
    TEXT_PATH,
    W,
)
from .word_styles import WordStyles

FOOTNOTE, ENDNOTE, COMMENT = "footnote", "endnote", "comment"  # the kinds of marks, and the names of their parts without the s
MARKS = {
    f"{W}footnoteReference": FOOTNOTE,
    f"{W}endnoteReference": ENDNOTE,
    f"{W}commentReference": COMMENT,
    f"{W}commentRangeEnd": COMMENT,
}
TAB, BREAK = f"{W}tab", f"{W}br"
CHARACTERS = {TAB: "\t", f"{W}ptab": "\t", BREAK: "\n", f"{W}cr": "\n", f"{W}noBreakHyphen": "-"}
SOFT_HYPHEN = "\u00ad"  # a place to break a word: nobody sees it inside a line
FONTS, FONT_NAMES = f"{W}rFonts", (f"{W}ascii", f"{W}hAnsi")
IS_SYMBOL_FONT = " or ".join(f'@w:{name} = "{font}"' for name in ("ascii", "hAnsi") for font in SYMBOL_FONTS)
TAB_STOPS = f"{W}tabs"  # whose tabs are no characters
BOXES = (BOX_CONTENT, PARAGRAPH, TABLE, DRAWN_PARAGRAPH, CHART, DIAGRAM, TEXT_PATH)
# What makes a paragraph more than plain, whatever the styles and fonts of the document: all that `word_text` acts on,
# and what it leaves out.
SPECIAL = (
    SYMBOL, EQUATION, EQUATIONS, ALTERNATIVES, FIELD_MARK, f"{W}instrText", f"{W}fldSimple", f"{W}ruby", f"{W}vanish", f"{W}vertAlign",
    *CHANGED_AWAY, *MARKS, *(tag for tag in CHARACTERS if tag not in {TAB, BREAK}), *(tag for tag in BOXES if tag != PARAGRAPH),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class StorySurvey:
    """What to know of a part before it is read: the fields that have an end, and the paragraphs that are more than runs
    of plain text."""

    closed_fields: set[Any]
    special_paragraphs: set[Any]


def survey_story(root: Any, styles: WordStyles) -> StorySurvey:
    """Look through a part. Fonts and styles of runs make their paragraphs special only if they can matter: most runs
    name some."""
    elements = list(root.iter(*SPECIAL, *([f"{W}rStyle"] if styles.has_hidden else [])))
    elements += root.xpath(f".//w:rFonts[{IS_SYMBOL_FONT}]", namespaces={"w": W[1:-1]})
    paragraphs = {next(element.iterancestors(PARAGRAPH), None) for element in elements}
    return StorySurvey(closed_fields=closed_fields(root), special_paragraphs=paragraphs)


def plain_text(paragraph: Any) -> str | None:
    """The characters of a paragraph of nothing but runs of text, as most are: much faster than a walk. None if there is
    another paragraph in it."""
    parts = []
    for element in paragraph.iter(PARAGRAPH, TEXT, TAB, BREAK):  # each more tag costs time
        tag = element.tag
        if tag == TEXT:
            parts.append(clean_text(element.text or ""))
        elif tag != PARAGRAPH:
            if element.getparent().tag != TAB_STOPS:
                parts.append(CHARACTERS[tag])
        elif element is not paragraph:
            return None
    return "".join(parts)


def clean_text(text: str) -> str:
    """Without the line ends of the file, which are blanks, and without soft hyphens."""
    if "\n" in text or "\r" in text or SOFT_HYPHEN in text:
        return text.replace(SOFT_HYPHEN, "").replace("\r", "").replace("\n", " ")
    return text
