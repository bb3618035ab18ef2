"""Files -> rows ready to encode: the producer side of a build, run in a thread while the forward runs.

Reads, splits, tokenizes and cuts windows, one document at a time, and looks up which windows are already stored. Uses
encoders only for their tokenizer; knows nothing of commits. Gives slabs: lists of steps in document order, whose rows
are encoded together.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import numpy as np

from ..config import FileOptions, WindowOptions
from ..encoder import Encoder, window_options
from ..errors import Cause, IndexUnusableError, LmkindexError, ReadError
from ..index import IndexReader, IndexSession
from ..languages import AUTO, detect_language
from ..read import Parser, read_file
from ..read.formats import Parse
from ..records import Document, FileFailure, Int64Array, ManifestEntry, Sentences
from ..sections import heading_paths
from ..sentences import split_sentences
from ..token_records import Row, TokenizedSentences
from ..windows import grouped_pieces, make_row, make_windows
from .kept import kept_document
from .manifest import failed_entry
from .records import DocumentEnd, Failed, Job, Prepared, Slab, Step, Task, WindowStep
from .reuse import KnownWindows

TOKENIZE_SENTENCES = 1024  # per call: the tokenizer's own objects are far larger than the ids
SLAB_ROWS = 1024
SLAB_TOKENS = 1 << 17  # what a stop can lose
FIRST_SLAB_TOKENS = 1 << 13
SLAB_STEPS = 4096
FIRST_SLAB_KNOWN = 256  # windows that are stored already: they cost only reading, but of many documents


@dataclass(slots=True)
class Stopwatch:
    """Busy seconds by step, summed over threads."""

    seconds: dict[str, float] = field(default_factory=lambda: defaultdict(float))

    @contextmanager
    def timing(self, name: str) -> Iterator[None]:
        """Add the seconds of what runs inside to `name`."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] += time.perf_counter() - started


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What is the same for all files of a build. `reader` is the state before the build, if any of it is needed;
    `parse` runs the parsers; `language` is `auto` or that of all documents."""

    encoder: Encoder
    windows: WindowOptions
    files: FileOptions
    reader: IndexReader | None
    stopwatch: Stopwatch
    parse: Parse
    language: str


def source_of(job: Job, session: IndexSession, encoder: Encoder, stopwatch: Stopwatch, parser: Parser) -> Source:
    """What the files of a job share. A rebuild continues without the old state if it cannot be opened."""
    sizes = job.head.options
    reader = None
    if any(task.known_doc_id or task.kept.document for task in job.tasks):
        try:
            reader = session.reader
        except IndexUnusableError:
            if not job.options.rebuild:
                raise
    return Source(
        encoder=encoder,
        windows=window_options(encoder, sizes["window_tokens"], sizes["context_tokens"]),
        files=job.options.files,
        reader=reader,
        stopwatch=stopwatch,
        parse=parser.parse,
        language=job.options.language or AUTO,
    )


def prepare_slabs(tasks: Iterable[Task], source: Source) -> Iterator[Slab]:
    """All steps of all tasks in order, cut into slabs of at most `SLAB_ROWS` rows and about `SLAB_TOKENS` tokens to
    encode. The first slabs are shorter, so that a build that is soon stopped has saved something, also one that finds
    all windows stored."""
    slab: Slab = []
    num_rows = num_tokens = num_known = 0
    most_tokens, most_known = FIRST_SLAB_TOKENS, FIRST_SLAB_KNOWN
    for task in tasks:
        for step in prepare_task(task, source):
            slab.append(step)
            if isinstance(step, WindowStep) and step.row is not None:
                num_rows += 1
                num_tokens += len(step.row.ids_T)
            num_known += isinstance(step, WindowStep) and step.known is not None
            if num_rows >= SLAB_ROWS or num_tokens >= most_tokens or num_known >= most_known or len(slab) >= SLAB_STEPS:
                yield slab
                slab, num_rows, num_tokens, num_known = [], 0, 0, 0
                most_tokens, most_known = min(2 * most_tokens, SLAB_TOKENS), min(2 * most_known, SLAB_STEPS)
    if slab:
        yield slab


def prepare_task(task: Task, source: Source) -> Iterator[Step]:
    """The steps of one file: its windows, then its end; or its failure. If a moved or rebuilt file cannot be read, the
    text that the index holds is used."""
    encoder = source.encoder
    found, failure = read_task(task, source), None
    if isinstance(found, FileFailure):
        failure = found
        kept = kept_document(task, failure, source.reader)
        if kept is None:
            yield Failed(failure=failure, task=task)
            return
        found = kept, split_document(kept)
    document, sentences = found
    with source.stopwatch.timing("tokenize"):
        tokens = tokenize(encoder, document.text, sentences)
    entry = entry_of(task, document, len(sentences), len(tokens.ids_T), failure)
    headings = heading_paths(document.headings, sentences.starts_S.tolist())
    prepared = Prepared(task=task, document=document, sentences=sentences, headings=headings, entry=entry)
    known = KnownWindows(source.reader, task.known_doc_id)
    for group in grouped_pieces(make_windows(tokens, source.windows, encoder.folder.fingerprint)):
        stored = known.find(group[-1])
        for window in group:
            row = make_row(encoder, tokens, window) if stored is None else None
            yield WindowStep(prepared=prepared, window=window, row=row, known=stored if window.is_last_piece else None)
    yield DocumentEnd(prepared=prepared)


def read_task(task: Task, source: Source) -> tuple[Document, Sentences] | FileFailure:
    """A file's document and its sentences, or the failure to read it."""
    entry = task.entry
    if task.kept.failure is not None:
        return task.kept.failure
    try:
        with source.stopwatch.timing("read"):
            document = read_file(entry, source.files, source.parse)
        with source.stopwatch.timing("split"):
            language = detect_language(document.text) if source.language == AUTO else source.language
            document = replace(document, language=language)
            return document, split_document(document)
    except ReadError as error:
        reason, cause = str(error), error.cause
    except LmkindexError:
        raise  # this means that no file can be read
    except Exception as error:  # the per-file boundary: whatever a parser raises, the other files are still read
        reason, cause = f"{type(error).__name__}: {error}", Cause.OTHER
    return FileFailure(
        root=entry.root, path=entry.path, reason=reason, cause=cause, size_bytes=entry.size_bytes, mtime_ns=entry.mtime_ns,
        inode=entry.inode, ctime_ns=entry.ctime_ns, reader=task.reader,
    )  # fmt: skip


