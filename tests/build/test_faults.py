"""Whatever happens to the disk during a build ends in a clear error and leaves the old index unchanged (issue 5:
nothing lost, ever).

Each fault hits a build that would change a document. Then the index must be searchable and unchanged, and without the
fault the same build must give the same result as a clean build.
"""

from __future__ import annotations

import errno
import json
import os
import platform
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
import tiny

from lmkindex.build import build_index
from lmkindex.config import BuildOptions, SearchOptions
from lmkindex.encoder import FakeEncoder
from lmkindex.errors import IndexUnusableError, LmkindexError
from lmkindex.index import HEAD_FILE, IndexReader, read_head
from lmkindex.index.tables import MANIFESTS, TABLES, connect, manifest_version
from lmkindex.search import Searcher
from lmkindex_cli.main import error_message, exit_code_of


class Place:
    """An index of three documents, and a corpus that has changed since."""

    def __init__(self, folder: Path, index_path: Path) -> None:
        self.corpus, self.index_path, self.folder = folder / "corpus", index_path, folder
        self.corpus.mkdir()
        for number in range(3):
            (self.corpus / f"{number}.txt").write_text(tiny.prose(number, 20))
        self.build()
        self.before, self.head = tiny.all_landmarks(index_path), (index_path / HEAD_FILE).read_bytes()
        (self.corpus / "0.txt").write_text(tiny.prose(10, 25))
        (self.corpus / "1.txt").unlink()

    def build(self, *, rebuild: bool = False) -> None:
        build_index(str(self.index_path), [self.corpus], BuildOptions(max_delete=1.0, rebuild=rebuild), encoder=FakeEncoder())

    def fails(self, kind: type[Exception], message: str, *, code: int = 1, rebuild: bool = False) -> None:
        """Check that a build fails with this error, and with the exit code and message of the command line."""
        with pytest.raises(kind) as caught:
            self.build(rebuild=rebuild)
        assert message in error_message(caught.value)
        assert exit_code_of(caught.value) == code

    def is_intact(self) -> None:
        """Check that the old state is there, with a byte-identical head, and can be searched."""
        assert (self.index_path / HEAD_FILE).read_bytes() == self.head
        assert tiny.all_landmarks(self.index_path) == self.before
        [found] = Searcher(IndexReader(self.index_path), FakeEncoder()).search([self.before[0][5]], [SearchOptions()])
        assert found.spans

    def is_mended(self, *, rebuild: bool = False) -> None:
        """Check that the failed build, run again, gives the same result as a clean build."""
        self.build(rebuild=rebuild)
        clean_path = self.folder / "clean"
        build_index(str(clean_path), [self.corpus], BuildOptions(), encoder=FakeEncoder())
        assert tiny.all_landmarks(self.index_path) == tiny.all_landmarks(clean_path)

    def manifest_of(self, name: str, version: int) -> Path:
        folder = self.index_path / f"{name}.lance" / MANIFESTS
        return next(path for path in folder.iterdir() if manifest_version(path) == version)

    def data_files(self, name: str) -> list[Path]:
        return sorted((self.index_path / f"{name}.lance" / "data").iterdir())


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path, tmp_path / "index")


@contextmanager
def mounted(target: Path, *words: str) -> Iterator[None]:
    """A mount for the duration of a test; the test is skipped if mounting is not allowed."""
    target.mkdir(exist_ok=True)
    try:
        subprocess.run(["mount", *words, str(target)], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("mounting is not allowed here")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(target)], check=True)


# ---- the disk


