"""What one element of a page holds, in numbers. The rules for furniture decide by them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(slots=True, eq=False)
class PagePart:
    """An element and what is visible in it. Numbers of characters leave out white space."""

    element: Any
    role: str
    names: frozenset[str]
    start: int  # elements before it
    is_in_content: bool  # in a main or an article
    is_in_section: bool
    is_in_link: bool
    is_in_heading: bool
    block: PagePart | None  # the nearest block: None for itself
    end: int = 0
    num_chars: int = 0
    num_link_chars: int = 0
    num_heading_chars: int = 0
    num_prose_chars: int = 0  # of blocks that are sentences
    num_links: int = 0
    num_local_links: int = 0  # to places on the page
    num_controls: int = 0
    num_lines: int = 0  # blocks with text
    num_h1: int = 0
    num_navs: int = 0
    has_cookie_word: bool = False
    has_copyright: bool = False
    has_notes: bool = False
    holds_content: bool = False  # a main or an article with text
    is_first: bool = False  # no sentence stands before its end

    @property
    def is_dense(self) -> bool:
        """Whether it is links rather than text."""
        num_others = self.num_chars - self.num_heading_chars - self.num_link_chars
        return bool(self.num_links) and self.num_prose_chars * 5 < self.num_chars and self.num_link_chars >= num_others

    def add(self, inner: PagePart) -> None:
        """Count what is visible in a child."""
        self.num_chars += inner.num_chars
        self.num_lines += inner.num_lines
        self.num_prose_chars += inner.num_prose_chars
        self.num_heading_chars += inner.num_heading_chars
        self.num_links += inner.num_links
        self.num_link_chars += inner.num_link_chars
        self.num_local_links += inner.num_local_links
        self.num_controls += inner.num_controls
        self.num_h1 += inner.num_h1
        self.num_navs += inner.num_navs
        self.has_cookie_word |= inner.has_cookie_word
        self.has_copyright |= inner.has_copyright
        self.has_notes |= inner.has_notes
        self.holds_content |= inner.holds_content
