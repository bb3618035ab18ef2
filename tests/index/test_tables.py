"""Readers see published states completely and unpublished ones not at all; neither a crash nor maintenance changes what
they find."""

from __future__ import annotations

import dataclasses
import json
import shutil
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lmkindex.build.manifest import counts_of
from lmkindex.errors import IndexUnusableError, LmkindexError, LockedError
from lmkindex.index import (
    IndexReader,
    IndexSession,
    IndexWriter,
    maintain,
    maintenance,
    page_of,
    read_head,
    require_head,
    vectors_of,
    write_lock,
)
from lmkindex.index.head import write_head
from lmkindex.index.lock import describe_holder
from lmkindex.index.tables import pages_value
from lmkindex.index.writer import manifest_columns
from lmkindex.records import Float32Array, Head, ManifestEntry, Page

DIM = 16
NASTY_IDS = [
    "it's",
    'say "x"',
    "x' OR 1=1 --",
    "a\\b",
    "%",
    "_",
    "日本",
    "",
    " ",
    "a\nb",
    "`id`",
    "NULL",
    "); DROP TABLE documents",
    "é",
    "e\u0301",
]


def head_of(counts: dict[str, int] | None = None, dim: int = DIM) -> Head:
    encoder = {"name": "fake", "fingerprint": "f" * 32, "dim": dim, "path": None}
    return Head(tables={}, encoder=encoder, options={"window_tokens": 64, "context_tokens": 16}, roots=("/corpus",), counts=counts or {})


def entry_of(doc_id: str) -> ManifestEntry:
    return ManifestEntry(
        doc_id=doc_id, root="/corpus", path=f"{doc_id}.txt", content_hash="0", size_bytes=1, mtime_ns=2, status="indexed", error="",
        num_sentences=1, num_tokens=2,
    )  # fmt: skip


def vectors(num_rows: int, seed: int = 0, dim: int = DIM) -> Float32Array:
    vectors_ND: Float32Array = np.random.default_rng(seed).standard_normal((num_rows, dim)).astype(np.float32)
    vectors_ND /= np.linalg.norm(vectors_ND, axis=1, keepdims=True)
    return vectors_ND


def delete_documents(writer: IndexWriter, doc_ids: Sequence[str]) -> None:
    """Delete documents and their landmarks."""
    for table in (writer.documents, writer.landmarks):
        writer.delete_rows(table, doc_ids)


def add(writer: IndexWriter, doc_id: str, vectors_ND: Float32Array, text: str = "the lamp") -> None:
    """A document with one landmark per vector, unpublished."""
    import pyarrow as pa

    delete_documents(writer, [doc_id])
    writer.add_documents([manifest_columns(entry_of(doc_id)) | {"title": "", "text": text, "pages": [], "indexed_at": ""}])
    num_rows = len(vectors_ND)
    flat = pa.array(vectors_ND.astype(np.float16).reshape(-1))
    columns = [
        pa.array([doc_id] * num_rows),
        pa.array(np.arange(num_rows, dtype=np.int32)),
        pa.array(np.arange(num_rows, dtype=np.int64)),
        pa.array(np.arange(num_rows, dtype=np.int64) + 1),
        pa.array(["key"] * num_rows),
        pa.array([text] * num_rows),
        pa.array([text] * num_rows),
        pa.array([""] * num_rows),
        pa.FixedSizeListArray.from_arrays(flat, vectors_ND.shape[1]),
    ]
    writer.add_landmarks([pa.record_batch(columns, schema=writer.landmarks.schema)])


def published(index_path: Path, doc_ids: Sequence[str], num_rows: int = 3) -> IndexWriter:
    """A writer whose index holds the documents, published."""
    writer = IndexSession(index_path).open_writer(dim=DIM)
    for place, doc_id in enumerate(doc_ids):
        add(writer, doc_id, vectors(num_rows, place))
    writer.publish(head_of())
    return writer


def ids_in(index_path: Path) -> dict[str, int]:
    """The documents that a new reader sees, with the number of landmarks of each."""
    reader = IndexReader(index_path)
    entries = reader.manifest().values()
    found = {entry.doc_id: len(reader.landmarks_of(entry.doc_id, ["text"])) for entry in entries}
    assert reader.landmarks.count_rows() == sum(found.values())  # none without a document
    return found


