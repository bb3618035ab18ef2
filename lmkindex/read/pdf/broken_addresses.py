"""Whether an address or a path goes on from the end of one line to the next. Knows no page."""

from __future__ import annotations

import re

BREAKS = "./_@?&=#%:~"  # an address is broken behind these, or before them; hyphens have a module of their own
INNER = re.compile(r"\w[./_@=&#%~-]\w|^[./?&#]\w|\d")  # what an address has and few words have
CLOSING = ".,;:!?)]}>”’\"'»"
OPENING = r"^[(<\[“\"']?"
URL = re.compile(rf"[A-Za-z][A-Za-z0-9+.-]{{0,15}}://|www\.|{OPENING}(?:mailto:)?[\w.+-]{{1,64}}@")
PATH = re.compile(rf"{OPENING}~?/[\w.-]+/")
MAX_CHARS = 300  # of an address that are looked at


def address_goes_on(before: str, after: str) -> bool:
    """Whether the last word of a line is the first part of an address, and the first of the next its second part."""
    if before[-1] not in BREAKS and after[0] not in BREAKS:
        return False
    first, second = before.rpartition(" ")[2][-MAX_CHARS:], after[:MAX_CHARS].partition(" ")[0].rstrip(CLOSING)
    if not second or second[0].isupper() or "://" in second or not INNER.search(second):
        return False
    if second[0].isalnum():
        return URL.search(first) is not None or PATH.match(first) is not None
    return second[0] in BREAKS and first[-1].isalnum() and URL.search(first) is not None
