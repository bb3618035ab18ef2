"""The writer of an index: rows in, published states out.

Knows tables, versions and fsync; knows no files or encoders. Added rows become visible only when `publish` replaces
`head.json`, so a crash at any moment leaves the last published state; the next writer restores it (format.md, "How a
build writes").
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..records import Head, ManifestEntry
from ..storage import fsync_path
from .head import FORMAT, write_head
from .lock import require_hard_links
from .recovery import open_tables
from .tables import MANIFEST_COLUMNS, TABLES

if TYPE_CHECKING:
    import pyarrow as pa

REWRITE_DOCUMENTS = 1_000
REWRITE_BYTES = 64 << 20


class IndexWriter:
    """The only writer. Invariant: both tables equal the published `head`, or are ahead of it by rows that only this
    object knows."""

    def __init__(self, index_path: Path, head: Head | None, *, dim: int, overwrite: bool = False) -> None:
        self.index_path, self.dim = index_path, dim
        self.found_tables = dict(head.tables) if head is not None else {}
        self.synced: set[Path] = set()
        require_hard_links(index_path)
        self.head, (self.documents, self.landmarks) = open_tables(index_path, head, dim, overwrite=overwrite)

    def go_back(self) -> None:
        """Drop all rows that were not published."""
        self.head, (self.documents, self.landmarks) = open_tables(self.index_path, self.head, self.dim, overwrite=False)

    def rewrite_documents(self, entries: Mapping[str, ManifestEntry]) -> None:
        """Change the `documents` rows of these documents, by id; their texts and landmarks stay. A few at a time,
        because a row holds the text, and after `chmod -R` all documents of an index are rewritten."""
        from lancedb.expr import col

        for part in rewritten_together(entries.values()):
            wanted = [entry.doc_id for entry in part]
            rows = self.documents.search().where(col("doc_id").isin(wanted)).to_list()
            rows = [row | manifest_columns(entries[row["doc_id"]]) for row in rows]
            self.delete_rows(self.documents, wanted)
            self.add_documents(rows)

    def delete_rows(self, table: Any, doc_ids: Iterable[str]) -> None:
        """Delete a table's rows of the given documents."""
        from lancedb.expr import col

        wanted = sorted(set(doc_ids))
        if wanted:
            table.delete(col("doc_id").isin(wanted))

    def add_documents(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Add rows of `documents`."""
        import pyarrow as pa

        if rows:
            self.documents.add(pa.Table.from_pylist(list(rows), schema=self.documents.schema))

    def add_landmarks(self, batches: Sequence[pa.RecordBatch]) -> None:
        """Add rows of `landmarks`: one call is one Lance commit."""
        import pyarrow as pa

        if batches:
            self.landmarks.add(pa.RecordBatchReader.from_batches(self.landmarks.schema, iter(batches)))

    def publish(self, head: Head) -> Head:
        """Make everything written so far visible, durably: fsync the tables, then replace `head.json`."""
        self.sync()
        tables = {"documents": self.documents.version, "landmarks": self.landmarks.version}
        self.head = replace(head, tables=tables, format=FORMAT)
        write_head(self.index_path, self.head)
        return self.head

    def sync(self) -> None:
        """Flush every file of the tables that was not flushed before, then every directory that has a new name in
        it."""
        directories = [self.index_path, self.index_path.parent]
        for name in TABLES:
            for folder, subfolders, names in os.walk(self.index_path / f"{name}.lance"):
                new_files = [path for path in (Path(folder) / file for file in names) if path not in self.synced]
                new_folders = [path for path in (Path(folder) / subfolder for subfolder in subfolders) if path not in self.synced]
                for path in new_files:
                    with suppress(FileNotFoundError):
                        fsync_path(path)
                if new_files or new_folders:
                    directories.append(Path(folder))
                self.synced.update(new_files, new_folders)
        for directory in sorted(directories, reverse=True):  # deeper directories first
            fsync_path(directory)


def rewritten_together(entries: Iterable[ManifestEntry]) -> Iterator[list[ManifestEntry]]:
    """Documents in order of their ids, cut into parts of at most `REWRITE_DOCUMENTS` documents and, unless one is
    larger, `REWRITE_BYTES` of files."""
    part: list[ManifestEntry] = []
    size_bytes = 0
    for entry in sorted(entries, key=lambda entry: entry.doc_id):
        if part and (len(part) >= REWRITE_DOCUMENTS or size_bytes + max(entry.size_bytes, 0) > REWRITE_BYTES):
            yield part
            part, size_bytes = [], 0
        part.append(entry)
        size_bytes += max(entry.size_bytes, 0)
    if part:
        yield part


def manifest_columns(entry: ManifestEntry) -> dict[str, Any]:
    """The columns of a `documents` row that hold a manifest entry. Its cause is not stored: the message tells it
    (`errors.cause_of`)."""
    return {name: getattr(entry, name) for name in MANIFEST_COLUMNS}
