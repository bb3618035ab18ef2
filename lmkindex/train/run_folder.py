"""The folder of a run: the names of its files, and the checks that keep it to one recipe and one set of data. Knows no
model.

The folder holds `recipe.json`, `data.json`, `start/` (the untrained encoder), `checkpoint.pt`, `curve.jsonl`,
`dev.jsonl`, `mined-STAGE.npz`, `anchor.safetensors`, `best/` and, at the end, `encoder/`. Takes the recipe and the sets
of a run; raises `UsageError` when the folder belongs to another recipe or other data.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from ..errors import UsageError
from ..storage import publish_folder, write_json
from .recipe import Recipe
from .training_sets import TrainingSet, digest_of

RECIPE_FILE, DATA_FILE, CURVE_FILE, DEV_FILE, ANCHOR_FILE = "recipe.json", "data.json", "curve.jsonl", "dev.jsonl", "anchor.safetensors"


def keep_recipe(recipe: Recipe, run_path: Path) -> None:
    """Write the recipe into the run's folder. Raises `UsageError` if it already holds another recipe."""
    path = run_path / RECIPE_FILE
    value = json.loads(json.dumps(asdict(recipe)))
    if path.is_file() and json.loads(path.read_text(encoding="ascii")) != value:
        raise UsageError(f"{run_path} holds a run of another recipe, or of an earlier version of this one: choose another --output folder.")
    write_json(path, value)


def keep_data(sets: Sequence[TrainingSet], run_path: Path) -> None:
    """Write hashes of the sets into the run's folder. Raises `UsageError` when the run began with other data, because
    its batches and mined sentences refer to that data by number."""
    path = run_path / DATA_FILE
    value = {one.name: digest_of(one) for one in sets}
    if path.is_file():
        known = json.loads(path.read_text(encoding="ascii"))
        changed = sorted(name for name in known | value if known.get(name) != value.get(name))
        if changed:
            raise UsageError(f"The run in {run_path} began with different data for {', '.join(changed)}: choose another --output folder.")
    write_json(path, value)


def sweep_torn(run_path: Path) -> None:
    """Remove the unfinished files of a killed run."""
    for torn in (*run_path.glob("*.tmp"), *run_path.glob("*.old")):
        if torn.is_dir():
            shutil.rmtree(torn, ignore_errors=True)
        else:
            torn.unlink(missing_ok=True)


def keep_best(exported: Path, run_path: Path) -> None:
    """Copy an exported encoder to `best/`, the best of the run."""
    staging = run_path / "best.tmp"
    shutil.rmtree(staging, ignore_errors=True)
    shutil.copytree(exported, staging)
    publish_folder(staging, run_path / "best")
