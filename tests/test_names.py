"""One name for one thing, one page for a module: no name stands for two things, and nothing is longer than the house
style allows."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest
import tiny

ROOT_PATH = tiny.ROOT_PATH
MAX_MODULE_LINES, MAX_FUNCTION_LINES = 250, 40
FIRST_LINES = 30  # of a module: where the reason for its length is given
EXPERIMENTS = "lmkindex/evaluate/experiments"
# The two seams are made of the same parts.
PARTS_OF_SEAMS = {"fake", "protocol"}
# Each experiment's folder has these parts; every package with records of its own has `records`.
PARTS_OF_EXPERIMENTS = {"design", "experiment", "figures", "report", "verdict"}
REPEATED_NAMES = {"register"}  # each command's module has one

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def find_files(root: Path) -> dict[str, str]:
    """Path below `root` -> text of every module of the library and the command line."""
    paths = [path for folder in ("lmkindex", "cli") for path in sorted((root / folder).rglob("*.py"))]
    return {path.relative_to(root).as_posix(): path.read_text(encoding="utf-8") for path in paths}


def repeated_modules(files: Mapping[str, str]) -> list[str]:
    """Names that more than one module or package has, with their files."""
    found: dict[str, list[str]] = defaultdict(list)
    for file in files:
        path = Path(file)
        if path.name == "__init__.py":
            found[path.parent.name].append(file)
        elif path.stem not in {"records", "__main__", *PARTS_OF_SEAMS} and not is_part_of_experiment(path):
            found[path.stem].append(file)
    return [f"{name}: {', '.join(paths)}" for name, paths in sorted(found.items()) if len(without_namesakes(name, paths)) > 1]


def is_part_of_experiment(path: Path) -> bool:
    return path.parent.parent.as_posix() == EXPERIMENTS and path.stem in PARTS_OF_EXPERIMENTS


def without_namesakes(name: str, paths: Sequence[str]) -> list[str]:
    """The files without those that have their name from a package `name`: its command, and the module in it that is its
    main one."""
    package = f"lmkindex/{name}/__init__.py"
    namesakes = {f"cli/{name}.py", f"lmkindex/{name}/{name}.py"} if package in paths else set()
    return [path for path in paths if path not in namesakes]


def repeated_definitions(files: Mapping[str, str]) -> list[str]:
    """Classes, functions and aliases of types at the top of a module whose names another module uses too, with their
    files."""
    found: dict[str, set[str]] = defaultdict(set)
    for file, text in files.items():
        for node in ast.parse(text).body:
            name = node.name if isinstance(node, Definition) else alias_of(node)
            if name and not name.startswith("_"):
                found[name].add(f"{file}:{node.lineno}")
    places = {name: sorted(where) for name, where in found.items() if name not in REPEATED_NAMES}
    return [f"{name}: {', '.join(where)}" for name, where in sorted(places.items()) if len({one.split(":")[0] for one in where}) > 1]


def alias_of(node: ast.stmt) -> str:
    """The name of an assigned type, which is written like a class's; "" for all else. Types of Typer's options are the
    command's own."""
    if not isinstance(node, ast.Assign) or not isinstance(node.targets[0], ast.Name) or "Annotated" in ast.unparse(node.value):
        return ""
    name = node.targets[0].id
    return name if re.fullmatch(r"[A-Z]\w*[a-z]\w*", name) else ""


def long_modules(files: Mapping[str, str]) -> list[str]:
    """Modules over the limit without a stated reason."""
    return [
        f"{file}: {len(lines)} lines"
        for file, lines in ((file, text.splitlines()) for file, text in files.items())
        if len(lines) > MAX_MODULE_LINES and not has_reason(lines[:FIRST_LINES], MAX_MODULE_LINES)
    ]


def long_functions(files: Mapping[str, str]) -> list[str]:
    """Functions over the limit, methods and inner ones too, that do not say why on the line of `def` or right above
    it."""
    found = []
    for file, text in files.items():
        lines = text.splitlines()
        for node in functions_of(text):
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            num_lines = (node.end_lineno or node.lineno) - node.lineno + 1
            above = comment_above(lines, first)
            head = lines[node.lineno - 1 : node.body[0].lineno - 1] or [lines[node.lineno - 1]]
            if num_lines > MAX_FUNCTION_LINES and not has_reason([*above, *head], MAX_FUNCTION_LINES):
                found.append(f"{file}:{node.lineno}: {node.name}, {num_lines} lines")
    return found


