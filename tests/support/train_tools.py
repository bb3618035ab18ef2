"""Small data folders, recipes and runs for the training tests; also imported by the processes that tests kill."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import tiny

from lmkindex.config import EncodeOptions
from lmkindex.datasets import EvaluationSet, Question, SourceDocument
from lmkindex.encoder import FakeEncoder, TransformerEncoder, load_encoder, read_folder
from lmkindex.evaluate import DevBench
from lmkindex.records import JsonObject
from lmkindex.sentences import split_sentences
from lmkindex.train import Recipe, SetRecipe, StageRecipe, TrainOptions, make_recipe, run_training
from lmkindex.train.sampler import Mined, Sampler
from lmkindex.train.training_rows import row_maker
from lmkindex.train.training_sets import TrainingSet, make_training_set


def make_set(name: str, seed: int, *, num_documents: int = 4, num_sentences: int = 30, num_questions: int = 24) -> EvaluationSet:
    """Made-up documents. A question has some words of its evidence, which is one to three adjacent sentences."""
    generator = random.Random(seed)
    documents = [
        SourceDocument(doc_id=f"{name}-{index}", title="", text=tiny.prose(1000 * seed + index, num_sentences))
        for index in range(num_documents)
    ]
    questions = []
    for number in range(num_questions):
        document = documents[number % num_documents]
        sentences = split_sentences(document.text)
        first = generator.randrange(len(sentences))
        last = min(first + generator.choice((0, 0, 0, 1, 2)), len(sentences) - 1)
        start, end = int(sentences.starts_S[first]), int(sentences.ends_S[last])
        words = document.text[int(sentences.starts_S[last]) : end].rstrip(".").split()
        asked = sorted(generator.sample(range(1, len(words) - 1), 4))
        questions.append(
            Question(
                question_id=f"{name}-q{number}",
                doc_id=document.doc_id,
                text="What about " + " ".join(words[index] for index in asked) + "?",
                answers=(words[-1],),
                spans=((start, end),),
            )
        )
    return EvaluationSet(name=name, documents=tuple(documents), questions=tuple(questions))


def write_set(folder: Path, given: EvaluationSet) -> None:
    """Write a set in the form of a data folder."""
    folder.mkdir(parents=True, exist_ok=True)
    documents: list[JsonObject] = [{"id": one.doc_id, "text": one.text} for one in given.documents]
    questions: list[JsonObject] = [
        {"id": one.question_id, "doc": one.doc_id, "question": one.text, "answers": one.answers, "spans": one.spans, "note": one.note}
        for one in given.questions
    ]
    for kind, lines in (("docs", documents), ("qa", questions)):
        (folder / f"{given.name}.{kind}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")


def sentence_text(one: TrainingSet, sentence: int) -> str:
    return one.text[one.sentence_starts_S[sentence] : one.sentence_ends_S[sentence]]


def document_bounds(one: TrainingSet, document: int) -> tuple[int, int]:
    """Sentences `[first, end)` of a document."""
    return int(one.document_sentences[document]), int(one.document_sentences[document + 1])


def training_set(name: str, seed: int, encoder: Any = None, *, packed: bool = False, weight: float = 1.0, **sizes: int) -> TrainingSet:
    """A set in memory, tokenized by the fake encoder unless another encoder is given."""
    options = SetRecipe(packed=packed, weight=weight)
    return make_training_set(make_set(name, seed, **sizes), options, encoder if encoder is not None else marked_encoder())


def marked_encoder() -> FakeEncoder:
    """A fake encoder that inserts landmarks; no word has their id, 0."""
    encoder = FakeEncoder()
    encoder.folder = replace(encoder.folder, pooling="lmk", lmk_token="<LMK>")
    return encoder


def load_tiny(path: Path) -> TransformerEncoder:
    return load_encoder(read_folder(path), EncodeOptions(device="cpu", dtype="float32", threads=1))


def recipe_values(base: Path | str, *, stages: Sequence[JsonObject] = (), **values: Any) -> JsonObject:
    """The tables of a recipe for the tiny models and the sets `alpha` and `beta`."""
    fields: JsonObject = {
        "name": "small",
        "base": str(base),
        "lmk_token": "[LMK]",
        "window_tokens": 96,
        "context_tokens": 16,
        "micro_batch_tokens": 256,
        "sets": {"alpha": {}, "beta": {"weight": 0.5, "packed": True}},
        "defaults": {"batch_tokens": 300, "window_tokens": 64, "passage_tokens": 32, "learning_rate": 2e-3},
        "stages": list(stages) or [{"kind": "documents", "steps": 3}],
    }
    return fields | values


def small_recipe(base: Path | str, **values: Any) -> Recipe:
    return make_recipe(recipe_values(base, **values))


def toml(values: JsonObject) -> str:
    """A recipe's tables in the form of its file."""
    tables = {name: value for name, value in values.items() if isinstance(value, dict)}
    lines = [f"{name} = {json.dumps(value)}" for name, value in values.items() if name != "stages" and name not in tables]
    for name, table in tables.items():
        lines.append(f"[{name}]")
        inline = (f"{key} = {inline_toml(value)}" for key, value in table.items())
        lines.extend(inline)
    for stage in values["stages"]:
        lines.append("[[stages]]")
        lines.extend(f"{key} = {json.dumps(value)}" for key, value in stage.items())
    return "\n".join(lines) + "\n"


