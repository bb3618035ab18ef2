"""`lmkindex train`: its help, its errors, what it prints and draws, and that a signal saves the run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tiny
from train_tools import read_curve, recipe_values, toml, write_data

import lmkindex.train.curves
from lmkindex.errors import UsageError
from lmkindex.records import JsonObject
from lmkindex.train import draw_curves
from lmkindex.train.curves import dev_figure, loss_figure
from lmkindex_cli.main import main

DEV: JsonObject = {"sets": ["gamma"], "every_steps": 2, "questions": 6, "max_tokens": 1000, "budgets_tokens": [32]}
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A command line in an empty folder: its exit code, stdout and stderr."""
    for name in [name for name in os.environ if name.startswith("LMKINDEX_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    monkeypatch.chdir(tmp_path)

    def run_here(*words: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main(words)
        return code, *capsys.readouterr()

    return run_here


@pytest.fixture
def recipe(tmp_path: Path, bert_folder: Callable[[str], Path]) -> Path:
    """A recipe of three steps, and its data in `data`."""
    write_data(tmp_path / "data")
    path = tmp_path / "small.toml"
    path.write_text(toml(recipe_values(bert_folder("lmk"), dev=DEV)), "utf-8")
    return path


def test_help_shows_an_example(run: Run) -> None:
    code, out, _ = run("train", "--help")
    assert code == 0 and "lmkindex train recipes/default.toml --data" in out
    assert "RECIPE" in out and "--output" in out and "--threads" in out and "--device" in out


def test_a_run_ends_with_an_encoder_its_curves_and_a_summary(run: Run, recipe: Path) -> None:
    code, out, err = run("train", str(recipe), "--data", "data", "--device", "cpu", "--threads", "1")
    assert (code, out) == (0, "The encoder is runs/small/encoder: `lmkindex build CORPUS --encoder runs/small/encoder`.\n")
    assert "Reading alpha" in err and "step 0: dev recall" in err
    folder = Path("runs/small")
    assert [line["total_steps"] for line in read_curve(folder / "curve.jsonl")] == [1, 2, 3]
    for name in ("loss.png", "dev.png"):
        assert (folder / name).read_bytes().startswith(b"\x89PNG")
    # The same command on a finished run returns immediately, also as JSON.
    code, out, err = run("train", str(recipe), "--data", "data", "--json")
    names = ["runs/small/loss.png", "runs/small/dev.png"]
    assert (code, err) == (0, "")
    assert json.loads(out) == {"encoder": "runs/small/encoder", "run": "runs/small", "figures": names}
    # A build accepts the encoder.
    Path("corpus").mkdir()
    Path("corpus/a.txt").write_text(tiny.prose(5, 8))
    code, out, err = run("build", "corpus", "--encoder", "runs/small/encoder", "--json")
    assert code == 0 and json.loads(out)["documents"] == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("small.toml", "--data", "nowhere"), "--data nowhere is not a folder"),
        (("none.toml", "--data", "data"), "The recipe none.toml cannot be read"),
        (("odd.toml", "--data", "data"), "odd.toml: [[stages]] has no key colour"),
        (("small.toml",), "--data"),
        (("--adapt", "index", "--data", "data"), "leave out --data"),
        (("small.toml", "--data", "empty"), "There is no evaluation set in empty"),
        (("small.toml", "--data", "data", "--threads", "-1"), "threads"),
    ],
)
def test_errors_say_what_to_do(run: Run, recipe: Path, words: tuple[str, ...], said: str) -> None:
    Path("odd.toml").write_text(toml(recipe_values("base", stages=[{"kind": "pairs", "steps": 1, "colour": 1}])), "utf-8")
    Path("empty").mkdir()
    code, out, err = run("train", *words)
    assert (code, out) == (2, "") and said in err
    assert "Traceback" not in err and "bug" not in err


def test_without_matplotlib_the_run_ends_all_the_same(run: Run, recipe: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*given: Any) -> None:
        raise UsageError("Figures need matplotlib: `pip install matplotlib`")

    monkeypatch.setattr(lmkindex.train.curves, "draw_figure", fail)
    code, out, err = run("train", str(recipe), "--data", "data", "--output", "here", "--json", "--device", "cpu")
    assert code == 0 and json.loads(out) == {"encoder": "here/encoder", "run": "here", "figures": []}
    assert "No curves were drawn. Figures need matplotlib" in err


def test_sigterm_saves_the_run_and_the_same_command_goes_on(run: Run, recipe: Path, bert_folder: Callable[[str], Path]) -> None:
    recipe.write_text(toml(recipe_values(bert_folder("lmk"), stages=[{"kind": "documents", "steps": 80}])), "utf-8")
    command = [sys.executable, "-m", "lmkindex_cli", "train", str(recipe), "--data", "data", "--device", "cpu", "--threads", "1"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    curve_path = Path("runs/small/curve.jsonl")
    while not (curve_path.is_file() and curve_path.read_bytes().count(b"\n") >= 2) and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate()
    assert (process.returncode, out) == (143, "")
    assert "Stopping" in err and "error: Stopped; the run is saved. Run the same command to continue." in err
    num_steps = len(read_curve(curve_path))
    assert 2 <= num_steps < 80
    assert run(*command[3:])[0] == 0
    assert [line["total_steps"] for line in read_curve(curve_path)] == list(range(1, 81))


# Figures


def lines_of(num_steps: int) -> list[JsonObject]:
    return [{"total_steps": step, "loss": 3 - step / num_steps, "accuracy": step / num_steps} for step in range(1, num_steps + 1)]


@pytest.mark.parametrize("num_steps", [1, 2, 199, 200, 201, 1000])
def test_the_loss_is_drawn_as_means_of_few_points(num_steps: int) -> None:
    figure = loss_figure(lines_of(num_steps))
    assert figure is not None
    x, y = figure["series"][0]["x"], figure["series"][0]["y"]
    assert len(x) == len(y) == min(num_steps, 200) and x[-1] == num_steps
    weights = [last - first for first, last in zip([0, *x[:-1]], x, strict=True)]
    mean = sum(weight * value for weight, value in zip(weights, y, strict=True)) / num_steps
    assert mean == pytest.approx(sum(line["loss"] for line in lines_of(num_steps)) / num_steps)


def test_what_has_no_point_is_not_drawn(tmp_path: Path) -> None:
    assert loss_figure([]) is None and dev_figure([]) is None
    assert draw_curves(tmp_path) == []
    figure = dev_figure(
        [{"total_steps": 0, "by_budget": {"64": 0.25, "128": 0.5}}, {"total_steps": 9, "by_budget": {"64": 0.5, "128": 0.75}}]
    )
    assert figure is not None
    assert [(one["name"], one["x"], one["y"]) for one in figure["series"]] == [
        ("64 tokens", [0, 9], [0.25, 0.5]),
        ("128 tokens", [0, 9], [0.5, 0.75]),
    ]
