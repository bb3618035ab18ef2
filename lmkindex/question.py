"""Checks of questions and of how they are searched for: the path pattern, and the keywords of Python callers.

Takes what a user wrote, returns it (keywords as a `SearchOptions`) or raises `UsageError`. Knows no index and loads
nothing heavy.
"""

from __future__ import annotations

from typing import Literal, TypeAlias, TypeGuard

from .config import SearchOptions, require
from .errors import UsageError

Questions: TypeAlias = list[str] | tuple[str, ...]
Front: TypeAlias = int | Literal["auto"]


def check_question(question: str) -> str:
    """`question` without surrounding blanks. Raises `UsageError` if nothing is left or it is not valid Unicode."""
    if not isinstance(question, str):
        raise UsageError(f"A question must be a string, not {question!r}.")
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


def check_questions(question: str | Questions) -> list[str]:
    """The questions, one or several, without surrounding blanks."""
    require(isinstance(question, str | list | tuple), "Pass one question as a string, or several as a list of strings.")
    return [check_question(one) for one in ([question] if isinstance(question, str) else question)]


def search_options(
    budget_tokens: int, front: Front, surround: int, alpha: float, hybrid: bool, path: str | None, hits: int
) -> SearchOptions:
    """The options record for these keyword arguments."""
    require(front == "auto" or (is_whole(front) and front > 0), 'front must be "auto" or a positive number of sentences.')
    for name, value in (("budget_tokens", budget_tokens), ("surround", surround), ("hits", hits)):
        require(is_whole(value), f"{name} must be a whole number, not {value!r}.")
    require(isinstance(alpha, int | float), f"alpha must be a number, not {alpha!r}.")
    require(isinstance(hybrid, bool), f"hybrid must be True or False, not {hybrid!r}.")
    require(path is None or isinstance(path, str), f"path must be a pattern in a string, not {path!r}.")
    return SearchOptions(
        budget_tokens=budget_tokens, front=0 if front == "auto" else front, surround=surround, alpha=alpha, hybrid=hybrid,
        path_glob=check_glob(path), num_hits=hits,
    )  # fmt: skip


def is_whole(value: object) -> TypeGuard[int]:
    """Whether this is an int; True and False are not meant as numbers."""
    return isinstance(value, int) and not isinstance(value, bool)