# ---- head.json


def test_the_head_is_read_as_it_was_written(tmp_path: Path) -> None:
    head = dataclasses.replace(head_of({"documents": 2}), tables={"documents": 3, "landmarks": 4}, roots=("/é", "/[b]"))
    write_head(tmp_path, head)
    assert read_head(tmp_path) == head
    assert json.loads((tmp_path / "head.json").read_text("utf-8"))["format"] == 2
    assert [path.name for path in tmp_path.iterdir()] == ["head.json"]  # no staging file is left


def test_no_head_is_no_index(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path, tmp_path / "nothing", tmp_path / "file"):
        assert read_head(path) is None
        with pytest.raises(IndexUnusableError, match=r"no index at .*lmkindex build"):
            require_head(path)


@pytest.mark.parametrize("text", ["", "{", "null", "[]", "3", '{"format": 1}', '{"format": 1, "new": 2}', "\x00\x00"])
def test_a_damaged_head_is_said_to_be_damaged(tmp_path: Path, text: str) -> None:
    (tmp_path / "head.json").write_text(text)
    with pytest.raises(IndexUnusableError, match=r"head\.json is damaged"):
        read_head(tmp_path)


def test_a_head_that_is_not_text(tmp_path: Path) -> None:
    (tmp_path / "head.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(IndexUnusableError, match="damaged"):
        read_head(tmp_path)


def test_a_newer_format_asks_for_an_update(tmp_path: Path) -> None:
    (tmp_path / "head.json").write_text('{"format": 3, "shards": []}')
    with pytest.raises(IndexUnusableError, match=r"format 3.* Update lmkindex"):
        IndexReader(tmp_path)


@pytest.mark.parametrize("field", ["tables", "encoder"])
@pytest.mark.parametrize(
    "value", [{}, None, {"documents": "x", "landmarks": None, "dim": "y"}, {"documents": 999, "landmarks": 999, "dim": None}]
)
def test_a_head_that_names_nothing_that_is_there(tmp_path: Path, field: str, value: Any) -> None:
    published(tmp_path, ["a"])
    head_path = tmp_path / "head.json"
    head_path.write_text(json.dumps(json.loads(head_path.read_text("utf-8")) | {field: value}), "utf-8")
    with pytest.raises(IndexUnusableError, match="damaged"):
        IndexReader(tmp_path)


@pytest.mark.parametrize("name", ["documents", "landmarks"])
def test_a_table_that_is_gone(tmp_path: Path, name: str) -> None:
    published(tmp_path, ["a"])
    shutil.rmtree(tmp_path / f"{name}.lance")
    with pytest.raises(IndexUnusableError, match=r"damaged.*lmkindex build"):
        IndexReader(tmp_path)


# ---- lock


def test_the_lock_has_one_holder_who_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["/usr/bin/pytest", "tests"])  # whatever process runs this test
    index_path = tmp_path / "new" / "index"
    with write_lock(index_path, wait=False):
        with pytest.raises(LockedError, match=r"written by process \d+ on .* since .*pytest") as caught, write_lock(index_path, wait=False):
            pass
        assert caught.value.exit_code == 75
    with write_lock(index_path, wait=False):
        pass
    assert describe_holder(index_path) == "another process"


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LmkindexError, match=r"Cannot write to .* --index"), write_lock(tmp_path / "file" / "index", wait=False):
        pass


# ---- commit protocol


def test_unpublished_rows_are_invisible(tmp_path: Path) -> None:
    writer = published(tmp_path, ["a", "b"])
    reader = IndexReader(tmp_path)
    add(writer, "c", vectors(5))
    delete_documents(writer, ["a"])
    for one in (reader, IndexReader(tmp_path)):
        assert {entry.doc_id for entry in one.manifest().values()} == {"a", "b"}
        assert len(one.nearest(vectors(1)[0], 100, None)) == 6
    writer.publish(head_of())
    assert ids_in(tmp_path) == {"b": 3, "c": 5}
    assert {entry.doc_id for entry in reader.manifest().values()} == {"a", "b"}  # it stays at what it opened


