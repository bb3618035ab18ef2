"""Training runs: they learn, they can be stopped at any moment with the same final result, and they refuse what they
should."""

from __future__ import annotations

import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny
import torch
from safetensors.torch import load_file
from train_tools import load_tiny, make_set, read_curve, recipe_values, small_recipe, write_data, write_set

import lmkindex.train.loop
import lmkindex.train.update
from lmkindex.encoder import read_folder
from lmkindex.errors import InterruptedBuildError, LmkindexError, UsageError
from lmkindex.evaluate import DevBench
from lmkindex.records import JsonObject
from lmkindex.train import Recipe, TrainOptions
from lmkindex.train import run_training as run_without_dev
from lmkindex.train.checkpoint import append_to_curve, load_checkpoint, read_curve_lines, rewind_curve
from lmkindex.train.model import load_trainee
from lmkindex.train.training_run import TrainingRun, make_optimizer

SCRIPT_PATH = tiny.SUPPORT_PATH / "train_script.py"
NUM_KILLS = 8
AVERAGE = 0.7
ONE_THREAD = TrainOptions(device="cpu", threads=1)
run_training = partial(run_without_dev, open_dev=DevBench)
STAGES: list[JsonObject] = [
    {"kind": "distil", "steps": 3},
    {"kind": "documents", "steps": 4},
    {"name": "hard", "kind": "pseudo", "steps": 4, "hard_negatives": 1, "mine_documents": 3},
]
DEV: JsonObject = {"sets": ["gamma"], "every_steps": 3, "questions": 12, "max_tokens": 1500, "budgets_tokens": [64, 400]}


class StoppedError(Exception):
    """Raised by tests inside a run."""


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.make_bert(tmp_path_factory.mktemp("base") / "tiny", "lmk_mean")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_data(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def recipe(base: Path) -> Recipe:
    return small_recipe(base, stages=STAGES, dev=DEV, average=AVERAGE)


def without_times(lines: list[JsonObject]) -> list[JsonObject]:
    return [{name: value for name, value in line.items() if name != "seconds"} for line in lines]


def result_of(run_path: Path) -> tuple[list[JsonObject], list[JsonObject], dict[str, bytes]]:
    """What must not depend on how often a run was stopped: the curves, and the bytes in the encoder's folder."""
    files = {path.name: path.read_bytes() for path in (run_path / "encoder").iterdir()}
    return without_times(read_curve(run_path / "curve.jsonl")), read_curve(run_path / "dev.jsonl"), files


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, recipe: Recipe, data: Path) -> Path:
    """An uninterrupted run; tests copy from it and do not change it."""
    run_path = tmp_path_factory.mktemp("runs") / "whole"
    assert run_training(recipe, data, run_path, ONE_THREAD) == run_path / "encoder"
    return run_path


# Killed at any moment


