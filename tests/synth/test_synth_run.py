from __future__ import annotations

import gzip
import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tiny
from filelock import FileLock
from synth_tools import write

from lmkindex.datasets import EvaluationSet, Question, SourceDocument, find_sets
from lmkindex.encoder import FakeEncoder, encode_questions
from lmkindex.encoder.cache import VectorCache
from lmkindex.errors import GeneratorError, LockedError, UsageError
from lmkindex.generate import FakeGenerator, Generation, OnText, Prompt
from lmkindex.synth import FilterOptions, SynthOptions, SynthResult, measure_set, report_quality, write_questions
from lmkindex.synth.journal import ATTEMPTS_FILE, SETTINGS_FILE
from lmkindex.synth.quality import describe_ranks, question_word, render_quality, shares, summary
from lmkindex.synth.question_writer import questions_of
from lmkindex.synth.round_trip import AcceptedQuestions, allowed_rank, embed_documents, rank_in_document

DOCUMENTS = [
    SourceDocument(doc_id=f"d{index}", title=f"Document {index}", text=tiny.prose(index, length))
    for index, length in enumerate((40, 25, 3))
]
OPTIONS = SynthOptions(num_questions=12, max_tries=60, chunk=8, filters=FilterOptions(max_rank=3, max_rank_share=0.2))
ENCODER = FakeEncoder()


class Dying(FakeGenerator):
    """A fake generator that is interrupted at a given call."""

    def __init__(self, dies_at: int) -> None:
        super().__init__(write)
        self.num_calls = 0
        self._dies_at = dies_at

    def generate(
        self, prompts: Sequence[Prompt], *, max_tokens: int, temperature: float, on_text: OnText | None = None
    ) -> list[Generation]:
        self.num_calls += 1
        if self.num_calls == self._dies_at:
            raise KeyboardInterrupt
        return super().generate(prompts, max_tokens=max_tokens, temperature=temperature, on_text=on_text)


def run(
    folder: Path,
    options: SynthOptions = OPTIONS,
    generator: FakeGenerator | None = None,
    documents: Sequence[SourceDocument] = DOCUMENTS,
    encoder: FakeEncoder = ENCODER,
) -> SynthResult:
    opened = generator if generator is not None else FakeGenerator(write)
    return write_questions(documents, encoder, lambda: opened, options, folder, VectorCache(folder.parent / "cache"))


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != ".lock"}


def test_a_run_writes_a_set_that_the_evaluation_reads(tmp_path: Path) -> None:
    result = run(tmp_path / "out")
    assert result.is_complete
    assert result.num_questions == OPTIONS.num_questions
    (read,) = find_sets(tmp_path / "out", [])
    assert read.name == "synth"
    assert list(read.documents) == DOCUMENTS  # all of them, also those without questions
    assert list(read.questions) == questions_of(result)
    assert Counter(attempt.verdict for attempt in result.attempts if not attempt.is_accepted) == result.rejected
    assert {"malformed", "refused"} <= set(result.rejected)
    with gzip.open(tmp_path / "out" / "synth.qa.jsonl.gz", "rt") as file:
        lines = [json.loads(line) for line in file]
    texts = {document.doc_id: document.text for document in DOCUMENTS}
    for line in lines:
        assert line["note"].startswith("synthetic; fake; round-trip rank ")
        for start, end in line["fine"]:
            assert texts[line["doc"]][start:end].lower() == line["answers"][0].lower()
        ((start, end),) = line["spans"]
        assert set(line["answers"][0].lower().split()) <= set(re.findall(r"\w+", texts[line["doc"]][start:end].lower()))


def test_picks_are_asked_about_in_order_and_only_as_many_as_are_needed(tmp_path: Path) -> None:
    generator = FakeGenerator(write)
    result = run(tmp_path / "out", generator=generator)
    assert [attempt.pick.number for attempt in result.attempts] == list(range(len(generator.prompts)))
    assert len(generator.prompts) % OPTIONS.chunk == 0
    before_last = sum(attempt.is_accepted for attempt in result.attempts[: -OPTIONS.chunk])
    assert before_last < OPTIONS.num_questions


@pytest.mark.parametrize("dies_at", [1, 2, 3])
def test_an_interrupted_run_goes_on_to_the_same_files(tmp_path: Path, dies_at: int) -> None:
    run(tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "cut", generator=Dying(dies_at))
    generator = FakeGenerator(write)
    run(tmp_path / "cut", generator=generator)
    assert files_of(tmp_path / "cut") == files_of(tmp_path / "whole")
    whole = (tmp_path / "whole" / ATTEMPTS_FILE).read_bytes().count(b"\n")
    assert len(generator.prompts) == whole - OPTIONS.chunk * (dies_at - 1)  # nothing was asked twice


