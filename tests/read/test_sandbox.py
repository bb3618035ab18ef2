"""The child process that parses: a hang, a crash or a bomb is one file's failure, and no child outlives its parent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import tiny

from lmkindex.build import build_index
from lmkindex.config import BuildOptions, FileOptions
from lmkindex.encoder import FakeEncoder
from lmkindex.errors import InterruptedBuildError, LmkindexError, ReadError
from lmkindex.files import walk_files
from lmkindex.index import IndexReader
from lmkindex.read import Parser, read_file
from lmkindex.read import sandbox as parser_module
from lmkindex.read.formats import parse_bytes

OPTIONS = FileOptions(parse_timeout_s=30.0)  # long, for busy machines; tests of timeouts use their own
SOON_S = 20.0


@pytest.fixture
def sick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make children run `sick_child.py`."""
    monkeypatch.setattr(parser_module, "CHILD_MODULE", "sick_child")
    monkeypatch.setenv("PYTHONPATH", tiny.PYTHONPATH)


@pytest.fixture
def sick_parser(sick: None) -> Iterator[Parser]:
    with Parser(OPTIONS) as parser:
        yield parser


def process_id(parser: Parser) -> int:
    """The current child; a new one is started if there is none."""
    return int(parser.parse(b"who", ".html").text.split()[0])


