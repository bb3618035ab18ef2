"""`lmkindex status`: what is indexed, with which encoder, and whether it is intact."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lmkindex.config import CHECK_WINDOWS, index_path
from lmkindex.display import one_line
from lmkindex.errors import EXIT_OK, IndexUnusableError, LmkindexError

from . import options as o
from .output import BOLD, Terminal, shown_path

if TYPE_CHECKING:
    from lmkindex.build import Status
    from lmkindex.records import FileFailure

EPILOG = "Example:\n\n\b\n  lmkindex status\n  lmkindex status --check --json"

Check = Annotated[bool, typer.Option("--check", help="Read and check everything; exit with 6 on damage.")]
SampleSize = Annotated[
    int, typer.Option("--sample", min=0, metavar="WINDOWS", help="With --check: encode this many again; exit with 1 on a difference.")
]
Seed = Annotated[int, typer.Option("--seed", metavar="N", help="With --check: seed for drawing the sample.")]


def register(app: typer.Typer) -> None:
    app.command("status", epilog=EPILOG)(status)


@o.command
def status(terminal: Terminal, check: Check = False, sample: SampleSize = CHECK_WINDOWS, seed: Seed = 0) -> int:
    """Show what is indexed, and with which encoder.

    Also shows which files failed and why, the size on disk, and when the index was last published.
    """
    from lmkindex.build import read_status
    from lmkindex.index import IndexReader

    reader = IndexReader(index_path(terminal.index))
    facts = read_status(reader)
    found = facts.to_json()
    if check:
        from lmkindex.index import check_index

        terminal.status("Reading the whole index")
        found["damage"] = check_index(reader)
        if sample and not found["damage"]:
            found["sample"] = compare_sample(terminal, sample, seed)
    if terminal.as_json:
        terminal.print_json(found)
    else:
        print_status(terminal, facts, found)
    if found.get("damage"):
        return IndexUnusableError.exit_code
    return LmkindexError.exit_code if found.get("sample", {}).get("differences") else EXIT_OK


def compare_sample(terminal: Terminal, num_windows: int, seed: int) -> dict[str, Any]:
    """Encode some windows again and compare; returns what `--json` prints."""
    from lmkindex.build import check_sample
    from lmkindex.config import EncodeOptions
    from lmkindex.search import open_searcher

    terminal.status("Encoding a sample again")
    searcher = open_searcher(terminal.index, EncodeOptions())
    return check_sample(searcher.reader, searcher.encoder, num_windows=num_windows, seed=seed).to_json()


def tried(failure: FileFailure) -> str:
    """When and how often a file failed, in words; empty if an older version wrote the row."""
    if not failure.tries:
        return ""
    if failure.tries == 1:
        return f" (once, {failure.first_failed})"
    return f" ({failure.tries} times, first {failure.first_failed}, last {failure.last_failed})"


def print_status(terminal: Terminal, facts: Status, found: dict[str, Any]) -> None:
    """Print the facts, one per line. Problems go to stderr, as well as into the exit code."""
    encoder, options = found["encoder"], found["options"]
    terminal.print(f"Index {one_line(found['index'])}", BOLD)
    terminal.print(f"  holds      {found['documents']:,} documents, {found['sentences']:,} sentences, {found['tokens']:,} tokens")
    terminal.print(f"  encoder    {one_line(encoder['name'])} ({encoder['fingerprint'][:12]}), {encoder['dim']} dimensions")
    terminal.print(f"  windows    {options['window_tokens']} tokens, {options['context_tokens']} of them context")
    terminal.print(f"  on disk    {found['size_bytes'] / 1e6:,.1f} MB")
    terminal.print(f"  published  {found['published']}")
    if found["tokens_per_second"] is not None:
        terminal.print(f"  rate       {found['tokens_per_second']:,.0f} tokens/s, as last measured by a build")
    if found["languages"]:
        words = (f"{code} {number:,}" for code, number in found["languages"].items())
        terminal.print(f"  languages  {', '.join(words)}")
    if found["furniture"]:
        terminal.print(f"  left out   {found['furniture']:,} lines that are running heads or page numbers")
    if found["waiting"]:
        terminal.print(f"  to do      {found['waiting']:,} documents were read by an older version: the next build reads them again")
    for root in found["roots"]:
        terminal.print(f"  root       {one_line(root)}" + ("" if Path(root).exists() else "  (missing)"))
    for failure in facts.failed:
        kept = " (its last readable text is still searchable)" if failure.status == "stale" else ""
        terminal.print(f"  failed     {shown_path(failure)}: {one_line(failure.reason)}{tried(failure)}{kept}")
    for path, note in facts.notes:
        terminal.print(f"  note       {one_line(path)}: {one_line(note)}")
    for path in facts.empty:
        terminal.print(f"  empty      {one_line(path)}: holds no text")
    for sentence in found.get("damage", []):
        terminal.warn(f"damage: {one_line(sentence)}")
    if found.get("damage"):
        terminal.warn("The documents themselves are untouched: `lmkindex build --rebuild` builds the index again.")
    elif "damage" in found:
        terminal.print("  check      no damage found")
    if "sample" in found:
        print_sample(terminal, found["sample"])


def print_sample(terminal: Terminal, sample: dict[str, Any]) -> None:
    """Print what was encoded again, and what differs."""
    terminal.print(
        f"  sample     {sample['windows']:,} windows of {sample['documents']:,} documents encoded again, {sample['vectors']:,} vectors: "
        f"smallest cosine {sample['smallest_cosine']:.6f}; {sample['offsets']:,} offsets compared"
    )
    for sentence in sample["differences"]:
        terminal.warn(f"differs: {one_line(sentence)}")
    if sample["differences"]:
        terminal.warn(
            "The index differs from what a build would make now. If lmkindex or its libraries were updated, that is why. "
            "`lmkindex build --rebuild` builds it again."
        )
