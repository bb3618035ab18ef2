"""Files -> rows ready to encode: the producer side of a build, run in a thread beside the forward.

Reads, splits, tokenizes and cuts windows, one document at a time, and looks up which windows are already stored. Knows encoders only for
their tokenizer; knows nothing of commits. Gives slabs: lists of steps in document order, whose rows are encoded together.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from ..config import FileOptions, WindowOptions
from ..encoder import Encoder, make_row
from ..errors import LmkindexError, ReadError
from ..index import IndexReader
from ..read import read_file
from ..read.formats import Parse
from ..records import Document, FileEntry, FileFailure, Float16Array, Int64Array, ManifestEntry, Row, Sentences, TokenizedSentences, Window
from ..sentences import split_sentences
from ..windows import make_windows
from .reuse import KnownWindows, kept_document

T = TypeVar("T")
TOKENIZE_SENTENCES = 1024  # at a time: the tokenizer's own objects are far larger than the ids
SLAB_ROWS = 1024
SLAB_TOKENS = 1 << 17  # what a stop can lose
FIRST_SLAB_TOKENS = 1 << 13
SLAB_STEPS = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A file to put into the index; `known_doc_id` names the stored document whose windows may be reused. Of a rename it goes, then.
    `kept` is the document whose text stays searchable if the file cannot be read; with `failure` it is known that it cannot. With
    `lost_text` the text under the file's name was another's, which took it along."""

    entry: FileEntry
    kind: str  # added, changed or renamed
    known_doc_id: str | None
    kept: ManifestEntry | None = None
    failure: FileFailure | None = None
    lost_text: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A document that was read, split and tokenized. With `failure` its file cannot be read, and the text is the one that was kept."""

    task: Task
    document: Document
    sentences: Sentences
    num_tokens: int
    failure: FileFailure | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowStep:
    """One window: `row` is to be encoded, or `known` holds its stored vectors. Pieces of a known long sentence need neither."""

    prepared: Prepared
    window: Window
    row: Row | None
    known: Float16Array | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentEnd:
    """All windows of a document have passed."""

    prepared: Prepared


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """A file that could not be read; `gone_doc_id` is the document that it was a rename of, whose own file is gone. With `lost_text` the
    text under its name does not stay."""

    failure: FileFailure
    gone_doc_id: str | None = None
    lost_text: bool = False


Step = WindowStep | DocumentEnd | Failed
Slab = list[Step]


@dataclass(slots=True)
class Stopwatch:
    """Busy seconds by step, summed over threads."""

    seconds: dict[str, float] = field(default_factory=lambda: defaultdict(float))

    def time(self, name: str, work: Callable[[], T]) -> T:
        """Run `work`, add its seconds to `name`."""
        started = time.perf_counter()
        try:
            return work()
        finally:
            self.seconds[name] += time.perf_counter() - started


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What is the same for all files of a build. `reader` is the state before it, if anything of that is needed; `parse` is where parsers
    run."""

    encoder: Encoder
    windows: WindowOptions
    files: FileOptions
    reader: IndexReader | None
    stopwatch: Stopwatch
    parse: Parse


def prepare_slabs(tasks: Iterable[Task], source: Source) -> Iterator[Slab]:
    """All steps of all tasks in order, cut into slabs of at most `SLAB_ROWS` rows and about `SLAB_TOKENS` tokens to encode. The first are
    shorter: a build that is soon stopped has saved something."""
    slab: Slab = []
    num_rows = num_tokens = 0
    most_tokens = FIRST_SLAB_TOKENS
    for task in tasks:
        for step in prepare_task(task, source):
            slab.append(step)
            if isinstance(step, WindowStep) and step.row is not None:
                num_rows += 1
                num_tokens += len(step.row.ids_T)
            if num_rows >= SLAB_ROWS or num_tokens >= most_tokens or len(slab) >= SLAB_STEPS:
                yield slab
                slab, num_rows, num_tokens, most_tokens = [], 0, 0, min(2 * most_tokens, SLAB_TOKENS)
    if slab:
        yield slab


