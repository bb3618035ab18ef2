"""The tables of an index in LanceDB: their schemas, and how to open them at published versions.

Knows rows and versions; knows no files, sentences or encoders. Shapes: D dimensions, N landmarks.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any

import numpy as np

from ..records import Float32Array, Heading, Page

if TYPE_CHECKING:
    import pyarrow as pa

TABLES = ("documents", "landmarks")
MANIFESTS = "_versions"  # the folder of a table's manifests
MANIFEST_COLUMNS = [
    "doc_id", "root", "path", "content_hash", "size_bytes", "mtime_ns", "status", "error", "num_sentences", "num_tokens",
    "first_failed", "last_failed", "tries", "inode", "ctime_ns", "reader", "rows_hash", "language", "num_furniture",
    "notes",
]  # fmt: skip


def connect(index_path: Path) -> Any:
    """A LanceDB connection to a local directory; its Rust log stays quiet."""
    os.environ.setdefault("LANCEDB_LOG", "error")
    import lancedb

    return lancedb.connect(index_path)


def documents_schema() -> pa.Schema:
    """One row per file; `text` is canonical, `pages` lists [page, start, end), `meta` is a JSON object."""
    import pyarrow as pa

    page = pa.struct([("page", pa.int32()), ("start", pa.int64()), ("end", pa.int64())])
    names = ("doc_id", "root", "path", "content_hash", "status", "error", "title", "indexed_at")
    numbers = ("size_bytes", "mtime_ns", "num_sentences", "num_tokens")
    return pa.schema(
        [(name, pa.string()) for name in names]
        + [(name, pa.int64()) for name in numbers]
        + [("pages", pa.list_(page)), ("text", pa.large_string())]
        + list(added_to_documents())
    )


def added_to_documents() -> pa.Schema:
    """The columns of `documents` that older indexes lack until a build writes; null in rows that are older than they.
    The first three came before format 2."""
    import pyarrow as pa

    heading = pa.struct([("start", pa.int64()), ("end", pa.int64()), ("level", pa.int32()), ("text", pa.string())])
    return pa.schema(
        [
            ("first_failed", pa.string()),
            ("last_failed", pa.string()),
            ("tries", pa.int64()),
            ("inode", pa.int64()),
            ("ctime_ns", pa.int64()),
            ("reader", pa.string()),
            ("rows_hash", pa.string()),
            ("language", pa.string()),
            ("num_furniture", pa.int64()),
            ("notes", pa.list_(pa.string())),
            ("headings", pa.list_(heading)),
            ("meta", pa.string()),
        ]
    )


def added_to_landmarks() -> pa.Schema:
    """The columns of `landmarks` that indexes of format 1 lack; null in rows that are older than they."""
    import pyarrow as pa

    return pa.schema([("heading", pa.string())])


def landmarks_schema(dim: int) -> pa.Schema:
    """One row per sentence, vector last. `lexical` is the sentence with the two before it: full-text search scores
    this. `heading` is the sentence's path of headings, outermost first, one per line."""
    import pyarrow as pa

    return pa.schema(
        [
            ("doc_id", pa.string()),
            ("pos", pa.int32()),
            ("start", pa.int64()),
            ("end", pa.int64()),
            ("window_key", pa.string()),
            ("text", pa.string()),
            ("lexical", pa.string()),
            *added_to_landmarks(),
            ("vector", pa.list_(pa.float16(), dim)),
        ]
    )


def vectors_of(table: pa.Table) -> Float32Array:
    """The `vector` column as an array [N, D]."""
    column = table.column("vector").combine_chunks()
    values = column.flatten().to_numpy(zero_copy_only=False).astype(np.float32)
    return values.reshape(table.num_rows, -1) if table.num_rows else np.zeros((0, 0), dtype=np.float32)


def open_published(index_path: Path, versions: Mapping[str, int]) -> tuple[Path | None, tuple[Any, Any]]:
    """Both tables at their published versions, and a temporary directory that they need while in use, if any.

    LanceDB opens a table by its newest manifest. A power cut may have left that half written and unpublished. In that
    case the tables are opened through links that leave out the manifests no head names. Raises whatever LanceDB raises.
    """
    try:
        return None, checked_out(index_path, versions)
    except Exception:  # on half a manifest LanceDB even panics, and a panic has no exception class of its own
        view_path = Path(mkdtemp(prefix="lmkindex-"))
        try:
            for name in TABLES:
                link_published(index_path / f"{name}.lance", view_path / f"{name}.lance", versions[name])
            return view_path, checked_out(view_path, versions)
        except BaseException:
            rmtree(view_path, ignore_errors=True)
            raise


def checked_out(path: Path, versions: Mapping[str, int]) -> tuple[Any, Any]:
    """The tables below `path`, each at a version."""
    database = connect(path)
    documents, landmarks = (database.open_table(name) for name in TABLES)
    documents.checkout(versions["documents"])
    landmarks.checkout(versions["landmarks"])
    return documents, landmarks


def link_published(table_path: Path, view_path: Path, version: int) -> None:
    """Make `view_path` a table like `table_path` whose only manifest is that of `version`. Raises `OSError`."""
    (view_path / MANIFESTS).mkdir(parents=True)
    for path in table_path.resolve().iterdir():
        if path.name != MANIFESTS:
            (view_path / path.name).symlink_to(path)
    for path in (table_path / MANIFESTS).resolve().iterdir():
        if manifest_version(path) == version:
            (view_path / MANIFESTS / path.name).symlink_to(path)


def manifest_version(path: Path) -> int | None:
    """The version whose manifest this file is, or None. LanceDB counts down from 2^64 - 1, so that the newest sorts
    first."""
    if path.suffix != ".manifest" or not path.stem.isdecimal():
        return None
    return (1 << 64) - 1 - int(path.stem)


def page_of(pages: Sequence[Mapping[str, int]] | None, start: int) -> int | None:
    """The number of the page that holds character `start`; None for documents without pages."""
    return next((page.number for page in pages_within(pages, start, start + 1)), None)


def pages_within(pages: Sequence[Mapping[str, int]] | None, start: int, end: int) -> tuple[Page, ...]:
    """The pages that hold any of the characters `[start, end)`."""
    return tuple(page for page in stored_pages(pages) if page.start < end and start < page.end)


def stored_pages(value: Sequence[Mapping[str, int]] | None) -> tuple[Page, ...]:
    """Pages from a row of `documents`; none for kinds of files that have none."""
    return tuple(Page(number=page["page"], start=page["start"], end=page["end"]) for page in value or ())


def pages_value(pages: Sequence[Page]) -> list[dict[str, int]]:
    """Pages as the `documents` table stores them."""
    return [{"page": page.number, "start": page.start, "end": page.end} for page in pages]


def stored_headings(value: Sequence[Mapping[str, Any]] | None) -> tuple[Heading, ...]:
    """Headings from a row of `documents`; none in rows of format 1."""
    return tuple(Heading(**heading) for heading in value or ())


def headings_value(headings: Sequence[Heading]) -> list[dict[str, Any]]:
    """Headings as the `documents` table stores them."""
    return [asdict(heading) for heading in headings]
