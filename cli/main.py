"""The entry point: assembles the commands, reads the settings, and is the only place where errors become messages and
exit codes."""

from __future__ import annotations

import errno
import os
import sys
import traceback
import warnings
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from typing import Annotated, Any, NoReturn

import typer

from lmkindex.display import visible
from lmkindex.errors import IndexUnusableError, LmkindexError, damage_message, is_damage

from . import ask, build, effective_settings, encoders, evaluate, passage, plot, search, settings, status, synth, train
from .output import ACTIVE, Terminal

COMMON_FLAGS = frozenset({"--json", "--quiet", "-q", "--verbose", "-v", "--no-progress", "--log-json"})
HELP_FLAGS = frozenset({"--help", "-h"})
EXIT_ERROR = 1
EXIT_INTERRUPTED = 130

app = typer.Typer(
    name="lmkindex",
    rich_markup_mode=None,  # brackets in help, paths and messages are just brackets
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Example:\n\n\b\n  lmkindex build examples/corpus\n  lmkindex ask 'Who keeps the light?'",
)
for module in (build, search, ask, passage, status, effective_settings, evaluate, plot, train, synth):  # the order of the help
    module.register(app)
app.add_typer(encoders.app, name="encoders")


def show_version(is_wanted: bool) -> None:
    if is_wanted:
        from lmkindex import __version__

        typer.echo(f"lmkindex {__version__}")
        raise typer.Exit()


@app.callback()
def root(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", is_eager=True, callback=show_version, help="Print the version.")] = False,
) -> None:
    """Index long documents with landmark embeddings, search them, and answer from them with checked citations.

    --index, --json, --quiet, --verbose, --no-progress and --log-json work before or after the command.
    """
    group = context.command
    schema = settings.read_schema(group)
    settings.bind_environment(group, schema)
    files = settings.read_files(schema) if context.obj is None else []
    context.default_map = settings.default_map(group, schema, files)


@cache
def make_command() -> Any:
    """The whole program as a single Click command."""
    return typer.main.get_command(app)


def move_common_options(arguments: Sequence[str]) -> list[str]:
    """Move common options that come before the command behind it, where they are declared."""
    count = 0
    while count < len(arguments) and (arguments[count] in COMMON_FLAGS or arguments[count].split("=")[0] == "--index"):
        count += 2 if arguments[count] == "--index" else 1
    leading, rest = list(arguments[:count]), list(arguments[count:])
    num_words = 2 if rest[:1] == ["encoders"] else 1
    return rest[:num_words] + (leading if rest else []) + rest[num_words:]


def main(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code. Errors are printed to stderr, never raised."""
    ACTIVE.set(None)
    words = move_common_options(arguments)
    is_verbose = "-v" in words or "--verbose" in words
    wants_help = bool(HELP_FLAGS & set(words))  # help must work whatever a settings file contains
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError):  # replaced by an object without `reconfigure`
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # the terminal may lack a character
    try:
        code = run_command(words, wants_help)
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        # The reader has closed the pipe: say nothing, and let the flush at exit go nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_ERROR
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except Exception as error:  # the last place that can report it
        if is_verbose and not isinstance(error, LmkindexError):
            print(visible(traceback.format_exc()), file=sys.stderr, end="")
        terminal = ACTIVE.get() or Terminal(index="", log_json="--log-json" in words)
        fields = {"exit_code": exit_code_of(error), "kind": type(error).__name__}
        terminal.warn(error_message(error) if terminal.log_json else f"error: {error_message(error)}", "error", fields, level="error")
        return exit_code_of(error)


def exit_code_of(error: Exception) -> int:
    """See cli.md, "Exit codes". If LanceDB cannot read it, the index is damaged."""
    if is_damage(error):
        return IndexUnusableError.exit_code
    return error.exit_code if isinstance(error, LmkindexError) else EXIT_ERROR


def is_full_disk(error: Exception) -> bool:
    """Whether Python or LanceDB ran out of disk space."""
    has_no_room = isinstance(error, OSError) and error.errno == errno.ENOSPC
    return has_no_room or (str(error).startswith("lance error") and "No space left" in str(error))


def run_command(words: list[str], wants_help: bool) -> int:
    """Let Typer run the command. It ends every command with SystemExit; its own usage errors exit with 2."""
    try:
        make_command().main(words, prog_name="lmkindex", obj={} if wants_help else None)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else EXIT_ERROR if end.code else 0
    return 0


def error_message(error: Exception) -> str:
    """What went wrong, as a sentence for the user."""
    if isinstance(error, LmkindexError):
        return str(error)
    if is_damage(error):
        return damage_message(error)
    if is_full_disk(error):
        place = f" ({error.filename})" if isinstance(error, OSError) and error.filename is not None else ""
        return f"The disk is full{place}. Nothing published is lost: free some space and run the same command again."
    if isinstance(error, MemoryError):
        return "There is not enough memory. Close other programs, or try a smaller --window-tokens or --max-answer-tokens."
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename is not None else error.strerror
    return f"This is a bug in lmkindex: {type(error).__name__}: {error}\nRun the same command with -v for the traceback, and report it."


def run(arguments: Sequence[str] | None = None) -> NoReturn:
    """The console script."""
    words = sys.argv[1:] if arguments is None else arguments
    if not sys.warnoptions and not {"-v", "--verbose"} & set(words):
        warnings.simplefilter("ignore")  # library warnings are for developers, not our users
    sys.exit(main(words))
