"""What stands before an item of a list: bullets, numbers, letters. Takes one line, gives its mark; knows no other
lines."""

from __future__ import annotations

import re
from dataclasses import dataclass

BULLETS = "•◦‣▪▫●○■□◆◇◊★☆✓✔✗✘☐☑☒➢➤►▶❖∙⁃・･※◎△▲▽▼\uf0b7\uf0a7\uf0d8\uf0fc"
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
ORDERS = ("가나다라마바사아자차카타파하", "アイウエオカキクケコサシスセソ")  # letters whose code points do not count up by one
LETTERS = f"A-Za-zа-яА-Яα-ωΑ-Ωⅰ-ⅿⅠ-Ⅿ{''.join(ORDERS)}"
ENUM = rf"(?:\d{{1,3}}|[ivxl]{{1,6}}|[IVXL]{{1,6}}|[{LETTERS}])"
HAN = "一二三四五六七八九十"
SYMBOLS = "\u2190-\u21ff\u2300-\u23ff\u2460-\u24ff\u25a0-\u27bf\u2900-\u2bff\U0001f300-\U0001faff"  # arrows, signs, emoji
SIGNS = r"§{1,2}|Art\.|Article|Artikel|Artículo|Articolo|Section|Chapter|Clause|Rule|Item|Step|Schritt|Étape|Paso|№|No\.|#"
NUMBERED = re.compile(
    rf"(?P<open>[(\[]?)(?P<value>{ENUM})(?P<close>[.)\]:]{{1,2}}|\.\)|[-–°º])(?=\s)"
    r"|(?P<levels>\d{1,3}(?:\.\d{1,3}){1,5})(?P<stop>[.)]?)(?=\s)"
    rf"|(?P<sign>{SIGNS})\s?(?P<number>\d{{1,3}})(?=[\s.:)])"
    r"|(?P<bare>\d{1,3})(?=\s)"
    rf"|(?P<tight_open>[(（]?)(?P<tight>\d{{1,3}}|[a-z]|[{HAN}]{{1,3}})(?P<tight_close>[.)）、．])(?=[^\W\d_a-z])"
    rf"|第(?P<nth>\d{{1,3}}|[{HAN}]{{1,3}})(?P<unit>[条條章节節款編编])"
)
BOX = re.compile(r"\[[ xX✓-]\](?=\s)")
BULLET = re.compile(rf"([{BULLETS}])(?:\ufe0f?\s|(?=[^\W\d_]))|([{CIRCLED}])")
WEAK_BULLET = re.compile(rf"([{WEAK_BULLETS}]\s|[-–—](?=[A-ZÀ-Þ])|[{SYMBOLS}](?=\ufe0f?\s))")
# What may be a mark, a row, a caption or a rule: a quick look at the start of a line. Most lines of running text are
# passed over by their first word.
PLAIN_START = r"[a-z]{2}|[\"'“‘]?[A-Z]?[a-z]{2,}[ ,;'’](?!\d|[IVXLC]+[.:]|[A-Z]\.?\d)"
START = (
    rf"[^\S\n]*+(?!{PLAIN_START})(?:[-*+{WEAK_BULLETS}]\s|[{BULLETS}{SYMBOLS}|§№第]|\#{{1,6}}[\s\d]|\[[ xX✓-]\]\s|[-–—][A-ZÀ-Þ]"
    rf"|[(\[]?{ENUM}[.)\]:°º–-]{{1,2}}\s|[(（]?(?:\d{{1,3}}|[a-z]|[{HAN}]{{1,3}})[.)）、．][^\W\d_a-z]|\d{{1,3}}(?:\.\d{{1,3}})*[.)]?\s"
    rf"|[-=~^\"'*+_:#]{{3}}|(?=[A-Z\x80-\U0010ffff])(?:{SIGNS}|(?:{CAPTION_WORDS}))\.?\s?[\dIVXLCA-Z])"
)
MARKED_START, MARKED_LINE = re.compile(START), re.compile(r"\n" + START)
# A first line that is a title by its looks: capitals, or "Chapter 3".
TITLE = re.compile(
    r"(?![A-ZÀ-Þ]?[a-z]+[ ,.;](?![\dIVXLC]))(?=[^\n]{4,60}\n)"
    r"(?:(?:CHAPTER|Chapter|PART|Part|BOOK|Book|Kapitel|Chapitre|Capítulo|Capitolo|Глава) (?:\d{1,3}|[IVXLC]+)\.?"
    r"|[^a-z\n]*[A-Z]{3}[^a-z\n]*[^a-z\n,;-])[^\S\n]*\n(?=[^\n]*[a-z]{2})"
)
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
    if body[0] in "-*+" and body[1:2].isspace():
        return Mark(((body[0], ()),))
    if found := BULLET.match(body):
        return Mark(((found[0][0], ()),), is_certain=True)
    if BOX.match(body):
        return Mark((("[]", ()),), is_certain=True)
    if found := WEAK_BULLET.match(body):
        return Mark(((found[1], ()),), is_weak=True)
    found = NUMBERED.match(body)
    return numbered_mark(found) if found and body[found.end() :].strip() else None


def numbered_mark(found: re.Match[str]) -> Mark:
    """The readings of a number or letter."""
    if found["levels"]:
        return Mark((("levels" + found["stop"], tuple(map(int, found["levels"].split(".")))),), is_weak=True)
    styles = {"number": found["sign"], "bare": "bare", "tight": f"{found['tight_open']}tight{found['tight_close']}", "nth": found["unit"]}
    for group, style in styles.items():
        if found[group]:
            return Mark(((style, (place_in_sequence(found[group]),)),), is_weak=True, is_bare=group == "bare")
    value, around = found["value"], found["open"] + " " + found["close"]
    if value.isdigit():
        return Mark(((f"1{around}", (int(value),)),), is_weak=bool(found["open"]) or found["close"] not in (".", ")"))
    readings = []
    kind = "A" if value[0].isupper() else "a"
    if len(value) == 1:
        readings.append((kind + around, (place_in_sequence(value),)))
    if set(value.lower()) <= set(ROMAN_DIGITS):
        readings.append((f"{kind}roman{around}", (roman(value.lower()),)))
    return Mark(tuple(readings), is_weak=True)


def place_in_sequence(value: str) -> int:
    """The place of a number, a Chinese number below 100 or a letter in its sequence."""
    if value.isdecimal():
        return int(value)
    if value[0] not in HAN:
        return next((order.index(value) for order in ORDERS if value in order), ord(value))
    tens, ten, ones = value.rpartition("十")
    return 10 * (HAN.find(tens) + 1 if tens else 1) * bool(ten) + (HAN.find(ones) + 1 if ones else 0)


def roman(digits: str) -> int:
    """The value of a Roman number in small letters."""
    values = [ROMAN_DIGITS[digit] for digit in digits]
    return sum(-value if any(later > value for later in values[index + 1 :]) else value for index, value in enumerate(values))


def is_caption(body: str) -> bool:
    """Whether a line begins as a caption does: "Figure 3: ..."."""
    return CAPTION.match(body) is not None
