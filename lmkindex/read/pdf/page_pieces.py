"""A page of a PDF -> its pieces of print: where they stand on the page as it is shown, and how they are set.

Takes pdfium's text page. A piece is a line as pdfium sees it; a line with wide gaps, or one that jumps, is cut into its
words. So a page costs a few calls a line, made in bulk. Pieces outside of the crop box are dropped: no viewer shows
them. Knows no columns and no other pages.
"""

from __future__ import annotations

import ctypes
import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import atan2, hypot, pi
from statistics import median
from typing import Any, NamedTuple

from .char_marks import with_composed_accents, with_raised_digits
from .page_view import PageView
from .pdfium_calls import address_of, char_boxes, char_matrices, char_origins, char_sizes, font_weights, pdfium_calls, text_rects

HYPHEN_MARK = "\ufffe"  # pdfium's mark for a hyphen at the end of a line
LINE = re.compile(rf"[^\r\n{HYPHEN_MARK}]+{HYPHEN_MARK}?|{HYPHEN_MARK}")
WORD = re.compile(r"\S+")
SLANTED = 4  # a direction that is none of the four
WIDE_GAP = 0.8  # of the type size: wider gaps may separate columns or cells
WIDE_CHARS = 0.72  # of the type size: a line whose characters take more than this in the mean may hold wide gaps
WIDER_CHARS = 1.06  # of what is usual on the page: the same
MIN_CHARS = 0.4  # of the type size: below this no line is cut for its characters
BACK = 0.5  # of the type size: what begins farther to the left of the end before it does not follow it
JUMP = 0.7  # of the type size: pieces of one row do not differ more in height
RAISED = 0.15  # of the type size: the foot of a raised digit is higher above the baseline
LOW = 0.65  # of the type size: a raised digit is lower than this
CAP_DEPTH = 0.65  # of the type size: what hangs lower is a large letter over several lines
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
    firsts, lasts = to_char([start for start, _ in spans]), to_char([end - 1 for _, end in spans])
    counts, sides = text_rects(handle, firsts, [last - first + 1 for first, last in zip(firsts, lasts, strict=True)])
    pieces: list[Piece] = []
    raised: list[tuple[int, int, Style]] = []
    gappy: list[int] = []
    rect = 0
    for line, ((start, end), style, count) in enumerate(zip(spans, styles, counts, strict=True)):
        left, bottom, right, is_gappy, is_raised = _bounds(sides[4 * rect : 4 * (rect + count)], style, view)
        rect += count
        pieces.append(Piece(start, end, line, left, right, *style, style.baseline - bottom > CAP_DEPTH * style.size))
        if is_gappy:
            gappy.append(line)
        if is_raised:
            raised.append((start, end, style))
    if raised and not view.turns:
        text = with_raised_digits(text, handle, to_char, [(*span, style.baseline + view.bottom, style.size) for *span, style in raised])
    gappy = sorted({*gappy, *_with_wide_chars(pieces)})
    if gappy:
        pieces = _cut(text, pieces, gappy, handle, to_char, view)
    return _with_hyphens(text, handle, to_char), [piece for piece in pieces if _is_seen(piece, view)]


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


