"""Spans -> an answer whose citations code has checked. The face of the package.

`asking` searches an index and asks; `answer` makes the prompt and reads what the model wrote; `citations` looks each claim up in the
spans, with `places` for the sentences that support it by the words, numbers, names and negations of `support`, and `quotations` word
for word.
"""

from __future__ import annotations

from .answer import answer_questions
from .asking import ask_questions
from .citations import cite
from .records import Answer, Citation

__all__ = ["Answer", "Citation", "answer_questions", "ask_questions", "cite"]
