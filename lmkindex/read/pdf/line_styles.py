"""How the lines of a page are set: baseline, type size, direction and weight.

Asks pdfium about three characters a line, in bulk. Knows no gaps and no other pages.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import atan2, hypot, pi
from typing import NamedTuple

from .page_text import CharPlaces, CharSpan
from .page_view import PageView
from .pdfium_calls import char_matrices, char_origins, char_sizes, fonts_are_bold

SLANTED = 4  # a direction that is none of the four
JUMP = 0.7  # of the type size: pieces of one row do not differ more in height
CAP_SIZE = 1.7  # of the type size: a letter over several lines
SMALL = 0.85  # of the type size: raised characters are smaller
LONG = 0.7  # of the longest line of a page: long lines are as bold as that
STRAIGHT = 0.06  # of a quarter turn


class Style(NamedTuple):
    """How a piece is set."""

    baseline: float
    size: float
    turns: int
    is_bold: bool
    is_capped: bool
    jumps: bool


def read_styles(text: str, spans: Sequence[CharSpan], handle: int, to_char: CharPlaces, view: PageView) -> list[Style]:
    """How lines are set. The baseline is the median over the first, middle and last character, since one may be small
    and raised; the size is that of the middle."""
    firsts = to_char([_letter_near(text, start, end) for start, end in spans])
    middles = to_char([_letter_near(text, (start + end) // 2, end) for start, end in spans])
    lasts = to_char([end - 1 for _, end in spans])
    origins = [char_origins(handle, places) for places in (firsts, middles, lasts)]
    heights = list(zip(*(places[1::2] for places in origins), strict=True))
    sizes, matrices = char_sizes(handle, middles), char_matrices(handle, middles)
    bold = _boldness(spans, firsts, lasts, handle)
    styles = []
    for place, ((first, middle, last), own, is_bold) in enumerate(zip(heights, sizes, bold, strict=True)):
        a, b, c, d = matrices[6 * place : 6 * place + 4]
        size = abs(own) * hypot(c, d) or 1.0
        if view.turns or abs(b) > STRAIGHT * a or own < 0:
            turns = _turns(a, b, own, view)
            points = [places[2 * place : 2 * place + 2] for places in origins]
            levels = [view.show((x, y, x, y), turns % SLANTED)[1] for x, y in points]
            styles.append(Style(sorted(levels)[1], size, turns, is_bold, False, max(levels) - min(levels) > JUMP * size))
        elif first == middle == last:
            styles.append(Style(first - view.bottom, size, 0, is_bold, False, False))
        else:
            size, is_capped = _size_and_cap(size, firsts[place], handle)
            jumps = not is_capped and max(first, middle, last) - min(first, middle, last) > JUMP * size
            styles.append(Style(sorted((first, middle, last))[1] - view.bottom, size, 0, is_bold, is_capped, jumps))
    return styles


def _letter_near(text: str, place: int, end: int) -> int:
    """A letter at a place or soon behind it, since digits and marks may be raised; else the place itself."""
    if text[place].isalpha():
        return place
    last = min(place + 4, end)
    return next((near for near in range(place + 1, last) if text[near].isalpha()), end - 1 if text[place].isspace() else place)


def _size_and_cap(size: float, first: int, handle: int) -> tuple[float, bool]:
    """The size of a line whose first character may be set in another one, and whether that hangs over several lines."""
    matrix = char_matrices(handle, [first])
    first_size = abs(char_sizes(handle, [first])[0]) * hypot(matrix[2], matrix[3])
    if first_size >= CAP_SIZE * size:
        return size, True
    return (first_size, False) if size < SMALL * first_size else (size, False)


def _boldness(spans: Sequence[CharSpan], firsts: Sequence[int], lasts: Sequence[int], handle: int) -> list[bool]:
    """Whether each line is bold. Long lines are as bold as the longest: headings are short."""
    lengths = [end - start for start, end in spans]
    longest = max(lengths)
    asked = [line for line, length in enumerate(lengths) if length <= LONG * longest or length == longest]
    found = dict(zip(asked, fonts_are_bold(handle, [firsts[line] for line in asked], [lasts[line] for line in asked]), strict=True))
    of_longest = found[lengths.index(longest)]
    return [found.get(line, of_longest) for line in range(len(spans))]


def _turns(a: float, b: float, size: float, view: PageView) -> int:
    quarters = atan2(b, a) / (pi / 2) + (2 if size < 0 else 0) - view.turns
    return round(quarters) % 4 if abs(quarters - round(quarters)) < STRAIGHT else SLANTED
