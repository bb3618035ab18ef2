"""File -> document: the canonical text that all offsets count in, its pages and its title.

Takes a walked file, gives a `Document` or raises `ReadError` with a reason that a user understands. Reads only regular
files, and follows no link that was not there in the walk. Plain text is its own characters. `formats.py` interprets
other bytes, and the caller decides where that runs.
"""

from __future__ import annotations

import os
import time
from pathlib import Path, PurePosixPath

from ..config import FileOptions
from ..errors import Cause, ReadError
from ..files import document_id, hash_bytes, open_regular
from ..files.identity import LAYERED_SUFFIXES, inode_of, settle
from ..records import Document, FileEntry
from .encoding import decode_text, without_surrogates
from .formats import FOREIGN_SUFFIXES, Parse, failing_as_read_error, parse_bytes
from .headings import TITLED_SUFFIXES, plain_headings
from .parsed import ParsedFile
from .titles import clean_title, plain_title

NUM_TRIES = 3  # for a file that is being written
RETRY_S = 0.1
BLANK_BYTES = 4096


def read_document(entry: FileEntry, options: FileOptions, parse: Parse = parse_bytes) -> Document:
    """Like `read_file`, for callers that need text: a document without text raises `ReadError`, too."""
    document = read_file(entry, options, parse)
    if not document.text.strip():
        raise ReadError(cause=Cause.NO_TEXT if document.size_bytes else Cause.NO_BYTES)
    return document


def read_file(entry: FileEntry, options: FileOptions, parse: Parse = parse_bytes) -> Document:
    """Read one file, which may hold no text. An empty text is an error only for a PDF or DOCX, because its text may be
    in pictures. The suffix tells the kind of file; unknown suffixes are text. Raises `ReadError`, whatever is wrong
    with the file.

    Size, modification time and content hash are those of the bytes that were read, not those of the walk. `parse` runs
    the parsers: a build passes `Parser.parse`, so that they cannot hang or crash it.
    """
    data, found = _read_stable(entry.absolute_path, options.max_file_bytes)
    suffix = PurePosixPath(entry.path).suffix.lower()
    if not data and suffix in LAYERED_SUFFIXES:
        raise ReadError(cause=Cause.NO_BYTES)
    if suffix in FOREIGN_SUFFIXES:
        parsed = parse(data, suffix) if data else ParsedFile(title="", text="")
    else:  # nothing in plain text can hang
        with failing_as_read_error():
            decoded = decode_text(data)
            headings = plain_headings(decoded.text, suffix)
            title = plain_title(decoded.text, headings) if suffix in TITLED_SUFFIXES else ""
            parsed = ParsedFile(title=title, text=decoded.text, headings=headings, notes=decoded.notes)
    if not parsed.text.strip() and suffix in LAYERED_SUFFIXES:
        raise ReadError(cause=Cause.NO_TEXT)
    return Document(
        doc_id=document_id(entry.root, entry.path),
        root=entry.root,
        path=entry.path,
        title=clean_title(parsed.title) or PurePosixPath(entry.path).stem,
        text=without_surrogates(parsed.text),
        pages=parsed.pages,
        content_hash=hash_bytes(data),
        size_bytes=found.st_size,
        mtime_ns=found.st_mtime_ns,
        inode=inode_of(found),
        ctime_ns=found.st_ctime_ns,
        headings=parsed.headings,
        num_furniture=parsed.num_furniture,
        notes=parsed.notes,
    )


def is_blank(entry: FileEntry) -> bool:
    """Whether a quick look shows that a file is blank: it holds only white space and is not a PDF or DOCX."""
    if entry.size_bytes > BLANK_BYTES or PurePosixPath(entry.path).suffix.lower() in LAYERED_SUFFIXES:
        return False
    try:
        with open_regular(entry.absolute_path) as file:
            return not decode_text(file.read()).text.strip()
    except (OSError, ReadError):
        return False


def _read_stable(path: Path, max_bytes: int) -> tuple[bytes, os.stat_result]:
    """All bytes of a file and the stat that belongs to them. A file that changes meanwhile is read again."""
    for _ in range(NUM_TRIES):
        try:
            with open_regular(path) as file:
                before = os.fstat(file.fileno())
                if before.st_size > max_bytes:
                    raise ReadError(
                        f"too large: {before.st_size} bytes, the limit is {max_bytes}: raise --max-file-size and build with --retry-failed"
                    )
                settle(before.st_mtime_ns)
                data = file.read(max_bytes + 1)
            after = path.stat()
        except FileNotFoundError as error:
            raise ReadError("the file vanished before it could be read") from error
        except PermissionError as error:
            raise ReadError(cause=Cause.NO_PERMISSION) from error
        except OSError as error:
            raise ReadError(f"cannot be read: {error.strerror or error}") from error
        if _identity(before) == _identity(after) and len(data) == after.st_size:
            return data, before  # its change time: a later one shows in the next build
        time.sleep(RETRY_S)
    raise ReadError("the file kept changing while it was read")


def _identity(found: os.stat_result) -> tuple[int, int, int]:
    return found.st_ino, found.st_size, found.st_mtime_ns
