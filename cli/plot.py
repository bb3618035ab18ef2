"""`lmkindex plot`: the figures and the report of a saved evaluation. Measures nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lmkindex.display import one_line
from lmkindex.errors import EXIT_OK

from . import options as o
from .output import Terminal

EPILOG = "Example:\n\n\b\n  lmkindex evaluate examples --output evaluation\n  lmkindex plot evaluation"

Folder = Annotated[Path, typer.Argument(metavar="FOLDER", help="The output folder of `lmkindex evaluate`.")]


def register(app: typer.Typer) -> None:
    app.command("plot", epilog=EPILOG)(plot)


@o.command
def plot(terminal: Terminal, folder: Folder = Path(o.EVALUATION_FOLDER)) -> int:
    """Draw the figures of a saved evaluation, and write its report.

    Figures are PNGs in FOLDER/figures, readable in black and white. FOLDER/report.html
    holds all tables and figures in one file. Nothing is measured again.
    """
    from lmkindex.evaluate import publish

    terminal.status("Drawing")
    published = publish(folder)
    if terminal.as_json:
        terminal.print_json({"figures": [str(path) for path in published.figures], "report": str(published.report)})
        return EXIT_OK
    for path in published.figures:
        terminal.print(f"figure  {one_line(str(path))}")
    terminal.print(f"report  {one_line(str(published.report))}")
    return EXIT_OK
