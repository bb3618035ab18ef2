"""Writes docs/reference/cli.md: `python -m lmkindex_cli.reference > docs/reference/cli.md`.

The page has the help of each command, and what help cannot say. A test fails when the page is stale.
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
`--quiet` or `--no-progress`. In output for people, control characters and bidirectional overrides in paths and
documents are written out (`␛` for ESC), and so are invisible characters in paths. In an answer, check marks become `*`
and lines that begin with a bracket are indented, so that only the program writes `verified ✓`. JSON is exact, and so is
the output of `read` to a file or a pipe. `--index`, `--json`, `--quiet`, `--verbose`, `--no-progress` and `--log-json`
work before or after the command.

## Exit codes

| code | meaning |
|---|---|
| 0 | done, or there was nothing to do |
| 1 | error; in a batch: some line of the input was invalid (the others were answered) |
| 2 | wrong usage or configuration |
| 3 | the build finished, but some files failed |
| 4 | nothing found, or the answer abstained; in a batch: for none of its questions was anything found |
| 5 | under `--strict`, a citation failed or an answer has no citations; in a batch: in any answer |
| 6 | the index is missing, damaged or incompatible |
| 75 | another process is writing to the index |
| 130, 143 | interrupted (SIGINT, SIGTERM) after saving what was done |

An error is one message on stderr that begins with `error:`; stdout stays empty, even with `--json`. When the reader
closes the pipe (`| head`), the command ends quietly with 1. A second Ctrl-C stops a build immediately: the next build
encodes again what was not yet committed.

"""

SETTINGS = """\
## Settings

The first of these that sets a value wins: a flag, an environment variable, `./lmkindex.toml`, the user's file
(`config.toml` in the user's configuration directory, on Linux `~/.config/lmkindex/`; `LMKINDEX_CONFIG` names another),
the default. `lmkindex config` shows each value in force and where it came from. For encoder and window sizes, what the
index was built with wins over all of these, until `build --rebuild`.

In a file, common settings are at the top and a command's settings in its table; dashes and underscores are the same.
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

The environment variable of a setting is `LMKINDEX_` plus the command and the key (`LMKINDEX_BUILD_ENCODER`), or just
the key for a common setting (`LMKINDEX_INDEX`). `ask` also reads the `LMKINDEX_SEARCH_` variables. Switches take `1` or
`0`; lists are split at whitespace. Two more variables are read: `LMKINDEX_CACHE` (where prepared models, and hashes of
encoder folders, are kept) and `LMKINDEX_API_KEY` (else `OPENAI_API_KEY`; the key for `--llm URL`).

"""

JSON = """\
## JSON

`--json` prints one object on one line; `--batch` prints JSON Lines, one for each input line in the same order, with or
without `--json`. The output is ASCII: all other characters are escaped.

`path` is relative to the root under which the document was found. `start` and `end` are half-open character offsets
(code points, not bytes) into the canonical text, so `text[start:end]` is the passage. For a text file, the canonical
text is the file decoded as UTF-8, with its own newlines but without a byte order mark; for other formats
`lmkindex read PATH` prints it. `page` counts from 1, and is null for documents without pages.

`a[].b` is the field `b` of each object in the list `a`; a name in capitals stands for any key, `.*` for any fields.

"""


def help_of(words: list[str]) -> str:
    """What `lmkindex WORDS --help` prints, independent of settings and terminal."""
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
