"""`scatter`: groups, splits, rules of ranking, and the experiment as a whole on sets whose outcome is known."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import tiny
from hypothesis import given, settings
from hypothesis import strategies as st

from lmkindex.config import EncodeOptions, SearchOptions
from lmkindex.datasets import EvaluationSet, Question, SourceDocument, make_corpus
from lmkindex.encoder import FakeEncoder, load_encoder, read_folder
from lmkindex.encoder.cache import VectorCache
from lmkindex.errors import UsageError
from lmkindex.evaluate import Workbench
from lmkindex.evaluate.evidence import locate_evidence
from lmkindex.evaluate.experiments.common import Experiment, ExperimentInput
from lmkindex.evaluate.experiments.paired import PairedFigures, direction, draw, seeded_generator, show_difference, show_interval
from lmkindex.evaluate.experiments.scatter import run_scatter
from lmkindex.evaluate.experiments.scatter.design import (
    FRONTS,
    GROUPS,
    LANDMARKS,
    SCOPE,
    contenders,
    evidence_runs,
    group_of,
    grow_by,
    rank_around,
    rank_searched,
    rank_spans,
)
from lmkindex.evaluate.experiments.scatter.growth import MAX_FRONT, grow_backwards, grow_front
from lmkindex.evaluate.experiments.scatter.splits import (
    CONSECUTIVE,
    DOCUMENT_TOKENS,
    MIN_DISTANCE,
    MOVED,
    SCATTERED,
    VARIANTS,
    SentenceRun,
    Split,
    split_question,
    variant_set,
)
from lmkindex.evaluate.records import Interval
from lmkindex.search import Hit

SENTENCES = 60


def sentences_of_text(text: str) -> list[tuple[int, int]]:
    corpus = make_corpus([text], FakeEncoder())
    return list(zip(corpus.sentence_starts_S.tolist(), corpus.sentence_ends_S.tolist(), strict=True))


def question_about(doc_id: str, spans: Sequence[tuple[int, int]], text: str = "Which?") -> Question:
    return Question(question_id=f"{doc_id} {spans}", doc_id=doc_id, text=text, answers=(), spans=tuple(spans))


def marked_set(name: str, num_documents: int, run: int, num_marked: int = 1) -> EvaluationSet:
    """Documents with a question each: the evidence is `run` sentences, and only the last `num_marked` hold the
    question's words."""
    documents, questions = [], []
    for index in range(num_documents):
        text = tiny.prose(1000 + index, SENTENCES)
        first = 12 + 3 * index % 30
        places = sentences_of_text(text)
        for place in range(first + run - num_marked, first + run):
            start, end = places[place]
            marked = f"Zyx{index} qwv{index} zyx{index}".ljust(end - start - 1, "q")[: end - start - 1] + "."
            text = text[:start] + marked + text[end:]
        places = sentences_of_text(text)
        documents.append(SourceDocument(doc_id=f"d{index}", title="", text=text))
        questions.append(question_about(f"d{index}", [(places[first][0], places[first + run - 1][1])], f"Zyx{index} qwv{index}"))
    return EvaluationSet(name=name, documents=tuple(documents), questions=tuple(questions))


def experiment_input(sets: Sequence[EvaluationSet], cache: Path) -> ExperimentInput:
    encoder = FakeEncoder()
    return ExperimentInput(sets=tuple(sets), landmark_encoder=encoder, baseline_encoder=encoder, cache=VectorCache(cache))


def bench_of(one: EvaluationSet, cache: Path) -> Workbench:
    return Workbench(one, FakeEncoder(), FakeEncoder(), VectorCache(cache))


# --- paired figures


def test_paired_figures_know_that_a_constant_shift_has_no_spread() -> None:
    values = np.random.default_rng(0).random(40)
    figures = PairedFigures("x", {"a": values, "b": values + 0.25, "c": values[::-1]}, 0)
    shift = figures.difference("b", "a")
    assert np.allclose([shift.mean, shift.low, shift.high], 0.25)
    assert direction(shift) == "higher"
    assert direction(figures.difference("a", "b")) == "lower"
    assert figures.difference("c", "a").mean == pytest.approx(0.0)
    assert direction(figures.difference("c", "a")) == "no clear difference"
    assert figures.difference("a", "a") == Interval(mean=0.0, low=0.0, high=0.0)
    mean = figures.mean("a")
    assert mean.low < mean.mean < mean.high
    assert mean.mean == pytest.approx(values.mean())
    change = figures.combination({"b": 1.0, "a": -2.0, "c": 1.0})
    assert change.mean == pytest.approx(0.25)


