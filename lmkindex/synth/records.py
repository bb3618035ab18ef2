"""The records and options for writing questions. Offsets are half-open character ranges of a document's text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..config import SYNTH_BACKGROUND_WORDS, SYNTH_NAME, SYNTH_QUESTIONS, SYNTH_TEMPERATURE, require
from ..errors import UsageError
from ..records import JsonObject

ACCEPTED = "accepted"
TRIES_A_QUESTION = 20  # picks that may be asked about per wanted question, unless the options set a number


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterOptions:
    """When a question is rejected; `filters.py` and `round_trip.py` explain each value. Shares and cosines are 0..1."""

    min_words: int = 4
    max_words: int = 30
    max_copied_words: int = 8
    max_copied_share: float = 0.7
    min_grounded: float = 0.35
    min_support: float = 0.6
    max_rank: int = 10
    max_rank_share: float = 0.05
    max_similarity: float = 0.92

    def __post_init__(self) -> None:
        require(0 < self.min_words <= self.max_words, "The words of a question must be a range.")
        require(self.max_rank > 0 and self.max_copied_words > 0, "max_rank and max_copied_words must be positive.")


@dataclass(frozen=True, slots=True, kw_only=True)
class SynthOptions:
    """What a run writes. `name` is the set's name and the start of its ids; `max_tries=0` means `TRIES_A_QUESTION` per
    question; `generator` names the language model as the user did, so that a different model is noticed before anything
    is opened."""

    name: str = SYNTH_NAME
    num_questions: int = SYNTH_QUESTIONS
    max_tries: int = 0
    seed: int = 0
    background_words: int = SYNTH_BACKGROUND_WORDS
    temperature: float = SYNTH_TEMPERATURE
    time_budget_s: float = 0.0
    chunk: int = 32
    generator: str = ""
    filters: FilterOptions = field(default_factory=FilterOptions)

    def __post_init__(self) -> None:
        if not self.name or self.name != self.name.strip() or any(character in self.name for character in "/\\\0"):
            raise UsageError("--name must be a file name without a folder.")
        require(self.num_questions > 0, "The number of questions must be positive.")
        require(self.max_tries >= 0 and self.background_words >= 0, "Tries and words of background must not be negative.")
        require(self.chunk > 0 and self.time_budget_s >= 0, "The chunk must be positive, and the time budget not negative.")

    @property
    def num_tries(self) -> int:
        """The maximum number of picks that are asked about."""
        return self.max_tries or TRIES_A_QUESTION * self.num_questions


@dataclass(frozen=True, slots=True, kw_only=True)
class Pick:
    """A span to ask about and the background to show with it; `number` counts the picks of a run from 0."""

    number: int
    doc_id: str
    start: int
    end: int
    background_start: int
    background_end: int
    num_sentences: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A pick that was asked about: the raw text, what was parsed from it, and the verdict, `accepted` or the name of a
    filter. `rank` is the span's rank among the document's sentences, from 1; 0 if an earlier filter rejected the
    question."""

    pick: Pick
    text: str
    question: str
    answer: str
    verdict: str
    rank: int

    @property
    def is_accepted(self) -> bool:
        return self.verdict == ACCEPTED


@dataclass(frozen=True, slots=True, kw_only=True)
class SynthResult:
    """A run so far. `rejected` counts by filter; `is_complete` tells whether the target number of questions is
    reached."""

    name: str
    model: str
    attempts: tuple[Attempt, ...]
    num_questions: int
    num_documents: int
    rejected: Mapping[str, int]
    is_complete: bool

    def to_json(self) -> JsonObject:
        return {
            "name": self.name,
            "model": self.model,
            "documents": self.num_documents,
            "attempts": len(self.attempts),
            "questions": self.num_questions,
            "rejected": dict(self.rejected),
            "complete": self.is_complete,
        }
