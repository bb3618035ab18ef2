"""A printed place, `PATH:START-END` -> the passage there, exactly as the index stores it.

Knows the reader's manifest and documents; knows no encoder and no terminal. Offsets are characters of the canonical
text, half open.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from ..config import require
from ..display import one_line
from ..errors import LmkindexError, UsageError
from ..files import PrintedNames, nfc
from ..index import IndexReader, page_of, stored_headings
from ..records import JsonObject, Manifest, ManifestEntry
from ..sections import heading_paths, path_of_headings
from .records import place_at

RANGE = re.compile(r"(\d{1,18})-(\d{1,18})(?: \(page \d+\))?", re.ASCII)  # as the CLI prints it
NUM_NEAREST = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """`text` is the document's `text[start:end]`; `before` and `after` are the text around it; `heading` are the
    headings that it starts under, outermost first. `path` is relative to `root`; `printed_path` has the end of the root
    before it if other roots have the same path. `others` are documents, as they are printed, that the given name could
    mean as well."""

    path: str
    doc_id: str
    page: int | None
    start: int
    end: int
    text: str
    before: str
    after: str
    root: str = ""
    printed_path: str = ""
    others: tuple[str, ...] = ()
    heading: tuple[str, ...] = ()

    @property
    def place(self) -> str:
        """`PATH:START-END`, as `Index.read` and `lmkindex read` accept it."""
        return place_at(self.printed_path or self.path, self.start, self.end)

    def to_json(self) -> JsonObject:
        names = ("path", "doc_id", "page", "start", "end", "text", "before", "after", "root", "place")
        return {name: getattr(self, name) for name in names} | {"heading": list(self.heading)}


def read_passage(reader: IndexReader, place: str, context_chars: int = 0) -> Passage:
    """The passage at `PATH:START-END`, or the whole document without a range; a doc_id may replace the path.

    Raises `UsageError` for a malformed range, `LmkindexError` for a document or a range that the index does not have.
    """
    require(context_chars >= 0, "The number of characters around a passage must not be negative.")
    names = NamedDocuments(reader.manifest())
    found = names.resolve_place(place)
    entry, printed_path = found.entry, names.printed.of(found.entry.name)
    if entry.status == "failed":
        raise LmkindexError(f"{one_line(printed_path)} is not in the index, because it could not be read: {entry.error}")
    row = reader.document_rows([entry.doc_id], ["root", "path", "text", "pages", "headings"])[entry.doc_id]
    passage = cut_passage(row, bounds_of(found.written, printed_path, len(row["text"])), context_chars)
    return replace(passage, printed_path=printed_path, others=tuple(names.printed.of(other.name) for other in found.others))


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundDocument:
    """The document that a place names, the range as it is written, if there is one, and the other documents that the
    name could mean."""

    entry: ManifestEntry
    others: tuple[ManifestEntry, ...] = ()
    written: str | None = None


class NamedDocuments:
    """The documents of an index by all the names that a user may write for them."""

    def __init__(self, manifest: Manifest) -> None:
        self.manifest = manifest
        self.printed = PrintedNames(manifest)

    def resolve_place(self, place: str) -> FoundDocument:
        """The document that `place` names and its range.

        Paths may hold colons and dashes. A valid range after the last colon is tried first, then a path without a
        range, then a malformed range. Raises `LmkindexError` for a name of no document, or of several.
        """
        name, colon, written = place.rpartition(":")
        if colon and RANGE.fullmatch(written) and (found := self.find_document(name)):
            return replace(found, written=written)
        if found := self.find_document(place):
            return found
        for match in reversed(list(re.finditer(":", place))):
            if found := self.find_document(place[: match.start()]):
                return replace(found, written=place[match.end() :])
        raise self.no_document(name if RANGE.fullmatch(written) else place)

    def find_document(self, name: str) -> FoundDocument | None:
        """The only document of the first reading of a name that gives any. Raises `LmkindexError` if it gives
        several."""
        found = next((found for found in self.read_name(name) if found), [])
        if not found:
            return None
        entry = self.the_only(name, found)
        others = {other for other in self.printed.documents_at(name) if other != entry.name and name != entry.doc_id}
        return FoundDocument(entry=entry, others=tuple(self.manifest[other] for other in sorted(others)))

    def read_name(self, name: str) -> Iterator[list[ManifestEntry]]:
        """The documents with this doc_id; with this path, in any Unicode form; as it is printed with a part of its
        root; relative to the working directory; behind any part of a root; as a terminal shows it. What is printed
        means the same wherever it is read."""
        entries = self.manifest.values()
        yield [entry for entry in entries if name == entry.doc_id]
        same = [self.manifest[found] for found in self.printed.by_path.get(nfc(name), ())]
        exact = {entry.root for entry in same if entry.path == name}
        yield [entry for entry in same if entry.path == name or entry.root not in exact]
        behind = [self.manifest[found] for found in self.printed.behind_roots(name)]
        yield [entry for entry in behind if nfc(self.printed.of(entry.name)) == nfc(name)]
        absolute = path_from_here(name)
        yield [entry for entry in entries if absolute.endswith(nfc(entry.path)) and absolute == absolute_path(entry)]
        yield behind
        yield [entry for entry in entries if name in (one_line(entry.path), one_line(self.printed.of(entry.name)))]

    def the_only(self, name: str, found: Sequence[ManifestEntry]) -> ManifestEntry:
        """The only document found, or an error that tells how to name each of several."""
        if len(found) > 1:
            listed = "".join(f"\n  {one_line(self.printed.of(entry.name))}  {entry.doc_id}" for entry in found)
            raise LmkindexError(
                f"{one_line(name)} is in several roots. Name one of these, or its doc_id, as in PATH:START-END or DOC_ID:START-END:{listed}"
            )
        return found[0]

    def no_document(self, name: str) -> LmkindexError:
        """The error for a name of no document, with the nearest names."""
        printed = sorted({self.printed.of(known) for known in self.manifest})
        nearest = get_close_matches(name, printed, n=NUM_NEAREST, cutoff=0.4)
        same_name = [path for path in printed if path.rsplit("/", 1)[-1] == name.rsplit("/", 1)[-1]][:NUM_NEAREST]
        listed = "".join(f"\n  {one_line(path)}" for path in dict.fromkeys([*same_name, *nearest]))
        return LmkindexError(f"There is no document {one_line(name)} in the index.{' The nearest names are:' if listed else ''}{listed}")


def path_from_here(name: str) -> str:
    """The absolute path, in NFC, that a user means in the working directory; "" if it is no path."""
    if "\0" in name:
        return ""
    with suppress(RuntimeError):  # ~NAME of no user
        return nfc(Path(name).expanduser().resolve().as_posix())
    return ""


def absolute_path(entry: ManifestEntry) -> str:
    """Where a document's file is, in NFC."""
    return nfc(Path(entry.root, entry.path).as_posix())


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
    return Passage(
        path=row["path"],
        doc_id=row["doc_id"],
        page=page_of(row["pages"], start),
        start=start,
        end=end,
        text=text[start:end],
        before=text[max(0, start - context_chars) : start],
        after=text[end : end + context_chars],
        root=row["root"],
        heading=path_of_headings(heading_paths(stored_headings(row["headings"]), [start])[0]),
    )
