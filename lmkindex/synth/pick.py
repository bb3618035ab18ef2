"""Documents -> places to ask about: spans of one to five consecutive sentences, each in about 200 words of background.

Takes documents and a seed; yields `Pick`s in an order of which every prefix is spread over the documents, so that a run
may stop or continue anywhere. Knows no model. Sentences are split as in a build. Shapes: S sentences of a document.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from hashlib import blake2b

import numpy as np
import numpy.typing as npt

from ..datasets import SourceDocument
from ..records import Sentences
from ..sentences import split_sentences
from .records import Pick

MAX_SENTENCES = 5  # lengths 1 to 5 are drawn equally often; paragraph ends make short spans more frequent
MAX_SPAN_WORDS = 130
MIN_SENTENCE_WORDS, MAX_SENTENCE_WORDS = 5, 60
MIN_SPAN_WORDS = 9
MIN_LETTERS = 0.75  # share of letters or blanks in a sentence's characters: tables, formulas and code have less
MAX_CAPITALISED = 0.6  # share of words that begin with a capital: headings, title pages and signatures have more
MAX_COPIES = 2  # a sentence that occurs more often in the corpus is boilerplate
SHORT_PARAGRAPHS = 1.5  # mean sentences per paragraph: below this, paragraphs are lines or turns of speech, and spans may join two
MAX_SHARE = 4  # a document is dealt at most this many times the mean number of spans; its other spans come last
NUM_ROUNDS = 4  # each round cuts the documents differently

ENDS_SENTENCE = re.compile(r"[.!。！।][\"'”’»)\]]*$")  # no questions: they already ask something
STARTS_LOWER = re.compile(r"[\W\d_]*[a-zß-öø-ÿ]")  # the rest of a sentence that was split in the middle
NO_PROSE = re.compile(r"^\s*(?:[#|>*+•·–—-]|\d{1,3}[.)]\s)|[{}<>|\\=]{2}|https?://\S+$|\.{4}|_{3}|[-=~*]{4}")
WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
Flags = npt.NDArray[np.bool_]


def make_picks(documents: Sequence[SourceDocument], seed: int, background_words: int) -> Iterator[Pick]:
    """All picks, numbered from 0: a pure function of the arguments. No span occurs twice."""
    split = [split_sentences(document.text) for document in documents]
    prose = find_prose(documents, split)
    seen: set[tuple[int, int, int]] = set()
    number = 0
    for round_number in range(NUM_ROUNDS):
        spans = [
            cut_spans(document, sentences, is_prose_S, random_source(document, seed, round_number))
            for document, sentences, is_prose_S in zip(documents, split, prose, strict=True)
        ]
        for index, (first, last) in deal(documents, spans, seed, round_number):
            if (index, first, last) not in seen:
                seen.add((index, first, last))
                yield make_pick(number, documents[index], split[index], (first, last), background_words)
                number += 1


def find_prose(documents: Sequence[SourceDocument], split: Sequence[Sentences]) -> list[Flags]:
    """Which sentences of each document may be asked about [S]: prose that occurs once or twice in the corpus."""
    texts = [
        [document.text[start:end] for start, end in zip(sentences.starts_S.tolist(), sentences.ends_S.tolist(), strict=True)]
        for document, sentences in zip(documents, split, strict=True)
    ]
    copies = Counter(key_of(text) for sentences in texts for text in sentences)
    return [
        np.asarray([is_prose(text) and copies[key_of(text)] <= MAX_COPIES for text in sentences], dtype=np.bool_) for sentences in texts
    ]


def key_of(sentence: str) -> bytes:
    """A short hash of the sentence that ignores case, white space and digits (page numbers)."""
    words = " ".join(re.sub(r"\d+", "0", sentence.casefold()).split())
    return blake2b(words.encode("utf-8", "surrogatepass"), digest_size=8).digest()


def is_prose(sentence: str) -> bool:
    """Whether `sentence` is a complete sentence of running text, not a heading, an item without an end mark, a table,
    code or a menu."""
    words = WORD.findall(sentence)
    if not MIN_SENTENCE_WORDS <= len(words) <= MAX_SENTENCE_WORDS or not ENDS_SENTENCE.search(sentence):
        return False
    if NO_PROSE.search(sentence) or STARTS_LOWER.match(sentence):
        return False
    num_letters = sum(character.isalpha() or character.isspace() for character in sentence)
    num_capitalised = sum(word[0].isupper() for word in words)
    return num_letters >= MIN_LETTERS * len(sentence) and num_capitalised <= MAX_CAPITALISED * len(words)


def cut_spans(document: SourceDocument, sentences: Sentences, is_prose_S: Flags, generator: np.random.Generator) -> list[tuple[int, int]]:
    """Disjoint spans (first and last sentence) that cover the document's prose, with lengths drawn from 1 to
    `MAX_SENTENCES`.

    A span stays inside its paragraph. Only in documents whose paragraphs are single lines may it join two.
    """
    may_join = len(sentences) < SHORT_PARAGRAPHS * max(1, int(sentences.ends_paragraph_S.sum()))
    spans = []
    first = 0
    while first < len(sentences):
        if not is_prose_S[first]:
            first += 1
            continue
        wanted = int(generator.integers(1, MAX_SENTENCES + 1))
        last = first
        num_joined = 0
        while last + 1 < min(first + wanted, len(sentences)) and is_prose_S[last + 1]:
            num_joined += int(sentences.ends_paragraph_S[last])
            if num_joined > int(may_join) or num_words(document, sentences, first, last + 1) > MAX_SPAN_WORDS:
                break
            last += 1
        if num_words(document, sentences, first, last) >= MIN_SPAN_WORDS:
            spans.append((first, last))
        first = last + 1
    return spans


def num_words(document: SourceDocument, sentences: Sentences, first: int, last: int) -> int:
    """Number of words in the sentences `first` to `last`."""
    return len(document.text[int(sentences.starts_S[first]) : int(sentences.ends_S[last])].split())


def deal(
    documents: Sequence[SourceDocument], spans: Sequence[Sequence[tuple[int, int]]], seed: int, round_number: int
) -> list[tuple[int, tuple[int, int]]]:
    """All spans of a round with their document's index, in an order of which every prefix gives each document its
    share.

    The share of a document is its number of spans, at most `MAX_SHARE` times the mean. Span j of a document with share
    w gets the position (j + u) / w with u in 0..1, like dealing cards.
    """
    counts = [len(of_document) for of_document in spans if of_document]
    most = MAX_SHARE * sum(counts) / max(1, len(counts))
    placed = []
    for index, (document, of_document) in enumerate(zip(documents, spans, strict=True)):
        generator = random_source(document, seed, round_number, "deal")
        offset = float(generator.random())
        share = min(len(of_document), most)
        for rank, place in enumerate(generator.permutation(len(of_document)).tolist()):
            placed.append(((rank + offset) / share, document.doc_id, of_document[place], index))
    return [(index, span) for _, _, span, index in sorted(placed)]


def random_source(document: SourceDocument, seed: int, *parts: int | str) -> np.random.Generator:
    """A random generator that depends only on the seed, the document and `parts`."""
    key = "\0".join(map(str, (seed, *parts, document.doc_id)))
    digest = blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return np.random.default_rng(int.from_bytes(digest, "little"))


def make_pick(number: int, document: SourceDocument, sentences: Sentences, span: tuple[int, int], background_words: int) -> Pick:
    """The span (first and last sentence) with whole sentences around it, evenly on both sides, up to `background_words`
    in total."""
    first, last = span
    before, after = span
    room = background_words - num_words(document, sentences, first, last)
    has_grown = True
    while has_grown:
        has_grown = False
        for place in (before - 1, after + 1):
            if 0 <= place < len(sentences) and (size := num_words(document, sentences, place, place)) <= room:
                before, after = min(before, place), max(after, place)
                room, has_grown = room - size, True
    return Pick(
        number=number,
        doc_id=document.doc_id,
        start=int(sentences.starts_S[first]),
        end=int(sentences.ends_S[last]),
        background_start=int(sentences.starts_S[before]),
        background_end=int(sentences.ends_S[after]),
        num_sentences=last - first + 1,
    )
