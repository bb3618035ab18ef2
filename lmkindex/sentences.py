"""Canonical text -> sentences, as offsets into that text.

Takes a string, gives `Sentences` that tile its non-blank characters: each sentence is trimmed, and there is only white
space between two of them. Knows no files, tokens or models. The splitter is sentencex; this module guards it (facts.md,
"Sentence splitting"): an unmatched quotation mark must not swallow a page, and a table dump, base64 or minified code
must not become one endless sentence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import numpy as np

from .records import Heading, Sentences

MAX_SENTENCE_CHARS = 1500
MAX_BLOCK_CHARS = 50_000  # sentencex pairs quotes over a whole block: a limit keeps its work, and a wrong pairing, local

BLANK_LINE = re.compile(r"\n[^\S\n]*(?:\n[^\S\n]*)+|\r[^\S\r\n]*\r|\f")
# A heading, a list item or a table row starts a new sentence; a line of ===== underlines the line before it.
LINE_OF_ITS_OWN = re.compile(r"\n(?=[^\S\n]*(?:#{1,6}\s|[-*+•]\s|\d{1,3}[.)]\s|\|))|(?<=[=~^\"'#*+-]{3})[^\S\n]*\n")
ONE_LINE_BLOCK = re.compile(r"[^\S\n]*(?:#{1,6}\s|\|)[^\n]*\n")  # headings and table rows end with their line; items may continue
ENUMERATOR = re.compile(r"[^\w\s]*(?:\d{1,3}|[a-zA-Z]|[ivxIVX]{2,5})[.)]+")  # "1." and "(iv)" belong to what they number
QUOTES = str.maketrans(dict.fromkeys("\"'“”‘’«»„‚‹›「」『』`", " "))


def split_sentences(text: str, *, language: str = "en", headings: Sequence[Heading] = ()) -> Sentences:
    """Sentences of `text`, in order, trimmed, each at most `MAX_SENTENCE_CHARS` characters long."""
    starts: list[int] = []
    ends: list[int] = []
    ends_paragraph: list[bool] = []
    for paragraph_start, paragraph_end in pieces_between(BLANK_LINE, text, 0, len(text)):
        num_before = len(starts)
        for block_start, block_end in blocks_of(text, paragraph_start, paragraph_end):
            for start, end in sentences_of_block(text, block_start, block_end, language):
                starts.append(start)
                ends.append(end)
                ends_paragraph.append(False)
        if len(starts) > num_before:
            ends_paragraph[-1] = True
    return Sentences(
        starts_S=np.asarray(starts, dtype=np.int64),
        ends_S=np.asarray(ends, dtype=np.int64),
        ends_paragraph_S=np.asarray(ends_paragraph, dtype=np.bool_),
    )


def pieces_between(separator: re.Pattern[str], text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The parts of `text[start:end]` between matches of `separator`; together with the matches they tile it."""
    piece_start = start
    for match in separator.finditer(text, start, end):
        yield piece_start, match.start()
        piece_start = match.end()
    yield piece_start, end


def blocks_of(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """A paragraph's headings, items, rows and running text, none longer than `MAX_BLOCK_CHARS`."""
    for piece_start, piece_end in pieces_between(LINE_OF_ITS_OWN, text, start, end):
        one_line = ONE_LINE_BLOCK.match(text, piece_start, piece_end)
        line_end = one_line.end() if one_line else piece_start
        yield from cut_to_length(text, piece_start, line_end, MAX_BLOCK_CHARS)
        yield from cut_to_length(text, line_end, piece_end, MAX_BLOCK_CHARS)


def sentences_of_block(text: str, start: int, end: int, language: str) -> Iterator[tuple[int, int]]:
    """Trimmed sentences of `text[start:end]`; an enumerator is joined with the sentence after it."""
    held: tuple[int, int] | None = None
    for sentence_start, sentence_end in short_sentences(text, start, end, language):
        joined_start = held[0] if held is not None else sentence_start
        if held is not None and sentence_end - joined_start > MAX_SENTENCE_CHARS:
            yield held
            joined_start = sentence_start
        held = None
        if ENUMERATOR.fullmatch(text, sentence_start, sentence_end):
            held = (joined_start, sentence_end)
        else:
            yield joined_start, sentence_end
    if held is not None:
        yield held


def short_sentences(text: str, start: int, end: int, language: str) -> Iterator[tuple[int, int]]:
    """Trimmed sentences as sentencex sees them; those that are too long are split again with quotes masked, then by
    length."""
    for long_start, long_end in segment(text[start:end], start, language):
        if long_end - long_start <= MAX_SENTENCE_CHARS:
            candidates: Iterator[tuple[int, int]] = iter([(long_start, long_end)])
        else:
            candidates = segment(text[long_start:long_end].translate(QUOTES), long_start, language)
        for candidate_start, candidate_end in candidates:
            for piece_start, piece_end in cut_to_length(text, candidate_start, candidate_end, MAX_SENTENCE_CHARS):
                yield from trim(text, piece_start, piece_end)


def segment(block: str, offset: int, language: str) -> Iterator[tuple[int, int]]:
    """sentencex's boundaries of `block`, shifted by `offset`. A blank block is one piece: it may be masked quotes."""
    if not block or block.isspace():
        yield offset, offset + len(block)
        return
    from sentencex import get_sentence_boundaries

    for boundary in get_sentence_boundaries(language, block):
        yield offset + boundary["start_index"], offset + boundary["end_index"]


def cut_to_length(text: str, start: int, end: int, max_chars: int) -> Iterator[tuple[int, int]]:
    """Cut `text[start:end]` into pieces of at most `max_chars`: after a line end in the piece's second half, else after
    a blank."""
    while end - start > max_chars:
        middle, limit = start + max_chars // 2, start + max_chars
        cut = text.rfind("\n", middle, limit) + 1 or text.rfind(" ", middle, limit) + 1 or limit
        yield start, cut
        start = cut
    yield start, end


def trim(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The range without white space at its ends; nothing if nothing is left."""
    piece = text[start:end]
    body = piece.strip()
    if body:
        leading = len(piece) - len(piece.lstrip())
        yield start + leading, start + leading + len(body)
