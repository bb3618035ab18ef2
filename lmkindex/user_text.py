"""Text files that people write for us (settings, recipes, questions): UTF-8, with or without a byte order mark.

Windows editors put the mark before the first character. Knows no format.
"""

from __future__ import annotations

import codecs
from pathlib import Path

from .errors import UsageError

MARK = codecs.BOM_UTF8
WIDE_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)  # that of UTF-32 begins with the first


def read_user_text(path: Path) -> str:
    """The text of a file. Raises `OSError`, and `UsageError` if the file is not UTF-8."""
    return decode_user_text(path.read_bytes(), str(path))


def decode_user_text(data: bytes, name: str) -> str:
    """The text of a file's bytes without the mark. Raises a `UsageError` that names the file."""
    check_not_wide(data, name)
    try:
        return data.removeprefix(MARK).decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UsageError(f"{name} cannot be read: it is not UTF-8 (line {line}). Save it as UTF-8.") from error


def check_not_wide(data: bytes, name: str) -> None:
    """Raise a `UsageError` if a file begins as UTF-16 or UTF-32 does: with their mark, or with a NUL in a letter."""
    if data.startswith(WIDE_MARKS) or b"\0" in data[:4]:
        raise UsageError(f"{name} cannot be read: it is saved as UTF-16. Save it as UTF-8.")
