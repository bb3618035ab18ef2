"""A build that is killed at any moment and run again ends with the landmarks of one clean build (design.md, "Crash
safety")."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import tiny

from lmkindex.build import build_index
from lmkindex.config import BuildOptions
from lmkindex.encoder import FakeEncoder
from lmkindex.index import read_head

SCRIPT_PATH = tiny.SUPPORT_PATH / "build_script.py"
NUM_KILLS = 10
COMMIT_ROWS = 40  # a commit every document or two; the longest document is flushed in parts


def start_build(index_path: Path, corpus_path: Path) -> subprocess.Popen[str]:
    """A build in its own process, at the moment when it starts."""
    command = [sys.executable, str(SCRIPT_PATH), str(index_path), str(corpus_path), "fake:0.02", str(COMMIT_ROWS)]
    environment = os.environ | {"PYTHONPATH": tiny.PYTHONPATH}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
    assert process.stdout is not None
    assert process.stdout.readline() == "started\n"
    return process


def change_corpus(corpus_path: Path, generator: random.Random) -> None:
    """Some new documents, a change, a deletion and a rename, so that each build has every kind of work."""
    paths = sorted(corpus_path.iterdir())
    for _ in range(3):
        (corpus_path / f"{generator.randrange(10**9)}.txt").write_text(tiny.prose(generator.randrange(10**6), generator.randint(1, 60)))
    if paths:
        changed, renamed, deleted = (generator.choice(paths) for _ in range(3))
        changed.write_text(changed.read_text() + tiny.prose(generator.randrange(10**6), 10))
        renamed.rename(corpus_path / f"{generator.randrange(10**9)}.txt")
        deleted.unlink(missing_ok=True)
    (corpus_path / "long.txt").write_text(tiny.prose(generator.randrange(10**6), 250))


def test_killed_ten_times_and_still_equal_to_a_clean_build(tmp_path: Path) -> None:
    seed = random.SystemRandom().randrange(10**6)
    print(f"seed {seed}")  # pytest shows it when the test fails
    generator = random.Random(seed)
    corpus_path, index_path = tmp_path / "corpus", tmp_path / "index"
    corpus_path.mkdir()
    num_killed, seconds = 0, 1.5
    while num_killed < NUM_KILLS:
        change_corpus(corpus_path, generator)
        process = start_build(index_path, corpus_path)
        started = time.monotonic()
        try:
            process.wait(timeout=generator.uniform(0.0, seconds))
            seconds = 0.9 * (time.monotonic() - started)  # it finished: aim earlier
        except subprocess.TimeoutExpired:
            process.kill()
            num_killed += 1
        _, errors = process.communicate()
        assert errors == ""
    last = start_build(index_path, corpus_path)
    _, errors = last.communicate()
    assert (last.returncode, errors) == (0, "")
    build_index(str(tmp_path / "clean"), [corpus_path], BuildOptions(), encoder=FakeEncoder())
    assert tiny.all_landmarks(index_path) == tiny.all_landmarks(tmp_path / "clean")
    head, clean_head = read_head(index_path), read_head(tmp_path / "clean")
    assert head is not None and clean_head is not None
    names = ("documents", "sentences", "tokens", "failed")
    assert [head.counts[name] for name in names] == [clean_head.counts[name] for name in names]
