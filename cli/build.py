"""`lmkindex build`: bring an index up to date with its directories."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import typer

from lmkindex.config import BuildOptions, EncodeOptions, FileOptions
from lmkindex.display import one_line
from lmkindex.errors import EXIT_FAILED_FILES, EXIT_OK

from . import options as o
from .build_output import print_report, tell_forecast
from .output import Terminal, log_line
from .prometheus import recording

EPILOG = (
    "Example:\n\n\b\n  lmkindex build corpus/ notes/ --exclude '*.log'\n"
    "  lmkindex build --time-budget 50m --json   # from cron: same roots as last time"
)
STOPPING = "Stopping after this batch; finished work will be saved. Press Ctrl-C again to stop immediately."
STOPPED = "Stopped immediately."


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
    language: o.Language = o.BUILD.language,
    comments: o.Comments = o.BUILD.files.comments,
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
            encoder=encoder, window_tokens=window_tokens, context_tokens=context_tokens, language=language,
            dry_run=dry_run, rebuild=rebuild, retry_failed=retry_failed, checksum=checksum, wait=wait,
            time_budget_s=o.parse_duration("--time-budget", time_budget),
            max_delete=o.parse_share("--max-delete", max_delete),
            files=FileOptions(
                include=tuple(include or ()), exclude=tuple(exclude or ()), follow_links=follow_links,
                max_pages=max_pages, comments=comments,
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
