"""How far a stage is, and the learning rate there."""

from __future__ import annotations

import math

from .recipe import StageRecipe


def stage_progress(stage: StageRecipe, step: float, elapsed_s: float) -> float:
    """The share of the stage that is done, 0..1: by steps, or by wall time."""
    done = step / stage.steps if stage.steps else elapsed_s / (60 * stage.minutes)
    return min(done, 1.0)


def learning_rate_at(stage: StageRecipe, progress: float) -> float:
    """Linear warm-up over the share `warmup` of the stage, then a cosine to zero (Loshchilov & Hutter 2017, eq. 5)."""
    if progress < stage.warmup:
        return stage.learning_rate * max(progress / stage.warmup, 0.01)
    return stage.learning_rate * 0.5 * (1 + math.cos(math.pi * (progress - stage.warmup) / (1 - stage.warmup)))
