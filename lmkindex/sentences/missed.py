"""Where a sentence ends though sentencex sees no end, and what belongs to it behind its stop: the marks of notes.

Takes a sentence of sentencex, gives its pieces. Knows no lines and no lengths.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from .stops import Stops

# What sentencex passes over: a stop before a number or before the mark of a note, an abbreviation before a quotation, a
# bracket around a whole sentence. Each branch begins with the same stops, so that a search is quick.
RAISED = "⁰¹²³⁴-⁹"
NOTE_SIGNS = "*∗⁎†‡‖"
NOTE_NUMBER = r"[1-9]\d{0,2}(?:[,–-]\d{1,3}){0,4}"
NOTE_BRACKETS = r"\[{1,2}[^\[\]\s][^\[\]\n]{0,20}\]{1,2}"
BEFORE_SENTENCE = r"\s+(?=[\"“‘«„(]?[^\W\d_])"
MISSED_STOP = re.compile(
    rf"[.!?](?:(?<=\.)\s+(?=\d)|[\"”’»')]{{0,2}}(?:[{RAISED}{NOTE_SIGNS}]{{1,3}}|{NOTE_BRACKETS}){BEFORE_SENTENCE}"
    rf"|(?:[\"”’»')]{{1,2}}|(?<=[^\W\d_]{{3}}.)){NOTE_NUMBER}(?!\s+\(){BEFORE_SENTENCE}"
    r"|(?:(?<=\.\w\.|nc\.|td\.|rp\.|Co\.|Jr\.|jr\.|Sr\.|tc\.|al\.|un\.|pt\.|ss\.)|(?<= [A-Z][a-z]{2}\.))\s+(?=[\"“«„‘'][A-ZÀ-Þ]))"
)
MISSED_UNSPACED_STOP = re.compile(rf"[。！？](?=\d)|{MISSED_STOP.pattern}")
# What stands directly behind a stop belongs to it: the marks of notes, and those that end bold or slanted Markdown.
BEHIND_STOP = re.compile(
    rf"(?:{NOTE_BRACKETS}|[_~`{NOTE_SIGNS}{RAISED}]|[§¶](?!\s?\d)|(?<=[\"”’»']){NOTE_NUMBER}(?={BEFORE_SENTENCE})){{1,9}}+(?=\s|\Z)"
)
BRACKETED = re.compile(r"\([^()]{1,300}[.!?]\)\s+(?=[A-ZÀ-Þ])")
PAIRS = (("(", ")"), ("[", "]"), ("{", "}"), ("“", "”"), ("«", "»"), ("‹", "›"), ("「", "」"), ("『", "』"))


def missed_stops(stops: Stops, start: int, end: int) -> Iterator[tuple[int, int]]:
    """A sentence cut where sentencex sees no end: before a number or behind the mark of a note, and after a bracket
    around a whole sentence. Not inside quotes or brackets."""
    pattern = MISSED_UNSPACED_STOP if stops.is_unspaced else MISSED_STOP
    counted, num_open, num_straight = start, 0, 0
    for match in pattern.finditer(stops.text, start, end):
        num_open += newly_open(stops.text[counted : match.end()])
        num_straight += stops.text.count('"', counted, match.end())
        counted = match.end()
        if num_open == 0 and num_straight % 2 == 0 and stops.ends_before(start, match.start() + 1, match.end()):
            yield start, match.end()
            start = match.end()
    bracket = BRACKETED.match(stops.text, start, end)
    if bracket is not None:
        yield start, bracket.end()
        start = bracket.end()
    if start < end:
        yield start, end


def newly_open(text: str) -> int:
    """How many more quotes and brackets open than close. German closes with the quote that opens in English."""
    if "„" in text:
        text = text.replace("“", "”").replace("„", "“")
    return sum(text.count(opening) - text.count(closing) for opening, closing in PAIRS)
