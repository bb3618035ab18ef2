"""Lines as pdfium sees them -> parts between wide gaps: what stands on both sides may be two columns, or two cells.

Asks pdfium for the gaps of every fourth line, and of all only where some are wide. Knows no columns.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from operator import sub
from statistics import median
from typing import NamedTuple

from .line_styles import JUMP, SLANTED, STRAIGHT
from .loose_lines import STOPS, Gap, loose_lines
from .page_text import CharPlaces, CharSpan
from .page_view import PageView
from .pdfium_calls import char_boxes, char_origins

WORD = re.compile(r"\S+")
BLANK = re.compile(r"\s+")
WIDE_GAP = 0.8  # of the type size: wider gaps may separate columns or cells
CERTAIN_GAP = 1.25  # of the type size: words are not set so wide to fill a line
UNLIKE = 1.5  # of the usual gap in its line: a narrower gap is one between words
MIN_GAPS = 4  # of a line: with fewer, no gap is usual
WIDE_CHARS = 0.72  # of the type size: a line whose characters take more than this in the mean may hold wide gaps
WIDER_CHARS = 1.06  # of what is usual on the page: the same
MIN_CHARS = 0.4  # of the type size: below this no line is looked at for its characters
SAMPLE = 4  # every fourth line
MAX_MIDDLES = 200
FEW = 0.25  # of the lines of a page
BACK = 0.5  # of the type size: what begins farther to the left of the end before it does not follow it


class Piece(NamedTuple):
    """`text[start:end]` of the page's text, in pdfium's line number `line`. `turns` is the direction in which it is
    read: quarters anticlockwise, or `SLANTED`. Places are points from the lower left corner, after turning the page so
    that the piece is upright. `is_capped` if a letter over several lines begins it."""

    start: int
    end: int
    line: int
    left: float
    right: float
    baseline: float
    size: float
    turns: int
    is_bold: bool
    is_capped: bool


def cut_lines(text: str, pieces: list[Piece], jumping: Sequence[int], handle: int, to_char: CharPlaces, view: PageView) -> list[Piece]:
    """The lines of a page; those with wide gaps and those that jump are cut there."""
    cuts = {line: _cut_by_words(text, pieces[line], handle, to_char, view) for line in jumping}
    widths = [(right - left) / (size * (end - start)) for start, end, _, left, right, _, size, _, _, _ in pieces]
    usual = max(median(widths), MIN_CHARS)
    limit = min(WIDE_CHARS, WIDER_CHARS * usual)
    wide = [line for line, width in enumerate(widths) if width > limit]
    longest = max(range(len(pieces)), key=lambda line: pieces[line].end - pieces[line].start)
    asked = {longest, *sorted(wide, key=lambda line: -widths[line])[:: SAMPLE // 2], *range(0, len(pieces), SAMPLE)}
    known = set(jumping)
    gaps: dict[int, list[Gap]] = {}
    while asked:
        known |= asked
        found = _at_wide_gaps(text, [pieces[line] for line in sorted(asked)], handle, to_char, view, gaps)
        cuts.update(found)
        beside = {line + step for line in found for step in (-1, 1)} | (set(wide) if found else set())
        asked = {line for line in beside if 0 <= line < len(pieces)} - known or _across(pieces, cuts, known)
    for line in loose_lines(pieces, cuts, gaps) if gaps else ():
        del cuts[line]
    return [part for piece in pieces for part in cuts.get(piece.line, [piece])] if cuts else pieces


def _across(pieces: Sequence[Piece], cuts: dict[int, list[Piece]], known: set[int]) -> set[int]:
    """The lines that stand across the gaps of others, if they are few: in columns that are drawn row by row."""
    middles = {(before.right + after.left) / 2 for parts in cuts.values() for before, after in pairwise(parts)}
    if not middles or len(middles) > MAX_MIDDLES:
        return set()
    across = {piece.line for piece in pieces if piece.line not in known and any(piece.left < middle < piece.right for middle in middles)}
    return across if len(across) <= FEW * len(pieces) else set()


def _at_wide_gaps(
    text: str, pieces: Sequence[Piece], handle: int, to_char: CharPlaces, view: PageView, all_gaps: dict[int, list[Gap]]
) -> dict[int, list[Piece]]:
    """The parts of those of some lines that hold wide gaps or steps back. Lines that are not upright are looked at word
    by word. Adds to `all_gaps` those of the others that are cut."""
    blanks = [[match.span() for match in BLANK.finditer(text, piece.start, piece.end)] for piece in pieces]
    befores = [start - 1 for spans in blanks for start, _ in spans]
    sides = char_boxes(handle, to_char(befores + [end for spans in blanks for _, end in spans]))
    rights, lefts = sides[2 : 4 * len(befores) : 4], sides[4 * len(befores) :: 4]
    gaps = list(map(sub, lefts, rights))
    found = {}
    first = 0
    for piece, spans in zip(pieces, blanks, strict=True):
        own = gaps[first : first + len(spans)]
        if own and (piece.turns or view.turns or min(own) < -BACK * piece.size):
            found[piece.line] = _cut_by_words(text, piece, handle, to_char, view)
        elif wide := sorted(_wide_gaps(own, piece.size)):
            edges = [(spans[gap], rights[first + gap] - view.left, lefts[first + gap] - view.left) for gap in wide]
            found[piece.line] = _parts(piece, edges)
            sides_of = zip(rights[first : first + len(own)], lefts[first : first + len(own)], spans, strict=True)
            all_gaps[piece.line] = [Gap(right, left, text[start - 1] in STOPS) for right, left, (start, _) in sides_of]
        first += len(spans)
    return found


def _parts(piece: Piece, edges: Sequence[tuple[CharSpan, float, float]]) -> list[Piece]:
    """The parts of a line between some blanks, each with the right of what is before and the left of what follows."""
    starts = [piece.start, *(end for (_, end), _, _ in edges)]
    ends = [*(start for (start, _), _, _ in edges), piece.end]
    lefts, rights = [piece.left, *(left for _, _, left in edges)], [*(right for _, right, _ in edges), piece.right]
    return [
        piece._replace(start=start, end=end, left=left, right=right, is_capped=piece.is_capped and start == piece.start)
        for start, end, left, right in zip(starts, ends, lefts, rights, strict=True)
    ]


def _wide_gaps(gaps: Sequence[float], size: float) -> set[int]:
    """Which of the gaps in a line part columns or cells, and not only words: the words of a line that fills its column
    may be set wide, but all of them alike."""
    if not gaps or max(gaps) <= WIDE_GAP * size:
        return set()
    limit = WIDE_GAP * size
    if len(gaps) >= MIN_GAPS:
        limit = min(CERTAIN_GAP * size, max(limit, UNLIKE * sorted(gaps)[len(gaps) // 5]))
    return {place for place, gap in enumerate(gaps) if gap > limit}


def _cut_by_words(text: str, piece: Piece, handle: int, to_char: CharPlaces, view: PageView) -> list[Piece]:
    """The parts of a line between wide gaps, steps back and jumps."""
    spans = [match.span() for match in WORD.finditer(text, piece.start, piece.end)]
    if piece.turns:  # where text is turned, pdfium may take letters of two lines for one word
        spans = [(place, place + 1) for start, end in spans for place in range(start, end)]
    elif not view.turns:
        spans = _level_words(spans, piece, handle, to_char)
    firsts, lasts = to_char([start for start, _ in spans]), to_char([end - 1 for _, end in spans])
    first_boxes, last_boxes = char_boxes(handle, firsts), char_boxes(handle, lasts)
    extents = [extent(first_boxes[i : i + 4], last_boxes[i : i + 4], piece.turns, view) for i in range(0, 4 * len(spans), 4)]
    origins = char_origins(handle, firsts)
    heights = [view.show((x, y, x, y), piece.turns % SLANTED)[1] for x, y in zip(origins[::2], origins[1::2], strict=True)]
    gaps = [following[0] - before[1] for before, following in pairwise(extents)]
    wide = _wide_gaps(gaps, piece.size)
    if piece.turns:
        wide = {place for place, gap in enumerate(gaps) if gap > WIDE_GAP * piece.size}
    parts = []
    first = 0
    for place in range(1, len(spans) + 1):
        if place < len(spans):
            rise = abs(heights[place] - heights[place - 1])
            is_leftwards = rise < STRAIGHT * piece.size  # Arabic and Hebrew
            is_back = gaps[place - 1] < -BACK * piece.size and not is_leftwards
            if place - 1 not in wide and not is_back and (rise <= JUMP * piece.size or (piece.is_capped and place == 1)):
                continue
        inside = extents[first:place]
        left, right = min(left for left, _ in inside), max(right for _, right in inside)
        baseline = piece.baseline if abs(heights[first] - piece.baseline) <= JUMP / 2 * piece.size else median(heights[first:place])
        is_capped = piece.is_capped and not first
        parts.append(
            Piece(
                spans[first][0], spans[place - 1][1], piece.line, left, right, baseline, piece.size, piece.turns, piece.is_bold, is_capped
            )
        )
        first = place
    return parts


def _level_words(spans: Sequence[CharSpan], piece: Piece, handle: int, to_char: CharPlaces) -> list[CharSpan]:
    """The words of a line; one that goes up or down letter by letter, as pdfium takes digits that stand one above the
    other, as its letters."""
    heights = char_origins(handle, to_char([place for start, end in spans for place in (start, end - 1)]))[1::2]
    is_level = [abs(last - first) <= JUMP * piece.size for first, last in zip(heights[::2], heights[1::2], strict=True)]
    return [
        part
        for span, level in zip(spans, is_level, strict=True)
        for part in ([span] if level else [(place, place + 1) for place in range(*span)])
    ]


def extent(first: Sequence[float], last: Sequence[float], turns: int, view: PageView) -> tuple[float, float]:
    """From where to where two boxes of pdfium reach on the shown page, in the direction of their text."""
    box = min(first[0], last[0]), min(first[3], last[3]), max(first[2], last[2]), max(first[1], last[1])
    left, _, right, _ = view.show(box, turns % SLANTED)
    return left, right
