"""Paragraphs of a Word document: what the properties of a `w:p` say, and paragraphs that are shown as one.

A paragraph runs on into the next one if its mark is deleted by a tracked change or hidden, or if it is a drop cap.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .numbering import BULLET, ListCounter, ListItem
from .word_markup import CHANGED_AWAY, RUN, VAL, W, child_of, is_on, number_of, to_int
from .word_styles import BODY_LEVEL, WordStyle, WordStyles
from .word_text import ParagraphText, TextReader

PROPERTIES = f"{W}pPr"
STYLE, OUTLINE, MARK, FRAME, LIST = (f"{W}{name}" for name in ("pStyle", "outlineLvl", "rPr", "framePr", "numPr"))


@dataclass(frozen=True, slots=True, kw_only=True)
class WordPiece:
    """One `w:p`. `is_joined`: its mark is deleted, or it is a drop cap; `is_run_in`: its mark is hidden."""

    found: ParagraphText
    level: int
    item: ListItem | None
    is_joined: bool = False
    is_run_in: bool = False

    @property
    def is_open(self) -> bool:
        return self.is_joined or self.is_run_in


def read_piece(paragraph: Any, styles: WordStyles, reader: TextReader) -> WordPiece:
    """The text of a paragraph, and what its properties and its style say of it."""
    first = paragraph[0] if len(paragraph) else None  # where the properties stand; they are looked for if it is no run
    properties = first if first is None or first.tag == PROPERTIES else None if first.tag == RUN else child_of(paragraph, PROPERTIES)
    stated = {} if properties is None else {child.tag: child for child in properties}
    style_id = stated[STYLE].get(VAL, "") if STYLE in stated else ""
    style = styles.of_paragraph(style_id)
    found = reader.read(paragraph, is_hidden=style.is_hidden)
    item = _item_of(stated.get(LIST), style, style_id)
    outline, frame = stated.get(OUTLINE), stated.get(FRAME)
    # A plain paragraph has no changes and nothing hidden, so its mark has not either.
    mark = None if reader.is_plain(paragraph) else stated.get(MARK)
    if outline is None and frame is None and mark is None:
        return WordPiece(found=found, level=style.level, item=item, is_run_in=style.is_hidden)
    level = None if outline is None else to_int(outline.get(VAL))
    vanish = None if mark is None else mark.find(f"{W}vanish")
    is_drop_cap = frame is not None and frame.get(f"{W}dropCap") in {"drop", "margin"}
    return WordPiece(
        found=found,
        level=style.level if level is None else level + 1 if 0 <= level < BODY_LEVEL else 0,
        item=item,
        is_joined=is_drop_cap or (mark is not None and any(child.tag in CHANGED_AWAY for child in mark)),
        is_run_in=style.is_hidden if vanish is None else is_on(vanish),
    )


def _item_of(numbers: Any | None, style: WordStyle, style_id: str) -> ListItem | None:
    """The list of a paragraph: its own, else that of its style; None if it is in no list."""
    num_id = None if numbers is None else number_of(numbers, "numId")
    level = None if numbers is None else number_of(numbers, "ilvl")
    if num_id is not None:
        return ListItem(num_id=num_id, level=level, style_id=style_id) if num_id else None
    if not style.num_id:
        return None
    return ListItem(num_id=style.num_id, level=level, style_id=style.num_owner, style_level=style.num_level)


def join_pieces(pieces: Sequence[WordPiece], counter: ListCounter, *, is_cell: bool) -> tuple[str, int, int]:
    """The text of pieces that make one paragraph, its level as a heading and how many characters are that heading.

    Counts it in its list, even if it is empty; a number alone is text only in a cell of a table.
    """
    if len(pieces) == 1 and not pieces[0].item and not pieces[0].level:
        return pieces[0].found.text.strip(), 0, 0
    # List and level are those of the mark that ends the paragraph, except where a heading runs in.
    owner = next((place for place, piece in enumerate(pieces) if piece.is_run_in and piece.found.text.strip()), len(pieces) - 1)
    item, level = pieces[owner].item, pieces[owner].level
    label = counter.next_label(item) if item else ""
    texts = [piece.found.text for piece in pieces]
    head = "".join(texts[: owner + 1]).lstrip()
    text = (head + "".join(texts[owner + 1 :])).strip()
    if not text:
        return (label.strip() if is_cell and not label.startswith(BULLET) else ""), 0, 0
    return label + text, level, len(label + head.rstrip()) if level else 0
