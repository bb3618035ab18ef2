"""A predicted answer against the known ones: token F1 and exact match, as the SQuAD 1.1 script counts them.

Source: Rajpurkar et al., "SQuAD: 100,000+ Questions for Machine Comprehension of Text" (2016), evaluate-v1.1.py. Two
things differ: citation markers are removed from a prediction first, and if one side is empty after normalising, F1 is 1
if both are empty, else 0 (SQuAD 2.0). Words are separated by spaces, so a Chinese sentence is one word: its F1 is its
exact match.
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Sequence

from ..answer.citations import MARKER

ARTICLES = re.compile(r"\b(?:a|an|the)\b")
WITHOUT_PUNCTUATION = str.maketrans("", "", string.punctuation)  # ASCII only, as in the script
MARKERS = re.compile(rf"(?:\s*{MARKER.pattern})+(?=(\w)?)", re.IGNORECASE)  # the last group: a word that follows without a space


def token_f1(prediction: str, answers: Sequence[str]) -> float:
    """The best F1, 0..1, of the prediction's words against those of one answer; an empty list of answers counts as one
    empty answer."""
    predicted = normalise_answer(without_markers(prediction))
    return max(words_f1(predicted.split(), normalise_answer(answer).split()) for answer in answers or ("",))


def exact_match(prediction: str, answers: Sequence[str]) -> float:
    """1.0 if the prediction equals one of the answers after normalising both, else 0.0; an empty list counts as one
    empty answer."""
    predicted = normalise_answer(without_markers(prediction))
    return float(any(predicted == normalise_answer(answer) for answer in answers or ("",)))


def normalise_answer(text: str) -> str:
    """Lower-case the text, then drop punctuation, then English articles; single spaces remain."""
    return " ".join(ARTICLES.sub(" ", text.lower().translate(WITHOUT_PUNCTUATION)).split())


def words_f1(predicted: Sequence[str], gold: Sequence[str]) -> float:
    """The harmonic mean of precision and recall of words, each counted as often as it occurs."""
    if not predicted or not gold:
        return float(not predicted and not gold)
    num_common = (Counter(predicted) & Counter(gold)).total()
    return 2 * num_common / (len(predicted) + len(gold))  # = 2PR / (P + R) with P = common / predicted, R = common / gold


def without_markers(text: str) -> str:
    """`text` without citation markers like `[3]` or `[1, 2]` and the space before them; the words around a marker stay
    apart."""
    return MARKERS.sub(lambda match: " " if match[2] else "", text).strip()
