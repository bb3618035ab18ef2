"""Cosines and BM25 -> one order of hits: fused by score, lifted by better sentences near them (DESIGN §6).

Pure functions over arrays; knows no tables, texts or models. Shapes: H hits of one question, P places.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from ..config import SearchOptions
from ..records import Float32Array, Hit, Int64Array

WORDS_WEIGHT = 0.25  # of BM25, scaled so that the best hit has 1, against a cosine: chosen on development sets (docs/log.md)


def in_order(hits: Iterable[Hit]) -> list[Hit]:
    """Best first, ties by place."""
    return sorted(hits, key=lambda hit: (-hit.score, hit.doc_id, hit.pos))


def rank_hits(
    dense: Sequence[Hit], lexical: Sequence[Hit], similarity_of: Mapping[str, Mapping[int, float]], options: SearchOptions
) -> list[Hit]:
    """The best `num_hits` of both rankings, by `fuse_scores` with BM25, else by cosine; with `auto`, of the sentences near them too, by
    `lift_scores`. `similarity_of` holds the cosines of what `dense` lacks."""
    words_of = {(hit.doc_id, hit.pos): hit.score for hit in lexical}
    cosine_of = {key: similarity_of[key[0]][key[1]] for key in words_of} | {(hit.doc_id, hit.pos): hit.score for hit in dense}
    if options.lifts:
        near = {(doc_id, pos + step) for doc_id, pos in cosine_of for step in range(-options.region, options.region + 1)}
        cosine_of = {(doc_id, pos): similarity_of[doc_id][pos] for doc_id, pos in near if pos in similarity_of[doc_id]} | cosine_of
    keys = sorted(cosine_of)
    scores_H = np.asarray([cosine_of[key] for key in keys], dtype=np.float32)
    if options.hybrid:
        scores_H = fuse_scores(scores_H, np.asarray([words_of.get(key, 0.0) for key in keys], dtype=np.float32))
    lifts_H = np.zeros_like(scores_H)
    if options.lifts:
        lifts_H = lift_scores(places_of(keys), scores_H, options.region) - scores_H
    scored = zip(keys, (scores_H + lifts_H).tolist(), lifts_H.tolist(), strict=True)
    return in_order(Hit(doc_id=doc_id, pos=pos, score=score, lift=lift) for (doc_id, pos), score, lift in scored)[: options.num_hits]


def places_of(keys: Sequence[tuple[str, int]]) -> Int64Array:
    """A number for each (document, position), so far apart for different documents that no region reaches over."""
    documents = {doc_id: index for index, doc_id in enumerate(sorted({doc_id for doc_id, _ in keys}))}
    return np.asarray([(documents[doc_id] << 32) + pos for doc_id, pos in keys], dtype=np.int64)


def fuse_scores(cosines_H: Float32Array, words_H: Float32Array) -> Float32Array:
    """`(cosine + WORDS_WEIGHT * BM25 / best BM25) / (1 + WORDS_WEIGHT)` of H hits of one question; BM25 is 0 where it found nothing
    (convex combination of scores: Bruch, Gai, Ingber, TOIS 2023, arXiv 2210.11934)."""
    best = words_H.max(initial=0.0)
    return (cosines_H + np.float32(WORDS_WEIGHT) * words_H / (best if best > 0 else 1)) / np.float32(1 + WORDS_WEIGHT)


def lift_scores(places_P: Int64Array, scores_P: Float32Array, region: int) -> Float32Array:
    """`(s_i + max_j s_j) / 2`, j from the places within `region` of i, itself included. Evidence stands together, so what is near a strong
    sentence comes before what is alone (docs/log.md: +.03 mean recall on development sets).

    `places_P` rise; those of different documents are farther than `region` from each other.
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
