"""The data types of the project: frozen records that flow from one step to the next.

Knows no step, no model and no disk. Offsets are characters of a document's canonical text, half open:
`text[start:end]`. Arrays (token ids, vectors) stay arrays; their suffixes are N landmarks, S sentences, T tokens, D
dimensions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from .errors import Cause

BoolArray = npt.NDArray[np.bool_]
Float16Array = npt.NDArray[np.float16]
Float32Array = npt.NDArray[np.float32]
Int32Array = npt.NDArray[np.int32]
Int64Array = npt.NDArray[np.int64]
JsonObject = dict[str, Any]
FileName = tuple[str, str]  # (root, path): a file's name in an index


@dataclass(frozen=True, slots=True, kw_only=True)
class FileEntry:
    """A file that the walk found; `path` is relative to `root` with forward slashes, and `(root, path)` is its name."""

    root: str
    path: str
    absolute_path: Path
    size_bytes: int
    mtime_ns: int
    inode: int = 0
    ctime_ns: int = 0

    @property
    def name(self) -> FileName:
        return self.root, self.path


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFailure:
    """A file that could not be read, with a reason that a user understands.

    `path` is relative to `root`. A report also has what the index stores: when the file failed for the first and the
    last time (UTC, ISO 8601; "" is unknown), how often it was tried, and its `status`: `failed`, or `stale` if the last
    readable text is still searchable. `size_bytes` and `mtime_ns` are -1 if unknown, `inode` and `ctime_ns` 0.
    `is_skipped` marks a link out of the roots, which is not a failure. `reader` is that of the index, "" if no reader
    tried the file. `printed_path` is the path with as much of its root as tells it from those of other roots ("": the
    path alone).
    """

    root: str
    path: str
    reason: str
    size_bytes: int = -1
    mtime_ns: int = -1
    inode: int = 0
    ctime_ns: int = 0
    first_failed: str = ""
    last_failed: str = ""
    tries: int = 1
    status: str = "failed"
    is_skipped: bool = False
    reader: str = ""
    cause: Cause = Cause.OTHER
    printed_path: str = ""

    @property
    def name(self) -> FileName:
        """`(root, path)`, the file's name in an index."""
        return self.root, self.path

    @property
    def is_out_of_reach(self) -> bool:
        """Whether the file was not seen at all because a directory above it cannot be read."""
        return self.cause is Cause.OUT_OF_REACH

    def to_json(self) -> JsonObject:
        fields: JsonObject = {"path": self.path, "reason": self.reason}
        return fields | {"first": self.first_failed, "last": self.last_failed, "tries": self.tries, "root": self.root}


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page of a paged document; `number` counts from 1."""

    number: int
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """A heading at `[start, end)` of the text: its level, counted from 1, and its words without markup, on one line."""

    start: int
    end: int
    level: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One file as canonical text. `pages` is empty for kinds of files that have none. `headings` are in the order of
    the text; `num_furniture` counts the lines left out as running heads and page numbers; `notes` say what was lost or
    skipped. `language` is a code of ISO 639-1, "" if unknown. `inode` and `ctime_ns` are 0 if the file system keeps
    none."""

    doc_id: str
    root: str
    path: str
    title: str
    text: str
    pages: tuple[Page, ...]
    content_hash: str
    size_bytes: int
    mtime_ns: int
    inode: int = 0
    ctime_ns: int = 0
    language: str = ""
    headings: tuple[Heading, ...] = ()
    num_furniture: int = 0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestEntry:
    """What the index knows about a file: enough to decide from a stat, then a hash, whether it changed.

    `status` is `indexed`, `failed` (nothing of the file is searchable) or `stale` (the last readable text still is). An
    indexed entry without sentences is a file that holds no text. `first_failed`, `last_failed` and `tries` are the
    ledger of failures: times in UTC, ISO 8601; for a file that did not fail they are "", "" and 0. `reader` names
    the version and options of the reader that last tried the file (`read/versions.py`); `rows_hash` is the hash of the
    document's rows in `landmarks` (format.md, "Hashes"; "" is unknown).
    """

    doc_id: str
    root: str
    path: str
    content_hash: str
    size_bytes: int
    mtime_ns: int
    status: str
    error: str
    num_sentences: int
    num_tokens: int
    first_failed: str = ""
    last_failed: str = ""
    tries: int = 0
    inode: int = 0
    ctime_ns: int = 0
    reader: str = "1"
    rows_hash: str = ""
    language: str = ""
    num_furniture: int = 0
    notes: tuple[str, ...] = ()
    cause: Cause = Cause.OTHER  # of `error`; not a column

    @property
    def name(self) -> FileName:
        return self.root, self.path

    @property
    def is_empty(self) -> bool:
        return self.status == "indexed" and not self.num_sentences

    @property
    def is_out_of_reach(self) -> bool:
        """Stale because the walk could not reach the file; size and time are still those of the text."""
        return self.status == "stale" and self.cause is Cause.OUT_OF_REACH

    @property
    def has_own_text(self) -> bool:
        """Whether the text is the content of the file with this size, time and hash."""
        return self.status == "indexed" or self.is_out_of_reach


Manifest = Mapping[FileName, ManifestEntry]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentences:
    """All sentences of a document, in order: `starts_S`, `ends_S` in characters; `ends_paragraph_S` marks the last of
    each paragraph."""

    starts_S: Int64Array
    ends_S: Int64Array
    ends_paragraph_S: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.starts_S)


@dataclass(frozen=True, slots=True, kw_only=True)
class EncoderFolder:
    """A model folder with its `landmark.json` (encoder-folders.md, "landmark.json"), read and checked. `fingerprint`
    covers weights, tokenizer and settings; `min_similarity` is chosen on a development set: below it, the best cosine
    means that there is no answer (-1: never). `languages` are codes of ISO 639-1 that it was trained for; empty is
    unknown."""

    path: Path
    name: str
    fingerprint: str
    lmk_token: str
    lmk_id: int
    pooling: str
    window_tokens: int
    context_tokens: int
    query_prefix: str
    dim: int
    base: str
    base_license: str
    training: Mapping[str, Any]
    min_similarity: float = -1.0
    languages: tuple[str, ...] = ()

    @property
    def has_landmarks(self) -> bool:
        return self.pooling != "sentence_mean"


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """`head.json`: the only mutable file of an index, and what it publishes. `languages` counts the documents of each
    language, `unknown` included."""

    tables: Mapping[str, int]
    encoder: Mapping[str, Any]
    options: Mapping[str, Any]
    roots: tuple[str, ...]
    counts: Mapping[str, int]
    languages: Mapping[str, int] = field(default_factory=dict)
    format: int = 2
