"""Needles in documents of any length, ranked and scored. A document of `length` tokens is a local document
(`needles.py`) and a stretch of the haystack around its place. Everything was encoded before; only the places of pieces
are chosen here.

Shapes: P pieces, Q needles.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ....datasets import make_corpus
from ....errors import UsageError
from ....records import Float32Array, Int64Array
from ....search.ranking import Order, places_between
from ...rankings import best_of
from ...records import Float64Array, Pieces, Ranking
from ...scoring import score_rankings
from ...systems import NUM_HITS, System
from ...workbench import Workbench, combine_orders
from ..common import ExperimentInput
from .design import BUDGETS, LengthDesign
from .needles import PASSAGE_TOKENS, Local, Needle, NeedlePlace, draw_places, gather, make_local, needle_set

HaystackRange = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hunt:
    """Needles, their places, and a bench. The bench's document 0 is the haystack; its other documents are local ones,
    one for each needle and each width of its surroundings. `sides[length]` is the width that a length uses."""

    bench: Workbench
    needles: tuple[Needle, ...]
    places: tuple[NeedlePlace, ...]
    sides: dict[int, int]
    locals_of_sides: tuple[tuple[Local, ...], ...]

    @property
    def lengths(self) -> list[int]:
        return list(self.sides)

    def row_of(self, index: int, length: int) -> int:
        """The bench's question about needle `index` in a document of `length`; its local document has this index plus
        one."""
        return self.sides[length] * len(self.needles) + index

    def local_of(self, index: int, length: int) -> Local:
        return self.locals_of_sides[self.sides[length]][index]


def prepare_hunt(given: ExperimentInput, design: LengthDesign) -> Hunt:
    """Choose needles and haystack, and put every needle in its place. Raises `UsageError` when there are too few
    needles or too little haystack."""
    encoder, window_tokens = given.baseline_encoder, given.landmark_encoder.folder.window_tokens
    needles, text = gather(given.sets, encoder, design.num_needles, max(design.lengths), given.seed)
    haystack = make_corpus([text], encoder)
    lengths = [length for length in sorted(design.lengths) if length <= haystack.num_tokens]
    widths = [min(window_tokens, design.max_side_tokens, (length - PASSAGE_TOKENS) // 2) for length in lengths]
    places = draw_places(haystack, len(needles), max(widths), given.seed) if widths else []
    if len(needles) < design.min_needles or len(lengths) < 2 or not places:
        raise UsageError(
            f"The length experiment needs at least {design.min_needles} questions with short evidence (it found {len(needles)}), and at "
            f"least {sorted(design.lengths)[1]} tokens of documents that no such question is about (it found {haystack.num_tokens}): use "
            "more sets."
        )
    distinct = sorted(set(widths))
    locals_of_sides = tuple(
        tuple(make_local(haystack, needle, place, width) for needle, place in zip(needles, places, strict=True)) for width in distinct
    )
    bench = Workbench(needle_set(needles, text, locals_of_sides), given.landmark_encoder, encoder, given.cache)
    return Hunt(
        bench=bench,
        needles=tuple(needles),
        places=tuple(places),
        sides={length: distinct.index(width) for length, width in zip(lengths, widths, strict=True)},
        locals_of_sides=locals_of_sides,
    )


def stretch_of(hunt: Hunt, index: int, length: int) -> list[HaystackRange]:
    """The characters of needle `index`'s document of `length` tokens: the local document, and haystack before and after
    it.

    The rest of the length is divided before and after by the needle's depth; if the haystack ends too early on one
    side, the other side gets more.
    """
    corpus, local = hunt.bench.corpus, hunt.local_of(index, length)
    document = 1 + hunt.row_of(index, length)
    num_haystack = int(corpus.document_sentences[1])
    tokens = corpus.sentence_tokens[: num_haystack + 1]
    local_first, local_end = corpus.document_sentences[[document, document + 1]]
    room = max(0, length - int(corpus.sentence_tokens[local_end] - corpus.sentence_tokens[local_first]))
    size = room + int(tokens[local.end] - tokens[local.first])  # tokens of haystack between the stretch's ends
    wanted = int(tokens[local.first]) - int(hunt.places[index].depth * room)
    start = min(max(0, wanted), max(0, int(tokens[-1]) - size))
    first = min(int(np.searchsorted(tokens, start)), local.first)
    end = max(int(np.searchsorted(tokens, start + size, side="right")) - 1, local.end)
    # The character at which each sentence starts; the last entry is the haystack's end.
    starts = np.append(corpus.sentence_starts_S[:num_haystack], corpus.document_starts[1])
    first, local_start, local_stop, end = starts[[first, local.first, local.end, end]].tolist()
    return [(first, local_start), (local_stop, end), (int(corpus.document_starts[document]), int(corpus.document_starts[document + 1]))]


def pieces_in(pieces: Pieces, ranges: list[HaystackRange]) -> Int64Array:
    """The pieces that start in any of the ranges, which are in order."""
    bounds = np.searchsorted(pieces.starts_P, np.asarray(ranges))
    return np.concatenate([np.arange(first, end) for first, end in bounds.tolist()])


def order_of(scores_P: Float32Array, ids: Int64Array, num_hits: int = NUM_HITS) -> Order:
    """The best of some pieces."""
    best = best_of(scores_P[ids], 0, num_hits)
    return Order(ids_R=ids[best.ids_R], scores_R=best.scores_R, lifts_R=best.lifts_R)


def rank_at(hunt: Hunt, system: System, index: int, length: int) -> Ranking:
    """A system's ranking for one needle."""
    bench, row, ranges = hunt.bench, hunt.row_of(index, length), stretch_of(hunt, index, length)

    def best(scores_QP: Float32Array, cut: str) -> Order:
        return order_of(scores_QP[row], pieces_in(bench.pieces(cut), ranges))

    lexical = best(bench.word_scores(system.words), system.words) if system.words else None
    if not system.vectors:
        assert lexical is not None, f"{system.name} is a control"
        return bench.shape(system, row, lexical)
    cosines_QP = bench.vector_scores(system)
    bounds = np.searchsorted(bench.pieces(system.cut).starts_P, np.asarray(ranges)).ravel()  # hidden text lies between two ranges
    places_P = places_between(bounds, len(cosines_QP[row]))
    return bench.shape(system, row, combine_orders(system, places_P, cosines_QP[row], best(cosines_QP, system.cut), lexical))


def score_at(hunt: Hunt, system: System, length: int) -> dict[str, Float64Array]:
    """Per-needle figures [Q] of a system in documents of `length`."""
    rankings = [rank_at(hunt, system, index, length) for index in range(len(hunt.needles))]
    return score(hunt, length, rankings)


def score(hunt: Hunt, length: int, rankings: list[Ranking]) -> dict[str, Float64Array]:
    """Per-needle figures [Q] of rankings of all needles."""
    first = hunt.row_of(0, length)
    evidences = hunt.bench.evidences[first : first + len(hunt.needles)]
    scores = score_rankings(hunt.bench.corpus, rankings, evidences, BUDGETS)
    figures = {f"recall@{budget}": scores.recall_QB[:, place] for place, budget in enumerate(BUDGETS)}
    return {**figures, "MRR": scores.reciprocal_rank_Q}
