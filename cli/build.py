"""`lmkindex build`: bring an index up to date with its directories."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

import typer

from lmkindex.config import BuildOptions, EncodeOptions, FileOptions
from lmkindex.display import one_line
from lmkindex.errors import EXIT_FAILED_FILES, EXIT_OK

from . import options as o
from .output import BOLD, Terminal, log_line, shown_path
from .prometheus import recording

if TYPE_CHECKING:
    from lmkindex.build import BuildReport, Forecast
    from lmkindex.records import JsonObject

EPILOG = (
    "Example:\n\n\b\n  lmkindex build corpus/ notes/ --exclude '*.log'\n"
    "  lmkindex build --time-budget 50m --json   # from cron: same roots as last time"
)
STOPPING = "Stopping after this batch; finished work will be saved. Press Ctrl-C again to stop immediately."
SHOWN_KINDS = 6
STOPPED = "Stopped immediately."
PLAN_WORDS = {
    "add": "to add",
    "change": "to encode again",
    "rename": "renamed",
    "delete": "to delete",
    "fail": "cannot be read",
    "skip": "not followed",
}


def register(app: typer.Typer) -> None:
    app.command("build", epilog=EPILOG)(build)


@o.command
def build(  # over 40 lines: one parameter a flag
    terminal: Terminal,
    corpus: o.CorpusPaths = None,
    encoder: o.EncoderName = o.BUILD.encoder,
    dry_run: o.DryRun = o.BUILD.dry_run,
    rebuild: o.Rebuild = o.BUILD.rebuild,
    include: o.Include = None,
    exclude: o.Exclude = None,
    retry_failed: o.RetryFailed = o.BUILD.retry_failed,
    ignore_failed: o.IgnoreFailed = False,
    time_budget: o.TimeBudget = o.TIME_BUDGET,
    wait: o.Wait = o.BUILD.wait,
    max_delete: o.MaxDelete = o.MAX_DELETE_SHARE,
    metrics: o.Metrics = None,
    checksum: o.Checksum = o.BUILD.checksum,
    follow_links: o.FollowLinks = o.BUILD.files.follow_links,
    max_file_size: o.MaxFileSize = o.MAX_FILE_SIZE,
    max_pages: o.MaxPages = o.BUILD.files.max_pages,
    file_timeout: o.FileTimeout = o.FILE_TIMEOUT,
    window_tokens: o.WindowTokens = o.BUILD.window_tokens,
    context_tokens: o.ContextTokens = o.BUILD.context_tokens,
    threads: o.Threads = o.BUILD.encode.threads,
    device: o.Device = o.BUILD.encode.device,
    dtype: o.Dtype = o.BUILD.encode.dtype,
) -> int:
    """Bring the index up to date with its directories.

    Documents are added, replaced, renamed and deleted; unchanged files are not read again. A build that was stopped
    continues where it left off.
    """
    with recording(terminal, None if dry_run else metrics) as outcome:
        build_options = BuildOptions(
            encoder=encoder, window_tokens=window_tokens, context_tokens=context_tokens, dry_run=dry_run, rebuild=rebuild,
            retry_failed=retry_failed, checksum=checksum, wait=wait,
            time_budget_s=o.parse_duration("--time-budget", time_budget),
            max_delete=o.parse_share("--max-delete", max_delete),
            files=FileOptions(
                include=tuple(include or ()), exclude=tuple(exclude or ()), follow_links=follow_links, max_pages=max_pages,
                max_file_bytes=o.parse_size("--max-file-size", max_file_size),
                parse_timeout_s=o.parse_duration("--file-timeout", file_timeout),
            ),
            encode=EncodeOptions(device=device, dtype=dtype, threads=threads),
        )  # fmt: skip
        from lmkindex.build import run_build

        with stopping_on_signals(terminal) as stop, bytes_progress(terminal) as on_progress:
            report = run_build(
                terminal.index, corpus or [], build_options,
                stop=stop, on_progress=on_progress, on_forecast=lambda forecast: tell_forecast(terminal, forecast),
            )  # fmt: skip
        code = outcome.end(report, EXIT_FAILED_FILES if report.failed and not ignore_failed else EXIT_OK)
        print_report(terminal, report, ignore_failed=ignore_failed)
    return code


@contextmanager
def bytes_progress(terminal: Terminal) -> Iterator[Callable[[str, int, int], None]]:
    """A progress bar for the build."""
    with terminal.progress() as bar:
        task = bar.add_task("", total=None)
        yield lambda path, done, total: bar.update(task, completed=done, total=total, description=one_line(path))


@contextmanager
def stopping_on_signals(terminal: Terminal) -> Iterator[Callable[[], int]]:
    """Remember SIGINT and SIGTERM for the build, which checks between batches. A second signal stops it immediately. So
    does a signal before the build's first check (while it waits for the lock, or plans), because there is nothing to
    save yet."""
    came: list[int] = []
    is_asking = False

    def remember(number: int, frame: FrameType | None) -> None:
        is_last = bool(came) or not is_asking
        if not terminal.quiet:  # os.write, because a handler may interrupt a print
            text = STOPPED if is_last else STOPPING
            os.write(2, (log_line("info", "stopping", text) if terminal.log_json else f"\n{text}\n").encode())
        if is_last:
            raise KeyboardInterrupt if number == signal.SIGINT else SystemExit(128 + number)
        came.append(number)

    def stop() -> int:
        nonlocal is_asking
        is_asking = True
        return came[0] if came else 0

    # Ignored signals stay ignored: a shell ignores SIGINT for the commands it runs in the background.
    heard = [number for number in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(number) is not signal.SIG_IGN]
    old = {number: signal.signal(number, remember) for number in heard}
    try:
        yield stop
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)


def print_report(terminal: Terminal, report: BuildReport, *, ignore_failed: bool) -> None:
    """Print JSON or a one-line summary, and problems to stderr. Ignored failures are not problems: -q hides them."""
    if terminal.as_json:
        terminal.print_json(report.to_json())
    if terminal.log_json or not terminal.as_json:
        tell_failed(report, terminal.verbose, terminal.note if ignore_failed else terminal.warn)
        for warning in report.warnings:
            terminal.warn(f"warning: {warning}")
        tell_skipped(terminal, report)
        tell_passed_over(terminal, report)
    if report.plan is not None and not terminal.as_json:
        print_plan(terminal, report)
    elif terminal.log_json:
        terminal.note(summary_of(report), "build_finished", report.to_json())
    elif not (terminal.quiet or terminal.as_json):
        terminal.print(summary_of(report))


def tell_failed(report: BuildReport, verbose: bool, tell: Callable[[str, str, JsonObject], None]) -> None:
    """Report each failure. A directory that cannot be entered counts as one; the documents below it are counted, or
    named with -v."""
    num_hidden = 0
    for failure in report.failed:
        if failure.is_out_of_reach and not verbose:
            num_hidden += 1
        else:
            tell(f"failed: {shown_path(failure)}: {one_line(failure.reason)}", "file_failed", failure.to_json())
    if num_hidden:
        text = f"failed: {num_hidden:,} documents are out of reach; their last text stays searchable: `lmkindex status` lists them."
        tell(text, "out_of_reach", {"documents": num_hidden})


def tell_skipped(terminal: Terminal, report: BuildReport) -> None:
    """Report links that were not followed: one line in all, or one each with -v. They are not problems, so -q hides
    them."""
    if report.skipped and terminal.verbose:
        for link in report.skipped:
            fields = {"path": link.path, "reason": link.reason, "root": link.root}
            terminal.note(f"skipped: {shown_path(link)}: {one_line(link.reason)}", "file_skipped", fields)
    elif report.skipped:
        terminal.note(f"{len(report.skipped):,} links lead out of the corpus and were skipped: -v lists them, --follow-links follows them.")


def tell_passed_over(terminal: Terminal, report: BuildReport) -> None:
    """Report how many files are of kinds that are not read: the most frequent, or all with -v."""
    parts = [f"{count:,} {one_line(suffix) or 'without a suffix'}" for suffix, count in report.passed_over.items()]
    if parts and not terminal.verbose:
        num_others = sum([*report.passed_over.values()][SHOWN_KINDS:])
        parts[SHOWN_KINDS:] = [f"{num_others:,} of other kinds (-v lists them)"] if num_others else []
    if parts:
        text = f"Passed over by kind: {', '.join(parts)}. Text files of such kinds are read if --include names them."
        terminal.note(text, "files_passed_over", {"passed_over": dict(report.passed_over)})


def tell_forecast(terminal: Terminal, forecast: Forecast) -> None:
    """Report what the build is about to do, to a user at a terminal and to a log collector."""
    if terminal.log_json:
        terminal.note(f"To do: {forecast_of(forecast)}.", "build_started", forecast.to_json())
    else:
        terminal.status(f"To do: {forecast_of(forecast)}.")


def forecast_of(forecast: Forecast) -> str:
    """A forecast in words, in the summary's units. A changed file counts in full: what is new in it is unknown until it
    is read."""
    time_text = "time unknown until a build has measured a rate" if forecast.seconds is None else duration_of(forecast.seconds)
    size_text = f"{forecast.size_bytes / 1e6:,.1f} MB"
    return f"{forecast.files:,} files of {size_text} to read, windows of {forecast.tokens:,} tokens to encode, {time_text}"


def duration_of(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 120 else f"{seconds / 60:,.0f} minutes"


def print_plan(terminal: Terminal, report: BuildReport) -> None:
    """The forecast of --dry-run."""
    for name, paths in (report.plan or {}).items():
        if paths:
            terminal.print(f"{PLAN_WORDS.get(name, name)}: {len(paths):,}", BOLD)
        for path in paths:
            terminal.print(f"  {one_line(path)}")
    terminal.print(
        f"The index would hold {report.documents:,} documents{empty_of(report)} with {report.sentences:,} sentences of {report.tokens:,} "
        f"tokens; {report.windows_encoded:,} windows to encode, {report.unchanged:,} documents unchanged."
    )
    if report.forecast is not None:
        terminal.print(f"To do: {forecast_of(report.forecast)}. Nothing was done.")


def summary_of(report: BuildReport) -> str:
    """One line: what was done, what the index holds, and how fast it went."""
    names = ("added", "changed", "renamed", "deleted", "unchanged")
    parts = [f"{getattr(report, name):,} {name}" for name in names if getattr(report, name)]
    parts += [f"{len(report.failed):,} failed"] if report.failed else []
    speed = f" ({report.tokens_per_second:,.0f} tokens/s)" if report.windows_encoded else ""
    expected = f" Forecast: {forecast_of(report.forecast)}." if report.forecast is not None and report.forecast.files else ""
    until = " Time is up: run the same command to continue." if report.incomplete else ""
    return (
        f"{report.documents:,} documents indexed{empty_of(report)}: {', '.join(parts) or 'no files'}. {report.sentences:,} sentences of "
        f"{report.tokens:,} tokens; {report.bytes_read / 1e6:,.1f} MB read, windows of {report.tokens_encoded:,} tokens encoded "
        f"({report.windows_encoded:,}; they overlap), {report.windows_reused:,} windows reused, in {report.seconds:.1f} s{speed}."
        f"{expected}{until}"
    )


def empty_of(report: BuildReport) -> str:
    """How many documents hold no text, if any."""
    return f" ({report.empty:,} without text)" if report.empty else ""
