"""The contract of the command line (cli.md, "Exit codes", "JSON"): exit codes, JSON, settings, streams; and that its
reference page is fresh.

Most tests run `main` in this process with the fake encoder; what needs a separate process (startup, pipes, terminals)
runs in one.
"""

from __future__ import annotations

import io
import json
import os
import pty
import re
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import hard_files
import pytest
import tiny
from cli_place import Result, Run

import lmkindex.build
import lmkindex.build.index_settings
import lmkindex.build.pipeline
import lmkindex.generate
import lmkindex.search.searcher
from lmkindex.config import BuildOptions
from lmkindex.display import one_line, visible
from lmkindex.encoder import FakeEncoder, find_encoder
from lmkindex.errors import InterruptedBuildError
from lmkindex.generate import FakeGenerator
from lmkindex.index import read_head, write_lock
from lmkindex.index.head import write_head
from lmkindex_cli import settings
from lmkindex_cli.build import stopping_on_signals
from lmkindex_cli.main import make_command, move_common_options
from lmkindex_cli.options import parse_size
from lmkindex_cli.output import Terminal, to_json
from lmkindex_cli.reference import reference

pytestmark = pytest.mark.usefixtures("clean_place")

HEAVY = {"torch", "transformers", "vllm", "lancedb", "pyarrow", "numpy"}
BUILD_KEYS = [
    "scanned", "added", "changed", "renamed", "deleted", "unchanged", "failed", "documents", "sentences", "tokens", "windows_encoded",
    "windows_reused", "seconds", "tokens_per_second", "tokens_encoded", "bytes_read", "forecast", "empty", "skipped",
    "passed_over", "reread", "waiting", "furniture", "notes", "languages",
]  # fmt: skip
SPAN_KEYS = ["path", "doc_id", "page", "start", "end", "boundary", "score", "text", "root", "place", "heading"]
CITATION_KEYS = ["marker", "path", "page", "start", "end", "quote", "verified", "root", "place"]
LAMP = "Amdahl keeps the light. The lamp burns oil.\n\nThe tower is \x1b[31mred\x1b[0m and old. \u202eGulls nest there."


@pytest.fixture
def corpus(fake: Any) -> Path:
    """Three documents, indexed in `.lmkindex`, in a directory whose name looks like markup."""
    root = Path("corpus")
    (root / "[b]").mkdir(parents=True)
    (root / "[b]" / "lamp.txt").write_text(LAMP, "utf-8")
    (root / "a: 1-2.txt").write_text("Bees fly in May. Honey is taken in June.\r\n", "utf-8", newline="")
    (root / "plain.md").write_text("# Boats\n\nThe boat comes on Friday.\n", "utf-8")
    lmkindex.build.build_index(".lmkindex", [root], BuildOptions(), encoder=fake)
    return root


def program(*words: str, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "lmkindex_cli", *words], capture_output=True, text=True, check=False, **options)


def test_help_imports_nothing_heavy_and_is_quick() -> None:
    code = f"import sys; from lmkindex_cli.main import main; main(['--help']); sys.exit(', '.join({HEAVY!r} & set(sys.modules)) or 0)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (found.returncode, found.stderr) == (0, "")
    assert "Bring the index up to date with its directories." in found.stdout
    seconds = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert program("--help").returncode == 0
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert min(seconds) < 0.5  # in CPU time, so that the test does not fail on a busy machine


def test_version_and_usage_errors(run: Run) -> None:
    assert run("--version").out.startswith("lmkindex ")
    assert run("nonsense").code == 2
    assert run("search", "--budget", "0", "x").code == 2
    assert run("search").code == 2
    assert run("search", "  ").err == "error: The question is empty.\n"
    assert run("search", "q", "--batch", "f").code == 2
    assert run("search", "q", "--batch", "nowhere.jsonl").code == 2
    assert run("search", "q", "--front", "two").code == 2
    assert run("search", "q", "--front", "2", "--surround", "2").code == 2
    assert run("build", "--time-budget", "soon").code == 2
    assert run("build", "--max-delete", "20").code == 2
    assert run("build").code == 2  # no roots, and no last build


