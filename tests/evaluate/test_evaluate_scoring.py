"""The metrics themselves: every figure against a slow literal implementation, ir-measures, chance, an oracle, and cases
done by hand."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
import tiny
from hypothesis import given, settings
from hypothesis import strategies as st

from lmkindex.datasets import Corpus, make_corpus
from lmkindex.datasets.records import RECALL_RANKS
from lmkindex.encoder import FakeEncoder
from lmkindex.evaluate import BUDGETS_TOKENS, score_rankings
from lmkindex.evaluate.bootstrap import intervals, macro_means, resample_macro, resample_means
from lmkindex.evaluate.pieces import sentence_pieces
from lmkindex.evaluate.records import EvidenceSpans, Float64Array, Ranking
from lmkindex.evaluate.scoring import hits_boundary, reciprocal_rank, score_budgets, take_tokens, touching

Places = list[tuple[int, int]]
#                0         1         2
#                0123456789012345678901234567890
HAND = make_corpus(["Tom left. Bees swarm, in May.", "", "We met."], FakeEncoder())
HAND_TOKENS = [(0, 3), (4, 8), (8, 9), (10, 14), (15, 20), (20, 21), (22, 24), (25, 28), (28, 29), (29, 31), (32, 35), (35, 36)]


def ranking(places: Places, *, boundaries: list[int] | None = None, keeps_end: bool = False) -> Ranking:
    """Pieces, best first; a piece's boundary is its end unless it is given."""
    places_R2 = np.asarray(places, dtype=np.int64).reshape(-1, 2)
    ends = places_R2[:, 1] if boundaries is None else np.asarray(boundaries, dtype=np.int64)
    return Ranking(starts_R=places_R2[:, 0], ends_R=places_R2[:, 1], boundaries_R=ends, keeps_end=keeps_end)


def evidence(*places: tuple[int, int], document: int = 0, any_span: bool = False) -> EvidenceSpans:
    places_E2 = np.asarray(places, dtype=np.int64).reshape(-1, 2)
    return EvidenceSpans(document=document, starts=places_E2[:, 0], ends=places_E2[:, 1], any_span=any_span)


