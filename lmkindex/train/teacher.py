"""A batch -> the vectors that a `distil` stage teaches: the untrained base's views of a sentence, as one vector.

The base gives a sentence's mean in its window, its mean alone, and the means of its neighbours, each alone. Their sum
finds more than any of them (docs/log.md). A landmark can learn it, because it sees all of that text. Knows no gradient.
Shapes: N landmarks, V vectors (landmarks, then questions), D dimensions.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from ..encoder import Encoder, normalise
from ..records import Float32Array
from ..token_records import Row
from .recipe import StageRecipe
from .training_batch import LandmarkPlace, TrainingBatch
from .training_rows import make_training_row, row_maker

NEIGHBOURS = ((-2, 0.5), (-1, 1.0), (1, 1.0), (2, 0.5))  # distance in sentences, weight


def teacher_vectors(teacher: Encoder, batch: TrainingBatch, stage: StageRecipe) -> Float32Array:
    """Normalised targets [V, D] of `batch.teacher_rows`, which end with the questions; a question's target is the
    base's own vector."""
    in_windows_VD = normalise(np.concatenate(teacher.encode_rows(batch.teacher_rows)))
    if not stage.teacher_isolated and not stage.teacher_near:
        return in_windows_VD
    num_landmarks = len(batch.places)
    alone_ND = normalise(np.concatenate(teacher.encode_rows(isolated_rows(teacher, batch.rows))))
    near_ND = np.concatenate([sum_neighbours(part_ND) for part_ND in np.split(alone_ND, joins_of(batch.places, batch.rows))])
    targets_ND = in_windows_VD[:num_landmarks] + stage.teacher_isolated * alone_ND + stage.teacher_near * normalise(near_ND)
    return np.concatenate([normalise(targets_ND), in_windows_VD[num_landmarks:]])


def isolated_rows(teacher: Encoder, rows: Sequence[Row]) -> list[Row]:
    """A row for each landmark's sentence alone."""
    maker = row_maker(teacher, teacher.folder.window_tokens)
    return [make_training_row(maker, [row.ids_T[start:end]]) for row in rows for start, end in zip(row.starts, row.ends, strict=True)]


def joins_of(places: Sequence[LandmarkPlace], rows: Sequence[Row]) -> list[int]:
    """Landmarks that do not continue from the landmark before: the first of a row, or of another passage."""
    row_starts = set(np.cumsum([len(row.starts) for row in rows]).tolist())
    is_join = [one.set_index != other.set_index or one.first != other.end for other, one in pairwise(places)]
    return [index for index, joins in enumerate(is_join, start=1) if joins or index in row_starts]


def sum_neighbours(alone_ND: Float32Array) -> Float32Array:
    """Each sentence of a passage with those before and after it."""
    sums_ND = alone_ND.copy()
    for distance, weight in NEIGHBOURS:
        if abs(distance) >= len(alone_ND):
            continue
        to, of = (slice(None, -distance), slice(distance, None)) if distance > 0 else (slice(-distance, None), slice(None, distance))
        sums_ND[to] += np.float32(weight) * alone_ND[of]
    return sums_ND
