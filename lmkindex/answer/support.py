"""Does a piece of source say what a claim says? Words, numbers, names and negations, compared by code.

Takes two strings, gives a share in 0..1. Knows no spans, markers or models. It compares words, not meaning: a sentence
with all the right words in the wrong relation can fool it, and it rejects a free paraphrase. Both are the price of a
check without a model.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

MIN_SUPPORT = 0.6  # share of a claim's content words that the source must hold
MIN_NEW_SUPPORT = 0.5  # the same for words that are not in the question
NEGATION_REACH = 2  # a "not" belongs to this many content words after it, within its clause

WORD = re.compile(r"[぀-ヿ㐀-鿿가-힯]|\d+(?:[.,:]\d+)*|[^\W\d_]+(?:['’][^\W\d_]+)*")
NO_NEGATION = re.compile(r"\s+(?:until|only|just|least|merely)\b", re.IGNORECASE)  # not until 1932: it did happen then
ENDS_CLAUSE = re.compile(r"[,.;:!?—–()]")

FUNCTION_WORDS = """
    a about above after again all also am an and any are around as at be because been before being below between both but by can could
    did do does doing down during each either etc few for from further had has have having he her here hers him himself his how
    however i if in into is it its itself just like may me might more most much must my of off on once one only or other our out over
    own per same shall she should since so some such than that the their theirs them then there these they this those through thus to
    too under until up upon us very was we were what when where whether which while who whom whose why will with within would yes you
    your
"""
WORDS_ABOUT_THE_TEXT = "according answer document mentioned mentions passage passages question said says state stated states text"
NEGATION_WORDS = "cannot neither never no nobody none nor not nothing without"
SMALL_NUMBERS = "two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
TENS = "twenty thirty forty fifty sixty seventy eighty ninety"

STOPWORDS = frozenset((FUNCTION_WORDS + WORDS_ABOUT_THE_TEXT).split())
NEGATIONS = frozenset(NEGATION_WORDS.split())
NUMBER_WORDS = dict(zip(SMALL_NUMBERS.split() + TENS.split(), map(str, [*range(2, 20), *range(20, 100, 10)]), strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What a text says, as sets of normalised words: all of them, those that must be matched exactly, those that are
    negated."""

    words: frozenset[str]
    required: frozenset[str]
    negated: frozenset[str]


def support(claim: Content, source: Content, asked: frozenset[str] = frozenset()) -> float:
    """The share of the claim's content words in the source; 0 if a number or name is missing or a negation differs.

    The words of the question (`asked`) are easy to repeat, so a share `MIN_NEW_SUPPORT` of the claim's other words must
    be in the source too.
    """
    if not claim.words or claim.required - source.words:
        return 0.0
    if (claim.negated & source.words) - source.negated or (source.negated & claim.words) - claim.negated:
        return 0.0
    new = claim.words - asked
    if new and len(new & source.words) / len(new) < MIN_NEW_SUPPORT:
        return 0.0
    return len(claim.words & source.words) / len(claim.words)


def read_content(text: str) -> Content:
    """The content words of `text`. Required are its numbers and its capitalised words, including the first of a
    sentence."""
    words: set[str] = set()
    required: set[str] = set()
    negated: set[str] = set()
    reach = 0
    previous_end = 0
    for match in WORD.finditer(text):
        if ENDS_CLAUSE.search(text, previous_end, match.start()):
            reach = 0
        previous_end = match.end()
        lower = match.group().casefold().replace("’", "'")
        if lower in NEGATIONS or lower.endswith("n't"):
            reach = 0 if NO_NEGATION.match(text, match.end()) else NEGATION_REACH
            continue
        is_acronym = len(lower) > 1 and match.group().isupper()  # US is not us
        if lower.removesuffix("'s") in STOPWORDS and not is_acronym:
            continue
        word = normal_form(lower)
        words.add(word)
        if word[0].isdigit() or match.group()[0].isupper():
            required.add(word)
        if reach:
            negated.add(word)
            reach -= 1
    return Content(words=frozenset(words), required=frozenset(required), negated=frozenset(negated))


def normal_form(word: str) -> str:
    """Casefolded word -> the form used for comparison: numbers without separators, number words as digits, no English
    endings."""
    word = unicodedata.normalize("NFKC", word)
    if word[0].isdigit():
        return re.sub(r",(?=\d{3}(?!\d))", "", word)
    word = word.removesuffix("'s").replace("'", "")
    if word in NUMBER_WORDS:
        return NUMBER_WORDS[word]
    return stem(word)


def stem(word: str) -> str:
    """A light stemmer: removes the endings of plurals and past tenses, -ing and -ly, if enough is left to recognise the
    word."""
    for ending, replacement in (("ies", "y"), ("ied", "y"), ("ing", ""), ("edly", ""), ("ed", ""), ("es", ""), ("ly", ""), ("s", "")):
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith("ss"):
            word = word[: len(word) - len(ending)] + replacement
            break
    if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "aeiouls":
        word = word[:-1]  # stopped -> stopp -> stop
    return word.removesuffix("e") if len(word) > 3 else word
