"""What `search` and `ask` share: reading the question, opening the index, and the search options."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from lmkindex.config import EncodeOptions, SearchOptions
from lmkindex.errors import UsageError
from lmkindex.question import check_glob, check_question

from . import options as o
from .output import Terminal

if TYPE_CHECKING:
    from lmkindex.search import Searcher


def open_index_of(terminal: Terminal, options: EncodeOptions) -> Searcher:
    """Open the index of a command, and tell the user once if its documents are in languages that its encoder was not
    trained for."""
    from lmkindex.search import open_searcher

    searcher = open_searcher(terminal.index, options)
    if searcher.language_note:
        terminal.note(searcher.language_note + ".", "language_note")
    return searcher


def asked_question(question: str | None, batch: str | None) -> str | None:
    """The question, from stdin if it is `-`; None with --batch. Raises `UsageError` unless there is exactly one of the
    two."""
    if batch is not None:
        if question is not None:
            raise UsageError("Give a QUESTION or --batch FILE.jsonl, not both.")
        return None
    if question is None:
        raise UsageError("Give a QUESTION, - to read it from stdin, or --batch FILE.jsonl.")
    return check_question(read_stdin() if question == "-" else question)


def read_stdin() -> str:
    """All of stdin as UTF-8. Invalid bytes become surrogates, which `check_question` refuses."""
    return sys.stdin.buffer.read().decode("utf-8-sig", errors="surrogateescape")


def make_search_options(
    *, budget: int, front: str, surround: int, alpha: float, hybrid: bool, path: str | None, hits: int
) -> SearchOptions:
    """The library's options from the flags."""
    return SearchOptions(
        budget_tokens=budget,
        front=o.parse_front(front),
        surround=surround,
        alpha=alpha,
        hybrid=hybrid,
        path_glob=check_glob(path),
        num_hits=hits,
    )
