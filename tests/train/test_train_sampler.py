"""Batches: what is in a row, which landmark answers which question, and that only the seed decides it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations, product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from train_tools import SETS, document_bounds, make_sampler, marked_encoder, sentence_text, training_set

from lmkindex.encoder import FakeEncoder, normalise
from lmkindex.token_records import Row
from lmkindex.train import StageRecipe
from lmkindex.train.label import label_questions
from lmkindex.train.mine import KEPT, NEAR_SENTENCES, SKIPPED, load_mined, mine_negatives, save_mined
from lmkindex.train.recipe import KINDS
from lmkindex.train.sampler import draw_passages
from lmkindex.train.training_batch import Asked, LandmarkPlace, TrainingBatch
from lmkindex.train.training_rows import Segment, make_training_row, row_maker, segments_row
from lmkindex.train.training_sets import LabelledQuestion, TrainingSet

POOLINGS = ("lmk", "sentence_mean")


def same(first: TrainingBatch, second: TrainingBatch) -> bool:
    """Whether two batches are equal, arrays included."""
    return (
        first.places == second.places
        and first.asked == second.asked
        and all(np.array_equal(a, b) for a, b in zip(arrays_of(first), arrays_of(second), strict=True))
    )


def arrays_of(batch: TrainingBatch) -> list[Any]:
    rows = (*batch.rows, *batch.question_rows)
    return [
        *(row.ids_T for row in rows),
        *(row.starts for row in rows),
        *(row.ends for row in rows),
        batch.weights_QN,
        batch.is_negative_QN,
    ]


def landmarks_of(rows: tuple[Row, ...]) -> list[tuple[Row, int, int]]:
    """(row, start, end) of each landmark, in the order of a batch's places."""
    return [(row, start, end) for row in rows for start, end in zip(row.starts, row.ends, strict=True)]


@pytest.mark.parametrize(("kind", "pooling"), list(product(KINDS, POOLINGS)))
def test_a_batch_is_a_pure_function_of_its_seed(kind: str, pooling: str) -> None:
    samplers = [make_sampler(kind, pooling=pooling) for _ in range(2)]
    batches = [[sampler.draw((0, 1, step, 0)) for step in order] for sampler, order in zip(samplers, ((0, 1, 2), (2, 1, 0)), strict=True)]
    assert all(same(first, second) for first, second in zip(batches[0], reversed(batches[1]), strict=True))
    seeds = [(0, 1, 0, 0), (1, 1, 0, 0), (0, 2, 0, 0), (0, 1, 1, 0), (0, 1, 0, 1)]  # each part of the seed counts
    draws = [samplers[0].draw(seed) for seed in seeds]
    assert not any(same(draws[0], other) for other in draws[1:])


