"""What is installed is what the repository holds: pyproject.toml names every package."""

from __future__ import annotations

import tomllib
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def test_every_package_is_installed() -> None:
    setuptools = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
    folders = {name: ROOT / folder for name, folder in setuptools["package-dir"].items()}
    found = {
        ".".join((name, *path.parent.relative_to(folder).parts)) for name, folder in folders.items() for path in folder.rglob("__init__.py")
    }
    listed = setuptools["packages"]
    assert len(set(listed)) == len(listed)
    assert set(listed) == found


def test_every_module_is_in_a_package() -> None:
    for folder in ("lmkindex", "cli"):
        for path in (ROOT / folder).rglob("*.py"):
            assert (path.parent / "__init__.py").is_file(), f"{path.relative_to(ROOT)} would not be installed"


def test_every_file_of_tests_is_collected(pytestconfig: pytest.Config) -> None:
    """pytest skips folders named `build`, among others, unless it is told not to."""
    patterns = pytestconfig.getini("norecursedirs")
    paths = sorted((ROOT / "tests").rglob("test_*.py"))
    assert len(paths) > 70
    for path in paths:
        passed_over = [part for part in path.relative_to(ROOT).parts[:-1] for pattern in patterns if fnmatchcase(part, pattern)]
        assert not passed_over, path
