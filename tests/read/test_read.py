"""Every kind of file, made for the test: exact characters, pages that tile, and a short reason for what cannot be
read."""

from __future__ import annotations

import contextlib
import io
import os
import random
import re
import subprocess
import sys
import time
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lmkindex.config import FileOptions
from lmkindex.errors import ReadError
from lmkindex.files import document_id, hash_bytes, open_regular
from lmkindex.files.identity import DOCUMENT_SUFFIXES, inode_of
from lmkindex.read import read_document
from lmkindex.read.encoding import decode_text
from lmkindex.read.headings import plain_headings
from lmkindex.read.legacy import CANDIDATES
from lmkindex.read.titles import plain_title
from lmkindex.records import Document, FileEntry, Heading

WORDS = tuple(
    re.findall(
        r"\S+", "The keeper of the lighthouse wrote down the wind, the weather and the ships that passed on every day of that long winter"
    )
)


def entry_of(path: Path) -> FileEntry:
    found = path.stat()
    return FileEntry(
        root=str(path.parent), path=path.name, absolute_path=path, size_bytes=found.st_size, mtime_ns=found.st_mtime_ns
    )  # fmt: skip


def read(path: Path, data: bytes | None = None) -> Document:
    if data is not None:
        path.write_bytes(data)
    return read_document(entry_of(path), FileOptions())


def reason(path: Path, data: bytes | None = None, options: FileOptions | None = None) -> str:
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(ReadError) as caught:
        read_document(entry_of(path), options or FileOptions())
    message = str(caught.value)
    assert len(message) < 300 and "\n" not in message and str(path) not in message
    return message


# Plain text


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("\t\n\r"), min_size=1), st.booleans())
def test_text_is_the_files_own_characters(tmp_path: Path, text: str, has_mark: bool) -> None:
    text = text.removeprefix("\ufeff") + "end."
    document = read(tmp_path / "a.txt", ("\ufeff" if has_mark else "").encode() + text.encode())
    assert document.text == text


def test_fields_of_a_document(tmp_path: Path) -> None:
    data = b"# Tides\r\n\r\nHigh water.\r\n"
    path = tmp_path / "a b.md"
    path.write_bytes(b"shorter")
    entry = entry_of(path)
    path.write_bytes(data)  # changed since the walk: the text at reading time counts
    document = read_document(entry, FileOptions())
    assert document == Document(
        doc_id=document_id(entry.root, "a b.md"),
        root=entry.root,
        path="a b.md",
        title="Tides",
        text="# Tides\r\n\r\nHigh water.\r\n",
        pages=(),
        content_hash=hash_bytes(data),
        size_bytes=len(data),
        mtime_ns=path.stat().st_mtime_ns,
        inode=inode_of(path.stat()),
        ctime_ns=path.stat().st_ctime_ns,
        headings=(Heading(start=0, end=7, level=1, text="Tides"),),
    )


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be"])
def test_wide_encodings_by_their_mark(tmp_path: Path, encoding: str) -> None:
    text = "Ärger über 𝄞 und 日本.\r\nZwei.\n"
    mark = "" if encoding in ("utf-16", "utf-32") else "\ufeff"
    assert read(tmp_path / "a.txt", (mark + text).encode(encoding)).text == text


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("latin-1", "Le café était fermé, et l'été n'arrivait pas. Élise pensa à son père, déjà parti.\n"),
        ("cp1252", "He said “it’s fine” — and left.\n"),
        ("cp1252", "Die Straße war naß, über den Häusern lag Nebel; Bücher füllten das Zimmer.\n"),
        ("cp1252", "A situação não é fácil, mas então começou a reunião com o irmão.\n"),
        ("cp1252", "Åke gick över ön för att få höra om älgen, men ingen såg något.\n"),
        ("cp1252", "A plain English text with one naïve word and another café in it.\n"),
        ("shift_jis", "吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。\n"),
        ("euc_jp", "吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。\n"),
        ("gb18030", "话说天下大势，分久必合，合久必分。周末七国分争，并入于秦。\n"),
        ("cp1251", "Все счастливые семьи похожи друг на друга, каждая несчастлива по-своему.\n"),
        ("koi8_r", "Все счастливые семьи похожи друг на друга, каждая несчастлива по-своему.\n"),
        ("cp1250", "Příliš žluťoučký kůň úpěl ďábelské ódy.\n"),
        ("cp1253", "Στην αρχή ήταν ο λόγος και ο λόγος ήταν προς τον Θεό.\n"),
    ],
)
@pytest.mark.parametrize("repeats", [1, 50])
def test_detected_encodings(tmp_path: Path, encoding: str, text: str, repeats: int) -> None:
    assert read(tmp_path / "a.txt", (text * repeats).encode(encoding)).text == text * repeats