def read_task(task: Task, source: Source) -> tuple[Document, Sentences] | FileFailure:
    """A file's document and its sentences, or why there is none."""
    entry = task.entry
    if task.failure is not None:
        return task.failure
    try:
        document = source.stopwatch.time("read", lambda: read_file(entry, source.files, source.parse))
        return document, source.stopwatch.time("split", lambda: split_sentences(document.text))
    except Exception as error:  # the per-file boundary: whatever a parser raises, the other files go on
        if isinstance(error, LmkindexError) and not isinstance(error, ReadError):
            raise  # it says that no file can be read
        reason = str(error) if isinstance(error, ReadError) else f"{type(error).__name__}: {error}"
        return FileFailure(root=entry.root, path=entry.path, reason=reason, size_bytes=entry.size_bytes, mtime_ns=entry.mtime_ns)


def prepare_task(task: Task, source: Source) -> Iterator[Step]:
    """The steps of one file: its windows, then its end; or its failure. Of a file that was moved or is built anew and cannot be read, the
    text that the index holds is taken."""
    encoder, stopwatch = source.encoder, source.stopwatch
    found, failure = read_task(task, source), None
    if isinstance(found, FileFailure):
        failure = found
        kept = kept_document(task.kept, task.entry, found, source.reader, may_lack=task.known_doc_id is None)
        if kept is None:
            gone_doc_id = task.known_doc_id if task.kind == "renamed" else None
            yield Failed(failure=failure, gone_doc_id=gone_doc_id, lost_text=task.lost_text)
            return
        found = kept, split_sentences(kept.text)
    document, sentences = found
    tokens = stopwatch.time("tokenize", lambda: tokenize(encoder, document.text, sentences))
    prepared = Prepared(task=task, document=document, sentences=sentences, num_tokens=len(tokens.ids_T), failure=failure)
    known = KnownWindows(source.reader, task.known_doc_id)
    for group in grouped_pieces(make_windows(tokens, source.windows, encoder.folder.fingerprint)):
        stored = known.find(group[-1])
        for window in group:
            row = make_row(encoder, tokens, window) if stored is None else None
            yield WindowStep(prepared=prepared, window=window, row=row, known=stored if window.is_last_piece else None)
    yield DocumentEnd(prepared=prepared)


def tokenize(encoder: Encoder, text: str, sentences: Sentences) -> TokenizedSentences:
    """Token ids of all sentences, some hundred at a time."""
    ids: list[np.ndarray[tuple[int], np.dtype[np.int32]]] = []
    offsets: list[Int64Array] = [np.zeros(1, dtype=np.int64)]
    for first in range(0, len(sentences), TOKENIZE_SENTENCES):
        bounds = zip(
            sentences.starts_S[first : first + TOKENIZE_SENTENCES].tolist(),
            sentences.ends_S[first : first + TOKENIZE_SENTENCES].tolist(),
            strict=True,
        )
        chunk_ids, chunk_offsets = encoder.tokenize([text[start:end] for start, end in bounds])
        offsets.append(chunk_offsets[1:] + offsets[-1][-1])
        ids.append(chunk_ids)
    flat = np.concatenate(ids) if ids else np.zeros(0, dtype=np.int32)
    return TokenizedSentences(ids_T=flat, offsets=np.concatenate(offsets), ends_paragraph_S=sentences.ends_paragraph_S)


def grouped_pieces(windows: Iterable[Window]) -> Iterator[list[Window]]:
    """Windows one by one, but all pieces of a long sentence together."""
    group: list[Window] = []
    for window in windows:
        group.append(window)
        if window.is_last_piece:
            yield group
            group = []


def rows_of(slab: Sequence[Step]) -> list[Row]:
    """The rows of a slab that must be encoded, in order."""
    return [step.row for step in slab if isinstance(step, WindowStep) and step.row is not None]
