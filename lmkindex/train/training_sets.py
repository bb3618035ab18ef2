"""Evaluation-style sets -> tokenized training sets: sentences, and for each question the sentences that answer it.

A span labels all sentences that it touches. Knows the tokenizer, but no windows, no batches and no model weights.
Offsets are characters of the set's documents joined end to end. Shapes: D documents, S sentences, T tokens of a set.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..datasets import EvaluationSet, find_sets
from ..datasets.corpus import tokenize_all
from ..datasets.set_reader import VERDICTS, answer_pattern
from ..encoder import Encoder
from ..errors import UsageError
from ..records import Int32Array, Int64Array
from ..sentences import split_sentences
from .recipe import Recipe, SetRecipe

GUESSED = "position guessed"  # a note of squad_train: about one in six of these spans is in the wrong place
LONGEST_ANSWER_CHARS = 100  # longer texts are passages, not answers that occur elsewhere by chance


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledQuestion:
    """A question and the runs of sentences `[first, last]` of its set that answer it, in order and disjoint; each run's
    last sentence is an ultimate boundary (paper §3.3). `answers` are lower-cased short answer strings: another sentence
    that holds one is not a negative."""

    text: str
    ids_T: Int32Array
    document: int
    runs: tuple[tuple[int, int], ...]
    answers: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingSet:
    """A set in memory: sentence s owns tokens `[sentence_tokens[s], sentence_tokens[s + 1])`, document d owns sentences
    `[document_sentences[d], document_sentences[d + 1])`; `text` is the documents' texts end to end."""

    name: str
    weight: float
    is_packed: bool
    text: str
    sentence_starts_S: Int64Array
    sentence_ends_S: Int64Array
    ends_paragraph_S: npt.NDArray[np.bool_]
    sentence_tokens: Int64Array  # S + 1
    document_sentences: Int64Array  # D + 1
    ids_T: Int32Array
    questions: tuple[LabelledQuestion, ...]
    questions_of: tuple[tuple[int, ...], ...]  # of each document
    runs_of_text: Mapping[str, Int64Array]  # [R, 2]: what answers a question with these words (lower case), drawn or not

    def num_tokens(self, first: int, end: int) -> int:
        """Tokens of sentences `[first, end)`."""
        return int(self.sentence_tokens[end] - self.sentence_tokens[first])


def load_sets(data_path: Path, recipe: Recipe, encoder: Encoder, on_set: Callable[[str], None] | None = None) -> list[TrainingSet]:
    """The recipe's sets, sorted by name. Raises `UsageError` for a set that the folder lacks or that has no question
    with evidence."""
    loaded = []
    for name in sorted(recipe.sets):
        if on_set is not None:
            on_set(name)
        options = recipe.sets[name]
        sampled = sample_set(find_sets(data_path, [name])[0], options, recipe.seed)
        made = make_training_set(sampled, options, encoder, recipe.seed) if sampled.questions else None
        if made is None or not made.questions:
            raise UsageError(f"The set {name} has no question with evidence: leave it out of [sets].")
        loaded.append(made)
    return loaded


def sample_set(given: EvaluationSet, options: SetRecipe, seed: int) -> EvaluationSet:
    """The usable training questions and their documents, at most `max_documents`."""
    generator = np.random.default_rng([seed, *given.name.encode()])
    questions = [question for question in given.questions if question.spans and not question.note.startswith(GUESSED)]
    asked = sorted({question.doc_id for question in questions})
    if 0 < options.max_documents < len(asked):
        asked = [asked[index] for index in generator.permutation(len(asked))[: options.max_documents]]
        kept = set(asked)
        questions = [question for question in questions if question.doc_id in kept]
    names = {question.doc_id for question in questions}
    documents = tuple(document for document in given.documents if document.doc_id in names)
    return replace(given, documents=documents, questions=tuple(questions))


