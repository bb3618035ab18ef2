"""The last readable text of a file outlives a rebuild and a move of the file, and is marked stale."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from building import CountingEncoder, build, counts, manifest, put, put_three, texts
from hard_files import pdf_with, stream

from lmkindex.build import Forecast, build_index, plan, prepare
from lmkindex.config import BuildOptions, FileOptions
from lmkindex.encoder import FakeEncoder
from lmkindex.errors import InterruptedBuildError, LmkindexError
from lmkindex.files import FoundFiles
from lmkindex.files import walk as files
from lmkindex.index import IndexReader, check_index
from lmkindex.records import FileFailure


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    return put_three(tmp_path / "corpus", 10)


@contextmanager
def out_of_reach(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FileFailure]:
    """The directory `sub` cannot be read for a while."""
    entries = files.walk_files([corpus], FileOptions()).entries
    seen = [entry for entry in entries if not entry.path.startswith("sub/")]
    failure = FileFailure(root=str(corpus), path="sub", reason="the directory cannot be read: Permission denied")
    with monkeypatch.context() as patch:
        patch.setattr(plan, "walk_files", lambda roots, options: FoundFiles(entries=seen, failures=[failure]))
        yield failure


def test_a_rebuild_keeps_the_text_of_a_file_that_cannot_be_read(corpus: Path, index: str) -> None:
    build(index, corpus)
    text = texts(index)["a.txt"]
    (corpus / "a.txt").write_bytes(b"\0")
    expected = build(index, corpus, rebuild=True, dry_run=True)
    report = build(index, corpus, rebuild=True, encoder=FakeEncoder(dim=16))
    assert counts(report) == counts(expected) == {"scanned": 3, "added": 2, "failed": 1}
    assert report.documents == expected.documents == 3 and report.tokens_encoded == expected.tokens_encoded
    assert (manifest(index)["a.txt"].status, texts(index)["a.txt"]) == ("stale", text)
    assert IndexReader(Path(index)).dim == 16 and check_index(IndexReader(Path(index))) == []
    assert counts(build(index, corpus, encoder=FakeEncoder(dim=16))) == {"scanned": 3, "unchanged": 2, "failed": 1}
    again = build(index, corpus, rebuild=True, encoder=FakeEncoder(dim=16))  # of a stale document, too
    assert again.failed[0].tries == report.failed[0].tries + 1 and texts(index)["a.txt"] == text
    put(corpus / "a.txt", text)
    build(index, corpus, encoder=FakeEncoder(dim=16))
    assert manifest(index)["a.txt"].status == "indexed"


def test_a_rebuild_keeps_what_is_below_a_directory_that_cannot_be_read(corpus: Path, index: str, monkeypatch: pytest.MonkeyPatch) -> None:
    build(index, corpus)
    before = texts(index)
    with out_of_reach(corpus, monkeypatch):
        report = build(index, corpus, rebuild=True)
    assert counts(report) == {"scanned": 4, "added": 2, "failed": 2}
    assert {path: text for path, text in texts(index).items() if path != "sub"} == before
    assert manifest(index)["sub/c.txt"].status == "stale"
    assert counts(build(index, corpus)) == {"scanned": 3, "unchanged": 3}  # read as soon as it can be
    assert manifest(index)["sub/c.txt"].status == "indexed"


def test_a_stale_document_moves_with_its_file(corpus: Path, index: str) -> None:
    build(index, corpus)
    text = texts(index)["a.txt"]
    (corpus / "a.txt").write_bytes(b"\0\0")
    build(index, corpus)
    (corpus / "a.txt").rename(corpus / "z.txt")
    encoder = CountingEncoder()
    assert counts(build(index, corpus, dry_run=True)) == {"scanned": 3, "unchanged": 2, "failed": 1}
    report = build(index, corpus, encoder=encoder)
    assert counts(report) == {"scanned": 3, "unchanged": 2, "failed": 1}
    assert (report.windows_encoded, report.documents, manifest(index)["z.txt"].tries) == (0, 3, 2)
    assert manifest(index)["z.txt"].status == "stale" and "a.txt" not in manifest(index)
    assert texts(index)["z.txt"] == text and check_index(IndexReader(Path(index))) == []
    assert counts(build(index, corpus)) == {"scanned": 3, "unchanged": 2, "failed": 1}


def test_a_document_that_moves_and_cannot_be_read_any_more(corpus: Path, index: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the hash nor the text is available: size and time show that it is the same file."""
    build(index, corpus)
    text = texts(index)["a.txt"]
    (corpus / "a.txt").rename(corpus / "z.txt")
    monkeypatch.setattr("lmkindex.files.changes._hash_or_none", lambda entry: None)
    report = build(index, corpus, files=FileOptions(max_file_bytes=1))
    assert counts(report) == {"scanned": 3, "unchanged": 2, "failed": 1}
    assert (manifest(index)["z.txt"].status, texts(index)["z.txt"]) == ("stale", text)


