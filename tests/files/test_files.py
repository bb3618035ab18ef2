"""The walk visits each real file once and loses nothing silently; the plan puts every file in exactly one place."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmkindex.build.kept import find_kept
from lmkindex.build.manifest import well_entry
from lmkindex.build.plan import with_moves
from lmkindex.config import FileOptions
from lmkindex.errors import Cause, UsageError
from lmkindex.files import Hashes, document_id, hash_bytes, hash_file, plan_changes, walk_files
from lmkindex.files.walk import DANGLING
from lmkindex.records import FileEntry, FileFailure, ManifestEntry

Manifest = dict[tuple[str, str], ManifestEntry]


def put(root: Path, *paths: str, content: str = "Text.\n") -> None:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(content, "utf-8")


def walked(*roots: Path, include: Sequence[str] = (), exclude: Sequence[str] = ()) -> list[str]:
    """The paths of a walk that must not fail anywhere."""
    found = walk_files(roots, FileOptions(include=tuple(include), exclude=tuple(exclude)))
    entries, failures = found.entries, found.failures
    assert failures == []
    return [entry.path for entry in entries]


def reasons(*roots: Path, include: Sequence[str] = ()) -> dict[str, str]:
    return {failure.path: failure.reason for failure in walk_files(roots, FileOptions(include=tuple(include))).failures}


def manifest_of(entries: Sequence[FileEntry], status: str = "indexed") -> Manifest:
    return {
        (entry.root, entry.path): ManifestEntry(
            doc_id=document_id(entry.root, entry.path),
            root=entry.root,
            path=entry.path,
            content_hash=hash_file(entry.absolute_path) if status == "indexed" else "",
            size_bytes=entry.size_bytes,
            mtime_ns=entry.mtime_ns,
            inode=entry.inode,
            ctime_ns=entry.ctime_ns,
            status=status,
            error="" if status == "indexed" else "damaged",
            num_sentences=1,
            num_tokens=2,
        )
        for entry in entries
    }


def scan(root: Path) -> list[FileEntry]:
    return walk_files([root], FileOptions()).entries


# The walk


def test_takes_documents_by_suffix_sorted_and_relative(tmp_path: Path) -> None:
    put(tmp_path, "b.TXT", "a/z.md", "a/c.rst", "p.html", "q.htm", "r.pdf", "s.docx", "t.markdown", "u.text", "code.py", "LICENSE", "x.bin")
    assert walked(tmp_path) == ["a/c.rst", "a/z.md", "b.TXT", "p.html", "q.htm", "r.pdf", "s.docx", "t.markdown", "u.text"]
    entry = scan(tmp_path)[0]
    assert entry.root == str(tmp_path.resolve())
    assert entry.absolute_path == tmp_path.resolve() / "a/c.rst"
    found = (tmp_path / "a/c.rst").stat()
    assert (entry.size_bytes, entry.mtime_ns) == (found.st_size, found.st_mtime_ns)


def test_skips_hidden_names_but_not_a_hidden_root(tmp_path: Path) -> None:
    put(tmp_path, "a.txt", ".b.txt", ".git/c.txt", ".venv/d.txt", ".lmkindex/e.txt")
    assert walked(tmp_path) == ["a.txt"]
    assert walked(tmp_path / ".git") == ["c.txt"]


def test_relative_root_is_resolved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, "docs/a.txt")
    monkeypatch.chdir(tmp_path)
    (entry,) = walk_files([Path("docs")], FileOptions()).entries
    assert (entry.root, entry.path) == (str((tmp_path / "docs").resolve()), "a.txt")


def test_a_file_as_root_is_a_document_whatever_its_suffix(tmp_path: Path) -> None:
    put(tmp_path, "notes.log", "other.txt")
    (entry,) = walk_files([tmp_path / "notes.log"], FileOptions()).entries
    assert (entry.root, entry.path) == (str(tmp_path.resolve()), "notes.log")


def test_missing_root_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"nowhere does not exist"):
        walk_files([tmp_path / "nowhere"], FileOptions())


def test_nested_and_repeated_roots_give_each_file_once(tmp_path: Path) -> None:
    put(tmp_path, "a.txt", "sub/b.txt", ".hidden/c.txt", "skip/d.txt")
    put(tmp_path, ".lmkignore", content="skip/\n")
    roots = [tmp_path / "sub", tmp_path, tmp_path, tmp_path / "a.txt", tmp_path / ".hidden", tmp_path / "skip"]
    found = walk_files(roots, FileOptions())
    entries, failures = found.entries, found.failures
    top = str(tmp_path.resolve())
    expected = [(top, "a.txt"), (top, "sub/b.txt"), (f"{top}/.hidden", "c.txt"), (f"{top}/skip", "d.txt")]
    assert ([(entry.root, entry.path) for entry in entries], failures) == (expected, [])


def test_ignore_files_at_any_level_the_nearest_decides(tmp_path: Path) -> None:
    put(tmp_path, "drafts/a.txt", "keep.txt", "old.txt", "sub/old.txt", "sub/deep/keep.txt", "sub/deep/tmp.txt", "sub/top.txt", "top.txt")
    put(tmp_path, ".lmkignore", content="\ufeff# a comment\ndrafts/\nold.txt\n/top.txt\n")
    put(tmp_path, "sub/.lmkignore", content="!old.txt\ndeep/*\n!deep/keep.txt\n")
    assert walked(tmp_path) == ["keep.txt", "sub/deep/keep.txt", "sub/old.txt", "sub/top.txt"]


def test_include_and_exclude(tmp_path: Path) -> None:
    put(tmp_path, "a.txt", "notes/b.txt", "notes/c.log", "notes/d.png", "e.log", "notes/old/f.txt", "Makefile")
    assert walked(tmp_path, exclude=["old/"]) == ["a.txt", "notes/b.txt"]
    assert walked(tmp_path, include=["notes/"]) == ["notes/b.txt", "notes/old/f.txt"]  # a directory's suffix does not matter
    assert walked(tmp_path, include=["notes/**"], exclude=["*/b.*"]) == ["notes/old/f.txt"]
    assert walked(tmp_path, include=["*.log", "Makefile"]) == ["Makefile", "e.log", "notes/c.log"]
    assert walked(tmp_path, include=["*.txt", "!notes/**"]) == ["a.txt"]


def test_bad_patterns_are_usage_errors_that_name_the_source(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--exclude"):
        walk_files([tmp_path], FileOptions(exclude=("!",)))
    put(tmp_path, "sub/.lmkignore", content="!\n")
    with pytest.raises(UsageError, match=r"sub/\.lmkignore"):
        walk_files([tmp_path], FileOptions())


def test_an_ignore_file_in_utf16_is_an_error(tmp_path: Path) -> None:
    """PowerShell's `>` writes UTF-16: none of its patterns would match, and what they keep out would be indexed."""
    (tmp_path / ".lmkignore").write_bytes("private/\r\n".encode("utf-16"))
    put(tmp_path, "private/a.txt", content="x")
    with pytest.raises(UsageError, match="saved as UTF-16"):
        walk_files([tmp_path], FileOptions())


