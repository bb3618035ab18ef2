"""Files without text are documents without sentences; links out of the corpus are skipped: neither are failures."""

from __future__ import annotations

from pathlib import Path

import pytest
import tiny
from building import build, counts, manifest, put, same_as_clean_build, texts

from lmkindex.config import FileOptions
from lmkindex.errors import LmkindexError
from lmkindex.index import IndexReader, check_index


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    for number in range(6):
        put(tmp_path / "corpus" / f"d{number}.txt", tiny.prose(number, 6))
    return tmp_path / "corpus"


def test_a_file_without_text_is_a_known_document_and_no_failure(corpus: Path, index: str) -> None:
    put(corpus / "__init__.md", "")
    put(corpus / "blank.rst", " \n\t\n")
    report = build(index, corpus)
    assert (counts(report), report.empty, report.documents) == ({"scanned": 8, "added": 8}, 2, 8)
    assert check_index(IndexReader(Path(index))) == []
    again = build(index, corpus)
    assert (counts(again), again.empty) == ({"scanned": 8, "unchanged": 8}, 2)
    (corpus / "__init__.md").rename(corpus / "moved.md")
    put(corpus / "twin.md", "")
    assert counts(build(index, corpus)) == {"scanned": 9, "added": 1, "renamed": 1, "unchanged": 7}
    (corpus / "moved.md").unlink()
    assert counts(build(index, corpus)) == {"scanned": 8, "deleted": 1, "unchanged": 8}
    put(corpus / "twin.md", "Text at last.")
    assert counts(build(index, corpus)) == {"scanned": 8, "changed": 1, "unchanged": 7}
    assert same_as_clean_build(index, corpus) and check_index(IndexReader(Path(index))) == []


def test_pdf_and_docx_without_bytes_are_failures(corpus: Path, index: str) -> None:
    for name in ("a.pdf", "b.docx"):
        (corpus / name).touch()
    assert [failure.path for failure in build(index, corpus).failed] == ["a.pdf", "b.docx"]


def test_a_document_that_becomes_empty_loses_its_rows(corpus: Path, index: str) -> None:
    build(index, corpus)
    put(corpus / "d0.txt", "")
    report = build(index, corpus)
    assert (counts(report), report.empty) == ({"scanned": 6, "changed": 1, "unchanged": 5}, 1)
    assert texts(index)["d0.txt"] == "" and manifest(index)["d0.txt"].status == "indexed"
    assert same_as_clean_build(index, corpus)


@pytest.mark.parametrize("rebuild", [False, True])
def test_max_delete_counts_documents_that_lost_all_their_text(corpus: Path, index: str, rebuild: bool) -> None:
    build(index, corpus)
    before = tiny.all_landmarks(Path(index))
    for number in range(4):
        put(corpus / f"d{number}.txt", " \n" * number)
    with pytest.raises(LmkindexError, match="4 of 6 documents are gone from the directories or lost all their text"):
        build(index, corpus, rebuild=rebuild)
    assert tiny.all_landmarks(Path(index)) == before
    assert build(index, corpus, rebuild=rebuild, max_delete=1.0).empty == 4


def test_max_delete_does_not_count_files_that_never_had_text(corpus: Path, index: str) -> None:
    for number in range(5):
        put(corpus / f"empty{number}.txt", "")
    build(index, corpus)
    for number in range(5):
        (corpus / f"empty{number}.txt").unlink()
    assert build(index, corpus).deleted == 5
    for number in range(4):
        (corpus / f"d{number}.txt").unlink()
    with pytest.raises(LmkindexError, match="4 of 6 documents are gone from the directories, more"):
        build(index, corpus)


def test_a_dangling_link_out_of_the_corpus_is_skipped_and_one_inside_is_a_failure(corpus: Path, index: str, tmp_path: Path) -> None:
    (corpus / "out.txt").symlink_to(tmp_path / "outside" / "a.txt")
    (corpus / "in.txt").symlink_to(corpus / "b.txt")
    (corpus / "self.txt").symlink_to("self.txt")
    report = build(index, corpus)
    assert ([failure.path for failure in report.failed], [link.path for link in report.skipped]) == (["in.txt", "self.txt"], ["out.txt"])
    report = build(index, corpus, files=FileOptions(follow_links=True))
    assert [failure.path for failure in report.failed] == ["in.txt", "out.txt", "self.txt"]


def test_text_below_a_followed_link_stays_when_its_target_is_gone(corpus: Path, index: str, tmp_path: Path) -> None:
    """Whatever the link is called: a suffix does not make it a file. Other dangling links with a suffix are not
    reported."""
    put(tmp_path / "outside" / "a.txt", "Outside.")
    (corpus / "v1.2").symlink_to(tmp_path / "outside")
    (corpus / "lib.so").symlink_to("none.so")
    options = FileOptions(follow_links=True)
    build(index, corpus, files=options)
    (tmp_path / "outside").rename(tmp_path / "away")
    report = build(index, corpus, files=options)
    assert [failure.path for failure in report.failed] == ["v1.2", "v1.2/a.txt"] and report.skipped == ()
    assert (manifest(index)["v1.2/a.txt"].status, texts(index)["v1.2/a.txt"]) == ("stale", "Outside.")
    (tmp_path / "away").rename(tmp_path / "outside")
    assert counts(build(index, corpus, files=options)) == {"scanned": 7, "unchanged": 7}


def test_a_link_out_of_the_corpus_is_skipped(corpus: Path, index: str, tmp_path: Path) -> None:
    put(tmp_path / "outside" / "a.txt", "Outside.")
    (corpus / "link").symlink_to(tmp_path / "outside")
    (corpus / "above").symlink_to(tmp_path)
    report = build(index, corpus)
    assert (report.failed, report.scanned, [link.path for link in report.skipped]) == ((), 6, ["above", "link"])
    plan = build(index, corpus, dry_run=True).plan
    assert plan is not None and plan["skip"] == ["above", "link"]
    (corpus / "d0.txt").rename(tmp_path / "outside" / "d0.txt")
    (corpus / "d0.txt").symlink_to(tmp_path / "outside" / "d0.txt")  # its text was searchable: the user must see that it is left out
    report = build(index, corpus)
    assert [failure.path for failure in report.failed] == ["d0.txt"] and manifest(index)["d0.txt"].status == "stale"