def test_one_foreign_byte_after_megabytes_of_ascii_is_found_quickly() -> None:
    text = "All plain here.\n" * 320_000 + "Then the caf\xe9 closed.\n"
    started = time.process_time()
    assert decode_text(text.encode("latin-1")).text == text
    assert time.process_time() - started < 3


def test_five_megabytes_in_one_line_are_detected_quickly() -> None:
    text = "Die Straße über den Häusern. " * 180_000
    started = time.process_time()
    assert decode_text(text.encode("cp1252")).text == text
    assert time.process_time() - started < 3


def test_a_long_line_after_a_foreign_byte_is_no_trap() -> None:
    text = "caf\xe9 " + "plain " * 800_000 + "\xe9"
    started = time.process_time()
    assert decode_text(text.encode("cp1252")).text == text
    assert time.process_time() - started < 3


def test_utf8_with_a_broken_byte_stays_utf8() -> None:
    text = "Größe, Höhe und Weiße über den Flüssen. " * 10
    assert decode_text(text.encode() + b"\xff end").text == text + "\ufffd end"


def test_no_candidate_encoding_can_hide_a_newline_in_a_character() -> None:
    for encoding, _, _ in CANDIDATES.values():  # the sample for detection is cut at newlines
        for lead in range(0x80, 0x100):
            with contextlib.suppress(UnicodeDecodeError):
                assert bytes([lead, 0x0A]).decode(encoding).endswith("\n")


@pytest.mark.parametrize("suffix", [".txt", ".md", ".rst", ".html", ".log"])
@pytest.mark.parametrize("num_bytes", [64, 1_000, 100_000])
@pytest.mark.parametrize("without_nul", [False, True])
def test_random_bytes_are_binary(tmp_path: Path, suffix: str, num_bytes: int, without_nul: bool) -> None:
    for seed in range(5):
        data = random.Random(seed).randbytes(num_bytes)
        assert "binary" in reason(tmp_path / f"a{suffix}", data.replace(b"\0", b"") if without_nul else data)


def test_nul_bytes_are_binary_and_colours_are_not(tmp_path: Path) -> None:
    assert "binary" in reason(tmp_path / "a.txt", b"Al\0mo\0st a\0 text.\0 But no.")
    assert read(tmp_path / "b.txt", b"\x1b[31mred\x1b[0m and N\bNA\bA\fpage").text.startswith("\x1b[31m")


@pytest.mark.parametrize("name", ["a.txt", "a.html", "a.md"])
@pytest.mark.parametrize("data", [b"", b" \r\n\t\n", b"\xef\xbb\xbf"])
def test_empty_files(tmp_path: Path, name: str, data: bytes) -> None:
    assert reason(tmp_path / name, data) in ("the file is empty", "the file holds no text")


# Files that cannot be read


