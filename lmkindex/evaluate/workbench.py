"""One evaluation set with all that its systems share: pieces, vectors, postings, orders of hits. Each is made when first asked for.

Knows how to rank for every system of `systems.py`; scores nothing. Shapes: Q questions, P pieces, R hits of one question.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import numpy as np

from ..config import SearchOptions
from ..datasets import EvaluationSet, embed_landmarks, make_corpus
from ..encoder import Encoder, encode_questions
from ..encoder.cache import Embedded, VectorCache
from ..records import Float32Array, Hit, Int64Array
from ..search.ranking import fuse_scores, lift_scores
from ..search.spans import extent_of, without_neighbours
from .embed import embed_late_chunks, embed_pieces, mean_pooled, vectors_bytes
from .evidence import answerable
from .lexical import Postings
from .pieces import sentence_runs
from .records import Cost, Pieces, Ranking
from .systems import CUTS, NUM_HITS, ORACLE, System

T = TypeVar("T")
TIMED_QUESTIONS = 10  # how many questions are asked one by one, to say what a query costs


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One question's hits, best first: indices of pieces, their scores, and what of these better sentences near them gave."""

    ids_R: Int64Array
    scores_R: Float32Array
    lifts_R: Float32Array | None = None


class Workbench:
    """Invariant: `evidences` and all orders follow `questions`, which are those of the set whose evidence a token holds."""

    def __init__(self, evaluation_set: EvaluationSet, landmark_encoder: Encoder, baseline_encoder: Encoder, cache: VectorCache) -> None:
        self.corpus = make_corpus([document.text for document in evaluation_set.documents], baseline_encoder)
        self.questions, self.evidences = answerable(self.corpus, evaluation_set)
        self.name, self.cache = evaluation_set.name, cache
        # Budgets count the baseline's tokens; another encoder's windows need its own.
        is_same = landmark_encoder.folder.fingerprint == baseline_encoder.folder.fingerprint
        self.landmark_corpus = self.corpus if is_same else make_corpus(self.corpus.texts, landmark_encoder)
        self.encoders = {"landmark": landmark_encoder, "baseline": baseline_encoder}
        self.made: dict[tuple[str, ...], object] = {}
        self.query_ms: dict[tuple[str, ...], float] = defaultdict(float)

    def make(self, key: tuple[str, ...], work: Callable[[], T]) -> T:
        """The result of `work`, kept under `key`."""
        if key not in self.made:
            self.made[key] = work()
        return self.made[key]  # type: ignore[return-value]

    def only(self, indices: Sequence[int]) -> Workbench:
        """A bench of the same texts for some of its questions, which makes everything else anew."""
        bench = copy(self)
        bench.questions = tuple(self.questions[index] for index in indices)
        bench.evidences = tuple(self.evidences[index] for index in indices)
        bench.made, bench.query_ms = {}, defaultdict(float)
        return bench

    def with_encoder(self, encoder: Encoder, cache: VectorCache) -> Workbench:
        """The same bench for other weights of the same tokenizer."""
        bench = self.only(range(len(self.questions)))
        bench.encoders, bench.cache = {"landmark": encoder, "baseline": encoder}, cache
        return bench

    @property
    def plain(self) -> Encoder:
        """The baseline encoder pooled by means, for late chunking."""
        return self.make(("plain",), lambda: mean_pooled(self.encoders["baseline"]))

    def pieces(self, cut: str) -> Pieces:
        return self.make(("pieces", cut), lambda: CUTS[cut](self.corpus))

    def postings(self, cut: str) -> Postings:
        return self.make(("postings", cut), lambda: Postings(self.corpus, self.pieces(cut)))

    def embedded(self, system: System) -> Embedded:
        """The vectors that a system searches."""
        baseline = self.encoders["baseline"]
        ways: dict[str, Callable[[], Embedded]] = {
            "landmark": lambda: embed_landmarks(self.cache, self.encoders["landmark"], self.landmark_corpus),
            "late-sentence": lambda: embed_landmarks(self.cache, self.plain, self.corpus),
            "late-256": lambda: embed_late_chunks(self.cache, baseline, self.corpus, self.pieces(system.cut)),
        }
        pieces_way = partial(embed_pieces, self.cache, baseline, self.corpus, self.pieces(system.cut))
        return self.make(("vectors", system.vectors), ways.get(system.vectors, pieces_way))

    def question_vectors(self, vectors: str) -> Float32Array:
        """The questions, encoded as the pieces were [Q, D]."""
        encoder, texts = self.question_encoder(vectors), [question.text for question in self.questions]

        def encode() -> Float32Array:
            self.time_queries(encode_key(encoder), lambda q: encode_questions(encoder, [texts[q]]))
            return encode_questions(encoder, texts)

        return self.make(encode_key(encoder), encode)

    def question_encoder(self, vectors: str) -> Encoder:
        """What encodes the questions for these vectors."""
        if vectors == "landmark":
            return self.encoders["landmark"]
        return self.plain if vectors.startswith("late-") else self.encoders["baseline"]

    def time_queries(self, key: tuple[str, ...], ask: Callable[[int], object]) -> None:
        """Note what one question costs, as the median of some that are asked one by one."""
        self.query_ms[key] = median_ms([partial(ask, question) for question in range(min(TIMED_QUESTIONS, len(self.questions)))])

    def vector_scores(self, system: System) -> Float32Array:
        """Cosines of all questions with all pieces [Q, P]."""

        def score() -> Float32Array:
            vectors_PD = self.embedded(system).vectors_ND.astype(np.float32)
            questions_QD = self.question_vectors(system.vectors)
            self.time_queries(("search", system.vectors), lambda q: best_of(questions_QD[q] @ vectors_PD.T, 0, NUM_HITS))
            return questions_QD @ vectors_PD.T

        return self.make(("scores", system.vectors), score)

    def word_scores(self, cut: str) -> Float32Array:
        """BM25 of all questions with all pieces [Q, P]; pieces without a word of the question have -inf: they are no hits."""

        def score() -> Float32Array:
            postings = self.postings(cut)
            self.time_queries(("words", cut), lambda q: best_of(postings.scores(self.questions[q].text), 0, NUM_HITS))
            scores_QP = np.stack([postings.scores(question.text) for question in self.questions])
            return np.where(scores_QP > 0, scores_QP, -np.inf).astype(np.float32)

        return self.make(("word-scores", cut), score)

    def orders(self, scores_QP: Float32Array, cut: str, scope: str) -> list[Order]:
        """The best hits of each question, in its own document or in the whole corpus."""
        if scope == "corpus":
            return [best_of(scores_P, 0, NUM_HITS) for scores_P in scores_QP]
        bounds = self.pieces(cut).document_pieces
        return [
            best_of(scores_P[bounds[one.document] : bounds[one.document + 1]], int(bounds[one.document]), NUM_HITS)
            for scores_P, one in zip(scores_QP, self.evidences, strict=True)
        ]

    def vector_orders(self, system: System, scope: str) -> list[Order]:
        return self.make(("orders", system.vectors, scope), lambda: self.orders(self.vector_scores(system), system.cut, scope))

    def word_orders(self, cut: str, scope: str) -> list[Order]:
        return self.make(("word-orders", cut, scope), lambda: self.orders(self.word_scores(cut), cut, scope))

    def rank(self, system: System, scope: str) -> list[Ranking]:
        """Each question's pieces of text, best first."""
        if system.is_control:
            return self.rank_oracle() if system.name == ORACLE else self.rank_random(scope)
        orders = self.combined_orders(system, scope) if system.vectors else self.word_orders(system.words, scope)
        if scope == "corpus":
            self.time_queries(("shape", system.name), lambda q: self.shape(system, q, orders[q]))
        return [self.shape(system, index, order) for index, order in enumerate(orders)]

    def combined_orders(self, system: System, scope: str) -> list[Order]:
        """The orders of a system that searches by vectors, with all else that it looks at."""
        dense = self.vector_orders(system, scope)
        lexical = self.word_orders(system.words, scope) if system.words else [None] * len(dense)
        found = zip(self.vector_scores(system), dense, lexical, strict=True)
        return [combine_orders(system, *one, self.corpus.document_sentences) for one in found]

    def shape(self, system: System, question: int, order: Order) -> Ranking:
        """Hits as the text that they bring."""
        return self.span_ranking(system, question, order) if system.span else self.piece_ranking(system, order)

    def piece_ranking(self, system: System, order: Order) -> Ranking:
        """Hits as their pieces, with the sentences around them that the system adds."""
        hits = self.pieces(system.cut)
        width = (system.before, system.after)
        shown = self.make(("run", *map(str, width)), lambda: sentence_runs(self.corpus, *width)) if any(width) else hits
        return Ranking(
            starts_R=shown.starts_P[order.ids_R],
            ends_R=shown.ends_P[order.ids_R],
            boundaries_R=hits.ends_P[order.ids_R],
            keeps_end=system.keeps_end,
        )

    def span_ranking(self, system: System, question: int, order: Order) -> Ranking:
        """Hits as spans, grown by the functions of `search` itself; overlaps merge when they are taken, where a sentence counts once."""
        assert system.span is not None
        bounds = self.corpus.document_sentences
        documents_R = np.searchsorted(bounds, order.ids_R, side="right") - 1
        scores_S = self.vector_scores(system)[question]
        reach = max(system.span.max_front, system.span.front, system.span.surround)
        similarity_of: dict[str, dict[int, float]] = defaultdict(dict)
        hits = []
        lifts_R = order.lifts_R if order.lifts_R is not None else np.zeros_like(order.scores_R)
        found = zip(order.ids_R.tolist(), documents_R.tolist(), order.scores_R.tolist(), lifts_R.tolist(), strict=True)
        for sentence, document, score, lift in found:
            first, end = int(bounds[document]), int(bounds[document + 1])
            near_first, near_end = max(first, sentence - reach), min(end, sentence + system.span.surround + 2)
            doc_id = f"{document:08d}"
            similarity_of[doc_id].update(
                zip(range(near_first - first, near_end - first), scores_S[near_first:near_end].tolist(), strict=True)
            )
            hits.append(Hit(doc_id=doc_id, pos=sentence - first, score=score, lift=lift))
        extents = [extent_of(hit, similarity_of[hit.doc_id], system.span, is_fused=bool(system.words)) for hit in hits]
        extents.sort(key=lambda extent: (-extent.score, extent.doc_id, extent.pos))
        ranked = list(without_neighbours(extents))
        firsts = np.asarray([bounds[int(extent.doc_id)] + extent.first for extent in ranked], dtype=np.int64)
        lasts = np.asarray([bounds[int(extent.doc_id)] + extent.last for extent in ranked], dtype=np.int64)
        boundaries = np.asarray([bounds[int(extent.doc_id)] + extent.pos for extent in ranked], dtype=np.int64)
        return Ranking(
            starts_R=self.corpus.sentence_starts_S[firsts],
            ends_R=self.corpus.sentence_ends_S[lasts],
            boundaries_R=self.corpus.sentence_ends_S[boundaries],
            keeps_end=system.keeps_end,
        )

    def rank_oracle(self) -> list[Ranking]:
        """The evidence itself."""
        return [Ranking(starts_R=one.starts, ends_R=one.ends, boundaries_R=one.ends) for one in self.evidences]

    def rank_random(self, scope: str) -> list[Ranking]:
        """Sentences in random order."""
        generator = np.random.default_rng(0)
        pieces, rankings = self.pieces("sentence"), []
        for one in self.evidences:
            bounds = pieces.document_pieces[[one.document, one.document + 1]] if scope == "document" else np.asarray([0, len(pieces)])
            ids_R = bounds[0] + generator.permutation(int(bounds[1] - bounds[0]))[: 8 * NUM_HITS]
            rankings.append(Ranking(starts_R=pieces.starts_P[ids_R], ends_R=pieces.ends_P[ids_R], boundaries_R=pieces.ends_P[ids_R]))
        return rankings

    def cost(self, system: System) -> Cost:
        """What the system has cost so far: call it after `rank`."""
        num_vectors, index_bytes, index_s, query_ms = 0, 0, self.corpus.prepare_s, self.query_ms[("shape", system.name)]
        if system.vectors:
            embedded = self.embedded(system)
            num_vectors, index_bytes = len(embedded.vectors_ND), vectors_bytes(embedded.vectors_ND)
            index_s += embedded.seconds
            query_ms += self.query_ms[encode_key(self.question_encoder(system.vectors))] + self.query_ms[("search", system.vectors)]
        if system.words:
            index_bytes += self.postings(system.words).size_bytes
            index_s += self.postings(system.words).seconds
            query_ms += self.query_ms[("words", system.words)]
        return Cost(num_vectors=num_vectors, index_bytes=index_bytes, index_s=index_s, query_ms=query_ms)


