"""The path of one new .txt file from the command to the table's `add`: how many modules, and how many steps back."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import tiny

SCRIPT_PATH = Path(__file__).parent / "support" / "trace_path.py"
# 18 and 15 at b14df75, by the same script. 14 modules became 17 by steps that were not there before: names in one
# Unicode form, stops that end no sentence, the hash of the rows.
MAX_MODULES, MAX_STEPS_BACK = 17, 6


@pytest.mark.slow
@pytest.mark.real
def test_a_file_passes_few_modules_and_hardly_ever_goes_back() -> None:
    command = [sys.executable, str(SCRIPT_PATH), "--json"]
    done = subprocess.run(
        command, env=os.environ | {"PYTHONPATH": tiny.PYTHONPATH}, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["modules"][0] == "lmkindex_cli.build" and found["modules"][-1].startswith("lmkindex.index.")
    assert 5 < len(found["modules"]) <= MAX_MODULES, found["modules"]
    assert len(found["steps_back"]) <= MAX_STEPS_BACK, found["steps_back"]
