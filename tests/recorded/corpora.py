"""Small files of fixed content and time: text, HTML, PDF and DOCX, the same bytes on every machine.

Takes places and words, gives files. Knows nothing of lmkindex.
"""

from __future__ import annotations

import io
import os
import shutil
import zipfile
from pathlib import Path

EXAMPLES_PATH = Path(__file__).parents[2] / "examples"
FIRST_DAY_S = 1_700_000_000  # all files are from that day in 2023, or `day` days later: nothing waits for the clock
DAY_S = 86_400
SUBJECTS = ("keeper", "harbour master", "miller", "clerk", "surveyor", "pilot", "beekeeper", "cooper", "warden", "engineer")
VERBS = ("measured", "painted", "repaired", "counted", "weighed", "moved", "opened", "closed", "found", "recorded", "lost")
OBJECTS = (
    "the lantern",
    "a sluice",
    "the old bridge",
    "nine barrels",
    "the tide gauge",
    "a copper pipe",
    "the ledger",
    "two anchors",
    "the orchard",
)
PLACES = ("on the pier", "in the tower", "at the mill", "near the reef", "under the hall", "by the well", "behind the church")


def write(path: Path, content: str | bytes, *, day: int = 0) -> Path:
    """A file of fixed bytes and time, and the directories above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
    return set_day(path, day)


def set_day(path: Path, day: int) -> Path:
    os.utime(path, (FIRST_DAY_S + day * DAY_S,) * 2, follow_symlinks=False)
    return path


def copy_examples(target_path: Path, *names: str) -> None:
    """Files of examples/corpus (all if none are named), each with its own day."""
    corpus_path = EXAMPLES_PATH / "corpus"
    paths = [corpus_path / name for name in names] or [path for path in sorted(corpus_path.rglob("*")) if path.is_file()]
    for day, path in enumerate(paths):
        copied = target_path / path.relative_to(corpus_path)
        copied.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copied)
        set_day(copied, day)


def sentence(number: int) -> str:
    """A sentence for each number, all different."""
    subject, verb = SUBJECTS[number % len(SUBJECTS)], VERBS[number % len(VERBS)]
    thing, where = OBJECTS[number % len(OBJECTS)], PLACES[number % len(PLACES)]
    return f"On day {number} the {subject} {verb} {thing} {where}."


def prose(first: int, num_sentences: int) -> str:
    """Sentences `first`, `first + 1`, ..; a blank line after every fifth."""
    numbers = range(first, first + num_sentences)
    return "".join(sentence(number) + ("\n\n" if (number - first) % 5 == 4 else " ") for number in numbers)


def pdf(*pages: str) -> bytes:
    """A PDF with one line per page, uncompressed, so that its size does not depend on a library."""
    first = 4
    kids = " ".join(f"{first + 2 * number} 0 R" for number in range(len(pages)))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for number, text in enumerate(pages):
        content = f"BT /F1 10 Tf 20 700 Td ({text}) Tj ET"
        resources = "/MediaBox [0 0 900 792] /Resources << /Font << /F1 3 0 R >> >>"
        objects.append(f"<< /Type /Page /Parent 2 0 R {resources} /Contents {first + 2 * number + 1} 0 R >>")
        objects.append(f"<< /Length {len(content)} >>\nstream\n{content}\nendstream")
    out = io.BytesIO(b"%PDF-1.4\n")
    out.seek(0, io.SEEK_END)
    places = []
    for number, body in enumerate(objects, start=1):
        places.append(out.tell())
        out.write(f"{number} 0 obj\n{body}\nendobj\n".encode())
    start = out.tell()
    out.write(f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode())
    out.write("".join(f"{place:010} 00000 n \n" for place in places).encode())
    out.write(f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n".encode())
    return out.getvalue()


def docx(*paragraphs: str) -> bytes:
    """A DOCX of plain paragraphs, stored unpacked and with a fixed time."""
    text = "".join(f"<w:p><w:r><w:t>{paragraph}</w:t></w:r></w:p>" for paragraph in paragraphs)
    office = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
    relation = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"
    words = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    parts = {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/word/document.xml" ContentType="{office}"/></Types>',
        "_rels/.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="rId1" Type="{relation}" Target="word/document.xml"/></Relationships>',
        "word/document.xml": f'<w:document xmlns:w="{words}"><w:body>{text}</w:body></w:document>',
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, xml in parts.items():
            archive.writestr(zipfile.ZipInfo(name, (2023, 11, 14, 0, 0, 0)), f'<?xml version="1.0" encoding="UTF-8"?>{xml}')
    return out.getvalue()
