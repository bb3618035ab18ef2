"""`lmkindex encoders`: list the encoders on this machine, or inspect one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lmkindex.config import index_path
from lmkindex.display import one_line
from lmkindex.errors import EXIT_OK, EncoderError, LmkindexError

from . import options as o
from .output import BOLD, Terminal, to_json

if TYPE_CHECKING:
    from lmkindex.records import EncoderFolder

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="List encoders, or inspect an encoder's folder.\n\n"
    "An encoder is a folder in Hugging Face layout (config.json, weights, tokenizer) with a landmark.json.",
    epilog="Example:\n\n\b\n  lmkindex encoders list\n  lmkindex encoders inspect ./my-encoder",
)
Folder = Annotated[str, typer.Argument(metavar="DIR", help="An encoder folder, or the name of the default encoder.")]
FIELDS = (
    "name", "path", "fingerprint", "pooling", "lmk_token", "lmk_id", "window_tokens", "context_tokens", "query_prefix", "dim",
    "min_similarity", "base", "base_license", "training",
)  # fmt: skip


@app.command("list", epilog="Example:\n\n\b\n  lmkindex encoders list --json")
@o.command
def list_encoders(terminal: Terminal) -> int:
    """List the encoders on this machine.

    Lists the default encoder, those in the cache, and the one the index was built with.
    """
    used, problems = encoder_of_index(terminal.index)
    folders = find_folders(used.get("path"), problems)
    listed = [
        {**folder_fields(folder), "is_default": is_default, "is_used": folder.fingerprint == used.get("fingerprint")}
        for folder, is_default in folders
    ]
    if terminal.as_json:
        terminal.print_json({"encoders": listed})
    for line in [] if terminal.as_json else listed:
        marks = ", ".join(word for word, name in (("default", "is_default"), ("used by the index", "is_used")) if line[name])
        terminal.print(one_line(line["name"]) + (f"  ({marks})" if marks else ""), BOLD)
        sizes = f"windows of {line['window_tokens']} tokens ({line['context_tokens']} context), {line['dim']} dimensions"
        terminal.print(f"  {line['pooling']}, {sizes}\n  {one_line(line['path'])}")
    for problem in problems:
        terminal.warn(f"warning: {problem}")
    return EXIT_OK


def encoder_of_index(index: str) -> tuple[dict[str, Any], list[str]]:
    """What the index's head says about its encoder, and problems reading it; both empty if there is no index."""
    from lmkindex.index import read_head

    try:
        head = read_head(index_path(index))
    except LmkindexError as error:
        return {}, [str(error)]
    return (dict(head.encoder) if head is not None else {}), []


def find_folders(used_path: str | None, problems: list[str]) -> list[tuple[EncoderFolder, bool]]:
    """Each folder once, and whether it is the default. Errors are added to `problems`."""
    from lmkindex.encoder import find_encoder
    from lmkindex.runtime import cache_folder

    names = [None, *(str(path) for path in sorted(cache_folder().glob("encoders/*/landmark.json"))), used_path or None]
    folders: dict[Path, tuple[EncoderFolder, bool]] = {}
    for number, name in enumerate(names):
        if number and name is None:
            continue
        try:
            folder = find_encoder(name if name is None else name.removesuffix("/landmark.json"))
        except EncoderError as error:
            problems.append(str(error))
        else:
            folders.setdefault(folder.path.resolve(), (folder, number == 0))
    return list(folders.values())


@app.command("inspect", epilog="Example:\n\n\b\n  lmkindex encoders inspect ./my-encoder")
@o.command
def inspect(terminal: Terminal, folder: Folder) -> int:
    """Check an encoder folder and show its settings.

    The fingerprint shown is the one that an index stores. No model is loaded.
    """
    from lmkindex.encoder import find_encoder

    found = folder_fields(find_encoder(folder))
    if terminal.as_json:
        terminal.print_json(found)
    for name, value in [] if terminal.as_json else found.items():
        terminal.print(f"{name:15} {one_line(value if isinstance(value, str) else to_json(value))}")
    return EXIT_OK


def folder_fields(folder: EncoderFolder) -> dict[str, Any]:
    """The settings of an encoder folder, as `--json` prints them."""
    fields = {name: getattr(folder, name) for name in FIELDS}
    return fields | {"path": str(folder.path), "training": dict(folder.training)}
