"""Which landmarks of a batch answer which question, with what weight, and which other landmarks count as negatives.

Positives: landmarks whose sentences touch a run of the question. Their weights are `exp(-alpha * i)`, i = sentences
back from the run's last one, divided by their sum (design.md, "The objective", after the paper's position-aware one).
These are not negatives: positives, sentences that hold the question's answer string, and sentences that answer another
question with the same words.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..records import BoolArray, Float32Array
from .training_batch import Asked, LandmarkPlace
from .training_sets import TrainingSet, holds_answer


def label_questions(
    sets: Sequence[TrainingSet], places: Sequence[LandmarkPlace], asked: Sequence[Asked], alpha: float
) -> tuple[Float32Array, BoolArray]:
    """`weights_QN` and `is_negative_QN` (see `TrainingBatch`). A question without a landmark in the batch has a row of
    zeros."""
    sets_N = np.asarray([place.set_index for place in places])
    firsts_N = np.asarray([place.first for place in places])
    lasts_N = np.asarray([place.end - 1 for place in places])
    texts = [landmark_text(sets[place.set_index], place) for place in places]
    weights_QN = np.zeros((len(asked), len(places)), dtype=np.float32)
    is_negative_QN = np.ones((len(asked), len(places)), dtype=np.bool_)
    for index, one in enumerate(asked):
        question = sets[one.set_index].questions[one.question]
        for first, last in question.runs:
            touches_N = (sets_N == one.set_index) & (firsts_N <= last) & (lasts_N >= first)
            weights_N = np.where(touches_N, np.exp(-alpha * np.maximum(last - lasts_N, 0)), 0)
            weights_QN[index] = np.maximum(weights_QN[index], weights_N)
        for answer in question.answers:
            is_negative_QN[index] &= np.asarray([not holds_answer(text, answer) for text in texts])
        for set_index in set(sets_N.tolist()):
            runs_R2 = sets[set_index].runs_of_text.get(question.text.lower())
            if runs_R2 is not None:
                touches_RN = (firsts_N <= runs_R2[:, 1:]) & (lasts_N >= runs_R2[:, :1])
                is_negative_QN[index] &= ~((sets_N == set_index) & touches_RN.any(axis=0))
    sums_Q1 = weights_QN.sum(axis=1, keepdims=True)
    return weights_QN / np.where(sums_Q1 > 0, sums_Q1, 1), is_negative_QN


def landmark_text(one: TrainingSet, place: LandmarkPlace) -> str:
    """The text that a landmark stands for, in lower case."""
    return one.text[one.sentence_starts_S[place.first] : one.sentence_ends_S[place.end - 1]].lower()
