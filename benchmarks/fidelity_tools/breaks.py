"""Where a word may be broken: soft hyphens for the producers that bring no dictionary for hyphenation."""

from __future__ import annotations

import re

SOFT_HYPHEN = "\u00ad"
WORD = re.compile(r"[A-Za-z]{7,}")
SYLLABLE = re.compile(r"(?<=[aeiouy])(?=[bcdfghjklmnpqrstvwxz][aeiouy])|(?<=[aeiouy][bcdfgklmnprst])(?=[bcdfgklmnprst][aeiouy])")


def soften(text: str) -> str:
    """`text` with a soft hyphen between the syllables of its long words, at least three letters from either end."""
    return WORD.sub(lambda match: _soften_word(match[0]), text)


def _soften_word(word: str) -> str:
    places = [match.start() for match in SYLLABLE.finditer(word) if 3 <= match.start() <= len(word) - 3]
    pieces = [word[start:end] for start, end in zip([0, *places], [*places, len(word)], strict=True)]
    return SOFT_HYPHEN.join(pieces)
