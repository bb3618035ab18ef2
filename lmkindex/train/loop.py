"""A recipe -> an encoder folder: stages, updates, checkpoints, development figures. The only place where a run's state changes.

The run's folder holds `recipe.json`, `data.json`, `start/` (the untrained encoder), `checkpoint.pt`, `curve.jsonl`, `dev.jsonl`,
`mined-STAGE.npz`, `best/` and, at the end, `encoder/`. A run that was stopped at any moment goes on from its last checkpoint with the same
batches.
"""

from __future__ import annotations

import json
import math
import shutil
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from ..config import EncodeOptions
from ..encoder import Encoder, TransformerEncoder, load_encoder, read_folder
from ..errors import InterruptedBuildError, UsageError
from ..records import JsonObject
from ..storage import publish_folder, write_json
from .checkpoint import Position, append_to_curve, load_checkpoint, rewind_curve, save_checkpoint
from .export import export_encoder, plain_weights, save_weights
from .mine import load_mined, mine_negatives, save_mined
from .model import Trainee, load_trainee, prepare_start
from .processes import Processes, find_processes, is_main_process
from .recipe import DevRecipe, Recipe, StageRecipe
from .sampler import Mined, Sampler
from .schedule import learning_rate_at, stage_progress
from .teacher import teacher_vectors
from .training_batch import TrainingBatch
from .training_rows import row_maker
from .training_sets import TrainingSet, digest_of, load_sets
from .update import Update, compute_update, make_workers

RECIPE_FILE, DATA_FILE, CURVE_FILE, DEV_FILE, ANCHOR_FILE = "recipe.json", "data.json", "curve.jsonl", "dev.jsonl", "anchor.safetensors"
OnNote = Callable[[str], None]
OnStep = Callable[[str, float, JsonObject], None]  # the stage's name, its progress 0..1, the curve's line


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainOptions:
    """How a run is carried out; nothing of it changes what is learnt, but the rounding. `threads=0` takes every core."""

    device: str = "auto"
    threads: int = 0


class DevMeasure(Protocol):
    """How good an encoder is so far, as whoever starts the run wants it measured (`evaluate/dev.py` has the usual way)."""

    def measure(self, encoder: Encoder) -> JsonObject:
        """`recall`, 0..1, by which the best encoder is chosen, and its parts: `by_budget`, `by_set`."""


OpenDev = Callable[[Path, DevRecipe, Encoder, int], DevMeasure]  # data folder, [dev] of the recipe, the untrained encoder, seed


