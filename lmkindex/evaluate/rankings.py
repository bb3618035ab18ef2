"""Scores of one question -> hits -> the text of these hits, best first. Spans are grown by the functions of `search`
itself.

Takes arrays and the pieces that they describe; knows no vectors, no system names and no quality scores. Shapes: P
pieces, S sentences, R ranked hits of one question.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from ..config import SearchOptions
from ..datasets import Corpus
from ..records import Float32Array
from ..search import Hit
from ..search.ranking import Order
from ..search.spans import Extent, grow_extents, without_neighbours
from .records import EvidenceSpans, Pieces, Ranking
from .systems import NUM_HITS


def best_of(scores_P: Float32Array, offset: int, num_hits: int) -> Order:
    """The highest finite scores, best first, ties by place; `offset` is added to the places."""
    if len(scores_P) > num_hits:
        threshold = np.partition(scores_P, len(scores_P) - num_hits)[len(scores_P) - num_hits]
        ids_R = np.flatnonzero(scores_P >= threshold)
    else:
        ids_R = np.arange(len(scores_P))
    ids_R = ids_R[np.isfinite(scores_P[ids_R])]
    ids_R = ids_R[np.lexsort((ids_R, -scores_P[ids_R]))][:num_hits]
    return Order(ids_R=ids_R.astype(np.int64) + offset, scores_R=scores_P[ids_R], lifts_R=np.zeros(len(ids_R), dtype=np.float32))


def rank_shown(hits: Pieces, shown: Pieces, order: Order, *, keeps_end: bool) -> Ranking:
    """Hits as pieces: what is shown of each hit, with the hit's own boundary."""
    return Ranking(
        starts_R=shown.starts_P[order.ids_R],
        ends_R=shown.ends_P[order.ids_R],
        boundaries_R=hits.ends_P[order.ids_R],
        keeps_end=keeps_end,
    )


def rank_grown(
    corpus: Corpus, options: SearchOptions, cosines_S: Float32Array, order: Order, *, is_fused: bool, keeps_end: bool
) -> Ranking:
    """Hits as the spans of `search`; overlaps are merged when a budget takes them, where a sentence counts once."""
    bounds = corpus.document_sentences
    documents_R = np.searchsorted(bounds, order.ids_R, side="right") - 1
    before, after = max(options.front, options.surround), options.surround + 1
    similarity_of: dict[str, dict[int, float]] = defaultdict(dict)
    hits = []
    found = zip(order.ids_R.tolist(), documents_R.tolist(), order.scores_R.tolist(), order.lifts_R.tolist(), strict=True)
    for sentence, document, score, lift in found:
        first, end = int(bounds[document]), int(bounds[document + 1])
        near_first, near_end = max(first, sentence - before), min(end, sentence + after + 1)
        similarity_of[name_of_document(document)].update(
            zip(range(near_first - first, near_end - first), cosines_S[near_first:near_end].tolist(), strict=True)
        )
        hits.append(Hit(doc_id=name_of_document(document), pos=sentence - first, score=score, lift=lift))
    extents = grow_extents(hits, similarity_of, options, is_fused=is_fused)
    return ranking_of(corpus, list(without_neighbours(extents)), keeps_end=keeps_end)


def name_of_document(document: int) -> str:
    """A name that sorts in document order, because ties are broken by name."""
    return f"{document:08d}"


def ranking_of(corpus: Corpus, extents: Sequence[Extent], *, keeps_end: bool) -> Ranking:
    """Spans of documents named by `name_of_document`, as pieces of text."""
    firsts = corpus.document_sentences[[int(extent.doc_id) for extent in extents]]
    places = np.asarray([(extent.first, extent.last, extent.pos) for extent in extents], dtype=np.int64).reshape(-1, 3) + firsts[:, None]
    return Ranking(
        starts_R=corpus.sentence_starts_S[places[:, 0]],
        ends_R=corpus.sentence_ends_S[places[:, 1]],
        boundaries_R=corpus.sentence_ends_S[places[:, 2]],
        keeps_end=keeps_end,
    )


def rank_oracle(evidences: Sequence[EvidenceSpans]) -> list[Ranking]:
    """The evidence itself."""
    return [Ranking(starts_R=one.starts, ends_R=one.ends, boundaries_R=one.ends) for one in evidences]


def rank_random(pieces: Pieces, evidences: Sequence[EvidenceSpans], scope: str) -> list[Ranking]:
    """Pieces in random order."""
    generator, rankings = np.random.default_rng(0), []
    for one in evidences:
        bounds = pieces.document_pieces[[one.document, one.document + 1]] if scope == "document" else np.asarray([0, len(pieces)])
        ids_R = bounds[0] + generator.permutation(int(bounds[1] - bounds[0]))[: 8 * NUM_HITS]
        rankings.append(Ranking(starts_R=pieces.starts_P[ids_R], ends_R=pieces.ends_P[ids_R], boundaries_R=pieces.ends_P[ids_R]))
    return rankings
