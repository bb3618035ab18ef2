"""Frozen options, one record per step, checked on construction. The defaults of a step live in its record.

The records of `synth`, `adapt` and `evaluate` are in those packages. Loading them takes too long for `--help`, so the
defaults that the CLI shows for them are constants here, which the records use as well. The CLI takes its defaults from
here and repeats none, except for off, unlimited or not given (0, False, None); `tests/cli/test_defaults.py` compares
every option with its record. Knows no flags, files or environment: the CLI gathers settings and builds the records.
`docs/log.md` says how each default was chosen.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from .errors import UsageError
from .languages import check_language

DEFAULT_INDEX = ".lmkindex"
DEVICE = re.compile(r"auto|cpu|cuda(:\d+)?")
CHECK_WINDOWS = 32  # windows that `status --check` encodes again
EVALUATE_QUESTIONS = 500  # per set
ADAPT_QUESTIONS = 1000
ADAPT_STEPS = 150
SYNTH_NAME = "synth"
SYNTH_QUESTIONS = 1000
SYNTH_BACKGROUND_WORDS = 200
SYNTH_TEMPERATURE = 0.3


def require(condition: bool, message: str) -> None:
    """Raise `UsageError` with `message` unless `condition` holds."""
    if not condition:
        raise UsageError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileOptions:
    """Which files of the roots are documents, and how much one may cost: `parse_timeout_s` and `max_parse_bytes` (of
    memory) limit a parser in a child process. `max_pages=0` means no limit. With `comments`, the comments of Word
    documents are part of their text; None means as the index was built, else without."""

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    follow_links: bool = False
    max_file_bytes: int = 1 << 28
    max_pages: int = 20_000
    comments: bool | None = None
    parse_timeout_s: float = 120.0
    max_parse_bytes: int = 3 << 29

    def __post_init__(self) -> None:
        require(self.max_file_bytes > 0, "--max-file-size must be positive.")
        require(self.max_pages >= 0, "--max-pages must not be negative.")
        require(self.parse_timeout_s > 0, "--file-timeout must be positive.")
        require(self.max_parse_bytes > 0, "max_parse_bytes must be positive.")


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowOptions:
    """Sizes of a window in tokens; `num_special` tokens are added to each row, `num_landmark` (0 or 1) to each
    sentence."""

    window_tokens: int
    context_tokens: int
    num_special: int
    num_landmark: int

    def __post_init__(self) -> None:
        require(self.num_landmark in (0, 1), "num_landmark must be 0 or 1.")
        require(self.context_tokens >= 0, "context_tokens must not be negative.")
        require(
            self.window_tokens - self.num_special - self.context_tokens >= 8,
            f"A window of {self.window_tokens} tokens leaves no room for a core after {self.context_tokens} tokens of context: "
            "choose a larger window or a smaller context.",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class EncodeOptions:
    """How the forward runs. `threads=0` uses every core; `batch_tokens` is the padded size of a batch (0: suited to the
    device)."""

    device: str = "auto"
    dtype: str = "auto"
    threads: int = 0
    batch_tokens: int = 0

    def __post_init__(self) -> None:
        require(DEVICE.fullmatch(self.device) is not None, f"device must be auto, cpu, cuda or cuda:N, not {self.device!r}.")
        require(self.dtype in ("auto", "float32", "bfloat16"), "dtype must be auto, float32 or bfloat16.")
        require(self.threads >= 0, "threads must not be negative.")
        require(self.batch_tokens >= 0, "batch_tokens must not be negative.")


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildOptions:
    """What a build does and when it stops. `time_budget_s=0` means no limit; `max_delete` is a share of the documents,
    0..1; `language` is `auto` or a code of ISO 639-1, None means as the index was built, else `auto`."""

    encoder: str | None = None
    window_tokens: int | None = None
    context_tokens: int | None = None
    language: str | None = None
    dry_run: bool = False
    rebuild: bool = False
    retry_failed: bool = False
    checksum: bool = False
    wait: bool = False
    time_budget_s: float = 0.0
    max_delete: float = 0.2
    commit_rows: int = 20_000
    commit_s: float = 30.0
    ann_rows: int = 100_000
    files: FileOptions = FileOptions()
    encode: EncodeOptions = EncodeOptions()

    def __post_init__(self) -> None:
        if self.language is not None:
            check_language(self.language)
        require(0.0 <= self.max_delete <= 1.0, "--max-delete is a share of the documents, from 0% to 100%.")
        require(self.time_budget_s >= 0, "--time-budget must not be negative.")
        require(self.commit_rows > 0 and self.commit_s > 0, "commit_rows and commit_s must be positive.")


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchOptions:
    """How spans are selected (design.md, "Spans and scores"). `front=0` is `auto`: a sentence is lifted by the best one
    within `region` sentences. `surround` excludes `front`; `alpha` is the decay of the boundary weight, which scores
    spans of a fixed shape."""

    budget_tokens: int = 512
    front: int = 0
    surround: int = 0
    hybrid: bool = True
    path_glob: str | None = None
    num_hits: int = 50
    alpha: float = 0.08
    region: int = 5

    @property
    def lifts(self) -> bool:
        """Whether sentences near a hit are candidates, and lifted by it."""
        return not self.front and not self.surround

    @property
    def lift_region(self) -> int:
        """How many sentences around a hit are candidates: none for spans of a fixed shape."""
        return self.region if self.lifts else 0

    def __post_init__(self) -> None:
        require(self.budget_tokens > 0, "--budget must be a positive number of tokens.")
        require(self.front >= 0, "--front is `auto` or a positive number of sentences.")
        require(self.surround >= 0, "--surround must not be negative.")
        require(not (self.front and self.surround), "--front and --surround cannot be combined: give only one of them.")
        require(self.num_hits > 0, "The number of hits must be positive.")
        require(0 <= self.alpha < float("inf"), "--alpha must be a number, 0 or more.")
        require(self.region >= 1, "region must be a positive number of sentences.")


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerOptions:
    """How an answer is written. `min_similarity` is the abstention threshold, a cosine; None means the encoder's own,
    from each result."""

    llm: str | None = None
    model: str | None = None
    max_answer_tokens: int = 160
    min_similarity: float | None = None
    temperature: float = 0.0
    timeout_s: float = 300.0

    def __post_init__(self) -> None:
        require(self.max_answer_tokens > 0, "The length of an answer must be positive.")
        require(self.min_similarity is None or -1.0 <= self.min_similarity <= 1.0, "The abstention threshold is a cosine, from -1 to 1.")
        require(self.timeout_s > 0, "The timeout must be positive.")


def index_path(index: str) -> Path:
    """The local directory of an index. Raises `UsageError` for object-store URIs, which have none."""
    require(index != "", "The name of the index is empty: give the directory of an index.")
    require("://" not in index, f"{index} is an object-store URI: only local directories can be indexes so far.")
    return Path(index)
