"""Encoded windows -> table rows -> commits: the consumer side of a build, run in a thread behind the forward.

Takes steps in document order with their vectors, writes whole documents, publishes after so many rows or minutes. Knows
nothing of files; of models it knows only how pieces of a sentence are combined.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..index import IndexWriter
from ..index.rows_hash import new_rows_hash, rows_bytes
from ..index.tables import headings_value, pages_value
from ..index.writer import manifest_columns
from ..records import FileName, Float16Array, Float32Array, Head, Manifest, ManifestEntry
from ..windows import RowForm, combine_pieces, normalise
from .forecast import measured
from .kept import unread_entry
from .manifest import counts_of, languages_of, utc_now
from .records import DocumentEnd, Failed, Prepared, Step, WindowStep

if TYPE_CHECKING:
    import pyarrow as pa

LEXICAL_CONTEXT = 2  # full-text search scores a sentence together with this many before it, as the landmark sees them


class DocumentWriter:
    """Invariant: only whole documents are published, and `manifest` is what the tables hold after the next publish."""

    def __init__(
        self, writer: IndexWriter, form: RowForm, manifest: Manifest, next_head: Head, *, commit_rows: int, commit_s: float,
        publish_early: bool, together: Iterable[FileName] = (),
    ) -> None:  # fmt: skip
        self.writer, self.form, self.manifest, self.next_head = writer, form, dict(manifest), next_head
        self.commit_rows, self.commit_s, self.publish_early = commit_rows, commit_s, publish_early
        self.schema = writer.landmarks.schema  # asking the table goes through its event loop, so ask once and not for each window
        self.open_batches: list[pa.RecordBatch] = []  # rows of the document that is not finished
        self.num_open_rows = 0
        self.ready_batches: list[pa.RecordBatch] = []  # rows of finished documents
        self.num_ready_rows = 0
        self.document_rows: list[dict[str, Any]] = []
        self.replaced: set[str] = set()  # documents whose stored rows the next commit deletes
        self.together = set(together)  # unfinished files; nothing is published until they are done
        self.flushed: str | None = None  # the document whose first rows are in the table, unpublished
        self.pieces: list[tuple[Float32Array, int]] = []
        self.rows_hash = new_rows_hash()  # of the document that is not finished
        self.last_commit = time.monotonic()

    def take(self, steps: Iterable[Step], vectors: Iterable[Float32Array]) -> None:
        """Take a slab: its steps and, in order, the vectors of those that have a row."""
        encoded = iter(vectors)
        for step in steps:
            if isinstance(step, WindowStep):
                self.take_window(step, next(encoded) if step.row is not None else None)
            elif isinstance(step, DocumentEnd):
                self.finish_document(step.prepared)
            else:
                self.take_failure(step)

    def take_window(self, step: WindowStep, encoded_ND: Float32Array | None) -> None:
        """Turn one window into rows; pieces of a long sentence wait for the last."""
        window = step.window
        if encoded_ND is not None:
            self.pieces.append((encoded_ND, window.num_tokens))
        if not window.is_last_piece:
            return
        if step.known is not None:
            vectors_ND = step.known
        else:
            parts, num_tokens = zip(*self.pieces, strict=True)
            combined = combine_pieces(self.form, parts, num_tokens) if len(parts) > 1 else parts[0]
            vectors_ND = normalise(combined).astype(np.float16)
        self.pieces = []
        batch = landmark_batch(step, vectors_ND, self.schema)
        self.rows_hash.update(rows_bytes(batch))
        self.open_batches.append(batch)
        self.num_open_rows += window.num_core
        if self.num_open_rows >= self.commit_rows:
            self.flush_open(step.prepared.document.doc_id)

    def flush_open(self, doc_id: str) -> None:
        """Put the first rows of a very long document into the table, so that memory stays bounded; they are not
        published."""
        if self.flushed is None:
            self.commit()
            self.writer.delete_rows(self.writer.landmarks, [doc_id])
            self.flushed = doc_id
        self.writer.add_landmarks(self.open_batches)
        self.open_batches, self.num_open_rows = [], 0

    def finish_document(self, prepared: Prepared) -> None:
        """Queue a complete document: its rows go into the next commit."""
        document, task = prepared.document, prepared.task
        self.together.discard(task.entry.name)
        entry = replace(prepared.entry, rows_hash=self.rows_hash.hexdigest())
        self.rows_hash = new_rows_hash()
        pages, headings = pages_value(document.pages), headings_value(document.headings)
        self.put_document(entry, {"title": document.title, "text": document.text, "pages": pages, "headings": headings})
        if task.kind == "renamed" and task.known_doc_id is not None:
            self.forget(task.known_doc_id)
        self.ready_batches += self.open_batches
        self.num_ready_rows += self.num_open_rows
        self.open_batches, self.num_open_rows = [], 0
        is_due = self.num_ready_rows >= self.commit_rows or time.monotonic() - self.last_commit >= self.commit_s
        if self.flushed is not None or is_due:
            self.commit()

    def take_failure(self, step: Failed) -> None:
        """Record a file that cannot be read. Its indexed text stays searchable and is marked stale."""
        self.together.discard(step.failure.name)
        entry = unread_entry(step, self.manifest)
        if step.gone_doc_id is not None:
            self.forget(step.gone_doc_id)
        if entry.status == "stale":
            self.rewrite_documents([entry])
        else:
            self.put_document(entry, {"title": "", "text": "", "pages": [], "headings": []})

    def put_document(self, entry: ManifestEntry, fields: dict[str, Any]) -> None:
        """Queue a row of `documents`; it replaces any row with the same id."""
        self.document_rows.append(manifest_columns(entry) | {"indexed_at": utc_now()} | fields)
        self.replaced.add(entry.doc_id)
        self.manifest[entry.name] = entry

    def rewrite_documents(self, entries: Iterable[ManifestEntry]) -> None:
        """Change the manifest entries of documents whose text and landmarks stay. Commits what is queued first."""
        self.commit(publish=False)
        by_id = {entry.doc_id: entry for entry in entries}
        self.writer.rewrite_documents(by_id)
        for entry in by_id.values():
            self.manifest[entry.name] = entry

    def forget(self, doc_id: str) -> None:
        """Delete a document with the next commit."""
        self.replaced.add(doc_id)
        for key in [key for key, entry in self.manifest.items() if entry.doc_id == doc_id]:
            del self.manifest[key]

    def commit(self, *, publish: bool = True) -> None:
        """Write all finished documents and publish them with the new counts, unless files of `together` are
        unfinished."""
        flushed = {self.flushed} - {None}
        self.writer.delete_rows(self.writer.landmarks, self.replaced - flushed)
        self.writer.delete_rows(self.writer.documents, self.replaced)
        self.writer.add_landmarks(self.ready_batches)
        self.writer.add_documents(self.document_rows)
        self.ready_batches, self.num_ready_rows, self.document_rows, self.flushed = [], 0, [], None
        self.replaced = set()
        self.last_commit = time.monotonic()
        if publish and self.publish_early and not self.together:
            self.publish()

    def publish(self, rates: Mapping[str, int] | None = None) -> None:
        """Replace `head.json` with current totals, and with the rate of this build if it is known."""
        entries = list(self.manifest.values())
        counts = {**self.next_head.counts, **(rates or {}), **counts_of(entries)}
        self.writer.publish(replace(self.next_head, counts=counts, languages=languages_of(entries)))

    def abandon_open(self) -> None:
        """Drop the unfinished document. If rows of it are in the table, the published state is restored."""
        self.open_batches, self.num_open_rows, self.pieces, self.rows_hash = [], 0, [], new_rows_hash()
        if self.flushed is not None:  # everything finished was published before its first rows were written
            self.writer.go_back()
            self.flushed = None

    def finish(self, num_tokens: int, started: float) -> None:
        """Commit and publish what is finished, with the rate at which `num_tokens` were encoded since `started`
        (monotonic clock)."""
        self.commit(publish=False)
        self.publish(measured(self.next_head.counts, num_tokens, time.monotonic() - started))


def landmark_batch(step: WindowStep, vectors_ND: Float16Array, schema: pa.Schema) -> pa.RecordBatch:
    """Rows of `landmarks` for the core of one window."""
    import pyarrow as pa

    document, sentences, window = step.prepared.document, step.prepared.sentences, step.window
    core = slice(window.core_pos, window.core_pos + window.num_core)
    starts, ends = sentences.starts_S[core], sentences.ends_S[core]
    lexical_starts = sentences.starts_S[np.maximum(np.arange(core.start, core.stop) - LEXICAL_CONTEXT, 0)]
    texts = [document.text[start:end] for start, end in zip(starts.tolist(), ends.tolist(), strict=True)]
    lexical = [document.text[start:end] for start, end in zip(lexical_starts.tolist(), ends.tolist(), strict=True)]
    columns = {
        "doc_id": pa.array([document.doc_id] * window.num_core, pa.string()),
        "pos": pa.array(np.arange(core.start, core.stop, dtype=np.int32)),
        "start": pa.array(starts),
        "end": pa.array(ends),
        "window_key": pa.array([window.key] * window.num_core, pa.string()),
        "text": pa.array(texts, pa.string()),
        "lexical": pa.array(lexical, pa.string()),
        "heading": pa.array(step.prepared.headings[core], pa.string()),
        "vector": pa.FixedSizeListArray.from_arrays(pa.array(np.ascontiguousarray(vectors_ND).reshape(-1)), vectors_ND.shape[1]),
    }
    # By name: an older index has columns that were added later behind the vector.
    return pa.record_batch([columns[name] for name in schema.names], schema=schema)