def encode_key(encoder: Encoder) -> tuple[str, ...]:
    """Under which a bench keeps an encoder's question vectors, and what encoding one question costs."""
    return ("questions", encoder.folder.fingerprint, encoder.folder.pooling)


def median_ms(asks: Sequence[Callable[[], object]]) -> float:
    """The median milliseconds of some calls; 0 for none."""
    seconds = []
    for ask in asks:
        started = time.perf_counter()
        ask()
        seconds.append(time.perf_counter() - started)
    return 1000 * float(np.median(seconds)) if seconds else 0.0


def best_of(scores_P: Float32Array, offset: int, num_hits: int) -> Order:
    """The highest finite scores, best first, ties by place; `offset` is added to the places."""
    if len(scores_P) > num_hits:
        threshold = np.partition(scores_P, len(scores_P) - num_hits)[len(scores_P) - num_hits]
        ids_R = np.flatnonzero(scores_P >= threshold)
    else:
        ids_R = np.arange(len(scores_P))
    ids_R = ids_R[np.isfinite(scores_P[ids_R])]
    ids_R = ids_R[np.lexsort((ids_R, -scores_P[ids_R]))][:num_hits]
    return Order(ids_R=ids_R.astype(np.int64) + offset, scores_R=scores_P[ids_R])


