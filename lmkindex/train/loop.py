"""A recipe -> an encoder folder: the stages of a run and their updates, in order, until it is done or stopped.

A run can stop at any moment; it resumes from its last checkpoint with the same batches. Takes a recipe, the data and
the run's folder. Knows no forward and no loss: `training_run` holds the state that this module advances, `update`
computes the gradients.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path

from ..errors import InterruptedBuildError, UsageError
from ..records import JsonObject
from .checkpoint import append_to_curve
from .processes import is_main_process
from .recipe import Recipe, StageRecipe
from .run_folder import CURVE_FILE, keep_recipe
from .sampler import Sampler
from .schedule import learning_rate_at, stage_progress
from .training_rows import row_maker
from .training_run import OnNote, OpenDev, TrainingRun, TrainOptions
from .update import Update, compute_update

OnStep = Callable[[str, float, JsonObject], None]  # the stage's name, its progress 0..1, the curve's line


def run_training(
    recipe: Recipe,
    data_path: Path,
    run_path: Path,
    options: TrainOptions,
    *,
    stop: Callable[[], int] = lambda: 0,
    on_note: OnNote = lambda text: None,
    on_step: OnStep = lambda stage, progress, line: None,
    open_dev: OpenDev | None = None,
) -> Path:
    """Train, or resume training, and return the finished encoder folder `RUN/encoder`: the best encoder on the
    development sets, or the last one if there are none.

    `open_dev` makes the measure of the recipe's development sets. Raises `InterruptedBuildError` after saving when
    `stop` returns a signal number, and `UsageError` when the data or the folder do not fit the recipe.
    """
    if (run_path / "encoder" / "landmark.json").is_file():
        if is_main_process():
            keep_recipe(recipe, run_path)
        return run_path / "encoder"
    run_path.mkdir(parents=True, exist_ok=True)
    run = TrainingRun(recipe, data_path, run_path, options, on_note, open_dev)
    if not run.position.total_steps:
        run.measure()
    while run.position.stage < len(recipe.stages):
        run_stage(run, recipe.stages[run.position.stage], stop, on_step)
    if run.processes.is_main:
        run.place_encoder()
    run.processes.leave()
    return run_path / "encoder"


def run_stage(run: TrainingRun, stage: StageRecipe, stop: Callable[[], int], on_step: OnStep) -> None:
    """Run the remaining updates of the current stage."""
    run.begin_stage(stage)
    maker = row_maker(run.load_encoder(run.run_path / "start"), min(stage.window_tokens, run.trainee.folder.window_tokens))
    sampler = Sampler(sets=run.sets, stage=stage, maker=maker, mined=run.mined_of(run.position.stage, stage))
    saved_at = started = time.monotonic()
    before_s = run.position.elapsed_s
    while stage_progress(stage, run.position.step, run.position.elapsed_s) < 1:
        line = step_once(run, stage, sampler)
        run.set_clock(before_s + time.monotonic() - started)
        progress = stage_progress(stage, run.position.step, run.position.elapsed_s)
        if run.processes.is_main:
            append_to_curve(run.run_path / CURVE_FILE, line)
            on_step(stage.name or stage.kind, progress, line)
        if run.position.total_steps % run.recipe.dev.every_steps == 0 and progress < 1:
            run.measure()
        signal_number = int(run.processes.largest(stop()))
        if signal_number or time.monotonic() - saved_at > 60 * run.recipe.checkpoint_minutes:
            run.save()
            saved_at = time.monotonic()
        if signal_number:
            run.processes.leave()  # together: a launcher ends the others as soon as one of them has left
            raise InterruptedBuildError("Stopped; the run is saved. Run the same command to continue.", signal_number)
    run.end_stage(stage)


def step_once(run: TrainingRun, stage: StageRecipe, sampler: Sampler) -> JsonObject:
    """Make one update. Returns its line of the curve."""
    import torch

    started = time.monotonic()
    position = run.position
    batch = sampler.draw((run.recipe.seed, position.stage, position.step, run.processes.rank))
    if batch.teacher_rows:
        batch = run.teach(batch, stage)
    update: Update = compute_update(run.trainee, batch, stage, run.recipe, run.workers)
    gradients = run.processes.average(update.gradients)
    parameters = [parameter for _, parameter in run.trainee.trainable]
    for parameter, gradient in zip(parameters, gradients, strict=True):
        parameter.grad = gradient
    norm = float(torch.nn.utils.clip_grad_norm_(parameters, stage.max_gradient))
    if not math.isfinite(norm + update.loss):  # before it reaches the weights
        raise UsageError(f"The loss or its gradient is not finite at step {position.total_steps + 1}: try a lower learning_rate.")
    rate = learning_rate_at(stage, stage_progress(stage, position.step + 0.5, position.elapsed_s))
    for group in run.optimizer.param_groups:
        group["lr"] = rate
    run.optimizer.step()
    run.optimizer.zero_grad(set_to_none=True)
    run.count_step()
    return {
        "total_steps": run.position.total_steps,
        "stage": position.stage,
        "loss": round(update.loss, 6),
        "drift": round(update.drift, 6),
        "accuracy": round(update.accuracy, 4),
        "gradient": round(norm, 4),
        "learning_rate": rate,
        "questions": update.num_questions,
        "landmarks": update.num_landmarks,
        "tokens": update.num_tokens,
        "seconds": round(time.monotonic() - started, 3),
    }
