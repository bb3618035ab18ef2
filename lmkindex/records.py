"""The nouns of the project: frozen records that flow from one step to the next.

Knows no step, no model and no disk. Offsets are characters of a document's canonical text, half open: `text[start:end]`.
Arrays (token ids, vectors) stay arrays beside the records; their suffixes are N landmarks, S sentences, T tokens, D dimensions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from .errors import Cause

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

    @property
    def name(self) -> FileName:
        return self.root, self.path


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFailure:
    """A file that could not be read, with a reason that a user understands.

    In a report also what the ledger knows: when it failed for the first and the last time (UTC, ISO 8601; "" is unknown), and how
    often it was tried. `is_skipped` marks what was left out as it should be: a link out of the roots.
    """

    root: str
    path: str
    reason: str
    size_bytes: int = -1
    mtime_ns: int = -1
    first_failed: str = ""
    last_failed: str = ""
    tries: int = 1
    is_skipped: bool = False
    cause: Cause = Cause.OTHER

    @property
    def name(self) -> FileName:
        return self.root, self.path

    @property
    def is_out_of_reach(self) -> bool:
        """Of a document whose file the walk could not come to."""
        return self.cause is Cause.OUT_OF_REACH

    def to_json(self) -> JsonObject:
        fields: JsonObject = {"path": self.path, "reason": self.reason}
        return fields | {"first": self.first_failed, "last": self.last_failed, "tries": self.tries}


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page of a paged document; `number` counts from 1."""

    number: int
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One file as canonical text. `pages` is empty for kinds of files that have none."""

    doc_id: str
    root: str
    path: str
    title: str
    text: str
    pages: tuple[Page, ...]
    content_hash: str
    size_bytes: int
    mtime_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestEntry:
    """What the index knows of a file: enough to decide from a stat, then a hash, whether it changed.

    `status` is `indexed`, `failed` (nothing of the file is searchable) or `stale` (the last readable text still is). What is indexed and
    has no sentences is a file that holds no text. The last three
    fields are the ledger of failures: times in UTC, ISO 8601; of a file that did not fail they are "", "" and 0.
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
    cause: Cause = Cause.OTHER  # of `error`; not a column

    @property
    def name(self) -> FileName:
        return self.root, self.path

    @property
    def is_empty(self) -> bool:
        return self.status == "indexed" and not self.num_sentences

    @property
    def is_out_of_reach(self) -> bool:
        """Stale, because the walk could not come to its file; the stat is still that of the text."""
        return self.status == "stale" and self.cause is Cause.OUT_OF_REACH

    @property
    def has_own_text(self) -> bool:
        """Whether the text is what the file of this size, time and hash holds."""
        return self.status == "indexed" or self.is_out_of_reach


