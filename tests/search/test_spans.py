"""Spans are grown, scored and merged as design.md, "Spans and scores", says, checked against values worked out by
hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmkindex.config import SearchOptions
from lmkindex.search import Hit
from lmkindex.search.ranking import lift_scores
from lmkindex.search.spans import Extent, explain_span, extent_of, sentences_of, span_score, take_extents

SIMILARITIES = st.lists(st.floats(-1, 1), min_size=1, max_size=12)


def hit_at(pos: int, score: float = 0.5, doc_id: str = "a") -> Hit:
    return Hit(doc_id=doc_id, pos=pos, score=score)


def extent(first: int, last: int, score: float, *, pos: int | None = None, doc_id: str = "a") -> Extent:
    return Extent(doc_id=doc_id, first=first, last=last, pos=last if pos is None else pos, score=score, why=("why",))


def ranges(extents: list[Extent]) -> list[tuple[str, int, int, int]]:
    return [(one.doc_id, one.first, one.last, one.pos) for one in extents]


# ---- scores


def test_the_score_of_worked_examples() -> None:
    assert span_score([0.7], 0.08) == pytest.approx(0.7)
    assert span_score([0.6, 0.2, 0.4], 0.0) == pytest.approx(0.4)
    # alpha = ln 2: weights 1, 1/2, 1/4
    assert span_score([0.8, 0.4, 0.0], math.log(2)) == pytest.approx((0.8 + 0.2) / 1.75)
    # alpha 0.08: weights 1, 0.923116, 0.852144
    assert span_score([0.5, 0.3, 0.1], 0.08) == pytest.approx((0.5 + 0.2769349 + 0.0852144) / 2.7752604, abs=1e-6)


@given(SIMILARITIES, st.floats(0, 3))
def test_the_score_is_a_mean_that_leans_to_the_boundary(similarities: list[float], alpha: float) -> None:
    score = span_score(similarities, alpha)
    assert min(similarities) - 1e-9 <= score <= max(similarities) + 1e-9
    falling = sorted(similarities, reverse=True)
    assert span_score(falling, alpha) >= span_score(falling[::-1], alpha) - 1e-9


# ---- shapes


SIMILARITY_OF = {pos: 0.1 * (pos % 3) + 0.3 for pos in range(10)}


@pytest.mark.parametrize(("pos", "front", "expected"), [(5, 1, (5, 5)), (5, 3, (3, 5)), (1, 3, (0, 1)), (0, 3, (0, 0)), (9, 20, (0, 9))])
def test_a_fixed_front(pos: int, front: int, expected: tuple[int, int]) -> None:
    found = extent_of(hit_at(pos), SIMILARITY_OF, SearchOptions(front=front), is_fused=False)
    assert (found.first, found.last, found.pos) == (*expected, pos)
    assert found.score == pytest.approx(span_score([SIMILARITY_OF[one] for one in range(pos, expected[0] - 1, -1)], 0.08))


@pytest.mark.parametrize(("pos", "surround", "expected"), [(5, 1, (4, 6)), (5, 3, (2, 8)), (0, 2, (0, 2)), (9, 2, (7, 9)), (5, 50, (0, 9))])
def test_a_fixed_surround(pos: int, surround: int, expected: tuple[int, int]) -> None:
    found = extent_of(hit_at(pos), SIMILARITY_OF, SearchOptions(surround=surround), is_fused=False)
    assert (found.first, found.last, found.pos) == (*expected, pos)
    assert f"ends at sentence {expected[1]}" in " ".join(found.why)


@given(st.lists(st.tuples(st.integers(0, 30), st.floats(-1, 1, width=32)), unique_by=lambda pair: pair[0]), st.integers(0, 6))
def test_a_score_is_lifted_by_the_best_one_near_it(pairs: list[tuple[int, float]], region: int) -> None:
    pairs.sort()
    places_P = np.asarray([place for place, _ in pairs], dtype=np.int64)
    scores_P = np.asarray([score for _, score in pairs], dtype=np.float32)
    lifted_P = lift_scores(places_P, scores_P, region)
    for (place, score), lifted in zip(pairs, lifted_P.tolist(), strict=True):
        best = max(other_score for other, other_score in pairs if abs(other - place) <= region)
        assert lifted == pytest.approx((score + best) / 2, abs=1e-6)


def test_auto_takes_single_sentences_when_it_lifts_and_says_so() -> None:
    hit = Hit(doc_id="a", pos=5, score=0.45, lift=0.05)
    found = extent_of(hit, {4: 0.39, 5: 0.4, 6: 0.5}, SearchOptions(), is_fused=False)
    assert (found.first, found.last) == (5, 5) and found.score == pytest.approx(0.45)
    assert found.why[-1] == "score: 0.050 of it is lift"
    assert extent_of(hit, {5: 0.4}, SearchOptions(front=2), is_fused=True).score == 0.45


def test_a_fused_score_is_kept() -> None:
    assert extent_of(hit_at(5, 0.123), SIMILARITY_OF, SearchOptions(hybrid=True), is_fused=True).score == 0.123


def test_the_explanation_has_a_line_for_each_sentence_and_the_rules() -> None:
    similarity_of = {3: 0.1, 4: 0.42, 5: 0.5, 6: 0.2}
    found = extent_of(hit_at(5), similarity_of, SearchOptions(front=2), is_fused=False)
    assert explain_span(found, similarity_of) == (
        "sentence 3: similarity +0.100  outside",
        "sentence 4: similarity +0.420  in span",
        "sentence 5: similarity +0.500  boundary",
        "sentence 6: similarity +0.200  outside",
        "ends at sentence 5: hit 5 is the boundary",
        "starts at sentence 4: --front 2",
    )


# ---- taking and merging


def take(extents: list[Extent], budget_tokens: int = 10**6) -> list[Extent]:
    """Every sentence costs ten tokens."""
    return take_extents(extents, {sentence: 10 for one in extents for sentence in sentences_of(one)}, budget_tokens)


def test_overlapping_spans_become_one_with_the_better_boundary() -> None:
    [merged] = take([extent(5, 8, 0.9), extent(3, 6, 0.7)])
    assert (merged.first, merged.last, merged.pos, merged.score) == (3, 8, 8, 0.9)
    assert merged.why == ("why", "merged with the span 3-6")
    [merged] = take([extent(3, 6, 0.9), extent(5, 8, 0.7)])
    assert (merged.first, merged.last, merged.pos, merged.score) == (3, 8, 6, 0.9)


def test_what_is_no_boundary_adds_nothing() -> None:
    better = extent(3, 6, 0.9)
    for pos, first in ((6, 4), (5, 3), (3, 3), (7, 5)):  # inside the better span, or next to it and made of it
        assert take([better, extent(first, pos, 0.7)]) == [better]


def test_spans_that_touch_or_are_of_other_documents_stay_apart() -> None:
    extents = [extent(3, 6, 0.9), extent(7, 9, 0.8), extent(3, 6, 0.7, doc_id="b")]
    assert take(extents) == extents


def test_sentences_side_by_side_become_one_span_when_they_are_joined() -> None:
    extents = [extent(pos, pos, score) for pos, score in ((7, 0.9), (3, 0.85), (8, 0.8), (5, 0.7), (6, 0.6))]
    extents.append(extent(8, 8, 0.5, doc_id="b"))
    joined = take_extents(extents, {sentence: 10 for one in extents for sentence in sentences_of(one)}, 10**6, joins=True)
    assert ranges(joined) == [("a", 5, 8, 7), ("a", 3, 3, 3), ("b", 8, 8, 8)]
    assert joined[0].score == 0.9


def test_a_span_that_joins_two_others() -> None:
    merged = take([extent(10, 12, 0.9), extent(4, 6, 0.8), extent(5, 11, 0.7)])
    assert ranges(merged) == [("a", 4, 12, 12)]


def test_a_chain_of_overlaps_does_not_eat_the_budget_before_a_better_place() -> None:
    chain = [extent(pos - 2, pos, 0.5 - pos / 1000) for pos in range(10, 40, 2)]
    best, second = extent(8, 10, 0.9), extent(97, 99, 0.8)
    assert ranges(take([best, second, *chain], 60)) == [("a", 8, 10, 10), ("a", 97, 99, 99)]


def test_a_sentence_costs_once() -> None:
    assert ranges(take([extent(5, 8, 0.9), extent(3, 6, 0.7)], 60)) == [("a", 3, 8, 8)]
    assert ranges(take([extent(5, 8, 0.9), extent(3, 6, 0.7)], 50)) == [("a", 4, 8, 8)]


def test_what_does_not_fit_is_cut_before_its_boundary_then_after_it() -> None:
    assert ranges(take([extent(5, 9, 0.9, pos=7)], 20)) == [("a", 7, 8, 7)]
    assert ranges(take([extent(5, 9, 0.9, pos=7)], 5)) == [("a", 7, 7, 7)]  # the best boundary is never left out
    assert ranges(take([extent(5, 6, 0.9), extent(20, 21, 0.8)], 25)) == [("a", 5, 6, 6)]


EXTENTS = st.lists(
    st.tuples(st.sampled_from("ab"), st.integers(0, 40), st.integers(0, 7), st.integers(0, 3), st.floats(0, 1)), max_size=12
).map(
    lambda rows: sorted(
        (extent(pos - min(front, pos), pos + after, score, pos=pos, doc_id=doc_id) for doc_id, pos, front, after, score in rows),
        key=lambda one: (-one.score, one.doc_id, one.pos),
    )
)


@given(EXTENTS)
def test_taken_spans_are_disjoint_best_first_and_hold_their_boundary(extents: list[Extent]) -> None:
    merged = take(extents)
    taken = [(one.doc_id, pos) for one in merged for pos in range(one.first, one.last + 1)]
    assert len(taken) == len(set(taken))
    assert [one.score for one in merged] == sorted((one.score for one in merged), reverse=True)
    assert all(one.first <= one.pos <= one.last for one in merged)
    assert set(taken) <= {sentence for one in extents for sentence in sentences_of(one)}
    for one in extents:  # a hit is left out only directly after a better span
        assert (one.doc_id, one.pos) in taken or (one.doc_id, one.pos - 1) in taken
    assert bool(merged) == bool(extents)


@given(EXTENTS, st.integers(1, 400))
def test_a_budget_is_kept(extents: list[Extent], budget_tokens: int) -> None:
    merged = take(extents, budget_tokens)
    cost = sum(10 * len(sentences_of(one)) for one in merged)
    assert cost <= max(budget_tokens, 10)
    if extents:  # the best boundary comes first
        assert merged[0].pos == extents[0].pos
