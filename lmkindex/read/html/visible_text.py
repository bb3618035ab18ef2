"""The text of a page as a browser shows it: a paragraph for each block, a line for each row of a table.

Takes an lxml tree and what to leave out, gives text and headings. White space is collapsed except in verbatim elements;
only the bounds of blocks, line breaks and controls separate words.
"""

from __future__ import annotations

import re
from collections.abc import Set
from dataclasses import dataclass
from typing import Any, NamedTuple

from ...records import Heading
from ..raised import raised_text
from .block_writer import NEWLINE, SPACE, TAB, BlockWriter, Place
from .elements import heading_level, is_block, is_plain_leaf, keeps_white_space
from .form_values import control_value
from .formulas import formula_end, formula_exponent, formula_start, formula_text, is_exponent
from .list_marks import OrderedItems, counter_of

LISTS = frozenset(("dir", "menu", "ol", "ul"))
CELLS = frozenset(("td", "th"))
APART = frozenset(("aside", "blockquote", "details", "dialog", "fieldset", "figure"))
# Elements that need more than a bound before and behind them.
PARTICULAR = frozenset(("a", "br", "button", "li", "rt", "ruby", "sup", "table", "tspan")) | LISTS
CONTROLS = frozenset(("input", "select"))
KEPT_SPACE = str.maketrans({"\n": NEWLINE, " ": SPACE, "\t": TAB, "\r": None})
# A link that is a mark and no word: that of a heading to itself, that of a note back to the text. Icon fonts use
# characters for private use.
NOTE_NAME = re.compile("note|#fn", re.IGNORECASE)
LINK_MARK = re.compile("[¶§#^↩↵⏎↑⇑⤴🔗⚓☍\ufe0e\ufe0f\ue000-\uf8ff\\s]+")


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Elements that give no text, and tables whose cells are blocks."""

    hidden: Set[Any]
    furniture: Set[Any]
    layout_tables: Set[Any]


def render_page(root: Any, left_out: LeftOut) -> tuple[str, tuple[Heading, ...]]:
    """The text below `root`, and its headings."""
    from lxml import etree

    renderer = _Renderer(left_out)
    events = etree.iterwalk(root, events=("start", "end"))
    for event, element in events:
        if event == "start":
            if renderer.start(element):
                if text := element.text:
                    renderer.add(element, text)
            else:
                events.skip_subtree()
        else:
            renderer.end(element)
            if (text := element.tail) and element is not root:
                renderer.add(element.getparent() if renderer.math_depth else element, text)
    return renderer.writer.finish()


class _Open(NamedTuple):
    """An element that began and is not passed over."""

    element: Any
    level: int
    is_block: bool
    keeps_white_space: bool


class _Renderer:
    """Turns the starts and ends of elements into calls of the writer."""

    def __init__(self, left_out: LeftOut) -> None:
        self.left_out = left_out
        self.skipped = left_out.hidden | left_out.furniture
        self.writer = BlockWriter()
        self.open: list[_Open] = []
        self.verbatim_depth = self.math_depth = 0
        self.counters: list[OrderedItems] = []
        self.item_marks: list[int] = []  # for each open list item, how many marks stand before its own
        self.table_kinds: list[bool] = []  # for each open table, whether its rows are lines
        self.places: list[Place] = []  # where the open links, raised texts and readings begin
        self.readings: list[list[str]] = []  # of the open rubies

    def start(self, element: Any) -> bool:
        """An element begins; False if its content is not to be read."""
        writer, tag = self.writer, element.tag
        if element in self.skipped:
            if element in self.left_out.furniture:
                writer.bound() if is_block(element) else writer.put(" ")
            return False
        if self.math_depth or tag == "math":
            self._start_formula(element)
            return True
        if is_plain_leaf(element) and not self.verbatim_depth:
            writer.bound(ends_heading=tag != "div")
            writer.put(element.text or "")
            writer.bound(ends_heading=tag != "div")
            return False
        if tag in CONTROLS:
            value = control_value(element)
            edge = "\n" if "\n" in value else " "
            writer.put(f"{edge}{value}{edge}".replace("\n", NEWLINE))
            return False
        opened = _Open(element, heading_level(element), is_block(element), keeps_white_space(element))
        if not (opened.is_block or opened.level or opened.keeps_white_space or tag in PARTICULAR):
            return True  # plain inline elements are passed over
        self.open.append(opened)
        if tag in CELLS and self._has_rows():
            writer.start_cell()
        elif tag == "tr" and self._has_rows():
            writer.end_row()
        elif opened.level:
            writer.start_heading(opened.level)
        elif opened.is_block:
            writer.bound(ends_heading=tag != "div")
        if tag in APART:
            writer.start_apart()
        self.verbatim_depth += opened.keeps_white_space
        if tag in PARTICULAR:
            self._start_kind(element, tag)
        return True

    def end(self, element: Any) -> None:
        """An element ends."""
        if self.math_depth:
            if element not in self.skipped:
                self._end_formula(element)
            return
        if not self.open or self.open[-1].element is not element:
            return
        writer, tag = self.writer, element.tag
        opened = self.open.pop()
        if tag in PARTICULAR:
            self._end_kind(element, tag)
        self.verbatim_depth -= opened.keeps_white_space
        if tag in CELLS and self._has_rows():
            writer.end_cell()
        elif tag == "tr" and self._has_rows():
            writer.end_row()
        elif opened.level:
            writer.end_heading()
        elif opened.is_block:
            writer.bound(ends_heading=tag != "div")
        if tag in APART:
            writer.end_apart()
        if tag == "li":
            del writer.marks[self.item_marks.pop() :]

    def add(self, element: Any, text: str) -> None:
        """Text inside `element`, which counts only in a formula."""
        if self.math_depth:
            text = formula_text(element, text)
        elif self.verbatim_depth:
            text = text.translate(KEPT_SPACE)
        self.writer.put(text)

    def _has_rows(self) -> bool:
        return bool(self.table_kinds) and self.table_kinds[-1]

    def _start_kind(self, element: Any, tag: str) -> None:
        """What particular elements need at their start."""
        writer = self.writer
        if tag == "br":
            writer.break_line()
        elif tag in ("a", "sup", "rt"):
            self.places.append(writer.place())
        elif tag == "li":
            self.item_marks.append(len(writer.marks))
            mark = self.counters[-1].mark(element) if self.counters else ""
            writer.put(mark) if writer.is_in_cell else writer.marks.append(mark)
        elif tag in LISTS:
            self.counters.append(counter_of(element))
        elif tag == "table":
            self.table_kinds.append(element not in self.left_out.layout_tables)
        elif tag == "ruby":
            self.readings.append([])
        elif tag == "button" or (tag == "tspan" and element.keys()):
            writer.put(" ")

    def _end_kind(self, element: Any, tag: str) -> None:
        """What they need at their end."""
        writer = self.writer
        if tag == "a":
            place = self.places.pop()
            self._end_local_link(element, place)
        elif tag == "sup":
            place = self.places.pop()
            text = writer.cut(place)
            writer.put(raised_text(text, writer.last_char(), is_link=_is_in_link(element)))
        elif tag == "rt":
            reading = writer.cut(self.places.pop()).strip()
            if reading and self.readings:
                self.readings[-1].append(reading)
            else:
                writer.put(reading)
        elif tag == "ruby":
            reading = "".join(self.readings.pop())
            writer.put(f"({reading})" if reading else "")
        elif tag in LISTS:
            self.counters.pop()
        elif tag == "table":
            if self.table_kinds[-1]:
                writer.end_table()
            self.table_kinds.pop()
        elif tag == "button":
            writer.put(" ")

    def _end_local_link(self, element: Any, place: Place) -> None:
        """A link to a place on the page may be a mark that is no word, or the number of a note."""
        href, text = element.get("href", ""), self.writer.since(place)
        if not text or "#" not in href:
            return
        if LINK_MARK.fullmatch(text):
            self.writer.cut(place)
        elif text.isdecimal() and NOTE_NAME.search(f"{href} {element.get('class', '')} {element.get('role', '')}"):
            self.writer.cut(place)
            is_first = not any(part.strip() for part in self.writer.parts)
            is_marked = self.writer.last_char() in ("[", "(") or (is_first and (element.tail or "").lstrip()[:1] in (".", ")", ":"))
            self.writer.put(text if is_marked else f"[{text}]" + (" " if is_first else ""))

    def _start_formula(self, element: Any) -> None:
        self.math_depth += 1
        self.writer.put(formula_start(element))
        if is_exponent(element):
            self.places.append(self.writer.place())

    def _end_formula(self, element: Any) -> None:
        self.math_depth -= 1
        if is_exponent(element):
            self.writer.put(formula_exponent(self.writer.cut(self.places.pop())))
        self.writer.put(formula_end(element))


def _is_in_link(element: Any) -> bool:
    """Whether a raised text is a link to a place on the page, inside or around it."""
    links = [element.getparent(), *element.iterfind("a")]
    return any(link is not None and link.tag == "a" and link.get("href", "").startswith("#") for link in links)
