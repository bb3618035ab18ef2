"""`lmkindex encoders`: which encoders there are, and what one is made of."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lmkindex.config import index_path
from lmkindex.errors import EXIT_OK, EncoderError, LmkindexError

from . import options as o
from .output import BOLD, Terminal, one_line, to_json

if TYPE_CHECKING:
    from lmkindex.records import EncoderFolder

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="List encoders, or inspect the folder of one.\n\n"
    "An encoder is a folder in Hugging Face layout (config.json, weights, tokenizer) with a landmark.json.",
    epilog="Example:\n\n\b\n  lmkindex encoders list\n  lmkindex encoders inspect ./my-encoder",
)
Folder = Annotated[str, typer.Argument(metavar="DIR", help="An encoder folder, or the name of the default one.")]
FIELDS = (
    "name", "path", "fingerprint", "pooling", "lmk_token", "lmk_id", "window_tokens", "context_tokens", "query_prefix", "dim", "base",
    "base_license", "training",
)  # fmt: skip


@app.command("list", epilog="Example:\n\n\b\n  lmkindex encoders list --json")
@o.command
def list_encoders(terminal: Terminal) -> int:
    """List the encoders on this machine.

    The default one, those in the cache, and the one that the index was built with.
    """
    from lmkindex.encoder_folder import cache_path, find_encoder, read_folder
    from lmkindex.head import read_head

    folders: dict[str, EncoderFolder] = {}
    problems: list[str] = []
    used: dict[str, Any] = {}
    try:
        head = read_head(index_path(terminal.index))
        used = dict(head.encoder) if head is not None else {}
    except LmkindexError as error:
        problems.append(str(error))
    candidates = [find_encoder, *(lambda _, path=path: read_folder(path) for path in sorted(cache_path().glob("encoders/*/")))]
    if used.get("path"):
        candidates.append(lambda _: read_folder(Path(used["path"])))
    default = ""
    for candidate in candidates:
        try:
            folder = candidate(None)
        except EncoderError as error:
            problems.append(str(error))
            continue
        default = default or str(folder.path) if candidate is find_encoder else default
        folders.setdefault(str(folder.path.resolve()), folder)
    listed = [
        {**describe(folder), "is_default": str(folder.path) == default, "is_used": folder.fingerprint == used.get("fingerprint")}
        for folder in folders.values()
    ]
    if terminal.as_json:
        terminal.print_json({"encoders": listed})
    for line in [] if terminal.as_json else listed:
        marks = ", ".join(word for word, name in (("default", "is_default"), ("used by the index", "is_used")) if line[name])
        terminal.print(one_line(line["name"]) + (f"  ({marks})" if marks else ""), BOLD)
        terminal.print(
            f"  {line['pooling']}, windows of {line['window_tokens']} tokens ({line['context_tokens']} context), {line['dim']} dimensions"
        )
        terminal.print(f"  {one_line(line['path'])}")
    for problem in problems:
        terminal.warn(f"warning: {problem}")
    return EXIT_OK


@app.command("inspect", epilog="Example:\n\n\b\n  lmkindex encoders inspect ./my-encoder")
@o.command
def inspect(terminal: Terminal, folder: Folder) -> int:
    """Check an encoder folder and show its settings.

    Its fingerprint is that which an index keeps. No model is loaded.
    """
    from lmkindex.encoder_folder import find_encoder

    found = describe(find_encoder(folder))
    if terminal.as_json:
        terminal.print_json(found)
    for name, value in [] if terminal.as_json else found.items():
        terminal.print(f"{name:15} {one_line(value if isinstance(value, str) else to_json(value))}")
    return EXIT_OK


def describe(folder: EncoderFolder) -> dict[str, Any]:
    """The settings of an encoder folder, as `--json` prints them."""
    fields = {name: getattr(folder, name) for name in FIELDS}
    return fields | {"path": str(folder.path), "training": dict(folder.training)}
