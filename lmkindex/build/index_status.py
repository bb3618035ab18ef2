"""What an index holds, what it was built with, and which files are not in it: the facts of `lmkindex status`.

Takes a reader of the published state. Knows the manifest and the sizes of files; reads no document.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..config import BuildOptions
from ..errors import IndexUnusableError
from ..files import PrintedNames
from ..index import HEAD_FILE, IndexReader
from ..records import FileFailure, JsonObject
from .forecast import rate_of
from .index_settings import is_old, with_index_options
from .manifest import failure_of, languages_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What an index holds and how it was made.

    `published` is the time of the last publish (ISO 8601, local time with its offset), and `size_bytes` is what all its
    files take on disk. Both are current; the rest describes the state that was opened. `encoder` has `name`,
    `fingerprint`, `dim` and `path` (None: the default encoder), `options` has `window_tokens` and `context_tokens`.
    `tokens_per_second` is the rate that a build last measured, None before the first measurement. `failed` are files
    that cannot be read, `empty` the paths of documents without text, as they are printed. `furniture` counts the lines
    left out as running heads and page numbers, `notes` pairs printed paths with what was lost or skipped, `languages`
    counts documents by language (or `unknown`), and `waiting` counts the documents that an older reader has read: the
    next build reads them again. `tables` are the published versions of the tables on disk.
    """

    index: str
    published: str
    size_bytes: int
    documents: int
    sentences: int
    tokens: int
    encoder: Mapping[str, Any]
    options: Mapping[str, Any]
    roots: tuple[str, ...]
    tokens_per_second: float | None
    failed: tuple[FileFailure, ...]
    empty: tuple[str, ...]
    furniture: int
    notes: tuple[tuple[str, str], ...]
    languages: Mapping[str, int]
    waiting: int
    format: int
    tables: Mapping[str, int]

    def to_json(self) -> JsonObject:
        return {
            "index": self.index,
            "published": self.published,
            "size_bytes": self.size_bytes,
            "documents": self.documents,
            "sentences": self.sentences,
            "tokens": self.tokens,
            "encoder": dict(self.encoder),
            "options": dict(self.options),
            "roots": list(self.roots),
            "tokens_per_second": None if self.tokens_per_second is None else round(self.tokens_per_second, 1),
            "failed": [failure.to_json() | {"status": failure.status} for failure in self.failed],
            "empty": list(self.empty),
            "furniture": self.furniture,
            "notes": [{"path": path, "note": note} for path, note in self.notes],
            "languages": dict(self.languages),
            "waiting": self.waiting,
            "format": self.format,
            "tables": dict(self.tables),
        }


def read_status(reader: IndexReader) -> Status:
    """The facts of the state that `reader` sees, with files in order of (root, path)."""
    head, path = reader.head, reader.index_path
    try:
        published = time.localtime((path / HEAD_FILE).stat().st_mtime)
    except FileNotFoundError as error:
        raise IndexUnusableError(f"The index at {path} has been deleted since it was opened. Build it again.") from error
    entries = [entry for _, entry in sorted(reader.manifest().items())]
    printed = PrintedNames(entry.name for entry in entries)
    options = with_index_options(head, BuildOptions())
    return Status(
        index=str(path),
        published=time.strftime("%Y-%m-%dT%H:%M:%S%z", published),
        size_bytes=folder_bytes(path),
        documents=head.counts.get("documents", 0),
        sentences=head.counts.get("sentences", 0),
        tokens=head.counts.get("tokens", 0),
        encoder=head.encoder,
        options=head.options,
        roots=head.roots,
        tokens_per_second=rate_of(head.counts),
        failed=tuple(printed.on_failure(failure_of(entry)) for entry in entries if entry.status != "indexed"),
        empty=tuple(printed.of(entry.name) for entry in entries if entry.is_empty),
        furniture=sum(entry.num_furniture for entry in entries),
        notes=tuple((printed.of(entry.name), note) for entry in entries for note in entry.notes),
        languages=languages_of(entries),
        waiting=sum(is_old(entry, options) for entry in entries if entry.status == "indexed"),
        format=head.format,
        tables=head.tables,
    )


def folder_bytes(path: Path) -> int:
    """Bytes of all files below `path`. A file that disappears meanwhile is not counted."""
    total = 0
    for directory, _, names in os.walk(path):
        for name in names:
            try:
                total += Path(directory, name).lstat().st_size
            except FileNotFoundError:
                continue
    return total
