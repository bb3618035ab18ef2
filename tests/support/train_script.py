"""Training runs in processes that can be killed. Usage: train_script.py RECIPE.json DATA

Loads the libraries once. Each line of stdin is the folder of a run. For each one it forks a process that trains there,
and prints its id, and after it has ended its exit code (negative: the signal that killed it). What the run does is
appended to FOLDER.log.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from pathlib import Path

from train_tools import recorded_run

from lmkindex.runtime import hide_broken_vision
from lmkindex.train import Recipe, make_recipe


def train_in(folder: Path, recipe: Recipe, data_path: Path) -> int:
    """The child process: one run, or the rest of one."""
    import torch

    torch.set_num_threads(1)
    try:
        recorded_run(recipe, data_path, folder)
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


def load_libraries() -> None:
    """Load everything a run needs, so that no fork has to."""
    hide_broken_vision()
    from transformers import AutoModel, AutoTokenizer, BertModel

    import lmkindex.evaluate.workbench
    import lmkindex.train.loop

    assert all((AutoModel, AutoTokenizer, BertModel, lmkindex.evaluate.workbench, lmkindex.train.loop))


def main() -> None:
    load_libraries()
    recipe = make_recipe(json.loads(Path(sys.argv[1]).read_text("utf-8")))
    print("ready", flush=True)
    for line in sys.stdin:
        child = os.fork()
        if not child:
            os._exit(train_in(Path(line.strip()), recipe, Path(sys.argv[2])))
        print(child, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


if __name__ == "__main__":
    main()
