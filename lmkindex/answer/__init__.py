"""Spans -> an answer whose citations code has checked. The face of the package.

`answer` makes the prompt and reads what the model wrote; `citations` finds each claim's place in the spans, `quotations`
word for word, `support` by words, numbers, names and negations.
"""

from __future__ import annotations

from .answer import answer_questions
from .citations import cite

__all__ = ["answer_questions", "cite"]
