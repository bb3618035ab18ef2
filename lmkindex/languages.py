"""Which language a text is in, as a code of ISO 639-1, and what an encoder that does not know it is worth.

Takes strings, gives codes; "" is a text whose language cannot be told. Scripts that one language has alone are told by
their letters, everything else by py3langid, which is loaded when a text needs it. The same text always gives the same
code.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from .errors import UsageError

if TYPE_CHECKING:
    from .records import EncoderFolder

AUTO = "auto"
NUM_SAMPLES, SAMPLE_CHARS = 3, 1000  # from the inside of a text: its first page may be a licence in another language
MIN_LETTERS = 12
MIN_LETTER_SHARE = 0.45  # of the characters that are not blank: below it, a text is a table
MAX_CODE_SHARE = 0.08  # of the marks that programs are full of
MIN_CONFIDENCE, MIN_CONFIDENCE_SHORT, SHORT_LETTERS = 0.25, 0.4, 60
# Letters with the vowel signs and accents that are characters of their own.
LETTER = r"(?:[^\W\d_]|[\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0900-\u0dff\u0e30-\u0e4e\u0eb0-\u0ece\u1000-\u109f\u1780-\u17d3])"
# Patterns are compiled when a text is looked at: `lmkindex --help` imports this module for the names alone.
WORD = rf"{LETTER}+(?:['’]{LETTER}+)*"
CODE = r"[(){}\[\];=<>]"
# What no other language has as often: most texts need no model.
ENGLISH = frozenset({"the", "and", "of", "with", "that", "this", "from", "which", "were", "are", "have", "been", "his", "they"})
MIN_ENGLISH_SHARE = 0.1
CODES_OF_SCRIPTS = {
    "ja": r"\u3040-\u30ff", "ko": r"\uac00-\ud7af\u1100-\u11ff", "th": r"\u0e00-\u0e7f",
    "lo": r"\u0e80-\u0eff", "el": r"\u0370-\u03ff\u1f00-\u1fff",
    "he": r"\u0590-\u05ff", "hy": r"\u0530-\u058f", "ka": r"\u10a0-\u10ff",
    "km": r"\u1780-\u17ff", "my": r"\u1000-\u109f", "bo": r"\u0f00-\u0fff",
    "am": r"\u1200-\u137f", "ta": r"\u0b80-\u0bff", "te": r"\u0c00-\u0c7f",
    "kn": r"\u0c80-\u0cff", "ml": r"\u0d00-\u0d7f", "si": r"\u0d80-\u0dff",
    "gu": r"\u0a80-\u0aff", "pa": r"\u0a00-\u0a7f", "or": r"\u0b00-\u0b7f", "bn": r"\u0980-\u09ff", "dv": r"\u0780-\u07bf",
    "zh": r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff",
}  # fmt: skip
ANY_SCRIPT = f"[{''.join(CODES_OF_SCRIPTS.values())}]"
MIN_KANA_SHARE = 0.05  # of Japanese, beside Chinese characters
# What py3langid tells apart well; the rest of its labels are rare, and short texts and code are taken for them.
DETECTED_CODES = (
    "af ar az be bg bs ca cs cy da de en eo es et eu fa fi fr ga gl hi hr hu id is it kk ku ky la lt lv mk mn mr ms mt ne nl no pl ps pt "
    "ro ru sk sl sq sr sv sw tg tl tr tt uk ur uz vi"
)
NAMES_OF_CODES = """\
aa Afar|ab Abkhazian|ae Avestan|af Afrikaans|ak Akan|am Amharic|an Aragonese|ar Arabic|as Assamese|av Avaric|ay Aymara
az Azerbaijani|ba Bashkir|be Belarusian|bg Bulgarian|bi Bislama|bm Bambara|bn Bengali|bo Tibetan|br Breton|bs Bosnian
ca Catalan|ce Chechen|ch Chamorro|co Corsican|cr Cree|cs Czech|cu Church Slavic|cv Chuvash|cy Welsh|da Danish
de German|dv Divehi|dz Dzongkha|ee Ewe|el Greek|en English|eo Esperanto|es Spanish|et Estonian|eu Basque|fa Persian
ff Fulah|fi Finnish|fj Fijian|fo Faroese|fr French|fy Western Frisian|ga Irish|gd Gaelic|gl Galician|gn Guarani
gu Gujarati|gv Manx|ha Hausa|he Hebrew|hi Hindi|ho Hiri Motu|hr Croatian|ht Haitian|hu Hungarian|hy Armenian|hz Herero
ia Interlingua|id Indonesian|ie Interlingue|ig Igbo|ii Sichuan Yi|ik Inupiaq|io Ido|is Icelandic|it Italian
iu Inuktitut|ja Japanese|jv Javanese|ka Georgian|kg Kongo|ki Kikuyu|kj Kuanyama|kk Kazakh|kl Kalaallisut|km Khmer
kn Kannada|ko Korean|kr Kanuri|ks Kashmiri|ku Kurdish|kv Komi|kw Cornish|ky Kirghiz|la Latin|lb Luxembourgish|lg Ganda
li Limburgish|ln Lingala|lo Lao|lt Lithuanian|lu Luba-Katanga|lv Latvian|mg Malagasy|mh Marshallese|mi Maori
mk Macedonian|ml Malayalam|mn Mongolian|mr Marathi|ms Malay|mt Maltese|my Burmese|na Nauru|nb Norwegian Bokmål
nd North Ndebele|ne Nepali|ng Ndonga|nl Dutch|nn Norwegian Nynorsk|no Norwegian|nr South Ndebele|nv Navajo|ny Chichewa
oc Occitan|oj Ojibwa|om Oromo|or Oriya|os Ossetian|pa Punjabi|pi Pali|pl Polish|ps Pashto|pt Portuguese|qu Quechua
rm Romansh|rn Rundi|ro Romanian|ru Russian|rw Kinyarwanda|sa Sanskrit|sc Sardinian|sd Sindhi|se Northern Sami|sg Sango
sh Serbo-Croatian|si Sinhala|sk Slovak|sl Slovenian|sm Samoan|sn Shona|so Somali|sq Albanian|sr Serbian|ss Swati
st Southern Sotho|su Sundanese|sv Swedish|sw Swahili|ta Tamil|te Telugu|tg Tajik|th Thai|ti Tigrinya|tk Turkmen
tl Tagalog|tn Tswana|to Tonga|tr Turkish|ts Tsonga|tt Tatar|tw Twi|ty Tahitian|ug Uighur|uk Ukrainian|ur Urdu|uz Uzbek
ve Venda|vi Vietnamese|vo Volapük|wa Walloon|wo Wolof|xh Xhosa|yi Yiddish|yo Yoruba|za Zhuang|zh Chinese|zu Zulu"""
LANGUAGE_NAMES = dict(entry.split(" ", 1) for entry in NAMES_OF_CODES.replace("\n", "|").split("|"))
MAX_NAMED = 3  # languages in one warning


def check_language(code: str) -> str:
    """A code of ISO 639-1 in small letters, or `auto`. Raises `UsageError`."""
    given = code.strip().lower()
    if given == AUTO or given in LANGUAGE_NAMES:
        return given
    meant = next(
        (known for known, name in LANGUAGE_NAMES.items() if given in (name.lower(), f"{known}-{given[3:]}", f"{known}_{given[3:]}")), ""
    )
    hint = f"did you mean {meant}?" if meant else "for example en, de, fr, zh or ar."
    raise UsageError(f"--language takes {AUTO} or a code of two letters from ISO 639-1, not {code!r}: {hint}")


def detect_language(text: str) -> str:
    """The code of the language that most of the text is in; "" when it has too few words, or is a table or code."""
    sample = sample_of(text)
    words = re.findall(WORD, sample)
    num_letters = sum(map(len, words))
    if num_letters < MIN_LETTERS and not re.search(ANY_SCRIPT, sample):
        return ""
    num_filled = len("".join(sample.split()))
    if num_letters < MIN_LETTER_SHARE * num_filled or len(re.findall(CODE, sample)) > MAX_CODE_SHARE * num_filled:
        return ""
    if sample.isascii():
        num_english = sum(word in ENGLISH for word in map(str.lower, words))
        if num_english >= 2 and num_english >= MIN_ENGLISH_SHARE * len(words):
            return "en"
    elif code := code_of_script(sample, num_letters):
        return code
    code, confidence = identifier().classify(" ".join(words))
    return str(code) if confidence >= (MIN_CONFIDENCE_SHORT if num_letters < SHORT_LETTERS else MIN_CONFIDENCE) else ""


def sample_of(text: str) -> str:
    """At most three pieces from the inside of a text, cut anywhere."""
    if len(text) <= NUM_SAMPLES * SAMPLE_CHARS:
        return text
    room = len(text) - SAMPLE_CHARS
    starts = [room * (2 * number + 1) // (2 * NUM_SAMPLES) for number in range(NUM_SAMPLES)]
    return "\n".join(text[start : start + SAMPLE_CHARS] for start in starts)


def code_of_script(sample: str, num_letters: int) -> str:
    """The code of the language whose own script most letters are in; "" if there is none."""
    if not re.search(ANY_SCRIPT, sample):
        return ""
    counts = {code: len(re.findall(f"[{letters}]", sample)) for code, letters in CODES_OF_SCRIPTS.items()}
    num_east_asian = counts["ja"] + counts["zh"]
    if num_east_asian > num_letters / 3:  # a character of theirs is worth two letters
        return "ja" if counts["ja"] >= MIN_KANA_SHARE * num_east_asian else "zh"
    code = max(counts, key=lambda one: counts[one])
    return code if counts[code] > num_letters / 2 else ""


@cache
def identifier() -> Any:
    """py3langid's model, for the languages that it tells apart well."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    found = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    found.set_languages(DETECTED_CODES.split())
    return found


def unknown_languages(counts: Mapping[str, int], folder: EncoderFolder) -> str:
    """The sentence for `build` and `search` about documents in languages that the encoder was not trained for; "" if
    there is nothing to say. `counts` are documents by the code of their language."""
    unknown = {code: count for code, count in counts.items() if code in LANGUAGE_NAMES and count and code not in folder.languages}
    if not folder.languages or not unknown:
        return ""
    ordered = sorted(unknown, key=lambda code: (-unknown[code], code))
    parts = [f"{unknown[code]} in {LANGUAGE_NAMES.get(code, code)} ({code})" for code in ordered[:MAX_NAMED]]
    if len(ordered) > MAX_NAMED:
        parts.append(f"{sum(unknown[code] for code in ordered[MAX_NAMED:])} in other languages")
    first_count = unknown[ordered[0]]
    parts[0] = parts[0].replace(" in ", " document is in " if first_count == 1 else " documents are in ", 1)
    listed = parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
    known = ", ".join(folder.languages)
    return f"{listed}, which the encoder {folder.name} was not trained for ({known}): expect poor results; see docs/guides/encoders.md"