@pytest.mark.parametrize("is_swap", [True, False])
def test_a_stale_document_moves_over_another_file_or_swaps_with_it(corpus: Path, index: str, is_swap: bool) -> None:
    build(index, corpus)
    before = texts(index)
    (corpus / "a.txt").write_bytes(b"\0\0")
    build(index, corpus)
    (corpus / "b.md").rename(corpus / "away")
    (corpus / "a.txt").rename(corpus / "b.md")
    if is_swap:
        (corpus / "away").rename(corpus / "a.txt")
    else:
        (corpus / "away").unlink()
    expected = build(index, corpus, dry_run=True)
    encoder = CountingEncoder()
    report = build(index, corpus, encoder=encoder)
    assert counts(report) == counts(expected)
    assert report.windows_encoded == expected.windows_encoded == 0
    assert (manifest(index)["b.md"].status, texts(index)["b.md"]) == ("stale", before["a.txt"])
    assert texts(index).get("a.txt") == (before["b.md"] if is_swap else None)
    assert check_index(IndexReader(Path(index))) == []
    assert build(index, corpus, encoder=encoder).windows_reused == 0  # nothing left to do


def test_two_stale_documents_swap(corpus: Path, index: str) -> None:
    build(index, corpus)
    before = texts(index)
    (corpus / "a.txt").write_bytes(b"\0\0")
    (corpus / "b.md").write_bytes(b"\0\0\0")
    build(index, corpus)
    (corpus / "a.txt").rename(corpus / "away")
    (corpus / "b.md").rename(corpus / "a.txt")
    (corpus / "away").rename(corpus / "b.md")
    assert build(index, corpus).windows_encoded == 0
    assert {name: texts(index)[name] for name in ("a.txt", "b.md")} == {"a.txt": before["b.md"], "b.md": before["a.txt"]}
    assert {manifest(index)[name].status for name in ("a.txt", "b.md")} == {"stale"}


def test_a_stale_document_goes_to_a_new_name_and_another_file_takes_its_own(corpus: Path, index: str) -> None:
    """As when logs rotate."""
    build(index, corpus)
    text = texts(index)["a.txt"]
    (corpus / "a.txt").write_bytes(b"\0\0")
    build(index, corpus)
    (corpus / "a.txt").rename(corpus / "z.txt")
    put(corpus / "a.txt", "A new text. It has two sentences.")
    build(index, corpus)
    assert (manifest(index)["z.txt"].status, texts(index)["z.txt"]) == ("stale", text)
    assert (manifest(index)["a.txt"].status, texts(index)["a.txt"]) == ("indexed", "A new text. It has two sentences.")


def test_an_unreadable_file_does_not_inherit_the_text_that_moved_on(corpus: Path, index: str) -> None:
    """The text of a.txt follows its file; the file that is now at a.txt has none."""
    build(index, corpus)
    text = texts(index)["a.txt"]
    (corpus / "a.txt").write_bytes(b"\0\0")
    build(index, corpus)
    (corpus / "a.txt").rename(corpus / "z.txt")
    (corpus / "a.txt").write_bytes(b"\0\0\0\0\0")
    for rebuild in (False, True):
        assert counts(build(index, corpus, rebuild=rebuild)) == {"scanned": 4, "failed": 2} | (
            {"added": 2} if rebuild else {"unchanged": 2}
        )
        assert (manifest(index)["a.txt"].status, texts(index)["a.txt"]) == ("failed", "")
        assert (manifest(index)["z.txt"].status, texts(index)["z.txt"]) == ("stale", text)
        assert check_index(IndexReader(Path(index))) == []


@pytest.mark.parametrize("rebuild", [False, True])
@pytest.mark.parametrize("is_swap", [False, True])
def test_nor_the_text_of_a_readable_file_that_moved_on(corpus: Path, index: str, is_swap: bool, rebuild: bool) -> None:
    (corpus / "x.txt").write_bytes(b"\0\0\0")
    build(index, corpus)
    text = texts(index)["a.txt"]
    (corpus / "a.txt").rename(corpus / "z.txt")
    (corpus / "x.txt").rename(corpus / "a.txt")
    if is_swap:
        (corpus / "z.txt").rename(corpus / "x.txt")
    name = "x.txt" if is_swap else "z.txt"
    assert counts(build(index, corpus, dry_run=True, rebuild=rebuild))["failed"] == 1
    assert len(build(index, corpus, rebuild=rebuild).failed) == 1
    assert (manifest(index)["a.txt"].status, texts(index)["a.txt"]) == ("failed", "")
    assert (manifest(index)[name].status, texts(index)[name]) == ("indexed", text)


