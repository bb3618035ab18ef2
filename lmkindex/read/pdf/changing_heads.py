"""Running heads that change with the chapter or the section.

Takes lines in the margin and those that are told as furniture already, gives more. Such a head repeats a title of the
document and stands beside a page number or a head that is on other pages too, or at its place nearly all pages repeat a
title. What no title holds stays, except for small print beside a page number, and what stands beside it in place of a
head of other pages. An amount is never a head.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Protocol

from .margin_lines import MarginLine, letters_of

MIN_KNOWN_LETTERS = 4  # of a running head that the body holds, too
MIN_SHARED_LETTERS = 8  # that running heads of one place begin or end with
MIN_SHARING = 3  # pages whose heads begin or end with the same words
MIN_REST_LETTERS = 5  # that a title holds, of a head without the words that it shares
MIN_TITLED = 0.8  # of the lines at one height: they repeat titles
MIN_TITLED_PAGES = 0.5


class Titles(Protocol):
    """The letters of a document's titles."""

    def holds(self, key: str) -> bool:
        """Whether they are among those of a title."""

    def begins(self, key: str) -> bool:
        """Whether a title begins with them."""


def changing_heads(
    groups: Sequence[Sequence[MarginLine]], numbered: set[MarginLine], heads: set[MarginLine], titles: Titles, num_pages: int
) -> list[MarginLine]:
    """Lines of groups of one height that are running heads, beside those told."""
    found: list[MarginLine] = []
    for group in groups:
        rest = [line for line in group if line not in numbered and line not in heads and not line.is_large and letters_of(line.line.text)]
        if rest:
            own = {*_sharing(rest, titles), *_titled(rest, titles, num_pages)}
            told = [line for line in group if line in numbered or line in heads or line in own]
            found += own
            found += _beside([line for line in rest if line not in own], told, numbered, titles)
    return found


def _beside(rest: Sequence[MarginLine], told: Sequence[MarginLine], numbered: set[MarginLine], titles: Titles) -> list[MarginLine]:
    """The lines in one row with a page number or a head."""
    pages, counted = {line.page for line in told}, {line.page for line in told if line in numbered}
    beside = [line for line in rest if line.page in pages]
    known = [line for line in beside if _is_known(letters_of(line.line.text), titles)]
    unknown = [line for line in beside if line not in known and line.page in counted]
    others = {line.page for line in [*known, *told] if line not in numbered and line.page in counted}
    is_place_of_heads = len({line.page for line in unknown}) <= len(others)
    return known + [line for line in unknown if line.is_small or is_place_of_heads]


def _is_known(key: str, titles: Titles) -> bool:
    return len(key) >= MIN_KNOWN_LETTERS and titles.holds(key)


def _titled(rest: Sequence[MarginLine], titles: Titles, num_pages: int) -> list[MarginLine]:
    """The lines of a group, if nearly all of them repeat titles."""
    known = [line for line in rest if not line.line.is_bold and len(letters_of(line.line.text)) >= MIN_KNOWN_LETTERS]
    known = [line for line in known if titles.begins(letters_of(line.line.text))]
    num_titled = len({line.page for line in known})
    return known if num_titled >= max(MIN_SHARING, MIN_TITLED_PAGES * num_pages) and len(known) >= MIN_TITLED * len(rest) else []


def _sharing(rest: Sequence[MarginLine], titles: Titles) -> Iterator[MarginLine]:
    """The lines that begin or end as others do, and otherwise repeat a title."""
    keys = {line: letters_of(line.line.text) for line in rest}
    for is_end in (False, True):
        by_key: dict[str, list[MarginLine]] = defaultdict(list)
        for line, key in keys.items():
            by_key[key[::-1] if is_end else key].append(line)
        ordered = sorted(by_key)
        shared = [_num_shared(first, second) for first, second in pairwise(ordered)]
        for place, key in enumerate(ordered):
            length = max(shared[max(0, place - 1) : place + 1], default=0)
            if length < MIN_SHARED_LETTERS:
                continue
            num_sharing = sum(other.startswith(key[:MIN_SHARED_LETTERS]) for other in ordered[max(0, place - 3) : place + 4])
            left = key[length:]
            if num_sharing >= MIN_SHARING and len(left) >= MIN_REST_LETTERS and titles.holds(left[::-1] if is_end else left):
                yield from by_key[key]


def _num_shared(first: str, second: str) -> int:
    """With how many equal letters two keys begin."""
    return next(
        (place for place, (one, other) in enumerate(zip(first, second, strict=False)) if one != other), min(len(first), len(second))
    )
