"""Page numbers in a line of print: arabic or roman, alone ("- 7 -", "Page 3 of 9") or beside words ("12 The Keeper").

Takes one line. Whether a number is that of the page is for `running_heads.py` to say, which sees the pages beside.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

PAGE_WORDS = r"(?:page|pages|p|pp|pg|seite|s|página|pagina|págs?|strona|side|sida|sivu|blz|стр|лист|第)"
NUMBER = r"(\d{1,4}|[ivxlc]{1,8})"
BARE = re.compile(
    rf"\W*(?:{PAGE_WORDS}\W{{0,3}})?{NUMBER}(?:\s*(?:/|of|von|de|sur|di|av|van|из)\s*\d{{1,4}})?(?:\s*[页頁])?\W*", re.IGNORECASE
)
BEFORE_WORDS = re.compile(rf"{NUMBER}(?:\s+|\s*[-–—|·]\s*)(\D.*)", re.IGNORECASE)
AFTER_WORDS = re.compile(rf"(.*[^\s\d])(?:\s+|\s*[-–—|·]\s*){NUMBER}(?:\s*(?:/|of|von|de|sur|di)\s*\d{{1,4}})?\W*", re.IGNORECASE)
ROMAN = re.compile(r"(?=.)(?:c{0,3})(?:xc|xl|l?x{0,3})(?:ix|iv|v?i{0,3})", re.IGNORECASE)


def page_numbers(text: str) -> Iterator[tuple[int, str]]:
    """The numbers that may be the page's, each with the words beside it: all of the line, or its first or last word."""
    bare = BARE.fullmatch(text)
    if bare:
        if (value := _value(bare[1])) >= 0:
            yield value, ""
        return
    for match, place in ((BEFORE_WORDS.fullmatch(text), 1), (AFTER_WORDS.fullmatch(text), 2)):
        if match and (value := _value(match[place])) >= 0:
            yield value, match[3 - place]


def _value(number: str) -> int:
    """The value of an arabic or roman number, -1 if it is none."""
    if number.isdigit():
        return int(number)
    if not ROMAN.fullmatch(number):
        return -1
    values = [{"i": 1, "v": 5, "x": 10, "l": 50, "c": 100}[char] for char in number.lower()]
    return sum(-value if value < following else value for value, following in zip(values, [*values[1:], 0], strict=True))
