"""Each question's evidence on the global character axis of its set's corpus. Knows no system and no encoder."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..datasets import Corpus, EvaluationSet, Question
from ..records import Int64Array
from .records import EvidenceSpans


def locate_evidence(corpus: Corpus, evaluation_set: EvaluationSet) -> list[EvidenceSpans]:
    """The evidence of each question, in order."""
    indices = {document.doc_id: index for index, document in enumerate(evaluation_set.documents)}
    result = []
    for question in evaluation_set.questions:
        document = indices[question.doc_id]
        spans = np.asarray(question.spans, dtype=np.int64).reshape(-1, 2) + corpus.document_starts[document]
        result.append(EvidenceSpans(document=document, starts=spans[:, 0], ends=spans[:, 1], any_span=question.any_span))
    return result


def answerable(corpus: Corpus, evaluation_set: EvaluationSet) -> tuple[tuple[Question, ...], tuple[EvidenceSpans, ...]]:
    """The questions whose evidence touches at least one token, and their evidence."""
    starts = dict(zip((document.doc_id for document in evaluation_set.documents), corpus.document_starts.tolist(), strict=False))
    questions = tuple(question for question in evaluation_set.questions if has_tokens(corpus, starts[question.doc_id], question))
    return questions, tuple(locate_evidence(corpus, replace(evaluation_set, questions=questions)))


def sentences_touched(corpus: Corpus, starts: Int64Array, ends: Int64Array) -> tuple[Int64Array, Int64Array]:
    """For each global range, the first sentence that ends after its start and the last that starts before its end."""
    firsts = np.searchsorted(corpus.sentence_ends_S, starts, side="right")
    lasts = np.searchsorted(corpus.sentence_starts_S, ends, side="left") - 1
    return firsts, lasts


def has_tokens(corpus: Corpus, document_start: int, question: Question) -> bool:
    """Whether any character of the question's evidence lies in a token."""
    for start, end in question.spans:
        first = int(np.searchsorted(corpus.token_ends_T, document_start + start, side="right"))
        if first < len(corpus.token_starts_T) and corpus.token_starts_T[first] < document_start + end:
            return True
    return False
