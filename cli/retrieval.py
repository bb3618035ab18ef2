"""What `search` and `ask` share: their question, and their options."""

from __future__ import annotations

import sys

from lmkindex.config import SearchOptions
from lmkindex.errors import UsageError

from . import options as o


def asked_question(question: str | None, batch: str | None) -> str | None:
    """The question, from stdin if it is `-`; None with --batch. Raises `UsageError` unless there is exactly one of the two."""
    if batch is not None:
        if question is not None:
            raise UsageError("Give a QUESTION or --batch FILE.jsonl, not both.")
        return None
    if question is None:
        raise UsageError("Give a QUESTION, - to read it from stdin, or --batch FILE.jsonl.")
    return check_question(read_stdin() if question == "-" else question)


def read_stdin() -> str:
    """All of stdin as UTF-8; what is not becomes a surrogate, which `check_question` refuses."""
    return sys.stdin.buffer.read().decode("utf-8-sig", errors="surrogateescape")


def check_question(question: str) -> str:
    """`question` without surrounding blanks. Raises `UsageError` when nothing is left or it is not Unicode."""
    try:
        question.encode("utf-8")
    except UnicodeEncodeError as error:
        raise UsageError("The question is not valid Unicode: write it in UTF-8.") from error
    if not question.strip():
        raise UsageError("The question is empty.")
    return question.strip()


def check_glob(path_glob: str | None) -> str | None:
    """`path_glob`, if it can be one."""
    if path_glob is None:
        return None
    from pathspec import GitIgnoreSpec

    try:
        path_glob.encode("utf-8")
        GitIgnoreSpec.from_lines([path_glob])
    except ValueError as error:
        raise UsageError(f"The path pattern {path_glob!r} cannot be understood ({error}): write one as in .gitignore.") from error
    return path_glob


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
