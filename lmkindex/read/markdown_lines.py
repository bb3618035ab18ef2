"""Which parts of a Markdown text need a parser to tell their headings.

Takes a text, gives ranges that tile it: where each begins with a heading at the start of a line that is certainly one,
and whether anything else in it may be a heading. A line of `#` without indentation closes every list and quotation, so
only code and HTML can hide it: their ends are looked for here, and where these are not clear the parser decides for the
rest of the text. Time grows with the length of the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

MARKERS = r"[ \t]*+(?:(?:>|[-*+](?=[ \t])|\d{1,9}[.)](?=[ \t]))[ \t]*+)*+"
LINE = re.compile(
    r"^(?:(?P<atx>#{1,6}(?=[ \t\n]|\Z))"
    rf"|(?P<before>{MARKERS})(?:(?P<fence>`{{3,}}|~{{3,}})(?P<info>[^\n]*)|(?P<inner>#{{1,6}}(?=[ \t\n]|\Z))"
    r"|(?P<rule>(?:=+|-+)[ \t]*$)|(?P<html><[A-Za-z/!?][A-Za-z\d!-]*)))",
    re.MULTILINE,
)
# What may be or begin something else in a block of HTML, which ends with a blank line, or in a paragraph like it.
UNCLEAR = re.compile(
    rf"^{MARKERS}(?:#{{1,6}}(?:[ \t]|$)|```|~~~|<(?:[!?]|script|pre|style|textarea)|(?:=+|-+)[ \t]*$)", re.MULTILINE | re.IGNORECASE
)
ITEM_MARK = re.compile(r"[^\s>]")
HEADING_ELEMENT = re.compile(r"<h[1-6][\s>]", re.IGNORECASE)
REFERENCE = re.compile(rf"^{MARKERS}\[[^\]]{{1,999}}\]:", re.MULTILINE)
BLANK = re.compile(r"\n[ \t]*(?:\n|\Z)|\Z")
COMMENT_END, RAW_END = re.compile("-->"), re.compile("</(?:script|pre|style|textarea)>", re.IGNORECASE)
HTML_ENDS = {"<!--": COMMENT_END, "<script": RAW_END, "<pre": RAW_END, "<style": RAW_END, "<textarea": RAW_END}


class MarkdownRange(NamedTuple):
    """A range of the text; `needs_parser` is whether more than its first line may be a heading."""

    start: int
    end: int
    has_heading: bool
    needs_parser: bool


def markdown_ranges(text: str, start: int, end: int) -> Iterator[MarkdownRange]:
    """Ranges that tile `text[start:end]`, which begins outside of all blocks."""
    has_heading = needs_parser = False
    place = start
    while found := LINE.search(text, place, end):
        place = found.end()
        if found["atx"]:
            if found.start() > start:
                yield MarkdownRange(start, found.start(), has_heading, needs_parser)
            start, has_heading, needs_parser = found.start(), True, False
        elif found["inner"]:
            needs_parser = True
        elif found["rule"]:
            line_before = text[text.rfind("\n", start, max(start, found.start() - 1)) + 1 : found.start()]
            needs_parser |= bool(found["before"].strip() or line_before.strip())
        else:
            block_end = fence_end(text, found, end) if found["fence"] else html_end(text, found, end)
            if block_end < 0:
                yield MarkdownRange(start, end, has_heading=False, needs_parser=True)
                return
            if found["html"] and HEADING_ELEMENT.search(text, found.start("html"), block_end):
                needs_parser = True
            place = max(place, block_end)
    yield MarkdownRange(start, end, has_heading, needs_parser)


def fence_end(text: str, found: re.Match[str], end: int) -> int:
    """Where code between fences ends; -1 where that is not clear."""
    fence, before = found["fence"], found["before"]
    if fence[0] == "`" and "`" in found["info"]:
        return -1 if before else found.end()  # code in a line
    inside = r"[ \t>]*" if before else " {0,3}"
    closing = re.compile(rf"^({inside}){fence[0]}{{{len(fence)},}}[ \t]*$", re.MULTILINE).search(text, found.end(), end)
    if closing is None:
        return -1
    if before:  # in an item or a quotation, perhaps, which a line without its indentation would end
        indentation = ITEM_MARK.sub(" ", before)
        lines = text[found.end() + 1 : closing.start()].splitlines()
        is_clear = closing[1] == indentation and all(line.startswith(indentation) or not line.strip() for line in lines)
        if not is_clear or (">" in before and not all(line.startswith(indentation) for line in lines)):
            return -1
    return closing.end()


def html_end(text: str, found: re.Match[str], end: int) -> int:
    """Where a block of HTML ends; -1 where that is not clear, or where it matters."""
    name = found["html"].lower()
    name = "<!--" if name.startswith("<!--") else name
    if name in HTML_ENDS:
        closing = HTML_ENDS[name].search(text, found.start("html") + len(name), end)
        if closing is None:
            return -1
        line_end = text.find("\n", closing.end(), end)
        return end if line_end < 0 else line_end
    if name.startswith(("<!", "<?")):
        return -1
    blank = BLANK.search(text, found.end(), end)
    block_end = blank.start() if blank else end
    return -1 if UNCLEAR.search(text, found.end(), block_end) else block_end
