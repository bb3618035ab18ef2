"""Evaluation sets -> needles and a haystack: short passages with the questions about them, and the running text of
other documents.

A needle is placed between two paragraphs of the haystack. Only a *local* document is encoded: the needle with the
haystack's text on both sides of its place, wide enough that its windows are those of the long document. Offsets are
carried over, never searched for.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ....datasets import Corpus, EvaluationSet, Question, SourceDocument, make_corpus
from ....encoder import Encoder
from ....sentences import split_sentences
from ...evidence import has_tokens, locate_evidence, sentences_touched
from ..paired import draw, seeded_generator

PASSAGE_SENTENCES = 10
PASSAGE_TOKENS = 400
EVIDENCE_TOKENS = 256
A_DOCUMENT = 8  # needles per document
SPARE = 1.25  # more needles than needed are cut, because some also occur in the haystack
NEEDLE_DOCUMENT_TOKENS = 30_000  # a longer document is more useful as haystack
NEEDLE_SHARE = 1 / 3  # share of all text that needles may keep out of the haystack
REPEATED_CHARS = 40  # a shorter sentence may occur in both by chance
GAP = "\n\n"
HAYSTACK = "haystack"


@dataclass(frozen=True, slots=True, kw_only=True)
class Needle:
    """A passage of a document; `question.spans` are places in `passage`."""

    set_name: str
    passage: str
    question: Question


@dataclass(frozen=True, slots=True, kw_only=True)
class NeedlePlace:
    """Where a needle goes: before sentence `before` of the haystack; `depth` is the share of the other text that
    precedes it."""

    before: int
    depth: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Local:
    """A needle with haystack sentences `[first, before)` and `[before, end)` around it; the passage is
    `text[start:passage_end]`."""

    text: str
    first: int
    end: int
    start: int
    passage_end: int


def gather(sets: Sequence[EvaluationSet], encoder: Encoder, num_needles: int, max_tokens: int, seed: int) -> tuple[list[Needle], str]:
    """Needles, evenly from the sets, and a haystack of at most about `max_tokens` from documents without needles."""
    corpora = [make_corpus([document.text for document in one.documents], encoder) for one in sets]
    room = NEEDLE_SHARE * sum(corpus.num_tokens for corpus in corpora)
    needles: list[Needle] = []
    others: list[tuple[Corpus, int]] = []  # documents for the haystack
    for place, (one, corpus) in enumerate(zip(sets, corpora, strict=True)):
        quota = math.ceil((SPARE * num_needles - len(needles)) / (len(sets) - place))
        found, used = needles_of(one, corpus, quota, room / (len(sets) - place), seed)
        needles += found
        sizes = np.diff(corpus.document_token_bounds)
        room -= int(sizes[sorted(used)].sum())
        others += [(corpus, index) for index in range(len(sizes)) if index not in used and sizes[index]]
    order = seeded_generator(seed, HAYSTACK).permutation(len(others)).tolist()
    chosen = list(up_to([others[index] for index in order], max_tokens))
    kept = without_shared_text(needles, chosen)
    kept = [kept[index] for index in draw(len(kept), num_needles, seeded_generator(seed, "kept needles")).tolist()]
    return kept, GAP.join(corpus.texts[index].strip() for corpus, index in chosen)


def needles_of(one: EvaluationSet, corpus: Corpus, quota: int, room: float, seed: int) -> tuple[list[Needle], set[int]]:
    """At most `quota` needles of a set, and the documents that they come from, with at most `room` tokens in total."""
    by_document: dict[int, list[Needle]] = {}
    evidences = locate_evidence(corpus, one)
    for question, evidence in zip(one.questions, evidences, strict=True):
        if question.spans and (found := cut_needle(one.name, corpus, question, evidence.document)) is not None:
            by_document.setdefault(evidence.document, []).append(found)
    generator = seeded_generator(seed, f"{one.name} needles")
    tokens = corpus.document_token_bounds
    needles: list[Needle] = []
    used: set[int] = set()
    for document in generator.permutation(sorted(by_document)).tolist():
        size = int(tokens[document + 1] - tokens[document])
        if len(needles) < quota and size <= min(room, NEEDLE_DOCUMENT_TOKENS):
            of_document = by_document[document]
            drawn = generator.permutation(len(of_document))[: min(A_DOCUMENT, quota - len(needles))]
            needles += [of_document[index] for index in drawn.tolist()]
            used.add(document)
            room -= size
    return needles, used


def cut_needle(set_name: str, corpus: Corpus, question: Question, document: int) -> Needle | None:
    """The evidence with the sentences around it, evenly on both sides; None when it is too long for a needle, or
    empty."""
    offset, bounds, tokens = int(corpus.document_starts[document]), corpus.document_sentences, corpus.sentence_tokens
    spans = np.asarray(question.spans, dtype=np.int64) + offset
    firsts, lasts = sentences_touched(corpus, spans[:, 0], spans[:, 1])
    first, end = int(firsts[0]), int(lasts.max()) + 1
    if not has_tokens(corpus, offset, question) or end - first > PASSAGE_SENTENCES or tokens[end] - tokens[first] > EVIDENCE_TOKENS:
        return None
    for side in range(2 * PASSAGE_SENTENCES):
        wider = (max(first - 1, int(bounds[document])), end) if side % 2 == 0 else (first, min(end + 1, int(bounds[document + 1])))
        if wider[1] - wider[0] <= PASSAGE_SENTENCES and tokens[wider[1]] - tokens[wider[0]] <= PASSAGE_TOKENS:
            first, end = wider
    start, passage_end = int(corpus.sentence_starts_S[first]), int(corpus.sentence_ends_S[end - 1])
    inside = tuple((max(a, start) - start, min(b, passage_end) - start) for a, b in spans.tolist())
    return Needle(set_name=set_name, passage=corpus.text_of(start, passage_end), question=replace(question, spans=inside))


def up_to(documents: Sequence[tuple[Corpus, int]], max_tokens: int) -> Iterator[tuple[Corpus, int]]:
    """Documents, in order, until they hold `max_tokens`."""
    num_tokens = 0
    for corpus, index in documents:
        if num_tokens >= max_tokens:
            return
        first, end = corpus.document_token_bounds[[index, index + 1]].tolist()
        num_tokens += end - first
        yield corpus, index


def without_shared_text(needles: Sequence[Needle], haystack: Sequence[tuple[Corpus, int]]) -> list[Needle]:
    """The needles whose passage shares no long sentence with the haystack: sets share some of their sources."""
    known = {
        plain(corpus.text_of(int(corpus.sentence_starts_S[place]), int(corpus.sentence_ends_S[place])))
        for corpus, index in haystack
        for place in range(int(corpus.document_sentences[index]), int(corpus.document_sentences[index + 1]))
    }
    return [needle for needle in needles if not known.intersection(long_sentences(needle.passage))]


def long_sentences(text: str) -> set[str]:
    """The sentences of a text that are too long to occur in another text by chance."""
    sentences = split_sentences(text)
    places = zip(sentences.starts_S.tolist(), sentences.ends_S.tolist(), strict=True)
    return {plain(text[start:end]) for start, end in places if end - start >= REPEATED_CHARS}


def plain(text: str) -> str:
    """A text with case and white space normalised."""
    return " ".join(text.casefold().split())


def draw_places(haystack: Corpus, num_needles: int, margin_tokens: int, seed: int) -> list[NeedlePlace]:
    """A paragraph's end for each needle, `margin_tokens` or more from both ends of the haystack, and a depth."""
    ends = np.flatnonzero(haystack.ends_paragraph_S) + 1
    tokens = haystack.sentence_tokens[ends]
    ends = ends[(tokens >= margin_tokens) & (tokens <= haystack.num_tokens - margin_tokens)]
    if not len(ends):
        return []
    generator = seeded_generator(seed, "places")
    return [NeedlePlace(before=int(generator.choice(ends)), depth=float(generator.random())) for _ in range(num_needles)]