@settings(max_examples=120)
@given(
    st.sampled_from(KINDS),
    st.sampled_from(POOLINGS),
    st.integers(0, 10**6),
    st.sampled_from([16, 17, 40, 64, 256]),
    st.sampled_from([8, 32, 128, 400]),
    st.sampled_from([1, 4]),
    st.sampled_from([0, 1, 2]),
)
def test_what_stands_in_a_batch(
    kind: str, pooling: str, seed: int, window_tokens: int, passage_tokens: int, max_questions: int, sets_per_batch: int
) -> None:
    sampler = make_sampler(
        kind,
        pooling=pooling,
        window_tokens=window_tokens,
        batch_tokens=window_tokens,
        passage_tokens=passage_tokens,
        max_questions=max_questions,
        sets_per_batch=sets_per_batch,
        windows_per_document=1 + seed % 3,
    )
    batch, maker = sampler.draw((seed,)), sampler.maker
    assert sum(len(row.ids_T) for row in batch.rows) >= window_tokens
    assert batch.num_tokens == sum(len(row.ids_T) for row in (*batch.rows, *batch.question_rows))
    for row in (*batch.rows, *batch.question_rows):
        assert len(row.ids_T) <= window_tokens
        assert tuple(row.ids_T[: len(maker.prefix_ids)]) == maker.prefix_ids
        assert tuple(row.ids_T[len(row.ids_T) - len(maker.suffix_ids) :]) == maker.suffix_ids
        inner = [id for start, end in zip(row.starts, row.ends, strict=True) for id in (*row.ids_T[start:end], *maker.landmark)]
        assert [*maker.prefix_ids, *inner, *maker.suffix_ids] == row.ids_T.tolist()  # a row has nothing else
    landmarks = landmarks_of(batch.rows)
    assert len(landmarks) == len(batch.places)
    for (row, start, end), place in zip(landmarks, batch.places, strict=True):
        one = sampler.sets[place.set_index]
        ids_T = one.ids_T[one.sentence_tokens[place.first] : one.sentence_tokens[place.end]]
        assert row.ids_T[start:end].tolist() == ids_T[: end - start].tolist()
        # Only a sentence longer than a whole row is cut: its landmark is alone in the row.
        assert end - start == len(ids_T) or (row.starts == (start,) and len(row.ids_T) == window_tokens and place.end - place.first == 1)
        assert place.end - place.first == 1 or kind in ("pairs", "chunks")
    for row, asked in zip(batch.question_rows, batch.asked, strict=True):
        ids_T = sampler.sets[asked.set_index].questions[asked.question].ids_T
        assert len(row.starts) == 1 and row.ids_T[row.starts[0] : row.ends[0]].tolist() == ids_T[: row.ends[0] - row.starts[0]].tolist()
    assert len(set(batch.asked)) == len(batch.asked) > 0
    np.testing.assert_allclose(batch.weights_QN.sum(axis=1), 1, rtol=1e-5)  # every question has a positive
    assert not (batch.is_negative_QN & (batch.weights_QN > 0)).any()
    assert len({place.set_index for place in batch.places}) <= (sets_per_batch or len(SETS))
    for asked, weights_N in zip(batch.asked, batch.weights_QN, strict=True):  # where the evidence ends, there is a landmark
        runs = sampler.sets[asked.set_index].questions[asked.question].runs
        positives = [batch.places[index] for index in np.flatnonzero(weights_N)]
        assert any(place.first <= last < place.end for place in positives for _, last in runs)


@pytest.mark.parametrize("kind", KINDS)
def test_each_set_gives_rows_by_its_weight(kind: str) -> None:
    sampler = make_sampler(kind, sets=(SETS[0], replace(SETS[0], name="other", weight=3.0)), batch_tokens=2000)
    drawn = Counter(place.set_index for step in range(10) for place in sampler.draw((step,)).places)
    assert 0.6 < drawn[1] / drawn.total() < 0.9
    only = make_sampler(kind, sets=(SETS[0], replace(SETS[0], name="other")), batch_tokens=2000)
    only = replace(only, stage=replace(only.stage, sets=("other",)))
    assert {place.set_index for place in only.draw((0,)).places} == {1}


def rows_of_places(batch: TrainingBatch) -> list[list[LandmarkPlace]]:
    places = iter(batch.places)
    return [[next(places) for _ in row.starts] for row in batch.rows]


def test_windows_show_a_document_in_its_order_at_random_places() -> None:
    one = SETS[0]
    sampler = make_sampler("documents", sets=(one,), batch_tokens=2000)
    positions: list[float] = []
    first_sentences, asked = set(), set()
    for step in range(20):
        batch = sampler.draw((step,))
        asked |= {one.question for one in batch.asked}
        for places in rows_of_places(batch):
            first, end = places[0].first, places[-1].end
            assert [place.first for place in places] == list(range(first, end))
            first_sentences.add(first)
            for question in (one.questions[asked.question] for asked in batch.asked):
                document_first, document_end = document_bounds(one, question.document)
                if document_first < first <= question.runs[0][1] < end < document_end and len(places) >= 4:
                    positions.append((question.runs[0][1] - first) / (len(places) - 1))
    counts, _ = np.histogram(positions, bins=4, range=(0, 1))
    assert counts.min() > 0.1 * len(positions)  # evidence occurs at the beginning, in the middle and at the end of windows
    assert len(first_sentences) > 40 and asked == set(range(len(one.questions)))


