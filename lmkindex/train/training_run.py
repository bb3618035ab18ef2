"""A run in memory: the model in training, its optimizer, the sets, and how far it has come.

Takes a recipe, the data and the run's folder, and resumes from the folder's checkpoint. Saves, exports and measures the
encoder as it is; `loop` decides when.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from ..config import EncodeOptions
from ..encoder import Encoder, TransformerEncoder, load_encoder, read_folder
from ..errors import UsageError
from ..records import JsonObject
from .checkpoint import Position, append_to_curve, load_checkpoint, rewind_curve, save_checkpoint
from .export import export_encoder, plain_weights, save_weights
from .mine import load_mined, mine_negatives, save_mined
from .model import Trainee, load_trainee, prepare_start
from .processes import Processes, find_processes
from .recipe import DevRecipe, Recipe, StageRecipe
from .run_folder import ANCHOR_FILE, CURVE_FILE, DEV_FILE, keep_best, keep_data, keep_recipe, sweep_torn
from .sampler import Mined
from .teacher import teacher_vectors
from .training_batch import TrainingBatch
from .training_sets import TrainingSet, load_sets
from .update import make_workers

OnNote = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainOptions:
    """How a run is carried out. Affects only the rounding of what is learnt. `threads=0` uses every core."""

    device: str = "auto"
    threads: int = 0


class DevMeasure(Protocol):
    """How good an encoder is so far, by the caller's measure (`evaluate/dev.py` has the usual one)."""

    def measure(self, encoder: Encoder) -> JsonObject:
        """`recall`, 0..1, which decides the best encoder, and its parts: `by_budget`, `by_set`."""


OpenDev = Callable[[Path, DevRecipe, Encoder, int], DevMeasure]  # data folder, [dev] of the recipe, the untrained encoder, seed


