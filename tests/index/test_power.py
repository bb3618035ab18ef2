"""A power cut at any moment of a build leaves the old published state or the new one, and the next build goes on from
there (format.md, "How a build writes").

A `Disk` records what the build made durable: contents of files at their fsync, names in directories at theirs. At each
of these moments it can make what a disk may hold after a power cut: files that were not flushed are cut short, zeroed
or whole, names that were not flushed are there or not, deleted ones are back or not.
"""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import tiny

from lmkindex.build import build_index
from lmkindex.config import BuildOptions
from lmkindex.encoder import FakeEncoder
from lmkindex.index import HEAD_FILE, IndexWriter, maintenance

pytestmark = pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="needs /proc to name the file that is flushed")
CHECKED_SHARE = 0.3  # of the moments
REPAIRED_SHARE = 0.08


class Disk:
    """Invariant: `contents` holds (size, mtime) of every inode at its last fsync, `names` the entries of every
    directory at its last."""

    def __init__(self, root: Path, shadow: Path, generator: random.Random) -> None:
        self.root, self.shadow, self.generator = root, shadow, generator
        self.contents: dict[int, tuple[int, int]] = {}
        self.names: dict[Path, dict[str, int]] = {}
        self.moment: Callable[[], None] = lambda: None
        shadow.mkdir()

    def watch(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Record every fsync and rename by this process."""
        fsync, replace = os.fsync, os.replace

        def recorded_fsync(descriptor: int) -> None:
            fsync(descriptor)
            self.record(Path(f"/proc/self/fd/{descriptor}").readlink(), os.fstat(descriptor))
            self.moment()

        def recorded_replace(source: Any, target: Any) -> None:
            replace(source, target)
            self.moment()

        monkeypatch.setattr(os, "fsync", recorded_fsync)
        monkeypatch.setattr(os, "replace", recorded_replace)

    def record(self, path: Path, found: os.stat_result) -> None:
        if not path.is_relative_to(self.root):
            return
        if not path.is_dir():
            self.contents[found.st_ino] = (found.st_size, found.st_mtime_ns)
            return
        self.names[path] = {entry.name: entry.inode() for entry in os.scandir(path)}
        for name, inode in self.names[path].items():
            if (path / name).is_file() and not (self.shadow / str(inode)).exists():
                os.link(path / name, self.shadow / str(inode))  # what is deleted later may come back

    def after_power_cut(self, target: Path) -> Path:
        """A copy of what may be on disk when the power is back."""
        self.copy_directory(self.root, target)
        return target

    def copy_directory(self, path: Path, target: Path) -> None:
        target.mkdir(parents=True)
        now = {entry.name: entry.inode() for entry in os.scandir(path)} if path.is_dir() else {}
        durable = self.names.get(path, {})
        for name in sorted(now.keys() | durable.keys()):
            inode = now.get(name) if now.get(name) == durable.get(name) else self.generator.choice([now.get(name), durable.get(name)])
            if (path / name).is_dir() or path / name in self.names:
                if inode is not None:
                    self.copy_directory(path / name, target / name)
            elif inode is not None:
                self.copy_file(path / name if inode == now.get(name) else self.shadow / str(inode), target / name)

    def copy_file(self, path: Path, target: Path) -> None:
        found, data = path.stat(), path.read_bytes()
        if self.contents.get(found.st_ino) != (found.st_size, found.st_mtime_ns):
            cut = data[: self.generator.randint(0, max(len(data) - 1, 0))]
            data = self.generator.choice([cut, cut, bytes(len(data)), data])
        target.write_bytes(data)


class Inspector:
    """Looks at power cuts while a build runs: each must show a state that was published, exactly."""

    def __init__(self, disk: Disk, index_path: Path, corpus: Path, folder: Path) -> None:
        self.disk, self.index_path, self.corpus, self.folder = disk, index_path, corpus, folder
        self.published: dict[bytes | None, Any] = {None: []}  # what an index with this head holds
        self.num_cuts = self.num_repaired = 0
        self.wrong: list[str] = []
        self.is_looking = False

    def look(self) -> None:
        """Called at each moment. The inspector's own builds cause moments too; these do not count."""
        if self.is_looking:
            return
        self.is_looking = True
        try:
            head = head_of(self.index_path)
            if head not in self.published:
                self.published[head] = tiny.all_landmarks(self.index_path)
            if self.disk.generator.random() < CHECKED_SHARE:
                self.check(self.disk.after_power_cut(self.folder / f"cut{self.num_cuts}"))
                self.num_cuts += 1
        finally:
            self.is_looking = False

    def check(self, cut_path: Path) -> None:
        head = head_of(cut_path)
        if head not in self.published:
            return self.wrong.append(f"cut {self.num_cuts}: the head is none that was published: {head!r}")
        try:
            found = tiny.all_landmarks(cut_path) if head is not None else []
        except Exception as error:  # whatever LanceDB raises
            return self.wrong.append(f"cut {self.num_cuts}: cannot be read: {error}")
        if found != self.published[head]:
            return self.wrong.append(f"cut {self.num_cuts}: holds {len(found)} landmarks, not the {len(self.published[head])} of its head")
        if self.disk.generator.random() < REPAIRED_SHARE:
            self.num_repaired += 1
            build_index(str(cut_path), [self.corpus], BuildOptions(max_delete=1.0), encoder=FakeEncoder())
            clean_path = self.folder / f"clean{self.num_cuts}"
            build_index(str(clean_path), [self.corpus], BuildOptions(), encoder=FakeEncoder())
            if tiny.all_landmarks(cut_path) != tiny.all_landmarks(clean_path):
                self.wrong.append(f"cut {self.num_cuts}: the next build did not repair it")
        shutil.rmtree(cut_path)
        return None


def head_of(index_path: Path) -> bytes | None:
    return (index_path / HEAD_FILE).read_bytes() if (index_path / HEAD_FILE).exists() else None


def builds_with_power_cuts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int) -> Inspector:
    """A first build, one that changes, renames and deletes, one that rebuilds; with maintenance and pruning."""
    monkeypatch.setattr(maintenance, "KEEP_VERSIONS", timedelta(0))
    generator = random.Random(seed)
    corpus, index_path = tmp_path / "corpus", tmp_path / "index"
    corpus.mkdir()
    index_path.mkdir()
    disk = Disk(index_path, tmp_path / "shadow", generator)
    inspector = Inspector(disk, index_path, corpus, tmp_path / "cuts")
    disk.moment = inspector.look
    disk.watch(monkeypatch)
    for number in range(6):
        (corpus / f"{number}.txt").write_text(tiny.prose(number, 30))
    for rebuild in (False, False, True):
        build_index(str(index_path), [corpus], BuildOptions(commit_rows=70, rebuild=rebuild), encoder=FakeEncoder())
        (corpus / "0.txt").write_text(tiny.prose(generator.randrange(100), 20))
        (corpus / "1.txt").rename(corpus / "1a.txt") if (corpus / "1.txt").exists() else None
        (corpus / "2.txt").unlink(missing_ok=True)
    return inspector


def test_a_power_cut_at_any_moment_leaves_a_published_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seed = random.SystemRandom().randrange(10**6)
    print(f"seed {seed}")  # pytest shows it when the test fails
    inspector = builds_with_power_cuts(tmp_path, monkeypatch, seed)
    assert inspector.wrong == []
    assert inspector.num_cuts > 20 and inspector.num_repaired > 0 and len(inspector.published) > 5


def test_the_power_cuts_would_find_what_is_not_flushed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: a writer that publishes without flushing loses data."""
    monkeypatch.setattr(IndexWriter, "sync", lambda self: None)
    assert builds_with_power_cuts(tmp_path, monkeypatch, 1).wrong
