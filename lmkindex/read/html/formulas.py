"""MathML as one line of characters, so that no number changes its value: a third is "1/3", ten to the
sixth is "10⁶"."""

from __future__ import annotations

import re
from typing import Any

from ..raised import RAISED, SIGNED

TOKENS = frozenset(("mi", "mn", "mo", "ms", "mtext"))
INVISIBLE = re.compile("[\u2061-\u2064]")  # function application, invisible times, separator and plus
INFIX = frozenset("=<>≤≥≠≈≡∼≃≅∝→←↔⇒⇔↦∈∉⊂⊆∪∩+-−±×·÷∧∨:≔")


def formula_exponent(text: str) -> str:
    """An exponent of MathML."""
    if SIGNED.fullmatch(text):
        return text.translate(RAISED)
    return f"^{text}" if len(text) == 1 or text.isalnum() else f"^({text})"


def formula_start(element: Any) -> str:
    """What stands before an element of MathML."""
    tag = element.tag
    parent = element.getparent()
    above = "" if parent is None else parent.tag
    if tag in ("msqrt", "mroot"):
        return "√("
    if tag == "mspace" or tag in ("mtr", "mtd"):
        return " "
    if tag == "mo" and (element.text or "").strip() in INFIX and element.getprevious() is not None and element.getnext() is not None:
        return " "
    if above == "mfrac":
        return ("" if element.getprevious() is None else "/") + ("(" if _is_long(element) else "")
    if above in ("munder", "munderover", "mover") and element.getprevious() is not None:
        return " "
    return ""


def formula_end(element: Any) -> str:
    """What stands behind an element of MathML."""
    parent = element.getparent()
    if element.tag in ("msqrt", "mroot"):
        return ")"
    if parent is not None and parent.tag == "mfrac" and _is_long(element):
        return ")"
    return " " if element.tag == "mo" and formula_start(element) == " " else ""


def formula_text(element: Any, text: str) -> str:
    """The characters of an element of MathML: white space between tokens means nothing."""
    return " ".join(INVISIBLE.sub("", text).split()) if element.tag in TOKENS else ""


def is_exponent(element: Any) -> bool:
    """Whether this is the raised child of an `msup` or `msubsup`."""
    parent = element.getparent()
    return parent is not None and parent.tag in ("msup", "msubsup") and element.getnext() is None


def _is_long(element: Any) -> bool:
    return element.tag in ("mrow", "mstyle", "mpadded") and len(element) > 1
