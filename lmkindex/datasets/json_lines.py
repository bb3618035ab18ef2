"""JSON Lines files -> checked fields. Any error is a `UsageError` that names file and line. Knows nothing about sets.

Texts are kept unchanged, including NULs and lone surrogates.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

from ..errors import UsageError
from ..records import JsonObject
from ..user_text import MARK, check_not_wide

Spans = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonLine:
    """One object of a JSON Lines file; `place` is "FILE, line N"."""

    place: str
    number: int
    fields: JsonObject

    def fail(self, message: str) -> NoReturn:
        raise UsageError(f"{self.place}: {message}")

    def read_text(self, name: str) -> str:
        value = self.read(name)
        return value if isinstance(value, str) else self.fail(f"`{name}` must be a string.")

    def read_question(self, name: str) -> str:
        question = self.read_text(name)
        return question if question.strip() else self.fail(f"`{name}` is blank: every line must ask a question.")

    def read_answers(self) -> tuple[str, ...]:
        value = self.read("answers")
        if not isinstance(value, list) or not all(isinstance(answer, str) for answer in value):
            self.fail("`answers` must be a list of strings.")
        return tuple(value)

    def read_spans(self, text: str) -> Spans:
        """The spans, merged. Each must be a non-empty `[start, end)` within `text`."""
        value = self.read("spans")
        if not isinstance(value, list) or not all(is_pair(span) for span in value):
            self.fail("`spans` must be a list of [start, end] pairs.")
        for start, end in value:
            if not 0 <= start < end <= len(text):
                self.fail(f"the span [{start}, {end}] is empty or outside its document, which has {len(text)} characters.")
        return merge_spans((start, end) for start, end in value)

    def read(self, name: str) -> Any:
        return self.fields[name] if name in self.fields else self.fail(f"`{name}` is missing.")


def merge_spans(spans: Iterable[tuple[int, int]]) -> Spans:
    """The same characters as sorted spans that neither overlap nor touch."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)


def is_pair(span: object) -> bool:
    """Whether `span` is a list of two integers (JSON's `true` does not count)."""
    return isinstance(span, list) and len(span) == 2 and all(type(bound) is int for bound in span)


def read_lines(path: Path) -> Iterator[JsonLine]:
    """The objects of a JSON Lines file, plain or gzip; blank lines are skipped. Only `\\n` ends a line."""
    opened: Callable[[Path], Any] = gzip.open if path.name.endswith(".gz") else partial(open, mode="rb")
    try:
        with opened(path) as file:
            for number, line in enumerate(file, start=1):
                if number == 1:
                    check_not_wide(line, str(path))
                data = line.removeprefix(MARK) if number == 1 else line
                if data.strip():
                    place = f"{path}, line {number}"
                    yield JsonLine(place=place, number=number, fields=parse_object(data, place))
    except (OSError, EOFError, zlib.error) as error:
        raise UsageError(f"{path} cannot be read: {error}. If the file is damaged, get a new copy.") from error


def parse_object(data: bytes, place: str) -> JsonObject:
    try:
        fields = json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{place}: this is not valid JSON: {error}.") from error
    if not isinstance(fields, dict):
        raise UsageError(f'{place}: this is not an object like {{"question": "..."}}.')
    return fields
