"""A page of a PDF -> its pieces of print: where they stand on the page as it is shown, and how they are set.

Takes pdfium's text page. A piece is a line as pdfium sees it; a line with wide gaps, or one that jumps, is cut into its
words. So a page costs a few calls a line, made in bulk. Pieces outside of the crop box are dropped: no viewer shows
them. Knows no columns and no other pages.
"""

from __future__ import annotations

import ctypes
import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import atan2, hypot, pi
from statistics import median
from typing import Any, NamedTuple

from .char_marks import with_composed_accents, with_raised_digits
from .page_view import Box, PageView
from .pdfium_calls import address_of, char_boxes, char_matrices, char_origins, char_sizes, count_rects, font_weights, pdfium_calls, text_rects

HYPHEN_MARK = "\ufffe"  # pdfium's mark for a hyphen at the end of a line
LINE = re.compile(rf"[^\r\n{HYPHEN_MARK}]+{HYPHEN_MARK}?|{HYPHEN_MARK}")
WORD = re.compile(r"\S+")
SLANTED = 4  # a direction that is none of the four
WIDE_GAP = 0.8  # of the type size: wider gaps may separate columns or cells
WIDE_CHARS = 0.72  # of the type size: a line whose characters take more than this in the mean may hold wide gaps
SPACE = 0.3  # of the type size: a blank
WIDER_CHARS = 1.06  # of what is usual on the page: the same
MIN_CHARS = 0.4  # of the type size: below this no line is cut for its characters
BACK = 0.5  # of the type size: what begins farther to the left of the end before it does not follow it
JUMP = 0.7  # of the type size: pieces of one row do not differ more in height
RAISED = 0.15  # of the type size: the foot of a raised digit is higher above the baseline
LOW = 0.65  # of the type size: a raised digit is lower than this
CAP_DEPTH = 0.65  # of the type size: what hangs lower is a large letter over several lines
MAX_RECTS = 4  # of a line: of those with more, some programs set every few letters, only samples are looked at first
SAMPLE = 3  # every third line
DIGITS = re.compile(r"[0-9]+")
BEFORE_DIGITS = ".,;:!?'’”\")]"
STRAIGHT = 0.06  # of a quarter turn
SMALL_FONT = 3.0  # points: a font of this size is scaled by its matrix


