"""Raised text as characters of a line, so that no number changes its value and no note hides the end of a sentence.
Knows no format."""

from __future__ import annotations

import re

RAISED = str.maketrans("0123456789+-−=()", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾")
SIGNED = re.compile(r"[-+−]?[0-9]+")
NUMBER_PART = re.compile(r"[-+−]?[0-9]+[-+−]?|[-+−]")
NOTE = re.compile(r"\s*[\[(]?\s*(?P<number>[0-9]{1,3}(?:\s*[,–-]\s*[0-9]{1,3})*)\s*[\])]?\s*")
ENDS = frozenset(".!?…,;:”’»)\"'")


def raised_text(text: str, before: str, *, is_link: bool = False) -> str:
    """What stands above the line, behind the character `before`. Digits behind a digit are written as raised ones,
    because they would join the number; the number of a note is put in square brackets, once, because it would hide the
    end of a sentence."""
    if (is_link or before in ENDS) and (note := NOTE.fullmatch(text)):
        return f"[{note['number']}]"
    is_in_number = before.isdigit() or before in ("⁻", "⁺")  # "²" is a digit as well
    return text.translate(RAISED) if is_in_number and NUMBER_PART.fullmatch(text) else text
