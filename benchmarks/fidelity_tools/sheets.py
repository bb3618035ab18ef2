"""What is printed: a sheet of blocks whose sentences are marked, and the truth that it leaves in the printed file.

Knows no producer and no reader. In a sentence, `⟪words⟫` are set in italics, `⟦3⟧` is the mark of footnote 3, and
a tracked change deletes `⌫words⌦`. The truth is JSON beside the printed file; README.md describes its format.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from .boilerplate import BOILERPLATE

NOTE_MARK = re.compile(r"⟦(\d+)⟧")
ITALICS = re.compile(r"[⟪⟫]")
DELETED = re.compile(r"⌫([^⌦]*)⌦")
TEX_SIGNS = re.compile(r"[_^{}]")  # of an equation: x_{1} is printed as a small 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A piece of a sheet. `kind` is title, heading, paragraph, item, row, caption, field, comment, freetext, equation,
    rtl, aside, quote, figcaption, code, box (a text box beside the next paragraph) or page (a new one begins). `marker`
    is the number of an item ("2.") or "•"; `cells` are those of a row; a field has a label and a value as its cells."""

    kind: str
    sentences: tuple[str, ...] = ()
    level: int = 0
    marker: str = ""
    cells: tuple[str, ...] = ()

    @property
    def is_numbered(self) -> bool:
        return self.kind == "item" and self.marker != "•"


# Width, height and margin in millimetres.
PAGE_SIZES = {"a4": (210, 297, 25), "a5": (148, 210, 16), "a6": (105, 148, 14)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One document before it is printed. `notes` are its footnotes by number. `head` is the running head, "" for none;
    `page_label` is "", "number" ("7") or "of" ("Page 7 of 9"); `page` is a key of `PAGE_SIZES`; the first `wide` blocks
    go over all columns."""

    kind: str
    blocks: tuple[Block, ...] = ()
    notes: dict[int, tuple[str, ...]] = field(default_factory=dict)
    columns: int = 1
    wide: int = 0
    head: str = ""
    page_label: str = ""
    hyphenate: bool = False
    drop_caps: bool = False
    rotation: int = 0
    has_goal: bool = True
    page: str = "a4"

    @property
    def title(self) -> str:
        return next((block.sentences[0] for block in self.blocks if block.kind == "title"), self.kind)


def plain(sentence: str) -> str:
    """A sentence without the marks for italics and without what a tracked change deletes."""
    return DELETED.sub("", ITALICS.sub("", sentence))


def truth_blocks(sheet: Sheet, file_format: str) -> Iterator[dict[str, Any]]:
    """The blocks as a reader sees them: a footnote stands behind the sentence that has its mark. In HTML, the numbers
    of list items may be missing; a DOCX has its running head once."""
    if sheet.head and file_format == "docx":
        yield {"kind": "head", "sentences": [sheet.head]}
    for block in sheet.blocks:
        if block.kind == "page":
            continue
        if block.kind in {"row", "field"}:
            yield {"kind": block.kind, "sentences": [plain(" | ".join(cell for cell in block.cells if cell))]}
            continue
        if block.kind == "equation":
            yield {"kind": "equation", "sentences": [TEX_SIGNS.sub("", block.sentences[0])]}
            continue
        prefix = _prefix(block, file_format)
        waiting: list[str] = []
        for position, sentence in enumerate(block.sentences):
            waiting.append(plain(prefix + sentence if position == 0 else sentence))
            numbers = [int(number) for number in NOTE_MARK.findall(sentence)]
            if numbers:
                yield {"kind": block.kind, "level": block.level, "sentences": waiting}
                waiting = []
            for number in numbers:
                first, *others = sheet.notes[number]
                yield {"kind": "note", "sentences": [f"⟦{number}.⟧ {plain(first)}", *map(plain, others)]}
        if waiting:
            yield {"kind": block.kind, "level": block.level, "sentences": waiting}


def _prefix(block: Block, file_format: str) -> str:
    """What stands before the first sentence: an item's number, or a comment's author, whom a reader may name."""
    if block.is_numbered:
        return f"⟦{block.marker}⟧ " if file_format == "html" else f"{block.marker} "
    return "⟦Comment (A. Reader):⟧ " if block.kind in {"comment", "freetext"} and file_format == "docx" else ""


def truth_of(sheet: Sheet, *, producer: str, file_format: str, command: str) -> dict[str, Any]:
    """The truth of a printed sheet, as JSON."""
    furniture = list(BOILERPLATE) if file_format == "html" else []
    furniture += [sheet.head] if sheet.head else []
    patterns = {"": [], "number": [r"\d+"], "of": [r"Page(\d+(of\d+)?)?"]}[sheet.page_label]
    return {
        "producer": producer,
        "format": file_format,
        "kind": sheet.kind,
        "columns": sheet.columns,
        "has_goal": sheet.has_goal,
        "command": command,
        "furniture": furniture,
        "furniture_patterns": patterns,
        "blocks": list(truth_blocks(sheet, file_format)),
    }
