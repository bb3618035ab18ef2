"""The pieces of a page -> its lines: pieces of one row that follow each other without a wide gap are one line.

Knows no columns: two cells of a row, or two columns side by side, are lines of their own here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from statistics import median
from typing import NamedTuple

from .wide_gaps import BACK, WIDE_GAP, Piece

SAME_ROW = 0.3  # of the type size: baselines nearer than this are one row
RAISED = 0.6  # of the type size: a small piece as high as this is a raised or lowered part of its row
SMALL = 0.85  # of the type size beside it
GLUED = 0.15  # of the type size: pieces nearer than this are one word
WIDE_STEP = 1.5  # of the usual step from letter to letter, where all letters take the same room: a blank
ENUMERATOR = re.compile(
    r"[•◦‣▪▫●○■□–—*·\-\uf0b7]|\(?(?:\d{1,3}|[A-Za-z]|[ivxlIVXL]{1,6})[.):]|\d{1,2}(?:\.\d{1,3})+\.?|\[[ x]\]|\[\d{1,3}\]"
)
MAX_ENUMERATOR = 9  # characters
ENUMERATOR_GAP = 4.0  # of the type size: an item's text is no farther from its mark
MIN_SPACED = 5  # pairs of letters that are pieces of their own: words set letter by letter
LETTER_GAP = 2.0  # of the type size: there, wider gaps part lines
TEXT, ROW, FIELD, APART, APART_NEXT = "", "row", "field", "apart", "apart, next line"  # kinds of lines
CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufeff\uffff]")


class Line(NamedTuple):
    """A line of print; places are in points from the lower left corner of the page. A tuple, because a file has many.

    `turns` is the direction in which it is read. `kind` tells what is no running text: the row of a table or form, and
    what is set apart from the text, such as footnotes and comments. `is_capped` if a large letter begins it.
    """

    text: str
    left: float
    right: float
    baseline: float
    size: float
    is_bold: bool = False
    turns: int = 0
    kind: str = TEXT
    is_capped: bool = False


def print_lines(text: str, pieces: Sequence[Piece]) -> list[Line]:
    """The lines of a page, in the order of its content."""
    has_controls = CONTROLS.search(text) is not None
    blanks = _blanks_between(text, pieces)
    lines = []
    first = 0
    for place, blank in enumerate(blanks):
        if blank is None:
            line = _line(text, pieces[first : place + 1], blanks[first:place])
            first = place + 1
            if has_controls:
                line = line._replace(text=CONTROLS.sub("", line.text).strip())
            if line.text:
                lines.append(line)
    return lines


def _line(text: str, pieces: Sequence[Piece], blanks: Sequence[str | None]) -> Line:
    """The line of some pieces, with what stands between them."""
    first = pieces[0]
    if len(pieces) == 1:
        words = text[first.start : first.end]
        return Line(words, first.left, first.right, first.baseline, first.size, first.is_bold, first.turns, TEXT, first.is_capped)
    words = text[first.start : first.end] + "".join(
        f"{blank}{text[piece.start : piece.end]}" for blank, piece in zip(blanks, pieces[1:], strict=True)
    )
    main = max(pieces, key=lambda piece: piece.end - piece.start)
    left, right = min(piece.left for piece in pieces), max(piece.right for piece in pieces)
    is_bold = all(piece.is_bold for piece in pieces)
    return Line(words, left, right, main.baseline, main.size, is_bold, first.turns, TEXT, first.is_capped)


def _blanks_between(text: str, pieces: Sequence[Piece]) -> list[str | None]:
    """What follows each piece: "" or " " if the next is of its line, else None."""
    blanks: list[str | None] = []
    letters: list[int] = []
    for place, (piece, following) in enumerate(pairwise(pieces)):
        size, small = (piece.size, following.size) if piece.size > following.size else (following.size, piece.size)
        rise, gap = abs(following.baseline - piece.baseline), following.left - piece.right
        is_same_line = following.line == piece.line
        limit = RAISED if small < SMALL * size else SAME_ROW
        is_row = rise <= limit * size and piece.turns == following.turns
        if not is_row or is_same_line or gap > WIDE_GAP * size or gap < -BACK * size:
            is_item = is_row and piece.end - piece.start <= MAX_ENUMERATOR and 0 < gap <= ENUMERATOR_GAP * size
            blanks.append(" " if is_item and ENUMERATOR.fullmatch(text, piece.start, piece.end) else None)
        else:
            blanks.append("" if gap < GLUED * size else " ")
        if is_row and piece.end - piece.start == following.end - following.start == 1 and -BACK * size <= gap <= LETTER_GAP * size:
            letters.append(place)
    if len(letters) >= MIN_SPACED:
        _space_letters(pieces, letters, blanks)
    return [*blanks, None] if pieces else []


def _space_letters(pieces: Sequence[Piece], letters: Sequence[int], blanks: list[str | None]) -> None:
    """Where letters are set one by one, only a gap clearly wider than theirs is a blank. Changes `blanks`, in places
    `letters`."""
    pairs = [(pieces[place], pieces[place + 1]) for place in letters]
    gaps = [(following.left - piece.right) / piece.size for piece, following in pairs]
    steps = [(following.left - piece.left) / piece.size for piece, following in pairs]
    usual_gap, usual_step = median(gaps), median(steps)
    is_even = median([abs(step - usual_step) for step in steps]) < median([abs(gap - usual_gap) for gap in gaps])
    for place, gap, step in zip(letters, gaps, steps, strict=True):
        is_glued = step < WIDE_STEP * usual_step if is_even else gap < usual_gap + GLUED
        blanks[place] = "" if is_glued else " "
