"""One evaluation set with everything that its systems share: pieces, vectors, postings, orders of hits. Each is made on
first use.

Knows how to rank for every system of `systems.py`; scores nothing. Shapes: Q questions, P pieces, R hits of one
question.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from copy import copy
from functools import partial
from typing import TypeVar

import numpy as np

from ..datasets import EvaluationSet, embed_landmarks, make_corpus
from ..encoder import Encoder, encode_questions
from ..encoder.cache import Embedded, VectorCache
from ..records import Float32Array, Int64Array
from ..search.ranking import Order, places_between, rank_places
from .embed import embed_late_chunks, embed_pieces, mean_pooled, vectors_bytes
from .evidence import answerable
from .lexical import Postings
from .pieces import sentence_runs
from .rankings import best_of, rank_grown, rank_oracle, rank_random, rank_shown
from .records import Cost, Pieces, Ranking
from .systems import CUTS, NUM_HITS, ORACLE, System

T = TypeVar("T")
TIMED_QUESTIONS = 10  # how many questions are asked one by one to measure a query's cost


class Workbench:
    """Invariant: `evidences` and all orders follow `questions`, the questions of the set whose evidence touches a
    token."""

    def __init__(self, evaluation_set: EvaluationSet, landmark_encoder: Encoder, baseline_encoder: Encoder, cache: VectorCache) -> None:
        self.corpus = make_corpus([document.text for document in evaluation_set.documents], baseline_encoder)
        self.questions, self.evidences = answerable(self.corpus, evaluation_set)
        self.name, self.cache = evaluation_set.name, cache
        # Budgets count the baseline's tokens; another encoder's windows need that encoder's tokens.
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
        """A bench of the same texts for some of the questions; everything else is made again."""
        bench = copy(self)
        bench.questions = tuple(self.questions[index] for index in indices)
        bench.evidences = tuple(self.evidences[index] for index in indices)
        bench.made, bench.query_ms = {}, defaultdict(float)
        return bench

    def with_encoder(self, encoder: Encoder, cache: VectorCache) -> Workbench:
        """The same bench for other weights with the same tokenizer."""
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
        """Record the cost of one question: the median over a few that are asked one by one."""
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
        """BM25 of all questions with all pieces [Q, P]; pieces without a word of the question have -inf, so they are
        not hits."""

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
            return rank_oracle(self.evidences) if system.name == ORACLE else rank_random(self.pieces("sentence"), self.evidences, scope)
        orders = self.combined_orders(system, scope) if system.vectors else self.word_orders(system.words, scope)
        if scope == "corpus":
            self.time_queries(("shape", system.name), lambda q: self.shape(system, q, orders[q]))
        return [self.shape(system, index, order) for index, order in enumerate(orders)]

    def combined_orders(self, system: System, scope: str) -> list[Order]:
        """The orders of a system that searches by vectors, combined with its other scores."""
        dense = self.vector_orders(system, scope)
        lexical = self.word_orders(system.words, scope) if system.words else [None] * len(dense)
        pieces = self.pieces(system.cut)
        places_P = self.make(("places", system.cut), lambda: places_between(pieces.document_pieces, len(pieces)))
        found = zip(self.vector_scores(system), dense, lexical, strict=True)
        return [combine_orders(system, places_P, *one) for one in found]

    def shape(self, system: System, question: int, order: Order) -> Ranking:
        """Hits as text: as spans, or as their pieces with the sentences around them that the system adds."""
        if system.span:
            cosines_S, is_fused = self.vector_scores(system)[question], bool(system.words)
            return rank_grown(self.corpus, system.span, cosines_S, order, is_fused=is_fused, keeps_end=system.keeps_end)
        hits = self.pieces(system.cut)
        width = (system.before, system.after)
        shown = self.make(("run", *map(str, width)), lambda: sentence_runs(self.corpus, *width)) if any(width) else hits
        return rank_shown(hits, shown, order, keeps_end=system.keeps_end)

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
    """The key under which a bench keeps an encoder's question vectors and the cost of encoding one question."""
    return ("questions", encoder.folder.fingerprint, encoder.folder.pooling)


def median_ms(asks: Sequence[Callable[[], object]]) -> float:
    """The median milliseconds of some calls; 0 for none."""
    seconds = []
    for ask in asks:
        started = time.perf_counter()
        ask()
        seconds.append(time.perf_counter() - started)
    return 1000 * float(np.median(seconds)) if seconds else 0.0


def combine_orders(system: System, places_P: Int64Array, cosines_P: Float32Array, dense: Order, lexical: Order | None) -> Order:
    """One question's hits as the system ranks them, by the rule of `search`: as found, fused with BM25, or lifted."""
    region = system.span.lift_region if system.span is not None else 0
    words = None if lexical is None else (lexical.ids_R, lexical.scores_R)
    return rank_places(places_P, cosines_P, dense.ids_R, words, region=region, num_hits=NUM_HITS)
