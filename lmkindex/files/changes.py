"""The walk's files compared with what the index holds -> what a build has to do.

Takes file entries and a manifest, gives a `FilePlan`. Hashes files if their stat does not decide; knows nothing else of
their content. `build/kept.py` handles texts of files that cannot be read.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Literal, TypeVar

from ..errors import Cause, ReadError
from ..records import FileEntry, FileFailure, FileName, ManifestEntry
from .identity import LAYERED_SUFFIXES, hash_file, settle
from .names import nfc_name
from .roots import nfc

EMPTY_CAUSES = frozenset({Cause.NO_BYTES, Cause.NO_TEXT})  # failures of an older version, now empty documents
Named = TypeVar("Named", FileEntry, ManifestEntry)


@dataclass(frozen=True, slots=True, kw_only=True)
class FilePlan:
    """The difference between the walk and the index. Every walked file is in exactly one of the first five tuples.

    `touched` files have a new stat but the old content hash; `renamed` pairs the old entry with the new file; `deleted`
    entries no longer have a file and were not renamed. `twins` gives, for files of the first two tuples, the id of an
    indexed document with the same content.
    """

    added: tuple[FileEntry, ...]
    changed: tuple[FileEntry, ...]
    touched: tuple[FileEntry, ...]
    renamed: tuple[tuple[ManifestEntry, FileEntry], ...]
    unchanged: tuple[ManifestEntry, ...]
    deleted: tuple[ManifestEntry, ...]
    twins: Mapping[FileName, str]


class Hashes:
    """Content hashes of files, each computed once: None for a file that cannot be read."""

    def __init__(self) -> None:
        self._known: dict[FileEntry, str | None] = {}

    def of(self, entry: FileEntry) -> str | None:
        if entry not in self._known:
            self._known[entry] = _hash_or_none(entry)
        return self._known[entry]


def plan_changes(
    entries: Sequence[FileEntry],
    manifest: Mapping[tuple[str, str], ManifestEntry],
    hashes: Hashes,
    *,
    checksum: bool,
    retry_failed: bool,
    failures: Sequence[FileFailure] = (),
    retried: Set[FileName] = frozenset(),
) -> FilePlan:
    """What a build has to do so that the index (`manifest`, by (root, path)) matches the walk.

    Files are compared by size, modification time, inode and change time, and hashed only if one of these differs
    (always, with `checksum`); an inode or a change time of 0 is unknown and decides nothing. A new or changed file with
    the content of an indexed document (a copy, two names swapped, rotated logs) has that document in `twins`, and none
    of it need be encoded. Indexed documents at or below a path of `failures` (of the walk) count as unchanged: a file
    that could not be checked is not known to be gone. Files that failed and did not change are tried again with
    `retry_failed`, or if their name is in `retried`.
    """
    verdicts = {
        entry: _compare(entry, manifest.get(entry.name), hashes, checksum=checksum, retry_failed=retry_failed or entry.name in retried)
        for entry in sorted(entries, key=lambda entry: entry.name)
    }
    added, changed, touched = ([entry for entry, verdict in verdicts.items() if verdict == one] for one in ("added", "changed", "touched"))
    touched = [with_kept_inode(entry, manifest[entry.name]) for entry in touched]
    unchanged = [manifest[entry.name] for entry, verdict in verdicts.items() if verdict == "unchanged"]
    gone, unseen = _missing(entries, manifest, failures)
    renamed = _pair_renames(gone, added, hashes)
    added = without_names(added, (entry for _, entry in renamed))
    return FilePlan(
        added=tuple(added),
        changed=tuple(changed),
        touched=tuple(touched),
        renamed=tuple(renamed),
        unchanged=tuple(sorted([*unchanged, *unseen], key=lambda known: known.name)),
        deleted=tuple(without_names(gone, (known for known, _ in renamed))),
        twins=_find_twins(manifest, [*added, *changed], hashes),
    )


def _missing(
    entries: Sequence[FileEntry], manifest: Mapping[tuple[str, str], ManifestEntry], failures: Sequence[FileFailure]
) -> tuple[list[ManifestEntry], list[ManifestEntry]]:
    """Documents that were not walked, in order: those whose file is gone, and those that the walk could not reach."""
    walked = {entry.name for entry in entries}
    by_name = {nfc_name(failure.name): failure for failure in failures}
    missing = [manifest[name] for name in sorted(manifest.keys() - walked)]
    is_unseen = [failure_over(known, by_name) is not None for known in missing]
    gone = [known for known, unseen in zip(missing, is_unseen, strict=True) if not unseen]
    return gone, [known for known, unseen in zip(missing, is_unseen, strict=True) if unseen]


def _compare(
    entry: FileEntry, known: ManifestEntry | None, hashes: Hashes, *, checksum: bool, retry_failed: bool
) -> Literal["added", "unchanged", "touched", "changed"]:
    """Compare a file with what the index knows under its name. A file that failed before is tried again if its size or
    one of its times changed, because touching it is the natural way to ask for that. If permission to read it was
    missing, `chmod` has the same effect."""
    if known is None:
        return "added"
    same_stat = (entry.size_bytes, entry.mtime_ns) == (known.size_bytes, known.mtime_ns) and not differ(entry.ctime_ns, known.ctime_ns)
    if not known.has_own_text:  # nothing to hash, so an inode alone, which may be another after each mount, is not enough
        is_empty = known.cause in EMPTY_CAUSES and PurePosixPath(known.path).suffix.lower() not in LAYERED_SUFFIXES
        is_open = known.cause is Cause.NO_PERMISSION and os.access(entry.absolute_path, os.R_OK)
        return "changed" if retry_failed or not same_stat or is_empty or is_open else "unchanged"
    same_stat = same_stat and not differ(entry.inode, known.inode)
    if same_stat and not checksum:
        return "touched" if known.is_out_of_reach else "unchanged"
    if hashes.of(entry) != known.content_hash:
        return "changed"  # also when it cannot be hashed: the reader will say why
    return "unchanged" if same_stat and not known.is_out_of_reach else "touched"


def differ(found: int, known: int) -> bool:
    """Whether two inodes or change times tell files apart: 0 is unknown, as in indexes of older versions and on disks
    without them."""
    return found != known and found != 0 != known


def with_kept_inode(entry: FileEntry, known: ManifestEntry) -> FileEntry:
    """A file with the indexed content, with the stat to store. If only its inode changed, inodes mean nothing on this
    disk (FAT, many network disks): none is stored, or each build would have to hash the file. Where change times are
    kept, a file cannot be replaced without one."""
    same = (entry.size_bytes, entry.mtime_ns, entry.ctime_ns) == (known.size_bytes, known.mtime_ns, known.ctime_ns)
    return replace(entry, inode=0) if same and differ(entry.inode, known.inode) else entry


def without_names(items: Iterable[Named], others: Iterable[Named]) -> list[Named]:
    """`items` without those whose name (root, path) is among `others`."""
    names = {other.name for other in others}
    return [item for item in items if item.name not in names]


def _pair_renames(gone: Sequence[ManifestEntry], added: Sequence[FileEntry], hashes: Hashes) -> list[tuple[ManifestEntry, FileEntry]]:
    """Pair documents whose file is gone with new files of the same content, both in sorted order; hashes only files of
    a matching size. Unreadable files have no content to compare: for those, see `build/kept.py`."""
    waiting: dict[tuple[int, str], deque[ManifestEntry]] = {}
    for known in gone:
        if known.has_own_text:
            waiting.setdefault((known.size_bytes, known.content_hash), deque()).append(known)
    sizes = {size_bytes for size_bytes, _ in waiting}
    renamed = []
    for entry in added:
        content_hash = hashes.of(entry) if entry.size_bytes in sizes else None
        candidates = waiting.get((entry.size_bytes, content_hash or ""))
        if candidates:
            renamed.append((candidates.popleft(), entry))
    return renamed


def _find_twins(
    manifest: Mapping[tuple[str, str], ManifestEntry], entries: Sequence[FileEntry], hashes: Hashes
) -> dict[tuple[str, str], str]:
    """For each file with the content of an indexed document: the id of the first such document. Hashes only files of a
    matching size."""
    doc_ids: dict[tuple[int, str], str] = {}
    for _, known in sorted(manifest.items()):
        if known.has_own_text:
            doc_ids.setdefault((known.size_bytes, known.content_hash), known.doc_id)
    sizes = {size_bytes for size_bytes, _ in doc_ids}
    found = {entry.name: (entry.size_bytes, hashes.of(entry) or "") for entry in entries if entry.size_bytes in sizes}
    return {name: doc_ids[content] for name, content in found.items() if content in doc_ids}


def _hash_or_none(entry: FileEntry) -> str | None:
    settle(entry.mtime_ns)
    try:
        return hash_file(entry.absolute_path)
    except (OSError, ReadError):
        return None


def failure_over(known: ManifestEntry, failures: Mapping[tuple[str, str], FileFailure]) -> FileFailure | None:
    """The failure of the walk at a document's path or above it. `failures` are by (root, path) in NFC."""
    root = nfc(known.root)
    return next((failures[root, path] for path in paths_over(known) if (root, path) in failures), None)


def paths_over(known: ManifestEntry) -> tuple[str, ...]:
    """A document's path and those of the directories above it, in NFC; the last is ".", the name of an unreadable
    root."""
    path = nfc(known.path)
    return (path, *map(str, PurePosixPath(path).parents))
