"""What docs/guides/scheduled-builds.md says to put into a crontab, a unit, a CronJob and a hook is taken from that page
and run, with other paths."""

from __future__ import annotations

import configparser
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import tiny
from prometheus_text import metrics

from lmkindex.build import build_index
from lmkindex.config import BuildOptions, EncodeOptions
from lmkindex.index import read_head

ROOT = tiny.ROOT_PATH
PAGE = (ROOT / "docs" / "guides" / "scheduled-builds.md").read_text("utf-8")
CRON_ENVIRONMENT = {"SHELL": "/bin/sh", "LOGNAME": "root", "PATH": "/usr/bin:/bin"}  # and HOME


def example(name: str) -> str:
    """The code block after the mark `<!-- test: NAME -->`."""
    found = re.search(rf"<!-- test: {name} -->\n```\w+\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None, name
    return found[1]


class Place:
    """A miniature machine: its document store, and a program that runs this checkout whatever the environment."""

    def __init__(self, path: Path, encoder_path: Path) -> None:
        self.path, self.docs, self.program = path, path / "docs", path / "lmkindex"
        (self.docs / "corpus").mkdir(parents=True)
        (self.docs / "corpus" / "a.txt").write_text(tiny.prose(1, 5), "utf-8")
        (self.docs / "lmkindex.toml").write_text(f'[build]\nencoder = "{encoder_path}"\n', "utf-8")
        words = [f"PYTHONPATH={ROOT}", "OMP_NUM_THREADS=1", sys.executable, "-m", "lmkindex_cli"]
        self.program.write_text(f'#!/bin/sh\nexec env {shlex.join(words)} "$@"\n', "utf-8")
        self.program.chmod(0o755)

    def here(self, text: str) -> str:
        """An example, with this machine's paths."""
        moved = text.replace("/srv/docs", str(self.docs)).replace("/opt/lmkindex/.venv/bin/lmkindex", str(self.program))
        return moved.replace("/var/lib/node_exporter", str(self.path))

    def cron(self, name: str) -> subprocess.CompletedProcess[str]:
        """Run the last line of a crontab as cron does: `sh -c`, almost no environment, the home directory, `%` as a
        line end."""
        *settings, line = example(name).splitlines()
        assert all(re.fullmatch(r"[A-Z]+=\S+", setting) for setting in settings)
        fields = re.fullmatch(r"((?:[\d*/,-]+\s+){5})(\S.*)", line)
        assert fields is not None, line
        assert not re.search(r"(?<!\\)%", fields[2])
        return self.sh(self.here(fields[2].replace(r"\%", "%")))

    def sh(self, command: str) -> subprocess.CompletedProcess[str]:
        environment = CRON_ENVIRONMENT | {"HOME": str(self.path)}
        words = ["/bin/sh", "-c", command]
        return subprocess.run(words, cwd=self.path, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)


def num_documents(index_path: Path) -> int:
    head = read_head(index_path)
    assert head is not None
    return head.counts["documents"]


@pytest.fixture(scope="module")
def encoder_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.make_bert(tmp_path_factory.mktemp("encoder"), "lmk_mean")


@pytest.fixture
def place(tmp_path: Path, encoder_path: Path) -> Place:
    """A machine on which the first build was made."""
    place = Place(tmp_path / "place", encoder_path)
    options = BuildOptions(encoder=str(encoder_path), encode=EncodeOptions(dtype="float32", threads=1))
    build_index(str(place.docs / ".lmkindex"), [place.docs / "corpus"], options)
    return place


def test_the_first_build(tmp_path: Path, encoder_path: Path) -> None:
    """The only test here that encodes in a separate process, besides the hook's."""
    place = Place(tmp_path / "place", encoder_path)
    done = place.sh(place.here(example("first").strip()))
    assert (done.returncode, done.stderr, done.stdout.count("\n")) == (0, "", 1)
    assert num_documents(place.docs / ".lmkindex") == 1


def test_the_lines_for_cron(place: Place) -> None:
    quiet = place.cron("cron")
    assert (quiet.returncode, quiet.stdout, quiet.stderr) == (0, "", "")  # nothing changed: no mail
    (place.docs / "corpus" / "bad.pdf").write_bytes(b"no pdf")
    build_index(str(place.docs / ".lmkindex"), [], BuildOptions())
    with_metrics = place.cron("metrics")
    assert (with_metrics.returncode, with_metrics.stdout) == (3, "")
    assert with_metrics.stderr.startswith("failed: bad.pdf: ") and with_metrics.stderr.count("\n") == 1
    found = metrics(str(place.path / "lmkindex.prom"))
    assert (found["lmkindex_build_exit_code"], found["lmkindex_index_failed_files"]) == (3, 1)
    named = set(re.findall(r"`(lmkindex_\w+)", PAGE))
    assert named == {name.split(":")[0] for name in found}
    summary = place.cron("cron-summary")
    assert (summary.returncode, summary.stderr) == (0, with_metrics.stderr)
    assert re.fullmatch(r"1 documents indexed: 1 unchanged, 1 failed\. .*\n", summary.stdout)


def test_the_units_of_systemd(place: Place) -> None:
    for kind in ("service", "timer"):
        (place.path / f"lmkindex.{kind}").write_text(place.here(example(kind)), "utf-8")
    if shutil.which("systemd-analyze"):
        command = ["systemd-analyze", "verify", "--man=no", *(str(place.path / f"lmkindex.{kind}") for kind in ("service", "timer"))]
        verified = subprocess.run(command, capture_output=True, text=True, check=False)
        complaints = [line for line in verified.stderr.splitlines() if "lmkindex" in line]
        assert (verified.returncode, complaints) == (0, []), verified.stderr
    unit = configparser.ConfigParser(interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]  # names of units have capitals
    unit.read_string((place.path / "lmkindex.service").read_text("utf-8"))
    service = unit["Service"]
    words = shlex.split(service["ExecStart"])
    done = subprocess.run(words, cwd=service["WorkingDirectory"], env={}, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")
    (event,) = [json.loads(line) for line in done.stderr.splitlines()]
    assert (event["event"], event["fields"]["unchanged"]) == ("build_finished", 1)


def test_the_cronjob(place: Place) -> None:
    yaml: Any = pytest.importorskip("yaml")
    job = yaml.safe_load(place.here(example("cronjob")))
    assert (job["apiVersion"], job["kind"], job["spec"]["concurrencyPolicy"]) == ("batch/v1", "CronJob", "Forbid")
    assert len(job["spec"]["schedule"].split()) == 5
    pod = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert {mount["name"] for mount in container["volumeMounts"]} == {volume["name"] for volume in pod["volumes"]}
    done = subprocess.run([*container["command"], *container["args"]], cwd="/", env={}, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")
    assert [json.loads(line)["event"] for line in done.stderr.splitlines()] == ["build_finished"]


def test_the_git_hook(place: Place) -> None:
    def git(*words: str) -> str:
        environment = os.environ | {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"}
        user = ["-c", "user.name=Tester", "-c", "user.email=tester@example.com", "-c", "commit.gpgsign=false"]
        done = subprocess.run(["git", *user, *words], cwd=place.docs, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout + done.stderr

    git("init", "-q")
    hook = place.docs / ".git" / "hooks" / "post-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(place.here(example("hook")), "utf-8")
    hook.chmod(0o755)
    (place.docs / ".git" / "info").mkdir(exist_ok=True)
    (place.docs / ".git" / "info" / "exclude").write_text(".lmkindex/\n")
    (place.docs / "b.md").write_text("# Empty\n\nNo more than this.\n", "utf-8")
    git("add", ".")
    assert "lmkindex" not in git("commit", "-q", "-m", "First")
    head = read_head(place.docs / ".lmkindex")
    assert head is not None and head.roots == (str(place.docs.resolve()),)  # no more `corpus` alone
    assert num_documents(place.docs / ".lmkindex") == 2
    assert git("status", "--porcelain") == ""
