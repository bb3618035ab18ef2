"""Files and folders that are written completely or not at all, whatever stops the writer. Knows nothing of their
contents."""

from __future__ import annotations

import io
import json
import os
import shutil
from pathlib import Path
from typing import Any

from .errors import UsageError
from .records import JsonObject


def write_whole(target: Path, data: bytes) -> None:
    """Write a temporary file next to `target` and rename it, so that a reader sees the old file or the new one."""
    target.parent.mkdir(parents=True, exist_ok=True)
    staging = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        staging.write_bytes(data)
        staging.replace(target)
    finally:
        staging.unlink(missing_ok=True)


def write_json(target: Path, value: JsonObject) -> None:
    """Write a JSON object that people can read."""
    write_whole(target, (json.dumps(value, indent=1, allow_nan=False) + "\n").encode("ascii"))


def write_arrays(target: Path, *, compressed: bool, **arrays: Any) -> None:
    """Write arrays by name, as numpy's `.npz`."""
    import numpy as np

    data = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(data, **arrays)
    write_whole(target, data.getvalue())


def check_writable(folder: Path, flag: str) -> None:
    """Raise a `UsageError` that names the flag unless files can be written in `folder`, which is created if missing."""
    try:
        write_whole(folder / ".lmkindex-probe", b"")
        (folder / ".lmkindex-probe").unlink(missing_ok=True)
    except OSError as error:
        raise UsageError(f"{flag} {folder}: cannot write there ({error.strerror}). Name another folder.") from error


def publish_folder(staging: Path, target: Path) -> Path:
    """Move a finished folder to its final name. If another process was first, its folder stays and ours is deleted."""
    old = target.with_name(f"{target.name}.{os.getpid()}.old")
    if target.exists():
        target.rename(old)
    try:
        staging.rename(target)
    except OSError:
        shutil.rmtree(staging, ignore_errors=True)
    shutil.rmtree(old, ignore_errors=True)
    return target


def fsync_path(path: Path) -> None:
    """Flush a file or directory to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