def combine_orders(system: System, cosines_P: Float32Array, dense: Order, lexical: Order | None, bounds: Int64Array) -> Order:
    """One question's hits as the system ranks them: as found, fused with BM25, or lifted. `bounds` are the pieces at which texts begin that
    have nothing to do with each other, and the end."""
    if system.span is not None and system.span.lifts:
        return lift_orders(cosines_P, dense, lexical, bounds, system.span)
    return dense if lexical is None else fuse_orders(cosines_P, dense, lexical)


def fuse_orders(cosines_P: Float32Array, dense: Order, lexical: Order) -> Order:
    """The hits of both by `search.fuse_scores`."""
    ids_R = np.union1d(dense.ids_R, lexical.ids_R)
    scores_R = scores_of(cosines_P, ids_R, lexical)
    best = np.lexsort((ids_R, -scores_R))[:NUM_HITS]
    return Order(ids_R=ids_R[best], scores_R=scores_R[best])


def scores_of(cosines_P: Float32Array, ids_R: Int64Array, lexical: Order | None) -> Float32Array:
    """The scores of pieces, whose ids rise and hold all of `lexical`: cosines, fused with BM25 where there is a ranking by words."""
    if lexical is None:
        return cosines_P[ids_R]
    words_R = np.zeros(len(ids_R), dtype=np.float32)
    words_R[np.searchsorted(ids_R, lexical.ids_R)] = lexical.scores_R
    return fuse_scores(cosines_P[ids_R], words_R)


def lift_orders(cosines_S: Float32Array, dense: Order, lexical: Order | None, bounds: Int64Array, options: SearchOptions) -> Order:
    """What `search.rank_hits` does, on arrays: hits and the sentences near them in their documents, by lifted scores."""
    hits_R = dense.ids_R if lexical is None else np.union1d(dense.ids_R, lexical.ids_R)
    near_RK = hits_R[:, None] + np.arange(-options.region, options.region + 1)
    documents_R = np.searchsorted(bounds, hits_R, side="right") - 1
    is_inside_RK = (near_RK >= bounds[documents_R, None]) & (near_RK < bounds[documents_R + 1, None])
    ids_R = np.unique(near_RK[is_inside_RK])
    scores_R = scores_of(cosines_S, ids_R, lexical)
    places_R = ids_R + (np.searchsorted(bounds, ids_R, side="right") - 1) * (options.region + 1)
    lifts_R = lift_scores(places_R, scores_R, options.region) - scores_R
    best = np.lexsort((ids_R, -(scores_R + lifts_R)))[:NUM_HITS]
    return Order(ids_R=ids_R[best], scores_R=(scores_R + lifts_R)[best], lifts_R=lifts_R[best])
