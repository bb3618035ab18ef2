"""Scores what a reader made of a printed file against the file's truth.

Truth and output are put into NFKC without white space and without the bars between cells. Bullets are left out on both
sides. The mark of a footnote may be there or not. A kept running head or page number counts as kept furniture and not
as invented. Knows no reader.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from .matching import common_subsequence, match_characters, runs_of

LEFT_OUT = re.compile(r"[\s|•◦▪‣●○■□∙↩↑\ufe0e\uf000-\uf0ff]+")
NOTE_IN_TRUTH = re.compile(r"⟦([^⟧]*)⟧")
NOTE_IN_BRACKETS = re.compile(r"\[\^?(\d{1,3})\]:?")
HYPHENS = "-‐\N{SOFT HYPHEN}"
FLOATING = frozenset({"note", "comment", "freetext", "box", "head"})  # where they stand in the text is the reader's choice


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """Counts of one file; shares are of the truth's characters, words and sentences."""

    truth_chars: int
    lost_chars: int
    invented_chars: int
    kept_furniture: int
    truth_words: int
    words_in_order: int
    truth_sentences: int
    exact_sentences: int

    @property
    def lost(self) -> float:
        return self.lost_chars / max(1, self.truth_chars)

    @property
    def invented(self) -> float:
        return self.invented_chars / max(1, self.truth_chars)

    @property
    def wrong(self) -> float:
        return self.lost + self.invented

    @property
    def order(self) -> float:
        return self.words_in_order / max(1, self.truth_words)

    @property
    def exact(self) -> float:
        return self.exact_sentences / max(1, self.truth_sentences)

    def to_json(self) -> dict[str, Any]:
        shares = {"lost": self.lost, "invented": self.invented, "order": self.order, "exact": self.exact}
        return asdict(self) | {name: round(share, 6) for name, share in shares.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A piece that is lost, invented or kept furniture, with what is around it; or a sentence that is missing."""

    what: str
    piece: str
    around: str


def squeeze(text: str) -> str:
    """NFKC without white space, bars and bullets."""
    return LEFT_OUT.sub("", unicodedata.normalize("NFKC", text))


def words_of(text: str) -> list[str]:
    return [word for word in (LEFT_OUT.sub("", word) for word in unicodedata.normalize("NFKC", text).split()) if word]


def score(truth: dict[str, Any], text: str, sentences: Sequence[str]) -> tuple[Score, list[Difference]]:
    """The counts and the differences of a reader's `text`, which a splitter cut into `sentences`."""
    wanted = [sentence for block in truth["blocks"] for sentence in block["sentences"]]
    letters, optional = _truth_letters(wanted)
    true_words = [word for sentence in wanted for part in NOTE_IN_TRUTH.split(sentence) for word in words_of(part)]
    found_words = words_of(NOTE_IN_BRACKETS.sub(r"\1", text))
    found = "".join(found_words)
    places, used = match_characters(true_words, found_words)
    lost = [(start, end) for start, end in runs_of(places, lambda place: place < 0)]
    lost_chars = sum(not optional[index] for start, end in lost for index in range(start, end))
    spare = [(start, end) for start, end in runs_of(used, lambda flag: not flag)]
    furniture, invented = _tell_furniture(truth, found, spare)
    exact, missing = _exact_sentences(wanted, sentences)
    words, in_order = _words_in_order(truth, text)
    counts = Score(
        truth_chars=len(letters) - sum(optional),
        lost_chars=lost_chars,
        invented_chars=sum(end - start for start, end in invented),
        kept_furniture=sum(end - start for start, end in furniture),
        truth_words=words,
        words_in_order=in_order,
        truth_sentences=len(wanted),
        exact_sentences=exact,
    )
    differences = [Difference(what="lost", piece=letters[a:b], around=_around(letters, a, b)) for a, b in lost if not all(optional[a:b])]
    differences += [Difference(what="invented", piece=found[a:b], around=_around(found, a, b)) for a, b in invented]
    differences += [Difference(what="kept furniture", piece=found[a:b], around=_around(found, a, b)) for a, b in furniture]
    differences += [Difference(what="no such sentence", piece=sentence, around="") for sentence in missing]
    return counts, differences


def _words_in_order(truth: dict[str, Any], text: str) -> tuple[int, int]:
    """The words of the truth, and how many are in order: those of the body, and by themselves those that float."""
    found = words_of(text)
    parts: dict[bool, list[str]] = {True: [], False: []}
    for block in truth["blocks"]:
        parts[block["kind"] in FLOATING] += words_of(NOTE_IN_TRUTH.sub(r" \1 ", " ".join(block["sentences"])))
    return sum(map(len, parts.values())), sum(common_subsequence(words, found) for words in parts.values())


def _around(letters: str, start: int, end: int) -> str:
    return f"{letters[max(0, start - 30) : start]}⟨{letters[start:end]}⟩{letters[end : end + 30]}"


def _truth_letters(wanted: Sequence[str]) -> tuple[str, bytearray]:
    """The truth as one squeezed string, and a flag for each character that may be missing (marks of notes)."""
    letters: list[str] = []
    optional = bytearray()
    for sentence in wanted:
        for position, part in enumerate(NOTE_IN_TRUTH.split(sentence)):
            squeezed = squeeze(part)
            letters.append(squeezed)
            optional += bytes([position % 2]) * len(squeezed)
    return "".join(letters), optional


def _tell_furniture(
    truth: dict[str, Any], found: str, spare: Sequence[tuple[int, int]]
) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Part the unmatched runs of the output into kept furniture and invented text."""
    heads = [re.escape(squeeze(head)) for head in truth["furniture"]]
    pattern = re.compile("(?:" + "|".join([*heads, *truth["furniture_patterns"], "(?!)"]) + ")+")
    furniture: list[tuple[int, int]] = []
    invented: list[tuple[int, int]] = []
    for first, end in spare:
        start = first
        while start < end and found[start] in HYPHENS:  # of a word that the furniture cuts
            start += 1
        invented += [(first, start)] if start > first else []
        if start < end:
            (furniture if pattern.fullmatch(found, start, end) else invented).append((start, end))
    return furniture, invented


def sentence_forms(sentence: str) -> set[str]:
    """A true sentence as it may be stored: with the marks of its notes, or without them."""
    with_marks = squeeze(NOTE_IN_TRUTH.sub(r"\1", sentence))
    without = squeeze(NOTE_IN_TRUTH.sub("", sentence))
    first = NOTE_IN_TRUTH.match(sentence)
    heads = {f"{first[1].rstrip('.')}.", first[1].rstrip(".")} if first else set()
    return {with_marks, without} | {squeeze(head) + without for head in heads}


def _exact_sentences(wanted: Sequence[str], stored: Sequence[str]) -> tuple[int, list[str]]:
    """How many true sentences are exactly one stored sentence, and those that are not."""
    counts = Counter(NOTE_IN_BRACKETS.sub(r"\1", squeeze(sentence)) for sentence in stored)
    exact = 0
    missing: list[str] = []
    for sentence in wanted:
        form = next((form for form in sorted(sentence_forms(sentence)) if counts[form]), None)
        if form is None:
            missing.append(sentence)
        else:
            counts[form] -= 1
            exact += 1
    return exact, missing
