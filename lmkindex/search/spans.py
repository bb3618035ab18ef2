"""Similarities of neighbouring sentences -> a span: where it starts, its score, and why (design.md, "Spans and scores";
paper §3.3).

Pure functions over arrays; knows no tables, texts or models. Everything is counted in sentence positions of one
document.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ..config import SearchOptions
from .records import Hit


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """A span before it has text: sentences `first..last` of a document, grown from the boundary `pos`; `why` lists the
    rules that applied."""

    doc_id: str
    first: int
    last: int
    pos: int
    score: float
    why: tuple[str, ...]


def span_score(similarities: Sequence[float], alpha: float) -> float:
    """`sum_i w_i * sim_i / sum_i w_i`, `w_i = exp(-alpha * i)`, i = distance back from the boundary (design.md, "Spans
    and scores"; paper eq. 5)."""
    weights = [math.exp(-alpha * distance) for distance in range(len(similarities))]
    return sum(weight * similarity for weight, similarity in zip(weights, similarities, strict=True)) / sum(weights)


def extent_of(hit: Hit, similarity_of: Mapping[int, float], options: SearchOptions, *, is_fused: bool) -> Extent:
    """The span of one hit. `similarity_of` holds the positions around it that exist in the document."""
    reach = options.surround + 1 if options.surround else options.front or 1
    backwards = [similarity_of[hit.pos - distance] for distance in range(reach) if hit.pos - distance in similarity_of]
    first, last = hit.pos - len(backwards) + 1, hit.pos
    if options.surround:
        last = max(pos for pos in range(hit.pos, hit.pos + options.surround + 1) if pos in similarity_of)
        rule = f"--surround {options.surround}"
    elif options.front:
        rule = f"--front {options.front}"
    else:
        rule = f"auto: sentences within {options.region} of a better one are lifted by it, and ranked by their own scores"
    score = hit.score if is_fused else span_score(backwards, options.alpha) + hit.lift
    after = f", {last - hit.pos} after it by rule" if last > hit.pos else ""
    why = [f"ends at sentence {last}: hit {hit.pos} is the boundary{after}", f"starts at sentence {first}: {rule}"]
    if hit.lift > 0:
        why.append(f"score: {hit.lift:.3f} of it is lift")
    return Extent(doc_id=hit.doc_id, first=first, last=last, pos=hit.pos, score=score, why=tuple(why))


def grow_extents(
    hits: Iterable[Hit], similarity_of: Mapping[str, Mapping[int, float]], options: SearchOptions, *, is_fused: bool
) -> list[Extent]:
    """The spans of hits, best first. `similarity_of` holds the positions around them, by document."""
    return best_first(extent_of(hit, similarity_of[hit.doc_id], options, is_fused=is_fused) for hit in hits)


def best_first(extents: Iterable[Extent]) -> list[Extent]:
    """Sort by score, ties by place."""
    return sorted(extents, key=lambda extent: (-extent.score, extent.doc_id, extent.pos))


def explain_span(extent: Extent, similarity_of: Mapping[int, float]) -> tuple[str, ...]:
    """One line for each sentence and for one beyond each end, then why the span starts and ends where it does."""
    lines = []
    for pos in range(extent.first - 1, extent.last + 2):
        if pos in similarity_of:
            mark = "boundary" if pos == extent.pos else "in span" if extent.first <= pos <= extent.last else "outside"
            lines.append(f"sentence {pos}: similarity {similarity_of[pos]:+.3f}  {mark}")
    return (*lines, *extent.why)


def without_neighbours(extents: Iterable[Extent]) -> Iterator[Extent]:
    """`extents`, best first, without those whose hit is not a boundary: better spans cover the hit, or it comes right
    after them and adds nothing new before it (design.md, "Spans and scores": a landmark next to a better one of the
    same span is not a boundary)."""
    covered: set[tuple[str, int]] = set()
    for extent in extents:
        before = [(extent.doc_id, pos) in covered for pos in range(extent.first, extent.pos)]
        if all(before) and (before or (extent.doc_id, extent.pos) in covered):
            continue
        covered.update((extent.doc_id, pos) for pos in range(extent.first, extent.last + 1))
        yield extent


def take_extents(
    extents: Iterable[Extent], num_tokens: Mapping[tuple[str, int], int], budget_tokens: int, *, joins: bool = False
) -> list[Extent]:
    """Spans by score until the budget is full; overlapping spans become one, and with `joins` also adjacent ones.
    `num_tokens` is the cost of each (document, sentence).

    A sentence is charged once. Only selected spans are merged: merging all hits first would chain the spans of a dense
    place into one that uses up the budget before the second-best place is reached. A span that does not fit is cut; the
    best one is never left out.
    """
    taken: list[Extent] = []
    room = budget_tokens
    for extent in without_neighbours(extents):
        known = {(one.doc_id, pos) for one in taken if one.doc_id == extent.doc_id for pos in range(one.first, one.last + 1)}
        cut, cost = cut_to_room(extent, {key: 0 if key in known else num_tokens[key] for key in sentences_of(extent)}, room)
        if cost > room and taken:
            break
        taken = merged_into(taken, cut, int(joins))
        room -= cost
        if room <= 0:
            break
    return taken


def merged_into(taken: Sequence[Extent], extent: Extent, gap: int = 0) -> list[Extent]:
    """`taken` plus `extent`, merged with all spans that it overlaps (`gap` 1: or touches). The merged span keeps the
    place, boundary and score of the best one."""
    near = [index for index, one in enumerate(taken) if overlaps(one, extent, gap)]
    if not near:
        return [*taken, extent]
    best = taken[near[0]]
    for other in (extent, *(taken[index] for index in near[1:])):
        best = union(best, other)
    return [best if index == near[0] else one for index, one in enumerate(taken) if index not in near[1:]]


def cut_to_room(extent: Extent, num_tokens: Mapping[tuple[str, int], int], room: int) -> tuple[Extent, int]:
    """The span cut to fit, and its tokens. Sentences before the boundary are dropped first, the farthest first; then
    those after it."""
    first, last = extent.first, extent.last
    cost = sum(num_tokens[sentence] for sentence in sentences_of(extent))
    while cost > room and first < extent.pos:
        cost -= num_tokens[extent.doc_id, first]
        first += 1
    while cost > room and last > extent.pos:
        cost -= num_tokens[extent.doc_id, last]
        last -= 1
    if (first, last) == (extent.first, extent.last):
        return extent, cost
    return replace(extent, first=first, last=last, why=(*extent.why, f"cut to sentences {first}-{last} by the budget")), cost


def sentences_of(extent: Extent) -> list[tuple[str, int]]:
    """The (document, sentence) names of a span's sentences."""
    return [(extent.doc_id, pos) for pos in range(extent.first, extent.last + 1)]


def union(better: Extent, other: Extent) -> Extent:
    """Both spans merged, with the boundary and score of the better one."""
    why = f"merged with the span {other.first}-{other.last}"
    return replace(better, first=min(better.first, other.first), last=max(better.last, other.last), why=(*better.why, why))


def overlaps(left: Extent, right: Extent, gap: int = 0) -> bool:
    """Whether two spans share a sentence, or, with `gap` 1, are adjacent."""
    return left.doc_id == right.doc_id and left.first <= right.last + gap and right.first <= left.last + gap
