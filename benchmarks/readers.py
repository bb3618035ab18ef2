"""How fast files are read and split, by format, compared with another checkout: ratios measured in one run, by turns.

    git worktree add /tmp/before COMMIT
    python benchmarks/readers.py examples/corpus --other /tmp/before

Each turn is a process of its own that reads every file and splits it into sentences; the median of the turns counts.
Nothing else may run meanwhile.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from statistics import median

ROOT_PATH = Path(__file__).resolve().parents[1]
# Runs in a checkout, which may be older: it uses only what has had the same name since November 2026.
TURN = """
import json, sys, time
from collections import defaultdict
from pathlib import Path
from lmkindex.config import FileOptions
from lmkindex.files import walk_files
from lmkindex.read import read_file
from lmkindex.sentences import split_sentences

found = walk_files([Path(root) for root in json.loads(sys.argv[1])], FileOptions())
entries = found.entries if hasattr(found, "entries") else found[0]
seconds = defaultdict(lambda: [0.0, 0.0, 0, 0])
for is_warm in (False, True):  # the first pass imports the parsers
    for entry in entries:
        before = time.perf_counter()
        try:
            document = read_file(entry, FileOptions())
        except Exception:
            continue
        middle = time.perf_counter()
        split_sentences(document.text)
        if is_warm:
            one = seconds[entry.absolute_path.suffix.lower()]
            one[0] += middle - before
            one[1] += time.perf_counter() - middle
            one[2] += 1
            one[3] += len(document.text)
print(json.dumps(seconds))
"""


def main() -> None:
    """Print a table: seconds to read and to split here, and as a ratio to the other checkout."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", nargs="+", type=Path)
    parser.add_argument("--other", type=Path, required=True, help="a checkout to compare with")
    parser.add_argument("--turns", type=int, default=5)
    options = parser.parse_args()
    roots = [str(path.resolve()) for path in options.corpus]
    times: dict[str, list[dict[str, list[float]]]] = defaultdict(list)
    for _ in range(options.turns):
        for name, checkout in (("other", options.other), ("here", ROOT_PATH)):
            times[name].append(take_turn(checkout, roots))
    print("| format | files | characters | read, s | ratio | split, s | ratio |\n|---|---|---|---|---|---|---|")
    for suffix in sorted(set(times["here"][0]) & set(times["other"][0])):
        here, other = ([median(turn[suffix][part] for turn in times[name]) for part in (0, 1)] for name in ("here", "other"))
        _, _, num_files, num_chars = times["here"][0][suffix]
        ratios = [one / max(before, 1e-9) for one, before in zip(here, other, strict=True)]
        print(f"| {suffix} | {num_files} | {num_chars:,} | {here[0]:.3f} | {ratios[0]:.2f} | {here[1]:.3f} | {ratios[1]:.2f} |")


def take_turn(checkout: Path, roots: list[str]) -> dict[str, list[float]]:
    """One process that reads everything twice with the code of a checkout: by suffix, seconds to read, to split, files,
    characters of the second pass."""
    environment = os.environ | {"PYTHONPATH": str(checkout), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", TURN, json.dumps(roots)]
    # `-c` imports from the working directory first.
    done = subprocess.run(command, cwd=checkout, env=environment, check=True, capture_output=True, text=True)
    result: dict[str, list[float]] = json.loads(done.stdout)
    return result


if __name__ == "__main__":
    main()
