"""A page of a PDF -> its pieces of print: where they stand on the page as it is shown, and how they are set.

Takes pdfium's text page. A piece is a line as pdfium sees it; one with wide gaps, or one that jumps, is cut there. A page
costs a few calls a line, made in bulk: gaps are looked for in every fourth line, and in all only where there are some.
Pieces outside of the crop box are dropped: no viewer shows them. Knows no columns and no other pages.
"""

from __future__ import annotations

import ctypes
import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from operator import sub
from math import atan2, hypot, pi
from statistics import median
from typing import Any, NamedTuple

from .char_marks import with_composed_accents, with_raised_digits
from .page_view import PageView
from .pdfium_calls import address_of, char_boxes, char_matrices, char_origins, char_sizes, fonts_are_bold, pdfium_calls

HYPHEN_MARK = "\ufffe"  # pdfium's mark for a hyphen at the end of a line
LINE = re.compile(rf"[^\r\n{HYPHEN_MARK}]+{HYPHEN_MARK}?|{HYPHEN_MARK}")
WORD = re.compile(r"\S+")
SLANTED = 4  # a direction that is none of the four
WIDE_GAP = 0.8  # of the type size: wider gaps may separate columns or cells
CERTAIN_GAP = 1.25  # of the type size: words are not set so wide to fill a line
UNLIKE = 1.5  # of the usual gap in its line: a narrower gap is one between words
WIDE_CHARS = 0.72  # of the type size: a line whose characters take more than this in the mean may hold wide gaps
WIDER_CHARS = 1.06  # of what is usual on the page: the same
MIN_CHARS = 0.4  # of the type size: below this no line is looked at for its characters
SAMPLE = 4  # every fourth line
BACK = 0.5  # of the type size: what begins farther to the left of the end before it does not follow it
JUMP = 0.7  # of the type size: pieces of one row do not differ more in height
CAP_SIZE = 1.7  # of the type size: a letter over several lines
SMALL = 0.85  # of the type size: raised characters are smaller
LONG = 0.7  # of the longest line of a page: long lines are as bold as that
HIGH = 0.15  # of the type size: a raised digit's rise
MIN_GAPS = 4  # of a line: with fewer, no gap is usual
STRAIGHT = 0.06  # of a quarter turn
DIGITS = re.compile(r"[0-9]+")
BLANK = re.compile(r"\s+")

Span = tuple[int, int]


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


class Style(NamedTuple):
    """How a piece is set."""

    baseline: float
    size: float
    turns: int
    is_bold: bool
    is_capped: bool
    jumps: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CharPlaces:
    """Places in a page's text -> pdfium's characters. They are the same, but for files with odd fonts or characters."""

    units: Sequence[int] | None
    textpage: Any

    def __call__(self, places: Sequence[int]) -> Sequence[int]:
        from pypdfium2 import raw

        if self.units is None:
            return places
        return [max(0, raw.FPDFText_GetCharIndexFromTextIndex(self.textpage, self.units[place])) for place in places]


def read_page_pieces(textpage: Any, view: PageView) -> tuple[str, list[Piece]]:
    """The text of a page and its pieces, in the order of its content."""
    handle = address_of(textpage)
    text, to_char = _read_text(textpage, handle)
    text = with_composed_accents(text, handle, to_char)
    spans = _line_spans(text)
    if not spans:
        return text, []
    styles = _read_styles(text, spans, handle, to_char, view)
    pieces = _whole_lines(spans, styles, handle, to_char, view)
    if not view.turns:
        text = _with_raised_digits(text, pieces, handle, to_char, view)
    gappy = _gappy_lines(text, pieces, styles, handle, to_char)
    if gappy:
        pieces = [part for piece in pieces for part in (_cut(text, piece, handle, to_char, view) if piece.line in gappy else (piece,))]
    right, top = 2 * view.width, view.height
    seen = [piece for piece in pieces if (0 <= piece[3] + piece[4] <= right and 0 <= piece[5] <= top and not piece[7]) or _is_seen(piece, view)]
    return _with_hyphens(text, handle, to_char), seen


def _read_text(textpage: Any, handle: int) -> tuple[str, CharPlaces]:
    num_chars = max(0, pdfium_calls().count_chars(handle))
    buffer = (ctypes.c_uint16 * (num_chars + 1))()
    num_units = max(0, pdfium_calls().text(handle, 0, num_chars, ctypes.addressof(buffer)) - 1) if num_chars else 0
    text = ctypes.string_at(buffer, 2 * num_units).decode("utf-16-le", "replace")
    if len(text) == num_chars == num_units:
        return text, CharPlaces(units=None, textpage=textpage)
    units = [0]
    for char in text:
        units.append(units[-1] + 1 + (char > "\uffff"))
    return text, CharPlaces(units=units, textpage=textpage)


