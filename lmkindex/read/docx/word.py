"""A Word document as one text: heads, body, feet, with the headings' places in it."""

from __future__ import annotations

from ...records import Heading
from ..parsed import ParsedFile
from ..titles import clean_title
from .archive import WordArchive
from .heads_and_feet import read_heads_and_feet
from .word_blocks import BODY, StoryReader, WordBlock
from .word_source import WordSource

CORE = "{http://schemas.openxmlformats.org/package/2006/metadata/core-properties}coreProperties"
CORE_TITLE = "{http://purl.org/dc/elements/1.1/}title"
BLOCK_GAP = "\n\n"


def read_docx(data: bytes, *, comments: bool = False) -> ParsedFile:
    """The text of a Word document: paragraphs and tables in the order of the body, separated by blank lines, with one
    line for each row of a table; the heads of pages first, their feet last. With `comments`, each follows the paragraph
    that it is on. Raises `ReadError`."""
    archive = WordArchive(data)
    source = WordSource(archive, with_comments=comments)
    body = StoryReader(source, source.main, BODY, source.root).read()
    margins = read_heads_and_feet(source)
    blocks = [*margins.heads, *body, *margins.feet]
    core = archive.related("", "core-properties", CORE)
    title = "" if core is None else clean_title(core.findtext(CORE_TITLE) or "")
    return ParsedFile(
        title=title or next((_heading_text(block) for block in body if block.level), ""),
        text=BLOCK_GAP.join(block.text for block in blocks),
        headings=tuple(_headings(blocks)),
        num_furniture=margins.num_page_numbers,
        notes=source.notes,
    )


def _headings(blocks: list[WordBlock]) -> list[Heading]:
    headings = []
    start = 0
    for block in blocks:
        if block.level and block.place == BODY:
            end = start + block.heading_chars
            headings.append(Heading(start=start, end=end, level=block.level, text=_heading_text(block)))
        start += len(block.text) + len(BLOCK_GAP)
    return headings


def _heading_text(block: WordBlock) -> str:
    return " ".join(block.text[: block.heading_chars].split())
