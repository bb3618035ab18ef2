"""The README's commands as they stand, in a copy of the checkout: what a newcomer types must work."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def commands(name: str) -> str:
    """The shell block after the mark `<!-- run: NAME -->`."""
    found = re.search(rf"<!-- run: {name} -->\n```sh\n(.*?)```", README, re.DOTALL)
    assert found is not None, name
    return found[1].strip()


def run(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("LMKINDEX", "VIRTUAL_ENV"))}
    done = subprocess.run(["bash", "-c", command], cwd=folder, env=environment, capture_output=True, text=True, timeout=1200, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tracked files, as a fresh clone would have them."""
    folder = tmp_path_factory.mktemp("readme") / "lmkindex"
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.decode().split("\0")
    for name in filter(None, tracked):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, folder / name)
    return folder


@pytest.mark.slow
@pytest.mark.real
def test_first_command_ends_with_a_cited_answer_and_the_others_work(checkout: Path) -> None:
    answered = run(commands("main"), checkout).stdout
    assert re.search(r"^\[[1-9]\d*\] \S+:\d+-\d+ .*verified ✓", answered, re.MULTILINE), answered
    shown = re.search(r"<!-- output: main -->\n```text\n(.*?)```", README, re.DOTALL)
    assert shown is not None
    for line in shown[1].splitlines():  # what the page shows is what a newcomer sees
        assert line.removesuffix("...").rstrip() in answered, f"{line}\n{answered}"
    for command in [*commands("use").splitlines(), *commands("evaluate").splitlines()]:
        assert run(command, checkout).stdout.strip(), command
    assert (checkout / "evaluation" / "report.html").stat().st_size > 10_000


@pytest.mark.slow
@pytest.mark.real
def test_python_example(tmp_path: Path) -> None:
    example = re.search(r"```python\n(.*?)```", README, re.DOTALL)
    assert example is not None
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    done = subprocess.run([sys.executable, "-c", example[1]], cwd=tmp_path, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    assert "lighthouse" in done.stdout


def test_ci_runs_the_test_command_of_the_readme() -> None:
    assert "<!-- run: tests -->" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert commands("tests").endswith("python -m pytest --numprocesses=logical --dist=loadfile")