def test_links_inside_the_roots_add_nothing_and_loops_are_told(tmp_path: Path) -> None:
    put(tmp_path, "z/real.txt", ".store/hidden.txt", ".store/dir/x.txt")
    (tmp_path / "a.txt").symlink_to("z/real.txt")
    (tmp_path / "b").symlink_to("z")
    (tmp_path / "z/up").symlink_to("..")
    (tmp_path / "z/self").symlink_to(".")
    (tmp_path / "c.txt").symlink_to(".store/hidden.txt")  # not reachable under a real name: the link names it, once
    (tmp_path / "d.txt").symlink_to(".store/hidden.txt")
    (tmp_path / "e").symlink_to(".store/dir")
    (tmp_path / ".store/dir/back").symlink_to("..")
    found = walk_files([tmp_path], FileOptions())
    entries, failures = found.entries, found.failures
    assert [entry.path for entry in entries] == ["c.txt", "e/x.txt", "z/real.txt"]
    assert [failure.path for failure in failures] == ["e/back", "z/self", "z/up"]
    assert all("in a loop" in failure.reason for failure in failures)


def test_links_between_roots_are_inside(tmp_path: Path) -> None:
    put(tmp_path, "one/a.txt", "two/b.txt")
    (tmp_path / "one/two").symlink_to(tmp_path / "two")
    assert walked(tmp_path / "one", tmp_path / "two") == ["a.txt", "b.txt"]


