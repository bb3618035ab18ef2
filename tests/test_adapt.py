"""An encoder adapted to an index: what is written, what is held out, that it continues after a stop, and what is
refused."""

from __future__ import annotations

import json
import re
import shutil
import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import tiny
from hypothesis import example, given
from hypothesis import strategies as st
from train_tools import make_set, read_curve

import lmkindex.adapt
from lmkindex.adapt import BUDGETS_TOKENS, FEWEST_DOCUMENTS, FEWEST_QUESTIONS, AdaptOptions, adapt_encoder, render_report, split_set
from lmkindex.build import build_index
from lmkindex.config import BuildOptions, EncodeOptions
from lmkindex.datasets import find_sets
from lmkindex.encoder import read_folder
from lmkindex.errors import InterruptedBuildError, UsageError
from lmkindex.generate import FakeGenerator, Generator, Prompt
from lmkindex.records import JsonObject
from lmkindex.synth import FilterOptions, SynthOptions
from lmkindex.synth.question_prompt import write_reply
from lmkindex.train import TrainOptions

NUM_DOCUMENTS = 12
OPTIONS = AdaptOptions(num_questions=FEWEST_QUESTIONS, steps=3, learning_rate=1e-3)
ONE_THREAD = TrainOptions(device="cpu", threads=1)
LENIENT = FilterOptions(max_rank_share=1.0, max_similarity=2.0)


def write(prompt: Prompt) -> str:
    """A question made of the words of the fact's last sentence, with its halves swapped so that it is not a copy."""
    words = re.findall(r"\w+", prompt.user.split("Fact: ")[1].split(". ")[-1])[1:]
    asked, answer = words[:-1], words[-1]
    middle = len(asked) // 2
    return write_reply(f"Which {' '.join(asked[middle:])} near {' '.join(asked[:middle])}?", answer)


def refuse() -> Generator:
    raise AssertionError("there is nothing to ask")


def adapt(
    index: Path, output: Path, opener: Callable[[], Generator], options: AdaptOptions = OPTIONS, stop: Callable[[], int] = lambda: 0
) -> JsonObject:
    return adapt_encoder(
        str(index), output, options, ONE_THREAD, opener, stop=stop, on_note=lambda text: None, on_step=lambda stage, progress, line: None
    )


def make_index(folder: Path, encoder: Path) -> Path:
    """An index of short documents in a folder of its own."""
    (folder / "corpus").mkdir(parents=True)
    for number in range(NUM_DOCUMENTS):
        (folder / "corpus" / f"{number}.txt").write_text(tiny.prose(number, 6), "utf-8")
    options = BuildOptions(encoder=str(encoder), encode=EncodeOptions(device="cpu", threads=1))
    build_index(str(folder / "index"), [folder / "corpus"], options)
    return folder / "index"


