"""The headings of plain text: Markdown and reStructuredText. Takes a text, gives `Heading`s with offsets into it.

Markdown's blocks are told by markdown-it, as CommonMark has them: nothing in code or comments is a heading.
reStructuredText's titles are told here, as docutils does: by lines of punctuation below them, and above. A heading
starts with its line, without indentation, and ends with its own last line, which may be the line of punctuation. Time
grows with the length of the text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from typing import Any

from ..records import Heading
from .markdown_lines import REFERENCE, markdown_ranges

MARKDOWN_SUFFIXES = (".md", ".markdown")
RST_SUFFIXES = (".rst",)
TITLED_SUFFIXES = MARKDOWN_SUFFIXES + RST_SUFFIXES
PART_CHARS = 1_000_000  # a Markdown file is parsed in parts of about this length
FENCE = re.compile(r"^ {0,3}(?:```|~~~)", re.MULTILINE)
MAY_BE_HEADING = re.compile(r"#[ \t]|#$|^[ \t>]*(?:=+|-+)[ \t]*\r?$", re.MULTILINE)
MAX_HEADING_CHARS = 1000  # of a heading's words: inline markup is not parsed further
LINE_END = re.compile(r"\r\n|\r|\n")
FRONT_MATTER = re.compile(r"\ufeff?(---|\+\+\+)[ \t]*(?:\r\n|\r|\n)")
FRONT_MATTER_ENDS = {mark: re.compile(rf"[\r\n](?:{mark})[ \t]*(?:\r\n|\r|\n|\Z)") for mark in (r"\-\-\-", r"\+\+\+")}
SETTING = re.compile(r"\w\s*[:=]")
ATTRIBUTES = re.compile(r"\s*\{[:#.][^{}]*\}$")  # "{#name}", "{.class}"
ADORNMENT = re.compile(r"([!-/:-@\[-`{-~])\1*[ \t]*")
# Lines that are no text to docutils: items, directives and comments, fields, line blocks, doctests, tables.
NO_TITLE = re.compile(r"[-*+•‣⁃]\s|\.\.(?:\s|$)|__\s|:[^:\s][^:]*:\s|\|\s|>>>\s|\+[-=]")
RST_ROLE = re.compile(r"(?::[\w.:+-]+:)?`([^`<]+?)(?:\s*<[^`<>]*>)?`(?:__?|:[\w.:+-]+:)?")
RST_MARKS = re.compile(r"``([^`]+)``|\*\*([^*]+)\*\*|\*([^*\s][^*]*)\*|\|([^|\s][^|]*)\|_{0,2}|(?<=\w)__?(?!\w)|\[([\w.-]+)\]_")


def plain_headings(text: str, suffix: str) -> tuple[Heading, ...]:
    """The headings of a plain text file of this kind; none for kinds that have none."""
    if suffix in MARKDOWN_SUFFIXES:
        return markdown_headings(text)
    return rst_headings(text) if suffix in RST_SUFFIXES else ()


def markdown_headings(text: str) -> tuple[Heading, ...]:
    """The headings of CommonMark, with `#` or underlined, outside of front matter, code and HTML."""
    env: dict[str, Any] = {}  # the targets of links, in all parts
    start = front_matter_end(text)
    found: list[Heading] = []
    while start < len(text):
        end = part_end(text, start)
        found += headings_of_part(text, start, end, env)
        start = end
    return tuple(heading for heading in found if heading.text)


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


def headings_of_part(text: str, start: int, end: int, env: dict[str, Any]) -> Iterator[Heading]:
    """The headings of a range that begins outside of all blocks. The parser sees only what it is needed for: lines that
    may be headings, and the targets of links."""
    if not MAY_BE_HEADING.search(text, start, end):
        return
    found: list[tuple[int, int, int, str]] = []
    for part_start, part_end in parts_to_parse(text, start, end):
        found += parsed_headings(text, part_start, part_end, env)
    for heading_start, heading_end, level, content in found:
        yield Heading(start=heading_start, end=heading_end, level=level, text=inline_words(content, env))


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


def parsed_headings(text: str, start: int, end: int, env: dict[str, Any]) -> Iterator[tuple[int, int, int, str]]:
    """The headings that the parser finds in a range: start, end, level and words with their markup."""
    part = text[start:end]
    places = line_places(part)
    for opening, inline in pairwise(markdown_parser().parse(part, env)):
        if opening.type == "heading_open" and opening.map is not None:
            first, last = opening.map
            heading_start, heading_end = without_blanks(text, start + places[first][0], start + places[last - 1][1])
            yield heading_start, heading_end, int(opening.tag[1:]), inline.content


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


def rst_headings(text: str) -> tuple[Heading, ...]:
    """The section titles of reStructuredText; the order in which their styles appear gives their levels."""
    places = line_places(text)
    lines = [text[start:end].rstrip() for start, end in places]
    styles: list[str] = []
    found: list[Heading] = []
    index = 0
    while index < len(lines):
        num_lines = lines_of_title(lines, index)
        if not num_lines:
            index += 1
            continue
        style = lines[index + num_lines - 1][0] * (num_lines - 1)  # "==" is overlined
        if style not in styles:
            styles.append(style)
        start, end = without_blanks(text, places[index][0], places[index + num_lines - 1][1])
        title = rst_words(lines[index + num_lines - 2].strip())
        found.append(Heading(start=start, end=end, level=styles.index(style) + 1, text=title))
        index += num_lines
    return tuple(heading for heading in found if heading.text)


def lines_of_title(lines: list[str], index: int) -> int:
    """How many lines a title has that begins at this one: 3 with a line above it, 2 without, 0 if there is none."""
    line = lines[index]
    if not line or line[0].isspace() or index + 1 >= len(lines):
        return 0
    above, below = lines[index + 1], lines[index + 2] if index + 2 < len(lines) else ""
    if is_adornment(line):
        is_overlined = below == line and bool(above.strip()) and not is_adornment(above)
        return 3 if is_overlined and len(line) >= min(4, column_width(above)) else 0
    before = lines[index - 1] if index else ""
    is_separate = not before or before[0].isspace() or is_adornment(before)
    if not is_separate or not is_adornment(above) or NO_TITLE.match(line):
        return 0
    return 2 if len(above) >= min(4, column_width(line)) else 0


def is_adornment(line: str) -> bool:
    """Whether a line is one mark of punctuation, repeated."""
    return ADORNMENT.fullmatch(line) is not None


def column_width(text: str) -> int:
    """How many columns a text takes on a terminal."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text[:8])


def rst_words(title: str) -> str:
    """The words of a title without inline markup."""
    title = RST_MARKS.sub(lambda match: next((group for group in match.groups() if group), ""), title[:MAX_HEADING_CHARS])
    title = RST_ROLE.sub(r"\1", title)
    return " ".join(re.sub(r"\\(\S)", r"\1", title).split())


def line_places(text: str) -> list[tuple[int, int]]:
    """Start and end of each line, without its line end."""
    places, start = [], 0
    for match in LINE_END.finditer(text):
        places.append((start, match.start()))
        start = match.end()
    return [*places, (start, len(text))]


def without_blanks(text: str, start: int, end: int) -> tuple[int, int]:
    """The range without blanks at its ends."""
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end
