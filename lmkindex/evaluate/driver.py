"""From sets to files: the evaluation, its reader part and the experiments, and what they write to the output folder.

The folder holds `results.json`, `questions/SET.npz`, `answers.jsonl`, `experiments/NAME.json` and their `figures/`;
vectors go to the cache. A killed run loses only its current slab of rows or chunk of answers; the next run finds the
rest.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from ..config import AnswerOptions
from ..datasets import EvaluationSet, sample_questions
from ..encoder import Encoder
from ..encoder.cache import VectorCache
from ..errors import UsageError
from ..generate import Generator
from ..plots import require_matplotlib
from ..records import JsonObject
from ..storage import write_json, write_whole
from .evaluate_set import EvaluateOptions, OnSystem, SetResult, evaluate_set, save_questions
from .experiments.common import Experiment, ExperimentInput
from .html_report import draw_all, read_saved
from .reader_run import OnAnswers, ReaderOptions, answer_sets, gather_passages
from .result_tables import Table, experiment_tables, render_markdown, results_tables
from .results import results_json
from .systems import REFERENCE, System
from .workbench import Workbench

RESULTS_FILE = "results.json"
LOG_HEADING = re.compile(r"^#{2,3} ", re.MULTILINE)
OnSet = Callable[[SetResult, float], None]  # a finished set and its seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoders:
    """The encoder of the landmark systems, and the encoder of all other systems."""

    landmark: Encoder
    baseline: Encoder


def run_evaluation(
    sets: Sequence[EvaluationSet],
    encoders: Encoders,
    cache: VectorCache,
    output: Path,
    options: EvaluateOptions,
    *,
    reader: ReaderOptions,
    open_reader: Callable[[], Generator],
    answer_options: AnswerOptions,
    on_step: OnSystem | None = None,
    on_set: OnSet | None = None,
    on_answers: OnAnswers | None = None,
) -> JsonObject:
    """Evaluate, write `results.json` and return it. It is written before the reader starts, and again when the reader
    is done."""
    done, passages = [], []
    for one in sets:
        started = time.perf_counter()
        bench = Workbench(
            sample_questions(one, options.max_questions, options.seed, with_evidence=True), encoders.landmark, encoders.baseline, cache
        )
        if not bench.questions:
            raise UsageError(f"No question of {one.name} has evidence that its documents contain: leave it out with --set.")
        done.append(evaluate_set(bench, options, on_step, num_in_file=len(one.questions)))
        save_questions(output / "questions", done[-1], options)
        if reader.num_questions:
            passages.append(gather_passages(bench, options.systems, reader))
        if on_set is not None:
            on_set(done[-1], time.perf_counter() - started)
    folders = {"landmark": encoders.landmark.folder, "baseline": encoders.baseline.folder}
    results = results_json(done, options, reference_of(options.systems), folders)
    write_json(output / RESULTS_FILE, results)
    if reader.num_questions:
        results["reader"] = answer_sets(
            passages, open_reader(), reader, answer_options, answers_path=output / "answers.jsonl", on_answers=on_answers
        )
        write_json(output / RESULTS_FILE, results)
    return results


def reference_of(systems: Sequence[System]) -> str:
    """The system that the others are compared with: `landmark-auto`, else the last one that is not a control."""
    names = [system.name for system in systems if not system.is_control] or [systems[-1].name]
    return REFERENCE if REFERENCE in names else names[-1]


def run_experiment(
    name: str, sets: Sequence[EvaluationSet], encoders: Encoders, cache: VectorCache, output: Path, options: EvaluateOptions,
    on_step: Callable[[str], None],
) -> JsonObject:  # fmt: skip
    """Run one experiment, write `experiments/NAME.json`, draw its figures into `figures/`, and return it.

    Raises `UsageError` before measuring anything if matplotlib is missing.
    """
    require_matplotlib()
    started = time.perf_counter()
    given = ExperimentInput(
        sets=tuple(sample_questions(one, options.max_questions, options.seed, with_evidence=True) for one in sets),
        landmark_encoder=encoders.landmark,
        baseline_encoder=encoders.baseline,
        cache=cache,
        seed=options.seed,
        on_step=on_step,
        results=read_results(output),
    )
    module = import_module(f"{__package__}.experiments.{name}")
    found: Experiment = getattr(module, f"run_{name}")(given)
    measured: JsonObject = {"sets": [one.name for one in sets], "encoder": encoders.landmark.folder.name}
    experiment = measured | found.to_json(time.perf_counter() - started)
    write_json(output / "experiments" / f"{name}.json", experiment)
    draw_all(output, experiment["figures"], {})
    return experiment


def read_results(output: Path) -> JsonObject | None:
    """The results of an earlier evaluation in this folder."""
    path = output / RESULTS_FILE
    return read_saved(path) if path.is_file() else None


def log_entry(value: JsonObject) -> str:
    """A dated entry for a log of an evaluation or an experiment: date, question, numbers, verdict."""
    date = value["created"][:10]
    if "experiment" in value:
        head = (
            f"### {date} Experiment `{value['experiment']}`\n\n{value['question']} Sets: {', '.join(value['sets'])}; {value['seconds']} s."
        )
        tables: Sequence[Table] = experiment_tables(value)
        tail = [f"Verdict: {value['verdict']}"]
    else:
        sets = ", ".join(f"{one['name']} ({one['num_questions']})" for one in value["datasets"])
        head = f"### {date} `lmkindex evaluate`, encoder {value['encoder']['name']}\n\nSets (questions): {sets}."
        tables, tail = results_tables(value), []
    return "\n\n".join([head, *(render_markdown(table) for table in tables), *tail]) + "\n"


def add_to_log(path: Path, entry: str) -> None:
    """Insert an entry into a Markdown file, newest first: before its first heading of level 2 or 3, after any text
    above that heading."""
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    first = LOG_HEADING.search(text)
    head, older = (text[: first.start()], text[first.start() :]) if first else (text, "")
    parts = (head.rstrip("\n"), entry.strip("\n"), older.rstrip("\n"))
    write_whole(path.resolve(), ("\n\n".join(part for part in parts if part) + "\n").encode("utf-8"))
