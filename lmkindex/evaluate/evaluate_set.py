"""Sets x systems x scopes -> per-question scores and costs, set by set. The loop of an evaluation; encodes through the
cache."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ..config import EVALUATE_QUESTIONS, SearchOptions, require
from ..storage import write_arrays
from .records import BUDGETS_TOKENS, SCOPES, SystemRun
from .scoring import score_rankings
from .systems import System, all_systems
from .workbench import Workbench

OnSystem = Callable[[str, str, str], None]  # set, scope, system


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluateOptions:
    """What is compared and how. `max_questions` per set are drawn with `seed`; 0 means all."""

    systems: tuple[System, ...] = field(default_factory=lambda: tuple(all_systems()))
    scopes: tuple[str, ...] = SCOPES
    budgets_tokens: tuple[int, ...] = BUDGETS_TOKENS
    main_budget_tokens: int = SearchOptions().budget_tokens
    max_questions: int = EVALUATE_QUESTIONS
    seed: int = 0

    def __post_init__(self) -> None:
        require(bool(self.systems), "Name at least one system.")
        require(bool(self.scopes) and set(self.scopes) <= set(SCOPES), f"A scope is one of: {', '.join(SCOPES)}.")
        require(all(budget > 0 for budget in self.budgets_tokens), "Budgets must be positive numbers of tokens.")
        require(self.main_budget_tokens in self.budgets_tokens, "The main budget must be one of the budgets.")
        require(self.max_questions >= 0, "The number of questions must not be negative.")


@dataclass(frozen=True, slots=True, kw_only=True)
class SetResult:
    """All runs over one set. `question_ids` are in the order of every run's scores; the questions were drawn from
    `num_in_file`."""

    name: str
    num_documents: int
    num_tokens: int
    num_in_file: int
    question_ids: tuple[str, ...]
    runs: tuple[SystemRun, ...]


def evaluate_set(bench: Workbench, options: EvaluateOptions, on_step: OnSystem | None = None, *, num_in_file: int = 0) -> SetResult:
    """Rank and score every system in every scope."""
    runs = []
    for scope in sorted(options.scopes):  # corpus first: that scope is timed
        for system in options.systems:
            if on_step is not None:
                on_step(bench.name, scope, system.name)
            rankings = bench.rank(system, scope)
            scores = score_rankings(bench.corpus, rankings, bench.evidences, options.budgets_tokens)
            runs.append(SystemRun(name=system.name, scope=scope, scores=scores, cost=bench.cost(system)))
    return SetResult(
        name=bench.name,
        num_documents=len(bench.corpus.texts),
        num_tokens=bench.corpus.num_tokens,
        num_in_file=num_in_file or len(bench.questions),
        question_ids=tuple(question.question_id for question in bench.questions),
        runs=tuple(runs),
    )


def save_questions(folder: Path, result: SetResult, options: EvaluateOptions) -> None:
    """Write every system's recall of every question to `questions/SET.npz`: later paired comparisons need it."""
    arrays: dict[str, Any] = {f"{run.scope}/{run.name}": run.scores.recall_QB for run in result.runs}
    arrays |= {"question_ids": np.asarray(result.question_ids), "budgets_tokens": np.asarray(options.budgets_tokens)}
    write_arrays(folder / f"{result.name}.npz", compressed=True, **arrays)
