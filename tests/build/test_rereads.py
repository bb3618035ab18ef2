"""An index that an older reader made: searched as it is, brought up to date in place, document by document."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import tiny
from building import build, put

import lmkindex.read.versions
from lmkindex.index import IndexReader, IndexSession, check_index
from lmkindex.read import is_outdated, reader_of


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    for name in ("a.txt", "b.md", "c.txt"):
        put(tmp_path / "corpus" / name, f"# Dues\n\nThe pilot of {name} is paid. " + "The gate closes at nine. " * 5)
    (tmp_path / "corpus" / "bad.txt").write_bytes(b"\x00\x01\x02" * 50)
    return tmp_path / "corpus"


@pytest.fixture
def index(tmp_path: Path) -> str:
    return str(tmp_path / "index")


def entries(index: str) -> dict[str, Any]:
    return {entry.path: entry for entry in IndexReader(Path(index)).manifest().values()}


def make_older(index: str, *paths: str) -> None:
    """Store that an older reader has read these documents."""
    session = IndexSession(Path(index))
    found = {entry.doc_id: replace(entry, reader="1") for entry in session.reader.manifest().values() if entry.path in paths}
    writer = session.open_writer(dim=session.reader.dim)
    writer.rewrite_documents(found)
    assert writer.head is not None
    writer.publish(writer.head)


def test_exactly_the_documents_of_an_older_reader_are_read_again(corpus: Path, index: str) -> None:
    build(index, corpus)
    assert {entry.reader for entry in entries(index).values()} == {reader_of("a.txt")}
    make_older(index, "a.txt", "bad.txt")
    forecast = build(index, corpus, dry_run=True)
    assert (forecast.plan or {})["reread"] == ["a.txt"]
    assert (forecast.reread, forecast.unchanged, forecast.windows_encoded) == (1, 3, 0)
    report = build(index, corpus)
    assert (report.reread, report.unchanged, report.changed, report.waiting) == (1, 3, 0, 0)
    assert (report.windows_encoded, report.windows_reused) == (0, forecast.windows_reused)
    assert (report.failed[0].path, report.failed[0].tries) == ("bad.txt", 2)  # a newer reader might have been able to
    assert check_index(IndexReader(Path(index))) == []
    again = build(index, corpus)
    assert (again.reread, again.waiting, again.failed[0].tries) == (0, 0, 2)


def test_a_newer_version_of_one_reader_reads_its_own_kind_again(corpus: Path, index: str, monkeypatch: pytest.MonkeyPatch) -> None:
    put(corpus / "page.html", "<p>The page.</p>")
    build(index, corpus)
    monkeypatch.setattr(lmkindex.read.versions, "VERSIONS", {".html": 9})
    assert (build(index, corpus, dry_run=True).plan or {})["reread"] == ["page.html"]
    build(index, corpus)
    assert entries(index)["page.html"].reader == "9"
    monkeypatch.undo()
    assert build(index, corpus).reread == 0  # an older version of lmkindex leaves the work of a newer one alone


def test_a_time_budget_spreads_them_over_several_builds(corpus: Path, index: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """New text goes first; what is waiting is counted, stays searchable, and is done in the end."""
    monkeypatch.setattr("lmkindex.build.prepare.SLAB_STEPS", 1)
    build(index, corpus)
    make_older(index, "a.txt", "b.md", "c.txt")
    put(corpus / "z.txt", "The new one.")
    first = build(index, corpus, time_budget_s=1e-6)
    assert (first.added, first.incomplete) == (1, True)
    assert first.waiting == 3 - first.reread > 0
    assert first.unchanged == 3
    rest = [build(index, corpus, time_budget_s=1e-6) for _ in range(first.waiting)]
    assert [one.waiting for one in rest] == list(range(first.waiting))[::-1]
    assert not rest[-1].incomplete
    assert build(index, corpus).reread == 0


def test_a_time_budget_holds_where_all_windows_are_stored(tmp_path: Path, index: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then nothing is encoded, and only the documents that were read fill a slab."""
    monkeypatch.setattr("lmkindex.build.prepare.FIRST_SLAB_KNOWN", 8)
    names = [f"{number:02}.txt" for number in range(30)]
    for number, name in enumerate(names):
        put(tmp_path / "corpus" / name, tiny.prose(number, 20))
    build(index, tmp_path / "corpus")
    make_older(index, *names)
    first = build(index, time_budget_s=1e-6)
    assert (first.windows_encoded, first.incomplete) == (0, True)
    assert 0 < first.reread < 5
    assert build(index).reread == first.waiting == 30 - first.reread


def test_a_document_whose_file_is_gone_or_changed_is_not_read_twice(corpus: Path, index: str) -> None:
    build(index, corpus)
    make_older(index, "a.txt", "b.md", "c.txt")
    put(corpus / "a.txt", "Another text.")
    (corpus / "b.md").unlink()
    (corpus / "c.txt").rename(corpus / "d.txt")
    report = build(index, corpus)
    assert (report.changed, report.deleted, report.renamed, report.reread) == (1, 1, 1, 0)


def test_a_file_with_a_new_time_that_an_older_reader_has_read_is_read_once(corpus: Path, index: str) -> None:
    import os

    build(index, corpus)
    make_older(index, "a.txt")
    os.utime(corpus / "a.txt", (1, 1))
    report = build(index, corpus)
    assert (report.reread, report.unchanged) == (1, 3)
    assert entries(index)["a.txt"].mtime_ns == 1_000_000_000


def test_another_language_reads_everything_again_and_is_remembered(corpus: Path, index: str) -> None:
    build(index, corpus)
    report = build(index, corpus, language="de")
    assert report.reread == 3
    assert report.languages == {"de": 3}
    assert build(index, corpus).reread == 0  # the index remembers it
    assert {entry.language for entry in entries(index).values() if entry.num_sentences} == {"de"}
    assert build(index, corpus, language="auto").reread == 3
    assert build(index).languages == {"en": 3}


@pytest.mark.parametrize("column", ["heading", "lexical"])
def test_rows_that_changed_are_found_by_their_hash(corpus: Path, index: str, column: str) -> None:
    build(index, corpus)
    session = IndexSession(Path(index))
    entry = entries(index)["a.txt"]
    writer = session.open_writer(dim=session.reader.dim)
    writer.landmarks.update(where=f"doc_id = '{entry.doc_id}' AND pos = 1", values={column: "Forged"})
    assert writer.head is not None
    writer.publish(writer.head)
    assert check_index(IndexReader(Path(index))) == ["a.txt: its rows are not those that were written."]


def test_the_hash_does_not_depend_on_how_rows_were_batched(corpus: Path, index: str, tmp_path: Path) -> None:
    build(index, corpus)
    build(str(tmp_path / "other"), corpus, commit_rows=1)
    assert {path: entry.rows_hash for path, entry in entries(index).items()} == {
        path: entry.rows_hash for path, entry in entries(str(tmp_path / "other")).items()
    }
    assert check_index(IndexReader(tmp_path / "other")) == []


def test_readers_are_compared_by_version_and_options() -> None:
    assert not is_outdated("2", "2")
    assert is_outdated("2", "3")
    assert not is_outdated("3", "2")
    assert is_outdated("2 comments", "2")
    assert is_outdated("2", "2 de")
    assert reader_of("A.DOCX", comments=True) == f"{reader_of('a.docx')} comments"
    assert reader_of("a.txt", comments=True) == reader_of("a.txt")
