"""The index follows the directories whatever happens to names, kinds and times: nothing is missed, and nothing is
encoded twice."""

from __future__ import annotations

import os
import shutil
import time
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import tiny
from building import CountingEncoder, build, counts, manifest, put, put_three, same_as_clean_build, texts

from lmkindex.build import BuildReport
from lmkindex.config import FileOptions
from lmkindex.files import Hashes, open_regular, plan_changes, walk, walk_files
from lmkindex.files.identity import COARSE_TICK_NS, TICK_NS, inode_of, settle
from lmkindex.index import writer
from lmkindex.index.head import require_head
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


# ---- forms of a name


def nfd(text: str) -> str:
    return unicodedata.normalize("NFD", text)


@pytest.fixture
def cafe(tmp_path: Path) -> Path:
    """Documents whose names are in NFC."""
    corpus = tmp_path / "corpus"
    for number, name in enumerate(["caf\u00e9/\u00fcber.txt", "caf\u00e9/tea.txt", "a.txt"]):
        put(corpus / name, tiny.prose(number, 12))
    return corpus


def all_renamed(corpus: Path, form: Callable[[str], str]) -> None:
    """Give every name the other form, as a copy to or from a Mac does."""
    for path in sorted(corpus.rglob("*"), reverse=True):
        if not path.with_name(form(path.name)).exists():
            path.rename(path.with_name(form(path.name)))


def test_names_in_another_form_are_unchanged(cafe: Path, index: str) -> None:
    build(index, cafe)
    landmarks = tiny.all_landmarks(Path(index))
    for form in (nfd, lambda name: unicodedata.normalize("NFC", name)):
        all_renamed(cafe, form)
        report = build(index, cafe)
        assert (counts(report), report.windows_reused) == ({"scanned": 3, "unchanged": 3}, 0)
        assert tiny.all_landmarks(Path(index)) == landmarks
    assert set(manifest(index)) == {"caf\u00e9/\u00fcber.txt", "caf\u00e9/tea.txt", "a.txt"}


