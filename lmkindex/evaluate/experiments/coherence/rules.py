"""A sentence -> whether it needs the sentences before it, by rules for English. No model and no parser: closed lists
and word order.

The rules are blunt; their precision was estimated by reading samples (docs/log.md). In other languages most sentences
are judged mixed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from . import english

NEEDS, SELF_CONTAINED, MIXED = "needs context", "self-contained", "mixed"
CLASSES = (NEEDS, SELF_CONTAINED, MIXED)
CONNECTIVE, PRONOUN, DEFINITE, ELLIPTIC = "connective", "pronoun", "definite", "elliptic"
REASONS = (CONNECTIVE, PRONOUN, DEFINITE, ELLIPTIC)
MIN_WORDS = 4
MAX_DEFINITE_WORDS = 4
EARLY_WORDS = 4  # a demonstrative among these is taken to point back
RULES = (
    "connective: the sentence begins with one of a list (however, therefore, but, and, for example, finally + comma, ...); a speaker's "
    "label or an enumerator before it does not count",
    "pronoun: its first third-person pronoun ('it' as in 'it is possible that' aside) has no candidate before it in the sentence: a name, "
    "an article with a noun, for it/they also a plural or an opening noun. An opening phrase holds no candidates, and a name right after "
    "one resolves a pronoun in it. Or the sentence begins with this/that/these/those + verb",
    f"definite: this/these/those/such + noun among its first {EARLY_WORDS} words; the former, the latter; 'The' + at most "
    f"{MAX_DEFINITE_WORDS} plain words as the opening subject, without a name, a number, a superlative or a restriction (of, who, ...); "
    "or 'the' + a noun of a list (company, film, meeting, ...) before any name or 'a' + noun",
    f"elliptic: fewer than {MIN_WORDS} words, or no word that could be a finite verb (a list of forms, -ed, -s before an article)",
    "needs context: at least one of these; self-contained: none, and a name or a number in the subject (before the first verb, after an "
    "opening phrase); mixed: the rest",
    "a word is a name when it is capitalised inside a sentence, or opens one and is capitalised inside the set's sentences more often "
    "than not (or is never in lower case there)",
    "an opening phrase begins with a preposition, a subordinator or a participle, ends with a comma and has no finite verb",
)

TOKEN = re.compile(r"[^\W\d_]+(?:['’.-][^\W\d_]+)*|\d[\d,.]*|[^\w\s]")
LABEL = re.compile(r"(?:\s+|&\w+;|[-*•#>|]+\s+|\[[^\]]*\]\s+|\(?(?:\d{1,3}|[a-z])[.)]\s+|(?:[A-Z][\w.'-]*\s){0,4}[A-Z][\w.'-]*\s?:\s+)+")
IMPERSONAL = re.compile(
    r"it(?:'s| (?:is|was|has been|had been|may be|might be|will be|would be|can be|could be|must be|should be))(?: \w+)? "
    r"(?:possible|impossible|important|likely|unlikely|clear|unclear|difficult|hard|easy|necessary|said|believed|estimated|thought|known|reported|common|best|"
    r"better|true|not|also|only|generally|widely|often|rare|recommended|argued|assumed|worth|useful|time|called|noted|decided|raining|snowing|cold|dark)\b"
    r"|it (?:seems|seemed|appears|appeared|turns|turned|takes|took|rains|rained|happened|follows)\b"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """A sentence's class and what in it needs context."""

    need: str
    reasons: tuple[str, ...]


def find_names(sentences: Iterable[str]) -> frozenset[str]:
    """Words (lower case) that are capitalised inside sentences more often than not, or open sentences and are never in
    lower case; headings in capitals are skipped."""
    capitals: Counter[str] = Counter()
    smalls: Counter[str] = Counter()
    openers: set[str] = set()
    for sentence in sentences:
        tokens = [bare(token) for token in TOKEN.findall(sentence.replace("’", "'"))]
        inner = [token for before, token in pairwise(tokens) if is_inside(before) and token[0].isalpha()]
        if 2 * sum(token[0].isupper() for token in inner) > len(inner):
            continue
        openers |= {token.lower() for token in tokens[:1] if token[0].isupper()}
        for token in inner:
            (capitals if token[0].isupper() else smalls)[token.lower()] += 1
    found = {word for word, count in capitals.items() if count > smalls[word]} | {word for word in openers if not smalls[word]}
    return frozenset(found - english.FUNCTION_WORDS - english.MONTHS)


