"""Canonical text -> sentences, as offsets into that text.

Takes a string, gives `Sentences` that tile its non-blank characters: each sentence is trimmed, and there is only white
space between two of them. Knows no files, tokens or models. The splitter is sentencex; this package guards it
(facts.md, "Sentence splitting"): an unmatched quotation mark must not swallow a page, and a table dump, base64 or
minified code must not become one endless sentence. Lines that are no running text are told by `line_pieces.py`, and
stops that end no sentence by `stops.py`.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import chain, pairwise
from typing import Any

import numpy as np

from ..records import Heading, Sentences
from .line_pieces import may_have_lines, pieces_of, places_of_marks
from .marks import BULLETS, LETTERS
from .missed import BEHIND_STOP, MISSED_STOP, missed_stops
from .stops import Stops, is_said, stops_of
from .unspaced import clauses_of, is_unspaced

MAX_SENTENCE_CHARS = 1500
MAX_BLOCK_CHARS = 50_000  # sentencex pairs quotes over a whole block: a limit keeps its work, and a wrong pairing, local

BLANK_UNIX_LINE = re.compile(r"\n[^\S\n]*(?:\n[^\S\n]*)+")
BLANK_LINE = re.compile(rf"{BLANK_UNIX_LINE.pattern}|\r[^\S\r\n]*\r|\f")  # twice the time to search
# "1.", "(iv)", "1.2.", "§ 4." and "Figure 3." belong to what they number.
ENUMERATOR = re.compile(
    rf"[^\w\s]*\s?(?:(?:\d{{1,3}}(?:\.\d{{1,3}})*|[{LETTERS}]|[ivxIVX]{{2,5}}|(?:§|Fig\.|[A-Z][a-zé]{{2,8}}) ?\d{{1,3}})[.)\]:]+\s*){{1,3}}"
)
MAX_ENUMERATOR = 16
QUOTES = str.maketrans(dict.fromkeys("\"'“”‘’«»„‚‹›「」『』`", " "))

CONTINUING = re.compile(r"-(?!-[A-ZÀ-Þ\"“])|[/=&@%+]")  # directly behind "!" or "?": "<!--", "Yahoo!-owned"
CLOSING = "」』）】〉》”’)]"

LISTING = frozenset(BULLETS + "(")
LISTING_MARK = re.compile(rf"(?:[{BULLETS}]|\(\w{{1,4}}\))(?=\s)")

Bounds = tuple[int, int]


def split_sentences(text: str, *, language: str = "en", headings: Sequence[Heading] = ()) -> Sentences:
    """Sentences of `text`, in order, trimmed, each at most `MAX_SENTENCE_CHARS` characters long. A heading is a
    sentence of its own. `language` is an ISO 639-1 code; "" and languages without rules are split as English."""
    found: list[Bounds] = []
    last_of_paragraphs: list[int] = []
    stops = stops_of(text, language or "en")
    marks = places_of_marks(stops.text)
    places = sorted({place for heading in headings for place in (heading.start, heading.end)})
    heading_starts = {heading.start for heading in headings if heading.start < heading.end}
    separator = BLANK_LINE if "\r" in text or "\f" in text else BLANK_UNIX_LINE
    for start, end in pieces_between(separator, text, 0, len(text)):
        num_before = len(found)
        if not places and end - start <= MAX_BLOCK_CHARS and not may_have_lines(stops.text, start, end, marks):
            found += sentences_of_block(stops, start, end)
        else:
            for block_start, block_end, is_whole in blocks_of(stops.text, start, end, places, heading_starts):
                found += whole(text, block_start, block_end) if is_whole else sentences_of_block(stops, block_start, block_end)
        if len(found) > num_before:
            last_of_paragraphs.append(len(found) - 1)
    bounds = np.fromiter(chain.from_iterable(found), dtype=np.int64, count=2 * len(found)).reshape(-1, 2)
    ends_paragraph_S = np.zeros(len(found), dtype=np.bool_)
    ends_paragraph_S[last_of_paragraphs] = True
    return Sentences(starts_S=bounds[:, 0].copy(), ends_S=bounds[:, 1].copy(), ends_paragraph_S=ends_paragraph_S)


def pieces_between(separator: re.Pattern[str], text: str, start: int, end: int) -> Iterator[Bounds]:
    """The parts of `text[start:end]` between matches of `separator`; together with the matches they tile it."""
    piece_start = start
    for match in separator.finditer(text, start, end):
        yield piece_start, match.start()
        piece_start = match.end()
    yield piece_start, end


def blocks_of(text: str, start: int, end: int, places: list[int], heading_starts: set[int]) -> Iterator[tuple[int, int, bool]]:
    """A paragraph's headings, items, rows and running text, none longer than `MAX_BLOCK_CHARS`, and whether each is one
    sentence whatever it holds. `places` are where headings start and end."""
    parts = [start, *places[bisect_right(places, start) : bisect_left(places, end)], end]
    for part_start, part_end in pairwise(parts):
        if part_start in heading_starts:
            yield part_start, part_end, True
        else:
            for piece_start, piece_end, is_whole in pieces_of(text, part_start, part_end):
                for block_start, block_end in cut_to_length(text, piece_start, piece_end, MAX_BLOCK_CHARS):
                    yield block_start, block_end, is_whole


def whole(text: str, start: int, end: int) -> list[Bounds]:
    """A heading or a row as one sentence, unless it is too long."""
    pieces = (trim(text, piece_start, piece_end) for piece_start, piece_end in cut_to_length(text, start, end, MAX_SENTENCE_CHARS))
    return [piece for piece in pieces if piece[0] < piece[1]]


def sentences_of_block(stops: Stops, start: int, end: int) -> list[Bounds]:
    """Trimmed sentences of a block; those that go on after their stop are joined with the next one."""
    text = stops.text
    block = stops.flat[start:end]
    pieces = segment(block, start, stops.language)
    needs_look = (stops.is_unspaced and not block.isascii()) or MISSED_STOP.search(text, start, end) is not None
    if needs_look or end - start > MAX_SENTENCE_CHARS or text.find("(", start, end) >= 0:
        pieces = [part for piece in pieces for part in cut_if_needed(stops, *piece, needs_look=needs_look)]
    if len(pieces) == 1:
        return [bounds for bounds in (trim(text, *pieces[0]),) if bounds[0] < bounds[1]]
    found: list[Bounds] = []
    held_start = held_end = start
    for piece_start, piece_end in pieces:
        bounds, stop_end = trim(text, piece_start, piece_end), held_end
        if bounds[0] == held_end and held_end > held_start and (behind := BEHIND_STOP.match(text, *bounds)):
            held_end = behind.end()
            bounds = trim(text, held_end, piece_end)
        if bounds[0] >= bounds[1]:
            continue
        if held_end > held_start:
            if bounds[1] - held_start <= MAX_SENTENCE_CHARS and goes_on(stops, held_start, stop_end, bounds[0]):
                held_end = bounds[1]
                continue
            found.append((held_start, held_end))
        held_start, held_end = bounds
    if held_end > held_start:
        found.append((held_start, held_end))
    return found


def cut_if_needed(stops: Stops, start: int, end: int, *, needs_look: bool) -> Sequence[Bounds]:
    """A sentence in pieces if it may hold several, or is too long."""
    if needs_look or end - start > MAX_SENTENCE_CHARS or stops.text.startswith("(", start):
        return cut_sentence(stops, start, end)
    return ((start, end),)


def goes_on(stops: Stops, start: int, end: int, following: int) -> bool:
    """Whether the sentence `text[start:end]` goes on at `following`: it is only a number, or its stop ends nothing."""
    text = stops.text
    if end - start <= MAX_ENUMERATOR and ENUMERATOR.fullmatch(text, start, end):
        return True
    if text[end - 1] == ".":
        return not stops.is_plain(end, following) and stops.joins(start, end, following)
    if following == end and text[end - 1] in "!?" and CONTINUING.match(text, following):
        return True
    return stops.is_unspaced and following == end and (text[following] in CLOSING or is_said(text, end))


def cut_sentence(stops: Stops, start: int, end: int) -> Sequence[Bounds]:
    """A sentence that may be too long, in trimmed pieces: split again with its quotes masked, then by length."""
    text = stops.text
    candidates = [(start, end)]
    if end - start > MAX_SENTENCE_CHARS:
        candidates = list(segment(stops.flat[start:end].translate(QUOTES), start, stops.language))
    pieces: list[Bounds] = []
    for candidate_start, candidate_end in (bounds for candidate in candidates for bounds in missed_stops(stops, *candidate)):
        if stops.is_unspaced and is_unspaced(text, candidate_start, candidate_end):
            pieces += clauses_of(text, candidate_start, candidate_end)
        else:
            pieces += cut_to_length(text, candidate_start, candidate_end, MAX_SENTENCE_CHARS)
    return [trim(text, piece_start, piece_end) for piece_start, piece_end in pieces]


def segment(block: str, offset: int, language: str) -> list[Bounds]:
    """sentencex's boundaries of `block`, shifted by `offset`. A blank block is one piece: it may be masked quotes.
    sentencex takes some line ends for those of a list: `block` has blanks in their place, because lists are cut
    before."""
    if not block or block.isspace():
        return [(offset, offset + len(block))]
    if block[0] in LISTING:  # it would take the whole item for one sentence
        block = LISTING_MARK.sub(lambda mark: "-".ljust(len(mark[0])), block, count=1)
    found = splitter()(language, block)
    return [(offset + boundary["start_index"], offset + boundary["end_index"]) for boundary in found]


@cache
def splitter() -> Callable[[str, str], list[dict[str, Any]]]:
    """sentencex's function: loaded when the first text is split."""
    from sentencex import get_sentence_boundaries

    return get_sentence_boundaries


def cut_to_length(text: str, start: int, end: int, max_chars: int) -> Iterator[Bounds]:
    """Cut `text[start:end]` into pieces of at most `max_chars`: after a line end in the piece's second half, else after
    a blank."""
    while end - start > max_chars:
        middle, limit = start + max_chars // 2, start + max_chars
        cut = text.rfind("\n", middle, limit) + 1 or text.rfind(" ", middle, limit) + 1 or limit
        yield start, cut
        start = cut
    yield start, end


def trim(text: str, start: int, end: int) -> Bounds:
    """The range without white space at its ends; `start == end` if nothing is left."""
    if start < end and text[end - 1] == " ":
        end -= 1
    while start < end and text[end - 1].isspace():
        end -= 1
    while start < end and text[start].isspace():
        start += 1
    return start, end
