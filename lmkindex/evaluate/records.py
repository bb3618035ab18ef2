"""The records that flow through an evaluation, apart from the sets themselves (`datasets/records.py`).

Every place in a text is a range on the global character axis; pieces and evidence never cross a document's end. Shapes:
D documents, P pieces, Q questions, B budgets, K ranks, R ranked pieces of one question.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..datasets.records import RECALL_RANKS
from ..records import Int64Array

Float64Array = npt.NDArray[np.float64]
BUDGETS_TOKENS = (128, 256, 512, 1024, 2048)
SCOPES = ("document", "corpus")
EXPERIMENTS = ("seams", "scatter", "coherence", "length", "budget")
METRICS = ("recall", "precision", "iou")  # each has a value per budget
RANK_METRICS = ("mrr", "hit_boundary", *(f"recall_at_{rank}" for rank in RECALL_RANKS))


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceSpans:
    """A question's evidence on the global axis: `starts`/`ends` sorted and disjoint; `document` is its index in the
    corpus."""

    document: int
    starts: Int64Array
    ends: Int64Array
    any_span: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Pieces:
    """A way of cutting the corpus: global ranges in order; document d has pieces `[document_pieces[d],
    document_pieces[d + 1])`."""

    starts_P: Int64Array
    ends_P: Int64Array
    document_pieces: Int64Array  # D + 1

    def __len__(self) -> int:
        return len(self.starts_P)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """One question's pieces of text, best first. `boundaries_R` is the global character at which the piece's last
    meaningful sentence ends (the end of a chunk, the hit of a landmark span). With `keeps_end`, a piece that the budget
    cuts keeps its end, else its start."""

    starts_R: Int64Array
    ends_R: Int64Array
    boundaries_R: Int64Array
    keeps_end: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """Per-question figures of one system in one scope, each 0..1; columns of `*_QB` follow the budgets, of `found_QK`
    the ranks."""

    recall_QB: Float64Array
    precision_QB: Float64Array
    iou_QB: Float64Array
    reciprocal_rank_Q: Float64Array
    found_QK: Float64Array
    hit_boundary_Q: Float64Array


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a system costs: `index_s` seconds to split, encode and index the set; `num_vectors`, `index_bytes` (float16
    vectors and BM25 postings); `query_ms` for one question, including its embedding."""

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
