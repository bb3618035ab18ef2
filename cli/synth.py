"""`lmkindex synth`: a language model writes questions about spans of any corpus; they are filtered, and reported next
to human ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lmkindex.config import SYNTH_BACKGROUND_WORDS, SYNTH_NAME, SYNTH_QUESTIONS, SYNTH_TEMPERATURE, AnswerOptions, EncodeOptions
from lmkindex.display import one_line
from lmkindex.errors import EXIT_FAILED_FILES, EXIT_NOTHING_FOUND, EXIT_OK, UsageError

from . import options as o
from .ask import make_opener
from .evaluate import CACHE_NAME
from .output import Terminal, shown_path, telling_what_is_kept

if TYPE_CHECKING:
    from lmkindex.datasets import EvaluationSet
    from lmkindex.encoder import Encoder
    from lmkindex.encoder.cache import VectorCache
    from lmkindex.records import JsonObject

EPILOG = (
    "Example:\n\n\b\n  lmkindex synth examples/corpus --questions 20\n"
    "  lmkindex synth manuals --questions 2000 --llm http://localhost:8000/v1 --time-budget 50m\n"
    "  lmkindex synth data --set medquad --compare data --compare-set squad_dev"
)

Corpus = Annotated[
    list[Path], typer.Argument(metavar="CORPUS...", parser=o.named_path, help="Directories or files; with --set, a folder of sets.")
]
Sets = Annotated[list[str] | None, typer.Option("--set", metavar="NAME", help="Use the documents of NAME.docs.jsonl.gz; repeatable.")]
Output = Annotated[str, typer.Option(metavar="DIR", help="Where to keep the set, its report, and what is needed to continue a run.")]
Name = Annotated[str, typer.Option(metavar="NAME", help="Name of the set, for NAME.docs.jsonl.gz and NAME.qa.jsonl.gz.")]
Questions = Annotated[int, typer.Option(min=1, metavar="N", help="How many accepted questions to aim for.")]
Tries = Annotated[int, typer.Option(min=0, metavar="N", help="Maximum number of spans to ask about; 0 means 20 per question.")]
Seed = Annotated[int, typer.Option(metavar="N", help="Seed for drawing the spans.")]
Background = Annotated[int, typer.Option(min=0, metavar="WORDS", help="Words shown around a span; 0 shows the span alone.")]
Temperature = Annotated[float, typer.Option(min=0.0, metavar="T", help="Sampling temperature of the language model.")]
Cache = Annotated[Path | None, typer.Option("--cache", metavar="DIR", help="Where to keep vectors between runs. Default: user's cache.")]
Compare = Annotated[Path | None, typer.Option(metavar="DATA", help="A folder of human sets, to report the same figures for.")]
CompareSets = Annotated[list[str] | None, typer.Option("--compare-set", metavar="NAME", help="Only this set of --compare; repeatable.")]


def register(app: typer.Typer) -> None:
    app.command("synth", epilog=EPILOG)(synth)


@o.command
def synth(  # over 40 lines: one parameter a flag
    terminal: Terminal,
    corpus: Corpus,
    sets: Sets = None,
    questions: Questions = SYNTH_QUESTIONS,
    output: Output = "synth",
    name: Name = SYNTH_NAME,
    tries: Tries = 0,
    time_budget: o.TimeBudget = o.TIME_BUDGET,
    seed: Seed = 0,
    background: Background = SYNTH_BACKGROUND_WORDS,
    temperature: Temperature = SYNTH_TEMPERATURE,
    compare: Compare = None,
    compare_sets: CompareSets = None,
    cache: Cache = None,
    encoder: o.EncoderName = None,
    llm: o.Llm = o.ANSWER.llm,
    model: o.Model = o.ANSWER.model,
    timeout: o.Timeout = o.TIMEOUT,
    threads: o.Threads = o.BUILD.encode.threads,
    device: o.Device = o.BUILD.encode.device,
    dtype: o.Dtype = o.BUILD.encode.dtype,
) -> int:
    """Write questions about a corpus, as training data for its domain.

    A language model asks about spans of one to five sentences. Filters drop questions that copy the span, cannot be
    understood alone, are not answered by the span, or do not find it again. The result is a set for `evaluate` and
    `train`, with a quality report.

    A run that was stopped continues where it left off. LMKINDEX_API_KEY holds the key for a URL.
    """
    from lmkindex.encoder import find_encoder, load_encoder
    from lmkindex.encoder.cache import VectorCache
    from lmkindex.runtime import cache_folder
    from lmkindex.storage import check_writable
    from lmkindex.synth import MAX_REPLY_TOKENS, SynthOptions, read_source_documents, report_quality, write_questions

    options = SynthOptions(
        name=name, num_questions=questions, max_tries=tries, seed=seed, background_words=background, temperature=temperature,
        time_budget_s=o.parse_duration("--time-budget", time_budget), generator=f"{llm or 'default'} {model or ''}".strip(),
    )  # fmt: skip
    answer_options = AnswerOptions(
        llm=llm, model=model, max_answer_tokens=MAX_REPLY_TOKENS, timeout_s=o.parse_duration("--timeout", timeout)
    )
    folder = Path(output)
    cache = cache if cache is not None else cache_folder() / CACHE_NAME
    check_writable(folder, "--output")
    check_writable(cache, "--cache")
    human_sets = find_human_sets(compare, compare_sets or ())
    documents, failures = read_source_documents(corpus, sets or ())
    for failure in failures:
        terminal.warn(f"failed: {shown_path(failure)}: {one_line(failure.reason)}")
    loaded, vectors = load_encoder(find_encoder(encoder), EncodeOptions(device=device, dtype=dtype, threads=threads)), VectorCache(cache)
    with telling_what_is_kept(terminal, "Everything except the last few spans"), questions_progress(terminal, questions) as advance:
        # The human sets come first: a running engine changes torch's threads (facts.md, "vLLM"), and errors in the sets
        # show up right away.
        compared = [compare_set(human_set, loaded, vectors, seed, advance) for human_set in human_sets]
        opener = make_opener(terminal, answer_options, threads)
        result = write_questions(documents, loaded, opener, options, folder, vectors, advance)
        advance("measuring the questions", result.num_questions, len(result.attempts))
        report_quality(result, documents, loaded, vectors, compared, folder)
    failed = [{"path": one.path, "reason": one.reason, "root": one.root} for one in failures]
    print_summary(terminal, result.to_json() | {"failed": failed}, folder)
    if not result.num_questions:
        return EXIT_NOTHING_FOUND
    return EXIT_FAILED_FILES if failures else EXIT_OK


def find_human_sets(folder: Path | None, names: Sequence[str]) -> list[EvaluationSet]:
    """The sets to compare with; none without --compare."""
    from lmkindex.datasets import find_sets

    if folder is None and names:
        raise UsageError("--compare-set names a set of a folder: give the folder with --compare.")
    return find_sets(folder, names) if folder is not None else []


def compare_set(
    human_set: EvaluationSet, encoder: Encoder, cache: VectorCache, seed: int, advance: Callable[[str, int, int], None]
) -> JsonObject:
    """Measure a human set, or a sample of it."""
    from lmkindex.synth import COMPARED_QUESTIONS, measure_set

    advance(f"measuring {human_set.name}", 0, 0)
    return measure_set(human_set, encoder, cache, COMPARED_QUESTIONS, seed)


@contextmanager
def questions_progress(terminal: Terminal, num_questions: int) -> Iterator[Callable[[str, int, int], None]]:
    """A bar of accepted questions; without a terminal, nothing."""
    with terminal.progress(counts_bytes=False) as bar:
        task = bar.add_task("", total=num_questions)

        def advance(text: str, accepted: int, asked: int) -> None:
            bar.update(task, completed=accepted, description=one_line(f"{text}, {asked:,} spans" if asked else text))

        yield advance


def print_summary(terminal: Terminal, summary: JsonObject, folder: Path) -> None:
    """Print JSON, or a summary of a few lines."""
    if terminal.as_json:
        terminal.print_json(summary)
        return
    reasons = ", ".join(f"{name} {count:,}" for name, count in summary["rejected"].items())
    counts = f"{summary['questions']:,} questions about {summary['documents']:,} documents from {summary['attempts']:,} spans"
    terminal.print(f"{counts}, by {one_line(summary['model']) or 'no model'}.\nRejected: {reasons or 'none'}.")
    if not summary["complete"]:
        terminal.note("Fewer than --questions. Allow more time or --tries, add text, or use a better --llm; the same command continues.")
    terminal.note(f"Questions are in {one_line(str(folder))}/{one_line(summary['name'])}.qa.jsonl.gz, the report in quality.md next to it.")
