"""Paragraphs of a Word document: what the properties of a `w:p` say, and paragraphs that are shown as one.

A paragraph runs on into the next one if its mark is deleted by a tracked change or hidden, or if it is a drop cap.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .numbering import BULLET, ListCounter, ListItem
from .word_markup import CHANGED_AWAY, W, is_on, number_of, value_of
from .word_styles import BODY_LEVEL, WordStyle, WordStyles
from .word_text import ParagraphText, TextReader


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One `w:p`. `is_joined`: its mark is deleted, or it is a drop cap; `is_run_in`: its mark is hidden."""

    found: ParagraphText
    level: int
    item: ListItem | None
    is_joined: bool = False
    is_run_in: bool = False

    @property
    def is_open(self) -> bool:
        return self.is_joined or self.is_run_in


def read_piece(paragraph: Any, styles: WordStyles, reader: TextReader) -> Piece:
    """The text of a paragraph, and what its properties and its style say of it."""
    properties = paragraph.find(f"{W}pPr")
    style_id = "" if properties is None else value_of(properties, "pStyle")
    style = styles.of_paragraph(style_id)
    found = reader.read(paragraph, is_hidden=style.is_hidden)
    if properties is None:
        return Piece(found=found, level=style.level, item=_item_of(None, style, style_id), is_run_in=style.is_hidden)
    outline, mark, frame = number_of(properties, "outlineLvl"), properties.find(f"{W}rPr"), properties.find(f"{W}framePr")
    vanish = None if mark is None else mark.find(f"{W}vanish")
    is_drop_cap = frame is not None and frame.get(f"{W}dropCap") in {"drop", "margin"}
    return Piece(
        found=found,
        level=style.level if outline is None else outline + 1 if 0 <= outline < BODY_LEVEL else 0,
        item=_item_of(properties.find(f"{W}numPr"), style, style_id),
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


def join_pieces(pieces: Sequence[Piece], counter: ListCounter, *, is_cell: bool) -> tuple[str, int, int]:
    """The text of pieces that make one paragraph, its level as a heading and how many characters are that heading.

    Counts it in its list, even if it is empty; a number alone is text only in a cell of a table.
    """
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
