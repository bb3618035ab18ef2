"""`import lmkindex`: what it exports is what is documented, it loads nothing heavy, and a user's `mypy --strict`
understands it."""

from __future__ import annotations

import ast
import inspect
import os
import re
import subprocess
import sys
import venv
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny

import lmkindex
import lmkindex.build
from lmkindex_cli.api_reference import api_reference

PACKAGE_PATH = tiny.ROOT_PATH / "lmkindex"
PAGE_PATH = tiny.ROOT_PATH / "docs" / "reference" / "api.md"
HEAVY = ("numpy", "torch", "transformers", "lancedb", "pyarrow", "vllm", "typer", "rich", "pathspec", "platformdirs", "lmkindex_cli")
EXPORTED = [name for name in lmkindex.__all__ if name != "__version__"]
# Capitalized words in annotations that are no record of ours.
KNOWN_TYPES = {"Any", "Callable", "Front", "Iterable", "Mapping", "None", "PathLike", "Questions", "StrPath"}


def run_python(code: str) -> str:
    environment = os.environ | {"PYTHONPATH": tiny.PYTHONPATH}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


def methods_of(one: type) -> dict[str, Any]:
    return {name: value for name, value in vars(one).items() if inspect.isfunction(value) and not name.startswith("_")}


def test_importing_loads_nothing_heavy() -> None:
    code = f"""
import sys, lmkindex
print(*(name for name in sys.modules if name.startswith("lmkindex")))
lmkindex.build_index, lmkindex.open_index, lmkindex.Index, lmkindex.UsageError, dir(lmkindex)
print(*({set(HEAVY)!r} & sys.modules.keys()), "end")
"""
    assert run_python(code).splitlines() == ["lmkindex", "end"]


def test_a_name_is_loaded_when_it_is_used_and_a_wrong_one_is_an_error() -> None:
    assert set(EXPORTED) == set(lmkindex.HOMES)
    assert list(lmkindex.__all__) == sorted(lmkindex.__all__)
    for name in lmkindex.__all__:
        assert getattr(lmkindex, name) is getattr(lmkindex, name)
    assert set(lmkindex.__all__) <= set(dir(lmkindex))
    with pytest.raises(AttributeError, match="module 'lmkindex' has no attribute 'serach'"):
        lmkindex.serach  # type: ignore[attr-defined]  # noqa: B018
    assert run_python("from lmkindex import *; print(open_index.__module__, Span.__module__)").split() == [
        "lmkindex.api", "lmkindex.search.records",
    ]  # fmt: skip


def test_a_type_checker_sees_the_names_where_they_are_loaded_from() -> None:
    tree = ast.parse((PACKAGE_PATH / "__init__.py").read_text("utf-8"))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.level]
    assert {alias.name: node.module for node in imports for alias in node.names} == lmkindex.HOMES


def test_no_name_is_that_of_a_package_or_module() -> None:
    """A package becomes an attribute when it is imported, and would take the place of the function."""
    modules = {path.stem for path in PACKAGE_PATH.glob("*.py")} | {path.parent.name for path in PACKAGE_PATH.glob("*/__init__.py")}
    assert {"search", "read", "build", "answer", "index", "api"} <= modules
    assert not modules & set(lmkindex.__all__)


def test_what_records_and_functions_hold_is_exported_too() -> None:
    annotations: list[str] = []
    for name in EXPORTED:
        one = getattr(lmkindex, name)
        functions = (
            [one] if inspect.isfunction(one) else [] if issubclass(one, Exception) or is_dataclass(one) else methods_of(one).values()
        )
        for function in functions:
            annotations += [str(value) for value in function.__annotations__.values()]
        if is_dataclass(one):
            annotations += [str(field.type) for field in fields(one)]
    words = set(re.findall(r"\b[A-Z]\w+", " ".join(annotations)))
    assert {"Span", "Answer", "FileFailure", "Passage"} <= words
    assert words - KNOWN_TYPES <= set(EXPORTED)


def test_every_name_has_a_docstring_of_its_own() -> None:
    for name in EXPORTED:
        one = getattr(lmkindex, name)
        assert one.__doc__ and not one.__doc__.startswith(f"{name}("), name  # a dataclass without one gets its signature
        for method_name, method in methods_of(one).items() if inspect.isclass(one) and not is_dataclass(one) else ():
            assert method.__doc__, method_name


