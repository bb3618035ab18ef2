"""`lmkindex build --metrics FILE`: what the last build did, for Prometheus through the textfile collector of its
node_exporter.

Turns a build's report or failure into a file that is always complete: it is written under a temporary name and renamed.
All values are gauges of the last build and of the index. When a build fails, the time of the last success is carried
over from the old file.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lmkindex.errors import EXIT_FAILED_FILES, EXIT_OK, LmkindexError

from .output import Terminal

if TYPE_CHECKING:
    from lmkindex.build import BuildReport

LAST_SUCCESS = "lmkindex_build_last_success_timestamp_seconds"
CHANGES = ("added", "changed", "renamed", "deleted", "unchanged")
LabelledValue = tuple[str, float]  # labels besides the index, as in `change="added"`; value
Family = tuple[str, str, list[LabelledValue]]  # name, help, samples


@dataclass(slots=True)
class Outcome:
    """How a build ended. The command fills it in."""

    report: BuildReport | None = None
    exit_code: int = EXIT_OK
    seconds: float = 0.0

    def end(self, report: BuildReport, exit_code: int) -> int:
        """Record that the build finished; returns the exit code."""
        self.report, self.exit_code = report, exit_code
        return exit_code

    @property
    def is_success(self) -> bool:
        """Whether the index equals the directories, except for unreadable files, which have a metric of their own."""
        is_whole = self.report is not None and not self.report.incomplete
        return is_whole and self.exit_code in (EXIT_OK, EXIT_FAILED_FILES)


@contextmanager
def recording(terminal: Terminal, path: Path | None) -> Iterator[Outcome]:
    """Write the metrics of the block however it ends. Failing to write the file is only a warning and does not change
    the outcome."""
    outcome, started = Outcome(), time.monotonic()
    try:
        yield outcome
    except BaseException as error:
        outcome.exit_code = code_of(error)
        raise
    finally:
        outcome.seconds = time.monotonic() - started
        if path is not None:
            try:
                write_metrics(path, terminal.index, outcome)
            except OSError as error:
                terminal.warn(f"warning: Cannot write the metrics to {path}: {error.strerror}.", "metrics_failed")


def code_of(error: BaseException) -> int:
    """The exit code that an error will lead to."""
    from .main import EXIT_INTERRUPTED, exit_code_of

    if isinstance(error, SystemExit):
        return error.code if isinstance(error.code, int) else 1
    return exit_code_of(error) if isinstance(error, Exception) else EXIT_INTERRUPTED


def write_metrics(path: Path, index: str, outcome: Outcome) -> None:
    """Replace the file. Its temporary name does not end in .prom, so that no collector reads it. Raises `OSError`."""
    from lmkindex.storage import write_whole

    path.parent.stat()  # a missing directory is a mistake in the path, so do not create it
    label = f'index="{escape(str(Path(index).absolute()))}"'
    families = [*build_families(outcome, last_success(path, label)), *index_families(Path(index))]
    write_whole(path, "".join(family_text(family, label) for family in families).encode("utf-8", "backslashreplace"))


def build_families(outcome: Outcome, last_success_s: float) -> list[Family]:
    """What the build did. Counts exist only if the build finished."""
    now, report = time.time(), outcome.report
    families: list[Family] = [
        ("lmkindex_build_last_run_timestamp_seconds", "When a build last ended, successful or not.", [("", now)]),
        (LAST_SUCCESS, "When the index last matched its directories; 0 is never.", [("", now if outcome.is_success else last_success_s)]),
        ("lmkindex_build_exit_code", "The exit code of the last build; see docs/reference/cli.md.", [("", outcome.exit_code)]),
        ("lmkindex_build_duration_seconds", "How long the last build took.", [("", outcome.seconds)]),
    ]
    if report is None:
        return families
    changes = [(f'change="{name}"', float(getattr(report, name))) for name in CHANGES]
    windows = [('source="encoded"', float(report.windows_encoded)), ('source="reused"', float(report.windows_reused))]
    return [
        *families,
        ("lmkindex_build_incomplete", "1 when the last build ran out of its time budget.", [("", report.incomplete)]),
        ("lmkindex_build_documents", "Documents of the last build by what happened to them.", changes),
        ("lmkindex_build_windows", "Windows of the last build by where their vectors came from.", windows),
        ("lmkindex_build_encoded_tokens", "Tokens that the last build encoded.", [("", report.tokens_encoded)]),
        ("lmkindex_build_read_bytes", "Bytes of the files that the last build read.", [("", report.bytes_read)]),
    ]


def index_families(index_path: Path) -> list[Family]:
    """What the index holds, according to its head; empty if there is no index."""
    from lmkindex.index import read_head

    head = None
    with suppress(LmkindexError, OSError):
        head = read_head(index_path)
    if head is None:
        return []
    helps = {
        "documents": "Documents in the index, including those without text.",
        "sentences": "Sentences that are searchable.",
        "tokens": "Tokens of the documents.",
        "failed": "Files that cannot be read.",
    }
    names = {"failed": "failed_files"}
    return [(f"lmkindex_index_{names.get(name, name)}", text, [("", head.counts.get(name, 0))]) for name, text in helps.items()]


def family_text(family: Family, label: str) -> str:
    """A family in Prometheus's text format."""
    name, text, samples = family
    lines = [f"{name}{{{','.join(filter(None, (label, labels)))}}} {float(value)!r}\n" for labels, value in samples]
    return f"# HELP {name} {text}\n# TYPE {name} gauge\n{''.join(lines)}"


def last_success(path: Path, label: str) -> float:
    """The time of the last success that the file records for this index; 0.0 if there is none."""
    with suppress(OSError, ValueError):
        found = re.search(rf"^{LAST_SUCCESS}{{{re.escape(label)}}} (\S+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
        return float(found[1]) if found is not None else 0.0
    return 0.0


def escape(value: str) -> str:
    """A label's value in Prometheus's text format."""
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