class Killer:
    """Starts runs in forks of one process that has the libraries loaded, and kills them."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def start(self, run_path: Path) -> int:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{run_path}\n")
        self.process.stdin.flush()
        return int(self.read())

    def read(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def run(self, run_path: Path, generator: random.Random | None = None) -> int:
        """The exit code of a run; with a generator it is killed after some events, a moment later."""
        log_path = run_path.with_suffix(".log")
        num_before = count_lines(log_path)
        child = self.start(run_path)
        if generator is not None:
            limit = num_before + generator.randint(1, 8)
            while count_lines(log_path) < limit and not has_ended(log_path):
                time.sleep(0.002)
            time.sleep(generator.expovariate(20))
            with suppress(ProcessLookupError):  # it may have ended meanwhile
                os.kill(child, signal.SIGKILL)
        return int(self.read())


def count_lines(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.is_file() else 0


def has_ended(log_path: Path) -> bool:
    return log_path.is_file() and "ended" in log_path.read_text("utf-8").splitlines()[-1:]


@contextmanager
def killer_of(recipe_values: JsonObject, data_path: Path, tmp_path: Path) -> Iterator[Killer]:
    (tmp_path / "recipe.json").write_text(json.dumps(recipe_values), "utf-8")
    command = [sys.executable, str(SCRIPT_PATH), str(tmp_path / "recipe.json"), str(data_path)]
    environment = os.environ | {"PYTHONPATH": tiny.PYTHONPATH, "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment) as process:
        killer = Killer(process)
        assert killer.read() == "ready"
        yield killer
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(timeout=60) == 0


@pytest.mark.slow
def test_killed_at_random_moments_and_still_equal_to_a_run_that_was_not(base: Path, data: Path, tmp_path: Path) -> None:
    """Losses, development figures, exported weights: a stage that distils, one with mined negatives, averaged, best
    kept."""
    seed = random.SystemRandom().randrange(10**6)
    print(f"seed {seed}")  # pytest shows it when the test fails
    generator = random.Random(seed)
    values = recipe_values(base, stages=STAGES, dev=DEV, average=AVERAGE, checkpoint_minutes=0.001)
    with killer_of(values, data, tmp_path) as killer:
        assert killer.run(tmp_path / "whole") == 0
        codes = [killer.run(tmp_path / "killed", generator) for _ in range(NUM_KILLS)]
        assert set(codes) <= {-signal.SIGKILL, 0} and -signal.SIGKILL in codes
        assert killer.run(tmp_path / "killed") == 0
    curve, dev, files = result_of(tmp_path / "killed")
    assert (curve, dev) == result_of(tmp_path / "whole")[:2]
    assert files == result_of(tmp_path / "whole")[2]
    names = {
        "recipe.json",
        "data.json",
        "start",
        "checkpoint.pt",
        "curve.jsonl",
        "dev.jsonl",
        "anchor.safetensors",
        "mined-2.npz",
        "best",
        "encoder",
    }
    assert {path.name for path in (tmp_path / "killed").iterdir()} == names  # no partial files are left
    assert [line["total_steps"] for line in curve] == list(range(1, 12))
    assert [line["total_steps"] for line in dev] == [0, 3, 6, 7, 9, 11]


# Stopped in other ways, in this process


def stop_after(num_steps: int, error: Exception) -> Callable[[str, float, JsonObject], None]:
    def on_step(stage: str, progress: float, line: JsonObject) -> None:
        if line["total_steps"] == num_steps:
            raise error

    return on_step


def test_a_run_stopped_by_a_signal_is_saved_and_goes_on(recipe: Recipe, data: Path, tmp_path: Path, finished: Path) -> None:
    asked: list[int] = []
    for number, code in ((signal.SIGTERM, 143), (signal.SIGINT, 130)):

        def stop(number: int = number) -> int:
            asked.append(0)
            return number if len(asked) % 4 == 0 else 0

        with pytest.raises(InterruptedBuildError, match=r"Run the same command to continue") as error:
            run_training(recipe, data, tmp_path / "run", ONE_THREAD, stop=stop)
        assert error.value.exit_code == code
        found = load_checkpoint(tmp_path / "run")
        assert found is not None and found[0].total_steps == len(asked)  # nothing is lost
    notes: list[str] = []
    run_training(recipe, data, tmp_path / "run", ONE_THREAD, on_note=notes.append)
    assert "Continuing from step 8" in notes
    assert result_of(tmp_path / "run") == result_of(finished)


def test_a_run_that_ended_before_its_first_checkpoint_begins_again(recipe: Recipe, data: Path, tmp_path: Path, finished: Path) -> None:
    with pytest.raises(StoppedError):
        run_training(recipe, data, tmp_path / "run", ONE_THREAD, on_step=stop_after(4, StoppedError()))
    assert len(read_curve(tmp_path / "run" / "curve.jsonl")) == 4
    append_torn_line(tmp_path / "run" / "curve.jsonl")
    run_training(recipe, data, tmp_path / "run", ONE_THREAD)
    assert result_of(tmp_path / "run") == result_of(finished)


def append_torn_line(path: Path) -> None:
    with path.open("a") as file:
        file.write('{"total_steps": 5, "lo')


def test_a_run_that_ended_after_a_stage_was_measured_and_before_it_was_saved(
    base: Path, data: Path, tmp_path: Path, finished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The checkpoint of the stage's last step is there, and the figures of its end as well: they are taken once more,
    and stand once."""
    recipe = small_recipe(base, stages=STAGES, dev=DEV, average=AVERAGE, checkpoint_minutes=1e-9)
    save = TrainingRun.save
    with monkeypatch.context() as patch:

        def save_unless_at_the_end(run: TrainingRun) -> None:
            if run.position.stage == 1:
                raise StoppedError
            save(run)

        patch.setattr(TrainingRun, "save", save_unless_at_the_end)
        with pytest.raises(StoppedError):
            run_training(recipe, data, tmp_path / "run", ONE_THREAD)
    assert [line["total_steps"] for line in read_curve(tmp_path / "run" / "dev.jsonl")] == [0, 3]
    run_training(recipe, data, tmp_path / "run", ONE_THREAD)
    assert result_of(tmp_path / "run") == result_of(finished)


