"""One question's ranking -> the text that fits a reader's token budget, and how much of the evidence it holds.

The rules are the same for every system: pieces are taken in order until the budget is used up; the last piece is cut;
text that was already taken costs nothing and adds nothing, so overlapping pieces are not penalised. A budget counts
tokens of the corpus. Recall, precision and IoU count only characters inside tokens, not the white space between them.
Shapes: T taken tokens; see `records.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..datasets import Corpus
from ..datasets.records import RECALL_RANKS
from ..records import BoolArray, Int64Array
from .evidence import sentences_touched
from .pieces import tokens_touched
from .records import BUDGETS_TOKENS, EvidenceSpans, Float64Array, Ranking, Scores


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """The tokens of a ranking in the order in which a budget takes them, each once: its index, and the characters of it
    that the piece covers. `of_piece_T` is the rank of the piece that the token came from."""

    tokens_T: Int64Array
    starts_T: Int64Array
    ends_T: Int64Array
    of_piece_T: Int64Array


def take_tokens(corpus: Corpus, ranking: Ranking, max_tokens: int) -> Taken:
    """The first `max_tokens` distinct tokens of the ranking's pieces."""
    firsts_R, lasts_R = tokens_touched(corpus, ranking.starts_R, ranking.ends_R)
    lengths_R = lasts_R - firsts_R
    num_pieces = len(lengths_R)
    if num_pieces:  # pieces seldom overlap by half: first try a number that should be enough
        num_pieces = int(np.searchsorted(np.cumsum(lengths_R), 2 * max_tokens)) + 1
    tokens_T, of_piece_T = first_occurrences(firsts_R[:num_pieces], lengths_R[:num_pieces], ranking.keeps_end)
    if len(tokens_T) < max_tokens and num_pieces < len(lengths_R):
        tokens_T, of_piece_T = first_occurrences(firsts_R, lengths_R, ranking.keeps_end)
    tokens_T, of_piece_T = tokens_T[:max_tokens], of_piece_T[:max_tokens]
    return Taken(
        tokens_T=tokens_T,
        starts_T=np.maximum(corpus.token_starts_T[tokens_T], ranking.starts_R[of_piece_T]),
        ends_T=np.minimum(corpus.token_ends_T[tokens_T], ranking.ends_R[of_piece_T]),
        of_piece_T=of_piece_T,
    )


def first_occurrences(firsts_R: Int64Array, lengths_R: Int64Array, keeps_end: bool) -> tuple[Int64Array, Int64Array]:
    """The distinct tokens of the ranges in order, and the range that each came from; each range is read backwards with
    `keeps_end`."""
    of_piece_T = np.repeat(np.arange(len(lengths_R)), lengths_R)
    places_T = np.arange(len(of_piece_T)) - np.repeat(np.cumsum(lengths_R) - lengths_R, lengths_R)
    if keeps_end:
        places_T = lengths_R[of_piece_T] - 1 - places_T
    tokens_T = firsts_R[of_piece_T] + places_T
    _, is_first = np.unique(tokens_T, return_index=True)
    is_first.sort()
    return tokens_T[is_first], of_piece_T[is_first]


def shared_chars(starts_T: Int64Array, ends_T: Int64Array, evidence: EvidenceSpans) -> Int64Array:
    """Characters that each range shares with each span of the evidence [T, E]."""
    shared_TE = np.minimum(ends_T[:, None], evidence.ends[None, :]) - np.maximum(starts_T[:, None], evidence.starts[None, :])
    return np.maximum(shared_TE, 0)


def evidence_chars(corpus: Corpus, evidence: EvidenceSpans) -> Int64Array:
    """Characters inside tokens of each span of the evidence [E]."""
    firsts, lasts = tokens_touched(corpus, evidence.starts, evidence.ends)
    sizes = []
    for start, end, first, last in zip(evidence.starts, evidence.ends, firsts, lasts, strict=True):
        token_starts, token_ends = corpus.token_starts_T[first:last], corpus.token_ends_T[first:last]
        sizes.append(int((np.minimum(token_ends, end) - np.maximum(token_starts, start)).sum()))
    return np.asarray(sizes, dtype=np.int64)


