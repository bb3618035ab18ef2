"""Quotations in an answer, and where a source contains them: exact except for white space, case and the shape of
quotes, dashes and brackets.

Takes strings, gives offsets into the original source. Knows no spans and no markers.
"""

from __future__ import annotations

import re
import unicodedata

MIN_QUOTED_WORDS = 3  # shorter quotations are names and terms, which the check of the claim covers
QUOTED = re.compile(r"\"([^\"\n]+)\"|“([^“”\n]+)”|„([^„“”\n]+)[“”]|«([^«»\n]+)»|「([^「」\n]+)」")
SAME_CHARACTER = str.maketrans(
    {"‘": "'", "’": "'", "“": '"', "”": '"', "„": '"', "‐": "-", "‑": "-", "–": "-", "—": "-", "[": "(", "]": ")"}
)
OUTER_PUNCTUATION = " \t.,;:!?…"


def quotations_of(text: str) -> list[str]:
    """The texts between quotation marks in `text` that have at least `MIN_QUOTED_WORDS` words."""
    inner = ["".join(group for group in match.groups() if group) for match in QUOTED.finditer(text)]
    return [quotation for quotation in inner if len(quotation.split()) >= MIN_QUOTED_WORDS]


def find_quotation(quotation: str, source: str) -> tuple[int, int] | None:
    """The first place of `quotation` in `source` on word boundaries, as offsets into `source`; None if it is not
    there."""
    wanted, _ = fold(quotation.strip(OUTER_PUNCTUATION))
    folded, offsets = fold(source)
    at = folded.find(wanted) if wanted else -1
    while at >= 0:
        end = at + len(wanted)
        starts_word = at == 0 or not (folded[at - 1].isalnum() and wanted[0].isalnum())
        ends_word = end == len(folded) or not (folded[end].isalnum() and wanted[-1].isalnum())
        if starts_word and ends_word:
            return offsets[at], offsets[end - 1] + 1
        at = folded.find(wanted, at + 1)
    return None


def fold(text: str) -> tuple[str, list[int]]:
    """`text` in the form used for comparison, and for each of its characters the offset in `text` it came from."""
    folded: list[str] = []
    offsets: list[int] = []
    for offset, character in enumerate(text):
        if character.isspace():
            if folded and folded[-1] != " ":
                folded.append(" ")
                offsets.append(offset)
            continue
        for piece in unicodedata.normalize("NFKD", character.translate(SAME_CHARACTER)).casefold():
            folded.append(piece)
            offsets.append(offset)
    return "".join(folded), offsets