def test_a_part_of_paired_figures_has_its_questions_only() -> None:
    figures = PairedFigures("x", {"a": np.arange(6).astype(np.float64), "b": np.ones(6, dtype=np.float64)}, 0)
    part = figures.part([True, False, False, True, False, False], "y")
    assert part.num_questions == 2
    assert part.mean("a").mean == 1.5
    assert part.mean("b") == Interval(mean=1.0, low=1.0, high=1.0)


def test_cells_show_mean_and_interval() -> None:
    assert show_interval(Interval(mean=0.5, low=0.25, high=1.0)) == ".500 [.250, 1.000]"
    assert show_difference(Interval(mean=-0.5, low=-0.75, high=0.25)) == "-.500 [-.750, +.250]"


@given(st.integers(0, 60), st.integers(0, 60), st.text(max_size=8))
def test_draws_are_sorted_distinct_and_depend_on_the_name(num_items: int, num_wanted: int, name: str) -> None:
    drawn = draw(num_items, num_wanted, seeded_generator(0, name)).tolist()
    assert drawn == sorted(set(drawn)) == draw(num_items, num_wanted, seeded_generator(0, name)).tolist()
    assert len(drawn) == min(num_items, num_wanted)
    assert all(0 <= index < num_items for index in drawn)


# --- groups


def runs_of(text: str, spans: Sequence[tuple[int, int]]) -> list[SentenceRun]:
    corpus = make_corpus([text], FakeEncoder())
    document = SourceDocument(doc_id="d", title="", text=text)
    (evidence,) = locate_evidence(corpus, EvaluationSet(name="x", documents=(document,), questions=(question_about("d", spans),)))
    return evidence_runs(corpus, evidence)


@pytest.mark.parametrize(
    ("sentences", "expected_runs", "expected_group"),
    [
        ([(3, 3)], [(3, 3)], "1 sentence"),
        ([(3, 3), (4, 4)], [(3, 4)], "2-3 consecutive"),
        ([(3, 5)], [(3, 5)], "2-3 consecutive"),
        ([(3, 4), (5, 7)], [(3, 7)], "4+ consecutive"),
        ([(3, 3), (5, 5)], [(3, 3), (5, 5)], "2+ runs, near"),
        ([(3, 3), (8, 8)], [(3, 3), (8, 8)], "2+ runs, near"),
        ([(3, 3), (9, 9)], [(3, 3), (9, 9)], "2+ runs, far"),
        ([(3, 3), (5, 5), (20, 21)], [(3, 3), (5, 5), (20, 21)], "2+ runs, far"),
    ],
)
def test_evidence_in_adjacent_sentences_is_one_run(
    sentences: list[tuple[int, int]], expected_runs: list[tuple[int, int]], expected_group: str
) -> None:
    text = tiny.prose(1, 30)
    places = sentences_of_text(text)
    runs = runs_of(text, [(places[first][0] + 2, places[last][1] - 2) for first, last in sentences])
    assert [(run.first, run.last) for run in runs] == expected_runs
    assert group_of(runs) == expected_group


def test_two_spans_in_one_sentence_are_one_run() -> None:
    text = tiny.prose(1, 30)
    start, end = sentences_of_text(text)[7]
    assert runs_of(text, [(start, start + 3), (start + 6, end)]) == [SentenceRun(first=7, last=7)]


# --- splits


def split_of(text: str, first: int, last: int, seed: int, trim: tuple[int, int] = (0, 0)) -> Split | None:
    corpus = make_corpus([text], FakeEncoder())
    span = (int(corpus.sentence_starts_S[first]) + trim[0], int(corpus.sentence_ends_S[last]) - trim[1])
    question = question_about("d", [span])
    one = EvaluationSet(name="x", documents=(SourceDocument(doc_id="d", title="", text=text),), questions=(question,))
    (evidence,) = locate_evidence(corpus, one)
    return split_question(corpus, question, evidence, SentenceRun(first=first, last=last), np.random.default_rng(seed))


