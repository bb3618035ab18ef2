"""Checks of a question, and of the path pattern that restricts it to some documents.

Takes texts from a user, returns them or raises `UsageError`. Knows no index and loads nothing heavy.
"""

from __future__ import annotations

from .errors import UsageError


def check_question(question: str) -> str:
    """`question` without surrounding blanks. Raises `UsageError` if nothing is left or it is not valid Unicode."""
    try:
        question.encode("utf-8")
    except UnicodeEncodeError as error:
        raise UsageError("The question is not valid Unicode: write it in UTF-8.") from error
    if not question.strip():
        raise UsageError("The question is empty.")
    return question.strip()


def check_glob(path_glob: str | None) -> str | None:
    """`path_glob`, if it is a valid pattern. Raises `UsageError` otherwise."""
    if path_glob is None:
        return None
    from pathspec import GitIgnoreSpec

    try:
        path_glob.encode("utf-8")
        GitIgnoreSpec.from_lines([path_glob])
    except ValueError as error:
        raise UsageError(f"The path pattern {path_glob!r} cannot be understood ({error}): write one as in .gitignore.") from error
    return path_glob
