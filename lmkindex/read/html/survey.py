"""One walk over a page: what is hidden, what each element holds, and which parts may be furniture.

Takes an lxml tree, gives the figures that `furniture.py` decides by. Each element is looked at twice, at its start and
its end, so the time is linear in the page.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from .elements import HEADINGS, is_block, is_hidden, is_plain_leaf
from .furniture_names import OF_NOTES, names_of
from .page_part import PagePart
from .table_shape import TableShape

CONTENT = frozenset(("main", "article"))
# A header or footer inside one of these belongs to it, not to the page.
SECTIONS = frozenset(("article", "aside", "blockquote", "details", "dialog", "fieldset", "figure", "main", "nav", "section", "td"))
CONTROLS = frozenset(("button", "input", "select", "textarea"))
LINKS = frozenset(("a", "button", "select"))  # their words are rather a menu's than a sentence's
# Parts of a larger whole: they stay or go with it.
PARTS = frozenset(("html", "body", "main", "li", "dt", "dd", "tr", "td", "th", "tbody", "thead", "tfoot", "caption", "option", *HEADINGS))
CANDIDATES = frozenset(("nav", "header", "footer", "search", "form"))
ROLES = frozenset(("banner", "contentinfo", "menu", "menubar", "navigation", "search"))
END_OF_SENTENCE = re.compile(r"[.!?…:;。！？．؟।॥۔][\"'”’»)\]」』]*\s*$")
WIDE = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\U00020000-\U0003ffff]")
NOTHING: frozenset[str] = frozenset()
MIN_SENTENCE_WORDS = 4
CHARS_PER_WIDE_WORD = 2  # in scripts that put no spaces between words


@dataclass(slots=True)
class Survey:
    """What a walk over a page found."""

    page: PagePart
    hidden: set[Any] = field(default_factory=set)
    layout_tables: set[Any] = field(default_factory=set)
    candidates: list[PagePart] = field(default_factory=list)  # by their ends: inner ones first
    num_content_prose_chars: int = 0  # in a main or an article
    stack: list[PagePart] = field(default_factory=list)
    tables: list[TableShape] = field(default_factory=list)
    run: list[str] = field(default_factory=list)  # pieces of the current block outside of links
    num_run_chars: int = 0  # links and all
    num_elements: int = 0
    has_prose: bool = False  # so far

    @property
    def has_content(self) -> bool:
        """Whether the page marks its article: as a main or article with at least half of the sentences."""
        return self.page.holds_content and self.num_content_prose_chars * 2 >= self.page.num_prose_chars


def survey_page(root: Any) -> Survey:
    """Walk over a page."""
    from lxml import etree

    page = PagePart(root, "", frozenset(), 0, False, False, False, False, None)
    found = Survey(page, stack=[page])
    _add_text(found, root.text)
    events = etree.iterwalk(root, events=("start", "end"))
    for event, element in events:
        if element is root:
            continue
        if event == "start":
            if is_plain_leaf(element) and _add_leaf(found, element.text):
                continue
            if is_hidden(element):
                found.hidden.add(element)
                events.skip_subtree()
            else:
                _enter(found, element)
                if text := element.text:
                    _add_text(found, text)
        else:
            if found.stack[-1].element is element:
                _leave(found)
            if text := element.tail:
                _add_text(found, text)
    _end_block(found)
    page.end = found.num_elements
    return found


def _enter(found: Survey, element: Any) -> None:
    """An element begins. Inline elements that say nothing are passed over: their text is their parent's."""
    parent = found.stack[-1]
    tag = element.tag
    names, role = NOTHING, ""
    is_in_content = parent.is_in_content or tag in CONTENT
    if attributes := element.attrib:
        names = names_of(element.tag, attributes, is_in_content=is_in_content)
        if role := attributes.get("role", ""):
            role = role.strip().lower()
            is_in_content = is_in_content or role in CONTENT
    block = None if is_block(element) else parent.block or parent
    if block is None:
        _end_block(found)
    elif not (names or role or tag in LINKS or tag in CONTROLS):
        return
    found.num_elements += 1
    part = PagePart(
        element,
        role,
        names,
        found.num_elements,
        is_in_content,
        parent.is_in_section or parent.element.tag in SECTIONS or parent.role in CONTENT,
        parent.is_in_link or tag in LINKS,
        parent.is_in_heading or tag in HEADINGS,
        block,
    )
    found.stack.append(part)
    if tag == "table":
        found.tables.append(TableShape())
    elif found.tables:
        found.tables[-1].enter(element)


