"""Spans -> an answer with citations that code has checked. The public interface of the package.

`asking` searches an index and asks the model. `answer` makes the prompt and reads what the model wrote. `citations`
looks up each claim in the spans: `places` finds the sentences that support it, `support` compares words, numbers, names
and negations, and `quotations` compares word for word.
"""

from __future__ import annotations

from .answer import answer_questions
from .asking import ask_questions
from .citations import cite
from .records import Answer, Citation

__all__ = ["Answer", "Citation", "answer_questions", "ask_questions", "cite"]
