"""`length`: needles, places, stretches of the haystack, the real index, and the experiment as a whole."""

from __future__ import annotations

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
from lmkindex.encoder import Encoder, FakeEncoder, load_encoder, read_folder
from lmkindex.encoder.cache import VectorCache
from lmkindex.errors import UsageError
from lmkindex.evaluate.experiments.common import Experiment, ExperimentInput
from lmkindex.evaluate.experiments.length import run_length
from lmkindex.evaluate.experiments.length.costs import head_of
from lmkindex.evaluate.experiments.length.design import ANN_FOUND, ANN_RECALL, EXACT_RECALL, MAIN, SYSTEMS, LengthDesign, hunt_systems
from lmkindex.evaluate.experiments.length.hunt import Hunt, order_of, pieces_in, prepare_hunt, rank_at, score_at, stretch_of
from lmkindex.evaluate.experiments.length.hunt_index import HuntIndex, measure_index, passage_sentences
from lmkindex.evaluate.experiments.length.needles import (
    EVIDENCE_TOKENS,
    PASSAGE_SENTENCES,
    PASSAGE_TOKENS,
    Needle,
    NeedlePlace,
    cut_needle,
    draw_places,
    gather,
    make_local,
)
from lmkindex.index import IndexReader

DESIGN = LengthDesign(lengths=(520, 1_500, 4_000, 400_000), num_needles=24, min_needles=6, min_ann_rows=100, timed_questions=2)
LENGTHS = [520, 1_500, 4_000]  # what the made-up sets have text for


def word_set(name: str, seed: int, num_documents: int = 8, num_sentences: int = 70) -> EvaluationSet:
    """Documents in which some sentences hold a word that is in no other, and a question with this word about each of
    them."""
    documents, questions = [], []
    for index in range(num_documents):
        text, doc_id = tiny.prose(seed + index, num_sentences), f"d{index}"
        for number in range(3):
            corpus = make_corpus([text], FakeEncoder())
            start, end = int(corpus.sentence_starts_S[20 * number + 5]), int(corpus.sentence_ends_S[20 * number + 5])
            word = f"{name}qz{index}x{number}"
            sentence = f"The {word} was seen {word} by {word}."
            text = text[:start] + sentence + text[end:]
            question_id = f"{doc_id}-{number}"
            spans = ((start, start + len(sentence)),)
            questions.append(Question(question_id=question_id, doc_id=doc_id, text=f"{word}?", answers=(), spans=spans))
        documents.append(SourceDocument(doc_id=doc_id, title="", text=text))
    one = EvaluationSet(name=name, documents=tuple(documents), questions=tuple(questions))
    texts = {document.doc_id: document.text for document in documents}
    # Replacing a later sentence leaves the places of earlier ones as they are.
    assert all(texts[question.doc_id][slice(*question.spans[0])].startswith(f"The {name}qz") for question in questions)
    return one


def sets() -> list[EvaluationSet]:
    return [word_set("alpha", 100), word_set("beta", 200)]


def experiment_input(cache: Path, encoder: Encoder | None = None, chosen: Sequence[EvaluationSet] | None = None) -> ExperimentInput:
    return ExperimentInput(
        sets=tuple(sets() if chosen is None else chosen),
        landmark_encoder=encoder or FakeEncoder(),
        baseline_encoder=FakeEncoder(),
        cache=VectorCache(cache),
    )


@pytest.fixture(scope="module")
def hunt(tmp_path_factory: pytest.TempPathFactory) -> Hunt:
    return prepare_hunt(experiment_input(tmp_path_factory.mktemp("cache")), DESIGN)


# --- needles


@settings(max_examples=40)
@given(st.integers(0, 5), st.integers(0, 68), st.integers(1, 14), st.integers(0, 5))
def test_a_needle_is_the_evidence_with_what_stands_around_it(seed: int, first: int, length: int, trim: int) -> None:
    texts = [tiny.prose(50, 9), tiny.prose(seed, 70)]
    corpus = make_corpus(texts, FakeEncoder())
    offset, sentence = int(corpus.document_starts[1]), int(corpus.document_sentences[1])
    last = min(first + length, 70) - 1
    span = (int(corpus.sentence_starts_S[sentence + first]) + trim - offset, int(corpus.sentence_ends_S[sentence + last]) - offset)
    question = Question(question_id="q", doc_id="d", text="?", answers=(), spans=(span,))
    needle = cut_needle("x", corpus, question, 1)
    size = int(corpus.sentence_tokens[sentence + last + 1] - corpus.sentence_tokens[sentence + first])
    assert (needle is None) == (last - first + 1 > PASSAGE_SENTENCES or size > EVIDENCE_TOKENS)
    if needle is None:
        return
    assert needle.passage in texts[1]
    assert [needle.passage[start:end] for start, end in needle.question.spans] == [texts[1][slice(*span)]]
    inside = make_corpus([needle.passage], FakeEncoder())
    assert len(inside.sentence_starts_S) == PASSAGE_SENTENCES  # the sentences of this text are short enough
    assert inside.num_tokens <= PASSAGE_TOKENS


