"""A number in one of Word's formats for lists: decimal, roman, letters, symbols and those of other scripts.

Takes a number and the name of a format (ST_NumberFormat of ECMA-376), gives characters. A format that is not known here
is decimal, as is a number that a format has no sign for.
"""

from __future__ import annotations

from collections.abc import Callable

MAX_SIGNS = 64  # of one number: letters are repeated (27 is "aa", 53 "aaa"), and a file may count from two billion
ROMAN = (
    (1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"), (50, "L"), (40, "XL"), (10, "X"), (9, "IX"), (5, "V"),
    (4, "IV"), (1, "I"),
)  # fmt: skip
ONES = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen", "fourteen",
    "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
TENS = ("zero", "ten", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
ORDINALS = {"one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth", "twelve": "twelfth"}
LATIN = "abcdefghijklmnopqrstuvwxyz"
RUSSIAN = "абвгдежзиклмнопрстуфхцчшщыэюя"
ALPHABETS = {  # begin again when they end: with the letter twice, thrice, ...
    "lowerLetter": LATIN,
    "upperLetter": LATIN.upper(),
    "russianLower": RUSSIAN,
    "russianUpper": RUSSIAN.upper(),
    "chicago": "*†‡§",
    "arabicAlpha": "أبتثجحخدذرزسشصضطظعغفقكلمنهوي",
    "arabicAbjad": "أبجدهوزحطيكلمنسعفصقرشتثخذضظغ",
    "hebrew2": "אבגדהוזחטיכלמנסעפצקרשת",
    "thaiLetters": "กขคงจฉชซฌญฎฏฐฑฒณดตถทธนบปผฝพฟภมยรลวศษสหฬอฮ",
    "aiueo": "アイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワヲン",
    "iroha": "イロハニホヘトチリヌルヲワカヨタレソツネナラムウヰノオクヤマケフコエテアサキユメミシヱヒモセスン",
    "ganada": "가나다라마바사아자차카타파하",
    "chosung": "ㄱㄴㄷㄹㅁㅂㅅㅇㅈㅊㅋㅌㅍㅎ",
}
ALPHABETS["aiueoFullWidth"], ALPHABETS["irohaFullWidth"] = ALPHABETS["aiueo"], ALPHABETS["iroha"]
SIGNS = {  # one for each number from 1 on
    "decimalEnclosedCircle": "①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳",
    "decimalEnclosedFullstop": "⒈⒉⒊⒋⒌⒍⒎⒏⒐⒑⒒⒓⒔⒕⒖⒗⒘⒙⒚⒛",
    "decimalEnclosedParen": "⑴⑵⑶⑷⑸⑹⑺⑻⑼⑽⑾⑿⒀⒁⒂⒃⒄⒅⒆⒇",
    "ideographEnclosedCircle": "㊀㊁㊂㊃㊄㊅㊆㊇㊈㊉",
    "ideographTraditional": "甲乙丙丁戊己庚辛壬癸",
    "ideographZodiac": "子丑寅卯辰巳午未申酉戌亥",
}
SIGNS["decimalEnclosedCircleChinese"] = SIGNS["decimalEnclosedCircle"]
DIGITS = {  # a digit each, in place of 0 to 9
    "decimalFullWidth": "０１２３４５６７８９",
    "decimalFullWidth2": "０１２３４５６７８９",
    "hindiNumbers": "०१२३४५६७८९",
    "thaiNumbers": "๐๑๒๓๔๕๖๗๘๙",
    "ideographDigital": "〇一二三四五六七八九",
    "japaneseDigitalTenThousand": "〇一二三四五六七八九",
    "taiwaneseDigital": "○一二三四五六七八九",
    "koreanDigital": "영일이삼사오육칠팔구",
    "koreanDigital2": "零一二三四五六七八九",
}
CHINESE = DIGITS["ideographDigital"]
COUNTED = {  # signs for a digit and for ten, hundred, thousand
    "chineseCounting": (CHINESE, "十百千"),
    "chineseCountingThousand": (CHINESE, "十百千"),
    "japaneseCounting": (CHINESE, "十百千"),
    "taiwaneseCounting": (CHINESE, "十百千"),
    "taiwaneseCountingThousand": (CHINESE, "十百千"),
    "chineseLegalSimplified": ("零壹贰叁肆伍陆柒捌玖", "拾佰仟"),
    "japaneseLegal": ("〇壱弐参四伍六七八九", "拾百阡"),
    "ideographLegalTraditional": ("零壹貳參肆伍陸柒捌玖", "拾佰仟"),
    "koreanCounting": ("영일이삼사오육칠팔구", "십백천"),
}
LEGAL = {"chineseLegalSimplified", "ideographLegalTraditional", "japaneseLegal"}  # ten is written "one ten"
WITHOUT_ONE = {"japaneseCounting", "koreanCounting"}  # hundred, too, is written without a one, and gaps have no zero
KOREAN_ONES = ("", "하나", "둘", "셋", "넷", "다섯", "여섯", "일곱", "여덟", "아홉")
KOREAN_TENS = ("", "열", "스물", "서른", "마흔", "쉰", "예순", "일흔", "여든", "아흔")


def format_number(number: int, name: str, pattern: str = "") -> str:
    """`number` in the format `name`; `pattern` is that of the format "custom", such as "001, 002, 003"."""
    if name in {"none", "bullet"}:
        return ""
    if name == "custom":
        first = pattern.partition(",")[0].strip()
        return str(number).zfill(len(first)) if first.isdecimal() else str(number)
    signs = _signs(number, name) if number > 0 else ""
    return signs or str(number)


def _signs(number: int, name: str) -> str:
    """The signs of another script, or words; "" if the format has none for this number."""
    if name in ALPHABETS:
        times, place = divmod(number - 1, len(ALPHABETS[name]))
        return ALPHABETS[name][place] * (times + 1) if times < MAX_SIGNS else ""
    if name in SIGNS:
        return SIGNS[name][number - 1 : number]
    if name in DIGITS:
        return "".join(DIGITS[name][int(digit)] for digit in str(number))
    if name in COUNTED:
        return _count(number, name) if number < 10_000 else ""
    return WRITERS[name](number) if name in WRITERS else ""


def _count(number: int, name: str) -> str:
    """A number below ten thousand as East Asian signs: digit and unit, a zero for a gap."""
    digits, units = COUNTED[name]
    words = ""
    for power in (3, 2, 1, 0):
        digit = number // 10**power % 10
        if digit:
            has_gap = bool(words) and not number // 10 ** (power + 1) % 10
            gap = digits[0] if has_gap and name not in WITHOUT_ONE else ""
            is_silent = digit == 1 and power > 0 and (name in WITHOUT_ONE or (power == 1 and not words and name not in LEGAL))
            words += gap + ("" if is_silent else digits[digit]) + (units[power - 1] if power else "")
    return words


def _korean(number: int) -> str:
    """The native words, which end at 99."""
    if number < 100:
        return KOREAN_TENS[number // 10] + KOREAN_ONES[number % 10]
    return _count(number, "koreanCounting") if number < 10_000 else str(number)


def _roman(number: int) -> str:
    if number > 32_767:  # Word's own limit; a file may count from two billion
        return str(number)
    letters = ""
    for value, letter in ROMAN:
        times, number = divmod(number, value)
        letters += letter * times
    return letters


def _hebrew(number: int) -> str:
    """Gematria; 15 and 16 are written as sums that do not spell the name of God."""
    if number > 999:
        return str(number)
    letters = "ת" * (number // 400) + ["", "ק", "ר", "ש"][number % 400 // 100]
    rest = number % 100
    if rest in {15, 16}:
        return letters + {15: "טו", 16: "טז"}[rest]
    return letters + ["", *"יכלמנסעפצ"][rest // 10] + ["", *"אבגדהוזחט"][rest % 10]


def _ordinal(number: int) -> str:
    is_teen = number % 100 in {11, 12, 13}
    return f"{number}{'th' if is_teen else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"


def _words(number: int) -> str:
    """A number below a million in English words, as Word writes them in every language that it has no words for."""
    if number < 20:
        return ONES[number]
    if number < 100:
        return TENS[number // 10] + (f"-{ONES[number % 10]}" if number % 10 else "")
    unit, name = (100, "hundred") if number < 1000 else (1000, "thousand")
    rest = number % unit
    return f"{_words(number // unit)} {name}" + (f" {_words(rest)}" if rest else "")


def _cardinal_words(number: int) -> str:
    return _words(number).capitalize() if number < 1_000_000 else str(number)


def _ordinal_words(number: int) -> str:
    if number >= 1_000_000:
        return _ordinal(number)
    words = _words(number)
    cut = max(words.rfind(" "), words.rfind("-")) + 1
    last = words[cut:]
    ending = ORDINALS.get(last) or (f"{last[:-1]}ieth" if last.endswith("y") else f"{last}th")
    return (words[:cut] + ending).capitalize()


WRITERS: dict[str, Callable[[int], str]] = {
    "decimalZero": lambda number: f"{number:02d}",
    "upperRoman": _roman,
    "lowerRoman": lambda number: _roman(number).lower(),
    "ordinal": _ordinal,
    "cardinalText": _cardinal_words,
    "ordinalText": _ordinal_words,
    "hex": lambda number: f"{number:X}",
    "hebrew1": _hebrew,
    "koreanLegal": _korean,
    "numberInDash": lambda number: f"- {number} -",
}
