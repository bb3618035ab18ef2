"""A language model's answers from the text that a system retrieved, scored against the known answers.

Takes search results whose spans are already cut to the budget, asks a generator through `answer.py` as `lmkindex ask`
does, and scores the text. Answers are saved as they arrive, so that a killed run continues where it stopped. Knows no
systems and no datasets.

Shapes: Q questions, R pieces of text of one question.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..answer import Answer, answer_questions
from ..answer.answer import in_document_order, make_prompt
from ..config import AnswerOptions, require
from ..datasets import Corpus
from ..errors import UsageError
from ..generate import Generation, Generator, OnText, Prompt
from ..read import without_surrogates
from ..records import Int64Array
from ..search import SearchResult, Span
from .answer_metrics import exact_match, token_f1, without_markers
from .records import Float64Array

CHUNK = 16  # prompts sent to the generator together; a kill loses at most these
OnPrompts = Callable[[int, int], None]  # prompts answered, prompts in all


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderScores:
    """How one system's questions were answered. `f1_Q` and `exact_match_Q` are 0..1; `tokens_read_Q` counts the
    prompt's tokens, 0 where the model was not asked; `texts` are the scored texts, "" for an abstention. `seconds` is
    the wall time of the generate calls that wrote these answers, including calls in an earlier run; questions that
    shared a call have equal shares of it. `num_failed` of the abstentions are failures of the generator."""

    f1_Q: Float64Array
    exact_match_Q: Float64Array
    tokens_read_Q: Int64Array
    abstained_Q: npt.NDArray[np.bool_]
    texts: tuple[str, ...]
    seconds: float
    num_failed: int


def read_answers(
    results: Sequence[SearchResult],
    answers: Sequence[tuple[str, ...]],
    generator: Generator,
    options: AnswerOptions,
    *,
    answers_path: Path | None = None,
    on_progress: OnPrompts | None = None,
) -> ReaderScores:
    """Answer each result's question from its spans, best first, and score the answer against `answers`, one tuple for
    each result.

    `answers_path` is a JSON Lines file (created if missing) of answers by (model, prompt, length, temperature): prompts
    that it already answers are not asked again, and systems that retrieve the same text can share it. A result without
    spans abstains. Raises `GeneratorError` when the generator fails for every question; failures are not saved.
    """
    require(len(results) == len(answers), f"There are {len(results)} results but {len(answers)} tuples of answers.")
    saving = SavingGenerator(generator, answers_path, on_progress)
    # The spans are everything that the system found, so only the model may abstain.
    given = answer_questions([readable(result) for result in results], saving, replace(options, min_similarity=-1.0))
    texts = ["" if answer.abstained else without_markers(answer.answer) for answer in given]
    prompts = [prompt_of(answer) for answer in given]
    tokens = [0 if prompt is None else generator.count_tokens(prompt.system) + generator.count_tokens(prompt.user) for prompt in prompts]
    return ReaderScores(
        f1_Q=np.array([token_f1(text, gold) for text, gold in zip(texts, answers, strict=True)], dtype=np.float64),
        exact_match_Q=np.array([exact_match(text, gold) for text, gold in zip(texts, answers, strict=True)], dtype=np.float64),
        tokens_read_Q=np.array(tokens, dtype=np.int64),
        abstained_Q=np.array([answer.abstained for answer in given], dtype=np.bool_),
        texts=tuple(texts),
        seconds=sum(saving.seconds_of(prompt, options) for prompt in prompts if prompt is not None),
        num_failed=sum(bool(answer.error) for answer in given),
    )


def make_spans(corpus: Corpus, starts_R: Int64Array, ends_R: Int64Array) -> tuple[Span, ...]:
    """Global ranges, best first, as the spans of a `SearchResult`; empty ranges are left out.

    A span's `path` is the number of its document, padded so that the prompt's order of paths is the order of documents.
    """
    spans = []
    for start, end in zip(starts_R.tolist(), ends_R.tolist(), strict=True):
        if start >= end:
            continue
        document = int(np.searchsorted(corpus.document_starts, start, side="right")) - 1
        offset, first_sentence = int(corpus.document_starts[document]), int(corpus.document_sentences[document])
        first_token, last_token = np.searchsorted(corpus.token_starts_T, (start, end))
        span = Span(
            path=f"{document:09d}",
            doc_id=str(document),
            page=None,
            start=start - offset,
            end=end - offset,
            boundary=end - offset,
            score=1.0,
            text=corpus.text_of(start, end),
            pos_first=int(np.searchsorted(corpus.sentence_ends_S, start, side="right")) - first_sentence,
            pos_last=int(np.searchsorted(corpus.sentence_starts_S, end)) - 1 - first_sentence,
            num_tokens=int(last_token - first_token),
        )
        spans.append(span)
    return tuple(spans)


def readable(result: SearchResult) -> SearchResult:
    """`result` without lone surrogates, which tokenizers refuse; all lengths stay."""
    spans = tuple(replace(span, text=without_surrogates(span.text)) for span in result.spans)
    return replace(result, question=without_surrogates(result.question), spans=spans)


def prompt_of(answer: Answer) -> Prompt | None:
    """The prompt behind this answer, rebuilt from its spans, which are the ones shown to the model. None if no model
    was asked."""
    return make_prompt(answer.question, in_document_order(answer.spans)) if answer.model else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A generation, and its share of the seconds of its call."""

    generation: Generation
    seconds: float


