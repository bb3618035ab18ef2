"""Fuzz the readers: `python benchmarks/fuzz_readers.py --minutes 10 --format pdf --seed 1 --keep DIR` (`just fuzz`).

Mutates the sample corpus, generated files and files known to be hard, and reads each as a build does: foreign parsers
in the child process, the others in this one. A file may be read or fail with a reason; anything else is a finding: an
exception, wrong offsets, more time than the limit, over 2 GB of memory in either process. A child that hit its limits
or crashed was contained, as it should be, and is counted separately. The files of both kinds are kept in DIR. Prints
the seed; the same seed gives the same files. Exits with 1 if there is a finding.
"""

from __future__ import annotations

import argparse
import random
import resource
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain, pairwise
from pathlib import Path

from lmkindex.config import FileOptions
from lmkindex.errors import ReadError
from lmkindex.files import hash_bytes
from lmkindex.read import Parser
from lmkindex.read.formats import FOREIGN_SUFFIXES
from lmkindex.read.parsed import ParsedFile
from lmkindex.sentences import split_sentences

sys.path.append(str(Path(__file__).resolve().parents[1] / "tests" / "support"))  # the hard files belong to the tests
import hard_files

EXAMPLES = Path(__file__).resolve().parents[1] / "examples" / "corpus"
FORMATS = {"text": ".txt", "markdown": ".md", "rst": ".rst", "html": ".html", "pdf": ".pdf", "docx": ".docx"}
MAX_BYTES = 2 << 30
TIMEOUT_S = 60.0  # for files of a few megabytes at most, on a busy machine
GRACE_S = 10.0
SMALL_SCALE = 0.05
MAX_MUTANT_BYTES = 4 << 20
LIMITS = ("took longer", "the parser crashed", "gave no answer", "more memory")  # reasons that say nothing about the file


@dataclass(slots=True)
class Tally:
    """Counts and maxima of one run."""

    reasons: Counter[str] = field(default_factory=Counter)
    num_read: int = 0
    num_findings: int = 0
    num_contained: int = 0
    slowest_s: float = 0.0
    most_bytes: int = 0


def mutants(suffix: str, generator: random.Random, hard: dict[str, bytes]) -> Iterator[tuple[str, bytes]]:
    """Endless (label, bytes): mutations of hard files and of the samples."""
    samples = [path.read_bytes() for path in sorted(EXAMPLES.rglob(f"*{suffix}"))]
    pool = samples * 10 + [data for data in hard.values() if len(data) <= MAX_MUTANT_BYTES]
    while True:
        data = generator.choice(pool)
        is_archive = suffix == ".docx"
        data = hard_files.change_archive(data, generator, mutate) if is_archive else mutate(data, generator, generator.choice(pool))
        yield "mutant", data[:MAX_MUTANT_BYTES]


def huge_files(suffix: str) -> dict[str, bytes]:
    """Files that are too slow for the tests."""
    return {"200 MB of one character": b"a" * 200_000_000} if suffix == ".txt" else {}


def mutate(data: bytes, generator: random.Random, other: bytes = b"") -> bytes:
    """Some random changes: bits, bytes, stretches deleted, doubled, repeated or moved, tokens inserted, two files
    spliced."""
    changed = bytearray(data)
    for _ in range(1 << generator.randrange(6)):
        size = len(changed)
        at = generator.randrange(size + 1)
        length = min(size - at, generator.choice((1, 2, 8, 64, 1024)))
        kind = generator.randrange(8)
        if kind == 0 and at < size:
            changed[at] ^= 1 << generator.randrange(8)
        elif kind == 1:
            changed[at : at + length] = generator.randbytes(length)
        elif kind == 2:
            del changed[at : at + length]
        elif kind == 3:
            changed[at:at] = changed[at : at + length] * generator.choice((1, 2, 50))
        elif kind in (4, 5):
            changed[at:at] = generator.choice(hard_files.TOKENS) * generator.choice((1, 1, 3, 500))
        elif kind == 6 and other:
            start = generator.randrange(len(other))
            changed[at : at + length] = other[start : start + generator.choice((16, 256, 4096))]
        else:
            number = str(generator.choice((0, -1, 1, 255, 65536, 2**31 - 1, 2**31, 2**63, 10**30))).encode()
            changed[at : at + length] = number
    return bytes(changed)


def check(parsed: ParsedFile) -> None:
    """What must hold for every text read: pages tile it, sentences lie in it in order."""
    text, pages = parsed.text, parsed.pages
    bounds = [(page.start, page.end) for page in pages]
    assert all(end == start for (_, end), (start, _) in pairwise(bounds)), "pages do not tile"
    assert not bounds or (bounds[0][0], bounds[-1][1]) == (0, len(text)), "pages do not cover the text"
    sentences = split_sentences(text)
    starts, ends = sentences.starts_S.tolist(), sentences.ends_S.tolist()
    assert all(start < end for start, end in zip(starts, ends, strict=True)), "an empty sentence"
    assert all(end <= start for end, start in zip(ends, starts[1:], strict=False)), "sentences overlap"
    assert not ends or ends[-1] <= len(text), "a sentence beyond the text"


