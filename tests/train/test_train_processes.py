"""Training in two processes: the same weights in both, averaged gradients, one writer, and a stop that reaches all of
them."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import tiny
from train_tools import read_curve, recipe_values, toml, write_data

from lmkindex.train import TrainOptions, is_main_process, read_recipe
from lmkindex.train.loop import step_once
from lmkindex.train.processes import Processes, find_processes
from lmkindex.train.sampler import Sampler
from lmkindex.train.training_rows import row_maker
from lmkindex.train.training_run import TrainingRun
from lmkindex.train.update import compute_update

SCRIPT_PATH = tiny.SUPPORT_PATH / "train_processes_script.py"
NUM_STEPS = 8


def test_alone_there_is_one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RANK", "WORLD_SIZE"):
        monkeypatch.delenv(name, raising=False)
    processes = find_processes()
    assert (processes.rank, processes.size, processes.is_main, is_main_process()) == (0, 1, True, True)
    assert (processes.largest(2.5), processes.average([1, None]), processes.own_device("auto")) == (2.5, [1, None], "auto")
    monkeypatch.setenv("RANK", "1")
    assert not is_main_process()


def test_each_process_has_a_gpu_of_its_own() -> None:
    second = Processes(rank=1, size=2, state=SimpleNamespace(device="cuda:1"))
    assert [second.own_device(name) for name in ("auto", "cuda", "cpu", "cuda:0")] == ["cuda:1", "cuda:1", "cpu", "cuda:0"]
    assert not second.is_main


def start_two(arguments: Sequence[str]) -> list[subprocess.Popen[str]]:
    """Both processes, with what `accelerate launch` and `torchrun` put into their environments."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    shared = {
        "PYTHONPATH": tiny.PYTHONPATH,
        "WORLD_SIZE": "2",
        "LOCAL_WORLD_SIZE": "2",
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
        "OMP_NUM_THREADS": "1",
    }
    return [
        subprocess.Popen(
            [sys.executable, str(SCRIPT_PATH), *arguments],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            env=os.environ | shared | {"RANK": str(rank), "LOCAL_RANK": str(rank)},
        )
        for rank in range(2)
    ]  # fmt: skip


def finish(processes: Sequence[subprocess.Popen[str]], exit_code: int) -> list[str]:
    """What both processes wrote, after both exited with `exit_code`."""
    try:
        outputs = [process.communicate(timeout=900)[0] for process in processes]
    finally:
        for process in processes:
            process.kill()
    assert [process.returncode for process in processes] == [exit_code, exit_code], outputs
    return outputs


def wait_for_steps(curve_path: Path, num_steps: int, processes: Sequence[subprocess.Popen[str]]) -> None:
    while not (curve_path.is_file() and len(curve_path.read_text("ascii").splitlines()) >= num_steps):
        assert all(process.poll() is None for process in processes), [process.communicate()[0] for process in processes]
        time.sleep(0.01)


class BothAtOnce:
    """Replaces `Processes`: computes the other process's batch and gradients here, and returns the mean of both."""

    rank, is_main = 0, True

    def __init__(self, run: TrainingRun, sampler: Sampler) -> None:
        self.run, self.sampler = run, sampler

    def average(self, gradients: Sequence[Any]) -> list[Any]:
        position, stage = self.run.position, self.sampler.stage
        batch = self.sampler.draw((self.run.recipe.seed, position.stage, position.step, 1))
        others = compute_update(self.run.trainee, batch, stage, self.run.recipe, self.run.workers).gradients
        return [None if mine is None else (mine + other) / 2 for mine, other in zip(gradients, others, strict=True)]


def expected_losses(recipe_path: Path, data_path: Path, run_path: Path) -> list[float]:
    """The main process's losses in the first stage, computed in this process alone."""
    recipe = read_recipe(recipe_path)
    run_path.mkdir()
    run = TrainingRun(recipe, data_path, run_path, TrainOptions(device="cpu", threads=1), print, None)
    stage = recipe.stages[0]
    from lmkindex.train.training_run import make_optimizer

    run.optimizer = make_optimizer(run.trainee, stage)
    sampler = Sampler(sets=run.sets, stage=stage, maker=row_maker(run.load_encoder(run_path / "start"), stage.window_tokens), mined={})
    run.processes = BothAtOnce(run, sampler)  # type: ignore[assignment]
    return [step_once(run, stage, sampler)["loss"] for _ in range(stage.steps)]


@pytest.mark.slow
def test_two_processes_stop_and_go_on_together_and_learn_the_same(llama_folder: Path, tmp_path: Path) -> None:
    import torch

    stages = [{"kind": "pairs", "steps": NUM_STEPS}, {"kind": "documents", "minutes": 0.02}]
    values = recipe_values(llama_folder, stages=stages, lora={"rank": 4, "scale": 8}, pooling="lmk", checkpoint_minutes=60)
    recipe_path = tmp_path / "recipe.toml"
    recipe_path.write_text(toml(values), "utf-8")
    data_path, run_path = write_data(tmp_path / "data"), tmp_path / "run"
    arguments = [str(recipe_path), str(data_path), str(run_path)]

    first = start_two([*arguments, "0.3"])
    wait_for_steps(run_path / "curve.jsonl", 2, first)
    first[1].send_signal(signal.SIGTERM)  # one of them gets the signal, both stop, and the main process has saved
    outputs = finish(first, 128 + signal.SIGTERM)
    assert "Reading alpha" in outputs[0] and outputs[1] == ""
    num_done = len(read_curve(run_path / "curve.jsonl"))
    assert num_done < NUM_STEPS and (run_path / "checkpoint.pt").is_file()

    outputs = finish(start_two([*arguments, "0"]), 0)
    assert f"Continuing from step {num_done}" in outputs[0] and outputs[1] == ""
    curve = read_curve(run_path / "curve.jsonl")
    assert [line["total_steps"] for line in curve] == list(range(1, len(curve) + 1))
    assert {line["stage"] for line in curve} == {0, 1}  # the stage limited in seconds ended in both at the same step
    ends = [torch.load(tmp_path / f"run-{rank}.pt", weights_only=True) for rank in range(2)]
    assert all(value.equal(ends[1]["weights"][name]) for name, value in ends[0]["weights"].items())
    assert [end["average"] for end in ends] == [[torch.tensor([1.5]), None]] * 2
    losses = [line["loss"] for line in curve[:NUM_STEPS]]
    assert losses == pytest.approx(expected_losses(recipe_path, data_path, tmp_path / "alone"), abs=1e-4)
    assert (run_path / "encoder" / "landmark.json").is_file()
    assert sorted(path.name for path in run_path.iterdir() if path.name.endswith(".tmp")) == []
