"""The loss against its definition in numpy, its gradient, and the schedule of the learning rate."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lmkindex.train import StageRecipe
from lmkindex.train.loss import accuracy, position_aware_loss
from lmkindex.train.schedule import learning_rate_at, stage_progress

Array = npt.NDArray[np.float64]
TAU = 0.07


def make_case(seed: int, num_questions: int, num_landmarks: int, dim: int = 5) -> tuple[Array, Array, Array, npt.NDArray[np.bool_]]:
    """Unit vectors, weights of 1-3 positives a question that sum to 1, and negatives that leave some landmarks out."""
    generator = np.random.default_rng(seed)
    questions_QD, landmarks_ND = generator.standard_normal((num_questions, dim)), generator.standard_normal((num_landmarks, dim))
    weights_QN = np.zeros((num_questions, num_landmarks))
    for weights_N in weights_QN:
        places = generator.permutation(num_landmarks)[: generator.integers(1, 4)]
        weights_N[places] = generator.random(len(places)) + 0.1
    weights_QN /= weights_QN.sum(axis=1, keepdims=True)
    is_negative_QN = (generator.random(weights_QN.shape) < 0.7) & (weights_QN == 0)
    return unit(questions_QD), unit(landmarks_ND), weights_QN, is_negative_QN


def unit(vectors_ND: Array) -> Array:
    normalised_ND: Array = vectors_ND / np.linalg.norm(vectors_ND, axis=1, keepdims=True)
    return normalised_ND


def direct_loss(questions_QD: Array, landmarks_ND: Array, weights_QN: Array, is_negative_QN: npt.NDArray[np.bool_], tau: float) -> float:
    """design.md, "The objective", term by term."""
    losses = []
    for question_D, weights_N, is_negative_N in zip(questions_QD, weights_QN, is_negative_QN, strict=True):
        exponentials_N = np.exp(landmarks_ND @ question_D / tau)
        negatives = exponentials_N[is_negative_N].sum()
        losses.append(
            -sum(
                weight * math.log(exponentials_N[place] / (exponentials_N[place] + negatives))
                for place, weight in enumerate(weights_N)
                if weight
            )
        )
    return float(np.mean(losses))


def tensors(*arrays: object) -> list[torch.Tensor]:
    return [torch.as_tensor(array) for array in arrays]


@settings(max_examples=40)
@given(st.integers(0, 10**6), st.integers(1, 6), st.integers(4, 12), st.sampled_from([0.05, 0.3, 1.0]))
def test_the_loss_is_that_of_its_definition(seed: int, num_questions: int, num_landmarks: int, tau: float) -> None:
    case = make_case(seed, num_questions, num_landmarks)
    loss = position_aware_loss(*tensors(*case), tau)  # type: ignore[call-arg]
    assert float(loss) == pytest.approx(direct_loss(*case, tau), rel=1e-9)


def test_the_gradient_is_that_of_finite_differences() -> None:
    questions_QD, landmarks_ND, weights_QN, is_negative_QN = tensors(*make_case(3, 3, 8))

    def loss(questions_QD: torch.Tensor, landmarks_ND: torch.Tensor) -> torch.Tensor:
        return position_aware_loss(questions_QD, landmarks_ND, weights_QN, is_negative_QN, TAU)

    assert torch.autograd.gradcheck(loss, (questions_QD.requires_grad_(), landmarks_ND.requires_grad_()))


def test_one_positive_among_all_others_is_the_plain_objective() -> None:
    """Cross entropy over all landmarks (paper eq. 2)."""
    questions_QD, landmarks_ND, _, _ = tensors(*make_case(4, 5, 9))
    places = torch.tensor([0, 4, 4, 8, 2])
    weights_QN = torch.nn.functional.one_hot(places, 9).double()
    loss = position_aware_loss(questions_QD, landmarks_ND, weights_QN, weights_QN == 0, TAU)
    torch.testing.assert_close(loss, torch.nn.functional.cross_entropy(questions_QD @ landmarks_ND.T / TAU, places))


def test_other_sentences_of_the_span_and_landmarks_left_out_do_not_count() -> None:
    questions_QD, landmarks_ND, weights_QN, is_negative_QN = tensors(*make_case(5, 1, 6))
    weights_QN = torch.tensor([[0.6, 0.4, 0, 0, 0, 0]], dtype=torch.float64)
    is_negative_QN = torch.tensor([[False, False, True, True, False, False]])
    loss = position_aware_loss(questions_QD, landmarks_ND, weights_QN, is_negative_QN, TAU)
    landmarks_ND[4:] = questions_QD  # as near as can be, but neither positive nor negative
    assert float(position_aware_loss(questions_QD, landmarks_ND, weights_QN, is_negative_QN, TAU)) == float(loss)
    alone = [
        position_aware_loss(questions_QD, landmarks_ND, weights_QN.new_tensor([[*w, 0, 0, 0, 0]]), is_negative_QN, TAU)
        for w in ([1, 0], [0, 1])
    ]
    torch.testing.assert_close(loss, 0.6 * alone[0] + 0.4 * alone[1])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_extreme_similarities_stay_finite(dtype: torch.dtype) -> None:
    question_QD, landmarks_ND = torch.eye(2, dtype=dtype)[:1], torch.tensor([[-1.0, 0], [1, 0], [1, 0]], dtype=dtype)
    questions_QD = question_QD.clone().requires_grad_()
    weights_QN = torch.tensor([[1.0, 0, 0]], dtype=dtype)
    loss = position_aware_loss(questions_QD, landmarks_ND, weights_QN, weights_QN == 0, 0.001)
    loss.backward()
    assert float(loss.detach()) == pytest.approx(2000 + math.log(2), rel=1e-4)
    assert questions_QD.grad is not None and bool(torch.isfinite(questions_QD.grad).all())
    none = position_aware_loss(question_QD, landmarks_ND, weights_QN, torch.zeros(1, 3, dtype=torch.bool), 0.001)
    assert float(none) == 0.0  # without a negative there is nothing to learn


def test_accuracy_is_the_share_whose_best_positive_is_above_every_negative() -> None:
    questions_QD = torch.eye(3)
    landmarks_ND = torch.nn.functional.normalize(torch.tensor([[1.0, 0.2, 0], [0.2, 1.0, 0], [0.5, 0.6, 0.1], [0, 0, 1.0]]), dim=1)
    weights_QN = torch.tensor([[0.5, 0, 0.5, 0], [0, 0, 1.0, 0], [0, 0.5, 0.5, 0]])
    is_negative_QN = torch.tensor([[False, True, False, True], [True, True, False, True], [True, False, False, False]])
    assert accuracy(questions_QD, landmarks_ND, weights_QN, is_negative_QN) == pytest.approx(2 / 3)


# The schedule


def stage(**values: float) -> StageRecipe:
    return StageRecipe(kind="pairs", learning_rate=2.0, **values)  # type: ignore[arg-type]


def test_the_rate_warms_up_and_falls_as_a_cosine_to_zero() -> None:
    one = stage(steps=100, warmup=0.2)
    rates = [learning_rate_at(one, stage_progress(one, step, 0.0)) for step in range(101)]
    np.testing.assert_allclose(rates[1:21], 2.0 * np.arange(1, 21) / 20)
    expected = 1 + np.cos(np.pi * np.arange(81) / 80)
    np.testing.assert_allclose(rates[20:], expected, atol=1e-12)
    assert 0 < rates[0] < rates[1] and rates[-1] == 0


@pytest.mark.parametrize("warmup", [0.0, 0.5, 0.99])
def test_the_rate_is_never_negative_and_ends_at_zero(warmup: float) -> None:
    one = stage(steps=50, warmup=warmup)
    rates = [learning_rate_at(one, stage_progress(one, step, 0.0)) for step in range(51)]
    assert all(0 <= rate <= 2.0 for rate in rates) and max(rates) > 1.9 and rates[-1] == 0


def test_a_stage_can_be_as_long_as_some_minutes() -> None:
    one = stage(minutes=2, warmup=0.1)
    assert [stage_progress(one, 10**6, seconds) for seconds in (0, 30, 60, 120, 500)] == [0, 0.25, 0.5, 1, 1]
    assert learning_rate_at(one, stage_progress(one, 5, 12.0)) == pytest.approx(2.0)
    assert learning_rate_at(one, stage_progress(one, 5, 121.0)) == 0
    by_steps = stage(steps=4)
    assert [stage_progress(by_steps, step, 1e9) for step in (0, 1, 4, 9)] == [0, 0.25, 1, 1]
