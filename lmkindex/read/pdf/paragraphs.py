"""Lines in reading order -> what stands between each and the next: a blank line, a line end, a blank, or nothing.

Takes the lines of one page and what is usual in the document. A paragraph ends where the gap to the next line is wider
than usual, where the type changes, where a line is indented in the document's way, or where a line ends early with a
full stop. Knows no words but the marks of lists and captions.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import inf
from statistics import median

from .broken_addresses import address_goes_on
from .cells import CELL, LEADERS
from .page_lines import ENUMERATOR, ROW, SAME_ROW, Line

PARAGRAPH_GAP = 1.25  # of the usual gap between baselines; measured, see docs/log.md
TYPE_CHANGE = 1.2  # ratio of two lines' type sizes that makes one of them a heading
MIN_OWN_GAPS = 6  # of a page: with fewer, the document's usual gap counts
INDENT = (0.7, 4.5)  # of the type size: a first line's indent
MIN_INDENTS = 3
SAMPLE_PAGES = 100  # that are looked at for what is usual
FILLED_AROUND, VERSE_AROUND = 6, 4  # lines that tell whether others fill the column, or are short as those of verse
SHORT_LINES = 0.6  # of a page's width: where no line reaches so far, all are short
GOES_ON = ",;–—-\u2010\xad("
CLEARLY_EARLY = 4.0  # of the type size: so far from the edge of its column a line ends on purpose
EARLY = 0.5  # of the type size: a line ends early if the next word and this much had fitted
STOPS = ".!?:…。！？"
AFTER_STOPS = ")]\"'”’»*0123456789⁰¹²³⁴⁵⁶⁷⁸⁹"
DECIMAL = re.compile(r"(?:^|[^\d.])\d{1,3}[.:]\d{1,3}$")  # behind a year, it is a stop and the mark of a note
CAPTION_INITIALS = "FTAPCLSMB"
CAPTION = re.compile(
    r"(?:Figure|Fig|Table|Tab|Abbildung|Abb|Tabelle|Tableau|Plate|Chart|Listing|Scheme|Map|Box)\.?\s?[\dIVX]+[.\-\d]*\s*[:.–—]\s"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """What is usual in a document: the size of its running text, the gap between two lines of it in type sizes, and
    whether its paragraphs begin with an indent."""

    body_size: float
    gap: float
    has_indents: bool
    is_bold: bool


def ends_sentence(text: str) -> bool:
    """Whether a line ends with a full stop or the like, closed quotes and the marks of notes behind it."""
    body = text.rstrip(AFTER_STOPS)
    if DECIMAL.search(text, max(0, len(text) - 12)):
        return False  # 44.2, of which the unit is in the next line
    if body[-1:] == "[":
        body = body[:-1].rstrip(AFTER_STOPS)  # the mark of a note
    return body[-1:] in STOPS and body != ""


def layout_of(sheets: Sequence[Sequence[Line]]) -> Layout:
    """What is usual on pages whose lines are in reading order."""
    sheets = sheets[:: 1 + len(sheets) // SAMPLE_PAGES]
    sizes: Counter[float] = Counter()
    num_bold = 0
    for lines in sheets:
        for line in lines:
            sizes[round(line.size, 1)] += len(line.text)
            num_bold += len(line.text) if line.is_bold else 0
    body_size = max(sizes, key=lambda size: (sizes[size], -size), default=1.0)
    gaps: Counter[float] = Counter()
    num_indents = num_flush = 0
    for lines in sheets:
        for before, line, after in _body_triples(lines, body_size):
            gaps[round((before.baseline - line.baseline) / line.size, 2)] += 1
            if ends_sentence(before.text) and abs(after.left - before.left) < 0.5 * line.size:
                if _is_indent(line.left - after.left, line.size):
                    num_indents += 1
                elif before.right < line.right - 2 * line.size:
                    num_flush += 1
    return Layout(
        body_size=body_size,
        gap=gaps.most_common(1)[0][0] if gaps else 0.0,
        has_indents=num_indents >= MIN_INDENTS and num_indents > num_flush,
        is_bold=num_bold > sizes.total() / 2,
    )


def _body_triples(lines: Sequence[Line], body_size: float) -> Iterator[tuple[Line, Line, Line]]:
    """Three lines of the body's size that follow each other downwards."""
    for before, line, after in zip(lines, lines[1:], lines[2:], strict=False):
        is_body = abs(before.size - body_size) + abs(line.size - body_size) + abs(after.size - body_size) < 0.3 * body_size
        if is_body and before.baseline > line.baseline > after.baseline:
            yield before, line, after


