"""What `scatter` compares: ways of growing spans, each with the rules of ranking them; groups of questions; and figures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise

import numpy as np

from ....config import SearchOptions
from ....datasets import Corpus
from ....records import Hit
from ....search.ranking import Order
from ....search.spans import Extent, extent_of
from ...evidence import sentences_of
from ...rankings import rank_oracle
from ...records import Evidence, Float64Array, Ranking, Scores
from ...systems import ORACLE, System
from ...workbench import Workbench
from .splits import Run

SCOPE = "document"
BUDGETS = (128, 256, 512)
MAIN_BUDGET = 256
FRONTS = (2, 3, 5)
# A span's score is the mean of its similarities with the weights exp(-alpha * distance from its boundary): with the paper's alpha, with
# none, or with all weight on the boundary, which is the similarity of the hit. Spans that overlap stay apart: text that was taken before
# costs nothing. SEARCHED is position-aware ranking as `search` does it: of its number of hits, without those next to a better one.
POSITION, UNIFORM, BY_HIT, SEARCHED = "position-aware", "uniform", "by hit", "as search"
SINGLE = "landmark-1"
GROUPS = ("1 sentence", "2-3 consecutive", "4+ consecutive", "2+ runs, near", "2+ runs, far")
NEAR_SENTENCES = 4  # between two runs: what a span of the longest front can bridge
LANDMARKS = System(name=SINGLE, cut="sentence", vectors="landmark", keeps_end=True)
Key = tuple[str, ...]
Rank = Callable[[Workbench], list[Ranking]]


def contenders() -> dict[str, Rank]:
    """Every way of growing spans by every rule of ranking them, and what could be had at most."""
    found: dict[str, Rank] = {SINGLE: lambda bench: bench.rank(LANDMARKS, SCOPE)}
    ways = {f"front-{front}": SearchOptions(front=front) for front in FRONTS}
    ways |= {"surround-1": SearchOptions(surround=1), "auto": SearchOptions(region=0)}
    for way, options in ways.items():
        plain = SearchOptions(front=options.front, surround=options.surround, alpha=0.0)
        found[f"{way} {POSITION}"] = partial(rank_spans, options)
        found[f"{way} {UNIFORM}"] = partial(rank_spans, plain)
        if way != "auto":  # it grows by similarities: there is no such span without them
            found[f"{way} {BY_HIT}"] = partial(rank_hits, options)
        found[f"{way} {SEARCHED}"] = partial(rank_searched, options)
    return {**found, ORACLE: lambda bench: rank_oracle(bench.evidences)}


def rank_spans(options: SearchOptions, bench: Workbench) -> list[Ranking]:
    """The spans of `search` by their scores, of all hits."""
    scores_QS, bounds = bench.vector_scores(LANDMARKS), bench.corpus.document_sentences
    rankings = []
    for order, evidence, scores_S in zip(bench.vector_orders(LANDMARKS, SCOPE), bench.evidences, scores_QS, strict=True):
        first, end = int(bounds[evidence.document]), int(bounds[evidence.document + 1])
        similarity_of = dict(enumerate(scores_S[first:end].tolist()))
        hits = [Hit(doc_id="", pos=pos - first, score=similarity_of[pos - first]) for pos in order.ids_R.tolist()]
        extents = [extent_of(hit, similarity_of, options, is_fused=False) for hit in hits]
        rankings.append(ranking_of(bench.corpus, first, sorted(extents, key=lambda extent: (-extent.score, extent.pos))))
    return rankings


def ranking_of(corpus: Corpus, first: int, extents: Sequence[Extent]) -> Ranking:
    """Spans of the document whose first sentence is `first`, as pieces of text."""
    places = np.asarray([(extent.first, extent.last, extent.pos) for extent in extents], dtype=np.int64).reshape(-1, 3) + first
    return Ranking(
        starts_R=corpus.sentence_starts_S[places[:, 0]],
        ends_R=corpus.sentence_ends_S[places[:, 1]],
        boundaries_R=corpus.sentence_ends_S[places[:, 2]],
        keeps_end=True,
    )


def rank_hits(options: SearchOptions, bench: Workbench) -> list[Ranking]:
    """The paper's plain way: hits in their own order, each with the sentences around it."""
    before = options.surround or options.front - 1
    system = System(
        name=f"{before} before", cut="sentence", vectors="landmark", before=before, after=options.surround, keeps_end=not options.surround
    )
    return bench.rank(system, SCOPE)


def rank_searched(options: SearchOptions, bench: Workbench) -> list[Ranking]:
    """The spans of as many hits as `search` takes, without those whose hit is no boundary beside a better one."""
    system = System(name=SEARCHED, cut="sentence", vectors="landmark", span=options, keeps_end=True)
    orders = [first_hits(order, options.num_hits) for order in bench.vector_orders(LANDMARKS, SCOPE)]
    return [bench.shape(system, index, order) for index, order in enumerate(orders)]


def first_hits(order: Order, num_hits: int) -> Order:
    return Order(ids_R=order.ids_R[:num_hits], scores_R=order.scores_R[:num_hits], lifts_R=order.lifts_R[:num_hits])


def evidence_runs(corpus: Corpus, evidence: Evidence) -> list[Run]:
    """The sentences that the evidence touches, as runs; evidence in the same or in adjacent sentences is one run."""
    runs: list[Run] = []
    firsts, lasts = sentences_of(corpus, evidence.starts, evidence.ends)
    for first, last in zip(firsts.tolist(), lasts.tolist(), strict=True):
        if runs and first <= runs[-1].last + 1:
            runs[-1] = Run(first=runs[-1].first, last=max(last, runs[-1].last))
        else:
            runs.append(Run(first=first, last=last))
    return runs


def group_of(runs: Sequence[Run]) -> str:
    """The group of a question with this evidence."""
    if len(runs) > 1:
        widest = max(after.first - before.last - 1 for before, after in pairwise(runs))
        return GROUPS[3] if widest <= NEAR_SENTENCES else GROUPS[4]
    length = runs[0].num_sentences
    return GROUPS[0] if length == 1 else GROUPS[1] if length <= 3 else GROUPS[2]


def figures_of(scores: Scores) -> dict[str, Float64Array]:
    """Per-question figures [Q] by name."""
    figures = {f"recall@{budget}": scores.recall_QB[:, place] for place, budget in enumerate(BUDGETS)}
    figures |= {f"precision@{budget}": scores.precision_QB[:, place] for place, budget in enumerate(BUDGETS)}
    return {**figures, "hit boundary": scores.hit_boundary_Q}
