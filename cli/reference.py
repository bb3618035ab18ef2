"""Writes docs/reference/cli.md: `python -m lmkindex_cli.reference > docs/reference/cli.md`. The help of each command,
and what help cannot say.

A test fails when the page is stale.
"""

from __future__ import annotations

import sys
from contextlib import redirect_stdout, suppress
from io import StringIO

from . import settings
from .json_fields import json_tables
from .main import make_command

WIDTH = 100

OPENING = """\
# Command line

This page is generated: edit `cli/reference.py` or the commands' own help, then run
`python -m lmkindex_cli.reference > docs/reference/cli.md`.

Results go to stdout, everything else to stderr. Progress bars are drawn only when stderr is a terminal, and not with
`--quiet` or `--no-progress`. Control characters and bidirectional overrides in paths and documents are written out in
output for people (`␛` for ESC), in paths invisible characters too; in an answer, check marks become `*` and lines that
begin with a bracket are set in, so that only the program writes `verified ✓`. JSON, and the output of `read` to a file
or a pipe, is exact. `--index`, `--json`, `--quiet`, `--verbose`, `--no-progress` and `--log-json` may stand before the
command or after it.

## Exit codes

| code | meaning |
|---|---|
| 0 | done, also when there was nothing to do |
| 1 | error; in a batch: some line of the input was wrong (the others were answered) |
| 2 | wrong usage or configuration |
| 3 | the build finished, but some files failed |
| 4 | nothing found, or the answer abstained; in a batch: for none of its questions was anything found |
| 5 | a citation failed under `--strict`; in a batch: any citation of any answer |
| 6 | the index is missing, damaged or incompatible |
| 75 | another process is writing to the index |
| 130, 143 | interrupted (SIGINT, SIGTERM) after saving what was done |

An error is one message on stderr that begins with `error:`; stdout stays empty, with `--json` too. A reader that
closes the pipe (`| head`) ends the command quietly with 1. The second Ctrl-C stops a build at once: what was not yet
committed is encoded again by the next one.

"""

SETTINGS = """\
## Settings

What is said first wins: a flag, an environment variable, `./lmkindex.toml`, the user's file
(`config.toml` in the user's configuration directory, on Linux `~/.config/lmkindex/`; `LMKINDEX_CONFIG` names another),
the default. `lmkindex config` shows what is in force and where it came from. What an index was built with wins over all
of them for its encoder and window sizes, until `build --rebuild`.

In a file, common settings stand at the top and those of a command in its table; dashes and underscores are the same.
`[ask]` inherits from `[search]` of the same file. An unknown key or a wrong type is an error. Paths are relative to the
working directory.

```toml
index = "/srv/index"

[build]
exclude = ["drafts/"]
time-budget = "50m"

[search]
budget = 1500
```

The environment variable of a setting is `LMKINDEX_` with the command and the key (`LMKINDEX_BUILD_ENCODER`), or the key
alone for common ones (`LMKINDEX_INDEX`). `ask` also reads the `LMKINDEX_SEARCH_` ones. Switches take `1` or `0`, lists
are split at blanks. Also read: `LMKINDEX_CACHE` (where prepared models, and hashes of encoder folders,
are kept), `LMKINDEX_API_KEY` (else
`OPENAI_API_KEY`; the key for `--llm URL`).

"""

JSON = """\
## JSON

`--json` prints one object on one line; `--batch` prints JSON Lines, one for each line of the input and in its order,
with or without `--json`. It is ASCII: other letters are escaped.

`path` is relative to the root that the document was found under. `start` and `end` are characters (code points, not
bytes) of the canonical text, half open, so that `text[start:end]` is the passage. For a text file, the canonical text
is the file decoded as UTF-8, a byte order mark not counted, with its own newlines; for other formats
`lmkindex read PATH` prints it. `page` counts from 1, and is null for documents without pages.

`a[].b` is the field `b` of each object in the list `a`; a name in capitals stands for any key, `.*` for any fields.

"""


def help_of(words: list[str]) -> str:
    """What `lmkindex WORDS --help` prints, whatever the settings and the terminal."""
    printed = StringIO()
    with redirect_stdout(printed), suppress(SystemExit):
        make_command().main([*words, "--help"], prog_name="lmkindex", obj={}, terminal_width=WIDTH)
    return "\n".join(line.rstrip() for line in printed.getvalue().strip().splitlines())


def settings_list() -> str:
    """All keys that files may hold, by table."""
    schema = settings.read_schema(make_command())
    lines = [f"- {f'`[{owner}]`' if owner else 'common'}: {', '.join(f'`{key}`' for key in keys)}" for owner, keys in schema.items()]
    return "\n".join(lines) + "\n\n"


def reference() -> str:
    """The whole page."""
    commands = [name.split() for name, _ in settings.leaf_commands(make_command())]
    sections = [f"### lmkindex {' '.join(words)}".rstrip() + f"\n\n```text\n{help_of(words)}\n```\n" for words in [[], *commands]]
    return f"{OPENING}{SETTINGS}{settings_list()}{JSON}{json_tables()}## Commands\n\n" + "\n".join(sections)


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    sys.stdout.write(reference())