class TrainingRun:
    """A run in memory. Invariant: `position` counts the updates that `trainee` and `optimizer` have had."""

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
            raise UsageError("The recipe names development sets: pass `open_dev`, or leave `sets` of [dev] empty.")
        self.dev = open_dev(data_path, recipe.dev, encoder, recipe.seed) if open_dev is not None and recipe.dev.sets else None
        self.trainee: Trainee = load_trainee(folder, recipe.lora, options.device, recipe.seed)
        self.workers: ThreadPoolExecutor = make_workers(self.trainee.device, options.threads)
        self.position = Position()
        self.optimizer: Any = None
        self.teacher: TransformerEncoder | None = None
        self.restore()

    def restore(self) -> None:
        """Go back to the checkpoint, or to the beginning. Curve lines of later steps are dropped, because those steps
        will run again."""
        found = load_checkpoint(self.run_path)
        if self.processes.is_main:
            sweep_torn(self.run_path)
            total_steps = found[0].total_steps if found is not None else 0
            rewind_curve(self.run_path / CURVE_FILE, total_steps)
            rewind_curve(self.run_path / DEV_FILE, total_steps)
            if not any(stage.kind == "distil" for stage in self.recipe.stages[: found[0].stage if found is not None else 0]):
                (self.run_path / ANCHOR_FILE).unlink(missing_ok=True)  # left by a distil stage that will run to its end again
        if found is None:
            return
        position, weights, optimizer_state = found
        if self.trainee.model.load_state_dict(weights, strict=False).unexpected_keys:
            raise UsageError(f"The checkpoint in {self.run_path} has different weights from the model: remove the folder and train again.")
        self.position = position
        if position.stage < len(self.recipe.stages):
            self.optimizer = make_optimizer(self.trainee, self.recipe.stages[position.stage])
            self.optimizer.load_state_dict(optimizer_state)
        self.on_note(f"Continuing from step {position.total_steps}")

    def load_encoder(self, path: Path) -> TransformerEncoder:
        return load_encoder(read_folder(path), EncodeOptions(device=self.options.device, threads=self.options.threads))

    def save(self) -> None:
        """Write a checkpoint of the position."""
        if self.processes.is_main:
            save_checkpoint(self.run_path, self.position, dict(self.trainee.trainable), self.optimizer.state_dict())

    def export(self, name: str) -> Path:
        """Write the encoder as it is now to a folder of the run."""
        training = describe_training(self.recipe, self.position)
        average = self.recipe.average if self.anchor_path is not None else 1.0
        return export_encoder(self.trainee, self.run_path / name, average=average, training=training, anchor=self.anchor_path)

    def teach(self, batch: TrainingBatch, stage: StageRecipe) -> TrainingBatch:
        """The batch with the base's vectors of its texts, pooled by means."""
        if self.teacher is None:
            folder = replace(read_folder(self.run_path / "start"), pooling="sentence_mean")
            self.teacher = load_encoder(folder, EncodeOptions(device=self.options.device, threads=self.options.threads))
        return replace(batch, targets_VD=teacher_vectors(self.teacher, batch, stage))

    @property
    def anchor_path(self) -> Path | None:
        """The weights that the saved weights are averaged with; None until the `distil` stage that makes them has
        finished."""
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
        rewind_curve(self.run_path / DEV_FILE, self.position.total_steps - 1)  # the run may have stopped after measuring here
        append_to_curve(self.run_path / DEV_FILE, {"total_steps": self.position.total_steps, "stage": self.position.stage, **figures})
        self.on_note(f"step {self.position.total_steps}: dev recall {figures['recall']:.4f} {figures['by_budget']}")
        if figures["recall"] > self.position.best:
            self.position = replace(self.position, best=figures["recall"])
            keep_best(path, self.run_path)

    def begin_stage(self, stage: StageRecipe) -> None:
        """Make the optimizer of the first stage; each later stage gets its own when the stage before it ends."""
        if self.optimizer is None:
            self.optimizer = make_optimizer(self.trainee, stage)

    def count_step(self) -> None:
        """Count one more update of the weights."""
        self.position = replace(self.position, step=self.position.step + 1, total_steps=self.position.total_steps + 1)

    def set_clock(self, elapsed_s: float) -> None:
        """Set the seconds of the stage. All processes share one clock, or the stage would end, and the learning rate
        fall, earlier in some of them."""
        self.position = replace(self.position, elapsed_s=self.processes.largest(elapsed_s))

    def end_stage(self, stage: StageRecipe) -> None:
        """Measure, go to the next stage with its own optimizer, save."""
        if stage.kind == "distil" and self.anchor_path is None and self.processes.is_main:
            save_weights(plain_weights(self.trainee), self.run_path / ANCHOR_FILE)
        self.teacher = None  # a second model in memory; no other stage needs it
        self.measure()
        self.position = replace(self.position, stage=self.position.stage + 1, step=0, elapsed_s=0.0)
        if self.position.stage < len(self.recipe.stages):
            self.optimizer = make_optimizer(self.trainee, self.recipe.stages[self.position.stage])
        self.save()

    def place_encoder(self) -> None:
        """Put the best encoder at `RUN/encoder`, or the last one if there are no development sets. Remove what only
        training needs."""
        best = self.run_path / "best"
        target = self.run_path / "encoder"
        if best.is_dir():
            shutil.copytree(best, self.run_path / "encoder.tmp", dirs_exist_ok=True)
            (self.run_path / "encoder.tmp").rename(target)
        else:
            self.export("encoder")
        shutil.rmtree(self.run_path / "current", ignore_errors=True)


def make_optimizer(trainee: Trainee, stage: StageRecipe) -> Any:
    """AdamW (Loshchilov & Hutter 2019), without weight decay on biases and layer-norm scales."""
    import torch

    matrices = [parameter for _, parameter in trainee.trainable if parameter.ndim > 1]
    others = [parameter for _, parameter in trainee.trainable if parameter.ndim <= 1]
    groups = [{"params": matrices, "weight_decay": stage.weight_decay}, {"params": others, "weight_decay": 0.0}]
    return torch.optim.AdamW([group for group in groups if group["params"]], lr=stage.learning_rate)


def describe_training(recipe: Recipe, position: Position) -> JsonObject:
    """What `landmark.json` says about the training."""
    stages = [{"kind": stage.kind, "alpha": stage.alpha, "tau": stage.tau, "keep": stage.keep} for stage in recipe.stages]
    return {
        "recipe": recipe.name,
        "steps": position.total_steps,
        "stages": stages,
        "sets": sorted(recipe.sets),
        "average": recipe.average,
        "seed": recipe.seed,
    }
