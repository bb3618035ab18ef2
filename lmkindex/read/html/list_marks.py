"""The numbers that a browser writes before the items of an ordered list."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

LIST_STYLE = re.compile(r"(?:^|;)\s*list-style(?:-type)?\s*:[^;]*?\b(none|decimal|(?:lower|upper)-(?:alpha|latin|roman))\b", re.IGNORECASE)
STYLES_OF_TYPES = {"1": "decimal", "a": "lower-alpha", "A": "upper-alpha", "i": "lower-roman", "I": "upper-roman"}
ROMAN = (
    (1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x"), (9, "ix"), (5, "v"),
    (4, "iv"), (1, "i"),
)  # fmt: skip
MAX_ROMAN = 3999


@dataclass(slots=True)
class OrderedItems:
    """Counts the items of one list. A list without an order has the style "none"."""

    style: str
    next_number: int = 1
    step: int = 1

    def mark(self, item: Any) -> str:
        """The mark of the next item, such as "3. "; "" if a browser would draw a bullet or nothing."""
        number = _integer(item.get("value"))
        number = self.next_number if number is None else number
        self.next_number = number + self.step
        style = _style(item, self.style)
        return "" if style == "none" else f"{_numeral(number, style)}. "


def counter_of(element: Any) -> OrderedItems:
    """The counter of an `ol`, `ul`, `menu` or `dir`."""
    if element.tag != "ol":
        return OrderedItems("none")
    start = _integer(element.get("start"))
    if element.get("reversed") is None:
        return OrderedItems(_style(element, "decimal"), 1 if start is None else start)
    return OrderedItems(_style(element, "decimal"), len(element.findall("li")) if start is None else start, -1)


def _style(element: Any, default: str) -> str:
    found = LIST_STYLE.search(element.get("style") or "")
    return found[1].lower() if found else STYLES_OF_TYPES.get((element.get("type") or "").strip(), default)


def _integer(value: str | None) -> int | None:
    found = re.match(r"\s*([+-]?[0-9]{1,9})", value or "")
    return int(found[1]) if found else None


def _numeral(number: int, style: str) -> str:
    case, _, kind = style.partition("-")
    if number < 1 or kind not in ("alpha", "latin", "roman") or (kind == "roman" and number > MAX_ROMAN):
        return str(number)
    digits = _roman(number) if kind == "roman" else _letters(number)
    return digits.upper() if case == "upper" else digits


def _letters(number: int) -> str:
    letters = ""
    while number:
        number, digit = divmod(number - 1, 26)
        letters = chr(ord("a") + digit) + letters
    return letters


def _roman(number: int) -> str:
    numeral = ""
    for value, digits in ROMAN:
        times, number = divmod(number, value)
        numeral += times * digits
    return numeral
