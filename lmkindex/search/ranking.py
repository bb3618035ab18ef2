"""Cosines and BM25 -> one order of hits: fused by score, lifted by better sentences nearby (design.md, "Spans and
scores").

`rank_places` is the rule that both `search` and the evaluation use; `rank_hits` applies it to the hits of an index.
Pure functions; knows no tables, texts or models. Shapes: P known places, H candidates of one question, R hits in order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..config import SearchOptions
from ..records import Float32Array, Int64Array
from .records import Hit

WORDS_WEIGHT = 0.25  # of BM25 relative to the cosine; BM25 is scaled so that the best hit has 1. Chosen on development sets (docs/log.md)
DOCUMENT_STEP = 1 << 32  # between the places of two documents: no region spans it


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One question's hits, best first: indices of places, their scores, and the part of each score that better places
    nearby gave."""

    ids_R: Int64Array
    scores_R: Float32Array
    lifts_R: Float32Array


def in_order(hits: Iterable[Hit]) -> list[Hit]:
    """Best first, ties by place."""
    return sorted(hits, key=lambda hit: (-hit.score, hit.doc_id, hit.pos))


def rank_hits(
    dense: Sequence[Hit], lexical: Sequence[Hit], similarity_of: Mapping[str, Mapping[int, float]], options: SearchOptions
) -> list[Hit]:
    """The best `num_hits` of both rankings, by `rank_places`; without `hybrid` only those of `dense`, whose scores are
    cosines. `similarity_of` holds the cosines of all other hits, and of the existing sentences near hits."""
    cosine_of = {(doc_id, pos): cosine for doc_id, by_pos in similarity_of.items() for pos, cosine in by_pos.items()}
    cosine_of |= {(hit.doc_id, hit.pos): hit.score for hit in dense}
    keys = sorted(cosine_of)
    id_of = {key: index for index, key in enumerate(keys)}
    documents = {doc_id: index for index, doc_id in enumerate(sorted({doc_id for doc_id, _ in keys}))}
    order = rank_places(
        np.asarray([documents[doc_id] * DOCUMENT_STEP + pos for doc_id, pos in keys], dtype=np.int64),
        np.asarray([cosine_of[key] for key in keys], dtype=np.float32),
        ids_of(dense, id_of),
        (ids_of(lexical, id_of), np.asarray([hit.score for hit in lexical], dtype=np.float32)) if options.hybrid else None,
        region=options.lift_region,
        num_hits=options.num_hits,
    )
    scored = zip(order.ids_R.tolist(), order.scores_R.tolist(), order.lifts_R.tolist(), strict=True)
    return [Hit(doc_id=keys[index][0], pos=keys[index][1], score=score, lift=lift) for index, score, lift in scored]


def ids_of(hits: Sequence[Hit], id_of: Mapping[tuple[str, int], int]) -> Int64Array:
    """The indices of hits among the places."""
    return np.asarray([id_of[hit.doc_id, hit.pos] for hit in hits], dtype=np.int64)


def places_between(bounds: Int64Array, num_places: int) -> Int64Array:
    """The places of the sentences of a corpus, for `rank_places`; `bounds` are the sentences at which documents
    begin."""
    document_starts = np.bincount(bounds[bounds < num_places], minlength=num_places)
    return np.arange(num_places, dtype=np.int64) + DOCUMENT_STEP * np.cumsum(document_starts)


def rank_places(
    places_P: Int64Array,
    cosines_P: Float32Array,
    dense_H: Int64Array,
    lexical: tuple[Int64Array, Float32Array] | None,
    *,
    region: int,
    num_hits: int,
) -> Order:
    """The best `num_hits` of the vector hits (`dense_H`), the BM25 hits (`lexical`, with scores), and the places within
    `region` of them: ranked by `fuse_scores` unless `lexical` is None, then by `lift_scores`. Ties are broken by place.

    Hits are indices into P. `places_P` increase by one from sentence to sentence; those of different documents are more
    than `region` apart.
    """
    hits_H = dense_H if lexical is None else np.union1d(dense_H, lexical[0])
    ids_H = near_places(places_P, hits_H, region)
    scores_H = cosines_P[ids_H]
    if lexical is not None:
        words_H = np.zeros(len(ids_H), dtype=np.float32)
        words_H[np.searchsorted(ids_H, lexical[0])] = lexical[1]
        scores_H = fuse_scores(scores_H, words_H)
    lifts_H = lift_scores(places_P[ids_H], scores_H, region) - scores_H
    lifted_H = scores_H + lifts_H
    best_R = np.lexsort((ids_H, -lifted_H))[:num_hits]
    return Order(ids_R=ids_H[best_R], scores_R=lifted_H[best_R], lifts_R=lifts_H[best_R])


def near_places(places_P: Int64Array, hits_H: Int64Array, region: int) -> Int64Array:
    """Indices of all places within `region` of a hit, including the hits, in increasing order."""
    near_HK = places_P[hits_H][:, None] + np.arange(-region, region + 1)
    ids_HK = np.minimum(np.searchsorted(places_P, near_HK), len(places_P) - 1)
    return np.unique(ids_HK[places_P[ids_HK] == near_HK])


def fuse_scores(cosines_H: Float32Array, words_H: Float32Array) -> Float32Array:
    """`(cosine + WORDS_WEIGHT * BM25 / best BM25) / (1 + WORDS_WEIGHT)` of H hits of one question; BM25 is 0 for hits
    it did not find (convex combination of scores: Bruch, Gai, Ingber, TOIS 2023, arXiv 2210.11934)."""
    best = words_H.max(initial=0.0)
    return (cosines_H + np.float32(WORDS_WEIGHT) * words_H / (best if best > 0 else 1)) / np.float32(1 + WORDS_WEIGHT)


def lift_scores(places_P: Int64Array, scores_P: Float32Array, region: int) -> Float32Array:
    """`(s_i + max_j s_j) / 2`, for j among the places within `region` of i, including i. Evidence occurs close
    together, so sentences near a strong one rank above isolated ones (docs/log.md: +.03 mean recall on development
    sets).

    `places_P` increase; those of different documents are more than `region` apart.
    """
    best_P = scores_P.copy()
    for distance in range(1, region + 1):
        later_P = np.searchsorted(places_P, places_P + distance)
        here = np.flatnonzero(later_P < len(places_P))
        here = here[places_P[later_P[here]] == places_P[here] + distance]
        there = later_P[here]
        best_P[here] = np.maximum(best_P[here], scores_P[there])
        best_P[there] = np.maximum(best_P[there], scores_P[here])
    return (scores_P + best_P) / np.float32(2)
