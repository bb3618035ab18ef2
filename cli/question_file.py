"""`--batch FILE.jsonl`: lines of `{"question": ..., "id"?: ..., "path"?: GLOB}` in, JSON Lines in the same order out.

An invalid line gives a line `{"id"?, "error", "line"}`; the others are still answered. Other keys of a line are
ignored.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from lmkindex.config import SearchOptions
from lmkindex.errors import UsageError
from lmkindex.question import check_glob, check_question
from lmkindex.user_text import MARK, check_not_wide

from .output import Terminal

if TYPE_CHECKING:
    from lmkindex.records import JsonObject

T = TypeVar("T")
EXIT_ERROR_LINES = 1  # some line was invalid, whatever the others gave
CHUNK = 1024  # questions processed together; each chunk's lines are written when it is done, so that a stop loses little


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchLine:
    """One line of the input; `handed` holds its `id`, if any. Either `error` says what is wrong, or the line is a
    question."""

    number: int
    handed: Mapping[str, Any]
    question: str = ""
    path_glob: str | None = None
    error: str = ""


def read_batch(batch: str) -> list[BatchLine]:
    """All lines of a file or, for `-`, of stdin; blank lines are skipped. Raises `UsageError` when the file cannot be
    read."""
    try:
        data = sys.stdin.buffer.read() if batch == "-" else Path(batch).read_bytes()
    except OSError as error:
        raise UsageError(f"--batch {batch} cannot be read: {error.strerror}.") from error
    check_not_wide(data, f"--batch {batch}")
    lines = data.removeprefix(MARK).split(b"\n")
    return [read_line(number, line) for number, line in enumerate(lines, start=1) if line.strip()]


def read_line(number: int, line: bytes) -> BatchLine:
    """Read and check one line."""
    handed: dict[str, Any] = {}
    try:
        fields = json.loads(line.decode("utf-8"), parse_constant=refuse_constant)
        if not isinstance(fields, dict):
            raise UsageError('The line is not an object like {"question": "..."}.')
        handed = {name: fields[name] for name in ("id",) if name in fields}
        question, path_glob = fields.get("question"), fields.get("path")
        if not isinstance(question, str) or not isinstance(path_glob, str | None):
            raise UsageError("`question` must be a string." if isinstance(path_glob, str | None) else "`path` must be a string.")
        return BatchLine(number=number, handed=handed, question=check_question(question), path_glob=check_glob(path_glob))
    except UsageError as error:
        return BatchLine(number=number, handed=handed, error=str(error))
    except (ValueError, RecursionError) as error:
        return BatchLine(number=number, handed=handed, error=f"The line is not valid JSON: {error}.")


def refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def chunked(items: Sequence[T]) -> Iterator[Sequence[T]]:
    return (items[first : first + CHUNK] for first in range(0, len(items), CHUNK))


def options_of(lines: Sequence[BatchLine], options: SearchOptions) -> list[SearchOptions]:
    """The options of each line: the command's own, with the line's `path` if it has one."""
    return [options if line.path_glob is None else replace(options, path_glob=line.path_glob) for line in lines]


def write_batch(terminal: Terminal, lines: Sequence[BatchLine], results: Iterator[JsonObject]) -> Iterator[JsonObject]:
    """Print one line per input line, in order, taking the valid lines' results from `results` as they come; yield each
    result."""
    for line in lines:
        result = {"error": line.error, "line": line.number} if line.error else next(results)
        terminal.print_json({**line.handed, **result})
        yield result
