"""The hash of an encoder's files is computed once, and again only when one of them may have changed."""

from __future__ import annotations

import json
import os
import time
from hashlib import blake2b
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import Mock

import pytest

from lmkindex.encoder import fingerprint
from lmkindex.encoder.folder import fingerprint_of

WEIGHTS = b"weights " * 1000


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Files to fingerprint, and an empty cache."""
    monkeypatch.setenv("LMKINDEX_CACHE", str(tmp_path / "cache"))
    (tmp_path / "encoder").mkdir()
    for name, data in (("config.json", b"{}"), ("model.safetensors", WEIGHTS), ("README.md", b"Not covered.")):
        (tmp_path / "encoder" / name).write_bytes(data)
    return tmp_path / "encoder"


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Allow caching for files of any age."""
    monkeypatch.setattr(fingerprint, "SETTLED_NS", 0)


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> Mock:
    """Counts how often files were hashed."""
    counting = Mock(wraps=fingerprint.hash_files)
    monkeypatch.setattr(fingerprint, "hash_files", counting)
    return counting


def cache_path(folder: Path) -> Path:
    return folder.parent / "cache" / fingerprint.CACHE_FILE


def test_the_value_is_what_it_always_was(folder: Path, settled: None) -> None:
    digest = blake2b(digest_size=16)
    for name, data in (("config.json", b"{}"), ("model.safetensors", WEIGHTS)):
        digest.update(f"{name}\0{len(data)}\0".encode() + data)
    assert fingerprint_of(folder) == fingerprint_of(folder) == digest.hexdigest()


def test_files_are_hashed_once(folder: Path, settled: None, hashed: Mock) -> None:
    assert fingerprint_of(folder) == fingerprint_of(folder)
    assert hashed.call_count == 1
    (folder / "README.md").write_text("Still not covered.")
    fingerprint_of(folder)
    assert hashed.call_count == 1


def test_other_weights_of_the_same_size_and_time_are_seen(folder: Path, settled: None, hashed: Mock) -> None:
    before, stat = fingerprint_of(folder), (folder / "model.safetensors").stat()
    time.sleep(0.05)
    (folder / "model.safetensors").write_bytes(WEIGHTS[::-1])
    os.utime(folder / "model.safetensors", ns=(stat.st_atime_ns, stat.st_mtime_ns))
    after = (folder / "model.safetensors").stat()
    assert (after.st_size, after.st_mtime_ns, after.st_ino) == (stat.st_size, stat.st_mtime_ns, stat.st_ino)
    assert fingerprint_of(folder) != before
    assert hashed.call_count == 2


@pytest.mark.parametrize("change", ["replaced", "added", "removed", "moved"])
def test_other_files_are_seen(folder: Path, settled: None, hashed: Mock, change: str) -> None:
    before = fingerprint_of(folder)
    time.sleep(0.05)
    if change == "replaced":
        (folder.parent / "new").write_bytes(WEIGHTS)
        (folder.parent / "new").replace(folder / "model.safetensors")
    elif change == "added":
        (folder / "vocab.txt").write_text("word")
    elif change == "removed":
        (folder / "model.safetensors").unlink()
    else:
        folder = folder.rename(folder.parent / "moved")
    assert (fingerprint_of(folder) == before) == (change in ("replaced", "moved"))
    assert hashed.call_count == 2


def test_files_that_were_written_just_now_are_not_trusted(folder: Path, hashed: Mock, monkeypatch: pytest.MonkeyPatch) -> None:
    assert fingerprint_of(folder) == fingerprint_of(folder)
    assert hashed.call_count == 2 and not cache_path(folder).exists()
    newest_ns = max((folder / name).stat().st_ctime_ns for name in ("config.json", "model.safetensors"))
    monkeypatch.setattr(fingerprint, "time", SimpleNamespace(time_ns=lambda: newest_ns + 1_999_999_999))
    fingerprint_of(folder)
    assert not cache_path(folder).exists()
    monkeypatch.setattr(fingerprint, "time", SimpleNamespace(time_ns=lambda: newest_ns + 2_000_000_000))
    fingerprint_of(folder)
    fingerprint_of(folder)
    assert hashed.call_count == 4


def test_a_file_that_changes_while_it_is_hashed_is_not_kept(folder: Path, settled: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def write_meanwhile(folder: Path, names: list[str], replaced: dict[str, bytes]) -> str:
        found = hash_files(folder, names, replaced)
        time.sleep(0.05)
        (folder / "model.safetensors").write_bytes(WEIGHTS[::-1])
        return found

    hash_files = fingerprint.hash_files
    monkeypatch.setattr(fingerprint, "hash_files", write_meanwhile)
    before = fingerprint_of(folder)
    monkeypatch.setattr(fingerprint, "hash_files", hash_files)
    assert fingerprint_of(folder) != before


@pytest.mark.parametrize("content", ["", "{", "[]", "null", "\x00\xff", '{"%s": 5}', '{"%s": {"files": []}}', '{"%s": NaN, "x\\u0000": 1}'])
def test_a_broken_cache_is_not_used(folder: Path, settled: None, hashed: Mock, content: str) -> None:
    cache_path(folder).parent.mkdir()
    cache_path(folder).write_bytes(content.replace("%s", str(folder)).encode("latin-1"))
    assert fingerprint_of(folder) == fingerprint_of(folder)
    assert hashed.call_count == 1


def test_a_cache_that_cannot_be_written_is_not_used(folder: Path, settled: None, hashed: Mock) -> None:
    cache_path(folder).parent.write_text("a file where the cache's folder should be")
    assert fingerprint_of(folder) == fingerprint_of(folder)
    assert hashed.call_count == 2


def test_folders_that_are_gone_are_forgotten(folder: Path, settled: None) -> None:
    others = [folder.with_name(name) for name in ("stays", "goes")]
    for other in others:
        other.mkdir()
        (other / "config.json").write_text("{}")
        fingerprint_of(other)
    (others[1] / "config.json").unlink()
    others[1].rmdir()
    fingerprint_of(folder)
    assert sorted(json.loads(cache_path(folder).read_text())) == sorted(map(str, (folder, others[0])))
