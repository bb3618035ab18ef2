"""The outline of a PDF: the headings that a viewer lists beside the pages, with the places that they lead to.

Knows no lines: `pdf_headings.py` looks for them there.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import Any

from ..titles import short_line

MAX_ENTRIES = 20_000
MAX_LEVELS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class OutlineEntry:
    """`page` counts from 0; `height` is in the page's own points, None if the entry leads to the page as a whole."""

    title: str
    level: int
    page: int
    height: float | None


def read_outline(pdf: Any) -> list[OutlineEntry]:
    """The entries that lead to a page, in the order of the outline."""
    import pypdfium2

    entries = []
    try:
        for bookmark in islice(pdf.get_toc(max_depth=MAX_LEVELS), MAX_ENTRIES):
            dest = bookmark.get_dest()
            page = dest.get_index() if dest else None
            title = short_line(bookmark.get_title())
            if title and page is not None and page >= 0:
                mode, numbers = dest.get_view()
                has_height = mode == pypdfium2.raw.PDFDEST_VIEW_XYZ and len(numbers) > 1
                entries.append(OutlineEntry(title=title, level=bookmark.level + 1, page=page, height=numbers[1] if has_height else None))
    except (pypdfium2.PdfiumError, ValueError):
        return entries  # a damaged outline: its text stands on the pages anyway
    return entries
