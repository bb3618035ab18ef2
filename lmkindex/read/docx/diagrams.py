"""The words of charts, of SmartArt and of other drawings: titles, names and labels, in the order of their files."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .archive import WordArchive
from .word_markup import DGM, DRAWN_PARAGRAPH, DRAWN_TEXT, A, C


def drawn_text(paragraph: Any) -> str:
    """The text of an `a:p`."""
    return "".join("\n" if element.tag == f"{A}br" else element.text or "" for element in paragraph.iter(DRAWN_TEXT, f"{A}br"))


def chart_lines(archive: WordArchive, part: str) -> list[str]:
    """What a chart says in words: its titles, a line with the names of its series, one with their categories."""
    root = archive.tree(part, f"{C}chartSpace") if part else None
    if root is None:
        return []
    titles = (drawn_text(paragraph) for title in root.iter(f"{C}title") for paragraph in title.iter(DRAWN_PARAGRAPH))
    lists = [
        [value.text or "" for series in root.iter(f"{C}ser") for value in series.iterfind(f"{C}{part}//{C}v")] for part in ("tx", "cat")
    ]
    return [*_each_once(titles), *(" | ".join(_each_once(values)) for values in lists)]


def diagram_lines(archive: WordArchive, part: str) -> list[str]:
    """The text of each point of SmartArt."""
    root = archive.tree(part, f"{DGM}dataModel") if part else None
    points = () if root is None else root.iter(f"{DGM}pt")
    return [drawn_text(paragraph) for point in points for paragraph in point.iterfind(f"{DGM}t/{DRAWN_PARAGRAPH}")]


def _each_once(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(text for text in texts if text.strip()))
