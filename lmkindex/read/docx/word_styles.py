"""What the styles of a Word document say about its paragraphs and characters: headings, hidden text, numbers.

Takes the root of `styles.xml`, or None for a document without styles. A style inherits from the style that it is based
on. Knows no paragraphs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

from .word_markup import TYPE, W, is_on, number_of, value_of

BODY_LEVEL = 9  # the outline level of what is no heading


@dataclass(frozen=True, slots=True, kw_only=True)
class WordStyle:
    """A style with what it inherits. `level` is that of a heading, from 1; 0 for all else. `num_id` and `num_level` are
    its list, `num_owner` the style that names the list."""

    level: int = 0
    is_title: bool = False
    is_hidden: bool = False
    num_id: int | None = None
    num_level: int | None = None
    num_owner: str = ""


class WordStyles:
    """The styles by id. Invariant: a resolved style has everything that it inherits, and no chain runs in a circle."""

    def __init__(self, root: Any | None) -> None:
        elements = [] if root is None else root.findall(f"{W}style")
        self._elements = {element.get(f"{W}styleId", ""): element for element in elements}
        self._resolved: dict[str, WordStyle] = {}
        self.has_hidden = root is not None and next(root.iter(f"{W}vanish"), None) is not None
        self._default = next(
            (
                element.get(f"{W}styleId", "")
                for element in elements
                if element.get(TYPE) == "paragraph" and _is_true(element.get(f"{W}default"))
            ),
            "",
        )

    def of_paragraph(self, style_id: str) -> WordStyle:
        """The style of a paragraph that names `style_id`; the default style if it names none or one that is unknown."""
        return self.resolve(style_id if style_id in self._elements else self._default)

    def resolve(self, style_id: str) -> WordStyle:
        """The style with this id; an empty one if there is none."""
        if (known := self._resolved.get(style_id)) is not None:
            return known
        chain: dict[str, None] = {}
        while style_id in self._elements and style_id not in self._resolved and style_id not in chain:
            chain[style_id] = None
            style_id = value_of(self._elements[style_id], "basedOn")
        style = self._resolved.get(style_id, WordStyle())
        for name in reversed(chain):
            style = self._resolved[name] = _inherit(style, name, self._elements[name])
        return style


def _is_true(text: str | None) -> bool:
    return text in {"1", "true", "on"}


def _inherit(base: WordStyle, style_id: str, element: Any) -> WordStyle:
    """`element` on top of the style that it is based on."""
    name = value_of(element, "name").casefold()
    style = replace(base, is_title=name == "title", level=0 if base.is_title else base.level)  # a subtitle is based on the title
    properties, characters = element.find(f"{W}pPr"), element.find(f"{W}rPr")
    named = re.fullmatch(r"heading ?([1-9])", name)
    if named or style.is_title:
        style = replace(style, level=int(named[1]) if named else 1)
    if properties is not None:
        level = number_of(properties, "outlineLvl")
        if level is not None and not style.is_title:
            style = replace(style, level=level + 1 if 0 <= level < BODY_LEVEL else 0)
        style = _with_list(style, style_id, properties.find(f"{W}numPr"))
    vanish = None if characters is None else characters.find(f"{W}vanish")
    return style if vanish is None else replace(style, is_hidden=is_on(vanish))


def _with_list(style: WordStyle, style_id: str, numbers: Any | None) -> WordStyle:
    if numbers is None:
        return style
    num_id, num_level = number_of(numbers, "numId"), number_of(numbers, "ilvl")
    if num_id is not None:
        return replace(style, num_id=num_id, num_level=num_level, num_owner=style_id)
    return style if num_level is None else replace(style, num_level=num_level)
