"""A root as the user writes it -> the directory or file on the disk, and what a name on the disk is as text.

Disks write `é` as one character (NFC, as Linux programs do) or as two (NFD, as macOS does), and hold bytes that are not
UTF-8. Knows no documents.
"""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path

from ..errors import UsageError


def resolve_root(root: Path) -> Path:
    """The real path of a root, in the form that the disk has. Raises `UsageError` if it does not exist."""
    try:
        real = find_on_disk(root).resolve(strict=True)
        str(real).encode("utf-8")
    except (OSError, RuntimeError) as error:
        raise UsageError(f"{root} does not exist or cannot be reached: give directories or files that exist.") from error
    except UnicodeEncodeError as error:
        raise UsageError(f"The name of {decoded_name(str(root))} is not valid UTF-8: rename it.") from error
    return real


def find_on_disk(path: Path) -> Path:
    """`path` with each part in the form that the disk has, also where the disk takes any form for it (macOS)."""
    found = Path(path.anchor)
    for part in path.parts[1 if path.anchor else 0 :]:
        found = found / (part if part.isascii() else form_in(found, part))
    return found


def form_in(directory: Path, name: str) -> str:
    """The name in `directory` that has the same NFC form as `name`; `name` itself if it is there, or none is."""
    try:
        names = sorted(child.name for child in directory.iterdir())
    except OSError:  # searchable, but not readable
        return name
    return name if name in names else next((other for other in names if nfc(other) == nfc(name)), name)


def nfc(text: str) -> str:
    """`text` in NFC: characters with their accents composed."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def decoded_name(path: str) -> str:
    """A path with the bytes that are not UTF-8 written as `\\xNN`."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def is_utf8(path: str) -> bool:
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