def test_an_index_that_stored_the_form_of_the_disk_stays_as_it_is(cafe: Path, index: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Older versions stored names as the disk has them."""
    all_renamed(cafe, nfd)
    with monkeypatch.context() as patch:
        patch.setattr(walk, "in_one_form", lambda found: replace(found, entries=sorted(found.entries, key=lambda entry: entry.name)))
        build(index, cafe)
    assert nfd("caf\u00e9/tea.txt") in manifest(index)
    before = tiny.all_landmarks(Path(index))
    for _ in range(2):
        assert counts(build(index, cafe)) == {"scanned": 3, "unchanged": 3}
        all_renamed(cafe, lambda name: unicodedata.normalize("NFC", name))
    assert tiny.all_landmarks(Path(index)) == before
    (cafe / "caf\u00e9" / "tea.txt").rename(cafe / "tea.txt")
    put(cafe / "a.txt", tiny.prose(7, 12))
    report = build(index, cafe)
    assert counts(report) == {"scanned": 3, "changed": 1, "renamed": 1, "unchanged": 1}
    assert set(manifest(index)) == {nfd("caf\u00e9/\u00fcber.txt"), "tea.txt", "a.txt"}


def test_the_second_form_of_a_name_comes_and_goes(cafe: Path, index: str) -> None:
    first, second = cafe / "\u00e9.txt", cafe / nfd("\u00e9.txt")
    put(second, tiny.prose(20, 12))
    build(index, cafe)
    put(first, tiny.prose(21, 12))
    if len(list(cafe.iterdir())) < 4:
        pytest.skip("this disk takes both forms for one name")
    assert counts(build(index, cafe)) == {"scanned": 5, "added": 1, "changed": 1, "unchanged": 3}
    assert {"\u00e9.txt", nfd("\u00e9.txt")} < set(manifest(index))
    assert texts(index)["\u00e9.txt"] == first.read_text("utf-8")
    assert texts(index)[nfd("\u00e9.txt")] == second.read_text("utf-8")
    assert counts(build(index, cafe)) == {"scanned": 5, "unchanged": 5}
    first.unlink()
    report = build_without_encoding(index, cafe)
    assert counts(report) == {"scanned": 4, "changed": 1, "deleted": 1, "unchanged": 3}
    assert texts(index)["\u00e9.txt"] == second.read_text("utf-8")


def test_a_root_in_another_form_has_the_same_documents(cafe: Path, index: str, tmp_path: Path) -> None:
    composed, decomposed = tmp_path / "r\u00e9sum\u00e9s", tmp_path / nfd("r\u00e9sum\u00e9s")
    cafe.rename(decomposed)
    assert counts(build(index, composed)) == {"scanned": 3, "added": 3}  # written in another form than on the disk
    decomposed.rename(composed)
    assert counts(build(index)) == {"scanned": 3, "unchanged": 3}  # the roots of the last build
    assert counts(build(index, decomposed)) == {"scanned": 3, "unchanged": 3}


# ---- what a stat says


def test_a_replaced_file_of_the_same_size_and_time_is_read(corpus: Path, index: str) -> None:
    build(index, corpus)
    path = corpus / "a.txt"
    found = path.stat()
    fresh = corpus / "fresh"
    put(fresh, path.read_text("utf-8").replace("The", "Ten"))
    os.utime(fresh, ns=(found.st_atime_ns, found.st_mtime_ns))
    fresh.replace(path)
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (found.st_size, found.st_mtime_ns)
    assert counts(build(index, corpus)) == {"scanned": 3, "changed": 1, "unchanged": 2}
    assert same_as_clean_build(index, corpus)


def test_many_new_stats_are_stored_a_few_at_a_time(corpus: Path, index: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """After `chmod -R`, or on a disk that was copied, all documents of an index have another stat; memory must not hold
    all their texts."""
    monkeypatch.setattr(writer, "REWRITE_DOCUMENTS", 2)
    monkeypatch.setattr(writer, "REWRITE_BYTES", 2_000)
    for number in range(5):
        put(corpus / f"{number}.txt", tiny.prose(number, 3))
    put(corpus / "large.txt", tiny.prose(9, 60))
    build(index, corpus)
    before, content = tiny.all_landmarks(Path(index)), texts(index)
    for path in corpus.rglob("*.*"):
        path.chmod(0o600)
    parts = list(writer.rewritten_together(manifest(index).values()))
    assert sorted(entry.path for part in parts for entry in part) == sorted(manifest(index))
    assert max(map(len, parts)) == 2 and len(parts) > 4
    assert all(len(part) == 1 or sum(entry.size_bytes for entry in part) <= 2_000 for part in parts)
    assert counts(build(index, corpus)) == {"scanned": 9, "unchanged": 9}
    assert all(entry.ctime_ns == (corpus / path).stat().st_ctime_ns for path, entry in manifest(index).items())
    assert (tiny.all_landmarks(Path(index)), texts(index)) == (before, content)


def test_a_new_stat_is_stored_once(corpus: Path, index: str) -> None:
    build(index, corpus)
    (corpus / "a.txt").chmod(0o600)
    copy = corpus / "copy"
    shutil.copy2(corpus / "b.md", copy)  # a restored backup: same size, time and content
    copy.replace(corpus / "b.md")
    report = build(index, corpus)
    assert (counts(report), report.windows_reused) == ({"scanned": 3, "unchanged": 3}, 0)
    tables = require_head(Path(index)).tables
    for name in ("a.txt", "b.md", "sub/c.txt"):
        found = (corpus / name).stat()
        assert (manifest(index)[name].inode, manifest(index)[name].ctime_ns) == (inode_of(found), found.st_ctime_ns)
    assert counts(build(index, corpus)) == {"scanned": 3, "unchanged": 3}
    assert require_head(Path(index)).tables == tables
