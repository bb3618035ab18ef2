"""Similarities and labels -> the position-aware loss. Q questions, N landmarks, D dimensions."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def position_aware_loss(
    questions_QD: torch.Tensor, landmarks_ND: torch.Tensor, weights_QN: torch.Tensor, is_negative_QN: torch.Tensor, tau: float
) -> torch.Tensor:
    """`L = - sum_i (w_i / sum w) * log softmax_i(E_q . LE / tau)`, the mean over questions (paper §3.3, eq. 4, in the
    form of design.md, "The objective").

    Vectors are normalised. Each positive's softmax runs over itself and the question's negatives, never over the span's
    other sentences. With `alpha = 0` in the weights, this is the plain objective (paper eq. 2).
    """
    import torch.nn.functional as F  # noqa: N812

    scores_QN = questions_QD @ landmarks_ND.T / tau
    against_Q1 = scores_QN.masked_fill(~is_negative_QN, -1e9).logsumexp(dim=1, keepdim=True)
    losses_QN = F.softplus(against_Q1 - scores_QN)  # -log(e^s / (e^s + sum of negatives))
    return (weights_QN * losses_QN).sum(dim=1).mean()


def distillation_loss(vectors_VD: torch.Tensor, targets_VD: torch.Tensor) -> torch.Tensor:
    """`1 - cosine`, the mean over vectors; both are normalised."""
    return (1 - (vectors_VD * targets_VD).sum(dim=1)).mean()


def accuracy(questions_QD: torch.Tensor, landmarks_ND: torch.Tensor, weights_QN: torch.Tensor, is_negative_QN: torch.Tensor) -> float:
    """The share of questions whose best positive is above every negative."""
    scores_QN = questions_QD @ landmarks_ND.T
    best_Q = scores_QN.masked_fill(weights_QN == 0, -2).amax(dim=1)
    return float((best_Q > scores_QN.masked_fill(~is_negative_QN, -2).amax(dim=1)).float().mean())
