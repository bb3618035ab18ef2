"""Generated prose: sentences of a seed, no two alike, that hold what is hard for a reader of printed pages.

Knows no document and no producer. There are compounds with a hyphen beside long words that a printer breaks, letters
that fonts join (ffi, fl), abbreviations with a full stop, decimals, money, quotations and letters beyond ASCII.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

from .sheets import Block

WORDS_PATH = Path(__file__).resolve().parent / "texts/words.txt"


def read_words() -> dict[str, list[str]]:
    """The words of each class: people, verbs, adjectives, nouns, places, times, reasons, amounts, asides."""
    lines = (line.split(": ", 1) for line in WORDS_PATH.read_text(encoding="utf-8").splitlines())
    return {name: words.split(" | ") for name, words in lines}


class Prose:
    """Sentences of one seed; no sentence comes twice."""

    def __init__(self, seed: str) -> None:
        self.random = random.Random(seed)
        self.seen: set[str] = set()
        self.words = read_words()

    def sentence(self) -> str:
        """A sentence of some eight to thirty-five words."""
        while True:
            made = self._sentence()
            if made not in self.seen:
                self.seen.add(made)
                return made

    def sentences(self, fewest: int, most: int) -> tuple[str, ...]:
        return tuple(self.sentence() for _ in range(self.random.randint(fewest, most)))

    def phrase(self) -> str:
        """A few words with a capital, without a full stop: a heading or a cell."""
        pick = self.random.choice
        text = pick(
            (
                f"the {pick(self.words['adjectives'])} {pick(self.words['nouns'])} {pick(self.words['places'])}",
                f"{pick(self.words['adjectives'])} {pick(self.words['nouns'])}",
                f"{pick(self.words['nouns'])} {pick(self.words['times'])}",
            )
        )
        return text[0].upper() + text[1:]

    def short_phrase(self) -> str:
        return f"{self.random.choice(self.words['adjectives'])} {self.random.choice(self.words['nouns'])}".capitalize()

    def amount(self) -> str:
        return f"{self.random.randint(1, 9999):,}.{self.random.randint(0, 99):02}"

    def _sentence(self) -> str:
        pick, chance = self.random.choice, self.random.random
        text = f"{pick(self.words['people'])} {pick(self.words['verbs'])} {self._thing()}"
        if chance() < 0.25:
            text += f" ({pick(self.words['asides'])})"
        if chance() < 0.15:
            text += f" — not {self._thing()} — {pick(self.words['places'])}"
        elif chance() < 0.6:
            text += f" {pick(self.words['places'])}"
        if chance() < 0.25:
            text += f", measured {pick(self.words['amounts'])} on the {pick(self.words['nouns'])}"
        text += f" {pick(self.words['times'])}" if chance() < 0.6 else ""
        if chance() < 0.4:
            text += f", {pick(self.words['reasons'])}"
        if chance() < 0.3:
            text += f"; {pick(self.words['people'])} {pick(self.words['verbs'])} {self._thing()}"
        if chance() < 0.2:
            text = f"{pick(self.words['times'])}, {text}"
        if chance() < 0.06:
            return f"Was it true that {text}?"
        if chance() < 0.06:
            return f"“{text[0].upper()}{text[1:]},” said {pick(self.words['people'])}."
        return f"{text[0].upper()}{text[1:]}."

    def _thing(self) -> str:
        words = f"{self.random.choice(self.words['adjectives'])} {self.random.choice(self.words['nouns'])}"
        if self.random.random() < 0.08:
            words = f"⟪{words}⟫"
        return f"{self.random.choice(('the', 'its', 'every', 'one'))} {words}"


def sections(prose: Prose, number: int, *, fewest: int = 3, most: int = 5) -> Iterator[Block]:
    """`number` headings, each with some paragraphs."""
    for position in range(number):
        yield Block(kind="heading", level=1, sentences=(f"{position + 1}. {prose.phrase()}",))
        for _ in range(prose.random.randint(fewest, most)):
            yield Block(kind="paragraph", sentences=prose.sentences(3, 6))


def titled(prose: Prose, blocks: Iterator[Block]) -> tuple[Block, ...]:
    return Block(kind="title", sentences=(f"Report on {prose.phrase().lower()}",)), *blocks