def test_missing_special_and_large_files(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("Text.")
    entry = entry_of(path)
    assert "too large: 5 bytes" in reason(path, options=FileOptions(max_file_bytes=4))
    path.unlink()
    with pytest.raises(ReadError, match="vanished"):
        read_document(entry, FileOptions())
    os.mkfifo(path)
    assert reason(path) == "is not a regular file"


def test_no_permission(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("Secret.")
    path.chmod(0)
    (tmp_path / "script.py").write_text(
        "import os, sys\n"
        "from pathlib import Path\n"
        "from lmkindex.config import FileOptions\n"
        "from lmkindex.read import read_document\n"
        "from lmkindex.records import FileEntry\n"
        "if os.getuid() == 0:\n"
        "    os.setuid(65534)\n"
        "entry = FileEntry(root='/', path='a.txt', absolute_path=Path('a.txt'), size_bytes=1, mtime_ns=1)\n"
        "try:\n"
        "    read_document(entry, FileOptions())\n"
        "except Exception as error:\n"
        "    print(type(error).__name__, error)\n"
    )
    # Started inside the directory, which the other user could not reach by name.
    found = subprocess.run([sys.executable, "script.py"], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60)
    assert found.stdout == "ReadError no permission to read the file\n"


@pytest.mark.parametrize("num_writes", [2, 99])
def test_a_file_that_keeps_changing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, num_writes: int) -> None:
    path = tmp_path / "a.txt"
    path.write_text("Text.")
    entry = entry_of(path)
    contents: list[bytes] = []

    def open_then_write(path: Path) -> Any:
        """Between the reader's open and its read, another process replaces the file."""
        opened = open_regular(path)
        if len(contents) < num_writes:
            contents.append(b"Text." + b"x" * len(contents))
            other = tmp_path / "b.txt"
            other.write_bytes(contents[-1])
            other.replace(path)
        return opened

    monkeypatch.setattr("lmkindex.read.read.RETRY_S", 0.0)
    monkeypatch.setattr("lmkindex.read.read.open_regular", open_then_write)
    if num_writes == 2:
        document = read_document(entry, FileOptions())
        found = path.stat()
        assert (document.text, document.size_bytes, document.mtime_ns) == ("Text.x", 6, found.st_mtime_ns)
    else:
        with pytest.raises(ReadError, match="kept changing"):
            read_document(entry, FileOptions())
        assert len(contents) == 3


@pytest.mark.parametrize("suffix", sorted(DOCUMENT_SUFFIXES))
@pytest.mark.parametrize("seed", range(3))
def test_garbage_of_every_kind_is_a_reason(tmp_path: Path, suffix: str, seed: int) -> None:
    data = random.Random(seed).randbytes(5_000)
    magic = {".pdf": b"%PDF-1.7\n", ".docx": b"PK\x03\x04", ".html": b"<html>\0"}.get(suffix, b"")
    assert reason(tmp_path / f"a{suffix}", data)
    assert reason(tmp_path / f"b{suffix}", magic + data)


def test_any_parser_error_is_a_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def explode(data: bytes, *, max_pages: int) -> None:
        raise RecursionError("too\ndeep")

    monkeypatch.setattr("lmkindex.read.formats.read_pdf", explode)
    assert reason(tmp_path / "a.pdf", b"%PDF") == "cannot be parsed (RecursionError: too deep)"


# Titles


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("Intro.\n\n## First ##\n\n# Second\n", "First"),
        ("Over\r\n====\r\n\r\nText\r\n", "Over"),
        ("```sh\n# not this\n```\n\n# This\n", "This"),
        ("````\n```\n# no\n````\n# Yes\n", "Yes"),
        ('---\ntitle: "From the front"\ndate: 1\n---\n# Heading\n', "From the front"),
        ("---\ndate: 1\n---\nText\n\n# Heading\n", "Heading"),
        ("#hashtag\n\nA line.\n\n---\n\nMore.\n", ""),
    ],
)
def test_markdown_titles(text: str, title: str) -> None:
    assert plain_title(text, plain_headings(text, ".md")) == title


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("=====\nTitle\n=====\n\nText\n", "Title"),
        (".. note:: x\n\nTitle of it\n===========\n", "Title of it"),
        ("Too short a line\n===\n\nText.\n", ""),
        ("Text only.\n", ""),
    ],
)
def test_rst_titles(text: str, title: str) -> None:
    assert plain_title(text, plain_headings(text, ".rst")) == title


