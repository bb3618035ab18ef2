"""Estimate how much a build has to do before it reads anything, and how fast builds are: sizes and rates in, a
`Forecast` out.

Each build that encodes enough tokens measures its rate and publishes it in the head's counts; older versions ignore it.
Knows no files and no models. `--dry-run` (report.py) counts exactly; this module estimates from what the index holds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath

from ..errors import Cause
from ..records import ManifestEntry
from .records import Forecast, Job, Task

RATE_TOKENS, RATE_MS = "rate_tokens", "rate_ms"  # keys in the head's counts: tokens that a build encoded, and the milliseconds it took
MIN_RATE_TOKENS = 10_000  # fewer say little about a long build
BYTES_PER_TOKEN = 4.5  # for English text, used when the index has no documents to measure


def expect(job: Job) -> Forecast:
    """What a build will read and encode, estimated from sizes. How much of a changed file changed is unknown, so all of
    it counts. A file that failed last time and is tried again is expected to fail again, so it adds nothing to
    encode."""
    tasks = job.tasks
    tokens_per_byte = densities(job.manifest.values()) if tasks else {}  # a nightly build mostly finds nothing to do
    sizes = job.head.options
    overhead = sizes["window_tokens"] / (sizes["window_tokens"] - sizes["context_tokens"])  # context is encoded again with each window
    num_tokens = sum(expected_tokens(job, task, tokens_per_byte) for task in tasks)
    tokens = int(num_tokens * overhead)
    size_bytes = sum(task.entry.size_bytes for task in tasks)
    return Forecast(files=len(tasks), size_bytes=size_bytes, tokens=tokens, seconds=seconds_for(tokens, job.head.counts))


def expected_tokens(job: Job, task: Task, tokens_per_byte: Mapping[str, float]) -> float:
    """Tokens of one file that must be encoded, not counting context."""
    entry = task.entry
    known = task.kept.document or job.manifest.get(entry.name)
    if known is not None and (task.kept.failure is not None or fails_again(known, task)):
        return known.num_tokens if job.options.rebuild else 0  # a rebuild encodes the text that was kept
    if not job.options.rebuild and (task.kind in ("renamed", "reread") or entry.name in job.plan.twins):
        return 0  # of a text that is read again, most windows are found to be the same
    return entry.size_bytes * tokens_per_byte.get(kind_of(entry.path), 1 / BYTES_PER_TOKEN)


def fails_again(known: ManifestEntry, task: Task) -> bool:
    """Whether a file is unchanged since it could not be read. Permission to read it may have been granted since, which
    changes neither size nor time."""
    is_same = (known.size_bytes, known.mtime_ns) == (task.entry.size_bytes, task.entry.mtime_ns)
    return is_same and not known.has_own_text and known.cause is not Cause.NO_PERMISSION


def densities(entries: Iterable[ManifestEntry]) -> dict[str, float]:
    """Tokens per byte of the indexed documents, by kind of file."""
    tokens: Counter[str] = Counter()
    size_bytes: Counter[str] = Counter()
    for entry in entries:
        if entry.status == "indexed":
            tokens[kind_of(entry.path)] += entry.num_tokens
            size_bytes[kind_of(entry.path)] += entry.size_bytes
    return {kind: tokens[kind] / size_bytes[kind] for kind in tokens if size_bytes[kind]}


def kind_of(path: str) -> str:
    return PurePosixPath(path).suffix.lower()


def rate_of(counts: Mapping[str, int]) -> float | None:
    """Tokens per second of the last build that measured it; None before the first."""
    return counts[RATE_TOKENS] * 1000 / counts[RATE_MS] if counts.get(RATE_MS) and counts.get(RATE_TOKENS) else None


def seconds_for(tokens: int, counts: Mapping[str, int]) -> float | None:
    """How long `tokens` take to encode at the measured rate."""
    rate = rate_of(counts)
    return tokens / rate if rate is not None else None


def measured(counts: Mapping[str, int], tokens: int, seconds: float) -> dict[str, int]:
    """The counts of a head, with the rate of the build that is ending if it is more reliable than the known rate."""
    if tokens >= MIN_RATE_TOKENS or (tokens and rate_of(counts) is None):
        return dict(counts) | {RATE_TOKENS: tokens, RATE_MS: max(1, round(seconds * 1000))}
    return dict(counts)
