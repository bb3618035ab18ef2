"""The records that flow through an evaluation. Every place in a text is a range of the *global character axis*: the documents of a set
one after another, document d at `[document_starts[d], document_starts[d + 1])`; no piece and no evidence crosses a document's end.

Shapes: D documents, S sentences, T tokens, P pieces, Q questions, B budgets, K ranks, R ranked pieces of one question.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..records import Int32Array, Int64Array

Float64Array = npt.NDArray[np.float64]
BUDGETS_TOKENS = (128, 256, 512, 1024, 2048)
RECALL_RANKS = (1, 5, 10)
SCOPES = ("document", "corpus")
EXPERIMENTS = ("seams", "scatter", "coherence", "length", "budget")
METRICS = ("recall", "precision", "iou")  # by budget
RANK_METRICS = ("mrr", "hit_boundary", *(f"recall_at_{rank}" for rank in RECALL_RANKS))


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceDocument:
    """A document of an evaluation set, as its file has it."""

    doc_id: str
    title: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question about one document. `spans` are `[start, end)` characters of that document's text, sorted and disjoint; with `any_span`
    each is an alternative (places of an answer string), otherwise all of them together are the evidence. Empty: none known. `note` is
    what the file says about the question."""

    question_id: str
    doc_id: str
    text: str
    answers: tuple[str, ...]
    spans: tuple[tuple[int, int], ...]
    any_span: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationSet:
    """Documents and the questions about them."""

    name: str
    documents: tuple[SourceDocument, ...]
    questions: tuple[Question, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Corpus:
    """The documents of a set on the global axis, tokenized and split. Tokens are disjoint and in order; sentence s owns tokens
    `[sentence_tokens[s], sentence_tokens[s + 1])`, document d owns sentences `[document_sentences[d], document_sentences[d + 1])`."""

    texts: tuple[str, ...]
    document_starts: Int64Array  # D + 1
    document_sentences: Int64Array  # D + 1
    sentence_starts_S: Int64Array
    sentence_ends_S: Int64Array
    ends_paragraph_S: npt.NDArray[np.bool_]
    sentence_tokens: Int64Array  # S + 1
    token_ids_T: Int32Array
    token_starts_T: Int64Array
    token_ends_T: Int64Array
    prepare_s: float  # seconds to split and tokenize

    @property
    def num_tokens(self) -> int:
        return len(self.token_ids_T)

    @property
    def document_token_bounds(self) -> Int64Array:
        """Document d owns tokens `[bounds[d], bounds[d + 1])` (D + 1)."""
        return self.sentence_tokens[self.document_sentences]

    def text_of(self, start: int, end: int) -> str:
        """The text of a global range."""
        document = int(np.searchsorted(self.document_starts, start, side="right")) - 1
        offset = int(self.document_starts[document])
        return self.texts[document][start - offset : end - offset]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A question's evidence on the global axis: `starts`/`ends` sorted and disjoint; `document` is its index in the corpus."""

    document: int
    starts: Int64Array
    ends: Int64Array
    any_span: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Pieces:
    """A way of cutting the corpus: global ranges in order; document d has pieces `[document_pieces[d], document_pieces[d + 1])`."""

    starts_P: Int64Array
    ends_P: Int64Array
    document_pieces: Int64Array  # D + 1

    def __len__(self) -> int:
        return len(self.starts_P)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """One question's pieces of text, best first. `boundaries_R` is the global character at which the piece's last meaningful sentence
    ends (of a chunk its end, of a landmark span its hit). With `keeps_end` a piece that the budget cuts keeps its end, else its start."""

    starts_R: Int64Array
    ends_R: Int64Array
    boundaries_R: Int64Array
    keeps_end: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """Per-question figures of one system in one scope, each 0..1; columns of `*_QB` follow the budgets, of `found_QK` the ranks."""

    recall_QB: Float64Array
    precision_QB: Float64Array
    iou_QB: Float64Array
    reciprocal_rank_Q: Float64Array
    found_QK: Float64Array
    hit_boundary_Q: Float64Array


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a system costs: `index_s` seconds to split, encode and index the set; `num_vectors`, `index_bytes` (float16 vectors and BM25
    postings); `query_ms` for one question, its embedding included."""

    num_vectors: int
    index_bytes: int
    index_s: float
    query_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemRun:
    """One system on one set in one scope."""

    name: str
    scope: str
    scores: Scores
    cost: Cost


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A mean and its 95% bootstrap interval."""

    mean: float
    low: float
    high: float