def test_the_page_lists_what_is_exported_and_is_fresh() -> None:
    page = PAGE_PATH.read_text("utf-8")
    assert page == api_reference(), "run `python -m lmkindex_cli.api_reference > docs/reference/api.md`"
    headings = re.findall(r"^### lmkindex\.(\w+)$|^- `lmkindex\.(\w+)`|^`lmkindex\.(\w+)`", page, re.MULTILINE)
    assert sorted(name for names in headings for name in names if name) == sorted(lmkindex.__all__)
    methods = re.findall(r"^### Index\.(\w+)$", page, re.MULTILINE)
    assert methods == list(methods_of(lmkindex.Index)) == ["search", "ask", "read", "status", "refresh", "close"]


def test_the_function_with_records_is_where_it_was() -> None:
    assert lmkindex.build.build_index is lmkindex.build.run_build
    assert list(inspect.signature(lmkindex.build.build_index).parameters)[:3] == ["index", "roots", "options"]


SCRIPT = """
from pathlib import Path

import lmkindex
from lmkindex import Answer, BuildReport, Index, LmkindexError, SearchResult, Span, Status


def show(path: str, done: int, total: int) -> None:
    print(path, done, total)


report: BuildReport = lmkindex.build_index("corpus", index=Path("my-index"), exclude="*.log", max_delete=1.0, on_progress=show)
lmkindex.build_index(["corpus", Path("notes")], include=["*.md"], time_budget_s=60)
names: list[str] = [failure.path for failure in report.failed]
seconds: float | None = None if report.forecast is None else report.forecast.seconds
with lmkindex.open_index("my-index", threads=2) as index:
    reveal_type(index)
    reveal_type(index.search("Who keeps the light?", budget_tokens=256))
    reveal_type(index.search(["Who?", "What?"], front=3, hybrid=False))
    reveal_type(index.ask("Who keeps the light?", llm="http://localhost:8000/v1"))
    reveal_type(index.ask(("Who?", "What?"), min_similarity=0.3))
    result: SearchResult = index.search("Who?", front="auto")
    spans: tuple[Span, ...] = result.spans
    answers: list[Answer] = index.ask(["Who?"], path="*.md")
    verified: bool = all(citation.verified for answer in answers for citation in answer.citations)
    text: str = index.read(spans[0].place, context_chars=80).text
    status: Status = index.status()
index.refresh()
index.close()


def count(opened: Index) -> int:
    try:
        return opened.status().documents
    except LmkindexError as error:
        return error.exit_code
"""
WRONG = """
import lmkindex

index = lmkindex.open_index("my-index")
index.search("Who?", budget=256)
index.search(3)
index.search("Who?").text
lmkindex.serach
lmkindex.build_index("corpus", index="my-index", exclude=3)
"""
REVEALED = ["Index", "SearchResult", "list[SearchResult]", "Answer", "list[Answer]"]


@pytest.fixture(scope="module")
def users_python(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The Python of an environment in which lmkindex is installed as a wheel would be, beside numpy: mypy asks it where
    packages are."""
    folder = tmp_path_factory.mktemp("user") / "venv"
    venv.create(folder, with_pip=False, symlinks=True)
    (site_packages,) = folder.glob("lib/python*/site-packages")
    (site_packages / "lmkindex").symlink_to(PACKAGE_PATH)
    (site_packages / "numpy").symlink_to(Path(np.__file__).parent)
    return str(folder / "bin" / "python")


def mypy(python: str, folder: Path, script: str) -> tuple[int, list[str]]:
    (folder / "script.py").write_text(script.lstrip("\n"))
    words = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "--python-executable", python, "script.py"]
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "MYPYPATH")}
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=600, check=False, env=environment)
    assert not done.stderr, done.stderr
    return done.returncode, done.stdout.splitlines()


@pytest.mark.slow
def test_mypy_strict_accepts_a_users_script(users_python: str, tmp_path: Path) -> None:
    code, lines = mypy(users_python, tmp_path, SCRIPT)
    assert code == 0, "\n".join(lines)
    types = [re.sub(r"\blmkindex\.[\w.]+\.|builtins\.", "", line.split('"')[1]) for line in lines if "Revealed type" in line]
    assert types == REVEALED
    code, lines = mypy(users_python, tmp_path, WRONG)
    errors = {int(line.split(":")[1]) for line in lines if ": error:" in line}
    assert (code, errors) == (1, {4, 5, 6, 7, 8}), "\n".join(lines)
