"""Pieces -> BM25 postings -> scores. The library is bm25s: exact BM25 in memory, with the parameters of LanceDB's full
text index.

Shapes: P pieces.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

import numpy as np

from ..datasets import Corpus
from ..errors import UsageError
from ..records import Float32Array
from ..runtime import absent
from .records import Pieces

K1, B = 1.2, 0.75
INSTALL = "The BM25 baselines need bm25s and PyStemmer: `pip install 'bm25s<0.4' PyStemmer`."


class Postings:
    """BM25 over one kind of pieces; words are lower-cased, stemmed, without English stop words, as in the index's
    full-text search."""

    def __init__(self, corpus: Corpus, pieces: Pieces) -> None:
        bm25s = import_bm25s()
        from Stemmer import Stemmer

        started = time.perf_counter()
        self.stemmer = Stemmer("english")
        texts = [corpus.text_of(start, end) for start, end in zip(pieces.starts_P.tolist(), pieces.ends_P.tolist(), strict=True)]
        self.num_pieces = len(pieces)
        self.engine: Any = None
        words = self.split(texts)
        if any(words):
            self.engine = bm25s.BM25(k1=K1, b=B)
            self.engine.index(words, show_progress=False)
        self.seconds = time.perf_counter() - started

    def split(self, texts: Sequence[str]) -> list[list[str]]:
        """The terms of each text."""
        bm25s = import_bm25s()
        options = {"token_pattern": r"(?u)\b\w+\b", "stopwords": "en", "stemmer": self.stemmer}  # one-letter words too
        return list(bm25s.tokenize(list(texts), return_ids=False, show_progress=False, **options))

    def scores(self, question: str) -> Float32Array:
        """BM25 of each piece [P]; 0 where no word of the question occurs."""
        (words,) = self.split([question])
        if self.engine is None or not words:
            return np.zeros(self.num_pieces, dtype=np.float32)
        return np.asarray(self.engine.get_scores(words), dtype=np.float32)

    @property
    def size_bytes(self) -> int:
        """Size of the postings."""
        return sum(int(array.nbytes) for array in self.engine.scores.values() if hasattr(array, "nbytes")) if self.engine else 0


def import_bm25s() -> Any:
    """The library without numba, which it would otherwise use if installed: after importing numba, a process can no
    longer start vLLM 0.32, because vLLM's scan of all modules trips over llvmlite. Raises `UsageError` when the extra
    is not installed."""
    require_bm25()
    with absent("numba"):
        import bm25s
    return bm25s


def require_bm25() -> None:
    """Raise a `UsageError` that names the remedy when the extra is not installed."""
    if find_spec("bm25s") is None or find_spec("Stemmer") is None:
        raise UsageError(INSTALL)
