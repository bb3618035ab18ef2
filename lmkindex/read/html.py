"""HTML -> paragraphs: the main text by trafilatura if it is installed, else the whole body without menus and other
furniture, by lxml.

Takes characters, gives title and text. trafilatura's result is an XML tree with a smaller vocabulary, so one function
renders both.
"""

from __future__ import annotations

import logging
import re
from itertools import islice
from typing import Any

from .parsed import ParsedFile

# Elements that begin and end a paragraph: those of HTML, and trafilatura's head (a heading), item, row, list, quote,
# code.
BLOCKS = frozenset((
    "address", "article", "aside", "blockquote", "body", "caption", "center", "code-block", "dd", "details", "dialog", "div", "dl", "dt",
    "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "head", "header", "hr", "item", "legend",
    "li", "list", "main", "nav", "ol", "option", "p", "pre", "quote", "row", "section", "summary", "table", "tbody", "textarea", "tfoot",
    "thead", "tr", "ul",
))  # fmt: skip
CELLS = frozenset(("td", "th", "cell"))
LINE_BREAKS = frozenset(("br", "lb"))
VERBATIM = frozenset(("pre", "textarea", "code-block"))
FURNITURE = "//script|//style|//nav|//noscript|//template|//svg|//head|//header|//footer"
MIN_KEPT_SHARE = 0.25  # of the body's characters: with fewer, the extractor mistook text for furniture
# The extractor's time grows with the square of the paragraphs (28,000: 28 s, docs/log.md). A page this large is a book
# or a table.
MAX_EXTRACT_ELEMENTS = 20_000
NEWLINE, SPACE = "\x00", "\x01"  # stand for white space to keep while the rest is collapsed


def declared_encoding(data: bytes) -> str | None:
    """The encoding declared in the first bytes of a page (`meta charset`, `http-equiv` or the XML declaration)."""
    found = re.search(rb"""<(?:meta|\?xml)[^>]*?(?:charset|encoding)\s*=\s*["']?\s*([\w.:-]+)""", data[:4096], re.IGNORECASE)
    name = found[1].decode("ascii", "ignore") if found else None
    # If the declaration can be read byte by byte, the page is not in UTF-16, whatever it says (the HTML standard
    # agrees).
    return "utf-8" if name and name.lower().startswith(("utf-16", "utf-32")) else name


def read_html(html: str) -> ParsedFile:
    """The text of a page; paragraphs are separated by blank lines."""
    import lxml.html

    html = re.sub(r"^\s*<\?xml[^>]*\?>", "", html)  # lxml refuses a string that declares an encoding
    if not html.strip():
        return ParsedFile(title="", text="")
    parser = lxml.html.HTMLParser(remove_comments=True, remove_pis=True, huge_tree=True)
    tree = lxml.html.document_fromstring(html, parser=parser, ensure_head_body=True)
    title = " ".join(tree.findtext(".//title", "").split()) or next((_collapse(h1.text_content()) for h1 in tree.iter("h1")), "")
    for element in tree.xpath(FURNITURE):
        # The header of an article holds its title and author; that of a page, its menu.
        if element.tag not in ("header", "footer") or not any(True for _ in element.iterancestors("article", "main")):
            element.drop_tree()
    everything = _render(tree.body)
    is_book = sum(1 for _ in islice(tree.iter(), MAX_EXTRACT_ELEMENTS + 1)) > MAX_EXTRACT_ELEMENTS
    main = "" if is_book else _main_text(html)
    return ParsedFile(title=title, text=main if len(main) >= MIN_KEPT_SHARE * len(everything) else everything)


def _main_text(html: str) -> str:
    """The main text by trafilatura; "" if it or one of its dependencies is missing, or if it finds no text."""
    try:
        import trafilatura
    except ImportError:
        return ""
    from lxml import etree

    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)  # the library would warn of every odd page on stderr
    xml = trafilatura.extract(html, output_format="xml", include_comments=False, favor_recall=True)
    main = etree.fromstring(xml, etree.XMLParser(huge_tree=True)).find("main") if xml else None
    if main is None:
        return ""
    for code in main.iter("code"):
        if "\n" in "".join(code.itertext()):  # otherwise it is a word in a sentence
            code.tag = "code-block"
    return _render(main)


def _render(root: Any) -> str:
    """The text of an lxml tree: a paragraph per block element, cells joined by bars, white space collapsed except in
    verbatim elements."""
    from lxml import etree

    paragraphs: list[str] = []
    parts: list[str] = []
    verbatim_depth = 0

    def end_paragraph() -> None:
        paragraphs.append(_collapse("".join(parts)))
        parts.clear()

    def add(text: str | None) -> None:
        if text:
            parts.append(text.replace("\n", NEWLINE).replace(" ", SPACE) if verbatim_depth else text)

    for event, element in etree.iterwalk(root, events=("start", "end")):
        is_start = event == "start"
        if element.tag in BLOCKS:
            end_paragraph()
        if element.tag in VERBATIM:
            verbatim_depth += 1 if is_start else -1
        if is_start and element.tag in LINE_BREAKS:
            parts.append(NEWLINE)
        elif is_start and element.tag in CELLS and "".join(parts).strip():
            parts.append(" | ")
        if is_start:
            add(element.text)
        elif element is not root:
            add(element.tail)
    end_paragraph()
    return "\n\n".join(paragraph for paragraph in paragraphs if paragraph)


def _collapse(text: str) -> str:
    lines = (" ".join(line.split()) for line in text.split(NEWLINE))
    return "\n".join(line.replace(SPACE, " ").rstrip() for line in lines).strip("\n")
