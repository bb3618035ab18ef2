"""Characters of the symbol fonts as Unicode: Symbol (Adobe's encoding) and the common signs of Wingdings and its kin.

A file names such a character by the font and a code, or writes it as a private character U+F020 to U+F0FF. A picture
that has no sign here gives no character.
"""

from __future__ import annotations

from typing import Any

from .word_markup import W

PRIVATE = 0xF000  # code 0x41 of a symbol font is U+F041
SYMBOL_CODES = {
    0x20: " !∀#∃%&∋()∗+,−./0123456789:;<=>?≅ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ[∴]⊥_‾αβχδεφγηιϕκλμνοπθρστυϖωξψζ{|}∼",
    0xA0: "€ϒ′≤⁄∞ƒ♣♦♥♠↔←↑→↓°±″≥×∝∂•÷≠≡≈…⏐⎯↵ℵℑℜ℘⊗⊕∅∩∪⊃⊇⊄⊂⊆∈∉∠∇®©™∏√⋅¬∧∨⇔⇐⇑⇒⇓◊⟨®©™∑⎛⎜⎝⎡⎢⎣⎧⎨⎩⎪",
    0xF1: "⟩∫⌠⎮⌡⎞⎟⎠⎤⎥⎦⎫⎬⎭",
}
WINGDINGS_CODES = {
    0x21: "✏✂✁",
    0x28: "☎✆✉",
    0x3F: "✍",
    0x41: "✌",
    0x45: "☜☞☝☟",
    0x4A: "☺",
    0x4C: "☹",
    0x51: "✈☼",
    0x54: "❄",
    0x56: "✞",
    0x58: "✠✡☪☯",
    0x5D: "☸♈♉♊♋♌♍♎♏♐♑♒♓",
    0x6C: "●❍■□",
    0x71: "❑❒",
    0x74: "⧫◆❖",
    0x78: "⌧",
    0x7A: "⌘",
    0x81: "①②③④⑤⑥⑦⑧⑨⑩",
    0x8C: "❶❷❸❹❺❻❼❽❾❿",
    0x9E: "·•",
    0xA1: "○",
    0xA4: "◉◎",
    0xA7: "▪◻",
    0xAA: "✦★✶✴✹✵",
    0xB5: "✪✰",
    0xD5: "⌫⌦",
    0xD8: "➢",
    0xDF: "←→↑↓↖↗↙↘",
    0xE8: "➔",
    0xEF: "⇦⇨⇧⇩⬄⇳",
    0xFB: "✗✓☒☑",
}
WINGDINGS_2_CODES = {0x4F: "✗✓☒☑☒☒", 0xA3: "□"}
WEBDINGS_CODES = {0x61: "✔", 0x63: "□", 0x67: "■", 0x6E: "●", 0x72: "✖"}


def _table(codes: dict[int, str]) -> dict[int, str]:
    return {start + place: sign for start, signs in codes.items() for place, sign in enumerate(signs)}


SYMBOL_FONTS = {
    "Symbol": _table(SYMBOL_CODES),
    "Wingdings": _table(WINGDINGS_CODES),
    "Wingdings 2": _table(WINGDINGS_2_CODES),
    "Wingdings 3": {},
    "Webdings": _table(WEBDINGS_CODES),
}


def symbol_text(element: Any) -> str:
    """The character of a `w:sym`."""
    try:
        return symbol_character(element.get(f"{W}font", ""), int(element.get(f"{W}char", ""), 16))
    except ValueError:
        return ""


def symbol_character(font: str, code: int) -> str:
    """The character of a code; "" if it is a picture without a sign in Unicode."""
    is_private = PRIVATE <= code <= PRIVATE + 0xFF
    if font in SYMBOL_FONTS:
        return SYMBOL_FONTS[font].get(code - PRIVATE if is_private else code, "")
    if 0xE000 <= code <= 0xF8FF or 0xD800 <= code <= 0xDFFF or not 0x20 <= code <= 0x10FFFF:
        return ""
    return chr(code)


def decode_symbols(text: str, font: str) -> str:
    """Characters that are set in a symbol font: letters of it in Symbol, private characters in all."""
    table = SYMBOL_FONTS[font]
    is_mapped_whole = font == "Symbol"
    return "".join(
        table.get(code - PRIVATE, "")
        if PRIVATE <= (code := ord(char)) <= PRIVATE + 0xFF
        else table.get(code, char)
        if is_mapped_whole
        else char
        for char in text
    )