def test_plain_text_is_named_after_its_file(tmp_path: Path) -> None:
    assert read(tmp_path / "Moby Dick.v2.txt", b"# Not a heading here.\n").title == "Moby Dick.v2"
    assert read(tmp_path / "notes.md", b"No heading.\n").title == "notes"


# PDF


def make_pdf(
    pages: Sequence[Sequence[tuple[float, float, str]]], title: str = "", password: str | None = None, scale: float = 1.0
) -> bytes:
    """Pages of (height, type size, text) lines; with `scale`, type is set in size / scale and scaled by the text
    matrix."""
    from reportlab.pdfgen.canvas import Canvas

    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=(500, 700), encrypt=password)
    canvas.setTitle(title)
    for lines in pages:
        for height, size, text in lines:
            written = canvas.beginText()
            written.setTextTransform(scale, 0, 0, scale, 50, height)
            written.setFont("Times-Roman", size / scale)
            written.textOut(text)
            canvas.drawText(written)
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def column(texts: Sequence[str], top: float = 600, pitch: float = 14, size: float = 11) -> list[tuple[float, float, str]]:
    """Lines from the top down; "" leaves the space of a paragraph end."""
    lines = []
    for text in texts:
        top -= pitch if text else 0.5 * pitch
        if text:
            lines.append((top, size, text))
    return lines


def assert_pages_tile(document: Document) -> None:
    assert [page.number for page in document.pages] == list(range(1, len(document.pages) + 1))
    assert [page.start for page in document.pages] == [0, *(page.end for page in document.pages[:-1])]
    assert document.pages[-1].end == len(document.text)


@pytest.mark.parametrize("scale", [1.0, 11.0])
def test_pdf_paragraphs_by_line_gap_and_type_size(tmp_path: Path, scale: float) -> None:
    lines = column(["First line of it", "and the second.", "", "Next paragraph", "goes on", "here."])
    lines = [(620, 18, "A heading"), *lines]
    document = read(tmp_path / "a.pdf", make_pdf([lines], title="On Tides", scale=scale))
    assert document.text == "A heading\n\nFirst line of it\nand the second.\n\nNext paragraph\ngoes on\nhere."
    assert document.title == "On Tides"
    assert [(page.number, page.start, page.end) for page in document.pages] == [(1, 0, len(document.text))]


def test_pdf_heading_of_larger_type_without_a_gap(tmp_path: Path) -> None:
    document = read(tmp_path / "a.pdf", make_pdf([[(614, 16, "Heading"), *column(["One line", "of text", "and more."])]]))
    assert document.text == "Heading\n\nOne line\nof text\nand more."


def test_pdf_raised_characters_do_not_end_a_paragraph(tmp_path: Path) -> None:
    from reportlab.lib.styles import getSampleStyleSheet
    from reportlab.platypus import Paragraph, SimpleDocTemplate

    note = "<super>12</super>"
    text = f"{note}Some words{note} that go on. " + f"More words{note} here and there. " * 30
    SimpleDocTemplate(str(tmp_path / "a.pdf")).build([Paragraph(text, getSampleStyleSheet()["BodyText"])])
    document = read(tmp_path / "a.pdf")
    assert document.text.count("More") == 30
    assert "\n" in document.text and "\n\n" not in document.text


def test_pdf_hyphens_at_line_ends(tmp_path: Path) -> None:
    texts = ["This is an exam-", "ple of a well-", "known rule; a well-known", "example, too."]
    text = read(tmp_path / "a.pdf", make_pdf([column(texts)])).text
    assert text == "This is an example of a well-known rule; a well-known\nexample, too."


