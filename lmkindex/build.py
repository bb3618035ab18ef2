"""Make an index equal to directories: lock, plan, encode, commit, maintain, report.

The pipeline has three stages that overlap: a thread prepares (read, split, tokenize), this thread encodes, a thread writes. Knows no
tensors, formats or table rows; each stage is in its own module. A build that is stopped, killed or out of time loses only the document
that it was at; the next build goes on (DESIGN §5).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from .assemble import Assembler, counts_of
from .commit import IndexWriter
from .config import BuildOptions, WindowOptions, index_path, require
from .encoder import Encoder, load_encoder, window_options
from .encoder_folder import find_encoder
from .errors import IndexUnusableError, InterruptedBuildError, LmkindexError
from .files import plan_changes, walk_files
from .head import read_head, write_lock
from .prepare import DocumentEnd, Failed, Slab, Stopwatch, Task, WindowStep, in_thread, prepare_slabs, rows_of
from .records import BuildReport, EncoderFolder, FileFailure, FilePlan, Head, ManifestEntry
from .table import IndexReader

Progress = Callable[[str, int, int], None]  # path, bytes done, bytes in all
Manifest = dict[tuple[str, str], ManifestEntry]
SLABS_AHEAD = 3
FEW_DELETED = 3  # so few may always go: in a small corpus one file is more than any share


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A build that was planned: what is there, what is to be done, and with which encoder."""

    index_path: Path
    options: BuildOptions
    head: Head
    is_new: bool
    folder: EncoderFolder
    manifest: Manifest
    plan: FilePlan
    walk_failures: tuple[FileFailure, ...]
    num_files: int
    started: float

    @property
    def tasks(self) -> list[Task]:
        """Files to prepare, in order of their names."""
        tasks = [Task(entry=entry, kind="added", known_doc_id=None) for entry in self.plan.added]
        for entry in self.plan.changed:
            tasks.append(Task(entry=entry, kind="changed", known_doc_id=self.manifest[(entry.root, entry.path)].doc_id))
        for old, entry in self.plan.renamed:
            tasks.append(Task(entry=entry, kind="renamed", known_doc_id=old.doc_id))
        if self.options.rebuild:
            tasks = [replace(task, known_doc_id=None) for task in tasks]
        return sorted(tasks, key=lambda task: (task.entry.root, task.entry.path))


def build_index(
    index: str,
    roots: Sequence[Path],
    options: BuildOptions,
    *,
    encoder: Encoder | None = None,
    stop: Callable[[], int] = lambda: 0,
    on_progress: Progress | None = None,
) -> BuildReport:
    """Add, replace, rename and delete documents until the index equals `roots` (empty: the roots of the last build).

    `encoder` overrides the one that `options` or the index name. `stop` is asked between batches for the number of a signal that came.
    Raises `LockedError`, `IndexUnusableError`, `UsageError`, and `InterruptedBuildError` after saving what was finished.
    """
    path = index_path(index)
    if options.dry_run:
        job = plan_job(path, roots, options, encoder)
        return forecast(job, encoder or load_encoder(job.folder, options.encode))
    with write_lock(path, wait=options.wait):
        job = plan_job(path, roots, options, encoder)
        if not job.is_new and is_up_to_date(job):
            return summarize(job, job.manifest, {}, Stopwatch(), [])
        return run_job(job, encoder or load_encoder(job.folder, options.encode), stop, on_progress)


