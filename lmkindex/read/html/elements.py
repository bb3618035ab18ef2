"""What browsers do with an element: whether it is shown, and whether it begins and ends a block of text. Knows single
elements of an lxml tree, not the page."""

from __future__ import annotations

import re
from typing import Any

# Elements that are blocks in the standard's style sheet, and those of SVG that hold a line of text.
BLOCKS = frozenset((
    "address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "details", "dialog", "dir", "div", "dl", "dt",
    "fieldset", "figcaption", "figure", "footer", "foreignobject", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hgroup", "hr",
    "html", "legend", "li", "listing", "lmk-bound", "main", "menu", "nav", "ol", "optgroup", "option", "p", "plaintext", "pre", "search",
    "section", "summary", "table", "tbody", "td", "text", "textarea", "tfoot", "th", "thead", "tr", "ul", "xmp",
))  # fmt: skip
PLAIN_BLOCKS = frozenset(("blockquote", "dd", "div", "dt", "figcaption", "p"))  # no more than blocks
VERBATIM = frozenset(("listing", "plaintext", "pre", "textarea", "xmp"))
HEADINGS = {f"h{level}": level for level in range(1, 7)}
# Never shown, or shown only where the browser lacks something (video, scripts).
HIDDEN = frozenset((
    "annotation", "annotation-xml", "area", "audio", "base", "basefont", "canvas", "datalist", "defs", "desc", "embed", "head", "iframe",
    "link", "meta", "metadata", "meter", "noembed", "noframes", "noscript", "param", "progress", "rp", "script", "source", "style",
    "template", "title", "track", "video",
))  # fmt: skip
HIDING_STYLE = re.compile(r"(?:^|;)\s*(?:display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse))\s*(?:!|;|$)", re.IGNORECASE)
DISPLAY = re.compile(r"(?:^|;)\s*display\s*:\s*([\w-]+)", re.IGNORECASE)
BLOCK_DISPLAYS = frozenset(("block", "flex", "flow-root", "grid", "list-item", "table", "table-row", "table-caption"))
INLINE_DISPLAYS = frozenset(("inline", "contents"))
KEEPING_STYLE = re.compile(r"(?:^|;)\s*white-space\s*:\s*(?:pre|break-spaces)", re.IGNORECASE)
SHOWN_NAMES = frozenset(("active", "in", "is-active", "is-open", "open", "show", "shown", "visible"))  # of an open dialog
MAX_LEVEL = 9  # of a heading that only ARIA marks


def is_hidden(element: Any) -> bool:
    """Whether a browser does not show this element. A closed `details` is one click away, so it counts as shown."""
    tag, attributes = element.tag, element.attrib
    if tag in HIDDEN and "shadowrootmode" not in attributes:  # which makes a template part of the page
        return not (tag == "script" and _is_formula(element))
    if not attributes:
        return tag == "dialog"
    if (tag == "dialog" and "open" not in attributes) or "popover" in attributes:
        return True
    is_input = tag == "input" and attributes.get("type", "").strip().lower() == "hidden"
    if is_input or ("hidden" in attributes and attributes["hidden"].strip().lower() != "until-found"):
        return True
    if "style" in attributes and HIDING_STYLE.search(attributes["style"]):
        return not _is_formula_beside_its_picture(element)
    # KaTeX writes every formula twice: as MathML, and in pieces that are placed by a style sheet.
    is_second_formula = "katex-html" in attributes.get("class", "") and element.getprevious() is not None
    return is_second_formula or _is_closed_dialog(element)


def _is_closed_dialog(element: Any) -> bool:
    """Whether this is a dialog that a script opens: by its role, or as Bootstrap and its like name and hide them. One
    that is open in a saved page is shown; one that holds the article is taken for open."""
    attributes = element.attrib
    if "role" not in attributes and "modal" not in attributes.get("class", ""):
        return False
    names = attributes.get("class", "").split()
    is_dialog = attributes.get("role", "").strip().lower() in ("dialog", "alertdialog")
    is_away = attributes.get("aria-hidden") == "true" or attributes.get("tabindex") == "-1"
    is_named = "modal" in names and (is_dialog or is_away or "fade" in names)
    if not is_named and not (is_dialog and (attributes.get("aria-modal") == "true" or attributes.get("aria-hidden") == "true")):
        return False
    if not SHOWN_NAMES.isdisjoint(names) or "open" in attributes or DISPLAY.search(attributes.get("style", "")):
        return False
    return next(element.iter("main", "article", "h1"), None) is None


def is_plain_leaf(element: Any) -> bool:
    """Whether this is a block of nothing but text. Most of a page are such blocks, and they need little care."""
    return element.tag in PLAIN_BLOCKS and not len(element) and not element.keys()


def is_block(element: Any) -> bool:
    """Whether the text of this element is apart from the text before and after it."""
    style = element.get("style")
    if style and (found := DISPLAY.search(style)):
        display = found[1].lower()
        if display in BLOCK_DISPLAYS:
            return True
        if display in INLINE_DISPLAYS:
            return False
    return element.tag in BLOCKS


def keeps_white_space(element: Any) -> bool:
    """Whether the white space in this element is shown as it is written."""
    if element.tag in VERBATIM:
        return True
    style = element.get("style")
    return bool(style) and KEEPING_STYLE.search(style) is not None


def heading_level(element: Any) -> int:
    """The level of a heading; 0 for all other elements."""
    level = HEADINGS.get(element.tag, 0)
    role = element.get("role")
    if role and role.strip().lower() == "heading":
        given = element.get("aria-level", "").strip()
        return min(max(int(given), 1), MAX_LEVEL) if re.fullmatch("[0-9]{1,3}", given) else level or 2
    return level


def _is_formula(script: Any) -> bool:
    """Whether a script is a formula in TeX, which MathJax shows in its place, and not in a page saved with what MathJax
    wrote beside it."""
    before = script.getprevious()
    is_shown_twice = before is not None and "MathJax" in (before.get("class") or "") and any(text.strip() for text in before.itertext())
    return script.get("type", "").strip().lower().startswith("math/tex") and not is_shown_twice


def _is_formula_beside_its_picture(element: Any) -> bool:
    """MediaWiki hides the MathML of a formula and shows a picture of it."""
    after = element.getnext()
    return after is not None and after.tag == "img" and next(element.iter("math"), None) is not None
