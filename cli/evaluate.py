"""`lmkindex evaluate`: landmarks against chunking at equal budgets, and the experiments."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lmkindex.config import EVALUATE_QUESTIONS, AnswerOptions, EncodeOptions
from lmkindex.display import one_line
from lmkindex.errors import EXIT_OK, UsageError

from . import options as o
from .ask import make_opener
from .output import Terminal, telling_what_is_kept

if TYPE_CHECKING:
    from lmkindex.datasets import EvaluationSet
    from lmkindex.encoder.cache import VectorCache
    from lmkindex.evaluate import Encoders, EvaluateOptions, SetResult

EPILOG = (
    "Example:\n\n\b\n  lmkindex evaluate examples\n"
    "  lmkindex evaluate data --set squad_dev --set qed_dev --systems 'landmark-*' --systems 'chunk-*'\n"
    "  lmkindex evaluate data --reader 50\n  lmkindex evaluate data --experiment scatter --experiment budget\n  lmkindex plot evaluation"
)
CACHE_NAME = "evaluate"
KEPT = "Everything encoded and answered so far"

Data = Annotated[
    Path, typer.Argument(metavar="DATA", help="A folder of NAME.docs.jsonl.gz and NAME.qa.jsonl.gz, a LongBench .jsonl, or examples/.")
]
Sets = Annotated[list[str] | None, typer.Option("--set", metavar="NAME", help="Only this set of the folder; repeatable.")]
Systems = Annotated[list[str] | None, typer.Option("--systems", metavar="PATTERN", help="Only these systems, e.g. 'chunk-*'; repeatable.")]
Scope = Annotated[str, typer.Option(metavar="NAME", help="corpus, document (search only the question's own document), or both.")]
MainBudget = Annotated[int, typer.Option("--budget", min=1, metavar="TOKENS", help="The budget shown in the summary; all are computed.")]
Questions = Annotated[int, typer.Option(min=0, metavar="N", help="Questions per set, drawn at random; 0 uses all.")]
Seed = Annotated[int, typer.Option(metavar="N", help="Seed for drawing questions, and resamples for the intervals.")]
Baseline = Annotated[
    str | None, typer.Option("--baseline-encoder", metavar="DIR", help="Encoder of the non-landmark systems. Default: the same one.")
]
Output = Annotated[str, typer.Option(metavar="DIR", help="Where to write results.json and the experiments.")]
Cache = Annotated[Path | None, typer.Option("--cache", metavar="DIR", help="Where to keep vectors between runs. Default: user's cache.")]
Reader = Annotated[int, typer.Option("--reader", min=0, metavar="N", help="Also let the language model answer N questions of each set.")]
Experiments = Annotated[
    list[str] | None,
    typer.Option("--experiment", metavar="NAME", help="Run seams, scatter, coherence, length or budget instead; repeatable."),
]
Log = Annotated[
    Path | None, typer.Option("--log", metavar="FILE", help="Add a dated entry with the tables to this Markdown file, above older ones.")
]


def register(app: typer.Typer) -> None:
    app.command("evaluate", epilog=EPILOG)(evaluate)


@o.command
def evaluate(  # over 40 lines: one parameter a flag
    terminal: Terminal,
    data: Data,
    sets: Sets = None,
    systems: Systems = None,
    scope: Scope = "both",
    budget: MainBudget = o.SEARCH.budget_tokens,
    questions: Questions = EVALUATE_QUESTIONS,
    seed: Seed = 0,
    encoder: o.EncoderName = None,
    baseline: Baseline = None,
    output: Output = o.EVALUATION_FOLDER,
    cache: Cache = None,
    experiment: Experiments = None,
    log: Log = None,
    reader: Reader = 0,
    llm: o.Llm = o.ANSWER.llm,
    model: o.Model = o.ANSWER.model,
    max_answer_tokens: o.MaxAnswerTokens = o.ANSWER.max_answer_tokens,
    timeout: o.Timeout = o.TIMEOUT,
    threads: o.Threads = o.BUILD.encode.threads,
    device: o.Device = o.BUILD.encode.device,
    dtype: o.Dtype = o.BUILD.encode.dtype,
) -> int:
    """Compare landmarks with chunks, single sentences, late chunking and BM25 at equal token budgets.

    Vectors are cached by content: a second run takes minutes, and a run that was stopped continues where it left off.
    `lmkindex plot` makes figures and a report from the output folder.
    """
    answer_options = AnswerOptions(
        llm=llm, model=model, max_answer_tokens=max_answer_tokens, min_similarity=-1.0, timeout_s=o.parse_duration("--timeout", timeout)
    )
    from lmkindex.evaluate import ReaderOptions, add_to_log, log_entry, run_evaluation

    options = make_options(systems or (), scope, budget, questions, seed)
    names = check_experiments(experiment or ())
    found, vectors = open_data(data, sets or (), Path(output), cache, log)
    encoders = load_encoders(encoder, baseline, EncodeOptions(device=device, dtype=dtype, threads=threads))
    if names:
        return run_experiments(terminal, names, found, encoders, vectors, output, options, log)
    readers = ReaderOptions(num_questions=reader, budget_tokens=budget, systems=reader_systems(options, bool(systems)), seed=seed)
    num_steps = len(found) * len(options.scopes) * len(options.systems)
    with telling_what_is_kept(terminal, KEPT), steps_progress(terminal, num_steps) as advance:
        results = run_evaluation(
            found, encoders, vectors, Path(output), options,
            reader=readers,
            open_reader=make_opener(terminal, answer_options, threads),
            answer_options=answer_options,
            on_step=lambda name, where, system: advance(f"{name} ({where}): {system}"),
            on_set=lambda result, seconds: terminal.note(set_in_a_line(result, seconds)),
            on_answers=lambda name, system, done, total: advance(f"{name}: answers from {system}, {done} of {total}", 0),
        )  # fmt: skip
    if log is not None:
        add_to_log(log, log_entry(results))
    print_results(terminal, results, output)
    return EXIT_OK


def open_data(
    data: Path, names: Sequence[str], output: Path, cache: Path | None, log: Path | None
) -> tuple[list[EvaluationSet], VectorCache]:
    """The sets and the cached vectors. Anything missing or unwritable is an error now, not after an hour."""
    from lmkindex.datasets import find_sets
    from lmkindex.encoder.cache import VectorCache
    from lmkindex.evaluate.lexical import require_bm25
    from lmkindex.runtime import cache_folder
    from lmkindex.storage import check_writable

    require_bm25()
    found = find_sets(data, names)
    cache = cache if cache is not None else cache_folder() / CACHE_NAME
    for folder, flag in ((output, "--output"), (cache, "--cache"), *(((log.parent, "--log"),) if log is not None else ())):
        check_writable(folder, flag)
    return found, VectorCache(cache)


def make_options(systems: Sequence[str], scope: str, budget: int, questions: int, seed: int) -> EvaluateOptions:
    """The library's options from the flags; the main budget is one of the budgets."""
    from lmkindex.evaluate import BUDGETS_TOKENS, SCOPES, EvaluateOptions, select_systems

    if scope not in ("both", *SCOPES):
        raise UsageError(f"--scope {scope} is not valid. Choose from: both, {', '.join(SCOPES)}.")
    return EvaluateOptions(
        systems=tuple(select_systems(systems)),
        scopes=SCOPES if scope == "both" else (scope,),
        budgets_tokens=tuple(sorted({*BUDGETS_TOKENS, budget})),
        main_budget_tokens=budget,
        max_questions=questions,
        seed=seed,
    )


