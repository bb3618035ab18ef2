"""A misbehaving parser child: `.pdf` hangs, `.docx` crashes, and `.html` does what its bytes say. Everything else is
the real child.

Started by `test_sandbox.py` instead of `lmkindex.read.sandbox_child`: no small file reliably hangs or crashes a real
parser.
"""

from __future__ import annotations

import ctypes
import os
import time

from lmkindex.read import formats, sandbox_child
from lmkindex.read.parsed import ParsedFile


def hang(data: bytes, *, max_pages: int) -> ParsedFile:
    time.sleep(600)
    return ParsedFile(title="", text="")


def crash(data: bytes, *, comments: bool) -> ParsedFile:
    ctypes.string_at(0)
    return ParsedFile(title="", text="")


def obey(html: str) -> ParsedFile:
    words = html.split()
    if words[0] == "allocate":
        return ParsedFile(title="", text=str(len(bytearray(int(words[1])))))
    if words[0] == "exit":
        os._exit(int(words[1]))
    if words[0] == "print":
        os.write(1, b"\xff" * 5000)
        os.write(2, b"\xff" * 5000)
    return ParsedFile(title="title", text=f"{os.getpid()} {' '.join(words)}")


def run_child() -> None:
    for name, reader in {"read_pdf": hang, "read_docx": crash, "read_html": obey}.items():
        setattr(formats, name, reader)
    sandbox_child.run_child()