def test_pdf_pages_join_where_a_sentence_goes_on(tmp_path: Path) -> None:
    pages = [column(["The sentence runs"]), column(["over the page."]), [], column(["Another (one)."]), column(["Last"])]
    document = read(tmp_path / "a.pdf", make_pdf(pages))
    assert document.text == "The sentence runs\nover the page.\n\nAnother (one).\n\nLast"
    assert_pages_tile(document)
    starts = [document.text[page.start :].split("\n")[0] for page in document.pages]
    assert starts == ["The sentence runs", "over the page.", "Another (one).", "Another (one).", "Last"]
    assert document.pages[2].start == document.pages[2].end


def test_pdf_running_heads_and_page_numbers_do_not_interrupt(tmp_path: Path) -> None:
    pages = []
    for number in range(1, 7):
        head = (680.0, 9.0, "THE KEEPER" if number % 2 else f"{number} A WINTER")
        foot = (20.0, 9.0, f"- {number} -" if number != 4 else "iv")
        pages.append(
            [head, (640.0, 20.0, f"Question {number}"), *column([f"Line {WORDS[number]} of the text", f"runs {WORDS[number]} on"]), foot]
        )
    document = read(tmp_path / "a.pdf", make_pdf(pages))
    assert "KEEPER" not in document.text and "WINTER" not in document.text and "- " not in document.text
    assert [line for line in document.text.splitlines() if line.startswith("Question")] == [f"Question {number}" for number in range(1, 7)]
    assert document.text.endswith(f"runs {WORDS[6]} on")
    assert_pages_tile(document)


def test_pdf_lines_in_the_middle_and_numbers_that_do_not_repeat_stay(tmp_path: Path) -> None:
    pages = [column([*WORDS[:5], "Same line.", *WORDS[5:10], "end." if number else "1234"]) for number in range(8)]
    text = read(tmp_path / "a.pdf", make_pdf(pages)).text
    assert text.count("Same line.") == 8
    assert text.count("1234") == 1


def test_pdf_pages_of_one_repeated_line_keep_it(tmp_path: Path) -> None:
    assert read(tmp_path / "a.pdf", make_pdf([column(["Only this."])] * 4)).text.count("Only this.") == 4


def test_pdf_two_columns(tmp_path: Path) -> None:
    from reportlab.pdfgen.canvas import Canvas

    canvas = Canvas(str(tmp_path / "a.pdf"))
    for x, texts in ((50, ["Left one", "left two", "left three"]), (300, ["right one", "right two."])):
        for number, text in enumerate(texts):
            canvas.drawString(x, 600 - 14 * number, text)
    canvas.save()
    assert read(tmp_path / "a.pdf").text == "Left one\nleft two\nleft three\nright one\nright two."


@pytest.mark.parametrize("title", ["untitled", "Microsoft Word - paper.doc", "paper.tex", "  "])
def test_pdf_titles_that_say_nothing(tmp_path: Path, title: str) -> None:
    assert read(tmp_path / "tides.pdf", make_pdf([column(["Text."])], title=title)).title == "tides"