def test_no_needle_stands_in_the_haystack() -> None:
    chosen = sets()
    needles, haystack = gather(chosen, FakeEncoder(), 12, 100_000, 0)
    assert len(needles) == 12
    assert {needle.set_name for needle in needles} == {"alpha", "beta"}
    for needle in needles:
        assert needle.question.text.removesuffix("?") not in haystack
        one = next(one for one in chosen if one.name == needle.set_name)
        text = next(document.text for document in one.documents if document.doc_id == needle.question.doc_id)
        assert text.strip() not in haystack
    num_used = len({(needle.set_name, needle.question.doc_id) for needle in needles})
    assert sum(document.text.strip() in haystack for one in chosen for document in one.documents) == 16 - num_used


def test_a_passage_that_the_haystack_repeats_is_no_needle() -> None:
    one = word_set("alpha", 100)
    copies = tuple(replace(document, doc_id=f"copy-{document.doc_id}") for document in one.documents)
    needles, haystack = gather([one, EvaluationSet(name="copies", documents=copies, questions=())], FakeEncoder(), 16, 100_000, 0)
    assert needles == []
    assert haystack


def test_samples_do_not_depend_on_other_sets() -> None:
    one, other = sets()
    alone = {needle.question.question_id for needle in gather([one], FakeEncoder(), 8, 100_000, 0)[0]}
    again = {needle.question.question_id for needle in gather([one], FakeEncoder(), 8, 100_000, 0)[0]}
    assert alone == again
    assert alone != {needle.question.question_id for needle in gather([one], FakeEncoder(), 8, 100_000, 1)[0]}
    assert gather([one, other], FakeEncoder(), 8, 100_000, 0)[0]


@settings(max_examples=40)
@given(st.integers(0, 3), st.integers(40, 400), st.integers(0, 10_000))
def test_a_local_document_is_the_needle_in_the_haystack(seed: int, side_tokens: int, draw: int) -> None:
    text = tiny.prose(seed, 150)
    haystack = make_corpus([text], FakeEncoder())
    (place,) = draw_places(haystack, 1, side_tokens, draw)
    passage = tiny.prose(99, 4).strip()
    question = Question(question_id="q", doc_id="d", text="?", answers=(), spans=((0, 5),))
    local = make_local(haystack, Needle(set_name="x", passage=passage, question=question), place, side_tokens)
    assert local.text[local.start : local.passage_end] == passage
    before, after = local.text[: local.start].strip(), local.text[local.passage_end :].strip()
    assert f"{before}\n\n{after}" in text
    assert local.first <= place.before <= local.end
    for first, end in ((local.first, place.before), (place.before, local.end)):
        num_tokens = int(haystack.sentence_tokens[end] - haystack.sentence_tokens[first])
        assert side_tokens - 40 <= num_tokens <= side_tokens  # whole sentences, none longer than 20 tokens
    assert haystack.ends_paragraph_S[place.before - 1]


def test_a_haystack_without_room_has_no_places() -> None:
    assert draw_places(make_corpus([tiny.prose(0, 10)], FakeEncoder()), 3, 1_000, 0) == []


# --- stretches


def test_longer_documents_hold_the_shorter_ones(hunt: Hunt) -> None:
    corpus = hunt.bench.corpus
    num_tokens_S = np.diff(corpus.sentence_tokens)
    longest = int(num_tokens_S.max())
    assert hunt.lengths == LENGTHS
    assert len(set(hunt.sides.values())) == 2  # the shortest documents have less around the needle than a window holds
    for index in range(len(hunt.needles)):
        haystack_parts = []
        for length in LENGTHS:
            ranges = stretch_of(hunt, index, length)
            assert all(start <= end for start, end in ranges)
            assert all(before[1] <= after[0] for before, after in pairwise(ranges))
            ids = pieces_in(hunt.bench.pieces("sentence"), ranges)
            assert len(set(ids.tolist())) == len(ids)
            assert length - 6 * longest <= int(num_tokens_S[ids].sum()) <= length
            row = hunt.row_of(index, length)
            evidence = hunt.bench.evidences[row]
            assert ranges[-1][0] <= evidence.starts[0] < evidence.ends[-1] <= ranges[-1][1]
            assert (
                corpus.text_of(int(evidence.starts[0]), int(evidence.ends[0]))
                == hunt.needles[index].passage[slice(*hunt.needles[index].question.spans[0])]
            )
            haystack_parts.append((ranges[0][0], ranges[1][1]))
        assert all(after[0] <= before[0] and before[1] <= after[1] for before, after in pairwise(haystack_parts))