def test_a_finished_run_returns_at_once(finished: Path, recipe: Recipe, data: Path) -> None:
    def fail(*given: Any) -> None:
        raise AssertionError("nothing is left to do")

    before = result_of(finished)
    assert run_training(recipe, data / "gone", finished, ONE_THREAD, on_note=fail, on_step=fail) == finished / "encoder"
    assert result_of(finished) == before


def test_another_recipe_in_the_same_folder_is_refused(finished: Path, recipe: Recipe, data: Path, tmp_path: Path) -> None:
    changed = replace(recipe, stages=(*recipe.stages, replace(recipe.stages[0], steps=1)))
    with pytest.raises(UsageError, match=r"run of another recipe.*another --output folder"):
        run_training(changed, data, finished, ONE_THREAD)
    with pytest.raises(StoppedError):
        run_training(recipe, data, tmp_path / "run", ONE_THREAD, on_step=stop_after(1, StoppedError()))
    with pytest.raises(UsageError, match="run of another recipe"):
        run_training(replace(recipe, seed=1), data, tmp_path / "run", ONE_THREAD)


def test_other_data_in_the_same_folder_is_refused(recipe: Recipe, data: Path, tmp_path: Path) -> None:
    with pytest.raises(StoppedError):
        run_training(recipe, data, tmp_path / "run", ONE_THREAD, on_step=stop_after(1, StoppedError()))
    changed = tmp_path / "changed"
    shutil.copytree(data, changed)
    path = next(changed.glob(f"{sorted(recipe.sets)[0]}.qa.jsonl*"))
    path.write_text("".join(path.read_text().splitlines(keepends=True)[1:]))
    with pytest.raises(UsageError, match=rf"different data for {sorted(recipe.sets)[0]}: choose another --output folder"):
        run_training(recipe, changed, tmp_path / "run", ONE_THREAD)


