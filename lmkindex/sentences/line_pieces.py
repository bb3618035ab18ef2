"""A paragraph -> its pieces: list items, captions, table rows and the running text between them.

Takes a text and a range without blank lines, gives ranges that tile it, each with whether it is one sentence whatever
it holds. Knows no full stops. A mark at the start of a line is evidence of a list, not proof: a line of running text
may begin with "3.5 per cent" or "(b) of the rule". So a mark counts if others continue its sequence, or if the line
before it ends early, with a colon or with a stop (`is_supported`). A heading's lines are known from the reader.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from .marks import DELIMITER, MARKED_LINE, MARKED_START, ROMAN_DIGITS, TITLE, Mark, is_caption, mark_of

MAX_ROW_CHARS = 500  # a longer row is split as running text is
WRAP_SHARE = 0.85  # of the longest line: letters differ in width
SHORT_CHARS = 60  # shorter than a line of wrapped text is
STOPS = ".:;!?…。！？：；)"
RULES = "-=~^\"'#*+_|:"
CELL_BOUNDS = ("\t", " | ")
ROMAN_ENDS = frozenset("ivxl.)")  # the second letter of "ii."
RULE, ATX, CAPTION, TEXT = "rule", "atx", "caption", ""

LinePiece = tuple[int, int, bool]


class MarkedLine(NamedTuple):
    """A line of the paragraph: its place, its text without blanks at its ends, and what it looks like by itself.
    `cells` counts its columns as a row of a table; 1 is no row."""

    start: int
    indent: int
    body: str
    kind: str
    cells: int
    mark: Mark | None


def places_of_marks(text: str) -> list[int]:
    """Where lines begin that may need a look: with what may be a mark, or with cells. One pass over the text, because a
    look at each paragraph takes longer."""
    places = [match.start() for match in MARKED_LINE.finditer(text)]
    if MARKED_START.match(text):
        places.insert(0, -1)
    cells = [place for bound in CELL_BOUNDS for place in places_of(bound, text)]
    if cells:
        places = sorted({*places, *cells})
    return places


def places_of(part: str, text: str) -> Iterator[int]:
    """Where a part stands in a text. Much quicker than a pattern where it is rare."""
    place = text.find(part)
    while place >= 0:
        yield place
        place = text.find(part, place + 1)


def may_have_lines(text: str, start: int, end: int, places: list[int]) -> bool:
    """A quick look: whether the range has several lines and something on them that may be a mark or a row."""
    if text.find("\n", start, end) < 0:
        return False
    index = bisect_left(places, start - 1)
    return (index < len(places) and places[index] < end) or (text[start].isupper() and TITLE.match(text, start, end) is not None)


def pieces_of(text: str, start: int, end: int) -> list[LinePiece]:
    """Ranges that tile `text[start:end]`, which has several lines, and whether each is a sentence by itself."""
    lines = lines_of(text, start, end)
    firsts = [0, *sorted(cut for cut in cuts_of(lines) if cut), len(lines)]
    places = [start, *(lines[first].start for first in firsts[1:-1]), end]
    return [
        (piece_start, piece_end, piece_end - piece_start <= MAX_ROW_CHARS and is_row(lines[first:last]))
        for (piece_start, piece_end), (first, last) in zip(pairwise(places), pairwise(firsts), strict=True)
    ]


def lines_of(text: str, start: int, end: int) -> list[MarkedLine]:
    """The lines of the range."""
    lines = []
    for raw in text[start:end].split("\n"):
        body = raw.strip()
        kind, mark, cells = TEXT, None, 1
        if MARKED_START.match(body):
            kind, mark = look_of(body), mark_of(body)
        elif body[:1] in ROMAN_DIGITS and body[1:2] in ROMAN_ENDS:
            mark = mark_of(body)
        if "|" in body or "\t" in body:
            cells += (body.strip("|").count("|") or 1) if body[0] == "|" else body.count(" | ") or body.count("\t")
        indent = len(raw) - len(raw.lstrip()) if raw[:1].isspace() else 0
        lines.append(MarkedLine(start, indent, body, kind, cells, mark))
        start += len(raw) + 1
    return lines


def look_of(body: str) -> str:
    """Whether a line that is not blank is a rule, a heading of Markdown or a caption."""
    if body[0] in RULES and DELIMITER.fullmatch(body):
        return RULE
    if is_atx(body):
        return ATX
    return CAPTION if is_caption(body) else TEXT


def cuts_of(lines: list[MarkedLine]) -> set[int]:
    """The numbers of the lines that begin a piece."""
    width = max(len(line.body) + line.indent for line in lines)
    rows = row_lines(lines)
    cuts = items_of(lines, width)
    if len(lines) > 1 and TITLE.match(f"{lines[0].body}\n{lines[1].body}"):
        cuts.add(1)
    item = 0 if 0 in cuts or lines[0].kind == CAPTION else -1
    for index in range(1, len(lines)):
        line, before = lines[index], lines[index - 1]
        if line.kind == RULE:
            cuts.discard(index)
            cut_title(lines, index, cuts)
        elif index in cuts:
            item = index
        elif before.kind == RULE and index == 1:
            continue  # it opens what follows
        elif index in rows or index - 1 in rows or ATX in (line.kind, before.kind) or before.kind == RULE:
            cuts.add(index)
        elif line.kind == CAPTION and is_supported(lines, index, width):
            cuts.add(index)
            item = index
        elif index - 1 == item and begins_anew(lines, index, width, is_after_items=index - 2 in cuts and line.mark is None):
            cuts.add(index)
    return cuts


def cut_title(lines: list[MarkedLine], index: int, cuts: set[int]) -> None:
    """A rule belongs to the line before it; if that is a title with text before it, the title is cut off."""
    if index < 2:
        return
    title, rule = lines[index - 1], lines[index].body
    is_underline = len(set(rule)) == 1 and len(rule) >= 0.7 * len(title.body) and title.kind != RULE and title.cells == 1
    if is_underline and title.body[-1:] not in ".,;" and lines[index - 2].kind != RULE:
        cuts.add(index - 1)


def row_lines(lines: list[MarkedLine]) -> set[int]:
    """The numbers of the lines that are rows of a table: they begin with a bar, or have cells as a neighbour has."""
    rows: set[int] = set()
    previous = -1  # the last line that is no rule
    for index, line in enumerate(lines):
        if line.kind == RULE:
            continue
        if line.cells > 1:
            if line.body[:1] == "|":
                rows.add(index)
            if previous >= 0 and lines[previous].cells > 1:
                rows |= {previous, index}
        previous = index
    return rows


def items_of(lines: list[MarkedLine], width: int) -> set[int]:
    """The numbers of the lines that begin an item of a list."""
    runs: list[list[int]] = []
    latest: dict[tuple[str, int], tuple[Mark, list[int]]] = {}  # by style and depth
    for index, line in enumerate(lines):
        if line.mark is None:
            continue
        run = next((run for mark, run in reversed(latest.values()) if line.mark.follows(mark)), None)
        if run is None:
            run = []
            runs.append(run)
        run.append(index)
        for style, place in line.mark.readings:
            latest.pop((style, len(place)), None)
            latest[style, len(place)] = line.mark, run
    return {index for run in runs if is_list(lines, run, width) for index in run}


def is_list(lines: list[MarkedLine], run: list[int], width: int) -> bool:
    """Whether lines whose marks continue each other are items: by their marks alone, or by where one of them stands."""
    mark = lines[run[0]].mark
    if mark is None or mark.is_certain:
        return mark is not None
    if not is_next_to_item(lines, run) and not any(is_supported(lines, index, width) for index in run):
        return False
    if len(run) > 1:
        return not mark.is_bare or len(run) > 2 or follows_colon(lines, run[0])
    return not mark.is_weak or run[0] == 0 or follows_colon(lines, run[0])


def is_next_to_item(lines: list[MarkedLine], run: list[int]) -> bool:
    """Whether several items follow on another one, or are set in below the line before them."""
    line, before = lines[run[0]], lines[run[0] - 1]
    return len(run) > 1 and run[0] > 0 and (line.indent > before.indent or before.mark is not None)


def follows_colon(lines: list[MarkedLine], index: int) -> bool:
    return index > 0 and lines[index - 1].body[-1:] in (":", "：")


def is_supported(lines: list[MarkedLine], index: int, width: int) -> bool:
    """Whether a line begins something by its place: it is the first, or the line before it ends early or with a stop,
    or is a heading or a rule."""
    if index == 0:
        return True
    before = lines[index - 1]
    return before.body[-1:] in STOPS or before.kind in (ATX, RULE) or is_early(lines, index, width)


def is_early(lines: list[MarkedLine], index: int, width: int) -> bool:
    """Whether the line before ends though the first word of this one had room on it."""
    before = lines[index - 1]
    return before.indent + len(before.body) + 1 + len(lines[index].body.partition(" ")[0]) <= WRAP_SHARE * width


def begins_anew(lines: list[MarkedLine], index: int, width: int, *, is_after_items: bool) -> bool:
    """Whether running text follows a caption or an item of one line: it begins with a capital, is not indented deeper,
    and the line before it is short, ended early or with a stop, or follows another item of one line."""
    line, before = lines[index], lines[index - 1]
    first = line.body[:1]
    if not first.isalpha() or first.islower() or line.indent > before.indent:
        return False
    is_short = len(before.body) < SHORT_CHARS and (is_after_items or before.kind == CAPTION)
    return is_short or before.body[-1:] in STOPS or is_early(lines, index, width)


def is_atx(body: str) -> bool:
    """Whether a line is a heading of Markdown."""
    level = len(body) - len(body.lstrip("#"))
    return 1 <= level <= 6 and body[level : level + 1] in (" ", "\t")


def is_row(lines: list[MarkedLine]) -> bool:
    """Whether a piece is one row of a table, with its rule."""
    return lines[0].cells > 1 and all(line.kind == RULE for line in lines[1:])
