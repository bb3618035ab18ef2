"""How long a nightly build takes when there is nothing to do: `python benchmarks/no_change.py [--documents N]`.

Makes a store of small documents, indexes it with the fake encoder, and runs `lmkindex build -q` over it in separate
processes. Prints the median wall time and CPU time of the runs, and the same for `lmkindex --version`, which is the
start-up. On a busy machine, read the CPU time: other programs lengthen the wall time.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from lmkindex.build import build_index
from lmkindex.config import BuildOptions
from lmkindex.encoder import FakeEncoder, find_encoder

FILES_A_DIRECTORY = 50


class NamedEncoder(FakeEncoder):
    """The fake encoder under the default encoder's name, so that the program accepts the index as its own."""

    def __init__(self) -> None:
        folder = find_encoder(None)
        super().__init__(dim=folder.dim, window_tokens=folder.window_tokens, context_tokens=folder.context_tokens)
        self.folder = folder


def make_store(path: Path, num_documents: int) -> None:
    """Write documents of one paragraph each, in directories."""
    for number in range(num_documents):
        file = path / f"{number // FILES_A_DIRECTORY:03}" / f"{number:05}.txt"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"Document {number} is about the number {number}. It has two sentences.\n", encoding="utf-8")


def run(words: Sequence[str]) -> tuple[float, float]:
    """Wall and CPU seconds of `lmkindex WORDS`, which must print nothing on stderr."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run([sys.executable, "-m", "lmkindex_cli", *words], capture_output=True, text=True, check=True)
    assert done.stderr == "", done.stderr
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.monotonic() - started, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main(arguments: Sequence[str] | None = None) -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=2000)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        make_store(Path(folder) / "store", options.documents)
        index = str(Path(folder) / "index")
        build_index(index, [Path(folder) / "store"], BuildOptions(), encoder=NamedEncoder())
        for name, words in (("start-up", ["--version"]), ("no change", ["build", "-q", "--index", index])):
            times = [run(words) for _ in range(options.runs)]
            wall_s, cpu_s = (statistics.median(column) for column in zip(*times, strict=True))
            print(f"{name}: median of {options.runs}: {wall_s:.2f} s wall, {cpu_s:.2f} s CPU", flush=True)
    print(f"{options.documents:,} documents; load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
