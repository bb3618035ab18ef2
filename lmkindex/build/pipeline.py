"""Make an index match its directories: lock, plan, encode, commit, maintain, report.

Three stages overlap: a thread prepares (read, split, tokenize), this thread encodes, a thread writes. Knows no tensors,
formats or table rows; each stage is in its own module. A build that is stopped or out of time loses only its current
document; a killed one loses what came after the last commit. The next build continues (design.md, "Crash safety").
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from ..config import BuildOptions, index_path
from ..encoder import Encoder, load_encoder
from ..encoder.batches import plan_batches
from ..encoder.pace import Pace
from ..errors import InterruptedBuildError, LmkindexError
from ..index import IndexSession, IndexWriter, write_lock
from ..index import maintain as maintain_index
from ..read import Parser
from ..records import Float32Array
from ..token_records import Row
from .forecast import expect
from .plan import plan_job
from .prepare import Stopwatch, prepare_slabs, rows_of, source_of
from .records import BuildReport, Failed, Forecast, Job, Slab
from .report import Progress, Tallies, rehearse, report_of
from .write import DocumentWriter

T = TypeVar("T")
SLABS_AHEAD = 3
ASK_S = 0.5  # how long to wait for a slab before asking whether the build is over


def run_build(
    index: str,
    roots: Sequence[Path],
    options: BuildOptions,
    *,
    encoder: Encoder | None = None,
    stop: Callable[[], int] = lambda: 0,
    on_progress: Progress | None = None,
    on_forecast: Callable[[Forecast], None] = lambda _: None,
) -> BuildReport:
    """Add, replace, rename and delete documents until the index matches `roots` (empty: the roots of the last build).

    `encoder` overrides that of `options` or the index. `stop` is called between batches and returns the number of a
    received signal. `on_forecast` gets the work ahead before the first file is read. Raises `LockedError`,
    `IndexUnusableError`, `UsageError`, and, after saving, `InterruptedBuildError` or `KeyboardInterrupt`.
    """
    path = index_path(index)
    if options.dry_run:
        session = IndexSession(path)
        job = plan_job(session, roots, options, encoder)
        return rehearse(job, session, encoder or load_encoder(job.folder, options.encode))
    with write_lock(path, wait=options.wait):
        session = IndexSession(path)
        job = plan_job(session, roots, options, encoder)
        expected = expect(job)
        if job.is_up_to_date:
            return replace(report_of(job, job.manifest, Tallies(total_bytes=0), Stopwatch(), []), forecast=expected)
        on_forecast(expected)
        report = run_job(job, session, encoder or load_encoder(job.folder, options.encode), stop, on_progress)
        return replace(report, forecast=expected)


def run_job(job: Job, session: IndexSession, encoder: Encoder, stop: Callable[[], int], on_progress: Progress | None) -> BuildReport:
    """Encode and commit; then maintenance; then the report."""
    options = job.options
    writer = session.open_writer(dim=job.folder.dim, overwrite=options.rebuild)
    documents = DocumentWriter(
        writer, encoder, job.manifest, job.head,
        commit_rows=options.commit_rows, commit_s=options.commit_s, publish_early=not options.rebuild, together=job.together,
    )  # fmt: skip
    record_known_changes(job, documents)
    stopwatch = Stopwatch()
    tallies = Tallies(total_bytes=sum(task.entry.size_bytes for task in job.tasks), on_progress=on_progress)
    encode_started = time.monotonic()
    try:
        signal_number, is_complete = encode_tasks(job, session, encoder, documents, stopwatch, tallies, stop)
    except KeyboardInterrupt:
        if not (stop() or options.rebuild or documents.together):  # after `stop`, this is the second Ctrl-C: end immediately
            documents.abandon_open()
            documents.finish(tallies.counts.get("row_tokens", 0), encode_started)
        raise
    documents.abandon_open()
    if options.rebuild and not is_complete:
        message = "Stopped before the end. The index is unchanged: `--rebuild` replaces it only when it is finished."
        raise (
            InterruptedBuildError(message, signal_number) if signal_number else LmkindexError(f"{message} Give it a longer --time-budget.")
        )
    if documents.together:
        message = "Stopped before anything was finished; the index is unchanged. Run the same command again."
        raise InterruptedBuildError(message, signal_number)
    documents.finish(tallies.counts.get("row_tokens", 0), encode_started)
    if signal_number:
        raise InterruptedBuildError("Stopped; finished documents are saved. Run the same command to continue.", signal_number)
    warnings = run_maintenance(writer, options) if is_complete else []
    return replace(report_of(job, documents.manifest, tallies, stopwatch, warnings), incomplete=not is_complete)


def record_known_changes(job: Job, documents: DocumentWriter) -> None:
    """Record what needs no reading: deletions, new stats of equal content, and what the walk could not reach."""
    for entry in job.plan.deleted:
        documents.forget(entry.doc_id)
    for failure in job.new_failures:
        documents.take_failure(Failed(failure=failure))
    if job.rewritten:
        documents.rewrite_documents(job.rewritten)


def encode_tasks(
    job: Job, session: IndexSession, encoder: Encoder, documents: DocumentWriter, stopwatch: Stopwatch, tallies: Tallies,
    stop: Callable[[], int],
) -> tuple[int, bool]:  # fmt: skip
    """Run the three stages side by side. Returns the signal that stopped them (0: none), and whether they finished."""
    num_tasks = len(job.tasks)
    parser = Parser(job.options.files)
    slabs = prepare_slabs(job.tasks, source_of(job, session, encoder, stopwatch, parser))
    stop()  # from here on, a signal is answered by saving what is finished
    deadline = job.started + (job.options.time_budget_s or float("inf"))
    signals: list[int] = []

    def is_over() -> bool:
        """Whether a signal came, or time is up and something can be published (else long documents never would)."""
        signal_number = stop()
        if signal_number or (time.monotonic() >= deadline and tallies.num_finished and not documents.together):
            signals.append(signal_number)
            parser.close()  # the thread that prepares may wait for it
        return bool(signals)

    with (
        ThreadPoolExecutor(max_workers=1, thread_name_prefix="lmkindex-write") as pool,
        closing(in_thread(slabs, SLABS_AHEAD, is_over)) as prepared,
        parser,  # ends before the thread does
        closing(encode_slabs(prepared, encoder, is_over, documents, pool, stopwatch)) as written,
    ):
        for slab in written:
            tallies.take(slab)
            if tallies.num_finished < num_tasks and is_over():  # after the last task there is nothing to stop, even if time is up
                break
    signal_number = signals[0] if signals else stop()
    return signal_number, tallies.num_finished == num_tasks and not signal_number


def encode_slabs(
    slabs: Iterator[Slab], encoder: Encoder, is_over: Callable[[], bool], documents: DocumentWriter, pool: ThreadPoolExecutor,
    stopwatch: Stopwatch,
) -> Generator[Slab, None, None]:  # fmt: skip
    """Encode each slab while the previous one is written; yields encoded slabs. All are written when this ends, except
    one in which the build stopped: rows are encoded by length, so almost no document in it is complete."""
    pace = Pace()
    pending: Future[None] | None = None
    try:
        for slab in slabs:
            with stopwatch.timing("encode"):
                vectors = encode_slab(encoder, rows_of(slab), pace, is_over)
            if vectors is None:
                return
            if pending is not None:
                pending.result()
            pending = pool.submit(write_encoded, documents, slab, vectors, stopwatch)
            yield slab
    finally:
        if pending is not None:
            pending.result()


def write_encoded(documents: DocumentWriter, slab: Slab, vectors: Sequence[Float32Array], stopwatch: Stopwatch) -> None:
    """Write a slab, in the thread that writes."""
    with stopwatch.timing("write"):
        documents.take(slab, vectors)


def encode_slab(encoder: Encoder, rows: Sequence[Row], pace: Pace, is_over: Callable[[], bool]) -> list[Float32Array] | None:
    """What `encode_rows` gives for all rows, in calls of a few seconds; None if `is_over` returned true between them.

    Calls end where batches end, so the vectors are bit for bit those of one call for the whole slab.
    """
    lengths = [len(row.ids_T) for row in rows]
    batches = plan_batches(lengths, batch_tokens=encoder.batch_tokens, window_tokens=encoder.folder.window_tokens)
    vectors: dict[int, Float32Array] = {}
    first = 0
    while first < len(batches):
        if first and is_over():
            return None
        called = batches[first : first + pace.num_batches]
        first += len(called)
        indices = [index for batch in called for index in batch.indices]
        started = time.monotonic()
        vectors |= zip(indices, encoder.encode_rows([rows[index] for index in indices]), strict=True)
        pace.adapt(len(called), time.monotonic() - started)
    return [vectors[index] for index in range(len(rows))]


def in_thread(items: Iterator[T], depth: int, is_over: Callable[[], bool] = lambda: False) -> Generator[T, None, None]:
    """Run an iterator in a thread, at most `depth` items ahead of the consumer. Its exception is raised here; closing
    this ends the thread. One item can take minutes, so while waiting this asks `is_over`, and ends early if so."""
    ready: queue.Queue[tuple[T | None, BaseException | None, bool]] = queue.Queue(maxsize=depth)
    closed = threading.Event()

    def put(item: tuple[T | None, BaseException | None, bool]) -> None:
        while not closed.is_set():
            with suppress(queue.Full):
                return ready.put(item, timeout=0.1)

    def produce() -> None:
        try:
            for item in items:
                put((item, None, False))
                if closed.is_set():
                    return
            put((None, None, True))
        except BaseException as error:  # handed to the consumer, which raises it
            put((None, error, True))

    thread = threading.Thread(target=produce, name="lmkindex-prepare", daemon=True)
    thread.start()
    try:
        while True:
            try:
                item, error, is_last = ready.get(timeout=ASK_S)
            except queue.Empty:
                if is_over():
                    return
                continue
            if error is not None:
                raise error
            if is_last:
                return
            yield item  # type: ignore[misc]  # None only comes with is_last
    finally:
        closed.set()
        thread.join()


def run_maintenance(writer: IndexWriter, options: BuildOptions) -> list[str]:
    """Maintenance inside the lock; its failure is a warning, never a loss."""
    try:
        maintain_index(writer, options.ann_rows)
    except Exception as error:  # whatever LanceDB raises: the documents are published already
        return [f"Maintenance failed; the next build that changes something will try it again: {error}"]
    return []