def is_alive(pid: int) -> bool:
    """Whether a process is running; a zombie is not."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


def becomes_true(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + SOON_S
    while time.monotonic() < deadline and not condition():
        time.sleep(0.05)
    return condition()


def test_the_child_gives_what_the_parsers_give() -> None:
    with Parser(OPTIONS) as parser:
        for name in ("kestrel/incident-review.pdf", "kestrel/instrument-catalogue.docx", "kestrel/orchard-guide.html"):
            path = tiny.CORPUS_PATH / name
            assert parser.parse(path.read_bytes(), path.suffix) == parse_bytes(path.read_bytes(), path.suffix)
        assert parser.parse(b"<p>&#xD800;\xf0\x9d\x84\x9e</p>", ".html") == parse_bytes(b"<p>&#xD800;\xf0\x9d\x84\x9e</p>", ".html")
        with pytest.raises(ReadError, match="damaged PDF, or not a PDF at all"):
            parser.parse(b"no", ".pdf")


def test_text_needs_no_child(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(parser_module, "CHILD_MODULE", "no_such_module")
    with Parser(OPTIONS) as parser:
        (tmp_path / "tides.md").write_bytes(b"# Tides\n")
        (entry,) = walk_files([tmp_path], FileOptions()).entries
        document = read_file(entry, FileOptions(), parser.parse)
        assert (document.title, document.text, document.pages) == ("Tides", "# Tides\n", ())
        with pytest.raises(LmkindexError, match=r"does not start \(ModuleNotFoundError: .*no_such_module.*repair"):
            parser.parse(b"<p>Text.", ".html")


def test_one_child_serves_many_files_until_it_is_large(sick_parser: Parser, monkeypatch: pytest.MonkeyPatch) -> None:
    first = process_id(sick_parser)
    assert process_id(sick_parser) == first
    assert sick_parser.parse(b"allocate 1000000", ".html").text == "1000000"
    assert process_id(sick_parser) == first
    assert sick_parser.parse(b"allocate 600000000", ".html").text == "600000000"
    second = process_id(sick_parser)
    assert second != first and not is_alive(first)
    monkeypatch.setattr(parser_module, "RECYCLE_FILES", 2)
    assert [process_id(sick_parser) == second for _ in range(2)] == [True, False]


def test_the_memory_of_the_parent_does_not_count(sick: None) -> None:
    large = b"x" * (600 << 20)  # over RECYCLE_BYTES
    with Parser(FileOptions()) as parser:
        assert process_id(parser) == process_id(parser)
    assert large


def test_what_a_parser_prints_does_not_reach_the_replies(sick_parser: Parser, capfd: pytest.CaptureFixture[str]) -> None:
    assert sick_parser.parse(b"print", ".html").text.endswith("print")
    assert process_id(sick_parser)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("data", "suffix", "reason"),
    [
        (b"", ".docx", r"the parser crashed \(SIGSEGV\)"),
        (b"exit 7", ".html", r"the parser crashed \(exit code 7\)"),
        (b"allocate 9000000000", ".html", "takes more memory to parse"),
        (b"x" * 1_000_000, ".docx", r"the parser crashed \(SIGSEGV\)"),
    ],
)
def test_a_crash_is_the_failure_of_one_file(sick_parser: Parser, data: bytes, suffix: str, reason: str) -> None:
    with pytest.raises(ReadError, match=reason):
        sick_parser.parse(data, suffix)
    assert process_id(sick_parser)


def test_a_hang_ends_at_the_time_limit(sick: None) -> None:
    with Parser(replace(OPTIONS, parse_timeout_s=1.0)) as parser:
        started = time.monotonic()
        with pytest.raises(ReadError, match="longer than 1 s to parse: raise --file-timeout and build with --retry-failed"):
            parser.parse(b"hang", ".pdf")
        assert time.monotonic() - started < SOON_S
        assert process_id(parser)


def test_closing_ends_a_parse_that_hangs(sick: None) -> None:
    parser = Parser(OPTIONS)
    child = process_id(parser)
    reasons: list[str] = []

    def parse() -> None:
        with pytest.raises(ReadError) as caught:
            parser.parse(b"hang", ".pdf")
        reasons.append(str(caught.value))

    thread = threading.Thread(target=parse)
    thread.start()
    time.sleep(0.3)
    started = time.monotonic()
    parser.close()
    thread.join(SOON_S)
    assert time.monotonic() - started < SOON_S and len(reasons) == 1
    assert not is_alive(child)
    with pytest.raises(ReadError, match="stopped"):
        parser.parse(b"again", ".html")


def test_the_working_directory_cannot_give_a_parser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("docx.py", "lxml.py", "json.py", "numpy.py"):
        (tmp_path / name).write_text("raise SystemExit('taken from the corpus')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tiny.ROOT_PATH))
    with Parser(OPTIONS) as parser:
        assert parser.parse(b"<p>Text.</p>", ".html").text == "Text."


@pytest.mark.skipif(sys.platform != "linux", reason="asks /proc for the children")
@pytest.mark.parametrize("state", ["busy", "idle"])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_no_child_outlives_its_parent(sick: None, state: str, number: signal.Signals) -> None:
    command = [sys.executable, str(tiny.SUPPORT_PATH / "parser_script.py"), state]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        (child,) = map(int, process.stdout.readline().split())
        time.sleep(0.3)  # so that the child has the file
        assert is_alive(child)
        process.send_signal(number)
        process.wait(SOON_S)
        assert becomes_true(lambda: not is_alive(child))


def test_the_child_does_not_hear_the_signals_of_a_stop(sick_parser: Parser) -> None:
    child = process_id(sick_parser)
    for number in (signal.SIGINT, signal.SIGTERM):
        os.kill(child, number)
    assert process_id(sick_parser) == child
    assert os.getpgid(child) != os.getpgid(0)  # nor does a terminal's Ctrl-C reach it


@pytest.mark.parametrize("ending", ["signal", "time"])
def test_a_build_that_waits_for_a_parser_can_be_stopped(sick: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str) -> None:
    monkeypatch.setattr("lmkindex.build.prepare.SLAB_STEPS", 1)  # so that the first document is on its way when the second one hangs
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    (corpus / "a.txt").write_text("Plain text.")
    (corpus / "b.pdf").write_bytes(b"hangs for ten minutes")
    finished: list[float] = []

    def on_progress(path: str, done: int, total: int) -> None:
        if done:
            finished.append(time.monotonic())

    def stop() -> int:
        return signal.SIGTERM if ending == "signal" and finished and time.monotonic() > finished[0] + 1 else 0

    options = BuildOptions(files=FileOptions(parse_timeout_s=500.0), time_budget_s=3.0 if ending == "time" else 0.0)
    index, started = str(tmp_path / "index"), time.monotonic()
    if ending == "signal":
        with pytest.raises(InterruptedBuildError):
            build_index(index, [corpus], options, encoder=FakeEncoder(), stop=stop, on_progress=on_progress)
    else:
        assert build_index(index, [corpus], options, encoder=FakeEncoder()).incomplete
    assert time.monotonic() - started < 100
    assert {path: entry.status for (_, path), entry in IndexReader(Path(index)).manifest().items()} == {"a.txt": "indexed"}


def test_a_build_goes_on_after_each_kind_of_failure(sick: None, tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for name in ("a.docx", "b.pdf", "d.docx"):
        (corpus / name).write_bytes(b"data")
    (corpus / "c.html").write_bytes(b"fine")
    (corpus / "e.txt").write_text("Plain text.")
    options = BuildOptions(files=FileOptions(parse_timeout_s=1.0))
    report = build_index(str(tmp_path / "index"), [corpus], options, encoder=FakeEncoder())
    assert [(failure.path, failure.reason[:24]) for failure in report.failed] == [
        ("a.docx", "the parser crashed (SIGS"), ("b.pdf", "took longer than 1 s to "), ("d.docx", "the parser crashed (SIGS"),
    ]  # fmt: skip
    assert report.added == 2
    again = build_index(str(tmp_path / "index"), [corpus], options, encoder=FakeEncoder())
    assert (again.unchanged, len(again.failed), again.windows_encoded) == (2, 3, 0)  # neither retried nor forgotten
