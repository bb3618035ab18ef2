"""What reads a file now: the version of the reader of its kind, and the options that shape its text. An index stores it
with each document; a build reads again what an older reader has read.

Knows no index. Raise a kind's number when its reader gives another text, headings or notes; raise all numbers when the
same text is split into other sentences. Version 1 is everything before November 2026.
"""

from __future__ import annotations

from pathlib import PurePosixPath

from ..files.identity import HTML_SUFFIXES
from ..languages import AUTO
from .formats import WORD_SUFFIXES

PLAIN_TEXT_VERSION = 2
VERSIONS = {".pdf": 2} | dict.fromkeys(HTML_SUFFIXES, 2) | dict.fromkeys(WORD_SUFFIXES, 2)


def reader_of(path: str, *, language: str = AUTO, comments: bool = False) -> str:
    """The reader of a file: its version, then the options that are not the defaults and matter for this kind.

    >>> reader_of("manual/lamp.md"), reader_of("Brief.DOCX", language="de", comments=True)
    ('2', '2 de comments')
    """
    suffix = PurePosixPath(path).suffix.lower()
    words = [str(VERSIONS.get(suffix, PLAIN_TEXT_VERSION))]
    words += [language] if language != AUTO else []
    words += ["comments"] if comments and suffix in WORD_SUFFIXES else []
    return " ".join(words)


def is_outdated(stored: str, wanted: str) -> bool:
    """Whether what an older reader, or one with other options, has read must be read again. A newer reader is left
    alone: two versions of lmkindex that take turns on an index must not undo each other's work.

    >>> is_outdated("1", "2"), is_outdated("2 de", "2"), is_outdated("3", "2")
    (True, True, False)
    """
    version, *options = stored.split()
    wanted_version, *wanted_options = wanted.split()
    return int(version) < int(wanted_version) or options != wanted_options