def test_a_full_disk(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    with mounted(disk, "-t", "tmpfs", "-o", "size=16m", "tmpfs"):
        place = Place(tmp_path, disk / "index")
        filler = disk / "filler"
        with pytest.raises(OSError, match="No space"), filler.open("wb") as file:
            while True:
                file.write(bytes(1 << 12))
        place.fails(Exception, "The disk is full. Nothing published is lost")
        place.is_intact()
        with filler.open("r+b") as file:
            file.truncate(filler.stat().st_size - (1 << 15))  # space for the first files, not for all
        place.fails(Exception, "The disk is full. Nothing published is lost")
        place.is_intact()
        filler.unlink()
        place.is_mended()


@pytest.mark.parametrize("at", [1, 12, -1])
def test_a_disk_that_fails_to_flush(place: Place, monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    """Flushing fails at some file, or (-1) at the new head itself."""
    fsync, num_calls = os.fsync, 0

    def failing(descriptor: int) -> None:
        nonlocal num_calls
        num_calls += 1
        if num_calls == at or (at < 0 and Path(f"/proc/self/fd/{descriptor}").readlink().name == f"{HEAD_FILE}.tmp"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        fsync(descriptor)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", failing)
        place.fails(OSError, "The disk is full.")
    place.is_intact()
    place.is_mended()


def run_script(place: Place, name: str, limit: Callable[[], None] | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(tiny.SUPPORT_PATH / name), str(place.index_path), str(place.corpus), "fake:0"]
    environment = os.environ | {"PYTHONPATH": tiny.PYTHONPATH}
    return subprocess.run(command, capture_output=True, text=True, env=environment, preexec_fn=limit, check=False)


def test_a_quota_that_is_exceeded(place: Place) -> None:
    """A limit on file sizes makes LanceDB's writes fail halfway."""
    done = run_script(place, "build_script.py", lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000)))
    assert done.returncode != 0
    assert "File too large" in done.stderr
    place.is_intact()
    place.is_mended()


def test_an_index_that_is_read_only(place: Place) -> None:
    with mounted(place.index_path, "--bind", "-o", "ro", str(place.index_path)):
        subprocess.run(["mount", "-o", "remount,ro,bind", str(place.index_path)], check=True, capture_output=True)
        place.fails(LmkindexError, "Read-only file system. Choose a writable directory with --index.")
        place.is_intact()  # and readers need no lock
    place.is_mended()


@pytest.mark.skipif(platform.machine() != "x86_64" or sys.platform != "linux", reason="the filter knows the calls of x86_64")
def test_a_file_system_without_hard_links(place: Place) -> None:
    done = run_script(place, "no_links.py")
    if "seccomp" in done.stderr:
        pytest.skip("seccomp is not available")
    assert done.returncode == 1
    assert "does not support hard links" in done.stderr and "--index" in done.stderr and "Traceback" not in done.stderr
    place.is_intact()
    place.is_mended()


# ---- what is on the disk


HEADS = {
    "newer": b'{"format": 3, "shards": []}',
    "empty": b"",
    "garbage": bytes(range(256)),
    "cut": b'{"format": 1, "tables": {"docu',
}


@pytest.mark.parametrize("name", HEADS)
def test_a_head_that_cannot_be_understood(place: Place, name: str) -> None:
    (place.index_path / HEAD_FILE).write_bytes(HEADS[name])
    files = contents(place.index_path)
    message = "format 3; this version of lmkindex reads the formats 1 and 2. Update lmkindex" if name == "newer" else "head.json is damaged"
    for rebuild in (False, True):
        place.fails(IndexUnusableError, message, code=6, rebuild=rebuild)
    with pytest.raises(IndexUnusableError):
        IndexReader(place.index_path)
    assert contents(place.index_path) == files
    (place.index_path / HEAD_FILE).write_bytes(place.head)  # as from a backup
    place.is_intact()
    place.is_mended()


def contents(path: Path) -> dict[Path, bytes]:
    return {file: file.read_bytes() for file in sorted(path.rglob("*")) if file.is_file() and not file.name.startswith("write.lock")}


@pytest.mark.parametrize("what", ["cut data", "garbage data", "no data", "no manifest", "garbage manifest", "no table"])
@pytest.mark.parametrize("name", TABLES)
def test_a_damaged_table(place: Place, name: str, what: str) -> None:
    """A build reports the damage and changes nothing; `--rebuild` repairs it."""
    head = read_head(place.index_path)
    assert head is not None
    manifest_path = place.manifest_of(name, head.tables[name])
    for path in [manifest_path] if "manifest" in what else place.data_files(name) if "data" in what else []:
        if "cut" in what:
            path.write_bytes(path.read_bytes()[:-40])
        elif "garbage" in what:
            path.write_bytes(os.urandom(path.stat().st_size))
        else:
            path.unlink()
    if what == "no table":
        shutil.rmtree(place.index_path / f"{name}.lance")
    place.fails(Exception, "", code=6)
    assert (place.index_path / HEAD_FILE).read_bytes() == place.head
    place.is_mended(rebuild=True)


@pytest.mark.parametrize("beyond", [1, 2, 3])  # the names of the versions in between may be lost
@pytest.mark.parametrize("data", [b"", b"\xf5\0\0\0", bytes(900), b"garbage" * 100])
def test_a_half_written_manifest_that_nobody_published(place: Place, data: bytes, beyond: int) -> None:
    """What a power cut leaves of an unfinished commit: readers do not see it, and the next build continues."""
    head = read_head(place.index_path)
    assert head is not None
    for name in TABLES:
        published_path = place.manifest_of(name, head.tables[name])
        published_path.with_name(f"{int(published_path.stem) - beyond:020d}.manifest").write_bytes(data)
    place.is_intact()
    place.is_mended()


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("beyond", [2, 3, 4, 5])
def test_zeros_beyond_a_whole_commit_that_nobody_published(place: Place, name: str, beyond: int) -> None:
    """LanceDB's hint of the newest version is as old as the head, and the zeros are not a version that follows the
    whole commit."""
    head = read_head(place.index_path)
    assert head is not None
    published_path = place.manifest_of(name, head.tables[name])
    hint_path = published_path.with_name("latest_version_hint.json")
    hint = hint_path.read_bytes()
    connect(place.index_path).open_table(name).delete("doc_id != ''")
    hint_path.write_bytes(hint)
    published_path.with_name(f"{int(published_path.stem) - beyond:020d}.manifest").write_bytes(bytes(900))
    place.is_intact()
    place.is_mended()


def test_half_written_tables_of_a_first_build_are_replaced(place: Place) -> None:
    (place.index_path / HEAD_FILE).unlink()
    for name in TABLES:
        newest_path = min(path for path in (place.index_path / f"{name}.lance" / MANIFESTS).iterdir() if path.suffix == ".manifest")
        newest_path.write_bytes(bytes(newest_path.stat().st_size))
    place.is_mended()


@pytest.mark.parametrize("name", TABLES)
def test_the_database_of_another_program_is_left_alone(place: Place, name: str) -> None:
    database_path = place.folder / "other"
    table = connect(database_path).create_table(name, [{"doc_id": "7", "title": "mine"}])
    with pytest.raises(IndexUnusableError, match=r"did not make the LanceDB table .*\.lance\. Choose another directory"):
        build_index(str(database_path), [place.corpus], BuildOptions(), encoder=FakeEncoder())
    assert table.to_arrow().to_pylist() == [{"doc_id": "7", "title": "mine"}]


WITHOUT_OVERRIDE = ("setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all")  # root can read everything


@pytest.mark.skipif(os.geteuid() == 0 and shutil.which("setpriv") is None, reason="root needs setpriv to be refused")
def test_a_rebuild_throws_nothing_away_that_only_cannot_be_read_now(place: Place) -> None:
    table_path = place.index_path / "landmarks.lance"
    words = ["build", str(place.corpus), "--index", str(place.index_path), "--rebuild", "--max-delete", "100%"]
    table_path.chmod(0)
    try:
        done = run_program(place, 0, *words, prefix=WITHOUT_OVERRIDE if os.geteuid() == 0 else ())
    finally:
        table_path.chmod(0o755)
    assert done.returncode == 1 and "landmarks.lance: Permission denied. Nothing was changed" in done.stderr
    place.is_intact()


def test_tables_behind_a_link_are_replaced_too(place: Place) -> None:
    (place.index_path / "documents.lance").rename(place.folder / "elsewhere")
    (place.index_path / "documents.lance").symlink_to(place.folder / "elsewhere")
    test_half_written_tables_of_a_first_build_are_replaced(place)


def test_what_a_killed_writer_left_is_removed_a_week_later(place: Place) -> None:
    left_path = place.index_path / "landmarks.lance" / "data" / "0123456789abcdef.lance"
    shutil.copy(place.data_files("landmarks")[0], left_path)
    place.build()
    assert left_path.exists()  # a reader may still need files younger than a week
    os.utime(left_path, (0, 0))
    (place.corpus / "0.txt").write_text(tiny.prose(11, 25))
    place.is_mended()
    assert not left_path.exists()


# ---- being stopped


def run_program(place: Place, signal_number: int, *words: str, prefix: Sequence[str] = ()) -> subprocess.CompletedProcess[str]:
    command = [*prefix, sys.executable, str(tiny.SUPPORT_PATH / "stopped_script.py"), str(signal_number), *words]
    environment = os.environ | {"PYTHONPATH": tiny.PYTHONPATH}
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_saves_what_is_finished_and_the_next_run_goes_on(place: Place, number: signal.Signals, code: int) -> None:
    for name in "abc":
        (place.corpus / f"{name}.txt").write_text(tiny.prose(ord(name), 60))
    words = ["build", str(place.corpus), "--index", str(place.index_path), "--max-delete", "100%", "--json"]
    done = run_program(place, number, *words)
    assert (done.returncode, done.stdout) == (code, "")
    assert "finished documents are saved. Run the same command to continue." in done.stderr
    saved = {row[1] for row in tiny.all_landmarks(place.index_path)}
    assert "0.txt" in saved and "c.txt" not in saved and "1.txt" not in saved
    place.is_mended()


def test_a_time_budget_ends_with_0_and_says_that_it_is_incomplete(place: Place) -> None:
    for name in "abc":
        (place.corpus / f"{name}.txt").write_text(tiny.prose(ord(name), 60))
    words = ["build", str(place.corpus), "--index", str(place.index_path), "--max-delete", "100%", "--json"]
    done = run_program(place, 0, *words, "--time-budget", "0.01s")
    assert (done.returncode, json.loads(done.stdout)["incomplete"]) == (0, True)
    done = run_program(place, 0, *words)
    assert (done.returncode, "incomplete" in json.loads(done.stdout)) == (0, False)
    place.is_mended()
