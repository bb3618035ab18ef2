"""Every field that a command prints with `--json` is in docs/reference/cli.md, and every field that is in there is
printed."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import tiny
from small_sets import make_small_set, write_small_set
from synth_tools import write

import lmkindex.adapt
import lmkindex.build.index_settings
import lmkindex.build.pipeline
import lmkindex.build.prepare
import lmkindex.encoder.folder
import lmkindex.generate
import lmkindex.search.searcher
from lmkindex.adapt import compare_encoders
from lmkindex.config import EncodeOptions
from lmkindex.encoder import FakeEncoder
from lmkindex.encoder.cache import VectorCache
from lmkindex.generate import FakeGenerator, Generation, OnText, Prompt
from lmkindex_cli import settings
from lmkindex_cli.json_fields import OBJECTS
from lmkindex_cli.main import main, make_command

Run = Callable[..., list[Any]]
NOTHING: tuple[Any, ...] = (None, [], {})


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Each leaf field, as `a.b[].c`, with its value."""
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            yield from leaves(inner, f"{path}.{name}".removeprefix("."))
    elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
        for item in value:
            yield from leaves(item, f"{path}[]")
    else:
        yield path, value


def pattern_of(name: str) -> re.Pattern[str]:
    """A documented name as a pattern: capitals stand for any key, `.*` for an object with any fields."""
    if name.endswith(".*"):
        return re.compile(re.escape(name.removesuffix(".*")) + r"(\..*)?")
    return re.compile(r"\.".join("[^.]+" if word.isupper() else re.escape(word) for word in name.split(".")))


def check(printed: Sequence[Any], *kinds: str) -> None:
    """Compare everything a command printed, over several runs, with what is documented for these kinds of objects."""
    patterns = {name: pattern_of(name) for kind in kinds for name in OBJECTS[kind].names}
    found = [leaf for value in printed for leaf in leaves(value)]
    undocumented = {
        path
        for path, value in found
        if not any(pattern.fullmatch(path) for pattern in patterns.values())
        and not (value in NOTHING and any(name.startswith((f"{path}.", f"{path}[]")) for name in patterns))
    }
    assert not undocumented
    assert not {name for name, pattern in patterns.items() if not any(pattern.fullmatch(path) for path, _ in found)}  # never printed


@pytest.fixture(autouse=True)
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeEncoder:
    """An empty working directory, no settings from the environment, and a fake encoder instead of every real one."""
    encoder = FakeEncoder()
    for module in (lmkindex.build.pipeline, lmkindex.build.index_settings, lmkindex.search.searcher, lmkindex.encoder):
        monkeypatch.setattr(module, "load_encoder", lambda folder, options: encoder, raising=False)
        monkeypatch.setattr(module, "find_encoder", lambda name: encoder.folder, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    monkeypatch.setenv("LMKINDEX_CACHE", str(tmp_path / "cache"))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return encoder


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """What a command prints, object by object, whatever its exit code."""

    def run_here(*words: str) -> list[Any]:
        capsys.readouterr()
        main(words)
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    return run_here


@pytest.fixture
def corpus(run: Run) -> Path:
    """Documents, one of them empty and one with a broken byte, a file that cannot be read and a link that leads out,
    indexed in `.lmkindex`."""
    Path("corpus").mkdir()
    Path("corpus/lamp.txt").write_text("Amdahl keeps the light. The lamp burns oil.")
    Path("corpus/empty.txt").write_text("")
    Path("corpus/broken.txt").write_bytes("Café à la carte, thé glacé. ".encode() + b"\xff.")
    Path("corpus/bad.pdf").write_bytes(b"no pdf")
    Path("outside.txt").write_text("Outside.")
    Path("corpus/link.txt").symlink_to(Path("outside.txt").resolve())
    run("build", "corpus", "--json")
    return Path("corpus")


class HalfBroken(FakeGenerator):
    """Answers, but fails on the last question of each batch."""

    def generate(
        self, prompts: Sequence[Prompt], *, max_tokens: int, temperature: float, on_text: OnText | None = None
    ) -> list[Generation]:
        written = super().generate(prompts, max_tokens=max_tokens, temperature=temperature, on_text=on_text)
        return [*written[:-1], Generation(text="", finish_reason="error", error="too slow")] if len(prompts) > 1 else written


@pytest.fixture
def fake_llm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lmkindex.generate, "open_generator", lambda *_, **__: HalfBroken(lambda prompt: "Amdahl keeps the light [1]."))


