"""Documents of an index that the walk could not look at: they are not known to be gone, and their text must stay."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ..files.changes import failure_over, paths_over
from ..files.walk import DANGLING_OTHER
from ..records import OUT_OF_REACH, FileEntry, FileFailure, ManifestEntry
from .prepare import Task


def sort_out_skipped(
    failures: Sequence[FileFailure], manifest: Mapping[tuple[str, str], ManifestEntry]
) -> tuple[list[FileFailure], list[FileFailure]]:
    """Paths that are skipped, and failures. What was to be skipped is a failure where searchable text stood at it or below it: that must
    not go without a word."""
    with_text: set[tuple[str, str]] = set()
    if any(failure.is_skipped for failure in failures):
        with_text = {(known.root, path) for known in manifest.values() if known.num_sentences for path in paths_over(known)}
    failed = [failure for failure in failures if not failure.is_skipped or (failure.root, failure.path) in with_text]
    skipped = [failure for failure in failures if failure.is_skipped and (failure.root, failure.path) not in with_text]
    return [failure for failure in skipped if failure.reason != DANGLING_OTHER], failed


def hidden_documents(
    entries: Sequence[FileEntry], manifest: Mapping[tuple[str, str], ManifestEntry], failures: Sequence[FileFailure]
) -> list[tuple[ManifestEntry, FileFailure]]:
    """Documents at or below what the walk could not look at, each with that failure."""
    if not failures:  # as in nearly all builds
        return []
    walked = {(entry.root, entry.path) for entry in entries}
    by_name = {(failure.root, failure.path): failure for failure in failures}
    found = [
        (known, failure_over(known, by_name)) for name, known in sorted(manifest.items()) if name not in walked and known.num_sentences
    ]
    return [(known, failure) for known, failure in found if failure is not None]


def hidden_failure(known: ManifestEntry, failure: FileFailure) -> FileFailure:
    """The failure of a document out of reach, after that of the path at or above it. It keeps its stat: back in reach as it was, it need
    not be read. What was stale before stays so for its own reason."""
    reason = f"{OUT_OF_REACH}{failure.reason}" if known.status == "indexed" else known.error
    return replace(failure, path=known.path, reason=reason, size_bytes=known.size_bytes, mtime_ns=known.mtime_ns)


def hidden_task(known: ManifestEntry, failure: FileFailure) -> Task:
    """The task of a rebuild that keeps the text of a document out of reach."""
    entry = FileEntry(root=known.root, path=known.path, absolute_path=Path(known.root, known.path), size_bytes=0, mtime_ns=-1)
    return Task(entry=entry, kind="added", known_doc_id=None, kept=known, failure=hidden_failure(known, failure))
