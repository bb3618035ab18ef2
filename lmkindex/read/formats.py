"""Bytes of a file -> title, canonical text, pages: one function per kind of file, chosen by the suffix.

Knows no files, limits of time or processes: `sandbox.py` decides where this runs. The text of plain files is never changed.
"""

from __future__ import annotations

from collections.abc import Callable

from ..errors import ReadError
from ..files.identity import HTML_SUFFIXES
from ..records import Page
from .docx import read_docx
from .encoding import decode_declared, decode_text
from .html import declared_encoding, read_html
from .pdf import read_pdf
from .titles import markdown_title, rst_title, short_line

Parsed = tuple[str, str, tuple[Page, ...]]  # title ("" if the file names none), text, pages
Parse = Callable[[bytes, str], Parsed]
# Foreign parsers read these: they can hang, crash, or take all memory.
FOREIGN_SUFFIXES = HTML_SUFFIXES | {".pdf", ".docx"}


def parse_bytes(data: bytes, suffix: str, *, max_pages: int = 0) -> Parsed:
    """Parse in this process. Raises `ReadError`, whatever is wrong with `data`; `max_pages=0` is no limit."""
    try:
        return _parse(data, suffix, max_pages)
    except ReadError:
        raise
    except MemoryError as error:
        raise ReadError("takes more memory to parse than a parser gets: split it, or save it as plain text") from error
    except Exception as error:  # a parser met what it was not made for: this file fails, not the build
        raise ReadError(f"cannot be parsed ({type(error).__name__}: {short_line(str(error))})") from error


def _parse(data: bytes, suffix: str, max_pages: int) -> Parsed:
    if suffix == ".pdf":
        return read_pdf(data, max_pages=max_pages)
    if suffix == ".docx":
        return *read_docx(data), ()
    if suffix in HTML_SUFFIXES:
        return *read_html(decode_declared(data, declared_encoding(data))), ()
    text = decode_text(data)
    if suffix in (".md", ".markdown"):
        return markdown_title(text), text, ()
    return rst_title(text) if suffix == ".rst" else "", text, ()