def reader_systems(options: EvaluateOptions, are_named: bool) -> tuple[str, ...]:
    """The systems that --systems names, without the controls; else only a dozen, because every answer costs a
    generation."""
    from lmkindex.evaluate.reader_run import READER_SYSTEMS

    return tuple(system.name for system in options.systems if not system.is_control) if are_named else READER_SYSTEMS


def check_experiments(names: Sequence[str]) -> list[str]:
    """The experiments to run, each once."""
    from lmkindex.evaluate import EXPERIMENTS

    for name in names:
        if name not in EXPERIMENTS:
            raise UsageError(f"There is no experiment named {name}. Choose from: {', '.join(EXPERIMENTS)}.")
    return list(dict.fromkeys(names))


def load_encoders(encoder: str | None, baseline: str | None, options: EncodeOptions) -> Encoders:
    """The encoders of the landmark systems and of the others: the same one unless --baseline-encoder names another."""
    from lmkindex.encoder import find_encoder, load_encoder
    from lmkindex.evaluate import Encoders

    landmark = load_encoder(find_encoder(encoder), options)
    return Encoders(landmark=landmark, baseline=landmark if baseline is None else load_encoder(find_encoder(baseline), options))


def run_experiments(
    terminal: Terminal,
    names: Sequence[str],
    sets: Sequence[EvaluationSet],
    encoders: Encoders,
    vectors: VectorCache,
    output: str,
    options: EvaluateOptions,
    log: Path | None,
) -> int:
    """Run each experiment: write its files and figures, print its tables."""
    from lmkindex.evaluate import add_to_log, experiment_tables, log_entry, render_text, run_experiment

    for name in names:
        with telling_what_is_kept(terminal, KEPT), steps_progress(terminal, None) as advance:

            def on_step(text: str, name: str = name, advance: Callable[[str], None] = advance) -> None:
                advance(f"{name}: {text}")

            measured = run_experiment(name, sets, encoders, vectors, Path(output), options, on_step)
        if log is not None:
            add_to_log(log, log_entry(measured))
        if terminal.as_json:
            terminal.print_json(measured)
            continue
        for table in experiment_tables(measured):
            terminal.print(render_text(table) + "\n")
        terminal.print(measured["verdict"])
        terminal.note(f"Results are in {one_line(output)}/experiments/{name}.json, figures in {one_line(output)}/figures.")
    return EXIT_OK


@contextmanager
def steps_progress(terminal: Terminal, num_steps: int | None) -> Iterator[Callable[..., None]]:
    """A bar that counts steps; each call names the step that starts."""
    with terminal.progress(counts_bytes=False) as bar:
        task = bar.add_task("", total=num_steps)
        yield lambda text, steps=1: bar.update(task, advance=steps, description=one_line(text))


def set_in_a_line(result: SetResult, seconds: float) -> str:
    """A finished set in one line."""
    return (
        f"{one_line(result.name)}: {result.num_documents:,} documents, {result.num_tokens:,} tokens, "
        f"{len(result.question_ids):,} of {result.num_in_file:,} questions (those with evidence, at most --questions), {seconds:.0f} s"
    )


def print_results(terminal: Terminal, results: dict[str, Any], output: str) -> None:
    """JSON, or the tables."""
    if terminal.as_json:
        terminal.print_json(results)
        return
    from lmkindex.evaluate import render_text, results_tables

    for table in results_tables(results):
        terminal.print(render_text(table) + "\n")
    terminal.note(f"Results are in {one_line(output)}/results.json; `lmkindex plot {one_line(output)}` makes figures and a report.")
