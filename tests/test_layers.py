"""What may import what: packages in one order, no cycle, nothing heavy, and the library does not know the command
line."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest
import tiny

ROOT_PATH = tiny.ROOT_PATH
# A package or module of lmkindex may import those before it in this list.
ORDER = (
    "errors", "records", "token_records", "user_text", "sections", "languages", "config", "question", "display", "storage", "runtime",
    "plots", "files", "read", "sentences", "windows", "encoder", "index", "build", "search", "generate", "answer", "datasets", "synth",
    "train", "evaluate", "adapt", "opened", "api",
)  # fmt: skip
HEAVY = {"torch", "transformers", "peft", "accelerate", "vllm", "lancedb", "pyarrow", "matplotlib", "bm25s"}
FOLDERS = {"lmkindex": "lmkindex", "cli": "lmkindex_cli"}  # a folder and the name that it is imported by


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """One imported name: where, as it is written, and the module that it is or comes from."""

    importer: str
    where: str  # FILE:LINE: the statement
    target: str
    is_at_import: bool  # runs when the importer is imported: not in a function and not for the type checker alone


def find_modules(root: Path) -> dict[str, Path]:
    """Dotted name -> file of every module in the two folders; a package is its `__init__`."""
    modules = {}
    for folder, package in FOLDERS.items():
        for path in sorted((root / folder).rglob("*.py")):
            parts = [package, *path.relative_to(root / folder).with_suffix("").parts]
            modules[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return modules


def find_imports(root: Path) -> list[Import]:
    """Every import of our own modules, anywhere in a module."""
    modules = find_modules(root)
    return [
        Import(importer=name, where=where, target=target, is_at_import=is_at_import)
        for name, path in modules.items()
        for node, is_at_import in walk_imports(ast.parse(path.read_text(encoding="utf-8")), is_at_import=True)
        for where in [f"{path.relative_to(root)}:{node.lineno}: {ast.unparse(node)}"]
        for target in targets_of(node, name, modules)
    ]


def walk_imports(node: ast.AST, *, is_at_import: bool) -> Iterator[tuple[ast.Import | ast.ImportFrom, bool]]:
    """The import statements below `node`, each with whether it runs when the module is imported."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import | ast.ImportFrom):
            yield child, is_at_import
        elif isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            for part, runs in ((child.body, False), (child.orelse, is_at_import)):
                yield from walk_imports(ast.Module(body=part, type_ignores=[]), is_at_import=runs)
        else:
            is_function = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            yield from walk_imports(child, is_at_import=is_at_import and not is_function)


