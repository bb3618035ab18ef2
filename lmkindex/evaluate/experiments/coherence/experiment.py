"""`coherence`: landmarks against the same sentences encoded alone and against late chunking, by whether a sentence
needs its context.

Takes questions whose evidence lies in one sentence; ranks that sentence among all sentences of its document and of the
set. As a control for the classes of `rules.py`, BM25 over sentences is compared with BM25 over sentences with the two
before them.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ....datasets import EvaluationSet
from ....errors import UsageError
from ....records import Float32Array
from ...evidence import sentences_touched
from ...records import SCOPES, EvidenceSpans, Float64Array
from ...systems import all_systems
from ...workbench import Workbench
from ..common import Experiment, ExperimentInput
from .class_figures import LANDMARK, LATE, MIN_A_CLASS, SYSTEMS, Classified
from .report import report_coherence
from .rules import CLASSES, NEEDS, SELF_CONTAINED, find_names, judge


def run_coherence(given: ExperimentInput) -> Experiment:
    """Rank the evidence sentences of all sets. Raises `UsageError` if no set has enough questions of both classes."""
    classified: list[Classified] = []
    for one in given.sets:
        given.on_step(f"{one.name}: judging the evidence")
        bench = Workbench(one, given.landmark_encoder, given.baseline_encoder, given.cache)
        judged = classify(bench, one)
        if any(judged.count(need) >= MIN_A_CLASS for need in CLASSES):
            given.on_step(f"{one.name}: ranking its sentences")
            judged = rank_all(bench, judged)
        classified.append(judged)
    for need in (NEEDS, SELF_CONTAINED):
        if not any(one.count(need) >= MIN_A_CLASS for one in classified):
            most = max((one.count(need) for one in classified), default=0)
            raise UsageError(
                f"The coherence experiment needs a set with at least {MIN_A_CLASS} questions whose evidence is one English sentence of the "
                f"class '{need}'; the most here is {most}. Use more questions (--questions 0 takes all), or another set."
            )
    return report_coherence(classified, given.seed)


def classify(bench: Workbench, one: EvaluationSet) -> Classified:
    """The questions whose evidence lies in one sentence, and how the rules judge that sentence."""
    corpus = bench.corpus
    texts = [
        corpus.text_of(start, end) for start, end in zip(corpus.sentence_starts_S.tolist(), corpus.sentence_ends_S.tolist(), strict=True)
    ]
    names, firsts = find_names(texts), set(corpus.document_sentences.tolist())
    places = [evidence_sentence(bench, evidence) for evidence in bench.evidences]
    questions = np.asarray([index for index, place in enumerate(places) if place is not None], dtype=np.int64)
    sentences = np.asarray([place for place in places if place is not None], dtype=np.int64)
    judgements = [judge(texts[sentence], names) for sentence in sentences.tolist()]
    return Classified(
        name=bench.name,
        num_asked=len(one.questions),
        questions=questions,
        sentences=sentences,
        needs=tuple(judgement.need for judgement in judgements),
        reasons=tuple(judgement.reasons for judgement in judgements),
        opens=tuple(bool(sentence in firsts or corpus.ends_paragraph_S[sentence - 1]) for sentence in sentences.tolist()),
    )


def evidence_sentence(bench: Workbench, evidence: EvidenceSpans) -> int | None:
    """The sentence that holds all characters of the evidence; None if they lie in several."""
    firsts, lasts = sentences_touched(bench.corpus, evidence.starts, evidence.ends)
    return int(firsts[0]) if int(firsts.min()) == int(lasts.max()) else None


def rank_all(bench: Workbench, judged: Classified) -> Classified:
    """Add the ranks of the evidence sentences by every system in both scopes, and the distance between landmarks and
    late chunks."""
    systems = {system.name: system for system in all_systems()}
    ranks: dict[tuple[str, str], Float64Array] = {}
    for name in SYSTEMS:
        system = systems[name]
        scores_QP = bench.vector_scores(system) if system.vectors else bench.word_scores(system.words)
        for scope in SCOPES:
            ranks[name, scope] = ranks_of(bench, scores_QP[judged.questions], judged, scope)
    landmark_ND, late_ND = (bench.embedded(systems[name]).vectors_ND for name in (LANDMARK, LATE))
    is_comparable = landmark_ND.shape == late_ND.shape
    distance = float(np.abs(landmark_ND.astype(np.float32) - late_ND.astype(np.float32)).max()) if is_comparable else float("inf")
    return replace(judged, ranks=ranks, distance=distance)


def ranks_of(bench: Workbench, scores_QP: Float32Array, judged: Classified, scope: str) -> Float64Array:
    """Each evidence sentence's rank among the sentences of its document or of the set [Q]; infinite if it is not a
    hit."""
    bounds = bench.corpus.document_sentences
    ranks = []
    for scores_P, question, sentence in zip(scores_QP, judged.questions.tolist(), judged.sentences.tolist(), strict=True):
        document = bench.evidences[question].document
        first, end = (int(bounds[document]), int(bounds[document + 1])) if scope == "document" else (0, len(scores_P))
        ranks.append(piece_rank(scores_P[first:end], sentence - first))
    return np.asarray(ranks, dtype=np.float64)


def piece_rank(scores_P: Float32Array, place: int) -> float:
    """Rank of a piece by its score, best first, ties by place; infinite when its score is not finite."""
    score = scores_P[place]
    if not np.isfinite(score):
        return float("inf")
    return 1.0 + int((scores_P > score).sum()) + int((scores_P[:place] == score).sum())
