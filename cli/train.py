"""`lmkindex train`: train an encoder from a recipe, or adapt one to an index."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from lmkindex.config import ADAPT_QUESTIONS, ADAPT_STEPS, AnswerOptions
from lmkindex.display import one_line
from lmkindex.errors import EXIT_OK, UsageError

from . import options as o
from .ask import make_opener
from .build import stopping_on_signals
from .output import Terminal

EPILOG = (
    "Example:\n\n\b\n  lmkindex train recipes/default.toml --data data --output runs/default\n"
    "  lmkindex build corpus/ --encoder runs/default/encoder\n  lmkindex train --adapt .lmkindex --output runs/adapted"
)

RecipeFile = Annotated[Path | None, typer.Argument(metavar="RECIPE", help="A TOML file: base, data, stages (docs/reference/recipes.md).")]
Data = Annotated[Path | None, typer.Option("--data", metavar="DATA", help="A folder of NAME.docs.jsonl.gz and NAME.qa.jsonl.gz.")]
Output = Annotated[Path | None, typer.Option("--output", metavar="DIR", help="The run's folder. Default: runs/ plus the recipe's name.")]
Adapt = Annotated[
    str | None, typer.Option("--adapt", metavar="INDEX", help="Instead of a recipe: adapt the encoder of this index to its documents.")
]
Questions = Annotated[int, typer.Option(min=1, metavar="N", help="With --adapt: how many questions the language model writes.")]
Steps = Annotated[int, typer.Option(min=1, metavar="N", help="With --adapt: how many training steps to make.")]
LOG_EVERY = 20  # steps, without a terminal


def register(app: typer.Typer) -> None:
    app.command("train", epilog=EPILOG)(train)


@o.command
def train(  # over 40 lines: one parameter a flag
    terminal: Terminal,
    recipe: RecipeFile = None,
    data: Data = None,
    output: Output = None,
    adapt: Adapt = None,
    questions: Questions = ADAPT_QUESTIONS,
    steps: Steps = ADAPT_STEPS,
    llm: o.Llm = o.ANSWER.llm,
    model: o.Model = o.ANSWER.model,
    timeout: o.Timeout = o.TIMEOUT,
    threads: o.Threads = o.BUILD.encode.threads,
    device: o.Device = o.BUILD.encode.device,
) -> int:
    """Train an encoder in the stages of a recipe, or adapt an index's encoder to its documents.

    The run saves its state every few minutes and can be stopped at any moment: the same command continues with the same
    batches. The finished encoder is OUTPUT/encoder; curves of the loss and of the development sets are next to it.

    --adapt lets the language model write questions about the indexed documents, trains on most of them, and reports the
    recall on the rest before and after.
    """
    if (recipe is None) == (adapt is None):
        raise UsageError("Give either a recipe, as in `lmkindex train recipes/default.toml --data DATA`, or --adapt INDEX.")
    if adapt is not None:
        if data is not None:
            raise UsageError("--adapt generates its own questions: leave out --data.")
        answer_options = AnswerOptions(llm=llm, model=model, timeout_s=o.parse_duration("--timeout", timeout))
        return run_adapt(terminal, adapt, output or Path("runs") / "adapted", questions, steps, answer_options, device, threads)
    assert recipe is not None
    if data is None or not data.is_dir():
        given = "is missing" if data is None else f"{data} is not a folder"
        raise UsageError(f"--data {given}: name the folder of the recipe's sets, NAME.docs.jsonl.gz and NAME.qa.jsonl.gz.")
    from lmkindex.evaluate import DevBench
    from lmkindex.train import TrainOptions, draw_curves, is_main_process, read_recipe, run_training

    read = read_recipe(recipe)
    folder = output if output is not None else Path("runs") / read.name
    options = TrainOptions(device=device, threads=threads)
    with stopping_on_signals(terminal) as stop, training_progress(terminal) as on_step:
        encoder_path = run_training(read, data, folder, options, stop=stop, on_note=terminal.note, on_step=on_step, open_dev=DevBench)
    if not is_main_process():
        return EXIT_OK
    figures: list[Path] = []
    try:
        figures = draw_curves(folder)
    except UsageError as error:  # a missing matplotlib does not affect the encoder
        terminal.warn(f"No curves were drawn. {error}")
    if terminal.as_json:
        terminal.print_json({"encoder": str(encoder_path), "run": str(folder), "figures": [str(path) for path in figures]})
    else:
        terminal.print(f"The encoder is {one_line(str(encoder_path))}: `lmkindex build CORPUS --encoder {one_line(str(encoder_path))}`.")
    return EXIT_OK


def run_adapt(
    terminal: Terminal, index: str, output: Path, questions: int, steps: int, answer_options: AnswerOptions, device: str, threads: int
) -> int:
    """Write questions, train briefly, print a report."""
    from lmkindex.adapt import AdaptOptions, adapt_encoder, render_report
    from lmkindex.train import TrainOptions

    generator = f"{answer_options.llm or 'default'} {answer_options.model or ''}".strip()
    with stopping_on_signals(terminal) as stop, training_progress(terminal) as on_step:
        report = adapt_encoder(
            index, output, AdaptOptions(num_questions=questions, steps=steps, generator=generator),
            TrainOptions(device=device, threads=threads), make_opener(terminal, answer_options, threads),
            stop=stop, on_note=terminal.note, on_step=on_step,
        )  # fmt: skip
    if terminal.as_json:
        terminal.print_json(report)
    else:
        terminal.print(render_report(report))
    return EXIT_OK


@contextmanager
def training_progress(terminal: Terminal) -> Iterator[Callable[[str, float, dict[str, Any]], None]]:
    """A bar on a terminal; in a log, a line every few steps."""
    with terminal.progress(counts_bytes=False) as bar:
        task = bar.add_task("", total=1000)

        def show_step(stage: str, progress: float, line: dict[str, Any]) -> None:
            speed = line["tokens"] / max(line["seconds"], 1e-3)
            text = f"{stage}: loss {line['loss']:.3f}, accuracy {line['accuracy']:.2f}, {speed:,.0f} tokens/s"
            bar.update(task, completed=round(1000 * progress), description=one_line(text))
            if not terminal.shows_progress and line["total_steps"] % LOG_EVERY == 0:
                terminal.note(f"step {line['total_steps']}, {progress:.0%} of {one_line(text)}")

        yield show_step
