"""Does the question find its span again? The filters that need an encoder: the span's rank in its document, and
near-duplicates.

Sentence vectors are made before the language model starts (facts.md, "vLLM": it changes torch's threads and random
state), question vectors as the questions are written. Shapes: S sentences of all documents, Q questions, D dimensions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..datasets import SourceDocument, embed_landmarks, make_corpus
from ..encoder import Encoder
from ..encoder.cache import VectorCache
from ..records import Float16Array, Float32Array, Int64Array
from .filters import words_of
from .records import FilterOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class SentencePlaces:
    """The sentences of some documents: where they are in their document's text, and their vectors. Document d has the
    sentences `[firsts[d], firsts[d + 1])`."""

    documents: dict[str, int]
    firsts: Int64Array
    starts_S: Int64Array
    ends_S: Int64Array
    vectors_SD: Float16Array

    def sentences_of(self, doc_id: str) -> slice:
        """Where the document's sentences are in the arrays."""
        index = self.documents[doc_id]
        return slice(int(self.firsts[index]), int(self.firsts[index + 1]))

    def touched(self, doc_id: str, spans: Sequence[tuple[int, int]]) -> Int64Array:
        """Which sentences of the document the spans touch, counted from its first sentence."""
        place = self.sentences_of(doc_id)
        starts, ends = self.starts_S[place], self.ends_S[place]
        hits = np.zeros(len(starts), dtype=np.bool_)
        for start, end in spans:
            hits |= (starts < end) & (ends > start)
        return np.flatnonzero(hits)


def embed_documents(documents: Sequence[SourceDocument], encoder: Encoder, cache: VectorCache) -> SentencePlaces:
    """Split the documents as a build does, and encode every sentence in its window.

    Each document is cached separately: it is encoded once, whatever other documents a run or a report looks at.
    """
    corpora = [make_corpus([document.text], encoder) for document in documents]
    vectors = [embed_landmarks(cache, encoder, corpus).vectors_ND for corpus in corpora]
    return SentencePlaces(
        documents={document.doc_id: index for index, document in enumerate(documents)},
        firsts=np.cumsum([0, *(len(corpus.sentence_starts_S) for corpus in corpora)], dtype=np.int64),
        starts_S=np.concatenate([np.zeros(0, dtype=np.int64), *(corpus.sentence_starts_S for corpus in corpora)]),
        ends_S=np.concatenate([np.zeros(0, dtype=np.int64), *(corpus.sentence_ends_S for corpus in corpora)]),
        vectors_SD=np.concatenate([np.zeros((0, encoder.folder.dim), dtype=np.float16), *vectors]),
    )


def rank_in_document(places: SentencePlaces, question_D: Float32Array, doc_id: str, spans: Sequence[tuple[int, int]]) -> int:
    """The rank, from 1, of the best sentence that the spans touch among all sentences of the document, by cosine with
    the question."""
    similarities_S = places.vectors_SD[places.sentences_of(doc_id)].astype(np.float32) @ question_D
    best = similarities_S[places.touched(doc_id, spans)].max()
    return 1 + int((similarities_S > best).sum())


def allowed_rank(num_sentences: int, options: FilterOptions) -> int:
    """The worst rank that is accepted: `max_rank`, or less in short documents, so that it means something there too."""
    return max(1, min(options.max_rank, round(options.max_rank_share * num_sentences)))


class AcceptedQuestions:
    """The questions accepted so far, for comparison. Invariant: one vector [D] per text."""

    def __init__(self, texts: Sequence[str], vectors: Sequence[Float32Array]) -> None:
        self._keys = {tuple(words_of(text)) for text in texts}
        self._vectors = list(vectors)

    def holds(self, text: str, vector_D: Float32Array, max_similarity: float) -> bool:
        """Whether they include a question with the same words, or with a cosine above `max_similarity`."""
        if tuple(words_of(text)) in self._keys:
            return True
        return bool(self._vectors) and float((np.stack(self._vectors) @ vector_D).max()) > max_similarity

    def add(self, text: str, vector_D: Float32Array) -> None:
        self._keys.add(tuple(words_of(text)))
        self._vectors.append(vector_D)
