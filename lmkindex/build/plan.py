"""What a build has to do, before it does it: walk, compare with the manifest, settle encoder and sizes, refuse what is unsafe.

Takes directories and options, gives a `Job`. Reads the index; writes nothing and encodes nothing.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ..config import BuildOptions, require
from ..encoder import Encoder, find_encoder, window_options
from ..errors import IndexUnusableError, LmkindexError
from ..files import plan_changes, walk_files
from ..index import IndexReader, read_head
from ..read import Parser, is_blank
from ..records import EncoderFolder, FileEntry, FileFailure, FilePlan, Head, ManifestEntry
from .kept import hidden_documents, hidden_failure, hidden_task, sort_out_skipped
from .manifest import counts_of, failed_entry, well_entry
from .prepare import Source, Stopwatch, Task

Manifest = dict[tuple[str, str], ManifestEntry]
FEW_DELETED = 3  # so few may always go: in a small corpus one file is more than any share


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A build that was planned: what is there, what is to be done, and with which encoder.

    `manifest` is what the build begins with: nothing, if it is a rebuild. `kept` are documents of the index by the file that holds them
    now: of moved files, and in a rebuild of all. `hidden` are documents that cannot be reached, with the reason. `skipped` are links out
    of the roots.
    """

    index_path: Path
    options: BuildOptions
    head: Head
    is_new: bool
    folder: EncoderFolder
    manifest: Manifest
    plan: FilePlan
    walk_failures: tuple[FileFailure, ...]
    skipped: tuple[FileFailure, ...]
    kept: Manifest
    hidden: tuple[tuple[ManifestEntry, FileFailure], ...]
    num_files: int
    started: float

    @property
    def tasks(self) -> list[Task]:
        """Files to prepare, in order of their names; before them those whose text is under a name that another file has taken."""
        moved = self.plan.moved_texts
        twins = dict(self.plan.twins) | {name: known.doc_id for name, known in moved.items()}
        tasks = [Task(entry=entry, kind="added", known_doc_id=twins.get((entry.root, entry.path))) for entry in self.plan.added]
        for entry in self.plan.changed:
            name = (entry.root, entry.path)
            tasks.append(Task(entry=entry, kind="changed", known_doc_id=twins.get(name, self.manifest[name].doc_id)))
        for old, entry in self.plan.renamed:
            tasks.append(Task(entry=entry, kind="renamed", known_doc_id=old.doc_id))
        if self.options.rebuild:
            tasks = [replace(task, known_doc_id=None) for task in tasks]
        left = self.plan.left
        names = [(task.entry.root, task.entry.path) for task in tasks]
        tasks = [replace(task, kept=self.kept.get(name), lost_text=name in left) for task, name in zip(tasks, names, strict=True)]
        if self.options.rebuild:
            tasks += [hidden_task(known, failure) for known, failure in self.hidden]
        return sorted(tasks, key=lambda task: ((task.entry.root, task.entry.path) not in moved, task.entry.root, task.entry.path))

    @property
    def rewritten(self) -> list[ManifestEntry]:
        """What the manifest is to say of documents whose text stays as it is: those of a new stat, and those out of reach, which become
        stale. A rebuild reads the former and has tasks for the latter."""
        if self.options.rebuild:
            return []
        touched = [well_entry(self.manifest[(file.root, file.path)], file) for file in self.plan.touched]
        return touched + [failed_entry(hidden_failure(known, failure), known) for known, failure in self.newly_hidden]

    @property
    def newly_hidden(self) -> list[tuple[ManifestEntry, FileFailure]]:
        """Those of `hidden` of which the index does not say so."""
        return [(known, failure) for known, failure in self.hidden if known.status == "indexed"]

    @property
    def new_failures(self) -> list[FileFailure]:
        """What the walk could not reach and the index does not know, or is to try again: the others would be written in each build."""
        hidden = {(known.root, known.path) for known, _ in self.hidden}  # these say so themselves
        return [
            failure
            for failure in self.walk_failures
            if (failure.root, failure.path) not in hidden
            if self.options.retry_failed
            or (known := self.manifest.get((failure.root, failure.path))) is None
            or known.error != failure.reason
        ]


def plan_job(path: Path, roots: Sequence[Path], options: BuildOptions, encoder: Encoder | None) -> Job:
    """Walk, compare with the manifest, and check that the index may be changed so."""
    started = time.monotonic()
    head = read_head(path)
    folder = encoder.folder if encoder is not None else pick_folder(head, options)
    if head is not None and not options.rebuild:
        check_encoder(path, head, folder)
    manifest = read_manifest(path, head, is_rebuild=options.rebuild)
    wanted = list(roots) or [Path(root) for root in (head.roots if head is not None else ())]
    require(bool(wanted), "Name at least one directory to index, as in `lmkindex build corpus/`.")
    entries, failures = walk_files(wanted, options.files)
    skipped, walk_failures = sort_out_skipped(failures, manifest)
    plan = plan_changes(entries, manifest, checksum=options.checksum, retry_failed=options.retry_failed, failures=walk_failures)
    check_deletions(plan, manifest, options.max_delete)
    kept = {(entry.root, entry.path): old for old, entry in plan.renamed} | dict(plan.moved_texts)
    hidden = hidden_documents(entries, manifest, walk_failures)
    if options.rebuild:
        kept |= {name: known for name, known in manifest.items() if name not in kept and name not in plan.left}
        plan = replace(plan, added=tuple(entries), changed=(), touched=(), renamed=(), unchanged=(), deleted=(), covered=())
        manifest = {}
    new_head = Head(
        tables=head.tables if head is not None else {},
        encoder={"name": folder.name, "fingerprint": folder.fingerprint, "dim": folder.dim, "path": encoder_path(folder, options, head)},
        options=window_sizes(head, folder, options),
        roots=tuple(str(root.resolve()) for root in wanted),
        counts=known_counts(head, folder),
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
        skipped=tuple(skipped),
        kept=kept,
        hidden=tuple(hidden),
        num_files=count_files(entries, walk_failures, [*plan.unchanged, *(known for known, _ in hidden)]),
        started=started,
    )


