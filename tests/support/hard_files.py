"""Files designed to break a reader, by name; for `test_hostile_files.py` and `benchmarks/fuzz_readers.py`.

Each is small on disk, or made small here; `scale` multiplies the part that grows when it is read.
"""

from __future__ import annotations

import io
import random
import re
import warnings
import zipfile
import zlib
from collections.abc import Callable, Sequence

import word_files as wf

MAX_GROWN_BYTES = 1 << 24
W_XML = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
TOKENS = (
    b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b"\xed\xa0\x80", "\u202e\u200b\u2066\ufeff".encode(), b"\x1b]8;;http://x\x07",
    b"\r", b"\n\n", b"\"", b"'", b"# ", b"---\n", b"```\n", b"====\n", b"1. ", b"<div>", b"</p>", b"<table><tr><td>",
    b"<!--", b"<![CDATA[", b"&#xD800;", b"&amp;", b"<pre>", b"<script>", b"<b><i>", b"]]>",
    b"<?xml encoding='utf-16'?>", b"endobj\n", b"stream\n", b"endstream\n", b"1 0 R ", b"<<", b">>", b"[", b"]",
    b"/Kids ", b"/Count ", b"/Type /Page ", b"/FlateDecode ", b"xref\n", b"trailer\n", b"startxref\n", b"%%EOF\n", b"(",
    b")", b"BT ", b"Tj ", b"<w:p>", b"</w:p>", b"<w:tbl>", b"<w:tr><w:tc>", b"<w:t>", b"&lol;", b"xmlns:w=''",
)  # fmt: skip


def of_suffix(suffix: str, scale: float = 1) -> dict[str, bytes]:
    """The difficult files of one kind."""
    makers: dict[str, Callable[[float], dict[str, bytes]]] = {".html": html_files, ".pdf": pdf_files, ".docx": docx_files}
    return makers.get(suffix, text_files)(scale)


