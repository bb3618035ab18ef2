"""A clean environment for running commands in this process with a fake encoder. `conftest.py` makes the fixtures
available to pytest."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import lmkindex.build
import lmkindex.build.index_settings
import lmkindex.build.pipeline
import lmkindex.generate
import lmkindex.search.searcher
from lmkindex.encoder import FakeEncoder
from lmkindex_cli.main import main


class Result:
    """What a run printed, and its exit code."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.out.splitlines()]


Run = Callable[..., Result]


@pytest.fixture
def clean_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty working directory, without settings from the environment."""
    for name in [name for name in os.environ if name.startswith("LMKINDEX_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")


@pytest.fixture
def fake(clean_place: None, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Make every command use the fake encoder."""
    encoder = FakeEncoder()
    for module in (lmkindex.build.pipeline, lmkindex.build.index_settings, lmkindex.search.searcher):
        monkeypatch.setattr(module, "load_encoder", lambda folder, options: encoder, raising=False)
        monkeypatch.setattr(module, "find_encoder", lambda name: encoder.folder, raising=False)
    return encoder


@pytest.fixture
def run(clean_place: None, capsys: pytest.CaptureFixture[str]) -> Run:
    def run_here(*words: str) -> Result:
        capsys.readouterr()
        code = main(words)
        return Result(code, *capsys.readouterr())

    return run_here
