"""A batch -> gradients. All landmarks of the batch share one loss, however little fits into memory at a time.

Rows go through the model in micro-batches of a few padded shapes. The loss is computed on their vectors alone; its
gradients are then carried back through each micro-batch (gradient caching: Gao et al. 2021, arXiv 2101.06983). With
`gradient_cache` each micro-batch runs again for that; without it, its graph is kept: the same numbers, more memory,
less time. On a CPU, micro-batches run in parallel, one thread each. Shapes: V vectors of a batch (landmarks and
questions), N landmarks, Q questions, D dimensions.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..encoder.batches import plan_batches
from ..encoder.transformer import num_cores, use_one_thread
from ..token_records import Row
from .loss import accuracy, distillation_loss, position_aware_loss
from .model import Trainee, forward
from .recipe import Recipe, StageRecipe
from .training_batch import TrainingBatch

if TYPE_CHECKING:
    import torch

    Gradients = list[torch.Tensor | None]
    MicroBatch = tuple[Sequence[Row], int]  # its rows and the padded length of each


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """The result of a batch: gradients in the order of `Trainee.trainable` (None: the parameter was not used), and
    figures for the curve."""

    gradients: list[Any]
    loss: float
    drift: float  # the distillation loss, 0 without a teacher
    accuracy: float
    num_questions: int
    num_landmarks: int
    num_tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchLoss:
    """The loss of a batch's vectors, with its graph, and figures for the curve."""

    total: torch.Tensor
    drift: float
    accuracy: float


def make_workers(device: str, threads: int) -> ThreadPoolExecutor:
    """Threads for micro-batches: one per core on a CPU, a single thread elsewhere."""
    num_workers = (threads or num_cores()) if device == "cpu" else 1
    return ThreadPoolExecutor(num_workers, "lmkindex-train", initializer=use_one_thread, initargs=(device,))


def compute_update(trainee: Trainee, batch: TrainingBatch, stage: StageRecipe, recipe: Recipe, workers: ThreadPoolExecutor) -> Update:
    """The gradients of the batch's loss."""
    import torch

    rows = (*batch.rows, *batch.question_rows)
    plans = plan_batches([len(row.ids_T) for row in rows], batch_tokens=recipe.micro_batch_tokens, window_tokens=recipe.window_tokens)
    micros = [([rows[index] for index in plan.indices], plan.num_columns) for plan in plans]
    keeps_graphs = not recipe.gradient_cache
    # 1. all vectors of the batch
    graphs = list(workers.map(lambda micro: forward_micro(trainee, micro, with_graph=keeps_graphs), micros))
    vectors_VD = torch.cat([graph.detach() for graph in graphs]).requires_grad_()
    # 2. the loss on the vectors alone
    order = landmark_order(rows, [plan.indices for plan in plans])
    unit_VD = torch.nn.functional.normalize(vectors_VD, dim=1)[torch.as_tensor(order, device=vectors_VD.device)]
    loss = measure_loss(unit_VD, batch, stage)
    loss.total.backward()
    assert vectors_VD.grad is not None
    parts = vectors_VD.grad.split([len(graph) for graph in graphs])
    # 3. back through each micro-batch
    gradients = carry_back(trainee, micros, graphs, parts, workers, keeps_graphs=keeps_graphs)
    return Update(
        gradients=gradients,
        loss=float(loss.total.detach()),
        drift=loss.drift,
        accuracy=loss.accuracy,
        num_questions=len(batch.asked),
        num_landmarks=len(batch.places),
        num_tokens=batch.num_tokens,
    )


def forward_micro(trainee: Trainee, micro: MicroBatch, *, with_graph: bool) -> torch.Tensor:
    """The vectors of a micro-batch, not normalised."""
    with gradients_on(with_graph):
        return forward(trainee, *micro)


def measure_loss(unit_VD: torch.Tensor, batch: TrainingBatch, stage: StageRecipe) -> BatchLoss:
    """The loss of normalised vectors: the landmarks' first, then the questions'."""
    import torch

    landmarks_ND, questions_QD = unit_VD[: len(batch.places)], unit_VD[len(batch.places) :]
    weights_QN = torch.from_numpy(batch.weights_QN).to(unit_VD.device)
    is_negative_QN = torch.from_numpy(batch.is_negative_QN).to(unit_VD.device)
    total, drift = unit_VD.new_zeros(()), 0.0
    if stage.kind != "distil":
        total = total + position_aware_loss(questions_QD, landmarks_ND, weights_QN, is_negative_QN, stage.tau)
    if batch.targets_VD is not None:
        kept = distillation_loss(unit_VD, torch.from_numpy(batch.targets_VD).to(unit_VD.device))
        total = total + (1.0 if stage.kind == "distil" else stage.keep) * kept
        drift = float(kept.detach())
    best = accuracy(questions_QD.detach(), landmarks_ND.detach(), weights_QN, is_negative_QN)
    return BatchLoss(total=total, drift=drift, accuracy=best)


def carry_back(
    trainee: Trainee,
    micros: Sequence[MicroBatch],
    graphs: list[torch.Tensor],
    parts: Sequence[torch.Tensor],
    workers: ThreadPoolExecutor,
    *,
    keeps_graphs: bool,
) -> Gradients:
    """The parameters' gradients, from the gradients of each micro-batch's vectors, `parts`. Frees the graphs on the
    way.

    Each worker adds up its own micro-batches, then the workers' sums are added in order, so the total is always the
    same.
    """
    import torch

    parameters = [parameter for _, parameter in trainee.trainable]

    def carry_some(indices: range) -> Gradients:
        total: Gradients = [None] * len(parameters)
        for index in indices:
            vectors = graphs[index] if keeps_graphs else forward_micro(trainee, micros[index], with_graph=True)
            add_gradients(total, torch.autograd.grad(vectors, parameters, parts[index], allow_unused=True))
            graphs[index] = vectors.detach()  # frees the graph
        return total

    num_workers = workers._max_workers
    gradients: Gradients = [None] * len(parameters)
    for total in workers.map(carry_some, [range(first, len(micros), num_workers) for first in range(num_workers)]):
        add_gradients(gradients, total)
    return gradients


def gradients_on(is_on: bool) -> AbstractContextManager[Any]:
    import torch

    return torch.enable_grad() if is_on else torch.no_grad()


def add_gradients(total: list[Any], gradients: Sequence[Any]) -> None:
    """Add `gradients` to `total` in place."""
    for index, gradient in enumerate(gradients):
        if gradient is not None:
            total[index] = gradient if total[index] is None else total[index].add_(gradient)


def landmark_order(rows: Sequence[Row], planned: Sequence[Sequence[int]]) -> list[int]:
    """Where the vectors of row 0, row 1, ... stand among those of the planned rows, end to end."""
    places: dict[int, range] = {}
    first = 0
    for index in (index for indices in planned for index in indices):
        places[index] = range(first, first + len(rows[index].starts))
        first += len(rows[index].starts)
    return [place for index in range(len(rows)) for place in places[index]]
