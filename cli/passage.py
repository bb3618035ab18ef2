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
from lmkindex.display import one_line
from lmkindex.errors import EXIT_OK, LmkindexError, UsageError

from . import options as o
from .output import BOLD, DIM, Terminal, place

if TYPE_CHECKING:
    from lmkindex.records import ManifestEntry

EPILOG = "Example:\n\n\b\n  lmkindex read manual/lamp.md:1042-1180 --context 200\n  lmkindex read notes/a.pdf > a.txt   # all of it"
RANGE = re.compile(r"(\d{1,18})-(\d{1,18})(?: \(page \d+\))?", re.ASCII)  # as `place` prints it
NUM_NEAREST = 5

Manifest = Mapping[tuple[str, str], "ManifestEntry"]
Reference = Annotated[
    str, typer.Argument(metavar="REF", help="PATH:START-END, as it is printed, or a doc_id for the path; without a range: all of it.")
]
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
    from lmkindex.index import IndexReader

    reader = IndexReader(index_path(terminal.index))
    entry, written = resolve(reference, reader.manifest())
    if entry.status == "failed":
        raise LmkindexError(f"{one_line(entry.path)} is not in the index, because it could not be read: {entry.error}")
    row = reader.document_rows([entry.doc_id], ["path", "text", "pages"])[entry.doc_id]
    passage = cut(entry.doc_id, row, bounds_of(written, row["path"], len(row["text"])), context)
    if terminal.as_json:
        names = ("path", "doc_id", "page", "start", "end", "text", "before", "after")
        terminal.print_json({name: getattr(passage, name) for name in names})
    else:
        print_passage(terminal, passage, context)
    return EXIT_OK


def resolve(reference: str, manifest: Manifest) -> tuple[ManifestEntry, str | None]:
    """The document that `reference` names and the range as it is written, if there is one.

    Paths may hold colons and dashes. The last colon before a good range counts; a path without a range comes next; a wrong range last.
    """
    name, colon, written = reference.rpartition(":")
    if colon and RANGE.fullmatch(written) and (found := matching(name, manifest)):
        return only(name, found), written
    if found := matching(reference, manifest):
        return only(reference, found), None
    for match in reversed(list(re.finditer(":", reference))):
        if found := matching(reference[: match.start()], manifest):
            return only(reference[: match.start()], found), reference[match.end() :]
    name = name if RANGE.fullmatch(written) else reference
    nearest = get_close_matches(name, sorted({path for _, path in manifest}), n=NUM_NEAREST, cutoff=0.4)
    same_name = sorted(path for _, path in manifest if path.rsplit("/", 1)[-1] == name.rsplit("/", 1)[-1])[:NUM_NEAREST]
    listed = "".join(f"\n  {one_line(path)}" for path in dict.fromkeys([*same_name, *nearest]))
    raise LmkindexError(f"There is no document {one_line(name)} in the index." + (f" The nearest names are:{listed}" if listed else ""))


def matching(name: str, manifest: Manifest) -> list[ManifestEntry]:
    """The documents of a doc_id, of a path in the corpus, else of a file as named from here, else of a path as it is printed."""
    by_name = [entry for entry in manifest.values() if name in (entry.doc_id, entry.path)]
    if by_name:
        return by_name
    absolute = Path(name).expanduser().resolve() if "\0" not in name else Path()
    from_here = [entry for entry in manifest.values() if Path(entry.root, entry.path) == absolute]
    return from_here or [entry for entry in manifest.values() if one_line(entry.path) == name]


def only(name: str, found: list[ManifestEntry]) -> ManifestEntry:
    """The one document, or an error that tells how to name each of several."""
    if len(found) > 1:
        listed = "".join(f"\n  {entry.doc_id}  {one_line(entry.root)}/{one_line(entry.path)}" for entry in found)
        raise LmkindexError(f"{one_line(name)} is in several roots. Name one by its doc_id, as in DOC_ID:START-END:{listed}")
    return found[0]


def bounds_of(written: str | None, path: str, num_chars: int) -> tuple[int, int]:
    """Start and end of a range that was written for a document of `num_chars` characters; of all of it without one.

    Raises `UsageError` for what is no range, `LmkindexError` for one that the text does not have; both say which it has.
    """
    if written is None:
        return 0, num_chars
    match = RANGE.fullmatch(written)
    has = f"{one_line(path)} has the characters 0-{num_chars}"
    if match is None:
        raise UsageError(f"{one_line(written) or 'Nothing'} after the path is no range. {has}: write PATH:START-END, or the path alone.")
    start, end = int(match[1]), int(match[2])
    if start > end:
        raise UsageError(f"The range {start}-{end} ends before it starts. {has}.")
    if end > num_chars:
        raise LmkindexError(f"{has}, so there is no {start}-{end}: it may have changed. Search again.")
    return start, end


def cut(doc_id: str, row: Mapping[str, Any], bounds: tuple[int, int], context: int) -> Passage:
    """The passage `bounds` of a document's row."""
    from lmkindex.index import page_of

    text: str = row["text"]
    start, end = bounds
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


def print_passage(terminal: Terminal, passage: Passage, context: int) -> None:
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