def test_links_that_cannot_be_followed_are_failures(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    put(tmp_path, "corpus/a.txt", "outside/b.txt", "corpusx/c.txt")
    links = {"out": "../outside", "out.txt": "../outside/b.txt", "near": "../corpusx", "gone.txt": "none", "gone": "none", "loop": "loop"}
    links |= {"lib.so": "none.so", "pic.png": "../outside/b.txt", ".#lock.txt": "user@host"}  # no documents
    for name, target in links.items():
        (corpus / name).symlink_to(target)
    found = reasons(corpus)
    assert {path for path, reason in found.items() if "out of the corpus" in reason} == {"out", "out.txt", "near"}
    assert {path for path, reason in found.items() if reason == DANGLING} == {"gone.txt", "gone", "loop"}
    assert {path for path, reason in found.items() if reason == Cause.LINK_TO_NO_DOCUMENT.value} == {"lib.so"}
    assert len(found) == 7
    assert [entry.path for entry in scan(corpus)] == ["a.txt"]


def test_ignored_links_are_silent(tmp_path: Path) -> None:
    put(tmp_path, "corpus/a.txt", "outside/b.txt", ".store/c.txt")
    put(tmp_path, "corpus/.lmkignore", content="gone.txt\nout\nshelf/\n")
    put(tmp_path, "corpus/.shelf/d.txt")
    for name, target in {"gone.txt": "none", "out": "../outside", "shelf": ".shelf"}.items():
        (tmp_path / "corpus" / name).symlink_to(target)
    assert walked(tmp_path / "corpus") == ["a.txt"]


def test_unreadable_directory_is_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, "a.txt", "secret/b.txt")
    real_scandir = os.scandir

    @contextmanager
    def scandir(path: Path) -> Iterator[Iterator[os.DirEntry[str]]]:  # chmod would not stop root
        if Path(path).name == "secret":
            raise PermissionError(13, "Permission denied", str(path))
        with real_scandir(path) as entries:
            yield entries

    monkeypatch.setattr(os, "scandir", scandir)
    assert reasons(tmp_path) == {"secret": "the directory cannot be read: Permission denied"}
    assert [entry.path for entry in scan(tmp_path)] == ["a.txt"]


def test_odd_names(tmp_path: Path) -> None:
    names = ["a\nb.txt", "'quo\"te'.txt", "[b] *.txt", "ünï 日本.txt", "-rf.txt"]
    put(tmp_path, *names)
    assert walked(tmp_path) == sorted(names)


def test_names_that_are_not_utf8_are_failures(tmp_path: Path) -> None:
    put(tmp_path, "a.txt")
    root = os.fsencode(tmp_path)
    os.mkdir(root + b"/d\xff")  # noqa: PTH102 - pathlib takes no bytes
    for name in (b"/caf\xe9.txt", b"/d\xff/x.txt", b"/caf\xe9.bin"):
        with open(root + name, "w") as file:  # noqa: PTH123
            file.write("Text.")
    found = reasons(tmp_path)
    assert set(found) == {r"caf\xe9.txt", r"d\xff"}
    assert all("UTF-8" in reason for reason in found.values())


def test_special_files_are_failures(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.txt")
    os.mkfifo(tmp_path / "pipe.sock")
    assert reasons(tmp_path) == {"pipe.txt": "is not a regular file"}


# Identity


def test_document_id_separates_root_and_path() -> None:
    assert len(document_id("/a", "b")) == 32
    assert len({document_id("/a", "b/c"), document_id("/a/b", "c"), document_id("/a", "b/C")}) == 3
    assert document_id("/a", "b") == document_id("/a", "b")


@given(st.binary(max_size=300))
def test_hash_of_a_file_is_that_of_its_bytes(data: bytes) -> None:
    path = Path(os.environ.get("TMPDIR", "/tmp")) / f"lmkindex-hash-{os.getpid()}"
    path.write_bytes(data)
    try:
        assert hash_file(path) == hash_bytes(data)
    finally:
        path.unlink()


# The plan


def test_first_build_adds_everything_and_the_second_nothing(tmp_path: Path) -> None:
    put(tmp_path, "b.txt", "a.txt")
    entries = scan(tmp_path)
    plan = plan_changes(entries, {}, Hashes(), checksum=False, retry_failed=False)
    assert [entry.path for entry in plan.added] == ["a.txt", "b.txt"]
    plan = plan_changes(entries, manifest_of(entries), Hashes(), checksum=True, retry_failed=False)
    assert [known.path for known in plan.unchanged] == ["a.txt", "b.txt"]
    assert not (plan.added or plan.changed or plan.touched or plan.renamed or plan.deleted)


def test_unchanged_costs_a_stat_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, "a.txt")
    entries = scan(tmp_path)
    manifest = manifest_of(entries)
    monkeypatch.setattr("lmkindex.files.changes.hash_file", lambda path: pytest.fail(f"{path} was hashed"))
    assert len(plan_changes(entries, manifest, Hashes(), checksum=False, retry_failed=False).unchanged) == 1


