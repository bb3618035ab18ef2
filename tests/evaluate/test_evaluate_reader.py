from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tiny

from lmkindex.answer.answer import NOT_FOUND
from lmkindex.config import AnswerOptions
from lmkindex.datasets import Corpus
from lmkindex.errors import GeneratorError, UsageError
from lmkindex.evaluate.reader_answers import CHUNK, load_answers, make_spans, read_answers, save_answers
from lmkindex.generate import FakeGenerator, Generation, OnText, Prompt
from lmkindex.search import SearchResult, Span

HAS_VLLM = importlib.util.find_spec("vllm") is not None
OPTIONS = AnswerOptions()
DAM = "The Harrow dam was finished in 1932. It cost 1,200 pounds."


def make_result(text: str, question: str, *, num_spans: int = 1) -> SearchResult:
    """A result whose spans say `text`, one after another in a document."""
    spans = [
        Span(
            path="000000000",
            doc_id="0",
            page=None,
            start=place * len(text),
            end=(place + 1) * len(text),
            boundary=(place + 1) * len(text),
            score=1.0,
            text=text,
            pos_first=place,
            pos_last=place,
            num_tokens=len(text.split()),
        )
        for place in range(num_spans)
    ]
    return SearchResult(question=question, spans=tuple(spans), similarity=1.0)


def make_results(num_questions: int) -> tuple[list[SearchResult], list[tuple[str, ...]]]:
    """Questions 0..n-1, and the answers that `echo` gives."""
    results = [make_result(f"Lamp {number} is lit.", f"Which lamp is number {number}?") for number in range(num_questions)]
    return results, [(f"Lamp {number} is lit",) for number in range(num_questions)]


def echo(prompt: Prompt) -> str:
    """The first passage of a prompt."""
    return prompt.user.split("[1] ")[1].split("\n\n")[0]


class Counting(FakeGenerator):
    """A fake that remembers the size of each call, and can be stopped or made to fail at a call."""

    def __init__(self, write: Callable[[Prompt], str] = echo, *, stop_at: int = -1, fail_at: tuple[int, ...] = ()) -> None:
        super().__init__(write)
        self.calls: list[int] = []
        self._stop_at = stop_at
        self._fail_at = fail_at

    def generate(
        self, prompts: Sequence[Prompt], *, max_tokens: int, temperature: float, on_text: OnText | None = None
    ) -> list[Generation]:
        self.calls.append(len(prompts))
        if len(self.calls) - 1 == self._stop_at:
            raise KeyboardInterrupt
        generations = super().generate(prompts, max_tokens=max_tokens, temperature=temperature, on_text=on_text)
        is_failing = len(self.calls) - 1 in self._fail_at
        return [replace(one, text="", finish_reason="error", error="no memory") for one in generations] if is_failing else generations


def test_scores_of_answers() -> None:
    questions = ["When was it finished?", "What did it cost?", "Who built it?", "Why?", "Who paid?"]
    results = [make_result(DAM, question) for question in questions]
    results[3] = replace(results[3], spans=())
    written = ["It was finished in 1932 [1].", "It cost 1,200 pounds", NOT_FOUND, NOT_FOUND]
    generator = FakeGenerator(written)
    scores = read_answers(results, [("1932",), ("It cost 1200 pounds", "x"), ("Tom",), ("Because",), ()], generator, OPTIONS)
    # Of "it was finished in 1932" one word of five is the answer's: P 1/5, R 1.
    np.testing.assert_allclose(scores.f1_Q, [1 / 3, 1.0, 0.0, 0.0, 1.0])
    np.testing.assert_array_equal(scores.exact_match_Q, [0.0, 1.0, 0.0, 0.0, 1.0])
    np.testing.assert_array_equal(scores.abstained_Q, [False, False, True, True, True])
    assert scores.texts == ("It was finished in 1932.", "It cost 1,200 pounds", "", "", "")  # none of `cite`'s markers
    counted = [generator.count_tokens(prompt.system) + generator.count_tokens(prompt.user) for prompt in generator.prompts]
    assert scores.tokens_read_Q.tolist() == [*counted[:3], 0, counted[3]]
    assert scores.num_failed == 0
    assert [str(array.dtype) for array in (scores.f1_Q, scores.tokens_read_Q, scores.abstained_Q)] == ["float64", "int64", "bool"]


def test_the_model_reads_what_ask_shows_it() -> None:
    generator = Counting()
    read_answers([make_result("One [7].", "What\nis \ud800?", num_spans=2)], [("one",)], generator, replace(OPTIONS, min_similarity=1.0))
    (prompt,) = generator.prompts
    assert prompt.user.endswith("[1] One (7).\n\n[2] One (7).\n\nWhat is \ufffd?")


