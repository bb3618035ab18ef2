"""The index follows the directories whatever happens to names, kinds and times: nothing is missed, and nothing is
encoded twice."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path
from typing import Any

import pytest
import tiny
from building import CountingEncoder, build, counts, manifest, put, put_three, same_as_clean_build

from lmkindex.build import BuildReport
from lmkindex.config import FileOptions
from lmkindex.files import Hashes, open_regular, plan_changes, walk_files
from lmkindex.files.identity import COARSE_TICK_NS, TICK_NS, settle
from lmkindex.read import read, read_document

OLD_S = 1_600_000_000


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    return put_three(tmp_path / "corpus", 12)


def build_without_encoding(index: str, *roots: Path) -> BuildReport:
    encoder = CountingEncoder()
    report = build(index, *roots, encoder=encoder)
    assert report.windows_encoded == 0 and report.windows_reused > 0
    return report


# ---- names


def test_a_file_becomes_a_directory_and_a_file_again(corpus: Path, index: str) -> None:
    build(index, corpus)
    text = (corpus / "a.txt").read_text("utf-8")
    (corpus / "a.txt").unlink()
    put(corpus / "a.txt" / "part one.txt", tiny.prose(8, 5))
    put(corpus / "a.txt" / "part two.txt", tiny.prose(9, 5))
    assert counts(build(index, corpus)) == {"scanned": 4, "added": 2, "deleted": 1, "unchanged": 2}
    assert set(manifest(index)) == {"a.txt/part one.txt", "a.txt/part two.txt", "b.md", "sub/c.txt"}
    assert same_as_clean_build(index, corpus)
    shutil.rmtree(corpus / "a.txt")
    put(corpus / "a.txt", text)
    shutil.rmtree(corpus / "sub")
    put(corpus / "sub", "No document: its name has no suffix.")
    assert counts(build(index, corpus)) == {"scanned": 2, "added": 1, "deleted": 3, "unchanged": 1}
    assert same_as_clean_build(index, corpus)


def test_a_file_moves_into_a_directory_of_its_own_name(corpus: Path, index: str) -> None:
    build(index, corpus)
    (corpus / "a.txt").rename(corpus / "other")
    (corpus / "a.txt").mkdir()
    (corpus / "other").rename(corpus / "a.txt" / "a.txt")
    report = build_without_encoding(index, corpus)
    assert counts(report) == {"scanned": 3, "renamed": 1, "unchanged": 2}
    assert same_as_clean_build(index, corpus)


def test_a_rename_of_case_only(corpus: Path, index: str) -> None:
    build(index, corpus)
    (corpus / "a.txt").rename(corpus / "A.TXT")
    (corpus / "sub").rename(corpus / "Sub")
    report = build_without_encoding(index, corpus)
    assert counts(report) == {"scanned": 3, "renamed": 2, "unchanged": 1}
    assert set(manifest(index)) == {"A.TXT", "b.md", "Sub/c.txt"}
    assert same_as_clean_build(index, corpus)


def test_documents_move_between_roots_and_with_their_directory(corpus: Path, index: str, tmp_path: Path) -> None:
    other = tmp_path / "other"
    put(other / "z.txt", tiny.prose(7, 12))
    build(index, corpus, other)
    (corpus / "a.txt").rename(other / "a.txt")
    (corpus / "sub").rename(other / "moved")
    report = build_without_encoding(index)
    assert counts(report) == {"scanned": 4, "renamed": 2, "unchanged": 2}
    assert {(Path(root).name, path) for root, path in ((entry.root, entry.path) for entry in manifest(index).values())} == {
        ("corpus", "b.md"), ("other", "a.txt"), ("other", "moved/c.txt"), ("other", "z.txt"),
    }  # fmt: skip
    assert same_as_clean_build(index, corpus, other)


def test_rotated_swapped_and_copied_files_encode_nothing(corpus: Path, index: str) -> None:
    """Their names were known before, with other content, so these are not renames; but all their windows are stored."""
    build(index, corpus)
    (corpus / "sub" / "c.txt").rename(corpus / "oldest.txt")
    (corpus / "b.md").rename(corpus / "sub" / "c.txt")
    (corpus / "a.txt").rename(corpus / "b.md")
    report = build_without_encoding(index, corpus)
    assert counts(report) == {"scanned": 3, "added": 1, "changed": 2, "deleted": 1}
    assert same_as_clean_build(index, corpus)
    shutil.copy(corpus / "b.md", corpus / "copy.md")
    (corpus / "oldest.txt").rename(corpus / "tmp")
    (corpus / "b.md").rename(corpus / "oldest.txt")
    (corpus / "tmp").rename(corpus / "b.md")
    report = build_without_encoding(index, corpus)
    assert counts(report) == {"scanned": 4, "added": 1, "changed": 2, "unchanged": 1}
    assert same_as_clean_build(index, corpus)


def test_a_rename_to_what_cannot_be_read_is_a_failure_that_takes_the_text_along(corpus: Path, index: str) -> None:
    build(index, corpus)
    (corpus / "a.txt").rename(corpus / "a.pdf")
    forecast = build(index, corpus, dry_run=True)
    assert forecast.plan is not None
    assert {name: paths for name, paths in forecast.plan.items() if paths} == {"fail": ["a.pdf"]}
    expected = {"scanned": 3, "unchanged": 2, "failed": 1}
    assert counts(forecast) == counts(build(index, corpus)) == expected
    assert {path: entry.status for path, entry in manifest(index).items()} == {"a.pdf": "stale", "b.md": "indexed", "sub/c.txt": "indexed"}
    (corpus / "a.pdf").rename(corpus / "a.txt")
    assert counts(build(index, corpus)) == {"scanned": 3, "renamed": 1, "unchanged": 2}
    assert {entry.status for entry in manifest(index).values()} == {"indexed"}


# ---- times


def test_a_time_that_goes_backwards_is_looked_at_again(corpus: Path, index: str) -> None:
    build(index, corpus)
    put(corpus / "a.txt", (corpus / "a.txt").read_text("utf-8").replace("The", "One"))  # as when a backup is restored
    os.utime(corpus / "a.txt", (OLD_S, OLD_S))
    os.utime(corpus / "b.md", (OLD_S, OLD_S))  # same content
    assert counts(build(index, corpus)) == {"scanned": 3, "changed": 1, "unchanged": 2}
    assert manifest(index)["b.md"].mtime_ns == OLD_S * 10**9
    assert same_as_clean_build(index, corpus)


def test_a_size_that_differs_is_enough(corpus: Path, index: str) -> None:
    build(index, corpus)
    found = (corpus / "a.txt").stat()
    put(corpus / "a.txt", tiny.prose(5, 3))
    os.utime(corpus / "a.txt", ns=(found.st_atime_ns, found.st_mtime_ns))
    assert counts(build(index, corpus)) == {"scanned": 3, "changed": 1, "unchanged": 2}


@pytest.mark.parametrize(("is_coarse", "tick_ns"), [(False, TICK_NS), (True, COARSE_TICK_NS)])
def test_an_edit_right_after_a_read_or_a_hash_has_another_time(corpus: Path, index: str, is_coarse: bool, tick_ns: int) -> None:
    """Two writes within a tick of the file system's clock get the same time, so reading and hashing wait for the tick
    to end.

    Whole seconds are taken for a clock without fractions. A kernel may be finer than `TICK_NS`, so the times are set
    here.
    """
    build(index, corpus)
    known = {(entry.root, entry.path): entry for entry in manifest(index).values()}
    for is_hash in (False, True):
        mtime_ns = time.time_ns() // 10**9 * 10**9 if is_coarse else time.time_ns() | 1
        os.utime(corpus / "a.txt", ns=(mtime_ns, mtime_ns))
        entry = walk_files([corpus], FileOptions()).entries[0]
        if is_hash:
            assert plan_changes([entry], known, Hashes(), checksum=False, retry_failed=False).touched == (entry,)
        else:
            read_document(entry, FileOptions())
        assert time.time_ns() - mtime_ns >= tick_ns


def test_neither_old_times_nor_those_of_a_wrong_clock_are_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda seconds: pytest.fail(f"waits {seconds} s"))
    for mtime_ns in (0, time.time_ns() - COARSE_TICK_NS, time.time_ns() + 10**12):
        settle(mtime_ns)


# ---- while they are read


def test_a_file_that_changes_while_it_is_read_is_read_again_or_fails_and_recovers(
    corpus: Path, index: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process replaces the file between the reader's open and its read."""
    num_writes, num_left = 0, 1

    def open_then_write(path: Path) -> Any:
        nonlocal num_writes
        opened = open_regular(path)
        if path.name == "a.txt" and num_left > num_writes:
            num_writes += 1
            staging = path.with_name("staging")
            staging.write_text(f"Generation {num_writes}. It is short.", "utf-8")
            staging.replace(path)
        return opened

    monkeypatch.setattr(read, "RETRY_S", 0.0)
    with monkeypatch.context() as patch:
        patch.setattr(read, "open_regular", open_then_write)
        assert counts(build(index, corpus)) == {"scanned": 3, "added": 3}
        assert manifest(index)["a.txt"].mtime_ns == (corpus / "a.txt").stat().st_mtime_ns
        before = tiny.all_landmarks(Path(index))
        assert before[0][5] == "Generation 1."
        put(corpus / "a.txt", "It changes again.")
        num_left = 99
        (failure,) = build(index, corpus).failed
        assert (failure.path, failure.reason) == ("a.txt", "the file kept changing while it was read")
        assert (manifest(index)["a.txt"].status, tiny.all_landmarks(Path(index))) == ("stale", before)
    assert counts(build(index, corpus)) == {"scanned": 3, "changed": 1, "unchanged": 2}
    assert same_as_clean_build(index, corpus)
