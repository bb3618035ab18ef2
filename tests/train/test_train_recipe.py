"""Recipes: what a file may contain, and the error messages for anything else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import tiny
from train_tools import recipe_values, toml

from lmkindex.errors import UsageError
from lmkindex.records import JsonObject
from lmkindex.train import DevRecipe, LoraRecipe, SetRecipe, make_recipe, read_recipe

RECIPES_PATH = tiny.ROOT_PATH / "recipes"
PAIRS: JsonObject = {"kind": "pairs", "steps": 5}


def values(**changes: Any) -> JsonObject:
    """The tables of a small recipe without defaults; None takes a key away."""
    fields = recipe_values("base", stages=[PAIRS]) | {"defaults": {}} | changes
    return {name: value for name, value in fields.items() if value is not None}


@pytest.mark.parametrize("path", sorted(RECIPES_PATH.glob("*.toml")), ids=lambda path: path.stem)
def test_every_recipe_of_the_project_is_valid(path: Path) -> None:
    recipe = read_recipe(path)
    assert recipe.stages and recipe.sets
    assert all(stage.window_tokens <= recipe.window_tokens for stage in recipe.stages)  # more would be cut silently


def test_a_file_becomes_a_recipe(tmp_path: Path) -> None:
    path = tmp_path / "r.toml"
    tables = {"dev": {"sets": ["gamma"], "budgets_tokens": [64]}, "lora": {"rank": 4}, "stages": [PAIRS, {"kind": "pseudo", "minutes": 2}]}
    path.write_text(toml(recipe_values("base") | tables), "utf-8")
    recipe = read_recipe(path)
    assert recipe == make_recipe(recipe_values("base") | tables)
    assert recipe.sets == {"alpha": SetRecipe(), "beta": SetRecipe(weight=0.5, packed=True)}
    assert recipe.dev == DevRecipe(sets=("gamma",), budgets_tokens=(64,))
    assert recipe.lora == LoraRecipe(rank=4)
    assert isinstance(recipe.stages[1].minutes, float)  # a whole number is accepted as a float


def test_a_stage_takes_what_it_does_not_set_from_the_defaults_and_else_from_the_record() -> None:
    stages = [PAIRS, {"kind": "documents", "minutes": 1.5, "alpha": 0.0}]
    first, second = make_recipe(values(stages=stages, defaults={"alpha": 0.5, "tau": 0.1})).stages
    assert (first.alpha, first.tau, second.alpha, second.tau) == (0.5, 0.1, 0.0, 0.1)
    assert (first.warmup, first.steps, second.steps, second.minutes) == (0.1, 5, 0, 1.5)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"colour": 1}, "the recipe has no key colour; it has"),
        ({"stages": [PAIRS | {"stepps": 3}]}, "[[stages]] has no key stepps"),
        ({"defaults": {"colour": 1}}, "[[stages]] has no key colour"),
        ({"sets": {"alpha": {"wight": 1}}}, "[sets.alpha] has no key wight"),
        ({"dev": {"colour": 1}}, "[dev] has no key colour"),
        ({"lora": {"colour": 1}}, "[lora] has no key colour"),
        ({"base": None}, "the recipe lacks base"),
        ({"stages": [{"steps": 1}]}, "[[stages]] lacks kind"),
        ({"stages": []}, "at least one [[stages]]"),
        ({"sets": {}}, "at least one set"),
    ],
)
def test_unknown_and_missing_keys_are_named(changes: JsonObject, said: str) -> None:
    with pytest.raises(UsageError) as error:
        make_recipe(values(**changes))
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": 3}, "name must be text, not 3"),
        ({"seed": 1.5}, "seed must be int, not 1.5"),
        ({"seed": True}, "seed must be int, not True"),
        ({"average": "half"}, "average must be float, not 'half'"),
        ({"average": True}, "average must be float, not True"),
        ({"average": float("nan")}, "average must be a finite number"),
        ({"gradient_cache": 1}, "gradient_cache must be bool, not 1"),
        ({"sets": []}, "[sets] and [defaults] must be tables"),
        ({"sets": {"alpha": 3}}, "[sets.alpha] must be a table"),
        ({"stages": PAIRS}, "[[stages]] must be a list of tables"),
        ({"stages": [3]}, "[[stages]] must be a list of tables"),
        ({"stages": [PAIRS | {"sets": "alpha"}]}, "sets must be a list"),
        ({"stages": [PAIRS | {"sets": [1]}]}, "sets must be text, not 1"),
        ({"stages": [PAIRS | {"learning_rate": float("inf")}]}, "learning_rate must be a finite number"),
        ({"defaults": 3}, "[sets] and [defaults] must be tables"),
        ({"dev": "gamma"}, "[dev] must be a table"),
        ({"dev": {"budgets_tokens": [1.5]}}, "budgets_tokens must be int, not 1.5"),
        ({"lora": 4}, "[lora] must be a table"),
    ],
)
def test_wrong_types_are_named(changes: JsonObject, said: str) -> None:
    with pytest.raises(UsageError) as error:
        make_recipe(values(**changes))
    assert said in str(error.value)


@pytest.mark.parametrize(
    "changes",
    [
        {"name": ""}, {"name": "a/b"}, {"name": ".."}, {"pooling": "max"}, {"average": 0.0}, {"average": 1.01}, {"micro_batch_tokens": 0},
        {"checkpoint_minutes": 0}, {"seed": -1}, {"window_tokens": 8}, {"context_tokens": -1}, {"window_tokens": 64, "context_tokens": 60},
        {"sets": {"alpha": {"weight": 0}}}, {"sets": {"alpha": {"max_documents": -1}}}, {"sets": {"alpha": {"max_questions": -1}}},
        {"lora": {"rank": 0}}, {"lora": {"scale": 0}}, {"dev": {"questions": 0}}, {"dev": {"every_steps": 0}}, {"dev": {"max_tokens": 0}},
        {"dev": {"budgets_tokens": []}}, {"dev": {"budgets_tokens": [0]}},
    ],
    ids=str,
)  # fmt: skip
def test_values_out_of_range_are_refused(changes: JsonObject) -> None:
    make_recipe(values())
    with pytest.raises(UsageError):
        make_recipe(values(**changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "all"}, {"steps": 0}, {"steps": -1}, {"minutes": 3}, {"steps": -1, "minutes": 3}, {"steps": 1, "minutes": -3},
        {"window_tokens": 15}, {"batch_tokens": 100, "window_tokens": 101}, {"max_questions": 0}, {"windows_per_document": 0},
        {"passage_tokens": 7}, {"hard_negatives": -1}, {"mine_documents": 0}, {"alpha": -0.1}, {"tau": 0}, {"learning_rate": 0},
        {"warmup": 1}, {"warmup": -0.1}, {"weight_decay": -1}, {"max_gradient": 0}, {"sets_per_batch": -1}, {"sets": ["nowhere"]},
    ],
    ids=str,
)  # fmt: skip
def test_values_of_a_stage_out_of_range_are_refused(changes: JsonObject) -> None:
    with pytest.raises(UsageError):
        make_recipe(values(stages=[PAIRS | changes]))


@pytest.mark.parametrize(
    ("text", "said"),
    [("name = ", "cannot be read"), ("\xff", "cannot be read"), ("name = 'x'\ncolour = 1", "has no key colour"), (None, "cannot be read")],
)
def test_errors_name_the_file(tmp_path: Path, text: str | None, said: str) -> None:
    path = tmp_path / "odd.toml"
    if text is not None:
        path.write_bytes(text.encode("latin-1"))
    with pytest.raises(UsageError) as error:
        read_recipe(path)
    assert str(path) in str(error.value) and said in str(error.value)
