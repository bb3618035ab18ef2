"""The pieces of a page -> its lines: pieces of one row that follow each other without a wide gap are one line.

Knows no columns: two cells of a row, or two columns side by side, are lines of their own here.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np

from ...records import BoolArray
from .page_pieces import BACK, JUMP, WIDE_GAP, PagePieces
from .pdfium_calls import FloatArray

SAME_ROW = 0.3  # of the type size: baselines nearer than this are one row
RAISED = 0.6  # of the type size: a small piece as high as this is a raised or lowered part of its row
SMALL = 0.85  # of the type size beside it
GLUED = 0.15  # of the type size: pieces nearer than this are one word
WIDE_STEP = 1.5  # of the usual step from letter to letter, where all letters take the same room: a blank
MIN_SPACED = 5  # pairs of letters that are pieces of their own: words set letter by letter
LETTER_GAP = 2.0  # of the type size: there, wider gaps part lines
TEXT, ROW, FIELD, APART, APART_NEXT = "", "row", "field", "apart", "apart, next line"  # kinds of lines
CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ufeff\uffff]")


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


def lines_of(pieces: PagePieces) -> list[Line]:
    """The lines of a page, in the order of its content."""
    text, num_pieces = pieces.text, len(pieces.starts_P)
    has_controls = CONTROLS.search(text) is not None
    blanks = _blanks_between(pieces) if num_pieces > 1 else []
    bounds = list(zip(pieces.starts_P.tolist(), pieces.ends_P.tolist(), strict=True))
    left, right, baseline, size = (column.tolist() for column in (pieces.left_P, pieces.right_P, pieces.baseline_P, pieces.size_P))
    bold, turns, capped = pieces.bold_P.tolist(), pieces.turns_P.tolist(), pieces.capped_P.tolist()
    lines = []
    first = 0
    while first < num_pieces:
        end = first + 1
        while end < num_pieces and blanks[end - 1] is not None:
            end += 1
        parts = [text[start:stop] for start, stop in bounds[first:end]]
        words = parts[0] + "".join(f"{blank}{part}" for blank, part in zip(blanks[first : end - 1], parts[1:], strict=True))
        words = CONTROLS.sub("", words).strip() if has_controls else words
        if words:
            main = first if end == first + 1 else max(range(first, end), key=lambda place: bounds[place][1] - bounds[place][0])
            edges = (left[first], right[first]) if end == first + 1 else (min(left[first:end]), max(right[first:end]))
            lines.append(Line(words, *edges, baseline[main], size[main], all(bold[first:end]), turns[first], TEXT, capped[first]))
        first = end
    return lines


def _blanks_between(pieces: PagePieces) -> list[str | None]:
    """What stands between each piece and the next: "" or " " if they are of one line, else None."""
    is_same_line = pieces.line_P[1:] == pieces.line_P[:-1]
    size = np.maximum(pieces.size_P[1:], pieces.size_P[:-1])
    is_small = np.minimum(pieces.size_P[1:], pieces.size_P[:-1]) < SMALL * size
    rise = np.abs(pieces.baseline_P[1:] - pieces.baseline_P[:-1]) / size
    gap = (pieces.left_P[1:] - pieces.right_P[:-1]) / size
    is_row = (rise <= np.where(is_same_line, JUMP, np.where(is_small, RAISED, SAME_ROW))) & (pieces.turns_P[1:] == pieces.turns_P[:-1])
    is_leftwards = is_same_line & (rise <= SAME_ROW)  # Arabic and Hebrew
    is_one = is_row & (gap <= WIDE_GAP) & ((gap >= -BACK) | is_leftwards)
    is_touching = pieces.ends_P[:-1] == pieces.starts_P[1:]
    is_glued = np.where(is_same_line, is_touching, gap < GLUED)
    _space_letters(pieces, is_row & (gap >= -BACK) & (gap <= LETTER_GAP), gap, is_one, is_glued)
    return [("" if glued else " ") if one else None for one, glued in zip(is_one.tolist(), is_glued.tolist(), strict=True)]


def _space_letters(pieces: PagePieces, is_near: BoolArray, gap: FloatArray, is_one: BoolArray, is_glued: BoolArray) -> None:
    """Where letters are set one by one, only a gap clearly wider than theirs is a blank. Changes `is_one` and
    `is_glued`."""
    is_letter = pieces.ends_P - pieces.starts_P == 1
    pairs = np.flatnonzero(is_letter[1:] & is_letter[:-1] & is_near)
    if len(pairs) < MIN_SPACED:
        return
    step = (pieces.left_P[1:] - pieces.left_P[:-1])[pairs] / np.maximum(pieces.size_P[1:], pieces.size_P[:-1])[pairs]
    usual_gap, usual_step = np.median(gap[pairs]), np.median(step)
    is_even = np.median(np.abs(step - usual_step)) < np.median(np.abs(gap[pairs] - usual_gap))
    is_one[pairs] = True
    is_glued[pairs] = step < WIDE_STEP * usual_step if is_even else gap[pairs] < usual_gap + GLUED
