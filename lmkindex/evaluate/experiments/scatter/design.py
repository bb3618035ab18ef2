"""What `scatter` compares: ways of growing spans, each with rules for ranking them; groups of questions; and
figures."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise

from ....config import SearchOptions
from ....datasets import Corpus
from ....search import Hit
from ....search.spans import Extent, best_first, extent_of, without_neighbours
from ...evidence import sentences_touched
from ...rankings import name_of_document, rank_oracle, ranking_of
from ...records import EvidenceSpans, Float64Array, Ranking, Scores
from ...systems import NUM_HITS, ORACLE, System
from ...workbench import Workbench
from .growth import grow_backwards
from .splits import SentenceRun

SCOPE = "document"
BUDGETS = (128, 256, 512)
MAIN_BUDGET = 256
FRONTS = (2, 3, 5)
# A span's score is the mean of its similarities with the weights exp(-alpha * distance from its boundary): with the
# paper's alpha, with alpha 0, or with all weight on the boundary, which is the similarity of the hit. Overlapping spans
# are not merged: text that was already taken costs nothing. SEARCHED is position-aware ranking as in `search`: only its
# number of hits, without hits next to a better one.
POSITION, UNIFORM, BY_HIT, SEARCHED = "position-aware", "uniform", "by hit", "as search"
SINGLE = "landmark-1"
GROUPS = ("1 sentence", "2-3 consecutive", "4+ consecutive", "2+ runs, near", "2+ runs, far")
NEAR_SENTENCES = 4  # between two runs: the most that a span of the longest front can bridge
LANDMARKS = System(name=SINGLE, cut="sentence", vectors="landmark", keeps_end=True)
SplitKey = tuple[str, ...]
Rank = Callable[[Workbench], list[Ranking]]
Grow = Callable[[Hit, Mapping[int, float]], Extent]


def contenders() -> dict[str, Rank]:
    """Every way of growing spans with every rule for ranking them, and the oracle."""
    found: dict[str, Rank] = {SINGLE: lambda bench: bench.rank(LANDMARKS, SCOPE)}
    ways = {f"front-{front}": SearchOptions(front=front) for front in FRONTS} | {"surround-1": SearchOptions(surround=1)}
    for way, options in ways.items():
        found[f"{way} {POSITION}"] = partial(rank_spans, grow_by(options))
        found[f"{way} {UNIFORM}"] = partial(rank_spans, grow_by(replace(options, alpha=0.0)))
        found[f"{way} {BY_HIT}"] = partial(rank_around, options)
        found[f"{way} {SEARCHED}"] = partial(rank_searched, grow_by(options))
    # `auto` grows by similarities, so there is no such span by hit. Uniform stands for the `auto` of `search`, which
    # grows nothing.
    found[f"auto {POSITION}"] = partial(rank_spans, grow_backwards)
    found[f"auto {UNIFORM}"] = partial(rank_spans, grow_by(SearchOptions(alpha=0.0)))
    found[f"auto {SEARCHED}"] = partial(rank_searched, grow_backwards)
    return {**found, ORACLE: lambda bench: rank_oracle(bench.evidences)}


def grow_by(options: SearchOptions) -> Grow:
    """The spans of `search` with these options."""
    return partial(extent_of, options=options, is_fused=False)


def rank_spans(grow: Grow, bench: Workbench) -> list[Ranking]:
    """The spans of all hits, ranked by their scores."""
    spans = (spans_of(grow, bench, question, NUM_HITS) for question in range(len(bench.questions)))
    return [ranking_of(bench.corpus, one, keeps_end=True) for one in spans]


def rank_searched(grow: Grow, bench: Workbench, num_hits: int = SearchOptions().num_hits) -> list[Ranking]:
    """The spans of as many hits as `search` uses, without spans whose hit is not a boundary because a better hit is
    next to it."""
    spans = (spans_of(grow, bench, question, num_hits) for question in range(len(bench.questions)))
    return [ranking_of(bench.corpus, list(without_neighbours(one)), keeps_end=True) for one in spans]


def spans_of(grow: Grow, bench: Workbench, question: int, num_hits: int) -> list[Extent]:
    """The spans of a question's first hits in its document, best first."""
    document = bench.evidences[question].document
    first, end = bench.corpus.document_sentences[[document, document + 1]].tolist()
    similarity_of = dict(enumerate(bench.vector_scores(LANDMARKS)[question, first:end].tolist()))
    found = (bench.vector_orders(LANDMARKS, SCOPE)[question].ids_R[:num_hits] - first).tolist()
    hits = [Hit(doc_id=name_of_document(document), pos=pos, score=similarity_of[pos]) for pos in found]
    return best_first(grow(hit, similarity_of) for hit in hits)


def rank_around(options: SearchOptions, bench: Workbench) -> list[Ranking]:
    """The paper's plain method: hits in their own order, each with the sentences around it."""
    before = options.surround or options.front - 1
    system = System(
        name=f"{before} before", cut="sentence", vectors="landmark", before=before, after=options.surround, keeps_end=not options.surround
    )
    return bench.rank(system, SCOPE)


def evidence_runs(corpus: Corpus, evidence: EvidenceSpans) -> list[SentenceRun]:
    """The sentences that the evidence touches, as runs; evidence in the same or adjacent sentences forms one run."""
    runs: list[SentenceRun] = []
    firsts, lasts = sentences_touched(corpus, evidence.starts, evidence.ends)
    for first, last in zip(firsts.tolist(), lasts.tolist(), strict=True):
        if runs and first <= runs[-1].last + 1:
            runs[-1] = SentenceRun(first=runs[-1].first, last=max(last, runs[-1].last))
        else:
            runs.append(SentenceRun(first=first, last=last))
    return runs


def group_of(runs: Sequence[SentenceRun]) -> str:
    """The group of a question with this evidence."""
    if len(runs) > 1:
        widest = max(after.first - before.last - 1 for before, after in pairwise(runs))
        return GROUPS[3] if widest <= NEAR_SENTENCES else GROUPS[4]
    length = runs[0].num_sentences
    return GROUPS[0] if length == 1 else GROUPS[1] if length <= 3 else GROUPS[2]


def question_figures(scores: Scores) -> dict[str, Float64Array]:
    """Per-question figures [Q] by name."""
    figures = {f"recall@{budget}": scores.recall_QB[:, place] for place, budget in enumerate(BUDGETS)}
    figures |= {f"precision@{budget}": scores.precision_QB[:, place] for place, budget in enumerate(BUDGETS)}
    return {**figures, "hit boundary": scores.hit_boundary_Q}
