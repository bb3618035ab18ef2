"""The zip around a Word document: its parts as XML trees, and what leads from one part to another.

Takes bytes. A zip bomb is refused before anything is unpacked: the sizes that the archive declares can be trusted,
because no more than that is ever unpacked of an entry. A part that is missing or damaged is noted and left out; only
the main part must be there. Knows nothing of what the parts mean.
"""

from __future__ import annotations

import io
import posixpath
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from ...errors import ReadError
from ..titles import short_line
from .word_markup import STRICT, to_transitional

MAX_UNZIPPED_BYTES = 1 << 28  # including pictures; text alone is far smaller
MAX_XML_BYTES = 1 << 27  # of all XML parts: an element tree takes about ten times as much memory
MAX_ENTRIES = 20_000
OLE_MAGIC = b"\xd0\xcf\x11\xe0"  # the container of .doc, and of a DOCX with a password
CONTENT_TYPES = "[content_types].xml"
MAIN_PART = "word/document.xml"
# What a damaged or encrypted entry, or XML that is not well formed, raises; lxml's XMLSyntaxError is a SyntaxError.
DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, SyntaxError, ValueError)
NO_DOCUMENT = "cannot be parsed: the archive has no Word document in it"
MAX_NAMED_PARTS = 3  # a note names no more


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """A link to another part. `kind` is the last word of its type, such as "footnotes"; `target` is "" for a place
    outside of the archive."""

    kind: str
    target: str


class WordArchive:
    """An opened archive. Invariant: `check_archive` passed, and all that is unpacked together stays below its limit for
    XML."""

    def __init__(self, data: bytes) -> None:
        from lxml import etree

        self._zip = check_archive(data)
        self._etree = etree
        # Not `huge_tree`: at most 256 elements within each other, so that recursive readers are safe.
        self._parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True)
        # Names of parts are the same in upper and lower case; some programs write them with backslashes.
        self._members = {_part_key(member.filename): member for member in self._zip.infolist()}
        self._relations: dict[str, Mapping[str, Relation]] = {}
        self._left_bytes = MAX_XML_BYTES
        self._troubles: defaultdict[str, dict[str, None]] = defaultdict(dict)

    @property
    def notes(self) -> tuple[str, ...]:
        """What was left out and why."""
        return tuple(_note(trouble, list(parts)) for trouble, parts in self._troubles.items())

    def add_trouble(self, trouble: str, part: str) -> None:
        """Note that `part` was left out: it "is missing", for example."""
        self._troubles[trouble][short_line(part)] = None

    def main_part(self) -> str:
        """The name of the part with the body, wherever it is. Raises `ReadError` if there is none."""
        links = [relation.target for relation in self.relations("").values() if relation.kind == "officeDocument"]
        for name in [*links, *self._declared_main_parts(), MAIN_PART]:
            if _part_key(name) in self._members:
                return name
        raise ReadError(NO_DOCUMENT)

    def require(self, name: str, tag: str) -> Any:
        """The root of the part without which there is no document, which is a `tag`. Raises whatever is wrong with
        it."""
        root = self._parse(name)
        if root.tag != tag:
            raise ReadError(NO_DOCUMENT)
        return root

    def tree(self, name: str, *tags: str) -> Any | None:
        """The root of a part, which is one of `tags`; None, with a note, if it is missing or damaged."""
        if _part_key(name) not in self._members:
            self.add_trouble("is missing", name)
            return None
        try:
            root = self._parse(name)
        except DAMAGE:
            root = None
        if root is None or root.tag not in tags:
            self.add_trouble("is damaged", name)
            return None
        return root

    def related(self, source: str, kind: str, *tags: str) -> Any | None:
        """The root of the part that `source` names as its `kind`; None if it names none, or as in `tree`."""
        links = self.relations(source)
        names = [relation.target for relation in links.values() if relation.kind == kind and relation.target]
        usual = posixpath.join(posixpath.dirname(source), f"{kind}.xml")
        if not links and _part_key(usual) in self._members:  # the links are lost or damaged
            names = [usual]
        return self.tree(names[0], *tags) if names else None

    def relations(self, source: str) -> Mapping[str, Relation]:
        """Where the part `source` leads, by id; the archive as a whole is ""."""
        if source not in self._relations:
            self._relations[source] = self._read_relations(source)
        return self._relations[source]

    def _read_relations(self, source: str) -> Mapping[str, Relation]:
        folder, name = posixpath.split(source)
        path = posixpath.join(folder, "_rels", f"{name}.rels")
        if _part_key(path) not in self._members:
            return {}
        try:
            root = self._parse(path)
        except DAMAGE:
            self.add_trouble("is damaged", path)
            return {}
        return {link.get("Id", ""): _relation(link, folder) for link in root.iter("{*}Relationship")}

    def _declared_main_parts(self) -> list[str]:
        """The main parts by their content type, which differs for templates and for files with macros."""
        try:
            root = self._parse(CONTENT_TYPES)
        except (KeyError, *DAMAGE):
            return []
        types = {entry.get("PartName", "").lstrip("/"): entry.get("ContentType", "") for entry in root.iter("{*}Override")}
        return [name for name, kind in types.items() if kind.endswith("main+xml") and ("wordprocessingml" in kind or "ms-word" in kind)]

    def _parse(self, name: str) -> Any:
        member = self._members[_part_key(name)]
        self._left_bytes -= member.file_size
        if self._left_bytes < 0:  # parts with another suffix than .xml are not in the sum that was checked
            raise ReadError(f"too large as XML: the limit is {MAX_XML_BYTES} bytes; split it, or save it as plain text")
        root = self._etree.fromstring(self._zip.read(member), self._parser)
        if any(uri.startswith(STRICT[1:]) for uri in root.nsmap.values()):
            to_transitional(root)
        return root


