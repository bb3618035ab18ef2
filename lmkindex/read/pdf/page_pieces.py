"""A page of a PDF -> its pieces of print: where they stand on the page as it is shown, and how they are set.

Takes pdfium's text page. A piece is a line as pdfium sees it; one with wide gaps, or one that jumps, is cut there. A
page costs a few calls a line, made in bulk. Pieces outside of the crop box are dropped: no viewer shows them. Knows no
columns and no other pages.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

from .char_marks import with_composed_accents, with_raised_digits
from .line_styles import Style, read_styles
from .page_text import CharPlaces, CharSpan, line_spans, read_page_text, with_hyphens
from .page_view import PageView
from .pdfium_calls import address_of, char_boxes, char_origins
from .wide_gaps import WORD, Piece, cut_lines, extent

HIGH = 0.15  # of the type size: a raised digit's rise
DIGITS = re.compile(r"[0-9]+")


def read_page_pieces(textpage: Any, view: PageView) -> tuple[str, list[Piece]]:
    """The text of a page and its pieces, in the order of its content."""
    handle = address_of(textpage)
    text, to_char = read_page_text(textpage, handle)
    text = with_composed_accents(text, handle, to_char)
    spans = line_spans(text)
    if not spans:
        return text, []
    styles = read_styles(text, spans, handle, to_char, view)
    pieces = _whole_lines(spans, styles, handle, to_char, view)
    if not view.turns:
        text = _with_raised_digits(text, pieces, handle, to_char, view)
    pieces = cut_lines(text, pieces, [line for line, style in enumerate(styles) if style.jumps], handle, to_char, view)
    seen = [part for piece in pieces if (part := _seen_part(text, piece, handle, to_char, view))]
    return with_hyphens(text, handle, to_char), seen


def _whole_lines(spans: Sequence[CharSpan], styles: Sequence[Style], handle: int, to_char: CharPlaces, view: PageView) -> list[Piece]:
    """Each line as one piece, from the left of its first to the right of its last character."""
    firsts, lasts = (char_boxes(handle, to_char(places)) for places in ([start for start, _ in spans], [end - 1 for _, end in spans]))
    pieces = []
    for line, ((start, end), (baseline, size, turns, is_bold, is_capped, _)) in enumerate(zip(spans, styles, strict=True)):
        left, right = firsts[4 * line], lasts[4 * line + 2]
        if turns or view.turns or right < left:
            left, right = extent(firsts[4 * line : 4 * line + 4], lasts[4 * line : 4 * line + 4], turns, view)
        else:
            left, right = left - view.left, right - view.left
        pieces.append(Piece(start, end, line, left, right, baseline, size, turns, is_bold, is_capped))
    return pieces


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


def _seen_part(text: str, piece: Piece, handle: int, to_char: CharPlaces, view: PageView) -> Piece | None:
    """What of a piece is in the crop box."""
    width, height = (view.height, view.width) if piece.turns % 2 else (view.width, view.height)
    if piece.left >= -piece.size and piece.right <= width + piece.size and 0 <= piece.baseline <= height:
        return piece
    if not -0.5 * piece.size <= piece.baseline <= height or piece.right < 0 or piece.left > width:
        return None
    spans = [match.span() for match in WORD.finditer(text, piece.start, piece.end)]
    firsts, lasts = (char_boxes(handle, to_char(places)) for places in ([start for start, _ in spans], [end - 1 for _, end in spans]))
    extents = [extent(firsts[i : i + 4], lasts[i : i + 4], piece.turns, view) for i in range(0, 4 * len(spans), 4)]
    inside = [place for place, (left, right) in enumerate(extents) if 0 <= left + right <= 2 * width]
    if not inside:
        return None
    first, last = inside[0], inside[-1]
    return piece._replace(start=spans[first][0], end=spans[last][1], left=extents[first][0], right=extents[last][1])
