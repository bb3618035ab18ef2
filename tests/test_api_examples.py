"""The examples in the docstrings of the public API, exactly as written: the real encoder over `examples/corpus`, in an
empty directory."""

from __future__ import annotations

import doctest
import importlib.util
import inspect
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import tiny

import lmkindex
import lmkindex.generate

sys.path.insert(0, str(tiny.TESTS_PATH / "recorded"))
from llm_server import LlmServer

HAS_VLLM = importlib.util.find_spec("vllm") is not None
METHODS = ["search", "ask", "read", "status"]
# Asks as the docstring of `ask` does, in a process of its own: vLLM changes the one that it runs in.
ASK = """
import doctest, sys, lmkindex
index = lmkindex.open_index("my-index", threads=1)
(example,) = (test for test in doctest.DocTestFinder().find(lmkindex.Index.ask, "ask", globs={"index": index}) if test.examples)
print(doctest.DocTestRunner().run(example))
print(len(index.ask(["Who keeps the light?", "When was the Inner Basin last dredged?"])), lmkindex.Index.ask.__name__)
index.close()
"""


def run_examples(one: Any, name: str, **names: Any) -> int:
    """Run the examples of one docstring with these names; the number of lines that ran."""
    found = doctest.DocTestFinder(recurse=False).find(one, name, globs={"lmkindex": lmkindex, **names})
    report: list[str] = []
    results = [doctest.DocTestRunner(verbose=False).run(test, out=report.append) for test in found]
    assert not any(result.failed for result in results), "".join(report)
    return sum(result.attempted for result in results)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A directory with `corpus`, in which the example of `build_index` has run."""
    folder = tmp_path_factory.mktemp("examples")
    shutil.copytree(tiny.CORPUS_PATH, folder / "corpus")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert run_examples(lmkindex.build_index, "build_index")
        yield folder


@pytest.mark.slow
@pytest.mark.real
def test_the_example_of_opening_an_index(place: Path) -> None:
    assert run_examples(lmkindex.open_index, "open_index")


@pytest.mark.slow
@pytest.mark.real
@pytest.mark.parametrize("name", METHODS)
def test_the_example_of_a_method(place: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    open_generator = lmkindex.generate.open_generator
    with LlmServer() as server, lmkindex.open_index("my-index") as index:
        monkeypatch.setattr(
            lmkindex.generate, "open_generator", lambda options, **named: open_generator(replace(options, llm=server.url), **named)
        )
        assert run_examples(getattr(lmkindex.Index, name), name, index=index)


def test_every_function_and_method_that_gives_something_has_an_example() -> None:
    functions = {name: value for name, value in vars(lmkindex.Index).items() if inspect.isfunction(value) and not name.startswith("_")}
    assert [name for name, value in functions.items() if ">>>" in (value.__doc__ or "")] == METHODS
    assert set(functions) - set(METHODS) == {"refresh", "close"}


@pytest.mark.slow
@pytest.mark.real
@pytest.mark.skipif(not HAS_VLLM, reason="vLLM is not installed")
def test_the_example_of_ask_with_the_default_model(place: Path) -> None:
    environment = os.environ | {"PYTHONPATH": tiny.PYTHONPATH, "OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-c", ASK], cwd=place, capture_output=True, text=True, timeout=600, check=False, env=environment)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    assert done.stdout.splitlines() == ["TestResults(failed=0, attempted=2)", "2 ask"], done.stdout
