from __future__ import annotations

import gzip
import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import tiny
from synth_tools import write

import lmkindex.encoder
import lmkindex.generate
from lmkindex.encoder import FakeEncoder
from lmkindex.generate import FakeGenerator, Generation, OnText, Prompt
from lmkindex.synth import read_source_documents
from lmkindex_cli.main import main

HAS_VLLM = importlib.util.find_spec("vllm") is not None
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    folder = tmp_path / "corpus"
    (folder / "notes").mkdir(parents=True)
    (folder / "harbour.txt").write_text(tiny.prose(1, 60), "utf-8")
    (folder / "notes" / "mill.md").write_text(tiny.prose(2, 40), "utf-8")
    return folder


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """A command line in this process, with the fake encoder and a fake generator."""
    monkeypatch.setattr(lmkindex.encoder, "load_encoder", lambda folder, options: FakeEncoder())
    monkeypatch.setattr(lmkindex.generate, "open_generator", lambda *_, **__: FakeGenerator(write))
    monkeypatch.setenv("LMKINDEX_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    monkeypatch.chdir(tmp_path)

    def call(*words: str | Path) -> tuple[int, str, str]:
        code = main(["synth", *map(str, words)])
        return code, *capsys.readouterr()

    return call


def questions_in(folder: Path, name: str = "synth") -> list[dict[str, object]]:
    with gzip.open(folder / f"{name}.qa.jsonl.gz", "rt") as file:
        return [json.loads(line) for line in file]


def test_a_corpus_becomes_a_set_with_a_report(corpus: Path, run: Run, tmp_path: Path) -> None:
    code, out, err = run(corpus, "--questions", "4", "--json", "--name", "harbour")
    assert (code, err) == (0, "")
    summary = json.loads(out)
    assert list(summary) == ["name", "model", "documents", "attempts", "questions", "rejected", "complete", "failed"]
    assert (summary["name"], summary["documents"], summary["questions"], summary["complete"]) == ("harbour", 2, 4, True)
    questions = questions_in(tmp_path / "synth", "harbour")
    assert len(questions) == 4
    assert {question["doc"] for question in questions} <= {"harbour.txt", "notes/mill.md"}
    assert (tmp_path / "synth" / "quality.md").read_text().startswith("# Questions of harbour")
    code, out, _ = run(corpus, "--questions", "4", "--name", "harbour")
    assert code == 0
    assert out.startswith("4 questions about 2 documents from ")


def test_the_set_can_be_asked_about_and_compared_with(corpus: Path, run: Run, tmp_path: Path) -> None:
    run(corpus, "--questions", "4", "--name", "first")
    code, _, err = run("synth", "--set", "first", "--questions", "2", "--output", "second", "--compare", "synth", "--compare-set", "first")
    assert code == 0, err
    quality = json.loads((tmp_path / "second" / "quality.json").read_text())
    assert [(one["name"], one["questions"]) for one in quality["sets"]] == [("synth", 2), ("first", 4)]


def test_a_file_that_cannot_be_read_is_named_and_the_others_are_used(corpus: Path, run: Run) -> None:
    (corpus / "broken.pdf").write_bytes(b"no PDF")
    code, out, err = run(corpus, "--questions", "2", "--json")
    assert code == 3
    assert "failed: broken.pdf: " in err
    (failed,) = json.loads(out)["failed"]
    assert failed["path"] == "broken.pdf"


def test_too_few_questions_are_said_to_be_too_few(corpus: Path, run: Run) -> None:
    code, _, err = run(corpus, "--questions", "500", "--tries", "10")
    assert code == 0
    assert "Fewer than --questions" in err


def test_no_question_at_all_is_nothing_found(corpus: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lmkindex.generate, "open_generator", lambda *_, **__: FakeGenerator(lambda prompt: "?"))
    code, out, _ = run(corpus, "--questions", "5", "--tries", "6")
    assert code == 4
    assert "malformed 6" in out


def test_who_presses_control_c_is_told_what_is_kept(corpus: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    class Stopped(FakeGenerator):
        def generate(
            self, prompts: Sequence[Prompt], *, max_tokens: int, temperature: float, on_text: OnText | None = None
        ) -> list[Generation]:
            raise KeyboardInterrupt

    monkeypatch.setattr(lmkindex.generate, "open_generator", lambda *_, **__: Stopped(write))
    code, _, err = run(corpus)
    assert code == 130
    assert "run the same command to continue" in err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["missing"], "missing"),
        (["corpus", "--set", "squad"], "There is no squad.docs.jsonl.gz"),
        (["corpus", "corpus/notes", "--set", "squad"], "one folder"),
        (["corpus", "--compare-set", "x"], "--compare"),
        (["corpus", "--name", "a/b"], "--name"),
        (["corpus", "--time-budget", "soon"], "--time-budget"),
        (["empty"], "no document"),
    ],
)
def test_wrong_usage_is_explained(corpus: Path, run: Run, tmp_path: Path, words: list[str], message: str) -> None:
    (tmp_path / "empty").mkdir()
    code, out, err = run(*words)
    assert (code, out) == (2, "")
    assert message in err