def test_every_command_has_help_and_an_example() -> None:
    for name, command in settings.leaf_commands(make_command()):
        assert command.help, name
        assert f"\n  lmkindex {name}" in command.epilog, name
        assert all(parameter.help for parameter in command.params if parameter.name != "help"), name


def test_the_reference_page_is_fresh() -> None:
    page = tiny.ROOT_PATH / "docs" / "reference" / "cli.md"
    assert page.read_text("utf-8") == reference(), "run `python -m lmkindex_cli.reference > docs/reference/cli.md`"


def test_common_options_may_stand_before_the_command(run: Run, corpus: Path) -> None:
    assert move_common_options(["--index", "x", "-q", "search", "q"]) == ["search", "--index", "x", "-q", "q"]
    assert move_common_options(["--json", "encoders", "list"]) == ["encoders", "list", "--json"]
    assert move_common_options(["--json"]) == []
    assert move_common_options(["search", "--", "--json"]) == ["search", "--", "--json"]
    assert run("--json", "--index=.lmkindex", "status").json["documents"] == 3


def test_build_json_is_the_contract(run: Run, fake: Any) -> None:
    Path("c").mkdir()
    Path("c/good.txt").write_text("One thing. Another.", "utf-8")
    Path("c/bad.pdf").write_bytes(b"no pdf")
    plan = run("build", "c", "--dry-run", "--json")
    assert (plan.code, list(plan.json)) == (3, [*BUILD_KEYS, "plan"])
    assert not Path(".lmkindex/head.json").exists()
    first = run("build", "c", "--json")
    assert (first.code, list(first.json), first.err) == (3, BUILD_KEYS, "")
    assert [failure["path"] for failure in first.json["failed"]] == ["bad.pdf"]
    again = run("build", "--json").json  # the roots of the last build
    for report in (plan.json, first.json, again):
        kinds = sum(report[name] for name in ("added", "changed", "renamed", "unchanged"))
        assert report["scanned"] == kinds + len(report["failed"])
    assert first.json["documents"] == again["documents"] == 1
    Path("c/bad.pdf").unlink()
    assert run("build", "--json").code == 0


def test_build_says_what_it_did(run: Run, fake: Any) -> None:
    Path("c").mkdir()
    Path("c/[b].txt").write_text("One thing. Another.", "utf-8")
    assert "  [b].txt\n" in run("build", "c", "--dry-run").out
    assert run("build", "c").out.startswith("1 documents indexed: 1 added. 2 sentences of ")
    assert run("build", "c", "-q").out == ""
    Path("c/[x].pdf").write_bytes(b"no pdf")
    failed = run("build", "-q")
    assert (failed.code, failed.out) == (3, "")
    assert failed.err.startswith("failed: [x].pdf: ")


def test_the_limits_of_a_file_are_flags_and_settings(run: Run, fake: Any) -> None:
    Path("corpus").mkdir()
    Path("corpus/a.txt").write_text("Short.")
    Path("corpus/b.txt").write_text("Long. " * 1000)
    Path("corpus/c.pdf").write_bytes(hard_files.many_pages(3))
    Path("outside.txt").write_text("Outside.")
    Path("corpus/d.txt").symlink_to(Path("outside.txt").resolve())
    limited = run("build", "corpus", "--max-file-size", "4K", "--max-pages", "2", "--json").json
    assert [(failure["path"], failure["reason"].partition(":")[0]) for failure in limited["failed"]] == [
        ("b.txt", "too large"),
        ("c.pdf", "has 3 pages, the limit is 2"),
    ]
    assert [(link["path"], link["reason"].partition(":")[0]) for link in limited["skipped"]] == [
        ("d.txt", "the link leads out of the corpus and was not followed"),
    ]
    write_settings('[build]\nmax_file_size = 1_000_000\nmax_pages = 0\nfile_timeout = "2m"\nfollow_links = true\nretry_failed = true\n')
    assert (run("build", "corpus").code, run("status", "--json").json["documents"]) == (0, 4)
    for words in (("--max-file-size", "big"), ("--max-file-size", "0"), ("--file-timeout", "0"), ("--max-pages", "-1")):
        assert run("build", "corpus", *words).code == 2


