"""Files and names designed to do harm: each is read, or fails with a reason; nothing hangs, crashes or reads outside
the corpus.

The long form of the fuzzing is `just fuzz`; its first files are those of `hard_files.py` at full size.
"""

from __future__ import annotations

import os
import random
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import hard_files
import pytest
import tiny
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lmkindex.build import BuildReport, build_index
from lmkindex.config import BuildOptions, FileOptions
from lmkindex.encoder import FakeEncoder
from lmkindex.errors import ReadError
from lmkindex.files import FoundFiles, walk_files
from lmkindex.index import IndexReader
from lmkindex.read import Parser, read_document
from lmkindex.read.encoding import decode_text
from lmkindex.read.formats import parse_bytes
from lmkindex.read.headings import plain_headings
from lmkindex.read.titles import plain_title
from lmkindex.records import FileEntry
from lmkindex.sentences import split_sentences

OPTIONS = FileOptions(parse_timeout_s=60.0)
LONG = {"forms in a ring"}  # a picture that draws itself twice: pdfium never returns; `test_sandbox.py` tests the time limit
SCALE = 0.02


@pytest.fixture(scope="module")
def parser() -> Iterator[Parser]:
    with Parser(OPTIONS) as parser:
        yield parser


@pytest.fixture(scope="module")
def hard() -> dict[str, dict[str, bytes]]:
    """Small difficult files, by suffix and name."""
    return {suffix: hard_files.of_suffix(suffix, SCALE) for suffix in (".txt", ".md", ".rst", ".html", ".pdf", ".docx")}


def verdict(parser: Parser, data: bytes, suffix: str) -> str:
    """The text of a file, or the reason why it has none; either must be valid for the rest of the build."""
    try:
        parsed = parser.parse(data, suffix)
        text, pages = parsed.text, parsed.pages
    except ReadError as error:
        assert "\n" not in str(error) and len(str(error)) < 300
        return str(error)
    bounds = [(page.start, page.end) for page in pages]
    assert not bounds or (bounds[0][0], bounds[-1][1]) == (0, len(text))
    sentences = split_sentences(text)
    ends = [0, *sentences.ends_S.tolist()]
    assert all(end <= start for end, start in zip(ends, sentences.starts_S.tolist(), strict=False)) and ends[-1] <= len(text)
    return text


@pytest.mark.parametrize("suffix", [".txt", ".md", ".rst", ".html", ".pdf", ".docx"])
def test_hard_files_are_read_or_have_a_reason(parser: Parser, hard: dict[str, dict[str, bytes]], suffix: str) -> None:
    for name, data in hard[suffix].items():
        if name not in LONG:
            found = verdict(parser, data, suffix)
            assert "took longer" not in found and "crashed" not in found, name


@pytest.mark.parametrize("suffix", [".txt", ".md", ".html", ".pdf", ".docx"])
@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
def test_mutated_files_are_read_or_have_a_reason(
    parser: Parser, hard: dict[str, dict[str, bytes]], monkeypatch: pytest.MonkeyPatch, suffix: str, seed: int
) -> None:
    monkeypatch.syspath_prepend(str(tiny.ROOT_PATH / "benchmarks"))
    from fuzz_readers import mutants

    files = {name: data for name, data in hard[suffix].items() if name not in LONG}
    _, data = next(mutants(suffix, random.Random(seed), files))
    verdict(parser, data, suffix)


# Bombs


@pytest.mark.parametrize(
    ("name", "declared", "words"),
    [("word/media/a.bin", 300 << 20, "too large when unzipped"), ("word/b.xml", 150 << 20, "too large as XML")],
)
def test_a_docx_that_unpacks_to_too_much_is_refused_unopened(name: str, declared: int, words: str) -> None:
    """The sizes that the archive states are checked: more than that is never unpacked (see below)."""
    size = 1_234_567
    data = hard_files.docx_of(hard_files.body(hard_files.paragraph("Text.")), {name: bytes(size)})
    assert data.count(size.to_bytes(4, "little")) == 2
    with pytest.raises(ReadError, match=words):
        parse_bytes(data.replace(size.to_bytes(4, "little"), declared.to_bytes(4, "little")), ".docx")


def test_a_docx_of_many_parts_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lmkindex.read.docx.archive.MAX_ENTRIES", 30)
    with pytest.raises(ReadError, match="too many parts in the DOCX"):
        parse_bytes(hard_files.docx_files(0.02)["many entries"], ".docx")


def test_a_part_that_lies_about_its_size_gives_no_more() -> None:
    """The archive says 60 bytes; the packed file has a megabyte."""
    data = bytearray(hard_files.docx_of(b"x" * 1_000_000))
    real = (1_000_000).to_bytes(4, "little")
    assert data.count(real) == 2
    with pytest.raises(ReadError, match="cannot be parsed"):
        parse_bytes(bytes(data).replace(real, (60).to_bytes(4, "little")), ".docx")


