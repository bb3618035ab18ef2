"""Bytes -> characters: byte order mark, UTF-8, what the file declares, then detection; or an error if they are no text.

Knows nothing of files or markup. Valid UTF-8 is kept character for character, newlines included. What cannot be read
becomes U+FFFD and is counted in a note.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from ..errors import ReadError
from .legacy import UNCLEAR, fits_western, legacy_codec
from .mixed import lines_by_encoding
from .wide import wide_codec

# Longest first: the UTF-32 mark begins with that of UTF-16. Their codecs drop the mark.
BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Control characters that texts do not hold. Texts do hold tab, newlines, form feed, backspace (manual pages) and escape
# (coloured logs).
CONTROLS = re.compile("[\x00-\x07\x0e-\x1a\x1c-\x1f\x7f-\x84\x86-\x9f]")
CONTROL_BYTES = bytes((*range(8), *range(0x0E, 0x1B), *range(0x1C, 0x20), 0x7F))
MAX_CONTROL_SHARE = 0.01  # random bytes have about a tenth
CHECKED_BYTES = 1 << 20
NOT_TEXT = "binary content, not text"
MIXED = "its bytes fit no single encoding: save it as UTF-8"  # parts of it are UTF-8 and parts are not
# How files of foreign formats begin. Some of them hold so much text or so few NULs that nothing else tells.
BINARY_HEADS = (
    b"%PDF-", b"\x7fELF", b"\x89PNG\r\n", b"GIF87a", b"GIF89a", b"\xff\xd8\xff", b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b",
    b"BZh9", b"\xfd7zXZ\0",    b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07", b"\x28\xb5\x2f\xfd", b"\xca\xfe\xba\xbe", b"SQLite format 3\0",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
    b"\0asm", b"\xcf\xfa\xed\xfe", b"\xce\xfa\xed\xfe", b"\xfe\xed\xfa\xcf", b"\xfe\xed\xfa\xce", b"OggS\0", b"fLaC\0", b"ID3\x03\0",
    b"ID3\x04\0", b"MThd\0", b"PAR1", b"ARROW1\0", b"wOFF\0", b"wOF2\0", b"\0\x01\0\0", b"OTTO\0", b"II*\0", b"MM\0*", b"\x1a\x45\xdf\xa3",
)  # fmt: skip
ODD_HEADS = (*BINARY_HEADS, *(mark for mark, _ in BYTE_ORDER_MARKS))
HALF = re.compile(rb"\xed[\xa0-\xbf][\x80-\xbf]")  # of a surrogate pair, as some programs encode it
CUT_SEQUENCE = re.compile(
    rb"(?:[\xc2-\xdf]|\xe0[\xa0-\xbf]?|[\xe1-\xef][\x80-\xbf]?|\xf0(?:[\x90-\xbf][\x80-\xbf]?)?|[\xf1-\xf3][\x80-\xbf]{0,2}|\xf4(?:[\x80-\x8f][\x80-\xbf]?)?)\Z"
)
MIN_RATIO = 3  # valid sequences to broken bytes
MIN_DECLARED_RATIO = 10  # characters of a declared encoding to broken ones; a wrong encoding of pairs of bytes has about 4
OVERWHELMING = 3  # valid sequences and no broken byte: UTF-8, whatever is declared
# Declarations in plain text: Emacs and Python, Vim, XML, LaTeX, gettext.
DECLARATIONS = re.compile(
    rb"-\*-[^\n]*coding:\s*([\w.-]+)|^[ \t\f]*#[^\n]*?coding[:=][ \t]*([\w.-]+)|\b(?:vim?|ex):[^\n]*(?:fileencoding|fenc)=([\w.-]+)"
    rb"|^<\?xml[^>]*encoding\s*=\s*[\"']([\w.-]+)|\\usepackage\[([\w.-]+)\]\{inputenc\}|Content-Type: text/[^\n]*charset=([\w.-]+)",
    re.MULTILINE,
)
DECLARED_BYTES = 2048  # at both ends of a file
# Names that browsers do not know: those of LaTeX, and the code pages of DOS.
OTHER_NAMES = {"utf8x": "utf-8", "ansinew": "windows-1252", "latin9": "iso-8859-15", "applemac": "macintosh"}
DOS_CODECS = frozenset(("cp437", "cp850", "cp852", "cp855", "cp862", "cp865"))


@dataclass(frozen=True, slots=True, kw_only=True)
class DecodedText:
    """The characters of a file and notes on what could not be read, for `ParsedFile.notes`."""

    text: str
    notes: tuple[str, ...] = ()


def decode_text(data: bytes) -> DecodedText:
    """The characters of a text file. Raises `ReadError` for binary content, and if the encoding cannot be told."""
    return _decode_plain(data) or _decode_odd(data, _declared_in_text(data))


def decode_declared(data: bytes, label: str | None) -> DecodedText:
    """Like `decode_text`, with the encoding that the file declares, by any name that browsers know.

    UTF-8 and a byte order mark are always believed. Another encoding is believed unless the bytes are valid UTF-8 with
    three characters beyond ASCII, which does not happen by chance.
    """
    is_plain = _codec_of(label) in (None, "utf-8")
    return (_decode_plain(data) if is_plain else None) or _decode_odd(data, label)


def without_surrogates(text: str) -> str:
    """Replace lone surrogates, which cannot be stored, by U+FFFD; the length stays the same."""
    return re.sub("[\ud800-\udfff]", "\ufffd", text)


def _decode_plain(data: bytes) -> DecodedText | None:
    """Valid UTF-8 without anything odd in it, which nearly all files are."""
    if b"\0" in data or (b"\x1b" in data and b"\x1b$" in data) or data.startswith(ODD_HEADS):
        return None
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return DecodedText(text=text) if _is_text(text) else None


def _decode_odd(data: bytes, label: str | None) -> DecodedText:
    """Everything else. One NUL or two, or one in a thousand characters, are an accident in a text."""
    if data.startswith(BINARY_HEADS):
        raise ReadError(NOT_TEXT)
    for mark, codec in BYTE_ORDER_MARKS:
        if data.startswith(mark):
            rest = data[len(mark) :]
            return _checked(_decode_utf8(rest, is_certain=True) or DecodedText(text="") if codec == "utf-8" else _decode(data, codec))
    num_nuls = data.count(b"\0")
    if (num_nuls or _has_controls(data[:CHECKED_BYTES])) and (wide := wide_codec(data)):
        return _checked(_decode(data, wide))
    if num_nuls * 8 > len(data) or num_nuls > max(2, len(data) // 1000):
        raise ReadError(NOT_TEXT)
    decoded = _decode_narrow(data, label)
    if num_nuls:
        note = _counted(num_nuls, "NUL character was", "NUL characters were")
        decoded = DecodedText(text=decoded.text.replace("\0", "\ufffd"), notes=(*decoded.notes, f"{note} replaced"))
    return _checked(decoded)


def _decode_narrow(data: bytes, label: str | None) -> DecodedText:
    """A text of single bytes or of sequences of them."""
    if b"\x1b$" in data and (seven_bit := _seven_bit(data)) is not None:
        return DecodedText(text=seven_bit)
    declared = _codec_of(label)
    utf8 = _decode_utf8(data, is_certain=declared == "utf-8")
    if utf8 and (declared in (None, "utf-8") or utf8.notes or _num_beyond(utf8.text[:CHECKED_BYTES]) >= OVERWHELMING):
        return utf8
    if declared:
        decoded = _decode(data, declared)
        num_broken = decoded.text.count("\ufffd")
        if num_broken <= 1 or _num_beyond(decoded.text) - num_broken >= MIN_DECLARED_RATIO * num_broken:
            return decoded
    return _decode_lines(data) or _detected(data)


def _detected(data: bytes) -> DecodedText:
    decoded = _decode(data, _codec_detected(data))
    if not _is_text(decoded.text) and not _has_controls(data):
        raise ReadError(MIXED)
    return decoded


def _decode_lines(data: bytes) -> DecodedText | None:
    """A text whose lines are in two encodings, UTF-8 and another one; None if it is in one."""
    if (lines := lines_by_encoding(data)) is None:
        return None
    codec = _codec_detected(b"".join(line for line, is_utf8 in lines if not is_utf8))
    text = "".join(line.decode("utf-8" if is_utf8 else codec, "replace") for line, is_utf8 in lines)
    note = _counted(sum(not is_utf8 for _, is_utf8 in lines), "line was", "lines were")
    return DecodedText(text=text, notes=(f"{note} read as {codec}, the others as UTF-8",))


def _codec_detected(data: bytes) -> str:
    codec = legacy_codec(data.replace(b"\0", b" "))
    if codec is None and (_has_controls(data) or not fits_western(data)):
        raise ReadError(NOT_TEXT if _has_controls(data) else UNCLEAR)
    return codec or "cp1252"


def _has_controls(data: bytes) -> bool:
    return len(data) - len(data.translate(None, CONTROL_BYTES)) > MAX_CONTROL_SHARE * len(data)


def _decode(data: bytes, codec: str) -> DecodedText:
    try:
        return DecodedText(text=data.decode(codec))
    except UnicodeDecodeError:
        text = data.decode(codec, "replace")
        num_replaced = len(text) - len(data.decode(codec, "ignore"))  # a U+FFFD of the file itself is in both
        note = _counted(num_replaced, "character", "characters")
        return DecodedText(text=text, notes=(f"{note} that cannot be read in the encoding {codec} became U+FFFD",))


def _decode_utf8(data: bytes, *, is_certain: bool = False) -> DecodedText | None:
    """UTF-8; each broken byte and each half of a surrogate pair becomes one U+FFFD. None unless it is certain, or valid
    sequences outnumber the broken bytes three to one. A sequence cut at the end counts as neither."""
    try:
        return DecodedText(text=data.decode("utf-8"))
    except UnicodeDecodeError:
        cut = CUT_SEQUENCE.search(data, max(0, len(data) - 3))
        tail = cut[0] if cut else b""
        whole, num_halves = HALF.subn("\ufffd".encode(), data[: len(data) - len(tail)])
        valid = whole.decode("utf-8", "ignore")
        num_broken = len(whole) - len(valid.encode("utf-8"))
        num_sequences = _num_beyond(valid)
        # A single byte at the end of plain ASCII is a letter of Latin-1.
        is_mostly_valid = num_sequences >= MIN_RATIO * num_broken and (num_sequences > 0 or len(tail) >= 2)
        if not (is_certain or is_mostly_valid):
            return None
        notes = []
        if num_broken := num_broken + len(tail):
            verb = "was" if num_broken == 1 else "were"
            notes.append(f"{_counted(num_broken, 'byte that is', 'bytes that are')} not valid UTF-8 {verb} replaced")
        if num_halves:
            notes.append(f"{_counted(num_halves, 'half of a surrogate pair was', 'halves of surrogate pairs were')} replaced")
        return DecodedText(text=(whole + tail).decode("utf-8", "replace"), notes=tuple(notes))


def _num_beyond(text: str) -> int:
    """The number of characters beyond ASCII."""
    return len(text) - len(text.encode("ascii", "ignore"))


def _seven_bit(data: bytes) -> str | None:
    """Text of ISO-2022, which is ASCII with escape sequences, or None."""
    for mark, codec in ((rb"\x1b\$[@B]", "iso2022_jp_ext"), (rb"\x1b\$\)C", "iso2022_kr")):
        if data.isascii() and re.search(mark, data):
            try:
                return data.decode(codec)
            except UnicodeDecodeError:
                continue
    return None


def _codec_of(label: str | None) -> str | None:
    """Python's codec for a declared label; None if there is none to go by. A declaration that can be read byte by byte
    is not in UTF-16, whatever it says; browsers read it as UTF-8, too."""
    import webencodings

    if not label:
        return None
    label = label.strip().lower()
    found = webencodings.lookup(OTHER_NAMES.get(label, label)) or webencodings.lookup(re.sub(r"-(?:unix|dos|mac)$", "", label))
    if found is None or found.name in ("replacement", "x-user-defined"):
        return label if label in DOS_CODECS else None
    return "utf-8" if found.name.startswith("utf-") else {"gbk": "gb18030"}.get(found.name, found.codec_info.name)


def _declared_in_text(data: bytes) -> str | None:
    for part in (data[:DECLARED_BYTES], data[-DECLARED_BYTES:]):
        if found := DECLARATIONS.search(part):
            return found[found.lastindex or 0].decode("ascii", "ignore")
    return None


def _counted(number: int, singular: str, plural: str) -> str:
    return f"{number:,} {singular if number == 1 else plural}"


def _is_text(text: str) -> bool:
    sample = text[:CHECKED_BYTES]
    return len(CONTROLS.findall(sample)) <= MAX_CONTROL_SHARE * len(sample)


def _checked(decoded: DecodedText) -> DecodedText:
    if not _is_text(decoded.text):
        raise ReadError(NOT_TEXT)
    return decoded
