"""What programs see of a build: Prometheus metrics, JSON logs, exit codes, and silence when there is nothing to report
(scheduled-builds.md, "Prometheus")."""

from __future__ import annotations

import json
import os
import re
import signal
import stat
from pathlib import Path
from typing import Any

import pytest
from cli_place import Run
from prometheus_text import metrics

import lmkindex.build
import lmkindex.build.prepare
from lmkindex.build import BuildReport
from lmkindex.errors import InterruptedBuildError
from lmkindex.index import write_lock
from lmkindex_cli.prometheus import LAST_SUCCESS, Outcome, write_metrics

pytestmark = pytest.mark.usefixtures("clean_place")


@pytest.fixture(autouse=True)
def corpus(clean_place: None, fake: Any) -> Path:
    """One good document."""
    Path("corpus").mkdir()
    Path("corpus/good.txt").write_text("One thing. Another.", "utf-8")
    return Path("corpus")


def test_metrics_of_a_good_build_and_of_one_with_failures(run: Run, corpus: Path) -> None:
    assert run("build", "corpus", "--metrics", "m.prom").code == 0
    found = metrics()
    assert found[LAST_SUCCESS] == found["lmkindex_build_last_run_timestamp_seconds"] > 1.7e9
    assert found["lmkindex_build_documents:added"] == found["lmkindex_index_documents"] == 1
    assert found["lmkindex_index_sentences"] == 2
    assert (found["lmkindex_build_exit_code"], found["lmkindex_build_incomplete"], found["lmkindex_index_failed_files"]) == (0, 0, 0)
    assert found["lmkindex_build_encoded_tokens"] > 0 and found["lmkindex_build_read_bytes"] == 19
    assert found["lmkindex_build_windows:encoded"] == 1 and found["lmkindex_build_duration_seconds"] > 0
    assert stat.S_IMODE(Path("m.prom").stat().st_mode) & 0o044 == 0o044 & ~current_umask()  # the collector runs as another user
    (corpus / "bad.txt").write_bytes(b"\0")
    assert run("build", "--metrics", "m.prom").code == 3
    again = metrics()
    assert again[LAST_SUCCESS] > found[LAST_SUCCESS]  # everything readable is indexed
    assert (again["lmkindex_build_exit_code"], again["lmkindex_index_failed_files"]) == (3, 1)
    assert [path.name for path in Path().iterdir() if "m.prom" in path.name] == ["m.prom"]


