"""Files -> rows ready to encode: the producer side of a build, run in a thread beside the forward.

Reads, splits, tokenizes and cuts windows, one document at a time, and looks up which windows are already stored. Knows encoders only for
their tokenizer; knows nothing of commits. Gives slabs: lists of steps in document order, whose rows are encoded together.
"""

from __future__ import annotations

import queue
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from .config import FileOptions, WindowOptions
from .encoder import Encoder, make_row
from .errors import LmkindexError, ReadError
from .parse import Parse
from .read import read_document
from .records import Document, FileEntry, FileFailure, Float16Array, Int64Array, Row, Sentences, TokenizedSentences, Window
from .sentences import split_sentences
from .table import IndexReader
from .windows import make_windows

T = TypeVar("T")
TOKENIZE_SENTENCES = 1024  # at a time: the tokenizer's own objects are far larger than the ids
SLAB_ROWS = 1024
SLAB_STEPS = 4096
ASK_S = 0.5  # how long a wait for a slab goes on before it is asked whether the build is over


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A file to put into the index; `known_doc_id` names the stored document whose windows may be reused. Of a rename it goes, then."""

    entry: FileEntry
    kind: str  # added, changed or renamed
    known_doc_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A document that was read, split and tokenized."""

    task: Task
    document: Document
    sentences: Sentences
    num_tokens: int


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
    """A file that could not be read; `gone_doc_id` is the document that it was a rename of, whose own file is gone."""

    failure: FileFailure
    gone_doc_id: str | None = None


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


def prepare_slabs(
    tasks: Iterable[Task],
    encoder: Encoder,
    windows: WindowOptions,
    files: FileOptions,
    reader: IndexReader | None,
    stopwatch: Stopwatch,
    parse: Parse,
) -> Iterator[Slab]:
    """All steps of all tasks in order, cut into slabs of at most `SLAB_ROWS` rows to encode. `parse` is where parsers run."""
    slab: Slab = []
    num_rows = 0
    for task in tasks:
        for step in prepare_task(task, encoder, windows, files, reader, stopwatch, parse):
            slab.append(step)
            num_rows += isinstance(step, WindowStep) and step.row is not None
            if num_rows >= SLAB_ROWS or len(slab) >= SLAB_STEPS:
                yield slab
                slab, num_rows = [], 0
    if slab:
        yield slab


def prepare_task(
    task: Task,
    encoder: Encoder,
    windows: WindowOptions,
    files: FileOptions,
    reader: IndexReader | None,
    stopwatch: Stopwatch,
    parse: Parse,
) -> Iterator[Step]:
    """The steps of one file: its windows, then its end; or its failure."""
    entry = task.entry
    try:
        document = stopwatch.time("read", lambda: read_document(entry, files, parse))
        sentences = stopwatch.time("split", lambda: split_sentences(document.text))
        if not len(sentences):
            raise ReadError("holds no text")
    except Exception as error:  # the per-file boundary: whatever a parser raises, the other files go on
        if isinstance(error, LmkindexError) and not isinstance(error, ReadError):
            raise  # it says that no file can be read
        reason = str(error) if isinstance(error, ReadError) else f"{type(error).__name__}: {error}"
        failure = FileFailure(root=entry.root, path=entry.path, reason=reason, size_bytes=entry.size_bytes, mtime_ns=entry.mtime_ns)
        yield Failed(failure=failure, gone_doc_id=task.known_doc_id if task.kind == "renamed" else None)
        return
    tokens = stopwatch.time("tokenize", lambda: tokenize(encoder, document.text, sentences))
    prepared = Prepared(task=task, document=document, sentences=sentences, num_tokens=len(tokens.ids_T))
    known = KnownWindows(reader, task.known_doc_id)
    for group in grouped_pieces(make_windows(tokens, windows, encoder.folder.fingerprint)):
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


def in_thread(items: Iterator[T], depth: int, is_over: Callable[[], bool] = lambda: False) -> Generator[T, None, None]:
    """Run an iterator in a thread, at most `depth` items ahead; its exception is raised here, and closing this ends the thread. While it
    waits for an item, this asks `is_over` and ends early if so: one item can take minutes."""
    ready: queue.Queue[tuple[T | None, BaseException | None, bool]] = queue.Queue(maxsize=depth)
    closed = threading.Event()

    def put(item: tuple[T | None, BaseException | None, bool]) -> None:
        while not closed.is_set():
            try:
                return ready.put(item, timeout=0.1)
            except queue.Full:
                continue

    def produce() -> None:
        try:
            for item in items:
                put((item, None, False))
                if closed.is_set():
                    return
            put((None, None, True))
        except BaseException as error:  # handed to the consumer, which raises it
            put((None, error, True))

    thread = threading.Thread(target=produce, name="lmkindex-prepare", daemon=True)
    thread.start()
    try:
        while True:
            try:
                item, error, is_last = ready.get(timeout=ASK_S)
            except queue.Empty:
                if is_over():
                    return
                continue
            if error is not None:
                raise error
            if is_last:
                return
            yield item  # type: ignore[misc]  # None only stands beside is_last
    finally:
        closed.set()
        thread.join()


def rows_of(slab: Sequence[Step]) -> list[Row]:
    """The rows of a slab that must be encoded, in order."""
    return [step.row for step in slab if isinstance(step, WindowStep) and step.row is not None]
