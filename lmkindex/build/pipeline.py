"""Make an index equal to directories: lock, plan, encode, commit, maintain, report.

The pipeline has three stages that overlap: a thread prepares (read, split, tokenize), this thread encodes, a thread writes. Knows no
tensors, formats or table rows; each stage is in its own module. A build that is stopped or out of time loses only the document
that it was at, one that is killed what came after the last commit; the next build goes on (DESIGN §5).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path

from ..config import BuildOptions, index_path
from ..encoder import Encoder, load_encoder
from ..encoder.pace import Pace
from ..errors import InterruptedBuildError, LmkindexError
from ..index import IndexWriter, write_lock
from ..index import maintain as maintain_index
from ..read import Parser
from ..records import BuildReport, Forecast
from .background import in_thread
from .forecast import expect, measured
from .plan import Job, is_up_to_date, plan_job, source_of
from .prepare import Failed, Slab, Stopwatch, prepare_slabs, rows_of
from .report import Progress, Tallies, forecast, summarize
from .write import Assembler

SLABS_AHEAD = 3


def build_index(
    index: str,
    roots: Sequence[Path],
    options: BuildOptions,
    *,
    encoder: Encoder | None = None,
    stop: Callable[[], int] = lambda: 0,
    on_progress: Progress | None = None,
    on_forecast: Callable[[Forecast], None] = lambda _: None,
) -> BuildReport:
    """Add, replace, rename and delete documents until the index equals `roots` (empty: the roots of the last build).

    `encoder` overrides the one that `options` or the index name. `stop` is asked between batches for the number of a signal that came.
    `on_forecast` hears, before the first file is read, how much there is to do. Raises `LockedError`, `IndexUnusableError`, `UsageError`,
    and `InterruptedBuildError` after saving what was finished.
    """
    path = index_path(index)
    if options.dry_run:
        job = plan_job(path, roots, options, encoder)
        return forecast(job, encoder or load_encoder(job.folder, options.encode))
    with write_lock(path, wait=options.wait):
        job = plan_job(path, roots, options, encoder)
        expected = expect(job)
        if not job.is_new and is_up_to_date(job):
            return replace(summarize(job, job.manifest, {}, Stopwatch(), []), forecast=expected)
        on_forecast(expected)
        report = run_job(job, encoder or load_encoder(job.folder, options.encode), stop, on_progress)
        return replace(report, forecast=expected)


def run_job(job: Job, encoder: Encoder, stop: Callable[[], int], on_progress: Progress | None) -> BuildReport:
    """Encode and commit; then maintenance; then the report."""
    options = job.options
    writer = IndexWriter(job.index_path, dim=job.folder.dim, overwrite=options.rebuild)
    assembler = Assembler(
        writer,
        encoder,
        dict(job.manifest),
        job.head,
        commit_rows=options.commit_rows,
        commit_s=options.commit_s,
        publish_early=not options.rebuild,
        together=job.plan.moved_texts,
    )
    record_known_changes(job, assembler)
    stopwatch = Stopwatch()
    tallies = Tallies(total_bytes=sum(task.entry.size_bytes for task in job.tasks), on_progress=on_progress)
    encode_started = time.monotonic()
    signal_number, is_complete = encode_tasks(job, encoder, assembler, stopwatch, tallies, stop)
    assembler.abandon_open(lambda: IndexWriter(job.index_path, dim=job.folder.dim))
    if options.rebuild and not is_complete:
        message = "Stopped before the end. The index is as it was: `--rebuild` swaps only when it is finished."
        raise (
            InterruptedBuildError(message, signal_number) if signal_number else LmkindexError(f"{message} Give it a longer --time-budget.")
        )
    if assembler.together:
        raise InterruptedBuildError(
            "Stopped before anything was finished; the index is as it was. Run the same command again.", signal_number
        )
    assembler.commit(publish=False)
    counts = measured(assembler.head.counts, tallies.counts.get("row_tokens", 0), time.monotonic() - encode_started)
    assembler.head = replace(assembler.head, counts=counts)
    assembler.publish()
    if signal_number:
        raise InterruptedBuildError("Stopped; finished documents are saved. Run the same command to go on.", signal_number)
    warnings = maintain(assembler, options) if is_complete else []
    report = summarize(job, assembler.manifest, tallies.counts, stopwatch, warnings)
    return replace(report, incomplete=not is_complete)


def encode_tasks(
    job: Job, encoder: Encoder, assembler: Assembler, stopwatch: Stopwatch, tallies: Tallies, stop: Callable[[], int]
) -> tuple[int, bool]:
    """Run the three stages side by side. Returns the signal that stopped them (0: none), and whether they came to the end."""
    tasks = job.tasks
    parser = Parser(job.options.files)
    slabs = prepare_slabs(tasks, source_of(job, encoder, stopwatch, parser))
    stop()  # from here on, a signal is answered by saving what is finished
    deadline = job.started + (job.options.time_budget_s or float("inf"))
    signals: list[int] = []

    def is_over() -> bool:
        """Whether a signal came, or time is up; but not before something can be published, else what is longer than the budget would never
        be."""
        signal_number = stop()
        if signal_number or (time.monotonic() >= deadline and tallies.num_finished and not assembler.together):
            signals.append(signal_number)
            parser.close()  # the thread that prepares may wait for it
        return bool(signals)

    with (
        ThreadPoolExecutor(max_workers=1, thread_name_prefix="lmkindex-write") as pool,
        closing(in_thread(slabs, SLABS_AHEAD, is_over)) as prepared,
        parser,  # ends before the thread does
        closing(encode_slabs(prepared, Pace(encoder, is_over), assembler, pool, stopwatch)) as written,
    ):
        for slab in written:
            tallies.take(slab)
            if tallies.num_finished < len(tasks) and is_over():  # at the end there is nothing to go on with, even if time is up
                break
    signal_number = signals[0] if signals else stop()
    return signal_number, tallies.num_finished == len(tasks) and not signal_number


def encode_slabs(
    slabs: Iterator[Slab], pace: Pace, assembler: Assembler, pool: ThreadPoolExecutor, stopwatch: Stopwatch
) -> Generator[Slab, None, None]:
    """Encode slab after slab while the one before is written; yields each when it is encoded. All are written when this ends; one that
    the build was stopped in is left out: its rows are encoded by length, so hardly a document of it is whole."""
    pending: Future[None] | None = None
    try:
        for slab in slabs:
            vectors = stopwatch.time("encode", partial(pace.encode, rows_of(slab)))
            if vectors is None:
                return
            if pending is not None:
                pending.result()
            pending = pool.submit(stopwatch.time, "write", partial(assembler.take, slab, vectors))
            yield slab
    finally:
        if pending is not None:
            pending.result()


def record_known_changes(job: Job, assembler: Assembler) -> None:
    """What needs no reading: deletions, new stats of equal content, and what the walk could not reach."""
    for entry in job.plan.deleted:
        assembler.forget(entry.doc_id)
    for failure in job.new_failures:
        assembler.take_failure(Failed(failure=failure))
    rewritten = job.rewritten
    if rewritten:
        assembler.rewrite_documents(rewritten)


def maintain(assembler: Assembler, options: BuildOptions) -> list[str]:
    """Maintenance inside the lock; its failure is a warning, never a loss."""
    try:
        maintain_index(assembler.writer, options.ann_rows)
    except Exception as error:  # whatever LanceDB raises: the documents are published already
        return [f"Maintenance failed and will be tried again by the next build that changes something: {error}"]
    return []