def text_files(scale: float = 1) -> dict[str, bytes]:
    """Plain text and Markdown."""
    size = int(200_000 * scale)
    lines = size // 20
    return {
        "one character": b"a" * size,
        "one wide character": "字".encode() * (size // 3),
        "blanks and a letter": b"# a" + b" " * size + b"b\n",
        "marks of headings": b"# a" + b" #" * (size // 2) + b"b\n",
        "blank lines": b"\n \t" * (size // 3) + b"x",
        "carriage returns": b"x" + b"\r \t" * (size // 3) + b"x",
        "rules": b"a\n" + b"=" * size + b"\n",
        "quotes": b'"' * size,
        "a quote that never ends": b'"' + b"An end. And another one. " * (size // 25),
        "full stops": b"." * size,
        "brackets": b"([{<" * (size // 4),
        "numbers": b"1. " * (size // 3),
        "bullets": b"- " * (size // 2),
        "fences": b"```\n~~~\n" * (size // 8),
        "front matter": b"---\n" + b"title:\n" * lines + b"---\n# A\n",
        "nul": b"Some text.\0 More text. " * lines,
        "lone surrogates in utf-8": b"Half \xed\xa0\x80 a pair. " * lines,
        "lone surrogates in utf-16": b"\xff\xfe" + "Half a pair: ".encode("utf-16-le") + b"\x00\xd8" * (size // 2),
        "odd utf-16": b"\xfe\xff" + b"\0a" * (size // 2) + b"\0",
        "broken utf-32": b"\xff\xfe\0\0" + b"\xff" * size,
        "bidi and zero width": "a\u202eb\u2066c\u200bd\u200fe\ufefff\u2069. ".encode() * lines,
        "combining marks": b"a" + "\u0301".encode() * (size // 2),
        "escape codes": (b"\x1b]8;;http://evil\x07text\x1b]8;;\x07\x1b[2J. " + b"Then follow ordinary words. " * 10) * (lines // 20 + 1),
        "foreign bytes": b"caf\xe9 " * (size // 5),
        "byte order marks": b"\xef\xbb\xbf" * (size // 3) + b"x",
        "tags": "".join(chr(0xE0000 + code) for code in range(0x20, 0x7F)).encode() * (size // 400),
    }


def html_files(scale: float = 1) -> dict[str, bytes]:
    """HTML."""
    count = int(20_000 * scale)
    laughs = '<!DOCTYPE html [<!ENTITY a0 "lol">' + "".join(
        f'<!ENTITY a{level + 1} "{f"&a{level};" * 10}">' for level in range(12)
    )  # fmt: skip
    return {
        "deep divs": b"<div>" * count + b"Deep.",
        "deep mixed": b"<div><ul><li><table><tr><td><b>" * (count // 7) + b"Deep.",
        "deep spans": b"<p>" + b"<span>" * count + b"Deep.",
        "formatting that is never closed": b"<p><b><i><u><a>" * (count // 5) + b"Text.",
        "misnested": b"<b><p><i></b></p>x</i>" * (count // 8),
        "cells of one row": b"<table><tr>" + b"<td>x" * count,
        "rows": b"<table>" + b"<tr><td>x" * count,
        "empty cells": b"<table><tr>" + b"<td>" * count + b"x",
        "breaks": b"<p>" + b"x<br>" * count,
        "one paragraph": b"<p>" + b"Some words in it. " * count,
        "paragraphs": b"<p>Some words in it." * count,
        "pre": b"<pre>" + b" \n" * count + b"x</pre>",
        "code": b"<p>" + b"<code>a\nb</code>" * (count // 4),
        "headers in articles": b"<article>" * (count // 40) + b"<header>h</header>" * (count // 20),
        "links": b"<p><a href='/x'>Some link text.</a></p>" * (count // 8),
        "attributes": b"<p " + b"".join(b"a%d='x' " % number for number in range(count // 4)) + b">Text.",
        "a long attribute": b"<p class='" + b"x" * (10 * count) + b"'>Text.",
        "entities": b"<p>" + b"&amp;&#xD800;&#0;&#x10FFFF;&bogus;" * (count // 8),
        "a comment that never ends": b"<p>Text.<!--" + b"-" * count,
        "a script that never ends": b"<p>Text.<script>" + b"<" * count,
        "a title that never ends": b"<title>" + b"word " * count,
        "opening brackets": b"<" * count,
        "closing tags": b"<p>Text." + b"</p>" * count,
        "cdata": b"<![CDATA[" * (count // 4) + b"Text.",
        "laughs": (laughs + "]><p>&a12;</p>").encode(),
        "external entity": b'<!DOCTYPE html [<!ENTITY x SYSTEM "file:///etc/passwd">]><p>Text &x;</p>',
        "svg": b"<svg>" * (count // 4) + b"<p>Text.",
        "framesets": b"<frameset>" * (count // 10) + b"<p>Text.",
        "names": b"".join(b"<x%d>" % number for number in range(count // 4)) + b"Text.",
        "selects": b"<select><option>x" * (count // 8),
        "nul": b"<p>A\0B</p>" * 50,
        "encoding that lies": b"<meta charset='utf-7'><p>+ADw-script+AD4- text \xff</p>",
        "encoding that is no text": b"<meta charset='zlib_codec'><p>Text.</p>",
    }


def pdf_of(objects: Sequence[bytes], *, trailer: bytes = b"", start: bytes | None = None) -> bytes:
    """A PDF file of objects 1, 2, ..; the first is its root."""
    out = io.BytesIO()
    out.write(b"%PDF-1.7\n")
    places = []
    for number, content in enumerate(objects, 1):
        places.append(out.tell())
        out.write(b"%d 0 obj\n%s\nendobj\n" % (number, content))
    at = out.tell()
    out.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    out.write(b"".join(b"%010d 00000 n \n" % place for place in places))
    out.write(b"trailer\n<< /Size %d /Root 1 0 R %s >>\nstartxref\n%s\n%%%%EOF\n" % (len(objects) + 1, trailer, start or b"%d" % at))
    return out.getvalue()


def stream(data: bytes, extra: bytes = b"") -> bytes:
    return b"<< /Length %d %s >>\nstream\n%s\nendstream" % (len(data), extra, data)


def deflated(data: bytes, times: int = 1) -> bytes:
    """A stream that is compressed `times` times."""
    for _ in range(times):
        data = zlib.compress(data, 9)
    return stream(data, b"/Filter [" + b"/FlateDecode " * times + b"]")


CATALOG = b"<< /Type /Catalog /Pages 2 0 R >>"
FONT = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"
TEXT = b"BT /F1 12 Tf 72 700 Td (Some words on a page.) Tj ET\n"


def page(parent: int, content: int, resources: bytes = b"/Font << /F1 5 0 R >>") -> bytes:
    return b"<< /Type /Page /Parent %d 0 R /MediaBox [0 0 612 792] /Contents %d 0 R /Resources << %s >> >>" % (parent, content, resources)


def pdf_with(content: bytes, resources: bytes = b"/Font << /F1 5 0 R >>", more: Sequence[bytes] = ()) -> bytes:
    """One page with a content stream object; `more` are objects 6, 7, .."""
    return pdf_of([CATALOG, b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>", page(2, 4, resources), content, FONT, *more])


def many_pages(count: int) -> bytes:
    """`count` pages that share their content."""
    kids = b" ".join(b"%d 0 R" % number for number in range(6, 6 + count))
    root = b"<< /Type /Pages /Kids [%s] /Count %d >>" % (kids, count)
    return pdf_of([CATALOG, root, b"null", stream(TEXT), FONT, *[page(2, 4)] * count])


def pdf_files(scale: float = 1) -> dict[str, bytes]:
    """PDF."""
    count = int(2_000 * scale)
    huge = int(5_000_000 * scale)
    deep = [b"<< /Type /Pages /Kids [%d 0 R] /Count 1 /Parent %d 0 R >>" % (number + 7, max(2, number + 5)) for number in range(count)]
    form = b"/Type /XObject /Subtype /Form /BBox [0 0 612 792] /Resources << /XObject << /X 6 0 R /Y 6 0 R >> /Font << /F1 5 0 R >> >>"
    cmap = b"begincmap 1 begincodespacerange <00> <ff> endcodespacerange\n" + b"1 beginbfrange <00> <ff> <0000> endbfrange\n" * count
    return {
        "a tree that is its own child": pdf_of([CATALOG, b"<< /Type /Pages /Kids [2 0 R] /Count 1 >>"]),
        "a tree in a ring": pdf_of(
            [CATALOG, b"<< /Type /Pages /Kids [3 0 R 3 0 R] /Count 9 >>", b"<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 9 /Parent 2 0 R >>"]
        ),
        "a count that lies": pdf_of(
            [CATALOG, b"<< /Type /Pages /Kids [3 0 R] /Count 2147483647 >>", page(2, 4), stream(TEXT), FONT]
        ),
        "a count below zero": pdf_of([CATALOG, b"<< /Type /Pages /Kids [3 0 R] /Count -1 >>", page(2, 4), stream(TEXT), FONT]),
        "one page many times": pdf_of(
            [CATALOG, b"<< /Type /Pages /Kids [%s] /Count %d >>" % (b"3 0 R " * count, count), page(2, 4), stream(TEXT), FONT]
        ),
        "a deep tree": pdf_of([CATALOG, b"<< /Type /Pages /Kids [6 0 R] /Count 1 >>", page(2, 4), stream(TEXT), FONT, *deep, page(2, 4)]),
        "many pages": many_pages(count),
        "a packed stream": pdf_with(deflated(TEXT + b" " * huge + TEXT)),
        "a stream packed three times": pdf_with(deflated(TEXT + b" " * 20 * huge + TEXT, 3)),
        "much text": pdf_with(deflated(b"BT /F1 1 Tf " + b"(aaaaaaaaaaaaaaaaaaaa) Tj 0 -1 Td " * (50 * count) + b"ET")),
        "text at odd places": pdf_with(deflated(b"BT /F1 1e9 Tf 1e30 0 0 -1e30 nan 1e40 Tm (Words) Tj ET " * count)),
        "states that are never left": pdf_with(deflated(b"q " * (100 * count) + TEXT)),
        "forms in a ring": pdf_with(
            stream(TEXT + b"/X Do"), b"/XObject << /X 6 0 R >> /Font << /F1 5 0 R >>", [stream(b"/X Do /Y Do", form)]
        ),
        "arrays in arrays": pdf_with(stream(b"[" * (50 * count) + TEXT)),
        "dictionaries in dictionaries": pdf_of([b"<< /A " * (50 * count) + b">>" * (50 * count)]),
        "a length in a ring": pdf_with(b"<< /Length 4 0 R >>\nstream\n" + TEXT + b"\nendstream"),
        "an xref in a ring": pdf_of([CATALOG], trailer=b"/Prev 9", start=b"9"),
        "a font in a ring": pdf_with(
            stream(TEXT), b"/Font << /F1 6 0 R >>",
            [b"<< /Type /Font /Subtype /Type0 /BaseFont /X /DescendantFonts [6 0 R] /Encoding 6 0 R /ToUnicode 6 0 R >>"],
        ),
        "a long map": pdf_with(
            stream(TEXT), b"/Font << /F1 6 0 R >>", [b"<< /Type /Font /Subtype /Type1 /BaseFont /X /ToUnicode 7 0 R >>", deflated(cmap)]
        ),
        "nothing but a head": b"%PDF-1.7\n" + b"%" * count,
        "no objects": pdf_of([]),
    }  # fmt: skip


def docx_of(document: bytes, more: dict[str, bytes] | None = None) -> bytes:
    """A DOCX file with `document` as its `word/document.xml`, made from an empty DOCX; the parts in `more` are
    added."""
    import docx

    empty = io.BytesIO()
    docx.Document().save(empty)
    packed = io.BytesIO()
    with (
        warnings.catch_warnings(action="ignore"),
        zipfile.ZipFile(empty) as old,
        zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as new,
    ):
        for name in old.namelist():
            new.writestr(name, document if name == "word/document.xml" else old.read(name))
        for name, data in (more or {}).items():
            new.writestr(name, data)
    return packed.getvalue()


def body(xml: str, prolog: str = "") -> bytes:
    return f'<?xml version="1.0"?>{prolog}<w:document {W_XML}><w:body>{xml}</w:body></w:document>'.encode()


def paragraph(text: str) -> str:
    return f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>"


def laughing_docx(where: str) -> bytes:
    """The billion laughs attack, in a text or in an attribute."""
    entities = '<!ENTITY a0 "lol">' + "".join(f'<!ENTITY a{level + 1} "{f"&a{level};" * 10}">' for level in range(10))
    inner = paragraph("&a10;") if where == "text" else '<w:p w:x="&a10;"/>' + paragraph("Text.")
    return docx_of(body(inner, f"<!DOCTYPE d [{entities}]>"))


def docx_files(scale: float = 1) -> dict[str, bytes]:
    """DOCX."""
    count = int(2_000 * scale)
    many = {f"word/media/{number}.xml": b"<x/>" for number in range(count)}
    inner = docx_of(body(paragraph("Inner.")))
    outside = '<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd"><!ENTITY % y SYSTEM "http://127.0.0.1:9/y">%y;]>'
    cell = "<w:tbl><w:tr><w:tc>"
    return {
        "ratio": docx_of(body(paragraph("a" * int(1_000_000 * scale)))),
        "huge unzipped": docx_of(body(paragraph("Text.")), {"word/media/a.bin": b"\0" * int(5_000_000 * scale)}),
        "many entries": docx_of(body(paragraph("Text.")), many),
        "many empty paragraphs": docx_of(body("<w:p/>" * (50 * count))),
        "many paragraphs": docx_of(body(paragraph("Words.") * (10 * count))),
        "many cells": docx_of(body("<w:tbl><w:tr>" + f"<w:tc>{paragraph('x')}</w:tc>" * (5 * count) + "</w:tr></w:tbl>")),
        "tables in tables": docx_of(body(cell * 60 + paragraph("Deep.") + "</w:tc></w:tr></w:tbl>" * 60)),
        "deep xml": docx_of(body("<w:sdt>" * count + paragraph("Deep.") + "</w:sdt>" * count)),
        "boxes in boxes": docx_of(body("<w:p><w:r><w:t>x</w:t>" * 100 + "</w:r></w:p>" * 100)),
        "laughs in a text": laughing_docx("text"),
        "laughs in an attribute": laughing_docx("attribute"),
        "external entity": docx_of(body(paragraph("Text &x;"), outside)),
        "nested": docx_of(body(paragraph("Outer.")), {"word/embeddings/a.docx": inner, "word/b.zip": inner}),
        "names that climb": docx_of(
            body(paragraph("Text.")), {"../../../tmp/evil.txt": b"x", "/etc/evil": b"x", "word/\n'\"\x1b.xml": b"x"}
        ),
        "doubled": docx_of(body(paragraph("Text.")), {"word/styles.xml": b"<x/>"}),
        "no body": docx_of(f"<w:document {W_XML}/>".encode()),
        "no xml": docx_of(b"\0\1\2"),
        "controls": docx_of(body(paragraph("A&#9;b&#x202E;c&#x200B;d"))),
        "every kind": rich_docx(),
        "fields without an end": docx_of(body(paragraph('</w:t><w:fldChar w:fldCharType="begin"/><w:t>x') * (20 * count))),
        "notes in a ring": wf.word_file(
            wf.paragraph(wf.reference("footnote", 0)),
            {"footnotes": wf.notes("footnote", {n: wf.paragraph(wf.reference("footnote", n + 1)) for n in range(count)})},
        ),
        "a chain of styles": wf.word_file(
            wf.styled("S0", "Text."),
            {"styles": "".join(wf.style(f"S{n}", based_on=f"S{n + 1}") for n in range(5 * count))},
        ),
        "many lists": wf.word_file(
            "".join(wf.item("x", n, n % 9) for n in range(count)),
            {"numbering": wf.numbering({0: wf.level(8, "%1%2%3%4%5%6%7%8%9", "upperRoman")}, dict.fromkeys(range(count), "0"))},
        ),
        "equations in equations": docx_of(
            body("<w:p><m:oMath>" + "<m:f><m:num>" * 100 + "<m:r><m:t>x</m:t></m:r>" + "</m:num></m:f>" * 100 + "</m:oMath></w:p>").replace(
                b"<w:body>", b'<w:body xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math">'
            )
        ),
        "choices in choices": wf.word_file(
            "<mc:AlternateContent><mc:Choice>" * 100 + wf.paragraph("Deep.") + "</mc:Choice></mc:AlternateContent>" * 100
        ),
    }  # fmt: skip


def rich_docx() -> bytes:
    """A small document with something of every kind, for mutations to start from."""
    change = "<w:del><w:r><w:delText>old</w:delText></w:r></w:del><w:ins><w:r><w:t>new</w:t></w:r></w:ins>"
    field = "".join(f'<w:r><w:fldChar w:fldCharType="{kind}"/><w:t>{kind}</w:t></w:r>' for kind in ("begin", "separate", "end"))
    box = f"<w:r><w:pict><v:shape><v:textbox><w:txbxContent>{wf.paragraph('Box.')}</w:txbxContent></v:textbox></v:shape></w:pict></w:r>"
    equation = "<m:oMath><m:f><m:num><m:r><m:t>a</m:t></m:r></m:num><m:den><m:r><m:t>b</m:t></m:r></m:den></m:f></m:oMath>"
    inline = change + field + box + equation + wf.reference("footnote", 1) + wf.reference("comment", 1)
    table = wf.table(
        wf.row("a", wf.cell("b", "<w:vMerge/>")), wf.row(wf.paragraph(wf.run("c") + wf.reference("footnote", 2)), wf.table(wf.row("d")))
    )
    levels = wf.level(0, "%1.", more='<w:pStyle w:val="H"/>') + wf.level(1, "%1.%2", "lowerLetter")
    return wf.word_file(
        wf.styled("H", "Heading") + wf.paragraph(wf.run("Text ") + inline) + wf.item("one", 1, 0) + wf.item("two", 1, 1) + table
        + wf.paragraph("Gone", "<w:rPr><w:del/></w:rPr>") + wf.paragraph("hidden", "<w:rPr><w:vanish/></w:rPr>") + wf.paragraph("End."),
        {
            "styles": wf.style("H", "heading 1", properties='<w:numPr><w:numId w:val="1"/></w:numPr><w:outlineLvl w:val="0"/>'),
            "numbering": wf.numbering({0: levels}, {1: "0"}),
            "footnotes": wf.notes("footnote", {1: "Note.", 2: "Other note."}),
            "comments": wf.notes("comment", {1: "Remark."}),
        },
        margins={"header": wf.paragraph("Head."), "footer first": wf.paragraph(f'<w:fldSimple w:instr="PAGE">{wf.run("1")}</w:fldSimple>')},
    )  # fmt: skip


SNIPPETS = (
    "<w:p/>", "<w:p><w:r><w:t>x</w:t></w:r></w:p>", "<w:tbl><w:tr><w:tc/></w:tr></w:tbl>", "<w:r><w:tab/><w:br/></w:r>",
    "<w:tr/>", "<w:tc/>", "<w:sdt><w:sdtContent/></w:sdt>", "<w:pPr><w:pStyle w:val='Heading1'/></w:pPr>",
    "<w:txbxContent><w:p/></w:txbxContent>", "<w:del/>", "<w:t>&#x202E;&#8203;</w:t>", "<w:t/>", "<!-- -->", "<?x?>",
    "<y xmlns='z'>v</y>", "&#9;text", '<w:r><w:fldChar w:fldCharType="begin"/></w:r>', '<w:r><w:fldChar w:fldCharType="end"/></w:r>',
    '<w:r><w:footnoteReference w:id="1"/></w:r>', "<w:pPr><w:numPr><w:ilvl w:val='1'/><w:numId w:val='1'/></w:numPr></w:pPr>",
    "<w:pPr><w:rPr><w:vanish/><w:del/></w:rPr></w:pPr>", "<w:rPr><w:vanish/></w:rPr>", "<w:fldSimple/>", "<w:sym/>",
)  # fmt: skip


def change_markup(data: bytes, generator: random.Random) -> bytes:
    """XML that mostly stays well formed: paragraphs swapped, repeated or wrapped in an element, odd elements inserted
    between tags."""
    parts = re.split(rb"(<w:p[ >].*?</w:p>)", data, flags=re.DOTALL)
    for _ in range(1 << generator.randrange(5)):
        at, other = generator.randrange(len(parts)), generator.randrange(len(parts))
        kind = generator.randrange(4)
        if kind == 0 and at % 2 and other % 2:
            parts[at], parts[other] = parts[other], parts[at]
        elif kind == 1 and at % 2:
            repeats = generator.choice((0, 2, 200))
            parts[at] *= repeats if len(parts[at]) * repeats < MAX_GROWN_BYTES else 1  # not 200 times 200 times 200
        elif kind == 2 and at % 2:
            wrap = generator.choice((b"w:sdt", b"w:tc", b"w:tr", b"w:tbl", b"w:p", b"w:ins"))
            parts[at] = b"<%s>%s</%s>" % (wrap, parts[at], wrap)
        else:
            ends = [match.end() for match in re.finditer(rb"</?w:\w+[^<>]*>", parts[at])]
            if ends and at % 2:
                place = generator.choice(ends)
                parts[at] = parts[at][:place] + generator.choice(SNIPPETS).encode() + parts[at][place:]
    return b"".join(parts)


def change_archive(data: bytes, generator: random.Random, mutate: Callable[[bytes, random.Random], bytes]) -> bytes:
    """A DOCX with one part mutated and packed again (so that parsers see the change), or with the bytes of the archive
    mutated."""
    if generator.randrange(4) == 0:
        return mutate(data, generator)
    changed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(changed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as new:
        parts = [name for name in old.namelist() if name.endswith((".xml", ".rels"))]
        chosen = "word/document.xml" if generator.randrange(2) else generator.choice(parts)
        for name in dict.fromkeys(old.namelist()):
            content = old.read(name)
            if name == chosen:
                content = change_markup(content, generator) if generator.randrange(3) else mutate(content, generator)
            new.writestr(name, content)
    return changed.getvalue()
