"""The pdfium functions that run for every line of a file, bound so that a call costs a quarter of a microsecond.

Takes handles and addresses as plain numbers and knows nothing of pages. pypdfium2's own bindings convert each argument,
which would double the time to read a page.
"""

from __future__ import annotations

import ctypes
import re
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import repeat
from math import isnan
from typing import Any

BOLD_NAME = re.compile(r"bold|black|heavy|demi|cmbx|sfbx|lmbx", re.IGNORECASE)
FAR = 1e7  # points: nothing on a page is farther away, nor is the sum of its places


@dataclass(frozen=True, slots=True, kw_only=True)
class PdfiumCalls:
    """Functions of a text page's handle and a character's place, and of addresses to write to."""

    box: Callable[..., int]
    origin: Callable[..., int]
    matrix: Callable[..., int]
    font_size: Callable[..., float]
    text_object: Callable[..., int | None]
    font: Callable[..., int | None]
    unicode: Callable[..., int]
    text: Callable[..., int]
    count_chars: Callable[..., int]


@lru_cache(maxsize=1)
def pdfium_calls() -> PdfiumCalls:
    from pypdfium2 import raw

    pointer, number = ctypes.c_void_p, ctypes.c_int

    def bound(function: Any, result: Any, *arguments: Any) -> Any:
        return ctypes.PYFUNCTYPE(result, *arguments)(ctypes.cast(function, pointer).value or 0)

    return PdfiumCalls(
        box=bound(raw.FPDFText_GetLooseCharBox, number, pointer, number, pointer),
        origin=bound(raw.FPDFText_GetCharOrigin, number, pointer, number, pointer, pointer),
        matrix=bound(raw.FPDFText_GetMatrix, number, pointer, number, pointer),
        font_size=bound(raw.FPDFText_GetFontSize, ctypes.c_double, pointer, number),
        text_object=bound(raw.FPDFText_GetTextObject, pointer, pointer, number),
        font=bound(raw.FPDFTextObj_GetFont, pointer, pointer),
        unicode=bound(raw.FPDFText_GetUnicode, ctypes.c_uint, pointer, number),
        text=bound(raw.FPDFText_GetText, number, pointer, number, number, pointer),
        count_chars=bound(raw.FPDFText_CountChars, number, pointer),
    )


def address_of(handle: Any) -> int:
    """The address behind a handle of pypdfium2."""
    return ctypes.cast(handle, ctypes.c_void_p).value or 0


def char_boxes(handle: int, places: Sequence[int]) -> list[float]:
    """Left, top, right, bottom of each character, one after the other."""
    buffer = (ctypes.c_float * (4 * len(places)))()
    start = ctypes.addressof(buffer)
    deque(map(pdfium_calls().box, repeat(handle), places, range(start, start + 16 * len(places), 16)), maxlen=0)
    return on_a_page(buffer[:])


def char_origins(handle: int, places: Sequence[int]) -> list[float]:
    """x and y of the origin of each character, one after the other."""
    buffer = (ctypes.c_double * (2 * len(places)))()
    start, end = ctypes.addressof(buffer), ctypes.addressof(buffer) + 16 * len(places)
    deque(map(pdfium_calls().origin, repeat(handle), places, range(start, end, 16), range(start + 8, end + 8, 16)), maxlen=0)
    return on_a_page(buffer[:])


def char_matrices(handle: int, places: Sequence[int]) -> list[float]:
    """The text matrix a, b, c, d, e, f of each character, one after the other."""
    buffer = (ctypes.c_float * (6 * len(places)))()
    start = ctypes.addressof(buffer)
    deque(map(pdfium_calls().matrix, repeat(handle), places, range(start, start + 24 * len(places), 24)), maxlen=0)
    return on_a_page(buffer[:])


def char_sizes(handle: int, places: Sequence[int]) -> list[float]:
    """Font sizes of characters, before their matrices scale them."""
    return on_a_page(list(map(pdfium_calls().font_size, repeat(handle), places)))


def on_a_page(numbers: list[float]) -> list[float]:
    """Numbers as they can stand on a page: a damaged file gives any."""
    if -FAR < sum(numbers) < FAR:
        return numbers
    return [min(FAR, max(-FAR, number)) if not isnan(number) else 0.0 for number in numbers]


def fonts_are_bold(handle: int, firsts: Sequence[int], lasts: Sequence[int]) -> list[bool]:
    """Whether pieces begin and end in a font with a name for bold type."""
    from pypdfium2 import raw

    calls = pdfium_calls()
    fonts = [calls.font(one) if one else None for one in map(calls.text_object, repeat(handle), firsts)]
    is_bold: dict[int | None, bool] = {None: False}
    for font in {font for font in fonts if font}:
        name = ctypes.create_string_buffer(128)
        raw.FPDFFont_GetBaseFontName(ctypes.cast(font, raw.FPDF_FONT), name, 128)
        is_bold[font] = BOLD_NAME.search(name.value.decode("utf-8", "replace")) is not None
    if not any(is_bold.values()):
        return [False] * len(fonts)
    bold = [is_bold[font] for font in fonts]
    for place, last in enumerate(lasts):
        if bold[place]:  # bold words often begin a line, and seldom end it
            one = calls.text_object(handle, last)
            bold[place] = is_bold.get(calls.font(one) if one else None, False)
    return bold
