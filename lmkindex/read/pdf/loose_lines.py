"""Lines cut at wide gaps -> which of them are running text, set loosely to fill a narrow column, and not cells.

The gaps of such a line are alike, but for wider ones behind stops, as TeX sets them. The lines beside it fill the same
column, and its gaps do not stand above theirs, as those of a table do. Knows no text.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from typing import NamedTuple, Protocol

EVEN = 1.15  # of the narrowest gap in a line: gaps up to this are alike
ROUNDING = 0.06  # of the type size
BEHIND_STOP = 2.6  # of the narrowest gap: a gap behind a stop may be as wide
STOPS = '.!?:;,…”’")]'
SAME_SIDE = 0.5  # of the type size: marks may hang over the edge of a column
INDENT = 4.5  # of the type size: a first line's indent
PITCH = 1.75  # of the type size: the next line of a paragraph is no farther below
MAX_GAPS = 60  # of a line that may be running text
ALIGNED = 0.15  # of the type size: edges nearer than this stand above each other


class Gap(NamedTuple):
    """What is free between two words: from where to where on the page, and whether a stop stands before it."""

    left: float
    right: float
    is_behind_stop: bool


class Placed(Protocol):
    """A line of a page."""

    @property
    def left(self) -> float: ...
    @property
    def right(self) -> float: ...
    @property
    def baseline(self) -> float: ...
    @property
    def size(self) -> float: ...


def loose_lines(lines: Sequence[Placed], cut: Container[int], gaps: Mapping[int, Sequence[Gap]]) -> set[int]:
    """Which of the lines that are cut are running text; `gaps` are those of the cut lines that may be it."""
    even = {line for line, own in gaps.items() if 0 < len(own) <= MAX_GAPS and _are_even(own, lines[line].size)}
    even = {line for line in even if not _is_aligned(line, lines, gaps)}
    loose: set[int] = set()
    for step, order in ((-1, sorted(even)), (1, sorted(even, reverse=True))):
        for line in order:
            beside = line + step
            is_text = 0 <= beside < len(lines) and (beside not in cut or beside in loose)
            if is_text and _fill_column(lines, line, beside) and _may_go_on(lines, line, cut, even, len(gaps[line])):
                loose.add(line)
    return loose


def _are_even(gaps: Sequence[Gap], size: float) -> bool:
    narrowest = min(gap.right - gap.left for gap in gaps)
    return narrowest > 0 and all(
        gap.right - gap.left <= (BEHIND_STOP if gap.is_behind_stop else EVEN) * narrowest + ROUNDING * size for gap in gaps
    )


def _is_aligned(line: int, lines: Sequence[Placed], gaps: Mapping[int, Sequence[Gap]]) -> bool:
    """Whether most gaps of a line stand above or below those of the line before or behind it."""
    limit = ALIGNED * lines[line].size
    for beside in (line - 1, line + 1):
        others = gaps.get(beside, ())
        num_aligned = sum(
            any(abs(gap.left - other.left) < limit or abs(gap.right - other.right) < limit for other in others) for gap in gaps[line]
        )
        if 2 * num_aligned > len(gaps[line]):
            return True
    return False


def _fill_column(lines: Sequence[Placed], line: int, beside: int) -> bool:
    """Whether two lines, one below the other, reach as far to the right, and to the left but for an indent."""
    one, other = lines[line], lines[beside]
    return (
        _are_near(lines, min(line, beside))
        and abs(one.right - other.right) < SAME_SIDE * one.size
        and abs(one.left - other.left) < INDENT * one.size
    )


def _are_near(lines: Sequence[Placed], place: int) -> bool:
    """Whether a line is the next below another one, in the same size."""
    upper, lower = lines[place], lines[place + 1]
    return 0 < upper.baseline - lower.baseline < PITCH * upper.size and abs(upper.size - lower.size) < ROUNDING * upper.size


def _may_go_on(lines: Sequence[Placed], line: int, cut: Container[int], even: Container[int], num_gaps: int) -> bool:
    """Whether what stands above and below a line may be of its paragraph: no row of a table, and a line to go on with,
    since a paragraph's last is not stretched. A line with one gap fills its column together with the line above."""
    if any(beside in cut and beside not in even for beside in (line - 1, line + 1) if 0 <= beside < len(lines)):
        return False
    is_last = line + 1 == len(lines) or lines[line + 1].baseline > lines[line].baseline
    if not is_last and not (_are_near(lines, line) and lines[line + 1].left < lines[line].left + SAME_SIDE * lines[line].size):
        return False
    return num_gaps > 1 or (line > 0 and _fill_column(lines, line, line - 1))
