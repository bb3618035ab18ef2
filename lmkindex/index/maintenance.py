"""Maintenance of an index at the end of a build: compact, fold new rows into the indices, prune old versions, remove
stray files.

Takes a writer that holds the lock; publishes through it. If it fails, nothing is lost: what was published stays.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from ..records import Head
from .tables import TABLES
from .writer import IndexWriter

KEEP_VERSIONS = timedelta(hours=1)  # readers that opened an older head keep working for this long
NEVER = timedelta(days=36_500)
BTREE_ROWS = 10_000


def maintain(writer: IndexWriter, ann_rows: int) -> Head:
    """Compact, fold new rows into the indices, publish, and only then prune what no head names. Raises whatever LanceDB
    raises."""
    assert writer.head is not None
    create_vector_indices(writer.landmarks, ann_rows)
    for table in (writer.documents, writer.landmarks):
        table.optimize(cleanup_older_than=NEVER)
    head = writer.publish(writer.head)
    for table in (writer.documents, writer.landmarks):
        table.optimize(cleanup_older_than=prune_age(table, writer.found_tables))
    if (writer.documents.version, writer.landmarks.version) != (head.tables["documents"], head.tables["landmarks"]):
        head = writer.publish(head)
    remove_strays(writer.index_path)
    return head


def prune_age(table: Any, found_tables: Mapping[str, int]) -> timedelta:
    """How old a version must be to be pruned. A version's age counts from its creation, but a reader may have opened it
    at any time until it was replaced. So the version that was the newest `KEEP_VERSIONS` ago is kept, and the head that
    this writer found.
    """
    now = time.time()
    ages = {version["version"]: timedelta(seconds=now - version["timestamp"].timestamp()) for version in table.list_versions()}
    newest_of_old = min((age for age in ages.values() if age >= KEEP_VERSIONS), default=KEEP_VERSIONS)
    found = ages.get(found_tables.get(table.name, -1), KEEP_VERSIONS)
    return max(newest_of_old, found) + timedelta(seconds=1)


def create_vector_indices(landmarks: Any, ann_rows: int) -> None:
    """Create indices above the sizes at which they pay off (facts.md, "LanceDB"): BTREE on doc_id, IVF_RQ on the
    vector."""
    from lancedb.index import BTree, IvfRq

    num_rows = landmarks.count_rows()
    columns = {column for index in landmarks.list_indices() for column in index.columns}
    if num_rows >= BTREE_ROWS and "doc_id" not in columns:
        landmarks.create_index("doc_id", config=BTree())
    dim = landmarks.schema.field("vector").type.list_size
    if num_rows >= ann_rows and dim % 8 == 0 and "vector" not in columns:  # IVF_RQ needs a multiple of eight dimensions
        config = IvfRq(distance_type="cosine", num_bits=1, max_iterations=10, sample_rate=64)
        landmarks.create_index("vector", config=config)


def remove_strays(index_path: Path) -> None:
    """Remove the temporary files that killed writers left. We hold the lock, so nobody uses them."""
    for name in TABLES:
        for path in (index_path / f"{name}.lance" / "data").glob(".tmp*"):
            path.unlink(missing_ok=True)
