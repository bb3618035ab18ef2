"""Characters that a file sets in pieces or places: raised digits, and accents that stand over a letter.

Takes the text of a page and asks pdfium only about characters that may be such. The text keeps its length: an accent
that became part of its letter leaves a control character, which is dropped with the others.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from itertools import islice
from math import hypot

from .pdfium_calls import char_boxes, char_matrices, char_origins, char_sizes

ToChar = Callable[[Sequence[int]], Sequence[int]]

RAISED_DIGITS = dict(zip("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹", strict=True))
MIN_RISE = 0.15  # of the type size
MAX_SIZE = 0.9  # of the type size
ACCENTS = {
    "`": "\u0300", "´": "\u0301", "^": "\u0302", "ˆ": "\u0302", "~": "\u0303", "˜": "\u0303", "¯": "\u0304", "˘": "\u0306",
    "˙": "\u0307", "¨": "\u0308", "˚": "\u030a", "˝": "\u030b", "ˇ": "\u030c", "¸": "\u0327", "˛": "\u0328",
}  # fmt: skip
ACCENT = re.compile(f"[{''.join(map(re.escape, ACCENTS))}]")
DOTLESS = {"ı": "i", "ȷ": "j"}
MAX_ACCENTS = 2000  # of a page
NOTHING = "\x00"


def with_raised_digits(text: str, handle: int, to_char: ToChar, digits: Sequence[tuple[int, float, float]]) -> str:
    """The text with digits that are set small and high as raised digits. `digits` are the places of those to look at,
    with the baselines and type sizes of their upright lines, in the page's own points."""
    places = to_char([place for place, _, _ in digits])
    heights = char_origins(handle, places)[1::2]
    high = [number for number, (_, baseline, size) in enumerate(digits) if MIN_RISE * size <= heights[number] - baseline <= size]
    if not high:
        return text
    chars = list(text)
    sizes, matrices = (measure(handle, [places[number] for number in high]) for measure in (char_sizes, char_matrices))
    for rank, number in enumerate(high):
        place, _, size = digits[number]
        if abs(sizes[rank]) * hypot(*matrices[6 * rank + 2 : 6 * rank + 4]) <= MAX_SIZE * size:
            chars[place] = RAISED_DIGITS[text[place]]
    return "".join(chars)


def with_composed_accents(text: str, handle: int, to_char: ToChar) -> str:
    """The text with accents that stand over the letter after or before them as parts of it."""
    if not ACCENT.search(text):
        return text
    chars = list(text)
    for match in islice(ACCENT.finditer(text), MAX_ACCENTS):
        place = match.start()
        for letter in (place + 1, place - 1):
            base = chars[letter] if 0 <= letter < len(chars) else ""
            whole = unicodedata.normalize("NFC", DOTLESS.get(base, base) + ACCENTS[match[0]])
            if len(whole) == 1 and base and _is_over(char_boxes(handle, to_char([place, letter]))):
                chars[min(place, letter)], chars[max(place, letter)] = whole, NOTHING
                break
    return "".join(chars)


def _is_over(boxes: Sequence[float]) -> bool:
    """Whether the middle of the first box is over the second."""
    return boxes[4] <= (boxes[0] + boxes[2]) / 2 <= boxes[6]
