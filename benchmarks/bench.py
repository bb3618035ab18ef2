"""The build's speed as a ratio to the bare forward, where its time goes, peak memory, and query latency: `just bench
[CORPUS]`.

Each round runs, one after the other in this process: the bare forward of the same encoder on the corpus's own tokens,
in full rows without padding, at the best of several batch shapes; then a whole build into a fresh index. Both see the
same machine, so the ratio of a round is meaningful. With --log, the medians over rounds go into `docs/log.md`, before
older entries. Without CORPUS, the sample corpus is copied several times, each copy with different numbers in its text,
so that no window repeats.
"""

from __future__ import annotations

import argparse
import datetime
import resource
import shutil
import statistics
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch

from lmkindex.build import BuildReport, build_index
from lmkindex.build.prepare import tokenize
from lmkindex.config import BuildOptions, EncodeOptions, FileOptions, SearchOptions
from lmkindex.encoder import TransformerEncoder, find_encoder, load_encoder
from lmkindex.encoder.transformer import num_cores, use_one_thread
from lmkindex.evaluate.driver import add_to_log
from lmkindex.files import walk_files
from lmkindex.index import IndexReader
from lmkindex.read import read_document
from lmkindex.records import Int32Array
from lmkindex.search import Searcher
from lmkindex.sentences import split_sentences

EXAMPLES = Path(__file__).parents[1] / "examples" / "corpus"
LOG = Path(__file__).parents[1] / "docs" / "log.md"
SHAPES = ((4, 256), (8, 256), (16, 256), (32, 256), (8, 128), (16, 128))  # rows, tokens
PROBE_TOKENS = 40_000  # tokens per bare forward, first for each shape, then for the best
NUM_QUERIES = 100


def generated_corpus(target: Path, num_copies: int) -> Path:
    """The sample corpus's text, repeated with different digits."""
    entries = walk_files([EXAMPLES], FileOptions()).entries
    texts = [(entry.path, read_document(entry, FileOptions()).text) for entry in entries]
    for copy in range(num_copies):
        for path, text in texts:
            shifted = text.translate({ord(str(digit)): str((digit + copy) % 10) for digit in range(10)})
            file = target / f"{copy}" / f"{path}.txt"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(f"Copy {copy}.\n\n{shifted}", encoding="utf-8")
    return target


def corpus_ids(encoder: TransformerEncoder, corpus: Path) -> Int32Array:
    """The corpus's own tokens, end to end."""
    entries = walk_files([corpus], FileOptions()).entries
    parts = []
    for entry in entries:
        text = read_document(entry, FileOptions()).text
        parts.append(tokenize(encoder, text, split_sentences(text)).ids_T)
    return np.concatenate(parts)