def separators(lines: Sequence[Line], layout: Layout, page_width: float = 0.0) -> list[str]:
    """What stands between each line of a page and the next."""
    usual_gap = _usual_gap(lines, layout)
    edges = right_edges(lines, page_width)
    return [_separator(lines, place, layout, usual_gap, edges) if place + 1 < len(lines) else "" for place in range(len(lines) - 1)]


def _usual_gap(lines: Sequence[Line], layout: Layout) -> float:
    """The median distance, in type sizes, from a baseline to the next one below it."""
    gaps = [gap for gap in map(_gap, lines, lines[1:]) if gap > SAME_ROW]
    own = median(gaps) if gaps else 0.0
    return own if len(gaps) >= MIN_OWN_GAPS or not layout.gap else min(own, layout.gap) or layout.gap


def _gap(line: Line, following: Line) -> float:
    return (line.baseline - following.baseline) / min(line.size, following.size)


def right_edges(lines: Sequence[Line], page_width: float) -> list[float]:
    """For each line, how far to the right the lines of its column reach, or could reach on a page of short lines."""
    if lines and max(line.right for line in lines) < SHORT_LINES * page_width:
        return [SHORT_LINES * page_width] * len(lines)
    edges: list[float] = []
    start = 0
    for place in range(1, len(lines) + 1):
        if place == len(lines) or lines[place].baseline > lines[place - 1].baseline + lines[place].size:
            edges += _column_edges(lines[start:place], lines[place] if place < len(lines) else None)
            start = place
    return edges


def _column_edges(lines: Sequence[Line], following: Line | None) -> list[float]:
    """How far the lines of a column reach, for each of them; `following` is the first line of the next column. A title
    or picture's words over both columns say nothing about the lines of one."""
    limit = following.left if following is not None and following.left > lines[0].left else inf
    inner = max((line.right for line in lines if line.right <= limit), default=0.0)
    outer = max(line.right for line in lines)
    return [inner if line.right <= limit else outer for line in lines]


def _separator(lines: Sequence[Line], place: int, layout: Layout, usual_gap: float, edges: Sequence[float]) -> str:
    line, following = lines[place], lines[place + 1]
    if line.kind or following.kind:
        return "\n" if line.kind == following.kind == ROW and CELL in line.text and CELL in following.text else "\n\n"
    gap = _gap(line, following)
    if abs(gap) <= SAME_ROW:
        return " "  # two pieces of one row
    if LEADERS.search(line.text) and (LEADERS.search(following.text) or line.text[-1].isdigit()):
        return "\n\n"  # a table of contents
    if gap < 0:  # back up: the next column
        return _column_separator(line, following, lines[place + 2] if place + 2 < len(lines) else None, layout, edges[place])
    small, large = sorted((line.size, following.size))
    is_apart = gap > PARAGRAPH_GAP * usual_gap or large > TYPE_CHANGE * small
    if is_apart or _begins_paragraph(lines, place, layout, edges[place]):
        return "\n\n"
    return "" if address_goes_on(line.text, following.text) and not _ends_early(line, following, edges[place]) else "\n"


def _column_separator(line: Line, following: Line, after: Line | None, layout: Layout, edge: float) -> str:
    """What stands between the last line of a column and the first of the next. A full line that ends with a stop may
    end with an abbreviation, so it ends no paragraph where nothing else says so."""
    if not ends_sentence(line.text):
        return "\n"
    is_other_type = max(line.size, following.size) > TYPE_CHANGE * min(line.size, following.size) or line.is_bold != following.is_bold
    is_indented = layout.has_indents and after is not None and _is_indent(following.left - after.left, following.size)
    is_new = is_other_type or is_indented or ENUMERATOR.match(following.text) or _ends_early(line, following, edge)
    return "\n\n" if is_new else "" if address_goes_on(line.text, following.text) else "\n"