@pytest.mark.parametrize("index", [0, 1])
def test_passages_are_of_different_questions_shuffled_and_inside_their_paragraph(index: int) -> None:
    one = SETS[index]
    sampler = make_sampler("pseudo", sets=(one,), window_tokens=128)
    num_in_order, num_drawn = 0, 0
    for seed in range(100):
        passages = draw_passages(sampler, 0, np.random.default_rng(seed))
        for passage in passages:
            ending = [run for question in one.questions for run in question.runs if passage.first <= run[1] < passage.end]
            assert ending  # each has the evidence of a question
            crossed = [sentence for sentence in range(passage.first, passage.end - 1) if one.ends_paragraph_S[sentence]]
            assert all(any(first <= sentence < last for first, last in ending) for sentence in crossed)
        firsts = [passage.first for passage in passages]
        assert not any(a.overlaps(b) for a, b in combinations(passages, 2))
        num_drawn += len(passages) > 2
        num_in_order += len(passages) > 2 and firsts == sorted(firsts)
    assert num_drawn > 50 and num_in_order < 0.35 * num_drawn  # one in six by chance


@pytest.mark.parametrize(("kind", "index"), [("pseudo", 0), ("pseudo", 1), ("documents", 1), ("chunks", 1)])
def test_a_packed_set_is_never_shown_in_its_own_order(kind: str, index: int) -> None:
    """Its windows would run across paragraph ends; rows of passages contain these only by chance."""
    one = SETS[index]
    sampler = make_sampler(kind, sets=(one,), batch_tokens=1000, window_tokens=128)
    num_rows, num_runs = 0, 0
    for step in range(10):
        for places in rows_of_places(sampler.draw((step,))):
            sentences = [place.first for place in places]
            assert len(set(sentences)) == len(sentences)
            num_rows += 1
            num_runs += len(sentences) > 6 and sentences == list(range(sentences[0], sentences[0] + len(sentences)))
    assert num_rows > 50 and num_runs < 0.05 * num_rows


def test_pairs_have_one_landmark_at_the_end_of_a_passage() -> None:
    sampler = make_sampler("pairs", sets=SETS[:2], batch_tokens=2000)
    batch = sampler.draw((0,))
    assert all(len(row.starts) == 1 for row in batch.rows)
    for place in batch.places:
        one = SETS[place.set_index]
        assert one.num_tokens(place.first, place.end) <= 32 or place.end - place.first == 1
        assert any(place.first <= last < place.end for question in one.questions for _, last in question.runs)


def test_passages_start_at_different_distances_from_the_evidence() -> None:
    sampler = make_sampler("pairs", sets=SETS[:1], batch_tokens=2000, passage_tokens=60)
    places = [place for step in range(10) for place in sampler.draw((step,)).places]
    shapes: dict[int, set[tuple[int, int]]] = {}
    for question, (first, last) in [(number, question.runs[0]) for number, question in enumerate(SETS[0].questions)]:
        shapes[question] = {(first - place.first, place.end - last) for place in places if place.first <= first and last < place.end}
    assert max(map(len, shapes.values())) >= 3


def test_chunks_have_several_sizes_and_tile_what_is_shown() -> None:
    sampler = make_sampler("chunks", sets=SETS[:1], batch_tokens=3000, window_tokens=128, passage_tokens=32)
    sizes = [SETS[0].num_tokens(place.first, place.end) for step in range(10) for place in sampler.draw((step,)).places]
    assert max(sizes) <= 64 and sum(size <= 16 for size in sizes) > 20 and sum(size > 32 for size in sizes) > 20


def test_mined_negatives_stand_in_pseudo_documents_near_their_question() -> None:
    one = SETS[0]
    free = [s for s in range(len(one.sentence_starts_S)) if all(abs(s - e) > 8 for q in one.questions for run in q.runs for e in run)]
    hard = tuple(free[:2])
    mined = {0: dict.fromkeys(range(len(one.questions)), hard)}
    plain = make_sampler("pseudo", sets=(one,), window_tokens=256, batch_tokens=1000)
    with_mined = replace(plain, mined=mined, stage=replace(plain.stage, hard_negatives=2))
    drawn = [{place.first for place in sampler.draw((0,)).places} for sampler in (plain, with_mined)]
    assert not drawn[0] & set(hard) and set(hard) <= drawn[1]
    batch = with_mined.draw((0,))
    columns = [index for index, place in enumerate(batch.places) if place.first in hard]
    texts = [sentence_text(one, batch.places[index].first).lower() for index in columns]
    for asked, is_negative_N in zip(batch.asked, batch.is_negative_QN, strict=True):
        for index, text in zip(columns, texts, strict=True):
            assert is_negative_N[index] == (not any(answer in text for answer in one.questions[asked.question].answers))


