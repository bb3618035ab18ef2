"""Sets of documents and questions, for evaluation and for training (evaluate-your-own-set.md, "Your own questions").
The public interface of the package.

In reading order: `records` defines a set; `set_reader` reads the three forms of a set, with checks by `json_lines`, and
`set_writer` writes one of them; `corpus` splits and tokenizes a set's texts; `landmarks` encodes them as a build does.
"""

from __future__ import annotations

from .corpus import make_corpus
from .landmarks import embed_landmarks
from .records import Corpus, EvaluationSet, Question, SourceDocument
from .set_reader import find_sets, sample_questions
from .set_writer import write_set

__all__ = [
    "Corpus",
    "EvaluationSet",
    "Question",
    "SourceDocument",
    "embed_landmarks",
    "find_sets",
    "make_corpus",
    "sample_questions",
    "write_set",
]
