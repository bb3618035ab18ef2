"""A page of a PDF -> its pieces of print: their characters, and where they stand on the page as it is shown.

Takes pdfium's text page. A piece is a line as pdfium sees it; a line with wide gaps, or one that jumps, is cut into its
words. So a page costs a few calls a line. Pieces outside of the crop box are dropped: no viewer shows them. Knows no
columns and no other pages. Arrays have the suffix P: one element a piece, in the order of the page's content.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any

import numpy as np
import numpy.typing as npt

from ...records import BoolArray, Int64Array
from .char_marks import compose_accents, raise_digits
from .page_view import PageView, turned
from .pdfium_calls import FloatArray, address_of, char_boxes, char_matrices, char_origins, char_sizes, pdfium_calls, text_rects

HYPHEN_MARK = 0xFFFE  # pdfium's mark for a hyphen at the end of a line
SOFT_HYPHEN = 0xAD
SLANTED = 4  # a direction that is none of the four
WIDE_GAP = 0.8  # of the type size: wider gaps may separate columns or cells
WIDE_CHARS = 0.72  # of the type size: a line whose characters take more than this in the mean may hold wide gaps
WIDER_CHARS = 1.06  # of what is usual on the page: the same
BACK = 0.5  # of the type size: what begins farther to the left of the end before it does not follow it
JUMP = 0.7  # of the type size: pieces of one row do not differ more in height
RAISED = 0.15  # of the type size: the foot of a raised digit is higher above the baseline
LOW = 0.65  # of the type size: a raised digit is lower than this
CAP_DEPTH = 0.65  # of the type size: what hangs lower is a large letter over several lines
STRAIGHT = 0.06  # of a quarter turn
BOLD_NAMES = ("bold", "black", "heavy", "demi", "cmbx", "sfbx", "lmbx")
BASELINE, SIZE, TURNS, BOLD = range(4)  # columns of a table of styles

CodeArray = npt.NDArray[np.uint16]


@dataclass(frozen=True, slots=True, kw_only=True)
class PagePieces:
    """`text[starts_P:ends_P]` are the pieces, `line_P` the number of pdfium's line that each stands in. `turns_P` is
    the direction in which a piece is read: quarters anticlockwise, or `SLANTED`. Places are points from the lower left
    corner, after turning the page so that the piece is upright."""

    text: str
    starts_P: Int64Array
    ends_P: Int64Array
    line_P: Int64Array
    left_P: FloatArray
    right_P: FloatArray
    baseline_P: FloatArray
    size_P: FloatArray
    turns_P: Int64Array
    bold_P: BoolArray
    capped_P: BoolArray  # a letter at its start hangs far below its baseline


def read_page_pieces(textpage: Any, view: PageView) -> PagePieces:
    """The pieces of a page, in the order of its content."""
    handle = address_of(textpage)
    codes, num_chars = _read_codes(handle)
    to_char = _CharPlaces(textpage=None if len(codes) == num_chars else textpage)
    is_blank, is_mark = codes <= 0x20, codes == HYPHEN_MARK
    compose_accents(codes, handle, to_char)
    starts, ends = _line_bounds(codes, is_blank, is_mark)
    lines = np.arange(len(starts))
    styles = _read_styles(handle, to_char, starts, ends, is_blank, view)
    boxes, is_gappy, has_raised = _read_line_boxes(handle, to_char, starts, ends, styles, view)
    if has_raised.any() and not view.turns:
        raised = zip(starts[has_raised].tolist(), ends[has_raised].tolist(), *styles[has_raised, :SIZE + 1].T.tolist(), strict=True)
        raise_digits(codes, handle, to_char, [(start, end, height + view.bottom, size) for start, end, height, size in raised])
    if is_gappy.any():
        word_starts, word_ends = _cut_to_words(is_blank, starts[is_gappy], ends[is_gappy])
        word_styles = _read_styles(handle, to_char, word_starts, word_ends, is_blank, view)
        of_words = (
            word_starts,
            word_ends,
            lines[is_gappy][np.searchsorted(starts[is_gappy], word_starts, side="right") - 1],
            word_styles,
            _read_word_boxes(handle, to_char, word_starts, word_ends, word_styles, view),
        )
        order = np.argsort(np.concatenate((starts[~is_gappy], word_starts)), kind="stable")
        whole = (starts, ends, lines, styles, boxes)
        pairs = [np.concatenate((of_line[~is_gappy], of_word))[order] for of_line, of_word in zip(whole, of_words, strict=True)]
        starts, ends, lines, styles, boxes = pairs
    for place in np.flatnonzero(is_mark).tolist():
        codes[place] = SOFT_HYPHEN if pdfium_calls().unicode(handle, to_char([place])[0]) == SOFT_HYPHEN else 0x2D
    return _seen_pieces(codes, starts, ends, lines, styles, boxes, view)


def _seen_pieces(
    codes: CodeArray, starts: Int64Array, ends: Int64Array, lines: Int64Array, styles: FloatArray, boxes: FloatArray, view: PageView
) -> PagePieces:
    """The pieces in the crop box."""
    is_upright = styles[:, TURNS] % 2 == 0
    width, height = np.where(is_upright, view.width, view.height), np.where(is_upright, view.height, view.width)
    x, y = (boxes[:, 0] + boxes[:, 2]) / 2, (boxes[:, 1] + boxes[:, 3]) / 2
    seen = (x >= 0) & (x <= width) & (y >= 0) & (y <= height)
    at_text = np.arange(len(codes) + 1) - np.concatenate(([0], np.cumsum((codes & 0xFC00) == 0xDC00)))
    return PagePieces(
        text=codes.tobytes().decode("utf-16-le", "replace"),
        starts_P=at_text[starts[seen]],
        ends_P=at_text[ends[seen]],
        line_P=lines[seen],
        left_P=boxes[seen, 0],
        right_P=boxes[seen, 2],
        baseline_P=styles[seen, BASELINE],
        size_P=styles[seen, SIZE],
        turns_P=styles[seen, TURNS].astype(np.int64),
        bold_P=styles[seen, BOLD] > 0,
        capped_P=(styles[:, BASELINE] - boxes[:, 1] > CAP_DEPTH * styles[:, SIZE])[seen],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _CharPlaces:
    """Places in pdfium's text -> pdfium's characters; without `textpage` they are the same."""

    textpage: Any

    def __call__(self, units: Sequence[int]) -> list[int]:
        from pypdfium2 import raw

        if self.textpage is None:
            return list(units)
        return [max(0, raw.FPDFText_GetCharIndexFromTextIndex(self.textpage, unit)) for unit in units]


def _read_codes(handle: int) -> tuple[CodeArray, int]:
    """The page's text in UTF-16 units, and the number of its characters."""
    num_chars = max(0, pdfium_calls().count_chars(handle))
    buffer = (ctypes.c_uint16 * (num_chars + 1))()
    num_units = pdfium_calls().text(handle, 0, num_chars, ctypes.addressof(buffer)) - 1 if num_chars else 0
    return np.frombuffer(buffer, dtype=np.uint16)[: max(0, num_units)].copy(), num_chars