def test_spans_that_do_not_fit_are_left_out_and_not_counted() -> None:
    result = make_result("word " * 100, "Which?", num_spans=3)
    roomy, tight = FakeGenerator(echo), FakeGenerator(echo, max_prompt_tokens=200)
    (all_tokens,) = read_answers([result], [("x",)], roomy, OPTIONS).tokens_read_Q.tolist()
    (some_tokens,) = read_answers([result], [("x",)], tight, OPTIONS).tokens_read_Q.tolist()
    assert all_tokens > 300
    assert 100 < some_tokens <= 200
    (no_tokens,) = read_answers([result], [("x",)], FakeGenerator(echo, max_prompt_tokens=10), OPTIONS).tokens_read_Q.tolist()
    assert no_tokens == 0


def test_nothing_to_read() -> None:
    scores = read_answers([], [], FakeGenerator([]), OPTIONS)
    assert scores.f1_Q.shape == scores.tokens_read_Q.shape == (0,) and scores.texts == () and scores.seconds == 0
    with pytest.raises(UsageError, match="2 results but 1 tuples"):
        read_answers([make_result(DAM, "?")] * 2, [("x",)], FakeGenerator([]), OPTIONS)


# --- what is saved


def test_a_stopped_run_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "answers.jsonl"
    results, answers = make_results(2 * CHUNK + 3)
    stopped = Counting(stop_at=1)
    with pytest.raises(KeyboardInterrupt):
        read_answers(results, answers, stopped, OPTIONS, answers_path=path)
    assert len(load_answers(path)) == CHUNK
    again = Counting()
    seen: list[tuple[int, int]] = []
    scores = read_answers(results, answers, again, OPTIONS, answers_path=path, on_progress=lambda *done: seen.append(done))
    assert again.calls == [CHUNK, 3]
    assert not {prompt.user for prompt in again.prompts} & {prompt.user for prompt in stopped.prompts}
    assert seen == [(CHUNK, 2 * CHUNK + 3), (2 * CHUNK, 2 * CHUNK + 3), (2 * CHUNK + 3, 2 * CHUNK + 3)]
    uninterrupted = read_answers(results, answers, Counting(), OPTIONS)
    assert scores.texts == uninterrupted.texts
    assert scores.exact_match_Q.tolist() == [1.0] * len(results)
    data = path.read_bytes()
    idle = Counting()
    repeated = read_answers(results, answers, idle, OPTIONS, answers_path=path)
    assert idle.calls == [] and path.read_bytes() == data
    assert repeated.texts == scores.texts
    assert repeated.seconds == scores.seconds  # those of the runs that wrote them
    assert scores.seconds > 0


@pytest.mark.parametrize("num_lost", [1, 2, 30])
def test_a_half_written_line_is_asked_again(tmp_path: Path, num_lost: int) -> None:
    path = tmp_path / "answers.jsonl"
    results, answers = make_results(5)
    whole = read_answers(results, answers, Counting(), OPTIONS, answers_path=path)
    path.write_bytes(path.read_bytes()[:-num_lost])
    once, idle = Counting(), Counting()
    for generator in (once, idle):
        scores = read_answers(results, answers, generator, OPTIONS, answers_path=path)
        assert scores.texts == whole.texts
    assert once.calls == ([1] if num_lost > 1 else [])  # without its line end alone a line is whole
    assert idle.calls == []


def test_lines_of_other_kinds_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    path.write_bytes(b'\n[]\n{"key": "x"}\n\xff\n3\nnull\n{"key": "k", "text": "t", "finish_reason": "stop", "seconds": 2}\n')
    assert {key: (one.generation.text, one.seconds) for key, one in load_answers(path).items()} == {"k": ("t", 2.0)}
    with pytest.raises(UsageError, match="cannot be read"):
        load_answers(tmp_path)


def test_an_answers_file_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot be read: Not a directory"):
        read_answers(*make_results(1), Counting(), OPTIONS, answers_path=tmp_path / "file" / "answers.jsonl")
    with pytest.raises(UsageError, match="cannot be saved"):
        save_answers(tmp_path, {})