def memory_bytes(who: int) -> int:
    return resource.getrusage(who).ru_maxrss * 1024


def try_file(parser: Parser, data: bytes, suffix: str, tally: Tally) -> tuple[str, str]:
    """Read one file. Returns the finding and the limit that the child hit ("" for none)."""
    started = time.monotonic()
    finding = limit = ""
    try:
        check(parser.parse(data, suffix))
        tally.num_read += 1
    except ReadError as error:
        reason = str(error)
        tally.reasons[reason.split(":", maxsplit=1)[0].split(" (", maxsplit=1)[0][:60]] += 1
        limit = reason if any(words in reason for words in LIMITS) else ""
    except Exception as error:  # exactly what the fuzzer looks for
        finding = f"{type(error).__name__}: {error}"
    seconds = time.monotonic() - started
    tally.slowest_s = max(tally.slowest_s, seconds)
    if seconds > TIMEOUT_S + GRACE_S:
        finding = finding or f"took {seconds:.0f} s"
    most_bytes = max(memory_bytes(resource.RUSAGE_SELF), memory_bytes(resource.RUSAGE_CHILDREN))
    if most_bytes > MAX_BYTES >= tally.most_bytes:
        finding = finding or f"took {most_bytes / 1e6:,.0f} MB of memory"
    tally.most_bytes = max(tally.most_bytes, most_bytes)
    return finding, limit


def fuzz(suffix: str, seconds: float, seed: int, keep_path: Path, say: Callable[[str], None] = print) -> Tally:
    """Fuzz one format for `seconds`; files behind a finding or a hit limit are written to `keep_path`."""
    tally = Tally()
    started = time.monotonic()
    with Parser(FileOptions(parse_timeout_s=TIMEOUT_S)) as parser:
        if suffix in FOREIGN_SUFFIXES:
            try_file(parser, b"<p>Imports.</p>", suffix, Tally())  # imports take seconds on the first file
        hard = hard_files.of_suffix(suffix) | huge_files(suffix)
        small = hard_files.of_suffix(suffix, SMALL_SCALE)  # many mutants find more than large ones
        for number, (label, data) in enumerate(chain(hard.items(), mutants(suffix, random.Random(seed), small))):
            if time.monotonic() - started > seconds:
                break
            finding, limit = try_file(parser, data, suffix, tally)
            if finding or limit:
                tally.num_findings += bool(finding)
                tally.num_contained += not finding
                keep_path.mkdir(parents=True, exist_ok=True)
                path = keep_path / f"{hash_bytes(data)[:12]}{suffix}"
                path.write_bytes(data)
                kind = f"FINDING: {finding}" if finding else f"contained: {limit}"
                say(f"  {kind} (seed {seed}, file {number}, {label}, {len(data):,} bytes, kept as {path})")
    tally.most_bytes = max(tally.most_bytes, memory_bytes(resource.RUSAGE_CHILDREN))
    summarize(suffix, seed, time.monotonic() - started, tally, say)
    return tally


def summarize(suffix: str, seed: int, seconds: float, tally: Tally, say: Callable[[str], None]) -> None:
    """One line, then the reasons."""
    say(
        f"{suffix}: seed {seed}, {seconds:.0f} s: {tally.num_read + tally.reasons.total():,} files, {tally.num_read:,} read, "
        f"{tally.num_findings} findings, {tally.num_contained} contained, slowest {tally.slowest_s:.1f} s, "
        f"at most {tally.most_bytes / 1e6:,.0f} MB in one process"
    )
    for reason, count in tally.reasons.most_common():
        say(f"  {count:7,}  {reason}")


def main() -> int:
    """Fuzz the requested formats."""
    arguments = argparse.ArgumentParser(description="Fuzz the readers of lmkindex.")
    arguments.add_argument("--minutes", type=float, default=10.0, help="minutes per format")
    arguments.add_argument("--format", choices=sorted(FORMATS), action="append", help="repeatable; default: all formats")
    arguments.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    arguments.add_argument("--keep", type=Path, default=Path("fuzz-findings"), help="where to keep files with findings")
    given = arguments.parse_args()
    num_findings = 0
    for name in given.format or FORMATS:
        print(f"{name}: {given.minutes:g} minutes with seed {given.seed}", flush=True)
        num_findings += fuzz(FORMATS[name], 60 * given.minutes, given.seed, given.keep).num_findings
    return 1 if num_findings else 0


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    sys.exit(main())
