"""Titles: the name that a text, or the program that wrote a file, gives. Takes strings, gives one short line, or "" for
none."""

from __future__ import annotations

import re
from itertools import pairwise

from .encoding import without_surrogates

HEADING_LINES = 400  # only this many lines are searched for a title
MAX_TITLE_CHARS = 200
# Titles that programs write by default.
NO_TITLES = frozenset(
    ("untitled", "word document", "document", "document1", "(anonymous)", "unspecified", "(unspecified)", "none", "title")
)


def plain_title(text: str, suffix: str) -> str:
    """The title of a plain text file of this kind; "" for kinds that have none."""
    if suffix in (".md", ".markdown"):
        return markdown_title(text)
    return rst_title(text) if suffix == ".rst" else ""


def markdown_title(text: str) -> str:
    """The title of the front matter, else the first heading outside of code; "" if there is none."""
    lines = _first_lines(text)
    if lines and lines[0].rstrip() == "---" and "---" in (ends := [line.rstrip() for line in lines[1:]]):
        end = ends.index("---") + 1
        titles = [line.partition(":")[2].strip().strip("\"'") for line in lines[1:end] if line.lower().startswith("title:")]
        if titles and titles[0]:
            return titles[0]
        lines = lines[end + 1 :]
    fence = ""
    previous = ""
    for line in lines:
        mark = re.match(r" {0,3}(`{3,}|~{3,})", line)
        if mark and (not fence or mark[1].startswith(fence)):
            fence = "" if fence else mark[1]
        elif not fence:
            if heading := _heading(line):
                return heading
            if previous.strip() and re.fullmatch(r" {0,3}(=+|-+)\s*", line):
                return previous
        previous = "" if fence or mark else line
    return ""


def _heading(line: str) -> str:
    """The text of a heading such as `## Tides ##`, "" if the line is not a heading. No regex, because those take cubic
    time on a line of blanks."""
    marked = line.lstrip(" ")
    level = len(marked) - len(marked.lstrip("#"))
    if len(line) - len(marked) > 3 or not 1 <= level <= 6 or marked[level : level + 1] not in (" ", "\t"):
        return ""
    return marked[level:].strip(" \t").rstrip("#").rstrip(" \t")


def rst_title(text: str) -> str:
    """The first line that is underlined with punctuation at least as long as itself; "" if there is none."""
    lines = _first_lines(text)
    for line, under in pairwise(lines):
        title, rule = line.strip(), under.rstrip()
        if title[:1].isalnum() and len(rule) >= max(3, len(title)) and re.fullmatch(r"([!-/:-@\[-`{-~])\1*", rule):
            return title
    return ""


def _first_lines(text: str) -> list[str]:
    return text[: 200 * HEADING_LINES].splitlines()[:HEADING_LINES]


def clean_title(title: str) -> str:
    """One short line, or "" if it is only a file name or a program's default title."""
    title = re.sub(r"^Microsoft \w+ - ", "", short_line(without_surrogates(title)))
    is_file_name = re.search(r"\.(do[ct][xm]?|pdf|tex|dvi|indd|rtf|odt|html?|txt|ps|qxd)$", title, re.IGNORECASE)
    return "" if is_file_name or title.lower() in NO_TITLES else title


def short_line(text: str) -> str:
    """`text` without control characters, on one short line."""
    return " ".join(re.sub(r"[\x00-\x1f\x7f-\x9f]", " ", text[: 10 * MAX_TITLE_CHARS]).split())[:MAX_TITLE_CHARS]