def places_of(starts: np.ndarray[tuple[int], np.dtype[np.int64]], ends: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Places:
    return list(zip(starts.tolist(), ends.tolist(), strict=True))


# ---- a literal implementation of the rules: sets of characters, one token at a time


def read_by_walking(corpus: Corpus, ranked: Ranking, budget_tokens: int) -> tuple[set[int], set[int]]:
    """The tokens that a budget takes, and the characters of them that are read."""
    tokens = places_of(corpus.token_starts_T, corpus.token_ends_T)
    taken: set[int] = set()
    read: set[int] = set()
    for start, end in places_of(ranked.starts_R, ranked.ends_R):
        inside = [token for token, (token_start, token_end) in enumerate(tokens) if token_start < end and token_end > start]
        for token in reversed(inside) if ranked.keeps_end else inside:
            if token in taken:
                continue
            if len(taken) == budget_tokens:
                return taken, read
            taken.add(token)
            read |= set(range(*tokens[token])) & set(range(start, end))
    return taken, read


def score_by_walking(corpus: Corpus, ranked: Ranking, wanted: EvidenceSpans, budget_tokens: int) -> tuple[float, float, float]:
    """Recall, precision, IoU."""
    _, read = read_by_walking(corpus, ranked, budget_tokens)
    if not read:
        return 0.0, 0.0, 0.0
    in_tokens = {char for start, end in places_of(corpus.token_starts_T, corpus.token_ends_T) for char in range(start, end)}
    spans = [set(range(start, end)) & in_tokens for start, end in places_of(wanted.starts, wanted.ends)]
    everything = set().union(*spans)
    target = max(spans, key=lambda span: len(span & read) / max(1, len(span))) if wanted.any_span else everything
    return len(target & read) / len(target), len(everything & read) / len(read), len(target & read) / len(target | read)


WORDS = st.sampled_from(["Tom", "bees", "a", "harbour-master", "e.g.", "May", "Why?", "It rained."])
TEXTS = st.lists(st.lists(WORDS, max_size=7).map(" ".join), min_size=1, max_size=3)


@st.composite
def cases(draw: st.DrawFn) -> tuple[Corpus, Ranking, EvidenceSpans]:
    """A small corpus, pieces anywhere in it (overlapping, repeated, in any order, cutting words), and evidence in one
    document."""
    texts = draw(TEXTS.filter(any))
    corpus = make_corpus(texts, FakeEncoder())
    pieces = [draw(ranges_in(corpus, draw(st.integers(0, len(texts) - 1)))) for _ in range(draw(st.integers(0, 6)))]
    pieces = pieces[:1] * draw(st.integers(0, 12)) + pieces  # so much overlap that the first look is not enough
    document = draw(st.sampled_from([index for index, text in enumerate(texts) if text]))
    size = len(texts[document])
    cuts = draw(st.lists(st.integers(0, size), min_size=2, max_size=6, unique=True).map(sorted)) if size else []
    start = int(corpus.document_starts[document])
    spans = [(start + s, start + e) for s, e in list(pairwise(cuts))[::2]]
    held = [span for span in spans if any(s < span[1] and e > span[0] for s, e in places_of(corpus.token_starts_T, corpus.token_ends_T))]
    first_token = int(np.searchsorted(corpus.token_starts_T, start))
    spans = held or [(int(corpus.token_starts_T[first_token]), int(corpus.token_ends_T[first_token]))]
    wanted = evidence(*spans, document=document, any_span=draw(st.booleans()))
    return corpus, ranking(pieces, keeps_end=draw(st.booleans())), wanted


def ranges_in(corpus: Corpus, document: int) -> st.SearchStrategy[tuple[int, int]]:
    """Ranges of characters in one document."""
    start, end = corpus.document_starts[document : document + 2].tolist()
    bounds = st.integers(start, end)
    return st.tuples(bounds, bounds).map(lambda pair: (min(pair), max(pair)))


@settings(max_examples=150)
@given(case=cases(), budgets=st.lists(st.integers(1, 25), min_size=1, max_size=4))
def test_budgets_as_by_walking(case: tuple[Corpus, Ranking, EvidenceSpans], budgets: list[int]) -> None:
    corpus, ranked, wanted = case
    expected = [score_by_walking(corpus, ranked, wanted, budget) for budget in budgets]
    np.testing.assert_allclose(score_budgets(corpus, ranked, wanted, budgets), expected, rtol=0, atol=1e-12)
    taken = take_tokens(corpus, ranked, max(budgets))
    assert set(taken.tokens_T.tolist()) == read_by_walking(corpus, ranked, max(budgets))[0]
    assert len(set(taken.tokens_T.tolist())) == len(taken.tokens_T) <= max(budgets)
    assert (np.diff(taken.of_piece_T) >= 0).all()


@given(case=cases(), data=st.data())
def test_text_that_was_taken_before_costs_and_adds_nothing(case: tuple[Corpus, Ranking, EvidenceSpans], data: st.DataObject) -> None:
    """A piece inside an earlier one can be anywhere after it, without a change at any budget."""
    corpus, ranked, wanted = case
    places = places_of(ranked.starts_R, ranked.ends_R)
    if not places:
        return
    index = data.draw(st.integers(0, len(places) - 1))
    start, end = places[index]
    inner = data.draw(st.tuples(st.integers(start, end), st.integers(start, end)).map(lambda pair: (min(pair), max(pair))))
    later = data.draw(st.integers(index + 1, len(places)))
    repeated = ranking([*places[:later], inner, *places[later:]], keeps_end=ranked.keeps_end)
    budgets = range(1, 26)
    np.testing.assert_array_equal(score_budgets(corpus, repeated, wanted, budgets), score_budgets(corpus, ranked, wanted, budgets))


@given(case=cases())
def test_bounds_of_the_figures(case: tuple[Corpus, Ranking, EvidenceSpans]) -> None:
    corpus, ranked, wanted = case
    scores_B3 = score_budgets(corpus, ranked, wanted, range(1, 26))
    recall_B, precision_B, iou_B = scores_B3.T
    assert (scores_B3 >= 0).all() and (scores_B3 <= 1).all()
    assert (np.diff(recall_B) >= 0).all()  # a larger budget never loses evidence
    assert (iou_B <= recall_B).all() and (iou_B <= precision_B).all()
    assert ((recall_B > 0) == (precision_B > 0)).all()


def test_the_corpus_of_the_cases_by_hand() -> None:
    assert places_of(HAND.token_starts_T, HAND.token_ends_T) == HAND_TOKENS
    assert places_of(HAND.sentence_starts_S, HAND.sentence_ends_S) == [(0, 9), (10, 29), (29, 36)]


@pytest.mark.parametrize(
    ("places", "keeps_end", "wanted", "budget_tokens", "expected"),
    [
        # "Tom left." = 8 characters in tokens, "left." = 5 of them.
        ([(0, 9)], False, evidence((4, 9)), 3, (1, 5 / 8, 5 / 8)),
        # The last piece is cut to its start, or with `keeps_end` to its end.
        ([(0, 9)], False, evidence((4, 9)), 2, (4 / 5, 4 / 7, 4 / 8)),
        ([(0, 9)], True, evidence((4, 9)), 2, (1, 1, 1)),
        ([(0, 9)], True, evidence((4, 9)), 1, (1 / 5, 1, 1 / 5)),
        # White space never counts, in the evidence or between the pieces read.
        ([(0, 9), (10, 29)], False, evidence((3, 10)), 9, (1, 5 / 24, 5 / 24)),
        # Overlap is read once: "Tom left", then ". Bees" of "left. Bees".
        ([(0, 8), (4, 14)], False, evidence((8, 14)), 4, (1, 5 / 12, 5 / 12)),
        ([(0, 8), (4, 14)], False, evidence((8, 14)), 3, (1 / 5, 1 / 8, 1 / 12)),
        # However often it occurs: the same piece many times before a new one.
        ([(0, 9)] * 4 + [(10, 29)], False, evidence((10, 14)), 4, (1, 4 / 12, 4 / 12)),
        # With `keeps_end`, the second piece's new part is taken from its end as well.
        ([(0, 8), (4, 14)], True, evidence((8, 14)), 3, (4 / 5, 4 / 11, 4 / 12)),
        # A piece that cuts a word brings the part: "Be" of "Bees".
        ([(10, 12)], False, evidence((10, 14)), 1, (2 / 4, 1, 2 / 4)),
        # The evidence is all spans together, or the span that is covered best.
        ([(10, 14)], False, evidence((0, 3), (10, 14)), 1, (4 / 7, 1, 4 / 7)),
        ([(10, 14)], False, evidence((0, 3), (10, 14), any_span=True), 1, (1, 1, 1)),
        ([(10, 14), (0, 3)], False, evidence((0, 3), (10, 14), any_span=True), 2, (1, 1, 3 / 7)),
        # Of two spans that are covered equally, the first.
        ([(0, 9)], False, evidence((0, 3), (4, 8), any_span=True), 3, (1, 7 / 8, 3 / 8)),
        # Another document, and nothing at all.
        ([(29, 36)], False, evidence((29, 31), document=2), 3, (1, 2 / 6, 2 / 6)),
        ([(29, 36)], False, evidence((0, 9)), 3, (0, 0, 0)),
        ([], False, evidence((0, 9)), 3, (0, 0, 0)),
        ([(9, 10), (3, 4)], False, evidence((0, 9)), 3, (0, 0, 0)),
        ([(5, 5), (0, 3)], False, evidence((0, 3)), 3, (1, 1, 1)),
    ],
)
def test_budgets_by_hand(
    places: Places, keeps_end: bool, wanted: EvidenceSpans, budget_tokens: int, expected: tuple[float, float, float]
) -> None:
    (found,) = score_budgets(HAND, ranking(places, keeps_end=keeps_end), wanted, [budget_tokens])
    assert found == pytest.approx(expected)


def test_an_alternative_without_a_token_is_never_found() -> None:
    """White space as one of several alternatives: the others decide, and finding none of them is zero, not an error."""
    wanted = evidence((9, 10), (10, 14), any_span=True)
    assert score_budgets(HAND, ranking([(10, 14)]), wanted, [9])[0] == pytest.approx((1, 1, 1))
    assert score_budgets(HAND, ranking([(0, 3)]), wanted, [9])[0] == pytest.approx((0, 0, 0))


# ---- controls


@settings(max_examples=150)
@given(case=cases())
def test_an_oracle_scores_one(case: tuple[Corpus, Ranking, EvidenceSpans]) -> None:
    """The evidence itself, at every budget that is large enough; below that nothing that is read is wrong."""
    corpus, _, wanted = case
    tokens = places_of(corpus.token_starts_T, corpus.token_ends_T)
    spans = places_of(wanted.starts, wanted.ends)
    owners = [{token for token, (s, e) in enumerate(tokens) if s < end and e > start} for start, end in spans]
    if sum(map(len, owners)) > len(set().union(*owners)):  # see test_an_oracle_of_two_spans_in_one_token
        return
    wanted = evidence(*spans, document=wanted.document)
    needed = len(set().union(*owners))
    scores_B3 = score_budgets(corpus, ranking(spans), wanted, [needed, needed + 1, 1000])
    np.testing.assert_array_equal(scores_B3, np.ones((3, 3)))
    for budget in range(1, needed):
        recall, precision, iou = score_budgets(corpus, ranking(spans), wanted, [budget])[0]
        assert precision == 1 and 0 < recall == iou < 1


@pytest.mark.xfail(strict=True, reason="a token belongs to the piece that brings it first; what a later piece shows of it is lost")
def test_an_oracle_of_two_spans_in_one_token() -> None:
    """Both ends of "harbour": the token is paid once, and what the second piece shows of it is read."""
    corpus = make_corpus(["The harbour is shut."], FakeEncoder())
    spans = [(4, 7), (9, 11)]
    assert score_budgets(corpus, ranking(spans), evidence(*spans), [1, 5]).tolist() == [[1, 1, 1], [1, 1, 1]]


def test_a_random_order_scores_chance() -> None:
    """Of `num_tokens` tokens a budget reads `budget`, and in a random order each alike; evidence is one token, drawn
    alike."""
    corpus = make_corpus([tiny.prose(1, 60)], FakeEncoder())
    generator, trials = np.random.default_rng(0), 1500
    pieces, budgets = sentence_pieces(corpus), (32, 128, 300)
    recall_QB = np.zeros((trials, len(budgets)))
    for trial in range(trials):
        order = generator.permutation(len(pieces))
        token = generator.integers(corpus.num_tokens)
        wanted = evidence((int(corpus.token_starts_T[token]), int(corpus.token_ends_T[token])))
        shuffled = ranking(places_of(pieces.starts_P[order], pieces.ends_P[order]), keeps_end=bool(trial % 2))
        recall_QB[trial] = score_budgets(corpus, shuffled, wanted, budgets)[:, 0]
    for budget, recall in zip(budgets, recall_QB.mean(axis=0), strict=True):
        chance = budget / corpus.num_tokens
        assert 0.03 < chance < 0.7
        assert recall == pytest.approx(chance, abs=4 * math.sqrt(chance * (1 - chance) / trials))


# ---- ranks


@given(st.lists(st.booleans(), max_size=12))
def test_reciprocal_rank(is_relevant: list[bool]) -> None:
    expected = 1 / (is_relevant.index(True) + 1) if True in is_relevant else 0.0
    assert reciprocal_rank(np.asarray(is_relevant, dtype=np.bool_)) == expected


def test_ranks_equal_those_of_ir_measures() -> None:
    """Pieces are sentences; those that share a character with the evidence are its relevant documents."""
    import ir_measures
    from ir_measures import RR, Success

    corpus = make_corpus([tiny.prose(seed, 15) for seed in range(3)], FakeEncoder())
    pieces, generator = sentence_pieces(corpus), np.random.default_rng(1)
    sentences = places_of(pieces.starts_P, pieces.ends_P)
    rankings, evidences, judged, run = [], [], [], []
    for query in range(150):
        order = generator.permutation(len(pieces))[: generator.integers(0, 25)]
        document = int(generator.integers(3))
        first = document * 15 + int(generator.integers(12))
        spans = [(sentences[first][0] + 3, sentences[first + query % 3][1] - 2)]
        relevant = {piece for piece, (start, end) in enumerate(sentences) if start < spans[0][1] and end > spans[0][0]}
        assert len(relevant) == 1 + query % 3
        judged += [ir_measures.Qrel(str(query), str(piece), 1) for piece in relevant]
        run += [ir_measures.ScoredDoc(str(query), str(piece), float(-rank)) for rank, piece in enumerate(order.tolist())]
        rankings.append(ranking([sentences[piece] for piece in order]))
        evidences.append(evidence(*spans, document=document))
    scores = score_rankings(corpus, rankings, evidences, [64])
    measures = {RR: scores.reciprocal_rank_Q} | {Success @ rank: scores.found_QK[:, k] for k, rank in enumerate(RECALL_RANKS)}
    found = list(ir_measures.iter_calc(list(measures), judged, run))
    values = {(int(one.query_id), one.measure): one.value for one in found}
    for measure, ours_Q in measures.items():
        theirs_Q = [values.get((query, measure), 0.0) for query in range(150)]
        np.testing.assert_allclose(ours_Q, theirs_Q, rtol=0, atol=1e-9)
        assert 0.02 < ours_Q.mean() < 0.98  # otherwise the comparison would mean nothing


@pytest.mark.parametrize(
    ("places", "wanted", "expected"),
    [
        ([(0, 9), (10, 29), (29, 36)], evidence((12, 13)), [False, True, False]),
        ([(0, 9), (10, 29)], evidence((9, 10)), [False, False]),  # ranges are half-open
        ([(0, 10), (9, 29)], evidence((9, 10)), [True, True]),
        ([(0, 9), (29, 36)], evidence((8, 9), (35, 36)), [True, True]),
        ([(29, 36), (3, 3)], evidence((0, 9), any_span=True), [False, False]),
        ([], evidence((0, 9)), []),
    ],
)
def test_which_pieces_touch_the_evidence(places: Places, wanted: EvidenceSpans, expected: list[bool]) -> None:
    assert touching(ranking(places), wanted).tolist() == expected


@pytest.mark.parametrize(
    ("places", "boundaries", "wanted", "expected"),
    [
        # Sentences [0, 9), [10, 29), [29, 36).
        ([(0, 9)], None, evidence((0, 9)), True),
        ([(0, 9)], None, evidence((0, 3)), True),  # inside the sentence in which the evidence ends
        ([(0, 3)], None, evidence((4, 8)), True),
        ([(0, 9)], None, evidence((0, 14)), False),  # the evidence ends one sentence later
        ([(0, 29)], None, evidence((0, 14)), True),
        ([(10, 29)], None, evidence((0, 14)), True),  # where it starts is another matter
        ([(0, 29)], None, evidence((0, 9)), False),  # one sentence too far
        ([(0, 29)], [9], evidence((0, 9)), True),  # the boundary counts, not the piece's end
        ([(0, 29)], [29], evidence((0, 9)), False),
        ([(10, 29), (0, 9)], None, evidence((0, 9)), False),  # the best piece only
        ([(0, 9)], None, evidence((0, 9), (12, 14)), True),  # a span of several
        ([(10, 29)], None, evidence((0, 9), (12, 14)), True),
        ([(29, 36)], None, evidence((0, 9), (12, 14)), False),
        ([(29, 36)], None, evidence((12, 29)), False),  # documents that touch
        ([(10, 29)], None, evidence((29, 31), document=2), False),
        ([(0, 9)], None, evidence((0, 10)), True),  # evidence with the blank after the sentence
        ([(0, 10)], None, evidence((0, 9)), True),
        ([], None, evidence((0, 9)), False),
    ],
)
def test_hits_of_the_boundary_by_hand(places: Places, boundaries: list[int] | None, wanted: EvidenceSpans, expected: bool) -> None:
    assert hits_boundary(HAND, ranking(places, boundaries=boundaries), wanted) is expected


def test_scores_of_several_questions() -> None:
    """Each figure in its place: questions down, budgets and ranks across."""
    rankings = [ranking([(10, 29), (0, 9)]), ranking([(29, 36)]), ranking([])]
    evidences = [evidence((0, 9)), evidence((29, 36), document=2), evidence((0, 9))]
    scores = score_rankings(HAND, rankings, evidences, [3, 9, 20])
    assert scores.recall_QB.tolist() == [[0, 1, 1], [1, 1, 1], [0, 0, 0]]
    shares = np.asarray([[0.0, 8 / 24, 8 / 24], [1.0, 1.0, 1.0], [0.0, 0.0, 0.0]])
    np.testing.assert_allclose(scores.precision_QB, shares)
    np.testing.assert_allclose(scores.iou_QB, shares)
    assert scores.reciprocal_rank_Q.tolist() == [0.5, 1, 0]
    assert RECALL_RANKS == (1, 5, 10) and scores.found_QK.tolist() == [[0, 1, 1], [1, 1, 1], [0, 0, 0]]
    assert scores.hit_boundary_Q.tolist() == [0, 1, 0]
    assert score_rankings(HAND, [], []).recall_QB.shape == (0, len(BUDGETS_TOKENS))


# ---- intervals

VALUES = st.lists(st.lists(st.floats(0, 1), min_size=2, max_size=2), min_size=1, max_size=40).map(np.asarray)


@settings(max_examples=40)
@given(values_QM=VALUES, seed=st.integers(0, 100))
def test_intervals_of_any_values(values_QM: Float64Array, seed: int) -> None:
    """Resampled means lie between the extremes and around the mean; the same seed gives the same numbers, another one
    others."""
    resampled_RM = resample_means(values_QM, "set", num_resamples=2000, seed=seed)
    assert resampled_RM.shape == (2000, 2)
    np.testing.assert_array_equal(resampled_RM, resample_means(values_QM.copy(), "set", num_resamples=2000, seed=seed))
    assert (resampled_RM >= values_QM.min(axis=0) - 1e-9).all() and (resampled_RM <= values_QM.max(axis=0) + 1e-9).all()
    error_M = values_QM.std(axis=0) / math.sqrt(len(values_QM) * 2000)
    np.testing.assert_array_less(np.abs(resampled_RM.mean(axis=0) - values_QM.mean(axis=0)), 5 * error_M + 1e-9)
    for mean, interval in zip(values_QM.mean(axis=0), intervals(values_QM.mean(axis=0), resampled_RM), strict=True):
        assert interval.mean == mean
        assert interval.low <= interval.high


def test_the_mean_lies_inside_and_seeds_and_names_differ() -> None:
    values_QM = np.random.default_rng(0).random((60, 3)) ** 3
    resampled_RM = resample_means(values_QM, "set")
    assert resampled_RM.shape == (10_000, 3)
    for interval in intervals(values_QM.mean(axis=0), resampled_RM):
        assert interval.low < interval.mean < interval.high
    for other in (resample_means(values_QM, "set", seed=1), resample_means(values_QM, "other")):
        assert not np.array_equal(other, resampled_RM)
    # The figures of one resample are of the same questions.
    np.testing.assert_allclose(resample_means(values_QM[:, [1, 1]], "set")[:, 0], resampled_RM[:, 1])


@pytest.mark.parametrize("constant", [0.0, 1.0, 0.25, 1 / 3])
@pytest.mark.parametrize("num_questions", [1, 2, 37])
def test_the_interval_of_a_constant_is_the_constant(constant: float, num_questions: int) -> None:
    values_QM = np.full((num_questions, 1), constant)
    (interval,) = intervals(values_QM.mean(axis=0), resample_means(values_QM, "set", num_resamples=1000))
    assert (interval.mean, interval.low, interval.high) == pytest.approx((constant, constant, constant), abs=1e-12)


def test_two_equal_systems_differ_by_nothing() -> None:
    values_QM = np.random.default_rng(1).random((50, 2))
    sets = {"a": values_QM, "b": values_QM[:20]}
    difference_RM = resample_macro(sets) - resample_macro({name: values.copy() for name, values in sets.items()})
    assert not difference_RM.any()
    difference_RM = resample_means(values_QM, "a") - resample_means(values_QM.copy(), "a")
    assert not difference_RM.any()


def test_differences_are_paired() -> None:
    """A system that is always 0.1 better is 0.1 better in every resample, however much the questions differ."""
    values_QM = np.random.default_rng(2).random((50, 1))
    difference_RM = resample_means(values_QM + 0.1, "set") - resample_means(values_QM, "set")
    np.testing.assert_allclose(difference_RM, 0.1, atol=1e-12)
    np.testing.assert_allclose(
        resample_means(values_QM + 0.1, "set"), resample_means(np.hstack([values_QM, values_QM]) + 0.1, "set")[:, :1]
    )


def test_the_width_is_that_of_the_normal_approximation() -> None:
    values_QM = np.random.default_rng(3).random((1000, 2))
    for column, interval in enumerate(intervals(values_QM.mean(axis=0), resample_means(values_QM, "set"))):
        expected = 1.96 * values_QM[:, column].std() / math.sqrt(len(values_QM))
        assert (interval.high - interval.low) / 2 == pytest.approx(expected, rel=0.1)
        assert (interval.high + interval.low) / 2 == pytest.approx(values_QM[:, column].mean(), abs=0.1 * expected)


def test_macro_means_by_hand() -> None:
    """Each set has the same weight, however many questions it has."""
    sets = {"small": np.asarray([[1.0, 0.0], [0.0, 0.5]]), "large": np.asarray([[0.25, 1.0]] * 8)}
    np.testing.assert_allclose(macro_means(sets), [(0.5 + 0.25) / 2, (0.25 + 1.0) / 2])
    resampled_RM = resample_macro(sets)
    np.testing.assert_allclose(resampled_RM.mean(axis=0), macro_means(sets), atol=0.01)
    # The large set is constant; of the small one's two questions, a resample takes the first 0, 1 or 2 times.
    np.testing.assert_allclose(np.unique(resampled_RM[:, 0]), [0.125, 0.375, 0.625])
    shares = np.unique(resampled_RM[:, 0], return_counts=True)[1] / len(resampled_RM)
    np.testing.assert_allclose(shares, [0.25, 0.5, 0.25], atol=0.02)


def test_macro_of_one_set_is_that_set() -> None:
    values_QM = np.random.default_rng(4).random((30, 2))
    np.testing.assert_array_equal(resample_macro({"a": values_QM}), resample_means(values_QM, "a"))
    np.testing.assert_allclose(macro_means({"a": values_QM}), values_QM.mean(axis=0))


def test_a_set_is_resampled_alike_whatever_stands_beside_it() -> None:
    generator = np.random.default_rng(5)
    a, b, c = (generator.random((size, 1)) for size in (20, 30, 40))
    two_R1, three_R1 = resample_macro({"a": a, "b": b}), resample_macro({"c": c, "b": b, "a": a})
    parts = {name: resample_means(values, name) for name, values in (("a", a), ("b", b), ("c", c))}
    np.testing.assert_allclose(two_R1, (parts["a"] + parts["b"]) / 2)
    np.testing.assert_allclose(three_R1, (parts["a"] + parts["b"] + parts["c"]) / 3)
    # Each set is resampled separately: with the same draws the resamples of two equal sets would move together.
    same_size = generator.random((40, 1))
    one_R, other_R = resample_means(c, "c")[:, 0], resample_means(same_size, "d")[:, 0]
    assert abs(float(np.corrcoef(one_R, other_R)[0, 1])) < 0.05