def _line_bounds(codes: CodeArray, is_blank: BoolArray, is_mark: BoolArray) -> tuple[Int64Array, Int64Array]:
    """Start and end of each line that is not blank, without the blanks around it. A mark ends its line."""
    inked = np.flatnonzero(~is_blank)
    if not len(inked):
        return inked, inked
    line = np.cumsum(is_mark | (codes == 0x0A))[inked] - is_mark[inked]
    is_first = np.concatenate(([True], line[1:] != line[:-1]))
    return inked[is_first], inked[np.concatenate((is_first[1:], [True]))] + 1


def _cut_to_words(is_blank: BoolArray, starts: Int64Array, ends: Int64Array) -> tuple[Int64Array, Int64Array]:
    """Start and end of each word in these lines."""
    depth = np.zeros(len(is_blank) + 1, dtype=np.int64)
    np.add.at(depth, starts, 1)
    np.subtract.at(depth, ends, 1)
    is_inked = ~is_blank & (np.cumsum(depth)[:-1] > 0)
    is_first, is_last = is_inked.copy(), is_inked.copy()
    is_first[1:] &= ~is_inked[:-1]
    is_last[:-1] &= ~is_inked[1:]
    is_first[starts] = True  # a line may follow a mark without a blank
    is_last[ends - 1] = True
    return np.flatnonzero(is_first), np.flatnonzero(is_last) + 1


def _read_styles(
    handle: int, to_char: _CharPlaces, starts: Int64Array, ends: Int64Array, is_blank: BoolArray, view: PageView
) -> FloatArray:
    """A row of baseline, type size, turns and boldness for each piece: medians over its first, middle and last
    character, since one may be small and raised."""
    middles = (starts + ends) // 2
    middles = np.where(is_blank[middles], starts, middles) if len(middles) else middles
    num_pieces = len(starts)
    places = to_char(np.concatenate((starts, middles, ends - 1)).tolist())
    matrices = char_matrices(handle, places)
    sizes = char_sizes(handle, places)
    quarters = np.arctan2(matrices[:, 1], matrices[:, 0]) / (np.pi / 2) + np.where(sizes < 0, 2, 0) - view.turns
    is_straight = np.abs(quarters - np.round(quarters)) < STRAIGHT
    turns = np.where(is_straight, np.round(quarters) % 4, SLANTED)[num_pieces : 2 * num_pieces]
    shown = view.show(char_origins(handle, places))
    turned_thrice = np.tile(turns, 3)
    baselines = np.select(
        [turned_thrice == 1, turned_thrice == 2, turned_thrice == 3], [view.width - shown[:, 0], view.height - shown[:, 1], shown[:, 0]], shown[:, 1]
    )
    scaled = np.abs(sizes) * np.hypot(matrices[:, 2], matrices[:, 3])
    medians = np.median(np.stack((baselines, np.where(scaled > 0, scaled, 1.0))).reshape(2, 3, num_pieces), axis=1)
    return np.stack((medians[0], medians[1], turns, _read_boldness(handle, places[:num_pieces], places[2 * num_pieces :])), axis=1)