def bare(token: str) -> str:
    """A word without a possessive ending."""
    return token.removesuffix("'s") or token


def is_inside(before: str) -> bool:
    """Whether the token after this one is inside a sentence, where a capital means a name."""
    return before[-1].isalnum() or before in ",;(-&"


def judge(sentence: str, names: frozenset[str] = frozenset()) -> Judgement:
    """The class of a sentence; `names` are those of `find_names`."""
    label = LABEL.match(sentence)
    body = sentence[label.end() :] if label and label.end() < len(sentence) else sentence
    tokens = TOKEN.findall(body.replace("’", "'"))
    lows = [token.lower() for token in tokens]
    is_name = [named(tokens, index, names) for index in range(len(tokens))]
    start = after_connective(lows)
    checks = {
        CONNECTIVE: start > 0,
        PRONOUN: has_open_pronoun(lows[start:], is_name[start:]),
        DEFINITE: has_open_definite(lows[start:], is_name[start:]),
        ELLIPTIC: is_elliptic(lows),
    }
    reasons = tuple(reason for reason in REASONS if checks[reason])
    if reasons:
        return Judgement(need=NEEDS, reasons=reasons)
    first = opening_phrase(lows)
    verb = first_verb(lows[first:])
    subject = range(first, first + verb if verb is not None else len(lows))
    has_anchor = any(is_name[index] or lows[index][0].isdigit() for index in subject)
    return Judgement(need=SELF_CONTAINED if has_anchor else MIXED, reasons=())


def named(tokens: Sequence[str], index: int, names: frozenset[str]) -> bool:
    """Whether a token is part of a name."""
    low = bare(tokens[index]).lower()
    if not tokens[index][0].isupper() or low in english.FUNCTION_WORDS or low in english.MONTHS:
        return False
    return (index > 0 and is_inside(tokens[index - 1])) or low in names


def after_connective(lows: Sequence[str]) -> int:
    """The number of tokens of an opening connective; 0 if there is none."""
    start = next((index for index, low in enumerate(lows) if low[0].isalnum()), 0)
    rest = list(lows[start:])
    for phrase in english.CONNECTIVE_PHRASES:
        size = len(phrase.split())
        if rest[:size] == phrase.split():
            return start + size
    if rest and (rest[0] in english.CONNECTIVES or (rest[0] in english.CONNECTIVES_BEFORE_COMMA and rest[1:2] == [","])):
        return start + 1
    return 0


def first_verb(lows: Sequence[str]) -> int | None:
    """The place of the first word that could be a finite verb."""
    return next((index for index in range(len(lows)) if could_be_verb(lows, index)), None)


def could_be_verb(lows: Sequence[str], index: int) -> bool:
    """Whether a word could be a finite verb: not right after an article, and a known form, or an ending."""
    low, before, after = lows[index], lows[index - 1] if index else "", lows[index + 1] if index + 1 < len(lows) else ""
    if low in english.AUXILIARIES:
        return True
    if before in english.ARTICLES:
        return False
    if low in english.FINITE or (low.endswith("ed") and len(low) > 4):
        return True
    return low.endswith("s") and len(low) > 3 and after in english.DETERMINERS and index > 0


def is_elliptic(lows: Sequence[str]) -> bool:
    """Few words, or no possible finite verb."""
    return sum(low[0].isalnum() for low in lows) < MIN_WORDS or first_verb(lows) is None


def opening_phrase(lows: Sequence[str]) -> int:
    """The tokens of an opening adverbial that ends with a comma; 0 if there is none. A clause with its own finite verb
    does not count."""
    if "," not in lows:
        return 0
    end = list(lows).index(",")
    is_participle = any(low.endswith(("ing", "ed")) for low in lows[: 2 if lows[0].endswith("ly") else 1])
    if not is_participle and lows[0] not in english.PREPOSITIONS | english.SUBORDINATORS:
        return 0
    # Base forms are left out: most are nouns or infinitives here.
    past = english.AUXILIARIES | english.IRREGULAR
    has_verb = any(low in past or (low.endswith("ed") and before not in english.ARTICLES) for before, low in pairwise(lows[1:end]))
    return 0 if has_verb else end + 1


