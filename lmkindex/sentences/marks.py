"""What stands before an item of a list: bullets, numbers, letters. Takes one line, gives its mark; knows no other
lines."""

from __future__ import annotations

import re
from dataclasses import dataclass

BULLETS = "•◦‣▪▫●○■□◆◇◊★☆✓✔✗✘☐☑☒➢➤►▶❖∙⁃\uf0b7\uf0a7\uf0d8\uf0fc"
WEAK_BULLETS = "–—−‐·→⇒»›o"
CIRCLED = "①-⑳⑴-⒇⒈-⒛❶-❿➀-➓㈠-㈩㊀-㊉"
ROMAN_DIGITS = {"i": 1, "v": 5, "x": 10, "l": 50}
CAPTION_WORDS = (
    "Figure|Fig|FIGURE|FIG|Table|TABLE|Tab|Plate|Chart|Diagram|Exhibit|Listing|Scheme|Box|Map|Photo|Equation|Algorithm|"
    "Abbildung|Abb|Tabelle|Tableau|Schéma|Figura|Tabla|Tabela|Tabella|Tavola|Quadro|Cuadro|Gráfico|Grafico|Figuur|Tabel|Figur|"
    "Tabell|Kuva|Taulukko|Rysunek|Rys|Obrázek|Obr|Tabulka|Рисунок|Рис|Таблица|Табл|Εικόνα|Πίνακας|Şekil|Tablo|ábra|图|表|図|圖|그림|표"
)
CAPTION = re.compile(
    rf"(?:{CAPTION_WORDS})\.?\s?(?:\d{{1,3}}(?:[.\-–]\d{{1,3}})*[a-z]?|[IVXLC]{{1,6}}|[A-Z]\.?\d{{1,3}})\s?[.:：|—–)-]\s?(?=\S)"
)
ENUM = r"(?:\d{1,3}|[A-Za-z]|[ivxl]{1,6}|[IVXL]{1,6}|[а-яА-Я]|[α-ωΑ-Ω])"
NUMBERED = re.compile(
    rf"(?P<open>[(\[]?)(?P<value>{ENUM})(?P<close>[.)\]:]{{1,2}}|\.\))(?=\s)"
    r"|(?P<levels>\d{1,3}(?:\.\d{1,3}){1,5})(?P<stop>[.)]?)(?=\s)"
    r"|(?P<sign>§{1,2}|Art\.|Article|Section|Step|Schritt|№|No\.|#)\s?(?P<number>\d{1,3})(?=[\s.:)])"
    r"|(?P<bare>\d{1,3})(?=\s)"
)
BOX = re.compile(r"\[[ xX✓-]\](?=\s)")
# What may be a mark, a row, a caption or a rule: a quick look at the start of a line, so that running text is passed
# over.
START = (
    rf"[^\S\n]*(?![a-z]{{2}})(?:[-*+{BULLETS}{WEAK_BULLETS}]\s|[{CIRCLED}|§№]|\#{{1,6}}\s|\[[ xX✓-]\]\s|[(\[]?{ENUM}[.)\]:]{{1,2}}\s"
    rf"|\d{{1,3}}(?:\.\d{{1,3}})*[.)]?\s|[-=~^\"'*+_:]{{3}}"
    rf"|(?=[A-Z\x80-\U0010ffff])(?:Art|Section|Step|Schritt|No\.|(?:{CAPTION_WORDS}))\.?\s?[\dIVXLCA-Z])"
)
MARKED_START, MARKED_LINE = re.compile(START), re.compile(r"\n" + START)
MARKS = frozenset(f"-*+{BULLETS}{WEAK_BULLETS}[(§№#0123456789①②③④⑤⑥⑦⑧⑨⑩⑴⑵⑶❶❷❸➀➁➂㈠㈡㈢㊀ASNivxlIVXL")  # what a mark begins with
DELIMITER = re.compile(r"(?=[^\n]*(?:--|==|~~|\^\^|\"\"|''|##|\*\*|\+\+|__|:-|-:|\|-\|))[-=~^\"'#*+_|:\s]{3,}")


@dataclass(frozen=True, slots=True)
class Mark:
    """A mark as one or two readings, each a style and a place in a sequence: "(i)" is the first Roman number or the
    ninth letter. `is_certain` marks stand for themselves; `is_weak` ones need a list; `is_bare` ones a long one."""

    readings: tuple[tuple[str, tuple[int, ...]], ...]
    is_certain: bool = False
    is_weak: bool = False
    is_bare: bool = False

    def follows(self, other: Mark) -> bool:
        """Whether this mark continues a list after the other one."""
        return any(style == before and is_next(place, previous) for style, place in self.readings for before, previous in other.readings)


def is_next(place: tuple[int, ...], previous: tuple[int, ...]) -> bool:
    """Whether a number follows another one, on its level, a deeper one or a higher one; "1." may be repeated, as
    Markdown allows."""
    if not place or place == previous == (1,):
        return True
    depth = len(place)
    if place[:-1] == previous:
        return place[-1] == 1
    return depth <= len(previous) and place[:-1] == previous[: depth - 1] and place[-1] == previous[depth - 1] + 1


def mark_of(body: str) -> Mark | None:
    """The mark at the start of a line without blanks before it; None if there is none, or nothing after it."""
    first = body[:1]
    if body[1:2].isspace():
        if first in BULLETS:
            return Mark(((first, ()),), is_certain=True)
        if first in "-*+":
            return Mark(((first, ()),))
        if first in WEAK_BULLETS:
            return Mark(((first, ()),), is_weak=True)
    if "①" <= first <= "➓" or "㈠" <= first <= "㊉":
        return Mark(((first, ()),), is_certain=True)
    if BOX.match(body):
        return Mark((("[]", ()),), is_certain=True)
    found = NUMBERED.match(body)
    return numbered_mark(found) if found and body[found.end() :].strip() else None


def numbered_mark(found: re.Match[str]) -> Mark:
    """The readings of a number or letter."""
    if found["levels"]:
        return Mark((("levels" + found["stop"], tuple(map(int, found["levels"].split(".")))),), is_weak=True)
    if found["sign"]:
        return Mark(((found["sign"], (int(found["number"]),)),), is_weak=True)
    if found["bare"]:
        return Mark((("bare", (int(found["bare"]),)),), is_weak=True, is_bare=True)
    value, around = found["value"], found["open"] + " " + found["close"]
    if value.isdigit():
        return Mark(((f"1{around}", (int(value),)),), is_weak=bool(found["open"]))
    readings = []
    kind = "A" if value[0].isupper() else "a"
    if len(value) == 1:
        readings.append((kind + around, (ord(value),)))
    if set(value.lower()) <= set(ROMAN_DIGITS):
        readings.append((f"{kind}roman{around}", (roman(value.lower()),)))
    return Mark(tuple(readings), is_weak=True)


def roman(digits: str) -> int:
    """The value of a Roman number in small letters."""
    values = [ROMAN_DIGITS[digit] for digit in digits]
    return sum(-value if any(later > value for later in values[index + 1 :]) else value for index, value in enumerate(values))


def is_caption(body: str) -> bool:
    """Whether a line begins as a caption does: "Figure 3: ..."."""
    return CAPTION.match(body) is not None
