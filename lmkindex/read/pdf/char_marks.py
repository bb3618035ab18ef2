"""Characters that a file sets in pieces or places: raised digits, and accents that stand over a letter.

Takes the codes of a page and asks pdfium only about lines that may hold such a character. Changes the codes in place;
their number stays the same. Knows no lines but their bounds.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from .pdfium_calls import FloatArray, char_boxes, char_matrices, char_origins, char_sizes

CodeArray = npt.NDArray[np.uint16]
ToChar = Callable[[Sequence[int]], list[int]]

RAISED_DIGITS = dict(zip(map(ord, "0123456789"), map(ord, "⁰¹²³⁴⁵⁶⁷⁸⁹"), strict=True))
MIN_RISE = 0.15  # of the type size
MAX_SIZE = 0.9  # of the type size
ACCENTS = {
    0x60: 0x300, 0xB4: 0x301, 0x5E: 0x302, 0x2C6: 0x302, 0x7E: 0x303, 0x2DC: 0x303, 0xAF: 0x304, 0x2D8: 0x306, 0x2D9: 0x307,
    0xA8: 0x308, 0x2DA: 0x30A, 0x2DD: 0x30B, 0x2C7: 0x30C, 0xB8: 0x327, 0x2DB: 0x328,
}  # fmt: skip
ACCENT_CODES = np.array(sorted(ACCENTS), dtype=np.uint16)
DOTLESS = {0x131: "i", 0x237: "j"}
NOTHING = 0x00  # dropped with the other controls


def raise_digits(codes: CodeArray, handle: int, to_char: ToChar, lines: Sequence[tuple[int, int, float, float]]) -> None:
    """Digits that are set small and high become raised digits. `lines` are start, end, baseline and type size, of
    upright lines, in the page's own points."""
    for start, end, baseline, size in lines:
        digits = [place for place in range(start, end) if codes[place] in RAISED_DIGITS]
        if not digits:
            continue
        chars = to_char(digits)
        matrices = char_matrices(handle, chars)
        sizes = np.abs(char_sizes(handle, chars)) * np.hypot(matrices[:, 2], matrices[:, 3])
        rises = char_origins(handle, chars)[:, 1] - baseline
        for place, rise, own in zip(digits, rises.tolist(), sizes.tolist(), strict=True):
            if MIN_RISE * size <= rise <= size and own <= MAX_SIZE * size:
                codes[place] = RAISED_DIGITS[int(codes[place])]


def compose_accents(codes: CodeArray, handle: int, to_char: ToChar) -> None:
    """An accent of its own that stands over the letter after or before it becomes part of it."""
    found = np.flatnonzero(np.isin(codes, ACCENT_CODES))
    for place in found.tolist():
        for letter in (place + 1, place - 1):
            if not 0 <= letter < len(codes) or not _is_over(char_boxes(handle, to_char([place, letter]))):
                continue
            base = DOTLESS.get(int(codes[letter]), chr(codes[letter]))
            whole = unicodedata.normalize("NFC", base + chr(ACCENTS[int(codes[place])]))
            if len(whole) == 1:
                codes[min(place, letter)], codes[max(place, letter)] = ord(whole), NOTHING
                break


def _is_over(boxes: FloatArray) -> bool:
    """Whether the middle of the first box is over the second."""
    (accent_left, _, accent_right, _), (left, _, right, _) = boxes.tolist()
    middle = (accent_left + accent_right) / 2
    return bool(left <= middle <= right)