def make_training_set(given: EvaluationSet, options: SetRecipe, encoder: Encoder, seed: int = 0) -> TrainingSet:
    """Split, tokenize and label; draws at most `max_questions` questions."""
    texts = [document.text for document in given.documents]
    offsets_D = np.cumsum([0, *map(len, texts)]).tolist()
    split = [split_sentences(text) for text in texts]
    starts_S = np.concatenate([sentences.starts_S + offset for sentences, offset in zip(split, offsets_D, strict=False)])
    ends_S = np.concatenate([sentences.ends_S + offset for sentences, offset in zip(split, offsets_D, strict=False)])
    text = "".join(texts)
    ids_T, sentence_tokens = tokenize_all(encoder, [text[start:end] for start, end in zip(starts_S, ends_S, strict=True)])
    labelled = label_set(given, encoder, offsets_D, starts_S, ends_S, answers_are_labels=options.answers_are_labels)
    runs_of_text: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for question in labelled:
        runs_of_text[question.text.lower()].extend(question.runs)
    questions = draw_some(labelled, options.max_questions, np.random.default_rng([seed, *given.name.encode()]))
    questions_of: list[list[int]] = [[] for _ in texts]
    for number, question in enumerate(questions):
        questions_of[question.document].append(number)
    return TrainingSet(
        name=given.name,
        weight=options.weight,
        is_packed=options.packed,
        text=text,
        sentence_starts_S=starts_S,
        sentence_ends_S=ends_S,
        ends_paragraph_S=np.concatenate([sentences.ends_paragraph_S for sentences in split]),
        sentence_tokens=sentence_tokens,
        document_sentences=np.cumsum([0, *map(len, split)], dtype=np.int64),
        ids_T=ids_T,
        questions=tuple(questions),
        questions_of=tuple(map(tuple, questions_of)),
        runs_of_text={words: np.asarray(runs, dtype=np.int64) for words, runs in runs_of_text.items()},
    )


def label_set(
    given: EvaluationSet, encoder: Encoder, offsets_D: Sequence[int], starts_S: Int64Array, ends_S: Int64Array, *, answers_are_labels: bool
) -> list[LabelledQuestion]:
    """The set's questions whose evidence touches a sentence. `offsets_D` say where the documents begin on the axis of
    `starts_S`."""
    indices = {document.doc_id: index for index, document in enumerate(given.documents)}
    ids_T, offsets = tokenize_all(encoder, [encoder.folder.query_prefix + one.text for one in given.questions])
    questions = []
    for index, one in enumerate(given.questions):
        document = indices[one.doc_id]
        runs = runs_of(one.spans, offsets_D[document], starts_S, ends_S)
        if runs:
            questions.append(
                LabelledQuestion(
                    text=one.text,
                    ids_T=ids_T[offsets[index] : offsets[index + 1]],
                    document=document,
                    runs=runs,
                    answers=() if answers_are_labels else answer_strings(one.answers),
                )
            )
    return questions


def draw_some(questions: list[LabelledQuestion], max_questions: int, generator: np.random.Generator) -> list[LabelledQuestion]:
    """At most `max_questions` (0: all) of the questions, in their order."""
    if not 0 < max_questions < len(questions):
        return questions
    return [questions[index] for index in sorted(generator.permutation(len(questions))[:max_questions].tolist())]


def answer_strings(answers: Sequence[str]) -> tuple[str, ...]:
    """The answers that may occur elsewhere in a text, in lower case: no verdicts, no passages, nothing of one or two
    characters."""
    words = {" ".join(answer.lower().split()) for answer in answers}
    return tuple(sorted(answer for answer in words if 3 <= len(answer) <= LONGEST_ANSWER_CHARS and answer not in VERDICTS))


def holds_answer(text: str, answer: str) -> bool:
    """Whether a text in lower case holds an answer of `answer_strings` as whole words."""
    return answer in text and pattern_of(answer).search(text) is not None


@lru_cache(maxsize=4096)
def pattern_of(answer: str) -> re.Pattern[str]:
    return answer_pattern(answer.split())


def runs_of(spans: Sequence[tuple[int, int]], offset: int, starts_S: Int64Array, ends_S: Int64Array) -> tuple[tuple[int, int], ...]:
    """The sentences `[first, last]` that each span touches; runs that share a sentence are merged."""
    runs: list[tuple[int, int]] = []
    for start, end in spans:
        first = int(np.searchsorted(ends_S, offset + start, side="right"))
        last = int(np.searchsorted(starts_S, offset + end, side="left")) - 1
        if last < first:
            continue  # white space between sentences
        if runs and first <= runs[-1][1]:
            runs[-1] = (runs[-1][0], max(last, runs[-1][1]))
        else:
            runs.append((first, last))
    return tuple(runs)


def digest_of(one: TrainingSet) -> str:
    """A hash of a set's tokens, sentences, questions and evidence: 32 hexadecimal digits."""
    digest = blake2b(digest_size=16)
    for array in (one.ids_T, one.sentence_tokens, one.document_sentences):
        digest.update(array.tobytes())
    for question in one.questions:
        digest.update(f"{question.document} {question.runs} {question.text} {question.answers}\0".encode())
    return digest.hexdigest()