def targets_of(node: ast.Import | ast.ImportFrom, importer: str, modules: dict[str, Path]) -> list[str]:
    """Our modules that a statement names: `from .a import b` is `a.b` if that is a module, else `a`."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names if alias.name in modules]
    source = node.module or ""
    if node.level:
        is_package = modules[importer].name == "__init__.py"
        parts = importer.split(".")
        base = parts[: len(parts) - node.level + is_package]
        source = ".".join([*base, *([node.module] if node.module else [])])
    found = [full if (full := f"{source}.{alias.name}") in modules else source for alias in node.names]
    return [target for target in dict.fromkeys(found) if target.split(".")[0] in FOLDERS.values()]


def layer_of(module: str) -> str:
    """The package or module right below lmkindex; "" for the front door itself."""
    return [*module.split("."), ""][1]


def wrong_ways(imports: Sequence[Import]) -> list[str]:
    """The imports that go up the order, or from the library to the command line."""
    wrong = []
    for one in imports:
        if one.importer.split(".")[0] != "lmkindex" or not (importer := layer_of(one.importer)):
            continue  # the command line and the public API are above everything
        if one.target.split(".")[0] == "lmkindex_cli":
            wrong.append(f"{one.where}: the library must not know the command line")
            continue
        imported = layer_of(one.target)
        if not imported and one.where.endswith("import __version__"):
            continue
        if imported not in ORDER or ORDER.index(imported) > ORDER.index(importer):
            wrong.append(f"{one.where}: {importer} stands before {imported or 'the front door'}")
    return wrong


def find_cycle(imports: Sequence[Import]) -> list[str]:
    """The statements of one cycle of imports that run at import; empty when there is none.

    An import of `a.b` runs the `__init__` of `a` too, unless the importer stands in `a`.
    """
    edges: dict[str, dict[str, str]] = {}
    for one in imports:
        parts = one.target.split(".")
        packages = [".".join(parts[:num]) for num in range(1, len(parts))]
        for target in [one.target, *(package for package in packages if not f"{one.importer}.".startswith(f"{package}."))]:
            if one.is_at_import and target != one.importer:
                edges.setdefault(one.importer, {}).setdefault(target, one.where)
    finished: set[str] = set()

    def visit(module: str, path: list[str]) -> list[str]:
        if module in path:
            cycle = [*path[path.index(module) :], module]
            return [edges[start][end] for start, end in pairwise(cycle)]
        if module not in finished:
            for target in edges.get(module, {}):
                if found := visit(target, [*path, module]):
                    return found
            finished.add(module)
        return []

    return next((found for module in edges if (found := visit(module, []))), [])


def test_every_package_has_its_place_in_the_order() -> None:
    found = {layer_of(name) for name in find_modules(ROOT_PATH) if name.startswith("lmkindex.")}
    assert found == set(ORDER), "put a new package into ORDER, after all that it imports"


def test_imports_go_down_the_order() -> None:
    wrong = wrong_ways(find_imports(ROOT_PATH))
    assert not wrong, "\n" + "\n".join(wrong)


def test_no_module_imports_itself_in_a_circle() -> None:
    cycle = find_cycle(find_imports(ROOT_PATH))
    assert not cycle, "\n" + "\n".join(cycle)


def test_every_import_is_seen() -> None:
    """A check that reads too little would pass: some imports that are known to be there, of each form."""
    pairs = {(one.importer, one.target, one.is_at_import) for one in find_imports(ROOT_PATH)}
    assert ("lmkindex.plots", "lmkindex.storage", True) in pairs
    assert ("lmkindex.train", "lmkindex.train.loop", True) in pairs  # of a package, `.` is the package itself
    assert ("lmkindex.train.update", "lmkindex.encoder.batches", True) in pairs
    assert ("lmkindex.evaluate.results", "lmkindex", True) in pairs
    assert ("lmkindex_cli.train", "lmkindex.train", False) in pairs  # in a function
    assert len(pairs) > 500


def test_importing_the_packages_loads_nothing_heavy() -> None:
    """Modules that take seconds to import are imported inside the function that needs them."""
    names = ", ".join(f"lmkindex.{name}" for name in ORDER)
    script = f"import sys, {names}; print(*sorted({HEAVY!r} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


PLANTED = {
    "up": ("lmkindex/build/plan.py", "x = 1\nfrom ..evaluate.metrics import recall\n", "build stands before evaluate"),
    "up, absolute": ("lmkindex/build/plan.py", "import lmkindex.evaluate.metrics\n", "build stands before evaluate"),
    "up, in a function": ("lmkindex/build/plan.py", "def f():\n    from .. import evaluate\n", "build stands before evaluate"),
    "up, for types": ("lmkindex/build/plan.py", "if TYPE_CHECKING:\n    from ..evaluate import metrics\n", "build stands before evaluate"),
    "up, from a face": ("lmkindex/build/__init__.py", "from ..evaluate import metrics\n", "build stands before evaluate"),
    "front door": ("lmkindex/build/plan.py", "from .. import open_index\n", "build stands before the front door"),
    "command line": ("lmkindex/build/plan.py", "from lmkindex_cli.main import app\n", "the library must not know the command line"),
}


EMPTY = (
    "lmkindex/__init__.py", "lmkindex/build/__init__.py", "lmkindex/evaluate/__init__.py", "lmkindex/evaluate/metrics.py", "cli/main.py",
)  # fmt: skip


def plant(root: Path, files: dict[str, str]) -> list[Import]:
    """The imports of a small tree with these files in it."""
    for name, text in (dict.fromkeys(EMPTY, "") | files).items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return find_imports(root)


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_import_is_found(tmp_path: Path, name: str) -> None:
    file, text, reason = PLANTED[name]
    (message,) = wrong_ways(plant(tmp_path, {file: text}))
    lines = text.splitlines()
    assert message == f"{file}:{len(lines)}: {lines[-1].strip()}: {reason}"


def test_the_way_down_is_free(tmp_path: Path) -> None:
    files = {
        "lmkindex/build/plan.py": "",
        "lmkindex/evaluate/metrics.py": "from ..build import plan\nfrom .. import __version__\n",
        "cli/main.py": "import lmkindex.build.plan\n",
    }
    assert not wrong_ways(plant(tmp_path, files))


def test_a_planted_circle_is_found(tmp_path: Path) -> None:
    files = {"lmkindex/build/plan.py": "from .write import a\n", "lmkindex/build/write.py": "\nfrom . import plan\n"}
    assert sorted(find_cycle(plant(tmp_path, files))) == [
        "lmkindex/build/plan.py:1: from .write import a",
        "lmkindex/build/write.py:2: from . import plan",
    ]


def test_a_circle_through_a_face_is_found(tmp_path: Path) -> None:
    """`evaluate.metrics` runs the `__init__` of `evaluate`, which imports `build.plan` again."""
    files = {
        "lmkindex/build/plan.py": "from ..evaluate.metrics import a\n",
        "lmkindex/evaluate/__init__.py": "from ..build.plan import b\n",
    }
    assert len(find_cycle(plant(tmp_path, files))) == 2


@pytest.mark.parametrize("late", ["def f():\n    from . import plan\n", "if TYPE_CHECKING:\n    from . import plan\n"])
def test_an_import_that_runs_later_makes_no_circle(tmp_path: Path, late: str) -> None:
    assert not find_cycle(plant(tmp_path, {"lmkindex/build/plan.py": "from .write import a\n", "lmkindex/build/write.py": late}))
