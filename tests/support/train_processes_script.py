"""One of several processes of a run, started by `test_train_processes.py`: RECIPE DATA RUN SECONDS_A_STEP. At the end
it saves its weights next to the run's folder."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from types import FrameType

import torch

from lmkindex.errors import InterruptedBuildError
from lmkindex.evaluate import DevBench
from lmkindex.train import TrainOptions, loop, read_recipe, run_training
from lmkindex.train.training_run import TrainingRun

runs: list[KeptRun] = []
signals: list[int] = []


class KeptRun(TrainingRun):
    """A run that is kept after training has ended, with a mean over the processes that was taken while they were
    connected."""

    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)  # type: ignore[arg-type]
        self.mean = self.processes.average([torch.tensor([1.0 + self.processes.rank]), None])
        runs.append(self)


def check_that_nothing_connects() -> None:
    """Check that no process group or thread of one is left when the interpreter exits, because such a thread can abort
    the process."""
    assert not torch.distributed.is_initialized()
    names = [path.read_text().strip() for path in Path("/proc/self/task").glob("*/comm")]
    assert not [name for name in names if "gloo" in name], names


def remember(number: int, frame: FrameType | None) -> None:
    signals.append(number)


def main() -> None:
    recipe_path, data_path, run_path = map(Path, sys.argv[1:4])
    seconds = float(sys.argv[4])
    signal.signal(signal.SIGTERM, remember)
    loop.TrainingRun = KeptRun  # type: ignore[assignment, attr-defined]
    try:
        run_training(
            read_recipe(recipe_path), data_path, run_path, TrainOptions(device="cpu", threads=1),
            stop=lambda: signals[0] if signals else 0,
            on_note=print,
            on_step=lambda stage, progress, line: time.sleep(seconds),
            open_dev=DevBench,
        )  # fmt: skip
    except InterruptedBuildError as error:
        check_that_nothing_connects()
        sys.exit(error.exit_code)
    check_that_nothing_connects()
    weights = {name: parameter.detach() for name, parameter in runs[0].trainee.trainable}
    torch.save({"weights": weights, "average": runs[0].mean}, run_path.with_name(f"{run_path.name}-{os.environ['RANK']}.pt"))


if __name__ == "__main__":
    main()
