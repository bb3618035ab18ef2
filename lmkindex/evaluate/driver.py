"""From sets to files: the evaluation, its reader part and the experiments, and what they leave in the output folder.

The folder holds `results.json`, `questions/SET.npz`, `answers.jsonl` and `experiments/NAME.json`; vectors go to the cache. Whatever is
killed loses the slab of rows or the chunk of answers that it was at: the next run finds the rest.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from ..config import AnswerOptions
from ..encoder import Encoder
from ..errors import UsageError
from ..generate import Generator
from ..records import JsonObject
from .datasets import sample_questions
from .embed import VectorCache
from .experiments.common import ExperimentInput
from .reader_run import OnAnswers, ReaderOptions, gather_passages, read_sets
from .records import EvaluationSet
from .results import results_json
from .run import EvaluateOptions, OnStep, SetResult, evaluate_set, save_questions
from .systems import REFERENCE, System
from .tables import Table, experiment_tables, render_markdown, results_tables
from .workbench import Workbench

EXPERIMENTS = ("seams", "scatter", "coherence", "length", "budget")
RESULTS_FILE = "results.json"
OnSet = Callable[[SetResult, float], None]  # a finished set and its seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoders:
    """The encoder of the landmark systems, and that of all others."""

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
    on_step: OnStep | None = None,
    on_set: OnSet | None = None,
    on_answers: OnAnswers | None = None,
) -> JsonObject:
    """Evaluate, write `results.json` and return it. It is written before the reader starts, and again when the reader is done."""
    done, passages = [], []
    for one in sets:
        started = time.perf_counter()
        bench = Workbench(
            sample_questions(one, options.max_questions, options.seed, with_evidence=True), encoders.landmark, encoders.baseline, cache
        )
        if not bench.questions:
            raise UsageError(f"No question of {one.name} has evidence that can be found in its documents: leave it out with --set.")
        done.append(evaluate_set(bench, options, on_step, num_in_file=len(one.questions)))
        save_questions(output / "questions", done[-1], options)
        if reader.num_questions:
            passages.append(gather_passages(bench, options.systems, reader))
        if on_set is not None:
            on_set(done[-1], time.perf_counter() - started)
    folders = {"landmark": encoders.landmark.folder, "baseline": encoders.baseline.folder}
    results = results_json(done, options, reference_of(options.systems), folders, seed=options.seed)
    write_json(output / RESULTS_FILE, results)
    if reader.num_questions:
        results["reader"] = read_sets(
            passages, open_reader(), reader, answer_options, answers_path=output / "answers.jsonl", on_answers=on_answers
        )
        write_json(output / RESULTS_FILE, results)
    return results


def reference_of(systems: Sequence[System]) -> str:
    """The system that the others are compared with: `landmark-auto`, else the last that is no control."""
    names = [system.name for system in systems if not system.is_control] or [systems[-1].name]
    return REFERENCE if REFERENCE in names else names[-1]


def run_experiment(
    name: str, sets: Sequence[EvaluationSet], encoders: Encoders, cache: VectorCache, output: Path, options: EvaluateOptions,
    on_step: Callable[[str], None],
) -> JsonObject:  # fmt: skip
    """Run one experiment, write `experiments/NAME.json` and return it."""
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
    experiment: JsonObject = getattr(module, f"run_{name}")(given).to_json(time.perf_counter() - started)
    # `budget` reads numbers that are there already: they are of the sets and the encoder of that evaluation, whatever is named now.
    names = [one["name"] for one in given.results["datasets"]] if name == "budget" and given.results else [one.name for one in sets]
    encoder = given.results["encoder"]["name"] if name == "budget" and given.results else encoders.landmark.folder.name
    experiment |= {"sets": names, "encoder": encoder}
    experiment["seconds"] = round(time.perf_counter() - started, 1)
    write_json(output / "experiments" / f"{name}.json", experiment)
    return experiment


def read_results(output: Path) -> JsonObject | None:
    """The results of an earlier evaluation in this folder."""
    try:
        return dict(json.loads((output / RESULTS_FILE).read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise UsageError(f"{output / RESULTS_FILE} is not JSON ({error}): remove it and run `lmkindex evaluate` again.") from error


def write_json(path: Path, value: JsonObject) -> None:
    """Replace a JSON file in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    temporary.write_text(json.dumps(value, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    temporary.replace(path)


def log_entry(value: JsonObject) -> str:
    """A dated entry for `docs/log.md` of an evaluation or an experiment: date, question, numbers, verdict."""
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


def check_writable(folder: Path, flag: str) -> None:
    """Raise `UsageError` that names the flag unless files can be written in `folder`, which is made if missing."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".lmkindex-{os.getpid()}.tmp"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        raise UsageError(f"{flag} {folder}: nothing can be written there ({error.strerror}). Name another folder.") from error


def append_log(path: Path, value: JsonObject) -> None:
    """Add the entry at the end of a log file."""
    text = path.read_text(encoding="utf-8").rstrip("\n") + "\n\n" if path.exists() else ""
    path.write_text(text + log_entry(value), encoding="utf-8")
