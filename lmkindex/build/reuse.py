"""The windows of a document that the index already holds, by their keys. They are not encoded again."""

from __future__ import annotations

from ..index import IndexReader
from ..records import Float16Array
from ..token_records import Window


class KnownWindows:
    """The stored vectors of one document, by window key."""

    def __init__(self, reader: IndexReader | None, doc_id: str | None) -> None:
        self.firsts: dict[str, int] = {}
        if reader is None or doc_id is None:
            return
        rows = reader.landmarks_of(doc_id, ["window_key", "vector"])
        self.keys: list[str] = rows.column("window_key").to_pylist()
        column = rows.column("vector").combine_chunks()
        self.vectors_ND: Float16Array = column.flatten().to_numpy(zero_copy_only=False).reshape(len(self.keys), reader.dim)
        for index, key in enumerate(self.keys):
            self.firsts.setdefault(key, index)

    def find(self, window: Window) -> Float16Array | None:
        """The vectors [num_core, D] of a stored window, or None."""
        first = self.firsts.get(window.key)
        if first is None or self.keys[first : first + window.num_core] != [window.key] * window.num_core:
            return None
        return self.vectors_ND[first : first + window.num_core]
