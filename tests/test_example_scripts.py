"""The scripts and the notebook of `examples/` do what they say, on the sample corpus, as a user runs them."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
import tiny

EXAMPLES_PATH = tiny.ROOT_PATH / "examples"
NOTEBOOK_PATH = EXAMPLES_PATH / "notebooks" / "first_steps.ipynb"
INDEX_NAME = "lmkindex-first-steps"  # the notebook's, in the folder for temporary files
SERVER_PATH = tiny.TESTS_PATH / "recorded"


def run(words: Sequence[str], folder: Path, temporary: Path, given: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run Python as a user would, in `folder`, with temporary files in `temporary`."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LMKINDEX")}
    environment |= {"PYTHONPATH": tiny.PYTHONPATH, "TMPDIR": str(temporary), "PYTHONWARNINGS": "error::DeprecationWarning:__main__"}
    return subprocess.run(
        [sys.executable, *words], cwd=folder, env=environment, input=given, capture_output=True, text=True, timeout=600, check=False
    )


def script(name: str, *words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return run([str(EXAMPLES_PATH / "scripts" / name), *words], folder, folder)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an index of the sample corpus, which `search_folder.py` has made; the others find nothing to
    build."""
    folder = tmp_path_factory.mktemp("examples")
    words = (str(tiny.CORPUS_PATH), "When was the Inner Basin last dredged?", "--index", INDEX_NAME, "--budget", "96")
    done = script("search_folder.py", *words, folder=folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("11 documents, ")
    assert re.search(r"^saltmere/\S+:\d+-\d+\n.*dredged", done.stdout, re.MULTILINE), done.stdout
    return folder


@pytest.mark.slow
@pytest.mark.real
def test_only_verified_citations_are_printed(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(SERVER_PATH))
    from llm_server import MODEL, LlmServer

    with LlmServer() as server:
        words = ("--index", INDEX_NAME, "--llm", server.url, "--model", MODEL)
        said = script("ask_with_citations.py", str(tiny.CORPUS_PATH), "When was the Inner Basin dredged? {invent}", *words, folder=place)
        assert said.returncode == 0, said.stderr
        assert re.search(r"^\S+:\d+-\d+\n  \S.*$", said.stdout, re.MULTILINE), said.stdout
        assert "Atlantis" not in said.stdout  # made up by the server
        assert re.search(rf"^[1-9]\d* verified, [1-9]\d* left out\. Asked: {MODEL}\.$", said.stdout, re.MULTILINE), said.stdout


@pytest.mark.slow
@pytest.mark.real
def test_a_change_is_told_once(tmp_path: Path) -> None:
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "pump.txt").write_text("The pump stops at high tide.\n", encoding="utf-8")
    done = script("watch_for_changes.py", "corpus", "--times", "2", "--every", "0", folder=tmp_path)
    assert (done.returncode, done.stdout) == (0, "+1 ~0 -0, documents: 1\n"), done.stderr


@pytest.mark.slow
@pytest.mark.real
def test_the_cells_of_the_notebook_print_what_it_shows(place: Path, tmp_path: Path) -> None:
    shutil.copytree(place / INDEX_NAME, tmp_path / INDEX_NAME)
    done = run([str(tiny.ROOT_PATH / "tools" / "run_notebook.py"), str(NOTEBOOK_PATH)], tmp_path, tmp_path)
    assert done.returncode == 0, done.stderr
    printed = json.loads(done.stdout)
    cells = [cell for cell in json.loads(NOTEBOOK_PATH.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == "code"]
    shown = ["".join(line for output in cell["outputs"] for line in output["text"]) for cell in cells]
    assert [bool(text) for text in printed] == [bool(text) for text in shown], "run `python tools/run_notebook.py --write`"
    assert printed[1] == shown[1]  # counts; a ranking may differ a little on another processor
    for said in ("dredged", "Which pump stops at high tide? -> saltmere/waterworks-manual.md"):
        assert said in "".join(printed) and said in "".join(shown)


def test_the_notebook_is_well_formed() -> None:
    notebook = json.loads(NOTEBOOK_PATH.read_text(encoding="utf-8"))
    assert (notebook["nbformat"], notebook["metadata"]["kernelspec"]["language"]) == (4, "python")
    ids = [cell["id"] for cell in notebook["cells"]]
    assert len(set(ids)) == len(ids)
