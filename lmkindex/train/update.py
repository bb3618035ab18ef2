"""A batch -> gradients. All landmarks of the batch meet in one loss, whatever fits into memory at a time.

Rows go through the model in micro-batches of few padded shapes. The loss is taken on their vectors alone; its gradients are then carried
back through each micro-batch (gradient caching: Gao et al. 2021, arXiv 2101.06983). With `gradient_cache` a micro-batch is run again for
that, without it its graph was kept: the same numbers, more memory, less time. On a CPU micro-batches run side by side, one thread each.
Shapes: V vectors of a batch (landmarks and questions), N landmarks, Q questions, D dimensions.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..encoder.batches import plan_batches
from ..encoder.transformer import num_cores, use_one_thread
from ..records import Row
from .loss import accuracy, distillation_loss, position_aware_loss
from .model import Trainee, forward
from .recipe import Recipe, StageRecipe
from .training_batch import TrainingBatch

if TYPE_CHECKING:
    import torch

    Gradients = list[torch.Tensor | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """What a batch gave: gradients in the order of `Trainee.trainable` (None: the parameter had no part), and figures for the curve."""

    gradients: list[Any]
    loss: float
    drift: float  # the distillation loss, 0 without a teacher
    accuracy: float
    num_questions: int
    num_landmarks: int
    num_tokens: int


def make_workers(device: str, threads: int) -> ThreadPoolExecutor:
    """Threads for micro-batches: one core each on a CPU, a single one elsewhere."""
    num_workers = (threads or num_cores()) if device == "cpu" else 1
    return ThreadPoolExecutor(num_workers, "lmkindex-train", initializer=use_one_thread, initargs=(device,))


def compute_update(trainee: Trainee, batch: TrainingBatch, stage: StageRecipe, recipe: Recipe, workers: ThreadPoolExecutor) -> Update:
    """The gradients of the batch's loss."""
    import torch

    rows = (*batch.rows, *batch.question_rows)
    plans = plan_batches([len(row.ids_T) for row in rows], batch_tokens=recipe.micro_batch_tokens, window_tokens=recipe.window_tokens)
    micros = [([rows[index] for index in plan.indices], plan.num_columns) for plan in plans]
    keeps_graphs = not recipe.gradient_cache

    def run(micro: tuple[Sequence[Row], int], *, with_graph: bool) -> torch.Tensor:
        with gradients_on(with_graph):
            return forward(trainee, *micro)

    # 1. every vector of the batch
    graphs = list(workers.map(lambda micro: run(micro, with_graph=keeps_graphs), micros))
    vectors_VD = torch.cat([graph.detach() for graph in graphs]).requires_grad_()
    # 2. the loss on the vectors alone
    order = landmark_order(rows, [plan.indices for plan in plans])
    num_landmarks = len(batch.places)
    unit_VD = torch.nn.functional.normalize(vectors_VD, dim=1)[torch.as_tensor(order, device=vectors_VD.device)]
    landmarks_ND, questions_QD = unit_VD[:num_landmarks], unit_VD[num_landmarks:]
    weights_QN = torch.from_numpy(batch.weights_QN).to(vectors_VD.device)
    is_negative_QN = torch.from_numpy(batch.is_negative_QN).to(vectors_VD.device)
    loss = vectors_VD.new_zeros(())
    if stage.kind != "distil":
        loss = loss + position_aware_loss(questions_QD, landmarks_ND, weights_QN, is_negative_QN, stage.tau)
    kept = None
    if batch.targets_VD is not None:
        kept = distillation_loss(unit_VD, torch.from_numpy(batch.targets_VD).to(vectors_VD.device))
        loss = loss + (1.0 if stage.kind == "distil" else stage.keep) * kept
    loss.backward()
    assert vectors_VD.grad is not None
    parts = vectors_VD.grad.split([len(graph) for graph in graphs])
    # 3. back through each micro-batch; each worker adds up its own, then the workers' sums are added in order: the same sum every time
    parameters = [parameter for _, parameter in trainee.trainable]

    def carry_back(indices: range) -> Gradients:
        total: Gradients = [None] * len(parameters)
        for index in indices:
            vectors = graphs[index] if keeps_graphs else run(micros[index], with_graph=True)
            add_gradients(total, torch.autograd.grad(vectors, parameters, parts[index], allow_unused=True))
            graphs[index] = vectors.detach()  # frees the graph
        return total

    num_workers = workers._max_workers
    gradients: Gradients = [None] * len(parameters)
    for total in workers.map(carry_back, [range(first, len(micros), num_workers) for first in range(num_workers)]):
        add_gradients(gradients, total)
    return Update(
        gradients=gradients,
        loss=float(loss.detach()),
        drift=float(kept.detach()) if kept is not None else 0.0,
        accuracy=accuracy(questions_QD.detach(), landmarks_ND.detach(), weights_QN, is_negative_QN),
        num_questions=len(batch.asked),
        num_landmarks=num_landmarks,
        num_tokens=batch.num_tokens,
    )


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
