"""Numbers of lines: a column of numbers beside the text that counts the lines of print, each or every fifth.

Takes the lines of all pages, gives them without such numbers. Numbers count lines if they stand outside of the text on
one side, go up by a constant step, and the text beside them tells that they count lines and not items: with a step of
one nearly each line has a number and the lines go on with sentences, with a larger step so many lines stand between two
numbers. The items of a list, the rows of a table and the verses of a chapter do neither. Knows no reading order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median

from .gutters import page_rows
from .page_lines import Line
from .sheets import Sheet

MAX_DIGITS = 4
MIN_NUMBERS = 4  # of a file
MIN_EACH = 8  # of a file where each line has a number
MIN_CHAINED = 0.8  # the share of numbers that are a step above the one before
OUTLIERS = 0.1  # the share of lines that may stand out as far as the numbers do
MIN_OTHERS = 0.25  # lines without a number, for each that begins or ends with one: they tell where the text begins
JUTS_OUT = 0.3  # of the type size: so far a line with its number stands out
SAME_EDGE = 2.0  # points: the numbers of a column begin or end no farther apart
MIN_NUMBERED = 0.75  # the share of lines with a number, if each has one
MIN_LOWER = 0.25  # the share of lines that go on with a sentence
MIN_FULL = 0.5  # the share of lines that fill their column
FULL_LINE = 0.75  # of the widest line
SAME_TYPE = 0.06  # of the type size
MAX_STEP = 10
MIN_ROUGH_STEP = 5  # from which a line more or less between two numbers does not matter


@dataclass(frozen=True, slots=True, kw_only=True)
class MarginNumber:
    """A number at the edge of the text, in place `place` of its page's lines. `text` is what else is in the line."""

    place: int
    value: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberColumn:
    """The numbers on one side of a page, from the top down. `edge` is where the text begins on that side."""

    lines: Sequence[Line]  # of the page
    numbers: list[MarginNumber]
    edge: float
    is_left: bool


def without_line_numbers(sheets: Sequence[Sheet]) -> tuple[list[Sheet], int]:
    """The pages without the numbers of their lines, and how many there were."""
    cleaned = list(sheets)
    total = 0
    for is_left in (True, False):
        columns = {page: column for page, sheet in enumerate(cleaned) if (column := _column(sheet.lines, is_left))}
        step = _step(list(columns.values()))
        if step and _count_lines(list(columns.values()), step):
            for page, column in columns.items():
                chained = _chained(column.numbers, step)
                total += len(chained)
                cleaned[page] = replace(cleaned[page], lines=_without(column, chained))
    return cleaned, total


def _column(lines: Sequence[Line], is_left: bool) -> NumberColumn | None:
    """The numbers at one edge of a page's text: alone, or with the text in a line that stands out by them."""
    split = {place: parts for place, line in enumerate(lines) if (parts := _number_and_text(line.text, is_left))}
    if not split:
        return None
    others = sorted((line.left if is_left else -line.right) for place, line in enumerate(lines) if place not in split)
    beside = [(lines[place], number, text) for place, (number, text) in split.items() if text]
    if len(others) >= MIN_OTHERS * len(beside):
        if not others:
            return None
        edge = others[int(OUTLIERS * len(others))]
    else:  # nearly every line begins with a number
        edge = median(
            (line.left if is_left else -line.right) + (line.right - line.left) * (1 - len(text) / len(line.text))
            for line, _, text in beside
        )
    found = []
    for place, (_, text) in split.items():
        line = lines[place]
        outer, inner = (line.left, line.right) if is_left else (-line.right, -line.left)
        if (outer < edge - JUTS_OUT * line.size) if text else (inner <= edge):
            found.append(place)
    found = _in_line(lines, found, split)
    if not found:
        return None
    numbers = [MarginNumber(place=place, value=split[place][0], text=split[place][1]) for place in found]
    numbers.sort(key=lambda number: -lines[number.place].baseline)
    return NumberColumn(lines=lines, numbers=numbers, edge=edge if is_left else -edge, is_left=is_left)


def _number_and_text(text: str, is_left: bool) -> tuple[int, str] | None:
    """The number at one end of a line, and the rest of it."""
    if not (text[0] if is_left else text[-1]).isdecimal():
        return None
    parts = text.split(None, 1) if is_left else text.rsplit(None, 1)[::-1]
    if len(parts[0]) > MAX_DIGITS or not parts[0].isdecimal():
        return None
    return int(parts[0]), parts[1] if len(parts) > 1 else ""