@settings(max_examples=60)
@given(st.integers(0, 10), st.integers(20, 400), st.integers(0, 390), st.integers(2, 9), st.integers(0, 99), st.integers(0, 4))
def test_splits_move_text_and_nothing_else(seed: int, num_sentences: int, first: int, length: int, place: int, trim: int) -> None:
    text = tiny.prose(seed, num_sentences)
    num_sentences = len(sentences_of_text(text))
    first = min(first, num_sentences - length)
    split = split_of(text, first, first + length - 1, place, (trim, trim))
    if num_sentences >= 2 * (MIN_DISTANCE + 1) + length and num_sentences < 150:
        assert split is not None
    if split is None:
        return
    evidence = [[variant.text[start:end] for half in variant.halves for start, end in half] for variant in split.variants.values()]
    assert evidence[0] == evidence[1] == evidence[2]  # the same characters, in the same order
    whole = split.variants[CONSECUTIVE]
    assert whole.text in text
    for variant in split.variants.values():
        assert sorted(variant.text.split()) == sorted(whole.text.split())
    (moved_span,) = split.variants[MOVED].spans
    (whole_span,) = whole.spans
    assert split.variants[MOVED].text[slice(*moved_span)] == whole.text[slice(*whole_span)]
    assert whole.text[slice(*whole_span)] in text


@settings(max_examples=30)
@given(st.integers(0, 10), st.integers(0, 30), st.integers(2, 7), st.integers(0, 99))
def test_halves_stand_far_apart(seed: int, first: int, length: int, place: int) -> None:
    split = split_of(tiny.prose(seed, 90), first, first + length - 1, place)
    assert split is not None
    scattered = split.variants[SCATTERED]
    sentences = sentences_of_text(scattered.text)
    places = []
    for half in scattered.halves:
        inside = [index for index, (start, end) in enumerate(sentences) if any(a < end and start < b for a, b in half)]
        assert inside == list(range(inside[0], inside[-1] + 1))
        assert sentences[inside[0]][0] == half[0][0]  # a half begins and ends where sentences do
        assert sentences[inside[-1]][1] == half[-1][1]
        places.append(inside)
    low, high = sorted(places)
    assert high[0] - low[-1] - 1 >= MIN_DISTANCE
    assert len(places[0]) in (len(places[1]), len(places[1]) + 1)


def test_documents_are_cut_around_the_evidence_and_short_ones_left_out() -> None:
    split = split_of(tiny.prose(3, 900), 400, 403, 0)
    assert split is not None
    num_tokens = make_corpus([split.variants[CONSECUTIVE].text], FakeEncoder()).num_tokens
    assert 0.95 * DOCUMENT_TOKENS <= num_tokens <= DOCUMENT_TOKENS
    assert split_of(tiny.prose(3, 20), 8, 11, 0) is None


def test_a_variant_is_a_set_with_a_document_a_question() -> None:
    splits = [split for seed in range(3) if (split := split_of(tiny.prose(seed, 80), 20, 23, seed)) is not None]
    for name in VARIANTS:
        one = variant_set(splits, name)
        assert len(one.documents) == len(one.questions) == 3
        assert [len(question.spans) for question in one.questions] == [2 if name == SCATTERED else 1] * 3
        for question, document in zip(one.questions, one.documents, strict=True):
            assert question.doc_id == document.doc_id
            assert all(0 <= start < end <= len(document.text) for start, end in question.spans)


# --- growing

SIMILARITIES = st.lists(st.floats(-1, 1), min_size=1, max_size=12)


