"""`head.json` and the write lock: which table versions are the index, and who may write. Knows no rows.

`head.json` is the only mutable name of an index (DESIGN §5). It is written beside itself, fsynced and renamed, so a reader sees the old
head or the new one, and a power cut leaves one of them.
"""

from __future__ import annotations

import errno
import json
import os
import socket
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path

from .errors import IndexUnusableError, LmkindexError, LockedError
from .records import Head
from .storage import fsync_path

FORMAT = 1
HEAD_FILE = "head.json"
LOCK_FILE = "write.lock"
HOLDER_FILE = "write.lock.json"


def read_head(index_path: Path) -> Head | None:
    """The published head, or None when nothing was published here. Raises `IndexUnusableError` when it cannot be understood."""
    try:
        fields = json.loads((index_path / HEAD_FILE).read_text(encoding="utf-8"))
        found = fields["format"]
        if found != FORMAT:
            raise IndexUnusableError(
                f"The index at {index_path} has format {found}; this version of lmkindex reads format {FORMAT}. Update lmkindex, or build "
                "into another directory with --index."
            )
        return Head(**(fields | {"roots": tuple(fields["roots"]), "tables": dict(fields["tables"])}))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise IndexUnusableError(
            f"{index_path / HEAD_FILE} is damaged ({error}). Restore it from a backup, or move {index_path} away and run `lmkindex build`."
        ) from error


def require_head(index_path: Path) -> Head:
    """The published head; raises `IndexUnusableError` when there is none."""
    head = read_head(index_path)
    if head is None:
        raise IndexUnusableError(f"There is no index at {index_path}. Run `lmkindex build CORPUS --index {index_path}` first.")
    return head


def write_head(index_path: Path, head: Head) -> None:
    """Publish `head`: write beside, fsync, rename, fsync the directory."""
    fields = asdict(head)
    staging = index_path / f"{HEAD_FILE}.tmp"
    with staging.open("w", encoding="utf-8") as file:
        json.dump({"format": fields.pop("format")} | fields, file, indent=2, sort_keys=False)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())
    staging.replace(index_path / HEAD_FILE)
    fsync_path(index_path)


def require_hard_links(index_path: Path) -> None:
    """LanceDB commits by a hard link, which fails when the name is taken. Raises `LmkindexError` where the file system has none."""
    probe_path, link_path = index_path / f"{LOCK_FILE}.probe", index_path / f"{LOCK_FILE}.link"
    try:
        link_path.unlink(missing_ok=True)
        probe_path.touch()
        link_path.hardlink_to(probe_path)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise
        raise LmkindexError(
            f"The file system of {index_path} has no hard links ({error.strerror}), which LanceDB needs to write safely. Choose a "
            "directory on another one with --index, such as a local disk."
        ) from error
    finally:
        for path in (probe_path, link_path):
            path.unlink(missing_ok=True)


@contextmanager
def write_lock(index_path: Path, *, wait: bool) -> Iterator[None]:
    """Hold the index's write lock: a kernel lock, freed by the kernel when this process dies. Raises `LockedError` naming the holder."""
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
