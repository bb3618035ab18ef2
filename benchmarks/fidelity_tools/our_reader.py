"""Our own reader and splitter, whichever `lmkindex` is first on PYTHONPATH."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def read_with_ours(path: Path) -> tuple[str, list[str]]:
    """A file's canonical text and its sentences."""
    from lmkindex.read.formats import parse_bytes

    options: dict[str, Any] = {"comments": True} if "comments" in inspect.signature(parse_bytes).parameters else {}
    parsed = parse_bytes(path.read_bytes(), path.suffix, **options)
    return parsed.text, split(parsed.text, parsed.headings)


def split(text: str, headings: Sequence[Any] = ()) -> list[str]:
    """Our splitter's sentences of a text, ours or a peer's."""
    from lmkindex.sentences import split_sentences

    options: dict[str, Any] = {"headings": headings} if "headings" in inspect.signature(split_sentences).parameters else {}
    found = split_sentences(text, **options)
    return [text[start:end] for start, end in zip(found.starts_S, found.ends_S, strict=True)]