def test_a_damaged_checkpoint_is_named(recipe: Recipe, data: Path, tmp_path: Path) -> None:
    run_path = tmp_path / "run"
    with pytest.raises(InterruptedBuildError):
        run_training(recipe, data, run_path, ONE_THREAD, stop=lambda: 2)
    whole = (run_path / "checkpoint.pt").read_bytes()
    for damaged in (whole[: len(whole) // 2], b"", b"no archive at all"):
        (run_path / "checkpoint.pt").write_bytes(damaged)
        with pytest.raises(UsageError, match=r"checkpoint\.pt is damaged .* train again"):
            run_training(recipe, data, run_path, ONE_THREAD)


@contextmanager
def small_disk(num_bytes: int) -> Iterator[None]:
    """No file may grow longer than this, as if the disk were full."""
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (num_bytes, old[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)


def test_a_full_disk_is_told_and_nothing_is_lost(recipe: Recipe, data: Path, tmp_path: Path, finished: Path) -> None:
    run_path = tmp_path / "run"
    with pytest.raises(InterruptedBuildError):
        run_training(recipe, data, run_path, ONE_THREAD, stop=lambda: 2)
    kept = (run_path / "checkpoint.pt").read_bytes()
    with small_disk(100_000), pytest.raises((OSError, LmkindexError)):
        run_training(recipe, data, run_path, ONE_THREAD, stop=lambda: 2)  # the checkpoint does not fit
    assert (run_path / "checkpoint.pt").read_bytes() == kept
    with small_disk(100_000), pytest.raises((OSError, LmkindexError)):
        run_training(recipe, data, run_path, ONE_THREAD)  # nor does the encoder that is to be measured
    run_training(recipe, data, run_path, ONE_THREAD)
    assert result_of(run_path) == result_of(finished)


# What a run learns and keeps


def test_training_lowers_the_loss_and_raises_accuracy(base: Path, data: Path, tmp_path: Path) -> None:
    stage = {"kind": "documents", "steps": 40, "learning_rate": 3e-3, "batch_tokens": 500}
    recipe = small_recipe(base, pooling="lmk", sets={"alpha": {}}, stages=[stage])
    run_training(recipe, data, tmp_path / "run", ONE_THREAD)
    lines = read_curve(tmp_path / "run" / "curve.jsonl")
    first, last = ({key: np.mean([line[key] for line in part]) for key in ("loss", "accuracy")} for part in (lines[:5], lines[-5:]))
    assert last["loss"] < 0.4 * first["loss"] and last["accuracy"] > first["accuracy"] + 0.4
    assert 0 < lines[-1]["learning_rate"] < 1e-5 and 2.9e-3 < max(line["learning_rate"] for line in lines) <= 3e-3
    assert all(line["questions"] > 0 and line["landmarks"] > 0 and line["tokens"] >= 500 for line in lines)
    training = read_folder(tmp_path / "run" / "encoder").training
    assert training == {
        "recipe": "small", "steps": 40, "stages": [{"kind": "documents", "alpha": 0.08, "tau": 0.05, "keep": 0.0}], "sets": ["alpha"],
        "average": 1.0, "seed": 0,
    }  # fmt: skip
    assert not (tmp_path / "run" / "current").exists()


def test_a_distil_stage_brings_landmarks_to_the_base_and_is_what_is_averaged_with(base: Path, data: Path, tmp_path: Path) -> None:
    distil = {"kind": "distil", "steps": 30, "learning_rate": 3e-3, "batch_tokens": 500}
    after = {"kind": "documents", "steps": 4, "learning_rate": 3e-3, "batch_tokens": 500}
    recipe = small_recipe(base, pooling="lmk_mean", sets={"alpha": {}}, stages=[distil, after], average=0.5)
    path = run_training(recipe, data, tmp_path / "run", ONE_THREAD)
    losses = [line["loss"] for line in read_curve(tmp_path / "run" / "curve.jsonl")][:30]
    assert np.mean(losses[-5:]) < 0.7 * np.mean(losses[:5])  # 1 - cosine with what the base gives without landmarks
    name = "embeddings.word_embeddings.weight"
    anchor, saved = (load_file(file)[name].float() for file in (tmp_path / "run" / "anchor.safetensors", path / "model.safetensors"))
    trained = load_checkpoint(tmp_path / "run")[1][name]  # type: ignore[index]
    assert (trained - anchor).abs().max() > 1e-3
    assert ((trained + anchor) / 2 - saved).abs().max() < 1e-3


def test_the_best_encoder_on_the_development_sets_is_the_result(finished: Path) -> None:
    lines = read_curve(finished / "dev.jsonl")
    recalls = [line["recall"] for line in lines]
    assert read_folder(finished / "encoder").training["steps"] == lines[recalls.index(max(recalls))]["total_steps"]  # the first of equals
    for line in lines:
        assert line["recall"] == pytest.approx(np.mean(list(line["by_budget"].values())), abs=1e-4)
        assert list(line["by_budget"]) == ["64", "400"] and list(line["by_set"]) == ["gamma"]
    assert len(set(recalls)) > 1


def test_the_result_is_an_encoder_like_any_other(finished: Path) -> None:
    encoder = load_tiny(finished / "encoder")
    assert (encoder.folder.name, encoder.folder.pooling) == ("small", "lmk_mean")
    names = {path.name for path in (finished / "encoder").iterdir()}
    assert {"config.json", "model.safetensors", "landmark.json", "tokenizer.json"} <= names
    assert all(value.dtype == torch.float16 for value in load_file(finished / "encoder" / "model.safetensors").values())


def test_a_stage_lasts_some_minutes_of_all_the_times_it_was_run(base: Path, data: Path, tmp_path: Path) -> None:
    recipe = small_recipe(base, stages=[{"kind": "pairs", "minutes": 0.01}, {"kind": "chunks", "minutes": 1e-6}])
    with pytest.raises(InterruptedBuildError):
        run_training(recipe, data, tmp_path / "run", ONE_THREAD, stop=lambda: 15)
    found = load_checkpoint(tmp_path / "run")
    assert found is not None and found[0].elapsed_s > 0
    run_training(recipe, data, tmp_path / "run", ONE_THREAD)
    lines = read_curve(tmp_path / "run" / "curve.jsonl")
    assert [line["total_steps"] for line in lines] == list(range(1, len(lines) + 1))
    assert [line["stage"] for line in lines][-1] == 1 and {line["stage"] for line in lines} == {0, 1}


def test_weights_of_one_dimension_are_not_decayed(base: Path, recipe: Recipe) -> None:
    trainee = load_trainee(read_folder(base), None, "cpu")
    groups = make_optimizer(trainee, replace(recipe.stages[0], weight_decay=0.3)).param_groups
    assert [group["weight_decay"] for group in groups] == [0.3, 0.0]
    assert all(parameter.ndim > 1 for parameter in groups[0]["params"]) and all(parameter.ndim == 1 for parameter in groups[1]["params"])
    assert sum(len(group["params"]) for group in groups) == len(trainee.trainable)


# What a run refuses


def test_sets_that_are_missing_are_named_with_those_that_are_there(base: Path, data: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no evaluation set omega.*alpha, beta, gamma"):
        run_training(small_recipe(base, sets={"omega": {}}), data, tmp_path / "run", ONE_THREAD)
    with pytest.raises(UsageError, match="no evaluation set omega"):
        run_training(small_recipe(base, dev={"sets": ["omega"]}), data, tmp_path / "other", ONE_THREAD)


def test_a_development_set_without_evidence_is_refused(base: Path, tmp_path: Path) -> None:
    given = make_set("gamma", 3)
    write_data(tmp_path / "data")
    write_set(tmp_path / "data", replace(given, questions=tuple(replace(question, spans=()) for question in given.questions)))
    with pytest.raises(UsageError, match="development set gamma has no question with evidence"):
        run_training(small_recipe(base, dev=DEV), tmp_path / "data", tmp_path / "run", ONE_THREAD)


def test_a_loss_that_is_not_finite_stops_the_run_before_it_spoils_the_weights(
    base: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compute = lmkindex.train.update.compute_update
    calls: list[int] = []

    def compute_badly(*given: Any) -> Any:
        calls.append(1)
        update = compute(*given)
        if len(calls) == 3:
            update.gradients[0].fill_(float("inf"))
        return update

    monkeypatch.setattr(lmkindex.train.loop, "compute_update", compute_badly)
    recipe = small_recipe(base, stages=[{"kind": "pairs", "steps": 5}], checkpoint_minutes=1e-9)
    with pytest.raises(UsageError, match=r"not finite at step 3: try a lower learning_rate"):
        run_training(recipe, data, tmp_path / "run", ONE_THREAD)
    found = load_checkpoint(tmp_path / "run")
    assert found is not None and found[0].total_steps == 2
    assert all(bool(torch.isfinite(value).all()) for value in found[1].values())
    run_training(recipe, data, tmp_path / "run", ONE_THREAD)  # the third step is as it should be now


# Curves on disk


def test_a_curve_is_rewound_and_torn_lines_go(tmp_path: Path) -> None:
    path = tmp_path / "curve.jsonl"
    rewind_curve(path, 3)
    assert not path.exists() and read_curve_lines(path) == []
    for step in range(5):
        append_to_curve(path, {"total_steps": step, "loss": 0.5})
    append_torn_line(path)
    rewind_curve(path, 3)
    assert read_curve_lines(path) == read_curve(path) == [{"total_steps": step, "loss": 0.5} for step in range(4)]
