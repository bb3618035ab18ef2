"""Bytes in an encoding of before Unicode -> its codec: chardet ranks the candidates, the letters of each reading decide.

chardet compares pairs of bytes with those of real texts. In a short text, that leaves several readings close to each
other, some of them in another script. So each reading is checked like a reader would: a Cyrillic letter inside a Latin
word, a capital in the middle of a word or a box-drawing character in prose are signs of the wrong encoding. If
two readings remain, the file fails with a reason; a wrong script would be stored without a word.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache

from ..errors import ReadError

# chardet's name -> (Python's codec, script of the letters that it is used for, how common it is beside its like).
CANDIDATES: dict[str, tuple[str, str, float]] = {
    "cp1252": ("cp1252", "LATIN", 1.0), "iso8859-15": ("iso8859-15", "LATIN", 0.97), "cp1250": ("cp1250", "LATIN", 0.97),
    "iso8859-2": ("iso8859-2", "LATIN", 0.97), "cp1254": ("cp1254", "LATIN", 0.97), "cp1257": ("cp1257", "LATIN", 0.97),
    "iso8859-9": ("iso8859-9", "LATIN", 0.97), "cp1258": ("cp1258", "LATIN", 0.97), "mac-roman": ("mac_roman", "LATIN", 0.92),
    "cp850": ("cp850", "LATIN", 0.92), "cp437": ("cp437", "LATIN", 0.91), "cp852": ("cp852", "LATIN", 0.94),
    "cp1251": ("cp1251", "CYRILLIC", 0.97), "koi8-r": ("koi8_r", "CYRILLIC", 0.97), "koi8-u": ("koi8_u", "CYRILLIC", 0.96),
    "iso8859-5": ("iso8859-5", "CYRILLIC", 0.96), "cp866": ("cp866", "CYRILLIC", 0.96), "cp1253": ("cp1253", "GREEK", 0.97),
    "iso8859-7": ("iso8859-7", "GREEK", 0.97), "cp1255": ("cp1255", "HEBREW", 0.97), "cp1256": ("cp1256", "ARABIC", 0.97),
    "cp874": ("cp874", "THAI", 0.97), "cp932": ("cp932", "KANA", 0.97), "euc_jis_2004": ("euc_jp", "KANA", 0.97),
    "gb18030": ("gb18030", "HAN", 0.97), "big5hkscs": ("big5hkscs", "HAN", 0.97), "cp949": ("cp949", "HANGUL", 0.97),
}  # fmt: skip
# Letters beyond ASCII of the languages that chardet knows in Latin script: others speak against the reading.
ALPHABETS = {
    "de": "äöüß", "fr": "àâæçèéêëîïôùûüÿœ", "es": "áéíñóúü", "it": "àèéìíîòóùú", "pt": "àáâãçéêíóôõúü", "nl": "äëéèïöüóíêç",
    "sv": "åäöéàü", "da": "æøåéäöü", "no": "æøåéòôü", "fi": "äöåšž", "is": "áéíóúýþæöð", "pl": "ąćęłńóśźż", "cs": "áčďéěíňóřšťúůýž",
    "sk": "áäčďéíĺľňóôŕšťúýž", "hu": "áéíóöőúüű", "sl": "čšž", "hr": "čćđšž", "ro": "ăâîşţșț", "tr": "çğıiöşüâîûİ", "et": "äõöüšž",
    "lv": "āčēģīķļņšūž", "lt": "ąčęėįšųūž", "en": "éèêëïöüçñáàâôæœ", "ca": "àçéèíïóòúü", "eo": "ĉĝĥĵŝŭ", "sq": "ëç", "ga": "áéíóú",
}  # fmt: skip
SAMPLE_BYTES = 1 << 14
CHECKED_BYTES = 1 << 11  # of the sample, for the look at the letters
MIN_SCORE = 0.02  # below, chardet recognises nothing
MIN_LEAD_OVER_SCRIPT = 2.0  # a reading in another script
MIN_LEAD = 1.08  # another reading in the same script
ENOUGH_BYTES = 200  # from here on the best reading of its script is right in 999 of 1000 texts
ASIAN = ("HAN", "KANA", "HANGUL")
JOINERS = "'\u2019-\u00ad\u2010\u2011\u200c\u200d\u200e\u200f"  # inside words
CLITICS = frozenset(("", "s", "t", "d", "m", "ll", "re", "ve", "S", "T"))  # it's, I'll; "" ends a quotation
ELISIONS = frozenset("l d qu c j m n s t jusqu lorsqu puisqu quoiqu aujourd presqu un all dall dell nell sull coll quell bell cent".split())
VOWELS = frozenset("aeiouyhàâéèêëîïôùûœæáíóú")
ONE_LETTER_WORDS = frozenset("àáâéèêëìíîòóôöőùúûüűåäæøýyıß")
NOT_AFTER_LETTERS = "\u201a\u201e¿¡¼½¾°·"
NOT_BEFORE_LETTERS = "¹²³¼½¾†‡°·"
TYPOGRAPHY = re.compile(
    r"(?<=[\s(\[])[\u201c\u2018«](?=\S)|(?<=[^\s])[\u201d\u2019»](?=[\s.,;:!?)\]])|(?<=[a-zA-Z])\u2019(?=(?:s|t|d|m|ll|re|ve)\b)"
    r"|(?<=\s)[\u2013\u2014](?=\s)|(?<=\d)\u2013(?=\d)|(?<=\w\w)\u2014(?=\w\w)|(?<=\w)\u2026(?=\s)|(?<=\s)©(?=\s)|(?<=[a-zA-Z])[®™](?=[\s.,])"
    r"|(?<=\d)\s?[€£](?!\w)|[€£](?=\d)|(?<=[\d\s])°(?=[CF\s.,])|§(?=\s?\d)|(?<=\s)\u2022(?=\s)"
)
TYPOGRAPHY_BONUS = 1.6  # chardet looks at letters only
UNCLEAR = "its encoding cannot be told from so few letters: save it as UTF-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The sample in one encoding, with its plausibility."""

    codec: str
    script: str
    text: str
    score: float