def _leave(found: Survey) -> None:
    part = found.stack[-1]
    tag = part.element.tag
    if part.block is None:
        _end_block(found)
    found.stack.pop()
    part.end = found.num_elements
    part.num_controls += tag in CONTROLS
    if tag in LINKS and part.num_chars:
        part.num_links += 1
        part.num_local_links += part.element.attrib.get("href", "").startswith("#")
    part.num_navs += tag == "nav" or part.role == "navigation"
    if tag in HEADINGS:
        part.num_heading_chars = part.num_chars
        part.num_h1 += tag == "h1"
    part.has_notes |= bool(part.names & OF_NOTES) or part.role in OF_NOTES
    if tag == "table":
        if found.tables.pop().is_layout(part.role):
            found.layout_tables.add(part.element)
        if found.tables:
            found.tables[-1].holds_blocks = True
    elif found.tables and tag in ("td", "th"):
        found.tables[-1].leave_cell(part.num_chars, part.num_lines, part.num_prose_chars)
    if (tag in CONTENT or part.role in CONTENT) and part.num_chars:
        part.holds_content = True
        if not found.stack[-1].is_in_content:
            found.num_content_prose_chars += part.num_prose_chars
    part.is_first = not found.has_prose
    if _may_be_furniture(part):
        found.candidates.append(part)
    found.stack[-1].add(part)


def _may_be_furniture(part: PagePart) -> bool:
    if part.element.tag == "td" and part.is_first:
        return part.is_dense
    if part.element.tag in PARTS or part.holds_content or not (part.num_chars or part.num_controls):
        return False
    if part.element.tag in CANDIDATES or part.role in ROLES or part.names or part.has_cookie_word:
        return True
    return part.block is None and part.num_links > 1 and part.is_dense


def _add_text(found: Survey, text: str | None) -> None:
    if not text:
        return
    num_chars = sum(map(len, text.split()))
    part = found.stack[-1]
    found.num_run_chars += num_chars
    part.num_chars += num_chars
    if part.is_in_link:
        part.num_link_chars += num_chars
    else:
        found.run.append(text)
    if "ookie" in text:
        part.has_cookie_word = True
    if "©" in text or "opyright" in text:
        part.has_copyright = True


def _add_leaf(found: Survey, text: str | None) -> bool:
    """A block of nothing but text; False if it has to be looked at more closely."""
    part = found.stack[-1]
    if part.is_in_link or (text and ("ookie" in text or "©" in text or "opyright" in text)):
        return False
    _end_block(found)
    if text and (num_chars := sum(map(len, text.split()))):
        part.num_chars += num_chars
        part.num_lines += 1
        if _is_sentence(text) and not part.is_in_heading:
            part.num_prose_chars += num_chars
            found.has_prose = True
    return True


def _end_block(found: Survey) -> None:
    """The text since the last bound of a block is a line; if it is a sentence, its characters are prose."""
    if found.num_run_chars:
        part = found.stack[-1].block or found.stack[-1]
        part.num_lines += 1
        if not part.is_in_heading and _is_sentence("".join(found.run)):
            part.num_prose_chars += found.num_run_chars
            found.has_prose = True
    found.run.clear()
    found.num_run_chars = 0


def _is_sentence(text: str) -> bool:
    if not END_OF_SENTENCE.search(text[-20:]):
        return False
    num_words = len(text.split(None, MIN_SENTENCE_WORDS))
    if not text.isascii():
        num_words += len(WIDE.findall(text)) // CHARS_PER_WIDE_WORD
    return num_words >= MIN_SENTENCE_WORDS
