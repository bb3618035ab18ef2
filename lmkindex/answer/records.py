"""What `ask` gives: an answer and its checked citations. Knows no prompt and no model."""

from __future__ import annotations

from dataclasses import dataclass

from ..records import JsonObject
from ..search import Span
from ..search.records import place_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """A place that an answer points at: `quote` is the source's own text `text[start:end]`, `verified` says whether
    code found there what the answer says.

    `marker` is the number in the answer: it counts the spans in document order, by (path, start), from 1. Marker 0
    means a sentence of the answer that no span supports; its place, if any, is the nearest miss. A marker that names no
    span has an empty `path`. `root` and `printed_path` are those of the span.
    """

    marker: int
    path: str
    page: int | None
    start: int
    end: int
    quote: str
    verified: bool
    root: str = ""
    printed_path: str = ""

    @property
    def place(self) -> str:
        """`PATH:START-END`, as `Index.read` and `lmkindex read` accept it; "" for a citation without a path."""
        return place_at(self.printed_path or self.path, self.start, self.end) if self.path else ""

    def to_json(self) -> JsonObject:
        names = ("marker", "path", "page", "start", "end", "quote", "verified", "root", "place")
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What `ask` gives: the text with its markers, whether it abstained, its checked citations and the spans that the
    model was shown. `model` is the language model's name, "" if no model was asked. `error` says why the model wrote
    nothing, if it failed only on this question."""

    question: str
    answer: str
    abstained: bool
    citations: tuple[Citation, ...]
    spans: tuple[Span, ...]
    model: str
    error: str = ""

    def to_json(self) -> JsonObject:
        fields: JsonObject = {
            "question": self.question,
            "answer": self.answer,
            "abstained": self.abstained,
            "citations": [citation.to_json() for citation in self.citations],
            "spans": [span.to_json() for span in self.spans],
            "model": self.model,
        }
        return fields | {"error": self.error} if self.error else fields
