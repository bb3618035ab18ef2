"""The same name is the same document in every Unicode form, and two names on one disk stay two."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path

import pytest

from lmkindex.config import FileOptions
from lmkindex.files import FoundFiles, named_as_stored, resolve_root, walk_files
from lmkindex.files.names import MAX_KINDS, OTHER_KINDS, count_kinds
from lmkindex.records import FileEntry, FileFailure

NFC, NFD = "caf\u00e9", "cafe\u0301"
MIXED = "\u00e9e\u0301"  # neither form


def can_keep_both_forms(place: Path) -> bool:
    (place / f"{NFD}.probe").touch()
    try:
        return not (place / f"{NFC}.probe").exists()
    finally:
        (place / f"{NFD}.probe").unlink()


@pytest.fixture
def place(tmp_path: Path) -> Path:
    if not can_keep_both_forms(tmp_path):
        pytest.skip("this disk takes both forms for one name")
    return tmp_path


def put(path: Path, text: str = "Text.") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


def walk(*roots: Path, include: tuple[str, ...] = (), exclude: tuple[str, ...] = ()) -> FoundFiles:
    return walk_files(roots, FileOptions(include=include, exclude=exclude))


def entry_at(root: str, path: str) -> FileEntry:
    return FileEntry(root=root, path=path, absolute_path=Path(root, path), size_bytes=1, mtime_ns=1)


def names_of(found: FoundFiles) -> set[tuple[str, str]]:
    return {entry.name for entry in found.entries}


def test_a_path_is_stored_in_nfc_and_opened_as_the_disk_has_it(place: Path) -> None:
    put(place / NFD / f"{NFD}.txt", "Coffee.")
    (entry,) = walk(place).entries
    assert entry.path == f"{NFC}/{NFC}.txt"
    assert os.fsencode(entry.absolute_path) == os.fsencode(place.resolve()) + f"/{NFD}/{NFD}.txt".encode()
    assert entry.absolute_path.read_text() == "Coffee."


def test_names_that_differ_only_in_form_stay_apart(place: Path) -> None:
    for form in (NFC, NFD):
        put(place / f"{form}.txt", form)
        put(place / form / "a.txt", form)
    put(place / NFD / "b.txt")  # no other file has this name in NFC
    assert [entry.path for entry in walk(place).entries] == sorted(
        [f"{NFC}.txt", f"{NFD}.txt", f"{NFC}/a.txt", f"{NFD}/a.txt", f"{NFC}/b.txt"]
    )
    assert all(entry.absolute_path.is_file() for entry in walk(place).entries)


def test_a_character_whose_nfc_is_ascii(place: Path) -> None:
    put(place / "\u212a.txt", "The sign of kelvins.")
    assert [entry.path for entry in walk(place).entries] == ["K.txt"]
    put(place / "K.txt", "The letter.")
    assert [(entry.path, entry.absolute_path.read_text()) for entry in walk(place).entries] == [
        ("K.txt", "The letter."), ("\u212a.txt", "The sign of kelvins."),
    ]  # fmt: skip


@pytest.mark.parametrize("written", [NFC, NFD])
@pytest.mark.parametrize("on_disk", [NFC, NFD])
def test_patterns_match_in_both_forms(place: Path, on_disk: str, written: str) -> None:
    put(place / on_disk / f"{on_disk}.txt")
    put(place / f"{on_disk}.log")
    put(place / "tea.txt")
    paths = [f"{NFC}/{NFC}.txt", "tea.txt"]
    assert [entry.path for entry in walk(place).entries] == sorted(paths)
    assert [entry.path for entry in walk(place, exclude=(f"{written}/",)).entries] == ["tea.txt"]
    assert [entry.path for entry in walk(place, include=(f"{written}.*",)).entries] == [f"{NFC}.log", f"{NFC}/{NFC}.txt"]
    put(place / ".lmkignore", f"{written}.txt\n")
    assert [entry.path for entry in walk(place).entries] == ["tea.txt"]
    put(place / ".lmkignore", "")
    put(place / on_disk / ".lmkignore", f"/{written}.txt\n")
    assert [entry.path for entry in walk(place).entries] == ["tea.txt"]


def test_a_root_is_found_in_both_forms(place: Path) -> None:
    put(place / NFD / "deep" / f"{NFC}.txt")
    for written in (NFC, NFD):
        assert resolve_root(place / written / "deep") == place.resolve() / NFD / "deep"
        assert resolve_root(place / written / "deep" / f"{written}.txt") == place.resolve() / NFD / "deep" / f"{NFC}.txt"
    put(place / NFC / "deep" / "b.txt")  # now both are there: each is itself
    assert resolve_root(place / NFC / "deep") == place.resolve() / NFC / "deep"


@pytest.mark.parametrize(("stored", "found"), [(NFD, NFC), (NFC, NFD), (MIXED, unicodedata.normalize("NFC", MIXED))])
def test_a_file_has_the_name_under_which_it_is_stored(stored: str, found: str) -> None:
    failure = FileFailure(root="/r", path=f"{found}/x", reason="")
    walked = FoundFiles(entries=[entry_at("/r", f"{found}.txt"), entry_at("/r", "z.txt")], failures=[failure])
    named = named_as_stored(walked, [("/r", f"{stored}.txt"), ("/r", f"{stored}/x"), ("/r", "gone.txt")])
    assert names_of(named) == {("/r", f"{stored}.txt"), ("/r", "z.txt")}
    assert named.failures[0].path == f"{stored}/x"
    assert [entry.absolute_path for entry in named.entries if entry.path != "z.txt"] == [Path(f"/r/{found}.txt")]


def test_a_root_has_the_form_in_which_it_is_stored() -> None:
    walked = FoundFiles(entries=[entry_at(f"/{NFC}", "a.txt")], failures=[])
    assert names_of(named_as_stored(walked, [(f"/{NFD}", "a.txt")])) == {(f"/{NFD}", "a.txt")}


def test_a_stored_name_is_never_taken_twice() -> None:
    both = FoundFiles(entries=[entry_at("/r", f"{NFC}.txt"), entry_at("/r", f"{NFD}.txt")], failures=[])
    assert names_of(named_as_stored(both, [("/r", f"{NFD}.txt")])) == names_of(both)
    roots = FoundFiles(entries=[entry_at(f"/{NFC}", "a.txt"), entry_at(f"/{NFD}", "b.txt")], failures=[])
    assert names_of(named_as_stored(roots, [(f"/{NFC}", "b.txt")])) == names_of(roots)  # another directory of this walk


def test_files_of_other_kinds_are_counted(tmp_path: Path) -> None:
    for name in ("a.txt", "b.DOC", "c.doc", "sub/d.doc", "LICENSE", "e.tar.gz", "photo.JPG"):
        put(tmp_path / name)
    for name in (".hidden.doc", ".git/f.doc", "ignored/g.doc", "h.bak"):  # not passed over because of their kind
        put(tmp_path / name)
    put(tmp_path / ".lmkignore", "ignored/\n*.bak\n")
    os.mkfifo(tmp_path / "pipe.fifo")
    assert dict(walk(tmp_path).passed_over) == {".doc": 3, "": 1, ".gz": 1, ".jpg": 1}
    assert next(iter(walk(tmp_path).passed_over)) == ".doc"
    assert dict(walk(tmp_path, exclude=("sub/",)).passed_over)[".doc"] == 2
    assert dict(walk(tmp_path, include=("*.txt", "*.JPG")).passed_over) == {}  # the others are not wanted
    assert dict(walk(tmp_path, include=("sub/",)).passed_over) == {".doc": 1}
    assert dict(walk(tmp_path / "photo.JPG").passed_over) == {}  # a file that is named is a document


def test_links_count_no_file_twice(tmp_path: Path) -> None:
    root, other = tmp_path / "root", tmp_path / "other"
    for path in (root / "README", root / "a.doc", other / "b.doc"):
        put(path)
    (root / "README.md").symlink_to("README")  # by this name it is a document
    (root / "again.doc").symlink_to("a.doc")
    (root / "out.doc").symlink_to(other / "b.doc")
    assert dict(walk(root).passed_over) == {".doc": 1}
    assert dict(walk_files([root], FileOptions(follow_links=True)).passed_over) == {".doc": 2}


def test_names_that_are_not_utf8_have_a_kind(tmp_path: Path) -> None:
    try:
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/a.\xff")).touch()
    except OSError:
        pytest.skip("this disk takes only UTF-8")
    assert dict(walk(tmp_path).passed_over) == {".\\xff": 1}


def test_endless_kinds_are_counted_together() -> None:
    mails = [f"mail/{number}.host,{number}" for number in range(MAX_KINDS + 50)]
    kinds = count_kinds([*mails, "a.doc", "b.doc"])
    assert (kinds[".doc"], kinds[OTHER_KINDS], len(kinds)) == (2, 51, MAX_KINDS + 1)
