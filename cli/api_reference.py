"""Writes docs/reference/api.md: `python -m lmkindex_cli.api_reference > docs/reference/api.md`.

The page covers every public name of `lmkindex`, with signatures, fields and docstrings as they are in the code. A test
fails when the page is stale.
"""

from __future__ import annotations

import inspect
import json
import re
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from types import FunctionType
from typing import Any

import lmkindex
import lmkindex.errors

SIGNATURE_WIDTH, PROSE_WIDTH = 100, 120
SECTION = re.compile(r"^(Args|Returns|Raises):\n", re.MULTILINE)
HEADINGS = {"Args": "Arguments", "Returns": "Returns", "Raises": "Raises"}

OPENING = """\
# Python API

This page is generated: edit the docstrings, then run `python -m lmkindex_cli.api_reference > docs/reference/api.md`.

`import lmkindex` loads nothing heavy; each name below is loaded when it is first used. All of them are typed
(`py.typed`). mypy does not see a package that was installed with `pip install -e`: to check a script of yours, install
lmkindex without `-e`.

An option is named like its flag on the [command line](cli.md), with underscores, and with its unit if it has one:
`--budget` is `budget_tokens`, `--time-budget` is `time_budget_s`, `--max-file-size` is `max_file_bytes`, `--no-hybrid`
is `hybrid=False`. Where the flag takes text with a unit, the option takes a number. The defaults are those of the
command line, but settings files and `LMKINDEX_*` variables are not read, except `LMKINDEX_CACHE` and
`LMKINDEX_API_KEY`.

Offsets are half-open ranges of characters (code points) in a document's stored text. A record's `to_json()` gives the
object that the command line prints with `--json`. The examples run on `examples/corpus`, copied to `corpus`; where
`index` is not opened, it is `lmkindex.open_index("my-index")`. In signatures, `StrPath` is `str | os.PathLike[str]`,
`Questions` is `list[str] | tuple[str, ...]`, and `Front` is `int | Literal["auto"]`.
"""


def api_reference() -> str:
    """The whole page."""
    names = [name for name in lmkindex.__all__ if not name.startswith("__")]
    objects = {name: getattr(lmkindex, name) for name in names}
    errors = [one for one in objects.values() if is_error(one)]
    parts = [OPENING, "## Functions\n", *(function_entry(name, one) for name, one in objects.items() if inspect.isfunction(one))]
    parts += ["## The open index\n", *(entry for one in objects.values() if is_plain_class(one) for entry in class_entries(one))]
    parts += ["## Records\n", "All records are frozen.\n", *(record_entry(one) for one in objects.values() if is_dataclass(one))]
    parts += ["## Enumerations\n", *(enum_entry(one) for one in objects.values() if is_enum(one))]
    parts += ["## Errors\n", "The numbers are the command line's exit codes. Each message says what to do next.\n", error_list(errors)]
    parts += ["## Version\n", "`lmkindex.__version__` is the installed version.\n"]
    return "\n".join(parts)


def is_error(one: Any) -> bool:
    return inspect.isclass(one) and issubclass(one, Exception)


def is_enum(one: Any) -> bool:
    return inspect.isclass(one) and issubclass(one, Enum)


def is_plain_class(one: Any) -> bool:
    return inspect.isclass(one) and not is_dataclass(one) and not is_error(one) and not is_enum(one)


def function_entry(name: str, function: FunctionType, owner: str = "lmkindex") -> str:
    """A heading, the signature, the docstring."""
    return f"### {owner}.{name}\n\n```python\n{signature_of(name, function)}\n```\n\n{markdown_of(function)}\n"


def class_entries(one: type) -> Iterator[str]:
    """The class, then each of its public methods."""
    yield f"### lmkindex.{one.__name__}\n\n{markdown_of(one)}\n"
    for name, method in vars(one).items():
        if inspect.isfunction(method) and not name.startswith("_"):
            yield function_entry(name, method, one.__name__)