def split_document(document: Document) -> Sentences:
    """The sentences of a document, by the rules of its language and between its headings."""
    return split_sentences(document.text, language=document.language, headings=document.headings)


def entry_of(task: Task, document: Document, num_sentences: int, num_tokens: int, failure: FileFailure | None) -> ManifestEntry:
    """The manifest entry of a document. It is stale if its file failed and the kept text is used."""
    entry = ManifestEntry(
        doc_id=document.doc_id,
        root=document.root,
        path=document.path,
        content_hash=document.content_hash,
        size_bytes=document.size_bytes,
        mtime_ns=document.mtime_ns,
        inode=document.inode,
        ctime_ns=document.ctime_ns,
        status="indexed",
        error="",
        num_sentences=num_sentences,
        num_tokens=num_tokens,
        reader=task.reader,
        language=document.language,
        num_furniture=document.num_furniture,
        notes=document.notes,
    )
    kept = task.kept.document
    if failure is None or kept is None:
        return entry if failure is None else failed_entry(failure, entry)
    return failed_entry(failure, replace(entry, first_failed=kept.first_failed, tries=kept.tries, reader=kept.reader))


def tokenize(encoder: Encoder, text: str, sentences: Sentences) -> TokenizedSentences:
    """Token ids of all sentences, `TOKENIZE_SENTENCES` at a time."""
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


def rows_of(slab: Sequence[Step]) -> list[Row]:
    """The rows of a slab that must be encoded, in order."""
    return [step.row for step in slab if isinstance(step, WindowStep) and step.row is not None]
