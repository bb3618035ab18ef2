"""Opens both tables of an index at the published state, whatever a crash, a power cut or a disk has left behind.

Takes an index's path and its head. Holds the lock, so nobody uses what was not published. Knows no rows. Removes
nothing that was published and can be read.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

from ..errors import IndexUnusableError, LmkindexError, first_line
from ..records import Head
from ..storage import fsync_path
from .head import HEAD_FILE
from .tables import (
    MANIFESTS,
    TABLES,
    added_to_documents,
    added_to_landmarks,
    checked_out,
    connect,
    documents_schema,
    landmarks_schema,
    manifest_version,
)


def open_tables(index_path: Path, head: Head | None, dim: int, *, overwrite: bool) -> tuple[Head | None, tuple[Any, Any]]:
    """Both tables at the published state, or empty, and the head that they are at: None if none of them could be
    opened.

    An overwrite is a new version with a new schema. Readers of the published head still see the old version, unless
    none of it could be opened anyway. Raises `IndexUnusableError` for damage that only a rebuild repairs.
    """
    tables = None
    if head is not None:
        try:
            tables = restore(index_path, head)
        except Exception as error:  # LanceDB raises, and panics, in many ways on a broken file
            if isinstance(error, MemoryError) or is_readable(index_path, head):
                raise  # the tables are intact: the disk or the memory is full or failing
            require_readable_files(index_path)
            if not overwrite:
                raise IndexUnusableError(
                    f"A table of the index at {index_path} cannot be opened ({first_line(error)}). The documents are "
                    "untouched: `lmkindex build --rebuild` recreates the index."
                ) from error
            (index_path / HEAD_FILE).unlink()  # first: the new tables count versions from 1, and the old head may name the same numbers
            fsync_path(index_path)
            head = None
    if tables is not None and not overwrite:
        return head, tables
    if head is None:
        remove_unpublished_tables(index_path)
    return head, create_tables(index_path, dim)


def is_readable(index_path: Path, head: Head) -> bool:
    """Whether the published state can be opened."""
    try:
        return bool(checked_out(index_path, head.tables))
    except Exception:
        return False


def create_tables(index_path: Path, dim: int) -> tuple[Any, Any]:
    """Empty tables, or new empty versions of existing tables. The full-text index exists from the first row on, so that
    `--hybrid` works before any maintenance."""
    from lancedb.index import FTS

    database = connect(index_path)
    documents = database.create_table("documents", schema=documents_schema(), mode="overwrite")
    landmarks = database.create_table("landmarks", schema=landmarks_schema(dim), mode="overwrite")
    landmarks.create_index("lexical", config=FTS(with_position=False))
    return documents, landmarks


def restore(index_path: Path, head: Head) -> tuple[Any, Any]:
    """Open both tables at the published versions. Later versions were left by a crashed writer and never published, so
    their manifests are removed before LanceDB sees them. LanceDB opens a table by its newest manifest; if a power cut
    left that as zeros, it would see an empty table. Raises whatever LanceDB raises."""
    unpublished: list[Path] = []
    for name, published in head.tables.items():
        versions = {path: manifest_version(path) for path in (index_path / f"{name}.lance" / MANIFESTS).iterdir()}
        if published not in versions.values():
            raise IndexUnusableError(f"version {published} of the table {name!r} is missing")
        unpublished += [path for path, version in versions.items() if version is not None and version > published]
    for path in unpublished:
        path.unlink()
    documents, landmarks = checked_out(index_path, head.tables)
    for table, added in ((documents, added_to_documents()), (landmarks, added_to_landmarks())):
        table.checkout_latest()
        missing = [field for field in added if field.name not in table.schema.names]
        if missing:  # an index of an older version; like every write, this becomes visible with the next publish
            table.add_columns(missing)
    return documents, landmarks


def remove_unpublished_tables(index_path: Path) -> None:
    """Remove the tables of an index without a head: half written, left by a build that never published, or impossible
    to open. Raises `IndexUnusableError` if they are not ours, for example if --index names another program's
    database."""
    require_readable_files(index_path)
    database = connect(index_path)
    paths = {name: index_path / f"{name}.lance" for name in TABLES}
    added = {*added_to_documents().names, *added_to_landmarks().names}
    for (name, path), schema in zip(paths.items(), (documents_schema(), landmarks_schema(1)), strict=True):
        try:
            columns = set(database.open_table(name).schema.names)
        except Exception:  # missing, or half written
            columns = set()
        if columns and columns | added != set(schema.names) | added:
            raise IndexUnusableError(f"lmkindex did not make the LanceDB table {path}. Choose another directory with --index.")
    for path in paths.values():
        if path.is_symlink():  # the table is elsewhere, and stays there
            for child in path.iterdir():
                shutil.rmtree(child)
        else:
            shutil.rmtree(path, ignore_errors=True)


def require_readable_files(index_path: Path) -> None:
    """Raises `LmkindexError` if a file of the tables exists and cannot be opened: it may be intact, so it must not be
    thrown away."""

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
            f"Cannot read {error.filename}: {error.strerror}. Nothing was changed. Make the file readable, then run the command again."
        ) from error
