"""A claim and a span -> the few neighbouring sentences of the span that support the claim best.

Knows no markers, no other spans and no citations. `support.py` compares what texts say.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from ..search import Span
from ..sentences import split_sentences
from .support import MIN_SUPPORT, Content, read_content, support

MAX_EVIDENCE_SENTENCES = 3
FRAGMENT_WORDS = 2  # a claim of this few content words says nothing alone: its evidence must be about the question as well
MIN_ABOUT_QUESTION = 1 / 3  # share of the question's content words


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """The best place in one span for a claim: `span.text[start:end]`; `score` is its support, `closeness` breaks
    ties."""

    start: int
    end: int
    score: float
    closeness: float


class CitableSpan:
    """A span in which the claims of one answer are looked up. Invariant: it is split once, and each stretch of it is
    read once."""

    def __init__(self, span: Span) -> None:
        self.span = span
        self.contents: dict[tuple[int, int], Content] = {}

    @cached_property
    def sentences(self) -> list[tuple[int, int]]:
        """The characters `[start, end)` of each sentence, in the span's text."""
        sentences = split_sentences(self.span.text)
        return list(zip(sentences.starts_S.tolist(), sentences.ends_S.tolist(), strict=True))

    def content(self, start: int, end: int) -> Content:
        """What the span's text `[start:end]` says."""
        if (start, end) not in self.contents:
            self.contents[start, end] = read_content(self.span.text[start:end])
        return self.contents[start, end]

    @property
    def words(self) -> frozenset[str]:
        """The content words of the whole span."""
        return self.content(0, len(self.span.text)).words


def best_evidence(claim: Content, source: CitableSpan, asked: frozenset[str]) -> Evidence:
    """The fewest neighbouring sentences of `source` that support the claim; if none do, the nearest sentence."""
    sentences = source.sentences
    nearest = Evidence(start=0, end=len(source.span.text), score=0.0, closeness=-1.0)
    for length in range(1, min(MAX_EVIDENCE_SENTENCES, len(sentences)) + 1):
        bounds = [(sentences[i][0], sentences[i + length - 1][1]) for i in range(len(sentences) - length + 1)]
        runs = [weigh(claim, source, start, end, asked) for start, end in bounds]
        best = max(runs, key=lambda run: (run.score, run.closeness))  # the first if equal
        if best.score >= MIN_SUPPORT:
            return best
        if length == 1:
            nearest = max(runs, key=lambda run: run.closeness)
    return Evidence(start=nearest.start, end=nearest.end, score=0.0, closeness=nearest.closeness)


def weigh(claim: Content, source: CitableSpan, start: int, end: int, asked: frozenset[str]) -> Evidence:
    """How well the span's text `[start:end]` supports the claim, and how close it comes to it and to the question."""
    content = source.content(start, end)
    about_question = len(asked & content.words) / len(asked) if asked else 1.0
    is_about = about_question >= MIN_ABOUT_QUESTION or len(claim.words) > FRAGMENT_WORDS
    closeness = len(claim.words & content.words) + about_question / 2
    return Evidence(start=start, end=end, score=support(claim, content, asked) if is_about else 0.0, closeness=closeness)