def test_a_line_that_was_being_written_is_written_again(tmp_path: Path) -> None:
    run(tmp_path / "out")
    files = files_of(tmp_path / "out")
    for cut in (1, 50, len(files[ATTEMPTS_FILE]) // 2):
        (tmp_path / "out" / ATTEMPTS_FILE).write_bytes(files[ATTEMPTS_FILE][:-cut])
        run(tmp_path / "out")
        assert sorted(json_lines(tmp_path / "out" / "synth.qa.jsonl.gz")) == sorted(json_lines_of(files["synth.qa.jsonl.gz"]))


def json_lines(path: Path) -> list[str]:
    return json_lines_of(path.read_bytes())


def json_lines_of(data: bytes) -> list[str]:
    return gzip.decompress(data).decode().splitlines()


def test_a_finished_run_opens_no_generator(tmp_path: Path) -> None:
    first = run(tmp_path / "out")

    def refuse() -> FakeGenerator:
        raise AssertionError("there is nothing to ask")

    again = write_questions(DOCUMENTS, ENCODER, refuse, OPTIONS, tmp_path / "out", VectorCache(tmp_path / "cache"))
    assert again == first


def test_more_questions_go_on_where_fewer_ended(tmp_path: Path) -> None:
    few = run(tmp_path / "out", replace(OPTIONS, num_questions=5))
    more = run(tmp_path / "out", replace(OPTIONS, num_questions=20, max_tries=200))
    assert more.attempts[: len(few.attempts)] == few.attempts
    assert questions_of(more)[:5] == questions_of(few)
    assert more.num_questions == 20


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seed": 1}, "another --seed"),
        ({"background_words": 10}, "another --background"),
        ({"generator": "http://elsewhere"}, "another --llm or --model"),
        ({"filters": FilterOptions(max_words=9)}, "another set of filters"),
    ],
)
def test_changed_settings_are_refused_with_a_remedy(tmp_path: Path, change: dict[str, object], message: str) -> None:
    run(tmp_path / "out")
    files = files_of(tmp_path / "out")
    with pytest.raises(UsageError, match=f"{message}.*another --output"):
        run(tmp_path / "out", replace(OPTIONS, **change))  # type: ignore[arg-type]
    assert files_of(tmp_path / "out") == files


def test_another_model_corpus_or_encoder_is_refused(tmp_path: Path) -> None:
    run(tmp_path / "out", replace(OPTIONS, num_questions=2))
    with pytest.raises(UsageError, match="another corpus"):
        run(tmp_path / "out", documents=DOCUMENTS[:2])
    with pytest.raises(UsageError, match="another --encoder"):
        run(tmp_path / "out", encoder=FakeEncoder(dim=8))
    other = FakeGenerator(write)
    other.name = "other"
    with pytest.raises(UsageError, match=r"another language model.*fake.*other"):
        run(tmp_path / "out", generator=other)
    (tmp_path / "out" / SETTINGS_FILE).write_text("{")
    with pytest.raises(UsageError, match="cannot be read"):
        run(tmp_path / "out")


def test_a_second_run_at_the_same_time_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    with FileLock(tmp_path / "out" / ".lock"), pytest.raises(LockedError, match="Another run"):
        run(tmp_path / "out")


def test_a_generator_that_fails_on_everything_uses_no_picks_up(tmp_path: Path) -> None:
    class Broken(FakeGenerator):
        def generate(
            self, prompts: Sequence[Prompt], *, max_tokens: int, temperature: float, on_text: OnText | None = None
        ) -> list[Generation]:
            return [Generation(text="", finish_reason="error", error="no route to host")] * len(prompts)

    with pytest.raises(GeneratorError, match=r"no route to host.*to continue"):
        run(tmp_path / "out", generator=Broken(write))
    assert not (tmp_path / "out" / ATTEMPTS_FILE).exists()
    run(tmp_path / "whole")
    run(tmp_path / "out")
    assert files_of(tmp_path / "out") == files_of(tmp_path / "whole")


def test_tries_and_time_end_a_run_early(tmp_path: Path) -> None:
    few = run(tmp_path / "few", replace(OPTIONS, num_questions=1000, max_tries=20))
    assert len(few.attempts) == 20
    assert not few.is_complete
    no_time = run(tmp_path / "time", replace(OPTIONS, time_budget_s=1e-9))
    assert (len(no_time.attempts), no_time.num_questions) == (0, 0)


