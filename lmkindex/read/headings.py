"""The headings of plain text: Markdown, and by `rst_titles.py` reStructuredText. Takes a text, gives `Heading`s with
offsets into it.

Markdown's blocks are told by markdown-it, as CommonMark has them: nothing in code or comments is a heading. A heading
starts with its line, without indentation, and ends with its own last line, which may be the line that underlines it.
Time grows with the length of the text.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from itertools import pairwise
from typing import Any

from ..records import Heading
from ..sections import headings_again, open_heading
from .markdown_lines import REFERENCE, markdown_ranges
from .rst_titles import rst_headings
from .text_lines import line_places, without_blanks

MARKDOWN_SUFFIXES = (".md", ".markdown")
RST_SUFFIXES = (".rst",)
TITLED_SUFFIXES = MARKDOWN_SUFFIXES + RST_SUFFIXES
PART_CHARS = 1_000_000  # a Markdown file is parsed in parts of about this length
FENCE = re.compile(r"^ {0,3}(?:```|~~~)", re.MULTILINE)
MAY_BE_HEADING = re.compile(r"#[ \t]|#$|^[ \t>]*(?:=+|-+)[ \t]*\r?$|<[hH][1-6]", re.MULTILINE)
MAX_HEADING_CHARS = 1000  # of a heading's words: inline markup is not parsed further
FRONT_MATTER = re.compile(r"\ufeff?(---|\+\+\+)[ \t]*(?:\r\n|\r|\n)")
FRONT_MATTER_ENDS = {mark: re.compile(rf"[\r\n](?:{mark})[ \t]*(?:\r\n|\r|\n|\Z)") for mark in (r"\-\-\-", r"\+\+\+")}
HTML_HEADING = re.compile(
    r"<!--(?:[^-]|-(?!->))*+|<h(?P<level>[1-6])(?:\s[^<>]{0,500})?>(?P<words>(?:[^<]|<(?!/?h[1-6])){0,1000})</h(?P=level)\s*>",
    re.IGNORECASE,
)  # comments are passed over
HTML_TAG = re.compile(r"<[^<>]*>")
SETTING = re.compile(r"\w\s*[:=]")
ATTRIBUTES = re.compile(r"\s*\{[:#.][^{}]*\}$")  # "{#name}", "{.class}"


def plain_headings(text: str, suffix: str) -> tuple[Heading, ...]:
    """The headings of a plain text file of this kind; none for kinds that have none."""
    if suffix in MARKDOWN_SUFFIXES:
        return markdown_headings(text)
    return rst_headings(text) if suffix in RST_SUFFIXES else ()


def markdown_headings(text: str) -> tuple[Heading, ...]:
    """The headings of CommonMark, with `#` or underlined, and those of blocks of HTML, but none in code.
    Where a quotation with headings of its own ends, those before it are said again, without characters."""
    env: dict[str, Any] = {}  # the targets of links, in all parts
    start = front_matter_end(text)
    found: list[tuple[Heading, int]] = []
    while start < len(text):
        end = part_end(text, start)
        found += headings_of_part(text, start, end, env)
        start = end
    return tuple(with_ends_of_quotations([(heading, quote_end) for heading, quote_end in found if heading.text], len(text)))


def with_ends_of_quotations(found: list[tuple[Heading, int]], num_chars: int) -> Iterator[Heading]:
    """Headings, each with where the quotation ends that it is in or 0 -> the same with `headings_again`."""
    path: list[Heading] = []
    outer_path, outer_start = path, 0
    for heading, quote_end in found:
        if outer_start and heading.start >= outer_start:
            yield from headings_again(outer_path, outer_start)
            path, outer_start = outer_path, 0
        if quote_end and not outer_start:
            outer_path, outer_start = [*path], quote_end
        open_heading(path, heading)
        yield heading
    if 0 < outer_start < num_chars:
        yield from headings_again(outer_path, outer_start)


def part_end(text: str, start: int) -> int:
    """Where to cut a long text, so that it takes little memory to parse: before a heading that follows a blank line and
    stands in no block of code."""
    cut, counted, num_fences = start + PART_CHARS, start, 0
    while (cut := text.find("\n\n#", cut)) >= 0:
        num_fences += len(FENCE.findall(text, counted, cut))
        if num_fences % 2 == 0:
            return cut + 2
        counted, cut = cut, cut + 1
    return len(text)


def headings_of_part(text: str, start: int, end: int, env: dict[str, Any]) -> Iterator[tuple[Heading, int]]:
    """The headings of a range that begins outside of all blocks, each with where the outermost quotation ends that it
    is in, or 0. The parser sees only what it is needed for: lines that may be headings, and the targets of links."""
    if not MAY_BE_HEADING.search(text, start, end):
        return
    found: list[tuple[Heading, int, bool]] = []
    for part_start, part_end in parts_to_parse(text, start, end):
        found += parsed_headings(text, part_start, part_end, env)
    for heading, quote_end, is_markup in found:  # only now are the targets of all links known
        yield replace(heading, text=inline_words(heading.text, env)) if is_markup else heading, quote_end


def parts_to_parse(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """What the parser has to see of a range: of most parts their first line."""
    if text.find("\r", start, end) >= 0 or text.find("\0", start, end) >= 0:
        yield start, end
        return
    for part in markdown_ranges(text, start, end):
        if part.needs_parser or REFERENCE.search(text, part.start, part.end):
            yield part.start, part.end
        elif part.has_heading:
            line_end = text.find("\n", part.start, part.end)
            yield part.start, part.end if line_end < 0 else line_end


def parsed_headings(text: str, start: int, end: int, env: dict[str, Any]) -> Iterator[tuple[Heading, int, bool]]:
    """The headings that the parser finds in a range, each with where the outermost quotation ends that it is in, or 0,
    and whether its words still have their markup."""
    part = text[start:end]
    places = line_places(part)
    quote_line = 0
    for opening, inline in pairwise([*markdown_parser().parse(part, env), None]):
        if opening.map is not None and opening.map[0] >= quote_line:
            quote_line = opening.map[1] if opening.type == "blockquote_open" else 0
        if opening.type == "heading_open" and opening.map is not None:
            first, last = opening.map
            heading_start, heading_end = without_blanks(text, start + places[first][0], start + places[last - 1][1])
            quote_end = quote_line and start + places[quote_line - 1][1]
            level = int(opening.tag[1:])
            yield Heading(start=heading_start, end=heading_end, level=level, text=inline.content), quote_end, True
        elif opening.type == "html_block" and opening.map is not None:
            first, last = opening.map
            quote_end = quote_line and start + places[quote_line - 1][1]
            for heading in headings_in_html(text, start + places[first][0], start + places[last - 1][1]):
                yield heading, quote_end, False


def headings_in_html(text: str, start: int, end: int) -> Iterator[Heading]:
    """`<h1 align="center">Name</h1>`, as many read-me files begin."""
    for found in HTML_HEADING.finditer(text, start, end):
        if found["words"] is not None:
            words = " ".join(html.unescape(HTML_TAG.sub(" ", found["words"])).split())
            yield Heading(start=found.start(), end=found.end(), level=int(found["level"]), text=words)


@cache
def markdown_parser() -> Any:
    """A parser of blocks: what stands inside of them is parsed for headings alone."""
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark")
    parser.core.ruler.enableOnly(["normalize", "block"])
    return parser


@cache
def inline_parser() -> Any:
    """A parser of what stands inside a heading."""
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark")


def inline_words(content: str, env: dict[str, Any]) -> str:
    """The words of a heading without markup, on one line."""
    content = ATTRIBUTES.sub("", content[:MAX_HEADING_CHARS])
    words = []
    for token in inline_parser().parseInline(content, env)[0].children or ():
        if token.type in ("text", "code_inline", "image"):
            words.append(token.content)
        elif token.type in ("softbreak", "hardbreak"):
            words.append(" ")
    return " ".join("".join(words).split())


def front_matter_end(text: str) -> int:
    """Where the text begins after front matter between lines of `---` or `+++` that sets something; 0 without any."""
    opening = FRONT_MATTER.match(text)
    closing = FRONT_MATTER_ENDS[re.escape(opening[1])].search(text, opening.end() - 1) if opening else None
    if opening is None or closing is None or not SETTING.search(text, opening.end(), closing.start()):
        return 0
    return closing.end()
