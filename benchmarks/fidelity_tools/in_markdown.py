"""A sheet as pandoc's Markdown, for its DOCX and its HTML. Knows no program."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .sheets import NOTE_MARK, Block, Sheet, grouped

SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~^$@'\"])")


def write_markdown(sheet: Sheet) -> str:
    """The source for `pandoc -f markdown-smart`; the title stands in the metadata."""
    title = next((block for block in sheet.blocks if block.kind == "title"), None)
    head = f"---\ntitle: '{title.sentences[0].replace(chr(39), chr(39) * 2)}'\n---\n\n" if title else ""
    notes = "\n\n".join(f"[^{number}]: {_inline(' '.join(sentences))}" for number, sentences in sheet.notes.items())
    return head + "\n\n".join(_body(sheet)) + "\n\n" + notes + "\n"


def _body(sheet: Sheet) -> Iterator[str]:
    for kind, _, blocks in grouped(sheet.blocks):
        if kind == "row":
            yield _table(blocks)
        elif kind == "item":
            yield "\n\n".join(f"{'-' if block.marker == '•' else block.marker}   {_inline(' '.join(block.sentences))}" for block in blocks)
        elif kind == "heading":
            yield from ("#" * block.level + " " + _inline(block.sentences[0]) for block in blocks)
        elif kind == "equation":
            yield from (f"$${block.sentences[0].replace('π', chr(92) + 'pi ')}$$" for block in blocks)
        elif kind != "title":
            yield from (_inline(" ".join(block.sentences)) for block in blocks)


def _table(rows: list[Block]) -> str:
    lines = ["| " + " | ".join(_inline(cell) for cell in row.cells) + " |" for row in rows]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0].cells), *lines[1:]])


def _inline(text: str) -> str:
    text = re.sub(r"^(\d+)\.", r"\1\\.", SPECIAL.sub(r"\\\1", text))
    return NOTE_MARK.sub(r"[^\1]", text).replace("⟪", "*").replace("⟫", "*")