def test_pdf_reasons(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    whole = make_pdf([column(["Text."])])
    assert "encrypted" in reason(path, make_pdf([column(["Text."])], password="secret"))
    assert "damaged" in reason(path, whole[: len(whole) // 3])
    assert "damaged" in reason(path, b"Just words.")
    assert reason(path, make_pdf([[], []])) == "the PDF holds no text; run OCR first"


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(st.sampled_from([*WORDS, "end.", "12", "-", "", "half-"]), max_size=8), min_size=1, max_size=5))
def test_pdf_pages_tile_the_text(tmp_path: Path, pages: list[list[str]]) -> None:
    with contextlib.suppress(ReadError):  # no page has text
        document = read(tmp_path / "a.pdf", make_pdf([column(texts) for texts in pages]))
        assert_pages_tile(document)
        assert len(document.pages) == len(pages)
        assert document.text == document.text.strip()


# DOCX


def make_docx(path: Path, title: str = "") -> Any:
    import docx

    document = docx.Document()
    document.core_properties.title = title
    document.add_heading("Tides & <winds>", level=1)
    document.add_paragraph("A first paragraph\twith a tab.")
    document.add_paragraph("")
    table = document.add_table(rows=3, cols=2)
    for row, values in zip(table.rows, (("Place", "Height"), ("Brest", "7 m"), ("", "")), strict=True):
        for cell, value in zip(row.cells, values, strict=True):
            cell.text = value
    document.add_paragraph("After the table.\nSecond line.")
    document.save(str(path))
    return document


def test_docx_blocks_in_body_order(tmp_path: Path) -> None:
    make_docx(tmp_path / "a.docx")
    document = read(tmp_path / "a.docx")
    assert document.text == (
        "Tides & <winds>\n\nA first paragraph\twith a tab.\n\nPlace | Height\nBrest | 7 m\n\nAfter the table.\nSecond line."
    )
    assert (document.title, document.pages) == ("Tides & <winds>", ())


def test_docx_title_from_its_properties(tmp_path: Path) -> None:
    make_docx(tmp_path / "a.docx", title="The Almanac")
    assert read(tmp_path / "a.docx").title == "The Almanac"


W_XML = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
MC_XML = 'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'


@pytest.mark.parametrize(
    ("xml", "text"),
    [
        ("<w:sdt><w:sdtContent><w:p><w:r><w:t>In a control.</w:t></w:r></w:p></w:sdtContent></w:sdt>", "In a control."),
        ("<w:p><w:ins><w:r><w:t>New</w:t></w:r></w:ins><w:del><w:r><w:delText>old</w:delText></w:r></w:del></w:p>", "New"),
        ('<w:p><w:pPr><w:tabs><w:tab w:val="left" w:pos="9"/></w:tabs></w:pPr><w:r><w:t>A</w:t><w:tab/><w:t>b</w:t></w:r></w:p>', "A\tb"),
        (
            "<w:p><w:r><w:t>Host.</w:t><mc:AlternateContent><mc:Choice><w:txbxContent><w:p><w:r><w:t>Box.</w:t></w:r></w:p></w:txbxContent>"
            "</mc:Choice><mc:Fallback><w:txbxContent><w:p><w:r><w:t>Box.</w:t></w:r></w:p></w:txbxContent></mc:Fallback>"
            "</mc:AlternateContent></w:r></w:p>",
            "Host.\n\nBox.",
        ),
        (
            "<w:tbl><w:tr><w:tc><w:p><w:r><w:t>Outer</w:t></w:r></w:p><w:tbl><w:tr><w:tc><w:p><w:r><w:t>Inner</w:t></w:r></w:p></w:tc></w:tr>"
            "</w:tbl></w:tc><w:tc><w:p/></w:tc></w:tr></w:tbl>",
            "Outer | \nInner",
        ),
    ],
)
def test_docx_content_that_hides_in_the_markup(tmp_path: Path, xml: str, text: str) -> None:
    import docx
    from lxml import etree

    document = docx.Document()
    for element in etree.fromstring(f"<w:body {W_XML} {MC_XML}>{xml}</w:body>"):
        document.element.body.insert(0, element)
    document.save(str(tmp_path / "a.docx"))
    assert read(tmp_path / "a.docx").text == text


def test_docx_reasons(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.docx"
    make_docx(path)
    whole = path.read_bytes()
    assert "bad zip" in reason(path, whole[:-200])
    assert "bad zip" in reason(path, b"Just words.")
    assert "password" in reason(path, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("readme.txt", "A zip, but no document.")
    assert "cannot be parsed" in reason(path, buffer.getvalue())
    monkeypatch.setattr("lmkindex.read.docx.archive.MAX_UNZIPPED_BYTES", 1000)
    assert "too large when unzipped" in reason(path, whole)


def test_reading_text_imports_no_parser() -> None:
    code = (
        "import sys; import lmkindex.read, lmkindex.files\n"
        "print(*sorted({'pypdfium2', 'docx', 'lxml', 'chardet', 'webencodings', 'pathspec', 'torch'} & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert found.stdout.strip() == ""