BATCH = '{"id": 7, "question": "Who keeps the light?"}\nnope\n{"question": "What burns?"}\n'


def test_build(run: Run, corpus: Path, fake: FakeEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("no room")

    fake.folder = replace(fake.folder, languages=("fr",))
    Path("corpus/new.txt").write_bytes("Der neue Wärter zählt die Möwen. ".encode() + b"\xff")
    printed = run("build", "--dry-run", "--json")
    for number in range(9):
        Path(f"corpus/{number}.txt").write_text(f"Number {number}. " * 8)
    monkeypatch.setattr(lmkindex.build.prepare, "SLAB_ROWS", 4)  # so that the build can stop between two documents
    printed += run("build", "--time-budget", "0.000001", "--json")
    monkeypatch.setattr(lmkindex.build.pipeline, "maintain_index", fail)
    printed += run("build", "--json")
    check(printed, "build")


def test_search(run: Run, corpus: Path) -> None:
    printed = [*run("search", "Who keeps the light?", "--json"), *run("search", "What burns?", "--explain", "--json")]
    check(printed, "search")
    assert not any(set(span) - {name.removeprefix("spans[].") for name in OBJECTS["ask"].names} for span in printed[0]["spans"])


def test_ask(run: Run, corpus: Path, fake_llm: None) -> None:
    Path("q.jsonl").write_text(BATCH)
    printed = [*run("ask", "Who keeps the light?", "--json"), *run("ask", "light", "--path", "none/", "--json")]
    *_, failed = run("ask", "--batch", "q.jsonl")
    check([*printed, failed], "ask")


def test_batch(run: Run, corpus: Path) -> None:
    Path("q.jsonl").write_text(BATCH)
    lines = run("search", "--batch", "q.jsonl", "--explain")
    assert [set(line) for line in lines] == [{"id", "question", "spans"}, {"error", "line"}, {"question", "spans"}]
    check(lines, "search", "--batch")


def test_read(run: Run, corpus: Path) -> None:
    check([*run("read", "lamp.txt:0-6", "--json"), *run("read", "lamp.txt:7-9", "--context", "3", "--json")], "read")


def test_status(run: Run, corpus: Path) -> None:
    check([*run("status", "--json"), *run("status", "--check", "--json")], "status")


def test_config(run: Run, corpus: Path) -> None:
    check([*run("config", "--json"), *run("config", "--index", "nowhere", "--json")], "config")


def test_encoders(run: Run, corpus: Path, bert_folder: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lmkindex.encoder, "find_encoder", lmkindex.encoder.folder.find_encoder)
    monkeypatch.setattr(lmkindex.encoder.folder, "DEFAULT_PATH", bert_folder("lmk"))
    check(run("encoders", "list", "--json"), "encoders list")
    check(run("encoders", "inspect", str(bert_folder("sentence_mean")), "--json"), "encoders inspect")


def test_evaluate_and_plot(run: Run, fake_llm: None) -> None:
    for one in (make_small_set("one", 2, num_sentences=30), make_small_set("two", 2, seed=50, num_sentences=30)):
        write_small_set(Path("data"), one)
    words = ("evaluate", "data", "--systems", "landmark-auto", "--systems", "chunk-64", "--json", "-q")
    check([*run(*words), *run(*words, "--reader", "2")], "evaluate")
    check(run("evaluate", "data", "--experiment", "budget", "--json", "-q"), "evaluate --experiment")
    check(run("plot", "--json"), "plot")


def test_synth(run: Run, corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lmkindex.generate, "open_generator", lambda *_, **__: FakeGenerator(write))
    for seed in (1, 2):
        (corpus / f"{seed}.txt").write_text(tiny.prose(seed, 60))
    check(run("synth", "corpus", "--questions", "500", "--tries", "20", "--json"), "synth")


def test_adapt(fake: FakeEncoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lmkindex.adapt, "load_encoder", lambda folder, options: fake)
    figures = compare_encoders(make_small_set("one"), [fake.folder] * 2, EncodeOptions(), VectorCache(tmp_path / "cache"), 0)
    check([figures | {"encoder": "adapted/run/encoder", "questions": 40, "held_out": 10}], "train --adapt")  # as `adapt_encoder` adds them


def test_every_command_has_its_fields() -> None:
    assert {name for name, _ in settings.leaf_commands(make_command())} <= set(OBJECTS)