def test_touched_changed_and_checksum(tmp_path: Path) -> None:
    put(tmp_path, "touched.txt", "changed.txt", "hidden.txt")
    manifest = {name: replace(known, inode=0, ctime_ns=0) for name, known in manifest_of(scan(tmp_path)).items()}  # not kept
    os.utime(tmp_path / "touched.txt", (1, 1))
    put(tmp_path, "changed.txt", content="Other text, longer.\n")
    found = (tmp_path / "hidden.txt").stat()
    put(tmp_path, "hidden.txt", content="Tixt.\n")  # same size
    os.utime(tmp_path / "hidden.txt", ns=(found.st_atime_ns, found.st_mtime_ns))
    plan = plan_changes(scan(tmp_path), manifest, Hashes(), checksum=False, retry_failed=False)
    assert [[entry.path for entry in part] for part in (plan.touched, plan.changed)] == [["touched.txt"], ["changed.txt"]]
    assert [known.path for known in plan.unchanged] == ["hidden.txt"]
    plan = plan_changes(scan(tmp_path), manifest, Hashes(), checksum=True, retry_failed=False)
    assert [entry.path for entry in plan.changed] == ["changed.txt", "hidden.txt"]


def test_renames_are_paired_in_order_and_need_the_same_content(tmp_path: Path) -> None:
    put(tmp_path, "a.txt", "b.txt", content="Twins.\n")
    put(tmp_path, "c.txt", content="Single.\n")
    manifest = manifest_of(scan(tmp_path))
    for name in "abc":
        (tmp_path / f"{name}.txt").unlink()
    put(tmp_path, "z/b.txt", "z/a.txt", "z/copy.txt", content="Twins.\n")
    put(tmp_path, "c2.txt", content="Simple.\n")
    plan = plan_changes(scan(tmp_path), manifest, Hashes(), checksum=False, retry_failed=False)
    assert [(known.path, entry.path) for known, entry in plan.renamed] == [("a.txt", "z/a.txt"), ("b.txt", "z/b.txt")]
    assert [entry.path for entry in plan.added] == ["c2.txt", "z/copy.txt"]
    assert [known.path for known in plan.deleted] == ["c.txt"]


@pytest.mark.parametrize("status", ["failed", "stale"])
def test_failed_files_wait_for_a_new_stat_or_a_retry(tmp_path: Path, status: str) -> None:
    put(tmp_path, "a.txt")
    manifest = manifest_of(scan(tmp_path), status)
    for checksum in (False, True):
        assert len(plan_changes(scan(tmp_path), manifest, Hashes(), checksum=checksum, retry_failed=False).unchanged) == 1
    assert len(plan_changes(scan(tmp_path), manifest, Hashes(), checksum=False, retry_failed=True).changed) == 1
    os.utime(tmp_path / "a.txt", (1, 1))
    assert len(plan_changes(scan(tmp_path), manifest, Hashes(), checksum=False, retry_failed=False).changed) == 1


def test_failed_documents_are_no_rename_source(tmp_path: Path) -> None:
    put(tmp_path, "a.txt")
    manifest = manifest_of(scan(tmp_path), "failed")
    (tmp_path / "a.txt").rename(tmp_path / "b.txt")
    plan = plan_changes(scan(tmp_path), manifest, Hashes(), checksum=False, retry_failed=False)
    assert (len(plan.added), len(plan.deleted), plan.renamed) == (1, 1, ())


def test_files_that_cannot_be_hashed_are_left_to_the_reader(tmp_path: Path) -> None:
    put(tmp_path, "known.txt", "old.txt")
    manifest = manifest_of(scan(tmp_path))
    (tmp_path / "old.txt").rename(tmp_path / "new.txt")
    os.utime(tmp_path / "known.txt", (1, 1))
    entries = scan(tmp_path)
    for entry in entries:
        entry.absolute_path.unlink()
    hashes = Hashes()
    changes = plan_changes(entries, manifest, hashes, checksum=False, retry_failed=False)
    plan = with_moves(changes, find_kept(changes, entries, manifest, hashes, []))
    assert [entry.path for entry in plan.changed] == ["known.txt"]
    assert [(known.path, entry.path) for known, entry in plan.renamed] == [("old.txt", "new.txt")]  # by its size and time
    assert not plan.added and not plan.deleted


