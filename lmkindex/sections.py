"""The headings of a document -> the path of headings over each sentence.

Takes offsets and headings, gives strings. Knows no formats and no files. A path is stored as one string with a heading
per line, because a heading is one line and may hold any other character.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence

from .records import Heading

SEPARATOR = "\n"
NO_HEADING = Heading(start=0, end=0, level=1, text="")  # ends all headings before it
MAX_HEADING_CHARS = 200  # a paragraph that was taken for a heading would be stored again with each of its sentences


def heading_paths(headings: Sequence[Heading], starts: Iterable[int]) -> list[str]:
    """For each sentence, by its first character: the headings that it stands under, outermost first, one per line. A
    heading is in its own path.

    >>> headings = [Heading(start=0, end=6, level=1, text="Dues"), Heading(start=20, end=28, level=2, text="Boats")]
    >>> heading_paths(headings, [0, 8, 30])
    ['Dues', 'Dues', 'Dues\\nBoats']
    """
    if not headings:
        return ["" for _ in starts]
    paths = [""]
    open_headings: list[Heading] = []
    for heading in headings:
        open_heading(open_headings, heading)
        paths.append(SEPARATOR.join(one.text[:MAX_HEADING_CHARS].replace(SEPARATOR, " ") for one in open_headings))
    bounds = [heading.start for heading in headings]
    return [paths[bisect_right(bounds, start)] for start in starts]


def open_heading(open_headings: list[Heading], heading: Heading) -> None:
    """Take a heading into the path over it. One without words only ends those of its level and deeper ones."""
    while open_headings and open_headings[-1].level >= heading.level:
        open_headings.pop()
    if heading.text:
        open_headings.append(heading)


def headings_again(open_headings: Sequence[Heading], place: int) -> list[Heading]:
    """A path of headings once more, as headings without characters at `place`: for the end of a part that has headings
    of its own, such as an aside.

    >>> headings_again([Heading(start=0, end=6, level=1, text="Dues")], 20)
    [Heading(start=20, end=20, level=1, text=''), Heading(start=20, end=20, level=1, text='Dues')]
    """
    return [Heading(start=place, end=place, level=heading.level, text=heading.text) for heading in (NO_HEADING, *open_headings)]


def path_of_headings(stored: str | None) -> tuple[str, ...]:
    """The headings of a stored path, outermost first; none if it is empty or older than the column.

    >>> path_of_headings("Dues\\nBoats")
    ('Dues', 'Boats')
    """
    return tuple(stored.split(SEPARATOR)) if stored else ()