def record_entry(one: Any) -> str:
    """A record: what it is, its fields, its properties."""
    lines = [f"{field.name}: {field.type}{default_of(field)}" for field in fields(one)]
    properties = [f"- `{name}`: {opening_of(value)}" for name, value in vars(one).items() if isinstance(value, property)]
    listed = "\n".join(["```python", *lines, "```", *(["", *properties] if properties else [])])
    return f"### lmkindex.{one.__name__}\n\n{markdown_of(one)}\n\n{listed}\n"


def enum_entry(one: type[Enum]) -> str:
    """An enumeration: what it is, its members and their values."""
    members = "\n".join(f"{member.name} = {text_of(member.value)}" for member in one)
    return f"### lmkindex.{one.__name__}\n\n{markdown_of(one)}\n\n```python\n{members}\n```\n"


def default_of(field: Any) -> str:
    return "" if field.default is MISSING else f" = {text_of(field.default)}"


def error_list(errors: list[type[Exception]]) -> str:
    """The tree from the docstring of `lmkindex.errors`, with the exit codes; then each error in words."""
    (tree,) = (block for block in (lmkindex.errors.__doc__ or "").split("\n\n") if "├──" in block)
    listed = [filled(f"- `lmkindex.{error.__name__}`: {opening_of(error)}") for error in errors]
    return "\n".join(["```text", textwrap.dedent(tree), "```", "", *listed]) + "\n"


def signature_of(name: str, function: Any) -> str:
    """`name(parameters) -> result` as the code writes it, with defaults; broken into lines when it is long."""
    parts: list[str] = []
    for parameter in inspect.signature(function).parameters.values():
        if parameter.name == "self":
            continue
        if parameter.kind is parameter.KEYWORD_ONLY and "*" not in parts:
            parts.append("*")
        default = "" if parameter.default is parameter.empty else f" = {text_of(parameter.default)}"
        parts.append(f"{parameter.name}: {parameter.annotation}{default}")
    result = inspect.signature(function).return_annotation
    line = f"{name}({', '.join(parts)}) -> {result}"
    return line if len(line) <= SIGNATURE_WIDTH else "\n".join([f"{name}(", *(f"    {part}," for part in parts), f") -> {result}"])


def text_of(value: Any) -> str:
    """A default as the code would write it: an enum member by its name, a string in double quotes."""
    return json.dumps(value) if isinstance(value, str) else str(value) if hasattr(value, "name") else repr(value)


def opening_of(one: Any) -> str:
    """The first sentences of a docstring, up to a blank line, on one line."""
    return " ".join((inspect.getdoc(one) or "").split("\n\n")[0].split())


def markdown_of(one: Any) -> str:
    """A docstring in Markdown: examples are fenced, arguments and errors become lists."""
    body, *sections = SECTION.split(inspect.getdoc(one) or "")
    blocks = [f"```pycon\n{block}\n```" if block.startswith(">>>") else " ".join(block.split()) for block in body.strip().split("\n\n")]
    for heading, text in zip(sections[::2], sections[1::2], strict=True):
        blocks += [f"{HEADINGS[heading]}:", list_of(text)]
    return "\n\n".join(block if "\n" in block else filled(block) for block in blocks)


def filled(text: str) -> str:
    """Prose, broken into lines; continuation lines of a list item are indented."""
    return textwrap.fill(text, PROSE_WIDTH, break_on_hyphens=False, subsequent_indent="  " if text.startswith("- ") else "")


def list_of(text: str) -> str:
    """A list of `name: meaning` lines, whose continuation lines are indented; any other text as prose."""
    lines = textwrap.dedent(text).strip().splitlines()
    if not all(re.match(r"[\w, ]+: |\s", line) for line in lines):
        return filled(" ".join(text.split()))
    items = re.split(r"\n(?=\S)", "\n".join(lines))
    return "\n".join(filled(f"- `{name}`: {' '.join(meaning.split())}") for name, meaning in (item.split(": ", 1) for item in items))


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    sys.stdout.write(api_reference())