def test_what_a_crashed_writer_left_is_gone_after_the_next_open(tmp_path: Path) -> None:
    crashed = published(tmp_path, ["a", "b"])
    delete_documents(crashed, ["a"])
    add(crashed, "b", vectors(9))
    add(crashed, "c", vectors(5))
    writer = IndexSession(tmp_path).open_writer(dim=DIM)
    assert ids_in(tmp_path) == {"a": 3, "b": 3}
    add(writer, "d", vectors(2))
    writer.publish(head_of())
    assert ids_in(tmp_path) == {"a": 3, "b": 3, "d": 2}


def test_a_crash_in_one_table_only(tmp_path: Path) -> None:
    crashed = published(tmp_path, ["a"])
    crashed.delete_rows(crashed.landmarks, ["a"])
    IndexSession(tmp_path).open_writer(dim=DIM).publish(head_of())
    assert ids_in(tmp_path) == {"a": 3}


def test_a_crash_before_the_first_publish_leaves_no_index(tmp_path: Path) -> None:
    add(IndexSession(tmp_path).open_writer(dim=DIM), "a", vectors(3))
    with pytest.raises(IndexUnusableError, match="no index"):
        IndexReader(tmp_path)
    IndexSession(tmp_path).open_writer(dim=DIM).publish(head_of())
    assert ids_in(tmp_path) == {}


def test_an_overwrite_is_seen_only_when_it_is_published(tmp_path: Path) -> None:
    """Also with vectors of a different size, which is a different schema."""
    published(tmp_path, ["a", "b"])
    reader = IndexReader(tmp_path)
    crashed = IndexSession(tmp_path).open_writer(dim=2 * DIM, overwrite=True)
    add(crashed, "new", vectors(4, dim=2 * DIM))
    assert ids_in(tmp_path) == {"a": 3, "b": 3}
    IndexSession(tmp_path).open_writer(dim=DIM)  # the next writer takes the crashed one's tables back
    assert ids_in(tmp_path) == {"a": 3, "b": 3}
    writer = IndexSession(tmp_path).open_writer(dim=2 * DIM, overwrite=True)
    add(writer, "new", vectors(4, dim=2 * DIM))
    writer.publish(head_of(dim=2 * DIM))
    assert ids_in(tmp_path) == {"new": 4}
    assert len(IndexReader(tmp_path).nearest(vectors(1, dim=2 * DIM)[0], 10, None)) == 4
    assert len(reader.nearest(vectors(1)[0], 10, None)) == 6  # an open reader has the old index still


def test_nasty_ids_are_only_ids(tmp_path: Path) -> None:
    writer = published(tmp_path, NASTY_IDS, num_rows=2)
    reader = IndexReader(tmp_path)
    for doc_id in NASTY_IDS:
        assert list(reader.document_rows([doc_id], ["path"]).values()) == [{"doc_id": doc_id, "path": f"{doc_id}.txt"}]
        assert len(reader.landmarks_of(doc_id, ["start"])) == 2
        assert len(reader.landmark_rows({doc_id: [(0, 0)]}, ["text"])) == 1
        assert set(reader.nearest(vectors(1)[0], 50, [doc_id])["doc_id"].to_pylist()) == {doc_id}
        assert set(reader.lexical("lamp", 50, [doc_id])["doc_id"].to_pylist()) == {doc_id}
    assert set(reader.document_rows(NASTY_IDS, [])) == set(NASTY_IDS)
    for num_deleted, doc_id in enumerate(NASTY_IDS, start=1):
        delete_documents(writer, [doc_id])
        assert writer.documents.count_rows() == len(NASTY_IDS) - num_deleted
        assert writer.landmarks.count_rows() == 2 * (len(NASTY_IDS) - num_deleted)


def test_ranges_of_landmarks(tmp_path: Path) -> None:
    published(tmp_path, ["a", "b"], num_rows=20)
    reader = IndexReader(tmp_path)
    rows = reader.landmark_rows({"b": [(18, 30), (-3, 0)], "a": [(5, 6), (6, 7)]}, ["vector"])
    assert list(zip(rows["doc_id"].to_pylist(), rows["pos"].to_pylist(), strict=True)) == [
        ("a", 5), ("a", 6), ("a", 7), ("b", 0), ("b", 18), ("b", 19),
    ]  # fmt: skip
    np.testing.assert_allclose(vectors_of(rows)[0], vectors(20)[5], atol=1e-3)
    for nothing in (reader.landmark_rows({}, ["vector"]), reader.landmark_rows({"c": [(0, 9)]}, ["vector"])):
        assert nothing.num_rows == 0 and len(vectors_of(nothing)) == 0
    assert reader.document_rows([], ["text"]) == {}


