"""Questions -> answers from an open index: search first, then open the generator and ask.

Takes a searcher and a function that opens a generator. Knows no prompt and no engine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from ..config import AnswerOptions, SearchOptions
from ..generate import Generator, OnText
from ..search import Searcher
from .answer import answer_questions
from .records import Answer

ANSWERS_AT_ONCE = 1024  # questions that go to the generator together; their answers are yielded before the next ones are asked


def ask_questions(
    searcher: Searcher,
    questions: Sequence[str],
    search_options: Sequence[SearchOptions],
    opener: Callable[[], Generator],
    options: AnswerOptions,
    *,
    on_text: OnText | None = None,
) -> Iterator[Answer]:
    """Yield one answer for each question, in order.

    All questions are embedded and searched before the generator is opened, because an engine in this process changes
    torch's threads. It is opened only if the model must be asked. `on_text(index, piece)` streams the text; `index`
    counts from 0 in each batch of `ANSWERS_AT_ONCE`. Raises what `Searcher.search` and `answer_questions` raise.
    """
    found = searcher.search(questions, search_options)
    for first in range(0, len(found), ANSWERS_AT_ONCE):
        yield from answer_questions(found[first : first + ANSWERS_AT_ONCE], opener, options, on_text=on_text)
