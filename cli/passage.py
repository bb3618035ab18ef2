"""`lmkindex read`: the passage that a citation names, exactly as it is stored."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from lmkindex.config import index_path
from lmkindex.display import one_line
from lmkindex.errors import EXIT_OK

from . import options as o
from .output import BOLD, DIM, Terminal, heading_line, place

if TYPE_CHECKING:
    from lmkindex.search import Passage

EPILOG = "Example:\n\n\b\n  lmkindex read manual/lamp.md:1042-1180 --context 200\n  lmkindex read notes/a.pdf > a.txt   # the whole text"

Reference = Annotated[
    str,
    typer.Argument(metavar="REF", help="PATH:START-END as printed; PATH can be absolute, or a doc_id. No range: the whole text."),
]
Context = Annotated[int, typer.Option(min=0, metavar="N", help="Also show N characters before and after the passage, marked as context.")]


def register(app: typer.Typer) -> None:
    app.command("read", epilog=EPILOG)(read)


@o.command
def read(terminal: Terminal, reference: Reference, context: Context = 0) -> int:
    """Print a passage that a citation names.

    The text is printed as stored. In a file or a pipe it is exact, with no newline added.
    """
    from lmkindex.index import IndexReader
    from lmkindex.search import read_passage

    passage = read_passage(IndexReader(index_path(terminal.index)), reference, context)
    if passage.others:
        others = ", ".join(map(one_line, passage.others))
        terminal.note(f"This is {one_line(passage.root)}/{one_line(passage.path)}. The same name can also mean {others}.")
    if terminal.as_json:
        terminal.print_json(passage.to_json())
    else:
        print_passage(terminal, passage, context)
    return EXIT_OK


def print_passage(terminal: Terminal, passage: Passage, context: int) -> None:
    """Without context and without a terminal the passage is exact to the byte, and its headings go to stderr; with
    context, lines mark where it starts and ends."""
    headings = heading_line(passage.heading)
    if context:
        terminal.print(passage.before, DIM)
        terminal.print(f"--- {place(passage)}{f' under {headings}' if headings else ''} ---", BOLD)
        terminal.print(passage.text)
        terminal.print("--- end ---", BOLD)
        terminal.print(passage.after, DIM)
        return
    if headings and passage.start:  # a whole document stands under no heading but its own
        terminal.note(f"{place(passage)} under {headings}")
    if sys.stdout.isatty():
        terminal.print(passage.text.removesuffix("\n"))
    else:
        sys.stdout.flush()
        sys.stdout.buffer.write(passage.text.encode("utf-8"))
        sys.stdout.buffer.flush()
