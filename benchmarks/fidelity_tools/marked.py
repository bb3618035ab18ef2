"""The marked texts in `texts/`: one sentence a line, blocks parted by blank lines. Copies of `examples/sources` that
were marked by hand-checked rules and not by the splitter of lmkindex.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from .sheets import Block

TEXTS_PATH = Path(__file__).resolve().parent / "texts"


def read_marked(name: str) -> tuple[Block, ...]:
    """The blocks of `texts/NAME.txt`."""
    return marked_blocks(TEXTS_PATH / f"{name}.txt")


def marked_blocks(path: Path) -> tuple[Block, ...]:
    """The blocks of a marked text."""
    text = path.read_text(encoding="utf-8")
    return tuple(block for lines in text.strip().split("\n\n") for block in _blocks(lines.splitlines()))


def _blocks(lines: list[str]) -> Iterator[Block]:
    if lines[0].startswith("## "):
        yield Block(kind="heading", level=1, sentences=(lines[0][3:],))
    elif lines[0].startswith("# "):
        yield Block(kind="title", sentences=(lines[0][2:],))
    elif all(" | " in line for line in lines):
        for line in lines:
            yield Block(kind="row", cells=tuple(line.split(" | ")))
    else:
        yield Block(kind="paragraph", sentences=tuple(lines))