def known_counts(head: Head | None, folder: EncoderFolder) -> Mapping[str, int]:
    """What the head counted; nothing where another encoder will run, whose rate is unknown."""
    return head.counts if head is not None and head.encoder["fingerprint"] == folder.fingerprint else counts_of([])


def read_manifest(path: Path, head: Head | None, *, is_rebuild: bool) -> Manifest:
    """What the index holds. A rebuild does without when the tables are damaged: it is the way out of that."""
    if head is None:
        return {}
    try:
        return IndexReader(path, head).manifest()
    except Exception:  # LanceDB raises of all kinds on a broken file
        if is_rebuild:
            return {}
        raise


def count_files(entries: Sequence[FileEntry], failures: Sequence[FileFailure], unchanged: Sequence[ManifestEntry]) -> int:
    """Files that a build decides about: walked, failed in the walk, or known and hidden by such a failure."""
    names = {(entry.root, entry.path) for entry in entries} | {(failure.root, failure.path) for failure in failures}
    return len(names | {(known.root, known.path) for known in unchanged})


def pick_folder(head: Head | None, options: BuildOptions) -> EncoderFolder:
    """The encoder that was asked for, else the index's own, else the default."""
    named = options.encoder
    if named is None and head is not None:
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
        return head.encoder.get("path") if head is not None else None
    return str(folder.path.resolve())


def window_sizes(head: Head | None, folder: EncoderFolder, options: BuildOptions) -> dict[str, int]:
    """What the index was built with wins; then what was asked for; then the encoder's own."""
    sizes = {"window_tokens": folder.window_tokens, "context_tokens": folder.context_tokens}
    if head is not None and head.encoder["fingerprint"] == folder.fingerprint:
        sizes = {name: int(head.options[name]) for name in sizes}
        if not options.rebuild:
            return sizes
    window_tokens = options.window_tokens or sizes["window_tokens"]
    context_tokens = sizes["context_tokens"] if options.context_tokens is None else options.context_tokens
    require(window_tokens <= folder.window_tokens, f"The encoder {folder.name} takes windows of at most {folder.window_tokens} tokens.")
    return {"window_tokens": window_tokens, "context_tokens": context_tokens}


def check_deletions(plan: FilePlan, manifest: Mapping[tuple[str, str], ManifestEntry], max_delete: float) -> None:
    """Stop before deleting more than a share of the index, as when a disk is not mounted. A few may always go, unless the share is 0.
    A file that lost all its text counts as deleted: a program that crashes leaves such files. Files that never had any do not count."""
    emptied = [entry for entry in plan.changed if manifest[(entry.root, entry.path)].num_sentences and is_blank(entry)]
    num_deleted = sum(entry.num_sentences > 0 for entry in (*plan.deleted, *plan.covered)) + len(emptied)
    num_documents = sum(entry.num_sentences > 0 for entry in manifest.values())
    allowed = max(max_delete * num_documents, min(FEW_DELETED, num_documents - 1) if max_delete else 0)
    if max_delete < 1.0 and num_deleted > allowed:
        raise LmkindexError(
            f"{num_deleted} of {num_documents} documents are gone from the directories{' or lost all their text' if emptied else ''}, "
            f"more than --max-delete {max_delete:.0%} allows. "
            "Nothing was changed. If they were really deleted, or are no longer wanted, run again with "
            "--max-delete 100%; if a disk is not mounted, mount it."
        )


def is_up_to_date(job: Job) -> bool:
    """Whether there is nothing to write."""
    return not (job.tasks or job.plan.touched or job.plan.deleted or job.new_failures or job.newly_hidden)


def source_of(job: Job, encoder: Encoder, stopwatch: Stopwatch, parser: Parser) -> Source:
    """What all files of a build share. A rebuild does without the old state when that cannot be opened."""
    sizes = job.head.options
    reader = None
    if any(task.known_doc_id or task.kept for task in job.tasks):
        try:
            reader = IndexReader(job.index_path)
        except IndexUnusableError:
            if not job.options.rebuild:
                raise
    return Source(
        encoder=encoder,
        windows=window_options(encoder, sizes["window_tokens"], sizes["context_tokens"]),
        files=job.options.files,
        reader=reader,
        stopwatch=stopwatch,
        parse=parser.parse,
    )
