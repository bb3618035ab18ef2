"""Generated prose of the held-out corpus: a grammar of templates, with words that the other corpus does not have.

`texts/grammar.txt` has a production a line; `{Name}` is `{name}` with a capital. A class of words that begins in lower
case inside a sentence is never put at its beginning, except by `{Name}`. Knows no document and no producer.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

from ..marked import marked_blocks
from ..sheets import Block

TEXTS_PATH = Path(__file__).resolve().parent / "texts"
WHOLE = frozenset({"sentence", "heading", "cell"})  # a production each; the other classes have words parted by bars
MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"]
NUMERALS = ["II", "III", "IV", "VI", "VII", "IX", "XI", "XII", "XIV", "XIX"]


def read_grammar() -> dict[str, list[str]]:
    """The productions of each class."""
    grammar: dict[str, list[str]] = defaultdict(list)
    for line in (TEXTS_PATH / "grammar.txt").read_text(encoding="utf-8").splitlines():
        name, text = line.split(": ", 1)
        grammar[name] += [text] if name in WHOLE else text.split(" | ")
    return dict(grammar)


class HeldProse:
    """Sentences of one seed; no sentence comes twice."""

    def __init__(self, seed: str) -> None:
        self.random = random.Random(f"held out: {seed}")
        self.grammar = read_grammar()
        self.seen: set[str] = set()
        number, choice = self.random.randint, self.random.choice
        self.numbers: dict[str, Callable[[], str]] = {
            "day": lambda: str(number(1, 28)),
            "month": lambda: choice(MONTHS),
            "year": lambda: str(number(1896, 1959)),
            "year2": lambda: str(number(1960, 2019)),
            "small": lambda: str(number(2, 48)),
            "count": lambda: f"{number(49, 4999):,}",
            "decimal": lambda: f"{number(0, 99)}.{number(1, 9)}",
            "percent": lambda: f"{number(1, 30)}.{number(1, 9)}%",
            "pages": lambda: f"{number(11, 60)}–{number(61, 99)}",
            "clock": lambda: f"{number(6, 11)}.{number(10, 59)} {choice(('p.m.', 'a.m.'))}",
            "money": lambda: f"{choice('£€$')}{number(1, 999):,}.{number(10, 99)}",
            "roman": lambda: choice(NUMERALS),
            "url": lambda: f"https://archive.example.org/reels/{number(1900, 1959)}-{number(10, 99)}.html",
            "mail": lambda: f"{choice(('vault', 'reels', 'j.hallam'))}@archive{number(2, 9)}.example.org",
        }

    def sentence(self) -> str:
        """A sentence of two to sixty words."""
        while True:
            made = self._expand("{sentence}")
            made = made[:1].upper() + made[1:]
            if made not in self.seen:
                self.seen.add(made)
                return made

    def sentences(self, fewest: int, most: int) -> tuple[str, ...]:
        return tuple(self.sentence() for _ in range(self.random.randint(fewest, most)))

    def heading(self) -> str:
        return self._capital(self._expand("{heading}"))

    def cell(self) -> str:
        return self._capital(self._expand("{cell}"))

    def one_of(self, name: str) -> str:
        """A word, number or phrase of a class."""
        return self._expand("{" + name + "}")

    def _expand(self, text: str) -> str:
        while match := re.search(r"\{(\w+)\}", text):
            name = match[1]
            made = self.numbers[name]() if name in self.numbers else self.random.choice(self.grammar[name.lower()])
            made = self._capital(made) if name[0].isupper() else made
            text = text[: match.start()] + made + text[match.end() :]
        return text.removesuffix(".") if text.endswith("..") else text  # a sentence that ends with an abbreviation

    @staticmethod
    def _capital(text: str) -> str:
        return text[:1].upper() + text[1:]


def held_sections(prose: HeldProse, number: int, *, fewest: int = 2, most: int = 4, numbered: bool = False) -> Iterator[Block]:
    """`number` headings, each with some paragraphs of one to seven sentences."""
    for position in range(number):
        label = f"{position + 1} " if numbered else ""
        yield Block(kind="heading", level=1, sentences=(label + prose.heading(),))
        for _ in range(prose.random.randint(fewest, most)):
            yield Block(kind="paragraph", sentences=prose.sentences(1, 7))


def tide_mill() -> tuple[Block, ...]:
    """A report by people: `examples/sources/saltmere/tide-mill-restoration.txt`, marked by rules and by eye."""
    return marked_blocks(TEXTS_PATH / "tide-mill.txt")
