"""Builds of small corpora, and what an index holds after them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import tiny

from lmkindex.build import BuildReport, build_index
from lmkindex.config import BuildOptions
from lmkindex.encoder import Encoder, FakeEncoder
from lmkindex.index import IndexReader
from lmkindex.records import Float32Array, ManifestEntry
from lmkindex.token_records import Row


class CountingEncoder(FakeEncoder):
    """Counts its batches, and can run a callback at one of them."""

    def __init__(self, at: int = 0, happens: Callable[[], None] = lambda: None) -> None:
        super().__init__()
        self.num_calls = 0
        self.at, self.happens = at, happens

    def encode_rows(self, rows: Sequence[Row]) -> list[Float32Array]:
        self.num_calls += 1
        if self.num_calls == self.at:
            self.happens()
        return super().encode_rows(rows)


def put_three(path: Path, num_sentences: int) -> Path:
    """Write three short documents, one of them in a subdirectory."""
    for number, name in enumerate(["a.txt", "b.md", "sub/c.txt"]):
        put(path / name, tiny.prose(number, num_sentences))
    return path


def put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


def build(index: str, *roots: Path, encoder: Encoder | None = None, stop: Callable[[], int] = lambda: 0, **options: Any) -> BuildReport:
    """Run a build and check what must hold for every report."""
    report = build_index(index, list(roots), BuildOptions(**options), encoder=encoder or FakeEncoder(), stop=stop)
    if not report.incomplete:
        assert report.scanned == report.added + report.changed + report.renamed + report.unchanged + len(report.failed)
    assert report.warnings == ()
    if not options.get("dry_run"):
        check_index(Path(index), report)
    return report


def check_index(path: Path, report: BuildReport) -> None:
    """Check that the head's counts, the tables and the report agree, every landmark is a slice of its document, and pos
    has no gaps."""
    reader = IndexReader(path)
    entries = list(reader.manifest().values())
    assert reader.documents.count_rows() == len(entries)
    assert reader.landmarks.count_rows() == sum(entry.num_sentences for entry in entries) == report.sentences
    assert {name: count for name, count in reader.head.counts.items() if not name.startswith("rate_")} == {
        "documents": report.documents, "sentences": report.sentences, "tokens": report.tokens, "failed": len(report.failed),
    }  # fmt: skip
    for entry in entries:
        text = reader.document_rows([entry.doc_id], ["text"])[entry.doc_id]["text"]
        rows = reader.landmarks_of(entry.doc_id, ["start", "end", "text"]).to_pylist()
        assert [row["pos"] for row in rows] == list(range(entry.num_sentences))
        assert all(text[row["start"] : row["end"]] == row["text"] for row in rows)


def counts(report: BuildReport) -> dict[str, int]:
    """The counts that are not zero."""
    names = ("scanned", "added", "changed", "renamed", "deleted", "unchanged")
    found = {name: getattr(report, name) for name in names} | {"failed": len(report.failed)}
    return {name: count for name, count in found.items() if count}


def manifest(index: str) -> dict[str, ManifestEntry]:
    return {path: entry for (_, path), entry in IndexReader(Path(index)).manifest().items()}


def texts(index: str) -> dict[str, str]:
    """The canonical text of each document."""
    reader = IndexReader(Path(index))
    rows = reader.document_rows([entry.doc_id for entry in reader.manifest().values()], ["path", "text"])
    return {row["path"]: row["text"] for row in rows.values()}


def same_as_clean_build(index: str, *roots: Path, encoder: Encoder | None = None, **options: Any) -> bool:
    clean = f"{index}-clean-{len(list(Path(index).parent.iterdir()))}"
    build(clean, *roots, encoder=encoder, **options)
    return tiny.all_landmarks(Path(index)) == tiny.all_landmarks(Path(clean))


class StoppedError(Exception):
    """Raised by tests inside an encoder to simulate a crash."""
