"""`lmkindex search`: the spans that are relevant to a question. No language model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import typer

from lmkindex.config import EncodeOptions, SearchOptions
from lmkindex.display import one_line
from lmkindex.errors import EXIT_NOTHING_FOUND, EXIT_OK

from . import options as o
from .output import BOLD, DIM, Terminal, heading_line, place
from .question_file import EXIT_ERROR_LINES, chunked, options_of, read_batch, write_batch
from .retrieval import asked_question, make_search_options, open_index_of

if TYPE_CHECKING:
    from lmkindex.records import JsonObject
    from lmkindex.search import Searcher, SearchResult, Span

EPILOG = "Example:\n\n\b\n  lmkindex search 'Who keeps the light?' --budget 500\n  lmkindex search --batch questions.jsonl > spans.jsonl"


def register(app: typer.Typer) -> None:
    app.command("search", epilog=EPILOG)(search)


@o.command
def search(
    terminal: Terminal,
    question: o.QuestionText = None,
    budget: o.Budget = o.SEARCH.budget_tokens,
    front: o.Front = o.FRONT,
    surround: o.Surround = o.SEARCH.surround,
    alpha: o.Alpha = o.SEARCH.alpha,
    hybrid: o.Hybrid = o.SEARCH.hybrid,
    path: o.PathGlob = o.SEARCH.path_glob,
    hits: o.Hits = o.SEARCH.num_hits,
    batch: o.BatchFile = None,
    explain: o.Explain = False,
    threads: o.Threads = o.BUILD.encode.threads,
    device: o.Device = o.BUILD.encode.device,
    dtype: o.Dtype = o.BUILD.encode.dtype,
) -> int:
    """Print the spans that are relevant to a question.

    Best spans first, each with its score and place. No language model is used.

    Exits with 4 when nothing is found.
    """
    asked = asked_question(question, batch)
    options = make_search_options(budget=budget, front=front, surround=surround, alpha=alpha, hybrid=hybrid, path=path, hits=hits)
    encode_options = EncodeOptions(device=device, dtype=dtype, threads=threads)
    searcher = open_index_of(terminal, encode_options)
    if asked is None:
        return search_batch(terminal, batch or "", searcher, options, explain)
    (result,) = searcher.search([asked], [options])
    if terminal.as_json:
        terminal.print_json(result_json(result, explain))
    else:
        print_spans(terminal, result, explain)
    return EXIT_OK if result.spans else EXIT_NOTHING_FOUND


def search_batch(terminal: Terminal, batch: str, searcher: Searcher, options: SearchOptions, explain: bool) -> int:
    """Search for all lines of a batch. Returns 1 if a line was invalid; else 4 if nothing at all was found; else 0."""
    lines = read_batch(batch)
    asked = [line for line in lines if not line.error]

    def results() -> Iterator[JsonObject]:
        for chunk in chunked(asked):
            for result in searcher.search([line.question for line in chunk], options_of(chunk, options)):
                yield result_json(result, explain)

    written = list(write_batch(terminal, lines, results()))
    if any("error" in result for result in written):
        return EXIT_ERROR_LINES
    return EXIT_OK if not written or any(result["spans"] for result in written) else EXIT_NOTHING_FOUND


def result_json(result: SearchResult, explain: bool) -> JsonObject:
    """The JSON object of a result; with --explain each span has `why`."""
    fields = result.to_json()
    if explain:
        fields["spans"] = [{**span.to_json(), "why": list(span.why)} for span in result.spans]
    return fields


def print_spans(terminal: Terminal, result: SearchResult, explain: bool) -> None:
    """Print rank, score, place and text of each span."""
    if not result.spans:
        terminal.note("Nothing was found.")
    for rank, span in enumerate(result.spans, start=1):
        terminal.print(f"{rank}. {span.score:.3f}  {place(span)}", BOLD)
        if headings := heading_line(headings_over(span)):
            terminal.print(f"   {headings}", DIM)
        terminal.print(indent(span.text.strip("\r\n").splitlines()))
        for line in span.why if explain else ():
            terminal.print(f"   | {one_line(line)}", DIM)
        terminal.print()


def headings_over(span: Span) -> tuple[str, ...]:
    """The headings over the boundary of a span, without the last one if the span begins with it."""
    starts_with_last = span.heading and span.text.lstrip("#=-~*_ ").startswith(span.heading[-1])
    return span.heading[:-1] if starts_with_last else span.heading


def indent(lines: Sequence[str]) -> str:
    """Indent lines, so that headings stand out."""
    return "\n".join(f"   {line}" for line in lines)