def _begins_paragraph(lines: Sequence[Line], place: int, layout: Layout, edge: float) -> bool:
    """Whether a paragraph begins behind a line, though neither the gap nor the type size says so."""
    line, following = lines[place], lines[place + 1]
    if following.text[0] in CAPTION_INITIALS and CAPTION.match(following.text):
        return True
    is_body = max(following.size / layout.body_size, layout.body_size / line.size) < TYPE_CHANGE
    if layout.has_indents and is_body and _begins_indented(line, following, lines[place + 2] if place + 2 < len(lines) else None):
        return True
    if line.text[-1] in ":：" and following.text[0].isupper() and place + 2 < len(lines) and _ends_early(following, lines[place + 2], edge):
        return True
    if not _ends_early(line, following, edge):
        return False
    is_end = line.is_bold != following.is_bold or (ends_sentence(line.text) and not ENUMERATOR.match(following.text))
    return is_end or _stands_alone(lines, place, layout, edge)


def _stands_alone(lines: Sequence[Line], place: int, layout: Layout, edge: float) -> bool:
    """Whether a line that ends early without a full stop is one by itself, as a list item without a mark is: the next
    begins with a capital or a number, and either other lines fill the column, or none around goes on with the one
    before, as lines of verse do."""
    line, following = lines[place], lines[place + 1]
    first = next((char for char in following.text if char.isalnum()), "")
    if line.size > TYPE_CHANGE * layout.body_size or line.text[-1] in GOES_ON or not (first.isupper() or first.isdigit()):
        return False
    if line.right + CLEARLY_EARLY * line.size > edge:
        return False
    around = lines[max(0, place - FILLED_AROUND) : place + FILLED_AROUND + 1]
    if sum(other.right > edge - line.size or _is_full(other, after, edge) for other, after in pairwise(around)) >= 2:
        beside = [other for other in (lines[place - 1] if place else None, following) if other is not None]
        return not all(abs(other.right - line.right) < line.size for other in beside)  # set around a picture
    around = lines[max(0, place - VERSE_AROUND) : place + VERSE_AROUND + 1]
    return not any(other.text[0].islower() or other.text[-1] in GOES_ON for other in around)


def _begins_indented(line: Line, following: Line, after: Line | None) -> bool:
    """Whether a line begins a paragraph by its indent: the lines around it are flush, or it is the only one."""
    if not _is_indent(following.left - line.left, line.size) or not ends_sentence(line.text) or line.is_capped:
        return False
    return after is None or after.baseline > following.baseline or after.left < following.left - 0.5 * line.size


def _is_indent(distance: float, size: float) -> bool:
    return INDENT[0] * size <= distance <= INDENT[1] * size


def _ends_early(line: Line, following: Line, edge: float) -> bool:
    """Whether the next line's first word had fitted at the end of this one."""
    word = following.text.split(maxsplit=1)[0]
    width = (following.right - following.left) * (len(word) + 1) / max(1, len(following.text))
    return line.right + width + EARLY * line.size < edge


def _is_full(line: Line, following: Line, edge: float) -> bool:
    """Whether a line goes on in the next because nothing more of it had fitted."""
    return line.baseline > following.baseline and line.size == following.size and not _ends_early(line, following, edge)


def page_separator(line: Line, following: Line, edge: float) -> str:
    """What stands between the last line of a page, whose lines reach to `edge`, and the first of the next."""
    if line.kind or following.kind:
        return "\n\n"
    is_early = _ends_early(line, following, edge)
    if ends_sentence(line.text) and (is_early or line.is_bold != following.is_bold or ENUMERATOR.match(following.text)):
        return "\n\n"
    first = next((char for char in following.text if char.isalnum()), "")
    goes_on = first.islower() or line.text[-1] in GOES_ON or not is_early
    if not goes_on or max(line.size, following.size) > TYPE_CHANGE * min(line.size, following.size):
        return "\n\n"
    return "" if not is_early and address_goes_on(line.text, following.text) else "\n"