@pytest.mark.parametrize(
    ("similarities", "length"),
    [
        ([0.5], 1),
        ([0.5, 0.45], 2),  # 0.45 pays against 0.8 x 0.5 = 0.4
        ([0.5, 0.4], 1),  # exactly the floor: pays nothing
        ([0.5, 0.35, 0.45], 1),  # -0.05 x 0.92 + 0.05 x 0.85 < 0
        ([0.5, 0.38, 0.48], 3),  # -0.02 x 0.92 + 0.08 x 0.85 > 0: a weak sentence between strong ones is bridged
        ([0.5, 0.45, 0.1, 0.1, 0.45], 2),  # a run of weak ones ends it
        ([0.5, 0.5, 0.5], 3),
        ([0.5, 0.6, 0.5], 1),  # a better sentence is a boundary of its own
        ([0.5, 0.45, 0.48, 0.6, 0.48], 3),
    ],
)
def test_how_far_a_span_grows(similarities: list[float], length: int) -> None:
    assert grow_front(similarities, 0.08, 0.8) == length


@given(SIMILARITIES, st.floats(0, 1), st.floats(0, 1))
def test_growing_stays_in_reach_and_takes_no_weak_first_sentence(similarities: list[float], alpha: float, grow_ratio: float) -> None:
    length = grow_front(similarities, alpha, grow_ratio)
    assert 1 <= length <= len(similarities)
    if length > 1:
        assert similarities[length - 1] > grow_ratio * similarities[0]
    reach = next((i for i, similarity in enumerate(similarities) if similarity > similarities[0]), len(similarities))
    gains = [math.exp(-alpha * i) * (similarity - grow_ratio * similarities[0]) for i, similarity in enumerate(similarities)]
    assert length <= reach
    assert sum(gains[1:length]) == pytest.approx(max(sum(gains[1:end]) for end in range(1, reach + 1)), abs=1e-9)


def test_growth_looks_no_further_than_its_longest_front() -> None:
    level = dict.fromkeys(range(100), 0.5)
    found = grow_backwards(Hit(doc_id="a", pos=50, score=0.5), level)
    assert (found.first, found.last, found.pos) == (51 - MAX_FRONT, 50, 50) and found.score == pytest.approx(0.5)
    assert grow_backwards(Hit(doc_id="a", pos=1, score=0.5), level).first == 0


# --- rules of ranking


def test_all_weight_on_the_boundary_ranks_as_the_hits_do(tmp_path: Path) -> None:
    bench = bench_of(marked_set("m", 3, run=3), tmp_path)
    for front in FRONTS:
        spans = rank_spans(grow_by(SearchOptions(front=front, alpha=1e6)), bench)
        hits = rank_around(SearchOptions(front=front), bench)
        for span, hit in zip(spans, hits, strict=True):
            assert np.array_equal(span.boundaries_R, hit.boundaries_R)
            assert np.array_equal(span.starts_R, hit.starts_R)
            assert np.array_equal(span.ends_R, hit.ends_R)


def test_a_span_of_one_sentence_is_the_hit(tmp_path: Path) -> None:
    bench = bench_of(marked_set("m", 2, run=3), tmp_path)
    (ours, *_), (theirs, *_) = rank_spans(grow_by(SearchOptions(front=1)), bench), contenders()["landmark-1"](bench)
    assert np.array_equal(ours.starts_R, theirs.starts_R)
    assert np.array_equal(ours.boundaries_R, theirs.boundaries_R)


def test_uniform_weights_rank_by_the_plain_mean(tmp_path: Path) -> None:
    bench = bench_of(marked_set("m", 1, run=3), tmp_path)
    (order,) = bench.vector_orders(LANDMARKS, SCOPE)
    scores_S = bench.vector_scores(LANDMARKS)[0]
    (ranking,) = rank_spans(grow_by(SearchOptions(front=3, alpha=0.0)), bench)
    means = {int(bench.corpus.sentence_ends_S[pos]): float(scores_S[max(0, pos - 2) : pos + 1].mean()) for pos in order.ids_R.tolist()}
    found = [means[boundary] for boundary in ranking.boundaries_R.tolist()]
    assert len(found) == SENTENCES
    assert all(before >= after - 1e-6 for before, after in pairwise(found))


def test_ranking_as_search_leaves_out_neighbours_and_far_hits(tmp_path: Path) -> None:
    bench = bench_of(marked_set("m", 2, run=3), tmp_path)
    grow = grow_by(SearchOptions(front=5))
    assert all(0 < len(ranking.starts_R) <= 6 for ranking in rank_searched(grow, bench, 6))
    for searched, every in zip(rank_searched(grow, bench, 200), rank_spans(grow, bench), strict=True):
        assert searched.boundaries_R[0] == every.boundaries_R[0]
        assert set(searched.boundaries_R.tolist()) < set(every.boundaries_R.tolist())


