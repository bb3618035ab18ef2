"""Keyword options of the front door: named after the command line's flags, with its defaults, and each ends up in its
record."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import pytest
from building import put

import lmkindex
import lmkindex.answer
import lmkindex.build
import lmkindex.search
import lmkindex.search.searcher
from lmkindex.config import DEFAULT_INDEX, AnswerOptions, BuildOptions, EncodeOptions, FileOptions, SearchOptions
from lmkindex_cli import options as o
from lmkindex_cli.main import make_command

# A flag whose value has a unit -> the option with the unit in its name.
WITH_UNIT = {
    "budget": "budget_tokens", "time_budget": "time_budget_s", "max_file_size": "max_file_bytes", "file_timeout": "file_timeout_s",
    "timeout": "timeout_s", "context": "context_chars",
}  # fmt: skip
# How the command line reads a flag's text.
READ_AS: dict[str, Callable[[Any], Any]] = {
    "front": lambda text: o.parse_front(text) or "auto",
    "time_budget_s": lambda text: o.parse_duration("", text),
    "file_timeout_s": lambda text: o.parse_duration("", text),
    "timeout_s": lambda text: o.parse_duration("", text),
    "max_delete": lambda text: o.parse_share("", text),
    "max_file_bytes": lambda text: o.parse_size("", text),
    "include": lambda patterns: tuple(patterns or ()),
    "exclude": lambda patterns: tuple(patterns or ()),
}
COMMON = {"as_json", "quiet", "verbose", "no_progress", "log_json", "help"}
# Flags about exit codes, files and the terminal.
ONLY_FLAGS: dict[str, set[str]] = {
    "build": {"ignore_failed", "metrics"}, "search": {"batch", "explain"}, "ask": {"batch", "strict"}, "read": set(),
    "status": {"check", "sample", "seed"},
}  # fmt: skip
AT_OPENING = {"index", "threads", "device", "dtype"}  # flags of each command; an open index gets them once
ONLY_PYTHON = {"on_progress"}
# Fields of the records that neither has: users cannot set them.
INTERNAL = {"commit_rows", "commit_s", "ann_rows", "max_parse_bytes", "batch_tokens", "region", "temperature"}

FUNCTIONS: dict[str, Callable[..., Any]] = {
    "build": lmkindex.build_index, "search": lmkindex.Index.search, "ask": lmkindex.Index.ask, "read": lmkindex.Index.read,
    "status": lmkindex.Index.status,
}  # fmt: skip


def options_of(function: Callable[..., Any]) -> dict[str, Any]:
    """Keyword options and their defaults."""
    parameters = inspect.signature(function).parameters.values()
    return {parameter.name: parameter.default for parameter in parameters if parameter.kind is parameter.KEYWORD_ONLY}


def flags_of(command: str) -> dict[str, Any]:
    """A command's flags, as the options that they should become, with their defaults."""
    parameters = [one for one in make_command().commands[command].params if one.param_type_name == "option"]
    found = {WITH_UNIT.get(one.name, one.name): one.default for one in parameters if one.name not in COMMON | ONLY_FLAGS[command]}
    return {name: READ_AS.get(name, lambda value: value)(value) for name, value in found.items()}


@pytest.mark.parametrize("command", FUNCTIONS)
def test_options_are_the_flags_of_the_command(command: str) -> None:
    expected, found = flags_of(command), options_of(FUNCTIONS[command])
    if command != "build":
        opening = {name: expected.pop(name) for name in AT_OPENING & set(expected)}
        assert opening.items() <= options_of(lmkindex.open_index).items() | {("index", DEFAULT_INDEX)}
    assert {name: default for name, default in found.items() if name not in ONLY_PYTHON} == expected


def test_an_index_is_opened_with_the_flags_that_search_and_ask_share() -> None:
    found = options_of(lmkindex.open_index)
    assert set(found) == AT_OPENING - {"index"}
    assert found == {name: default for name, default in flags_of("search").items() if name in found}
    for function in (lmkindex.build_index, lmkindex.open_index):
        assert inspect.signature(function).parameters["index"].default == DEFAULT_INDEX


def changed(record: Any, default: Any) -> set[str]:
    """The fields of a record, and of records inside it, that differ from the default."""
    found: set[str] = set()
    for field in fields(record):
        value, usual = getattr(record, field.name), getattr(default, field.name)
        found |= changed(value, usual) if is_dataclass(value) else {field.name} if value != usual else set()
    return found


