"""The characters of a paragraph in the final view, and what hangs on it: text boxes, notes, comments.

Takes `w:p` elements in the order of their story. Deleted, moved and hidden text and the codes of fields are left out;
the results of fields are in. Knows no lists, tables or headings.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ..raised import raised_text
from .equations import equation_text
from .symbol_fonts import SYMBOL_FONTS, decode_symbols, symbol_text
from .word_fields import OpenField, counts_pages, form_value
from .word_markup import (
    ALTERNATIVES,
    EQUATION,
    EQUATIONS,
    FIELD_MARK,
    ID,
    RUN,
    SILENT,
    SYMBOL,
    TEXT,
    VAL,
    W,
    branch_of,
    is_on,
    value_of,
)
from .word_styles import WordStyles
from .word_survey import BOXES, CHARACTERS, FONT_NAMES, FONTS, MARKS, StorySurvey, clean_text, plain_text


@dataclass(slots=True, kw_only=True)
class ParagraphText:
    """The characters of a paragraph; `boxes` are the elements of text boxes and diagrams, `marks` the kinds and ids of
    notes and comments."""

    text: str
    boxes: list[Any] = field(default_factory=list)
    marks: list[tuple[str, str]] = field(default_factory=list)
    has_page_number: bool = False

    @property
    def is_empty(self) -> bool:
        return not (self.text or self.boxes or self.marks)


class TextReader:
    """Reads the paragraphs of one story. Invariant: `_fields` are the fields open at this place, also from earlier
    paragraphs; text counts only if none of them is muted, and if it is not hidden."""

    def __init__(self, styles: WordStyles, survey: StorySurvey, *, is_margin: bool = False) -> None:
        self._styles = styles
        self._closed_fields = survey.closed_fields
        self._special = survey.special_paragraphs
        self._is_margin = is_margin
        self._fields: list[OpenField] = []
        self._num_muted = 0
        self._is_hidden = False
        self._is_style_hidden = False
        self._font = ""
        self._parts: list[str] = []
        self._found = ParagraphText(text="")

    def read(self, paragraph: Any, *, is_hidden: bool) -> ParagraphText:
        """The text of a paragraph whose style is hidden or not."""
        if not is_hidden and not self._fields and self.is_plain(paragraph):
            plain = plain_text(paragraph)
            if plain is not None:
                return ParagraphText(text=plain)
        self._parts, self._found = [], ParagraphText(text="")
        self._is_style_hidden = self._is_hidden = is_hidden
        self._walk(paragraph)
        self._found.text = "".join(self._parts)
        return self._found

    def is_plain(self, paragraph: Any) -> bool:
        """Whether a paragraph is known to have no more than runs of text."""
        return paragraph not in self._special

    def _walk(self, parent: Any) -> None:
        for child in parent:
            action = ACTIONS.get(child.tag)
            if action is not None:
                action(self, child)
            elif child.tag not in SILENT:
                self._walk(child)

    @property
    def _is_silent(self) -> bool:
        return self._is_hidden or self._num_muted > 0

    def _add(self, text: str) -> None:
        if not self._is_hidden and not self._num_muted:
            self._parts.append(text)

    def _run(self, run: Any) -> None:
        properties = run.find(f"{W}rPr")
        num_parts = len(self._parts)
        is_raised = False
        if properties is not None:
            is_raised = value_of(properties, "vertAlign") == "superscript"
            self._is_hidden = self._hides(properties)
            fonts = properties.find(FONTS)
            names = [] if fonts is None else [fonts.get(name) for name in FONT_NAMES]
            self._font = next((name for name in names if name in SYMBOL_FONTS), "")
        is_custom_mark = False
        for child in run:
            if is_custom_mark and child.tag == TEXT:
                continue  # the sign of a note, such as a star
            action = ACTIONS.get(child.tag)
            if action is not None:
                action(self, child)
                is_custom_mark = is_custom_mark or (child.tag in MARKS and child.get(f"{W}customMarkFollows") in {"1", "true", "on"})
            elif child.tag not in SILENT:
                self._walk(child)
        self._is_hidden, self._font = self._is_style_hidden, ""
        if is_raised:
            text = "".join(self._parts[num_parts:])
            del self._parts[num_parts:]
            self._parts.append(raised_text(text, "".join(self._parts[-1:])[-1:]))

    def _hides(self, properties: Any) -> bool:
        """Whether a run is hidden: what it says itself counts, else its style turns over what the paragraph's says."""
        vanish = properties.find(f"{W}vanish")
        if vanish is not None:
            return is_on(vanish)
        style = properties.find(f"{W}rStyle")
        is_turned = style is not None and self._styles.resolve(style.get(VAL, "")).is_hidden
        return self._is_style_hidden != is_turned

    def _text(self, element: Any) -> None:
        text = clean_text(element.text or "")
        self._add(decode_symbols(text, self._font) if self._font else text)

    def _character(self, element: Any) -> None:
        self._add(CHARACTERS[element.tag])

    def _symbol(self, element: Any) -> None:
        self._add(symbol_text(element))

    def _equation(self, element: Any) -> None:
        self._add(equation_text(element))

    def _equations(self, element: Any) -> None:
        """Equations that are set on lines of their own, whatever stands around them."""
        self._add(f"\n{equation_text(element)}\n")

    def _ruby(self, element: Any) -> None:
        for base in element.findall(f"{W}rubyBase"):  # not the reading that is printed above it
            self._walk(base)

    def _alternatives(self, element: Any) -> None:
        self._walk(branch_of(element))

    def _box(self, element: Any) -> None:
        if not self._is_silent:
            self._found.boxes.append(element)

    def _mark(self, element: Any) -> None:
        if not self._is_silent:
            self._found.marks.append((MARKS[element.tag], element.get(ID, "")))

    def _field_mark(self, element: Any) -> None:
        kind = element.get(f"{W}fldCharType")
        if kind == "begin":
            if element in self._closed_fields:
                self._add(form_value(element))
                self._fields.append(OpenField())
                self._num_muted += 1
        elif self._fields and kind == "separate":
            is_page = self._is_page_number(self._fields[-1].code)
            if self._fields[-1].is_muted and not is_page:
                self._fields[-1].is_muted = False
                self._num_muted -= 1
        elif self._fields and kind == "end":
            last = self._fields.pop()
            self._is_page_number(last.code)
            self._num_muted -= last.is_muted

    def _field_code(self, element: Any) -> None:
        if self._fields and self._is_margin:
            self._fields[-1].code += (element.text or "")[:100]

    def _simple_field(self, element: Any) -> None:
        if not self._is_page_number(element.get(f"{W}instr", "")):
            self._walk(element)

    def _is_page_number(self, code: str) -> bool:
        """Whether a field of a head or foot counts pages; the paragraph is marked if so."""
        is_page = self._is_margin and counts_pages(code)
        self._found.has_page_number = self._found.has_page_number or is_page
        return is_page


ACTIONS: dict[Any, Callable[[TextReader, Any], None]] = {
    RUN: TextReader._run,
    TEXT: TextReader._text,
    SYMBOL: TextReader._symbol,
    EQUATION: TextReader._equation,
    EQUATIONS: TextReader._equations,
    ALTERNATIVES: TextReader._alternatives,
    FIELD_MARK: TextReader._field_mark,
    f"{W}instrText": TextReader._field_code,
    f"{W}fldSimple": TextReader._simple_field,
    f"{W}ruby": TextReader._ruby,
    **dict.fromkeys(CHARACTERS, TextReader._character),
    **dict.fromkeys(MARKS, TextReader._mark),
    **dict.fromkeys(BOXES, TextReader._box),
}
