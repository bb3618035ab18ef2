"""Bytes of a file of a foreign format -> canonical text with its pages and headings: one function per format, chosen by
the suffix.

Foreign parsers can hang, crash, or take all memory. Knows no files, time limits or processes: `sandbox.py` decides
where this runs. Plain text needs none of it (`read.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from ..errors import ReadError
from ..files.identity import HTML_SUFFIXES
from .docx import read_docx
from .encoding import decode_declared
from .html import declared_encoding, read_html
from .parsed import ParsedFile
from .pdf import read_pdf
from .titles import short_line

Parse = Callable[[bytes, str], ParsedFile]
WORD_SUFFIXES = frozenset({".docx", ".docm", ".dotx", ".dotm"})  # templates are read if they are named, not found by a walk
FOREIGN_SUFFIXES = HTML_SUFFIXES | WORD_SUFFIXES | {".pdf"}


def parse_bytes(data: bytes, suffix: str, *, max_pages: int = 0, comments: bool = False) -> ParsedFile:
    """Parse in this process. Raises `ReadError`, whatever is wrong with `data`; `max_pages=0` means no limit. With
    `comments`, those of a Word document are part of its text."""
    with failing_as_read_error():
        if suffix == ".pdf":
            return read_pdf(data, max_pages=max_pages)
        if suffix in WORD_SUFFIXES:
            return read_docx(data, comments=comments)
        decoded = decode_declared(data, declared_encoding(data))
        parsed = read_html(decoded.text)
        return replace(parsed, notes=(*decoded.notes, *parsed.notes))


@contextmanager
def failing_as_read_error() -> Iterator[None]:
    """Whatever a parser raises becomes the failure of its one file."""
    try:
        yield
    except ReadError:
        raise
    except MemoryError as error:
        raise ReadError("takes more memory to parse than a parser may use: split it, or save it as plain text") from error
    except Exception as error:  # the parser met something unexpected: this file fails, not the build
        raise ReadError(f"cannot be parsed ({type(error).__name__}: {short_line(str(error))})") from error
