"""`lmkindex ask`: an answer with checked citations."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from lmkindex.config import AnswerOptions, EncodeOptions, SearchOptions
from lmkindex.errors import EXIT_CITATION_FAILED, EXIT_NOTHING_FOUND, EXIT_OK

from . import options as o
from .batch import JsonObject, chunked, options_of, read_batch, write_batch
from .output import Terminal, one_line, place, visible
from .retrieval import make_search_options, read_question

if TYPE_CHECKING:
    from lmkindex.generate import Generator
    from lmkindex.records import Answer, Citation
    from lmkindex.search import Searcher

EPILOG = (
    "Example:\n\n\b\n  lmkindex ask 'Who keeps the light?'\n  lmkindex ask --batch questions.jsonl --strict > answers.jsonl\n"
    "  lmkindex ask - --llm http://localhost:8000/v1 < question.txt"
)
QUOTE_CHARACTERS = 160


def register(app: typer.Typer) -> None:
    app.command("ask", epilog=EPILOG)(ask)


@o.command
def ask(
    terminal: Terminal,
    question: o.Question = None,
    llm: o.Llm = o.ANSWER.llm,
    model: o.Model = o.ANSWER.model,
    strict: o.Strict = False,
    max_answer_tokens: o.MaxAnswerTokens = o.ANSWER.max_answer_tokens,
    min_similarity: o.MinSimilarity = o.ANSWER.min_similarity,
    timeout: o.Timeout = o.TIMEOUT,
    budget: o.Budget = o.SEARCH.budget_tokens,
    front: o.Front = "auto",
    surround: o.Surround = o.SEARCH.surround,
    hybrid: o.Hybrid = o.SEARCH.hybrid,
    path: o.PathGlob = o.SEARCH.path_glob,
    hits: o.Hits = o.SEARCH.num_hits,
    batch: o.Batch = None,
    threads: o.Threads = o.BUILD.encode.threads,
    device: o.Device = o.BUILD.encode.device,
    dtype: o.Dtype = o.BUILD.encode.dtype,
) -> int:
    """Answer a question from the documents, with citations that were looked up in them.

    Exits with 4 when nothing is found or the answer abstains. The key for a URL comes from LMKINDEX_API_KEY.
    """
    asked = read_question(question, batch)
    options = make_search_options(budget=budget, front=front, surround=surround, hybrid=hybrid, path=path, hits=hits)
    answer_options = AnswerOptions(
        llm=llm, model=model, max_answer_tokens=max_answer_tokens, min_similarity=min_similarity,
        timeout_s=o.parse_duration("--timeout", timeout),
    )  # fmt: skip
    from lmkindex.search import open_searcher

    searcher = open_searcher(terminal.index, EncodeOptions(device=device, dtype=dtype, threads=threads))
    opener = make_opener(terminal, answer_options, threads)
    if asked is None:
        return ask_batch(terminal, batch or "", searcher, options, opener, answer_options, strict)
    answer = ask_one(terminal, asked, searcher, options, opener, answer_options)
    if terminal.as_json:
        terminal.print_json(answer.to_json())
    else:
        show(terminal, answer)
    return exit_code([answer.to_json()], strict)


def make_opener(terminal: Terminal, options: AnswerOptions, threads: int) -> Callable[[], Generator]:
    """A function that opens the generator at the first call: after the questions were embedded, and only if something is to be asked."""
    opened: list[Generator] = []

    def open_once() -> Generator:
        from lmkindex.generate import open_generator

        if not opened:
            opened.append(open_generator(options, verbose=terminal.verbose, threads=threads, on_progress=terminal.status))
        return opened[0]

    return open_once


def ask_one(
    terminal: Terminal,
    question: str,
    searcher: Searcher,
    options: SearchOptions,
    opener: Callable[[], Generator],
    answer_options: AnswerOptions,
) -> Answer:
    """One answer; on a terminal its text is shown while it is written."""
    from lmkindex.answer import answer_questions

    results = searcher.search([question], [options])
    if not terminal.is_interactive:
        return answer_questions(results, opener, answer_options)[0]
    with draft() as on_text:
        return answer_questions(results, opener, answer_options, on_text=on_text)[0]


@contextmanager
def draft() -> Iterator[Callable[[int, str], None]]:
    """Shows the text as it comes and takes it away at the end: checking may add citations to it, so the checked answer is printed then."""
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    pieces: list[str] = []
    # No refreshing thread: it would draw into the file that holds vLLM's output while the engine steps.
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


def ask_batch(
    terminal: Terminal,
    batch: str,
    searcher: Searcher,
    options: SearchOptions,
    opener: Callable[[], Generator],
    answer_options: AnswerOptions,
    strict: bool,
) -> int:
    """All lines of a batch; a wrong line makes the exit code 1."""
    lines = read_batch(batch)
    asked = [line for line in lines if not line.error]

    def results() -> Iterator[JsonObject]:
        from lmkindex.answer import answer_questions

        found = searcher.search([line.question for line in asked], options_of(asked, options))  # all before the engine starts
        for chunk in chunked(found):
            for answer in answer_questions(chunk, opener, answer_options):
                yield answer.to_json()

    written = list(write_batch(terminal, lines, results()))
    if any("error" in result for result in written):
        return 1
    return exit_code(written, strict) if written else EXIT_OK


def exit_code(answers: list[JsonObject], strict: bool) -> int:
    """5 under --strict when a citation failed; else 4 when no question has an answer; else 0."""
    if strict and any(not citation["verified"] for answer in answers for citation in answer["citations"]):
        return EXIT_CITATION_FAILED
    return EXIT_NOTHING_FOUND if all(answer["abstained"] for answer in answers) else EXIT_OK


def show(terminal: Terminal, answer: Answer) -> None:
    """The answer and, under it, its citations."""
    terminal.print(answer.answer)
    if answer.citations:
        terminal.print()
    for citation in answer.citations:
        terminal.print(citation_line(citation))


def citation_line(citation: Citation) -> str:
    """`[1] PATH:START-END (page 3) verified ✓ "quote"`; what was cited but does not exist has no place."""
    if not citation.path:
        return f"[{citation.marker}] NOT VERIFIED: there is no such passage"
    quote = one_line(" ".join(citation.quote.split()))
    if len(quote) > QUOTE_CHARACTERS:
        quote = f"{quote[:QUOTE_CHARACTERS]}…"
    verdict = "verified ✓" if citation.verified else "NOT VERIFIED"
    return f'[{citation.marker}] {place(citation.path, citation.start, citation.end, citation.page)} {verdict} "{quote}"'