@pytest.mark.parametrize(("text", "size"), [("1000", 1000), ("300k", 300 << 10), ("64 MB", 64 << 20), ("1.5GiB", 3 << 29), ("0", 0)])
def test_sizes(text: str, size: int) -> None:
    assert parse_size("--max-file-size", text) == size


def test_a_locked_index_is_75(run: Run, corpus: Path) -> None:
    with write_lock(Path(".lmkindex"), wait=False):
        locked = run("build", "corpus", "--json")
    assert (locked.code, locked.out) == (75, "")
    assert "is being written by process" in locked.err


def test_signals_are_remembered_once_the_build_asks() -> None:
    with stopping_on_signals(Terminal(index="x", quiet=True)) as stop:
        assert stop() == 0
        os.kill(os.getpid(), signal.SIGTERM)
        assert stop() == signal.SIGTERM
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    with pytest.raises(SystemExit, match="143"), stopping_on_signals(Terminal(index="x", quiet=True)):
        os.kill(os.getpid(), signal.SIGTERM)


def test_interrupted_builds_have_the_signals_code(run: Run, fake: FakeEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise InterruptedBuildError("Stopped.", signal.SIGTERM)

    def impatient(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(lmkindex.build, "run_build", interrupted)
    assert run("build", "c").code == 143
    monkeypatch.setattr(lmkindex.build, "run_build", impatient)
    assert run("build", "c").code == 130


def test_search_json_is_the_contract(run: Run, corpus: Path) -> None:
    found = run("search", "Who keeps the light?", "--json", "--front", "1", "--hits", "2")
    assert (found.code, list(found.json)) == (0, ["question", "spans"])
    best = found.json["spans"][0]
    assert list(best) == SPAN_KEYS
    assert (best["path"], best["text"], best["boundary"]) == ("[b]/lamp.txt", "Amdahl keeps the light.", best["end"])
    explained = run("search", "Who keeps the light?", "--json", "--explain").json["spans"][0]
    assert list(explained) == [*SPAN_KEYS, "why"]
    nothing = run("search", "light", "--path", "*.docx", "--json")
    assert (nothing.code, nothing.json["spans"]) == (4, [])
    assert run("search", "light", "--path", "*.docx").err == "Nothing was found.\n"


def test_search_prints_the_headings_over_a_span_once(run: Run, corpus: Path) -> None:
    printed = run("search", "When does the boat come?", "--path", "plain.md", "--front", "1", "--no-hybrid", "--budget", "200").out
    assert "\n   Boats\n   The boat comes on Friday.\n" in printed
    assert printed.count("Boats") == 2  # as the path over one span, and as the text of the other
    found = run("search", "When does the boat come?", "--path", "plain.md", "--front", "1", "--json").json
    assert {tuple(span["heading"]) for span in found["spans"]} == {("Boats",)}


def test_alpha_weighs_the_sentences_before_the_boundary(run: Run, corpus: Path) -> None:
    def scores(*flags: str) -> list[float]:
        return [span["score"] for span in run("search", "Where do gulls nest?", "--json", *flags).json["spans"]]

    fixed = ("--front", "3", "--no-hybrid")
    assert scores(*fixed) == scores(*fixed, "--alpha", "0.08")  # its value before it became a flag
    assert len({tuple(scores(*fixed, "--alpha", alpha)) for alpha in ("0", "0.08", "1")}) == 3
    cosines = scores("--front", "1", "--no-hybrid")
    assert scores(*fixed, "--alpha", "999")[0] == pytest.approx(cosines[0])  # the boundary alone
    assert scores("--alpha", "0") == scores("--alpha", "1")  # with auto, alpha has no effect
    write_settings("[search]\nalpha = 1\n")
    assert scores(*fixed) == scores(*fixed, "--alpha", "1")
    assert run("config", "--json").json["settings"]["ask"]["alpha"]["value"] == 1
    for wrong in ("-1", "nan", "inf"):
        assert run("search", "x", "--alpha", wrong).code == 2


def test_people_see_paths_and_texts_as_they_are(run: Run, corpus: Path) -> None:
    found = run("search", "The tower is red", "--front", "1", "--path", "lamp.txt")
    assert "[b]/lamp.txt:45-" in found.out
    assert "␛[31mred␛[0m" in found.out
    assert "\x1b" not in found.out
    assert "<U+202E>Gulls nest" in found.out
    assert visible("a\r\nb\tc\rd\x9b\udcff") == "a\nb\tc␍d<U+009B>\\xff"
    assert one_line("a\nb") == "a␊b"
    assert json.loads(to_json("\ud800\x1b\u202e")) == "\ud800\x1b\u202e"
    assert to_json("é\u202e").isascii()


def feed(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))


def test_questions_come_from_stdin(run: Run, corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    feed(monkeypatch, "Où est le phare ?\n".encode())
    assert run("search", "-", "--json").json["question"] == "Où est le phare ?"
    feed(monkeypatch, b"\xff")
    assert run("search", "-").code == 2


BATCH = (
    b'\xef\xbb\xbf{"id": [1], "question": "Who keeps the light?", "path": "*.txt", "extra": 1}\n\nnope\n[]\n{"id": 7, "question": 3}\n'
    b'{"question": ""}\n{"id": NaN, "question": "x"}\n{"question": "\\ud800"}\n{"question": "x", "path": 5}\n\xff\n'
    + b"[" * 100_000
    + b'\n{"question": "boat", "id": "\\ud800"}'
)


def check_batch(result: Result) -> list[Any]:
    """Check that bad lines give errors in their place; returns the two valid results."""
    assert result.code == 1
    assert [line.get("line") for line in result.lines] == [None, 3, 4, 5, 6, 7, 8, 9, 10, 11, None]
    assert [line["id"] for line in result.lines if "id" in line] == [[1], 7, "\ud800"]
    assert all("error" in line for line in result.lines[1:-1])
    return [result.lines[0], result.lines[-1]]


def test_search_batch_goes_on_after_bad_lines(run: Run, corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("q.jsonl").write_bytes(BATCH)
    first, last = check_batch(run("search", "--batch", "q.jsonl"))
    assert list(first) == ["id", "question", "spans"]
    assert {span["path"] for span in first["spans"]} <= {"[b]/lamp.txt", "a: 1-2.txt"}
    assert last["question"] == "boat"
    feed(monkeypatch, b'{"question": "boat", "path": "none/"}\n{"question": "boat"}\n')
    assert run("search", "--batch", "-").code == 0
    feed(monkeypatch, b'{"question": "boat", "path": "none/"}\n')
    assert run("search", "--batch", "-").code == 4
    feed(monkeypatch, b"\n")
    assert run("search", "--batch", "-").code == 0


@pytest.fixture
def fake_llm(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The generator replies with the last item of the list."""
    says = ["Amdahl keeps the light [1]."]
    monkeypatch.setattr(lmkindex.generate, "open_generator", lambda *_, **__: FakeGenerator(lambda prompt: says[-1]))
    return says


ASK = ("ask", "Who keeps the light?", "--path", "lamp.txt", "--front", "1", "--hits", "1")


def test_ask_json_is_the_contract(run: Run, corpus: Path, fake_llm: list[str]) -> None:
    found = run(*ASK, "--json", "--strict")
    assert (found.code, found.err) == (0, "")
    assert list(found.json) == ["question", "answer", "abstained", "citations", "spans", "model"]
    (citation,) = found.json["citations"]
    assert list(citation) == CITATION_KEYS
    assert LAMP[citation["start"] : citation["end"]] == citation["quote"]
    fake_llm.append('"The tower sank in 1912" [1].')
    assert run(*ASK, "--strict").code == 5
    assert run(*ASK).code == 0
    assert run("ask", "light", "--path", "none/").code == 4
    assert run(*ASK, "--min-similarity", "1").code == 4


def test_the_encoder_says_when_to_abstain(run: Run, corpus: Path, fake: Any, fake_llm: list[str]) -> None:
    fake.folder = replace(fake.folder, min_similarity=1.0)
    assert run(*ASK).code == 4
    assert run(*ASK, "--min-similarity", "0").code == 0
    write_settings("[ask]\nmin-similarity = -0.5\n")
    assert run(*ASK).code == 0


def test_ask_prints_citations_and_streams(run: Run, corpus: Path, fake_llm: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    plain = run(*ASK).out
    assert plain.startswith("Amdahl keeps the light [1].\n\n[1] [b]/lamp.txt:0-23 verified ✓ ")
    monkeypatch.setattr(Terminal, "is_interactive", property(lambda _: True))
    assert plain in run(*ASK).out
    fake_llm.append('"The tower sank in 1912" [1].')
    assert "NOT VERIFIED" in run(*ASK).out


def test_ask_batch(run: Run, corpus: Path, fake_llm: list[str]) -> None:
    Path("q.jsonl").write_bytes(BATCH)
    first, _ = check_batch(run("ask", "--batch", "q.jsonl"))
    assert list(first) == ["id", "question", "answer", "abstained", "citations", "spans", "model"]


def test_read_prints_the_exact_passage(run: Run, corpus: Path) -> None:
    assert run("read", "a: 1-2.txt").out == "Bees fly in May. Honey is taken in June.\r\n"
    assert run("read", "a: 1-2.txt:5-8").out == "fly"
    assert run("read", "corpus/a: 1-2.txt:5-8").out == "fly"
    passage = run("read", "[b]/lamp.txt:60-63", "--context", "5", "--json").json
    assert list(passage) == ["path", "doc_id", "page", "start", "end", "text", "before", "after", "root", "place", "heading"]
    assert (passage["before"], passage["text"], passage["after"]) == (LAMP[55:60], LAMP[60:63], LAMP[63:68])
    assert run("read", f"{passage['doc_id']}:0-6").out == "Amdahl"
    marked = run("read", "plain.md:9-17", "--context", "3").out
    assert marked == "s\n\n\n--- plain.md:9-17 under Boats ---\nThe boat\n--- end ---\n co\n"
    plain = run("read", "plain.md:9-17")
    assert (plain.out, plain.err) == ("The boat", "plain.md:9-17 under Boats\n")
    assert run("read", "plain.md:9-17", "-q").err == ""


def test_read_errors_help(run: Run, corpus: Path, fake: Any) -> None:
    lost = run("read", "[b]/lamps.txt:0-3")
    assert lost.code == 1
    assert "nearest names are:\n  [b]/lamp.txt" in lost.err
    beyond = run("read", "plain.md:9-1700")
    assert (beyond.code, "plain.md has the characters 0-35, so there is no 9-1700" in beyond.err) == (1, True)
    assert run("read", "plain.md:9-3").code == 2
    other = Path("other")
    other.mkdir()
    (other / "plain.md").write_text("Again.", "utf-8")
    lmkindex.build.build_index(".lmkindex", [corpus, other], BuildOptions(), encoder=fake)
    several = run("read", "plain.md:0-2")
    assert several.code == 1
    assert "is in several roots" in several.err
    doc_id = next(line.split()[0] for line in several.err.splitlines() if "other/plain.md" in line)
    assert run("read", f"{doc_id}:0-5").out == "Again"
    assert run("read", "other/plain.md:0-5").out == "Again"


@pytest.mark.parametrize("written", ["9", "9-", "-9", "a-b", "9\u201317", "9:17", "9-17x", "9-17:3", "-1-4", "1" * 19 + "-" + "2" * 19, ""])
@pytest.mark.parametrize("name", ["plain.md", "a: 1-2.txt", "corpus/plain.md"])
def test_a_wrong_range_is_told_from_a_missing_document(run: Run, corpus: Path, name: str, written: str) -> None:
    wrong = run("read", f"{name}:{written}")
    assert (wrong.code, wrong.out) == (2, "")
    assert f"{written or 'Nothing'} after the path is not a range" in wrong.err
    assert f"has the characters 0-{42 if name[0] == 'a' else 35}: write PATH:START-END" in wrong.err


def test_whatever_is_printed_as_a_place_can_be_read(run: Run, corpus: Path, fake: Any, fake_llm: list[str]) -> None:
    names = ["on\u200be.txt", "line\nend.txt", "9-17.txt", "x:1-2.txt", "x:1-2 (page 3).md"]
    for number, name in enumerate(names):
        (corpus / name).write_text(f"Lighthouse {number} is kept. It is lit at {number}.", "utf-8")
    (corpus / "paged.pdf").write_bytes(hard_files.many_pages(2))
    lmkindex.build.build_index(".lmkindex", [corpus], BuildOptions(), encoder=fake)
    fake_llm.append("Lighthouse 1 is kept.")
    found = run("search", "Which lighthouse is kept?", "--json").json["spans"]
    printed = re.findall(r"^\d+\. -?[\d.]+  (.+)$", run("search", "Which lighthouse is kept?").out, re.MULTILINE)
    assert len(printed) == len(found) and {span["path"] for span in found} >= {*names, "paged.pdf"}
    assert [run("read", place, "--json").json["text"] for place in printed] == [span["text"] for span in found]
    cited = run("ask", "Which lighthouse is kept?")
    ((place, quote),) = re.findall(r'^\[\d+\] (.+) verified ✓ "(.*)"$', cited.out, re.MULTILINE)
    assert run("read", place).out == quote == "Lighthouse 1 is kept."


def test_status_tells_what_is_there(run: Run, corpus: Path) -> None:
    found = run("status", "--check", "--json")
    assert found.code == 0
    assert found.json["damage"] == []
    assert (found.json["documents"], found.json["encoder"]["name"], found.json["failed"]) == (3, "fake", [])
    assert found.json["roots"] == [str(corpus.resolve())]
    assert found.json["sample"] == {
        "documents": 3, "windows": 3, "vectors": 7, "offsets": 7, "smallest_cosine": 1.0, "differences": [],
    }  # fmt: skip
    shown = run("status", "--check", "--sample", "2", "--seed", "1").out
    assert "no damage found" in shown and "2 windows of 2 documents encoded again" in shown
    assert "sample" not in run("status", "--check", "--sample", "0", "--json").json
    assert run("status", "--index", "nowhere").code == 6


def test_check_finds_vectors_that_a_build_would_not_make(run: Run, corpus: Path, fake: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fake, "encode_rows", tiny.ContextEncoder().encode_rows)
    found = run("status", "--check")
    assert found.code == 1
    assert "has other vectors (cosine" in found.err and "`lmkindex build --rebuild` builds it again" in found.err
    assert len(run("status", "--check", "--json").json["sample"]["differences"]) == 3


def test_check_finds_damage(run: Run, corpus: Path, fake: Any) -> None:
    import lancedb
    import pyarrow as pa

    head = read_head(Path(".lmkindex"))
    assert head is not None
    table = lancedb.connect(".lmkindex").open_table("landmarks")
    rows = table.search().limit(1).to_arrow()
    table.add(rows)
    write_head(Path(".lmkindex"), replace(head, tables={**head.tables, "landmarks": table.version}, counts={**head.counts, "documents": 9}))
    damaged = run("status", "--check", "--json")
    assert damaged.code == 6
    assert "head.json says 9 documents, the documents table 3." in damaged.json["damage"]
    assert any("more than once" in sentence for sentence in damaged.json["damage"])
    table.delete("true")
    rows = pa.Table.from_pylist([{**rows.to_pylist()[0], "vector": [0.5] * fake.folder.dim}], schema=rows.schema)
    table.add(rows)
    write_head(Path(".lmkindex"), replace(head, tables={**head.tables, "landmarks": table.version}))
    sentences = run("status", "--check", "--json").json["damage"]
    assert any("norm" in sentence for sentence in sentences)
    assert sum("landmarks up to position" in sentence for sentence in sentences) >= 2
    for data in Path(".lmkindex/landmarks.lance/data").iterdir():
        data.unlink()
    assert run("status", "--check").code == 6
    broken = run("search", "light")
    assert broken.code == 6
    assert "cannot be read" in broken.err


def write_settings(content: str, path: str = "lmkindex.toml") -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(content, "utf-8")


def test_the_five_layers_of_settings(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def source(owner: str, key: str, *flags: str) -> tuple[Any, str]:
        found = run("config", "--json", *flags).json["settings"][owner][key]
        return found["value"], found["source"]

    user = f"{os.environ['XDG_CONFIG_HOME']}/lmkindex/config.toml"
    assert source("common", "index") == (".lmkindex", "default")
    write_settings('index = "user"\n[search]\nbudget = 1\nhits = 3\n', user)
    assert (source("common", "index"), source("search", "budget")) == (("user", "file"), (1, "file"))
    write_settings('index = "project"\n[search]\nbudget = 2\n')
    assert (source("common", "index"), source("search", "budget")) == (("project", "file"), (2, "file"))
    assert source("search", "hits") == source("ask", "hits") == (3, "file")
    monkeypatch.setenv("LMKINDEX_INDEX", "environment")
    monkeypatch.setenv("LMKINDEX_SEARCH_BUDGET", "4")
    assert (source("common", "index"), source("search", "budget")) == (("environment", "environment"), (4, "environment"))
    assert source("ask", "budget") == (4, "environment")
    monkeypatch.setenv("LMKINDEX_ASK_BUDGET", "5")
    assert source("ask", "budget") == (5, "environment")
    assert source("common", "index", "--index", "flag") == ("flag", "flag")
    monkeypatch.setenv("LMKINDEX_CONFIG", "elsewhere.toml")
    assert run("config").code == 2
    write_settings("[search]\nhits = 8\n", "elsewhere.toml")
    assert source("search", "hits") == (8, "file")


def test_settings_reach_the_commands(run: Run, corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".lmkindex").rename("elsewhere")
    write_settings('index = "elsewhere"\njson = true\n[search]\nfront = 1\nhits = 1\n[build]\ntime-budget = 60\ninclude = ["*.md"]\n')
    assert len(run("search", "light").json["spans"]) == 1
    assert len(run("search", "light", "--hits", "9").json["spans"]) > 1
    assert run("build", "--max-delete", "100%").json["deleted"] == 2
    monkeypatch.setenv("LMKINDEX_JSON", "0")
    assert run("status").out.startswith("Index elsewhere")
    config = run("config", "--json").json["settings"]["build"]
    assert config["encoder"] == {"value": "fake", "source": "index", "where": "elsewhere"}
    assert config["window_tokens"]["source"] == "index"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('indx = "a"', "`indx` is not a setting. Did you mean `index`?"),
        ("[serch]\nbudget = 1", "`[serch]` is not a setting. Did you mean `[search]`?"),
        ("[search]\nbudjet = 1", "`search.budjet` is not a setting. Did you mean `budget`?"),
        ('[search]\nbudget = "many"', "`search.budget` must be a whole number, not 'many'."),
        ("[search]\nbudget = true", "`search.budget` must be a whole number, not True."),
        ('[build]\ninclude = "*.md"', "`build.include` must be a list of strings, not '*.md'."),
        ("json = 1", "`json` must be true or false, not 1."),
        ("[build]\nrebuild = true", "`build.rebuild` is not a setting."),
        ("[build]\nmax-delete = 1\nmax_delete = 1", "is set twice"),
        ("[search", "cannot be read as TOML"),
    ],
)
def test_wrong_settings_are_errors(run: Run, content: str, message: str) -> None:
    write_settings(content)
    wrong = run("search", "x")
    assert (wrong.code, wrong.out) == (2, "")
    assert wrong.err.startswith("error: lmkindex.toml")
    assert message in wrong.err
    assert run("search", "--help").code == 0


def test_misspelled_variables_are_told(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LMKINDEX_SERCH_BUDGET", "1")
    assert "LMKINDEX_SERCH_BUDGET" in run("config").err


def test_unexpected_errors_are_one_line_unless_verbose(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise raised

    monkeypatch.setattr(lmkindex.search, "open_searcher", fail)
    raised: BaseException = TypeError("[b] odd \x1b")
    assert run("search", "x").err == (
        "error: This is a bug in lmkindex: TypeError: [b] odd ␛\nRun the same command with -v for the traceback, and report it.\n"
    )
    loud = run("-v", "search", "x")
    assert loud.code == 1
    assert "Traceback" in loud.err
    raised = RuntimeError("lance error: LanceError(IO): No space left on device (os error 28)")
    assert run("search", "x").err.startswith("error: The disk is full.")
    raised = MemoryError()
    assert "not enough memory" in run("search", "x").err
    raised = OSError(28, "No space left on device", "x")
    assert run("search", "x").err.startswith("error: The disk is full (x).")
    raised = OSError(13, "Permission denied", "x")
    assert run("search", "x").err == "error: Permission denied: x\n"


def test_encoders(run: Run) -> None:
    lost = run("encoders", "inspect", "nowhere")
    assert lost.code == 1
    assert lost.err.startswith("error: There is no encoder folder")


@pytest.mark.real
def test_the_default_encoder_is_listed(run: Run) -> None:
    listed = run("encoders", "list", "--json").json["encoders"]
    assert [one["name"] for one in listed if one["is_default"]] == ["landmark-minilm"]
    found = run("encoders", "inspect", "landmark-minilm", "--json").json
    assert (found["dim"], found["min_similarity"]) == (384, find_encoder("landmark-minilm").min_similarity)
    assert "(default)" in run("encoders", "list").out


def test_a_closed_pipe_is_quiet() -> None:
    with subprocess.Popen([sys.executable, "-m", "lmkindex_cli", "config"], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 1


def test_a_full_disk_is_told() -> None:
    with Path("/dev/full").open("w") as full:
        code = subprocess.run([sys.executable, "-m", "lmkindex_cli", "config"], stdout=full, stderr=subprocess.PIPE, check=False)
    assert code.returncode == 1
    assert code.stderr.startswith(b"error: The disk is full")


def on_terminal(words: Sequence[str]) -> str:
    """The text that a terminal would receive."""
    ours, theirs = pty.openpty()
    try:
        subprocess.run([sys.executable, "-m", "lmkindex_cli", *words], stdout=theirs, stderr=theirs, check=True)
        os.set_blocking(ours, False)
        return os.read(ours, 100_000).decode("utf-8")
    finally:
        os.close(theirs)
        os.close(ours)


def test_a_terminal_gets_no_control_characters(corpus: Path) -> None:
    shown = on_terminal(["read", "[b]/lamp.txt:45-90"])
    assert "The tower is ␛[31mred␛[0m and old. <U+202E>Gulls" in shown
    assert "\x1b" not in shown
    styled = on_terminal(["read", "[b]/lamp.txt:45-48", "--context", "4"])
    assert "\x1b[1m--- [b]/lamp.txt:45-48 ---\x1b[0m" in styled


@pytest.fixture(scope="module")
def real_index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A directory with a small corpus and its index, made by the program with the default encoder."""
    place = tmp_path_factory.mktemp("real")
    (place / "corpus").mkdir()
    (place / "corpus" / "lamp.txt").write_text(LAMP, "utf-8")
    (place / "corpus" / "bad.docx").write_bytes(b"no zip")
    built = program("build", "corpus", "--json", cwd=place)
    assert built.returncode == 3, built.stderr
    assert built.stderr == ""
    assert list(json.loads(built.stdout)) == BUILD_KEYS
    yield place


@pytest.mark.slow
@pytest.mark.real
def test_the_program_itself(real_index: Path) -> None:
    found = program("search", "Who keeps the light?", "--json", cwd=real_index)
    assert (found.returncode, found.stderr) == (0, "")
    span = json.loads(found.stdout)["spans"][0]
    assert LAMP[span["start"] : span["end"]] == span["text"]
    assert program("search", "light", "--path", "*.pdf", cwd=real_index).returncode == 4
    again = program("build", cwd=real_index)
    assert (again.returncode, again.stdout[:32]) == (3, "1 documents indexed: 1 unchanged")
    assert program("status", "--check", cwd=real_index).returncode == 0
