"""`lmkindex config`: the settings in force here, and where each came from."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import typer

from lmkindex.config import index_path
from lmkindex.display import one_line
from lmkindex.errors import EXIT_OK, LmkindexError

from . import options as o
from . import settings as s
from .output import BOLD, Terminal, to_json

EPILOG = "Example:\n\n\b\n  lmkindex config\n  LMKINDEX_SEARCH_BUDGET=500 lmkindex config --json"
SOURCES = {"COMMANDLINE": "flag", "ENVIRONMENT": "environment", "DEFAULT_MAP": "file", "DEFAULT": "default"}
# Settings of `build` that an existing index decides, and where its head keeps them.
DECIDED_BY_INDEX = {
    "encoder": ("encoder", "name"),
    "window_tokens": ("options", "window_tokens"),
    "context_tokens": ("options", "context_tokens"),
    "language": ("options", "language"),
    "comments": ("options", "comments"),
}
GIVEN_AGAIN = ("encoder", "language", "comments")  # what the user names is not replaced by what the index has


def register(app: typer.Typer) -> None:
    app.command("config", epilog=EPILOG)(config)


@o.command
def config(terminal: Terminal, context: typer.Context) -> int:
    """Show the settings in force, and their sources.

    A source is a flag, the environment, a file, the index or the default.
    """
    root = context.parent
    assert root is not None
    schema = s.read_schema(root.command)
    files = s.read_files(schema)
    found = {"common": settings_of(context, schema[""], s.merge_files(files, ""))}
    for name, command in s.leaf_commands(root.command):
        if name in schema:
            place: Any = root
            arguments = ["-"] * sum(parameter.required for parameter in command.params)
            place = command.make_context(name, arguments, parent=root)
            found[name] = settings_of(place, schema[name], s.merge_files(files, name))
    decide_by_index(found["build"], terminal.index)
    paths = [{"path": str(path.absolute()), "exists": path.is_file()} for path in reversed(s.settings_paths())]
    if terminal.as_json:
        terminal.print_json({"files": paths, "settings": found})
    else:
        print_settings(terminal, paths, found)
    for variable in s.unknown_variables(schema):
        terminal.warn(f"warning: nothing reads the environment variable {variable}.")
    return EXIT_OK


def settings_of(context: Any, settings: dict[str, s.Setting], from_files: dict[str, tuple[Any, Path]]) -> dict[str, dict[str, Any]]:
    """Value and source of each setting, as Typer resolved them."""
    result: dict[str, dict[str, Any]] = {}
    for key, setting in settings.items():
        source = SOURCES[context.get_parameter_source(setting.name).name]
        where = None
        if source == "environment":
            where = next(variable for variable in setting.variables if os.environ.get(variable))
        elif source == "file":
            where = str(from_files[key][1].absolute())
        value = context.params[setting.name]
        result[key] = {"value": list(value) if isinstance(value, tuple) else value, "source": source, "where": where}
    return result


def decide_by_index(build: dict[str, dict[str, Any]], index: str) -> None:
    """What the index was built with wins over defaults. An encoder that the user named stays, so that `build` can
    refuse it; so do the options that a build may change."""
    from lmkindex.index import read_head

    try:
        head = read_head(index_path(index))
    except LmkindexError:  # reporting what is wrong with an index is the job of `status`
        return
    for key, (part, name) in DECIDED_BY_INDEX.items():
        is_given = key in GIVEN_AGAIN and build[key]["source"] != "default"
        if head is not None and name in getattr(head, part) and not is_given:
            build[key] = {"value": getattr(head, part)[name], "source": "index", "where": index}


def print_settings(terminal: Terminal, paths: list[dict[str, Any]], found: dict[str, dict[str, dict[str, Any]]]) -> None:
    """Print one line per setting, with its source."""
    for path in paths:
        terminal.print(f"{one_line(path['path'])}" + ("" if path["exists"] else "  (not there)"))
    for name, values in found.items():
        terminal.print(f"\n{name}", BOLD)
        for key, setting in values.items():
            source = setting["source"] if setting["where"] is None else f"{setting['source']} {setting['where']}"
            terminal.print(f"  {key:18} {one_line(to_json(setting['value'])):24} {one_line(source)}")