def test_only_the_outer_document_of_an_archive_is_read() -> None:
    files = hard_files.docx_files(SCALE)
    assert parse_bytes(files["nested"], ".docx").text == "Outer."
    assert parse_bytes(files["names that climb"], ".docx").text == "Text."
    assert not Path("/tmp/evil.txt").exists() and not Path("/etc/evil").exists()


@pytest.mark.parametrize("where", ["text", "attribute"])
def test_a_billion_laughs_are_not_told(where: str) -> None:
    with pytest.raises(ReadError, match="cannot be parsed"):
        parse_bytes(hard_files.laughing_docx(where), ".docx")


def test_entities_fetch_nothing_from_outside() -> None:
    assert parse_bytes(hard_files.docx_files(SCALE)["external entity"], ".docx").text == "Text"
    html = hard_files.html_files(SCALE)
    assert "root:" not in parse_bytes(html["external entity"], ".html").text
    assert len(parse_bytes(html["laughs"], ".html").text) < 100


@pytest.mark.parametrize("paragraph", [b"<p>Some words in it.", b"<p>Some <b>bold</b> words.</p>\n"])
def test_a_book_in_html_takes_linear_time(paragraph: bytes) -> None:
    """The main-text extractor takes half a minute for this many paragraphs."""
    started = time.process_time()
    text = parse_bytes(b"<nav>Menu</nav>" + paragraph * 28_000, ".html").text
    assert text.count("Some") == 28_000 and "Menu" not in text
    assert time.process_time() - started < 8


# PDF


@pytest.mark.parametrize("name", ["a tree that is its own child", "a tree in a ring", "an xref in a ring"])
def test_page_trees_without_an_end_are_damage(parser: Parser, hard: dict[str, dict[str, bytes]], name: str) -> None:
    assert verdict(parser, hard[".pdf"][name], ".pdf").startswith("damaged PDF")


def test_a_pdf_of_many_pages() -> None:
    data = hard_files.many_pages(300)
    with Parser(FileOptions(max_pages=299)) as parser, pytest.raises(ReadError, match="300 pages, the limit is 299: raise --max-pages"):
        parser.parse(data, ".pdf")
    with Parser(FileOptions(max_pages=300)) as parser:
        assert len(parser.parse(data, ".pdf").pages) == 300
    assert len(parse_bytes(data, ".pdf").pages) == 300  # no limit


def test_a_pdf_without_an_end_is_killed_in_time() -> None:
    with Parser(FileOptions(parse_timeout_s=2.0)) as parser:
        with pytest.raises(ReadError, match=r"longer than 2 s|crashed"):
            parser.parse(hard_files.pdf_files(SCALE)["forms in a ring"], ".pdf")
        assert parser.parse(hard_files.many_pages(1), ".pdf").text == "Some words on a page."


def test_a_parser_gets_so_much_memory_and_no_more() -> None:
    """200 MB of page content in a file of a few kilobytes."""
    with Parser(FileOptions(max_parse_bytes=350 << 20)) as parser:
        found = verdict(parser, hard_files.pdf_with(hard_files.deflated(b"(" + b"a" * 200_000_000 + b") Tj", 2)), ".pdf")
        assert "crashed" in found or "no text" in found or "memory" in found
        assert verdict(parser, hard_files.many_pages(1), ".pdf") == "Some words on a page."


# Text


def test_titles_are_found_in_linear_time() -> None:
    for name in ("blanks and a letter", "marks of headings", "rules", "front matter"):
        started = time.process_time()
        plain_headings(hard_files.text_files()[name].decode("utf-8"), ".md")
        assert time.process_time() - started < 2, name


def test_headings_keep_their_rules() -> None:
    cases = {
        "## A  b ## ": "A b",
        "#\tTab": "Tab",
        "    # code": "",
        "####### seven": "",
        "#none": "",
        "# C#": "C#",  # CommonMark: a closing mark follows a blank
        "#   ": "",
        "   # In": "In",
    }
    assert {line: plain_title("", plain_headings(f"{line}\ntext", ".md")) for line in cases} == cases


def test_a_megabyte_of_one_character_is_a_document(tmp_path: Path) -> None:
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "a.txt").write_bytes(b"a" * 1_000_000)
    started = time.process_time()
    report = build(tmp_path / "index", tmp_path / "c")
    assert report.added == 1 and 1_000_000 / 1500 <= report.sentences < 700
    assert time.process_time() - started < 20


def test_halves_of_surrogate_pairs_become_one_character_each(tmp_path: Path) -> None:
    assert decode_text(b"Half \xed\xa0\x80 a pair.").text == "Half \ufffd a pair."
    assert decode_text(b"\xff\xfea\x00\x00\xd8b\x00").text == "a\ufffdb"
    path = tmp_path / "a.html"
    path.write_bytes(b"<p>One &#xD800; half, \xed\xbf\xbf another.")
    assert not any("\ud800" <= char <= "\udfff" for char in read_document(entry_of(path), FileOptions()).text)