def _in_line(lines: Sequence[Line], places: Sequence[int], split: dict[int, tuple[int, str]]) -> list[int]:
    """Those numbers that begin or end where most do that stand alone."""
    alone = [lines[place] for place in places if not split[place][1]]
    if not alone:
        return list(places)
    left, right = median(line.left for line in alone), median(line.right for line in alone)
    return [
        place for place in places if split[place][1] or min(abs(lines[place].left - left), abs(lines[place].right - right)) <= SAME_EDGE
    ]


def _text_rows(column: NumberColumn) -> tuple[list[Line], list[int]]:
    """The first line of each row of text without its number, where it has one or is set as most of the text is, and the
    row of each number, or the next one."""
    number_of = {id(column.lines[number.place]): number for number in column.numbers}
    sizes = Counter(round(line.size, 1) for line in column.lines if len(line.text) > MAX_DIGITS)
    usual = sizes.most_common(1)[0][0] if sizes else 0.0
    rows: list[Line] = []
    row_of: dict[int, int] = {}
    for row in page_rows(column.lines):
        marks = [number_of[id(line)] for line in row if id(line) in number_of]
        row_of |= {mark.place: len(rows) for mark in marks}
        first = next((line for line in row if id(line) not in number_of or number_of[id(line)].text), None)
        if first is not None and id(first) in number_of:
            first = _stripped(first, number_of[id(first)].text, column)
        if first is not None and (marks or (abs(first.size - usual) <= SAME_TYPE * usual and not first.is_bold)):
            rows.append(first)
    return rows, [row_of[number.place] for number in column.numbers]


def _stripped(line: Line, text: str, column: NumberColumn) -> Line:
    """A line without the number that stands out of the text's edge."""
    if column.is_left:
        return line._replace(text=text, left=max(line.left, column.edge))
    return line._replace(text=text, right=min(line.right, column.edge))


def _step(columns: Sequence[NumberColumn]) -> int:
    """The step by which numbers go up, 0 if there is none."""
    steps = Counter(below.value - above.value for column in columns for above, below in pairwise(column.numbers))
    if sum(len(column.numbers) for column in columns) < MIN_NUMBERS or not steps:
        return 0
    step, count = steps.most_common(1)[0]
    return step if 1 <= step <= MAX_STEP and count >= MIN_CHAINED * steps.total() else 0


def _chained(numbers: Sequence[MarginNumber], step: int) -> list[MarginNumber]:
    """The numbers that are some steps above or below the next; of one alone, only a multiple of the step."""
    if len(numbers) == 1:
        return list(numbers) if numbers[0].value % step == 0 else []
    is_chained = [below.value > above.value and (below.value - above.value) % step == 0 for above, below in pairwise(numbers)]
    return [number for number, above, below in zip(numbers, [False, *is_chained], [*is_chained, False], strict=True) if above or below]


def _count_lines(columns: Sequence[NumberColumn], step: int) -> bool:
    """Whether numbers that go up by a step count the lines beside them."""
    lines: list[Line] = []
    num_rows = num_pairs = num_counting = 0
    for column in columns:
        rows, places = _text_rows(column)
        lines += [rows[place] for place in places if place < len(rows)]
        num_rows += places[-1] - places[0] + 1
        for (above, first), (below, last) in pairwise(zip(column.numbers, places, strict=True)):
            if below.value - above.value == step:
                num_pairs += 1
                num_counting += abs(last - first - step) <= (step >= MIN_ROUGH_STEP)
    if step > 1:
        return num_counting >= MIN_CHAINED * num_pairs
    return num_pairs >= MIN_EACH - 1 and len(lines) >= max(1, MIN_NUMBERED * num_rows) and _are_running(lines)


def _are_running(lines: Sequence[Line]) -> bool:
    """Whether many lines go on with a sentence, and many fill their column."""
    widest = max(line.right - line.left for line in lines)
    firsts = [next((char for char in line.text if char.isalnum()), "") for line in lines]
    cased = [first for first in firsts if first.lower() != first.upper()]
    is_going_on = sum(first.islower() for first in cased) >= MIN_LOWER * len(cased)
    return is_going_on and sum(line.right - line.left >= FULL_LINE * widest for line in lines) >= MIN_FULL * len(lines)


def _without(column: NumberColumn, numbers: Sequence[MarginNumber]) -> list[Line]:
    """The lines of a page without some of its numbers."""
    text_of = {number.place: number.text for number in numbers}
    stripped = (
        _stripped(line, text_of[place], column) if text_of.get(place) else line
        for place, line in enumerate(column.lines)
        if text_of.get(place) != ""
    )
    return list(stripped)
