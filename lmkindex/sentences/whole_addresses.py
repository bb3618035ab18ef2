"""Addresses, of the web, of mail and of files, that go on in the next line after a full stop of theirs."""

from __future__ import annotations

import re

MAX_ADDRESS = 200
ADDRESS = re.compile(r"[<(\[\"“]?(?:[A-Za-z][a-z0-9+.-]{1,12}://|www\.|mailto:|~?/\w|\.{1,2}/|[A-Z]:\\|[\w.+-]+@)\S*")
GOING_ON = re.compile(r"[^\W\d_A-ZÀ-Þ]|\d[\w.-]*/")
ADDRESS_END = re.compile(r"(?:[\w.+-]+@[\w-]+\.\w|(?:com|org|net|edu|gov|html?|pdf)(?:[/?#]\S*)?[\s,;.)>\]])")


def is_in_address(text: str, end: int, following: int) -> bool:
    """Whether a stop before `end`, at the end of a line, stands in an address that goes on at `following`."""
    if text.find("\n", end, following) < 0 or not text[end - 2].isalnum() or not GOING_ON.match(text, following):
        return False
    first = max(0, end - MAX_ADDRESS)
    space = max(text.rfind(" ", first, end), text.rfind("\n", first, end))
    return ADDRESS.match(text, space + 1, end) is not None or ADDRESS_END.match(text, following) is not None
