"""A sheet as the sources of three generators of sites: Markdown for MkDocs, reStructuredText for Sphinx, AsciiDoc.

Knows no program. The three part headings, lists, tables and footnotes by the means of their languages.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from ..sheets import NOTE_MARK, Block, Sheet, grouped


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """How a language writes a piece: `escape` takes the words of a sentence, the others what is escaped already."""

    escape: Callable[[str], str]
    heading: Callable[[str, int], str]
    quote: Callable[[str], str]
    items: Callable[[Sequence[Block], Sequence[str]], str]
    table: Callable[[Sequence[Sequence[str]]], str]
    mark: Callable[[int, str], str]
    notes: Callable[[dict[int, str]], str]


def write_source(sheet: Sheet, language: Language) -> str:
    """The whole source of a page."""
    notes = {number: language.escape(" ".join(sentences)) for number, sentences in sheet.notes.items()}
    return "\n\n".join([*_body(sheet, language, notes), language.notes(notes)]) + "\n"


def _body(sheet: Sheet, language: Language, notes: dict[int, str]) -> Iterator[str]:
    def inline(block: Block) -> str:
        text = language.escape(" ".join(block.sentences))
        return NOTE_MARK.sub(lambda match: language.mark(int(match[1]), notes[int(match[1])]), text)

    for kind, _, blocks in grouped(sheet.blocks):
        if kind == "row":
            yield language.table([[language.escape(cell) for cell in row.cells] for row in blocks])
        elif kind == "item":
            yield language.items(blocks, [inline(block) for block in blocks])
        elif kind in {"title", "heading"}:
            yield from (language.heading(inline(block), block.level) for block in blocks)
        elif kind == "quote":
            yield from (language.quote(inline(block)) for block in blocks)
        else:
            yield from (inline(block) for block in blocks)


def _markdown_items(blocks: Sequence[Block], texts: Sequence[str]) -> str:
    markers = [block.marker if block.is_numbered else "-" for block in blocks]
    return "\n".join(f"{'    ' * block.level}{marker} {text}" for block, marker, text in zip(blocks, markers, texts, strict=True))


def _markdown_table(rows: Sequence[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]])


def _rst_items(blocks: Sequence[Block], texts: Sequence[str]) -> str:
    markers = [block.marker if block.is_numbered else "*" for block in blocks]
    return "\n\n".join(f"{'  ' * block.level}{marker} {text}" for block, marker, text in zip(blocks, markers, texts, strict=True))


def _rst_table(rows: Sequence[Sequence[str]]) -> str:
    lines = [".. list-table::", "   :header-rows: 1", ""]
    for row in rows:
        lines += [f"   {'*' if not position else ' '} - {cell}" for position, cell in enumerate(row)]
    return "\n".join(lines)


def _asciidoc_items(blocks: Sequence[Block], texts: Sequence[str]) -> str:
    markers = ["." if block.is_numbered else "*" * (block.level + 1) for block in blocks]
    return "\n".join(f"{marker} {text}" for marker, text in zip(markers, texts, strict=True))


MARKDOWN = Language(
    escape=lambda text: re.sub(r"([\\`*_{}\[\]<>#|!])", r"\\\1", text),
    heading=lambda text, level: "#" * (level + 1) + " " + text,
    quote=lambda text: "> " + text,
    items=_markdown_items,
    table=_markdown_table,
    mark=lambda number, _: f"[^{number}]",
    notes=lambda notes: "\n\n".join(f"[^{number}]: {text}" for number, text in notes.items()),
)
RST = Language(
    escape=lambda text: "\\" + re.sub(r"([\\`*_|])", r"\\\1", text) if text else "",
    heading=lambda text, level: f"{text}\n{'=-~'[level] * (len(text) + 2)}",
    quote=lambda text: "    " + text,
    items=_rst_items,
    table=_rst_table,
    mark=lambda number, _: rf"\ [#note{number}]_\ ",
    notes=lambda notes: "\n".join(f".. [#note{number}] {text}" for number, text in notes.items()),
)
ASCIIDOC = Language(
    escape=lambda text: "{empty}" + text,
    heading=lambda text, level: "=" * (level + 1) + " " + text.removeprefix("{empty}"),
    quote=lambda text: f"[quote]\n____\n{text}\n____",
    items=_asciidoc_items,
    table=lambda rows: (
        f'[%header,cols="{len(rows[0])}*"]\n|===\n' + "\n\n".join("\n".join(f"|{cell}" for cell in row) for row in rows) + "\n|==="
    ),
    mark=lambda _, text: f"footnote:[{text}]",
    notes=lambda _: "",
)
MKDOCS_SETTINGS = {
    "site_name": "Vault Handbook",
    "nav": [{"Welcome": "index.md"}, {"Opening hours": "hours.md"}, {"The page": "sheet.md"}, {"Imprint and privacy": "imprint.md"}],
    "markdown_extensions": ["footnotes", "tables"],
    "theme": {"name": "mkdocs"},
    "repo_url": "https://git.example.org/vault/handbook",
}
SPHINX_SETTINGS = (
    "project = 'Vault Handbook'\ncopyright = '2022, The Archive'\nauthor = 'The Archive'\nsmartquotes = False\nversion = release = '4.2'\n"
)


def site_files(language: Language) -> dict[str, str]:
    """The other files of a site, by path: settings, and pages that fill its navigation."""
    if language is MARKDOWN:
        pages = {f"docs/{name}.md": f"# {name}\n\nNothing here yet.\n" for name in ("index", "hours", "imprint")}
        return {"mkdocs.yml": json.dumps(MKDOCS_SETTINGS), **pages}
    pages = {f"{name}.rst": f"{title}\n{'=' * 30}\n\nNothing.\n" for name, title in (("hours", "Opening hours"), ("imprint", "Imprint"))}
    toc = "Vault Handbook\n==============\n\n.. toctree::\n\n   hours\n   sheet\n   imprint\n"
    return {"conf.py": SPHINX_SETTINGS, "index.rst": toc, **pages}