class SavingGenerator:
    """A generator that asks another one in chunks, and never asks twice. Owns the file of answers: each chunk is on
    disk before the next begins."""

    def __init__(self, generator: Generator, answers_path: Path | None, on_progress: OnPrompts | None) -> None:
        self.name = generator.name
        self.max_prompt_tokens = generator.max_prompt_tokens
        self._generator = generator
        self._answers_path = answers_path
        self._on_progress = on_progress
        self._written = {} if answers_path is None else load_answers(answers_path)

    def count_tokens(self, text: str) -> int:
        return self._generator.count_tokens(text)

    def generate(
        self, prompts: Sequence[Prompt], *, max_tokens: int, temperature: float, on_text: OnText | None = None
    ) -> list[Generation]:
        """One generation per prompt, in order; nothing is streamed."""
        keys = [answer_key(self.name, prompt, max_tokens, temperature) for prompt in prompts]
        missing = [(key, prompt) for key, prompt in dict(zip(keys, prompts, strict=True)).items() if key not in self._written]
        num_known = len(set(keys)) - len(missing)
        self._report(num_known, num_known + len(missing))
        for first in range(0, len(missing), CHUNK):
            chunk = missing[first : first + CHUNK]
            started = time.perf_counter()
            generations = self._generator.generate([prompt for _, prompt in chunk], max_tokens=max_tokens, temperature=temperature)
            share_s = (time.perf_counter() - started) / len(chunk)
            written = {
                key: Written(generation=generation, seconds=share_s) for (key, _), generation in zip(chunk, generations, strict=True)
            }
            self._written |= written
            if self._answers_path is not None:
                save_answers(self._answers_path, written)
            self._report(num_known + first + len(chunk), num_known + len(missing))
        return [self._written[key].generation for key in keys]

    def seconds_of(self, prompt: Prompt, options: AnswerOptions) -> float:
        return self._written[answer_key(self.name, prompt, options.max_answer_tokens, options.temperature)].seconds

    def _report(self, num_done: int, num_prompts: int) -> None:
        if self._on_progress is not None:
            self._on_progress(num_done, num_prompts)


def answer_key(model: str, prompt: Prompt, max_tokens: int, temperature: float) -> str:
    """The name of an answer in the file: a hash of everything that the model's text depends on, 32 hex digits."""
    asked = json.dumps([model, prompt.system, prompt.user, max_tokens, float(temperature)])
    return hashlib.blake2b(asked.encode("ascii"), digest_size=16).hexdigest()


def load_answers(path: Path) -> dict[str, Written]:
    """The answers saved in `path`, by key. Malformed lines, which a killed run leaves behind, are skipped: their
    prompts will be asked again."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise UsageError(f"The saved answers {path} cannot be read: {error.strerror}. Remove the file or choose another folder.") from error
    written = {}
    for line in data.split(b"\n"):
        try:
            fields = json.loads(line)
            generation = Generation(text=str(fields["text"]), finish_reason=str(fields["finish_reason"]))
            written[str(fields["key"])] = Written(generation=generation, seconds=float(fields["seconds"]))
        except (ValueError, TypeError, KeyError):
            continue
    return written


def save_answers(path: Path, written: Mapping[str, Written]) -> None:
    """Append answers to `path` and sync it; failures are left out, so that the next run asks again."""
    lines = [
        {"key": key, "text": one.generation.text, "finish_reason": one.generation.finish_reason, "seconds": one.seconds}
        for key, one in written.items()
        if one.generation.finish_reason != "error"
    ]
    data = b"".join(json.dumps(line).encode("ascii") + b"\n" for line in lines)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab+") as file:
            if file.tell():
                file.seek(-1, os.SEEK_END)
                data = data if file.read(1) == b"\n" else b"\n" + data  # ends the half-written line of a killed run
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise UsageError(f"The answers cannot be saved in {path}: {error.strerror}. Free disk space or choose another folder.") from error
