"""How plausible a reading of bytes is: its characters beyond ASCII among their neighbours, judged as a reader would.

A Cyrillic letter inside a Latin word, a capital in the middle of a word, a fraction at its end or a box-drawing
character in prose are signs of the wrong encoding. Knows no bytes. Oddness is 0 for a character as texts have it there,
and 1 for one that no text has there.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

ASIAN = ("HAN", "KANA", "HANGUL")
# Letters beyond ASCII of languages in Latin script: other letters speak against a reading in the language.
ALPHABETS = {
    "de": "äöüß", "fr": "àâæçèéêëîïôùûüÿœ", "es": "áéíñóúü", "it": "àèéìíîòóùú", "pt": "àáâãçéêíóôõúü", "nl": "äëéèïöüóíêç",
    "sv": "åäöéàü", "da": "æøåéäöü", "no": "æøåéòôü", "fi": "äöåšž", "is": "áéíóúýþæöð", "pl": "ąćęłńóśźż", "cs": "áčďéěíňóřšťúůýž",
    "sk": "áäčďéíĺľňóôŕšťúýž", "hu": "áéíóöőúüű", "sl": "čšž", "hr": "čćđšž", "ro": "ăâîşţșț", "tr": "çğıiöşüâîûİ", "et": "äõöüšž",
    "lv": "āčēģīķļņšūž", "lt": "ąčęėįšųūž", "en": "éèêëïöüçñáàâôæœ", "ca": "àçéèíïóòúü", "eo": "ĉĝĥĵŝŭ", "sq": "ëç", "ga": "áéíóú",
}  # fmt: skip
FOREIGN_WEIGHT = 0.4
STRAY_WEIGHT = 0.3  # of a reading whose script has a letter or two, and no word
JOINERS = "'\u2019-\u00ad\u2010\u2011\u200c\u200d\u200e\u200f"  # inside words
ONE_LETTER_WORDS = frozenset("àáâéèêëìíîòóôöőùúûüűåäæøýyıß")
NOT_AFTER_LETTERS = "\u201a\u201e¿¡¼½¾°·"
NOT_BEFORE_LETTERS = "¹²³¼½¾†‡°·"
DEGREES = "CFK"
CLITICS = frozenset(("", "s", "t", "d", "m", "ll", "re", "ve", "S", "T"))  # it's, I'll; "" ends a quotation
ELISIONS = frozenset((
    "l", "d", "qu", "c", "j", "m", "n", "s", "t", "jusqu", "lorsqu", "puisqu", "quoiqu", "aujourd", "presqu", "un", "all", "dall", "dell",
    "nell", "sull", "coll", "quell", "bell", "cent",
))  # fmt: skip
VOWELS = frozenset("aeiouyhàâéèêëîïôùûœæáíóú")
# Quotes, dashes, currencies and other marks, each where Western texts have it.
TYPOGRAPHY = re.compile(
    r"(?<=[\s(\[])[\u201c\u2018«](?=\S)|(?<=[^\s])[\u201d\u2019»](?=[\s.,;:!?)\]])|(?<=[a-zA-Z])\u2019(?=(?:s|t|d|m|ll|re|ve)\b)"
    r"|(?<=\s)[\u2013\u2014](?=\s)|(?<=\d)\u2013(?=\d)|(?<=\w\w)\u2014(?=\w\w)|(?<=\w)\u2026(?=\s)|(?<=\s)©(?=\s)|(?<=[a-zA-Z])[®™](?=[\s.,])"
    r"|(?<=\d)\s?[€£](?!\w)|[€£](?=\d)|(?<=[\d\s])°(?=[CF\s.,])|§(?=\s?\d)|(?<=\s)\u2022(?=\s)"
)


def plausibility(text: str, script: str, language: str | None) -> float:
    """Between 0 and 1: how well the characters beyond ASCII fit the script, the language and their neighbours."""
    padded = f"  {text}  "
    alphabet = ALPHABETS.get(language or "", "") if script == "LATIN" else ""
    num_beyond = num_foreign = 0
    oddness = 0.0
    for found in re.finditer("[^\0-\x7f]", padded):
        num_beyond += 1
        oddness += _oddness(padded, found.start(), script)
        num_foreign += bool(alphabet and script_of(found[0])) and found[0].lower() not in alphabet
    if not num_beyond:
        return 1.0
    if script == "LATIN":  # its words have ASCII letters
        oddness += sum(0.6 * len(word) for word in re.findall(r"\b[^\W\0-\x7f]{2,}\b", text))
    fit = (1 - min(oddness / num_beyond, 1)) ** 2 * (1 - FOREIGN_WEIGHT * num_foreign / num_beyond)
    return fit if script == "LATIN" or _has_word(text, script) else STRAY_WEIGHT * fit


def is_typography(text: str, *, or_letters: bool = False) -> bool:
    """Whether all characters of a text beyond ASCII are marks of Western typography, each in its place. With
    `or_letters`, Latin letters may be there as well."""
    rest = TYPOGRAPHY.sub("", f" {text} ")
    return not text.isascii() and all(or_letters and script_of(char) == "LATIN" for char in rest if char > "\x7f")


@cache
def script_of(char: str) -> str:
    """The script of a letter or mark by its name in Unicode; "" for everything else."""
    if char < "\x80":
        return "LATIN" if char.isalpha() else ""
    if unicodedata.category(char)[0] not in "LM" or char in "ªºµ":
        return ""
    name = unicodedata.name(char, "?").replace("HALFWIDTH ", "").split()[0].split("-")[0]
    return {"CJK": "HAN", "HIRAGANA": "KANA", "KATAKANA": "KANA"}.get(name, name)


def _has_word(text: str, script: str) -> bool:
    """Whether three letters of a script stand together, or two characters of an Asian one."""
    needed = 2 if script in ASIAN else 3
    length = 0
    for char in text:
        length = length + 1 if script_of(char) == script else 0
        if length == needed:
            return True
    return False


def _oddness(padded: str, place: int, script: str) -> float:
    before, char, after = padded[place - 1], padded[place], padded[place + 1]
    sides = (script_of(before), script_of(after))
    category = unicodedata.category(char)
    if char == "\ufffd" or category in ("Cc", "Cn", "Co") or "\u2500" <= char <= "\u259f":
        return 1
    own = script_of(char)
    if script in ASIAN:  # Latin words stand beside their characters without a space
        return float(bool(own) and (sides == ("LATIN", "LATIN") or own not in ASIAN))
    if own:
        return _oddness_of_letter(before, char, after, script)
    if any(sides) and (category == "Pd" or char == "\u2019"):
        return _oddness_of_mark(padded, place)
    return _oddness_of_sign(padded, place, sides, category)


def _oddness_of_letter(before: str, char: str, after: str, script: str) -> float:
    own, sides = script_of(char), (script_of(before), script_of(after))
    if own not in (script, "LATIN") or any(side not in ("", own) for side in sides):
        return 1
    if before.isdigit() and after.isdigit():
        return 1
    if char.isupper():
        return float(before.islower() or (before.isupper() and after.islower()))
    return 0.5 if own == "LATIN" and not any(sides) and char not in ONE_LETTER_WORDS else 0


def _oddness_of_sign(padded: str, place: int, sides: tuple[str, str], category: str) -> float:
    before, char, after = padded[place - 1], padded[place], padded[place + 1]
    if not any(sides):
        return 0
    if all(sides):
        return float(char not in JOINERS and not (char == "·" and before == after == "l"))
    if (sides[0] and char in NOT_AFTER_LETTERS) or (sides[1] and char in NOT_BEFORE_LETTERS and after not in DEGREES):
        return 0.6
    if char in "\u201d\u2026" and sides[1]:  # Swedish and Finnish open with the first
        return 0.3
    return 0.6 if category in ("Sm", "Sk", "So", "Sc") and char not in "°®©™€£¥§" else 0


def _oddness_of_mark(padded: str, place: int) -> float:
    """For an apostrophe or a dash beside a letter: Mac and DOS encodings have vowels in these places."""
    before = re.search(r"[^\W\d_]*(?:\u2019s)?\Z", padded[max(0, place - 12) : place])
    after = re.match(r"[^\W\d_]*", padded[place + 1 : place + 13])
    left, right = before[0] if before else "", after[0] if after else ""
    is_em_dash = padded[place] == "\u2014"
    if padded[place] == "\u2019":
        is_known = right in CLITICS or (left.lower() in ELISIONS and right[:1].lower() in VOWELS) or left in ("O", "D")
        return 0.0 if is_known else 0.6 if left and right else 0.3
    if not (left and right):
        return 0.3 if is_em_dash else 0.2
    if left.istitle() or right.istitle():
        return 0.1
    are_words = (len(left) >= 2 or left == "a") and (len(right) >= 2 or right == "a")
    return 0.15 if is_em_dash and are_words else 0.6