def make_local(haystack: Corpus, needle: Needle, place: NeedlePlace, side_tokens: int) -> Local:
    """The needle with at most `side_tokens` of whole haystack sentences on each side; `haystack` is one document."""
    tokens, starts_S, ends_S = haystack.sentence_tokens, haystack.sentence_starts_S, haystack.sentence_ends_S
    first = int(np.searchsorted(tokens, tokens[place.before] - side_tokens))
    end = int(np.searchsorted(tokens, tokens[place.before] + side_tokens, side="right")) - 1
    before = haystack.text_of(int(starts_S[first]), int(ends_S[place.before - 1])) + GAP if first < place.before else ""
    after = GAP + haystack.text_of(int(starts_S[place.before]), int(ends_S[end - 1])) if end > place.before else ""
    start = len(before)
    return Local(text=before + needle.passage + after, first=first, end=end, start=start, passage_end=start + len(needle.passage))


def needle_set(needles: Sequence[Needle], haystack: str, locals_of_sides: Sequence[Sequence[Local]]) -> EvaluationSet:
    """The haystack as document 0, then every local document; question `side * len(needles) + n` is needle n's in that
    side's document."""
    documents, questions = [SourceDocument(doc_id=HAYSTACK, title="", text=haystack)], []
    for side, found in enumerate(locals_of_sides):
        for index, (needle, local) in enumerate(zip(needles, found, strict=True)):
            doc_id = f"{side}-{index:06d}"
            documents.append(SourceDocument(doc_id=doc_id, title="", text=local.text))
            spans = tuple((start + local.start, end + local.start) for start, end in needle.question.spans)
            questions.append(replace(needle.question, question_id=doc_id, doc_id=doc_id, spans=spans))
    return EvaluationSet(name="length", documents=tuple(documents), questions=tuple(questions))
