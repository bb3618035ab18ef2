"""Fixtures that several test modules share: tiny encoder folders, and the hypothesis profile."""

from __future__ import annotations

import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
import tiny
from hypothesis import settings

pytest_plugins = ["cli_place"]

# No deadline: the machines that run this are shared, and a slow example is not a failure.
settings.register_profile("lmkindex", deadline=None, print_blob=True)
settings.load_profile("lmkindex")


def pytest_configure() -> None:
    """A shell lets background jobs ignore SIGINT, and every child inherits that: tests that send SIGINT would wait
    forever."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        with suppress(ValueError):  # not the main thread
            signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run files with slow tests first: with several processes, a slow file that starts last would delay the end."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(scope="session")
def bert_folder(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A function from a pooling to the folder of a tiny bidirectional encoder, made once per session."""
    made: dict[str, Path] = {}

    def folder(pooling: str) -> Path:
        if pooling not in made:
            made[pooling] = tiny.make_bert(tmp_path_factory.mktemp("bert") / f"tiny-{pooling}", pooling)
        return made[pooling]

    return folder


@pytest.fixture(scope="session")
def llama_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny causal encoder with landmarks."""
    return tiny.make_llama(tmp_path_factory.mktemp("llama") / "tiny-llama")


@pytest.fixture
def index(tmp_path: Path) -> str:
    """A path for an index."""
    return str(tmp_path / "index")
