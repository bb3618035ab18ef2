"""Runs foreign parsers (PDF, DOCX, HTML) in a child process with limits on time and memory; one child serves many
files.

A child that hangs is killed; a child that crashes or runs out of memory is replaced. Either way, only that one file
fails. Children ignore Ctrl-C and end with their parent, however it ends (`sandbox_child.py`).
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import IO

from ..config import FileOptions
from ..errors import LmkindexError, ReadError
from ..records import Heading, Page
from .parsed import ParsedFile
from .sandbox_child import READY, read_message, write_message

CHILD_MODULE = "lmkindex.read.sandbox_child"
START_TIMEOUT_S = 120.0  # it takes a fifth of a second on an idle machine
EXIT_TIMEOUT_S = 5.0
RECYCLE_BYTES = 1 << 29  # a child that grew this large is replaced: it would not give the memory back
RECYCLE_FILES = 1000  # so is a child that has read this many: parsers leak memory


class Parser:
    """Parses one file after another. Invariant: at most one child is alive, and none after `close`."""

    def __init__(self, options: FileOptions) -> None:
        self._options = options
        self._child: _Child | None = None
        self._is_closed = False
        self._is_busy = threading.Lock()

    def __enter__(self) -> Parser:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """End the child. A `parse` running in another thread fails instead of being waited for."""
        self._is_closed = True
        child = self._child
        if child is not None:
            child.process.kill()
        with self._is_busy:
            self._drop()

    def parse(self, data: bytes, suffix: str) -> ParsedFile:
        """What `parse_bytes` gives. Raises `ReadError`, also if a limit is hit, and `LmkindexError` if no child can be
        started."""
        with self._is_busy:
            if self._child is None and not self._is_closed:
                self._child = _Child(self._options)
            if self._child is None or self._is_closed:
                raise ReadError("the build was stopped before the file was read")
            try:
                return self._child.parse(data, suffix)
            finally:
                if not self._child.is_reusable:
                    self._drop()

    def _drop(self) -> None:
        if self._child is not None:
            self._child.end()
            self._child = None


class _Child:
    """One child process. `is_reusable` says whether it can take another file."""

    def __init__(self, options: FileOptions) -> None:
        self._options = options
        self._num_files = 0
        self.is_reusable = True
        # Our own directory on sys.path, not the working directory: that may be the corpus, with a `docx.py` in it.
        code = f"import sys; sys.path.append({str(Path(__file__).parents[2])!r}); from {CHILD_MODULE} import run_child; run_child()"
        command = [sys.executable, "-P", "-c", code, str(options.max_parse_bytes), str(os.getpid())]
        environment = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}  # each thread would take address space
        with tempfile.TemporaryFile() as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, env=environment, start_new_session=True
            )
            with self._deadline(START_TIMEOUT_S):
                is_ready = read_message(self._stdout) == READY
            if not is_ready:
                self.end()
                log.seek(0)
                lines = log.read()[-4000:].decode("utf-8", "replace").strip().splitlines()
                raise LmkindexError(
                    f"The process that parses PDF, DOCX and HTML does not start ({lines[-1] if lines else 'it printed nothing'}): "
                    "repair the installation, or --exclude these files."
                )

    def parse(self, data: bytes, suffix: str) -> ParsedFile:
        """Have one file parsed. Raises `ReadError`."""
        options = self._options
        request = {
            "suffix": suffix,
            "max_pages": options.max_pages,
            "comments": bool(options.comments),
            "timeout_s": options.parse_timeout_s,
        }
        head = text = None
        with self._deadline(self._options.parse_timeout_s) as is_over, suppress(OSError):  # the child may die while we write to it
            write_message(self._stdin, json.dumps(request).encode())
            write_message(self._stdin, data)
            head, text = read_message(self._stdout), read_message(self._stdout)
        if head is None or text is None:
            self.is_reusable = False
            raise ReadError(self._death(is_late=is_over.is_set()))
        reply = json.loads(head)
        self._num_files += 1
        self.is_reusable = reply["peak_bytes"] < RECYCLE_BYTES and self._num_files < RECYCLE_FILES
        if reply["error"] is not None:
            raise ReadError(reply["error"])
        return ParsedFile(
            title=reply["title"],
            text=text.decode("utf-8", "surrogatepass"),
            pages=tuple(Page(number=number, start=start, end=end) for number, start, end in reply["pages"]),
            headings=tuple(Heading(start=start, end=end, level=level, text=words) for start, end, level, words in reply["headings"]),
            num_furniture=reply["num_furniture"],
            notes=tuple(reply["notes"]),
        )

    def end(self) -> None:
        """Kill the process, wait for it, close the pipes."""
        self.process.kill()
        self.process.wait()
        for stream in (self._stdin, self._stdout):
            with suppress(OSError):  # nobody reads what is still unwritten
                stream.close()

    @contextmanager
    def _deadline(self, seconds: float) -> Iterator[threading.Event]:
        """Kill the process after `seconds`; the event says whether it was killed."""
        is_over = threading.Event()

        def kill() -> None:
            is_over.set()
            self.process.kill()

        timer = threading.Timer(seconds, kill)
        timer.daemon = True
        timer.start()
        try:
            yield is_over
        finally:
            timer.cancel()

    def _death(self, *, is_late: bool) -> str:
        """Why the process is gone, for the ledger."""
        if is_late:
            seconds = self._options.parse_timeout_s
            return f"took longer than {seconds:g} s to parse: raise --file-timeout and build with --retry-failed, or leave it out"
        try:
            code = self.process.wait(EXIT_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            return "the parser gave an unreadable answer"
        name = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        return f"the parser crashed ({name}), perhaps out of memory: save the file again, or leave it out"

    @property
    def _stdin(self) -> IO[bytes]:
        assert self.process.stdin is not None
        return self.process.stdin

    @property
    def _stdout(self) -> IO[bytes]:
        assert self.process.stdout is not None
        return self.process.stdout
