"""Equations of Word (OMML) as one line of readable text: (a + b)/2, x_1^2, √(x), ∑_(i=1)^n x_i.

Takes an `m:oMath` element. A part of more than one sign is set in brackets where it would be read wrongly without.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import Any

from .symbol_fonts import symbol_text
from .word_markup import ALTERNATIVES, CHANGED_AWAY, EQUATION, EQUATIONS, MATH_TEXT, SILENT, SYMBOL, TEXT, M, W, branch_of

ROOTS = {"2": "√", "3": "∛", "4": "∜"}


def equation_text(element: Any) -> str:
    """The text of an equation, or of several (`m:oMathPara`), each on its line."""
    if element.tag == EQUATIONS:
        return "\n".join(filter(None, (equation_text(one) for one in element.iter(EQUATION))))
    return " ".join(_inside(element).split())


def _inside(parent: Any) -> str:
    """The text of everything below `parent`, which may be None."""
    return "" if parent is None else "".join(map(_part, parent))


def _part(element: Any) -> str:
    tag = element.tag
    if tag in {MATH_TEXT, TEXT}:
        return element.text or ""
    if tag in SILENT or not isinstance(tag, str) or (tag.startswith(M) and tag.endswith("Pr")):
        return ""
    if tag == ALTERNATIVES:
        return _inside(branch_of(element))
    writer = WRITERS_OF_MATH.get(tag)
    return _inside(element) if writer is None or _is_object_deleted(element) else writer(element)


def _is_object_deleted(element: Any) -> bool:
    """Whether a tracked change took away a fraction, a root, ... itself; what is left in it has lost its frame."""
    marks = element.find(f"{element.tag}Pr/{M}ctrlPr")
    return marks is not None and any(child.tag in CHANGED_AWAY for child in marks.iter(*CHANGED_AWAY))


def _property(element: Any, name: str, default: str) -> str:
    """`m:val` of a property of an object; `default` if it is not stated, "" if it is stated to be nothing."""
    found = element.find(f"{element.tag}Pr/{M}{name}")
    return default if found is None else found.get(f"{M}val", "")


def _child(element: Any, name: str) -> str:
    return _inside(element.find(M + name)).strip()


def _grouped(text: str) -> str:
    """`text`, in brackets unless it is one number, one word, or in brackets already."""
    body = "".join(char for char in text if not unicodedata.combining(char))
    is_single = len(body) <= 1 or body.isalpha() or body.replace(".", "", 1).replace(",", "", 1).isdecimal()
    return text if is_single or _is_bracketed(text) else f"({text})"


def _is_bracketed(text: str) -> bool:
    """Whether the first bracket is closed by the last."""
    depth = 0
    for place, char in enumerate(text):
        depth += (char in "([{") - (char in ")]}")
        if depth <= 0:
            return place == len(text) - 1 and place > 0
    return False


def _fraction(element: Any) -> str:
    above, below = _child(element, "num"), _child(element, "den")
    if _property(element, "type", "bar") == "noBar":  # a binomial
        return f"{_grouped(above)}¦{_grouped(below)}"
    return f"{_grouped(above)}/{_grouped(below)}"


def _scripts(base: str, low: str, high: str) -> str:
    return base + (f"_{_grouped(low)}" if low else "") + (f"^{_grouped(high)}" if high else "")


def _scripted(element: Any) -> str:
    return _scripts(_child(element, "e"), _child(element, "sub"), _child(element, "sup"))


def _prescripted(element: Any) -> str:
    return f"{_scripts('', _child(element, 'sub'), _child(element, 'sup'))} {_child(element, 'e')}".strip()


def _root(element: Any) -> str:
    degree = _child(element, "deg")
    is_hidden = element.find(f"{M}radPr/{M}degHide") is not None and _property(element, "degHide", "on") not in {"0", "off", "false"}
    sign = ROOTS.get(degree or "2") if not is_hidden else "√"
    inner = _grouped(_child(element, "e"))
    return f"{sign}{inner}" if sign else f"^{_grouped(degree)}√{inner}"


def _large_operator(element: Any) -> str:
    sign = _property(element, "chr", "∫")
    body = _child(element, "e")
    return f"{_scripts(sign, _child(element, 'sub'), _child(element, 'sup'))} {body}".strip() + (" " if body else "")


def _delimited(element: Any) -> str:
    opening, closing = _property(element, "begChr", "("), _property(element, "endChr", ")")
    parts = [_inside(part).strip() for part in element.findall(f"{M}e")]
    return f"{opening}{_property(element, 'sepChr', '|').join(parts)}{closing}"


def _matrix(element: Any) -> str:
    """Rows separated by semicolons, in brackets unless the equation has its own around them."""
    rows = [", ".join(_inside(cell).strip() for cell in row.findall(f"{M}e")) for row in element.findall(f"{M}mr")]
    text = "; ".join(rows)
    holder = element.getparent().getparent()
    return text if holder is not None and holder.tag == f"{M}d" else f"[{text}]"


def _equation_array(element: Any) -> str:
    """Lines that are aligned at an ampersand, which is not printed."""
    return "; ".join(filter(None, (_inside(line).replace("&", "").strip() for line in element.findall(f"{M}e"))))


def _function(element: Any) -> str:
    name, argument = _child(element, "fName"), _child(element, "e")
    return f"{name}{'' if argument.startswith('(') else ' '}{argument}".strip()


def _accent(element: Any) -> str:
    return _child(element, "e") + _property(element, "chr", "\u0302")


def _bar(element: Any) -> str:
    body = _child(element, "e")
    is_below = _property(element, "pos", "bot") == "bot"
    return body + ("\u0332" if is_below else "\u0304") if len(body) == 1 else body


def _phantom(element: Any) -> str:
    """Something that takes up room: it is printed unless it says that it is not."""
    return "" if _property(element, "show", "1") in {"0", "off", "false"} else _child(element, "e")


WRITERS_OF_MATH: dict[str, Callable[[Any], str]] = {
    f"{M}f": _fraction,
    f"{M}sSub": _scripted,
    f"{M}sSup": _scripted,
    f"{M}sSubSup": _scripted,
    f"{M}sPre": _prescripted,
    f"{M}rad": _root,
    f"{M}nary": _large_operator,
    f"{M}d": _delimited,
    f"{M}m": _matrix,
    f"{M}eqArr": _equation_array,
    f"{M}func": _function,
    f"{M}limLow": lambda element: _scripts(_child(element, "e"), _child(element, "lim"), ""),
    f"{M}limUpp": lambda element: _scripts(_child(element, "e"), "", _child(element, "lim")),
    f"{M}acc": _accent,
    f"{M}bar": _bar,
    f"{M}phant": _phantom,
    SYMBOL: symbol_text,
    f"{W}tab": lambda element: " ",
    f"{W}br": lambda element: " ",
}
