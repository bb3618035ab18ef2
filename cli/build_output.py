"""What `lmkindex build` prints: the report, problems and notes, the forecast."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from lmkindex.display import one_line

from .output import BOLD, Terminal, shown_path

if TYPE_CHECKING:
    from lmkindex.build import BuildReport, Forecast
    from lmkindex.records import JsonObject

FEW_NOTES = 5
SHOWN_KINDS = 6
PLAN_WORDS = {
    "add": "to add",
    "change": "to encode again",
    "rename": "renamed",
    "delete": "to delete",
    "reread": "to read again",
    "fail": "cannot be read",
    "skip": "not followed",
}


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
        tell_notes(terminal, report)
        if report.language_note and report.tokens_encoded:  # not again each night, when there was nothing to do
            terminal.note(report.language_note + ".", "language_note")
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


def tell_notes(terminal: Terminal, report: BuildReport) -> None:
    """Report what was lost or skipped in files that were read: one line in all, or one each with -v. The files are not
    failures, so -q hides them."""
    if report.notes and (terminal.verbose or len(report.notes) <= FEW_NOTES):
        for path, note in report.notes:
            terminal.note(f"note: {one_line(path)}: {one_line(note)}", "file_noted", {"path": path, "note": note})
    elif report.notes:
        num_files = len({path for path, _ in report.notes})
        terminal.note(f"Something was lost or skipped in {num_files:,} files: `lmkindex status` lists it.")


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
    parts += [f"{report.reread:,} of them read again"] if report.reread else []
    parts += [f"{len(report.failed):,} failed"] if report.failed else []
    speed = f" ({report.tokens_per_second:,.0f} tokens/s)" if report.windows_encoded else ""
    expected = f" Forecast: {forecast_of(report.forecast)}." if report.forecast is not None and report.forecast.files else ""
    until = " Time is up: run the same command to continue." if report.incomplete else ""
    until += f" {report.waiting:,} unchanged documents are still to be read again." if report.waiting else ""
    return (
        f"{report.documents:,} documents indexed{empty_of(report)}: {', '.join(parts) or 'no files'}. {report.sentences:,} sentences of "
        f"{report.tokens:,} tokens; {report.bytes_read / 1e6:,.1f} MB read, windows of {report.tokens_encoded:,} tokens encoded "
        f"({report.windows_encoded:,}; they overlap), {report.windows_reused:,} windows reused, in {report.seconds:.1f} s{speed}."
        f"{expected}{until}"
    )


def empty_of(report: BuildReport) -> str:
    """How many documents hold no text, if any."""
    return f" ({report.empty:,} without text)" if report.empty else ""
