"""A reader that sees one published state of an index: it opens the versions that `head.json` names and takes no lock
(format.md, "How to read safely").

Knows rows and versions; knows no files, sentences or encoders. Shapes: D dimensions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from shutil import rmtree
from typing import TYPE_CHECKING, Any
from weakref import finalize

from ..errors import IndexUnusableError, cause_of, first_line
from ..records import FileName, Float32Array, Head, ManifestEntry
from .head import require_head
from .tables import MANIFEST_COLUMNS, open_published

if TYPE_CHECKING:
    import pyarrow as pa

# Probes and refinement with which IVF_RQ reaches recall@100 of .99 (facts.md, "LanceDB"); an exact scan ignores them.
ANN_PROBES = 50
ANN_REFINE = 5
RANGES_PER_QUERY = 100  # LanceDB refuses a filter of 500 conditions, and one of 1,000 overflows its stack


class IndexReader:
    """One published state of an index. Invariant: every query of this object sees the versions of `head`, whatever is
    written meanwhile."""

    def __init__(self, index_path: Path, head: Head | None = None) -> None:
        self.index_path = index_path
        self.head = head or require_head(index_path)
        try:
            self.dim = int(self.head.encoder["dim"])
            view_path, (self.documents, self.landmarks) = open_published(index_path, self.head.tables)
            # Asking a table goes through its event loop, so ask once.
            self.stored = {"documents": frozenset(self.documents.schema.names), "landmarks": frozenset(self.landmarks.schema.names)}
        except Exception as error:  # on half a manifest LanceDB even panics, and a panic has no exception class of its own
            raise IndexUnusableError(
                f"The index at {index_path} is damaged or cannot be read at the moment ({first_line(error)}). The documents are untouched: "
                "`lmkindex build --rebuild` recreates the index."
            ) from error
        if view_path is not None:
            finalize(self, rmtree, view_path, ignore_errors=True)

    def manifest(self) -> dict[tuple[str, str], ManifestEntry]:
        """What the index knows about each file, by (root, path)."""
        columns = [name for name in MANIFEST_COLUMNS if name in self.stored["documents"]]
        rows = self.documents.search().select(columns).to_arrow().to_pylist()
        return {(row["root"], row["path"]): manifest_entry(row) for row in rows}

    def document_names(self) -> dict[FileName, str]:
        """The id of each document, by (root, path); quicker than the manifest."""
        rows = self.documents.search().select(["doc_id", "root", "path"]).to_arrow()
        names = zip(rows["root"].to_pylist(), rows["path"].to_pylist(), strict=True)
        return dict(zip(names, rows["doc_id"].to_pylist(), strict=True))

    def document_rows(self, doc_ids: Iterable[str], columns: Sequence[str]) -> dict[str, dict[str, Any]]:
        """The named columns of documents, by doc_id; None for what an older version did not store."""
        from lancedb.expr import col

        wanted = sorted(set(doc_ids))
        if not wanted:
            return {}
        stored = self.stored["documents"]
        query = self.documents.search().where(col("doc_id").isin(wanted)).select(sorted({"doc_id", *columns} & stored))
        missing = dict.fromkeys(name for name in columns if name not in stored)
        return {row["doc_id"]: missing | row for row in query.to_arrow().to_pylist()}

    def landmark_rows(self, ranges: Mapping[str, Sequence[tuple[int, int]]], columns: Sequence[str]) -> pa.Table:
        """Landmarks of documents at positions within any of `ranges` (both ends included), sorted by (doc_id, pos). A
        column that an older version did not store is left out."""
        import pyarrow as pa

        wanted = [(doc_id, first, last) for doc_id, doc_ranges in ranges.items() for first, last in merge_ranges(doc_ranges)]
        batches = [wanted[at : at + RANGES_PER_QUERY] for at in range(0, len(wanted), RANGES_PER_QUERY)] or [[]]
        known = [name for name in columns if name in self.stored["landmarks"]]
        table = pa.concat_tables([self._rows_within(batch, known) for batch in batches])
        return table.sort_by([("doc_id", "ascending"), ("pos", "ascending")])

    def _rows_within(self, wanted: Sequence[tuple[str, int, int]], columns: Sequence[str]) -> pa.Table:
        from lancedb.expr import col, lit

        condition = col("pos") < lit(0)  # never true: no ranges, no rows
        for doc_id, first, last in wanted:
            condition |= (col("doc_id") == lit(doc_id)) & (col("pos") >= lit(first)) & (col("pos") <= lit(last))
        return self.landmarks.search().where(condition).select(["doc_id", "pos", *columns]).to_arrow()

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
        """The `limit` landmarks whose sentence, with the two before it, scores highest by BM25: doc_id, pos, _score."""
        from lancedb.query import MatchQuery

        query = self.landmarks.search(MatchQuery(question, "lexical"), query_type="fts")
        return self._limited(query, doc_ids).select(["doc_id", "pos", "_score"]).limit(limit).to_arrow()

    def _limited(self, query: Any, doc_ids: Sequence[str] | None) -> Any:
        from lancedb.expr import col

        return query if doc_ids is None else query.where(col("doc_id").isin(list(doc_ids)), prefilter=True)


def manifest_entry(row: Mapping[str, Any]) -> ManifestEntry:
    """The manifest entry that a row of `documents` holds. A null means the record's default."""
    fields = {name: value for name, value in row.items() if value is not None}
    return ManifestEntry(**(fields | {"notes": tuple(fields.get("notes", ()))}), cause=cause_of(row["error"]))


def merge_ranges(ranges: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The same positions as `ranges` (both ends included), each in one range only, in order."""
    result: list[tuple[int, int]] = []
    for first, last in sorted(ranges):
        if result and first <= result[-1][1] + 1:
            result[-1] = (result[-1][0], max(result[-1][1], last))
        else:
            result.append((first, last))
    return result
