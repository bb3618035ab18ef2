"""A page of a PDF -> its text as pdfium gives it: its characters, its lines, and the hyphens at their ends.

Takes pdfium's text page. Knows no places on the page.
"""

from __future__ import annotations

import ctypes
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .pdfium_calls import pdfium_calls

HYPHEN_MARK = "\ufffe"  # pdfium's mark for a hyphen at the end of a line
LINE = re.compile(rf"[^\r\n{HYPHEN_MARK}]+{HYPHEN_MARK}?|{HYPHEN_MARK}")

CharSpan = tuple[int, int]


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


def read_page_text(textpage: Any, handle: int) -> tuple[str, CharPlaces]:
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


def line_spans(text: str) -> list[CharSpan]:
    """Start and end of each line that is not blank, without the blanks around it. A mark ends its line."""
    spans = []
    for match in LINE.finditer(text):
        line = match[0]
        body = line.strip()
        if body:
            start = match.start() + (len(line) - len(line.lstrip()) if line[0].isspace() else 0)
            spans.append((start, start + len(body)))
    return spans


def with_hyphens(text: str, handle: int, to_char: CharPlaces) -> str:
    """The text with the hyphens that pdfium marked, as they are printed."""
    if HYPHEN_MARK not in text:
        return text
    soft = [
        match.start() for match in re.finditer(HYPHEN_MARK, text) if pdfium_calls().unicode(handle, to_char([match.start()])[0]) == 0xAD
    ]
    for place in soft:
        text = f"{text[:place]}\xad{text[place + 1 :]}"
    return text.replace(HYPHEN_MARK, "-")
