"""A story of a Word document (its body, a note, a head, a text box) -> blocks of text in reading order.

A block is a paragraph, a table with a line for each row, or a note. Notes, comments and text boxes come after the
paragraph or table that they hang on. Characters are `word_text`'s business.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..titles import short_line
from .diagrams import chart_lines, diagram_lines, drawn_text
from .equations import equation_text
from .word_markup import (
    ALTERNATIVES,
    CHANGED_AWAY,
    CHART,
    DIAGRAM,
    DRAWN_PARAGRAPH,
    EQUATION,
    EQUATIONS,
    PARAGRAPH,
    SILENT,
    TABLE,
    TABLE_CELL,
    TABLE_ROW,
    TEXT_PATH,
    VAL,
    R,
    W,
    branch_of,
    child_of,
    is_on,
)
from .word_paragraphs import WordPiece, join_pieces, read_piece
from .word_source import WordSource
from .word_survey import COMMENT, ENDNOTE, FOOTNOTE
from .word_text import TextReader

BODY, BOX, MARGIN = "body", "box", "margin"  # stories; the others are the kinds of notes
ROWS, NOTE = "rows", "note"  # places of blocks other than the story that they are in
MARKS_IN = {FOOTNOTE: {COMMENT}, ENDNOTE: {COMMENT}, COMMENT: frozenset[str]()}  # a note has no notes
LEFT_OUT = {f"{W}altChunk": "is not read (a file in another format)", f"{W}subDoc": "is not read (another document)"}


@dataclass(frozen=True, slots=True, kw_only=True)
class WordBlock:
    """A paragraph or table. `level` is that of a heading (0 for none), which is the first `heading_chars` of the text;
    it heads what follows only in the body."""

    text: str
    place: str
    level: int = 0
    heading_chars: int = 0
    has_page_number: bool = False


class StoryReader:
    """Reads one story: all below its root, which may be a note or a text box. Invariant: `_pieces` are paragraphs that
    run on into the next one."""

    def __init__(self, source: WordSource, part: str, story: str, root: Any, *, is_boxed: bool = False) -> None:
        self._source = source
        self._part = part
        self._story = story
        self._root = root
        self._is_boxed = is_boxed
        self._text = TextReader(source.styles, source.survey_of(root), is_margin=story == MARGIN)
        self._counter = source.counter_of(story)
        self._blocks: list[WordBlock] = []
        self._pieces: list[WordPiece] = []
        self._num_cells = 0  # that this place is in
        self.inner_boxes: list[Any] = []  # of a text box: the caller reads them, so that no box is read inside another

    def read(self) -> list[WordBlock]:
        """All blocks, in their order."""
        self._walk([self._root] if self._root.tag in {PARAGRAPH, TABLE} else self._root)
        self._finish_paragraph()
        return self._blocks

    def _walk(self, parent: Any) -> None:
        for child in parent:
            tag = child.tag
            if tag == PARAGRAPH:
                self._pieces.append(read_piece(child, self._source.styles, self._text))
                if not self._pieces[-1].is_open:
                    self._finish_paragraph()
            elif tag == TABLE:
                self._finish_paragraph()
                self._table(child)
            elif tag == ALTERNATIVES:
                self._walk(branch_of(child))
            elif tag in {EQUATION, EQUATIONS}:
                self._finish_paragraph()
                self._add_drawn([equation_text(child)], self._story)
            elif tag in LEFT_OUT:
                part = self._source.part_of(child.get(f"{R}id", ""), self._part)
                self._source.archive.add_trouble(LEFT_OUT[tag], part or "outside of the file")
            elif tag not in SILENT:
                self._walk(child)

    def _finish_paragraph(self) -> None:
        """Make one block of the pieces that wait, and then of what hangs on them."""
        pieces = [piece for piece in self._pieces if not (piece.is_run_in and piece.found.is_empty)]
        self._pieces.clear()
        if not pieces:
            return
        text, level, heading_chars = join_pieces(pieces, self._counter, is_cell=self._num_cells > 0)
        if text:
            has_page_number = self._story == MARGIN and any(piece.found.has_page_number for piece in pieces)
            self._blocks.append(
                WordBlock(text=text, place=self._story, level=level, heading_chars=heading_chars, has_page_number=has_page_number)
            )
        for piece in pieces:
            self._read_boxes(piece.found.boxes)
        for piece in pieces:
            self._read_notes(piece.found.marks)

    def _read_boxes(self, boxes: Sequence[Any]) -> None:
        if self._is_boxed:
            self.inner_boxes.extend(boxes)
            return
        story = BOX if self._story == BODY else self._story
        waiting = list(reversed(boxes))
        while waiting:
            box = waiting.pop()
            if box.tag == TEXT_PATH:
                self._add_drawn([box.get("string", "")], story)
            elif box.tag == DRAWN_PARAGRAPH:
                self._add_drawn([drawn_text(box)], story)
            elif box.tag in {CHART, DIAGRAM}:
                read_lines, link = (chart_lines, f"{R}id") if box.tag == CHART else (diagram_lines, f"{R}dm")
                self._add_drawn(read_lines(self._source.archive, self._source.take_drawing(box.get(link, ""), self._part)), story)
            else:
                reader = StoryReader(self._source, self._part, story, box, is_boxed=True)
                self._blocks += reader.read()
                waiting += reversed(reader.inner_boxes)

    def _add_drawn(self, texts: Sequence[str], place: str) -> None:
        self._blocks += [WordBlock(text=text.strip(), place=place) for text in texts if text.strip()]

    def _read_notes(self, marks: Sequence[tuple[str, str]]) -> None:
        for kind, note_id in marks:
            if kind not in MARKS_IN.get(self._story, {FOOTNOTE, ENDNOTE, COMMENT}):
                continue
            element = self._source.take_note(kind, note_id)
            if element is None:
                continue
            author = short_line(element.get(f"{W}author", ""))
            prefix = "" if kind != COMMENT else f"Comment ({author}): " if author else "Comment: "
            blocks = StoryReader(self._source, self._part, kind, element).read()
            self._blocks += [replace(block, text=prefix + block.text, place=NOTE, level=0) for block in blocks]

    def _table(self, table: Any) -> None:
        """A table as one block; one that has a single cell is a frame around paragraphs."""
        rows = [list(_shown_cells(row)) for row in _shown_rows(table)]
        if len(rows) == 1 and len(rows[0]) == 1 and not self._num_cells:
            self._walk(rows[0][0])
            self._finish_paragraph()
            return
        lines: list[str] = []
        notes: list[WordBlock] = []
        has_page_number = False
        for number, cells in enumerate(rows):
            texts: list[str] = []
            inner_lines: list[str] = []
            for cell in cells:
                words: list[str] = []
                for block in [] if number > 0 and _is_continued(cell) else self._cell(cell):
                    has_page_number = has_page_number or block.has_page_number
                    if block.place == NOTE:
                        notes.append(block)
                    else:
                        (inner_lines if block.place == ROWS else words).append(block.text)
                texts.append(" ".join(words).replace("\n", " "))
            lines += [" | ".join(texts) if any(texts) else "", *inner_lines]
        text = "\n".join(filter(None, lines))
        if text:
            self._blocks.append(WordBlock(text=text, place=ROWS, has_page_number=has_page_number))
        self._blocks += notes

    def _cell(self, cell: Any) -> list[WordBlock]:
        """The blocks of a cell."""
        outer, self._blocks = self._blocks, []
        self._num_cells += 1
        self._walk(cell)
        self._finish_paragraph()
        self._num_cells -= 1
        blocks, self._blocks = self._blocks, outer
        return blocks


def _below(parent: Any, tag: str) -> Iterator[Any]:
    """The elements `tag` below `parent` that are in no other one, through content controls and the like."""
    for child in parent:
        if child.tag == tag:
            yield child
        elif child.tag == ALTERNATIVES:
            yield from _below(branch_of(child), tag)
        elif child.tag not in SILENT:
            yield from _below(child, tag)


def _shown_rows(table: Any) -> Iterator[Any]:
    for row in _below(table, TABLE_ROW):
        properties = child_of(row, f"{W}trPr")
        is_gone = properties is not None and (
            any(child.tag in CHANGED_AWAY for child in properties) or is_on(properties.find(f"{W}hidden"))
        )
        if not is_gone:
            yield row


def _shown_cells(row: Any) -> Iterator[Any]:
    return (cell for cell in _below(row, TABLE_CELL) if not _has_property(cell, f"{W}cellDel"))


def _is_continued(cell: Any) -> bool:
    """Whether a cell belongs to the one above or before it."""
    return _has_property(cell, f"{W}vMerge", f"{W}hMerge", values=(None, "continue"))


def _has_property(cell: Any, *tags: str, values: Sequence[str | None] = ()) -> bool:
    """Whether a cell has one of these properties, with one of these values if there are any."""
    properties = child_of(cell, f"{W}tcPr")
    return properties is not None and any(not values or found.get(VAL) in values for found in properties.iterchildren(*tags))
