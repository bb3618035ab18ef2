"""The haystack's first tokens as a document -> what each kind of index of it costs. Vectors come from the cache: a
longer document with the same beginning has the same rows except for the last, and the cache keeps the seconds that
encoding each row took."""

from __future__ import annotations

import numpy as np

from ....datasets import Corpus, embed_landmarks, make_corpus
from ....encoder.cache import Embedded
from ...embed import embed_pieces, vectors_bytes
from ...lexical import Postings
from ...pieces import sentence_pieces, token_chunks
from ..common import ExperimentInput
from .design import EncodeCost
from .hunt import Hunt

LANDMARKS, ISOLATED, CHUNKS, WORDS = "landmarks", "isolated", "chunk-128", "bm25-sentence"


def encode_costs(given: ExperimentInput, hunt: Hunt, length: int) -> list[EncodeCost]:
    """Costs of a document of `length` tokens, one per kind of index."""
    corpus = make_corpus([head_of(hunt.bench.corpus, length)], given.baseline_encoder)
    is_same = given.landmark_encoder.folder.fingerprint == given.baseline_encoder.folder.fingerprint
    landmark_corpus = corpus if is_same else make_corpus(corpus.texts, given.landmark_encoder)
    sentences, chunks = sentence_pieces(corpus), token_chunks(corpus, 128)
    postings = Postings(corpus, sentences)
    return [
        cost_of(LANDMARKS, landmark_corpus, embed_landmarks(given.cache, given.landmark_encoder, landmark_corpus)),
        cost_of(ISOLATED, corpus, embed_pieces(given.cache, given.baseline_encoder, corpus, sentences)),
        cost_of(CHUNKS, corpus, embed_pieces(given.cache, given.baseline_encoder, corpus, chunks)),
        EncodeCost(system=WORDS, seconds=corpus.prepare_s + postings.seconds, num_vectors=0, size_bytes=postings.size_bytes),
    ]


def head_of(corpus: Corpus, length: int) -> str:
    """The first document's text up to the last sentence that ends within `length` tokens."""
    last = max(1, int(np.searchsorted(corpus.sentence_tokens, length, side="right")) - 1)
    end = int(corpus.sentence_ends_S[min(last, int(corpus.document_sentences[1])) - 1])
    return corpus.texts[0][:end]


def cost_of(name: str, corpus: Corpus, embedded: Embedded) -> EncodeCost:
    vectors_ND = embedded.vectors_ND
    seconds = corpus.prepare_s + embedded.seconds
    return EncodeCost(system=name, seconds=seconds, num_vectors=len(vectors_ND), size_bytes=vectors_bytes(vectors_ND))
