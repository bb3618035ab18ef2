"""Large first letters: a letter that is set over several lines belongs to the word beside its top.

Takes the lines of a page in the order of the content, gives them without lines that hold only such a letter. Knows no
other pages.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from .page_lines import Line

LARGER = 1.7  # of the type size of the line beside it
CAP = re.compile(r"[\"'“‘«„¿¡(]?\s?[^\W\d_]{1,2}|[“‘«„\"]")
MAX_CAPS = 40  # of a page: more are letters set one by one
MAX_GAP = 1.3  # of the line's type size, from the letter to its word


def with_drop_caps(lines: Sequence[Line]) -> list[Line]:
    """The lines, each large first letter at the head of its own."""
    caps = [line for line in lines if len(line.text) <= 3 and CAP.fullmatch(line.text)]
    if not caps or len(caps) > MAX_CAPS:
        return list(lines)
    joined = list(lines)
    for cap in caps:
        beside = [line for line in joined if line is not cap and _is_beside(cap, line)]
        if beside:
            top = max(beside, key=lambda line: line.baseline)
            place = next(place for place, line in enumerate(joined) if line is top)
            joined[place] = top._replace(text=cap.text + top.text, is_capped=True)
            joined = [line for line in joined if line is not cap]
    return joined


def _is_beside(cap: Line, line: Line) -> bool:
    """Whether a line stands to the right of a large letter, not above its top."""
    return (
        cap.size >= LARGER * line.size
        and -0.5 * line.size <= line.left - cap.right <= MAX_GAP * line.size
        and cap.baseline - 0.4 * line.size <= line.baseline <= cap.baseline + cap.size
        and line.text[0].isalnum()
    )
