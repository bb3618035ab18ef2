"""A corpus -> pieces: the ways of cutting it that the systems rank. Pure functions over offsets; knows no encoder and
no question."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

import numpy as np

from ..datasets import Corpus
from ..records import Int64Array
from .records import Pieces

SEPARATORS = ("\n\n", "\n", " ", "")  # as in recursive character splitters: paragraphs, lines, words, characters
WORD = re.compile(r"\S+")


def sentence_pieces(corpus: Corpus) -> Pieces:
    """Every sentence alone."""
    return Pieces(starts_P=corpus.sentence_starts_S, ends_P=corpus.sentence_ends_S, document_pieces=corpus.document_sentences)


def sentence_runs(corpus: Corpus, before: int, after: int) -> Pieces:
    """Every sentence with up to `before` sentences before it and `after` after it in its document; piece p belongs to
    sentence p."""
    num_sentences = np.diff(corpus.document_sentences)
    document_firsts_S = np.repeat(corpus.document_sentences[:-1], num_sentences)
    document_lasts_S = np.repeat(corpus.document_sentences[1:] - 1, num_sentences)
    places_S = np.arange(len(corpus.sentence_starts_S))
    return Pieces(
        starts_P=corpus.sentence_starts_S[np.maximum(places_S - before, document_firsts_S)],
        ends_P=corpus.sentence_ends_S[np.minimum(places_S + after, document_lasts_S)],
        document_pieces=corpus.document_sentences,
    )


def token_chunks(corpus: Corpus, size_tokens: int, overlap_tokens: int = 0) -> Pieces:
    """Chunks of `size_tokens`, each beginning `overlap_tokens` before the end of the previous chunk; a document's last
    chunk is shorter."""
    starts, ends = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
    counts = [0]
    for first, end in document_token_ranges(corpus):
        last_start = max(first + 1, end - overlap_tokens)  # a chunk that begins later would hold nothing new
        firsts = np.arange(first, last_start if end > first else first, size_tokens - overlap_tokens, dtype=np.int64)
        chunk_starts, chunk_ends = corpus.token_starts_T[firsts], corpus.token_ends_T[np.minimum(firsts + size_tokens, end) - 1]
        has_chars = chunk_ends > chunk_starts  # false if only further tokens of one character remain
        starts.append(chunk_starts[has_chars])
        ends.append(chunk_ends[has_chars])
        counts.append(int(has_chars.sum()))
    return Pieces(starts_P=np.concatenate(starts), ends_P=np.concatenate(ends), document_pieces=np.cumsum(counts, dtype=np.int64))


def document_token_ranges(corpus: Corpus) -> list[tuple[int, int]]:
    """The tokens `[first, end)` of each document."""
    return list(pairwise(corpus.document_token_bounds.tolist()))


def word_chunks(corpus: Corpus, size_words: int) -> Pieces:
    """Chunks of `size_words` words; a document's last chunk may be shorter. Words are separated by white space."""

    def cut(text: str) -> Iterator[tuple[int, int]]:
        words = [match.span() for match in WORD.finditer(text)]
        for first in range(0, len(words), size_words):
            group = words[first : first + size_words]
            yield group[0][0], group[-1][1]

    return cut_documents(corpus, cut)


def recursive_chunks(corpus: Corpus, max_chars: int) -> Pieces:
    """Chunks of at most `max_chars` characters, cut at paragraphs, else lines, else words; neighbours are merged while
    they fit.

    The scheme of recursive character splitters (LangChain's `RecursiveCharacterTextSplitter` without overlap), by
    offsets.
    """
    return cut_documents(corpus, lambda text: trimmed(text, cut_recursively(text, 0, len(text), SEPARATORS, max_chars)))


def cut_documents(corpus: Corpus, cut: Callable[[str], Iterator[tuple[int, int]]]) -> Pieces:
    """The pieces of each document's text, put on the global axis."""
    places: list[tuple[int, int]] = []
    counts = [0]
    for text, offset in zip(corpus.texts, corpus.document_starts.tolist(), strict=False):
        pieces = [(offset + start, offset + end) for start, end in cut(text)]
        places.extend(pieces)
        counts.append(len(pieces))
    places_P2 = np.asarray(places, dtype=np.int64).reshape(-1, 2)
    return Pieces(
        starts_P=np.ascontiguousarray(places_P2[:, 0]),
        ends_P=np.ascontiguousarray(places_P2[:, 1]),
        document_pieces=np.cumsum(counts, dtype=np.int64),
    )


def cut_recursively(text: str, start: int, end: int, separators: Sequence[str], max_chars: int) -> Iterator[tuple[int, int]]:
    """Tile `text[start:end]`: split at the first separator, merge neighbours while they fit, cut what is still too long
    at the next separator."""
    if fits(text, start, end, max_chars):
        yield start, end
        return
    separator, *finer = separators
    if not separator:
        cuts = [*range(start, end, max_chars), end]
        yield from pairwise(cuts)
        return
    merged_start = start
    merged_end = start
    for piece_start, piece_end in split_after(text, start, end, separator):
        if fits(text, merged_start, piece_end, max_chars):
            merged_end = piece_end
            continue
        if merged_end > merged_start:
            yield merged_start, merged_end
        merged_start, merged_end = piece_start, piece_end
        if not fits(text, piece_start, piece_end, max_chars):
            yield from cut_recursively(text, piece_start, piece_end, finer, max_chars)
            merged_start = piece_end
    if merged_end > merged_start:
        yield merged_start, merged_end


def fits(text: str, start: int, end: int, max_chars: int) -> bool:
    """Whether the range is short enough without the white space at its end, which is trimmed."""
    return end - start <= max_chars or not text[start + max_chars : end].strip()


def split_after(text: str, start: int, end: int, separator: str) -> Iterator[tuple[int, int]]:
    """Pieces of `text[start:end]` that end with the separator, and the rest."""
    while start < end:
        place = text.find(separator, start, end)
        piece_end = end if place < 0 else place + len(separator)
        yield start, piece_end
        start = piece_end


def trimmed(text: str, places: Iterator[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The places without white space at their ends; blank ones are left out."""
    for start, end in places:
        piece = text[start:end]
        body = piece.strip()
        if body:
            leading = len(piece) - len(piece.lstrip())
            yield start + leading, start + leading + len(body)


def tokens_touched(corpus: Corpus, starts: Int64Array, ends: Int64Array) -> tuple[Int64Array, Int64Array]:
    """For each global range, the tokens `[first, end)` that have a character in it."""
    firsts = np.searchsorted(corpus.token_ends_T, starts, side="right")
    lasts = np.searchsorted(corpus.token_starts_T, ends, side="left")
    return firsts, np.maximum(firsts, lasts)
