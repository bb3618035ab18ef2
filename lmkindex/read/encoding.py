"""Bytes -> characters: byte order mark, UTF-8, then detection; or an error if they are not text.

Knows nothing of files or markup. Valid UTF-8 is kept character for character, newlines included.
"""

from __future__ import annotations

import codecs
import re

from ..errors import ReadError

# Longest first: the UTF-32 mark begins with that of UTF-16. Their codecs drop the mark.
BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Encodings to consider, likelier first: detection often finds several that fit equally well, such as cp1250 for German.
ENCODINGS = (
    "cp1252", "cp932", "euc_jp", "gb18030", "big5", "cp949", "cp1251", "koi8_r", "cp1250", "cp1253", "cp1254", "cp1255", "cp1256",
)  # fmt: skip
SAMPLE_BYTES = 1 << 16
# Control characters that texts do not hold. Texts do hold tab, newlines, form feed, backspace (manual pages) and escape
# (coloured logs).
CONTROLS = re.compile("[\x00-\x07\x0e-\x1a\x1c-\x1f\x7f-\x84\x86-\x9f]")
MAX_CONTROL_SHARE = 0.01  # random bytes have about a tenth
NOT_TEXT = "binary content, not text"


def decode_text(data: bytes) -> str:
    """The characters of a text file. Raises `ReadError` for binary content."""
    for mark, encoding in BYTE_ORDER_MARKS:
        if data.startswith(mark):
            halves = _with_surrogates(data[len(mark) :]) if encoding == "utf-8-sig" else None  # one U+FFFD for each half, as without a mark
            return _checked(halves or data.decode(encoding, "replace"))
    if b"\0" in data:
        raise ReadError(NOT_TEXT)
    try:
        return _checked(data.decode("utf-8"))
    except UnicodeDecodeError:
        return _checked(_with_surrogates(data) or _mostly_utf8(data) or _detected(data))


def decode_declared(data: bytes, encoding: str | None) -> str:
    """Like `decode_text`, but an encoding that the file itself declares takes precedence over detection if it fits."""
    if encoding is None or b"\0" in data or any(data.startswith(mark) for mark, _ in BYTE_ORDER_MARKS):
        return decode_text(data)
    if encoding.lower() in ("iso-8859-1", "latin-1", "latin1", "ascii", "us-ascii"):
        encoding = "cp1252"  # as all browsers read it
    try:
        return _checked(data.decode(encoding))
    except (LookupError, ValueError):
        return decode_text(data)


def without_surrogates(text: str) -> str:
    """Replace lone surrogates, which cannot be stored, by U+FFFD; the length stays the same."""
    return re.sub("[\ud800-\udfff]", "\ufffd", text)


def _checked(text: str) -> str:
    sample = text[: 1 << 20]
    if len(CONTROLS.findall(sample)) > MAX_CONTROL_SHARE * len(sample):
        raise ReadError(NOT_TEXT)
    return text


def _with_surrogates(data: bytes) -> str | None:
    """UTF-8 except for encoded halves of surrogate pairs, which some programs write; each half becomes U+FFFD."""
    try:
        return without_surrogates(data.decode("utf-8", "surrogatepass"))
    except UnicodeDecodeError:
        return None


def _mostly_utf8(data: bytes) -> str | None:
    """UTF-8 with a few broken bytes (cut, or pasted from elsewhere), if valid characters far outnumber them."""
    text = data.decode("utf-8", "replace")
    num_broken = text.count("\ufffd")
    num_valid = len(text) - num_broken - len(re.findall("[\x00-\x7f]", text))
    return text if num_valid >= 20 * num_broken else None


def _detected(data: bytes) -> str:
    import charset_normalizer

    sample = _telling_sample(data)
    matches = list(charset_normalizer.from_bytes(sample, cp_isolation=list(ENCODINGS)))
    if matches:
        best = matches[0]
        fitting = [match for match in matches if match.chaos <= best.chaos + 0.01 and match.coherence >= best.coherence - 0.05]
        names = {name for match in fitting for name in (match.encoding, *match.could_be_from_charset)}
        candidates = [encoding for encoding in ENCODINGS if encoding in names]
        return data.decode(min(candidates, key=lambda encoding: _num_capitals(sample.decode(encoding, "replace"))), "replace")
    # Too little or too odd for the detector. If it is mostly plain ASCII, the rest are Western characters, at worst
    # decoded wrongly.
    if sum(byte >= 0x80 for byte in sample) <= 0.3 * len(sample):
        return data.decode("cp1252", "replace")
    raise ReadError(NOT_TEXT)


def _num_capitals(text: str) -> int:
    """Number of capitals beyond ASCII: koi8_r and cp1251 swap the case of Russian letters, and nobody writes mostly
    capitals."""
    return sum(char > "\x7f" and char.isupper() for char in text)


def _telling_sample(data: bytes) -> bytes:
    """Lines with bytes beyond ASCII from the whole file, because its beginning may have none. No encoding above has a
    newline inside a character."""
    sample = bytearray()
    end = 0
    while len(sample) < SAMPLE_BYTES and (found := re.compile(rb"[\x80-\xff]").search(data, end)):
        start = max(data.rfind(b"\n", end, found.start()) + 1, end, found.start() - 200)  # everything before the match is ASCII
        end = data.find(b"\n", found.start()) + 1 or len(data)
        sample += data[start : min(end, start + SAMPLE_BYTES)]
    return bytes(sample)
