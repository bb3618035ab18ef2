"""The input and output of every experiment: `ExperimentInput`, and the JSON of its tables, figures and verdict."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from ...datasets import EvaluationSet
from ...encoder import Encoder
from ...encoder.cache import VectorCache
from ...records import JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class ExperimentInput:
    """Evaluation sets (all their documents; questions with evidence, sampled), encoders, and where vectors are kept.

    `on_step` receives a few words on the current step. `results` is the `results.json` of an evaluation, if there is
    one.
    """

    sets: tuple[EvaluationSet, ...]
    landmark_encoder: Encoder
    baseline_encoder: Encoder
    cache: VectorCache
    seed: int = 0
    on_step: Callable[[str], None] = field(default=lambda text: None)
    results: JsonObject | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One line or one kind of bar; `low_X`/`high_X` are a 95% interval."""

    name: str
    xs: Sequence[float]
    ys: Sequence[float | None]
    lows: Sequence[float | None] | None = None
    highs: Sequence[float | None] | None = None

    def to_json(self) -> JsonObject:
        return {"name": self.name, "x": list(self.xs), "y": list(self.ys), "low": json_values(self.lows), "high": json_values(self.highs)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """What `lmkindex plot` draws; `kind` is lines or bars. For bars, `x_categories` names each group."""

    name: str
    title: str
    x_label: str
    y_label: str
    series: Sequence[Series]
    kind: str = "lines"
    x_log: bool = False
    y_log: bool = False
    x_categories: Sequence[str] | None = None

    def to_json(self) -> JsonObject:
        names = ("name", "kind", "title", "x_label", "y_label", "x_log", "y_log")
        categories = None if self.x_categories is None else list(self.x_categories)
        return {
            **{name: getattr(self, name) for name in names},
            "x_categories": categories,
            "series": [one.to_json() for one in self.series],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ExperimentTable:
    """A titled table of texts and numbers; None is a dash."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str | float | int | None]]

    def to_json(self) -> JsonObject:
        return {"title": self.title, "columns": list(self.columns), "rows": [list(row) for row in self.rows]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Experiment:
    """The outcome: the question, the method, the results, and a verdict computed from the numbers.

    `measured` names the sets and the encoder if they differ from those that the experiment was given.
    """

    name: str
    title: str
    question: str
    settings: JsonObject
    tables: Sequence[ExperimentTable]
    figures: Sequence[Figure]
    verdict: str
    measured: JsonObject = field(default_factory=dict)

    def to_json(self, seconds: float) -> JsonObject:
        return {
            "experiment": self.name,
            "title": self.title,
            "question": self.question,
            "settings": self.settings,
            "tables": [table.to_json() for table in self.tables],
            "figures": [figure.to_json() for figure in self.figures],
            "verdict": self.verdict,
            "seconds": round(seconds, 1),
            "created": datetime.now(UTC).replace(microsecond=0).isoformat(),
            **self.measured,
        }


def json_values(values: Sequence[float | None] | None) -> list[float | None] | None:
    return None if values is None else list(values)
