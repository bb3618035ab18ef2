"""Recipe -> encoder folder: training of landmark encoders. The face of the package.

In reading order: `recipe` says what to learn from which data; `training_sets` are the tokenized sets; `sampler` draws a
`training_batch` of `training_rows`, and `label` says which landmarks answer which question; `mine` finds hard negatives
and `teacher` the vectors to stay near. `model` is the model in training, `loss` its loss, `update` the gradients of a
batch. `training_run` is the state of a run, `loop` its stages and updates, `schedule` the learning rate. `checkpoint`
and `run_folder` are the run on disk, `processes` are several GPUs, `export` writes the encoder, `curves` draws the
figures.
"""

from __future__ import annotations

from .curves import draw_curves
from .loop import OnStep, run_training
from .processes import is_main_process
from .recipe import DevRecipe, LoraRecipe, Recipe, SetRecipe, StageRecipe, make_recipe, read_recipe
from .training_run import DevMeasure, OnNote, OpenDev, TrainOptions

__all__ = [
    "DevMeasure",
    "DevRecipe",
    "LoraRecipe",
    "OnNote",
    "OnStep",
    "OpenDev",
    "Recipe",
    "SetRecipe",
    "StageRecipe",
    "TrainOptions",
    "draw_curves",
    "is_main_process",
    "make_recipe",
    "read_recipe",
    "run_training",
]