def _line_spans(text: str) -> list[Span]:
    """Start and end of each line that is not blank, without the blanks around it. A mark ends its line."""
    spans = []
    for match in LINE.finditer(text):
        line = match[0]
        body = line.strip()
        if body:
            start = match.start() + (len(line) - len(line.lstrip()) if line[0].isspace() else 0)
            spans.append((start, start + len(body)))
    return spans


def _read_styles(text: str, spans: Sequence[Span], handle: int, to_char: CharPlaces, view: PageView) -> list[Style]:
    """How lines are set. The baseline is the median over the first, middle and last character, since one may be small
    and raised; the size is that of the middle."""
    firsts = to_char([_letter_near(text, start, end) for start, end in spans])
    middles = to_char([_letter_near(text, (start + end) // 2, end) for start, end in spans])
    lasts = to_char([end - 1 for _, end in spans])
    origins = [char_origins(handle, places) for places in (firsts, middles, lasts)]
    sizes = char_sizes(handle, middles), char_sizes(handle, firsts)
    matrices = char_matrices(handle, middles)
    bold = _boldness(spans, firsts, lasts, handle)
    styles = []
    for place, (own, first, is_bold) in enumerate(zip(*sizes, bold, strict=True)):
        a, b, c, d = matrices[6 * place : 6 * place + 4]
        scale = hypot(c, d)
        size = abs(own) * scale or 1.0
        is_capped = False
        if first != own:
            size, is_capped = _size_and_cap(size, firsts[place], first, handle)
        if view.turns or abs(b) > STRAIGHT * a or own < 0:
            turns = _turns(a, b, own, view)
            points = [places[2 * place : 2 * place + 2] for places in origins]
            heights = [view.show((x, y, x, y), turns % SLANTED)[1] for x, y in points]
        else:
            turns, heights = 0, [places[2 * place + 1] - view.bottom for places in origins]
        baseline = heights[0] if heights[0] == heights[2] else sorted(heights)[1]
        jumps = not is_capped and max(heights) - min(heights) > JUMP * size
        styles.append(Style(baseline, size, turns, is_bold, is_capped, jumps))
    return styles


def _letter_near(text: str, place: int, end: int) -> int:
    """A letter at a place or soon behind it, since digits and marks may be raised; the place itself if there is none."""
    if text[place].isalpha():
        return place
    last = min(place + 4, end)
    return next((near for near in range(place + 1, last) if text[near].isalpha()), end - 1 if text[place].isspace() else place)


def _size_and_cap(size: float, first: int, first_size: float, handle: int) -> tuple[float, bool]:
    """The size of a line whose first character may be set in another one, and whether that hangs over several lines."""
    matrix = char_matrices(handle, [first])
    first_size = abs(first_size) * hypot(matrix[2], matrix[3])
    if first_size >= CAP_SIZE * size:
        return size, True
    return (first_size, False) if size < SMALL * first_size else (size, False)


def _boldness(spans: Sequence[Span], firsts: Sequence[int], lasts: Sequence[int], handle: int) -> list[bool]:
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


def _whole_lines(spans: Sequence[Span], styles: Sequence[Style], handle: int, to_char: CharPlaces, view: PageView) -> list[Piece]:
    """Each line as one piece, from the left of its first to the right of its last character."""
    firsts, lasts = (char_boxes(handle, to_char(places)) for places in ([start for start, _ in spans], [end - 1 for _, end in spans]))
    pieces = []
    for line, ((start, end), (baseline, size, turns, is_bold, is_capped, _)) in enumerate(zip(spans, styles, strict=True)):
        left, right = firsts[4 * line], lasts[4 * line + 2]
        if turns or view.turns or right < left:
            left, right = _extent(firsts[4 * line : 4 * line + 4], lasts[4 * line : 4 * line + 4], turns, view)
        else:
            left, right = left - view.left, right - view.left
        pieces.append(Piece(start, end, line, left, right, baseline, size, turns, is_bold, is_capped))
    return pieces


def _extent(first: Sequence[float], last: Sequence[float], turns: int, view: PageView) -> tuple[float, float]:
    """From where to where two boxes of pdfium reach on the shown page, in the direction of their text."""
    box = min(first[0], last[0]), min(first[3], last[3]), max(first[2], last[2]), max(first[1], last[1])
    left, _, right, _ = view.show(box, turns % SLANTED)
    return left, right


def _with_raised_digits(text: str, pieces: Sequence[Piece], handle: int, to_char: CharPlaces, view: PageView) -> str:
    """The text with its raised digits: those of numbers whose last digit stands high."""
    ends = [piece.end for piece in pieces]
    numbers = [(match.span(), pieces[bisect_right(ends, match.start())]) for match in DIGITS.finditer(text)]
    if not numbers:
        return text
    heights = char_origins(handle, to_char([end - 1 for (_, end), _ in numbers]))[1::2]
    high = [
        (place, piece.baseline + view.bottom, piece.size)
        for ((start, end), piece), height in zip(numbers, heights, strict=True)
        if height - view.bottom - piece.baseline > HIGH * piece.size and not piece.turns
        for place in range(start, end)
    ]
    return with_raised_digits(text, handle, to_char, high) if high else text


def _gappy_lines(text: str, pieces: Sequence[Piece], styles: Sequence[Style], handle: int, to_char: CharPlaces) -> set[int]:
    """The lines to cut: those with wide gaps, and those that jump."""
    gappy = {line for line, style in enumerate(styles) if style.jumps}
    widths = [(right - left) / (size * (end - start)) for start, end, _, left, right, _, size, _, _, _ in pieces]
    usual = max(median(widths), MIN_CHARS)
    limit = min(WIDE_CHARS, WIDER_CHARS * usual)
    wide = [line for line, width in enumerate(widths) if width > limit]
    longest = max(range(len(pieces)), key=lambda line: pieces[line].end - pieces[line].start)
    samples = {longest, *sorted(wide, key=lambda line: -widths[line])[:: SAMPLE // 2], *range(0, len(pieces), SAMPLE)}
    if _with_wide_gaps(text, [pieces[line] for line in samples], handle, to_char):
        gappy |= _with_wide_gaps(text, pieces, handle, to_char)
    return gappy


def _with_wide_gaps(text: str, pieces: Sequence[Piece], handle: int, to_char: CharPlaces) -> set[int]:
    """Those of some lines that hold wide gaps or steps back; lines that are not upright count as such."""
    blanks = [[match.span() for match in BLANK.finditer(text, piece.start, piece.end)] for piece in pieces]
    befores = [start - 1 for spans in blanks for start, _ in spans]
    sides = char_boxes(handle, to_char(befores + [end for spans in blanks for _, end in spans]))
    gaps = list(map(sub, sides[4 * len(befores) :: 4], sides[2 : 4 * len(befores) : 4]))
    found = set()
    first = 0
    for piece, spans in zip(pieces, blanks, strict=True):
        own = gaps[first : first + len(spans)]
        first += len(spans)
        if own and (piece.turns or max(own) > WIDE_GAP * piece.size or min(own) < -BACK * piece.size):
            if piece.turns or min(own) < 0 or _wide_gaps(own, piece.size):
                found.add(piece.line)
    return found


def _wide_gaps(gaps: Sequence[float], size: float) -> set[int]:
    """Which of the gaps in a line part columns or cells, and not only words: the words of a line that fills its column
    may be set wide, but all of them alike."""
    if not gaps or max(gaps) <= WIDE_GAP * size:
        return set()
    limit = WIDE_GAP * size
    if len(gaps) >= MIN_GAPS:
        limit = min(CERTAIN_GAP * size, max(limit, UNLIKE * sorted(gaps)[len(gaps) // 4]))
    return {place for place, gap in enumerate(gaps) if gap > limit}


def _cut(text: str, piece: Piece, handle: int, to_char: CharPlaces, view: PageView) -> list[Piece]:
    """The parts of a line between wide gaps, steps back and jumps."""
    spans = [match.span() for match in WORD.finditer(text, piece.start, piece.end)]
    if piece.turns:  # where text is turned, pdfium may take letters of two lines for one word
        spans = [(place, place + 1) for start, end in spans for place in range(start, end)]
    firsts, lasts = to_char([start for start, _ in spans]), to_char([end - 1 for _, end in spans])
    first_boxes, last_boxes = char_boxes(handle, firsts), char_boxes(handle, lasts)
    extents = [_extent(first_boxes[i : i + 4], last_boxes[i : i + 4], piece.turns, view) for i in range(0, 4 * len(spans), 4)]
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
            Piece(spans[first][0], spans[place - 1][1], piece.line, left, right, baseline, piece.size, piece.turns, piece.is_bold, is_capped)
        )
        first = place
    return parts


def _with_hyphens(text: str, handle: int, to_char: CharPlaces) -> str:
    """The text with the hyphens that pdfium marked, as they are printed."""
    if HYPHEN_MARK not in text:
        return text
    soft = [
        match.start() for match in re.finditer(HYPHEN_MARK, text) if pdfium_calls().unicode(handle, to_char([match.start()])[0]) == 0xAD
    ]
    for place in soft:
        text = f"{text[:place]}\xad{text[place + 1 :]}"
    return text.replace(HYPHEN_MARK, "-")


def _is_seen(piece: Piece, view: PageView) -> bool:
    """Whether a piece is in the crop box."""
    width, height = (view.height, view.width) if piece.turns % 2 else (view.width, view.height)
    return 0 <= piece.left + piece.right <= 2 * width and -0.5 * piece.size <= piece.baseline <= height
