"""HTML -> the text that a reader of the page sees, without menus and other furniture.

Takes characters, gives title, text and headings. What browsers show is in `elements.py`, what is furniture in
`furniture.py`; one walk collects the figures for both, a second one writes the text.
"""

from __future__ import annotations

import re
from typing import Any

from ...records import Heading
from ..parsed import ParsedFile
from .furniture import find_furniture
from .survey import survey_page
from .visible_text import LeftOut, render_page

XML_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
# What stands behind these is still shown, but the parser stops there.
LATE_END_TAGS = re.compile(r"</(?:body|html)\s*>", re.IGNORECASE)
# Browsers take these for a line break and, without a paragraph to end, for an empty paragraph; the parser drops both.
END_OF_BREAK = re.compile(r"</br\s*>", re.IGNORECASE)
END_OF_PARAGRAPH = re.compile(r"</p\s*>", re.IGNORECASE)
BOUND = "<lmk-bound></lmk-bound>"  # an element of our own that separates what stands before and after it
STRAY_END = "Unexpected end tag : p"  # of libxml2
FALLBACK_TAGS = re.compile(r"</?(?:noscript|noframes|frameset)\b[^>]*>", re.IGNORECASE)


def read_html(html: str) -> ParsedFile:
    """The text of a page; paragraphs are separated by blank lines. What is shown only without scripts or frames counts
    if the page has no other text."""
    html = END_OF_BREAK.sub("<br>", LATE_END_TAGS.sub(BOUND, XML_DECLARATION.sub("", html)))
    parsed = _read_page(html)
    if not parsed.text and FALLBACK_TAGS.search(html):
        return _read_page(FALLBACK_TAGS.sub("<div>", html))
    return parsed


def _read_page(html: str) -> ParsedFile:
    if not html.strip():
        return ParsedFile(title="", text="")
    tree = _parse(html)
    if tree is None:
        return ParsedFile(title="", text="")
    found = survey_page(tree)
    text, headings = render_page(tree, LeftOut(found.hidden, find_furniture(found), found.layout_tables))
    return ParsedFile(title=_title(tree, headings), text=text, headings=headings)


def _parse(html: str) -> Any:
    """The tree of a page; None if it holds nothing."""
    from lxml import etree

    for text in (html, END_OF_PARAGRAPH.sub("</p>" + BOUND, html)):
        # As bytes, because lxml refuses a string that declares an encoding.
        parser = etree.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, huge_tree=True)
        tree = etree.fromstring(text.encode("utf-8", "replace"), parser)
        if not any(STRAY_END in entry.message for entry in parser.error_log):
            break
    return tree


def _title(tree: Any, headings: tuple[Heading, ...]) -> str:
    title = tree.find("head/title")
    given = "" if title is None else " ".join("".join(title.itertext()).split())
    return given or next((heading.text for heading in headings if heading.level == 1 and heading.text), "")