def test_equal_paths_below_two_roots_get_the_roots_names(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x.txt").write_text(f"The text of {name}.")
    (tmp_path / "a" / "y.txt").write_text("Another text.")
    documents, failures = read_source_documents([tmp_path / "a", tmp_path / "b"], [])
    assert [document.doc_id for document in documents] == ["a/x.txt", "y.txt", "b/x.txt"]
    assert failures == []
    (tmp_path / "c" / "a").mkdir(parents=True)
    (tmp_path / "c" / "a" / "x.txt").write_text("The third text.")
    documents, _ = read_source_documents([tmp_path / "a", tmp_path / "c", tmp_path / "b"], [])
    assert [document.doc_id for document in documents] == [f"{tmp_path.name}/a/x.txt", "y.txt", "b/x.txt", "a/x.txt"]


def test_documents_of_several_sets_keep_apart(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.docs.jsonl").write_text(json.dumps({"id": "1", "text": f"Text of {name}."}) + "\n")
    documents, _ = read_source_documents([tmp_path], ["b", "a"])
    assert [(document.doc_id, document.text) for document in documents] == [("b/1", "Text of b."), ("a/1", "Text of a.")]
    (alone,), _ = read_source_documents([tmp_path], ["a"])
    assert alone.doc_id == "1"


@pytest.mark.slow
@pytest.mark.real
@pytest.mark.skipif(not HAS_VLLM, reason="vLLM is not installed")
def test_the_real_engine_writes_questions_that_fit_the_schema(tmp_path: Path) -> None:
    file = tiny.CORPUS_PATH / "saltmere" / "waterworks-manual.md"
    command = [
        sys.executable,
        "-m",
        "lmkindex_cli",
        "synth",
        str(file),
        "--questions",
        "3",
        "--tries",
        "24",
        "--background",
        "60",
        "--json",
    ]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False, env=environment, cwd=tmp_path)
    assert done.returncode in (0, 4), done.stderr
    assert done.stderr.strip() in (
        "",
        "Fewer than --questions. Allow more time or --tries, add text, or use a better --llm; the same command continues.",
    )
    summary = json.loads(done.stdout)
    assert summary["model"] == "SmolLM2-135M-Instruct"
    attempts = [json.loads(line) for line in (tmp_path / "synth" / "attempts.jsonl").read_text().splitlines()]
    assert len(attempts) == summary["attempts"] <= 24
    # Structured output: replies that are not cut off are the requested JSON, and most are questions.
    assert sum(attempt["verdict"] == "malformed" for attempt in attempts) <= 4
    assert sum(attempt["question"].endswith("?") for attempt in attempts) >= len(attempts) // 2
    assert all(attempt["rank"] >= 1 for attempt in attempts if attempt["verdict"] == "accepted")
