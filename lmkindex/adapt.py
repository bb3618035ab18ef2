"""An index -> an encoder for its domain: questions about the indexed texts, a short stage III, and a report of the
gain.

Questions are held out by document if there are enough documents, else by question; held-out questions are used only for
measuring. Knows no command line.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from .config import ADAPT_QUESTIONS, ADAPT_STEPS, EncodeOptions, index_path, require
from .datasets import EvaluationSet, SourceDocument, find_sets, write_set
from .encoder import find_encoder, load_encoder, read_folder
from .encoder.cache import VectorCache
from .errors import UsageError
from .evaluate import Workbench, score_rankings, select_systems
from .evaluate.experiments.paired import PairedFigures, direction, show_difference, show_interval
from .evaluate.records import Float64Array
from .generate import Generator
from .index import IndexReader
from .records import EncoderFolder, JsonObject
from .storage import write_json, write_whole
from .synth import SynthOptions, write_questions
from .train import DevRecipe, OnNote, OnStep, Recipe, SetRecipe, StageRecipe, TrainOptions, run_training

HELD_OUT = 0.25  # of the questions
FEWEST_DOCUMENTS = 8  # with fewer, whole documents cannot be held out
FEWEST_QUESTIONS = 20
BUDGETS_TOKENS = (128, 256, 512)
TRAIN_SET, HELD_OUT_SET = "adapt_train", "adapt_held_out"


@dataclass(frozen=True, slots=True, kw_only=True)
class AdaptOptions:
    """`num_questions` to write, and `steps` updates to make with `learning_rate`; `generator` names the language
    model."""

    num_questions: int = ADAPT_QUESTIONS
    steps: int = ADAPT_STEPS
    learning_rate: float = 5e-5
    seed: int = 0
    generator: str = ""

    def __post_init__(self) -> None:
        require(self.num_questions >= FEWEST_QUESTIONS, f"Fewer than {FEWEST_QUESTIONS} questions teach nothing: ask for more.")
        require(self.steps > 0 and self.learning_rate > 0, "Steps and learning rate must be positive.")


def adapt_encoder(
    index: str, output: Path, options: AdaptOptions, train_options: TrainOptions, open_generator: Callable[[], Generator], *,
    stop: Callable[[], int], on_note: OnNote, on_step: OnStep,
) -> JsonObject:  # fmt: skip
    """Synthesize, train, measure. Returns the report, also in `OUTPUT/adapted.json` and `.md`. Each part can be
    resumed.

    Raises `UsageError` if the documents gave too few questions, or other questions than `output` began with.
    """
    reader = IndexReader(index_path(index))
    folder = find_encoder(reader.head.encoder.get("path"))
    require(
        folder.fingerprint == reader.head.encoder["fingerprint"],
        f"The index was made with an encoder other than {folder.name}: run `lmkindex build --rebuild` first.",
    )
    encode_options = EncodeOptions(device=train_options.device, threads=train_options.threads)
    documents = indexed_documents(reader)
    synth_options = SynthOptions(name="adapt", num_questions=options.num_questions, seed=options.seed, generator=options.generator)
    cache = VectorCache(output / "vectors")  # a resumed run encodes nothing twice
    encoder = load_encoder(folder, encode_options)
    on_note(f"Writing questions about {len(documents):,} documents")
    result = write_questions(
        documents, encoder, open_generator, synth_options, output / "synth", cache,
        lambda text, accepted, asked: on_note(f"{text}: {accepted} questions of {asked} tried") if asked % 128 == 0 else None,
    )  # fmt: skip
    require(
        result.num_questions >= FEWEST_QUESTIONS,
        f"Only {result.num_questions} questions of {len(result.attempts):,} tried passed the filters, and training needs "
        f"at least {FEWEST_QUESTIONS}: name a stronger model with --llm and another --output, or continue with a higher --questions.",
    )
    (written,) = find_sets(output / "synth", ["adapt"])
    train_set, held_out = split_set(written, options.seed)
    keep_sets(output, [train_set, held_out])
    recipe = adapt_recipe(folder, options)
    adapted_path = run_training(recipe, output / "data", output / "run", train_options, stop=stop, on_note=on_note, on_step=on_step)
    report = compare_encoders(held_out, [folder, read_folder(adapted_path)], encode_options, cache, options.seed)
    report |= {"encoder": str(adapted_path), "questions": len(train_set.questions), "held_out": len(held_out.questions)}
    write_json(output / "adapted.json", report)
    write_whole(output / "adapted.md", render_report(report).encode())
    return report


def indexed_documents(reader: IndexReader) -> list[SourceDocument]:
    """The indexed texts, in the order of their names."""
    entries = sorted(reader.manifest().items())
    rows = reader.document_rows([entry.doc_id for _, entry in entries if entry.num_sentences], ["title", "text"])
    found = [(name, entry.doc_id) for name, entry in entries if entry.doc_id in rows]
    if not found:
        raise UsageError(f"The index at {reader.index_path} holds no text: build it first.")
    return [SourceDocument(doc_id=doc_id, title=rows[doc_id]["title"] or "", text=rows[doc_id]["text"]) for _, doc_id in found]


def split_set(written: EvaluationSet, seed: int) -> tuple[EvaluationSet, EvaluationSet]:
    """A training part and a held-out part. They share no document if there are at least `FEWEST_DOCUMENTS`, else no
    question."""
    generator = np.random.default_rng([seed, len(written.questions)])
    num_of = Counter(question.doc_id for question in written.questions)
    num_wanted = max(1, round(HELD_OUT * len(written.questions)))
    if len(num_of) >= FEWEST_DOCUMENTS:
        names: set[str] = set()
        asked = sorted(num_of)
        for doc_id in (asked[index] for index in generator.permutation(len(asked)).tolist()):
            # Never more than wanted: a document with most of the questions would leave too few to learn from. The
            # smallest always fits.
            if sum(num_of[name] for name in names) + num_of[doc_id] <= num_wanted:
                names.add(doc_id)
        held_out = {question.question_id for question in written.questions if question.doc_id in names}
    else:
        chosen = generator.permutation(len(written.questions))[:num_wanted].tolist()
        held_out = {written.questions[index].question_id for index in chosen}
    parts = ((TRAIN_SET, False), (HELD_OUT_SET, True))
    train_set, kept = (
        replace(written, name=name, questions=tuple(one for one in written.questions if (one.question_id in held_out) == is_held_out))
        for name, is_held_out in parts
    )
    return train_set, kept


def keep_sets(output: Path, sets: Sequence[EvaluationSet]) -> None:
    """Write the sets to `OUTPUT/data`. Raises `UsageError` if the run there began with other sets: it may have trained
    on what is now held out."""
    if (output / "run").is_dir():
        known = find_sets(output / "data", [one.name for one in sets])
        require(known == list(sets), f"The run in {output} began with other questions: ask for the same number, or name another --output.")
        return
    for one in sets:
        write_set(output / "data", one)


def adapt_recipe(folder: EncoderFolder, options: AdaptOptions) -> Recipe:
    """A recipe for a short stage III from an encoder, with the encoder's pooling, sizes and landmark."""
    return Recipe(
        name=f"{folder.name}-adapted",
        base=str(folder.path.resolve()),
        base_license=folder.base_license,
        lmk_token=folder.lmk_token,
        pooling=folder.pooling,
        query_prefix=folder.query_prefix,
        window_tokens=folder.window_tokens,
        context_tokens=folder.context_tokens,
        min_similarity=folder.min_similarity,
        seed=options.seed,
        sets={TRAIN_SET: SetRecipe()},
        stages=(
            StageRecipe(
                kind="documents",
                steps=options.steps,
                learning_rate=options.learning_rate,
                batch_tokens=max(4096, folder.window_tokens),
                window_tokens=min(256, folder.window_tokens),
            ),
        ),
        dev=DevRecipe(every_steps=max(1, options.steps)),  # nothing is selected on held-out questions
    )


