"""What a build did, or would do: counts while it runs, the summary, the forecast of `--dry-run`. Writes nothing."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from ..encoder import Encoder
from ..files import PrintedNames
from ..index import IndexSession
from ..languages import unknown_languages
from ..read import Parser
from ..records import FileName, Manifest, ManifestEntry
from .forecast import seconds_for
from .index_settings import is_old
from .kept import unread_entry
from .manifest import counts_of, failure_of, languages_of
from .prepare import Stopwatch, prepare_slabs, source_of
from .records import BuildReport, DocumentEnd, Failed, Forecast, Job, Slab, Step, WindowStep

Progress = Callable[[str, int, int], None]  # path, bytes done, total bytes


@dataclass(slots=True)
class Tallies:
    """Counts so far, and the callback for progress."""

    total_bytes: int
    on_progress: Progress | None = None
    done_bytes: int = 0
    num_finished: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    notes: list[tuple[FileName, str]] = field(default_factory=list)

    def take(self, slab: Slab) -> None:
        """Count a slab's windows, documents and failures."""
        counts = self.counts
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
                counts["deleted"] = counts.get("deleted", 0) + (isinstance(step, Failed) and step.gone_doc_id is not None)
                counts["bytes_read"] = counts.get("bytes_read", 0) + size_bytes
                if isinstance(step, DocumentEnd):
                    counts["furniture"] = counts.get("furniture", 0) + step.prepared.document.num_furniture
                    self.notes += [(step.prepared.task.entry.name, note) for note in step.prepared.document.notes]
                self.done_bytes += size_bytes
                self.num_finished += 1
                part = 0.0
        if self.on_progress is not None:
            self.on_progress(path, self.done_bytes + int(part), self.total_bytes)


def outcome_of(step: DocumentEnd | Failed) -> tuple[str, str, int]:
    """The outcome of a file: the count it belongs to, its path and its size."""
    if isinstance(step, Failed):
        return "failed", step.failure.path, max(step.failure.size_bytes, 0)
    task = step.prepared.task
    return "failed" if step.prepared.entry.status != "indexed" else task.kind, task.entry.path, task.entry.size_bytes


def report_of(job: Job, manifest: Manifest, tallies: Tallies, stopwatch: Stopwatch, warnings: list[str]) -> BuildReport:
    """Exact counts of what was done and of what the index holds now."""
    counts = tallies.counts
    totals, languages = counts_of(manifest.values()), languages_of(manifest.values())
    printed = printed_names(job, manifest)
    failed = [failure_of(entry) for _, entry in sorted(manifest.items()) if entry.status != "indexed"]
    seconds = time.monotonic() - job.started
    return BuildReport(
        scanned=job.num_files,
        added=counts.get("added", 0),
        changed=counts.get("changed", 0),
        renamed=counts.get("renamed", 0),
        deleted=sum(entry.status != "failed" for entry in (*job.plan.deleted, *job.covered)) + counts.get("deleted", 0),
        unchanged=len(job.plan.touched) + sum(manifest[entry.name].status == "indexed" for entry in job.plan.unchanged),
        failed=tuple(printed.on_failure(failure) for failure in failed),
        documents=totals["documents"],
        sentences=totals["sentences"],
        tokens=totals["tokens"],
        windows_encoded=counts.get("windows_encoded", 0),
        windows_reused=counts.get("windows_reused", 0),
        seconds=seconds,
        tokens_per_second=counts.get("row_tokens", 0) / seconds if seconds else 0.0,
        tokens_encoded=counts.get("row_tokens", 0),
        bytes_read=counts.get("bytes_read", 0),
        warnings=tuple(warnings),
        seconds_by_step=dict(stopwatch.seconds),
        empty=sum(entry.is_empty for entry in manifest.values()),
        skipped=tuple(printed.on_failure(link) for link in job.skipped),
        passed_over=job.passed_over,
        reread=counts.get("reread", 0),
        waiting=sum(is_old(manifest[task.entry.name], job.options) for task in job.tasks if task.kind == "reread"),
        furniture=counts.get("furniture", 0),
        notes=tuple((printed.of(name), note) for name, note in tallies.notes),
        languages=languages,
        language_note=unknown_languages(languages, job.folder),
    )


def printed_names(job: Job, manifest: Manifest) -> PrintedNames:
    """How the documents before and after a build are printed, and the links that it skipped."""
    return PrintedNames({*job.manifest, *manifest, *(entry.name for entry in job.plan.added), *(link.name for link in job.skipped)})


def rehearse(job: Job, session: IndexSession, encoder: Encoder) -> BuildReport:
    """The plan of `--dry-run`: everything is read, split and cut as in a build, but nothing is encoded or written."""
    stopwatch = Stopwatch()
    tallies = Tallies(total_bytes=0)
    manifest = {name: entry for name, entry in job.manifest.items() if entry not in job.plan.deleted}
    for old, _ in job.plan.renamed:
        manifest.pop(old.name, None)
    with Parser(job.options.files) as parser:
        for slab in prepare_slabs(job.tasks, source_of(job, session, encoder, stopwatch, parser)):
            tallies.take(slab)
            for step in slab:
                manifest |= forecast_entries(step, manifest)
    manifest |= {entry.name: entry for entry in job.rewritten}
    for failure in job.new_failures:
        manifest |= forecast_entries(Failed(failure=failure), manifest)
    report = report_of(job, manifest, tallies, stopwatch, [])
    tokens = report.tokens_encoded
    seconds = seconds_for(tokens, job.head.counts)
    exact = Forecast(files=len(job.tasks), size_bytes=report.bytes_read, tokens=tokens, seconds=seconds)
    return replace(report, plan=planned_paths(job, manifest, report), tokens_per_second=0.0, forecast=exact)


def planned_paths(job: Job, manifest: Manifest, report: BuildReport) -> dict[str, list[str]]:
    """The lists of `--dry-run`: what would happen to each path, as it is printed."""
    failed = {failure.name for failure in report.failed}
    path_of = printed_names(job, manifest).of
    deleted = [path_of(entry.name) for entry in (*job.plan.deleted, *job.covered) if entry.status != "failed"]
    return {
        "add": [path_of(entry.name) for entry in job.plan.added if entry.name not in failed],
        "change": [path_of(entry.name) for entry in job.plan.changed if entry.name not in failed],
        "rename": [f"{path_of(old.name)} -> {path_of(entry.name)}" for old, entry in job.plan.renamed if entry.name not in failed],
        "delete": deleted + [path_of(old.name) for old, entry in job.plan.renamed if manifest[entry.name].status == "failed"],
        "reread": [path_of(task.entry.name) for task in job.tasks if task.kind == "reread" and task.entry.name not in failed],
        "fail": [path_of(failure.name) for failure in report.failed],
        "skip": [path_of(link.name) for link in job.skipped],
    }


def forecast_entries(step: Step, manifest: Manifest) -> dict[FileName, ManifestEntry]:
    """The manifest rows that a step would leave."""
    if isinstance(step, DocumentEnd):
        entry = step.prepared.entry
    elif isinstance(step, Failed):
        entry = unread_entry(step, manifest)
    else:
        return {}
    return {entry.name: entry}
