"""Readers beside a writer: none fails, none sees a half state, during builds, maintenance and pruning (format.md, "How
to read safely")."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
import tiny

from lmkindex.build import build_index
from lmkindex.config import BuildOptions
from lmkindex.encoder import FakeEncoder
from lmkindex.index import maintenance

NUM_READERS, NUM_GENERATIONS, NUM_DOCUMENTS = 4, 20, 6
KEEP_S = 3.0


def write_generation(corpus: Path, generation: int) -> None:
    for number in range(NUM_DOCUMENTS):
        text = tiny.prose(generation * 100 + number, 8).replace(".", f" in generation{generation}.")
        (corpus / f"{number}.txt").write_text(text)


def test_four_readers_beside_a_writer_that_replaces_every_document_20_times(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each build is published once, so all documents of a state are of one generation. Versions are kept for seconds,
    so that pruning happens under the readers' hands; it must not touch what they read."""
    monkeypatch.setattr(maintenance, "KEEP_VERSIONS", timedelta(seconds=KEEP_S))
    corpus, index_path = tmp_path / "corpus", tmp_path / "index"
    corpus.mkdir()
    write_generation(corpus, 0)
    build_index(str(index_path), [corpus], BuildOptions(), encoder=FakeEncoder())
    command = [sys.executable, str(tiny.SUPPORT_PATH / "reader_script.py"), str(index_path), str(KEEP_S)]
    environment = os.environ | {"PYTHONPATH": tiny.PYTHONPATH}
    readers = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) for _ in range(NUM_READERS)]
    try:
        for reader in readers:
            assert reader.stdout is not None and reader.stdout.readline() == "ready\n"
        for generation in range(1, NUM_GENERATIONS + 1):
            write_generation(corpus, generation)
            report = build_index(str(index_path), [corpus], BuildOptions(rebuild=generation % 7 == 0), encoder=FakeEncoder())
            assert report.documents == NUM_DOCUMENTS and report.warnings == ()
        (index_path / "done").touch()
        reports = [json.loads(reader.communicate()[0]) for reader in readers]
    finally:
        for reader in readers:
            if reader.poll() is None:
                reader.kill()
                reader.communicate()
    assert [report["wrong"] for report in reports] == [[]] * NUM_READERS
    assert all(report["states"] >= 1 for report in reports)
    assert len({generation for report in reports for generation in report["generations"]}) > 3