def test_evidence_longer_than_a_window_gives_a_question_all_the_same() -> None:
    """A random part of it may not contain the end of the run, so there is nothing to ask: then more is drawn."""
    one = training_set("long", 5, num_documents=1, num_questions=1)
    one = replace(one, questions=(replace(one.questions[0], runs=((0, len(one.sentence_starts_S) - 1),)),))
    sampler = make_sampler("documents", sets=(one,), batch_tokens=64, windows_per_document=1)
    batches = [sampler.draw((seed,)) for seed in range(20)]
    assert all(len(batch.asked) == 1 for batch in batches) and max(len(batch.rows) for batch in batches) > 1


def test_the_teacher_reads_the_same_sentences_without_landmarks() -> None:
    sampler = make_sampler("distil", batch_tokens=1500)
    batch = sampler.draw((3,))
    rows = (*batch.rows, *batch.question_rows)
    assert len(batch.teacher_rows) == len(rows)
    for row, plain in zip(rows, batch.teacher_rows, strict=True):
        assert len(row.starts) == len(plain.starts) and len(plain.ids_T) <= 64
        assert not set(sampler.maker.landmark) & set(plain.ids_T.tolist())
        for (start, end), (plain_start, plain_end) in zip(zip(row.starts, row.ends), zip(plain.starts, plain.ends), strict=True):  # noqa: B905
            ids = plain.ids_T[plain_start:plain_end].tolist()
            assert row.ids_T[start:end].tolist() == ids[: end - start] and len(ids) - (end - start) <= 1  # a row's only sentence may be cut
    assert not sampler.draw((3,)).targets_VD and not make_sampler("documents").draw((3,)).teacher_rows
    assert make_sampler("documents", keep=1.0).draw((3,)).teacher_rows


def test_a_set_with_one_question_fills_batches_all_the_same() -> None:
    one = training_set("single", 3, num_questions=1)
    for kind in KINDS:
        batch = make_sampler(kind, sets=(one,), batch_tokens=600).draw((0,))
        assert len(batch.asked) == 1 and sum(len(row.ids_T) for row in batch.rows) >= 600


# Labels


def brute_labels(sets: tuple[TrainingSet, ...], places: list[LandmarkPlace], asked: list[Asked], alpha: float) -> tuple[Any, Any]:
    """The definition, sentence by sentence."""
    weights_QN, is_negative_QN = np.zeros((len(asked), len(places))), np.ones((len(asked), len(places)), dtype=bool)
    for q, one in enumerate(asked):
        question = sets[one.set_index].questions[one.question]
        for n, place in enumerate(places):
            if place.set_index == one.set_index:
                distances = [
                    max(last - (place.end - 1), 0)
                    for first, last in question.runs
                    if any(first <= sentence <= last for sentence in range(place.first, place.end))
                ]
                weights_QN[q, n] = max((np.exp(-alpha * distance) for distance in distances), default=0)
            text = sets[place.set_index].text
            starts, ends = sets[place.set_index].sentence_starts_S, sets[place.set_index].sentence_ends_S
            shown = text[starts[place.first] : ends[place.end - 1]].lower()
            if any(re.search(rf"(?<!\w){re.escape(answer)}(?!\w)", shown) for answer in question.answers):
                is_negative_QN[q, n] = False
            twins = [other for other in sets[place.set_index].questions if other.text.lower() == question.text.lower()]
            if any(first < place.end and place.first <= last for other in twins for first, last in other.runs):
                is_negative_QN[q, n] = False
    sums_Q1 = weights_QN.sum(axis=1, keepdims=True)
    return np.divide(weights_QN, sums_Q1, out=np.zeros_like(weights_QN), where=sums_Q1 > 0), is_negative_QN


@st.composite
def places_and_questions(draw: st.DrawFn) -> tuple[list[LandmarkPlace], list[Asked]]:
    places = []
    for _ in range(draw(st.integers(1, 12))):
        set_index = draw(st.integers(0, 1))
        first = draw(st.integers(0, 30))
        places.append(LandmarkPlace(set_index=set_index, first=first, end=first + draw(st.sampled_from([1, 1, 1, 2, 5]))))
    numbers = st.tuples(st.integers(0, 1), st.integers(0, 23))
    return places, [Asked(set_index=s, question=q) for s, q in draw(st.lists(numbers, min_size=1, max_size=6, unique=True))]


