"""Whether a full stop ends a sentence, where sentencex says so.

Takes the text and the places on both sides of a boundary, gives whether the two belong together. Knows no lines and no
lengths. The evidence is what stands before the stop (`abbreviations.py`; initials; a number), what follows it (a small
letter, a digit, a capital), and whether the document has the word without a stop elsewhere.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from .abbreviations import (
    BEFORE_ORDINAL,
    CITING,
    COMMON,
    LISTS,
    MONTHS,
    NUMBERED_WORDS,
    ORDINAL_NOUNS,
    PLAIN_WORDS,
    SAYING,
    SENTENCE_OPENERS,
    Abbreviations,
)
from .spoken import QUOTED_SENTENCE
from .unspaced import KNOWN_STOP, OTHER_STOPS, has_unspaced
from .whole_addresses import is_in_address

LAST_WORD = re.compile(r"[^\s(\[{\"“„«‹‘'’/]+$")
NEXT_WORD = re.compile(r"[\w'’.-]*")
ROMAN = re.compile(r"(?=[IVXLC])(?!I\b)[XLC]{0,4}(?:IX|IV|V?I{0,3})\b")
LETTER = re.compile(r"[B-HJ-Z](?![^\W_])|[A-Z]\d")  # of an appendix; "A" and "I" are words
DEGREES = re.compile(r"[CFK]\b")
YEAR_DIGITS = 4
FRENCH_CODES, FRENCH_ARTICLES = frozenset("ADLR"), frozenset({"art", "arts", "article", "articles"})  # parts of a code of law
SIGNS = "£$€¥§#№±−–-+~<>≤≥"  # before a number
UNITS = frozenset({"st", "ft", "yd", "yds", "mi", "lb", "lbs", "gal", "hr", "hrs", "h", "min", "deg", "руб", "std"})
SMALLER_UNIT = re.compile(r"\d+(?:[.,]\d+)?\s?(?:lbs?|oz|ins?|ft|qts?|pts?|mins?|secs?|s|sec|коп|m)\b")
VERSE = re.compile(r"\d{1,3}:\d")  # of a book of the Bible
MAX_BOOK = 6
NUMBER_AND_WORD = re.compile(r"\d+ [a-z]")
OPENING = "<_*([{\"“„«‹‘'"
WORD_OF_TEXT = re.compile(r"[^\W\d_](?:[^\W\d_A-Z]|[-–’'][^\W\d_]){2,}")
MAX_WORD = 16  # characters: no abbreviation is longer
MAX_TITLE = 9  # characters, with the blank before it and the stop
MAX_UNLISTED = 6
NEAR_CHARS = 20_000  # how far around a stop the document is searched for its word
VOWELS = frozenset("aeiouyäöüàáâãåæèéêëìíîïòóôõøùúûаеёиоуыэюяіїє")
# A closing quote and what is said of it: the sentence goes on.
SAID_JA = re.compile(r"と|って|という|とは|[はがをにもでの](?!の)")
SAID_ZH = re.compile(r"[^，。！？：“「『\s]{0,8}?[说說道问問答喊叫笑想讲講嚷]")


@dataclass(frozen=True, slots=True)
class Stops:
    """The rules for one document: its text, its language, and the words that were looked up in it."""

    text: str
    flat: str  # with a blank for each line end
    language: str
    lists: Abbreviations
    is_unspaced: bool  # has letters of a script without blanks
    known: dict[int, frozenset[str]] = field(default_factory=dict)

    def is_plain(self, end: int, following: int) -> bool:
        """A quick look: whether a full stop before a capital stands after a word that is no abbreviation: most do."""
        if not self.text[following].isupper() or end == following:
            return False
        space = self.flat.rfind(" ", max(0, end - MAX_TITLE), end)
        if space < 0:
            return end > MAX_TITLE
        word = self.flat[space + 1 : end - 1]
        return len(word) > 1 and word.isalpha() and word.casefold() not in self.lists.every

    def joins(self, start: int, end: int, following: int) -> bool:
        """Whether the sentence `text[start:end]`, trimmed, goes on after its full stop at `following`, where sentencex
        found the next one."""
        text = self.text
        first = text[following]
        word_at = LAST_WORD.search(text, max(start, end - MAX_WORD - 1), end - 1)
        if following == end:  # no blank: "J.-C.", "n.º", "a.C.", "at ./src", "the .NET framework"
            if end - 1 == start or text[end - 2].isspace():
                return first not in OPENING
            return not (first.isupper() or first in OPENING) or (word_at is not None and len(word_at[0]) == 1 and word_at[0].isalpha())
        return word_at is not None and self.joins_after(word_at[0], start, word_at.start(), following)

    def joins_after(self, word: str, start: int, word_start: int, following: int) -> bool:
        """The same for a stop between a word and a blank."""
        text = self.text
        if word.isdigit() and len(word) <= 2 and text[max(start, word_start - 3) : word_start].rstrip()[-1:] in (",", ";", ":"):
            return True  # "in this order: 1. Music, 2. Escort"
        first = text[following]
        if is_in_address(text, word_start + len(word) + 1, following):
            return True
        is_opening = first in OPENING
        if is_opening:
            first = text[following + 1 : following + 2]
        if first.isdigit() or (first in SIGNS and text[following + 1 : following + 2].isdigit()):
            is_product = word.isdigit() and text[word_start + len(word) + 1] in "*∗"  # "5.* 3"
            return is_product or self.joins_before_number(word, start, word_start, following)
        if first.isupper():
            return not is_opening and self.joins_before_capital(word, start, word_start, following)
        return first.islower() and self.joins_before_small(word, start, word_start, following)

    def ends_before(self, start: int, end: int, following: int) -> bool:
        """Whether `text[start:end]`, which sentencex does not cut, ends with its stop: before a number, before the mark
        of a note and a capital, or before a quotation."""
        text = self.text
        word_at = LAST_WORD.search(text, max(start, end - MAX_WORD - 1), end - 1)
        if end < following and not text[end].isspace():
            first = text[following + 1] if text[following] in OPENING else text[following]
            if first.islower() or (text[end].isdecimal() and (word_at is None or not self.is_before_note(word_at))):
                return False
            return text[end - 1] != "." or not self.joins(start, end, following)
        if text[end - 1] != ".":
            return True
        if word_at is None or is_in_address(text, end, following):
            return False
        if text[following] in OPENING:
            return self.ends_before_quotation(word_at[0], following)
        return self.ends_before_number(word_at[0], start, word_at.start(), following)

    def ends_before_number(self, word: str, start: int, word_start: int, following: int) -> bool:
        """Whether a stop between this word and a number ends a sentence."""
        if self.language == "de" and word.isdecimal() and len(word) == YEAR_DIGITS:
            return True  # sentencex takes every number for an ordinal
        if not word.isalpha() or len(word) == 1:
            return False
        key = word.casefold()
        if self.language == "en":  # it knows the abbreviations of English, but not which of them are words
            return key in PLAIN_WORDS and not self.joins_before_number(word, start, word_start, following)
        return not self.is_listed(key)

    def is_listed(self, key: str) -> bool:
        """Whether a word in small letters is an abbreviation of the language, or of all."""
        return key in self.lists.every or key in COMMON.every

    def is_before_note(self, word_at: re.Match[str]) -> bool:
        """Whether digits directly behind the stop of this word are the number of a note: "wall.5", not "v1.2", "Fig.3"
        or "example.com/p.5"."""
        word, before = word_at[0], self.text[max(0, word_at.start() - 1) : word_at.start()]
        key = word.casefold()
        if before == "/" or not WORD_OF_TEXT.fullmatch(word) or key in NUMBERED_WORDS:
            return False
        return not self.is_listed(key)

    def ends_before_quotation(self, word: str, following: int) -> bool:
        """Whether an abbreviation ends a sentence before a quotation: it is no title, and what is quoted is a sentence:
        'in the U.K. "We saw it," she said', but not 'in the U.K. "Brexit" vote'."""
        key = word.casefold()
        if key in self.lists.titles or key in COMMON.titles or len(word) == 1 or (key in self.lists.numbered and key not in MONTHS):
            return False
        return QUOTED_SENTENCE.match(self.text, following) is not None

    def joins_before_capital(self, word: str, start: int, word_start: int, following: int) -> bool:
        """A title or a citation before a name, a number in Roman digits after "vol.", an ordinal in German."""
        key = word.casefold()
        if key in self.lists.titles and (self.language != "en" or word[0].isupper() or key in COMMON.titles or "." in word):
            return True
        if self.language == "de" and word.isdigit() and len(word) <= 2:
            return self.is_ordinal(start, word_start, following)
        if self.language != "en" and len(word) == 1 and word.isupper():
            return True  # sentencex knows initials in English only
        if key == "deg":
            return DEGREES.match(self.text, following) is not None
        if ROMAN.match(self.text, following) is not None:
            return key in self.lists.numbered
        return LETTER.match(self.text, following) is not None and self.joins_before_number(word, start, word_start, following)

    def is_ordinal(self, start: int, word_start: int, following: int) -> bool:
        """Whether a number before a stop is an ordinal: "am 3. Mai", "im 19. Jahrhundert"."""
        next_word = NEXT_WORD.match(self.text, following)
        noun = next_word[0].rstrip(".").casefold() if next_word else ""
        before = LAST_WORD.search(self.text[max(start, word_start - MAX_WORD) : word_start].rstrip())
        return noun in ORDINAL_NOUNS or (before is not None and before[0].casefold() in BEFORE_ORDINAL and noun not in SENTENCE_OPENERS)

    def joins_before_number(self, word: str, start: int, word_start: int, following: int) -> bool:
        """An abbreviation that counts or cites: "approx. 3", "See sec. 4", but not "just a sec. 42 boats came"."""
        key = word.casefold()
        before = LAST_WORD.search(self.text[max(start, word_start - MAX_WORD) : word_start].rstrip(" \n\r\t,"))
        cited_by = before[0].casefold().rstrip(".,;:") if before else ""
        if self.language == "fr" and word in FRENCH_CODES and cited_by in FRENCH_ARTICLES:
            return True  # "l'art. L. 123-4"
        if key in UNITS and cited_by[-1:].isdigit() and SMALLER_UNIT.match(self.text, following):
            return True  # "6 ft. 2 in."
        if key not in self.lists.numbered and key not in COMMON.numbered:
            is_street = self.language == "de" and key.endswith("str")
            return is_street or (word[0].isupper() and len(word) <= MAX_BOOK and VERSE.match(self.text, following) is not None)
        if self.language != "en" or word[0].isupper() or key not in PLAIN_WORDS:
            return True
        if key == "no":  # "He said no. 42 boats came." or "It was no. 42."
            return cited_by not in SAYING or NUMBER_AND_WORD.match(self.text, following) is None
        return not cited_by or cited_by in CITING or cited_by.isdigit()  # "ch. 4, sec. 2"

    def joins_before_small(self, word: str, start: int, word_start: int, following: int) -> bool:
        """Any abbreviation; and a short word that has no other look than one, in a text that begins sentences with
        capitals."""
        key = word.casefold()
        if key in self.lists.every or key in COMMON.every or key in COMMON.numbered or (len(word) == 1 and word.isalpha()):
            return True
        if "." in word:
            return word.replace(".", "").isalpha() and len(word.rpartition(".")[2]) <= 3  # "m.in", "U.S.C", not "main.py.x"
        if word.isdigit():
            return len(word) <= 2 or (self.language == "hu" and len(word) == 4)  # "3. maj"
        return ROMAN.fullmatch(word) is not None or self.looks_abbreviated(word.rpartition("-")[2], start, following)

    def looks_abbreviated(self, word: str, start: int, following: int) -> bool:
        """A short word with a consonant at its end that the document does not have without a stop nearby."""
        next_word = NEXT_WORD.match(self.text, following)
        if len(word) > MAX_UNLISTED or not word.isalpha() or word[-1] in VOWELS or word[1:] != word[1:].lower():
            return False
        if len(word) > 3 and word[-1] == "s" and word[-2] != "s":  # "keys"
            return False
        if next_word is None or not next_word[0].islower() or not self.text[start].isupper():
            return False
        return word.casefold() not in self.words_near(start)

    def words_near(self, place: int) -> frozenset[str]:
        """The words without a stop after them in this part of the document, small."""
        part = place // NEAR_CHARS
        if part not in self.known:
            near = self.text[max(0, (part - 1) * NEAR_CHARS) : (part + 2) * NEAR_CHARS]
            self.known[part] = frozenset(re.findall(r"\b\w{1,6}\b(?!\.)", near.casefold()))
        return self.known[part]


def stops_of(text: str, language: str) -> Stops:
    """The rules for a text in a language; English where there are none. They see stops that sentencex does not know as
    ones that it does, and the line ends of old Macs as new ones, character for character."""
    if "\r" in text and "\n" not in text:
        text = text.replace("\r", "\n")
    is_unspaced = has_unspaced(text)
    if is_unspaced:
        for stop in OTHER_STOPS:
            text = text.replace(stop, KNOWN_STOP)
    return Stops(text, text.replace("\n", " "), language, LISTS.get(language, LISTS["en"]), is_unspaced)


def is_said(text: str, end: int) -> bool:
    """Whether a quotation in Chinese or Japanese that closes before `end` goes on with who said it."""
    if end < 2 or text[end - 1] not in "」』”’" or text[end - 2] not in "。！？…!?．":
        return False
    return SAID_JA.match(text, end) is not None or SAID_ZH.match(text, end) is not None