def test_thousands_of_ranges_are_read(tmp_path: Path) -> None:
    """LanceDB refuses a filter of 500 conditions, and one of 1,000 ends the process."""
    published(tmp_path, ["a", "b"], num_rows=5000)
    reader = IndexReader(tmp_path)
    even = [(pos, pos) for pos in range(0, 5000, 2)]
    rows = reader.landmark_rows({"b": even[::-1] + even[:9], "a": [(pos, pos + 5) for pos in range(0, 3000, 3)]}, ["text"])
    expected = [("a", pos) for pos in range(3003)] + [("b", pos) for pos, _ in even]
    assert list(zip(rows["doc_id"].to_pylist(), rows["pos"].to_pylist(), strict=True)) == expected


def test_nearest_is_exact_and_limited_to_documents(tmp_path: Path) -> None:
    published(tmp_path, ["a", "b"], num_rows=200)
    reader = IndexReader(tmp_path)
    question_D = vectors(1, 99)[0]
    everything = {"a": vectors(200, 0), "b": vectors(200, 1)}
    for doc_ids in (None, ["b"], ["b", "none"]):
        similarities = {
            (doc_id, pos): float(vector_D @ question_D)
            for doc_id, vectors_ND in everything.items()
            if doc_ids is None or doc_id in doc_ids
            for pos, vector_D in enumerate(vectors_ND.astype(np.float16).astype(np.float32))
        }
        rows = reader.nearest(question_D, 10, doc_ids).to_pylist()
        best = sorted(similarities, key=lambda name: -similarities[name])[:10]
        assert [(row["doc_id"], row["pos"]) for row in rows] == best
        np.testing.assert_allclose([1 - row["_distance"] for row in rows], [similarities[name] for name in best], atol=2e-3)
    assert reader.nearest(question_D, 10, []).num_rows == 0


# ---- maintenance


def test_maintenance_changes_no_result_and_breaks_no_reader(tmp_path: Path) -> None:
    writer = published(tmp_path, [f"d{number}" for number in range(12)], num_rows=20)
    delete_documents(writer, ["d3"])
    add(writer, "d5", vectors(7, 55), "a lantern")
    writer.publish(head_of())
    old = IndexReader(tmp_path)

    def results(reader: IndexReader) -> list[object]:
        lexical = sorted(map(str, reader.lexical("lantern", 50, None).select(["doc_id", "pos"]).to_pylist()))
        nearest = reader.nearest(vectors(1, 77)[0], 30, None).select(["doc_id", "pos"]).to_pylist()
        return [nearest, lexical, sorted(map(str, reader.manifest().items())), reader.landmarks.count_rows()]

    before = results(old)
    stray_path = tmp_path / "landmarks.lance" / "data" / ".tmpX1"
    stray_path.touch()
    head = maintain(writer, ann_rows=10**9)
    assert head == read_head(tmp_path)
    assert not stray_path.exists()
    new = IndexReader(tmp_path)
    assert results(new) == before
    assert results(old) == before
    fragments = [version["metadata"]["total_fragments"] for version in new.landmarks.list_versions()]
    assert int(max(fragments, key=int)) >= 12 and fragments[-1] == "1"  # it did compact the tables
    assert IndexSession(tmp_path).open_writer(dim=DIM).head == head