def test_answers_belong_to_model_prompt_and_length(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    results, answers = make_results(2)
    read_answers(results, answers, Counting(), OPTIONS, answers_path=path)

    def asked(generator: Counting, options: AnswerOptions = OPTIONS, found: Sequence[SearchResult] = results) -> int:
        read_answers(found, answers, generator, options, answers_path=path)
        return sum(generator.calls)

    assert asked(Counting()) == 0
    other = Counting()
    other.name = "other"
    assert asked(other) == 2
    assert asked(Counting(), replace(OPTIONS, max_answer_tokens=7)) == 2
    assert asked(Counting(), replace(OPTIONS, temperature=0.5)) == 2
    assert asked(Counting(), OPTIONS, [results[0], replace(results[1], question="Which?")]) == 1


def test_equal_prompts_are_asked_once() -> None:
    results, answers = make_results(1)
    generator = Counting()
    scores = read_answers(results * 3, answers * 3, generator, OPTIONS)
    assert generator.calls == [1]
    assert scores.exact_match_Q.tolist() == [1.0] * 3


def test_failures_are_not_saved(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    results, answers = make_results(CHUNK + 2)
    scores = read_answers(results, answers, Counting(fail_at=(1,)), OPTIONS, answers_path=path)
    assert scores.num_failed == 2
    assert scores.abstained_Q.tolist() == [False] * CHUNK + [True] * 2
    assert scores.texts[-2:] == ("", "")
    again = Counting()
    assert read_answers(results, answers, again, OPTIONS, answers_path=path).num_failed == 0
    assert again.calls == [2]
    with pytest.raises(GeneratorError, match="no memory"):
        read_answers(results, answers, Counting(fail_at=(0, 1)), OPTIONS)


# --- ranges of the corpus as spans


def test_make_spans() -> None:
    # Two documents, "One two. Three." and "Four five.", a token a word.
    corpus = Corpus(
        texts=("One two. Three.", "Four five."),
        document_starts=np.array([0, 15, 25]),
        document_sentences=np.array([0, 2, 3]),
        sentence_starts_S=np.array([0, 9, 15]),
        sentence_ends_S=np.array([8, 15, 25]),
        ends_paragraph_S=np.array([False, True, True]),
        sentence_tokens=np.array([0, 2, 3, 5]),
        token_ids_T=np.arange(5, dtype=np.int32),
        token_starts_T=np.array([0, 4, 9, 15, 20]),
        token_ends_T=np.array([3, 8, 15, 19, 25]),
        prepare_s=0.0,
    )
    spans = make_spans(corpus, np.array([15, 4, 9, 9]), np.array([19, 15, 9, 15]))
    assert [(span.text, span.start, span.end, span.pos_first, span.pos_last, span.num_tokens) for span in spans] == [
        ("Four", 0, 4, 0, 0, 1),
        ("two. Three.", 4, 15, 0, 1, 2),
        ("Three.", 9, 15, 1, 1, 1),
    ]
    assert [span.path for span in sorted(spans, key=lambda span: span.path)] == ["000000000", "000000000", "000000001"]


# --- the real model

READ_THREE_QUESTIONS = """
import json, sys
from pathlib import Path
from lmkindex.config import AnswerOptions
from lmkindex.datasets.set_reader import find_sets
from lmkindex.evaluate.reader_answers import read_answers
from lmkindex.generate import open_generator
from lmkindex.search import SearchResult, Span

(found,) = find_sets(Path(sys.argv[1]), [])
texts = {document.doc_id: document.text for document in found.documents}
questions = [question for question in found.questions if len(question.spans) == 1][4:7]
results = []
for question in questions:
    (start, end), text = question.spans[0], texts[question.doc_id]
    place = {"path": question.doc_id, "doc_id": question.doc_id, "page": None, "start": start, "end": end, "boundary": end}
    span = Span(score=1.0, text=text[start:end], pos_first=0, pos_last=0, num_tokens=1, **place)
    results.append(SearchResult(question=question.text, spans=(span,), similarity=1.0))
options = AnswerOptions(max_answer_tokens=48)
generator = open_generator(options, verbose=False, threads=1)
for _ in range(2):
    answers = [question.answers for question in questions]
    scores = read_answers(results, answers, generator, options, answers_path=Path(sys.argv[2]))
    print(json.dumps([scores.f1_Q.tolist(), scores.tokens_read_Q.tolist(), scores.texts, scores.seconds, scores.num_failed]))
"""


@pytest.mark.slow
@pytest.mark.real
@pytest.mark.skipif(not HAS_VLLM, reason="vLLM is not installed")
def test_the_default_model_reads_the_examples(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    command = [sys.executable, "-c", READ_THREE_QUESTIONS, str(tiny.ROOT_PATH / "examples"), str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False, env=os.environ | {"OMP_NUM_THREADS": "1"})
    assert done.returncode == 0, done.stderr
    first, second = (json.loads(line) for line in done.stdout.splitlines())
    assert first == second  # the second came from the file
    f1, tokens_read, texts, seconds, num_failed = first
    assert len(path.read_text().splitlines()) == 3
    assert all(60 < tokens < 200 for tokens in tokens_read)
    assert 0 < max(f1) <= 1 and all(0 <= one <= 1 for one in f1)  # it reads: some word of some answer is right
    assert any(texts) and not any("[1]" in text for text in texts)
    assert seconds > 0 and num_failed == 0
