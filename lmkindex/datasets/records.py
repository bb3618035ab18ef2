"""What a set is: documents, questions about them, and where the evidence is; and its texts on the *global character
axis*.

On that axis the documents follow each other, document d at `[document_starts[d], document_starts[d + 1])`.
Shapes: D documents, S sentences, T tokens.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..records import Int32Array, Int64Array

RECALL_RANKS = (1, 5, 10)  # the ranks k of recall@k


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceDocument:
    """A document of an evaluation set, as in its file."""

    doc_id: str
    title: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question about one document. `spans` are `[start, end)` characters of that document's text, sorted and
    disjoint; with `any_span` each is an alternative (places of an answer string), otherwise all of them together are
    the evidence. No spans: the evidence is unknown. `note` is what the file says about the question."""

    question_id: str
    doc_id: str
    text: str
    answers: tuple[str, ...]
    spans: tuple[tuple[int, int], ...]
    any_span: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationSet:
    """Documents and the questions about them."""

    name: str
    documents: tuple[SourceDocument, ...]
    questions: tuple[Question, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Corpus:
    """The documents of a set on the global axis, tokenized and split. Tokens are disjoint and in order; sentence s owns
    tokens `[sentence_tokens[s], sentence_tokens[s + 1])`, document d owns sentences `[document_sentences[d],
    document_sentences[d + 1])`."""

    texts: tuple[str, ...]
    document_starts: Int64Array  # D + 1
    document_sentences: Int64Array  # D + 1
    sentence_starts_S: Int64Array
    sentence_ends_S: Int64Array
    ends_paragraph_S: npt.NDArray[np.bool_]
    sentence_tokens: Int64Array  # S + 1
    token_ids_T: Int32Array
    token_starts_T: Int64Array
    token_ends_T: Int64Array
    prepare_s: float  # seconds to split and tokenize

    @property
    def num_tokens(self) -> int:
        return len(self.token_ids_T)

    @property
    def document_token_bounds(self) -> Int64Array:
        """Document d owns tokens `[bounds[d], bounds[d + 1])` (D + 1)."""
        return self.sentence_tokens[self.document_sentences]

    def text_of(self, start: int, end: int) -> str:
        """The text of a global range."""
        document = int(np.searchsorted(self.document_starts, start, side="right")) - 1
        offset = int(self.document_starts[document])
        return self.texts[document][start - offset : end - offset]