def plan_job(path: Path, roots: Sequence[Path], options: BuildOptions, encoder: Encoder | None) -> Job:
    """Walk, compare with the manifest, and check that the index may be changed so."""
    started = time.monotonic()
    head = read_head(path)
    folder = encoder.folder if encoder is not None else pick_folder(head, options)
    if head is not None and not options.rebuild:
        check_encoder(path, head, folder)
    manifest = IndexReader(path, head).manifest() if head is not None else {}
    wanted = list(roots) or [Path(root) for root in (head.roots if head is not None else ())]
    require(bool(wanted), "Name at least one directory to index, as in `lmkindex build corpus/`.")
    entries, walk_failures = walk_files(wanted, options.files)
    plan = plan_changes(entries, manifest, checksum=options.checksum, retry_failed=options.retry_failed, failures=walk_failures)
    if options.rebuild:
        plan = replace(plan, added=tuple(entries), changed=(), touched=(), renamed=(), unchanged=(), deleted=())
        manifest = {}
    check_deletions(plan, manifest, options.max_delete)
    new_head = Head(
        tables=head.tables if head is not None else {},
        encoder={"name": folder.name, "fingerprint": folder.fingerprint, "dim": folder.dim, "path": encoder_path(folder, options, head)},
        options=window_sizes(head, folder, options),
        roots=tuple(str(root.resolve()) for root in wanted),
        counts=head.counts if head is not None else counts_of([]),
    )
    return Job(
        index_path=path,
        options=options,
        head=new_head,
        is_new=head is None or options.rebuild or head.roots != new_head.roots,
        folder=folder,
        manifest=manifest,
        plan=plan,
        walk_failures=tuple(walk_failures),
        num_files=len(entries) + len(walk_failures),
        started=started,
    )


def pick_folder(head: Head | None, options: BuildOptions) -> EncoderFolder:
    """The encoder that was asked for, else the index's own, else the default."""
    named = options.encoder
    if named is None and head is not None and not options.rebuild:
        named = head.encoder.get("path")
    return find_encoder(named)


def check_encoder(path: Path, head: Head, folder: EncoderFolder) -> None:
    """An index takes vectors of one encoder only."""
    if head.encoder["fingerprint"] != folder.fingerprint:
        raise IndexUnusableError(
            f"The index at {path} was made with the encoder {head.encoder['name']} ({head.encoder['fingerprint'][:12]}), not with "
            f"{folder.name} ({folder.fingerprint[:12]}). Use that encoder, or `lmkindex build --rebuild` to encode everything again."
        )


def encoder_path(folder: EncoderFolder, options: BuildOptions, head: Head | None) -> str | None:
    """Where later commands find the encoder: a folder that the user named; None is the default one."""
    if options.encoder is None:
        return head.encoder.get("path") if head is not None and not options.rebuild else None
    return str(folder.path.resolve())


def window_sizes(head: Head | None, folder: EncoderFolder, options: BuildOptions) -> dict[str, int]:
    """What the index was built with wins; then what was asked for; then the encoder's own."""
    if head is not None and not options.rebuild:
        return {name: int(head.options[name]) for name in ("window_tokens", "context_tokens")}
    window_tokens = options.window_tokens or folder.window_tokens
    context_tokens = folder.context_tokens if options.context_tokens is None else options.context_tokens
    require(window_tokens <= folder.window_tokens, f"The encoder {folder.name} takes windows of at most {folder.window_tokens} tokens.")
    return {"window_tokens": window_tokens, "context_tokens": context_tokens}


def check_deletions(plan: FilePlan, manifest: Mapping[tuple[str, str], ManifestEntry], max_delete: float) -> None:
    """Stop before deleting more than a share of the index, as when a disk is not mounted."""
    num_deleted = sum(entry.status != "failed" for entry in plan.deleted)
    num_documents = sum(entry.status != "failed" for entry in manifest.values())
    allowed = max(max_delete * num_documents, min(FEW_DELETED, num_documents - 1))
    if max_delete < 1.0 and num_deleted > allowed:
        raise LmkindexError(
            f"{num_deleted} of {num_documents} documents are gone from the directories, more than --max-delete {max_delete:.0%} allows. "
            "Nothing was changed. If they were really deleted, run again with --max-delete 100%; if a disk is not mounted, mount it."
        )


