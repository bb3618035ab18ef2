"""The records of one update: rows of tokens with landmarks, questions, and which landmark answers which question."""

from __future__ import annotations

from dataclasses import dataclass

from ..records import BoolArray, Float32Array
from ..token_records import Row


@dataclass(frozen=True, slots=True, kw_only=True)
class LandmarkPlace:
    """What a landmark of a batch stands for: sentences `[first, end)` of a set."""

    set_index: int
    first: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question of a batch."""

    set_index: int
    question: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingBatch:
    """Q questions and N landmarks of B rows. `weights_QN` are the position-aware weights of the positives, each row
    summing to 1; `is_negative_QN` are the landmarks that count against the question. `places` and the rows' landmarks
    have the same order.

    In a stage with a teacher, `targets_VD` are the normalised vectors that the landmarks, then the questions, should
    have or stay near. They are the base's vectors for `teacher_rows`, the same texts without landmarks.
    """

    rows: tuple[Row, ...]
    places: tuple[LandmarkPlace, ...]
    question_rows: tuple[Row, ...]
    asked: tuple[Asked, ...]
    weights_QN: Float32Array
    is_negative_QN: BoolArray
    teacher_rows: tuple[Row, ...] = ()
    targets_VD: Float32Array | None = None

    @property
    def num_tokens(self) -> int:
        return sum(len(row.ids_T) for row in (*self.rows, *self.question_rows))
