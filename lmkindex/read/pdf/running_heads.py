"""Running heads and page numbers: told by where they stand, and by what they say on the pages beside.

Takes the lines of all pages, gives those to leave out. A candidate stands in the margin, outside of a gap to the body,
in type no larger than the text. It is left out if its number counts up with the pages, or if it repeats word for word
as a head does; `changing_heads.py` tells those that do not. An amount, an answer or a reading does neither. Where pages
repeat their own words, as the sheets of a form do, a line that varies is content. Knows no reading order.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, chain

from .changing_heads import MIN_KNOWN_LETTERS, changing_heads
from .margin_lines import LARGER, MarginLine, letters_of, margin_groups
from .page_lines import SAME_ROW
from .page_numbers import BARE, page_numbers
from .sheets import Sheet

MIN_REPEATS = 3
MIN_RUNNING_SHARE = 1 / 3  # a chapter's name is on every other page, and not on its first
MIN_COUNTING_SHARE = 0.5
MAX_PAGE_STEP = 4  # pages without a number between two that count up
MAX_OFFSET = 60  # of a number set beside words, from the number of its page
TEMPLATE_SHARE = 0.3  # of a page's lines that are on other pages, too: the sheets of a form
MAX_FINDS = 5  # of a title's letters
MAX_PAGES = 100  # that are looked at for the usual type size, and to see whether they are sheets of a form


@dataclass(frozen=True, kw_only=True)
class Body:
    """What the pages say apart from candidates: the letters of its titles, in larger or bold type, where each begins,
    and whether they are sheets of a form."""

    titles: str
    starts: frozenset[int]
    is_template: bool

    @cached_property
    def _known(self) -> dict[str, bool]:
        return {}

    def holds(self, key: str) -> bool:
        """Whether the letters are among those of the titles."""
        if key not in self._known:
            self._known[key] = len(self._known) < 1000 and key in self.titles
        return self._known[key]

    def begins(self, key: str) -> bool:
        """Whether a title begins with the letters."""
        place = self.titles.find(key) if self.holds(key) else -1
        for _ in range(MAX_FINDS):
            if place < 0 or place in self.starts:
                break
            place = self.titles.find(key, place + 1)
        return place in self.starts


def furniture_of(sheets: Sequence[Sheet]) -> list[set[int]]:
    """For each page, the places of the lines to leave out."""
    dropped: list[set[int]] = [set() for _ in sheets]
    if sum(bool(sheet.lines) for sheet in sheets) < 2:
        return dropped
    body_size = _body_size(sheets)
    groups = [group for edge in (1, -1) for group in margin_groups(sheets, edge, body_size) if len({line.page for line in group}) > 1]
    if not groups:
        return dropped
    candidates = {(line.page, line.place) for group in groups for line in group if not line.is_far}
    body = _body(sheets, candidates, body_size)
    numbered = [_counting(group, body) for group in groups]
    heads = [] if body.is_template else [_heads(group, lines, body, len(sheets)) for group, lines in zip(groups, numbered, strict=True)]
    changing = [] if body.is_template else changing_heads(groups, {*chain(*numbered)}, {*chain(*heads)}, body, len(sheets))
    if len({line.page for lines in numbered for line in lines}) < MIN_RUNNING_SHARE * len(sheets):
        heads = [_but_the_first(lines) for lines in heads]  # without page numbers these may be letterheads: none is lost
    for line in chain(*numbered, *heads, changing):
        dropped[line.page].add(line.place)
    for page, sheet in enumerate(sheets):
        dropped[page] = _outermost(sheet, dropped[page])
        if len(dropped[page]) == len(sheet.lines):  # only numbers go from a page that holds nothing else
            dropped[page] = {place for place in dropped[page] if BARE.fullmatch(sheet.lines[place].text)}
    return dropped


def _outermost(sheet: Sheet, dropped: set[int]) -> set[int]:
    """Those of some lines that are numbers, or have nothing that stays in their row or beyond it to the edge."""
    kept = [line.baseline for place, line in enumerate(sheet.lines) if place not in dropped]
    lowest, highest = min(kept, default=sheet.height), max(kept, default=0.0)
    found = set()
    for place in dropped:
        line = sheet.lines[place]
        rest = SAME_ROW * line.size
        is_outside = line.baseline > highest + rest if line.baseline > sheet.height / 2 else line.baseline < lowest - rest
        if is_outside or BARE.fullmatch(line.text):
            found.add(place)
    return found


def _body_size(sheets: Sequence[Sheet]) -> float:
    sizes: Counter[float] = Counter()
    for sheet in sheets[:: 1 + len(sheets) // MAX_PAGES]:
        for line in sheet.lines:
            sizes[round(line.size, 1)] += len(line.text)
    return max(sizes, key=lambda size: (sizes[size], -size), default=1.0)


def _body(sheets: Sequence[Sheet], candidates: set[tuple[int, int]], body_size: float) -> Body:
    lines = [[line for place, line in enumerate(sheet.lines) if (page, place) not in candidates] for page, sheet in enumerate(sheets)]
    sample = lines[:: 1 + len(lines) // MAX_PAGES]
    keys = [{line.text for line in page if line.size <= LARGER * body_size} for page in sample]
    counts = Counter(key for page in keys for key in page)
    num_lines = sum(len(page) for page in keys)
    num_repeated = sum(count for count in counts.values() if count >= max(2, len(sample) / 3))
    titles = [letters_of(line.text) for page in lines for line in page if line.size > 1.05 * body_size or line.is_bold]
    starts = frozenset(accumulate(map(len, titles), initial=0))
    return Body(titles="".join(titles), starts=starts, is_template=0 < TEMPLATE_SHARE * num_lines <= num_repeated)


def _but_the_first(lines: Sequence[MarginLine]) -> list[MarginLine]:
    """Lines without the first of each text."""
    firsts: dict[str, MarginLine] = {}
    for line in sorted(lines, key=lambda line: line.page):
        firsts.setdefault(line.line.text, line)
    return [line for line in lines if firsts[line.line.text] is not line]


def _heads(group: Sequence[MarginLine], numbered: set[MarginLine], body: Body, num_pages: int) -> list[MarginLine]:
    """The lines of a group without a number that are running heads."""
    counted_pages = {line.page for line in numbered}
    by_text: dict[str, list[MarginLine]] = defaultdict(list)
    for line in group:
        if line not in numbered and not line.is_large and not line.is_far:
            by_text[" ".join(line.line.text.split())].append(line)
    running: list[MarginLine] = []
    for text, lines in by_text.items():
        pages = {line.page for line in lines}
        is_beside_numbers = len(pages & counted_pages) > len(pages) / 2
        is_known = len(letters_of(text)) >= MIN_KNOWN_LETTERS and body.holds(letters_of(text))
        if _is_constant(lines, num_pages) or (len(pages) >= 2 and (is_known or is_beside_numbers)) or (is_known and is_beside_numbers):
            running += lines
    return running


def _is_constant(lines: Sequence[MarginLine], num_pages: int) -> bool:
    """Whether a line is on so many pages that it is the head of the document, or of its left or right pages."""
    pages = {line.page for line in lines}
    return len(pages) >= max(MIN_REPEATS, MIN_RUNNING_SHARE * num_pages)


def _counting(group: Sequence[MarginLine], body: Body) -> set[MarginLine]:
    """The lines whose numbers count up with the pages."""
    by_page: dict[int, list[tuple[MarginLine, int]]] = defaultdict(list)
    numbers = [(line, value, words) for line in group for value, words in _numbers(line, body.is_template)]
    num_words = Counter(words for _, _, words in numbers)
    for line, value, words in numbers:
        if not words or num_words[words] > 1 or (len(words) >= MIN_KNOWN_LETTERS and body.holds(words)):
            by_page[line.page].append((line, value))
    found = {
        line
        for page, values in by_page.items()
        for line, value in values
        if any(
            other - value == step for step in range(-MAX_PAGE_STEP, MAX_PAGE_STEP + 1) if step for _, other in by_page.get(page + step, ())
        )
    }
    return found if len({line.page for line in found}) >= MIN_COUNTING_SHARE * len(by_page) else set()


def _numbers(line: MarginLine, is_template: bool) -> Iterator[tuple[int, str]]:
    """What may be the page number in a line, and the letters beside it; beside words only if near the page's own
    number, and on the sheets of a form only that."""
    for value, words in page_numbers(line.line.text):
        if words and line.is_far:
            continue
        offset = abs(value - line.page - 1)
        if (offset <= 1 and not words) if is_template else (offset <= MAX_OFFSET or not words):
            yield value, letters_of(words)
