"""Sets -> the rows that the `seams` experiment compares: one sentence seen from windows that begin at different places.

Knows no figures and no verdict. Distances are tokens of a row (landmarks included, special tokens not) between the
row's first sentence and the measured sentence. Shapes: S sentences of a set, N sampled sentences, X distances.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from ....config import WindowOptions
from ....datasets import Corpus, EvaluationSet, Question, SourceDocument, make_corpus
from ....datasets.landmarks import document_tokens
from ....encoder import Encoder, make_row, normalise, window_options
from ....encoder.cache import VectorCache
from ....records import Float32Array, Int64Array
from ....token_records import Row, TokenizedSentences, Window
from ....windows import make_windows
from ...evidence import answerable
from ...records import EvidenceSpans, Float64Array
from ..paired import draw, seeded_generator

SHORT_DISTANCES = (0, 8, 16, 32, 64, 96, 128, 160, 192, 224, 256)  # and then doubling
MAX_OWN_SHARE = 0.25  # of a row: a longer sentence leaves no room for the distances
MAX_DISTANCE_SHARE = 0.75  # of a row: the distance that every sampled sentence reaches
CONTEXT_SHARE = 0.5  # of a row: whole sentences before the sentence in the row with the most context
AFTER_SHARE = 0.5  # of a row: text that must follow, so that a row beginning at the sentence is well filled


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One set, limited to some tokens. Sentence s takes `cumulative[s + 1] - cumulative[s]` tokens of a row; S + 1
    entries."""

    name: str
    corpus: Corpus
    cumulative: Int64Array
    options: WindowOptions
    questions: tuple[Question, ...]
    evidences: tuple[EvidenceSpans, ...]

    @property
    def row_tokens(self) -> int:
        """Tokens that a row can hold for sentences."""
        return self.options.window_tokens - self.options.num_special

    def document_of(self, pos: int) -> tuple[int, int]:
        """The sentences `[first, end)` of the document that holds sentence `pos`."""
        document = int(np.searchsorted(self.corpus.document_sentences, pos, side="right")) - 1
        return int(self.corpus.document_sentences[document]), int(self.corpus.document_sentences[document + 1])


def make_part(one: EvaluationSet, encoder: Encoder, max_tokens: int, seed: int) -> Part:
    """At most `max_tokens` of a set's documents, in random order, the last one cut at a sentence's end; questions whose
    evidence was cut off are left out."""
    limited = limit_set(one, encoder, max_tokens, seed)
    corpus = make_corpus([document.text for document in limited.documents], encoder)
    questions, evidences = answerable(corpus, limited)
    return Part(
        name=one.name,
        corpus=corpus,
        cumulative=corpus.sentence_tokens + np.arange(len(corpus.sentence_tokens)) * int(encoder.folder.has_landmarks),
        options=window_options(encoder, encoder.folder.window_tokens, encoder.folder.context_tokens),
        questions=questions,
        evidences=evidences,
    )


def limit_set(one: EvaluationSet, encoder: Encoder, max_tokens: int, seed: int) -> EvaluationSet:
    """The documents of `make_part`, with the questions that they can still answer."""
    asked = {question.doc_id for question in one.questions if question.spans}
    candidates = [document for document in one.documents if document.doc_id in asked]
    kept: list[SourceDocument] = []
    for index in seeded_generator(seed, f"seams {one.name}").permutation(len(candidates)).tolist():
        corpus = make_corpus([candidates[index].text], encoder)
        num_kept = int(np.searchsorted(corpus.sentence_tokens, max_tokens, side="right")) - 1
        if num_kept == 0:
            break
        kept.append(replace(candidates[index], text=candidates[index].text[: int(corpus.sentence_ends_S[num_kept - 1])]))
        max_tokens -= int(corpus.sentence_tokens[num_kept])
    lengths = {document.doc_id: len(document.text) for document in kept}
    questions = [
        question
        for question in one.questions
        if question.spans and question.doc_id in lengths and question.spans[-1][1] <= lengths[question.doc_id]
    ]
    return replace(one, documents=tuple(kept), questions=tuple(questions))


def distances_of(row_tokens: int) -> list[int]:
    """The distances that are measured in a row of so many tokens."""
    distances = list(SHORT_DISTANCES)
    while distances[-1] <= row_tokens:
        distances.append(2 * distances[-1])
    return [distance for distance in distances if distance <= MAX_DISTANCE_SHARE * row_tokens]


def eligible_sentences(part: Part) -> Int64Array:
    """Sentences with a whole row of text before them in their document and half a row after. They fill at most a
    quarter of a row themselves, and whole sentences before them fill at least half a row (a table or code may be one
    long sentence)."""
    num_sentences = np.diff(part.corpus.document_sentences)
    before_S = part.cumulative[:-1] - np.repeat(part.cumulative[part.corpus.document_sentences[:-1]], num_sentences)
    after_S = np.repeat(part.cumulative[part.corpus.document_sentences[1:]], num_sentences) - part.cumulative[1:]
    is_short_S = np.diff(part.cumulative) <= MAX_OWN_SHARE * part.row_tokens
    firsts_S = np.searchsorted(part.cumulative, part.cumulative[1:] - part.row_tokens)
    has_context_S = part.cumulative[:-1] - part.cumulative[firsts_S] >= CONTEXT_SHARE * part.row_tokens
    return np.flatnonzero((before_S >= part.row_tokens) & (after_S >= AFTER_SHARE * part.row_tokens) & is_short_S & has_context_S)


