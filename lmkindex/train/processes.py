"""One process or several, one for each GPU: `accelerate launch --multi_gpu -m lmkindex_cli train RECIPE ...`.

Each process draws its own batches. Gradients are averaged for every update, so all processes hold the same weights.
Landmarks are negatives of each other within a process. Only the main process writes.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from ..errors import UsageError

PATIENCE = timedelta(hours=24)  # the others wait while the main process measures or mines; torch gives up after minutes


@dataclass(frozen=True, slots=True, kw_only=True)
class Processes:
    """This process's number, how many there are, and accelerate's state when there is more than one."""

    rank: int = 0
    size: int = 1
    state: Any = None

    @property
    def is_main(self) -> bool:
        return self.rank == 0

    def own_device(self, name: str) -> str:
        """The device that `name` means in this process: with several processes, each has its own GPU."""
        return name if self.state is None or name not in ("auto", "cuda") else str(self.state.device)

    def average(self, gradients: Sequence[Any]) -> list[Any]:
        """Each gradient's mean over the processes."""
        if self.state is None:
            return list(gradients)
        from accelerate.utils import reduce

        return [None if gradient is None else reduce(gradient, reduction="mean") for gradient in gradients]

    def wait(self) -> None:
        """Wait until all processes are here."""
        if self.state is not None:
            self.state.wait_for_everyone()

    def leave(self) -> None:
        """Wait for all processes, then close the process group; nothing can be averaged afterwards.

        This must happen before the interpreter exits. On a loaded machine, a gloo thread may still hold a tensor at
        exit and ask for the interpreter's lock; it is then thrown out of C++ code that must not throw, and the process
        dies ("terminate called without an active exception", SIGABRT in place of the exit code).
        """
        if self.state is not None:
            self.wait()
            self.state.destroy_process_group()
            self.state._reset_state()  # accelerate has no public way to forget a group; another run in this process makes a new one

    def largest(self, value: float) -> float:
        """The largest of the processes' numbers: a signal that one process saw, or a clock that is ahead, counts for
        all."""
        if self.state is None:
            return value
        from accelerate.utils import gather_object

        return max(gather_object([value]))


def find_processes(device: str = "auto") -> Processes:
    """What `accelerate launch` or `torchrun` set up; one process without them. Raises `UsageError` when accelerate is
    missing."""
    if int(os.environ.get("WORLD_SIZE", "1")) <= 1:
        return Processes()
    try:
        from accelerate import PartialState
    except ImportError as error:
        raise UsageError("Training in several processes needs accelerate: `pip install accelerate`.") from error
    import torch
    import torch.distributed.nn  # import before a group exists: its defaults keep the current group forever, and `leave` could not end it

    # Without CUDA the processes talk through gloo, which accelerate uses only when told to run on a CPU.
    state = PartialState(cpu=device == "cpu" or not torch.cuda.is_available(), timeout=PATIENCE)
    return Processes(rank=state.process_index, size=state.num_processes, state=state)


def is_main_process() -> bool:
    """Whether this process writes and reports; known before the processes have connected."""
    return int(os.environ.get("RANK", "0")) == 0