def current_umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_metrics_of_builds_that_fail_keep_the_last_success(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("build", "corpus", "--metrics", "m.prom").code == 0
    before = metrics()

    def raising(error: BaseException) -> Any:
        def run_build(*_: object, **__: object) -> None:
            raise error

        return run_build

    errors = [(InterruptedBuildError("Stopped.", signal.SIGTERM), 143), (KeyboardInterrupt(), 130), (OSError(28, "No space left"), 1)]
    for error, code in errors:
        with monkeypatch.context() as patch:
            patch.setattr(lmkindex.build, "run_build", raising(error))
            assert run("build", "--metrics", "m.prom").code == code
        check_failed(before, code)
    with write_lock(Path(".lmkindex"), wait=False):
        assert run("build", "--metrics", "m.prom").code == 75
    check_failed(before, 75)
    assert run("build", "nowhere", "--metrics", "m.prom").code == 2
    check_failed(before, 2)
    assert run("build", "--time-budget", "soon", "--metrics", "m.prom").code == 2
    assert run("build", "--metrics", "m.prom").code == 0
    assert metrics()[LAST_SUCCESS] > before[LAST_SUCCESS]


def check_failed(before: dict[str, float], code: int) -> None:
    found = metrics()
    assert found["lmkindex_build_exit_code"] == code
    assert found[LAST_SUCCESS] == before[LAST_SUCCESS] < found["lmkindex_build_last_run_timestamp_seconds"]
    assert found["lmkindex_index_documents"] == 1  # the index is still there
    assert "lmkindex_build_documents:added" not in found  # there are no counts


def test_metrics_before_any_success_and_out_of_time(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("build", "nowhere", "--metrics", "m.prom").code == 2
    assert metrics()[LAST_SUCCESS] == 0
    monkeypatch.setattr(lmkindex.build.prepare, "SLAB_ROWS", 1)
    for number in range(3):
        Path(f"corpus/d{number}.txt").write_text(f"Document {number}.", "utf-8")
    assert run("build", "corpus", "--time-budget", "0.001s", "--metrics", "m.prom", "--json").json["incomplete"] is True
    found = metrics()
    assert (found[LAST_SUCCESS], found["lmkindex_build_incomplete"], found["lmkindex_build_exit_code"]) == (0, 1, 0)
    Path("m.prom").write_bytes(b"\xff garbage")
    assert run("build", "corpus", "--metrics", "m.prom").code == 0
    assert metrics()[LAST_SUCCESS] > 0


def test_metrics_of_odd_names_dry_runs_and_places_that_cannot_be_written(run: Run) -> None:
    assert run("build", "corpus", "--dry-run", "--metrics", "m.prom").code == 0
    assert not Path("m.prom").exists()
    index = 'in "quotes"\\ and\nlines'
    write_metrics(Path("m.prom"), index, Outcome(report=BuildReport()))
    first = metrics()[LAST_SUCCESS]
    write_metrics(Path("m.prom"), index, Outcome(exit_code=1))
    assert metrics()[LAST_SUCCESS] == first > 0  # the label was found again
    lost = run("build", "corpus", "--metrics", "nowhere/m.prom")
    assert lost.code == 0 and lost.err.startswith("warning: Cannot write the metrics to nowhere/m.prom: No such file")


def logged(result: Any) -> list[Any]:
    events = [json.loads(line) for line in result.err.splitlines()]
    for event in events:
        assert list(event) == ["time", "level", "event", "message", "fields"]
        assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", event["time"])
        assert event["level"] in ("info", "warning", "error")
    return events


def test_json_logs_stand_in_place_of_every_text(run: Run, corpus: Path) -> None:
    (corpus / "b\x1b[31m.txt").write_bytes(b"\0")
    first = run("build", "corpus", "--log-json")
    assert (first.code, first.out) == (3, "")
    started, failed, finished = logged(first)
    assert (started["event"], started["fields"]["files"]) == ("build_started", 2)
    assert (failed["level"], failed["event"]) == ("warning", "file_failed")
    assert list(failed["fields"]) == ["path", "reason", "first", "last", "tries", "root"]
    assert failed["fields"]["path"] == "b\x1b[31m.txt"
    assert (finished["event"], finished["fields"]["added"], finished["fields"]["failed"][0]["tries"]) == ("build_finished", 1, 1)
    assert finished["message"].startswith("1 documents indexed: 1 added, 1 failed.")
    both = run("build", "--log-json", "--json")
    assert both.json["unchanged"] == 1
    assert [event["event"] for event in logged(both)] == ["file_failed", "build_finished"]
    quiet = run("build", "--log-json", "-q", "--ignore-failed")
    assert (quiet.code, quiet.out, quiet.err) == (0, "", "")
    (error,) = logged(run("--log-json", "build", "nowhere"))
    assert (error["level"], error["event"], error["fields"]["exit_code"]) == ("error", "error", 2)
    assert "nowhere does not exist" in error["message"]


def test_nothing_new_is_nothing_said(run: Run, corpus: Path) -> None:
    assert run("build", "corpus", "-q").code == 0
    nothing = run("build", "-q")
    assert (nothing.code, nothing.out, nothing.err) == (0, "", "")
    summary = run("build")
    assert (summary.out.count("\n"), summary.err) == (1, "")  # one line for the mail
    (corpus / "new.txt").write_text("More text here.", "utf-8")
    told = run("build")
    assert (told.out.count("\n"), told.err) == (1, "")
    assert re.search(r"Forecast: 1 files of 0\.0 MB to read, windows of \d+ tokens to encode, \d", told.out)
    (corpus / "new.txt").unlink()
    plan = run("build", "--dry-run").out
    assert "to delete: 1\n  new.txt\n" in plan and plan.endswith("tokens to encode, 0.0 s. Nothing was done.\n")


def test_exit_3_stays_until_failures_are_gone_or_ignored(run: Run, corpus: Path) -> None:
    (corpus / "bad.txt").write_bytes(b"\0")
    for _ in range(2):
        failed = run("build", "corpus", "-q")
        assert (failed.code, failed.out, failed.err) == (3, "", "failed: bad.txt: binary content, not text\n")
    ignored = run("build", "-q", "--ignore-failed")
    assert (ignored.code, ignored.out, ignored.err) == (0, "", "")
    shown = run("build", "--ignore-failed", "--json")
    assert (shown.code, shown.json["failed"][0]["path"]) == (0, "bad.txt")
    assert run("build", "--ignore-failed").err == "failed: bad.txt: binary content, not text\n"
    assert run("build", "-q", "--retry-failed").code == 3
    (failure,) = run("status", "--json").json["failed"]
    assert (failure["path"], failure["reason"], failure["status"], failure["tries"]) == ("bad.txt", "binary content, not text", "failed", 2)
    assert failure["first"] <= failure["last"]
    line = next(line for line in run("status").out.splitlines() if line.startswith("  failed"))
    assert line == f"  failed     bad.txt: binary content, not text (2 times, first {failure['first']}, last {failure['last']})"
    (corpus / "bad.txt").unlink()
    assert run("build", "-q").code == 0


def test_signals_while_logging_are_events(capfd: pytest.CaptureFixture[str]) -> None:
    from lmkindex_cli.build import stopping_on_signals
    from lmkindex_cli.output import Terminal

    with stopping_on_signals(Terminal(index="x", log_json=True)) as stop:
        assert stop() == 0
        os.kill(os.getpid(), signal.SIGTERM)
    (event,) = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    assert (event["event"], event["level"]) == ("stopping", "info")


def test_documents_out_of_reach_are_counted_in_one_line(run: Run, corpus: Path, tmp_path: Path) -> None:
    """A disk that is missing for a night must not flood the mail."""
    for number in range(3):
        (tmp_path / "disk").mkdir(exist_ok=True)
        (tmp_path / "disk" / f"{number}.txt").write_text(f"Text {number}.")
    (corpus / "disk").symlink_to(tmp_path / "disk")
    assert run("build", "corpus", "--follow-links").code == 0
    (tmp_path / "disk").rename(tmp_path / "away")
    for _ in range(2):
        result = run("build", "--follow-links", "-q")
        assert result.code == 3
        assert [line.split(":")[:2] for line in result.err.splitlines()] == [
            ["failed", " disk"],
            ["failed", " 3 documents are out of reach; their last text stays searchable"],
        ]
    assert [event["event"] for event in logged(run("build", "--follow-links", "--log-json", "-q"))] == ["file_failed", "out_of_reach"]
    assert len(run("build", "--follow-links", "-v").err.splitlines()) >= 4
    assert len(run("build", "--follow-links", "--json").json["failed"]) == 4
    (tmp_path / "away").rename(tmp_path / "disk")
    again = run("build", "--follow-links", "-q")
    assert (again.code, again.err) == (0, "")