def test_a_reader_of_a_head_that_was_just_replaced_keeps_working(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A nightly build: yesterday's head is older than what maintenance keeps, but a reader may have opened it a minute
    ago."""
    monkeypatch.setattr(maintenance, "KEEP_VERSIONS", timedelta(seconds=4))
    maintain(published(tmp_path, ["a", "b"]), ann_rows=10**9)
    time.sleep(5)  # the published versions are old now
    old_head = require_head(tmp_path)
    reader = IndexReader(tmp_path)
    for seed in (7, 8):  # another build follows soon after
        writer = IndexSession(tmp_path).open_writer(dim=DIM, overwrite=True)
        add(writer, "a", vectors(5, seed))
        writer.publish(head_of())
        maintain(writer, ann_rows=10**9)
        assert ids_in(tmp_path) == {"a": 5}
        for one in (reader, IndexReader(tmp_path, old_head)):
            assert len(one.nearest(vectors(1)[0], 100, None)) == 6
            assert len(one.landmarks_of("b", ["text", "vector"])) == 3


def test_maintenance_prunes_what_no_reader_can_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maintenance, "KEEP_VERSIONS", timedelta(seconds=0.5))
    published(tmp_path, ["a"], num_rows=2000)
    oldest_head = require_head(tmp_path)
    for seed in range(3):
        time.sleep(1.8)
        writer = IndexSession(tmp_path).open_writer(dim=DIM)
        add(writer, "a", vectors(2000, seed))
        writer.publish(head_of())
        maintain(writer, ann_rows=10**9)
        assert ids_in(tmp_path) == {"a": 2000}
    with pytest.raises(IndexUnusableError):
        IndexReader(tmp_path, oldest_head)
    size_bytes = sum(path.stat().st_size for path in (tmp_path / "landmarks.lance" / "data").iterdir())
    assert size_bytes < 3.5 * 2000 * (2 * DIM + 30)  # the head, its predecessor and what lay between, not all four


def test_the_ann_index_exists_from_ann_rows_on_and_finds_what_is_near(tmp_path: Path) -> None:
    """Clustered vectors, like those of sentences: with uniform noise all distances are equal and no index can be
    right."""
    dim, num_rows = 32, 6000
    generator = np.random.default_rng(0)
    centres = generator.standard_normal((60, dim))
    vectors_ND = (centres[generator.integers(0, 60, num_rows)] + 0.4 * generator.standard_normal((num_rows, dim))).astype(np.float32)
    vectors_ND /= np.linalg.norm(vectors_ND, axis=1, keepdims=True)
    writer = IndexSession(tmp_path).open_writer(dim=dim)
    add(writer, "a", vectors_ND)
    writer.publish(head_of(dim=dim))
    maintain(writer, ann_rows=num_rows + 1)
    assert [list(index.columns) for index in writer.landmarks.list_indices()] == [["lexical"]]
    maintain(writer, ann_rows=num_rows)
    assert sorted(list(index.columns) for index in writer.landmarks.list_indices()) == [["lexical"], ["vector"]]
    reader = IndexReader(tmp_path)
    questions_QD = vectors_ND[::300] + 0.1 * generator.standard_normal((20, dim)).astype(np.float32)
    questions_QD /= np.linalg.norm(questions_QD, axis=1, keepdims=True)
    stored_ND = vectors_ND.astype(np.float16).astype(np.float32)
    recalls = []
    for question_D in questions_QD:
        exact = set(np.argsort(-(stored_ND @ question_D))[:50].tolist())
        recalls.append(len(exact & set(reader.nearest(question_D, 50, None)["pos"].to_pylist())) / 50)
    assert np.mean(recalls) >= 0.9
    # Rows added after the index was made are found too, immediately and after they were merged into it.
    opposite_D = -vectors_ND[0]
    add(writer, "b", opposite_D[None])
    writer.publish(head_of(dim=dim))
    assert IndexReader(tmp_path).nearest(opposite_D, 1, None)["doc_id"].to_pylist() == ["b"]
    maintain(writer, ann_rows=num_rows)
    assert IndexReader(tmp_path).nearest(opposite_D, 1, None)["doc_id"].to_pylist() == ["b"]


# ---- small functions


def test_pages() -> None:
    pages = pages_value([Page(number=1, start=0, end=10), Page(number=2, start=12, end=20)])
    assert [page_of(pages, start) for start in (0, 9, 10, 12, 19, 20)] == [1, 1, None, 2, 2, None]
    assert page_of([], 3) is None and page_of(None, 3) is None


def test_counts() -> None:
    indexed = entry_of("a")
    stale = dataclasses.replace(indexed, status="stale", num_sentences=4, num_tokens=9)
    failed = dataclasses.replace(indexed, status="failed", num_sentences=0, num_tokens=0)
    assert counts_of([indexed, stale, failed]) == {"documents": 2, "sentences": 5, "tokens": 11, "failed": 2}
