"""Bytes -> characters: broken UTF-8, UTF-16 without a mark, declared and undeclared encodings, and what is no text.

The table is 300 texts of our own, each encoded by Python's codec: `passages.txt` holds the passages, `table.tsv` an
encoding and the bounds of a text in a passage on each line.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import marshal
import random
import sqlite3
import sys
import tarfile
import time
import unicodedata
import wave
import zipfile
from collections import Counter
from pathlib import Path

import pytest

from lmkindex.errors import ReadError
from lmkindex.read.encoding import decode_declared, decode_text
from lmkindex.read.mixed import lines_by_encoding

DATA_PATH = Path(__file__).parents[1] / "data" / "encodings"
PASSAGES = {
    block.partition("\n")[0]: block.partition("\n")[2].strip()
    for block in (DATA_PATH / "passages.txt").read_text(encoding="utf-8").split("== ")[1:]
}
BYTES_TO_BE_SURE = 200


def table() -> list[tuple[str, str]]:
    """Encoding and text of each line."""
    rows = [line.split("\t") for line in (DATA_PATH / "table.tsv").read_text(encoding="ascii").splitlines()[1:]]
    return [(encoding, PASSAGES[passage][int(start) : int(end)]) for encoding, passage, start, end in rows]


def decoded_or_none(data: bytes) -> str | None:
    try:
        return decode_text(data).text
    except ReadError as error:
        assert "save it as UTF-8" in str(error)
        return None


def scripts(text: str) -> set[str]:
    """The scripts of the letters; those of Chinese and Japanese are one."""
    names = {
        unicodedata.name(char).split()[0] for char in text if char > "\x7f" and unicodedata.category(char)[0] == "L" and char not in "ªº"
    }
    return {{"HIRAGANA": "CJK", "KATAKANA": "CJK", "KATAKANA-HIRAGANA": "CJK"}.get(name, name) for name in names}


def test_the_table_has_fifteen_encodings_of_twenty_texts() -> None:
    assert set(Counter(encoding for encoding, _ in table()).values()) == {20}
    sizes = [len(text.encode(encoding)) for encoding, text in table()]
    assert len(sizes) == 300 and min(sizes) <= 20 and max(sizes) >= 1_990
    assert all(not text.encode(encoding).isascii() for encoding, text in table())


def test_no_text_of_the_table_comes_out_in_a_wrong_script_and_long_ones_are_right() -> None:
    long_results: list[tuple[str | None, str]] = []
    short_results: list[tuple[str | None, str]] = []
    for encoding, text in table():
        data = text.encode(encoding)
        found = decoded_or_none(data)
        assert found is None or scripts(found) <= scripts(text), (encoding, text[:40], found)
        (long_results if len(data) >= BYTES_TO_BE_SURE else short_results).append((found, text))
    assert sum(found == text for found, text in long_results) >= 0.97 * len(long_results)
    assert all(found in (text, None) for found, text in short_results)
    assert sum(found == text for found, text in short_results) >= 0.85 * len(short_results)


@pytest.mark.parametrize(
    ("encoding", "passage"),
    [
        ("cp866", "ru"), ("iso8859-5", "ru"), ("koi8_u", "uk"), ("iso8859-7", "el"), ("iso8859-9", "tr"),
        ("mac_roman", "de"), ("mac_roman", "fr"), ("cp850", "de"), ("cp850", "fr"), ("cp437", "de"), ("cp852", "pl"), ("iso2022_jp", "ja"),
        ("iso2022_kr", "ko"),
    ],
)  # fmt: skip
def test_other_encodings_of_long_texts(encoding: str, passage: str) -> None:
    text = PASSAGES[passage][:450]
    assert decode_text(text.encode(encoding)).text == text


@pytest.mark.parametrize(
    "text",
    [
        "café",
        "un café",
        "Zürich",
        "naïve",
        "El niño",
        "Größe: 12 mm",
        "It’s fine.",
        "He paid 5 €.",
        "20 °C",
        "© 2004 Foo",
        "The lamp – an old one.",
    ],
)
def test_a_short_western_text_is_western(text: str) -> None:
    assert decode_text(text.encode("cp1252")).text == text


ENGLISH = "The keeper of the lamp writes a report about the weather in the evening, and then he closes the gate. "


@pytest.mark.parametrize("num_around", [1, 20])
@pytest.mark.parametrize(
    ("encoding", "words"),
    [
        ("cp1252", ["Ø 5 mm", "Øresund", "Šimon", "Žižek", "naïve", "Ça va", "¡Hola!", "Åse", "it’s late", "10–20", "Noël", "† 1911"]),
        ("mac_roman", ["it’s late", "“Go away”", "so on…", "café", "naïve", "Müller", "10–20", "señor"]),
        ("cp850", ["café", "naïve", "Müller", "señor", "±5"]),
        ("cp437", ["café", "Müller"]),
    ],
)  # fmt: skip
def test_english_with_one_word_beyond_ascii(encoding: str, words: list[str], num_around: int) -> None:
    for word in words:
        text = ENGLISH * num_around + f"It says: {word}, he said. " + ENGLISH * num_around
        assert decode_text(text.encode(encoding)).text == text


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Müller; Köln; für Öl\n", "cp1252"),
        ("Le café est fermé à neuf heures. L'été dernier, il était déjà très fréquenté.\n", "cp1252"),
        ("Порт закрыт в девять часов вечера. Сторож зажигает лампу каждый день.\n", "cp1251"),
        ("港口九点关闭。看守人每天晚上点灯，然后写日志。\n", "gb18030"),
    ],
)
def test_lines_in_two_encodings_are_read_as_they_are(text: str, encoding: str) -> None:
    decoded = decode_text((text * 5).encode() + b"plain\n" + (text * 5).encode(encoding))
    assert decoded.text == text * 5 + "plain\n" + text * 5
    assert decoded.notes == (f"5 lines were read as {encoding}, the others as UTF-8",)


def test_a_whole_text_of_a_legacy_encoding_is_not_in_two() -> None:
    for encoding, text in table():
        lines = text.replace(" ", "\n").encode(encoding)  # short lines are the likeliest to be valid by chance
        assert lines_by_encoding(lines) is None


def test_newlines_stay_as_they_are_in_every_encoding() -> None:
    for encoding, passage in [("cp1252", "de"), ("cp932", "ja"), ("gb18030", "zh"), ("utf-8", "ko"), ("utf-16-le", "ru")]:
        text = PASSAGES[passage][:300].replace(" ", " \r\n").replace("。", "。\n") + "\r\r\n"
        assert decode_text(text.encode(encoding)).text == text


# UTF-8 with broken bytes


def test_valid_sequences_outnumber_broken_bytes_three_to_one() -> None:
    found = decode_text("é é é ".encode() + b"\xff end")
    assert found.text == "é é é \ufffd end" and found.notes == ("1 byte that is not valid UTF-8 was replaced",)
    assert "\ufffd" not in decode_text("é é ".encode() + b"the caf\xe9 was closed for the day").text  # two to one: Western


def test_broken_bytes_are_counted_and_characters_of_the_file_are_not() -> None:
    text = "Größe, Höhe und Weiße über den Flüssen \ufffd. " * 10
    found = decode_text(text.encode() + b"\xff\xfe\x80 end")
    assert found.text == text + "\ufffd\ufffd\ufffd end"
    assert found.notes == ("3 bytes that are not valid UTF-8 were replaced",)
    assert decode_text(text.encode()).notes == ()


@pytest.mark.parametrize("cut", [1, 2])
def test_a_sequence_cut_at_the_end_counts_as_nothing(cut: int) -> None:
    assert decode_text("It’s 5 €".encode()[:-cut]).text == "It’s 5 \ufffd"
    assert decode_text("Only ASCII, then 5 €".encode()[:-1]).text == "Only ASCII, then 5 \ufffd"
    assert decode_text(b"We met at the caf\xe9").text == "We met at the café"  # one byte may be a Western letter


@pytest.mark.parametrize(
    "head",
    [
        "# -*- coding: utf-8 -*-\n",
        "/* vim: set fileencoding=utf-8 : */\n",
        '<?xml version="1.0" encoding="UTF-8"?>\n',
        "\\usepackage[utf8]{inputenc}\n",
    ],
)
def test_declared_utf8_wins(head: str) -> None:
    assert decode_text(head.encode() + b"The caf\xe9.\n").text == head + "The caf\ufffd.\n"
    assert decode_declared(b"<p>The caf\xe9.</p>", "UTF8").text == "<p>The caf\ufffd.</p>"
    assert decode_text(b"\xef\xbb\xbfThe caf\xe9.\n").text == "The caf\ufffd.\n"


def test_a_declared_encoding_of_a_text_file_is_believed() -> None:
    text = "% -*- coding: koi8-r -*-\nДа.\n"
    assert decode_text(text.encode("koi8-r")).text == text
    assert decode_text("\\usepackage[latin2]{inputenc}\nŁódź".encode("iso8859-2")).text.endswith("Łódź")


def test_halves_and_broken_bytes_together() -> None:
    found = decode_text("éééééé".encode() + b"\xed\xa0\x80 \xff")
    assert found.text == "éééééé\ufffd \ufffd"
    assert found.notes == ("1 byte that is not valid UTF-8 was replaced", "1 half of a surrogate pair was replaced")


def test_five_megabytes_of_broken_utf8_are_read_quickly() -> None:
    data = ("Größe " * 700_000).encode() + b"\xff"
    started = time.process_time()
    assert decode_text(data).text.endswith("\ufffd")
    assert time.process_time() - started < 3


# Declared encodings


@pytest.mark.parametrize(
    ("label", "encoding", "text"),
    [
        ("latin1", "cp1252", "“Été” – 5 €"), ("ISO-8859-1", "cp1252", "naïve"), ("ascii", "cp1252", "É"), ("gb2312", "gb18030", "话说天下"),
        ("ks_c_5601-1987", "cp949", "똠방각하"), ("x-sjis", "cp932", "①髙"), ("Shift_JIS", "cp932", "①髙"), ("iso-8859-9", "cp1254", "ığş"),
        ("x-mac-cyrillic", "mac_cyrillic", "Да"), ("iso-8859-8-i", "iso8859-8", "שלום"), (" koi8-r ", "koi8_r", "Да"),
        ("tis-620", "cp874", "ไทย"),
        ("utf-16", "utf-8", "Été"), ("utf-32", "utf-8", "Été"), ("cp850", "cp850", "Été"),
    ],
)  # fmt: skip
def test_labels_are_those_of_browsers(label: str, encoding: str, text: str) -> None:
    found = decode_declared(text.encode(encoding), label)
    assert (found.text, found.notes) == (text, ())


@pytest.mark.parametrize("label", ["x-user-defined", "replacement", "hz-gb-2312", "no-such-thing", "", "zlib_codec", "utf-7", "\u212a"])
def test_odd_labels_count_as_none(label: str) -> None:
    assert decode_declared("Der Käse ist süß.".encode("cp1252"), label).text == "Der Käse ist süß."


def test_utf8_that_cannot_be_chance_wins_over_another_declaration() -> None:
    assert decode_declared("Été à Évian".encode(), "iso-8859-1").text == "Été à Évian"
    assert decode_declared("é".encode(), "iso-8859-1").text == "Ã©"  # one sequence: as browsers do


def test_a_broken_byte_of_a_declared_encoding_is_counted() -> None:
    found = decode_declared(("話説天下大勢。" * 5).encode("euc_jp") + b"\xff.", "euc-jp")
    assert found.text.endswith("勢。\ufffd.")
    assert found.notes == ("1 character that cannot be read in the encoding euc_jp became U+FFFD",)


def test_a_declaration_that_does_not_fit_is_not_believed() -> None:
    text = PASSAGES["ru"][:300]
    assert decode_declared(text.encode("cp1251"), "euc-kr").text == text


# UTF-16, UTF-32 and NULs


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("passage", list(PASSAGES))
@pytest.mark.parametrize("num_chars", [20, 60, 200])
def test_wide_text_without_a_mark(encoding: str, passage: str, num_chars: int) -> None:
    text = PASSAGES[passage][:num_chars]
    assert decode_text(text.encode(encoding)).text == text


def test_a_table_of_numbers_in_utf16_without_a_mark() -> None:
    text = "1;2;3\r\n4;5;6\r\n" * 5
    assert decode_text(text.encode("utf-16-le")).text == text
    assert decode_text(text.encode("utf-16-be") + b"\0").text == text + "\ufffd"  # cut in the middle of a character


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
def test_a_stray_nul_is_replaced_and_counted(encoding: str) -> None:
    found = decode_text(("Grüße aus Köln,\0 wo es schön ist. Über die Brücke fährt ein Zug.\0 " + PASSAGES["de"]).encode(encoding))
    assert found.text.startswith("Grüße aus Köln,\ufffd wo") and "\0" not in found.text
    assert found.notes == ("2 NUL characters were replaced",)


def binaries() -> dict[str, bytes]:
    """Files of foreign formats, by their own writers where Python has one."""
    text = PASSAGES["en"].encode() * 4
    zipped, tarred, sound = io.BytesIO(), io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.writestr("a.txt", text)  # stored: nearly all of the file is text
    with tarfile.open(fileobj=tarred, mode="w") as archive_file:
        archive_file.addfile(tarfile.TarInfo("a.txt"), io.BytesIO(b""))
    with wave.open(sound, "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(b"".join((1000 * (at % 50 - 25)).to_bytes(2, "little", signed=True) for at in range(4000)))
    database = sqlite3.connect(":memory:")
    database.execute("create table t (a)")
    database.execute("insert into t values (?)", (text.decode(),))
    database.commit()
    return {
        "elf": Path(sys.executable).read_bytes()[:5000],
        "elf head": b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x03\0>\0",
        "png": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89",
        "jpeg": b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0",
        "gif": b"GIF89a\x01\0\x01\0\x80\0\0\xff\xff\xff\0\0\0!",
        "zip": zipped.getvalue(),
        "gzip": gzip.compress(text, mtime=0),
        "bzip2": bz2.compress(text),
        "xz": lzma.compress(text),
        "tar": tarred.getvalue(),
        "wav": sound.getvalue(),
        "java class": b"\xca\xfe\xba\xbe\0\0\0\x41\0\x1d\n\0\2\0\3\7\0\4\f\0\5\0\6\1\0\x10java/lang/Object\1\0\6<init>\1\0\3()V",
        "python code": marshal.dumps(compile("print('hello')\n" * 20, "a", "exec")),
        "sqlite": database.serialize(),
        "old office": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
        "pdf": b"%PDF-1.4\n1 0 obj << /Type /Catalog >> endobj\n",
        "zeros": bytes(1000),
        "numbers": b"".join(at.to_bytes(4, "little") for at in range(2000)),
        "floats": b"".join(random.Random(at).randbytes(3) + b"\x3f" for at in range(2000)),
    }


@pytest.mark.parametrize("kind", list(binaries()))
def test_binary_files_are_refused(kind: str) -> None:
    with pytest.raises(ReadError, match="binary content"):
        decode_text(binaries()[kind])


@pytest.mark.parametrize("num_bytes", [8, 16, 40, 400, 20_000])
def test_random_bytes_are_never_a_text(num_bytes: int) -> None:
    for seed in range(20):
        with pytest.raises(ReadError):
            decode_text(b"\x01\x02" + random.Random(seed).randbytes(num_bytes))


@pytest.mark.parametrize(
    "data", [b"\0\x01\x02 not text", b"The keeper\0\x01", b"ab\0cd\x05ef", b"\0\x07English words in a broken file.\x08"]
)
def test_english_with_odd_bytes_is_not_chinese_in_utf_16(data: bytes) -> None:
    try:
        text = decode_text(data).text
    except ReadError:
        return
    assert all(char < "\x80" or char == "\ufffd" for char in text)