def score_budgets(corpus: Corpus, ranking: Ranking, evidence: EvidenceSpans, budgets_tokens: Sequence[int]) -> Float64Array:
    """Recall, precision and IoU [B, 3] of evidence characters at each budget.

    With `any_span`, recall is that of the best-covered span, and IoU counts only that span as evidence.
    """
    taken = take_tokens(corpus, ranking, max(budgets_tokens))
    sizes_E = evidence_chars(corpus, evidence)
    shared_TE = np.cumsum(shared_chars(taken.starts_T, taken.ends_T, evidence), axis=0)
    read_T = np.cumsum(taken.ends_T - taken.starts_T)
    rows = []
    for budget in budgets_tokens:
        last = min(budget, len(read_T)) - 1
        if last < 0 or read_T[last] == 0:
            rows.append((0.0, 0.0, 0.0))
            continue
        found_E, num_read = shared_TE[last], int(read_T[last])
        best = int(np.argmax(found_E / np.maximum(sizes_E, 1)))
        found, size = (int(found_E[best]), int(sizes_E[best])) if evidence.any_span else (int(found_E.sum()), int(sizes_E.sum()))
        rows.append((found / max(size, 1), int(found_E.sum()) / num_read, found / (size + num_read - found)))
    return np.asarray(rows, dtype=np.float64)


def touching(ranking: Ranking, evidence: EvidenceSpans) -> BoolArray:
    """Whether each piece shares a character with the evidence [R]."""
    return np.asarray(shared_chars(ranking.starts_R, ranking.ends_R, evidence).any(axis=1))


def reciprocal_rank(is_relevant_R: BoolArray) -> float:
    """1 / rank of the first relevant piece; 0 if the ranking has none."""
    places = np.flatnonzero(is_relevant_R)
    return 1.0 / (int(places[0]) + 1) if len(places) else 0.0


def hits_boundary(corpus: Corpus, ranking: Ranking, evidence: EvidenceSpans) -> bool:
    """Whether the best piece's boundary is in the sentence in which a span of the evidence ends (paper §3.3: the
    ultimate boundary)."""
    if not len(ranking.boundaries_R):
        return False
    boundary = ranking.boundaries_R[:1]
    _, best_last = sentences_touched(corpus, boundary - 1, boundary)
    _, evidence_lasts = sentences_touched(corpus, evidence.starts, evidence.ends)
    return bool(np.isin(best_last, evidence_lasts)[0])


def score_rankings(
    corpus: Corpus, rankings: Sequence[Ranking], evidences: Sequence[EvidenceSpans], budgets_tokens: Sequence[int] = BUDGETS_TOKENS
) -> Scores:
    """All figures of one system for all questions."""
    budgets_QB3 = np.zeros((len(rankings), len(budgets_tokens), 3))
    ranks = np.zeros((len(rankings), 1 + len(RECALL_RANKS)))
    boundary_Q = np.zeros(len(rankings))
    for index, (ranking, evidence) in enumerate(zip(rankings, evidences, strict=True)):
        budgets_QB3[index] = score_budgets(corpus, ranking, evidence, budgets_tokens)
        is_relevant_R = touching(ranking, evidence)
        ranks[index] = (reciprocal_rank(is_relevant_R), *(float(is_relevant_R[:rank].any()) for rank in RECALL_RANKS))
        boundary_Q[index] = hits_boundary(corpus, ranking, evidence)
    return Scores(
        recall_QB=budgets_QB3[:, :, 0],
        precision_QB=budgets_QB3[:, :, 1],
        iou_QB=budgets_QB3[:, :, 2],
        reciprocal_rank_Q=ranks[:, 0],
        found_QK=ranks[:, 1:],
        hit_boundary_Q=boundary_Q,
    )