def test_max_delete_counts_what_unreadable_files_were_moved_over(tmp_path: Path, index: str) -> None:
    corpus = tmp_path / "corpus"
    for number in range(10):
        put(corpus / f"d{number}.txt", f"Text number {number} stands here. It has two sentences.")
    build(index, corpus)
    for number in range(5):
        (corpus / f"d{number}.txt").write_bytes(b"\0" * (number + 2))
    build(index, corpus)
    before = texts(index)
    for number in range(5):
        (corpus / f"d{number}.txt").rename(corpus / f"d{number + 5}.txt")
    with pytest.raises(LmkindexError, match="5 of 10 documents are gone"):
        build(index, corpus)
    expected = build(index, corpus, max_delete=1.0, dry_run=True)
    report = build(index, corpus, max_delete=1.0)
    assert counts(report) == counts(expected) == {"scanned": 5, "deleted": 5, "failed": 5}
    assert texts(index) == {f"d{number + 5}.txt": before[f"d{number}.txt"] for number in range(5)}


def test_a_text_that_moves_on_is_not_counted_as_deleted(corpus: Path, index: str) -> None:
    """a -> b -> z, all of them unreadable."""
    build(index, corpus)
    before = texts(index)
    (corpus / "a.txt").write_bytes(b"\0\0")
    (corpus / "b.md").write_bytes(b"\0\0\0")
    build(index, corpus)
    (corpus / "b.md").rename(corpus / "z.md")
    (corpus / "a.txt").rename(corpus / "b.md")
    expected = build(index, corpus, dry_run=True)
    assert expected.plan is not None and expected.plan["delete"] == []
    assert counts(build(index, corpus, max_delete=0.0)) == counts(expected) == {"scanned": 3, "unchanged": 1, "failed": 2}
    assert (texts(index)["z.md"], texts(index)["b.md"]) == (before["b.md"], before["a.txt"])


