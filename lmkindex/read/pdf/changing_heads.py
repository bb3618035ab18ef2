"""Running heads that change with the chapter or the section.

Takes lines in the margin and those that are told as furniture already, gives more. Such a head repeats a title of the
document and stands beside a page number or a head that is on other pages too, or at its place nearly all pages repeat a
title. What no title holds stays, except for small print beside a page number, and what stands beside it in place of a
head of other pages. An amount is never a head.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Protocol

from .margin_lines import MarginLine, letters_of
from .page_lines import ENUMERATOR_GAP, SAME_ROW

MIN_KNOWN_LETTERS = 4  # of a running head that the body holds, too
MIN_SHARED_LETTERS = 8  # that running heads of one place begin or end with
AMOUNT = re.compile(r"\d[.,]\d|[€$£¥%]")
SECTION_NUMBER = re.compile(r"§?\s?\d{1,3}(?:\.\d{1,3}){0,3}\.?")
MIN_SHARING = 3  # pages whose heads begin or end with the same words
MIN_SHARING_PAGES = 1 / 3
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
        untold = [line for line in group if line not in numbered and line not in heads and not line.is_large]
        rest = [line for line in untold if letters_of(line.line.text) and not (line.is_far and line.line.is_bold)]
        own = {*_sharing(rest, titles, num_pages), *_titled(rest, titles, num_pages)}
        told = [line for line in group if line in numbered or line in heads or line in own]
        changing = [*own, *_beside([line for line in rest if line not in own], told, numbered, titles)]
        found += changing
        titled = [line for line in told if line in heads and _is_known(letters_of(line.line.text), titles)]
        found += _section_numbers(untold, [*changing, *titled])
    return found


def _beside(rest: Sequence[MarginLine], told: Sequence[MarginLine], numbered: set[MarginLine], titles: Titles) -> list[MarginLine]:
    """The lines in one row with a page number or a head. Those of no title are heads only at the top: at the foot there
    may be a source or a sum beside the number."""
    rows, counted = _rows(told), _rows([line for line in told if line in numbered])
    beside = [line for line in rest if _is_in_row(line, rows)]
    known = [line for line in beside if _is_known(letters_of(line.line.text), titles)]
    others = {line.page for line in [*known, *told] if line not in numbered and _is_in_row(line, counted)}
    unknown = [
        line for line in beside if line.is_top and not line.is_far and _is_in_row(line, counted) and not AMOUNT.search(line.line.text)
    ]
    unknown = [line for line in unknown if not line.line.is_bold and not _is_known(letters_of(line.line.text), titles)]
    is_place_of_heads = len({line.page for line in unknown}) <= len(others)
    return known + [line for line in unknown if line.is_small or is_place_of_heads]


def _section_numbers(untold: Sequence[MarginLine], changing: Sequence[MarginLine]) -> list[MarginLine]:
    """The numbers of sections that stand before heads, as pieces of their own."""
    numbers: dict[int, list[MarginLine]] = defaultdict(list)
    for line in untold:
        if SECTION_NUMBER.fullmatch(line.line.text):
            numbers[line.page].append(line)
    return [
        number
        for head in changing
        for number in numbers.get(head.page, ())
        if _is_in_row(number, {head.page: [head.height]}) and 0 <= head.line.left - number.line.right <= ENUMERATOR_GAP * head.line.size
    ]


def _rows(lines: Sequence[MarginLine]) -> dict[int, list[float]]:
    """The heights of lines on each page."""
    rows: dict[int, list[float]] = defaultdict(list)
    for line in lines:
        rows[line.page].append(line.height)
    return rows


def _is_in_row(line: MarginLine, rows: Mapping[int, Sequence[float]]) -> bool:
    return any(abs(height - line.height) <= SAME_ROW * line.line.size for height in rows.get(line.page, ()))


def _is_known(key: str, titles: Titles) -> bool:
    return len(key) >= MIN_KNOWN_LETTERS and titles.holds(key)


def _titled(rest: Sequence[MarginLine], titles: Titles, num_pages: int) -> list[MarginLine]:
    """The lines of a group, if nearly all of them repeat titles."""
    known = [line for line in rest if not line.line.is_bold and len(letters_of(line.line.text)) >= MIN_KNOWN_LETTERS]
    known = [line for line in known if titles.begins(letters_of(line.line.text))]
    num_titled = len({line.page for line in known})
    return known if num_titled >= max(MIN_SHARING, MIN_TITLED_PAGES * num_pages) and len(known) >= MIN_TITLED * len(rest) else []


def _sharing(rest: Sequence[MarginLine], titles: Titles, num_pages: int) -> Iterator[MarginLine]:
    """The lines that begin or end as those of many pages do, and otherwise repeat a title."""
    for is_end in (False, True):
        by_key: dict[str, list[MarginLine]] = defaultdict(list)
        pages: dict[str, set[int]] = defaultdict(set)
        for line in rest:
            key = letters_of(line.line.text)[:: -1 if is_end else 1]
            by_key[key].append(line)
            pages[key[:MIN_SHARED_LETTERS]].add(line.page)
        ordered = sorted(by_key)
        shared = [0, *(_num_shared(first, second) for first, second in pairwise(ordered)), 0]
        for place, key in enumerate(ordered):
            num_shared = max(shared[place : place + 2])
            is_common = len(pages[key[:MIN_SHARED_LETTERS]]) >= max(MIN_SHARING, MIN_SHARING_PAGES * num_pages)
            if is_common and num_shared >= MIN_SHARED_LETTERS and len(key) - num_shared >= MIN_REST_LETTERS:
                own = key[num_shared:][:: -1 if is_end else 1]
                if titles.holds(own):
                    yield from by_key[key]


def _num_shared(first: str, second: str) -> int:
    """With how many equal letters two keys begin."""
    return next(
        (place for place, (one, other) in enumerate(zip(first, second, strict=False)) if one != other), min(len(first), len(second))
    )
