"""Indexed texts whose file cannot be read, because it moved or is out of reach: which stay, under which name, and until
when.

Takes the walk's failures, the plan of changes and the manifest; gives `KeptTexts`, with a `KeptText` for each of these
files. Reads nothing but what the index holds of a document. A text must not end up under another file's name, and a
document whose file could not be checked is not known to be gone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from ..errors import Cause
from ..files import FilePlan, Hashes, document_id, nfc
from ..files.changes import failure_over, paths_over
from ..files.names import nfc_name
from ..index import IndexReader, stored_headings, stored_pages
from ..records import Document, FileEntry, FileFailure, FileName, Manifest, ManifestEntry
from .manifest import failed_entry
from .records import Failed, KeptText, Task


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptTexts:
    """All kept texts of a build.

    `of_file` says what stays of each file that cannot be read, or may prove unreadable. `moved` pairs documents whose
    own file is gone with the file that holds their text now: renames, though the content could not be compared.
    `swapped` are files whose text is stored under a name that another file has taken; `displaced` are those names.
    `covered` are documents whose file was overwritten by a moved file; they are deleted. `hidden` are documents at or
    below a path that the walk could not reach, each with that failure.
    """

    of_file: Mapping[FileName, KeptText] = field(default_factory=dict)
    moved: tuple[tuple[ManifestEntry, FileEntry], ...] = ()
    swapped: Mapping[FileName, ManifestEntry] = field(default_factory=dict)
    displaced: frozenset[FileName] = frozenset()
    covered: tuple[ManifestEntry, ...] = ()
    hidden: tuple[tuple[ManifestEntry, FileFailure], ...] = ()

    @property
    def newly_hidden(self) -> list[ManifestEntry]:
        """New manifest entries of hidden documents that were not stale before: they become stale."""
        return [failed_entry(hidden_failure(known, over), known) for known, over in self.hidden if known.status == "indexed"]


def find_kept(
    plan: FilePlan, entries: Sequence[FileEntry], manifest: Manifest, hashes: Hashes, failures: Sequence[FileFailure]
) -> KeptTexts:
    """Find where the unreadable files of known texts are now."""
    overwritten = {entry.name: manifest[entry.name] for entry in plan.changed}
    fresh = [*plan.added, *plan.changed]
    unread = pair_unread([*plan.deleted, *overwritten.values()], fresh, hashes)
    swapped = {entry.name: known for known, entry in unread if known.name in overwritten}
    moved = [(known, entry) for known, entry in unread if known.name not in overwritten]
    displaced = frozenset(known.name for known in [*swapped.values(), *find_moved(list(overwritten.values()), fresh, hashes)])
    covered = [overwritten[entry.name] for _, entry in moved if entry.name in overwritten and entry.name not in displaced]
    return KeptTexts(
        of_file=kept_by_file({entry.name: known for known, entry in (*plan.renamed, *moved)} | swapped, displaced),
        moved=tuple(moved),
        swapped=swapped,
        displaced=displaced,
        covered=tuple(covered),
        hidden=tuple(hidden_documents(entries, manifest, failures)),
    )


def keep_all(kept: KeptTexts, manifest: Manifest) -> KeptTexts:
    """For a rebuild: every document's text belongs to its own file, unless that file moved."""
    own = {name: known for name, known in manifest.items() if name not in kept.displaced}
    moved = {name: one.document for name, one in kept.of_file.items() if one.document is not None}
    return replace(kept, of_file=kept_by_file(own | moved, kept.displaced))


def kept_by_file(document_of: Mapping[FileName, ManifestEntry], displaced: frozenset[FileName]) -> dict[FileName, KeptText]:
    """What stays of each file, given the document that holds its text, and the names under which another file's text is
    stored."""
    names = document_of.keys() | displaced
    return {name: KeptText(document=document_of.get(name), is_displaced=name in displaced) for name in names}


def pair_unread(lost: Sequence[ManifestEntry], fresh: Sequence[FileEntry], hashes: Hashes) -> list[tuple[ManifestEntry, FileEntry]]:
    """Pair documents that could not be read last time, or cannot be read now, with the file of the same size and time
    under another name. A move, a swap, or a move over another file leaves them so. A pair counts only if no other
    document and no other file has that size and time, and if the document has text. `lost` are documents whose file is
    gone or differs, `fresh` files that are new or differ."""
    olds: dict[tuple[int, int], list[ManifestEntry]] = {}
    news: dict[tuple[int, int], list[FileEntry]] = {}
    for known in lost:
        if known.size_bytes and known.num_sentences:  # empty files with the same time are common, as after unpacking an archive
            olds.setdefault((known.size_bytes, known.mtime_ns), []).append(known)
    for entry in fresh:
        news.setdefault((entry.size_bytes, entry.mtime_ns), []).append(entry)
    pairs = [(olds[key][0], news[key][0]) for key in sorted(olds.keys() & news.keys()) if len(olds[key]) == len(news[key]) == 1]
    moved = [(known, entry) for known, entry in pairs if known.name != entry.name]
    return [(known, entry) for known, entry in moved if (known.status == "stale" and not known.is_out_of_reach) or hashes.of(entry) is None]


