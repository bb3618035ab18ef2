"""DOCX -> title and text, by python-docx.

Takes bytes. Knows the zip around the document only enough to refuse a zip bomb before anything is unpacked. It trusts
the sizes that the archive declares, because no more than that is ever unpacked of an entry.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from typing import Any

from ..errors import ReadError
from .parsed import ParsedFile
from .titles import clean_title

MAX_UNZIPPED_BYTES = 1 << 28  # including pictures; text alone is far smaller
MAX_XML_BYTES = 1 << 27  # of all XML parts: an element tree takes about ten times as much memory
MAX_ENTRIES = 20_000
OLE_MAGIC = b"\xd0\xcf\x11\xe0"  # the container of .doc, and of a DOCX with a password
W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"


def read_docx(data: bytes, *, comments: bool = False) -> ParsedFile:
    """The text of a Word document: paragraphs and tables in the order of the body, separated by blank lines,
    with one line for each row of a table. Raises `ReadError`."""
    check_archive(data)
    import docx

    document = docx.Document(io.BytesIO(data))
    heading_ids = {style.style_id for style in document.styles if (style.name or "").lower().startswith(("title", "heading"))}
    blocks = list(_docx_blocks(document.element.body, heading_ids))
    first_heading = next((text for text, is_heading in blocks if is_heading), "")
    title = clean_title(document.core_properties.title) or first_heading
    return ParsedFile(title=title, text="\n\n".join(text for text, _ in blocks))


def check_archive(data: bytes) -> None:
    """Refuse data that is not an archive or that unpacks to too much."""
    if data.startswith(OLE_MAGIC):
        raise ReadError("an encrypted or old Word file: save it as .docx without a password")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
    except zipfile.BadZipFile as error:
        raise ReadError("damaged DOCX, or not a DOCX at all (bad zip)") from error
    if len(members) > MAX_ENTRIES:
        raise ReadError(f"too many parts in the DOCX: {len(members)}, the limit is {MAX_ENTRIES}")
    xml_sizes = (member.file_size for member in members if member.filename.lower().endswith((".xml", ".rels")))
    for num_bytes, limit, what in (
        (sum(member.file_size for member in members), MAX_UNZIPPED_BYTES, "when unzipped"),
        (sum(xml_sizes), MAX_XML_BYTES, "as XML"),
    ):
        if num_bytes > limit:
            raise ReadError(f"too large {what}: {num_bytes} bytes, the limit is {limit}; split it, or save it as plain text")


def _docx_blocks(body: Any, heading_ids: set[str]) -> Iterator[tuple[str, bool]]:
    """The non-blank blocks of a body and whether each is a heading. Content controls and tracked insertions count as
    text."""
    for block in body.iter(f"{W}p", f"{W}tbl"):
        # A table is one block. A text box is written twice (the second time as a fallback) and comes after the
        # paragraph it is anchored to.
        if any(ancestor.tag in (f"{W}tbl", FALLBACK) for ancestor in block.iterancestors()):
            continue
        if block.tag == f"{W}p":
            text, style = _docx_paragraph(block), block.find(f"{W}pPr/{W}pStyle")
            is_heading = style is not None and style.get(f"{W}val") in heading_ids
        else:
            text, is_heading = "\n".join(filter(None, map(_docx_row, block.iter(f"{W}tr")))), False
        if text:
            yield text, is_heading


def _docx_row(row: Any) -> str:
    """The cells of a row, joined by bars; "" when all are blank. The rows of a table inside a cell follow as separate
    rows."""
    cells = []
    for cell in row.iter(f"{W}tc"):
        if next(cell.iterancestors(f"{W}tr")) is row:
            paragraphs = [part for part in cell.iter(f"{W}p") if next(part.iterancestors(f"{W}tc")) is cell]
            cells.append(" ".join(filter(None, map(_docx_paragraph, paragraphs))).replace("\n", " "))
    return " | ".join(cells) if any(cells) else ""


def _docx_paragraph(paragraph: Any) -> str:
    """The characters of a paragraph, without those of a text box inside it or those that a tracked change deleted
    (`delText`)."""
    characters = {f"{W}tab": "\t", f"{W}br": "\n", f"{W}cr": "\n", f"{W}noBreakHyphen": "-"}
    parts = []
    for element in paragraph.iter(f"{W}t", *characters):
        if next(element.iterancestors(f"{W}p")) is paragraph and element.getparent().tag != f"{W}tabs":
            parts.append(characters.get(element.tag) or element.text or "")
    return "".join(parts).strip()