def is_up_to_date(job: Job) -> bool:
    """Whether there is nothing to write."""
    known = {(failure.root, failure.path): failure.reason for failure in job.walk_failures}
    recorded = {key: job.manifest[key].error for key in known if key in job.manifest}
    return not (job.tasks or job.plan.touched or job.plan.deleted) and known == recorded


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
    )
    record_known_changes(job, assembler)
    stopwatch = Stopwatch()
    windows = window_options(encoder, job.head.options["window_tokens"], job.head.options["context_tokens"])
    reader = IndexReader(job.index_path) if any(task.known_doc_id for task in job.tasks) else None
    slabs = prepare_slabs(job.tasks, encoder, windows, options.files, reader, stopwatch)
    signal_number, tallies = 0, Tallies(total_bytes=sum(task.entry.size_bytes for task in job.tasks), on_progress=on_progress)
    is_complete = True
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="lmkindex-write") as pool, closing(in_thread(slabs, SLABS_AHEAD)) as ready:
        for signal_number in encode_slabs(ready, encoder, assembler, pool, stopwatch, tallies, stop):
            is_complete = False
            if signal_number or time.monotonic() - job.started >= (options.time_budget_s or float("inf")):
                break
            is_complete = True
    assembler.abandon_open(lambda: IndexWriter(job.index_path, dim=job.folder.dim))
    if options.rebuild and not is_complete:
        raise InterruptedBuildError("Stopped. The index is as it was; `--rebuild` swaps only when it is finished.", signal_number or 1)
    assembler.commit(publish=False)
    assembler.publish()
    if signal_number:
        raise InterruptedBuildError("Stopped; finished documents are saved. Run the same command to go on.", signal_number)
    warnings = maintain(assembler, options) if is_complete else []
    report = summarize(job, assembler.manifest, tallies.counts, stopwatch, warnings)
    return replace(report, incomplete=not is_complete)


@dataclass(slots=True)
class Tallies:
    """What passed so far, and whom to tell."""

    total_bytes: int
    on_progress: Progress | None
    done_bytes: int = 0
    counts: dict[str, int] | None = None

    def take(self, slab: Slab) -> None:
        """Count a slab's windows, documents and failures."""
        counts = self.counts = self.counts or {}
        path, part = "", 0.0
        for step in slab:
            if isinstance(step, WindowStep):
                key = "windows_reused" if step.row is None else "windows_encoded"
                counts[key] = counts.get(key, 0) + 1
                counts["row_tokens"] = counts.get("row_tokens", 0) + (len(step.row.ids_T) if step.row is not None else 0)
                task = step.prepared.task
                path = task.entry.path
                part = task.entry.size_bytes * step.window.core_pos / len(step.prepared.sentences)
            else:
                kind, path, size_bytes = outcome_of(step)
                counts[kind] = counts.get(kind, 0) + 1
                self.done_bytes += size_bytes
                part = 0.0
        if self.on_progress is not None:
            self.on_progress(path, self.done_bytes + int(part), self.total_bytes)


def outcome_of(step: DocumentEnd | Failed) -> tuple[str, str, int]:
    """What became of a file: the count it belongs to, its path and its size."""
    if isinstance(step, Failed):
        return "failed", step.failure.path, max(step.failure.size_bytes, 0)
    task = step.prepared.task
    return task.kind, task.entry.path, task.entry.size_bytes


def encode_slabs(
    slabs: Iterator[Slab],
    encoder: Encoder,
    assembler: Assembler,
    pool: ThreadPoolExecutor,
    stopwatch: Stopwatch,
    tallies: Tallies,
    stop: Callable[[], int],
) -> Iterator[int]:
    """Encode slab after slab while the one before is written; after each, yield the signal that came, or 0."""
    pending: Future[None] | None = None
    for slab in slabs:
        vectors = stopwatch.time("encode", partial(encoder.encode_rows, rows_of(slab)))
        if pending is not None:
            pending.result()
        pending = pool.submit(stopwatch.time, "write", partial(assembler.take, slab, vectors))
        tallies.take(slab)
        if signal_number := stop():
            pending.result()
            yield signal_number
        yield 0
    if pending is not None:
        pending.result()


def record_known_changes(job: Job, assembler: Assembler) -> None:
    """What needs no reading: deletions, new stats of equal content, and files that the walk could not reach."""
    for entry in job.plan.deleted:
        assembler.forget(entry.doc_id)
    for failure in job.walk_failures:
        known = job.manifest.get((failure.root, failure.path))
        if known is None or known.error != failure.reason:
            assembler.take_failure(Failed(failure=failure))
    touched = []
    for file in job.plan.touched:
        known_entry = job.manifest[(file.root, file.path)]
        touched.append(replace(known_entry, size_bytes=file.size_bytes, mtime_ns=file.mtime_ns, status="indexed", error=""))
    if touched:
        assembler.rewrite_documents(touched)


