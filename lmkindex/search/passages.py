"""A printed place, `PATH:START-END` -> the passage there, exactly as the index stores it.

Knows the reader's manifest and documents; knows no encoder and no terminal. Offsets are characters of the canonical
text, half open.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from ..config import require
from ..display import one_line
from ..errors import LmkindexError, UsageError
from ..index import IndexReader, page_of
from ..records import Heading, JsonObject, Manifest, ManifestEntry
from ..sections import heading_paths, path_of_headings

RANGE = re.compile(r"(\d{1,18})-(\d{1,18})(?: \(page \d+\))?", re.ASCII)  # as the CLI prints it
NUM_NEAREST = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """`text` is the document's `text[start:end]`; `before` and `after` are the text around it; `heading` are the
    headings that it starts under, outermost first."""

    path: str
    doc_id: str
    page: int | None
    start: int
    end: int
    text: str
    before: str
    after: str
    heading: tuple[str, ...] = ()

    @property
    def place(self) -> str:
        """`PATH:START-END`, as `Index.read` and `lmkindex read` accept it."""
        return f"{self.path}:{self.start}-{self.end}"

    def to_json(self) -> JsonObject:
        fields = {name: getattr(self, name) for name in ("path", "doc_id", "page", "start", "end", "text", "before", "after")}
        return fields | {"heading": list(self.heading)}


def read_passage(reader: IndexReader, place: str, context_chars: int = 0) -> Passage:
    """The passage at `PATH:START-END`, or the whole document without a range; a doc_id may replace the path.

    Raises `UsageError` for a malformed range, `LmkindexError` for a document or a range that the index does not have.
    """
    require(context_chars >= 0, "The number of characters around a passage must not be negative.")
    entry, written = resolve_place(place, reader.manifest())
    if entry.status == "failed":
        raise LmkindexError(f"{one_line(entry.path)} is not in the index, because it could not be read: {entry.error}")
    row = reader.document_rows([entry.doc_id], ["path", "text", "pages", "headings"])[entry.doc_id]
    return cut_passage(row, bounds_of(written, row["path"], len(row["text"])), context_chars)


def resolve_place(place: str, manifest: Manifest) -> tuple[ManifestEntry, str | None]:
    """The document that `place` names and the range as it is written, if there is one.

    Paths may hold colons and dashes. A valid range after the last colon is tried first, then a path without a range,
    then a malformed range.
    """
    name, colon, written = place.rpartition(":")
    if colon and RANGE.fullmatch(written) and (found := documents_named(name, manifest)):
        return the_only(name, found), written
    if found := documents_named(place, manifest):
        return the_only(place, found), None
    for match in reversed(list(re.finditer(":", place))):
        if found := documents_named(place[: match.start()], manifest):
            return the_only(place[: match.start()], found), place[match.end() :]
    name = name if RANGE.fullmatch(written) else place
    nearest = get_close_matches(name, sorted({path for _, path in manifest}), n=NUM_NEAREST, cutoff=0.4)
    same_name = sorted(path for _, path in manifest if path.rsplit("/", 1)[-1] == name.rsplit("/", 1)[-1])[:NUM_NEAREST]
    listed = "".join(f"\n  {one_line(path)}" for path in dict.fromkeys([*same_name, *nearest]))
    raise LmkindexError(f"There is no document {one_line(name)} in the index." + (f" The nearest names are:{listed}" if listed else ""))


def documents_named(name: str, manifest: Manifest) -> list[ManifestEntry]:
    """The documents with this doc_id or path in the corpus, else with this path relative to the working directory, else
    with this printed path."""
    by_name = [entry for entry in manifest.values() if name in (entry.doc_id, entry.path)]
    if by_name:
        return by_name
    absolute = Path(name).expanduser().resolve() if "\0" not in name else Path()
    from_here = [entry for entry in manifest.values() if Path(entry.root, entry.path) == absolute]
    return from_here or [entry for entry in manifest.values() if one_line(entry.path) == name]


def the_only(name: str, found: list[ManifestEntry]) -> ManifestEntry:
    """The only document found, or an error that tells how to name each of several."""
    if len(found) > 1:
        listed = "".join(f"\n  {entry.doc_id}  {one_line(entry.root)}/{one_line(entry.path)}" for entry in found)
        raise LmkindexError(f"{one_line(name)} is in several roots. Name one by its doc_id, as in DOC_ID:START-END:{listed}")
    return found[0]


def bounds_of(written: str | None, path: str, num_chars: int) -> tuple[int, int]:
    """Start and end of a written range in a document of `num_chars` characters; without a range, those of the whole
    document.

    Raises `UsageError` for a malformed range, `LmkindexError` for a range beyond the text; both state the valid range.
    """
    if written is None:
        return 0, num_chars
    match = RANGE.fullmatch(written)
    has = f"{one_line(path)} has the characters 0-{num_chars}"
    if match is None:
        raise UsageError(f"{one_line(written) or 'Nothing'} after the path is not a range. {has}: write PATH:START-END, or just the path.")
    start, end = int(match[1]), int(match[2])
    if start > end:
        raise UsageError(f"The range {start}-{end} ends before it starts. {has}.")
    if end > num_chars:
        raise LmkindexError(f"{has}, so there is no {start}-{end}: it may have changed. Search again.")
    return start, end


def cut_passage(row: Mapping[str, Any], bounds: tuple[int, int], context_chars: int) -> Passage:
    """The passage at `bounds` in a document's row."""
    text: str = row["text"]
    start, end = bounds
    headings = [Heading(**heading) for heading in row["headings"] or ()]
    return Passage(
        path=row["path"],
        doc_id=row["doc_id"],
        page=page_of(row["pages"], start),
        start=start,
        end=end,
        text=text[start:end],
        before=text[max(0, start - context_chars) : start],
        after=text[end : end + context_chars],
        heading=path_of_headings(heading_paths(headings, [start])[0]),
    )
