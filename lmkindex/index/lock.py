"""The write lock of an index: who may write. A kernel lock, freed by the kernel when its process dies. Knows no
tables."""

from __future__ import annotations

import errno
import json
import os
import socket
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from ..errors import LmkindexError, LockedError

LOCK_FILE = "write.lock"
HOLDER_FILE = "write.lock.json"


def require_hard_links(index_path: Path) -> None:
    """Check for hard links: LanceDB commits by making one, which fails if the name is taken. Raises `LmkindexError` if
    the file system has no hard links."""
    probe_path, link_path = index_path / f"{LOCK_FILE}.probe", index_path / f"{LOCK_FILE}.link"
    try:
        link_path.unlink(missing_ok=True)
        probe_path.touch()
        link_path.hardlink_to(probe_path)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise
        raise LmkindexError(
            f"The file system of {index_path} does not support hard links ({error.strerror}), which LanceDB needs to write safely. Choose "
            "a directory on another file system with --index, such as a local disk."
        ) from error
    finally:
        for path in (probe_path, link_path):
            path.unlink(missing_ok=True)


@contextmanager
def write_lock(index_path: Path, *, wait: bool) -> Iterator[None]:
    """Hold the index's write lock: a kernel lock, freed by the kernel when this process dies. Raises `LockedError`
    naming the holder."""
    from filelock import FileLock, Timeout

    try:
        index_path.mkdir(parents=True, exist_ok=True)
        lock = FileLock(index_path / LOCK_FILE, timeout=-1 if wait else 0)
        lock.acquire()
    except Timeout as error:
        raise LockedError(
            f"The index at {index_path} is being written by {describe_holder(index_path)}. Wait for it, or use --wait."
        ) from error
    except OSError as error:
        raise LmkindexError(f"Cannot write to {index_path}: {error.strerror}. Choose a writable directory with --index.") from error
    try:
        holder = {"pid": os.getpid(), "host": socket.gethostname(), "started": time.strftime("%Y-%m-%dT%H:%M:%S%z"), "command": sys.argv}
        (index_path / HOLDER_FILE).write_text(json.dumps(holder) + "\n", encoding="utf-8", errors="backslashreplace")
        yield
    finally:
        with suppress(OSError):
            (index_path / HOLDER_FILE).unlink(missing_ok=True)
        lock.release()


def describe_holder(index_path: Path) -> str:
    """Who holds the lock, in words."""
    try:
        holder: Mapping[str, object] = json.loads((index_path / HOLDER_FILE).read_text(encoding="utf-8"))
        command = holder["command"]
        words = " ".join(str(word) for word in command) if isinstance(command, list) else str(command)
        return f"process {holder['pid']} on {holder['host']} since {holder['started']} ({words})"
    except (OSError, ValueError, KeyError):
        return "another process"