def functions_of(text: str) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def comment_above(lines: Sequence[str], line: int) -> list[str]:
    """The block of comments that ends right above a line, which counts from 1."""
    first = line - 1
    while first and lines[first - 1].lstrip().startswith("#"):
        first -= 1
    return list(lines[first : line - 1])


def has_reason(lines: Sequence[str], limit: int) -> bool:
    """Whether a comment says "over LIMIT lines:" and something after it."""
    marker = f"over {limit} lines:"
    return any(line.partition("#")[2].partition(marker)[2].strip() for line in lines)


def test_no_two_modules_have_one_name() -> None:
    found = repeated_modules(find_files(ROOT_PATH))
    assert not found, "\n" + "\n".join(found)


def test_no_two_definitions_have_one_name() -> None:
    found = repeated_definitions(find_files(ROOT_PATH))
    assert not found, "\n" + "\n".join(found)


def test_modules_fit_on_a_page() -> None:
    found = long_modules(find_files(ROOT_PATH))
    assert not found, "\n" + "\n".join(found)


def test_functions_fit_on_a_screen() -> None:
    found = long_functions(find_files(ROOT_PATH))
    assert not found, "\n" + "\n".join(found)


@pytest.mark.parametrize(
    ("files", "name"),
    [
        (["lmkindex/train/batch.py", "cli/batch.py"], "batch"),
        (["lmkindex/config.py", "cli/config.py"], "config"),
        (["lmkindex/read/read.py", "lmkindex/read/__init__.py", "cli/read.py"], None),
        (["lmkindex/read/read.py", "lmkindex/read/__init__.py", "lmkindex/synth/read.py"], "read"),
        (["lmkindex/records.py", "lmkindex/synth/records.py"], None),
        ([f"{EXPERIMENTS}/length/report.py", f"{EXPERIMENTS}/seams/report.py", "lmkindex/build/report.py"], None),
        ([f"{EXPERIMENTS}/length/rules.py", f"{EXPERIMENTS}/seams/rules.py"], "rules"),
        (["lmkindex/synth/report.py", "lmkindex/build/report.py"], "report"),
    ],
)
def test_a_planted_module_is_found(files: list[str], name: str | None) -> None:
    assert [line.split(":")[0] for line in repeated_modules(dict.fromkeys(files, ""))] == ([] if name is None else [name])


def test_a_planted_definition_is_found() -> None:
    first = "class Line: ...\ndef register(): ...\ndef _own(): ...\nclass Page:\n    def read(self): ...\n"
    second = "def Line(): ...\ndef register(): ...\ndef _own(): ...\nasync def read(): ...\n"
    files = {"lmkindex/a.py": first, "cli/b.py": second}
    assert repeated_definitions(files) == ["Line: cli/b.py:1, lmkindex/a.py:1"]
    assert not repeated_definitions({"lmkindex/a.py": "def one(): ...\ndef one(): ...\n"})  # overloads


def test_a_planted_length_is_found() -> None:
    body = "    pass\n" * MAX_FUNCTION_LINES
    inner = "".join(f"    {line}\n" for line in f"def inner(self):\n{body}".splitlines())
    assert long_functions({"a.py": f"def long():\n{body}"}) == ["a.py:1: long, 41 lines"]
    assert long_functions({"a.py": f"class A:\n{inner}"}) == ["a.py:2: inner, 41 lines"]
    assert not long_functions({"a.py": f"def short():\n{body[9:]}"})
    for excuse in (
        f"# over 40 lines: one table\ndef long():\n{body}",
        f"def long():  # over 40 lines: one table\n{body}",
        f"# over 40 lines: one\n# table\n@cached\ndef long():\n{body}",
        f"def long(\n    a: int,\n) -> None:  # over 40 lines: one table\n{body}",
    ):
        assert not long_functions({"a.py": excuse})
    for no_excuse in (
        f"# over 40 lines:\ndef long():\n{body}",
        f"# over 40 lines: one table\n\ndef long():\n{body}",
        f'def long():\n    """over 40 lines: not a comment."""\n{body}',
        f"def long():\n    pass  # over 40 lines: too late\n{body}",
    ):
        assert long_functions({"a.py": no_excuse})
    page = "x = 1\n" * MAX_MODULE_LINES
    assert long_modules({"a.py": page + "x = 1\n"}) == ["a.py: 251 lines"]
    assert not long_modules({"a.py": page, "b.py": f"# over 250 lines: one table\n{page}"})
    assert long_modules({"a.py": f"{page}# over 250 lines: too late\n"})