def sample(values: Int64Array, num_values: int, seed: int, name: str) -> Int64Array:
    """At most `num_values` of the values, drawn at random, in their order."""
    return np.asarray(values[draw(len(values), num_values, seeded_generator(seed, name))], dtype=np.int64)


def row_first(part: Part, pos: int, distance: int) -> int | None:
    """The sentence that begins a row in which `pos` is about `distance` tokens from the start; None if no sentence
    begins there."""
    target = int(part.cumulative[pos]) - distance
    after = int(np.searchsorted(part.cumulative, target))
    candidates = [first for first in (after - 1, after) if part.document_of(pos)[0] <= first <= pos]
    if not candidates:
        return None
    best = min(candidates, key=lambda first: abs(int(part.cumulative[first]) - target))
    return best if abs(int(part.cumulative[best]) - target) <= tolerance(distance) else None


def tolerance(distance: int) -> int:
    """How far from `distance` a row may begin, in tokens; whole sentences seldom fit exactly."""
    return max(4, distance // 8) if distance else 0


def reference_first(part: Part, pos: int) -> int:
    """The sentence that begins the row with the most context before `pos`, which ends with `pos`."""
    first = int(np.searchsorted(part.cumulative, part.cumulative[pos + 1] - part.row_tokens))
    return max(first, part.document_of(pos)[0])


def row_end(part: Part, first: int, pos: int) -> int:
    """The end of the sentences that fit into a row that begins with `first`."""
    end = int(np.searchsorted(part.cumulative, part.cumulative[first] + part.row_tokens, side="right")) - 1
    return min(max(end, pos + 1), part.document_of(pos)[1])


def make_seam_row(part: Part, encoder: Encoder, first: int, end: int, emitted: tuple[int, int]) -> Row:
    """Sentences `[first, end)` as a build would show them to the encoder, of which only `emitted` (first, end) are
    pooled."""
    offsets = part.corpus.sentence_tokens
    tokens = TokenizedSentences(ids_T=part.corpus.token_ids_T, offsets=offsets, ends_paragraph_S=part.corpus.ends_paragraph_S)
    segments = tuple(pairwise(offsets[first : end + 1].tolist()))
    num_core, num_context = emitted[1] - emitted[0], emitted[0] - first
    window = Window(segments=segments, num_context=num_context, core_pos=emitted[0], num_core=num_core, num_tokens=0, key="")
    row = make_row(encoder, tokens, window)
    return replace(row, starts=row.starts[:num_core], ends=row.ends[:num_core])


def encode_references(cache: VectorCache, encoder: Encoder, part: Part, sentences: Int64Array) -> tuple[Float32Array, Float32Array]:
    """Normalised vectors of the sentences with the most context before them, and of the sentence before each in the
    same row [N, D]."""
    rows = [make_seam_row(part, encoder, reference_first(part, pos), pos + 1, (pos - 1, pos + 1)) for pos in sentences.tolist()]
    vectors_ND = normalise(cache.encode(encoder, rows)[0])
    return vectors_ND[1::2], vectors_ND[::2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Distances:
    """Cosines to the references by distance, and the true distances [N, X]; NaN where no sentence begins there.
    `at_start_ND` are the vectors of distance 0, which every sentence has."""

    cosines_NX: Float64Array
    distances_NX: Float64Array
    at_start_ND: Float32Array


def measure_distances(
    cache: VectorCache, encoder: Encoder, part: Part, sentences: Int64Array, references_ND: Float32Array, *, is_filled: bool
) -> Distances:
    """Every sentence in rows that begin at every distance before it. With `is_filled` a row continues with the text
    that follows, else it ends with the sentence."""
    distances = distances_of(part.row_tokens)
    cosines_NX = np.full((len(sentences), len(distances)), np.nan)
    distances_NX = np.full((len(sentences), len(distances)), np.nan)
    places: list[tuple[int, int]] = []
    rows = []
    for column, distance in enumerate(distances):
        for index, pos in enumerate(sentences.tolist()):
            first = row_first(part, pos, distance)
            if first is None:
                continue
            rows.append(make_seam_row(part, encoder, first, row_end(part, first, pos) if is_filled else pos + 1, (pos, pos + 1)))
            places.append((index, column))
            distances_NX[index, column] = part.cumulative[pos] - part.cumulative[first]
    owners, columns = np.asarray(places, dtype=np.int64).reshape(-1, 2).T
    vectors_ND = normalise(cache.encode(encoder, rows)[0])
    cosines_NX[owners, columns] = (vectors_ND * references_ND[owners]).sum(axis=1)
    return Distances(cosines_NX=cosines_NX, distances_NX=distances_NX, at_start_ND=vectors_ND[: len(sentences)])


def windows_of(part: Part, encoder: Encoder, context_tokens: int) -> tuple[Int64Array, int]:
    """For a build with `context_tokens`: the sentences that come first in their core, except at the beginning of
    documents, and the tokens of all rows."""
    options = window_options(encoder, encoder.folder.window_tokens, context_tokens)
    firsts, num_tokens = [], 0
    for first, end in pairwise(part.corpus.document_sentences.tolist()):
        for window in make_windows(document_tokens(part.corpus, first, end), options, encoder.folder.fingerprint):
            num_tokens += window.num_tokens
            if window.core_pos and not window.piece:
                firsts.append(first + window.core_pos)
    return np.asarray(firsts, dtype=np.int64), num_tokens


def contexts_of(window_tokens: int, own_tokens: int, tried: Sequence[int]) -> list[int]:
    """The context sizes to compare: those that fill at most half a window, and the encoder's own."""
    return sorted({own_tokens, *(size for size in tried if 2 * size <= window_tokens)})
