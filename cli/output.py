"""Text for people and JSON for programs: all output of the commands to stdout and stderr goes through here.

Human output never passes a document's control characters to the terminal, and never interprets markup. JSON is ASCII
and always valid.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lmkindex.display import one_line, visible

if TYPE_CHECKING:
    from rich.progress import Progress

    from lmkindex.answer import Citation
    from lmkindex.records import FileFailure
    from lmkindex.search import Passage, Span

BOLD, DIM, RESET = "\x1b[1m", "\x1b[2m", "\x1b[0m"


def to_json(value: object) -> str:
    """One line of valid JSON, in ASCII: no locale and no lone surrogate can break it."""
    return json.dumps(value, ensure_ascii=True, allow_nan=False)


def place(passage: Span | Citation | Passage) -> str:
    """How a passage is named everywhere, and what `lmkindex read` accepts: PATH:START-END, plus the page for people."""
    return one_line(passage.place) + (f" (page {passage.page})" if passage.page is not None else "")


def shown_path(failure: FileFailure) -> str:
    """How a file that failed is named."""
    return one_line(failure.printed_path or failure.path)


def heading_line(heading: Sequence[str]) -> str:
    """A path of headings for people, outermost first."""
    return " > ".join(map(one_line, heading))


def log_line(level: str, event: str, message: str, fields: Mapping[str, Any] | None = None) -> str:
    """One event for a log collector: a line of JSON with its newline. `time` is UTC; `fields` is what is specific to
    this kind of event."""
    now_ms = time.time_ns() // 1_000_000
    stamp = time.strftime(f"%Y-%m-%dT%H:%M:%S.{now_ms % 1000:03}Z", time.gmtime(now_ms / 1000))
    return to_json({"time": stamp, "level": level, "event": event, "message": message, "fields": dict(fields or {})}) + "\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terminal:
    """The common options of a command, and its only access to stdout and stderr."""

    index: str
    as_json: bool = False
    quiet: bool = False
    verbose: bool = False
    no_progress: bool = False
    log_json: bool = False

    @property
    def shows_progress(self) -> bool:
        return sys.stderr.isatty() and not (self.quiet or self.no_progress or self.log_json)

    @property
    def is_interactive(self) -> bool:
        """Whether a person reads stdout on a terminal."""
        return sys.stdout.isatty() and not self.as_json

    def print(self, text: str = "", style: str = "") -> None:
        """Print a result for people, styled if the terminal allows it."""
        is_styled = style and sys.stdout.isatty() and not os.environ.get("NO_COLOR")
        sys.stdout.write(f"{style}{visible(text)}{RESET}\n" if is_styled else f"{visible(text)}\n")

    def print_json(self, value: object) -> None:
        """Print a result for programs. Flushed, so that a batch can be followed and nothing is lost when it is
        stopped."""
        sys.stdout.write(to_json(value) + "\n")
        sys.stdout.flush()

    def note(self, text: str, event: str = "note", fields: Mapping[str, Any] | None = None) -> None:
        """Tell the user something useful; -q hides it."""
        if not self.quiet:
            self.warn(text, event, fields, level="info")

    def warn(self, text: str, event: str = "warning", fields: Mapping[str, Any] | None = None, *, level: str = "warning") -> None:
        """Tell the user something important: a line of text, or with --log-json an event, whose `fields` say the same
        for programs."""
        sys.stderr.write(log_line(level, event, text, fields) if self.log_json else f"{visible(text)}\n")
        sys.stderr.flush()

    def status(self, text: str) -> None:
        """Announce a step that takes a while to a user at a terminal."""
        if self.shows_progress:
            self.warn(text)

    def progress(self, *, counts_bytes: bool = True) -> Progress:
        """A bar of bytes, or of steps, on stderr; without a terminal it draws nothing. Texts go through `one_line` and
        are never markup."""
        from rich.console import Console
        from rich.progress import BarColumn, DownloadColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        amount = DownloadColumn() if counts_bytes else MofNCompleteColumn()
        columns = (BarColumn(), amount, TimeRemainingColumn(), TextColumn("{task.description}", markup=False))
        return Progress(*columns, console=Console(stderr=True), transient=True, disable=not self.shows_progress)


@contextmanager
def telling_what_is_kept(terminal: Terminal, kept: str) -> Iterator[None]:
    """When Ctrl-C stops the block, tell the user what is kept."""
    try:
        yield
    except KeyboardInterrupt:
        terminal.note(f"Stopped. {kept} is kept: run the same command to continue.")
        raise


# The terminal of the running command, for errors outside of it; None until a command line has been parsed.
ACTIVE: ContextVar[Terminal | None] = ContextVar("ACTIVE", default=None)
