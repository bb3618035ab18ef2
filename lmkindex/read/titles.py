"""Titles: the name that a text, or the program that wrote a file, gives. Takes strings, gives one short line, or "" for
none."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..records import Heading
from .encoding import without_surrogates
from .headings import front_matter_end

HEADING_CHARS = 80_000  # a heading after this many is no title
MAX_TITLE_CHARS = 200
TITLE_SETTING = re.compile(r"title\s*[:=]", re.IGNORECASE)
# Titles that programs write by default.
NO_TITLES = frozenset(
    ("untitled", "word document", "document", "document1", "(anonymous)", "unspecified", "(unspecified)", "none", "title")
)


def plain_title(text: str, headings: Sequence[Heading]) -> str:
    """The title of a plain text file: that of its front matter, else its first heading, if that is near the start."""
    end = front_matter_end(text)
    lines = text[: min(end, HEADING_CHARS)].splitlines()
    setting = next((line[found.end() :] for line in lines if (found := TITLE_SETTING.match(line))), "")
    if title := setting.strip().strip("\"'"):
        return title
    return headings[0].text if headings and headings[0].start < HEADING_CHARS else ""


def clean_title(title: str) -> str:
    """One short line, or "" if it is only a file name or a program's default title."""
    title = re.sub(r"^Microsoft \w+ - ", "", short_line(without_surrogates(title)))
    is_file_name = re.search(r"\.(do[ct][xm]?|pdf|tex|dvi|indd|rtf|odt|html?|txt|ps|qxd)$", title, re.IGNORECASE)
    return "" if is_file_name or title.lower() in NO_TITLES else title


def short_line(text: str) -> str:
    """`text` without control characters, on one short line."""
    return " ".join(re.sub(r"[\x00-\x1f\x7f-\x9f]", " ", text[: 10 * MAX_TITLE_CHARS]).split())[:MAX_TITLE_CHARS]
