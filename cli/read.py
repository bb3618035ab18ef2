"""`lmkindex read`: the passage that a citation names, exactly as it is stored."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lmkindex.config import index_path
from lmkindex.errors import EXIT_OK, LmkindexError, UsageError

from . import options as o
from .output import BOLD, DIM, Terminal, one_line, place

if TYPE_CHECKING:
    from lmkindex.records import ManifestEntry

EPILOG = "Example:\n\n\b\n  lmkindex read manual/lamp.md:1042-1180 --context 200\n  lmkindex read notes/a.pdf > a.txt   # all of it"
RANGE = re.compile(r"(.+):(\d{1,18})-(\d{1,18})", re.DOTALL)
NUM_NEAREST = 5

Manifest = Mapping[tuple[str, str], "ManifestEntry"]
Reference = Annotated[str, typer.Argument(metavar="REF", help="PATH:START-END, or a doc_id for the path; without a range: all of it.")]
Context = Annotated[int, typer.Option(min=0, metavar="N", help="Characters before and after the passage, marked off from it.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """`text` is the document's `[start:end]`; `before` and `after` are what stands around it."""

    path: str
    doc_id: str
    page: int | None
    start: int
    end: int
    text: str
    before: str
    after: str


def register(app: typer.Typer) -> None:
    app.command("read", epilog=EPILOG)(read)


@o.command
def read(terminal: Terminal, reference: Reference, context: Context = 0) -> int:
    """Print a passage that a citation names.

    It is printed as it is stored; to a file or a pipe exactly, without a line end of its own.
    """
    from lmkindex.table import IndexReader

    reader = IndexReader(index_path(terminal.index))
    entry, bounds = resolve(reference, reader.manifest())
    if entry.status == "failed":
        raise LmkindexError(f"{one_line(entry.path)} is not in the index, because it could not be read: {entry.error}")
    row = reader.document_rows([entry.doc_id], ["path", "text", "pages"])[entry.doc_id]
    passage = cut(entry.doc_id, row, bounds, context)
    if terminal.as_json:
        names = ("path", "doc_id", "page", "start", "end", "text", "before", "after")
        terminal.print_json({name: getattr(passage, name) for name in names})
    else:
        show(terminal, passage, context)
    return EXIT_OK


def resolve(reference: str, manifest: Manifest) -> tuple[ManifestEntry, tuple[int, int] | None]:
    """The document that `reference` names and the range, if there is one. Paths may hold colons and dashes: the last range counts."""
    match = RANGE.fullmatch(reference)
    if match is not None and (found := matching(match[1], manifest)):
        return only(match[1], found), (int(match[2]), int(match[3]))
    if found := matching(reference, manifest):
        return only(reference, found), None
    name = match[1] if match is not None else reference
    nearest = get_close_matches(name, sorted({path for _, path in manifest}), n=NUM_NEAREST, cutoff=0.4)
    same_name = sorted(path for _, path in manifest if path.rsplit("/", 1)[-1] == name.rsplit("/", 1)[-1])[:NUM_NEAREST]
    listed = "".join(f"\n  {one_line(path)}" for path in dict.fromkeys([*same_name, *nearest]))
    raise LmkindexError(f"There is no document {one_line(name)} in the index." + (f" The nearest names are:{listed}" if listed else ""))


def matching(name: str, manifest: Manifest) -> list[ManifestEntry]:
    """The documents of a doc_id, of a path in the corpus, or else of a file as one would name it from here."""
    by_name = [entry for entry in manifest.values() if name in (entry.doc_id, entry.path)]
    if by_name:
        return by_name
    absolute = Path(name).expanduser().resolve() if "\0" not in name else Path()
    return [entry for entry in manifest.values() if Path(entry.root, entry.path) == absolute]


def only(name: str, found: list[ManifestEntry]) -> ManifestEntry:
    """The one document, or an error that tells how to name each of several."""
    if len(found) > 1:
        listed = "".join(f"\n  {entry.doc_id}  {one_line(entry.root)}/{one_line(entry.path)}" for entry in found)
        raise LmkindexError(f"{one_line(name)} is in several roots. Name one by its doc_id, as in DOC_ID:START-END:{listed}")
    return found[0]


def cut(doc_id: str, row: Mapping[str, Any], bounds: tuple[int, int] | None, context: int) -> Passage:
    """The passage of a document's row. Raises when the text has no such range."""
    from lmkindex.table import page_of

    text: str = row["text"]
    start, end = bounds if bounds is not None else (0, len(text))
    if start > end:
        raise UsageError(f"The range {start}-{end} ends before it starts.")
    if end > len(text):
        raise LmkindexError(f"{one_line(row['path'])} has {len(text):,} characters, so there is no {start}-{end}: it may have changed.")
    return Passage(
        path=row["path"],
        doc_id=doc_id,
        page=page_of(row["pages"], start),
        start=start,
        end=end,
        text=text[start:end],
        before=text[max(0, start - context) : start],
        after=text[end : end + context],
    )


def show(terminal: Terminal, passage: Passage, context: int) -> None:
    """The passage alone is exact to the byte off a terminal; with context, lines mark where it starts and ends."""
    if context:
        terminal.print(passage.before, DIM)
        terminal.print(f"--- {place(passage.path, passage.start, passage.end, passage.page)} ---", BOLD)
        terminal.print(passage.text)
        terminal.print("--- end ---", BOLD)
        terminal.print(passage.after, DIM)
    elif sys.stdout.isatty():
        terminal.print(passage.text.removesuffix("\n"))
    else:
        sys.stdout.flush()
        sys.stdout.buffer.write(passage.text.encode("utf-8"))
        sys.stdout.buffer.flush()
