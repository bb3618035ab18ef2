"""The tree of errors. Each class has an exit code; each message is a sentence that says what to do next.

    LmkindexError             1   any other expected error
    ├── UsageError            2   a flag, a setting or an input file is wrong
    ├── ReadError             -   one file cannot be read; a build records it and continues (exit 3 at the end)
    ├── IndexUnusableError    6   the index is missing, damaged or made with another encoder
    ├── LockedError          75   another process is writing to the index
    ├── EncoderError          1   an encoder folder cannot be used
    ├── GeneratorError        1   the language model cannot be loaded or reached
    └── InterruptedBuildError 130 or 143   stopped by a signal after saving finished work

The library raises and never prints; the CLI catches errors in one place.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum

EXIT_OK = 0
EXIT_FAILED_FILES = 3
EXIT_NOTHING_FOUND = 4
EXIT_CITATION_FAILED = 5


class Cause(Enum):
    """Why a file failed, where the code depends on it. The value is the message for the user, or the start of it."""

    OTHER = ""
    NO_PERMISSION = "no permission to read the file"
    NO_BYTES = "the file is empty"
    NO_TEXT = "the file holds no text"
    LINK_TO_NO_DOCUMENT = "the link leads nowhere: it is dangling or points at itself; by its name it was no document"
    OUT_OF_REACH = "out of reach: "


def cause_of(message: str) -> Cause:
    """The cause of a failure that is stored in an index: its tables keep only the message. Code decides by causes, not
    by messages."""
    if message.startswith(Cause.OUT_OF_REACH.value):
        return Cause.OUT_OF_REACH
    return next((cause for cause in Cause if message == cause.value), Cause.OTHER)


class LmkindexError(Exception):
    """The root of the tree; `str(error)` is one or more sentences for the user."""

    exit_code = 1


class UsageError(LmkindexError):
    """A flag, a setting, a pattern or an input file is wrong."""

    exit_code = 2


class ReadError(LmkindexError):
    """One file cannot be read. The message is the reason, without the path; by default the message of the `cause`."""

    def __init__(self, message: str = "", cause: Cause = Cause.OTHER) -> None:
        super().__init__(message or cause.value)
        self.cause = cause


class IndexUnusableError(LmkindexError):
    """The index is missing, damaged, in a newer format, or made with another encoder."""

    exit_code = 6


class LockedError(LmkindexError):
    """Another process holds the index's write lock."""

    exit_code = 75


class EncoderError(LmkindexError):
    """An encoder folder is missing something or is of a kind that cannot be used."""


class GeneratorError(LmkindexError):
    """The language model cannot be loaded, reached or made to answer."""


class InterruptedBuildError(LmkindexError):
    """A signal stopped the build after what was finished had been saved."""

    def __init__(self, message: str, signal_number: int) -> None:
        super().__init__(message)
        self.exit_code = 128 + signal_number


def is_damage(error: Exception) -> bool:
    """Whether the error means that LanceDB found a missing or broken file. LanceDB has no exception class for that."""
    is_lance = str(error).startswith("lance error") or "not appear to be a Lance file" in str(error)
    return not isinstance(error, LmkindexError) and is_lance and "No space left" not in str(error)


def damage_message(error: Exception) -> str:
    """The message for an error that `is_damage`."""
    return (
        f"A table of the index cannot be read ({first_line(error)}). See `lmkindex status --check`. "
        "The documents are untouched: `lmkindex build --rebuild` recreates the index."
    )


@contextmanager
def telling_damage() -> Iterator[None]:
    """Raise `IndexUnusableError` if LanceDB finds a broken file inside the `with`."""
    try:
        yield
    except Exception as error:
        if is_damage(error):
            raise IndexUnusableError(damage_message(error)) from error
        raise


def first_line(error: Exception) -> str:
    """The first line of an error's message, or its class name if it has no message."""
    return (str(error) or type(error).__name__).splitlines()[0]
