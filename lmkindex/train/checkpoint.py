"""A run's state on disk: enough to continue as if nothing had happened. Written completely or not at all, and
synced."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import UsageError
from ..records import JsonObject
from ..storage import write_whole

CHECKPOINT_FILE = "checkpoint.pt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """Where a run is: `step` updates of stage `stage` are done, and `total_steps` over all stages; `elapsed_s` seconds
    of this stage have passed. `best` is the highest dev figure so far (-1: none)."""

    stage: int = 0
    step: int = 0
    total_steps: int = 0
    elapsed_s: float = 0.0
    best: float = -1.0


def save_checkpoint(run_path: Path, position: Position, tensors: Mapping[str, Any], optimizer: Any) -> None:
    """Write the weights that learn, the optimizer's state and the position."""
    import torch

    staging = run_path / f"{CHECKPOINT_FILE}.tmp"
    state = {"position": {name: getattr(position, name) for name in Position.__slots__}, "weights": dict(tensors), "optimizer": optimizer}
    with staging.open("wb") as file:
        try:
            torch.save(state, file)
        except RuntimeError as error:
            if isinstance(error.__context__, OSError):  # a full disk, which torch's own error hides
                raise error.__context__ from None
            raise
        file.flush()
        os.fsync(file.fileno())
    staging.replace(run_path / CHECKPOINT_FILE)


def load_checkpoint(run_path: Path) -> tuple[Position, dict[str, Any], Any] | None:
    """What `save_checkpoint` wrote; None when the run has not begun. Raises `UsageError` for a file that cannot be
    read."""
    import torch

    path = run_path / CHECKPOINT_FILE
    if not path.is_file():
        return None
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # whatever a damaged archive raises
        raise UsageError(f"{path} is damaged ({type(error).__name__}): remove the folder {run_path} and train again.") from error
    return Position(**state["position"]), state["weights"], state["optimizer"]


def append_to_curve(path: Path, value: JsonObject) -> None:
    """Append a line to a curve."""
    with path.open("a", encoding="ascii") as file:
        file.write(json.dumps(value, allow_nan=False) + "\n")


def read_curve_lines(path: Path) -> list[JsonObject]:
    """A curve's complete lines; a torn last line is skipped."""
    if not path.is_file():
        return []
    lines = []
    for line in path.read_text(encoding="ascii").splitlines():
        try:
            lines.append(json.loads(line))
        except ValueError:
            continue
    return lines


def rewind_curve(path: Path, total_steps: int) -> None:
    """Drop what was written after the checkpoint: those steps will run again."""
    if not path.is_file():
        return
    kept = [line for line in read_curve_lines(path) if line["total_steps"] <= total_steps]
    write_whole(path, "".join(json.dumps(line) + "\n" for line in kept).encode("ascii"))
