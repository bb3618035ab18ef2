"""Bytes of an encoding older than Unicode -> its codec: chardet ranks the candidates, their letters decide.

chardet compares pairs of bytes with those of real texts. In a short text, that leaves several readings close to each
other, some of them in another script, so each counts as much as it is plausible. If two remain, the file fails with a
reason: a wrong reading would be stored without a word.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..errors import ReadError
from .plausibility import is_typography, plausibility

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
SAMPLE_BYTES = 1 << 14
CHECKED_BYTES = 1 << 11  # of the sample, for the look at the letters
MIN_SCORE = 0.02  # below, chardet recognises nothing
MIN_LEAD_OVER_SCRIPT = 2.0  # a reading in another script
MIN_LEAD = 1.08  # another reading in the same script
ENOUGH_BYTES = 200  # from here on the best reading of its script is right in 999 of 1000 texts
MAX_STRAY_SHARE = 0.01
KANA_CODECS = ("euc_jp", "cp932")
KANA_SCORE = 0.9
TYPOGRAPHY_BONUS = 1.6  # chardet looks at letters only
# Words that no other language has.
ENGLISH_WORDS = re.compile(
    rb"\b(?:the|and|of|with|that|this|was|were|has|had|have|from|which|you|it|he|she|not|are|his|her|they|will|said|would|there)\b", re.I
)
ENGLISH_CODECS = ("cp1252", "mac_roman", "cp850", "cp437")
MIN_ENGLISH_WORDS = 0.12  # of all
MAX_ENGLISH_SHARE = 0.02  # of bytes beyond ASCII
CP1252_LEAD = 2.5
MIN_ENGLISH_SCORE = 0.5
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
    if (codec := _codec_of_english(sample)) is not None:
        return codec
    readings = _readings(sample)
    if not readings or readings[0].score < MIN_SCORE:
        return None
    best = readings[0]
    for other in readings[1:]:
        if other.script != best.script and best.score < MIN_LEAD_OVER_SCRIPT * other.score:
            raise ReadError(UNCLEAR)
        if other.text != best.text and best.score < MIN_LEAD * other.score and len(data) < ENOUGH_BYTES:
            raise ReadError(UNCLEAR)
    return best.codec


def fits_western(data: bytes) -> bool:
    """Whether a text too short for chardet is mostly ASCII and every other character is a Western letter or mark where
    texts have one. In a long file, one character in a hundred may stand anywhere: the rest is worth more."""
    sample = telling_sample(data)
    num_beyond = sum(byte >= 0x80 for byte in sample)
    try:
        text = sample.decode("cp1252")
    except UnicodeDecodeError:
        return False
    if len(data) >= ENOUGH_BYTES and len(sample) < SAMPLE_BYTES and num_beyond < MAX_STRAY_SHARE * len(data):
        return True
    return num_beyond <= 0.3 * len(sample) and plausibility(text, "LATIN", None) == 1 and is_typography(text, or_letters=True)


def _codec_of_english(sample: bytes) -> str | None:
    """The codec of English with a foreign letter or a mark here and there, which are too few for chardet: the one that
    puts them in likely places, cp1252 above all. None for all other texts."""
    num_beyond = sum(byte >= 0x80 for byte in sample)
    num_words = len(sample.split())
    num_english = len(ENGLISH_WORDS.findall(sample))
    if num_beyond > max(2, MAX_ENGLISH_SHARE * len(sample)) or num_english < max(2, MIN_ENGLISH_WORDS * num_words):
        return None
    scores = {codec: plausibility(sample.decode(codec, "replace"), "LATIN", "en") for codec in ENGLISH_CODECS}
    best = max(scores, key=lambda codec: scores[codec])
    if scores["cp1252"] * CP1252_LEAD >= scores[best]:
        best = "cp1252"
    return best if scores[best] >= MIN_ENGLISH_SCORE else None


def telling_sample(data: bytes) -> bytes:
    """Lines with bytes beyond ASCII from the whole file, because its beginning may have none. No candidate has
    a newline inside a character."""
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
    readings: list[Reading] = []
    best = 0.0
    for match in found:  # the likeliest first
        if match["encoding"] not in CANDIDATES:  # None: it takes the sample for binary
            continue
        if match["confidence"] * TYPOGRAPHY_BONUS * MIN_LEAD_OVER_SCRIPT < best:
            break  # the others cannot come near the best
        codec, script, frequency = CANDIDATES[match["encoding"]]
        text = sample[:CHECKED_BYTES].decode(codec, "replace")
        score = match["confidence"] * frequency * plausibility(text, script, match["language"])
        if codec == "cp1252" and is_typography(text):
            score *= TYPOGRAPHY_BONUS
        best = max(best, score)
        readings.append(Reading(codec=codec, script=script, text=text, score=score))
    for codec in KANA_CODECS:  # chardet passes over short texts of kana
        if _is_kana(sample, codec):
            text = sample[:CHECKED_BYTES].decode(codec, "replace")
            readings.append(Reading(codec=codec, script="KANA", text=text, score=KANA_SCORE))
    return sorted(readings, key=lambda reading: -reading.score)


def _is_kana(sample: bytes, codec: str) -> bool:
    """Whether a sample is valid and its characters beyond ASCII are kana above all, which have few lead bytes."""
    try:
        text = sample.decode(codec)
    except UnicodeDecodeError:
        return False
    beyond = re.sub(r"[\x00-\x7f\u3000-\u303f]", "", text)
    num_kana = sum("\u3041" <= char <= "\u30ff" for char in beyond)
    return num_kana >= 4 and num_kana >= 0.6 * len(beyond)
