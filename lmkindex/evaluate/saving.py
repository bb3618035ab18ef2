"""Files of an evaluation: written whole or not at all. Knows nothing of what is in them."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import UsageError
from ..records import JsonObject


def write_whole(target: Path, data: bytes) -> None:
    """Write a file beside itself and rename it, so that a reader sees the old one or the new one."""
    target.parent.mkdir(parents=True, exist_ok=True)
    staging = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        staging.write_bytes(data)
        staging.replace(target)
    finally:
        staging.unlink(missing_ok=True)


def write_json(target: Path, value: JsonObject) -> None:
    """A JSON object that people can read."""
    write_whole(target, (json.dumps(value, indent=1, allow_nan=False) + "\n").encode("ascii"))


def write_arrays(target: Path, *, compressed: bool, **arrays: Any) -> None:
    """Arrays by name, as numpy's `.npz`."""
    data = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(data, **arrays)
    write_whole(target, data.getvalue())


def check_writable(folder: Path, flag: str) -> None:
    """Raise `UsageError` that names the flag unless files can be written in `folder`, which is made if missing."""
    try:
        write_whole(folder / ".lmkindex-probe", b"")
        (folder / ".lmkindex-probe").unlink(missing_ok=True)
    except OSError as error:
        raise UsageError(f"{flag} {folder}: nothing can be written there ({error.strerror}). Name another folder.") from error
