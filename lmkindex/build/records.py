"""The records that flow through a build: the plan, and the steps of each document.

Knows no disk and no model. A `Job` is what `plan.py` decides once. Its tasks become steps in `prepare.py`, and the
steps go to the encoder and the index in the order of the tasks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from ..config import BuildOptions
from ..files import FilePlan
from ..records import (
    Document,
    EncoderFolder,
    FileEntry,
    FileFailure,
    FileName,
    Float16Array,
    Head,
    JsonObject,
    Manifest,
    ManifestEntry,
    Sentences,
)
from ..token_records import Row, Window

TaskKind = Literal["added", "changed", "renamed", "reread"]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptText:
    """What stays searchable of a file that cannot be read: the text of `document`, wherever it is in the index (None:
    nothing).

    `failure` is set if it is known beforehand that the file cannot be read. `is_displaced`: the text under the file's
    own name belongs to another file, and moves with that file.
    """

    document: ManifestEntry | None = None
    failure: FileFailure | None = None
    is_displaced: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A file to put into the index. `known_doc_id` names the stored document whose windows may be reused; after a
    rename, that document is deleted. `reader` names the reader that will read it."""

    entry: FileEntry
    kind: TaskKind
    known_doc_id: str | None
    reader: str = "1"
    kept: KeptText = KeptText()


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A document that was read, split and tokenized, and its manifest entry. The entry is stale if the file cannot be
    read and the kept text is used. `headings` are the stored heading paths of the sentences (`sections.py`)."""

    task: Task
    document: Document
    sentences: Sentences
    headings: Sequence[str]
    entry: ManifestEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowStep:
    """One window: either `row` must be encoded, or `known` holds its stored vectors. Pieces of a known long sentence
    need neither."""

    prepared: Prepared
    window: Window
    row: Row | None
    known: Float16Array | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentEnd:
    """All windows of a document have passed."""

    prepared: Prepared


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """A file that could not be read; without a task, a path that the walk could not follow."""

    failure: FileFailure
    task: Task | None = None

    @property
    def gone_doc_id(self) -> str | None:
        """The document that was renamed to this file. Its own file is gone."""
        return self.task.known_doc_id if self.task is not None and self.task.kind == "renamed" else None


Step = WindowStep | DocumentEnd | Failed
Slab = list[Step]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A planned build: what is there, what to do, and with which encoder.

    `manifest` is what the build begins with: nothing, if it is a rebuild. `tasks` are in order of their files' names,
    but those of `together` come first and are published in one step, because their texts are stored under names that
    other files have taken. `rewritten` are the new manifest entries of documents whose text stays as it is.
    `new_failures` are paths that the walk could not follow and the index does not know. `covered` documents are deleted
    because a moved file has overwritten theirs. `skipped` are links that lead out of the roots. `passed_over` counts
    files of kinds that are not read, by suffix.
    """

    options: BuildOptions
    head: Head
    is_new: bool
    folder: EncoderFolder
    manifest: Manifest
    plan: FilePlan
    tasks: tuple[Task, ...]
    together: frozenset[FileName]
    rewritten: tuple[ManifestEntry, ...]
    new_failures: tuple[FileFailure, ...]
    covered: tuple[ManifestEntry, ...]
    skipped: tuple[FileFailure, ...]
    passed_over: Mapping[str, int]
    num_files: int
    started: float

    @property
    def is_up_to_date(self) -> bool:
        """Whether there is nothing to write."""
        return not (self.is_new or self.tasks or self.rewritten or self.plan.deleted or self.new_failures)


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What a build is expected to read, and how many tokens it will encode, counted as in `BuildReport.tokens_encoded`.
    `seconds` is None until a build has measured a rate."""

    files: int
    size_bytes: int
    tokens: int
    seconds: float | None

    def to_json(self) -> JsonObject:
        seconds = None if self.seconds is None else round(self.seconds, 1)
        return {"files": self.files, "bytes": self.size_bytes, "tokens": self.tokens, "seconds": seconds}


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildReport:
    """What a build did and what the index holds now; with `plan`, what a dry run found.

    `scanned` counts the files that were found; `added` to `unchanged` count what this run did with documents. `failed`
    are the files that cannot be read, including those that failed before. `documents`, `sentences` and `tokens` are
    totals of the index, `empty` counts the documents without text. `windows_encoded`, `windows_reused`,
    `tokens_encoded` (context counts too), `bytes_read` (new, changed and renamed files) and `seconds` are this run's.
    `forecast` is what was expected beforehand; in a dry run it is what was counted. `reread` counts those of the
    unchanged documents that were read again because an older reader had read them, `waiting` those that still are to
    be. `furniture` counts the lines that were left out as running heads and page numbers in the files of this run, and
    `notes` pairs their paths with what was lost or skipped. `languages` counts the documents of the index by language;
    `language_note` says which of them the encoder was not trained for.
    `skipped` are links that lead out of the corpus. `passed_over` counts the files of kinds that are not read, by
    suffix ("" is no suffix). `incomplete` says that the time budget ended the run. `warnings` say that maintenance
    failed; nothing is lost then. `plan` has lists of paths under `add`, `change`, `rename`, `delete`, `reread`, `fail`
    and `skip`.
    """

    scanned: int = 0
    added: int = 0
    changed: int = 0
    renamed: int = 0
    deleted: int = 0
    unchanged: int = 0
    failed: tuple[FileFailure, ...] = ()
    documents: int = 0
    sentences: int = 0
    tokens: int = 0
    windows_encoded: int = 0
    windows_reused: int = 0
    seconds: float = 0.0
    tokens_per_second: float = 0.0
    tokens_encoded: int = 0
    bytes_read: int = 0
    forecast: Forecast | None = None
    empty: int = 0
    skipped: tuple[FileFailure, ...] = ()
    passed_over: Mapping[str, int] = field(default_factory=dict)
    reread: int = 0
    waiting: int = 0
    furniture: int = 0
    notes: tuple[tuple[str, str], ...] = ()
    languages: Mapping[str, int] = field(default_factory=dict)
    language_note: str = ""
    incomplete: bool = False
    warnings: tuple[str, ...] = ()
    plan: Mapping[str, list[str]] | None = None
    seconds_by_step: Mapping[str, float] | None = None

    def to_json(self) -> JsonObject:
        names = ("scanned", "added", "changed", "renamed", "deleted", "unchanged")
        report: JsonObject = {name: getattr(self, name) for name in names}
        report["failed"] = [failure.to_json() for failure in self.failed]
        totals = ("documents", "sentences", "tokens", "windows_encoded", "windows_reused")
        report |= {name: getattr(self, name) for name in totals}
        report |= {"seconds": round(self.seconds, 3), "tokens_per_second": round(self.tokens_per_second, 1)}
        report |= {"tokens_encoded": self.tokens_encoded, "bytes_read": self.bytes_read}
        report["forecast"] = None if self.forecast is None else self.forecast.to_json()
        report["empty"] = self.empty
        report["skipped"] = [{"path": link.path, "reason": link.reason, "root": link.root} for link in self.skipped]
        report["passed_over"] = dict(self.passed_over)
        report |= {"reread": self.reread, "waiting": self.waiting, "furniture": self.furniture}
        report["notes"] = [{"path": path, "note": note} for path, note in self.notes]
        report["languages"] = dict(self.languages)
        if self.language_note:
            report["language_note"] = self.language_note
        if self.incomplete:
            report["incomplete"] = True
        if self.warnings:
            report["warnings"] = list(self.warnings)
        if self.plan is not None:
            report["plan"] = dict(self.plan)
        return report
