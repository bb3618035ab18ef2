"""Scripts that put no blanks between words: where their sentences are cut when no stop does it.

Thai and Lao have no full stop: a blank ends a clause or a sentence, so a sentence ends at a blank between two of their
letters. Chinese, Japanese, Khmer, Burmese and Tibetan have stops; Khmer's are shown to sentencex as Burmese ones.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

import numpy as np

# A character of these scripts is about one token of an encoder, and so are four letters of English: 300 of them fill a
# window as 1,200 letters do, and more would leave no room for their context.
MAX_UNSPACED_CHARS = 300
MIN_CLAUSE_CHARS = 20  # a blank sooner than that is kept: a name, a heading's number, a list in a clause
SCRIPTS = (
    r"\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Tibetan, Burmese, Khmer
    r"\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"  # kana and Han
)
UNSPACED = re.compile(f"[{SCRIPTS}]")
CLAUSE_BLANK = re.compile(r"(?<=[\u0e01-\u0e5b\u0e81-\u0edf])[ \u00a0\u3000]+(?=[\u0e01-\u0e5b\u0e81-\u0edf])")
CLAUSE_END = re.compile(r"[、，；：,;︑།]\s*|\s+")
OTHER_STOPS, KNOWN_STOP = "។៕᠃᠉꧉᪨᪩᭞᭟᱾᱿᥄᥅", "။"


def has_unspaced(text: str) -> bool:
    """Whether a text has a letter of such a script. The numbers of its characters are looked at first: that takes a
    quarter of the time of a search."""
    if text.isascii():
        return False
    codes = np.frombuffer(text.encode("utf-16-le", "surrogatepass"), dtype=np.uint16)
    may_have = ((codes >= 0x0E00) & (codes < 0x1800)) | (codes >= 0x3005)
    return bool(may_have.any()) and UNSPACED.search(text) is not None


def is_unspaced(text: str, start: int, end: int) -> bool:
    """Whether at least a third of the characters are of such a script."""
    return 3 * len(UNSPACED.findall(text, start, end)) >= end - start


def clauses_of(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """A sentence cut at the blanks of Thai and Lao, then to `MAX_UNSPACED_CHARS`. The pieces tile it."""
    clause_start = start
    for blank in CLAUSE_BLANK.finditer(text, start, end):
        if blank.start() - clause_start >= MIN_CLAUSE_CHARS and end - blank.end() >= MIN_CLAUSE_CHARS // 2:
            yield from limited(text, clause_start, blank.end())
            clause_start = blank.end()
    yield from limited(text, clause_start, end)


def limited(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Pieces of at most `MAX_UNSPACED_CHARS`: cut after the last comma or blank in the second half, else between two
    characters, never before a mark that belongs to the letter before it."""
    while end - start > MAX_UNSPACED_CHARS:
        middle, limit = start + MAX_UNSPACED_CHARS // 2, start + MAX_UNSPACED_CHARS
        cut = limit
        for match in CLAUSE_END.finditer(text, middle, limit):
            cut = match.end()
        while cut == limit and cut > middle and unicodedata.category(text[cut])[0] == "M":
            limit = cut = cut - 1
        yield start, cut
        start = cut
    yield start, end
