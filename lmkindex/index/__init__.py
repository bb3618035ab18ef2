"""An index on disk: tables in LanceDB, and the head that says which versions of them count (format.md, "The index on
disk").

The public interface of the package. `head` and `lock` say what is published and who may write. `tables` has the
schemas. `reader` and `writer` give access; `session` owns both for a build. `recovery` opens what a crash left.
`maintenance` ends a build. `damage` looks for files that a disk has damaged.
"""

from __future__ import annotations

from .damage import check_index
from .head import HEAD_FILE, read_head, require_head
from .lock import write_lock
from .maintenance import maintain
from .reader import IndexReader
from .session import IndexSession
from .tables import page_of, pages_within, stored_headings, stored_pages, vectors_of
from .writer import IndexWriter

__all__ = [
    "HEAD_FILE",
    "IndexReader",
    "IndexSession",
    "IndexWriter",
    "check_index",
    "maintain",
    "page_of",
    "pages_within",
    "read_head",
    "require_head",
    "stored_headings",
    "stored_pages",
    "vectors_of",
    "write_lock",
]
