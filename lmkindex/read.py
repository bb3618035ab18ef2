"""File -> document: the canonical text that all offsets count in, its pages and its title.

Takes a walked file, gives a `Document` or raises `ReadError` with a reason that a user understands. Knows which kind of file needs which
reader; PDF, HTML and the decoding of characters have modules of their own. The text of plain files is never changed.
"""

from __future__ import annotations

import io
import os
import re
import stat
import time
import zipfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path, PurePosixPath
from typing import Any

from .config import FileOptions
from .decode import decode_declared, decode_text, without_surrogates
from .errors import ReadError
from .files import HTML_SUFFIXES, document_id, hash_bytes
from .read_html import declared_encoding, read_html
from .read_pdf import read_pdf
from .records import Document, FileEntry, Page

NUM_TRIES = 3  # for a file that is being written
RETRY_S = 0.1
MAX_UNZIPPED_BYTES = 1 << 28  # of a DOCX file; its text alone is far smaller
HEADING_LINES = 400  # a title is looked for in so many lines
MAX_TITLE_CHARS = 200
# Titles that programs write on their own.
NO_TITLES = frozenset(
    ("untitled", "word document", "document", "document1", "(anonymous)", "unspecified", "(unspecified)", "none", "title")
)
OLE_MAGIC = b"\xd0\xcf\x11\xe0"  # the container of .doc, and of a DOCX with a password
W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"


def read_document(entry: FileEntry, options: FileOptions) -> Document:
    """Read one file; its kind is told by its suffix, unknown ones are text. Raises `ReadError`, whatever is wrong with the file.

    Size, modification time and content hash are those of the bytes that were read, not those of the walk.
    """
    data, found = _read_stable(entry.absolute_path, options.max_file_bytes)
    if not data:
        raise ReadError("the file is empty")
    try:
        title, text, pages = _parse(data, PurePosixPath(entry.path).suffix.lower())
    except ReadError:
        raise
    except Exception as error:  # a parser met what it was not made for: this file fails, not the build
        raise ReadError(f"cannot be parsed ({type(error).__name__}: {_one_line(str(error))})") from error
    if not text.strip():
        raise ReadError("the file holds no text")
    return Document(
        doc_id=document_id(entry.root, entry.path),
        root=entry.root,
        path=entry.path,
        title=_clean_title(title) or PurePosixPath(entry.path).stem,
        text=without_surrogates(text),
        pages=pages,
        content_hash=hash_bytes(data),
        size_bytes=found.st_size,
        mtime_ns=found.st_mtime_ns,
    )


def _read_stable(path: Path, max_bytes: int) -> tuple[bytes, os.stat_result]:
    """All bytes of a file and the stat that belongs to them: read again when it changed meanwhile."""
    for _ in range(NUM_TRIES):
        try:
            before = path.stat()
            if not stat.S_ISREG(before.st_mode):
                raise ReadError("is not a regular file")
            if before.st_size > max_bytes:
                raise ReadError(f"too large: {before.st_size} bytes, the limit is {max_bytes}")
            with path.open("rb") as file:
                data = file.read(max_bytes + 1)
            after = path.stat()
        except FileNotFoundError as error:
            raise ReadError("the file vanished before it could be read") from error
        except PermissionError as error:
            raise ReadError("no permission to read the file") from error
        except OSError as error:
            raise ReadError(f"cannot be read: {error.strerror or error}") from error
        if _identity(before) == _identity(after) and len(data) == after.st_size:
            return data, after
        time.sleep(RETRY_S)
    raise ReadError("the file kept changing while it was read")


def _identity(found: os.stat_result) -> tuple[int, int, int]:
    return found.st_ino, found.st_size, found.st_mtime_ns


def _parse(data: bytes, suffix: str) -> tuple[str, str, tuple[Page, ...]]:
    """Title ("" if the file names none), canonical text, pages."""
    if suffix == ".pdf":
        return read_pdf(data)
    if suffix == ".docx":
        return *_read_docx(data), ()
    if suffix in HTML_SUFFIXES:
        return *read_html(decode_declared(data, declared_encoding(data))), ()
    text = decode_text(data)
    if suffix in (".md", ".markdown"):
        return markdown_title(text), text, ()
    return rst_title(text) if suffix == ".rst" else "", text, ()


def markdown_title(text: str) -> str:
    """The title of the front matter, else the first heading outside of code; "" if there is none."""
    lines = _first_lines(text)
    if lines and lines[0].rstrip() == "---" and "---" in (ends := [line.rstrip() for line in lines[1:]]):
        end = ends.index("---") + 1
        titles = [line.partition(":")[2].strip().strip("\"'") for line in lines[1:end] if line.lower().startswith("title:")]
        if titles and titles[0]:
            return titles[0]
        lines = lines[end + 1 :]
    fence = ""
    previous = ""
    for line in lines:
        mark = re.match(r" {0,3}(`{3,}|~{3,})", line)
        if mark and (not fence or mark[1].startswith(fence)):
            fence = "" if fence else mark[1]
        elif not fence:
            heading = re.match(r" {0,3}#{1,6}[ \t]+(.*?)[ \t]*#*[ \t]*$", line)
            if heading and heading[1]:
                return heading[1]
            if previous.strip() and re.fullmatch(r" {0,3}(=+|-+)\s*", line):
                return previous
        previous = "" if fence or mark else line
    return ""


