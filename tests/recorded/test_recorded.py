"""What the command line prints now is what commit b14df75 printed: `output.json`. `record.py` wrote it, and says how to
record again."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from llm_server import LlmServer
from normal import differences
from place import JsonObject
from record import OUTPUT_PATH
from scenarios import run_scenario, scenario_names
from stage import Stage

MOST_LINES = 40
RECORDED: dict[str, list[JsonObject]] = json.loads(OUTPUT_PATH.read_text("utf-8"))


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with LlmServer() as server:
        yield Stage(tmp_path_factory.mktemp("recorded"), server)


def title_of(record: JsonObject) -> str:
    return " ".join(record["arguments"]) if "arguments" in record else record["file"]


def compare(recorded: list[JsonObject], found: list[JsonObject]) -> Iterator[str]:
    """A line or three for each difference, with the number and the words of its command."""
    if len(recorded) != len(found):
        yield f"had {len(recorded)} records, has {len(found)}"
    for number, (before, after) in enumerate(zip(recorded, found, strict=False), start=1):
        for line in differences(before, after):
            yield f"{number}. lmkindex {title_of(before)}\n  {line}"


@pytest.mark.slow
@pytest.mark.real
@pytest.mark.parametrize("name", scenario_names())
def test_the_output_is_as_recorded(stage: Stage, name: str) -> None:
    # As text and back: what was read from the file went through JSON, too.
    found = json.loads(json.dumps(run_scenario(name, stage)))
    lines = list(compare(RECORDED.get(name, []), found))
    assert not lines, "\n".join(["", *lines[:MOST_LINES], f"{len(lines)} differences; record.py says what to do with those that are meant"])


def test_nothing_is_recorded_that_is_not_run() -> None:
    assert list(RECORDED) == scenario_names()
