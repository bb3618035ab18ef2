"""The walk's files against what the index holds -> what a build has to do.

Takes file entries and a manifest, gives a `FilePlan`. Hashes files where size and time do not decide; knows nothing else of their content.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Literal, TypeVar

from ..errors import ReadError
from ..records import FileEntry, FileFailure, FilePlan, ManifestEntry
from .identity import LAYERED_SUFFIXES, hash_file, settle
from .open_file import NO_PERMISSION

NO_BYTES, NO_TEXT = "the file is empty", "the file holds no text"
EMPTY_REASONS = frozenset({NO_BYTES, NO_TEXT})  # failures of an older version, now empty documents
Named = TypeVar("Named", FileEntry, ManifestEntry)
Hashing = Callable[[FileEntry], str | None]


def plan_changes(
    entries: Sequence[FileEntry],
    manifest: Mapping[tuple[str, str], ManifestEntry],
    *,
    checksum: bool,
    retry_failed: bool,
    failures: Sequence[FileFailure] = (),
) -> FilePlan:
    """What a build has to do so that the index (`manifest`, by (root, path)) equals the walk.

    Files are told apart by size and modification time, and hashed only when these differ (always, with `checksum`). What is new or
    changed and has the content of some indexed document (a copy, two names swapped, logs that rotate) names it in `twins`: nothing of it
    need be encoded. Indexed documents at or below a path of `failures` (the walk's) count as unchanged: what could not be looked at is
    not known to be gone.
    """
    hashes: dict[FileEntry, str | None] = {}

    def hash_of(entry: FileEntry) -> str | None:
        if entry not in hashes:
            hashes[entry] = _hash_or_none(entry)
        return hashes[entry]

    added: list[FileEntry] = []
    changed: list[FileEntry] = []
    touched: list[FileEntry] = []
    unchanged: list[ManifestEntry] = []
    for entry in sorted(entries, key=lambda entry: (entry.root, entry.path)):
        known = manifest.get((entry.root, entry.path))
        if known is None:
            added.append(entry)
            continue
        verdict = _compare(entry, known, hash_of, checksum=checksum, retry_failed=retry_failed)
        if verdict == "unchanged":
            unchanged.append(known)
        else:
            (changed if verdict == "changed" else touched).append(entry)
    walked = {(entry.root, entry.path) for entry in entries}
    missing = [manifest[name] for name in sorted(manifest.keys() - walked)]
    unseen = {(failure.root, failure.path): failure for failure in failures}
    unchanged += [known for known in missing if failure_over(known, unseen) is not None]
    gone = [known for known in missing if failure_over(known, unseen) is None]
    overwritten = {(entry.root, entry.path): manifest[(entry.root, entry.path)] for entry in changed}
    renamed = _pair_renames(gone, added, hash_of)
    gone, added = _without(gone, (known for known, _ in renamed)), _without(added, (entry for _, entry in renamed))
    unread = _pair_unread([*gone, *overwritten.values()], [*added, *changed], hash_of)
    moved_texts = {(entry.root, entry.path): known for known, entry in unread if (known.root, known.path) in overwritten}
    moved = [*moved_texts.values(), *_find_moved(list(overwritten.values()), [*added, *changed], hash_of)]
    left = frozenset((known.root, known.path) for known in moved)
    onto = [(known, entry) for known, entry in unread if (known.root, known.path) not in overwritten]
    covered = [overwritten[name] for name in ((entry.root, entry.path) for _, entry in onto) if name in overwritten and name not in left]
    gone = _without(gone, (known for known, _ in onto))
    added, changed = _without(added, (entry for _, entry in onto)), _without(changed, (entry for _, entry in onto))
    return FilePlan(
        added=tuple(added),
        changed=tuple(changed),
        touched=tuple(touched),
        renamed=(*renamed, *onto),
        unchanged=tuple(sorted(unchanged, key=lambda known: (known.root, known.path))),
        deleted=tuple(gone),
        covered=tuple(covered),
        twins=_find_twins(manifest, [*added, *changed], hash_of),
        moved_texts=moved_texts,
        left=left,
    )


def _compare(
    entry: FileEntry, known: ManifestEntry, hash_of: Hashing, *, checksum: bool, retry_failed: bool
) -> Literal["unchanged", "touched", "changed"]:
    """A file that the index knows. What failed before is tried again on any new stat: touching it is the natural way to ask; so is
    `chmod` where leave to read was missing."""
    same_stat = (entry.size_bytes, entry.mtime_ns) == (known.size_bytes, known.mtime_ns)
    if not known.has_own_text:
        is_empty = known.error in EMPTY_REASONS and PurePosixPath(known.path).suffix.lower() not in LAYERED_SUFFIXES
        is_open = known.error == NO_PERMISSION and os.access(entry.absolute_path, os.R_OK)
        return "changed" if retry_failed or not same_stat or is_empty or is_open else "unchanged"
    if same_stat and not checksum:
        return "touched" if known.is_out_of_reach else "unchanged"
    if hash_of(entry) != known.content_hash:
        return "changed"  # also when it cannot be hashed: the reader will say why
    return "unchanged" if same_stat and not known.is_out_of_reach else "touched"


def _without(items: Iterable[Named], others: Iterable[Named]) -> list[Named]:
    """`items` but those of a name (root, path) that is among `others`."""
    names = {(other.root, other.path) for other in others}
    return [item for item in items if (item.root, item.path) not in names]


def _pair_renames(gone: Sequence[ManifestEntry], added: Sequence[FileEntry], hash_of: Hashing) -> list[tuple[ManifestEntry, FileEntry]]:
    """Pair documents whose file is gone with new files of the same content, both in sorted order; hashes only files of a fitting size.
    What cannot be read has no content to compare: there, see `_pair_unread`."""
    waiting: dict[tuple[int, str], deque[ManifestEntry]] = {}
    for known in gone:
        if known.has_own_text:
            waiting.setdefault((known.size_bytes, known.content_hash), deque()).append(known)
    sizes = {size_bytes for size_bytes, _ in waiting}
    renamed = []
    for entry in added:
        content_hash = hash_of(entry) if entry.size_bytes in sizes else None
        candidates = waiting.get((entry.size_bytes, content_hash or ""))
        if candidates:
            renamed.append((candidates.popleft(), entry))
    return renamed


def _pair_unread(lost: Sequence[ManifestEntry], fresh: Sequence[FileEntry], hash_of: Hashing) -> list[tuple[ManifestEntry, FileEntry]]:
    """Pair documents that could not be read last time, or cannot be now, with the file of their size and time under another name, as a
    move leaves them, a swap, or a move over another file. Only where both are the only ones of that stat, and hold anything: a text must
    not come under another's name. `lost` are documents whose file is gone or differs, `fresh` files that are new or differ."""
    olds: dict[tuple[int, int], list[ManifestEntry]] = {}
    news: dict[tuple[int, int], list[FileEntry]] = {}
    for known in lost:
        if known.size_bytes and known.num_sentences:  # empty files of one time are common, as after unpacking an archive
            olds.setdefault((known.size_bytes, known.mtime_ns), []).append(known)
    for entry in fresh:
        news.setdefault((entry.size_bytes, entry.mtime_ns), []).append(entry)
    pairs = [(olds[key][0], news[key][0]) for key in sorted(olds.keys() & news.keys()) if len(olds[key]) == len(news[key]) == 1]
    moved = [(known, entry) for known, entry in pairs if (known.root, known.path) != (entry.root, entry.path)]
    return [(known, entry) for known, entry in moved if (known.status == "stale" and not known.is_out_of_reach) or hash_of(entry) is None]


def _find_moved(overwritten: Sequence[ManifestEntry], fresh: Sequence[FileEntry], hash_of: Hashing) -> list[ManifestEntry]:
    """Documents whose file can be read and stands under another name, as `mv` leaves it: of the same time, too, which a copy is not."""
    stats = {(known.size_bytes, known.mtime_ns) for known in overwritten if known.has_own_text and known.num_sentences}
    found = {
        (entry.size_bytes, entry.mtime_ns, hash_of(entry)): (entry.root, entry.path)
        for entry in fresh
        if (entry.size_bytes, entry.mtime_ns) in stats
    }
    return [known for known in overwritten if (known.size_bytes, known.mtime_ns, known.content_hash) in found]


def _find_twins(
    manifest: Mapping[tuple[str, str], ManifestEntry], entries: Sequence[FileEntry], hash_of: Hashing
) -> dict[tuple[str, str], str]:
    """For each file with the content of an indexed document: the first such document's id. Hashes only files of a fitting size."""
    doc_ids: dict[tuple[int, str], str] = {}
    for _, known in sorted(manifest.items()):
        if known.has_own_text:
            doc_ids.setdefault((known.size_bytes, known.content_hash), known.doc_id)
    sizes = {size_bytes for size_bytes, _ in doc_ids}
    found = {(entry.root, entry.path): (entry.size_bytes, hash_of(entry) or "") for entry in entries if entry.size_bytes in sizes}
    return {name: doc_ids[content] for name, content in found.items() if content in doc_ids}


def _hash_or_none(entry: FileEntry) -> str | None:
    settle(entry.mtime_ns)
    try:
        return hash_file(entry.absolute_path)
    except (OSError, ReadError):
        return None


def failure_over(known: ManifestEntry, failures: Mapping[tuple[str, str], FileFailure]) -> FileFailure | None:
    """The failure of the walk, by (root, path), that stands at a document's path or above it."""
    return next((failures[(known.root, path)] for path in paths_over(known) if (known.root, path) in failures), None)


def paths_over(known: ManifestEntry) -> tuple[str, ...]:
    """A document's path and those of the directories above it; the last is ".", the name of an unreadable root."""
    return (known.path, *map(str, PurePosixPath(known.path).parents))