def legacy_codec(data: bytes) -> str | None:
    """The codec of a text that is not UTF-8, or None if nothing fits. Raises `ReadError` if several fit."""
    sample = telling_sample(data)
    readings = _readings(sample)
    if not readings or readings[0].score < MIN_SCORE:
        return None
    best = readings[0]
    for other in readings[1:]:
        if other.script != best.script and best.score < MIN_LEAD_OVER_SCRIPT * other.score:
            raise ReadError(UNCLEAR)
        if other.text != best.text and best.score < MIN_LEAD * other.score and len(sample) < ENOUGH_BYTES:
            raise ReadError(UNCLEAR)
    return best.codec


def fits_western(data: bytes) -> bool:
    """Whether a text too short for chardet is mostly ASCII and every other character is a Western letter or mark where
    texts have one."""
    sample = telling_sample(data)
    try:
        text = sample.decode("cp1252")
    except UnicodeDecodeError:
        return False
    return sum(byte >= 0x80 for byte in sample) <= 0.3 * len(sample) and _plausibility(text, "LATIN", None) >= 1


def telling_sample(data: bytes) -> bytes:
    """Lines with bytes beyond ASCII from the whole file, because its beginning may have none. No candidate has a newline
    inside a character."""
    sample = bytearray()
    end = 0
    while len(sample) < SAMPLE_BYTES and (found := re.compile(rb"[\x80-\xff]").search(data, end)):
        start = max(data.rfind(b"\n", end, found.start()) + 1, end, found.start() - 200)  # everything before the match is ASCII
        end = data.find(b"\n", found.start()) + 1 or len(data)
        sample += data[start : min(end, start + SAMPLE_BYTES)]
    return bytes(sample)


def _readings(sample: bytes) -> list[Reading]:
    """All readings, the most plausible first."""
    import chardet

    found = chardet.detect_all(sample, ignore_threshold=True, include_encodings=CANDIDATES, compat_names=False)
    readings = []
    for match in found:
        if match["encoding"] not in CANDIDATES:  # None: it takes the sample for binary
            continue
        codec, script, frequency = CANDIDATES[match["encoding"]]
        text = sample[:CHECKED_BYTES].decode(codec, "replace")
        score = match["confidence"] * frequency * _plausibility(text, script, match["language"])
        if codec == "cp1252" and _is_typography(text):
            score *= TYPOGRAPHY_BONUS
        readings.append(Reading(codec=codec, script=script, text=text, score=score))
    return sorted(readings, key=lambda reading: -reading.score)


