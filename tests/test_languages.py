"""The language of a text is told where there is enough of it, and nothing is claimed of tables, code and scraps."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lmkindex.encoder.fake import FakeEncoder
from lmkindex.errors import UsageError
from lmkindex.languages import LANGUAGE_NAMES, SAMPLE_CHARS, check_language, detect_language, unknown_languages

TEXTS = {
    "en": "The keeper lit the lamp at dusk and wrote the time in the book.",
    "de": "Der Hafen schloss um neun Uhr, und die Boote kamen zurück.",
    "fr": "Le port ferme à neuf heures et les bateaux sont rentrés.",
    "es": "El puerto cerró a las nueve y los barcos regresaron.",
    "it": "Il porto chiuse alle nove e le barche tornarono.",
    "pt": "O porto fechou às nove horas e os barcos voltaram.",
    "nl": "De haven sloot om negen uur en de boten kwamen terug.",
    "sv": "Hamnen stängde klockan nio och båtarna kom tillbaka.",
    "fi": "Satama suljettiin yhdeksältä ja veneet palasivat.",
    "pl": "Port zamknięto o dziewiątej, a łodzie wróciły.",
    "cs": "Přístav zavřel v devět a lodě se vrátily.",
    "ru": "Порт закрылся в девять, и лодки вернулись.",
    "uk": "Порт зачинився о дев'ятій, і човни повернулися.",
    "tr": "Liman dokuzda kapandı ve tekneler geri döndü.",
    "hu": "A kikötő kilenckor bezárt, és a hajók visszatértek.",
    "el": "Το λιμάνι έκλεισε στις εννέα και οι βάρκες γύρισαν.",
    "zh": "港口九点关闭，船都回来了。",
    "ja": "港は九時に閉まり、船は帰ってきた。",
    "ko": "항구는 아홉 시에 닫혔고 배들이 돌아왔다.",
    "ar": "أغلق الميناء في التاسعة وعادت القوارب.",
    "fa": "بندر ساعت نه بسته شد و قایق‌ها برگشتند.",
    "he": "הנמל נסגר בתשע והסירות חזרו.",
    "hi": "बंदरगाह नौ बजे बंद हो गया और नावें लौट आईं।",
    "th": "ท่าเรือปิดเวลาเก้าโมงและเรือกลับมา",
    "vi": "Cảng đóng cửa lúc chín giờ và thuyền đã trở về.",
}
WITHOUT_LANGUAGE = {
    "empty": "",
    "a word": "OK",
    "numbers": "1\t2\t3\n4\t5\t6\n" * 50,
    "python": "def f(x):\n    return x+1\nimport os\nfor i in range(10): print(i)\n" * 10,
    "c": "int main(void) { return 0; }\n#include <stdio.h>\n" * 5,
    "json": '{"name": "lamp", "size": 3}' * 9,
    "base64": "aGVsbG8gd29ybGQgYWJjZGVmZ2hpamtsbW5vcA==" * 20,
}


@pytest.mark.parametrize("code", TEXTS)
def test_a_sentence_is_enough(code: str) -> None:
    assert detect_language(TEXTS[code]) == code
    assert detect_language(f"# 1. {TEXTS[code]}\n\n" * 200) == code


@pytest.mark.parametrize("name", WITHOUT_LANGUAGE)
def test_what_has_no_language_gets_none(name: str) -> None:
    assert detect_language(WITHOUT_LANGUAGE[name]) == ""


def test_most_of_a_mixed_text_decides_and_its_first_page_does_not() -> None:
    licence = TEXTS["en"] + " "
    assert detect_language(licence * 40 + (TEXTS["de"] + " ") * 1000) == "de"
    assert detect_language((TEXTS["de"] + " ") * 2 + licence * 10) == "en"
    assert detect_language((TEXTS["zh"] + " rock'n'roll ") * 20) == "zh"


def test_only_a_sample_is_looked_at() -> None:
    middle = TEXTS["fr"] * 200
    assert detect_language(TEXTS["de"] + " " * 10 * SAMPLE_CHARS + middle + " " * 10 * SAMPLE_CHARS) == "fr"


def test_a_code_is_checked() -> None:
    assert [check_language(code) for code in ("auto", "de", "DE", " zh ")] == ["auto", "de", "de", "zh"]
    for code, meant in (("german", "did you mean de?"), ("en-US", "did you mean en?"), ("xx", "for example"), ("", "for example")):
        with pytest.raises(UsageError, match=meant):
            check_language(code)
    assert len(LANGUAGE_NAMES) == 184  # two letters: all of ISO 639-1, with sh, which is withdrawn
    assert all(len(code) == 2 and name for code, name in LANGUAGE_NAMES.items())


def test_one_sentence_about_languages_that_the_encoder_does_not_know() -> None:
    folder = replace(FakeEncoder().folder, name="mini", languages=("en",))
    end = ", which the encoder mini was not trained for (en): expect poor results; see docs/guides/encoders.md"
    assert unknown_languages({"en": 7, "de": 3, "": 2}, folder) == f"3 documents are in German (de){end}"
    assert unknown_languages({"de": 1}, folder) == f"1 document is in German (de){end}"
    assert unknown_languages({"de": 1, "fr": 2}, folder) == f"2 documents are in French (fr) and 1 in German (de){end}"
    many = unknown_languages({"de": 4, "fr": 3, "es": 2, "it": 1, "pl": 1}, folder)
    assert many == f"4 documents are in German (de), 3 in French (fr), 2 in Spanish (es) and 2 in other languages{end}"
    assert unknown_languages({"en": 7, "": 2}, folder) == unknown_languages({}, folder) == ""
    assert unknown_languages({"de": 3}, replace(folder, languages=())) == ""  # it does not say what it knows
