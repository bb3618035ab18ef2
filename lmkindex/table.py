"""The tables of an index in LanceDB: their schemas and a reader that sees one published state.

Knows rows and versions; knows no files, sentences or encoders. `IndexReader` opens the versions that `head.json` names and takes no lock:
it sees the whole old state or the whole new one (DESIGN §5). Writing is in `commit.py`. Shapes: D dimensions, N landmarks.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any
from weakref import finalize

import numpy as np

from .errors import IndexUnusableError, first_line
from .head import require_head
from .records import Float32Array, Head, ManifestEntry, Page

if TYPE_CHECKING:
    import pyarrow as pa

TABLES = ("documents", "landmarks")
MANIFESTS = "_versions"  # the folder of a table's manifests
MANIFEST_COLUMNS = [
    "doc_id", "root", "path", "content_hash", "size_bytes", "mtime_ns", "status", "error", "num_sentences", "num_tokens",
]  # fmt: skip
LEDGER_COLUMNS = ["first_failed", "last_failed", "tries"]  # indexes made before November 2026 lack them until the next build writes
# Probes and refinement with which IVF_RQ reaches recall@100 of .99 (FACTS); an exact scan ignores them.
ANN_PROBES = 50
ANN_REFINE = 5


def connect(index_path: Path) -> Any:
    """A LanceDB connection to a local directory; its Rust log stays quiet."""
    os.environ.setdefault("LANCEDB_LOG", "error")
    import lancedb

    return lancedb.connect(index_path)


def documents_schema() -> pa.Schema:
    """One row a file; `text` is canonical, `pages` lists [page, start, end)."""
    import pyarrow as pa

    page = pa.struct([("page", pa.int32()), ("start", pa.int64()), ("end", pa.int64())])
    names = ("doc_id", "root", "path", "content_hash", "status", "error", "title", "indexed_at")
    numbers = ("size_bytes", "mtime_ns", "num_sentences", "num_tokens")
    return pa.schema(
        [(name, pa.string()) for name in names]
        + [(name, pa.int64()) for name in numbers]
        + [("pages", pa.list_(page)), ("text", pa.large_string())]
        + list(ledger_schema())
    )


def ledger_schema() -> pa.Schema:
    """The columns of `documents` that remember failures; null in rows that never failed or are older than they."""
    import pyarrow as pa

    return pa.schema([("first_failed", pa.string()), ("last_failed", pa.string()), ("tries", pa.int64())])


def landmarks_schema(dim: int) -> pa.Schema:
    """One row a sentence, vector last. `lexical` is the sentence with the two before it: what full-text search scores."""
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
            ("vector", pa.list_(pa.float16(), dim)),
        ]
    )


def vectors_of(table: pa.Table) -> Float32Array:
    """The `vector` column as an array [N, D]."""
    column = table.column("vector").combine_chunks()
    values = column.flatten().to_numpy(zero_copy_only=False).astype(np.float32)
    return values.reshape(table.num_rows, -1) if table.num_rows else np.zeros((0, 0), dtype=np.float32)


def open_published(index_path: Path, versions: Mapping[str, int]) -> tuple[Path | None, tuple[Any, Any]]:
    """Both tables at their published versions, and a temporary directory that they need while they are used, if any.

    LanceDB opens a table by its newest manifest, which nobody published when a power cut left it half written. Then the tables are
    opened through links to all but the manifests that no head names. Raises whatever LanceDB raises.
    """
    try:
        return None, checked_out(index_path, versions)
    except Exception:  # on half a manifest LanceDB even panics, which is an error without a class
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
    """The version whose manifest this file is, or None. LanceDB counts down from 2^64 - 1, so that the newest sorts first."""
    if path.suffix != ".manifest" or not path.stem.isdecimal():
        return None
    return (1 << 64) - 1 - int(path.stem)


class IndexReader:
    """One published state of an index. Invariant: every query of this object sees the versions of `head`, whatever is written meanwhile."""

    def __init__(self, index_path: Path, head: Head | None = None) -> None:
        self.index_path = index_path
        self.head = head or require_head(index_path)
        try:
            self.dim = int(self.head.encoder["dim"])
            view_path, (self.documents, self.landmarks) = open_published(index_path, self.head.tables)
        except Exception as error:  # as above
            raise IndexUnusableError(
                f"The index at {index_path} is damaged, or cannot be read now ({first_line(error)}). The documents are untouched: "
                "`lmkindex build --rebuild` makes the index again."
            ) from error
        if view_path is not None:
            finalize(self, rmtree, view_path, ignore_errors=True)

    def manifest(self) -> dict[tuple[str, str], ManifestEntry]:
        """What the index knows of each file, by (root, path)."""
        columns = MANIFEST_COLUMNS + [name for name in LEDGER_COLUMNS if name in self.documents.schema.names]
        rows = self.documents.search().select(columns).to_arrow().to_pylist()
        known = [{name: value for name, value in row.items() if value is not None} for row in rows]  # null is the record's default
        return {(row["root"], row["path"]): ManifestEntry(**row) for row in known}

    def document_rows(self, doc_ids: Iterable[str], columns: Sequence[str]) -> dict[str, dict[str, Any]]:
        """The named columns of documents, by doc_id."""
        from lancedb.expr import col

        wanted = sorted(set(doc_ids))
        if not wanted:
            return {}
        query = self.documents.search().where(col("doc_id").isin(wanted)).select(sorted({"doc_id", *columns}))
        return {row["doc_id"]: row for row in query.to_arrow().to_pylist()}

    def landmark_rows(self, ranges: Mapping[str, Sequence[tuple[int, int]]], columns: Sequence[str]) -> pa.Table:
        """Landmarks of documents at positions within any of `ranges` (both ends included), sorted by (doc_id, pos)."""
        from lancedb.expr import col, lit

        condition = col("pos") < lit(0)  # true of none: no ranges, no rows
        for doc_id, doc_ranges in ranges.items():
            for first, last in doc_ranges:
                condition |= (col("doc_id") == lit(doc_id)) & (col("pos") >= lit(first)) & (col("pos") <= lit(last))
        table = self.landmarks.search().where(condition).select(["doc_id", "pos", *columns]).to_arrow()
        return table.sort_by([("doc_id", "ascending"), ("pos", "ascending")])

    def landmarks_of(self, doc_id: str, columns: Sequence[str]) -> pa.Table:
        """All landmarks of a document in order."""
        from lancedb.expr import col, lit

        return self.landmarks.search().where(col("doc_id") == lit(doc_id)).select(["pos", *columns]).to_arrow().sort_by("pos")

    def nearest(self, vector_D: Float32Array, limit: int, doc_ids: Sequence[str] | None) -> pa.Table:
        """The `limit` landmarks nearest to a normalised vector: doc_id, pos, _distance (1 - cosine)."""
        query = self.landmarks.search(vector_D, vector_column_name="vector").distance_type("cosine")
        query = query.nprobes(ANN_PROBES).refine_factor(ANN_REFINE)
        return self._limited(query, doc_ids).select(["doc_id", "pos", "_distance"]).limit(limit).to_arrow()

    def lexical(self, question: str, limit: int, doc_ids: Sequence[str] | None) -> pa.Table:
        """The `limit` landmarks whose sentence, with the two before it, scores best by BM25: doc_id, pos, _score."""
        from lancedb.query import MatchQuery

        query = self.landmarks.search(MatchQuery(question, "lexical"), query_type="fts")
        return self._limited(query, doc_ids).select(["doc_id", "pos", "_score"]).limit(limit).to_arrow()

    def _limited(self, query: Any, doc_ids: Sequence[str] | None) -> Any:
        from lancedb.expr import col

        return query if doc_ids is None else query.where(col("doc_id").isin(list(doc_ids)), prefilter=True)


def page_of(pages: Sequence[Mapping[str, int]] | None, start: int) -> int | None:
    """The number of the page that holds character `start`; None for documents without pages."""
    return next((page["page"] for page in pages or () if page["start"] <= start < page["end"]), None)


def pages_value(pages: Sequence[Page]) -> list[dict[str, int]]:
    """Pages as the `documents` table stores them."""
    return [{"page": page.number, "start": page.start, "end": page.end} for page in pages]