def check_archive(data: bytes) -> zipfile.ZipFile:
    """The opened archive. Refuses data that is none or that unpacks to too much."""
    if data.startswith(OLE_MAGIC):
        raise ReadError("an encrypted or old Word file: save it as .docx without a password")
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except zipfile.BadZipFile as error:
        raise ReadError("damaged DOCX, or not a DOCX at all (bad zip)") from error
    members = archive.infolist()
    if len(members) > MAX_ENTRIES:
        raise ReadError(f"too many parts in the DOCX: {len(members)}, the limit is {MAX_ENTRIES}")
    xml_sizes = (member.file_size for member in members if member.filename.lower().endswith((".xml", ".rels")))
    for num_bytes, limit, what in (
        (sum(member.file_size for member in members), MAX_UNZIPPED_BYTES, "when unzipped"),
        (sum(xml_sizes), MAX_XML_BYTES, "as XML"),
    ):
        if num_bytes > limit:
            raise ReadError(f"too large {what}: {num_bytes} bytes, the limit is {limit}; split it, or save it as plain text")
    return archive


def _part_key(name: str) -> str:
    return name.replace("\\", "/").lstrip("/").casefold()


def _relation(link: Any, folder: str) -> Relation:
    kind = link.get("Type", "").rpartition("/")[2]
    target = "" if link.get("TargetMode") == "External" else link.get("Target", "")
    if target:
        target = posixpath.normpath(posixpath.join("/", folder, unquote(target).replace("\\", "/"))).lstrip("/")
    return Relation(kind=kind, target=target)


def _note(trouble: str, parts: list[str]) -> str:
    if len(parts) == 1:
        return f"the part {parts[0]} {trouble}"
    named = ", ".join(parts[:MAX_NAMED_PARTS]) + (", ..." if len(parts) > MAX_NAMED_PARTS else "")
    return f"{len(parts)} parts {trouble.replace('is ', 'are ', 1)}: {named}"