def with_odd_questions(one: TrainingSet, seed: int) -> TrainingSet:
    """The set with questions of several runs near its beginning, some of the same words, some with an answer that
    stands elsewhere."""
    generator = np.random.default_rng(seed)
    questions = []
    for number, question in enumerate(one.questions):
        first = int(generator.integers(0, 20))
        runs = ((first, first + int(generator.integers(0, 4))), (first + 6, first + 6 + int(generator.integers(0, 3))))
        word = sentence_text(one, int(generator.integers(0, 30))).lower().rstrip(".").split()[int(generator.integers(0, 4))]
        answers = ("the keeper",) if number % 5 == 0 else (word[number % 2 :],)  # every second one is the end of a word
        text = "The same?" if number % 4 == 0 else "the SAME?" if number % 4 == 1 else question.text
        questions.append(replace(question, runs=runs[: 1 + number % 2], answers=answers if number % 3 else (), text=text))
    return with_questions(one, questions)


def with_questions(one: TrainingSet, questions: Sequence[LabelledQuestion]) -> TrainingSet:
    """The set with other questions."""
    texts = {question.text.lower() for question in questions}
    runs = {text: np.asarray([run for question in questions if question.text.lower() == text for run in question.runs]) for text in texts}
    return replace(one, questions=tuple(questions), runs_of_text=runs)


ODD_SETS = (with_odd_questions(SETS[0], 1), with_odd_questions(SETS[1], 2))


@settings(max_examples=60)
@given(places_and_questions(), st.sampled_from([0.0, 0.08, 0.5, 3.0]))
def test_labels_are_those_of_their_definition(case: tuple[list[LandmarkPlace], list[Asked]], alpha: float) -> None:
    places, asked = case
    weights_QN, is_negative_QN = label_questions(ODD_SETS, places, asked, alpha)
    expected_weights_QN, expected_negative_QN = brute_labels(ODD_SETS, places, asked, alpha)
    np.testing.assert_allclose(weights_QN, expected_weights_QN, rtol=1e-5, atol=1e-7)
    np.testing.assert_array_equal(is_negative_QN, expected_negative_QN)
    assert weights_QN.dtype == np.float32


def test_weights_fall_with_the_distance_from_the_last_sentence() -> None:
    one = with_questions(SETS[0], [replace(SETS[0].questions[0], runs=((4, 7),), answers=())])
    places = [LandmarkPlace(set_index=0, first=index, end=index + 1) for index in range(3, 9)]
    weights_QN, is_negative_QN = label_questions((one,), places, [Asked(set_index=0, question=0)], 0.08)
    expected = np.exp(-0.08 * np.asarray([3, 2, 1, 0]))
    np.testing.assert_allclose(weights_QN[0], [0, *(expected / expected.sum()), 0], rtol=1e-6)
    assert is_negative_QN[0].tolist() == [True, False, False, False, False, True]
    weights_QN, _ = label_questions((one,), places, [Asked(set_index=0, question=0)], 0.0)
    np.testing.assert_allclose(weights_QN[0], [0, 0.25, 0.25, 0.25, 0.25, 0], rtol=1e-6)


# Rows and mining


def test_a_row_is_cut_at_the_window_and_what_does_not_fit_is_left_out() -> None:
    maker = replace(row_maker(marked_encoder(), 12))
    parts = [np.arange(10, 14, dtype=np.int32), np.arange(20, 26, dtype=np.int32), np.arange(30, 32, dtype=np.int32)]
    row = make_training_row(maker, parts)
    assert row.ids_T.tolist() == [1, 10, 11, 12, 13, 0, 20, 21, 22, 23, 0, 2]
    assert (row.starts, row.ends) == ((1, 6), (5, 10))
    plain = make_training_row(replace(maker, landmark=()), parts)
    assert plain.ids_T.tolist() == [1, 10, 11, 12, 13, 20, 21, 22, 23, 24, 25, 2]
    segment = Segment(set_index=0, first=0, end=5)
    row, places = segments_row(row_maker(marked_encoder(), 30), SETS, [segment])
    assert len(places) == len(row.starts) < 5 and len(row.ids_T) <= 30
    unit, unit_places = segments_row(row_maker(marked_encoder(), 200), SETS, [replace(segment, is_unit=True)])
    assert unit_places == [LandmarkPlace(set_index=0, first=0, end=5)] and len(unit.starts) == 1


