"""Words cut at the end of a line: whether the hyphen stays. Only the document itself is evidence, no dictionary.

A hyphen stays unless the joined word stands elsewhere in the document, or a longer or shorter form of it does. What is
left is decided by what the document does: if it is proven to cut words, the rest are taken for cut words too, except
where both halves are words of the document, as those of a compound are, or where its cuts have a mark of their own.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from .page_lines import Line

HYPHENS = "-\xad\u2010"  # U+2011 does not break
BEFORE = re.compile(r"([^\W\d_]+(?:['’-][^\W\d_]+)*)[-\xad\u2010]$")
AFTER = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
WORD = re.compile(r"[^\W\d_]+(?:['-][^\W\d_]+)*")
MIN_STEM = 3  # letters after the cut that another form of the word shares
MIN_CUTS = 2  # of words that the document proves: from here on the rest are taken for cuts
COMPOUNDS_PER_CUT = 8  # proven compounds for each proven cut: with more, a few cuts may be chance
SUSPENDED = frozenset(("and", "or", "to", "und", "oder", "bis", "et", "ou", "y", "e", "o", "en", "of", "och", "og"))
CUT, COMPOUND, OPEN, SUSPENSION = "cut", "compound", "open", "suspension"


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """The words of a document in small letters, away from cuts; `ordered` are those without a hyphen, `parts` the first
    parts of its compounds, `last_parts` the last. `cuts_words` if it cuts words at line ends with a common hyphen,
    `has_own_mark` if it has cuts with another hyphen than that of its compounds: some programs set U+2010 there."""

    words: frozenset[str] = frozenset()
    ordered: Sequence[str] = ()
    parts: frozenset[str] = frozenset()
    last_parts: frozenset[str] = frozenset()
    cuts_words: bool = False
    has_own_mark: bool = False


def vocabulary_of(lines: Sequence[Line]) -> Vocabulary:
    """What the lines of a document, in reading order, say about its words."""
    texts = [line.text for line in lines]
    cuts: list[tuple[str, str]] = []
    for place, text in enumerate(texts[:-1]):
        if text[-1] in HYPHENS:
            before, after = text.rpartition(" "), texts[place + 1].partition(" ")
            cuts.append((before[2], after[0]))
            texts[place], texts[place + 1] = before[0] or " ", after[2] or " "
    if not cuts:
        return Vocabulary()
    inner = " ".join(texts)
    has_own_mark = "\u2010" not in inner and "-" in inner and any(first[-1] == "\u2010" for first, _ in cuts)
    words = frozenset(word for token in set(_plain(inner).split()) for word in WORD.findall(token))
    known = Vocabulary(
        words=words,
        ordered=sorted(word for word in words if "-" not in word),
        parts=frozenset(word.partition("-")[0] for word in words if "-" in word),
        last_parts=frozenset(word.rpartition("-")[2] for word in words if "-" in word),
        has_own_mark=has_own_mark,
    )
    verdicts = Counter(_verdict(first, second, known) for first, second in cuts if not (has_own_mark and first[-1] == "\u2010"))
    return replace(known, cuts_words=verdicts[CUT] >= max(MIN_CUTS, verdicts[COMPOUND] / COMPOUNDS_PER_CUT))


def joint(before: str, after: str, known: Vocabulary) -> int | None:
    """How many characters to take from the end of a line to join the next to it: 1 for a hyphen that only cut a word, 0
    for one that stays. None if the line end parts two words."""
    if not before or before[-1] not in HYPHENS or len(before) < 2 or not before[-2].isalnum() or not after[:1].isalnum():
        return None
    verdict = _verdict(before, after, known)
    if verdict == SUSPENSION:
        return None
    return int(verdict == CUT or (verdict == OPEN and known.cuts_words and not _may_be_compound(before, after, known)))


def _plain(word: str) -> str:
    return word.lower().replace("\u2010", "-").replace("\u2011", "-").replace("’", "'")


def _verdict(before: str, after: str, known: Vocabulary) -> str:
    """What the document says about the hyphen between the end of one line and the start of the next."""
    first, second = BEFORE.search(before), AFTER.match(after)
    if before[-1] == "\xad" or (before[-1] == "\u2010" and known.has_own_mark):
        return CUT
    if not first or not second or (second[0][0].isupper() and not first[1].isupper()) or not second[0][0].isalpha():
        return COMPOUND
    head, tail = _plain(first[1]), _plain(second[0])
    last = head.rpartition("-")[2]
    if f"{last}-{tail}" in known.words or f"{head}-{tail}" in known.words:
        return COMPOUND
    if last + tail in known.words or last + tail in known.parts or last + tail in known.last_parts:
        return CUT
    if tail in SUSPENDED:
        return SUSPENSION
    stem = last + tail[:MIN_STEM]
    place = bisect_left(known.ordered, stem)
    is_form = len(tail) >= MIN_STEM and place < len(known.ordered) and known.ordered[place].startswith(stem)
    return CUT if is_form else OPEN


def _may_be_compound(before: str, after: str, known: Vocabulary) -> bool:
    """Whether both halves are words of the document, or the first is part of another compound."""
    first, second = BEFORE.search(before), AFTER.match(after)
    if not first or not second:
        return True
    last, tail = _plain(first[1]).rpartition("-")[2], _plain(second[0])
    return last in known.parts or (last in known.words and tail in known.words)