def _plausibility(text: str, script: str, language: str | None) -> float:
    """Between 0 and 1: how well the characters beyond ASCII stand among their neighbours."""
    padded = f"  {text}  "
    alphabet = ALPHABETS.get(language or "", "") if script == "LATIN" else ""
    num_beyond = num_letters = num_foreign = 0
    oddness = 0.0
    for found in re.finditer("[^\0-\x7f]", padded):
        char = found[0]
        num_beyond += 1
        oddness += _oddness(padded, found.start(), script)
        if _script(char):
            num_letters += 1
            num_foreign += bool(alphabet) and char.lower() not in alphabet
    if not num_beyond:
        return 1.0
    plausibility = float((1 - min(oddness / num_beyond, 1)) ** 2 * (1 - 0.4 * num_foreign / num_beyond))
    if script == "LATIN":
        return plausibility
    return plausibility if _has_word(text, script) else 0.3 * plausibility  # a stray letter or two


def _has_word(text: str, script: str) -> bool:
    """Whether three letters of a script stand together, or two characters of an Asian one."""
    needed = 2 if script in ASIAN else 3
    length = 0
    for char in text:
        length = length + 1 if _script(char) == script else 0
        if length == needed:
            return True
    return False


def _oddness(padded: str, place: int, script: str) -> float:
    """0 for a character as texts have it, 1 for one that no text has there."""
    before, char, after = padded[place - 1 : place + 2]
    own, left, right = _script(char), _script(before), _script(after)
    category = unicodedata.category(char)
    if char == "\ufffd" or category in ("Cc", "Cn", "Co") or "\u2500" <= char <= "\u259f":
        return 1
    if script in ASIAN:  # Latin words stand beside their characters without a space
        return float(bool(own) and (left == right == "LATIN" or own not in ASIAN))
    if own:
        if own not in (script, "LATIN") or any(side not in ("", own) for side in (left, right)):
            return 1
        if char.isupper():
            return float(before.islower())
        return 0.5 if not (left or right) and own == "LATIN" and char not in ONE_LETTER_WORDS else 0
    if not (left or right):
        return 0
    if category == "Pd" or char == "\u2019":
        return _oddness_of_mark(padded, place)
    if left and right:
        return float(char not in JOINERS and not (char == "·" and before == after == "l"))
    if (left and char in NOT_AFTER_LETTERS) or (right and char in NOT_BEFORE_LETTERS and after not in "CFK"):
        return 0.6
    if char in "\u201d\u2026" and right:  # Swedish and Finnish open with the first
        return 0.3
    return 0.6 if category in ("Sm", "Sk", "So", "Sc") and char not in "°®©™€£¥§" else 0


def _oddness_of_mark(padded: str, place: int) -> float:
    """The same for an apostrophe or a dash beside a letter: Mac and DOS encodings have vowels in these places."""
    before = re.search(r"[^\W\d_]*(?:\u2019s)?\Z", padded[max(0, place - 12) : place])
    after = re.match(r"[^\W\d_]*", padded[place + 1 : place + 13])
    left, right = before[0] if before else "", after[0] if after else ""
    if padded[place] == "\u2019":
        is_known = right in CLITICS or (left.lower() in ELISIONS and right[:1].lower() in VOWELS) or left in ("O", "D")
        return 0.0 if is_known or not left and not right else 0.3 if not left or not right else 0.6
    if not (left and right):
        return 0.3 if padded[place] == "\u2014" else 0.2
    if left.istitle() or right.istitle():
        return 0.1
    are_words = (len(left) >= 2 or left == "a") and (len(right) >= 2 or right == "a")
    return 0.15 if padded[place] == "\u2014" and are_words else 0.6


def _is_typography(text: str) -> bool:
    """Whether all characters beyond ASCII are marks as Western programs set them: quotes, dashes, signs of currencies."""
    return text.isascii() is False and re.sub(TYPOGRAPHY, "", f" {text} ").isascii()


@cache
def _script(char: str) -> str:
    """The script of a letter or mark by its name in Unicode; "" for everything else."""
    if char < "\x80":
        return "LATIN" if char.isalpha() else ""
    if unicodedata.category(char)[0] not in "LM" or char in "ªºµ":
        return ""
    name = unicodedata.name(char, "?").replace("HALFWIDTH ", "").split()[0].split("-")[0]
    return {"CJK": "HAN", "HIRAGANA": "KANA", "KATAKANA": "KANA"}.get(name, name)
