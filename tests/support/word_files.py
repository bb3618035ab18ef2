"""Word documents made of their XML: `word_file(paragraph("Text."))` is the smallest, and each part can be given.

Written by hand from the standard, without python-docx, so that a test can say what no program would write.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

NAMESPACES = {
    "w": "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
    "r": "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
    "m": "http://schemas.openxmlformats.org/officeDocument/2006/math",
    "mc": "http://schemas.openxmlformats.org/markup-compatibility/2006",
    "wps": "http://schemas.microsoft.com/office/word/2010/wordprocessingShape",
    "wp": "http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing",
    "a": "http://schemas.openxmlformats.org/drawingml/2006/main",
    "c": "http://schemas.openxmlformats.org/drawingml/2006/chart",
    "dgm": "http://schemas.openxmlformats.org/drawingml/2006/diagram",
    "v": "urn:schemas-microsoft-com:vml",
    "y": "urn:example:unknown",
}
XMLNS = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in NAMESPACES.items())
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
MAIN_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
STRICT = {
    "http://schemas.openxmlformats.org/wordprocessingml/2006": "http://purl.oclc.org/ooxml/wordprocessingml",
    "http://schemas.openxmlformats.org/officeDocument/2006": "http://purl.oclc.org/ooxml/officeDocument",
    "http://schemas.openxmlformats.org/drawingml/2006": "http://purl.oclc.org/ooxml/drawingml",
}
ROOTS = {"header": "hdr", "footer": "ftr"}  # of parts whose root is not named like their kind


def run(text: str, properties: str = "") -> str:
    return f'<w:r><w:rPr>{properties}</w:rPr><w:t xml:space="preserve">{text}</w:t></w:r>'


def paragraph(content: str = "", properties: str = "") -> str:
    """A `w:p`. Content that is no markup is one run."""
    inner = content if content.startswith("<") or not content else run(content)
    return f"<w:p><w:pPr>{properties}</w:pPr>{inner}</w:p>"


def styled(style: str, text: str) -> str:
    return paragraph(text, f'<w:pStyle w:val="{style}"/>')


def item(text: str, num_id: int | None = None, level: int | None = None, more: str = "") -> str:
    """A paragraph in a list."""
    place = "" if level is None else f'<w:ilvl w:val="{level}"/>'
    number = "" if num_id is None else f'<w:numId w:val="{num_id}"/>'
    return paragraph(text, f"{more}<w:numPr>{place}{number}</w:numPr>")


def table(*rows: str) -> str:
    return f"<w:tbl><w:tblPr/><w:tblGrid/>{''.join(rows)}</w:tbl>"


def row(*cells: str, properties: str = "") -> str:
    """A row. A cell that is no markup is one paragraph."""
    inner = "".join(one if one.startswith("<w:tc>") else cell(one) for one in cells)
    return f"<w:tr><w:trPr>{properties}</w:trPr>{inner}</w:tr>"


def cell(content: str = "", properties: str = "") -> str:
    return f"<w:tc><w:tcPr>{properties}</w:tcPr>{content if content.startswith('<') else paragraph(content)}</w:tc>"


def style(style_id: str, name: str = "", based_on: str = "", properties: str = "", characters: str = "", kind: str = "paragraph") -> str:
    parent = f'<w:basedOn w:val="{based_on}"/>' if based_on else ""
    return (
        f'<w:style w:type="{kind}" w:styleId="{style_id}"><w:name w:val="{name or style_id}"/>{parent}'
        f"<w:pPr>{properties}</w:pPr><w:rPr>{characters}</w:rPr></w:style>"
    )


def level(place: int, template: str, number_format: str = "decimal", start: int = 1, more: str = "") -> str:
    """A level of a list; `more` stands before the text of its numbers."""
    number = f'<w:start w:val="{start}"/><w:numFmt w:val="{number_format}"/>'
    return f'<w:lvl w:ilvl="{place}">{number}{more}<w:lvlText w:val="{template}"/></w:lvl>'


def numbering(definitions: Mapping[int, str], lists: Mapping[int, str]) -> str:
    """Definitions by id, and lists by id: the id of their definition, and perhaps overrides after it."""
    abstract = "".join(f'<w:abstractNum w:abstractNumId="{number}">{levels}</w:abstractNum>' for number, levels in definitions.items())
    nums = []
    for number, one in lists.items():
        definition, _, overrides = one.partition(" ")
        nums.append(f'<w:num w:numId="{number}"><w:abstractNumId w:val="{definition}"/>{overrides}</w:num>')
    return abstract + "".join(nums)


def notes(kind: str, texts: Mapping[int, str]) -> str:
    """Footnotes, endnotes or comments by id, behind the two that only separate."""
    lines = "".join(
        f'<w:{kind} w:type="{name}" w:id="{-1 - i}">{paragraph("Line.")}</w:{kind}>'
        for i, name in enumerate(("separator", "continuationSeparator"))
    )
    inner = {number: text if text.startswith("<") else paragraph(text) for number, text in texts.items()}
    return (lines if kind != "comment" else "") + "".join(
        f'<w:{kind} w:id="{number}" w:author="Ann">{text}</w:{kind}>' for number, text in inner.items()
    )


def reference(kind: str, number: int) -> str:
    return f'<w:r><w:{kind}Reference w:id="{number}"/></w:r>'


def part(root: str, content: str) -> bytes:
    return f'<?xml version="1.0" encoding="UTF-8"?><{root} {XMLNS}>{content}</{root}>'.encode()


def links(targets: Mapping[str, tuple[str, str]]) -> bytes:
    """A part of relationships: id -> kind and target."""
    office = NAMESPACES["r"]
    inner = "".join(f'<Relationship Id="{key}" Type="{office}/{kind}" Target="{target}"/>' for key, (kind, target) in targets.items())
    return f'<?xml version="1.0"?><Relationships xmlns="{PACKAGE}/relationships">{inner}</Relationships>'.encode()


def word_file(
    body: str,
    parts: Mapping[str, str] | None = None,
    *,
    margins: Mapping[str, str] | None = None,
    more_links: Mapping[str, tuple[str, str]] | None = None,
    files: Mapping[str, bytes | None] | None = None,
    title: str = "",
    main: str = "word/document.xml",
    main_type: str = MAIN_TYPE,
    is_strict: bool = False,
) -> bytes:
    """A DOCX. `parts` are the contents of parts by their kind (`styles`, `numbering`, `footnotes`, ...); `margins` are
    those of heads and feet, by names such as "header first"; `files` replaces members of the archive, or removes
    them."""
    parts = parts or {}
    targets = {f"id_{kind}": (kind, f"{kind}.xml") for kind in parts}
    members = {f"word/{kind}.xml": part(f"w:{kind}", content) for kind, content in parts.items()}
    references = ""
    for number, (name, content) in enumerate((margins or {}).items()):
        kind, _, pages = name.partition(" ")
        targets[f"margin{number}"] = (kind, f"{kind}{number}.xml")
        members[f"word/{kind}{number}.xml"] = part(f"w:{ROOTS[kind]}", content)
        references += f'<w:{kind}Reference w:type="{pages or "default"}" r:id="margin{number}"/>'
    members[main] = part("w:document", f"<w:body>{body}<w:sectPr>{references}</w:sectPr></w:body>")
    members["word/_rels/" + main.rpartition("/")[2] + ".rels"] = links(targets | dict(more_links or {}))
    members["_rels/.rels"] = links({"id1": ("officeDocument", main), "id2": ("core-properties", "docProps/core.xml")})
    members["docProps/core.xml"] = (
        f'<cp:coreProperties xmlns:cp="{PACKAGE}/metadata/core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f"<dc:title>{title}</dc:title></cp:coreProperties>"
    ).encode()
    members["[Content_Types].xml"] = (
        f'<Types xmlns="{PACKAGE}/content-types"><Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/{main}" ContentType="{main_type}"/></Types>'
    ).encode()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in (members | dict(files or {})).items():
            if data is not None:
                archive.writestr(name, _strict(data) if is_strict else data)
    return packed.getvalue()


def _strict(data: bytes) -> bytes:
    """The same part with the namespaces of strict OOXML."""
    for usual, strict in STRICT.items():
        data = data.replace(f"{usual}/".encode(), f"{strict}/".encode())
    return data