def test_what_cannot_be_seen_stays_in_the_text(tmp_path: Path) -> None:
    """Offsets count the file's own characters: nothing invisible is dropped."""
    text = "a\u202eb\u2066c\u200bd\u200fe\u2069. \U000e0041\ufeff f.\n"
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "a.txt").write_text(text, encoding="utf-8", newline="")
    build(tmp_path / "index", tmp_path / "c")
    reader = IndexReader(tmp_path / "index")
    (entry,) = reader.manifest().values()
    assert reader.document_rows([entry.doc_id], ["text"])[entry.doc_id]["text"] == text


# Names, links and places


def build(index_path: Path, *roots: Path, options: BuildOptions | None = None) -> BuildReport:
    return build_index(str(index_path), roots, options or BuildOptions(), encoder=FakeEncoder())


def entry_of(path: Path) -> FileEntry:
    found = path.stat()
    return FileEntry(root=str(path.parent), path=path.name, absolute_path=path, size_bytes=found.st_size, mtime_ns=found.st_mtime_ns)


def test_names_of_all_kinds_are_indexed_or_listed(tmp_path: Path) -> None:
    corpus = tmp_path / "c"
    names = [
        "a\nb.txt",
        'it\'s "q".txt',
        "\x1b[31mred\x1b]0;x\x07.txt",
        "' OR 1=1 --.txt",
        "\u202etxt.a.txt",
        "[bold]x[red].txt",
        "%s{0}$(x)`.txt",
    ]
    corpus.mkdir()
    for name in names:
        (corpus / name).write_text(f"Text of number {names.index(name)}.")
    with open(os.fsencode(corpus) + b"/bad\xff\xfe.txt", "w") as file:  # noqa: PTH123 - pathlib takes no bytes
        file.write("Text.")
    report = build(tmp_path / "index", corpus)
    assert (report.added, [failure.path for failure in report.failed]) == (len(names), [r"bad\xff\xfe.txt"])
    manifest = IndexReader(tmp_path / "index").manifest()
    assert {path for (_, path), entry in manifest.items() if entry.status == "indexed"} == set(names)
    (corpus / "' OR 1=1 --.txt").unlink()
    (corpus / 'it\'s "q".txt').write_text("Changed.")
    again = build(tmp_path / "index", corpus)
    assert (again.deleted, again.changed, again.unchanged, again.documents) == (1, 1, len(names) - 2, len(names) - 1)


def test_a_thousand_directories_deep(tmp_path: Path) -> None:
    top = tmp_path / "c"
    top.mkdir()
    deep, here = top, os.open(top, os.O_RDONLY)
    try:
        for level in range(1000):
            os.mkdir("d", dir_fd=here)
            inner = os.open("d", os.O_RDONLY, dir_fd=here)
            os.close(here)
            here, deep = inner, deep / "d"
            if level in (0, 998):
                (deep / "a.txt").write_text(f"At level {level}.")
        started = time.process_time()
        found = walk_files([top], FileOptions())
        entries, failures = found.entries, found.failures
        assert [len(Path(entry.path).parts) for entry in entries] == [2, 1000] and failures == []
        assert [read_document(entry, FileOptions()).text for entry in entries] == ["At level 0.", "At level 998."]
        assert time.process_time() - started < 10
    finally:
        os.close(here)
        subprocess.run(["rm", "-rf", str(top)], check=True)  # Python's own ways to remove a tree are recursive


def test_a_path_longer_than_the_system_takes_is_listed(tmp_path: Path) -> None:
    top = tmp_path / "c"
    top.mkdir()
    (top / "a.txt").write_text("Here.")
    here = os.open(top, os.O_RDONLY)
    try:
        for _ in range(50):
            os.mkdir("d" * 100, dir_fd=here)
            inner = os.open("d" * 100, os.O_RDONLY, dir_fd=here)
            os.close(here)
            here = inner
        os.close(os.open("b.txt", os.O_CREAT | os.O_WRONLY, dir_fd=here))
        found = walk_files([top], FileOptions())
        entries, failures = found.entries, found.failures
        assert [entry.path for entry in entries] == ["a.txt"]
        assert [failure.reason for failure in failures] == ["the directory cannot be read: File name too long"]
    finally:
        os.close(here)
        subprocess.run(["rm", "-rf", str(top)], check=True)