def inline_toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {json.dumps(item)}" for key, item in value.items()) + "}"
    return json.dumps(value)


def write_data(folder: Path) -> Path:
    """Write the sets `alpha` and `beta` for training and `gamma` for development."""
    for seed, name in enumerate(("alpha", "beta", "gamma"), start=1):
        write_set(folder, make_set(name, seed))
    return folder


def read_curve(path: Path) -> list[JsonObject]:
    return [json.loads(line) for line in path.read_text("ascii").splitlines()]


def recorded_run(recipe: Recipe, data_path: Path, run_path: Path) -> None:
    """A run that appends a line to `RUN.log` for everything it does, so that a test that kills it knows how far it
    got."""
    with run_path.with_suffix(".log").open("a", encoding="utf-8", buffering=1) as log:
        log.write("started\n")
        try:
            run_training(
                recipe,
                data_path,
                run_path,
                TrainOptions(device="cpu", threads=1),
                on_note=lambda text: print(text, file=log),
                on_step=lambda stage, progress, line: print(f"did {line['total_steps']}", file=log),
                open_dev=DevBench,
            )
        finally:
            log.write("ended\n")


def odd_training_set() -> TrainingSet:
    """One-sentence and blank documents, a sentence and a question longer than any window, evidence that is a whole
    document."""
    long_sentence = "The " + " ".join(f"word{index}" for index in range(300)) + " end."
    prose = tiny.prose(77, 40)
    texts = ["Alone.", " \n ", long_sentence, f"Before. {long_sentence} After it.", prose, "Yes. No. Yes."]
    asked: list[tuple[int, str, tuple[int, int]]] = [
        (0, "Who?", (0, 6)),
        (2, "What is long?", (0, len(long_sentence))),
        (3, " ".join(["why"] * 700) + "?", (20, 30)),
        (3, "What comes after?", (10, len(texts[3]))),
        (4, "All of it?", (0, len(prose))),
        (5, "Who?", (0, 4)),
    ]
    questions = tuple(
        Question(question_id=f"q{index}", doc_id=f"d{document}", text=text, answers=(), spans=(span,))
        for index, (document, text, span) in enumerate(asked)
    )
    documents = tuple(SourceDocument(doc_id=f"d{index}", title="", text=text) for index, text in enumerate(texts))
    return make_training_set(EvaluationSet(name="odd", documents=documents, questions=questions), SetRecipe(), marked_encoder())


SETS = (training_set("alpha", 1), training_set("beta", 2, packed=True, weight=0.5), odd_training_set())


def make_sampler(
    kind: str, *, pooling: str = "lmk", sets: tuple[TrainingSet, ...] = SETS, mined: Mined | None = None, **values: Any
) -> Sampler:
    encoder = marked_encoder()
    encoder.folder = replace(encoder.folder, pooling=pooling)
    fields = {"steps": 1, "window_tokens": 64, "batch_tokens": 400, "passage_tokens": 32} | values
    stage = StageRecipe(kind=kind, **fields)
    return Sampler(sets=sets, stage=stage, maker=row_maker(encoder, stage.window_tokens), mined=mined or {})
