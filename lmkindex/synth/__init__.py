"""Documents -> a set of questions about them, written by a language model and filtered: data to train on. The public
interface of the package.

In reading order: `source_documents` reads the documents; `pick` chooses spans of them; `question_prompt` asks the model
for a question and parses the reply; `filters` and `round_trip` judge it, without and with the encoder; `journal` keeps
every attempt on disk; `question_writer` is the loop over all of that. `quality` measures sets of questions, and
`quality_report` writes the figures next to the set. `records` has what flows between them.
"""

from __future__ import annotations

from .quality import COMPARED_QUESTIONS, measure_set
from .quality_report import report_quality
from .question_prompt import MAX_REPLY_TOKENS
from .question_writer import OnQuestions, write_questions
from .records import FilterOptions, SynthOptions, SynthResult
from .source_documents import read_source_documents

__all__ = [
    "COMPARED_QUESTIONS",
    "MAX_REPLY_TOKENS",
    "FilterOptions",
    "OnQuestions",
    "SynthOptions",
    "SynthResult",
    "measure_set",
    "read_source_documents",
    "report_quality",
    "write_questions",
]