def rst_title(text: str) -> str:
    """The first line that is underlined with punctuation at least as long as itself; "" if there is none."""
    lines = _first_lines(text)
    for line, under in pairwise(lines):
        title, rule = line.strip(), under.rstrip()
        if title[:1].isalnum() and len(rule) >= max(3, len(title)) and re.fullmatch(r"([!-/:-@\[-`{-~])\1*", rule):
            return title
    return ""


def _first_lines(text: str) -> list[str]:
    return text[: 200 * HEADING_LINES].splitlines()[:HEADING_LINES]


def _clean_title(title: str) -> str:
    """One short line, or "" for what a program or a file name gave instead of a title."""
    title = re.sub(r"^Microsoft \w+ - ", "", _one_line(without_surrogates(title)))
    is_file_name = re.search(r"\.(docx?|pdf|tex|dvi|indd|rtf|odt|html?|txt|ps|qxd)$", title, re.IGNORECASE)
    return "" if is_file_name or title.lower() in NO_TITLES else title


def _one_line(text: str) -> str:
    return " ".join(re.sub(r"[\x00-\x1f\x7f]", " ", text).split())[:MAX_TITLE_CHARS]


def _read_docx(data: bytes) -> tuple[str, str]:
    """Title and text: paragraphs and tables in the order of the body, a blank line between them, a line for each row of a table."""
    if data.startswith(OLE_MAGIC):
        raise ReadError("an encrypted or old Word file: save it as .docx without a password")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            num_bytes = sum(member.file_size for member in archive.infolist())
    except zipfile.BadZipFile as error:
        raise ReadError("damaged DOCX, or not a DOCX at all (bad zip)") from error
    if num_bytes > MAX_UNZIPPED_BYTES:
        raise ReadError(f"too large when unzipped: {num_bytes} bytes, the limit is {MAX_UNZIPPED_BYTES}")
    import docx

    document = docx.Document(io.BytesIO(data))
    heading_ids = {style.style_id for style in document.styles if (style.name or "").lower().startswith(("title", "heading"))}
    blocks = list(_docx_blocks(document.element.body, heading_ids))
    first_heading = next((text for text, is_heading in blocks if is_heading), "")
    return _clean_title(document.core_properties.title) or first_heading, "\n\n".join(text for text, _ in blocks)


def _docx_blocks(body: Any, heading_ids: set[str]) -> Iterator[tuple[str, bool]]:
    """The non-blank blocks of a body and whether each is a heading. Content controls and tracked insertions count as text."""
    for block in body.iter(f"{W}p", f"{W}tbl"):
        # A table is one block; a text box, written twice (the second as a fallback), comes after the paragraph that it is tied to.
        if any(ancestor.tag in (f"{W}tbl", FALLBACK) for ancestor in block.iterancestors()):
            continue
        if block.tag == f"{W}p":
            text, style = _docx_paragraph(block), block.find(f"{W}pPr/{W}pStyle")
            is_heading = style is not None and style.get(f"{W}val") in heading_ids
        else:
            text, is_heading = "\n".join(filter(None, map(_docx_row, block.iter(f"{W}tr")))), False
        if text:
            yield text, is_heading


def _docx_row(row: Any) -> str:
    """The cells of a row, joined by bars; "" when all are blank. The rows of a table inside a cell follow as rows of their own."""
    cells = []
    for cell in row.iter(f"{W}tc"):
        if next(cell.iterancestors(f"{W}tr")) is row:
            paragraphs = [part for part in cell.iter(f"{W}p") if next(part.iterancestors(f"{W}tc")) is cell]
            cells.append(" ".join(filter(None, map(_docx_paragraph, paragraphs))).replace("\n", " "))
    return " | ".join(cells) if any(cells) else ""


def _docx_paragraph(paragraph: Any) -> str:
    """The characters of a paragraph; not those of a text box inside it, nor what a tracked change deleted (`delText`)."""
    characters = {f"{W}tab": "\t", f"{W}br": "\n", f"{W}cr": "\n", f"{W}noBreakHyphen": "-"}
    parts = []
    for element in paragraph.iter(f"{W}t", *characters):
        if next(element.iterancestors(f"{W}p")) is paragraph and element.getparent().tag != f"{W}tabs":
            parts.append(characters.get(element.tag) or element.text or "")
    return "".join(parts).strip()