class TrainingRun:
    """A run in memory. Invariant: `position` says how many updates `trainee` and `optimizer` have had."""

    def __init__(
        self, recipe: Recipe, data_path: Path, run_path: Path, options: TrainOptions, on_note: OnNote, open_dev: OpenDev | None
    ) -> None:
        self.processes: Processes = find_processes(options.device)
        options = replace(options, device=self.processes.own_device(options.device))
        on_note = on_note if self.processes.is_main else lambda text: None
        self.recipe, self.run_path, self.options, self.on_note = recipe, run_path, options, on_note
        if self.processes.is_main:
            keep_recipe(recipe, run_path)
            prepare_start(recipe, run_path)
        self.processes.wait()
        folder = read_folder(run_path / "start")
        encoder = self.load_encoder(folder.path)
        self.sets: tuple[TrainingSet, ...] = tuple(load_sets(data_path, recipe, encoder, lambda name: on_note(f"Reading {name}")))
        if self.processes.is_main:
            keep_data(self.sets, run_path)
        if recipe.dev.sets and open_dev is None:
            raise UsageError("The recipe names development sets: give `open_dev`, or leave `sets` of [dev] empty.")
        self.dev = open_dev(data_path, recipe.dev, encoder, recipe.seed) if open_dev is not None and recipe.dev.sets else None
        self.trainee: Trainee = load_trainee(folder, recipe.lora, options.device, recipe.seed)
        self.workers: ThreadPoolExecutor = make_workers(self.trainee.device, options.threads)
        self.position = Position()
        self.optimizer: Any = None
        self.teacher: TransformerEncoder | None = None
        self.restore()

    def restore(self) -> None:
        """Go back to the checkpoint, or to the beginning; what the curves tell of later steps goes, these are made again."""
        found = load_checkpoint(self.run_path)
        if self.processes.is_main:
            sweep_torn(self.run_path)
            total_steps = found[0].total_steps if found is not None else 0
            rewind_curve(self.run_path / CURVE_FILE, total_steps)
            rewind_curve(self.run_path / DEV_FILE, total_steps)
            if not any(stage.kind == "distil" for stage in self.recipe.stages[: found[0].stage if found is not None else 0]):
                (self.run_path / ANCHOR_FILE).unlink(missing_ok=True)  # of a distil stage that is to end once more
        if found is None:
            return
        position, weights, optimizer_state = found
        if self.trainee.model.load_state_dict(weights, strict=False).unexpected_keys:
            raise UsageError(f"The checkpoint in {self.run_path} has other weights than the model: remove the folder and train again.")
        self.position = position
        if position.stage < len(self.recipe.stages):
            self.optimizer = make_optimizer(self.trainee, self.recipe.stages[position.stage])
            self.optimizer.load_state_dict(optimizer_state)
        self.on_note(f"Going on from step {position.total_steps}")

    def load_encoder(self, path: Path) -> TransformerEncoder:
        return load_encoder(read_folder(path), EncodeOptions(device=self.options.device, threads=self.options.threads))

    def save(self) -> None:
        """A checkpoint of the position."""
        if self.processes.is_main:
            save_checkpoint(self.run_path, self.position, dict(self.trainee.trainable), self.optimizer.state_dict())

    def export(self, name: str) -> Path:
        """The encoder as it is now, as a folder of the run."""
        training = describe_training(self.recipe, self.position)
        average = self.recipe.average if self.anchor_path is not None else 1.0
        return export_encoder(self.trainee, self.run_path / name, average=average, training=training, anchor=self.anchor_path)

    def teach(self, batch: TrainingBatch, stage: StageRecipe) -> TrainingBatch:
        """The batch with the vectors that the base, pooled by means, gives for its texts."""
        if self.teacher is None:
            folder = replace(read_folder(self.run_path / "start"), pooling="sentence_mean")
            self.teacher = load_encoder(folder, EncodeOptions(device=self.options.device, threads=self.options.threads))
        return replace(batch, targets_VD=teacher_vectors(self.teacher, batch, stage))

    @property
    def anchor_path(self) -> Path | None:
        """The weights that the saved ones are averaged with; None while a `distil` stage, which makes them, is still to end."""
        if not any(stage.kind == "distil" for stage in self.recipe.stages):
            return self.run_path / "start" / "model.safetensors"
        path = self.run_path / ANCHOR_FILE
        return path if path.is_file() else None

    def mined_of(self, index: int, stage: StageRecipe) -> Mined:
        """The stage's hard negatives: mined once, when it begins."""
        if not stage.hard_negatives:
            return {}
        path = self.run_path / f"mined-{index}.npz"
        if not path.is_file() and self.processes.is_main:
            encoder = self.load_encoder(self.export("current"))
            save_mined(path, mine_negatives(self.sets, stage, encoder, self.recipe.seed, lambda name: self.on_note(f"Mining in {name}")))
        self.processes.wait()
        return load_mined(path)

    def measure(self) -> None:
        """Development figures of the encoder as it is; the best one is kept."""
        if not self.processes.is_main or self.dev is None:
            return
        path = self.export("current")
        figures = self.dev.measure(self.load_encoder(path))
        rewind_curve(self.run_path / DEV_FILE, self.position.total_steps - 1)  # of a run that was stopped after it had measured here
        append_to_curve(self.run_path / DEV_FILE, {"total_steps": self.position.total_steps, "stage": self.position.stage, **figures})
        self.on_note(f"step {self.position.total_steps}: dev recall {figures['recall']:.4f} {figures['by_budget']}")
        if figures["recall"] > self.position.best:
            self.position = replace(self.position, best=figures["recall"])
            staging = self.run_path / "best.tmp"
            shutil.rmtree(staging, ignore_errors=True)
            shutil.copytree(path, staging)
            publish_folder(staging, self.run_path / "best")


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
    """Train, or go on training, and give the finished encoder folder `RUN/encoder`: the best on the development sets, without any the last.

    `open_dev` makes the measure of the recipe's development sets. Raises `InterruptedBuildError` after saving when `stop` gives the number
    of a signal, and `UsageError` for data or a folder that do not fit the recipe.
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
        place_encoder(run)
    run.processes.leave()
    return run_path / "encoder"


def run_stage(run: TrainingRun, stage: StageRecipe, stop: Callable[[], int], on_step: OnStep) -> None:
    """The updates of the current stage that are still to be made."""
    index = run.position.stage
    if run.optimizer is None:
        run.optimizer = make_optimizer(run.trainee, stage)
    maker = row_maker(run.load_encoder(run.run_path / "start"), min(stage.window_tokens, run.trainee.folder.window_tokens))
    sampler = Sampler(sets=run.sets, stage=stage, maker=maker, mined=run.mined_of(index, stage))
    saved_at = started = time.monotonic()
    before_s = run.position.elapsed_s
    while stage_progress(stage, run.position.step, run.position.elapsed_s) < 1:
        line = step_once(run, stage, sampler)
        # One clock for all processes, or the stage would end, and the rate fall, earlier in some of them.
        run.position = replace(run.position, elapsed_s=run.processes.largest(before_s + time.monotonic() - started))
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
            raise InterruptedBuildError("Stopped; the run is saved. The same command goes on.", signal_number)
    if stage.kind == "distil" and run.anchor_path is None and run.processes.is_main:
        save_weights(plain_weights(run.trainee), run.run_path / ANCHOR_FILE)
    run.teacher = None  # a second model in memory, of no use to other stages
    run.measure()
    run.position = replace(run.position, stage=index + 1, step=0, elapsed_s=0.0)
    if run.position.stage < len(run.recipe.stages):
        run.optimizer = make_optimizer(run.trainee, run.recipe.stages[run.position.stage])
    run.save()


def step_once(run: TrainingRun, stage: StageRecipe, sampler: Sampler) -> JsonObject:
    """One update; the line of the curve that tells of it."""
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
    if not math.isfinite(norm + update.loss):  # before the weights have it too
        raise UsageError(f"The loss or its gradient is not finite in step {position.total_steps + 1}: try a lower learning_rate.")
    rate = learning_rate_at(stage, stage_progress(stage, position.step + 0.5, position.elapsed_s))
    for group in run.optimizer.param_groups:
        group["lr"] = rate
    run.optimizer.step()
    run.optimizer.zero_grad(set_to_none=True)
    run.position = replace(position, step=position.step + 1, total_steps=position.total_steps + 1)
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


def make_optimizer(trainee: Trainee, stage: StageRecipe) -> Any:
    """AdamW (Loshchilov & Hutter 2019); biases and the scales of layer norms are not decayed."""
    import torch

    matrices = [parameter for _, parameter in trainee.trainable if parameter.ndim > 1]
    others = [parameter for _, parameter in trainee.trainable if parameter.ndim <= 1]
    groups = [{"params": matrices, "weight_decay": stage.weight_decay}, {"params": others, "weight_decay": 0.0}]
    return torch.optim.AdamW([group for group in groups if group["params"]], lr=stage.learning_rate)


def keep_recipe(recipe: Recipe, run_path: Path) -> None:
    """Write the recipe into the run's folder. Raises `UsageError` when another one is there."""
    path = run_path / RECIPE_FILE
    value = json.loads(json.dumps(asdict(recipe)))
    if path.is_file() and json.loads(path.read_text(encoding="ascii")) != value:
        raise UsageError(f"{run_path} holds a run of another recipe, or of an earlier form of this one: give --output another folder.")
    write_json(path, value)