def compare_encoders(
    held_out: EvaluationSet, folders: Sequence[EncoderFolder], options: EncodeOptions, cache: VectorCache, seed: int
) -> JsonObject:
    """Recall on the held-out questions, before and after, with paired 95% intervals."""
    recalls: list[Float64Array] = []
    (system,) = select_systems(["landmark-1"])
    for folder in folders:
        encoder = load_encoder(folder, options)
        bench = Workbench(held_out, encoder, encoder, cache)
        recalls.append(score_rankings(bench.corpus, bench.rank(system, "corpus"), bench.evidences, BUDGETS_TOKENS).recall_QB)
    rows = []
    for column, budget in enumerate(BUDGETS_TOKENS):
        figures = PairedFigures(HELD_OUT_SET, {"before": recalls[0][:, column], "after": recalls[1][:, column]}, seed)
        difference = figures.difference("after", "before")
        rows.append(
            {
                "budget_tokens": budget,
                "before": show_interval(figures.mean("before")),
                "after": show_interval(figures.mean("after")),
                "difference": show_difference(difference),
                "verdict": direction(difference),
            }
        )
    return {"before": folders[0].name, "after": folders[1].name, "system": system.name, "recall": rows}


def render_report(report: JsonObject) -> str:
    """The report for people, as Markdown."""
    lines = [
        f"# {report['after']} against {report['before']}",
        "",
        f"Recall of the evidence by `{report['system']}` on {report['held_out']} synthetic questions that were held out of training",
        f"({report['questions']} were trained on), with 95% intervals. They were written by a language model: real ones may differ.",
        "",
        "| budget, tokens | before | after | difference | |",
        "|---|---|---|---|---|",
        *(
            f"| {row['budget_tokens']} | {row['before']} | {row['after']} | {row['difference']} | {row['verdict']} |"
            for row in report["recall"]
        ),
        "",
        advise(report),
        "",
    ]
    return "\n".join(lines)


def advise(report: JsonObject) -> str:
    """The advice that follows from the verdicts."""
    command = f"`lmkindex build --rebuild --encoder {report['encoder']}`"
    verdicts = {row["verdict"] for row in report["recall"]}
    if "lower" in verdicts:
        return f"It is worse: keep {report['before']}. More or better questions (a stronger --llm) may help. ({command} would use it.)"
    if "higher" in verdicts:
        return f"Use it with {command}."
    return f"An improvement is not shown: more questions would tell. To use it anyway: {command}."
