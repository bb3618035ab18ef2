"""A short soak: a few rounds of random operations and kills over a small store, after which the model finds no
difference."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
import soak
from soak_store import Held, Store, find_different, find_mixed

from lmkindex.build import build_index
from lmkindex.config import BuildOptions

SETTINGS = soak.Settings(rounds=2, documents=40, operations=15, seed=random.SystemRandom().randrange(10**6))


def test_a_short_soak_finds_no_difference(tmp_path: Path) -> None:
    print(SETTINGS)  # pytest shows it when the test fails
    run = soak.Soak(SETTINGS, tmp_path, print)
    run.run()
    assert run.counts["finished"] == 2 and sum(run.store.counts.values()) >= 10


def test_the_soak_sees_what_is_wrong(tmp_path: Path) -> None:
    """The control: a document missing from the index and an extra document are differences."""
    run = soak.Soak(soak.Settings(rounds=1, documents=5, operations=1, seed=1), tmp_path, print)
    try:
        build_index(str(run.index_path), [run.store.root], BuildOptions(), encoder=run.encoder)
        run.check_finished(run.store.target({}))
        path = run.store.pick(run.store.readable)
        run.store.readable[path] += " More."
        with pytest.raises(soak.DifferenceError, match="must be indexed with"):
            run.check_finished(run.store.target(run.known))
    finally:
        run.worker.end()


def test_the_model() -> None:
    old, new = Held(text="Old.", status="indexed"), Held(text="New.", status="indexed")
    assert find_mixed({"a": old}, {"a": old}, {"a": new, "b": new}) == []
    assert find_mixed({"a": new, "b": new}, {"a": old}, {"a": new, "b": new}) == []
    assert "neither" in find_mixed({}, {"a": old}, {"a": new})[0]
    assert "under neither name" in find_mixed({}, {"a": old}, {"b": old})[0]
    assert find_mixed({"b": old}, {"a": old}, {"b": old}) == []
    assert find_different({"a": old}, {"a": old}) == []
    assert len(find_different({"a": old, "b": old}, {"a": new})) == 2


def test_corrupt_files_keep_their_last_text(tmp_path: Path) -> None:
    store = Store(tmp_path, 3, 4)
    known = store.target({})
    store.corrupt()
    [path] = store.garbage
    store.garbage[path] = b"\0"
    assert store.target(known)[path] == Held(text=known[path].text, status="stale")
    assert store.target({})[path] == Held(text="", status="failed")
    store.restore()
    assert store.target({}) == known
