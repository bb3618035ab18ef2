"""`lmkindex ask`: an answer with checked citations."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer

from lmkindex.config import AnswerOptions, EncodeOptions, SearchOptions
from lmkindex.display import one_line, visible
from lmkindex.errors import EXIT_CITATION_FAILED, EXIT_NOTHING_FOUND, EXIT_OK

from . import options as o
from .output import Terminal, place
from .question_file import EXIT_ERROR_LINES, options_of, read_batch, write_batch
from .retrieval import asked_question, make_search_options, open_index_of

if TYPE_CHECKING:
    from lmkindex.answer import Answer, Citation
    from lmkindex.generate import Generator, OnText
    from lmkindex.records import JsonObject
    from lmkindex.search import Searcher

EPILOG = (
    "Example:\n\n\b\n  lmkindex ask 'Who keeps the light?'\n  lmkindex ask --batch questions.jsonl --strict > answers.jsonl\n"
    "  lmkindex ask - --llm http://localhost:8000/v1 < question.txt"
)
QUOTE_CHARACTERS = 160
CHECK_MARKS = dict.fromkeys(map(ord, "✓✔✅☑🗸🗹"), "*")


def register(app: typer.Typer) -> None:
    app.command("ask", epilog=EPILOG)(ask)


@o.command
def ask(  # over 40 lines: one parameter a flag
    terminal: Terminal,
    question: o.QuestionText = None,
    llm: o.Llm = o.ANSWER.llm,
    model: o.Model = o.ANSWER.model,
    strict: o.Strict = False,
    max_answer_tokens: o.MaxAnswerTokens = o.ANSWER.max_answer_tokens,
    min_similarity: o.MinSimilarity = o.ANSWER.min_similarity,
    timeout: o.Timeout = o.TIMEOUT,
    budget: o.Budget = o.SEARCH.budget_tokens,
    front: o.Front = o.FRONT,
    surround: o.Surround = o.SEARCH.surround,
    alpha: o.Alpha = o.SEARCH.alpha,
    hybrid: o.Hybrid = o.SEARCH.hybrid,
    path: o.PathGlob = o.SEARCH.path_glob,
    hits: o.Hits = o.SEARCH.num_hits,
    batch: o.BatchFile = None,
    threads: o.Threads = o.BUILD.encode.threads,
    device: o.Device = o.BUILD.encode.device,
    dtype: o.Dtype = o.BUILD.encode.dtype,
) -> int:
    """Answer a question, with checked citations.

    A language model reads the spans that `search` finds; every citation is then checked against them.

    Exits with 4 when nothing is found or the answer abstains. LMKINDEX_API_KEY holds the key for a URL.
    """
    asked = asked_question(question, batch)
    options = make_search_options(budget=budget, front=front, surround=surround, alpha=alpha, hybrid=hybrid, path=path, hits=hits)
    answer_options = AnswerOptions(
        llm=llm, model=model, max_answer_tokens=max_answer_tokens, min_similarity=min_similarity,
        timeout_s=o.parse_duration("--timeout", timeout),
    )  # fmt: skip

    searcher = open_index_of(terminal, EncodeOptions(device=device, dtype=dtype, threads=threads))
    setup = AskSetup(
        terminal=terminal,
        searcher=searcher,
        search_options=options,
        answer_options=answer_options,
        opener=make_opener(terminal, answer_options, threads),
    )
    answers = ask_one(setup, asked) if asked is not None else ask_batch(setup, batch or "")
    if any("error" in answer for answer in answers):
        return EXIT_ERROR_LINES
    return exit_code(answers, strict)


@dataclass(frozen=True, slots=True, kw_only=True)
class AskSetup:
    """What one run needs to answer questions. `opener` returns the generator and opens it on the first call."""

    terminal: Terminal
    searcher: Searcher
    search_options: SearchOptions
    answer_options: AnswerOptions
    opener: Callable[[], Generator]

    def answers(self, questions: Sequence[str], options: Sequence[SearchOptions], on_text: OnText | None = None) -> Iterator[Answer]:
        """One answer for each question, in order."""
        from lmkindex.answer import ask_questions

        return ask_questions(self.searcher, questions, options, self.opener, self.answer_options, on_text=on_text)


def make_opener(terminal: Terminal, options: AnswerOptions, threads: int) -> Callable[[], Generator]:
    """The library's opener, which reports its progress to this terminal."""
    from lmkindex.generate import generator_opener

    return generator_opener(options, verbose=terminal.verbose, threads=threads, on_progress=terminal.status)


