"""A question's document -> three documents with the same evidence: in one run, scattered, and moved as a whole.

Every document is assembled from ranges of the source's characters, and each range carries its offsets: nothing is
searched for, nothing is added. The sentences are those of the source, but each variant is split again when it is
encoded, like any document.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ....datasets import Corpus, EvaluationSet, Question, SourceDocument
from ...records import EvidenceSpans
from ...scoring import evidence_chars

CONSECUTIVE, SCATTERED, MOVED = "consecutive", "scattered", "moved whole"
VARIANTS = (CONSECUTIVE, SCATTERED, MOVED)
HALVES = ("first half", "second half")  # of the run: the first stays, the second moves
DOCUMENT_TOKENS = 3_000
MIN_DISTANCE = 20  # sentences between the two halves
MAX_RUN_TOKENS = 512  # evidence that the largest budget can hold
Range = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class SentenceRun:
    """Consecutive sentences `first..last` of a corpus that hold evidence."""

    first: int
    last: int

    @property
    def num_sentences(self) -> int:
        return self.last - self.first + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One of a question's documents. `spans` are the places of the evidence in it; `halves` are the same places, cut
    where the run is cut."""

    text: str
    spans: tuple[Range, ...]
    halves: tuple[tuple[Range, ...], tuple[Range, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """A question with its variants, by name."""

    question: Question
    variants: dict[str, Variant]


def split_question(
    corpus: Corpus, question: Question, evidence: EvidenceSpans, run: SentenceRun, generator: np.random.Generator
) -> Split | None:
    """The three documents of a question whose evidence is one run of at least two sentences; None when no place is far
    enough away.

    The second half of the run (or, to tell scattering from moving, all of it) is moved before a randomly drawn sentence
    at least `MIN_DISTANCE` sentences away.
    """
    first, end = cut_around(corpus, evidence.document, run, float(generator.random()))
    places = [before for before in range(first + 1, end) if before >= run.last + 1 + MIN_DISTANCE or before <= run.first - MIN_DISTANCE]
    if not places:
        return None
    before = places[int(generator.integers(len(places)))]
    second = run.first + -(-run.num_sentences // 2)  # in an odd run, the longer half stays
    starts_S, ends_S = corpus.sentence_starts_S, corpus.sentence_ends_S
    borders = [(int(starts_S[run.first]), int(ends_S[second - 1])), (int(starts_S[second]), int(ends_S[run.last]))]
    halves = [within(evidence, border) for border in borders]
    if not all(has_text(corpus, evidence.document, half) for half in halves):
        return None
    whole = within(evidence, (borders[0][0], borders[1][1]))
    spans = {CONSECUTIVE: whole, SCATTERED: halves[0] + halves[1], MOVED: whole}
    orders = {
        CONSECUTIVE: [(int(starts_S[first]), int(ends_S[end - 1]))],
        SCATTERED: moved(corpus, first, end, SentenceRun(first=second, last=run.last), before),
        MOVED: moved(corpus, first, end, run, before),
    }
    variants = {name: assemble(corpus, ranges, spans[name], halves) for name, ranges in orders.items()}
    return Split(question=question, variants=variants)


def cut_around(corpus: Corpus, document: int, run: SentenceRun, share: float) -> Range:
    """Sentences `[first, end)` of about `DOCUMENT_TOKENS` tokens around the run, with `share` of the remaining tokens
    before it."""
    bounds, tokens = corpus.document_sentences, corpus.sentence_tokens
    run_first, run_end = int(tokens[run.first]), int(tokens[run.last + 1])
    room = max(0, DOCUMENT_TOKENS - (run_end - run_first))
    document_first, document_end = int(tokens[bounds[document]]), int(tokens[bounds[document + 1]])
    wanted = min(run_first - int(share * room), document_end - DOCUMENT_TOKENS)
    first = int(np.searchsorted(tokens, max(document_first, wanted)))
    end = int(np.searchsorted(tokens, int(tokens[first]) + DOCUMENT_TOKENS, side="right")) - 1
    return min(first, run.first), min(max(end, run.last + 1), int(bounds[document + 1]))


def within(evidence: EvidenceSpans, border: Range) -> list[Range]:
    """The parts of the evidence inside a range."""
    starts, ends = np.maximum(evidence.starts, border[0]), np.minimum(evidence.ends, border[1])
    return [(start, end) for start, end in zip(starts.tolist(), ends.tolist(), strict=True) if start < end]


def has_text(corpus: Corpus, document: int, parts: Sequence[Range]) -> bool:
    """Whether a token holds any character of the ranges."""
    places = np.asarray(parts, dtype=np.int64).reshape(-1, 2)
    return bool(evidence_chars(corpus, EvidenceSpans(document=document, starts=places[:, 0], ends=places[:, 1], any_span=False)).sum())


def moved(corpus: Corpus, first: int, end: int, block: SentenceRun, before: int) -> list[Range]:
    """Character ranges of sentences `[first, end)` with `block` put before sentence `before`.

    The block gets the white space of its new place on both sides and leaves its own trailing white space behind, so
    lists and headings keep their lines.
    """
    starts_S, ends_S = corpus.sentence_starts_S, corpus.sentence_ends_S
    text_start, text_end = int(starts_S[first]), int(ends_S[end - 1])
    rest_end = int(ends_S[block.first - 1]) if block.first > first else text_start
    block_start, block_end = int(starts_S[block.first]), int(ends_S[block.last])
    gap_start, gap_end = int(ends_S[before - 1]), int(starts_S[before])
    if before > block.last:
        return [(text_start, rest_end), (block_end, gap_end), (block_start, block_end), (gap_start, text_end)]
    return [(text_start, gap_end), (block_start, block_end), (gap_start, rest_end), (block_end, text_end)]


def assemble(corpus: Corpus, ranges: Sequence[Range], spans: Sequence[Range], halves: Sequence[Sequence[Range]]) -> Variant:
    """The ranges of the corpus as one text, and the place of each part of the evidence in it."""
    text = "".join(corpus.text_of(start, end) for start, end in ranges)
    places = np.cumsum([0, *(end - start for start, end in ranges)]).tolist()

    def carry(part: Range) -> Range:
        owner = next(index for index, (start, end) in enumerate(ranges) if start <= part[0] and part[1] <= end)
        offset = places[owner] - ranges[owner][0]
        return part[0] + offset, part[1] + offset

    first, second = (tuple(carry(part) for part in half) for half in halves)
    return Variant(text=text, spans=tuple(sorted(map(carry, spans))), halves=(first, second))


def variant_set(splits: Sequence[Split], name: str) -> EvaluationSet:
    """One variant of all questions as a set, one document per question."""
    documents, questions = [], []
    for index, split in enumerate(splits):
        variant, doc_id = split.variants[name], f"{index:06d}"
        documents.append(SourceDocument(doc_id=doc_id, title="", text=variant.text))
        questions.append(
            Question(
                question_id=f"{doc_id} {split.question.question_id}",
                doc_id=doc_id,
                text=split.question.text,
                answers=split.question.answers,
                spans=variant.spans,
            )
        )
    return EvaluationSet(name=f"scatter-{name}", documents=tuple(documents), questions=tuple(questions))
