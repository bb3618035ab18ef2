"""What the manifest says of a file: the entry of a document that is whole or that failed, and the totals over all of them.

Takes what `prepare.py` gives; knows no tables and no disk.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from ..files import document_id
from ..records import FileEntry, FileFailure, ManifestEntry
from .prepare import Failed, Prepared


def indexed_entry(prepared: Prepared) -> ManifestEntry:
    """What the manifest says of a document that is whole; it is stale when its file failed and the text is the one that was kept."""
    document, failure, kept = prepared.document, prepared.failure, prepared.task.kept
    entry = ManifestEntry(
        doc_id=document.doc_id,
        root=document.root,
        path=document.path,
        content_hash=document.content_hash,
        size_bytes=document.size_bytes,
        mtime_ns=document.mtime_ns,
        status="indexed",
        error="",
        num_sentences=len(prepared.sentences),
        num_tokens=prepared.num_tokens,
    )
    if failure is None:
        return entry
    return failed_entry(failure, replace(entry, first_failed=kept.first_failed, tries=kept.tries) if kept is not None else entry)


def well_entry(known: ManifestEntry, file: FileEntry) -> ManifestEntry:
    """What the manifest says of a document whose file has a new stat and the content that is indexed, whatever failed in between."""
    return replace(
        known, size_bytes=file.size_bytes, mtime_ns=file.mtime_ns, status="indexed", error="", first_failed="", last_failed="", tries=0
    )


def unread_entry(step: Failed, manifest: Mapping[tuple[str, str], ManifestEntry]) -> ManifestEntry:
    """What the manifest says of a file that cannot be read, after what it says now: stale, if a text stays."""
    return failed_entry(step.failure, None if step.lost_text else manifest.get((step.failure.root, step.failure.path)))


def failed_entry(failure: FileFailure, known: ManifestEntry | None) -> ManifestEntry:
    """What the manifest says of a file that failed, after what it said before: the same failure has a first time and counts its tries."""
    now = utc_now()
    nothing = ManifestEntry(
        doc_id=document_id(failure.root, failure.path), root=failure.root, path=failure.path, content_hash="", size_bytes=0, mtime_ns=0,
        status="failed", error="", num_sentences=0, num_tokens=0,
    )  # fmt: skip
    before = known or nothing
    return replace(
        before if before.num_sentences else nothing,
        size_bytes=failure.size_bytes,
        mtime_ns=failure.mtime_ns,
        status="stale" if before.num_sentences else "failed",
        error=failure.reason,
        first_failed=before.first_failed or now,  # of a file that was indexed last, "" and 0
        last_failed=now,
        tries=before.tries + 1,
    )


def utc_now() -> str:
    """The time as the tables hold it: ISO 8601, UTC, seconds."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def manifest_fields(entry: ManifestEntry) -> dict[str, Any]:
    """The columns of `documents` that the manifest knows."""
    return {name: getattr(entry, name) for name in ManifestEntry.__slots__}


def counts_of(entries: Iterable[ManifestEntry]) -> dict[str, int]:
    """Totals for `head.json`: documents that are searchable, their sentences and tokens, and files that failed."""
    rows = list(entries)
    return {
        "documents": sum(entry.status != "failed" for entry in rows),
        "sentences": sum(entry.num_sentences for entry in rows),
        "tokens": sum(entry.num_tokens for entry in rows),
        "failed": sum(entry.status != "indexed" for entry in rows),
    }