def maintain(assembler: Assembler, options: BuildOptions) -> list[str]:
    """Maintenance inside the lock; its failure is a warning, never a loss."""
    try:
        assembler.writer.maintain(options.ann_rows)
    except Exception as error:  # whatever LanceDB raises: the documents are published already
        return [f"Maintenance failed and will be tried again by the next build that changes something: {error}"]
    return []


def summarize(
    job: Job, manifest: Mapping[tuple[str, str], ManifestEntry], counts: Mapping[str, int] | None, stopwatch: Stopwatch, warnings: list[str]
) -> BuildReport:
    """Exact counts of what was done and of what the index holds now."""
    counts = counts or {}
    totals = counts_of(manifest.values())
    failed = tuple(
        FileFailure(root=entry.root, path=entry.path, reason=entry.error)
        for _, entry in sorted(manifest.items())
        if entry.status != "indexed"
    )
    seconds = time.monotonic() - job.started
    return BuildReport(
        scanned=job.num_files,
        added=counts.get("added", 0),
        changed=counts.get("changed", 0),
        renamed=counts.get("renamed", 0),
        deleted=sum(entry.status != "failed" for entry in job.plan.deleted),
        unchanged=len(job.plan.touched) + sum(entry.status == "indexed" for entry in job.plan.unchanged),
        failed=failed,
        documents=totals["documents"],
        sentences=totals["sentences"],
        tokens=totals["tokens"],
        windows_encoded=counts.get("windows_encoded", 0),
        windows_reused=counts.get("windows_reused", 0),
        seconds=seconds,
        tokens_per_second=counts.get("row_tokens", 0) / seconds if seconds else 0.0,
        warnings=tuple(warnings),
        seconds_by_step=dict(stopwatch.seconds),
    )


def forecast(job: Job, encoder: Encoder) -> BuildReport:
    """The plan of `--dry-run`: everything is read, split and cut as a build would, and nothing is encoded or written."""
    stopwatch = Stopwatch()
    windows = window_options(encoder, job.head.options["window_tokens"], job.head.options["context_tokens"])
    reader = IndexReader(job.index_path) if any(task.known_doc_id for task in job.tasks) else None
    tallies = Tallies(total_bytes=0, on_progress=None)
    manifest = {key: entry for key, entry in job.manifest.items() if entry not in job.plan.deleted}
    for old, _ in job.plan.renamed:
        manifest.pop((old.root, old.path), None)
    for slab in prepare_slabs(job.tasks, encoder, windows, job.options.files, reader, stopwatch):
        tallies.take(slab)
        for step in slab:
            manifest |= forecast_entries(step, manifest)
    for failure in job.walk_failures:
        manifest |= forecast_entries(Failed(failure=failure), manifest)
    report = summarize(job, manifest, tallies.counts, stopwatch, [])
    plan = {
        "add": [entry.path for entry in job.plan.added],
        "change": [entry.path for entry in job.plan.changed],
        "rename": [f"{old.path} -> {entry.path}" for old, entry in job.plan.renamed],
        "delete": [entry.path for entry in job.plan.deleted],
        "fail": [failure.path for failure in report.failed],
    }
    return replace(report, plan=plan, tokens_per_second=0.0)


def forecast_entries(step: Any, manifest: Mapping[tuple[str, str], ManifestEntry]) -> Manifest:
    """The manifest rows that a step would leave."""
    if isinstance(step, DocumentEnd):
        document, prepared = step.prepared.document, step.prepared
        status, error, num_sentences, num_tokens = "indexed", "", len(prepared.sentences), prepared.num_tokens
        root, path = document.root, document.path
    elif isinstance(step, Failed):
        root, path, error = step.failure.root, step.failure.path, step.failure.reason
        known = manifest.get((root, path))
        num_sentences, num_tokens = (known.num_sentences, known.num_tokens) if known else (0, 0)
        status = "stale" if num_sentences else "failed"
    else:
        return {}
    entry = ManifestEntry(
        doc_id="", root=root, path=path, content_hash="", size_bytes=0, mtime_ns=0, status=status, error=error,
        num_sentences=num_sentences, num_tokens=num_tokens,
    )  # fmt: skip
    return {(root, path): entry}
