"""Similarities of neighbouring sentences -> a span: where it starts, what it scores, and why (DESIGN §6, paper §3.3).

Pure functions over arrays; knows no tables, texts or models. Everything is counted in sentence positions of one document.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from .config import SearchOptions
from .records import Hit


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """A span before it has text: sentences `first..last` of a document, grown from the boundary `pos`; `why` has the rules that did it."""

    doc_id: str
    first: int
    last: int
    pos: int
    score: float
    why: tuple[str, ...]


def span_score(similarities: Sequence[float], alpha: float) -> float:
    """`sum_i w_i * sim_i / sum_i w_i`, `w_i = exp(-alpha * i)`, i = distance back from the boundary (DESIGN §6; paper eq. 5)."""
    weights = [math.exp(-alpha * distance) for distance in range(len(similarities))]
    return sum(weight * similarity for weight, similarity in zip(weights, similarities, strict=True)) / sum(weights)


def grow_front(similarities: Sequence[float], alpha: float, grow_ratio: float) -> int:
    """How many sentences, the boundary included, a span takes backwards: `similarities[i]` is at distance i from the boundary.

    A sentence pays `w_i * (sim_i - floor)` with `floor = grow_ratio * sim_0`; the span is the prefix that is paid most, so a weak sentence
    between strong ones is bridged and a run of weak ones ends it. A sentence more similar than the boundary is a boundary of its own
    (DESIGN §6: of two neighbours in one span, the better is the boundary), so the span stops before it.
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


def extent_of(hit: Hit, similarity_of: Mapping[int, float], options: SearchOptions, *, is_fused: bool) -> Extent:
    """The span of one hit. `similarity_of` holds the positions around it that exist in the document."""
    reach = options.surround + 1 if options.surround else (options.front or options.max_front)
    backwards = [similarity_of[hit.pos - distance] for distance in range(reach) if hit.pos - distance in similarity_of]
    first, last = hit.pos - len(backwards) + 1, hit.pos
    if options.surround:
        last = max(pos for pos in range(hit.pos, hit.pos + options.surround + 1) if pos in similarity_of)
        rule = f"--surround {options.surround}"
    elif options.front:
        rule = f"--front {options.front}"
    else:
        length = grow_front(backwards, options.alpha, options.grow_ratio)
        backwards, first = backwards[:length], hit.pos - length + 1
        rule = f"auto: sentences before it must pay against {options.grow_ratio:g} x its similarity"
    score = hit.score if is_fused else span_score(backwards, options.alpha)
    after = f", {last - hit.pos} after it by rule" if last > hit.pos else ""
    why = (f"ends at sentence {last}: hit {hit.pos} is the boundary{after}", f"starts at sentence {first}: {rule}")
    return Extent(doc_id=hit.doc_id, first=first, last=last, pos=hit.pos, score=score, why=why)


def explain(extent: Extent, similarity_of: Mapping[int, float]) -> tuple[str, ...]:
    """One line a sentence and one beyond each end, then why the span starts and ends where it does."""
    lines = []
    for pos in range(extent.first - 1, extent.last + 2):
        if pos in similarity_of:
            mark = "boundary" if pos == extent.pos else "in span" if extent.first <= pos <= extent.last else "outside"
            lines.append(f"sentence {pos}: similarity {similarity_of[pos]:+.3f}  {mark}")
    return (*lines, *extent.why)


def merge_extents(extents: Sequence[Extent]) -> list[Extent]:
    """Overlapping spans become one, with the better one's boundary and score; `extents` come best first, and stay so.

    A boundary inside or next to a better span of which it would be a part is not a boundary (DESIGN §6): it adds nothing.
    """
    return absorb(fold(extents, lambda better, extent: extent.first < better.first or extent.pos > better.last + 1))


def absorb(extents: Sequence[Extent]) -> list[Extent]:
    """Merging can make two kept spans meet: fold those together as well."""
    result = fold(extents, lambda better, extent: True)
    return result if len(result) == len(extents) else absorb(result)


def fold(extents: Sequence[Extent], adds_something: Callable[[Extent, Extent], bool]) -> list[Extent]:
    """Put each extent into the best kept one that overlaps it, where `adds_something(kept, extent)`; keep it when there is none."""
    kept: list[Extent] = []
    owners: dict[tuple[str, int], int] = {}  # the best kept extent at each sentence: comparing all pairs is slow over many hits
    for extent in extents:
        sentences = [(extent.doc_id, pos) for pos in range(extent.first, extent.last + 1)]
        index = min((owners[sentence] for sentence in sentences if sentence in owners), default=len(kept))
        if index == len(kept):
            kept.append(extent)
        elif adds_something(kept[index], extent):
            kept[index] = union(kept[index], extent)
        else:
            continue
        for pos in range(kept[index].first, kept[index].last + 1):
            sentence = (extent.doc_id, pos)
            owners[sentence] = min(index, owners.get(sentence, index))
    return kept


def union(better: Extent, other: Extent) -> Extent:
    """Both spans as one, with the better one's boundary and score."""
    why = f"merged with the span {other.first}-{other.last}, which overlaps it"
    return replace(better, first=min(better.first, other.first), last=max(better.last, other.last), why=(*better.why, why))
