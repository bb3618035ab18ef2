"""What is printed: a sheet of blocks whose sentences are marked, and the truth that it leaves in the printed file.

Knows no producer and no reader. In a sentence, `⟪words⟫` are set in italics, `⟦3⟧` is the mark of footnote 3, and
a tracked change deletes `⌫words⌦`. The truth is JSON beside the printed file; README.md describes its format.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from .boilerplate import BOILERPLATE

NOTE_MARK = re.compile(r"⟦(\d+)⟧")
NUMBER_IN_TRUTH = re.compile(r"⟦(\d+)\.?⟧")
ITALICS = re.compile(r"[⟪⟫]")
DELETED = re.compile(r"⌫([^⌦]*)⌦")
TEX_SIGNS = re.compile(r"[_^{}]")  # of an equation: x_{1} is printed as a small 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A piece of a sheet. `kind` is title, heading, paragraph, item, row, caption, field, comment, freetext, equation,
    rtl, aside, quote, figcaption, code, box (a text box beside the next paragraph) or page (a new one begins). `marker`
    is the number of an item ("2."), "•" or "–", and its `level` is 1 in the list of another item. `cells` are those of
    a row; a field has a label and a value as its cells."""

    kind: str
    sentences: tuple[str, ...] = ()
    level: int = 0
    marker: str = ""
    cells: tuple[str, ...] = ()

    @property
    def is_numbered(self) -> bool:
        return self.kind == "item" and self.marker not in {"•", "–"}


# Width, height and margin in millimetres.
PAGE_SIZES = {"a4": (210, 297, 25), "a5": (148, 210, 16), "a6": (105, 148, 14)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One document before it is printed. `notes` are its footnotes by number. `head` is the running head, "" for none;
    `page_label` is "", "number" ("7") or "of" ("Page 7 of 9"); `page` is a key of `PAGE_SIZES`; the first `wide` blocks
    go over all columns. `furniture` and `furniture_patterns` are more of what is printed around the text;
    `has_symbols` says that footnotes are marked by signs and not by numbers."""

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
    furniture: tuple[str, ...] = ()
    furniture_patterns: tuple[str, ...] = ()
    has_symbols: bool = False

    @property
    def title(self) -> str:
        return next((block.sentences[0] for block in self.blocks if block.kind == "title"), self.kind)


def grouped(blocks: Iterable[Block]) -> Iterator[tuple[str, bool, list[Block]]]:
    """Blocks of one kind that follow one another, such as the rows of a table, with their kind and whether they are
    numbered."""
    for (kind, is_numbered), group in groupby(blocks, key=lambda block: (block.kind, block.is_numbered)):
        yield kind, is_numbered, list(group)


def set_blocks(
    blocks: Iterable[Block], table: Callable[[list[Block]], str], items: Callable[[list[Block]], str], other: Callable[[Block], str]
) -> Iterator[str]:
    """Each table, list and other block in a producer's language."""
    for kind, _, group in grouped(blocks):
        if kind == "row":
            yield table(group)
        elif kind == "item":
            yield items(group)
        else:
            yield from map(other, group)


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
    if block.kind == "item" and block.marker == "–":
        return "⟦–⟧ "
    if block.is_numbered:
        return f"⟦{block.marker}⟧ " if file_format == "html" else f"{block.marker} "
    return "⟦Comment (A. Reader):⟧ " if block.kind in {"comment", "freetext"} and file_format == "docx" else ""


def with_signs(block: dict[str, Any], signs: str) -> dict[str, Any]:
    """A block of the truth with the signs of footnotes in the place of their numbers."""
    return block | {"sentences": [NUMBER_IN_TRUTH.sub(lambda match: f"⟦{signs[int(match[1]) - 1]}⟧", text) for text in block["sentences"]]}


def truth_of(
    sheet: Sheet, *, producer: str, file_format: str, command: str, furniture_of_producer: Sequence[str] = (), note_signs: str = ""
) -> dict[str, Any]:
    """The truth of a printed sheet, as JSON."""
    furniture = list(BOILERPLATE) if file_format == "html" else []
    furniture += [*([sheet.head] if sheet.head else []), *sheet.furniture, *furniture_of_producer]
    blocks = list(truth_blocks(sheet, file_format))
    patterns = {"": [], "number": [r"\d+"], "of": [r"Page(\d+(of\d+)?)?"]}[sheet.page_label]
    return {
        "producer": producer,
        "format": file_format,
        "kind": sheet.kind,
        "columns": sheet.columns,
        "has_goal": sheet.has_goal,
        "command": command,
        "furniture": furniture,
        "furniture_patterns": [*patterns, *sheet.furniture_patterns],
        "blocks": [with_signs(block, note_signs) for block in blocks] if sheet.has_symbols and note_signs else blocks,
    }
