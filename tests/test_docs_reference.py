"""The reference says what the code does: the index on disk, encoder folders, recipes, and the messages of errors."""

from __future__ import annotations

import ast
import dataclasses
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import tiny
from building import build, put

from lmkindex.encoder.folder import BASE_SETTINGS, OPTIONAL_SETTINGS
from lmkindex.errors import LmkindexError
from lmkindex.index.tables import documents_schema, landmarks_schema
from lmkindex.train.recipe import DevRecipe, LoraRecipe, Recipe, SetRecipe, StageRecipe

ROOT = tiny.ROOT_PATH
FORMAT = (ROOT / "docs" / "reference" / "format.md").read_text("utf-8")
RECIPES = (ROOT / "docs" / "reference" / "recipes.md").read_text("utf-8")
SCHEDULED = (ROOT / "docs" / "guides" / "scheduled-builds.md").read_text("utf-8")
TROUBLESHOOTING = (ROOT / "docs" / "guides" / "troubleshooting.md").read_text("utf-8")


def rows(page: str, heading: str) -> list[list[str]]:
    """The cells of the tables under a heading of level 2, without their heads."""
    section = re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)
    assert section is not None, heading
    lines = [line for line in section[1].splitlines() if line.startswith("|")]
    rules = [number for number, line in enumerate(lines) if line.startswith("|---")]
    heads = {number - 1 for number in rules} | set(rules)
    return [[cell.strip() for cell in line.strip("|").split("|")] for number, line in enumerate(lines) if number not in heads]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the index of three documents, one of which has text that nobody published behind it."""
    folder = tmp_path_factory.mktemp("format")
    put(folder / "corpus" / "light.txt", "Old tales. The lighthouse stands on the reef. Nobody keeps it.")
    put(folder / "corpus" / "mill.txt", "The mill turns with the tide.")
    build(str(folder / ".lmkindex"), folder / "corpus")
    return folder


def test_head_json_is_as_the_page_says(place: Path) -> None:
    head = json.loads((place / ".lmkindex" / "head.json").read_text("utf-8"))
    nested = {
        f"{name}.{'CODE' if name == 'languages' else key}" for name, value in head.items() if isinstance(value, dict) for key in value
    }
    flat = {name for name, value in head.items() if not isinstance(value, dict)}
    named = {name for cells in rows(FORMAT, "head.json") for name in re.findall(r"`([\w.]+)`", cells[0])}
    assert nested | flat | {"counts.rate_tokens", "counts.rate_ms"} == named


@pytest.mark.parametrize(("heading", "schema"), [("Table documents", documents_schema()), ("Table landmarks", landmarks_schema(384))])
def test_columns_are_as_the_page_says(heading: str, schema: list[tuple[str, str]]) -> None:
    columns = {field.name: str(field.type).replace("[384]", "[dim]") for field in schema}  # type: ignore[attr-defined]
    assert {cells[0].strip("`"): cells[1] for cells in rows(FORMAT, heading) if cells[0].strip("`") in columns} == columns


def test_another_program_reads_the_published_state(place: Path) -> None:
    """The page's program, while a later, unpublished version holds other rows."""
    from lmkindex.index.tables import connect

    documents = connect(place / ".lmkindex").open_table("documents")
    documents.delete("true")
    example = re.search(r"<!-- run: read-index -->\n```python\n(.*?)```", FORMAT, re.DOTALL)
    assert example is not None
    done = subprocess.run([sys.executable, "-c", example[1]], cwd=place, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout) == (
        0,
        "light.txt:11-45  The lighthouse stands on the reef.\nlight.txt:46-62  Nobody keeps it.\n",
    ), done.stderr


def test_keys_of_landmark_json() -> None:
    page = (ROOT / "docs" / "reference" / "encoder-folders.md").read_text("utf-8")
    keys = {cells[0].strip("`"): cells[1] for cells in rows(page, "landmark.json")}
    assert set(keys) == set(BASE_SETTINGS) | {"name"}
    assert {key for key, needed in keys.items() if needed == "yes"} == set(BASE_SETTINGS) - set(OPTIONAL_SETTINGS)


@pytest.mark.parametrize(
    ("heading", "record"),
    [
        ("At the top", Recipe), ("Stages", StageRecipe), ("Sets", SetRecipe), ("Measured while training", DevRecipe),
        ("Adapters", LoraRecipe),
    ],
)  # fmt: skip
def test_keys_of_recipes_and_their_defaults(heading: str, record: type[Any]) -> None:
    written = {cells[0].strip("`"): cells[1].strip("`") for cells in rows(RECIPES, heading)}
    assert list(written) and set(written) == {field.name for field in dataclasses.fields(record)}
    for field in dataclasses.fields(record):
        default = written[field.name]
        if field.default is dataclasses.MISSING:
            assert default == ("none" if field.default_factory is not dataclasses.MISSING else "-"), field.name
        elif field.default is None:
            assert default == "none", field.name
        else:
            value = tomllib.loads(f"value = {default}")["value"]
            assert (tuple(value) if isinstance(value, list) else value) == field.default, field.name


def texts_of_the_code() -> list[str]:
    """Every string in the code; for f-strings, the pieces between the placeholders."""
    paths = [path for folder in ("lmkindex", "cli") for path in (ROOT / folder).rglob("*.py")]
    nodes = [node for path in paths for node in ast.walk(ast.parse(path.read_text("utf-8")))]
    return [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]


def test_messages_of_the_troubleshooting_page_are_those_of_the_code() -> None:
    texts = texts_of_the_code()
    headings = [heading for heading in re.findall(r"^## (.+)$", TROUBLESHOOTING, re.MULTILINE) if not heading.startswith("It works")]
    messages = [
        message for heading in headings for cells in rows(TROUBLESHOOTING, heading) for message in re.findall(r"`([^`]+)`", cells[0])
    ]
    assert len(messages) > 60
    for message in messages:
        assert any(message in text for text in texts), message


def test_each_class_of_error_is_on_the_troubleshooting_page() -> None:
    classes: list[type[LmkindexError]] = [LmkindexError, *LmkindexError.__subclasses__()]
    assert len(classes) > 7
    for kind in classes:
        assert f"`{kind.__name__}`" in TROUBLESHOOTING, kind.__name__


def test_each_event_for_a_collector_is_on_the_page_of_scheduled_builds() -> None:
    lines = [line for path in sorted((ROOT / "cli").glob("*.py")) for line in path.read_text("utf-8").splitlines()]
    telling = [line for line in lines if re.search(r"\b(?:note|warn|tell|log_line)\(", line)]
    events = {event for line in telling for event in re.findall(r', "([a-z_]+)"', line)}
    listed = {event for event, _ in rows(SCHEDULED, "Logs for a collector") for event in re.findall(r"`([a-z_]+)`", event)}
    assert {"build_started", "files_passed_over"} <= events
    assert events - listed == set()
