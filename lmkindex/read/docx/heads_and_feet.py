"""The heads and feet of a Word document's pages: each text once, without the numbers of pages.

Takes every head and foot that a section names, also those for first and even pages: whether a page shows them depends
on where it breaks.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from .word_blocks import MARGIN, StoryReader, WordBlock
from .word_markup import R, W
from .word_source import WordSource

# What is left of "Page 3 of 10" and its like when the numbers are gone: no text of the document.
PAGE_WORDS = frozenset(re.findall(r"\w+", """
    page pages p pp pg of seite seiten s von página pagina páginas pág pag de di d da do sur van sida sidor av side sider
    sivu strona stron str strana z strany ze oldal stránka страница стр с из σελίδα από sayfa trang 第 页 頁 共 ページ 쪽 페이지
"""))  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadsAndFeet:
    """The blocks of the margins. `num_page_numbers` counts those that were nothing but the number of the page."""

    heads: tuple[WordBlock, ...]
    feet: tuple[WordBlock, ...]
    num_page_numbers: int


def read_heads_and_feet(source: WordSource) -> HeadsAndFeet:
    """Those of all sections, in their order."""
    found: dict[str, list[WordBlock]] = {"header": [], "footer": []}
    parts: set[str] = set()
    texts: set[str] = set()
    num_page_numbers = 0
    for reference in source.root.iter(f"{W}headerReference", f"{W}footerReference"):
        kind = "header" if reference.tag == f"{W}headerReference" else "footer"
        part = source.part_of(reference.get(f"{R}id", ""), source.main)
        if not part or part in parts:
            continue
        parts.add(part)
        root = source.archive.tree(part, f"{W}hdr" if kind == "header" else f"{W}ftr")
        if root is None:
            continue
        for block in StoryReader(source, part, MARGIN, root).read():
            text = without_page_number(block.text) if block.has_page_number else block.text
            num_page_numbers += not text
            if text and text not in texts:
                texts.add(text)
                found[kind].append(replace(block, text=text))
    return HeadsAndFeet(heads=tuple(found["header"]), feet=tuple(found["footer"]), num_page_numbers=num_page_numbers)


def without_page_number(text: str) -> str:
    """A head without the words around the number of the page, where these stand apart: between tabs, cells or lines."""
    return "\n".join(filter(None, map(_without_page_words, text.split("\n"))))


def _without_page_words(line: str) -> str:
    separator = " | " if " | " in line else "\t"
    parts: Sequence[str] = [part for part in line.split(separator) if not set(re.findall(r"\w+", part.casefold())) <= PAGE_WORDS]
    return separator.join(parts).strip()