def all_fields(*records: Any) -> set[str]:
    return {field.name for record in records for field in fields(record)} - {"files", "encode"} - INTERNAL


def test_each_option_of_a_build_reaches_its_record(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[Any] = []
    monkeypatch.setattr(lmkindex.build, "run_build", lambda *values, **named: given.append((values, named)))
    lmkindex.build_index(
        "corpus", index="my", encoder="e", dry_run=True, rebuild=True, include=["a"], exclude="*.log", retry_failed=True, time_budget_s=1,
        wait=True, max_delete=0.5, checksum=True, follow_links=True, max_file_bytes=2, max_pages=3, file_timeout_s=4, window_tokens=5,
        context_tokens=6, language="de", comments=True, threads=7, device="cpu", dtype="float32", on_progress=print,
    )  # fmt: skip
    ((values, named),) = given
    index, roots, options = values
    assert (index, [str(root) for root in roots], named) == ("my", ["corpus"], {"on_progress": print})
    assert changed(options, BuildOptions()) == all_fields(BuildOptions, FileOptions, EncodeOptions)
    assert options == BuildOptions(
        encoder="e", dry_run=True, rebuild=True, retry_failed=True, time_budget_s=1, wait=True, max_delete=0.5, checksum=True,
        window_tokens=5, context_tokens=6, language="de", encode=EncodeOptions(threads=7, device="cpu", dtype="float32"),
        files=FileOptions(
            include=("a",), exclude=("*.log",), follow_links=True, max_file_bytes=2, max_pages=3, comments=True, parse_timeout_s=4
        ),
    )  # fmt: skip


def test_each_option_of_a_question_reaches_its_record(fake: Any, index: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path / "corpus" / "a.txt", "Amdahl keeps the light.")
    lmkindex.build_index(tmp_path / "corpus", index=index)
    given: list[Any] = []

    def catch(*values: Any, **_: Any) -> list[Any]:
        given.append(values)
        return [None]

    monkeypatch.setattr(lmkindex.search.Searcher, "search", catch)
    monkeypatch.setattr(lmkindex.answer, "ask_questions", catch)
    few: dict[str, Any] = {"budget_tokens": 1, "alpha": 2.0, "hybrid": False, "path": "*.md", "hits": 3}
    llm: dict[str, Any] = {"llm": Path("llm"), "model": "m", "max_answer_tokens": 4, "min_similarity": 0.5, "timeout_s": 6.0}
    with lmkindex.open_index(index) as opened:
        opened.search(" Who? ", **few, front=7)
        opened.search(["Who?"], **few, surround=8)
        opened.ask("Who?", **few, front=7, **llm)
    searched = SearchOptions(budget_tokens=1, front=7, alpha=2.0, hybrid=False, path_glob="*.md", num_hits=3)
    answered = AnswerOptions(llm="llm", model="m", max_answer_tokens=4, min_similarity=0.5, timeout_s=6.0)
    around = SearchOptions(budget_tokens=1, surround=8, alpha=2.0, hybrid=False, path_glob="*.md", num_hits=3)
    (_, *first), (_, *second), (_, *third) = given
    assert first == [["Who?"], [searched]]
    assert second == [["Who?"], [around]]
    assert (third[0], third[1], third[3]) == (["Who?"], [searched], answered)
    assert changed(searched, SearchOptions()) | changed(around, SearchOptions()) == all_fields(SearchOptions)
    assert changed(answered, AnswerOptions()) == all_fields(AnswerOptions)


def test_the_encoder_is_loaded_with_the_options_of_opening(index: str, fake: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path / "corpus" / "a.txt", "Amdahl keeps the light.")
    lmkindex.build_index(tmp_path / "corpus", index=index)
    given: list[Any] = []

    def load_encoder(folder: Any, options: EncodeOptions) -> Any:
        given.append(options)
        return fake

    monkeypatch.setattr(lmkindex.search.searcher, "load_encoder", load_encoder)
    with lmkindex.open_index(index, threads=7, device="cpu", dtype="float32") as opened:
        assert not given  # not before it is needed
        opened.search("Who?")
        opened.search("What?")
    assert given == [EncodeOptions(threads=7, device="cpu", dtype="float32")]
    assert changed(given[0], EncodeOptions()) == all_fields(EncodeOptions)
