"""The pdfium functions that run for every line of a file, bound so that a call costs a quarter of a microsecond.

Takes handles and addresses as plain numbers and knows nothing of pages. pypdfium2's own bindings convert each argument,
which would double the time to read a page.
"""

from __future__ import annotations

import ctypes
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import repeat
from typing import Any

import numpy as np
import numpy.typing as npt

FAR = 1e6  # points: nothing on a page is farther away

FloatArray = npt.NDArray[np.float64]


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
    count_rects: Callable[..., int]
    rect: Callable[..., int]


@lru_cache(maxsize=1)
def pdfium_calls() -> PdfiumCalls:
    from pypdfium2 import raw

    pointer, number = ctypes.c_void_p, ctypes.c_int

    def bound(function: Any, result: Any, *arguments: Any) -> Any:
        return ctypes.PYFUNCTYPE(result, *arguments)(ctypes.cast(function, pointer).value)

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
        count_rects=bound(raw.FPDFText_CountRects, number, pointer, number, number),
        rect=bound(raw.FPDFText_GetRect, number, pointer, number, pointer, pointer, pointer, pointer),
    )


def address_of(handle: Any) -> int:
    """The address behind a handle of pypdfium2."""
    return ctypes.cast(handle, ctypes.c_void_p).value or 0


def char_boxes(handle: int, places: Sequence[int]) -> FloatArray:
    """Left, bottom, right, top of characters: rows of an array."""
    buffer = (ctypes.c_float * (4 * len(places)))()
    start = ctypes.addressof(buffer)
    deque(map(pdfium_calls().box, repeat(handle), places, range(start, start + 16 * len(places), 16)), maxlen=0)
    return on_a_page(np.frombuffer(buffer, dtype=np.float32).reshape(-1, 4))[:, [0, 3, 2, 1]]  # pdfium: left, top, right, bottom


def char_origins(handle: int, places: Sequence[int]) -> FloatArray:
    """x and y of the origins of characters: rows of an array."""
    buffer = (ctypes.c_double * (2 * len(places)))()
    start, end = ctypes.addressof(buffer), ctypes.addressof(buffer) + 16 * len(places)
    deque(map(pdfium_calls().origin, repeat(handle), places, range(start, end, 16), range(start + 8, end + 8, 16)), maxlen=0)
    return on_a_page(np.frombuffer(buffer, dtype=np.float64).reshape(-1, 2))


def char_matrices(handle: int, places: Sequence[int]) -> FloatArray:
    """The text matrices a, b, c, d, e, f of characters: rows of an array."""
    buffer = (ctypes.c_float * (6 * len(places)))()
    start = ctypes.addressof(buffer)
    deque(map(pdfium_calls().matrix, repeat(handle), places, range(start, start + 24 * len(places), 24)), maxlen=0)
    return on_a_page(np.frombuffer(buffer, dtype=np.float32).reshape(-1, 6))


def char_sizes(handle: int, places: Sequence[int]) -> FloatArray:
    """Font sizes of characters, before their matrices scale them."""
    return on_a_page(np.array(list(map(pdfium_calls().font_size, repeat(handle), places)), dtype=np.float64))


def text_rects(handle: int, start: int, num_chars: int) -> list[tuple[float, float, float, float]]:
    """Left, bottom, right, top of each piece that the file sets in one go, of these characters."""
    calls = pdfium_calls()
    buffer = (ctypes.c_double * 4)()
    left = ctypes.addressof(buffer)
    rects = []
    for place in range(calls.count_rects(handle, start, num_chars)):
        calls.rect(handle, place, left, left + 24, left + 16, left + 8)  # pdfium: left, top, right, bottom
        rects.append(tuple(buffer))
    return rects


def on_a_page(values: npt.NDArray[np.floating[Any]]) -> FloatArray:
    """Numbers as they can stand on a page: a damaged file gives any."""
    return np.nan_to_num(values.astype(np.float64), nan=0.0, posinf=FAR, neginf=-FAR).clip(-FAR, FAR)