def test_no_text_to_ask_about(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no running text"):
        run(tmp_path / "out", documents=[SourceDocument(doc_id="d", title="", text="| a | b |")])


def test_options_are_checked() -> None:
    for bad in ({"name": "a/b"}, {"name": ""}, {"num_questions": 0}, {"max_tries": -1}):
        with pytest.raises(UsageError):
            SynthOptions(**bad)


# --- the filters that need an encoder


def test_the_rank_counts_what_is_nearer_than_the_best_sentence_of_the_span(tmp_path: Path) -> None:
    places = embed_documents(DOCUMENTS, ENCODER, VectorCache(tmp_path))
    document = DOCUMENTS[1]
    place = places.sentences_of("d1")
    assert [document.text[start:end][-1] for start, end in zip(places.starts_S[place], places.ends_S[place], strict=True)] == ["."] * 25
    (question_D,) = encode_questions(ENCODER, ["Which harbour keeper counted the tide?"])
    similarities_S = places.vectors_SD[place].astype(np.float32) @ question_D
    order = np.argsort(-similarities_S)
    for expected in (0, 3, 24):
        index = int(order[expected])
        span = (int(places.starts_S[place][index]), int(places.ends_S[place][index]))
        assert rank_in_document(places, question_D, "d1", [span]) == expected + 1
    whole = (0, len(document.text))
    assert rank_in_document(places, question_D, "d1", [whole]) == 1
    assert places.touched("d1", [whole]).tolist() == list(range(25))


def test_documents_are_encoded_alike_in_any_company(tmp_path: Path) -> None:
    together = embed_documents(DOCUMENTS, ENCODER, VectorCache(tmp_path / "a"))
    alone = embed_documents(DOCUMENTS[1:2], ENCODER, VectorCache(tmp_path / "b"))
    np.testing.assert_array_equal(together.vectors_SD[together.sentences_of("d1")], alone.vectors_SD)


def test_the_allowed_rank_shrinks_with_the_document() -> None:
    options = FilterOptions(max_rank=10, max_rank_share=0.05)
    assert [allowed_rank(num_sentences, options) for num_sentences in (1, 20, 60, 200, 10_000)] == [1, 1, 3, 10, 10]


def test_near_duplicates() -> None:
    east, north = np.eye(2, dtype=np.float32)
    accepted = AcceptedQuestions(["Where is the mill?"], [east])
    assert accepted.holds("where is  THE mill", north, 0.9)
    assert not accepted.holds("Who owns the mill?", north, 0.9)
    assert accepted.holds("Where does the mill stand?", np.asarray([0.99, 0.1], dtype=np.float32), 0.9)
    accepted.add("Who owns the mill?", north)
    assert accepted.holds("Whose mill is it?", north, 0.9)
    assert not AcceptedQuestions([], []).holds("Who?", north, 0.9)


# --- the figures


@pytest.mark.parametrize(
    ("question", "word"),
    [
        ("Who keeps the light?", "who"),
        ("For whom was it made?", "who"),
        ("In which year was it sold?", "which"),
        ("What's the name?", "what"),
        ("How many bees?", "how"),
        ("Is the mill open?", "yes/no"),
        ("Name the keeper.", "other"),
    ],
)
def test_question_words(question: str, word: str) -> None:
    assert question_word(question) == word


def test_summaries() -> None:
    assert summary([1, 2, 3, 10]) == {"mean": 4.0, "median": 2.5, "p10": 1.3, "p90": 7.9}
    assert summary([])["mean"] == 0.0
    assert list(shares(["b", "a", "b"]).items()) == [("b", 0.667), ("a", 0.333)]
    assert describe_ranks([1, 4, 11, 2]) == {"median": 3.0, "within_1": 0.25, "within_5": 0.75, "within_10": 0.75}


def test_synthetic_and_human_sets_are_measured_alike(tmp_path: Path) -> None:
    result = run(tmp_path / "out")
    cache = VectorCache(tmp_path / "cache")
    (read,) = find_sets(tmp_path / "out", [])
    human = measure_set(read, ENCODER, cache, 0, 0)
    quality = report_quality(result, DOCUMENTS, ENCODER, cache, [human], tmp_path / "out")
    own, other = quality["sets"]
    assert own == other
    assert own["questions"] == 12
    assert own["rank"]["median"] == np.median([attempt.rank for attempt in result.attempts if attempt.is_accepted][:12])
    assert quality == json.loads((tmp_path / "out" / "quality.json").read_text())
    run_figures = quality["run"]
    assert run_figures["attempts"] == len(result.attempts) == run_figures["accepted"] + sum(run_figures["rejected"].values())
    page = (tmp_path / "out" / "quality.md").read_text()
    assert f"| malformed | {run_figures['rejected']['malformed']} |" in page
    assert "| rank, median |" in page


def test_evidence_is_the_sentences_that_the_spans_touch(tmp_path: Path) -> None:
    text = "The keeper counted sheep at night. The tide was low. Nobody saw the storm."
    spans = ((4, 10), (text.index("Nobody"), len(text)))
    question = Question(question_id="q", doc_id="d", text="Who counted the storm?", answers=(), spans=spans)
    evaluation_set = EvaluationSet(
        name="h", documents=(SourceDocument(doc_id="d", title="", text=text),), questions=(question, replace(question, spans=()))
    )
    figures = measure_set(evaluation_set, ENCODER, VectorCache(tmp_path), 0, 0)
    assert figures["questions"] == 1
    assert figures["sentences"] == {"2": 1.0}
    assert figures["overlap"]["mean"] == 1.0  # "counted" and "storm": one word of each sentence


def test_a_report_of_nothing(tmp_path: Path) -> None:
    result = run(tmp_path / "out", replace(OPTIONS, time_budget_s=1e-9))
    quality = report_quality(result, DOCUMENTS, ENCODER, VectorCache(tmp_path / "cache"), [], tmp_path / "out")
    assert quality["run"]["acceptance_rate"] == 0.0
    assert "0 of 0 attempts" in render_quality(quality)