def bare_forward(encoder: TransformerEncoder, ids_T: Int32Array, bare: tuple[tuple[int, int], int], num_tokens: int) -> float:
    """Tokens per second of the forward alone: full rows, no padding, no pooling. `bare` is the shape and the number of
    workers (0: torch's threads)."""
    (rows, columns), workers = bare
    num_batches = max(2 * max(workers, 1), min(num_tokens, len(ids_T)) // (rows * columns))
    ids_NBL = torch.from_numpy(np.resize(ids_T, (num_batches, rows, columns)).astype(np.int64))
    mask_BL = torch.ones(rows, columns, dtype=torch.int64)

    def forward(ids_BL: torch.Tensor) -> None:
        with torch.inference_mode():
            encoder.model(input_ids=ids_BL.to(encoder.device), attention_mask=mask_BL.to(encoder.device))

    if not workers:
        torch.set_num_threads(num_cores())
        forward(ids_NBL[0])  # a new shape is compiled once
        started = time.perf_counter()
        for ids_BL in ids_NBL:
            forward(ids_BL)
        return int(ids_NBL.numel()) / (time.perf_counter() - started)
    with ThreadPoolExecutor(workers, initializer=use_one_thread, initargs=("cpu",)) as pool:
        list(pool.map(forward, ids_NBL[:workers]))
        started = time.perf_counter()
        list(pool.map(forward, ids_NBL))
        return int(ids_NBL.numel()) / (time.perf_counter() - started)


def best_shape(encoder: TransformerEncoder, ids_T: Int32Array) -> tuple[tuple[int, int], int]:
    """The shape and the threading with which the bare forward is fastest here."""
    cores = num_cores()
    choices = [(shape, workers) for shape in SHAPES for workers in ((0, cores) if encoder.device == "cpu" else (0,))]
    return max(choices, key=lambda choice: bare_forward(encoder, ids_T, choice, PROBE_TOKENS))


def latencies(index: Path, encoder: TransformerEncoder, *, hybrid: bool) -> list[float]:
    """Milliseconds of single queries, each a sentence of the corpus."""
    searcher = Searcher(IndexReader(index), encoder)
    rows = searcher.reader.landmarks.search().select(["text"]).limit(NUM_QUERIES * 20).to_arrow()["text"].to_pylist()
    seconds = []
    for question in rows[:: max(1, len(rows) // NUM_QUERIES)]:
        started = time.perf_counter()
        searcher.search([question], [SearchOptions(hybrid=hybrid)])
        seconds.append((time.perf_counter() - started) * 1000)
    return seconds[5:]  # the first ones warm the caches


def run_round(
    encoder: TransformerEncoder, corpus: Path, index: Path, ids_T: Int32Array, bare: tuple[tuple[int, int], int]
) -> tuple[BuildReport, float]:
    """One round: bare forward, build, bare forward again. Returns the build's report and the mean of the bare
    speeds."""
    shutil.rmtree(index, ignore_errors=True)
    before = bare_forward(encoder, ids_T, bare, 4 * PROBE_TOKENS)
    report = build_index(str(index), [corpus], BuildOptions(), encoder=encoder)
    after = bare_forward(encoder, ids_T, bare, 4 * PROBE_TOKENS)
    return report, (before + after) / 2


def describe(report: BuildReport, bare_tokens_per_second: float) -> str:
    """A round in one line."""
    steps = report.seconds_by_step or {}
    shares = ", ".join(f"{name} {seconds / report.seconds:.1%}" for name, seconds in steps.items())
    ratio = report.tokens_per_second / bare_tokens_per_second
    return (
        f"build {report.tokens_per_second:,.0f} tokens/s in {report.seconds:.1f} s, bare forward {bare_tokens_per_second:,.0f}: "
        f"ratio {ratio:.2f}; busy share of wall time (stages overlap): {shares}"
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the rounds and print; with --log, add the medians to docs/log.md, before older entries."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", nargs="?", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--log", action="store_true", help="add the result to docs/log.md, before older entries")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        corpus = options.corpus or generated_corpus(Path(folder) / "corpus", num_copies=8)
        encoder = load_encoder(find_encoder(None), EncodeOptions())
        ids_T = corpus_ids(encoder, corpus)
        bare = best_shape(encoder, ids_T)
        print(
            f"corpus {corpus.name}: {len(ids_T):,} tokens; bare forward at its best: rows x tokens {bare[0]}, threads {bare[1] or 'torch'}"
        )
        rounds = []
        for _ in range(options.rounds):
            rounds.append(run_round(encoder, corpus, Path(folder) / "index", ids_T, bare))
            print(describe(*rounds[-1]), flush=True)
        times = {hybrid: latencies(Path(folder) / "index", encoder, hybrid=hybrid) for hybrid in (False, True)}
        summary = summarize(corpus.name, len(ids_T), rounds, times)
    print(summary)
    if options.log:
        add_to_log(LOG, f"### {datetime.date.today()} `just bench`\n\n{summary}")


def summarize(name: str, num_tokens: int, rounds: Sequence[tuple[BuildReport, float]], times: dict[bool, list[float]]) -> str:
    """Medians over the rounds, in words."""
    ratio = statistics.median(report.tokens_per_second / bare for report, bare in rounds)
    speed = statistics.median(report.tokens_per_second for report, _ in rounds)
    report = rounds[-1][0]
    peak_gib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20)
    shares = ", ".join(f"{step} {seconds / report.seconds:.1%}" for step, seconds in (report.seconds_by_step or {}).items())
    latency = "; ".join(
        f"{'hybrid' if hybrid else 'dense'} p50 {np.percentile(values, 50):.0f} ms, p95 {np.percentile(values, 95):.0f} ms"
        for hybrid, values in times.items()
    )
    return (
        f"Corpus {name}, {num_tokens:,} tokens, {report.documents} documents, {report.sentences:,} landmarks, {len(rounds)} rounds. "
        f"Build / bare forward: median ratio {ratio:.2f} ({speed:,.0f} tokens/s). Busy share of wall time: {shares}. "
        f"Peak memory {peak_gib:.2f} GiB. Query latency in an open process: {latency}."
    )


if __name__ == "__main__":
    main()
