"""What a file is, wherever it is: its kind by the suffix, its document id, the hash of its content.

Takes paths and bytes, gives names and hashes. Knows no directories, no index and nothing of what the bytes mean.
"""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path

from .open_file import open_regular

TEXT_SUFFIXES = frozenset({".txt", ".text", ".md", ".markdown", ".rst"})
HTML_SUFFIXES = frozenset({".html", ".htm"})
LAYERED_SUFFIXES = frozenset(
    {".pdf", ".docx", ".docm"}
)  # without text, these may still hold pictures of text, so the text counts as missing
DOCUMENT_SUFFIXES = TEXT_SUFFIXES | HTML_SUFFIXES | LAYERED_SUFFIXES
HASH_BYTES = 16  # 128 bits: collisions by accident are out of the question, and the hex form stays readable
# Two writes of a file within this time can carry the same timestamp: the clock of a Linux file system advances only
# every 10 ms or so, and some file systems keep whole seconds, FAT every second one.
TICK_NS = 20_000_000
COARSE_TICK_NS = 2_000_000_000
MAX_INODE = (1 << 63) - 1  # what a table can hold; some disks have larger numbers


def document_id(root: str, path: str) -> str:
    """The stable identity of a document, 32 hex digits: a rename makes a new one."""
    return hashlib.blake2b(f"{root}\0{path}".encode("utf-8", "surrogateescape"), digest_size=HASH_BYTES).hexdigest()


def hash_bytes(data: bytes) -> str:
    """The content hash of `data`; equals `hash_file` of a file that holds them."""
    return hashlib.blake2b(data, digest_size=HASH_BYTES).hexdigest()


def hash_file(path: Path) -> str:
    """The content hash of a file, read in pieces. Raises what `open_regular` raises."""
    with open_regular(path) as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=HASH_BYTES)).hexdigest()


def inode_of(found: os.stat_result) -> int:
    """The number of a file on its disk, 0 if the disk has none."""
    return found.st_ino & MAX_INODE


def settle(mtime_ns: int) -> None:
    """Wait, if need be, until a later write of a file must carry another time than `mtime_ns`; read or hash it after
    that.

    Without this, an edit right after a build that keeps the size would look unchanged forever (Git calls such files
    racily clean). A time in the future, from a wrong clock, is not waited for.
    """
    tick_ns = TICK_NS if mtime_ns % 1_000_000_000 else COARSE_TICK_NS
    age_ns = time.time_ns() - mtime_ns
    if 0 <= age_ns < tick_ns:
        time.sleep((tick_ns - age_ns) / 1e9)
