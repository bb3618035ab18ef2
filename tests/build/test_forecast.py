"""A forecast is close to what the build then does, and its rate was measured."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import tiny
from building import build, put

from lmkindex.build import Forecast, build_index
from lmkindex.build.forecast import MIN_RATE_TOKENS, RATE_MS, RATE_TOKENS, measured, rate_of, seconds_for
from lmkindex.config import BuildOptions
from lmkindex.encoder import FakeEncoder
from lmkindex.index import read_head
from lmkindex.index.head import write_head
from lmkindex.records import Head

OTHER_ENCODER = FakeEncoder(dim=16)


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    for number in range(8):
        put(tmp_path / "corpus" / f"d{number}.txt", tiny.prose(number, 60))
    return tmp_path / "corpus"


def head_of(index: str) -> Head:
    head = read_head(Path(index))
    assert head is not None
    return head


def size_of(*paths: Path) -> int:
    return sum(path.stat().st_size for path in paths)


def test_a_dry_run_counts_exactly_and_takes_the_measured_rate(corpus: Path, index: str) -> None:
    first = build(index, corpus, dry_run=True).forecast
    assert first is not None and first.seconds is None  # no build has measured a rate yet
    report = build(index, corpus)
    assert (first.files, first.size_bytes, first.tokens) == (8, size_of(*corpus.iterdir()), report.tokens_encoded)
    assert (report.bytes_read, report.tokens_encoded > report.tokens) == (first.size_bytes, True)  # context is encoded more than once
    rate = rate_of(head_of(index).counts)
    assert rate is not None
    put(corpus / "new.txt", tiny.prose(50, 60))
    put(corpus / "d1.txt", (corpus / "d1.txt").read_text("utf-8") + "One more sentence at the end.")
    (corpus / "d2.txt").rename(corpus / "moved.txt")
    dry = build(index, corpus, dry_run=True)
    assert dry.forecast is not None
    assert dry.forecast.seconds == pytest.approx(dry.forecast.tokens / rate)
    again = build(index, corpus)
    read = size_of(corpus / "new.txt", corpus / "d1.txt", corpus / "moved.txt")
    assert (dry.forecast.files, dry.forecast.size_bytes, dry.forecast.tokens) == (3, read, again.tokens_encoded)
    assert dry.to_json()["forecast"] == {
        "files": 3, "bytes": read, "tokens": again.tokens_encoded, "seconds": round(dry.forecast.tokens / rate, 1),
    }  # fmt: skip


def test_a_build_foretells_itself_without_reading(corpus: Path, index: str) -> None:
    told: list[Forecast] = []
    report = build_index(index, [corpus], BuildOptions(), encoder=FakeEncoder(), on_forecast=told.append)
    assert told == [report.forecast] and told[0].seconds is None
    assert told[0].tokens == pytest.approx(report.tokens_encoded, rel=0.5)  # by the bytes alone
    for number in range(8):
        put(corpus / f"new{number}.txt", tiny.prose(100 + number, 60))
    (corpus / "d2.txt").rename(corpus / "moved.txt")
    shutil.copy(corpus / "d3.txt", corpus / "copy.txt")
    report = build_index(index, [corpus], BuildOptions(), encoder=FakeEncoder(), on_forecast=told.append)
    assert told[1].files == 10 and told[1].size_bytes == report.bytes_read
    assert told[1].tokens == pytest.approx(report.tokens_encoded, rel=0.2)  # by what such files held; renames and copies need nothing
    assert told[1].seconds is not None
    report = build_index(index, [corpus], BuildOptions(), encoder=FakeEncoder(), on_forecast=told.append)
    assert len(told) == 2 and report.forecast == Forecast(files=0, size_bytes=0, tokens=0, seconds=0.0)
    report = build(index, corpus, rebuild=True)
    assert report.forecast is not None and report.forecast.tokens == pytest.approx(report.tokens_encoded, rel=0.5)  # the bytes again


def test_the_rate_is_of_the_last_build_that_tells_one(corpus: Path, index: str) -> None:
    build(index, corpus)
    counts = head_of(index).counts
    assert counts[RATE_TOKENS] < MIN_RATE_TOKENS and counts[RATE_MS] >= 1  # the first build always measures
    put(corpus / "small.txt", "A few words.")
    build(index, corpus)
    (corpus / "small.txt").unlink()
    build(index, corpus)
    assert {name: head_of(index).counts[name] for name in (RATE_TOKENS, RATE_MS)} == {name: counts[name] for name in (RATE_TOKENS, RATE_MS)}
    put(corpus / "large.txt", tiny.prose(9, 1000))
    report = build(index, corpus)
    assert head_of(index).counts[RATE_TOKENS] == report.tokens_encoded >= MIN_RATE_TOKENS
    rate = rate_of(head_of(index).counts)
    assert rate is not None and rate >= report.tokens_per_second > 0  # that rate is of the whole build, including maintenance
    forecast = build(index, corpus, encoder=OTHER_ENCODER, rebuild=True, dry_run=True).forecast
    assert forecast is not None and forecast.seconds is None  # another encoder has another speed


def test_rates() -> None:
    assert rate_of({"documents": 3}) is None
    assert seconds_for(100, measured({"documents": 3}, 50, 0.5)) == 1.0
    known = {RATE_TOKENS: 50_000, RATE_MS: 1000}
    assert measured(known, 0, 9.0) == measured(known, MIN_RATE_TOKENS - 1, 9.0) == known
    assert measured(known, MIN_RATE_TOKENS, 9.0) == {RATE_TOKENS: MIN_RATE_TOKENS, RATE_MS: 9000}
    assert measured({}, 1, 0.0) == {RATE_TOKENS: 1, RATE_MS: 1}


def test_a_head_without_a_rate_and_one_with_it_are_both_format_2(corpus: Path, index: str) -> None:
    """An older index can be read; an older reader finds the fields that it knows, and no others at the top level."""
    build(index, corpus)
    head = head_of(index)
    assert head.format == 2
    assert set(Head.__slots__) == {"tables", "encoder", "options", "roots", "counts", "languages", "format"}
    assert all(isinstance(count, int) for count in head.counts.values())
    write_head(Path(index), replace(head, counts={name: count for name, count in head.counts.items() if not name.startswith("rate_")}))
    os.utime(corpus / "d1.txt", (1, 1))
    assert build(index, corpus).unchanged == 8
    assert rate_of(head_of(index).counts) is None
