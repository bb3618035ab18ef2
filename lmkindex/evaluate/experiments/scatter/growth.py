"""Backward growth from a hit, sentence by sentence while it pays off: the design's `--front auto` until lifting
replaced it (docs/log.md).

Search no longer uses it. `scatter` keeps the rule to measure what spans that grow by similarity are worth. Pure
functions; all counts are in sentence positions of one document.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from ....config import SearchOptions
from ....search import Hit
from ....search.spans import Extent, span_score

GROW_RATIO = 0.9
MAX_FRONT = 8  # sentences per span


def grow_front(similarities: Sequence[float], alpha: float, grow_ratio: float) -> int:
    """How many sentences, the boundary included, a span takes backwards: `similarities[i]` is at distance i from the
    boundary.

    A sentence pays `w_i * (sim_i - floor)` with `floor = grow_ratio * sim_0`; the span is the prefix with the highest
    total pay, so it bridges a weak sentence between strong ones, and a run of weak ones ends it. A sentence more
    similar than the boundary is itself a boundary (design.md, "Spans and scores": of two neighbours in one span, the
    better is the boundary), so the span stops before it.
    """
    floor = grow_ratio * similarities[0]
    best_length, best_gain, gain = 1, 0.0, 0.0
    for distance, similarity in enumerate(similarities[1:], start=1):
        if similarity > similarities[0]:
            break
        gain += math.exp(-alpha * distance) * (similarity - floor)
        if gain > best_gain:
            best_length, best_gain = distance + 1, gain
    return best_length


def grow_backwards(hit: Hit, similarity_of: Mapping[int, float]) -> Extent:
    """The span of one hit. `similarity_of` holds the positions around it that exist in the document."""
    alpha = SearchOptions().alpha
    backwards = [similarity_of[hit.pos - distance] for distance in range(MAX_FRONT) if hit.pos - distance in similarity_of]
    length = grow_front(backwards, alpha, GROW_RATIO)
    score = span_score(backwards[:length], alpha)
    return Extent(doc_id=hit.doc_id, first=hit.pos - length + 1, last=hit.pos, pos=hit.pos, score=score, why=())
