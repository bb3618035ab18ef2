"""Every option of the command line has the default of the record that it ends up in."""

from __future__ import annotations

from collections.abc import Callable
from inspect import signature
from typing import Any

import pytest

from lmkindex.adapt import AdaptOptions
from lmkindex.build import check_sample
from lmkindex.config import DEFAULT_INDEX, AnswerOptions, BuildOptions, EncodeOptions, SearchOptions
from lmkindex.evaluate import SCOPES, EvaluateOptions, ReaderOptions, select_systems
from lmkindex.search import read_passage
from lmkindex.synth import SynthOptions
from lmkindex.train import TrainOptions
from lmkindex_cli import options as o
from lmkindex_cli import settings
from lmkindex_cli.main import make_command

BUILD, SEARCH, ANSWER, ENCODE = BuildOptions(), SearchOptions(), AnswerOptions(), EncodeOptions()
EVALUATE, READER, ADAPT, TRAIN, SYNTH = EvaluateOptions(), ReaderOptions(), AdaptOptions(), TrainOptions(), SynthOptions()
SAMPLE = signature(check_sample).parameters

OF_ENCODING = {"threads": ENCODE.threads, "device": ENCODE.device, "dtype": ENCODE.dtype}
OF_LLM = {"llm": ANSWER.llm, "model": ANSWER.model, "timeout": ANSWER.timeout_s}
OF_SEARCH = OF_ENCODING | {
    "budget": SEARCH.budget_tokens,
    "front": SEARCH.front,
    "surround": SEARCH.surround,
    "alpha": SEARCH.alpha,
    "hybrid": SEARCH.hybrid,
    "path": SEARCH.path_glob,
    "hits": SEARCH.num_hits,
}
RECORDS: dict[str, dict[str, Any]] = {
    "": {"index": DEFAULT_INDEX},
    "build": OF_ENCODING
    | {
        "encoder": BUILD.encoder,
        "dry_run": BUILD.dry_run,
        "rebuild": BUILD.rebuild,
        "include": BUILD.files.include,
        "exclude": BUILD.files.exclude,
        "retry_failed": BUILD.retry_failed,
        "time_budget": BUILD.time_budget_s,
        "wait": BUILD.wait,
        "max_delete": BUILD.max_delete,
        "checksum": BUILD.checksum,
        "follow_links": BUILD.files.follow_links,
        "max_file_size": BUILD.files.max_file_bytes,
        "max_pages": BUILD.files.max_pages,
        "file_timeout": BUILD.files.parse_timeout_s,
        "window_tokens": BUILD.window_tokens,
        "context_tokens": BUILD.context_tokens,
        "language": BUILD.language,
        "comments": BUILD.files.comments,
    },
    "search": OF_SEARCH,
    "ask": OF_SEARCH | OF_LLM | {"max_answer_tokens": ANSWER.max_answer_tokens, "min_similarity": ANSWER.min_similarity},
    "read": {"context": signature(read_passage).parameters["context_chars"].default},
    "status": {"sample": SAMPLE["num_windows"].default, "seed": SAMPLE["seed"].default},
    "evaluate": OF_ENCODING
    | OF_LLM
    | {
        "systems": EVALUATE.systems,
        "scope": EVALUATE.scopes,
        "budget": EVALUATE.main_budget_tokens,
        "questions": EVALUATE.max_questions,
        "seed": EVALUATE.seed,
        "encoder": BUILD.encoder,
        "reader": READER.num_questions,
        "max_answer_tokens": ANSWER.max_answer_tokens,
    },
    "train": OF_LLM | {"questions": ADAPT.num_questions, "steps": ADAPT.steps, "threads": TRAIN.threads, "device": TRAIN.device},
    "synth": OF_ENCODING
    | OF_LLM
    | {
        "name": SYNTH.name,
        "questions": SYNTH.num_questions,
        "tries": SYNTH.max_tries,
        "time_budget": SYNTH.time_budget_s,
        "seed": SYNTH.seed,
        "background": SYNTH.background_words,
        "temperature": SYNTH.temperature,
        "encoder": BUILD.encoder,
    },
}
# Only on the command line: a switch that is off, a file or name that is not given, and where it writes.
ITS_OWN: dict[str, dict[str, Any]] = {
    "": {"as_json": False, "quiet": False, "verbose": False, "no_progress": False, "log_json": False},
    "build": {"ignore_failed": False, "metrics": None},
    "search": {"batch": None, "explain": False},
    "ask": {"batch": None, "strict": False},
    "status": {"check": False},
    "evaluate": {"sets": None, "baseline": None, "output": "evaluation", "cache": None, "experiment": None, "log": None},
    "train": {"data": None, "output": None, "adapt": None},
    "synth": {"sets": None, "output": "synth", "compare": None, "compare_sets": None, "cache": None},
}
# How a command reads an option's text, if the record holds something else.
READ_AS: dict[str, Callable[[Any], Any]] = {
    "front": o.parse_front,
    "time_budget": lambda text: o.parse_duration("", text),
    "file_timeout": lambda text: o.parse_duration("", text),
    "timeout": lambda text: o.parse_duration("", text),
    "max_delete": lambda text: o.parse_share("", text),
    "max_file_size": lambda text: o.parse_size("", text),
    "include": lambda patterns: tuple(patterns or ()),
    "exclude": lambda patterns: tuple(patterns or ()),
    "systems": lambda patterns: tuple(select_systems(patterns or ())),
    "scope": lambda name: SCOPES if name == "both" else (name,),
}


@pytest.mark.parametrize(("name", "command"), list(settings.leaf_commands(make_command())))
def test_every_default_is_that_of_its_record(name: str, command: Any) -> None:
    expected = RECORDS[""] | RECORDS.get(name, {}) | ITS_OWN[""] | ITS_OWN.get(name, {})
    found = {parameter.name: parameter.default for parameter in command.params if parameter.param_type_name == "option"}
    found.pop("help", None)
    assert {name: READ_AS.get(name, lambda value: value)(value) for name, value in found.items()} == expected


def test_one_budget_for_a_search_and_for_a_reader() -> None:
    assert READER.budget_tokens == EVALUATE.main_budget_tokens == SEARCH.budget_tokens
    assert (READER.seed, ADAPT.seed) == (EVALUATE.seed, SYNTH.seed)


def test_a_figure_is_drawn_from_where_an_evaluation_is_written() -> None:
    (folder,) = [parameter for parameter in make_command().commands["plot"].params if parameter.name == "folder"]
    assert str(folder.default) == ITS_OWN["evaluate"]["output"]