def put(path: Path, text: str = "Text.") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_links_out_of_the_roots_need_a_flag(tmp_path: Path) -> None:
    corpus, outside = tmp_path / "c", tmp_path / "outside"
    put(corpus / "a.txt", "Inside.")
    put(outside / "b.txt", "Outside.")
    put(outside / "more" / "d.txt", "Deeper outside.")
    (corpus / "file.txt").symlink_to(outside / "b.txt")
    (corpus / "directory").symlink_to(outside / "more")
    (outside / "more" / "up").symlink_to(outside)  # a loop, and on the way another name of b.txt
    (corpus / "above").symlink_to(tmp_path)
    closed = build(tmp_path / "index", corpus)
    assert (closed.documents, closed.failed, [link.path for link in closed.skipped]) == (1, (), ["above", "directory", "file.txt"])
    opened = BuildOptions(files=FileOptions(follow_links=True))
    report = build(tmp_path / "index", corpus, options=opened)
    assert {path for _, path in IndexReader(tmp_path / "index").manifest()} >= {"a.txt", "directory/d.txt", "file.txt"}
    assert report.documents == 3 and all("loop" in failure.reason for failure in report.failed)
    again = build(tmp_path / "index", corpus)  # without the flag they are listed, not treated as deleted
    assert again.documents == 3
    assert [failure.path for failure in again.failed if "leads out" in failure.reason] == ["directory", "directory/d.txt", "file.txt"]


def test_a_root_may_be_a_link(tmp_path: Path) -> None:
    put(tmp_path / "real" / "a.txt")
    (tmp_path / "link").symlink_to("real")
    assert build(tmp_path / "index", tmp_path / "link").added == 1
    assert build(tmp_path / "index", tmp_path / "link").unchanged == 1


@pytest.mark.parametrize("swapped", ["file", "directory", "pipe", "socket"])
def test_a_file_that_becomes_something_else_before_it_is_read(tmp_path: Path, swapped: str) -> None:
    secret = put(tmp_path / "secret" / "a.txt", "Secret.")
    path = put(tmp_path / "c" / "sub" / "a.txt")
    (entry,) = walk_files([tmp_path / "c"], FileOptions()).entries
    path.unlink()
    with socket.socket(socket.AF_UNIX) as server:
        if swapped == "file":
            path.symlink_to(secret)
        elif swapped == "directory":
            path.parent.rmdir()
            path.parent.symlink_to(secret.parent)
        elif swapped == "pipe":
            os.mkfifo(path)
        else:
            server.bind(os.path.relpath(path))  # a socket's absolute name may be too long
        expected = "is not a regular file" if swapped in ("pipe", "socket") else "became a link or a file"
        with pytest.raises(ReadError, match=expected):
            read_document(entry, FileOptions())


def test_special_files_never_block_a_build(tmp_path: Path) -> None:
    corpus = tmp_path / "c"
    put(corpus / "a.txt")
    put(corpus / "sub" / "b.txt")
    os.mkfifo(corpus / "pipe.txt")
    os.mkfifo(corpus / "sub" / ".lmkignore")
    (corpus / "device.txt").symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(corpus / "socket.md"))
        report = build(tmp_path / "index", corpus, options=BuildOptions(files=FileOptions(follow_links=True)))
    assert report.added == 1
    assert {failure.path: failure.reason for failure in report.failed} == {
        "device.txt": "is not a regular file",
        "pipe.txt": "is not a regular file",
        "socket.md": "is not a regular file",
        "sub": "the directory cannot be read: is not a regular file",
    }


def test_an_ignore_file_is_no_way_out(tmp_path: Path) -> None:
    put(tmp_path / "secret", "!\npassword")
    put(tmp_path / "c" / "a.txt")
    (tmp_path / "c" / ".lmkignore").symlink_to(tmp_path / "secret")
    found = walk_files([tmp_path / "c"], FileOptions())
    entries, failures = found.entries, found.failures
    assert (entries, [failure.reason for failure in failures]) == (
        [],
        ["the directory cannot be read: its .lmkignore is a link out of the corpus"],
    )
    put(tmp_path / "c" / "rules", "a.txt")
    (tmp_path / "c" / ".lmkignore").unlink()
    (tmp_path / "c" / ".lmkignore").symlink_to("rules")
    assert walk_files([tmp_path / "c"], FileOptions()) == FoundFiles(entries=[], failures=[], passed_over={"": 1})


def test_a_file_over_the_limit_is_listed_and_the_others_go_on(tmp_path: Path) -> None:
    put(tmp_path / "c" / "a.txt", "Small.")
    put(tmp_path / "c" / "b.txt", "Large. " * 100)
    report = build(tmp_path / "index", tmp_path / "c", options=BuildOptions(files=FileOptions(max_file_bytes=100)))
    assert report.added == 1
    assert [failure.reason for failure in report.failed] == [
        "too large: 700 bytes, the limit is 100: raise --max-file-size and build with --retry-failed"
    ]
    assert build(tmp_path / "index", tmp_path / "c", options=BuildOptions(retry_failed=True)).documents == 2
