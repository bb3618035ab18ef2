"""Pieces of text -> paragraphs, rows and headings with their offsets. Knows blocks, not HTML."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import NamedTuple

from ...records import Heading
from ...sections import headings_again, open_heading

# Stand for white space to keep while the rest is collapsed. No parser gives surrogates.
NEWLINE, SPACE, TAB = "\ud800", "\ud801", "\ud802"
BULLETS = frozenset("•◦▪●")
BOXES = "☐☑○◉ \n"
# Places where a word may be broken, and those where it may not. In scripts without spaces the first one parts words.
INVISIBLE_MARKS = re.compile("[\xad\u2060\ufeff]|(?<![\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff])\u200b")


class Place(NamedTuple):
    """Where in which block a piece begins."""

    block: int
    part: int


@dataclass(slots=True)
class BlockWriter:
    """The paragraphs so far, and the block that is being written."""

    paragraphs: list[str] = field(default_factory=list)
    headings: list[Heading] = field(default_factory=list)
    length: int = 0  # of the paragraphs joined by blank lines
    parts: list[str] = field(default_factory=list)  # of the current block
    num_blocks: int = 0
    level: int = 0  # of the heading that the current block is; 0 for none
    marks: list[str] = field(default_factory=list)  # of list items that have no text yet
    rows: list[str] = field(default_factory=list)  # of the current table
    cells: list[str] = field(default_factory=list)  # of the current row
    is_in_cell: bool = False
    path: list[Heading] = field(default_factory=list)  # the headings over what comes next
    parts_apart: list[tuple[int, list[Heading]]] = field(default_factory=list)  # for each open one, the headings before it and its path
    outer_path: list[Heading] | None = None  # of a part apart that ended

    def put(self, text: str) -> None:
        """Add characters to the current block."""
        if text:
            self.parts.append(text)

    def place(self) -> Place:
        """Where the next piece goes."""
        return Place(self.num_blocks, len(self.parts))

    def since(self, place: Place) -> str | None:
        """The characters since `place`; None if another block began there."""
        return "".join(self.parts[place.part :]) if place.block == self.num_blocks else None

    def cut(self, place: Place) -> str:
        """Take the characters since `place` away."""
        text = self.since(place)
        if text is None:
            return ""
        del self.parts[place.part :]
        return text

    def last_char(self) -> str:
        """The last character of the block, or "" at its beginning."""
        return self.parts[-1][-1] if self.parts else ""

    def break_line(self) -> None:
        """Begin another line of the same block; the row of a table stays one line."""
        self.parts.append(" " if self.is_in_cell else NEWLINE)

    def bound(self, *, ends_heading: bool = True) -> None:
        """A block begins or ends here. In a heading, only lines end: it is one paragraph, until a block that cannot be
        in a heading shows that it was never closed."""
        if self.is_in_cell:
            self.parts.append(" ")
        elif self.level and not (ends_heading and "".join(self.parts).strip()):
            if self.last_char() != NEWLINE:
                self.parts.append(NEWLINE)
        else:
            self._end_block()
            self.level = 0

    def start_heading(self, level: int) -> None:
        """The block that begins here is a heading, unless it is in a row of a table."""
        if self.is_in_cell:
            self.parts.append(" ")
        else:
            self._end_block()
            self.level = level

    def end_heading(self) -> None:
        """The heading ends."""
        if self.is_in_cell:
            self.parts.append(" ")
        else:
            self._end_block()
            self.level = 0

    def start_apart(self) -> None:
        """A part begins whose headings head nothing behind it."""
        self.parts_apart.append((len(self.headings), [*self.path] if self.outer_path is None else self.outer_path))

    def end_apart(self) -> None:
        """It ends."""
        num_before, path = self.parts_apart.pop()
        if len(self.headings) > num_before:
            self.outer_path = path

    def start_cell(self) -> None:
        """A cell of the current row begins."""
        self.end_cell()
        self._end_block()
        self.is_in_cell = True

    def end_cell(self) -> None:
        """The cell ends."""
        if self.is_in_cell:
            self.cells.append(" ".join(self._collapsed().split("\n")))
            self.is_in_cell = False

    def end_row(self) -> None:
        """The row of a table ends. Empty cells count only between others. A row of one cell is a paragraph."""
        self.end_cell()
        texts = [number for number, cell in enumerate(self.cells) if cell]
        if texts and self.cells[texts[0]] in BULLETS:  # a list that is set as a table
            del texts[0]
        if len(texts) > 1:
            self.rows.append(" | ".join(self.cells[texts[0] : texts[-1] + 1]).replace("  ", " "))
        elif texts:
            self._end_rows()
            self._add_paragraph(self.cells[texts[0]])
        self.cells.clear()

    def end_table(self) -> None:
        """The table ends."""
        self.end_row()
        self._end_block()
        self._end_rows()

    def finish(self) -> tuple[str, tuple[Heading, ...]]:
        """The text and its headings."""
        self.end_table()
        return "\n\n".join(self.paragraphs), tuple(self.headings)

    def _end_block(self) -> None:
        text = self._collapsed()
        if text.strip(BOXES):  # a box alone is a switch of a menu
            self._end_rows()
            self._add_paragraph(text)

    def _end_rows(self) -> None:
        if self.rows:
            text = "\n".join(self.rows)
            self.rows.clear()
            self._add_paragraph(text)

    def _add_paragraph(self, text: str) -> None:
        text = "".join(self.marks) + text
        self.marks.clear()
        start = self.length + (2 if self.paragraphs else 0)
        self.length = start + len(text)
        self.paragraphs.append(text)
        if self.outer_path is not None:
            self.headings += headings_again(self.outer_path, start)
            self.path, self.outer_path = [*self.outer_path], None
        if self.level:
            heading = Heading(start=start, end=self.length, level=self.level, text=" ".join(text.split()))
            self.headings.append(heading)
            open_heading(self.path, heading)

    def _collapsed(self) -> str:
        """The current block, which is then empty."""
        if not self.parts:
            return ""
        text = "".join(self.parts)
        self.parts.clear()
        self.num_blocks += 1
        if not text.isascii():
            text = INVISIBLE_MARKS.sub("", text)
        if NEWLINE in text or SPACE in text or TAB in text:
            lines = (" ".join(line.split()) for line in text.split(NEWLINE))
            return "\n".join(line.replace(SPACE, " ").replace(TAB, "\t").rstrip() for line in lines).strip("\n")
        return " ".join(text.split())