def _read_boldness(handle: int, firsts: Sequence[int], lasts: Sequence[int]) -> FloatArray:
    """1 for the pieces that begin and end in a font with a name for bold type."""
    from pypdfium2 import raw

    calls = pdfium_calls()
    objects = list(map(calls.text_object, repeat(handle), [*firsts, *lasts]))
    of_object = {text_object: calls.font(text_object) if text_object else None for text_object in set(objects)}
    is_bold = {None: False}
    for font in set(of_object.values()) - {None}:
        name = ctypes.create_string_buffer(128)
        raw.FPDFFont_GetBaseFontName(ctypes.cast(font, raw.FPDF_FONT), name, 128)
        is_bold[font] = any(word in name.value.decode("utf-8", "replace").lower() for word in BOLD_NAMES)
    bold = [is_bold[of_object[text_object]] for text_object in objects]
    return np.array(bold, dtype=np.float64).reshape(2, -1).min(axis=0)


def _read_line_boxes(
    handle: int, to_char: _CharPlaces, starts: Int64Array, ends: Int64Array, styles: FloatArray, view: PageView
) -> tuple[FloatArray, BoolArray, BoolArray]:
    """The box of each line; whether it holds wide gaps, steps back or jumps, so that it must be cut into words; whether
    something small stands high in it."""
    firsts = to_char(starts.tolist())
    lengths = (np.array(to_char((ends - 1).tolist()), dtype=np.int64) - np.array(firsts, dtype=np.int64) + 1).tolist()
    rects, of_rect = [], []
    for line, (first, num_chars) in enumerate(zip(firsts, lengths, strict=True)):
        found = text_rects(handle, first, num_chars)
        rects += found
        of_rect += [line] * len(found)
    line_R = np.array(of_rect, dtype=np.int64)
    boxes_R = _upright(np.array(rects, dtype=np.float64).reshape(-1, 4), styles[line_R, TURNS], view)
    boxes = np.stack((np.full(len(starts), np.inf),) * 2 + (np.full(len(starts), -np.inf),) * 2, axis=1)
    for side, take in enumerate((np.minimum, np.minimum, np.maximum, np.maximum)):
        take.at(boxes[:, side], line_R, boxes_R[:, side])
    boxes[~np.isfinite(boxes)] = 0.0
    size = styles[:, SIZE]
    char_width = (boxes[:, 2] - boxes[:, 0]) / (size * (ends - starts))
    usual = float(np.median(char_width)) if len(starts) else 0.0
    is_gappy = char_width > min(WIDE_CHARS, max(WIDER_CHARS * usual, 0.4))
    is_same = line_R[1:] == line_R[:-1]
    gap = (boxes_R[1:, 0] - boxes_R[:-1, 2]) / size[line_R[1:]]
    rise = np.abs(boxes_R[1:, 1] - boxes_R[:-1, 1]) / size[line_R[1:]]
    is_gappy[line_R[1:][is_same & ((gap > WIDE_GAP) | (gap < -BACK) | (rise > JUMP))]] = True
    has_raised = np.zeros(len(starts), dtype=bool)
    height = (boxes_R[:, 3] - boxes_R[:, 1]) / size[line_R]
    is_raised = (boxes_R[:, 1] - styles[line_R, BASELINE] > RAISED * size[line_R]) & (height < LOW)
    has_raised[line_R[is_raised]] = True
    return boxes, is_gappy, has_raised & (styles[:, TURNS] == 0)


def _read_word_boxes(
    handle: int, to_char: _CharPlaces, starts: Int64Array, ends: Int64Array, styles: FloatArray, view: PageView
) -> FloatArray:
    """The box around the first and the last character of each word."""
    boxes = char_boxes(handle, to_char(np.concatenate((starts, ends - 1)).tolist())).reshape(2, -1, 4)
    joined = np.concatenate((boxes[:, :, :2].min(axis=0), boxes[:, :, 2:].max(axis=0)), axis=1)
    return _upright(joined, styles[:, TURNS], view)


def _upright(boxes: FloatArray, turns: FloatArray, view: PageView) -> FloatArray:
    """Boxes on the shown page, turned so that their text is upright."""
    shown = view.show(boxes)
    for quarters in (1, 2, 3):
        of_quarters = turns == quarters
        if of_quarters.any():
            shown[of_quarters] = turned(shown[of_quarters], quarters, view.width, view.height)
    return shown