def keep_data(sets: Sequence[TrainingSet], run_path: Path) -> None:
    """Write hashes of the sets into the run's folder. Raises `UsageError` when the run began with other data: its batches and mined
    sentences are numbers of those."""
    path = run_path / DATA_FILE
    value = {one.name: digest_of(one) for one in sets}
    if path.is_file():
        known = json.loads(path.read_text(encoding="ascii"))
        changed = sorted(name for name in known | value if known.get(name) != value.get(name))
        if changed:
            raise UsageError(f"The run in {run_path} began with other data of {', '.join(changed)}: give --output another folder.")
    write_json(path, value)


def sweep_torn(run_path: Path) -> None:
    """Remove what a killed run was writing."""
    for torn in (*run_path.glob("*.tmp"), *run_path.glob("*.old")):
        if torn.is_dir():
            shutil.rmtree(torn, ignore_errors=True)
        else:
            torn.unlink(missing_ok=True)


def describe_training(recipe: Recipe, position: Position) -> JsonObject:
    """What `landmark.json` tells of the training."""
    stages = [{"kind": stage.kind, "alpha": stage.alpha, "tau": stage.tau, "keep": stage.keep} for stage in recipe.stages]
    return {
        "recipe": recipe.name,
        "steps": position.total_steps,
        "stages": stages,
        "sets": sorted(recipe.sets),
        "average": recipe.average,
        "seed": recipe.seed,
    }


def place_encoder(run: TrainingRun) -> None:
    """Put the best encoder at its place; what is only needed while training goes."""
    best = run.run_path / "best"
    target = run.run_path / "encoder"
    if best.is_dir():
        shutil.copytree(best, run.run_path / "encoder.tmp", dirs_exist_ok=True)
        (run.run_path / "encoder.tmp").rename(target)
    else:
        run.export("encoder")
    shutil.rmtree(run.run_path / "current", ignore_errors=True)