class Piece(NamedTuple):
    """`text[start:end]` of the page's text, in pdfium's line number `line`. `turns` is the direction in which it is
    read: quarters anticlockwise, or `SLANTED`. Places are points from the lower left corner, after turning the page so
    that the piece is upright. `is_capped` if a letter at its start hangs far below its baseline."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class CharPlaces:
    """Places in a page's text -> pdfium's characters. They are the same, but for files with odd fonts or characters."""

    units: Sequence[int] | None
    textpage: Any

    def __call__(self, places: Sequence[int]) -> list[int]:
        from pypdfium2 import raw

        if self.units is None:
            return list(places)
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
    boxes, gappy, raised = _read_line_boxes(spans, styles, handle, to_char, view)
    pieces = [
        Piece(start, end, line, box[0], box[2], *style, style.baseline - box[1] > CAP_DEPTH * style.size)
        for line, ((start, end), box, style) in enumerate(zip(spans, boxes, styles, strict=True))
    ]
    if not view.turns:
        text = _with_raised_digits(text, spans, styles, raised, handle, to_char, view)
    wide = _with_wide_chars(pieces, gappy)
    if any(_has_wide_words(text, pieces[line], handle, to_char, view) for line in wide[::SAMPLE]):
        gappy |= {line for line in wide if _has_wide_words(text, pieces[line], handle, to_char, view)}
    if gappy:
        pieces = _cut(text, pieces, sorted(gappy), handle, to_char, view)
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


def _line_spans(text: str) -> list[tuple[int, int]]:
    """Start and end of each line that is not blank, without the blanks around it. A mark ends its line."""
    spans = []
    for match in LINE.finditer(text):
        line = match[0]
        body = line.strip()
        if body:
            start = match.start() + (len(line) - len(line.lstrip()) if line[0].isspace() else 0)
            spans.append((start, start + len(body)))
    return spans


def _read_styles(text: str, spans: Sequence[tuple[int, int]], handle: int, to_char: CharPlaces, view: PageView, num_samples: int = 3) -> list[Style]:
    """How pieces are set: baseline and size are medians over the first, middle and last character, since one may be
    small and raised; with one sample they are those of the first."""
    num_spans = len(spans)
    starts = [start for start, _ in spans]
    if num_samples == 1:
        return _styles_of(to_char(starts), [(place,) * 3 for place in range(num_spans)], handle, view)
    middles = [start if text[(start + end) // 2].isspace() else (start + end) // 2 for start, end in spans]
    places = to_char([*starts, *middles, *[end - 1 for _, end in spans]])
    return _styles_of(places, list(zip(range(num_spans), range(num_spans, 2 * num_spans), range(2 * num_spans, 3 * num_spans))), handle, view)


def _styles_of(places: Sequence[int], samples: Sequence[tuple[int, ...]], handle: int, view: PageView) -> list[Style]:
    """The style of each piece from three of its characters, as numbers among `places`."""
    num_pieces = len(samples)
    origins, sizes = char_origins(handle, places), char_sizes(handle, places)
    matrices = char_matrices(handle, places[:num_pieces])
    bold = font_weights(handle, places[:num_pieces], places[-num_pieces:])
    styles = []
    for place, at in enumerate(samples):
        a, b, c, d = matrices[6 * place : 6 * place + 4]
        own = sizes[place]
        if own == sizes[at[2]] == sizes[at[1]] and own > SMALL_FONT:
            size = own * hypot(c, d)
        else:
            scales = char_matrices(handle, [places[one] for one in at])
            size = sorted(abs(sizes[one]) * hypot(*scales[6 * i + 2 : 6 * i + 4]) for i, one in enumerate(at))[1]
        if view.turns or abs(b) > STRAIGHT * a or own < 0:
            turns = _turns(a, b, own, view)
            points = [origins[2 * one : 2 * one + 2] for one in at]
            heights = [view.show((x, y, x, y), turns % SLANTED)[1] for x, y in points]
        else:
            turns, heights = 0, [origins[2 * one + 1] - view.bottom for one in at]
        baseline = heights[0] if heights[0] == heights[2] else sorted(heights)[1]
        styles.append(Style(baseline, size or 1.0, turns, bold[place]))
    return styles


def _turns(a: float, b: float, size: float, view: PageView) -> int:
    quarters = atan2(b, a) / (pi / 2) + (2 if size < 0 else 0) - view.turns
    return round(quarters) % 4 if abs(quarters - round(quarters)) < STRAIGHT else SLANTED


def _read_line_boxes(
    spans: Sequence[tuple[int, int]], styles: Sequence[Style], handle: int, to_char: CharPlaces, view: PageView
) -> tuple[list[Box], set[int], set[int]]:
    """The box of each line; the lines that hold wide gaps, step back or jump, so that they must be cut into words; and
    those in which something small stands high."""
    firsts, lasts = to_char([start for start, _ in spans]), to_char([end - 1 for _, end in spans])
    counts = count_rects(handle, firsts, [last - first + 1 for first, last in zip(firsts, lasts, strict=True)])
    few = [line for line, count in enumerate(counts) if count <= MAX_RECTS]
    many = [line for line, count in enumerate(counts) if count > MAX_RECTS]
    boxes: list[Box] = [(0.0, 0.0, 0.0, 0.0)] * len(spans)
    gappy: set[int] = set()
    raised: set[int] = set()
    for line in few:
        rects = text_rects(handle, firsts[line], lasts[line] - firsts[line] + 1, counts[line])
        boxes[line], is_gappy, is_raised = _bounds(rects, styles[line], view)
        if is_gappy:
            gappy.add(line)
        if is_raised:
            raised.add(line)
    if many:
        ends = char_boxes(handle, [firsts[line] for line in many] + [lasts[line] for line in many])
        for place, line in enumerate(many):
            first, last = ends[4 * place : 4 * place + 4], ends[4 * (place + len(many)) : 4 * (place + len(many)) + 4]
            box = min(first[0], last[0]), first[3], max(first[2], last[2]), first[1]
            shown = view.show(box, styles[line].turns % SLANTED)
            boxes[line] = shown[0], styles[line].baseline, shown[2], shown[3]
        longest = max(many, key=lambda line: spans[line][1] - spans[line][0])
        samples = {longest, *many[::SAMPLE]}
        if view.turns or any(styles[line].turns for line in many) or _has_gaps(samples, counts, firsts, lasts, styles, handle):
            gappy |= {line for line in many if styles[line].turns or view.turns or _has_gaps({line}, counts, firsts, lasts, styles, handle)}
    return boxes, gappy, raised


def _has_gaps(
    lines: set[int], counts: Sequence[int], firsts: Sequence[int], lasts: Sequence[int], styles: Sequence[Style], handle: int
) -> bool:
    """Whether one of some upright lines holds a wide gap or steps back."""
    for line in lines:
        sides = text_rects(handle, firsts[line], lasts[line] - firsts[line] + 1, counts[line])
        size = styles[line].size
        gaps = [left - right for left, right in zip(sides[4::4], sides[2::4], strict=False)]
        if gaps and (max(gaps) > WIDE_GAP * size or min(gaps) < -BACK * size):
            return True
    return False


def _bounds(sides: Sequence[float], style: Style, view: PageView) -> tuple[Box, bool, bool]:
    """The box of a line from its rects; whether it holds wide gaps, steps back or jumps; whether something small stands
    high in it."""
    baseline, size, turns, _ = style
    if len(sides) == 4 and not turns and not view.turns:
        return (sides[0] - view.left, sides[3] - view.bottom, sides[2] - view.left, sides[1] - view.bottom), False, False
    boxes = [view.show((sides[i], sides[i + 3], sides[i + 2], sides[i + 1]), turns % SLANTED) for i in range(0, len(sides), 4)]
    if not boxes:
        return (0.0, baseline, 0.0, baseline), False, False
    is_gappy = False
    for before, box in pairwise(boxes):
        gap = box[0] - before[2]
        is_gappy |= gap > WIDE_GAP * size or gap < -BACK * size or abs(box[1] - before[1]) > JUMP * size
    is_raised = any(box[1] - baseline > RAISED * size and box[3] - box[1] < LOW * size for box in boxes)
    lefts, bottoms, rights, tops = zip(*boxes, strict=True)
    return (min(lefts), min(bottoms), max(rights), max(tops)), is_gappy, is_raised


def _with_raised_digits(
    text: str, spans: Sequence[tuple[int, int]], styles: Sequence[Style], raised: set[int], handle: int, to_char: CharPlaces, view: PageView
) -> str:
    """The text with its raised digits: those in lines `raised`, right behind a letter or its full stop, or first in
    their line are looked at."""
    ends = [end for _, end in spans]
    digits: list[tuple[int, float, float]] = []
    for match in DIGITS.finditer(text):
        start, end = match.span()
        before = text[start - 1] if start else "\n"
        if before in BEFORE_DIGITS:
            before = text[start - 2 : start - 1]
        line = bisect_right(ends, start)
        if before.isalpha() or before == "\n" or line in raised:
            baseline, size, turns, _ = styles[line]
            digits += [(place, baseline + view.bottom, size) for place in range(start, end) if not turns]
    return with_raised_digits(text, handle, to_char, digits) if digits else text


def _with_wide_chars(pieces: Sequence[Piece], but: set[int]) -> list[int]:
    """The lines whose characters take so much room that there may be gaps between them, the widest first; but some."""
    widths = [(right - left) / (size * (end - start)) for start, end, _, left, right, _, size, _, _, _ in pieces]
    usual = max(median(widths), MIN_CHARS)
    limit = min(WIDE_CHARS, WIDER_CHARS * usual)
    found = [
        line
        for line, width in enumerate(widths)
        if width > limit and line not in but and (width - usual) * (pieces[line].end - pieces[line].start) > WIDE_GAP - SPACE
    ]
    return sorted(found, key=lambda line: -widths[line])


def _has_wide_words(text: str, piece: Piece, handle: int, to_char: CharPlaces, view: PageView) -> bool:
    """Whether a wide gap stands between two words of a line."""
    if view.turns or piece.turns:
        return True
    spans = [match.span() for match in WORD.finditer(text, piece.start, piece.end)]
    sides = char_boxes(handle, to_char([start for start, _ in spans[1:]] + [end - 1 for _, end in spans[:-1]]))
    num_gaps = len(spans) - 1
    return any(left - right > WIDE_GAP * piece.size for left, right in zip(sides[: 4 * num_gaps : 4], sides[4 * num_gaps + 2 :: 4], strict=True))


def _cut(text: str, pieces: list[Piece], gappy: Sequence[int], handle: int, to_char: CharPlaces, view: PageView) -> list[Piece]:
    """The pieces, some of them cut into their words."""
    spans = [match.span() for line in gappy for match in WORD.finditer(text, pieces[line].start, pieces[line].end)]
    styles = _read_styles(text, spans, handle, to_char, view, num_samples=1)
    ends = char_boxes(handle, to_char([start for start, _ in spans] + [end - 1 for _, end in spans]))
    cut: dict[int, list[Piece]] = {line: [] for line in gappy}
    lines = iter(gappy)
    line = next(lines)
    for place, ((start, end), style) in enumerate(zip(spans, styles, strict=True)):
        while start >= pieces[line].end:
            line = next(lines)
        first, last = ends[4 * place : 4 * place + 4], ends[4 * (place + len(spans)) : 4 * (place + len(spans)) + 4]
        box = min(first[0], last[0]), min(first[3], last[3]), max(first[2], last[2]), max(first[1], last[1])
        left, _, right, _ = view.show(box, style.turns % SLANTED)
        is_capped = pieces[line].is_capped and start == pieces[line].start
        cut[line].append(Piece(start, end, line, left, right, *style, is_capped))
    return [part for piece in pieces for part in cut.get(piece.line, (piece,))]


def _with_hyphens(text: str, handle: int, to_char: CharPlaces) -> str:
    """The text with the hyphens that pdfium marked, as they are printed."""
    if HYPHEN_MARK not in text:
        return text
    chars = list(text)
    for match in re.finditer(HYPHEN_MARK, text):
        place = match.start()
        chars[place] = "\xad" if pdfium_calls().unicode(handle, to_char([place])[0]) == 0xAD else "-"
    return "".join(chars)


def _is_seen(piece: Piece, view: PageView) -> bool:
    """Whether a piece is in the crop box."""
    width, height = (view.height, view.width) if piece.turns % 2 else (view.width, view.height)
    return 0 <= piece.left + piece.right <= 2 * width and -0.5 * piece.size <= piece.baseline <= height