def ask_one(setup: AskSetup, question: str) -> list[JsonObject]:
    """Answer one question and print the answer; on a terminal the text is shown as the model writes it."""
    if setup.terminal.is_interactive:
        with draft() as on_text:
            (answer,) = setup.answers([question], [setup.search_options], on_text)
    else:
        (answer,) = setup.answers([question], [setup.search_options])
    if setup.terminal.as_json:
        setup.terminal.print_json(answer.to_json())
    else:
        print_answer(setup.terminal, answer)
    return [answer.to_json()]


@contextmanager
def draft() -> Iterator[Callable[[int, str], None]]:
    """Show the text as it comes and clear it at the end: checking may add citations, so the checked answer is printed
    afterwards."""
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    pieces: list[str] = []
    # No refresh thread: while the engine steps, it would draw into the file that captures vLLM's output.
    live = Live(Text(), console=Console(), auto_refresh=False, transient=True)

    def on_text(index: int, piece: str) -> None:
        if not live.is_started:
            live.start()
        pieces.append(piece)
        live.update(Text(visible("".join(pieces))), refresh=True)

    try:
        yield on_text
    finally:
        live.stop()


def ask_batch(setup: AskSetup, batch: str) -> list[JsonObject]:
    """Answer all lines of a batch and print the results."""
    lines = read_batch(batch)
    asked = [line for line in lines if not line.error]
    answers = setup.answers([line.question for line in asked], options_of(asked, setup.search_options))
    return list(write_batch(setup.terminal, lines, (answer.to_json() for answer in answers)))


def exit_code(answers: list[JsonObject], strict: bool) -> int:
    """5 under --strict when a citation failed or an answer has no citations; else 4 when no question has an answer;
    else 0."""
    if strict and any(not is_verified(answer) for answer in answers if not answer["abstained"]):
        return EXIT_CITATION_FAILED
    return EXIT_NOTHING_FOUND if answers and all(answer["abstained"] for answer in answers) else EXIT_OK


def is_verified(answer: JsonObject) -> bool:
    """Whether there are citations and all were verified: an answer that cites nothing cannot be checked."""
    return bool(answer["citations"]) and all(citation["verified"] for citation in answer["citations"])


def print_answer(terminal: Terminal, answer: Answer) -> None:
    """Print the answer, and its citations below it."""
    terminal.print(without_verdicts(answer.answer))
    if answer.citations:
        terminal.print()
    for citation in answer.citations:
        terminal.print(citation_line(citation))


def without_verdicts(text: str) -> str:
    """The answer without anything that looks like our own citation lines: no check marks, no line that begins with a
    bracket. Only the code gives verdicts, whatever a document made the model write."""
    return re.sub(r"^(?=[\[【])", "  ", text.translate(CHECK_MARKS), flags=re.MULTILINE)


def citation_line(citation: Citation) -> str:
    """`[1] PATH:START-END (page 3) verified ✓ "quote"`; a citation of a passage that does not exist has no place."""
    if not citation.path:
        return f"[{citation.marker}] NOT VERIFIED: there is no such passage"
    quote = one_line(" ".join(citation.quote.split()))
    if len(quote) > QUOTE_CHARACTERS:
        quote = f"{quote[:QUOTE_CHARACTERS]}…"
    verdict = "verified ✓" if citation.verified else "NOT VERIFIED"
    return f'[{citation.marker}] {place(citation)} {verdict} "{quote}"'