def has_open_pronoun(lows: Sequence[str], is_name: Sequence[bool]) -> bool:
    """Whether the first pronoun has nothing before it in the sentence that it could refer to."""
    places = [index for index, low in enumerate(lows) if low[0].isalnum()]
    if not places:
        return False
    first = places[0]
    if lows[first] in english.DEMONSTRATIVES and first + 1 < len(lows) and opens_predicate(lows, first + 1):
        return True
    phrase_end = opening_phrase(lows[first:]) + first
    for index in places:
        low = lows[index]
        if low not in english.SUBJECT_PRONOUNS and low not in english.OTHER_PRONOUNS:
            continue
        if low == "it" and IMPERSONAL.match(" ".join(lows[index : index + 8])):
            continue
        if index < phrase_end and any(is_name[phrase_end : phrase_end + 3]):
            return False  # "In his first book, Darwin ..."
        return not any(is_candidate(lows, is_name, place, low) for place in range(phrase_end if index >= phrase_end else first, index))
    return False


def opens_predicate(lows: Sequence[str], index: int) -> bool:
    """Whether a verb follows, so that the demonstrative before it stands alone."""
    return lows[index] in english.AUXILIARIES or (lows[index] in english.FINITE and not lows[index].endswith("ing"))


def is_candidate(lows: Sequence[str], is_name: Sequence[bool], place: int, pronoun: str) -> bool:
    """Whether a later pronoun could refer to the word at `place`."""
    low, before = lows[place], lows[place - 1] if place else ""
    if is_name[place] or low in english.INDEFINITE_PEOPLE:
        return True
    if not low[0].isalpha() or low in english.FUNCTION_WORDS:
        return False
    if before in english.ARTICLES:
        return True
    is_plural = low.endswith("s") and low not in english.FINITE
    return pronoun not in english.PERSONAL_OF_PEOPLE and (is_plural or (place == 0 and low not in english.FINITE))


def has_open_definite(lows: Sequence[str], is_name: Sequence[bool]) -> bool:
    """Whether a definite or demonstrative noun phrase points out of the sentence."""
    places = [index for index, low in enumerate(lows) if low[0].isalnum()]
    for index in places[:EARLY_WORDS]:
        after = lows[index + 1] if index + 1 < len(lows) else ""
        is_pointer = lows[index] in {"this", "these", "those", "such"} or (index == places[0] and lows[index] == "that")
        no_noun = english.RESTRICTING | english.SELF_REFERENCE | english.FINITE | {"as", "a", "an"}
        if is_pointer and after.isalpha() and after not in no_noun:
            return True
    if any(lows[index : index + 2] in (["the", "former"], ["the", "latter"]) for index in places):
        return True
    start = opening_phrase(lows)
    return opens_with_definite(lows[start:], is_name[start:]) or has_discourse_noun(lows, is_name)


def opens_with_definite(lows: Sequence[str], is_name: Sequence[bool]) -> bool:
    """Whether the subject is "The" and some plain words."""
    start = next((index for index, low in enumerate(lows) if low[0].isalnum()), 0)
    if lows[start : start + 1] != ["the"]:
        return False
    verb = next((index for index in range(start + 2, len(lows)) if could_be_verb(lows, index)), None)
    if verb is None or not 1 <= verb - start - 1 <= MAX_DEFINITE_WORDS:
        return False
    phrase = range(start + 1, verb)
    known = english.RESTRICTING | english.ORDINALS | english.UNIQUE
    return not any(is_name[index] or not lows[index].isalpha() or lows[index] in known or lows[index].endswith("est") for index in phrase)


def has_discourse_noun(lows: Sequence[str], is_name: Sequence[bool]) -> bool:
    """Whether "the company" or the like comes before anything that it could refer to."""
    for index, low in enumerate(lows[:-1]):
        if is_name[index] or low in {"a", "an"}:
            return False
        if low == "the" and lows[index + 1] in english.DISCOURSE_NOUNS:
            after = lows[index + 2] if index + 2 < len(lows) else ""
            return after not in english.RESTRICTING and not any(is_name[index + 1 : index + 3])
    return False