@pytest.mark.parametrize("number", [signal.SIGTERM, 0])
def test_a_chain_of_moves_is_published_whole_or_not_at_all(
    tmp_path: Path, index: str, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """a -> b -> c -> a, all of them unreadable: a build that is stopped between the moves must not lose a text."""
    corpus, names = tmp_path / "corpus", ["a.txt", "b.txt", "c.txt"]
    for size, name in enumerate(names, 2):
        put(corpus / name, f"The text of {name} stands here. It has two sentences.")
        build(index, corpus)
        (corpus / name).write_bytes(b"\0" * size)
        build(index, corpus)
    put(corpus / "d.txt", "Another text, that comes last.")
    before = texts(index)
    (corpus / "c.txt").rename(corpus / "away")
    (corpus / "b.txt").rename(corpus / "c.txt")
    (corpus / "a.txt").rename(corpus / "b.txt")
    (corpus / "away").rename(corpus / "a.txt")
    monkeypatch.setattr(prepare, "SLAB_STEPS", 1)
    calls = iter(range(10**6))
    if number:
        with pytest.raises(InterruptedBuildError, match="the index is unchanged"):
            build(index, corpus, commit_rows=1, stop=lambda: number if next(calls) > 3 else 0)
        assert texts(index) == before
    else:  # out of time immediately: only what belongs together is done
        report = build(index, corpus, commit_rows=1, time_budget_s=1e-9)
        assert report.incomplete is False or "d.txt" not in texts(index)
    build(index, corpus)
    moved = dict(zip(names, ["c.txt", "a.txt", "b.txt"], strict=True))
    assert {name: texts(index)[name] for name in names} == {name: before[old] for name, old in moved.items()}
    assert {manifest(index)[name].status for name in names} == {"stale"} and manifest(index)["d.txt"].status == "indexed"


def test_what_was_out_of_reach_moves_and_nothing_is_encoded(corpus: Path, index: str, monkeypatch: pytest.MonkeyPatch) -> None:
    build(index, corpus)
    put(corpus / "sub" / "d.txt", "One more text. It can be read at first.")
    build(index, corpus)
    (corpus / "sub" / "d.txt").write_bytes(b"\0\0")
    build(index, corpus)
    before = texts(index)
    with out_of_reach(corpus, monkeypatch):
        build(index, corpus)
        reason = manifest(index)["sub/d.txt"].error
        assert "out of reach" not in reason and "out of reach" in manifest(index)["sub/c.txt"].error
        assert build(index, corpus, rebuild=True).documents == 4
    (corpus / "sub").rename(corpus / "new")
    encoder = CountingEncoder()
    assert counts(build(index, corpus, encoder=encoder)) == {"scanned": 4, "renamed": 1, "unchanged": 2, "failed": 1}
    assert {path.replace("new", "sub"): text for path, text in texts(index).items()} == before
    assert (manifest(index)["new/d.txt"].status, manifest(index)["new/c.txt"].status) == ("stale", "indexed")
    assert build(index, corpus, encoder=encoder).windows_encoded == 0


def test_what_is_below_a_directory_out_of_reach_is_stale_until_it_is_back(
    corpus: Path, index: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(index, corpus)
    before = texts(index)
    with out_of_reach(corpus, monkeypatch) as failure:
        expected = build(index, corpus, dry_run=True)
        report = build(index, corpus)
        assert counts(report) == counts(expected) == {"scanned": 4, "unchanged": 2, "failed": 2}
        assert (manifest(index)["sub/c.txt"].status, manifest(index)["sub/c.txt"].error) == ("stale", f"out of reach: {failure.reason}")
        head = (Path(index) / "head.json").read_bytes()
        assert build(index, corpus).failed == report.failed  # reported once
        assert (Path(index) / "head.json").read_bytes() == head
    assert {path: text for path, text in texts(index).items() if path != "sub"} == before
    encoder = CountingEncoder()
    assert counts(build(index, corpus, encoder=encoder)) == {"scanned": 3, "unchanged": 3}
    assert (manifest(index)["sub/c.txt"].status, manifest(index)["sub/c.txt"].tries) == ("indexed", 0)
    assert check_index(IndexReader(Path(index))) == []


def test_what_comes_back_with_another_content_is_read(corpus: Path, index: str, monkeypatch: pytest.MonkeyPatch) -> None:
    build(index, corpus)
    with out_of_reach(corpus, monkeypatch):
        build(index, corpus)
    put(corpus / "sub" / "c.txt", "Another text.")
    assert counts(build(index, corpus)) == {"scanned": 3, "changed": 1, "unchanged": 2}
    assert texts(index)["sub/c.txt"] == "Another text."


def test_leave_to_read_is_noticed(corpus: Path, index: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither size nor time shows a `chmod`."""
    with monkeypatch.context() as patch:
        patch.setattr("lmkindex.files.changes.os.access", lambda path, mode: False)
        patch.setattr("lmkindex.read.read.open_regular", deny)
        build(index, corpus)
        assert counts(build(index, corpus)) == {"scanned": 3, "failed": 3}
        assert {entry.tries for entry in manifest(index).values()} == {1}
    forecasts: list[Forecast] = []
    build_index(index, [corpus], BuildOptions(), encoder=FakeEncoder(), on_forecast=forecasts.append)
    assert forecasts[0].tokens > 0 and {entry.status for entry in manifest(index).values()} == {"indexed"}


def deny(path: Path) -> None:
    raise PermissionError(13, "Permission denied")


def test_two_moved_files_of_one_size_and_time_are_not_told_apart(corpus: Path, index: str) -> None:
    build(index, corpus)
    for name in ("a.txt", "b.md"):
        (corpus / name).write_bytes(b"\0")
        os.utime(corpus / name, (1, 1))
    build(index, corpus)
    (corpus / "a.txt").rename(corpus / "y.txt")
    (corpus / "b.md").rename(corpus / "z.md")
    build(index, corpus, max_delete=1.0)
    assert {path: entry.status for path, entry in manifest(index).items()} == {"sub/c.txt": "indexed", "y.txt": "failed", "z.md": "failed"}


def test_empty_files_of_one_time_do_not_inherit_texts(corpus: Path, index: str) -> None:
    (corpus / "old.pdf").write_bytes(pdf_with(stream(b"BT /F1 12 Tf 72 700 Td (A secret text stands here.) Tj ET")))
    build(index, corpus)
    (corpus / "old.pdf").write_bytes(b"")
    os.utime(corpus / "old.pdf", (1, 1))
    build(index, corpus)
    assert (manifest(index)["old.pdf"].status, texts(index)["old.pdf"].strip()) == ("stale", "A secret text stands here.")
    (corpus / "old.pdf").unlink()
    (corpus / "new.docx").write_bytes(b"")
    os.utime(corpus / "new.docx", (1, 1))
    report = build(index, corpus)
    assert counts(report) == {"scanned": 4, "deleted": 1, "unchanged": 3, "failed": 1}
    assert manifest(index)["new.docx"].status == "failed" and "old.pdf" not in texts(index)
