"""Run the command line in this process, in a folder of its own, and record what it printed.

Takes words, gives records: `arguments`, `exit_code`, `json` (of each line of stdout) or `lines`, and `stderr`, all
normalised. Imports `main` and nothing else of the program, so that it works on any later state of the code.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any
from unittest import mock

from llm_server import LlmServer
from normal import Names, normalise

from lmkindex_cli.main import main

JsonObject = dict[str, Any]
FLOAT32 = ("--dtype", "float32")  # the same numbers on any processor
KEPT_VARIABLES = ("PATH", "HOME", "TMPDIR", "PYTHONPATH", "VIRTUAL_ENV", "LD_LIBRARY_PATH", "OMP_NUM_THREADS")
FIXED_VARIABLES = {"LANG": "C.UTF-8", "COLUMNS": "100"}


@dataclass(slots=True)
class Place:
    """A folder in which commands run, and the records of those that ran. `hides_versions`: see `normal.py`."""

    folder: Path
    server: LlmServer
    hides_versions: bool = False
    variables: dict[str, str] = field(default_factory=dict)
    records: list[JsonObject] = field(default_factory=list)
    names: Names = field(init=False)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder = self.folder.resolve()
        self.names = Names(self.folder)

    def run(self, *words: str, stdin: bytes = b"") -> JsonObject:
        """Run one command line and record it. Returns the record before it was normalised."""
        self.names.look()
        num_requests = len(self.server.requests)
        out, err = io.BytesIO(), io.BytesIO()
        with surroundings(self, stdin), captured("stdout", out), captured("stderr", err):
            code = main(words)
        self.names.look()
        record = {"arguments": list(words), "exit_code": code, **shape(out.getvalue()), "stderr": shape_errors(err.getvalue())}
        requests = self.server.requests[num_requests:]
        if requests:
            record["prompts"] = sorted(digest(request) for request in requests)
        self.note(record)
        return record

    def build(self, *words: str) -> JsonObject:
        """`build` with JSON and float32; returns the report."""
        record = self.run("build", *words, "--json", *FLOAT32)
        return dict(record["json"][0]) if "json" in record else {}

    def search(self, *words: str) -> JsonObject:
        return self.run("search", *words, "--json", *FLOAT32)

    def ask(self, *words: str, llm: str = "") -> JsonObject:
        return self.run("ask", *words, "--json", "--llm", llm or self.server.url, *FLOAT32)

    def note(self, record: JsonObject) -> None:
        """Record something other than a command."""
        self.records.append(normalise(record, self.names, hides_versions=self.hides_versions))

    def note_head(self) -> None:
        """Record what `head.json` says, keys in its order."""
        self.note({"file": "head.json", "json": [json.loads((self.folder / ".lmkindex" / "head.json").read_text("utf-8"))]})


@contextlib.contextmanager
def surroundings(place: Place, stdin: bytes) -> Iterator[None]:
    """Use the place as working directory, with no outside settings, a fixed width and `stdin`."""
    variables = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
    variables |= FIXED_VARIABLES
    variables |= {"XDG_CONFIG_HOME": str(place.folder / "xdg"), "LMKINDEX_CACHE": str(place.folder / "cache")}
    source = io.TextIOWrapper(io.BytesIO(stdin))
    with (
        contextlib.chdir(place.folder),
        mock.patch.dict(os.environ, variables | place.variables, clear=True),
        mock.patch.object(sys, "stdin", source),
    ):
        yield


@contextlib.contextmanager
def captured(name: str, data: io.BytesIO) -> Iterator[None]:
    """`sys.stdout` or `sys.stderr` writes into `data`."""
    stream = io.TextIOWrapper(data, encoding="utf-8", newline="", write_through=True)
    with mock.patch.object(sys, name, stream):
        yield
    stream.flush()
    stream.detach()


def shape(data: bytes) -> JsonObject:
    """JSON if every line is an object, else lines with their ends, else nothing."""
    text = data.decode("utf-8", "backslashreplace")
    lines = text.splitlines(keepends=True)
    if text.startswith("{"):
        with contextlib.suppress(ValueError):
            return {"json": [json.loads(line) for line in text.splitlines()]}
    return {"lines": lines}


def shape_errors(data: bytes) -> list[Any]:
    """Lines of text; the events of --log-json as objects."""
    lines = data.decode("utf-8", "backslashreplace").splitlines()
    return [json.loads(line) if line.startswith("{") else line for line in lines]


def digest(request: JsonObject) -> str:
    """A short hash of everything sent to the model."""
    return blake2b(json.dumps(request, sort_keys=True).encode(), digest_size=8).hexdigest()
