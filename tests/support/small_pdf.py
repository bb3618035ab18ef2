"""Small PDF files for tests: pages of lines at given places, with fields, comments, an outline and a picture.

Written here, byte by byte, so that a test says what stands where and in what order it is drawn.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from hard_files import pdf_of, stream

WIDTH, HEIGHT = 500, 700
PICTURE = b"q 300 0 0 300 100 200 cm BI /W 1 /H 1 /BPC 8 /CS /G ID \x80 EI Q\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A text at a place in points, drawn at an angle in degrees, and in invisible ink if so."""

    x: float
    y: float
    text: str
    size: float = 11
    is_bold: bool = False
    angle: float = 0
    is_invisible: bool = False

    def drawn(self) -> bytes:
        turn = math.radians(self.angle)
        matrix = (math.cos(turn), math.sin(turn), -math.sin(turn), math.cos(turn), self.x, self.y)
        font = b"/F2" if self.is_bold else b"/F1"
        mode = 3 if self.is_invisible else 0
        return b"BT %s %g Tf %d Tr %.4f %.4f %.4f %.4f %.2f %.2f Tm %s Tj ET\n" % (font, self.size, mode, *matrix, quoted(self.text))


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotation:
    """A field or comment: its subtype, the entries of its dictionary, and its box."""

    entries: bytes
    box: tuple[float, float, float, float]
    is_field: bool = False


def quoted(text: str) -> bytes:
    data = text.encode("cp1252").replace(b"\\", rb"\\").replace(b"(", rb"\(").replace(b")", rb"\)")
    return b"(%s)" % data


def field(kind: bytes, x: float, y: float, entries: bytes, width: float = 150) -> Annotation:
    """A field of a form: `/Tx`, `/Btn` or `/Ch`."""
    return Annotation(entries=b"/Subtype /Widget /FT %s /F 4 %s" % (kind, entries), box=(x, y, x + width, y + 16), is_field=True)


def comment(kind: bytes, x: float, y: float, text: str, flags: int = 4) -> Annotation:
    """A comment: `/Text`, `/Highlight`, `/FreeText`."""
    return Annotation(entries=b"/Subtype %s /F %d /Contents %s" % (kind, flags, quoted(text)), box=(x, y, x + 200, y + 16))


def lines(texts: Sequence[str], x: float = 50, top: float = 600, pitch: float = 14, size: float = 11) -> list[Text]:
    """A column of lines from the top down; "" leaves half a line."""
    found, y = [], top
    for text in texts:
        y -= pitch if text else pitch / 2
        if text:
            found.append(Text(x=x, y=y, text=text, size=size))
    return found


def small_pdf(
    pages: Sequence[Sequence[Text | Annotation | bytes]],
    *,
    rotate: int = 0,
    crop: Sequence[float] = (),
    outline: Sequence[tuple[str, int, float]] = (),
) -> bytes:
    """A PDF of pages in the order of their content; bytes are drawn as they are. `outline` are titles with the number
    of their page, from 0, and their height."""
    fonts = [
        b"<< /Type /Font /Subtype /Type1 /BaseFont /%s /Encoding /WinAnsiEncoding >>" % name for name in (b"Times-Roman", b"Times-Bold")
    ]
    objects = [b"", b"", *fonts]
    kids: list[int] = []
    fields: list[int] = []
    for page in pages:
        drawn = b"".join(part if isinstance(part, bytes) else part.drawn() for part in page if not isinstance(part, Annotation))
        objects.append(stream(drawn))
        content = len(objects)
        notes = []
        for part in page:
            if isinstance(part, Annotation):
                objects.append(b"<< /Type /Annot %s /Rect [%g %g %g %g] >>" % (part.entries, *part.box))
                notes.append(len(objects))
                fields += [len(objects)] if part.is_field else []
        box = b"/CropBox [%g %g %g %g]" % tuple(crop) if crop else b""
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %d %d] %s /Rotate %d /Contents %d 0 R "
            b"/Resources << /Font << /F1 3 0 R /F2 4 0 R >> >> /Annots [%s] >>"
            % (WIDTH, HEIGHT, box, rotate, content, b" ".join(b"%d 0 R" % note for note in notes))
        )
        kids.append(len(objects))
    root = b"/AcroForm << /Fields [%s] >>" % b" ".join(b"%d 0 R" % one for one in fields) if fields else b""
    if outline:
        root += b" /Outlines %d 0 R" % (len(objects) + 1)
        objects += _outline_objects(len(objects) + 1, kids, outline)
    objects[0] = b"<< /Type /Catalog /Pages 2 0 R %s >>" % root
    objects[1] = b"<< /Type /Pages /Count %d /Kids [%s] >>" % (len(kids), b" ".join(b"%d 0 R" % kid for kid in kids))
    return pdf_of(objects)


def _outline_objects(first: int, kids: Sequence[int], outline: Sequence[tuple[str, int, float]]) -> list[bytes]:
    """The outline's root, which is object `first`, and its entries."""
    entries = []
    for place, (title, page, height) in enumerate(outline, first + 1):
        following = b"/Next %d 0 R" % (place + 1) if place < first + len(outline) else b""
        goal = b"[%d 0 R /XYZ 0 %g 0]" % (kids[page], height)
        entries.append(b"<< /Title %s /Parent %d 0 R %s /Dest %s >>" % (quoted(title), first, following, goal))
    return [b"<< /First %d 0 R /Last %d 0 R /Count %d >>" % (first + 1, first + len(outline), len(outline)), *entries]