def _read_styles(text: str, spans: Sequence[tuple[int, int]], handle: int, to_char: CharPlaces, view: PageView) -> list[Style]:
    """How pieces are set: baseline and size are medians over the first, middle and last character, since one may be
    small and raised."""
    num_spans = len(spans)
    starts = [start for start, _ in spans]
    middles = [start if text[(start + end) // 2].isspace() else (start + end) // 2 for start, end in spans]
    places = to_char([*starts, *middles, *[end - 1 for _, end in spans]])
    origins, sizes = char_origins(handle, places), char_sizes(handle, places)
    matrices = char_matrices(handle, places[:num_spans])
    bold = font_weights(handle, places[:num_spans], places[2 * num_spans :])
    styles = []
    for place in range(num_spans):
        a, b, c, d = matrices[6 * place : 6 * place + 4]
        at = (place, place + num_spans, place + 2 * num_spans)
        own = sizes[place]
        if own == sizes[at[2]] == sizes[at[1]] and own > SMALL_FONT:
            size = own * hypot(c, d)
        else:
            scales = char_matrices(handle, [places[one] for one in at])
            size = sorted(abs(sizes[one]) * hypot(*scales[6 * i + 2 : 6 * i + 4]) for i, one in enumerate(at))[1]
        if view.turns or abs(b) > STRAIGHT * a or own < 0:
            turns = _turns(a, b, own, view)
            points = [origins[2 * one : 2 * one + 2] for one in at]
            heights = [view.show((x, y, x, y), turns if turns != SLANTED else 0)[1] for x, y in points]
        else:
            turns, heights = 0, [origins[2 * one + 1] - view.bottom for one in at]
        baseline = heights[0] if heights[0] == heights[2] else sorted(heights)[1]
        styles.append(Style(baseline, size or 1.0, turns, bold[place]))
    return styles


def _turns(a: float, b: float, size: float, view: PageView) -> int:
    quarters = atan2(b, a) / (pi / 2) + (2 if size < 0 else 0) - view.turns
    return round(quarters) % 4 if abs(quarters - round(quarters)) < STRAIGHT else SLANTED


def _bounds(sides: Sequence[float], style: Style, view: PageView) -> tuple[float, float, float, bool, bool]:
    """Left, bottom and right of a line from its rects; whether it holds wide gaps, steps back or jumps, so that it must
    be cut into words; whether something small stands high in it."""
    baseline, size, turns, _ = style
    if len(sides) == 4 and not turns and not view.turns:
        return sides[0] - view.left, sides[3] - view.bottom, sides[2] - view.left, False, False
    extra = turns if turns != SLANTED else 0
    boxes = [view.show((sides[i], sides[i + 3], sides[i + 2], sides[i + 1]), extra) for i in range(0, len(sides), 4)]
    if not boxes:
        return 0.0, baseline, 0.0, False, False
    is_gappy = is_raised = False
    left, bottom, right, _ = before = boxes[0]
    for box in boxes[1:]:
        gap = box[0] - before[2]
        is_gappy |= gap > WIDE_GAP * size or gap < -BACK * size or abs(box[1] - before[1]) > JUMP * size
        is_raised |= box[1] - baseline > RAISED * size and box[3] - box[1] < LOW * size
        left, bottom, right = min(left, box[0]), min(bottom, box[1]), max(right, box[2])
        before = box
    first = boxes[0]
    is_raised |= first[1] - baseline > RAISED * size and first[3] - first[1] < LOW * size
    return left, bottom, right, is_gappy, is_raised and not turns


def _with_wide_chars(pieces: Sequence[Piece]) -> list[int]:
    """The lines whose characters take so much room that there may be gaps between them."""
    widths = [(piece.right - piece.left) / (piece.size * (piece.end - piece.start)) for piece in pieces]
    limit = min(WIDE_CHARS, max(WIDER_CHARS * median(widths), MIN_CHARS))
    return [line for line, width in enumerate(widths) if width > limit]


def _cut(text: str, pieces: list[Piece], gappy: Sequence[int], handle: int, to_char: CharPlaces, view: PageView) -> list[Piece]:
    """The pieces, some of them cut into their words."""
    spans = [match.span() for line in gappy for match in WORD.finditer(text, pieces[line].start, pieces[line].end)]
    styles = _read_styles(text, spans, handle, to_char, view)
    ends = char_boxes(handle, to_char([start for start, _ in spans] + [end - 1 for _, end in spans]))
    cut: dict[int, list[Piece]] = {line: [] for line in gappy}
    lines = iter(gappy)
    line = next(lines)
    for place, ((start, end), style) in enumerate(zip(spans, styles, strict=True)):
        while start >= pieces[line].end:
            line = next(lines)
        first, last = ends[4 * place : 4 * place + 4], ends[4 * (place + len(spans)) : 4 * (place + len(spans)) + 4]
        box = min(first[0], last[0]), min(first[3], last[3]), max(first[2], last[2]), max(first[1], last[1])
        left, _, right, _ = view.show(box, style.turns if style.turns != SLANTED else 0)
        is_capped = pieces[line].is_capped and start == pieces[line].start
        cut[line].append(Piece(start, end, line, left, right, *style, is_capped))
    return [part for piece in pieces for part in cut.get(piece.line, (piece,))]


def _with_hyphens(text: str, handle: int, to_char: CharPlaces) -> str:
    """The text with the hyphens that pdfium marked, as they are printed."""
    if HYPHEN_MARK not in text:
        return text
    chars = list(text)
    for place in [place for place, char in enumerate(text) if char == HYPHEN_MARK]:
        chars[place] = "\xad" if pdfium_calls().unicode(handle, to_char([place])[0]) == 0xAD else "-"
    return "".join(chars)


def _is_seen(piece: Piece, view: PageView) -> bool:
    """Whether a piece is in the crop box."""
    width, height = (view.height, view.width) if piece.turns % 2 else (view.width, view.height)
    return 0 <= piece.left + piece.right <= 2 * width and -0.5 * piece.size <= piece.baseline <= height
