"""How good an encoder in training is so far: recall on development sets, as `lmkindex evaluate` measures it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from ..config import require
from ..datasets import EvaluationSet, find_sets, sample_questions
from ..encoder import Encoder
from ..encoder.cache import VectorCache
from ..records import JsonObject
from ..train import DevRecipe
from .scoring import score_rankings
from .systems import select_systems
from .workbench import Workbench


class DevBench:
    """The development sets, cut down once. All encoders that it measures must have the same tokenizer."""

    def __init__(self, data_path: Path, options: DevRecipe, encoder: Encoder, seed: int) -> None:
        self.options = options
        self.system = select_systems([options.system])[0]
        sets = find_sets(data_path, options.sets)
        with TemporaryDirectory() as unused:
            cache = VectorCache(Path(unused))
            self.benches = [Workbench(shrink_set(one, options, encoder, seed), encoder, encoder, cache) for one in sets]
        empty = [bench.name for bench in self.benches if not bench.questions]
        require(not empty, f"The development set {', '.join(empty)} has no question with evidence: leave it out of [dev].")

    def measure(self, encoder: Encoder) -> JsonObject:
        """`recall`: the mean over sets and budgets; `by_set`, `by_budget`: its parts."""
        by_set: dict[str, list[float]] = {}
        with TemporaryDirectory() as folder:
            for bench in self.benches:
                one = bench.with_encoder(encoder, VectorCache(Path(folder)))
                rankings = one.rank(self.system, "corpus")
                scores = score_rankings(one.corpus, rankings, one.evidences, self.options.budgets_tokens)
                by_set[one.name] = [round(float(mean), 4) for mean in scores.recall_QB.mean(axis=0)]
        recall_SB = np.asarray(list(by_set.values()))
        by_budget = dict(zip(map(str, self.options.budgets_tokens), recall_SB.mean(axis=0).round(4).tolist(), strict=True))
        return {"recall": round(float(recall_SB.mean()), 4), "by_budget": by_budget, "by_set": by_set}


def shrink_set(given: EvaluationSet, options: DevRecipe, encoder: Encoder, seed: int) -> EvaluationSet:
    """Documents in random order while they fit `max_tokens`, at least one, and `questions` of their questions."""
    asked = {question.doc_id for question in given.questions if question.spans}
    candidates = [document for document in given.documents if document.doc_id in asked]
    order = np.random.default_rng([seed, len(candidates)]).permutation(len(candidates)).tolist()
    kept: set[str] = set()
    room = options.max_tokens
    for document in (candidates[index] for index in order):
        num_tokens = len(encoder.tokenize([document.text])[0])
        if kept and num_tokens > room:
            continue
        kept.add(document.doc_id)
        room -= num_tokens
        if room <= 0:
            break
    smaller = replace(
        given,
        documents=tuple(document for document in given.documents if document.doc_id in kept),
        questions=tuple(question for question in given.questions if question.doc_id in kept),
    )
    return sample_questions(smaller, options.questions, seed, with_evidence=True)
