"""Record what the program prints now: `python tests/recorded/record.py` writes `tests/recorded/output.json`.

The first recording is of commit b14df75, before the code moved into packages: `test_recorded.py` shows that moved code
prints the same. A change that is meant to change the output records again: run this with PYTHONPATH at the code to
record, look at `git diff tests/recorded/output.json`, and name each difference, with its reason, in the commit's
message. A difference that nobody can name is a bug. `python tests/recorded/record.py NAME ..` records only these
scenarios and keeps the others.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from llm_server import LlmServer
from scenarios import run_scenario, scenario_names
from stage import Stage

OUTPUT_PATH = Path(__file__).parent / "output.json"


def record(names: list[str]) -> None:
    """Run scenarios and put their records into the file."""
    recorded = json.loads(OUTPUT_PATH.read_text("utf-8")) if OUTPUT_PATH.exists() else {}
    with tempfile.TemporaryDirectory() as folder, LlmServer() as server:
        stage = Stage(Path(folder), server)
        for name in names or scenario_names():
            print(name, file=sys.stderr)
            recorded[name] = run_scenario(name, stage)
    kept = {name: recorded[name] for name in scenario_names() if name in recorded}
    OUTPUT_PATH.write_text(json.dumps(kept, indent=1) + "\n", "utf-8", newline="\n")


if __name__ == "__main__":
    record(sys.argv[1:])
