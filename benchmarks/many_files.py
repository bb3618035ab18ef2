"""What many tiny files cost: `python benchmarks/many_files.py --files 100000 --place DIR` (`just many-files`).

Makes the files (one or two short sentences each, 500 to a directory), builds an index of them with the tests' tiny
encoder in a separate process, then builds again with nothing changed. Prints seconds (wall and CPU), peak memory and
the index's bytes.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TESTS_PATH = Path(__file__).resolve().parents[1] / "tests"
sys.path.append(str(TESTS_PATH))
import tiny  # noqa: E402

FILES_IN_DIRECTORY = 500


def make_files(corpus_path: Path, count: int) -> None:
    """`count` files of one or two sentences, all different."""
    for number in range(count):
        directory = corpus_path / f"{number // FILES_IN_DIRECTORY:04}"
        if number % FILES_IN_DIRECTORY == 0:
            directory.mkdir(parents=True, exist_ok=True)
        (directory / f"{number}.txt").write_text(f"File {number}. {tiny.prose(number, 1 + number % 2)}")


def measure(index_path: Path, corpus_path: Path, encoder_path: Path) -> str:
    """Run one build in a separate process and describe it in a line."""
    command = [sys.executable, str(TESTS_PATH / "build_script.py"), str(index_path), str(corpus_path), str(encoder_path)]
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=os.environ | {"PYTHONPATH": python_path()})
    seconds, after = time.monotonic() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    report = json.loads(done.stdout.splitlines()[-1])
    busy = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    index_bytes = sum(path.stat().st_size for path in index_path.rglob("*") if path.is_file())
    return (
        f"added {report['added']:,}, unchanged {report['unchanged']:,}, failed {len(report['failed'])}: build {report['seconds']:.1f} s, "
        f"process {seconds:.1f} s ({busy:.1f} s CPU), peak {report['max_rss_bytes'] / 1e6:,.0f} MB, "
        f"index {index_bytes / 1e6:,.0f} MB, by step { ({name: round(value, 1) for name, value in report['seconds_by_step'].items()}) }"
    )


def python_path() -> str:
    ours = [str(TESTS_PATH.parent), str(TESTS_PATH)]
    return os.pathsep.join([*ours, os.environ["PYTHONPATH"]] if os.environ.get("PYTHONPATH") else ours)


def main() -> None:
    """Make, build, build again."""
    arguments = argparse.ArgumentParser(description="Measure a build of many tiny files.")
    arguments.add_argument("--files", type=int, default=100_000)
    arguments.add_argument("--place", type=Path, default=Path(tempfile.gettempdir()), help="where to make a temporary directory")
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory(dir=given.place) as place:
        corpus_path, index_path = Path(place, "corpus"), Path(place, "index")
        started = time.monotonic()
        make_files(corpus_path, given.files)
        print(f"{given.files:,} files made in {time.monotonic() - started:.1f} s")
        encoder_path = tiny.make_bert(Path(place, "encoder"), "sentence_mean")
        for name in ("first build", "nothing changed"):
            print(f"{name}: {measure(index_path, corpus_path, encoder_path)}", flush=True)


if __name__ == "__main__":
    main()