def overlap_encoder() -> FakeEncoder:
    """The fake encoder for rows with landmarks: similar sentences share words."""
    encoder = marked_encoder()
    encoder.folder = replace(encoder.folder, window_tokens=128)
    return encoder


def test_mined_negatives_are_similar_and_no_answers(tmp_path: Path) -> None:
    stage = StageRecipe(kind="pseudo", steps=1, hard_negatives=2, mine_documents=3, window_tokens=512, batch_tokens=600)
    encoder = overlap_encoder()
    seen: list[str] = []
    mined = mine_negatives(SETS, stage, encoder, 0, seen.append)
    assert seen == ["alpha", "beta", "odd"] and {0, 1} <= set(mined)
    assert mined == mine_negatives(SETS, stage, encoder, 0)
    for set_index, of in mined.items():
        one = SETS[set_index]
        documents = {one.questions[question].document for question in of}
        documents |= {int(np.searchsorted(one.document_sentences, s, side="right")) - 1 for hard in of.values() for s in hard}
        assert len(documents) <= 3
        for question, hard in of.items():
            asked = one.questions[question]
            assert 0 < len(hard) <= KEPT and len(set(hard)) == len(hard)
            for sentence in hard:
                assert all(not first - NEAR_SENTENCES <= sentence <= last + NEAR_SENTENCES for first, last in asked.runs)
                assert not any(answer in sentence_text(one, sentence).lower() for answer in asked.answers)
    save_mined(tmp_path / "mined.npz", mined)
    assert load_mined(tmp_path / "mined.npz") == mined
    save_mined(tmp_path / "none.npz", {})
    assert load_mined(tmp_path / "none.npz") == {}


def test_mined_negatives_are_the_best_after_the_first_three() -> None:
    """Against a search over all sentences; the fake encoder knows no context, so each can be encoded by itself."""
    stage = StageRecipe(kind="pseudo", steps=1, hard_negatives=1, window_tokens=96, batch_tokens=600)
    encoder = overlap_encoder()
    one, maker = SETS[0], row_maker(encoder, 128)
    of = mine_negatives(SETS[:1], stage, encoder, 0)[0]
    assert set(of) == set(range(len(one.questions)))
    sentence_rows = [segments_row(maker, SETS, [Segment(set_index=0, first=s, end=s + 1)])[0] for s in range(len(one.sentence_starts_S))]
    vectors_SD = normalise(np.concatenate(encoder.encode_rows(sentence_rows)))
    for question, hard in of.items():
        asked = one.questions[question]
        scores_S = vectors_SD @ normalise(np.concatenate(encoder.encode_rows([make_training_row(maker, [asked.ids_T])])))[0]
        near = {s for first, last in asked.runs for s in range(first - NEAR_SENTENCES, last + NEAR_SENTENCES + 1)}
        candidates = [s for s in np.argsort(-scores_S, kind="stable").tolist() if s not in near]
        words = [set(re.findall(r"\w+", sentence_text(one, s).lower())) for s in range(len(one.sentence_starts_S))]
        candidates = [s for s in candidates if not words[s].intersection(asked.answers)]
        assert list(hard) == candidates[SKIPPED : SKIPPED + KEPT]


def test_only_the_sets_of_a_stage_are_mined_and_never_windows_longer_than_the_encoder_takes() -> None:
    stage = StageRecipe(kind="pseudo", steps=1, hard_negatives=2, sets=("beta",), window_tokens=512, batch_tokens=600)
    encoder = overlap_encoder()
    lengths: list[int] = []
    encode = encoder.encode_rows
    encoder.encode_rows = lambda rows: lengths.extend(len(row.ids_T) for row in rows) or encode(rows)  # type: ignore[method-assign,func-returns-value]
    assert set(mine_negatives(SETS, stage, encoder, 0)) == {1}
    assert max(lengths) <= 128
