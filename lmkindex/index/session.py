"""One build's access to an index: the head that it found, the reader of that state, and the writer of the next states.

Owns all three, so that head and tables are opened only once. The caller holds the lock, unless it only reads.
"""

from __future__ import annotations

from pathlib import Path

from ..records import Head
from .head import read_head
from .reader import IndexReader
from .writer import IndexWriter


class IndexSession:
    """Invariant: the reader sees the state that was published when the session began, whatever the one writer
    publishes."""

    def __init__(self, index_path: Path) -> None:
        self.index_path = index_path
        self.found_head: Head | None = read_head(index_path)
        self._reader: IndexReader | None = None
        self._writer: IndexWriter | None = None

    @property
    def reader(self) -> IndexReader:
        """The state that was found. Raises `IndexUnusableError` if there is none, or if it cannot be opened."""
        if self._reader is None:
            self._reader = IndexReader(self.index_path, self.found_head)
        return self._reader

    def open_writer(self, *, dim: int, overwrite: bool = False) -> IndexWriter:
        """Open the writer; only once. It removes what a crashed writer left. With `overwrite` it begins with empty
        tables for vectors of `dim`."""
        assert self._writer is None, "a session has one writer"
        self._writer = IndexWriter(self.index_path, self.found_head, dim=dim, overwrite=overwrite)
        return self._writer
