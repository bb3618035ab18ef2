"""Run the code cells of a notebook in order: `python tools/run_notebook.py NOTEBOOK [--write]`.

Prints a JSON list with what each cell printed; with `--write`, this becomes the cells' outputs. Runs in the notebook's
folder, in this process and without Jupyter, so cells may contain only Python.
"""

from __future__ import annotations

import argparse
import io
import json
import os
from collections.abc import Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any


def run_cells(notebook: dict[str, Any]) -> list[str]:
    """What each code cell prints. A cell's exception ends the run."""
    namespace: dict[str, Any] = {"__name__": "__main__"}
    printed = []
    for number, cell in enumerate(code_cells(notebook), start=1):
        with redirect_stdout(io.StringIO()) as output:
            exec(compile("".join(cell["source"]), f"cell {number}", "exec"), namespace)
        printed.append(output.getvalue())
    return printed


def code_cells(notebook: dict[str, Any]) -> list[dict[str, Any]]:
    """The cells to run."""
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def put_outputs(notebook: dict[str, Any], printed: Sequence[str]) -> None:
    """Store the printed text as the cells' outputs."""
    for number, (cell, text) in enumerate(zip(code_cells(notebook), printed, strict=True), start=1):
        stream = {"name": "stdout", "output_type": "stream", "text": text.splitlines(keepends=True)}
        cell |= {"execution_count": number, "outputs": [stream] if text else []}


def main() -> None:
    """Run, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("notebook", type=Path)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    path = options.notebook.resolve()
    notebook = json.loads(path.read_text(encoding="utf-8"))
    os.chdir(path.parent)
    printed = run_cells(notebook)
    if options.write:
        put_outputs(notebook, printed)
        path.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(json.dumps(printed))


if __name__ == "__main__":
    main()
