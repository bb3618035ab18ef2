"""`seams`: rows equal those of a build, cosines are those that a constructed encoder must give, and the rule recommends
what it says."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny
from hypothesis import given, settings
from hypothesis import strategies as st

from lmkindex.config import EncodeOptions
from lmkindex.datasets import EvaluationSet, Question, SourceDocument
from lmkindex.datasets.landmarks import document_tokens
from lmkindex.encoder import FakeEncoder, load_encoder, make_row, read_folder, window_options
from lmkindex.encoder.cache import VectorCache
from lmkindex.errors import UsageError
from lmkindex.evaluate import EvaluateOptions, Workbench, select_systems
from lmkindex.evaluate.evaluate_set import evaluate_set
from lmkindex.evaluate.experiments.common import Experiment, ExperimentInput
from lmkindex.evaluate.experiments.seams import run_seams
from lmkindex.evaluate.experiments.seams.design import MAX_COSINE_LOSS, Recommendation, recommend
from lmkindex.evaluate.experiments.seams.seam_rows import (
    Part,
    contexts_of,
    distances_of,
    eligible_sentences,
    limit_set,
    make_part,
    make_seam_row,
    reference_first,
    row_end,
    row_first,
    tolerance,
    windows_of,
)
from lmkindex.evaluate.records import Interval
from lmkindex.plots import draw_figure
from lmkindex.records import Float32Array
from lmkindex.sentences import split_sentences
from lmkindex.token_records import Row
from lmkindex.windows import make_windows

SLOPE, REACH = 0.04, 24  # of `TurningEncoder`


class TurningEncoder(FakeEncoder):
    """A sentence's vector turns away from (1, 0) by `SLOPE` for each token that it lacks of `REACH` before it in its
    row."""

    def __init__(self, window_tokens: int = 128, context_tokens: int = 32) -> None:
        super().__init__(dim=2, window_tokens=window_tokens, context_tokens=context_tokens)

    def encode_rows(self, rows: Sequence[Row]) -> list[Float32Array]:
        return [np.asarray([turned(start - len(self.prefix_ids)) for start in row.starts], dtype=np.float32) for row in rows]


def turned(num_before: int) -> tuple[float, float]:
    angle = SLOPE * max(0, REACH - num_before)
    return math.cos(angle), math.sin(angle)


def make_set(name: str = "prose", num_documents: int = 3, *, seed: int = 0, num_sentences: int = 60) -> EvaluationSet:
    """Documents of made-up prose; every fifth sentence is the evidence of a question in its own first words."""
    documents, questions = [], []
    for number in range(num_documents):
        text = tiny.prose(seed + number, num_sentences)
        documents.append(SourceDocument(doc_id=f"d{number}", title="", text=text))
        sentences = split_sentences(text)
        for index in range(2, len(sentences), 5):
            start, end = int(sentences.starts_S[index]), int(sentences.ends_S[index])
            asked = " ".join(text[start:end].split()[:5])
            questions.append(Question(question_id=f"{number}-{index}", doc_id=f"d{number}", text=asked, answers=(), spans=((start, end),)))
    return EvaluationSet(name=name, documents=tuple(documents), questions=tuple(questions))


def run(folder: Path, encoder: Any, *sets: EvaluationSet) -> Experiment:
    return run_seams(
        ExperimentInput(sets=sets or (make_set(),), landmark_encoder=encoder, baseline_encoder=encoder, cache=VectorCache(folder / "cache"))
    )


@cache
def prose_part() -> Part:
    return make_part(make_set(), FakeEncoder(), 10**6, 0)


def first_number(cell: object) -> float:
    """The mean of a cell such as `.444 [.401, .487]`."""
    return float(str(cell).split()[0])


# ---- rows


def test_a_seam_row_is_the_row_of_a_build() -> None:
    part, encoder = prose_part(), FakeEncoder()
    options, num_seen = window_options(encoder, 64, 16), 0
    for first, end in pairwise(part.corpus.document_sentences.tolist()):
        tokens = document_tokens(part.corpus, first, end)
        for window in make_windows(tokens, options, ""):
            core = first + window.core_pos
            row = make_seam_row(part, encoder, core - window.num_context, core + window.num_core, (core, core + window.num_core))
            expected = make_row(encoder, tokens, window)
            assert (row.ids_T.tolist(), row.starts, row.ends) == (expected.ids_T.tolist(), expected.starts, expected.ends)
            num_seen += 1
    assert num_seen > 20


@given(st.integers(0, 179), st.sampled_from(distances_of(62)))
def test_rows_fit_their_window_and_begin_where_they_should(pos: int, distance: int) -> None:
    part, encoder = prose_part(), FakeEncoder()
    document_first, document_end = part.document_of(pos)
    offsets = part.corpus.sentence_tokens
    own = part.corpus.token_ids_T[offsets[pos] : offsets[pos + 1]].tolist()
    firsts = [reference_first(part, pos)]
    if (first := row_first(part, pos, distance)) is not None:
        assert abs(int(part.cumulative[pos] - part.cumulative[first]) - distance) <= tolerance(distance)
        firsts.append(first)
    for first in firsts:
        assert document_first <= first <= pos
        ends = {pos + 1} if first == firsts[0] else {row_end(part, first, pos)}
        for end in ends:
            row = make_seam_row(part, encoder, first, end, (pos, pos + 1))
            assert end <= document_end and len(row.ids_T) <= 64
            assert row.ids_T[row.starts[0] : row.ends[0]].tolist() == own
            assert row.starts[0] == 1 + part.cumulative[pos] - part.cumulative[first]


def test_the_reference_has_all_the_context_that_fits() -> None:
    part = prose_part()
    for pos in eligible_sentences(part).tolist():
        first = reference_first(part, pos)
        assert part.cumulative[pos + 1] - part.cumulative[first] <= 62 < part.cumulative[pos + 1] - part.cumulative[first - 1]


def test_eligible_sentences_lie_deep_enough() -> None:
    part = prose_part()
    eligible = set(eligible_sentences(part).tolist())
    assert 30 < len(eligible) < 180
    for pos in range(180):
        first, end = part.document_of(pos)
        before, own, after = (
            int(part.cumulative[high] - part.cumulative[low]) for low, high in ((first, pos), (pos, pos + 1), (pos + 1, end))
        )
        assert (pos in eligible) == (before >= 62 and after >= 31 and own <= 15)


@settings(max_examples=30)
@given(st.integers(1, 2500), st.integers(0, 3))
def test_a_limited_set_keeps_whole_sentences_and_their_questions(max_tokens: int, seed: int) -> None:
    one, encoder = make_set(), FakeEncoder()
    limited = limit_set(one, encoder, max_tokens, seed)
    texts = {document.doc_id: document.text for document in one.documents}
    kept = {document.doc_id: document.text for document in limited.documents}
    assert sum(len(encoder.tokenize([text])[0]) for text in kept.values()) <= max_tokens
    for doc_id, text in kept.items():
        assert texts[doc_id].startswith(text) and text.endswith(".")
    assert [question.question_id for question in limited.questions] == [
        question.question_id for question in one.questions if question.spans[-1][1] <= len(kept.get(question.doc_id, ""))
    ]


def test_windows_of_a_build_are_counted() -> None:
    part, encoder = prose_part(), FakeEncoder()
    firsts, num_tokens = windows_of(part, encoder, 16)
    options = window_options(encoder, 64, 16)
    places, total = [], 0
    for first, end in pairwise(part.corpus.document_sentences.tolist()):
        windows = list(make_windows(document_tokens(part.corpus, first, end), options, ""))
        places += [first + window.core_pos for window in windows[1:]]
        total += sum(len(make_row(encoder, document_tokens(part.corpus, first, end), window).ids_T) for window in windows)
    assert (firsts.tolist(), num_tokens) == (places, total)
    assert part.corpus.num_tokens < windows_of(part, encoder, 0)[1] < num_tokens


def test_sizes_and_distances_follow_the_window() -> None:
    assert contexts_of(256, 64, (0, 16, 32, 64, 96, 128)) == [0, 16, 32, 64, 96, 128]
    assert contexts_of(64, 40, (0, 16, 32, 64)) == [0, 16, 32, 40]
    assert distances_of(254) == [0, 8, 16, 32, 64, 96, 128, 160]
    assert distances_of(2046)[-3:] == [256, 512, 1024]


# ---- the rule


@pytest.mark.parametrize(
    ("seams", "highs", "expected"),
    [
        ([0.5, 0.89, 0.9, 0.9], [0, 0, 0, 0], Recommendation(context_tokens=16, by_recall=0, last_step=0.0)),
        ([0.5, 0.88, 0.9, 0.9], [0, 0, 0, 0], Recommendation(context_tokens=32, by_recall=0, last_step=0.0)),
        ([1.0, 1.0, 1.0, 1.0], [-0.01, -0.01, 0, 0.1], Recommendation(context_tokens=32, by_recall=32, last_step=0.0)),
        ([0.5, 0.6, 0.7, 0.8], [0, 0, 0, 0], Recommendation(context_tokens=None, by_recall=0, last_step=0.1)),  # no plateau
        ([0.5, 0.6, 0.9, 0.9], [0, 0, -0.1, -0.1], Recommendation(context_tokens=None, by_recall=0, last_step=0.0)),
        ([0.9, 0.9, 0.9, None], [0, 0, 0, 0], Recommendation(context_tokens=None, by_recall=0, last_step=None)),
        ([None, 0.9, 0.9, 0.9], [0, 0, 0, 0], Recommendation(context_tokens=16, by_recall=0, last_step=0.0)),
        ([0.95, 0.94, 0.93, 0.9], [0, 0, 0, 0], Recommendation(context_tokens=0, by_recall=0, last_step=-0.03)),
    ],
)
def test_the_rule(seams: list[float | None], highs: list[float], expected: Recommendation) -> None:
    differences = [Interval(mean=high - 0.02, low=high - 0.04, high=high) for high in highs]
    # Allowing for rounding: .9 - .89 is a little more than .01 in binary.
    shifted = [None if one is None else one + (1e-9 if one == 0.89 else 0) for one in seams]
    found = recommend([0, 16, 32, 48], shifted, differences)
    assert (found.context_tokens, found.by_recall) == (expected.context_tokens, expected.by_recall)
    assert (found.last_step is None) == (expected.last_step is None)
    if found.last_step is not None:
        assert found.last_step == pytest.approx(expected.last_step)


# ---- the whole experiment


def test_an_encoder_that_sees_no_context_has_no_seams(tmp_path: Path) -> None:
    experiment = run(tmp_path, FakeEncoder())
    distances, _, builds = experiment.tables
    assert [row[0] for row in distances.rows] == [0, 8, 16, 32]
    assert {first_number(row[3]) for row in distances.rows} == {1.0}
    assert {first_number(row[6]) for row in distances.rows} == {1.0}
    assert [row[0] for row in builds.rows] == [0, 16, 32]
    assert {first_number(row[5]) for row in builds.rows} == {1.0}
    assert len({row[2] for row in builds.rows}) == 1  # the same vectors find the same
    assert builds.rows[0][3] == "+.000 [+.000, +.000]"
    assert experiment.settings["recommended_context_tokens"] == 0
    assert "context_tokens = 0" in experiment.verdict and "every interval of a difference includes zero" in experiment.verdict


def test_known_cosines_come_out(tmp_path: Path) -> None:
    encoder = TurningEncoder()
    distances, neighbours, builds = run(tmp_path, encoder, make_set(num_sentences=80)).tables
    assert [row[0] for row in distances.rows] == [0, 8, 16, 32, 64]
    at_start = math.cos(SLOPE * REACH)
    assert first_number(distances.rows[0][3]) == pytest.approx(at_start, abs=2e-3)
    assert first_number(distances.rows[-1][3]) == pytest.approx(1, abs=2e-3)
    assert first_number(distances.rows[-1][5]) == pytest.approx(1 - at_start, abs=2e-3)
    means = [first_number(row[3]) for row in distances.rows]
    assert means == sorted(means)
    assert first_number(neighbours.rows[0][2]) == pytest.approx(1, abs=2e-3)  # both deep in one window
    assert first_number(neighbours.rows[1][2]) == pytest.approx(at_start, abs=2e-3)
    assert first_number(builds.rows[0][5]) == pytest.approx(at_start, abs=2e-3)
    assert first_number(builds.rows[-1][5]) == pytest.approx(1, abs=2e-3)


def test_a_turning_encoder_gets_the_size_that_holds_it_still(tmp_path: Path) -> None:
    """Whole sentences of at most 17 tokens fill a context of 48 to 31 at least, more than `REACH`; the sizes below do
    not reach it."""
    experiment = run(tmp_path, TurningEncoder(context_tokens=48), make_set(num_sentences=80))
    sizes = {row[0]: first_number(row[5]) for row in experiment.tables[2].rows}
    assert list(sizes) == [0, 16, 32, 48, 64]
    recommended = experiment.settings["recommended_context_tokens"]
    assert recommended == next(size for size, cosine in sizes.items() if sizes[64] - cosine <= MAX_COSINE_LOSS + 5e-4)
    assert recommended in (32, 48)
    assert f"context_tokens = {recommended}" in experiment.verdict


def test_what_follows_cannot_matter_to_a_causal_encoder(tmp_path: Path, llama_folder: Path) -> None:
    encoder = load_encoder(read_folder(llama_folder), EncodeOptions(dtype="float32", device="cpu"))
    distances = run(tmp_path, encoder, make_set(num_documents=8)).tables[0]
    assert any(row[1] for row in distances.rows[1:])
    for row in distances.rows:
        assert row[3] == row[6]  # filled with what follows, or not
    assert first_number(distances.rows[0][3]) < 0.999


def test_a_bidirectional_encoder_runs_and_its_figures_draw(tmp_path: Path, bert_folder: Callable[[str], Path]) -> None:
    encoder = load_encoder(read_folder(bert_folder("lmk_mean")), EncodeOptions(dtype="float32", device="cpu"))
    experiment = run(tmp_path, encoder, make_set("one"), make_set("two", seed=40))
    assert first_number(experiment.tables[0].rows[0][3]) < 0.999
    assert experiment.settings["questions_by_set"].keys() == {"one", "two"}
    value = experiment.to_json(1.0)
    for figure in value["figures"]:
        draw_figure(figure, tmp_path / f"{figure['name']}.png")
    assert [figure["name"] for figure in value["figures"]] == ["seams-distance", "seams-context", "seams-recall"]
    again = run(tmp_path, encoder, make_set("one"), make_set("two", seed=40))
    assert again.to_json(1.0)["tables"] == value["tables"]


def test_recall_is_that_of_landmark_1(tmp_path: Path) -> None:
    encoder, one = FakeEncoder(), make_set()
    builds = run(tmp_path, encoder, one).tables[2]
    own = next(row for row in builds.rows if row[3] == "the encoder's own")
    bench = Workbench(limit_set(one, encoder, 10**6, 0), encoder, encoder, VectorCache(tmp_path / "cache"))
    result = evaluate_set(bench, EvaluateOptions(systems=tuple(select_systems(["landmark-1"])), scopes=("corpus",)))
    assert first_number(own[2]) == pytest.approx(float(result.runs[0].scores.recall_QB[:, 1].mean()), abs=6e-4)


@pytest.mark.parametrize(
    ("num_sentences", "num_questions"),
    [(8, 99), (60, 9)],
    ids=["short documents", "few questions"],
)
def test_sets_that_cannot_tell_are_refused(tmp_path: Path, num_sentences: int, num_questions: int) -> None:
    one = make_set(num_documents=12, num_sentences=num_sentences)
    with pytest.raises(UsageError, match="longer documents or more questions"):
        run(tmp_path, FakeEncoder(), replace(one, questions=one.questions[:num_questions]))


def test_a_set_without_questions_is_passed_over(tmp_path: Path) -> None:
    """Together with a set that has them: an empty part must not stop the run."""
    silent = replace(make_set("silent"), questions=())
    assert run(tmp_path, FakeEncoder(), make_set(), silent).settings["questions_by_set"].keys() == {"prose"}
