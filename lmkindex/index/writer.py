"""The writer of an index: rows in, published states out.

Knows tables, versions and fsync; knows no files or encoders. What is added becomes visible only when `publish` replaces `head.json`, so a
crash at any moment leaves the last published state; the next writer restores it (DESIGN §5).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import IndexUnusableError, LmkindexError, first_line
from ..records import Head
from ..storage import fsync_path
from .head import HEAD_FILE, read_head, write_head
from .lock import require_hard_links
from .tables import (
    LEDGER_COLUMNS,
    MANIFESTS,
    TABLES,
    checked_out,
    connect,
    documents_schema,
    landmarks_schema,
    ledger_schema,
    manifest_version,
)

if TYPE_CHECKING:
    import pyarrow as pa


class IndexWriter:
    """The one writer. Invariant: both tables equal the published head, or are ahead of it by rows that only this object knows."""

    def __init__(self, index_path: Path, *, dim: int, overwrite: bool = False) -> None:
        self.index_path = index_path
        self.head = read_head(index_path)
        self.found_tables = dict(self.head.tables) if self.head is not None else {}
        self.synced: set[Path] = set()
        require_hard_links(index_path)
        self.documents, self.landmarks = self.open_tables(dim, overwrite=overwrite)
        if self.head is None or overwrite:
            self.create_text_index()

    def open_tables(self, dim: int, *, overwrite: bool) -> tuple[Any, Any]:
        """Both tables at the published state, or empty. An overwrite is a new version with a new schema: readers of the published head
        still see the old one, unless nothing of it could be opened anyway."""
        tables = None
        if self.head is not None:
            try:
                tables = self.restore()
            except Exception as error:  # LanceDB raises, and panics, in many ways on a broken file
                if isinstance(error, MemoryError) or self.is_readable():
                    raise  # the tables are whole: it is the disk or the memory that is full or fails
                require_readable_files(self.index_path)
                if not overwrite:
                    raise IndexUnusableError(
                        f"A table of the index at {self.index_path} cannot be opened ({first_line(error)}). The documents are "
                        "untouched: `lmkindex build --rebuild` makes the index again."
                    ) from error
                (self.index_path / HEAD_FILE).unlink()  # first: the new tables count their versions from 1, and it names such versions
                fsync_path(self.index_path)
                self.head = None
        if tables is not None and not overwrite:
            return tables
        if self.head is None:
            self.remove_unpublished_tables()
        return self.create_tables(dim)

    def is_readable(self) -> bool:
        """Whether the published state can be opened."""
        assert self.head is not None
        try:
            return bool(checked_out(self.index_path, self.head.tables))
        except Exception:
            return False

    def create_tables(self, dim: int) -> tuple[Any, Any]:
        """Empty tables, as new versions where there are tables."""
        database = connect(self.index_path)
        documents = database.create_table("documents", schema=documents_schema(), mode="overwrite")
        return documents, database.create_table("landmarks", schema=landmarks_schema(dim), mode="overwrite")

    def restore(self) -> tuple[Any, Any]:
        """Open both tables at the published versions. Those beyond are what a crashed writer left: nobody was told of them, and we hold the
        lock, so their manifests are removed before LanceDB sees them. It opens a table by its newest manifest, and takes one that a power
        cut left as zeros for an empty table. Raises whatever LanceDB raises."""
        assert self.head is not None
        unpublished: list[Path] = []
        for name, published in self.head.tables.items():
            versions = {path: manifest_version(path) for path in (self.index_path / f"{name}.lance" / MANIFESTS).iterdir()}
            if published not in versions.values():
                raise IndexUnusableError(f"version {published} of the table {name!r} is missing")
            unpublished += [path for path, version in versions.items() if version is not None and version > published]
        for path in unpublished:
            path.unlink()
        documents, landmarks = checked_out(self.index_path, self.head.tables)
        for table in (documents, landmarks):
            table.checkout_latest()
        missing = [field for field in ledger_schema() if field.name not in documents.schema.names]
        if missing:  # an index of an older version; as every write, this becomes visible with the next publish
            documents.add_columns(missing)
        return documents, landmarks

    def remove_unpublished_tables(self) -> None:
        """Remove the tables of an index without a head: half written, by a build that never came to publish, or not to be opened. Raises
        `IndexUnusableError` when they are not ours, as where --index names another program's database."""
        require_readable_files(self.index_path)
        database = connect(self.index_path)
        paths = {name: self.index_path / f"{name}.lance" for name in TABLES}
        for (name, path), schema in zip(paths.items(), (documents_schema(), landmarks_schema(1)), strict=True):
            try:
                columns = set(database.open_table(name).schema.names)
            except Exception:  # none there, or half written
                columns = set()
            if columns and columns | set(LEDGER_COLUMNS) != set(schema.names) | set(LEDGER_COLUMNS):
                raise IndexUnusableError(f"lmkindex did not make the LanceDB table {path}. Choose another directory with --index.")
        for path in paths.values():
            if path.is_symlink():  # the table lies elsewhere, and stays there
                for child in path.iterdir():
                    shutil.rmtree(child)
            else:
                shutil.rmtree(path, ignore_errors=True)

    def create_text_index(self) -> None:
        """The full-text index exists from the first row on, so that `--hybrid` works before any maintenance."""
        from lancedb.index import FTS

        self.landmarks.create_index("lexical", config=FTS(with_position=False))

    def delete(self, doc_ids: Iterable[str]) -> None:
        """Delete documents and their landmarks."""
        self.delete_rows(self.documents, doc_ids)
        self.delete_rows(self.landmarks, doc_ids)

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
        self.head = replace(head, tables=tables)
        write_head(self.index_path, self.head)
        return self.head

    def sync(self) -> None:
        """Flush every file of the tables that was not flushed before, then every directory that has a new name in it."""
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
        for directory in sorted(directories, reverse=True):  # what is deeper comes first
            fsync_path(directory)


def require_readable_files(index_path: Path) -> None:
    """Raises `LmkindexError` when a file of the tables is there and cannot be opened: that is no damage that could be thrown away."""

    def stop(error: OSError) -> None:
        if not isinstance(error, FileNotFoundError | NotADirectoryError):
            raise error

    try:
        for name in TABLES:
            for folder, _, files in os.walk(index_path / f"{name}.lance", onerror=stop):
                for file in files:
                    with (Path(folder) / file).open("rb"):
                        pass
    except OSError as error:
        raise LmkindexError(
            f"Cannot read {error.filename}: {error.strerror}. Nothing was changed: make it readable, then go on."
        ) from error