def test_words_that_are_nowhere_else_are_found_at_every_length(hunt: Hunt) -> None:
    words = next(system for system in hunt_systems() if system.name == "bm25-sentence")
    for length in LENGTHS:
        figures = score_at(hunt, words, length)
        assert figures["MRR"].tolist() == [1.0] * len(hunt.needles)
        assert figures[MAIN].tolist() == [1.0] * len(hunt.needles)


def test_hits_come_from_the_document_alone(hunt: Hunt) -> None:
    for system in hunt_systems():
        for index in (0, len(hunt.needles) - 1):
            ranking, ranges = rank_at(hunt, system, index, 520), stretch_of(hunt, index, 520)
            assert len(ranking.starts_R)
            for start in ranking.boundaries_R.tolist():
                # A chunk or a span that begins inside may end beyond: its boundary is at most a chunk away.
                assert any(first <= start <= end + 2_000 for first, end in ranges)


def test_landmarks_are_lifted_by_what_is_shown_beside_them(hunt: Hunt) -> None:
    system, region = next(one for one in hunt_systems() if one.name == "landmark-auto"), SearchOptions().region
    corpus, index = hunt.bench.corpus, 1
    scores_S = hunt.bench.vector_scores(system)[hunt.row_of(index, 520)]
    lifted: dict[int, float] = {}
    for first, end in stretch_of(hunt, index, 520):
        shown = np.flatnonzero((corpus.sentence_starts_S >= first) & (corpus.sentence_starts_S < end)).tolist()
        for one in shown:
            best = max(float(scores_S[other]) for other in shown if abs(other - one) <= region)
            lifted[int(corpus.sentence_ends_S[one])] = (float(scores_S[one]) + best) / 2
    found = rank_at(hunt, system, index, 520).boundaries_R.tolist()
    assert sorted(found) == sorted(lifted)
    assert [lifted[end] for end in found] == pytest.approx(sorted(lifted.values(), reverse=True), abs=1e-6)


def test_the_best_of_some_pieces() -> None:
    order = order_of(np.asarray([0.9, 0.1, 0.5, 0.7], dtype=np.float32), np.asarray([1, 2, 3]), 2)
    assert order.ids_R.tolist() == [3, 2]
    assert order.scores_R.tolist() == pytest.approx([0.7, 0.5])


# --- the index


def test_passage_sentences_are_the_passage(hunt: Hunt) -> None:
    corpus = hunt.bench.corpus
    for index, needle in enumerate(hunt.needles):
        first, end = passage_sentences(hunt, index, 1_500)
        sentence = int(corpus.document_sentences[1 + hunt.row_of(index, 1_500)])
        found = corpus.text_of(int(corpus.sentence_starts_S[sentence + first]), int(corpus.sentence_ends_S[sentence + end - 1]))
        assert found == needle.passage


def test_the_index_holds_the_haystack_and_then_the_needles(hunt: Hunt, tmp_path: Path) -> None:
    index = HuntIndex(tmp_path, hunt, FakeEncoder(), 150)
    rows = tiny.all_landmarks(tmp_path)
    corpus = hunt.bench.corpus
    assert [row[2] for row in rows] == list(range(150))
    assert all(corpus.texts[0][start:end] == text for _, _, _, start, end, text, _ in rows)
    index.publish(1)
    index.add_needles(1_500)
    assert len(tiny.all_landmarks(tmp_path)) == 150 + PASSAGE_SENTENCES * len(hunt.needles)
    reader = IndexReader(tmp_path)
    (name,) = (one.name for one in reader.landmarks.list_indices() if "vector" in one.columns)
    stats = reader.landmarks.index_stats(name)
    assert (stats.index_type, stats.num_unindexed_rows) == ("IVF_RQ", 0)


def test_an_approximate_index_is_measured_against_exact_search(hunt: Hunt) -> None:
    cost = measure_index(hunt, FakeEncoder(), 4_000, DESIGN)
    assert cost.quality is not None and cost.nearest_ann_ms is not None and cost.ann_bytes is not None
    assert cost.num_rows >= DESIGN.min_ann_rows
    assert min(cost.nearest_exact_ms, cost.search_exact_ms, cost.nearest_ann_ms) > 0
    assert cost.table_bytes > 2 * 32 * cost.num_rows  # at least the vectors
    assert cost.ann_bytes > 0
    found = cost.quality[ANN_FOUND]
    assert np.all((found >= 0) & (found <= 1))
    assert found.mean() > 0.5
    assert np.all(np.abs(cost.quality[EXACT_RECALL] - cost.quality[ANN_RECALL]) <= 1)
    short = measure_index(hunt, FakeEncoder(), 520, DESIGN)
    assert short.quality is None and short.nearest_ann_ms is None
    assert short.num_rows < cost.num_rows


