"""Documents of an index that the walk could not look at: they are not known to be gone, and their text must stay."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from .files import failure_over
from .prepare import Task
from .records import FileEntry, FileFailure, ManifestEntry


def hides_any(failure: FileFailure, manifest: Mapping[tuple[str, str], ManifestEntry]) -> bool:
    """Whether text that is searchable now stood at or below a path that is not followed: it must not go without a word."""
    one = {(failure.root, failure.path): failure}
    return any(known.num_sentences and failure_over(known, one) is not None for known in manifest.values())


def hidden_documents(
    entries: Sequence[FileEntry], manifest: Mapping[tuple[str, str], ManifestEntry], failures: Sequence[FileFailure]
) -> list[tuple[ManifestEntry, FileFailure]]:
    """Documents at or below what the walk could not look at, each with that failure."""
    walked = {(entry.root, entry.path) for entry in entries}
    by_name = {(failure.root, failure.path): failure for failure in failures}
    found = [
        (known, failure_over(known, by_name)) for name, known in sorted(manifest.items()) if name not in walked and known.num_sentences
    ]
    return [(known, failure) for known, failure in found if failure is not None]


def hidden_task(known: ManifestEntry, failure: FileFailure) -> Task:
    """The task of a rebuild that keeps the text of a document out of reach. Its stat is unknown: it is read as soon as it can be."""
    entry = FileEntry(root=known.root, path=known.path, absolute_path=Path(known.root, known.path), size_bytes=0, mtime_ns=-1)
    return Task(
        entry=entry, kind="added", known_doc_id=None, kept=known, failure=replace(failure, path=known.path, size_bytes=-1, mtime_ns=-1)
    )
