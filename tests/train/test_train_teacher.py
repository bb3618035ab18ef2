"""What a `distil` stage teaches: targets against a slow, plain computation of the same."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from train_tools import make_sampler

from lmkindex.encoder import FakeEncoder, normalise
from lmkindex.records import Float32Array, Int32Array
from lmkindex.train.teacher import sum_neighbours, teacher_vectors

WEIGHT_AT = {0: 1.0, 1: 1.0, 2: 0.5}  # of a neighbour, by its distance in sentences


def mean_of(teacher: FakeEncoder, ids_T: Int32Array) -> Float32Array:
    (mean_D,) = normalise(teacher.table[ids_T].mean(axis=0, keepdims=True))
    return np.asarray(mean_D, dtype=np.float32)


def test_a_target_is_the_sum_of_three_views_and_questions_keep_the_base_vector() -> None:
    sampler = make_sampler("distil", batch_tokens=1500, teacher_isolated=0.4, teacher_near=0.9)
    batch, teacher = sampler.draw((3,)), FakeEncoder()
    targets_VD = teacher_vectors(teacher, batch, sampler.stage)
    in_windows_VD = normalise(np.concatenate(teacher.encode_rows(batch.teacher_rows)))
    num_landmarks, index, num_joins = len(batch.places), 0, 0
    assert targets_VD.shape == in_windows_VD.shape and len(batch.rows) > 1
    for row in batch.rows:
        alone = [mean_of(teacher, row.ids_T[start:end]) for start, end in zip(row.starts, row.ends, strict=True)]
        places = batch.places[index : index + len(alone)]
        passages = [0]
        for one, other in pairwise(places):
            passages.append(passages[-1] + ((other.set_index, other.first) != (one.set_index, one.end)))
        num_joins += passages[-1]
        for place, alone_D in enumerate(alone):
            near = [other for other in range(len(alone)) if abs(other - place) in WEIGHT_AT and passages[other] == passages[place]]
            near_D = np.sum([WEIGHT_AT[abs(other - place)] * alone[other] for other in near], axis=0)
            expected_D = in_windows_VD[index] + 0.4 * alone_D + 0.9 * near_D / np.linalg.norm(near_D)
            np.testing.assert_allclose(targets_VD[index], expected_D / np.linalg.norm(expected_D), atol=1e-5)
            index += 1
    assert index == num_landmarks and num_joins > 1  # passages of packed sets, which are no neighbours
    np.testing.assert_array_equal(targets_VD[num_landmarks:], in_windows_VD[num_landmarks:])


def test_without_shares_the_target_is_the_vector_in_the_window() -> None:
    sampler = make_sampler("distil", batch_tokens=1500)
    batch, teacher = sampler.draw((3,)), FakeEncoder()
    expected_VD = normalise(np.concatenate(teacher.encode_rows(batch.teacher_rows)))
    np.testing.assert_array_equal(teacher_vectors(teacher, batch, sampler.stage), expected_VD)


@pytest.mark.parametrize("num_sentences", [1, 2, 3])
def test_neighbours_end_with_the_row(num_sentences: int) -> None:
    ones_ND = np.ones((num_sentences, 2), dtype=np.float32)
    assert sum_neighbours(ones_ND)[:, 0].tolist() == {1: [1.0], 2: [2.0, 2.0], 3: [2.5, 3.0, 2.5]}[num_sentences]
