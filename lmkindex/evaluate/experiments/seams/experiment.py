"""`seams`: the same sentence's landmark from windows of different offsets and contexts, and what that means for
`context_tokens`.

There are two parts: rows in which one sentence is at chosen distances from the window's start, compared with the row
that has the most text before it; and builds with several sizes of context: how well they retrieve, how much they
encode, and how stable their first sentences are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ....datasets import embed_landmarks
from ....encoder import Encoder, encode_questions
from ....errors import UsageError
from ....records import Float32Array, Int64Array
from ...bootstrap import intervals, macro_means, resample_macro
from ...rankings import best_of
from ...records import Float64Array, Interval, Ranking
from ...scoring import score_rankings
from ...systems import NUM_HITS
from ..common import Experiment, ExperimentInput
from .design import Build, Curves, Sizes
from .report import report_seams
from .seam_rows import (
    Part,
    contexts_of,
    distances_of,
    eligible_sentences,
    encode_references,
    make_part,
    measure_distances,
    sample,
    windows_of,
)

MAX_TOKENS = 150_000  # over all sets
NUM_SENTENCES = 300  # measured at every distance, over all sets
NUM_FIRSTS = 300  # first sentences of cores, for each size of context
MIN_SENTENCES, MIN_QUESTIONS = 30, 10  # fewer are not informative; the second is per set
CONTEXTS_TOKENS = (0, 16, 32, 64, 96, 128)
BUDGET_TOKENS = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampled:
    """The sampled sentences of one set: those measured at every distance, and those that are first in their core, by
    size of context. `references_ND` and `previous_ND` (the sentence before, in the same row) belong to `sentences`,
    which are sorted and include all of these."""

    part: Part
    looked_at: Int64Array
    firsts: dict[int, Int64Array]
    sentences: Int64Array
    references_ND: Float32Array
    previous_ND: Float32Array

    def references(self, sentences: Int64Array) -> Float32Array:
        return np.asarray(self.references_ND[np.searchsorted(self.sentences, sentences)], dtype=np.float32)


def run_seams(given: ExperimentInput) -> Experiment:
    """Run both parts. Raises `UsageError` when too few sentences are deep enough in their documents, or no set has
    enough questions."""
    encoder = given.landmark_encoder
    given.on_step("splitting the documents")
    parts = [make_part(one, encoder, max(1, MAX_TOKENS // len(given.sets)), given.seed) for one in given.sets]
    asked = [part for part in parts if len(part.questions) >= MIN_QUESTIONS]
    num_eligible = sum(len(eligible_sentences(part)) for part in parts)
    if not asked or num_eligible < MIN_SENTENCES:
        raise UsageError(
            f"The seams experiment needs a set with at least {MIN_QUESTIONS} questions and at least {MIN_SENTENCES} sentences with a whole "
            f"window ({encoder.folder.window_tokens} tokens) of text before them; there are {num_eligible} such sentences. Use longer "
            "documents or more questions."
        )
    contexts = contexts_of(encoder.folder.window_tokens, encoder.folder.context_tokens, CONTEXTS_TOKENS)
    sampled = [sample_part(given, part, contexts, len(parts)) for part in parts]
    curves = measure_curves(given, sampled)
    builds = []
    for context_tokens in contexts:
        given.on_step(f"a build with {context_tokens} tokens of context")
        builds.append(measure_build(given, sampled, context_tokens))
    sizes = Sizes(
        window_tokens=encoder.folder.window_tokens,
        own_tokens=encoder.folder.context_tokens,
        num_tokens=sum(part.corpus.num_tokens for part in parts),
        num_eligible=num_eligible,
        questions={part.name: len(part.questions) for part in asked},
        budget_tokens=BUDGET_TOKENS,
        seed=given.seed,
    )
    return report_seams(curves, builds, compare_recall(builds, encoder.folder.context_tokens, given.seed), sizes)


def sample_part(given: ExperimentInput, part: Part, contexts: Sequence[int], num_parts: int) -> Sampled:
    """Draw a set's sentences and encode each with the most context before it."""
    given.on_step(f"{part.name}: sentences with the most context before them")
    encoder, eligible = given.landmark_encoder, eligible_sentences(part)
    looked_at = sample(eligible, -(-NUM_SENTENCES // num_parts), given.seed, f"seams {part.name}")
    firsts = {}
    for context_tokens in contexts:
        candidates = np.intersect1d(windows_of(part, encoder, context_tokens)[0], eligible)
        firsts[context_tokens] = sample(candidates, -(-NUM_FIRSTS // num_parts), given.seed, f"seams {part.name}")
    sentences = np.unique(np.concatenate([looked_at, *firsts.values()]))
    references_ND, previous_ND = encode_references(given.cache, encoder, part, sentences)
    return Sampled(part=part, looked_at=looked_at, firsts=firsts, sentences=sentences, references_ND=references_ND, previous_ND=previous_ND)


def measure_curves(given: ExperimentInput, sampled: Sequence[Sampled]) -> Curves:
    """Cosines by distance of all sets together, with and without the text that follows, and those of neighbouring
    sentences."""
    filled, alone, actual, within, across = [], [], [], [], []
    for one in sampled:
        given.on_step(f"{one.part.name}: sentences at every distance")
        references_ND, encoder = one.references(one.looked_at), given.landmark_encoder
        previous_ND = one.previous_ND[np.searchsorted(one.sentences, one.looked_at)]
        rows = measure_distances(given.cache, encoder, one.part, one.looked_at, references_ND, is_filled=True)
        filled.append(rows.cosines_NX)
        actual.append(rows.distances_NX)
        across.append(inner(rows.at_start_ND, previous_ND))
        within.append(inner(references_ND, previous_ND))
        alone.append(measure_distances(given.cache, encoder, one.part, one.looked_at, references_ND, is_filled=False).cosines_NX)
    return Curves(
        distances=distances_of(sampled[0].part.row_tokens),
        filled_NX=np.concatenate(filled),
        alone_NX=np.concatenate(alone),
        actual_NX=np.concatenate(actual),
        within_N=np.concatenate(within),
        across_N=np.concatenate(across),
        seed=given.seed,
    )


def measure_build(given: ExperimentInput, sampled: Sequence[Sampled], context_tokens: int) -> Build:
    """Figures of a build with this size of context. Recall is that of `landmark-1` over the whole (limited) corpus."""
    encoder = given.landmark_encoder
    recall: dict[str, Float64Array] = {}
    firsts, anywhere, num_encoded, num_tokens = [], [], 0, 0
    for one in sampled:
        vectors_ND = embed_landmarks(given.cache, encoder, one.part.corpus, 0, context_tokens).vectors_ND.astype(np.float32)
        first_sentences = one.firsts[context_tokens]
        firsts.append(inner(one.references(first_sentences), vectors_ND[first_sentences]))
        anywhere.append(inner(one.references(one.looked_at), vectors_ND[one.looked_at]))
        num_encoded += windows_of(one.part, encoder, context_tokens)[1]
        num_tokens += one.part.corpus.num_tokens
        if len(one.part.questions) >= MIN_QUESTIONS:
            recall[one.part.name] = recall_of(encoder, one.part, vectors_ND)
    return Build(
        context_tokens=context_tokens,
        firsts_N=np.concatenate(firsts),
        anywhere_N=np.concatenate(anywhere),
        extra_share=num_encoded / num_tokens - 1,
        recall_by_set=recall,
    )


def recall_of(encoder: Encoder, part: Part, vectors_ND: Float32Array) -> Float64Array:
    """The share of each question's evidence characters that the best sentences cover [Q]."""
    questions_QD = encode_questions(encoder, [question.text for question in part.questions])
    rankings = []
    for scores_S in questions_QD @ vectors_ND.T:
        ids_R = best_of(scores_S, 0, NUM_HITS).ids_R
        starts_R, ends_R = part.corpus.sentence_starts_S[ids_R], part.corpus.sentence_ends_S[ids_R]
        rankings.append(Ranking(starts_R=starts_R, ends_R=ends_R, boundaries_R=ends_R, keeps_end=True))
    return score_rankings(part.corpus, rankings, part.evidences, (BUDGET_TOKENS,)).recall_QB[:, 0]


def compare_recall(builds: Sequence[Build], own_tokens: int, seed: int) -> tuple[list[Interval], list[Interval]]:
    """Macro mean recall of each build, and its paired difference to the build with the encoder's own context."""
    values_by_set = {name: np.stack([build.recall_by_set[name] for build in builds], axis=1) for name in builds[0].recall_by_set}
    means_M, resampled_RM = macro_means(values_by_set), resample_macro(values_by_set, seed=seed)
    own = [build.context_tokens for build in builds].index(own_tokens)
    return intervals(means_M, resampled_RM), intervals(means_M - means_M[own], resampled_RM - resampled_RM[:, [own]])


def inner(one_ND: Float32Array, other_ND: Float32Array) -> Float64Array:
    """Inner products of rows [N]."""
    return np.asarray((one_ND * other_ND).sum(axis=1), dtype=np.float64)
