"""`scatter`: consecutive against scattered evidence, and position-aware spans against plain ones (paper §3.3).

There are two parts: questions as they are, grouped by where their evidence is; and questions whose evidence is one run,
each in documents that differ only in the place of half of it (`splits.py`). Figures of both parts are paired: by
question over systems, and over documents.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from ....datasets import EvaluationSet
from ....errors import UsageError
from ...records import EvidenceSpans, Float64Array
from ...scoring import score_rankings
from ...workbench import Workbench
from ..common import Experiment, ExperimentInput
from ..paired import PairedFigures, draw, seeded_generator
from .design import BUDGETS, GROUPS, MAIN_BUDGET, SplitKey, contenders, evidence_runs, group_of, question_figures
from .report import report_scatter
from .splits import HALVES, MAX_RUN_TOKENS, VARIANTS, SentenceRun, Split, split_question, variant_set

MAX_A_GROUP = 100  # questions of one set in one group, so that no set outweighs the others
MAX_SPLITS = 30  # per set
MIN_QUESTIONS = 10  # fewer are not informative


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """The results of the pass over the sets: figures by group, key and set; the number of questions of each set; splits
    by set."""

    figures: dict[str, dict[SplitKey, list[Float64Array]]] = field(default_factory=dict)
    composition: dict[str, dict[str, int]] = field(default_factory=dict)
    splits: dict[str, list[Split]] = field(default_factory=dict)


def run_scatter(given: ExperimentInput) -> Experiment:
    """Run both parts. Raises `UsageError` when no group has `MIN_QUESTIONS` questions, or too few questions have
    evidence that can be split."""
    collected = Collected()
    for one in given.sets:
        # Alternative places of an answer are not evidence that belongs together.
        joint = replace(one, questions=tuple(question for question in one.questions if not question.any_span))
        if joint.questions:
            given.on_step(f"ranking {one.name}")
            collect(given, joint, collected)
    groups = {
        group: PairedFigures(f"scatter {group}", joined(collected.figures[group]), given.seed)
        for group in GROUPS
        if sum(collected.composition.get(group, {}).values()) >= MIN_QUESTIONS
    }
    splits = [split for of_set in collected.splits.values() for split in of_set]
    if not groups or len(splits) < MIN_QUESTIONS:
        raise UsageError(
            f"The scatter experiment needs at least {MIN_QUESTIONS} questions whose evidence is two or more consecutive sentences, "
            "each in a document of at least about forty sentences: use more questions, or a set with longer evidence."
        )
    return report_scatter(
        groups,
        {group: collected.composition[group] for group in groups},
        PairedFigures("scatter splits", score_variants(given, splits), given.seed),
        {name: len(found) for name, found in collected.splits.items() if found},
        given.seed,
    )


def collect(given: ExperimentInput, one: EvaluationSet, collected: Collected) -> None:
    """Rank a sample of each group of a set's questions, and split the documents of some."""
    bench = Workbench(one, given.landmark_encoder, given.baseline_encoder, given.cache)
    runs = [evidence_runs(bench.corpus, evidence) for evidence in bench.evidences]
    collected.splits[one.name] = split_some(bench, runs, given.seed)
    members: dict[str, list[int]] = defaultdict(list)
    for index, found in enumerate(runs):
        members[group_of(found)].append(index)
    sampled = {
        group: np.asarray(indices)[draw(len(indices), MAX_A_GROUP, seeded_generator(given.seed, f"{one.name} {group}"))]
        for group, indices in members.items()
    }
    wanted = np.sort(np.concatenate(list(sampled.values())))
    values = score_systems(bench.only(wanted.tolist()))
    for group, indices_Q in sampled.items():
        collected.composition.setdefault(group, {})[one.name] = len(indices_Q)
        by_key = collected.figures.setdefault(group, defaultdict(list))
        for key, values_Q in values.items():
            by_key[key].append(values_Q[np.searchsorted(wanted, indices_Q)])


def split_some(bench: Workbench, runs: Sequence[Sequence[SentenceRun]], seed: int) -> list[Split]:
    """Splits of at most `MAX_SPLITS` questions, in an order that depends only on the set's name."""
    generator = seeded_generator(seed, f"{bench.name} splits")
    splits: list[Split] = []
    for index in generator.permutation(len(runs)).tolist():
        run, tokens = runs[index][0], bench.corpus.sentence_tokens
        fits = tokens[run.last + 1] - tokens[run.first] <= MAX_RUN_TOKENS
        if len(runs[index]) == 1 and run.num_sentences > 1 and fits and len(splits) < MAX_SPLITS:
            split = split_question(bench.corpus, bench.questions[index], bench.evidences[index], run, generator)
            splits += [split] if split is not None else []
    return splits


def score_systems(bench: Workbench, parts: Mapping[str, Sequence[EvidenceSpans]] | None = None) -> dict[SplitKey, Float64Array]:
    """Every figure of every system [Q], by (system, figure); with `parts`, also recall of parts of the evidence, by
    name."""
    values: dict[SplitKey, Float64Array] = {}
    for system, rank in contenders().items():
        rankings = rank(bench)
        figures = question_figures(score_rankings(bench.corpus, rankings, bench.evidences, BUDGETS))
        for name, evidences in (parts or {}).items():
            figures[name] = score_rankings(bench.corpus, rankings, evidences, (MAIN_BUDGET,)).recall_QB[:, 0]
        values |= {(system, figure): values_Q for figure, values_Q in figures.items()}
    return values


def score_variants(given: ExperimentInput, splits: Sequence[Split]) -> dict[SplitKey, Float64Array]:
    """Every figure of every system [Q], by (variant, system, figure), with recall of each half of the evidence."""
    values: dict[SplitKey, Float64Array] = {}
    for variant in VARIANTS:
        given.on_step(f"ranking {len(splits)} documents with {variant} evidence")
        bench = Workbench(variant_set(splits, variant), given.landmark_encoder, given.baseline_encoder, given.cache)
        halves = {half: half_evidences(bench, [one.variants[variant].halves[place] for one in splits]) for place, half in enumerate(HALVES)}
        values |= {(variant, *key): values_Q for key, values_Q in score_systems(bench, halves).items()}
    return values


def half_evidences(bench: Workbench, halves: Sequence[Sequence[tuple[int, int]]]) -> list[EvidenceSpans]:
    """One half of each question's evidence, on the global axis of a bench with one document per question."""
    result = []
    for document, half in enumerate(halves):
        places = np.asarray(half, dtype=np.int64) + bench.corpus.document_starts[document]
        result.append(EvidenceSpans(document=document, starts=places[:, 0], ends=places[:, 1], any_span=False))
    return result


def joined(by_key: Mapping[SplitKey, Sequence[Float64Array]]) -> dict[SplitKey, Float64Array]:
    """The figures of all sets, concatenated."""
    return {key: np.concatenate(list(parts)) for key, parts in by_key.items()}