def find_moved(overwritten: Sequence[ManifestEntry], fresh: Sequence[FileEntry], hashes: Hashes) -> list[ManifestEntry]:
    """Documents whose file can be read and is now under another name. `mv` keeps the time of a file; a copy does
    not."""
    stats = {(known.size_bytes, known.mtime_ns) for known in overwritten if known.has_own_text and known.num_sentences}
    found = {
        (entry.size_bytes, entry.mtime_ns, hashes.of(entry)): entry.name for entry in fresh if (entry.size_bytes, entry.mtime_ns) in stats
    }
    return [known for known in overwritten if (known.size_bytes, known.mtime_ns, known.content_hash) in found]


def sort_out_skipped(failures: Sequence[FileFailure], manifest: Manifest) -> tuple[list[FileFailure], list[FileFailure]]:
    """Paths that are skipped, and failures. A path that would be skipped is a failure if searchable text was at or
    below it: that text must not disappear silently."""
    with_text: set[FileName] = set()
    if any(failure.is_skipped for failure in failures):
        with_text = {(nfc(known.root), path) for known in manifest.values() if known.num_sentences for path in paths_over(known)}
    failed = [failure for failure in failures if not failure.is_skipped or nfc_name(failure.name) in with_text]
    skipped = [failure for failure in failures if failure.is_skipped and nfc_name(failure.name) not in with_text]
    return [failure for failure in skipped if failure.cause is not Cause.LINK_TO_NO_DOCUMENT], failed


def hidden_documents(
    entries: Sequence[FileEntry], manifest: Manifest, failures: Sequence[FileFailure]
) -> list[tuple[ManifestEntry, FileFailure]]:
    """Documents at or below what the walk could not look at, each with that failure."""
    if not failures:  # as in nearly all builds
        return []
    walked = {entry.name for entry in entries}
    by_name = {nfc_name(failure.name): failure for failure in failures}
    found = [
        (known, failure_over(known, by_name)) for name, known in sorted(manifest.items()) if name not in walked and known.num_sentences
    ]
    return [(known, failure) for known, failure in found if failure is not None]


def hidden_failure(known: ManifestEntry, over: FileFailure) -> FileFailure:
    """The failure of a document out of reach, derived from the failure of the path at or above it. It keeps its stat,
    so an unchanged file need not be read when it is back. A document that was stale before keeps its own
    reason."""
    is_new = known.status == "indexed"
    return replace(
        over,
        path=known.path,
        reason=f"{Cause.OUT_OF_REACH.value}{over.reason}" if is_new else known.error,
        cause=Cause.OUT_OF_REACH if is_new else known.cause,
        size_bytes=known.size_bytes,
        mtime_ns=known.mtime_ns,
        inode=known.inode,
        ctime_ns=known.ctime_ns,
    )


def hidden_task(known: ManifestEntry, over: FileFailure) -> Task:
    """The task of a rebuild that keeps the text of a document out of reach."""
    entry = FileEntry(root=known.root, path=known.path, absolute_path=Path(known.root, known.path), size_bytes=0, mtime_ns=-1)
    return Task(entry=entry, kind="added", known_doc_id=None, kept=KeptText(document=known, failure=hidden_failure(known, over)))


def kept_document(task: Task, failure: FileFailure, reader: IndexReader | None) -> Document | None:
    """The text that stays of a file that cannot be read, under the file's present name; None when the index holds no
    text of it. If the table is damaged, a rebuild continues without the text, because a rebuild is how a damaged index
    is repaired. Its tasks have no `known_doc_id`."""
    known, entry = task.kept.document, task.entry
    if known is None or reader is None or not known.num_sentences:
        return None
    try:
        row = reader.document_rows([known.doc_id], ["title", "text", "pages", "headings"])[known.doc_id]
    except Exception:  # whatever LanceDB raises on a broken file
        if task.known_doc_id is None:
            return None
        raise
    return Document(
        doc_id=document_id(entry.root, entry.path),
        root=entry.root,
        path=entry.path,
        title=row["title"],
        text=row["text"],
        pages=stored_pages(row["pages"]),
        content_hash=known.content_hash,
        size_bytes=failure.size_bytes,
        mtime_ns=failure.mtime_ns,
        inode=failure.inode,
        ctime_ns=failure.ctime_ns,
        language=known.language,
        headings=stored_headings(row["headings"]),
        num_furniture=known.num_furniture,
        notes=known.notes,
    )


def unread_entry(step: Failed, manifest: Manifest) -> ManifestEntry:
    """The new manifest entry of a file that cannot be read, derived from its present one: stale, if a text stays."""
    is_displaced = step.task is not None and step.task.kept.is_displaced
    return failed_entry(step.failure, None if is_displaced else manifest.get(step.failure.name))
