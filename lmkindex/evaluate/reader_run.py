"""Rankings -> passages of equal budget -> answers -> the reader part of `results.json`: systems compared by a model's
answers.

Passages are gathered while the sets' workbenches are open; the generator is opened afterwards, because vLLM changes
torch's global state.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..config import AnswerOptions, SearchOptions, require
from ..generate import Generator
from ..records import JsonObject
from ..search import SearchResult
from .bootstrap import intervals, macro_means, resample_macro
from .reader_answers import ReaderScores, make_spans, read_answers
from .records import Float64Array, Ranking
from .results import DECIMALS, MACRO, rounded_values
from .scoring import take_tokens
from .systems import REFERENCE, System
from .workbench import Workbench

READER_SYSTEMS = (
    *("bm25-context", "chunk-128", "chunk-256", "chunk-128+bm25", "isolated", "isolated-window-1"),
    *("landmark-1", "landmark-3", "landmark-auto", "landmark-auto+bm25", "landmark-auto+bm25-context"),
)
OnAnswers = Callable[[str, str, int, int], None]  # set, system, prompts answered, prompts in all


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderOptions:
    """`num_questions` per set (0: no reader evaluation), and the tokens of context that each answer gets."""

    num_questions: int = 0
    budget_tokens: int = SearchOptions().budget_tokens
    systems: tuple[str, ...] = READER_SYSTEMS
    seed: int = 0

    def __post_init__(self) -> None:
        require(self.num_questions >= 0, "--reader must be a number of questions per set, or 0.")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderSet:
    """A generator's input for one set: each question's passages by system, and the known answers in the same order."""

    name: str
    answers: tuple[tuple[str, ...], ...]
    results: Mapping[str, tuple[SearchResult, ...]]


def gather_passages(bench: Workbench, systems: Sequence[System], options: ReaderOptions) -> ReaderSet:
    """The passages for a seeded sample of the questions with a known answer, in the whole-corpus scope."""
    answerable = [index for index, question in enumerate(bench.questions) if question.answers]
    size = min(options.num_questions, len(answerable))
    chosen = sorted(np.random.default_rng(options.seed).choice(answerable, size, replace=False).tolist()) if size else []
    results = {}
    for system in systems:
        if system.name not in options.systems:
            continue
        rankings = bench.rank(system, "corpus")
        results[system.name] = tuple(passages(bench, index, rankings[index], options.budget_tokens) for index in chosen)
    return ReaderSet(name=bench.name, answers=tuple(bench.questions[index].answers for index in chosen), results=results)


def passages(bench: Workbench, question: int, ranking: Ranking, budget_tokens: int) -> SearchResult:
    """The tokens of a ranking within the budget as passages, best first: neighbouring pieces form one passage, as a
    reader would see them."""
    corpus = bench.corpus
    taken = take_tokens(corpus, ranking, budget_tokens)
    order = np.argsort(taken.tokens_T, kind="stable")
    tokens_T, of_piece_T = taken.tokens_T[order], taken.of_piece_T[order]
    is_new_T = np.diff(tokens_T, prepend=-2) != 1
    is_new_T |= np.isin(tokens_T, corpus.document_token_bounds)  # a passage does not cross documents
    firsts = np.flatnonzero(is_new_T)
    lasts = np.append(firsts[1:], len(tokens_T)) - 1
    best = np.minimum.reduceat(of_piece_T, firsts) if len(firsts) else np.zeros(0, dtype=np.int64)
    by_rank = np.argsort(best, kind="stable")
    starts_R = corpus.token_starts_T[tokens_T[firsts]][by_rank]
    ends_R = corpus.token_ends_T[tokens_T[lasts]][by_rank]
    return SearchResult(question=bench.questions[question].text, spans=make_spans(corpus, starts_R, ends_R), similarity=1.0)


def answer_sets(
    sets: Sequence[ReaderSet],
    generator: Generator,
    options: ReaderOptions,
    answer_options: AnswerOptions,
    *,
    answers_path: Path,
    on_answers: OnAnswers | None = None,
) -> JsonObject:
    """Ask for every answer and score it: the `reader` object of `results.json`. Answers already in `answers_path` are
    not asked again."""
    asked = [one for one in sets if one.answers]
    require(bool(asked), "No question of these sets has a known answer, which --reader needs.")
    scores: dict[str, dict[str, ReaderScores]] = {}
    for one in asked:
        for system, results in one.results.items():

            def report(done: int, total: int, name: str = one.name, system: str = system) -> None:
                if on_answers is not None:
                    on_answers(name, system, done, total)

            scores.setdefault(system, {})[one.name] = read_answers(
                results, one.answers, generator, answer_options, answers_path=answers_path, on_progress=report
            )
    names = [one.name for one in asked]
    groups = ({MACRO: names} if len(names) > 1 else {}) | {name: [name] for name in names}
    return {
        "budget_tokens": options.budget_tokens,
        "model": generator.name,
        "max_answer_tokens": answer_options.max_answer_tokens,
        "results": [summarize_reader(name, group, scores, options.seed) for name, group in groups.items()],
    }


def summarize_reader(name: str, group: Sequence[str], scores: Mapping[str, Mapping[str, ReaderScores]], seed: int) -> JsonObject:
    """Means over the sets of `group`, with intervals, and the reference's paired F1 gain over each system."""
    systems = list(scores)
    values = {one: np.stack([column for system in systems for column in columns(scores[system][one])], axis=1) for one in group}
    means_M, resampled_RM = macro_means(values), resample_macro(values, seed=seed)
    found = intervals(means_M, resampled_RM)
    entries: list[JsonObject] = []
    for place, system in enumerate(systems):
        f1, exact = found[2 * place], found[2 * place + 1]
        runs = [scores[system][one] for one in group]
        ci95 = {"f1": rounded_values(f1.low, f1.high), "exact_match": rounded_values(exact.low, exact.high)}
        if REFERENCE in systems and system != REFERENCE:
            base = 2 * systems.index(REFERENCE)
            (gain,) = intervals(means_M[[base]] - means_M[[2 * place]], resampled_RM[:, [base]] - resampled_RM[:, [2 * place]])
            ci95["f1_difference"] = rounded_values(gain.mean, gain.low, gain.high)
        entries.append(
            {
                "name": system,
                "f1": round(f1.mean, DECIMALS),
                "exact_match": round(exact.mean, DECIMALS),
                "tokens_read": round(float(np.mean(np.concatenate([run.tokens_read_Q for run in runs]))), 1),
                "seconds": round(sum(run.seconds for run in runs), 2),
                "abstained": round(float(np.mean(np.concatenate([run.abstained_Q for run in runs]))), DECIMALS),
                "failed": sum(run.num_failed for run in runs),
                "ci95": ci95,
            }
        )
    return {"dataset": name, "num_questions": sum(len(next(iter(scores.values()))[one].f1_Q) for one in group), "systems": entries}


def columns(scores: ReaderScores) -> tuple[Float64Array, Float64Array]:
    return scores.f1_Q, scores.exact_match_Q
