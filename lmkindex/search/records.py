"""The records of a search: hits, spans of consecutive sentences, and a question's result. Knows no index and no
model."""

from __future__ import annotations

from dataclasses import dataclass

from ..records import JsonObject, Page


def place_at(path: str, start: int, end: int) -> str:
    """A range of characters of the document that is printed as `path`."""
    return f"{path}:{start}-{end}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A landmark proposed as a boundary. `score` is the similarity, or the fused score with `--hybrid`; `lift` is the
    part of the score that a better sentence nearby gave."""

    doc_id: str
    pos: int
    score: float
    lift: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Consecutive sentences of one document: `text` is the document's `text[start:end]`, on `page` (from 1; None
    without pages).

    `boundary` is the character at which the boundary sentence (the hit) ends. `pos_first` and `pos_last` are sentence
    positions, both included. `heading` are the headings over its boundary sentence, outermost first. `pages` are the
    pages that the span touches. `why` explains, line by line, why the span starts and ends where it does. `path` is
    relative to `root`; `printed_path` has the end of the root before it if other roots have the same path.
    """

    path: str
    doc_id: str
    page: int | None
    start: int
    end: int
    boundary: int
    score: float
    text: str
    pos_first: int
    pos_last: int
    num_tokens: int
    heading: tuple[str, ...] = ()
    why: tuple[str, ...] = ()
    pages: tuple[Page, ...] = ()
    root: str = ""
    printed_path: str = ""

    def page_at(self, start: int) -> int | None:
        """The page that holds character `start` of the document: a span may go over several pages."""
        return next((page.number for page in self.pages if page.start <= start < page.end), self.page)

    @property
    def place(self) -> str:
        """`PATH:START-END`, as `Index.read` and `lmkindex read` accept it."""
        return place_at(self.printed_path or self.path, self.start, self.end)

    def to_json(self) -> JsonObject:
        names = ("path", "doc_id", "page", "start", "end", "boundary", "score", "text", "root", "place")
        return {name: getattr(self, name) for name in names} | {"heading": list(self.heading)}


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchResult:
    """A question and its spans, best first. `similarity` is the best sentence's cosine with the question, -1 to 1;
    `min_similarity` is the encoder's own threshold: `ask` abstains below it (-1: never)."""

    question: str
    spans: tuple[Span, ...]
    similarity: float
    min_similarity: float = -1.0

    def to_json(self) -> JsonObject:
        return {"question": self.question, "spans": [span.to_json() for span in self.spans]}