# --- the experiment


def rows_of(experiment: Experiment, title: str) -> dict[str, list[object]]:
    table = next(table for table in experiment.tables if title in table.title)
    assert all(len(row) == len(table.columns) for row in table.rows)
    return {str(row[0]): list(row[1:]) for row in table.rows}


def mean_of(cell: object) -> float:
    return float(str(cell).split()[0])


def test_spans_find_what_only_their_last_sentence_shows(tmp_path: Path) -> None:
    # The question's words stand in the last of three evidence sentences; the other two look like any text.
    experiment = run_scatter(experiment_input([marked_set("m", 14, run=3)], tmp_path))
    group = rows_of(experiment, "Evidence: 2-3 consecutive (14 questions")
    assert mean_of(group["front-3 by hit"][0]) == 1.0
    assert mean_of(group["front-5 by hit"][0]) == 1.0
    assert mean_of(group["landmark-1"][0]) < 0.9
    assert mean_of(group["landmark-1"][-1]) == 1.0  # the hit is where the evidence ends
    assert mean_of(group["oracle"][0]) == mean_of(group["oracle"][-1]) == 1.0
    consecutive, scattered, moved = (mean_of(cell) for cell in rows_of(experiment, "splits: recall at 128")["front-3 by hit"][:3])
    assert consecutive == moved == 1.0
    assert scattered < 0.9  # two of the three sentences stay behind
    halves = next(table for table in experiment.tables if "each half" in table.title)
    second = next(row for row in halves.rows if list(row[:2]) == ["front-3 by hit", "second half"])
    assert [mean_of(cell) for cell in second[2:]] == [1.0, 1.0, 1.0]


def test_the_experiment_says_what_it_did_and_says_it_again(tmp_path: Path) -> None:
    sets = [marked_set("m", 12, run=4, num_marked=4), marked_set("single", 11, run=1)]
    experiment = run_scatter(experiment_input(sets, tmp_path))
    assert experiment == run_scatter(experiment_input(sets, tmp_path))
    sizes = rows_of(experiment, "Questions")
    assert sizes["m"] == [0, 12, 12]
    assert sizes["single"] == [11, 0, 0]
    assert sizes["all"] == [11, 12, 12]
    assert [figure.name for figure in experiment.figures] == ["scatter-groups", "scatter-differences", "scatter-splits", "scatter-budgets"]
    for figure in experiment.figures:
        for series in figure.series:
            assert series.lows is not None and series.highs is not None
            assert len(series.xs) == len(series.ys) == len(series.lows) == len(series.highs)
            assert all(low <= y <= high for low, y, high in zip(series.lows, series.ys, series.highs, strict=True))  # type: ignore[operator]
    assert experiment.figures[0].x_categories == ["1 sentence (11)", "4+ consecutive (12)"]
    assert "12 questions" in experiment.verdict
    assert all(group in experiment.verdict for group in (GROUPS[0], GROUPS[2]))
    fields = experiment.to_json(1.0)
    assert fields["settings"]["scope"] == "document"


def test_sets_without_runs_are_refused(tmp_path: Path) -> None:
    single = marked_set("single", 12, run=1)
    with pytest.raises(UsageError, match="two or more consecutive sentences"):
        run_scatter(experiment_input([single], tmp_path))
    runs = marked_set("m", 12, run=3)
    alternatives = replace(runs, questions=tuple(replace(question, any_span=True) for question in runs.questions))
    with pytest.raises(UsageError, match="two or more consecutive sentences"):
        run_scatter(experiment_input([alternatives], tmp_path))


def test_any_encoder_will_do(tmp_path: Path, llama_folder: Path) -> None:
    encoder = load_encoder(read_folder(llama_folder), EncodeOptions(threads=1))
    one = marked_set("m", 10, run=2)
    given_ = ExperimentInput(sets=(one,), landmark_encoder=encoder, baseline_encoder=FakeEncoder(), cache=VectorCache(tmp_path))
    experiment = run_scatter(given_)
    assert rows_of(experiment, "Questions")["m"] == [10, 10]
