"""The numbers that Word prints in front of list items and headings.

Takes the root of `numbering.xml` and counts while paragraphs go by in their order. Lists (`w:num`) of one definition
(`w:abstractNum`) count on together, except where one says what it starts at. Knows no paragraphs and no text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from .number_formats import format_number
from .word_markup import ALTERNATIVES, VAL, W, is_on, number_of, to_int, value_of
from .word_styles import WordStyles

NUM_LEVELS = 9
MAX_LABEL_CHARS = 200  # a file must not grow by a long label in front of each of many items
BULLET = "•"  # whatever the bullet: its own character is often one of a symbol font


@dataclass(frozen=True, slots=True, kw_only=True)
class ListLevel:
    """A level of a list. `template` is its text, where %1 stands for the number of the first level. `restart` is the
    level, from 1, from which on a higher one sets it back; 0 for never. `has_start` means that a list names the start
    itself."""

    start: int = 1
    number_format: str = "decimal"
    pattern: str = ""
    template: str = ""
    restart: int | None = None
    style_id: str = ""
    is_legal: bool = False
    is_hidden: bool = False
    is_bullet: bool = False
    has_start: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberedList:
    """A `w:num`: the definition that counts for it, and its levels."""

    definition: str
    levels: Mapping[int, ListLevel]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListItem:
    """What a paragraph says of its list. `level` counts from 0; it is None if the paragraph leaves it to its style,
    whose id is `style_id` and which says `style_level`."""

    num_id: int
    level: int | None = None
    style_id: str = ""
    style_level: int | None = None


class Numbering:
    """All lists of a document, read once."""

    def __init__(self, root: Any | None, styles: WordStyles) -> None:
        self._styles = styles
        abstracts = [] if root is None else root.findall(f"{W}abstractNum")
        self._abstracts = {abstract.get(f"{W}abstractNumId", ""): abstract for abstract in abstracts}
        nums = [] if root is None else root.findall(f"{W}num")
        self._nums = {number: num for num in nums if (number := to_int(num.get(f"{W}numId"))) is not None}
        self._levels: dict[str, Mapping[int, ListLevel]] = {}
        self._lists: dict[int, NumberedList | None] = {}

    def list_of(self, num_id: int) -> NumberedList | None:
        """The list with this id; None if there is none (0 means that a paragraph is in no list)."""
        if num_id not in self._lists:
            self._lists[num_id] = self._read_list(num_id)
        return self._lists[num_id]

    def _read_list(self, num_id: int) -> NumberedList | None:
        num = self._nums.get(num_id)
        if num is None or num_id == 0:
            return None
        definition = self._definition_of(num)
        if definition not in self._levels:
            abstract = self._abstracts.get(definition)
            self._levels[definition] = {} if abstract is None else _read_levels(abstract)
        levels = dict(self._levels[definition])
        for override in num.findall(f"{W}lvlOverride"):
            place = to_int(override.get(f"{W}ilvl"))
            if place is None:
                continue
            levels |= _read_levels(override)
            start = number_of(override, "startOverride")
            if start is not None:
                levels[place] = replace(levels.get(place, ListLevel()), start=start, has_start=True)
        return NumberedList(definition=definition, levels=levels)

    def _definition_of(self, num: Any) -> str:
        """The id of the definition with the levels: one may only name the style of a list, which names the list."""
        definition = value_of(num, "abstractNumId")
        for _ in range(NUM_LEVELS):  # more steps are a circle
            abstract = self._abstracts.get(definition)
            link = "" if abstract is None else value_of(abstract, "numStyleLink")
            linked = self._nums.get(self._styles.resolve(link).num_id or 0) if link else None
            if linked is None:
                break
            definition = value_of(linked, "abstractNumId")
        return definition


class ListCounter:
    """Counts the lists of one story (the body, the notes, ...). Invariant: `_values` holds the last number of each
    level that was used since it was set back."""

    def __init__(self, numbering: Numbering) -> None:
        self._numbering = numbering
        self._values: dict[str, dict[int, int]] = {}
        self._started: set[tuple[int, int]] = set()

    def next_label(self, item: ListItem) -> str:
        """Count a paragraph, and give what stands in front of its text; "" if it has no number."""
        found = self._numbering.list_of(item.num_id)
        place = 0 if found is None else _place_of(item, found.levels)
        if found is None or place not in found.levels:
            return ""
        num_id, rule = item.num_id, found.levels[place]
        values = self._values.setdefault(found.definition, {})
        if rule.has_start and (num_id, place) not in self._started:
            self._started.add((num_id, place))
            values.pop(place, None)
        for higher in range(place):  # a level that was passed over counts as used once
            if higher in found.levels:
                values.setdefault(higher, found.levels[higher].start)
        values[place] = values[place] + 1 if place in values else rule.start
        for lower in range(place + 1, NUM_LEVELS):
            restart = found.levels[lower].restart if lower in found.levels else None
            if restart is None or place + 1 <= restart:
                values.pop(lower, None)
        return "" if rule.is_hidden else _label(rule, found.levels, values)


def _place_of(item: ListItem, levels: Mapping[int, ListLevel]) -> int:
    """The level of an item: its own, else that of its style, which the list decides."""
    if item.level is not None:
        return item.level
    by_style = (place for place, level in levels.items() if item.style_id and level.style_id == item.style_id)
    return next(by_style, item.style_level or 0)


def _label(rule: ListLevel, levels: Mapping[int, ListLevel], values: Mapping[int, int]) -> str:
    if rule.is_bullet:
        return f"{BULLET} "

    def shown(match: re.Match[str]) -> str:
        place = int(match[1]) - 1
        if place not in levels or place not in values:
            return ""
        level = levels[place]
        number_format = "decimal" if rule.is_legal and level.number_format != "none" else level.number_format
        return format_number(values[place], number_format, level.pattern)

    label = re.sub(r"%([1-9])", shown, rule.template).strip()[:MAX_LABEL_CHARS]
    return f"{label} " if label else ""


def _read_levels(parent: Any) -> dict[int, ListLevel]:
    """The levels that stand right below `parent`."""
    places = ((to_int(element.get(f"{W}ilvl")), element) for element in parent.findall(f"{W}lvl"))
    return {place: _read_level(element) for place, element in places if place is not None and 0 <= place < NUM_LEVELS}


def _read_level(element: Any) -> ListLevel:
    number_format = _number_format(element)
    name = "decimal" if number_format is None else number_format.get(VAL) or "decimal"
    characters = element.find(f"{W}rPr")
    template = value_of(element, "lvlText")[:MAX_LABEL_CHARS]
    start = number_of(element, "start")
    has_picture = element.find(f"{W}lvlPicBulletId") is not None
    return ListLevel(
        start=0 if start is None else start,
        number_format=name,
        pattern="" if number_format is None else number_format.get(f"{W}format") or "",
        template=template,
        restart=number_of(element, "lvlRestart"),
        style_id=value_of(element, "pStyle"),
        is_legal=is_on(element.find(f"{W}isLgl")),
        is_hidden=characters is not None and is_on(characters.find(f"{W}vanish")),
        is_bullet=name == "bullet" and bool(template.strip() or has_picture),
    )


def _number_format(element: Any) -> Any | None:
    """The format of a level, which may be given as a choice between a new and an old one."""
    found = element.find(f"{W}numFmt")
    if found is not None:
        return found
    alternatives = element.find(ALTERNATIVES)
    return None if alternatives is None else next(alternatives.iter(f"{W}numFmt"), None)