def test_what_could_not_be_looked_at_is_not_deleted(tmp_path: Path) -> None:
    put(tmp_path, "a.txt", "dir/b.txt", "dir/sub/c.txt", "dirx/d.txt", "e.txt")
    manifest = manifest_of(scan(tmp_path))
    root = str(tmp_path.resolve())
    failures = [FileFailure(root=root, path=path, reason="cannot be read") for path in ("dir", "e.txt")]
    plan = plan_changes([], manifest, Hashes(), checksum=False, retry_failed=False, failures=failures)
    assert [known.path for known in plan.deleted] == ["a.txt", "dirx/d.txt"]
    assert [known.path for known in plan.unchanged] == ["dir/b.txt", "dir/sub/c.txt", "e.txt"]
    whole = [FileFailure(root=root, path=".", reason="cannot be read")]
    assert plan_changes([], manifest, Hashes(), checksum=False, retry_failed=False, failures=whole).deleted == ()


CONTENTS = st.dictionaries(st.sampled_from("abcdef"), st.sampled_from(["one", "two", "three"]))


@given(before=CONTENTS, after=CONTENTS, checksum=st.booleans())
def test_every_file_and_every_document_is_in_one_place(
    before: dict[str, str], after: dict[str, str], checksum: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    root = tmp_path_factory.mktemp("corpus")
    for name, content in before.items():
        put(root, f"{name}.txt", content=content)
    manifest = manifest_of(scan(root))
    for name in before:
        (root / f"{name}.txt").unlink()
    for number, (name, content) in enumerate(after.items()):
        put(root, f"{name}.txt", content=content)
        os.utime(root / f"{name}.txt", ns=(number, number))  # a new stat, always
    entries = scan(root)
    plan = plan_changes(entries, manifest, Hashes(), checksum=checksum, retry_failed=False)
    places = [entry.path for entry in (*plan.added, *plan.changed, *plan.touched)]
    places += [entry.path for _, entry in plan.renamed] + [known.path for known in plan.unchanged]
    assert sorted(places) == [entry.path for entry in entries]
    kept = {entry.path for entry in (*plan.changed, *plan.touched)} | {known.path for known, _ in plan.renamed}
    assert kept | {known.path for known in plan.deleted} == {known.path for known in manifest.values()}
    for known, entry in plan.renamed:
        assert hash_file(entry.absolute_path) == known.content_hash


# What the stat says beyond size and time


def replaced(path: Path, content: str) -> None:
    """Replace a file by another of the same size and time, as a restored backup or `rsync -t` does."""
    before = path.stat()
    fresh = path.with_name("fresh")
    fresh.write_text(content, "utf-8")
    assert fresh.stat().st_size == before.st_size
    os.utime(fresh, ns=(before.st_atime_ns, before.st_mtime_ns))
    fresh.replace(path)


def plan_of(corpus: Path, manifest: Manifest) -> tuple[list[str], list[str], list[str], int]:
    """The paths that are changed, touched and unchanged, and how many files were hashed."""
    hashed: list[FileEntry] = []

    class CountingHashes(Hashes):
        def of(self, entry: FileEntry) -> str | None:
            hashed.append(entry)
            return super().of(entry)

    plan = plan_changes(scan(corpus), manifest, CountingHashes(), checksum=False, retry_failed=False)
    assert (plan.added, plan.deleted, plan.renamed) == ((), (), ())
    changed, touched, unchanged = ([one.path for one in part] for part in (plan.changed, plan.touched, plan.unchanged))
    return changed, touched, unchanged, len({entry.path for entry in hashed})


@pytest.fixture
def three(tmp_path: Path) -> Path:
    put(tmp_path, "a.txt", "b.txt", "c.txt")
    return tmp_path


def test_a_file_replaced_with_the_same_size_and_time_is_changed(three: Path) -> None:
    manifest = manifest_of(scan(three))
    assert plan_of(three, manifest) == ([], [], ["a.txt", "b.txt", "c.txt"], 0)
    replaced(three / "a.txt", "Next.\n")
    assert plan_of(three, manifest) == (["a.txt"], [], ["b.txt", "c.txt"], 1)


def test_a_file_written_over_in_place_with_the_same_size_and_time_is_changed(three: Path) -> None:
    manifest = manifest_of(scan(three))
    before = (three / "a.txt").stat()
    (three / "a.txt").write_text("Next.\n", "utf-8")
    os.utime(three / "a.txt", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (three / "a.txt").stat().st_ino == before.st_ino
    assert plan_of(three, manifest) == (["a.txt"], [], ["b.txt", "c.txt"], 1)


def test_what_leaves_the_content_costs_a_hash_and_no_more(three: Path) -> None:
    manifest = manifest_of(scan(three))
    (three / "a.txt").chmod(0o600)
    (three / "b.link").hardlink_to(three / "b.txt")
    replaced(three / "c.txt", "Text.\n")
    assert plan_of(three, manifest) == ([], ["a.txt", "b.txt", "c.txt"], [], 3)
    assert plan_of(three, manifest_of(scan(three))) == ([], [], ["a.txt", "b.txt", "c.txt"], 0)  # with the new stat


@pytest.mark.parametrize("unknown", ["stored", "found"])
def test_an_unknown_inode_or_change_time_decides_nothing(three: Path, unknown: str) -> None:
    """Indexes of older versions have neither: the first build after an upgrade hashes nothing."""
    manifest = manifest_of(scan(three))
    nothing = {name: replace(known, inode=0, ctime_ns=0) for name, known in manifest.items()}
    replaced(three / "a.txt", "Next.\n")
    if unknown == "found":
        bare = [replace(entry, inode=0, ctime_ns=0) for entry in scan(three)]
        plan = plan_changes(bare, manifest, Hashes(), checksum=False, retry_failed=False)
        assert len(plan.unchanged) == 3
    else:
        assert plan_of(three, nothing) == ([], [], ["a.txt", "b.txt", "c.txt"], 0)


def test_inodes_that_change_by_themselves_cost_one_hash(three: Path) -> None:
    """As on FAT and on many network disks: each mount gives other numbers, while the times stay."""
    manifest = manifest_of(scan(three))
    remounted = [replace(entry, inode=entry.inode + 1000) for entry in scan(three)]
    plan = plan_changes(remounted, manifest, Hashes(), checksum=False, retry_failed=False)
    assert [(entry.path, entry.inode) for entry in plan.touched] == [("a.txt", 0), ("b.txt", 0), ("c.txt", 0)]
    stored = {entry.name: well_entry(manifest[entry.name], entry) for entry in plan.touched}
    again = [replace(entry, inode=entry.inode + 2000) for entry in scan(three)]
    assert len(plan_changes(again, stored, Hashes(), checksum=False, retry_failed=False).unchanged) == 3
    assert all(known.ctime_ns == manifest[name].ctime_ns for name, known in stored.items())


def test_an_inode_that_changed_with_the_content_is_a_change(three: Path) -> None:
    other = hash_bytes(b"Next.\n")
    manifest = {name: replace(known, ctime_ns=0, inode=1, content_hash=other) for name, known in manifest_of(scan(three)).items()}
    entries = [replace(entry, ctime_ns=0) for entry in scan(three)]
    plan = plan_changes(entries, manifest, Hashes(), checksum=False, retry_failed=False)
    assert [entry.path for entry in plan.changed] == ["a.txt", "b.txt", "c.txt"]


def test_a_failed_file_is_tried_again_when_its_change_time_is_another(three: Path) -> None:
    manifest = manifest_of(scan(three), status="failed")
    assert plan_of(three, manifest) == ([], [], ["a.txt", "b.txt", "c.txt"], 0)
    replaced(three / "a.txt", "Next.\n")  # repaired, as from a backup
    assert plan_of(three, manifest)[0] == ["a.txt"]
    remounted = {name: replace(known, inode=7) for name, known in manifest_of(scan(three), status="failed").items()}
    assert plan_of(three, remounted)[0] == []  # an inode alone would have it tried again every night


def test_a_directory_that_cannot_be_read_hides_documents_stored_in_another_form(tmp_path: Path) -> None:
    put(tmp_path, "cafe\u0301/a.txt", "b.txt")
    manifest = {
        (known.root, unicodedata.normalize("NFD", known.path)): replace(known, path=unicodedata.normalize("NFD", known.path))
        for known in manifest_of(scan(tmp_path)).values()
    }
    entries = [entry for entry in scan(tmp_path) if entry.path == "b.txt"]
    failure = FileFailure(root=str(tmp_path.resolve()), path="caf\u00e9", reason="no")
    plan = plan_changes(entries, manifest, Hashes(), checksum=False, retry_failed=False, failures=[failure])
    assert (plan.deleted, [known.path for known in plan.unchanged]) == ((), ["b.txt", "cafe\u0301/a.txt"])