@pytest.fixture(scope="module", autouse=True)
def lenient_filters() -> Iterator[None]:
    """For a random encoder all questions are near-duplicates and few spans are found again, so these filters let
    everything through."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lmkindex.adapt, "SynthOptions", partial(SynthOptions, filters=LENIENT))
        yield


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory, bert_folder: Callable[[str], Path]) -> Path:
    return make_index(tmp_path_factory.mktemp("adapt"), bert_folder("lmk_mean"))


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, index: Path) -> tuple[Path, JsonObject]:
    """The output of an uninterrupted run, and its report; tests do not change it."""
    output = tmp_path_factory.mktemp("finished") / "out"
    return output, adapt(index, output, lambda: FakeGenerator(write))


def test_the_report_says_what_was_done_and_lies_beside_the_encoder(finished: tuple[Path, JsonObject]) -> None:
    output, report = finished
    assert set(report) == {"before", "after", "system", "recall", "encoder", "questions", "held_out"}
    assert [row["budget_tokens"] for row in report["recall"]] == list(BUDGETS_TOKENS)
    assert all(set(row) == {"budget_tokens", "before", "after", "difference", "verdict"} for row in report["recall"])
    assert report["encoder"] == str(output / "run" / "encoder")
    assert report["questions"] + report["held_out"] == OPTIONS.num_questions
    assert json.loads((output / "adapted.json").read_text()) == report
    page = (output / "adapted.md").read_text()
    assert page == render_report(report)
    assert f"--encoder {report['encoder']}`" in page
    assert len(read_curve(output / "run" / "curve.jsonl")) == OPTIONS.steps


@pytest.mark.parametrize(
    ("verdicts", "advice"),
    [
        (("higher", "no clear difference"), "Use it with"),
        (("no clear difference",), "is not shown"),
        (("lower", "higher"), "It is worse: keep old"),
    ],
)
def test_the_advice_follows_the_verdicts(finished: tuple[Path, JsonObject], verdicts: tuple[str, ...], advice: str) -> None:
    rows = [dict(finished[1]["recall"][0]) | {"verdict": verdict} for verdict in verdicts]
    assert advice in render_report(finished[1] | {"recall": rows, "before": "old"})


def test_the_encoder_keeps_its_form_and_has_other_weights(
    finished: tuple[Path, JsonObject], index: Path, bert_folder: Callable[[str], Path]
) -> None:
    before, after = read_folder(bert_folder("lmk_mean")), read_folder(Path(finished[1]["encoder"]))
    kept = ("pooling", "lmk_token", "lmk_id", "window_tokens", "context_tokens", "query_prefix", "dim", "base_license", "min_similarity")
    assert [getattr(after, name) for name in kept] == [getattr(before, name) for name in kept]
    assert after.fingerprint != before.fingerprint
    assert after.training["steps"] == OPTIONS.steps
    report = build_index(str(index), [], BuildOptions(encoder=str(after.path), rebuild=True, dry_run=True))  # as the report says
    assert report.plan is not None and not report.failed


def test_what_is_measured_with_was_not_trained_on(finished: tuple[Path, JsonObject]) -> None:
    output, report = finished
    train_set, held_out = find_sets(output / "data", ["adapt_train", "adapt_held_out"])
    (written,) = find_sets(output / "synth", ["adapt"])
    assert (len(train_set.questions), len(held_out.questions)) == (report["questions"], report["held_out"])
    assert {*train_set.questions, *held_out.questions} == set(written.questions)
    assert len({question.doc_id for question in written.questions}) >= FEWEST_DOCUMENTS
    assert {question.doc_id for question in train_set.questions}.isdisjoint(question.doc_id for question in held_out.questions)
    assert list(json.loads((output / "run" / "data.json").read_text())) == ["adapt_train"]


def test_a_stopped_run_goes_on_and_asks_and_encodes_nothing_again(finished: tuple[Path, JsonObject], index: Path, tmp_path: Path) -> None:
    with pytest.raises(InterruptedBuildError, match="Run the same command to continue") as error:
        adapt(index, tmp_path / "out", lambda: FakeGenerator(write), stop=lambda: signal.SIGTERM)
    assert error.value.exit_code == 143
    assert len(read_curve(tmp_path / "out" / "run" / "curve.jsonl")) == 1
    assert not (tmp_path / "out" / "adapted.json").exists()
    vectors = {path: path.stat().st_mtime_ns for path in (tmp_path / "out" / "vectors").iterdir()}
    report = adapt(index, tmp_path / "out", refuse)
    assert vectors and all(path.stat().st_mtime_ns == written for path, written in vectors.items())  # encoded once
    output, whole = finished
    assert report == whole | {"encoder": str(tmp_path / "out" / "run" / "encoder")}
    for name in ("model.safetensors", "landmark.json"):
        assert (Path(report["encoder"]) / name).read_bytes() == (output / "run" / "encoder" / name).read_bytes()


def test_a_finished_run_is_measured_again_but_not_with_other_questions(
    finished: tuple[Path, JsonObject], index: Path, tmp_path: Path
) -> None:
    """More questions would be split again: some of the training questions would be held out and used for measuring."""
    output = tmp_path / "out"
    shutil.copytree(finished[0], output)
    expected = finished[1] | {"encoder": str(output / "run" / "encoder")}
    assert adapt(index, output, refuse) == expected
    with pytest.raises(UsageError, match=r"began with other questions.*another --output"):
        adapt(index, output, lambda: FakeGenerator(write), replace(OPTIONS, num_questions=FEWEST_QUESTIONS + 5))
    assert adapt(index, output, refuse) == expected  # nothing was damaged


@pytest.mark.parametrize("num_written", [0, 6])
def test_too_few_questions_are_refused_with_a_remedy(index: Path, tmp_path: Path, num_written: int) -> None:
    def write_some(prompt: Prompt) -> str:
        return write(prompt) if len(generator.prompts) < num_written else write_reply("", "")

    generator = FakeGenerator(write_some)
    with pytest.raises(
        UsageError, match=r"Only \d questions of [\d,]+ tried passed the filters.*stronger model with --llm.*higher --questions"
    ):
        adapt(index, tmp_path / "out", lambda: generator)
    assert len(generator.prompts) > num_written
    assert not (tmp_path / "out" / "run").exists()


def test_an_index_of_another_encoder_is_refused(tmp_path: Path, bert_folder: Callable[[str], Path]) -> None:
    encoder = tmp_path / "encoder"
    shutil.copytree(bert_folder("lmk_mean"), encoder)
    index = make_index(tmp_path, encoder)
    settings = json.loads((encoder / "landmark.json").read_text())
    (encoder / "landmark.json").write_text(json.dumps(settings | {"query_prefix": "query: "}), "utf-8")
    with pytest.raises(UsageError, match="made with an encoder other than encoder"):
        adapt(index, tmp_path / "out", refuse)
    assert not (tmp_path / "out").exists()


def test_an_index_without_text_is_refused(tmp_path: Path, bert_folder: Callable[[str], Path]) -> None:
    (tmp_path / "corpus").mkdir()
    build_index(str(tmp_path / "index"), [tmp_path / "corpus"], BuildOptions(encoder=str(bert_folder("lmk_mean"))))
    with pytest.raises(UsageError, match="holds no text: build it first"):
        adapt(tmp_path / "index", tmp_path / "out", refuse)


WRITTEN = make_set("adapt", 1, num_documents=12, num_sentences=4, num_questions=40)


@given(st.lists(st.integers(0, 11), min_size=2, max_size=40), st.integers(0, 99))
@example([*range(7), *[7] * 33], 0)  # one document has most of the questions, wherever it comes in the order
@example([*range(7), *[7] * 33], 1)
def test_each_question_is_in_one_part(owners: list[int], seed: int) -> None:
    asked = zip(WRITTEN.questions, owners, strict=False)
    questions = tuple(replace(question, doc_id=WRITTEN.documents[owner].doc_id) for question, owner in asked)
    parts = split_set(replace(WRITTEN, questions=questions), seed)
    train_ids, held_out_ids = ([question.question_id for question in part.questions] for part in parts)
    assert sorted(train_ids + held_out_ids) == sorted(question.question_id for question in questions)  # none twice, none lost
    assert 1 <= len(held_out_ids) <= max(1, round(len(questions) / 4))
    assert [part.documents for part in parts] == [WRITTEN.documents] * 2
    if len(set(owners)) >= FEWEST_DOCUMENTS:
        train_documents, held_out_documents = ({question.doc_id for question in part.questions} for part in parts)
        assert train_documents.isdisjoint(held_out_documents)
    assert split_set(replace(WRITTEN, questions=questions), seed) == parts
