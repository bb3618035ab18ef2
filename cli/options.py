"""The options of all commands, as Typer reads them, and the common options. Defaults come from `lmkindex.config`."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from lmkindex.config import DEFAULT_INDEX, AnswerOptions, BuildOptions, SearchOptions
from lmkindex.errors import UsageError

from .output import ACTIVE, Terminal

BUILD, SEARCH, ANSWER = BuildOptions(), SearchOptions(), AnswerOptions()
SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600}
BYTES = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}
FRONT = str(SEARCH.front or "auto")
TIME_BUDGET = f"{BUILD.time_budget_s:g}"
EVALUATION_FOLDER = "evaluation"  # where `evaluate` writes and `plot` reads
TIMEOUT, MAX_DELETE_SHARE = f"{ANSWER.timeout_s / 60:g}m", f"{BUILD.max_delete:.0%}"
MAX_FILE_SIZE, FILE_TIMEOUT = f"{BUILD.files.max_file_bytes >> 20}M", f"{BUILD.files.parse_timeout_s / 60:g}m"

# Options for a single run: no file or environment variable may set them for all runs.
ONE_TIME = frozenset({"help", "dry_run", "rebuild", "batch", "explain", "check", "sample", "experiment", "log", "adapt"})
# Text options that a file may also give as numbers.
TEXT_OR_NUMBER = frozenset({"time_budget", "max_delete", "max_file_size", "file_timeout", "front", "timeout", "min_similarity"})


def named_path(name: str) -> Path:
    """The path of a directory or file. An empty name, as an unset variable of a script leaves it, is not the current
    directory."""
    if not name:
        raise typer.BadParameter("the name of a directory is empty. To index the current directory, write .")
    return Path(name)


Index = Annotated[str, typer.Option("--index", metavar="URI", help="The index: a directory.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON on stdout.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print only results and problems.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Show library logs, and tracebacks.")]
NoProgress = Annotated[bool, typer.Option("--no-progress", help="Show no progress bar, even on a terminal.")]
LogJson = Annotated[bool, typer.Option("--log-json", help="Write problems and summaries to stderr as JSON Lines, for a log collector.")]

# Encoding
Threads = Annotated[int, typer.Option(min=0, metavar="N", help="Encoder threads; 0 uses every core that this process may use.")]
Device = Annotated[str, typer.Option(metavar="NAME", help="Where the encoder runs: auto, cpu, cuda.")]
Dtype = Annotated[str, typer.Option(metavar="NAME", help="Number format of the encoder: auto, float32, bfloat16.")]

# Building
CorpusPaths = Annotated[
    list[Path] | None,
    typer.Argument(metavar="CORPUS", parser=named_path, help="Directories or files. Default: those of the last build."),
]
EncoderName = Annotated[str | None, typer.Option(metavar="DIR", help="Encoder folder. Default: the index's own, else the built-in one.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would be done, without doing it.")]
Rebuild = Annotated[bool, typer.Option("--rebuild", help="Encode everything again; the old index serves until the new one is complete.")]
Include = Annotated[list[str] | None, typer.Option(metavar="PATTERN", help="Only files that match (as in .gitignore); repeatable.")]
Exclude = Annotated[list[str] | None, typer.Option(metavar="PATTERN", help="Skip files that match (as in .gitignore); repeatable.")]
RetryFailed = Annotated[bool, typer.Option("--retry-failed/--no-retry-failed", help="Retry unchanged files that failed before.")]
IgnoreFailed = Annotated[bool, typer.Option("--ignore-failed/--no-ignore-failed", help="Exit with 0 instead of 3 when files failed.")]
TimeBudget = Annotated[str, typer.Option(metavar="TIME", help="Stop cleanly after this time (e.g. 90s, 50m, 2h); 0 is no limit.")]
Wait = Annotated[bool, typer.Option("--wait/--no-wait", help="Wait while another process writes to the index.")]
MaxDelete = Annotated[
    str,
    typer.Option(
        metavar="SHARE", help="Refuse to delete more than this share of the documents with text (three may always go); 0% allows none."
    ),
]
Metrics = Annotated[Path | None, typer.Option(metavar="FILE", help="Write metrics of the build to this file for Prometheus (*.prom).")]
Checksum = Annotated[bool, typer.Option("--checksum", help="Compare the contents of all files, not only their stat.")]
FollowLinks = Annotated[bool, typer.Option("--follow-links/--no-follow-links", help="Also follow links that lead out of the corpus.")]
MaxFileSize = Annotated[str, typer.Option(metavar="SIZE", help="Larger files fail (e.g. 300K, 64M, 2G).")]
MaxPages = Annotated[int, typer.Option(min=0, metavar="N", help="PDFs with more pages fail; 0 is no limit.")]
FileTimeout = Annotated[str, typer.Option(metavar="TIME", help="PDF, DOCX and HTML files that take longer to parse fail.")]
WindowTokens = Annotated[
    int | None, typer.Option(min=1, metavar="TOKENS", help="Window size, for a new index. Default: the encoder's own.")
]
ContextTokens = Annotated[
    int | None, typer.Option(min=0, metavar="TOKENS", help="Context per window, for a new index. Default: the encoder's own.")
]
Language = Annotated[
    str | None,
    typer.Option(
        metavar="auto|CODE",
        help="Language of all documents, such as de (ISO 639-1), or auto: that of each is detected. "
        "Default: as the index was built, at first auto.",
    ),
]
Comments = Annotated[
    bool | None,
    typer.Option(
        "--comments/--no-comments",
        help="Also read the comments of Word documents. Default: as the index was built, at first not.",
    ),
]

# Searching
QuestionText = Annotated[str | None, typer.Argument(metavar="QUESTION", help="The question; - reads it from stdin.")]
Budget = Annotated[int, typer.Option(min=1, metavar="TOKENS", help="Total tokens of all spans.")]
Front = Annotated[
    str, typer.Option(metavar="auto|K", help="Sentences of a span up to its boundary; auto adds nearby sentences while they help.")
]
Surround = Annotated[int, typer.Option(min=0, metavar="K", help="Sentences on each side of a hit, instead of --front; 0 is off.")]
Alpha = Annotated[
    float,
    typer.Option(
        min=0.0,
        metavar="A",
        help="How fast a sentence's weight drops with its distance from the boundary; with --front K or --surround K and --no-hybrid.",
    ),
]
Hybrid = Annotated[bool, typer.Option("--hybrid/--no-hybrid", help="Also search by words, and combine the scores.")]
PathGlob = Annotated[
    str | None,
    typer.Option("--path", metavar="GLOB", help="Only documents whose path matches: 'reports/*.pdf', or of several roots 'ROOT/*'."),
]
Hits = Annotated[int, typer.Option(min=1, metavar="N", help="Number of landmarks to start from.")]
BatchFile = Annotated[str | None, typer.Option(metavar="FILE.jsonl", help="Many questions, one JSON object per line; - is stdin.")]
Explain = Annotated[bool, typer.Option("--explain", help="Explain why each span starts and ends where it does.")]

# Answering
Llm = Annotated[str | None, typer.Option(metavar="URL|DIR", help="OpenAI-compatible URL or model folder. Default: a small local model.")]
Model = Annotated[str | None, typer.Option(metavar="NAME", help="The model's name at the URL.")]
Strict = Annotated[bool, typer.Option("--strict", help="Exit with 5 when a citation is not verified, or an answer has no citations.")]
MaxAnswerTokens = Annotated[int, typer.Option(min=1, metavar="TOKENS", help="Maximum length of an answer.")]
MinSimilarity = Annotated[
    float | None,
    typer.Option(
        min=-1.0, max=1.0, metavar="COSINE", help="Abstain when the best sentence is less similar. Default: the encoder's own value."
    ),
]
Timeout = Annotated[str, typer.Option(metavar="TIME", help="How long to wait for a URL to answer.")]


def parse_duration(name: str, text: str) -> float:
    """Seconds from `90`, `90s`, `50m` or `1.5h`; `name` is the option, for the error message."""
    match = re.fullmatch(r"(\d+(?:\.\d*)?)\s*([smh]?)", text.strip().lower())
    if match is None:
        raise UsageError(f"{name} {text} is not a duration. Write it like 90s, 50m or 2h.")
    return float(match[1]) * SECONDS[match[2]]


def parse_size(name: str, text: str) -> int:
    """Bytes from `1000`, `300K`, `64M` or `1.5G`, where K is 1024; `name` is the option, for the error message."""
    match = re.fullmatch(r"(\d+(?:\.\d*)?)\s*([kmg]?)(?:i?b)?", text.strip().lower())
    if match is None:
        raise UsageError(f"{name} {text} is not a size. Write it like 300K, 64M or 2G.")
    return int(float(match[1]) * BYTES[match[2]])


def parse_share(name: str, text: str) -> float:
    """A share 0..1 from `20%` or `0.2`."""
    match = re.fullmatch(r"(\d+(?:\.\d*)?)\s*(%?)", text.strip())
    share = float(match[1]) / (100 if match[2] else 1) if match is not None else -1.0
    if not 0 <= share <= 1:
        raise UsageError(f"{name} {text} is not a share between 0 and 1. Write it like 20% or 0.2.")
    return share


def parse_front(text: str) -> int:
    """0 for `auto`, else the number of sentences."""
    if text.strip() == "auto":
        return 0
    if not re.fullmatch(r"[1-9]\d{0,5}", text.strip()):
        raise UsageError(f"--front {text} is neither `auto` nor a positive number of sentences.")
    return int(text)


def make_terminal(
    index: Index = DEFAULT_INDEX,
    as_json: AsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
    no_progress: NoProgress = False,
    log_json: LogJson = False,
) -> Terminal:
    """The common options, as every command has them."""
    return Terminal(index=index, as_json=as_json, quiet=quiet, verbose=verbose, no_progress=no_progress, log_json=log_json)


COMMON = tuple(inspect.signature(make_terminal).parameters)


def command(function: Callable[..., int]) -> Callable[..., None]:
    """Give a command the common options. Typer sees them next to the command's own; the function gets a `Terminal` as
    its first argument and returns its exit code."""
    own = inspect.signature(function).parameters
    common = inspect.signature(make_terminal).parameters
    hints = get_type_hints(make_terminal, include_extras=True) | get_type_hints(function, include_extras=True)
    parameters = [parameter for name, parameter in {**own, **common}.items() if name != "terminal"]

    @wraps(function)
    def run_command(**values: Any) -> None:
        terminal = make_terminal(**{name: values.pop(name) for name in COMMON})
        ACTIVE.set(terminal)
        raise typer.Exit(function(terminal, **values))

    # Typer reads both attributes. Values are passed by name, so the order matters only for the help.
    by_name = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY, annotation=hints[parameter.name]) for parameter in parameters]
    run_command.__signature__ = inspect.Signature(by_name)  # type: ignore[attr-defined]
    run_command.__annotations__ = {parameter.name: hints[parameter.name] for parameter in parameters}
    return run_command
