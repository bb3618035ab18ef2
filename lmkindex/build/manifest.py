"""What the manifest says about a file: entries of documents that are indexed or failed, and totals over all of them.

Knows no tables and no disk.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from ..errors import Cause
from ..files import document_id
from ..records import FileEntry, FileFailure, ManifestEntry


def well_entry(known: ManifestEntry, file: FileEntry) -> ManifestEntry:
    """The manifest entry of a document whose file has a new size or time but the indexed content, whatever failed in
    between."""
    return replace(
        known, size_bytes=file.size_bytes, mtime_ns=file.mtime_ns, inode=file.inode, ctime_ns=file.ctime_ns, status="indexed",
        error="", cause=Cause.OTHER, first_failed="", last_failed="", tries=0,
    )  # fmt: skip


def failed_entry(failure: FileFailure, known: ManifestEntry | None) -> ManifestEntry:
    """The manifest entry of a file that failed, derived from its previous entry: repeated failures keep the time of the
    first and count the tries."""
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
        inode=failure.inode,
        ctime_ns=failure.ctime_ns,
        reader=failure.reader or before.reader,
        status="stale" if before.num_sentences else "failed",
        error=failure.reason,
        cause=failure.cause,
        first_failed=before.first_failed or now,  # if the file was indexed last time, these are "" and 0
        last_failed=now,
        tries=before.tries + 1,
    )


def failure_of(entry: ManifestEntry) -> FileFailure:
    """A line of the ledger."""
    return FileFailure(
        root=entry.root, path=entry.path, reason=entry.error, cause=entry.cause,
        first_failed=entry.first_failed, last_failed=entry.last_failed, tries=entry.tries, status=entry.status,
    )  # fmt: skip


def utc_now() -> str:
    """The time as the tables hold it: ISO 8601, UTC, in seconds."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def languages_of(entries: Iterable[ManifestEntry]) -> dict[str, int]:
    """The number of documents with text in each language, the most frequent first; `unknown` is one of them."""
    found = Counter(entry.language or "unknown" for entry in entries if entry.num_sentences)
    return {language: found[language] for language in sorted(found, key=lambda one: (-found[one], one))}


def counts_of(entries: Iterable[ManifestEntry]) -> dict[str, int]:
    """Totals for `head.json`: documents that are searchable, their sentences and tokens, and files that failed."""
    rows = list(entries)
    return {
        "documents": sum(entry.status != "failed" for entry in rows),
        "sentences": sum(entry.num_sentences for entry in rows),
        "tokens": sum(entry.num_tokens for entry in rows),
        "failed": sum(entry.status != "indexed" for entry in rows),
    }