@dataclass(frozen=True, slots=True, kw_only=True)
class FilePlan:
    """The difference between the walk and the index. Every walked file is in exactly one of the first five tuples.

    `touched` files have a new stat but the old content hash; `renamed` pairs the old entry with the new file; `deleted` entries have no
    file any more and were not renamed. `twins` names, for files of the first two, an indexed document (by id) of the same content.
    """

    added: tuple[FileEntry, ...]
    changed: tuple[FileEntry, ...]
    touched: tuple[FileEntry, ...]
    renamed: tuple[tuple[ManifestEntry, FileEntry], ...]
    unchanged: tuple[ManifestEntry, ...]
    deleted: tuple[ManifestEntry, ...]
    twins: Mapping[FileName, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentences:
    """All sentences of a document, in order: `starts_S`, `ends_S` in characters; `ends_paragraph_S` marks the last of each paragraph."""

    starts_S: Int64Array
    ends_S: Int64Array
    ends_paragraph_S: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.starts_S)


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenizedSentences:
    """Token ids of all sentences, end to end: sentence i owns `ids_T[offsets[i]:offsets[i + 1]]`; no special tokens."""

    ids_T: Int32Array
    offsets: Int64Array
    ends_paragraph_S: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.offsets) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """One row of encoder input: context (gives meaning, emits nothing), then core (emits one landmark a sentence).

    `segments` are half-open ranges of the document's `ids_T`, one for each sentence in the window, context first; `core_pos` is the
    position of the first core sentence, `num_core` how many there are. Of a sentence that is longer than a window, each piece is a
    window with `num_core == 1`; only the last piece has `is_last_piece`, and its key covers the whole sentence.
    """

    segments: tuple[tuple[int, int], ...]
    num_context: int
    core_pos: int
    num_core: int
    num_tokens: int
    key: str
    piece: int = 0
    is_last_piece: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A window as the forward sees it: special tokens and landmarks put in. `starts`/`ends` are the places in `ids_T` of each core
    sentence's own tokens; where the encoder has landmarks, the landmark stands at `ends`."""

    ids_T: Int32Array
    starts: tuple[int, ...]
    ends: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EncoderFolder:
    """A model folder with its `landmark.json` (DESIGN §4), read and checked. `fingerprint` covers weights, tokenizer and settings;
    `min_similarity` is the best cosine under which a question is taken to have no answer (-1: never), set on a development set."""

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

    @property
    def has_landmarks(self) -> bool:
        return self.pooling != "sentence_mean"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A landmark proposed as a boundary. `score` is the similarity, or the fused score with `--hybrid`; `lift` is the part of it that a
    better sentence near it gave."""

    doc_id: str
    pos: int
    score: float
    lift: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Consecutive sentences of one document: `text` is the document's `text[start:end]`; `boundary` is the character at which the
    boundary sentence (the hit) ends; `pos_first`/`pos_last` are sentence positions, both included."""

    path: str
    doc_id: str
    page: int | None
    start: int
    end: int
    boundary: int
    score: float
    text: str
    pos_first: int
    pos_last: int
    num_tokens: int
    why: tuple[str, ...] = ()

    def to_json(self) -> JsonObject:
        names = ("path", "doc_id", "page", "start", "end", "boundary", "score", "text")
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchResult:
    """A question and its spans, best first. `similarity` is the best landmark's cosine with the question, -1..1; `min_similarity` is that
    of the encoder (`EncoderFolder`)."""

    question: str
    spans: tuple[Span, ...]
    similarity: float
    min_similarity: float = -1.0

    def to_json(self) -> JsonObject:
        return {"question": self.question, "spans": [span.to_json() for span in self.spans]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """One chat request: `system` and the `examples`, earlier turns of (user, assistant), are the same for all prompts (so that their prefix
    is cached); `user` holds what this one is about. With a `schema` the text is JSON that fits this JSON schema, unless it is cut."""

    system: str
    user: str
    examples: tuple[tuple[str, str], ...] = ()
    schema: JsonObject | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """What a generator wrote for one prompt; `finish_reason` is `stop`, `length` or `error: ...`."""

    text: str
    finish_reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """A place that an answer points at; `quote` is the source's own text `text[start:end]`, `verified` what the code found."""

    marker: int
    path: str
    page: int | None
    start: int
    end: int
    quote: str
    verified: bool

    def to_json(self) -> JsonObject:
        return {name: getattr(self, name) for name in ("marker", "path", "page", "start", "end", "quote", "verified")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What `ask` gives: the text, whether it abstained, its checked citations and the spans that the model was shown. `error` says why
    the model wrote nothing, when it failed on this question alone."""

    question: str
    answer: str
    abstained: bool
    citations: tuple[Citation, ...]
    spans: tuple[Span, ...]
    model: str
    error: str = ""

    def to_json(self) -> JsonObject:
        fields: JsonObject = {
            "question": self.question,
            "answer": self.answer,
            "abstained": self.abstained,
            "citations": [citation.to_json() for citation in self.citations],
            "spans": [span.to_json() for span in self.spans],
            "model": self.model,
        }
        return fields | {"error": self.error} if self.error else fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """`head.json`: the one mutable name of an index, and what it publishes."""

    tables: Mapping[str, int]
    encoder: Mapping[str, Any]
    options: Mapping[str, Any]
    roots: tuple[str, ...]
    counts: Mapping[str, int]
    format: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What a build is expected to read, and the tokens of the windows it will encode, as `BuildReport.tokens_encoded` counts them;
    `seconds` is None until a build has measured a rate."""

    files: int
    size_bytes: int
    tokens: int
    seconds: float | None

    def to_json(self) -> JsonObject:
        seconds = None if self.seconds is None else round(self.seconds, 1)
        return {"files": self.files, "bytes": self.size_bytes, "tokens": self.tokens, "seconds": seconds}


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildReport:
    """The summary of a build; with `plan`, a forecast by `--dry-run`. `tokens_encoded` counts context too, `bytes_read` the files that
    were new, changed or renamed; `forecast` is what was expected before (of a dry run: what it found, with the time it would take).
    `empty` counts the documents without text, `skipped` are links out of the roots."""

    scanned: int = 0
    added: int = 0
    changed: int = 0
    renamed: int = 0
    deleted: int = 0
    unchanged: int = 0
    failed: tuple[FileFailure, ...] = ()
    documents: int = 0
    sentences: int = 0
    tokens: int = 0
    windows_encoded: int = 0
    windows_reused: int = 0
    seconds: float = 0.0
    tokens_per_second: float = 0.0
    tokens_encoded: int = 0
    bytes_read: int = 0
    forecast: Forecast | None = None
    empty: int = 0
    skipped: tuple[FileFailure, ...] = ()
    incomplete: bool = False
    warnings: tuple[str, ...] = ()
    plan: Mapping[str, list[str]] | None = None
    seconds_by_step: Mapping[str, float] | None = None

    def to_json(self) -> JsonObject:
        names = ("scanned", "added", "changed", "renamed", "deleted", "unchanged")
        report: JsonObject = {name: getattr(self, name) for name in names}
        report["failed"] = [failure.to_json() for failure in self.failed]
        totals = ("documents", "sentences", "tokens", "windows_encoded", "windows_reused")
        report |= {name: getattr(self, name) for name in totals}
        report |= {"seconds": round(self.seconds, 3), "tokens_per_second": round(self.tokens_per_second, 1)}
        report |= {"tokens_encoded": self.tokens_encoded, "bytes_read": self.bytes_read}
        report["forecast"] = None if self.forecast is None else self.forecast.to_json()
        report["empty"] = self.empty
        report["skipped"] = [{"path": link.path, "reason": link.reason} for link in self.skipped]
        if self.incomplete:
            report["incomplete"] = True
        if self.warnings:
            report["warnings"] = list(self.warnings)
        if self.plan is not None:
            report["plan"] = dict(self.plan)
        return report
