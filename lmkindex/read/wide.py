"""UTF-16 and UTF-32 without a byte order mark: the byte order in which the bytes read as text, if there is one."""

from __future__ import annotations

import unicodedata
from collections import Counter

SAMPLE_BYTES = 1 << 13
MIN_GOOD_SHARE = 0.98  # of the characters; of the code units of a program, a tenth are no characters at all
MIN_SAME_SHARE = 0.8  # of the letters, in ASCII and one more block of scripts
LETTERS = bytes([*range(0x41, 0x5B), *range(0x61, 0x7B)]) + b" \n"
MIN_LETTER_BYTES = 0.6  # of all bytes: Chinese in UTF-16 has about a third
MIN_ZERO_SHARE = 0.25  # Western text in UTF-16 has about a half
COMMON = frozenset(" \n\r\t\u3000\u3001\u3002\uff0c,.")  # a text of more than a few words has one of them


def wide_codec(data: bytes) -> str | None:
    """The codec of wide text, or None if the bytes are none. A whole unit more or less at the end does not matter."""
    if _is_narrow(data[:SAMPLE_BYTES]):
        return None
    for size, codecs in ((4, ("utf-32-le", "utf-32-be")), (2, ("utf-16-le", "utf-16-be"))):
        sample = data[: min(SAMPLE_BYTES, len(data) - len(data) % size)]
        if len(data) < 2 * size or len(data) % size > 1:
            continue
        scores = {codec: _num_common(sample, codec) for codec in codecs}
        best = max(codecs, key=lambda codec: scores[codec])
        if scores[best]:
            return best
    return None


def _is_narrow(sample: bytes) -> bool:
    """Whether most bytes are letters of ASCII and few are zero. Two such bytes make one Chinese character, so that
    English with a few odd bytes would read as Chinese."""
    num_letters = len(sample) - len(sample.translate(None, LETTERS))
    return num_letters >= MIN_LETTER_BYTES * len(sample) and sample.count(0) < MIN_ZERO_SHARE * len(sample)


def _num_common(sample: bytes, codec: str) -> int:
    """How many of the commonest characters a sample holds in one byte order; 0 if it does not read as text in it."""
    text = sample.decode(codec, "replace")
    if not text:
        return 0
    num_good = 0
    blocks: Counter[str] = Counter()
    for char, count in Counter(text).items():
        category = unicodedata.category(char)
        is_good = char in "\t\n\r\f" or (category[0] in "LMNPSZ" and category not in ("Zl", "Zp") and char != "\ufffd")
        num_good += count * is_good
        if category[0] == "L" and char > "\x7f":
            blocks[_block(char)] += count
        elif is_good and char < "\x80":
            blocks["ASCII"] += count
    num_same = blocks.pop("ASCII", 0) + max(blocks.values(), default=0)
    num_known = num_same + sum(blocks.values()) - max(blocks.values(), default=0)
    if num_good < MIN_GOOD_SHARE * len(text) or num_same < MIN_SAME_SHARE * num_known:
        return 0
    num_common = sum(text.count(char) for char in COMMON)
    num_ascii = len(text.encode("ascii", "ignore"))
    return num_common + num_ascii if num_common or num_ascii > MIN_GOOD_SHARE * len(text) else 0


def _block(char: str) -> str:
    name = unicodedata.name(char, "?").split()[0]
    return {"HIRAGANA": "CJK", "KATAKANA": "CJK", "HALFWIDTH": "CJK", "FULLWIDTH": "CJK", "KATAKANA-HIRAGANA": "CJK"}.get(name, name)
