"""Plan what a build has to do: walk, compare with the manifest, settle encoder and sizes, refuse what is unsafe.

Takes directories, options and the session of the index; gives a `Job`. Reads the index; writes nothing and encodes
nothing.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ..config import BuildOptions, require
from ..encoder import Encoder
from ..errors import LmkindexError
from ..files import FilePlan, Hashes, named_as_stored, plan_changes, resolve_root, walk_files
from ..files.changes import without_names
from ..index import IndexSession
from ..read import is_blank
from ..records import FileEntry, FileFailure, Manifest, ManifestEntry
from .index_settings import check_encoder, is_old, next_head, pick_folder, reader_for, with_index_options
from .kept import KeptTexts, find_kept, hidden_task, keep_all, sort_out_skipped
from .manifest import well_entry
from .records import Job, Task

FEW_DELETED = 3  # this few may always be deleted: in a small corpus one file is more than any share


def plan_job(session: IndexSession, roots: Sequence[Path], options: BuildOptions, encoder: Encoder | None) -> Job:
    """Walk, compare with the manifest, and check that the index may be changed this way."""
    started = time.monotonic()
    head = session.found_head
    folder = encoder.folder if encoder is not None else pick_folder(head, options)
    if head is not None and not options.rebuild:
        check_encoder(session.index_path, head, folder)
    options = with_index_options(head, options)
    found = read_manifest(session, is_rebuild=options.rebuild)
    wanted = [resolve_root(Path(root)) for root in roots or (head.roots if head is not None else ())]
    require(bool(wanted), "Name at least one directory to index, as in `lmkindex build corpus/`.")
    walked = named_as_stored(walk_files(wanted, options.files), found)
    entries, (skipped, failures) = walked.entries, sort_out_skipped(walked.failures, found)
    hashes = Hashes()
    changes = compare_files(entries, failures, found, hashes, options)
    kept = find_kept(changes, entries, found, hashes, failures) if found else KeptTexts()
    plan, reread = with_rereads(with_moves(changes, kept), entries, found, options)
    check_deletions(plan, kept, found, options.max_delete)
    covered, manifest = kept.covered, found
    if options.rebuild:
        kept, covered, manifest = keep_all(kept, found), (), {}
        plan, reread = replace(plan, added=tuple(entries), changed=(), touched=(), renamed=(), unchanged=(), deleted=()), ()
    new_head = next_head(head, folder, options, tuple(str(root) for root in wanted))
    return Job(
        options=options,
        head=new_head,
        is_new=head is None or options.rebuild or (head.roots, head.options) != (new_head.roots, new_head.options),
        folder=folder,
        manifest=manifest,
        plan=plan,
        tasks=tuple(tasks_of(plan, reread, kept, manifest, options)),
        together=frozenset(kept.swapped),
        rewritten=tuple(rewritten_entries(plan, kept, manifest, options)),
        new_failures=tuple(new_failures(failures, kept, manifest, options)),
        covered=covered,
        skipped=tuple(skipped),
        passed_over=walked.passed_over,
        num_files=count_files(entries, failures, [*plan.unchanged, *(known for known, _ in kept.hidden)]),
        started=started,
    )


def compare_files(
    entries: Sequence[FileEntry], failures: Sequence[FileFailure], manifest: Manifest, hashes: Hashes, options: BuildOptions
) -> FilePlan:
    """The difference between walk and index. A file that an older reader could not read is tried again."""
    retried = {name for name, known in manifest.items() if not known.has_own_text and is_old(known, options)}
    return plan_changes(
        entries, manifest, hashes, checksum=options.checksum, retry_failed=options.retry_failed, failures=failures, retried=retried
    )


def with_moves(plan: FilePlan, kept: KeptTexts) -> FilePlan:
    """The plan, with the moves of unreadable files added to its renames."""
    if not kept.moved:
        return plan
    olds, news = [known for known, _ in kept.moved], [entry for _, entry in kept.moved]
    return replace(
        plan,
        added=tuple(without_names(plan.added, news)),
        changed=tuple(without_names(plan.changed, news)),
        renamed=(*plan.renamed, *kept.moved),
        deleted=tuple(without_names(plan.deleted, olds)),
    )


def with_rereads(
    plan: FilePlan, entries: Sequence[FileEntry], manifest: Manifest, options: BuildOptions
) -> tuple[FilePlan, tuple[FileEntry, ...]]:
    """The plan, and the files that have not changed but were read by an older reader, or with other options. They count
    as unchanged; those with a new size or time get it when they are read."""
    same = {known.name for known in plan.unchanged if known.status == "indexed"} | {entry.name for entry in plan.touched}
    old = {name for name in same if is_old(manifest[name], options)}
    reread = tuple(entry for entry in entries if entry.name in old)
    moved = [manifest[entry.name] for entry in plan.touched if entry.name in old]
    unchanged = tuple(sorted([*plan.unchanged, *moved], key=lambda known: known.name))
    return replace(plan, touched=tuple(without_names(plan.touched, reread)), unchanged=unchanged), reread


def tasks_of(plan: FilePlan, reread: Sequence[FileEntry], kept: KeptTexts, manifest: Manifest, options: BuildOptions) -> list[Task]:
    """Files to prepare, in order of their names. Files whose text is stored under a name that another file has taken
    come first, and those that have not changed last: under a time budget, new text is not to wait for them."""
    known_ids = dict(plan.twins) | {name: known.doc_id for name, known in kept.swapped.items()}
    tasks = [Task(entry=entry, kind="added", known_doc_id=known_ids.get(entry.name)) for entry in plan.added]
    for entry in plan.changed:
        tasks.append(Task(entry=entry, kind="changed", known_doc_id=known_ids.get(entry.name, manifest[entry.name].doc_id)))
    tasks += [Task(entry=entry, kind="renamed", known_doc_id=old.doc_id) for old, entry in plan.renamed]
    tasks += [Task(entry=entry, kind="reread", known_doc_id=manifest[entry.name].doc_id) for entry in reread]
    tasks = [
        replace(task, kept=kept.of_file.get(task.entry.name, task.kept), reader=reader_for(task.entry.path, options)) for task in tasks
    ]
    if options.rebuild:
        tasks = [replace(task, known_doc_id=None) for task in tasks]
        tasks += [hidden_task(known, failure) for known, failure in kept.hidden]
    return sorted(tasks, key=lambda task: (task.entry.name not in kept.swapped, task.kind == "reread", task.entry.name))


def rewritten_entries(plan: FilePlan, kept: KeptTexts, manifest: Manifest, options: BuildOptions) -> list[ManifestEntry]:
    """New manifest entries of documents whose text stays as it is: those with a new size or time, and those out of
    reach, which become stale. A rebuild reads the former and has tasks for the latter."""
    if options.rebuild:
        return []
    return [*(well_entry(manifest[file.name], file) for file in plan.touched), *kept.newly_hidden]


def new_failures(failures: Sequence[FileFailure], kept: KeptTexts, manifest: Manifest, options: BuildOptions) -> list[FileFailure]:
    """Paths that the walk could not reach and that the index does not know, or is to try again. The others would be
    written again in each build. A failure also counts as new if its message differs from the stored one; the message
    decides nothing else."""
    hidden = {known.name for known, _ in kept.hidden}  # these are recorded as hidden documents
    return [
        failure
        for failure in failures
        if failure.name not in hidden
        if options.retry_failed or (known := manifest.get(failure.name)) is None or known.error != failure.reason
    ]


def read_manifest(session: IndexSession, *, is_rebuild: bool) -> Manifest:
    """What the index holds. If the tables are damaged, a rebuild continues without it, because a rebuild is how a
    damaged index is repaired."""
    if session.found_head is None:
        return {}
    try:
        return session.reader.manifest()
    except Exception:  # LanceDB raises all kinds of exceptions on a broken file
        if is_rebuild:
            return {}
        raise


def count_files(entries: Sequence[FileEntry], failures: Sequence[FileFailure], unchanged: Sequence[ManifestEntry]) -> int:
    """Files that a build decides about: walked, failed in the walk, or known and hidden by a failure of the walk."""
    return len({entry.name for entry in entries} | {failure.name for failure in failures} | {known.name for known in unchanged})


def check_deletions(plan: FilePlan, kept: KeptTexts, manifest: Manifest, max_delete: float) -> None:
    """Stop before deleting more than the allowed share of the index, as when a disk is not mounted. A few may always be
    deleted, unless the share is 0. A file that lost all its text counts as deleted, because a crashing program can
    leave empty files. Files that never had text do not count."""
    emptied = [entry for entry in plan.changed if manifest[entry.name].num_sentences and is_blank(entry)]
    num_deleted = sum(entry.num_sentences > 0 for entry in (*plan.deleted, *kept.covered)) + len(emptied)
    num_documents = sum(entry.num_sentences > 0 for entry in manifest.values())
    allowed = max(max_delete * num_documents, min(FEW_DELETED, num_documents - 1) if max_delete else 0)
    if max_delete < 1.0 and num_deleted > allowed:
        raise LmkindexError(
            f"{num_deleted} of {num_documents} documents are gone from the directories{' or lost all their text' if emptied else ''}, "
            f"more than --max-delete {max_delete:.0%} allows. "
            "Nothing was changed. If they were really deleted, or you no longer want them, run again with "
            "--max-delete 100%; if a disk is not mounted, mount it."
        )
