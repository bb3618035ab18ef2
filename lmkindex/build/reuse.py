"""What an index already holds of a file: the vectors of its windows, and the text of one that cannot be read now."""

from __future__ import annotations

from ..files import document_id
from ..index import IndexReader
from ..records import Document, FileEntry, FileFailure, Float16Array, ManifestEntry, Page, Window


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


def kept_document(
    kept: ManifestEntry | None, entry: FileEntry, failure: FileFailure, reader: IndexReader | None, *, may_lack: bool
) -> Document | None:
    """What the index holds of a file that cannot be read now, under the file's present name; None when it holds no text of it. With
    `may_lack` also when the table is damaged: a rebuild is the way out of that."""
    if kept is None or reader is None or not kept.num_sentences:
        return None
    try:
        row = reader.document_rows([kept.doc_id], ["title", "text", "pages"])[kept.doc_id]
    except Exception:  # whatever LanceDB raises on a broken file
        if may_lack:
            return None
        raise
    return Document(
        doc_id=document_id(entry.root, entry.path),
        root=entry.root,
        path=entry.path,
        title=row["title"],
        text=row["text"],
        pages=tuple(Page(number=page["page"], start=page["start"], end=page["end"]) for page in row["pages"] or ()),
        content_hash=kept.content_hash,
        size_bytes=failure.size_bytes,
        mtime_ns=failure.mtime_ns,
    )
