"""What a parser makes of a file's bytes. Knows no format and no file."""

from __future__ import annotations

from dataclasses import dataclass

from ..records import Heading, Page


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedFile:
    """A file as text. `title` is "" if the file names none; `pages` tile the text, or are empty; `headings` are in the
    order of the text. `num_furniture` counts the lines left out as running heads and page numbers. `notes` say what was
    lost or skipped, each as a sentence for the user without its full stop."""

    title: str
    text: str
    pages: tuple[Page, ...] = ()
    headings: tuple[Heading, ...] = ()
    num_furniture: int = 0
    notes: tuple[str, ...] = ()
