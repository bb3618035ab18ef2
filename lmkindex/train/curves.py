"""A run's curves -> PNGs: the loss, and the development recall by budget."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..plots import draw_figure
from ..records import JsonObject
from .checkpoint import read_curve_lines
from .run_folder import CURVE_FILE, DEV_FILE

MAX_POINTS = 200  # of the loss: more would smear; each point is the mean of its steps


def draw_curves(run_path: Path) -> list[Path]:
    """Draw `loss.png` and `dev.png` into the run's folder; a figure without points yet is left out. Raises `UsageError`
    without matplotlib."""
    loss = loss_figure(read_curve_lines(run_path / CURVE_FILE))
    dev = dev_figure(read_curve_lines(run_path / DEV_FILE))
    figures = [figure for figure in (loss, dev) if figure is not None]
    for figure in figures:
        draw_figure(figure, run_path / f"{figure['name']}.png")
    return [run_path / f"{figure['name']}.png" for figure in figures]


def loss_figure(lines: list[JsonObject]) -> JsonObject | None:
    """Loss and accuracy among the batch's landmarks, by step."""
    if not lines:
        return None
    groups = np.array_split(np.arange(len(lines)), min(len(lines), MAX_POINTS))
    steps = [lines[group[-1]]["total_steps"] for group in groups]
    series = [
        {"name": label, "x": steps, "y": [float(np.mean([lines[index][key] for index in group])) for group in groups]}
        for key, label in (("loss", "loss"), ("accuracy", "share of questions whose landmark is best in the batch"))
    ]
    return {
        "name": "loss", "title": "Training", "kind": "lines", "series": series, "x_label": "update", "y_label": "loss (nats), share",
    }  # fmt: skip


def dev_figure(lines: list[JsonObject]) -> JsonObject | None:
    """Recall by budget, by step."""
    if not lines:
        return None
    series = [
        {"name": f"{budget} tokens", "x": [line["total_steps"] for line in lines], "y": [line["by_budget"][budget] for line in lines]}
        for budget in lines[0]["by_budget"]
    ]
    return {
        "name": "dev", "title": "Development sets", "kind": "lines", "series": series, "x_label": "update", "y_label": "recall of evidence",
    }  # fmt: skip
