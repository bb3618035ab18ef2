"""Failures are recorded with first time, last time and tries, published with the head, and removed when the files are
gone or read."""

from __future__ import annotations

from pathlib import Path

import pytest
import tiny
from building import StoppedError, build, manifest, put

from lmkindex.build import manifest as entries
from lmkindex.encoder import FakeEncoder
from lmkindex.index import IndexReader, IndexSession, IndexWriter, read_head
from lmkindex.records import FileFailure

DAYS = [f"2026-11-{day:02d}T02:00:00Z" for day in range(1, 10)]


class Clock:
    """The day of the builds; `next()` moves on to the next day."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.day = 0
        monkeypatch.setattr(entries, "utc_now", lambda: DAYS[self.day])

    def next(self) -> None:
        self.day += 1


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """A good document and a bad one."""
    put(tmp_path / "corpus" / "good.txt", tiny.prose(1, 5))
    put(tmp_path / "corpus" / "bad.txt", "\0")
    return tmp_path / "corpus"


def ledger(index: str) -> dict[str, tuple[str, str, int]]:
    return {path: (entry.first_failed, entry.last_failed, entry.tries) for path, entry in manifest(index).items() if entry.tries}


def test_first_time_last_time_and_tries(corpus: Path, index: str, clock: Clock) -> None:
    (failure,) = build(index, corpus).failed
    assert (failure.first_failed, failure.last_failed, failure.tries) == (DAYS[0], DAYS[0], 1)
    assert failure.to_json() == {
        "path": "bad.txt", "root": str(corpus), "reason": "binary content, not text", "first": DAYS[0], "last": DAYS[0], "tries": 1,
    }  # fmt: skip
    clock.next()
    build(index, corpus)  # unchanged: not tried again
    assert ledger(index) == {"bad.txt": (DAYS[0], DAYS[0], 1)}
    clock.next()
    assert build(index, corpus, retry_failed=True).failed[0].tries == 2
    assert ledger(index) == {"bad.txt": (DAYS[0], DAYS[2], 2)}
    clock.next()
    put(corpus / "bad.txt", "\0\0")  # different content, but still the same failing file
    (failure,) = build(index, corpus).failed
    assert failure.tries == 3
    assert ledger(index) == {"bad.txt": (DAYS[0], DAYS[3], 3)}
    put(corpus / "bad.txt", "It is good now.")
    assert build(index, corpus).failed == ()
    assert ledger(index) == {}
    clock.next()
    put(corpus / "bad.txt", "\0")  # a new failure starts a new entry
    build(index, corpus)
    assert ledger(index) == {"bad.txt": (DAYS[4], DAYS[4], 1)}
    (corpus / "bad.txt").unlink()
    build(index, corpus)
    assert ledger(index) == {}


def test_a_stale_document_is_in_the_ledger_and_searchable(corpus: Path, index: str, clock: Clock) -> None:
    build(index, corpus)
    before = tiny.all_landmarks(Path(index))
    for tries, retry_failed in enumerate((False, True, True), 1):
        clock.next()
        put(corpus / "good.txt", "\0")
        build(index, corpus, retry_failed=retry_failed)
        assert ledger(index)["good.txt"] == (DAYS[1], DAYS[tries], tries)
        assert manifest(index)["good.txt"].status == "stale"
    assert tiny.all_landmarks(Path(index)) == before


def test_a_stale_document_that_is_as_before_leaves_the_ledger(corpus: Path, index: str, clock: Clock) -> None:
    build(index, corpus)
    text = (corpus / "good.txt").read_text("utf-8")
    put(corpus / "good.txt", "\0")
    build(index, corpus)
    assert "good.txt" in ledger(index)
    put(corpus / "good.txt", text)
    build(index, corpus)
    assert "good.txt" not in ledger(index) and manifest(index)["good.txt"].status == "indexed"
    clock.next()
    put(corpus / "good.txt", "\0")
    build(index, corpus)
    assert ledger(index)["good.txt"] == (DAYS[1], DAYS[1], 1)


def test_what_the_walk_cannot_reach_is_written_once_or_when_asked(corpus: Path, index: str, clock: Clock) -> None:
    (corpus / "bad.txt").unlink()
    (corpus / "link.txt").symlink_to("nowhere")
    build(index, corpus)
    tables = read_tables(index)
    clock.next()
    build(index, corpus)
    assert (ledger(index), read_tables(index)) == ({"link.txt": (DAYS[0], DAYS[0], 1)}, tables)
    build(index, corpus, retry_failed=True)
    assert ledger(index) == {"link.txt": (DAYS[0], DAYS[1], 2)}


def read_tables(index: str) -> dict[str, int]:
    head = read_head(Path(index))
    assert head is not None
    return dict(head.tables)


def test_the_ledger_is_published_with_the_head(corpus: Path, index: str, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """A build that dies between writing the failure and publishing leaves the ledger as it was; the next build counts
    on from there."""
    build(index, corpus)
    clock.next()

    def die(self: IndexWriter, head: object) -> None:
        assert self.documents.version > read_tables(index)["documents"]
        raise StoppedError

    with monkeypatch.context() as patch, pytest.raises(StoppedError):
        patch.setattr(IndexWriter, "publish", die)
        build(index, corpus, retry_failed=True)
    assert ledger(index) == {"bad.txt": (DAYS[0], DAYS[0], 1)}
    clock.next()
    build(index, corpus, retry_failed=True)
    assert ledger(index) == {"bad.txt": (DAYS[0], DAYS[2], 2)}


def test_a_dry_run_foretells_the_ledger_and_leaves_it(corpus: Path, index: str, clock: Clock) -> None:
    build(index, corpus)
    clock.next()
    (failure,) = build(index, corpus, retry_failed=True, dry_run=True).failed
    assert (failure.first_failed, failure.last_failed, failure.tries) == (DAYS[0], DAYS[1], 2)
    assert ledger(index) == {"bad.txt": (DAYS[0], DAYS[0], 1)}


def test_an_index_from_before_the_ledger(corpus: Path, index: str, clock: Clock) -> None:
    """It is read without the columns, stays as it is when nothing changed, and gets them with the next write."""
    build(index, corpus)
    writer = IndexSession(Path(index)).open_writer(dim=FakeEncoder().folder.dim)
    writer.documents.drop_columns(["first_failed", "last_failed", "tries"])
    assert writer.head is not None
    writer.publish(writer.head)
    assert (manifest(index)["bad.txt"].tries, manifest(index)["bad.txt"].first_failed) == (0, "")
    tables = read_tables(index)
    assert build(index, corpus).failed == (FileFailure(root=str(corpus), path="bad.txt", reason="binary content, not text", tries=0),)
    assert read_tables(index) == tables
    clock.next()
    put(corpus / "new.txt", "A new one.")
    put(corpus / "worse.txt", "\0")
    build(index, corpus)
    assert ledger(index) == {"worse.txt": (DAYS[1], DAYS[1], 1)}
    assert IndexReader(Path(index)).documents.count_rows() == 4
    clock.next()
    build(index, corpus, retry_failed=True)
    assert ledger(index) == {"bad.txt": (DAYS[2], DAYS[2], 1), "worse.txt": (DAYS[1], DAYS[2], 2)}
    assert build(index, corpus, rebuild=True).failed[0].tries == 1
