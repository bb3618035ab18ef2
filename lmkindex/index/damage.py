"""Does an index hold what it claims to hold? Reads everything once, because LanceDB itself does not notice a flipped
bit.

Takes a reader, gives sentences for the user. `build/verify.py` checks whether a build would make the same index now.
Shapes: N landmarks of a batch, D dimensions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np

from ..files import PrintedNames
from .rows_hash import HASHED_COLUMNS, new_rows_hash, rows_bytes

if TYPE_CHECKING:
    from hashlib import blake2b

    import numpy.typing as npt
    import pyarrow as pa

    from ..records import ManifestEntry
    from .reader import IndexReader

BATCH_ROWS = 16_384
NORM_TOLERANCE = 0.01  # a float16 vector of norm 1 is within 0.001
COLUMNS = ["doc_id", *HASHED_COLUMNS]


def check_index(reader: IndexReader) -> list[str]:
    """What is wrong with an index, in sentences; empty if it is intact."""
    try:
        return list(find_damage(reader))
    except Exception as error:  # whatever LanceDB raises on a broken file
        return [f"The tables cannot be read: {str(error).splitlines()[0] if str(error) else type(error).__name__}"]


def find_damage(reader: IndexReader) -> Iterator[str]:
    """Compare head, manifest and landmarks: counts, keys, norms, and whether each sentence is where its offsets say."""
    known = reader.manifest()
    printed = PrintedNames(known)
    manifest = {entry.doc_id: replace(entry, path=printed.of(name)) for name, entry in known.items()}
    num_rows = reader.documents.count_rows()
    if num_rows != len(manifest):
        yield f"documents: {num_rows:,} rows, but {len(manifest):,} different documents."
    yield from compare_counts(reader.head.counts, manifest)
    code_of = {doc_id: code for code, doc_id in enumerate(sorted(manifest))}
    keys: list[npt.NDArray[np.int64]] = []
    tallies = {"of no document": 0, "with a norm that is not 1": 0, "whose text is not at its offsets": 0}
    hashes = RowsHashes()
    columns = [name for name in COLUMNS if name in reader.stored["landmarks"]]
    for batch in reader.landmarks.search().select(columns).to_batches(batch_size=BATCH_ROWS):
        codes_N = np.array([code_of.get(doc_id, -1) for doc_id in batch["doc_id"].to_pylist()], dtype=np.int64)
        keys.append(codes_N << 32 | batch["pos"].to_numpy().astype(np.int64))
        tallies["of no document"] += int((codes_N < 0).sum())
        tallies["with a norm that is not 1"] += count_bad_norms(batch)
        tallies["whose text is not at its offsets"] += count_misplaced(reader, batch)
        hashes.take(batch)
    yield from (f"landmarks: {count:,} {what}." for what, count in tallies.items() if count)
    yield from hashes.compare(reader, manifest)
    yield from compare_keys(np.sort(np.concatenate(keys)) if keys else np.zeros(0, np.int64), manifest, code_of)


class RowsHashes:
    """Hashes of the rows of each document, made while the table is read once. Invariant: `hashes[doc_id]` covers the
    rows at positions 0 to `num_rows[doc_id] - 1`."""

    def __init__(self) -> None:
        self.hashes: dict[str, blake2b] = {}
        self.num_rows: dict[str, int] = {}
        self.out_of_order: set[str] = set()

    def take(self, batch: pa.RecordBatch) -> None:
        """Take rows in the order of the table. A document's rows mostly follow one another."""
        if "heading" not in batch.schema.names:
            return  # format 1 has no hashes
        doc_ids = batch.column("doc_id").to_pylist()
        first = 0
        for doc_id, rows in groupby(doc_ids):
            num_rows = len(list(rows))
            part, positions = batch.slice(first, num_rows), batch.column("pos").slice(first, num_rows).to_pylist()
            first += num_rows
            start = self.num_rows.get(doc_id, 0)
            if positions == list(range(start, start + num_rows)):
                self.hashes.setdefault(doc_id, new_rows_hash()).update(rows_bytes(part))
                self.num_rows[doc_id] = start + num_rows
            else:
                self.out_of_order.add(doc_id)

    def compare(self, reader: IndexReader, manifest: Mapping[str, ManifestEntry]) -> Iterator[str]:
        """Documents whose rows are not those that a build wrote. An older version stored no hash."""
        for doc_id, entry in sorted(manifest.items()):
            found = self.hashes.get(doc_id, new_rows_hash())
            if doc_id in self.out_of_order:  # compaction may reorder them
                found = new_rows_hash()
                for batch in reader.landmarks_of(doc_id, HASHED_COLUMNS[1:]).to_batches():
                    found.update(rows_bytes(batch))
            if entry.rows_hash and found.hexdigest() != entry.rows_hash:
                yield f"{entry.path}: its rows are not those that were written."


def compare_counts(counts: Mapping[str, int], manifest: Mapping[str, ManifestEntry]) -> Iterator[str]:
    """Compare the head's totals with the sums over the documents."""
    entries = [entry for entry in manifest.values() if entry.status != "failed"]
    totals = {
        "documents": len(entries),
        "sentences": sum(entry.num_sentences for entry in entries),
        "tokens": sum(entry.num_tokens for entry in entries),
    }
    for name, total in totals.items():
        if counts.get(name) != total:
            yield f"head.json says {counts.get(name)} {name}, the documents table {total:,}."


def count_bad_norms(batch: Any) -> int:
    """Count vectors that are not normalised, including those with NaN."""
    vectors_ND = np.stack(batch["vector"].to_numpy(zero_copy_only=False)).astype(np.float32) if batch.num_rows else np.zeros((0, 1))
    with np.errstate(all="ignore"):  # a broken vector may hold anything
        is_right = np.abs(np.linalg.norm(vectors_ND, axis=1) - 1.0) <= NORM_TOLERANCE
    return int((~is_right).sum())


def count_misplaced(reader: IndexReader, batch: Any) -> int:
    """Count sentences that are not `text[start:end]` of their document."""
    columns = [batch[name].to_pylist() for name in ("doc_id", "start", "end", "text")]
    documents = reader.document_rows(columns[0], ["text"])
    return sum(
        documents[doc_id]["text"][start:end] != text
        for doc_id, start, end, text in zip(*columns, strict=True)
        if doc_id in documents and documents[doc_id]["text"] is not None
    )


def compare_keys(keys_N: npt.NDArray[np.int64], manifest: Mapping[str, ManifestEntry], code_of: Mapping[str, int]) -> Iterator[str]:
    """Check that each key (doc_id, pos) exists exactly once, for every position of a document."""
    distinct = np.unique(keys_N)
    if len(distinct) != len(keys_N):
        yield f"landmarks: {len(keys_N) - len(distinct):,} keys (doc_id, pos) occur more than once."
    counts = np.bincount(distinct[distinct >= 0] >> 32, minlength=len(manifest))
    ends = np.searchsorted(distinct, [(code + 1) << 32 for code in range(len(manifest))])
    for doc_id, code in code_of.items():
        entry = manifest[doc_id]
        last = int(distinct[ends[code] - 1] & 0xFFFFFFFF) if counts[code] else -1
        if counts[code] != entry.num_sentences or last != entry.num_sentences - 1:
            yield f"{entry.path}: {counts[code]:,} landmarks up to position {last:,}, for {entry.num_sentences:,} sentences."