def test_vectors_of_an_odd_size_have_no_approximate_index(tmp_path: Path) -> None:
    encoder = FakeEncoder(dim=20)
    given_ = ExperimentInput(sets=tuple(sets()), landmark_encoder=encoder, baseline_encoder=encoder, cache=VectorCache(tmp_path))
    assert measure_index(prepare_hunt(given_, DESIGN), encoder, 4_000, DESIGN).quality is None


def test_the_head_of_the_haystack_is_as_long_as_asked(hunt: Hunt) -> None:
    for length in LENGTHS:
        text = head_of(hunt.bench.corpus, length)
        assert hunt.bench.corpus.texts[0].startswith(text)
        assert length - 40 <= make_corpus([text], FakeEncoder()).num_tokens <= length


# --- the experiment


def table_of(experiment: Experiment, title: str) -> dict[str, list[object]]:
    table = next(table for table in experiment.tables if title in table.title)
    assert all(len(row) == len(table.columns) for row in table.rows)
    return {str(row[0]): list(row[1:]) for row in table.rows}


def test_the_experiment_measures_every_length(tmp_path: Path) -> None:
    steps: list[str] = []
    experiment = run_length(replace(experiment_input(tmp_path), on_step=steps.append), DESIGN)
    assert len(steps) == 1 + len(SYSTEMS) + len(LENGTHS)
    quality = table_of(experiment, "recall@512 by length")
    assert set(quality) == {*SYSTEMS, "chance (budget / length)"}
    assert quality["bm25-sentence"] == ["1.000 [1.000, 1.000]"] * 3 + ["+.000 [+.000, +.000]"]
    assert quality["chance (budget / length)"] == ["0.9846", "0.3413", "0.1280", ""]
    assert set(table_of(experiment, "MRR by length")) == set(SYSTEMS)
    assert set(table_of(experiment, "Needles by set")) == {"alpha", "beta"}
    costs = next(table for table in experiment.tables if "seconds as measured" in table.title)
    vectors = {(row[0], row[1]): row[3] for row in costs.rows}
    assert vectors["4,000", "landmarks"] == vectors["4,000", "isolated"]
    assert vectors["4,000", "chunk-128"] == 4_000 // 128 + 1
    assert len(costs.rows) == 4 * len(LENGTHS)
    index = table_of(experiment, "The LanceDB table")
    assert index["520"][4] is not None and index["520"][6] is None and index["4,000"][6] is not None
    names = {figure.name for figure in experiment.figures}
    assert names == {"length-recall-512", "length-recall-128", "length-mrr", "length-differences", "length-seconds", "length-query-ms"}
    for figure in experiment.figures:
        assert figure.x_log
        assert all(list(series.xs) == LENGTHS and len(series.ys) == len(LENGTHS) for series in figure.series)
    assert "From 520 to 4,000 tokens" in experiment.verdict
    assert "IVF_RQ" in experiment.verdict
    fields = experiment.to_json(1.0)
    assert fields["settings"]["lengths"] == LENGTHS


def test_an_encoder_with_landmarks_and_its_own_tokens(tmp_path: Path, llama_folder: Path) -> None:
    encoder = load_encoder(read_folder(llama_folder), EncodeOptions(threads=1))
    design = replace(DESIGN, lengths=(600, 1_200), min_ann_rows=10_000, num_needles=6)
    experiment = run_length(experiment_input(tmp_path, encoder), design)
    assert "No approximate index was built" in experiment.verdict
    assert table_of(experiment, "recall@512 by length")["bm25-sentence"][0] == "1.000 [1.000, 1.000]"


def test_too_little_text_or_too_few_questions_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="least 1500 tokens"):
        run_length(experiment_input(tmp_path, chosen=[word_set("small", 1, num_documents=1)]), DESIGN)
    silent = [replace(one, questions=()) for one in sets()]
    with pytest.raises(UsageError, match="it found 0"):
        run_length(experiment_input(tmp_path, chosen=silent), DESIGN)


def test_a_place_is_a_share_of_what_is_left() -> None:
    haystack = make_corpus([tiny.prose(0, 300)], FakeEncoder())
    places = draw_places(haystack, 50, 200, 0)
    assert places == draw_places(haystack, 50, 200, 0)
    assert all(isinstance(place, NeedlePlace) and 0 <= place.depth < 1 for place in places)
    assert len({place.before for place in places}) > 10
