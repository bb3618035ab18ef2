"""A passage by its place, from Python; what a place may look like is in `test_cli.py`, through the command."""

from __future__ import annotations

from pathlib import Path

import pytest

from lmkindex.build import build_index
from lmkindex.config import BuildOptions, SearchOptions
from lmkindex.encoder import FakeEncoder
from lmkindex.errors import LmkindexError, UsageError
from lmkindex.index import IndexReader
from lmkindex.search import Searcher, read_passage

TEXT = "Bees fly in May. Honey is taken in June."


@pytest.fixture
def reader(tmp_path: Path) -> IndexReader:
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "bees.txt").write_text(TEXT)
    (tmp_path / "corpus" / "bad.pdf").write_bytes(b"no pdf")
    build_index(str(tmp_path / "index"), [tmp_path / "corpus"], BuildOptions(), encoder=FakeEncoder())
    return IndexReader(tmp_path / "index")


def test_a_passage_is_read_by_its_place(reader: IndexReader) -> None:
    passage = read_passage(reader, "bees.txt:5-8", 3)
    assert (passage.before, passage.text, passage.after) == ("es ", "fly", " in")
    assert passage.to_json() == {
        "path": "bees.txt", "root": passage.root, "doc_id": passage.doc_id, "page": None, "start": 5, "end": 8, "text": "fly",
        "before": "es ", "after": " in", "place": "bees.txt:5-8", "heading": [],
    }  # fmt: skip
    assert Path(passage.root, passage.path).read_text()[5:8] == "fly"
    assert read_passage(reader, f"{passage.doc_id}:5-8").text == "fly"
    assert read_passage(reader, "bees.txt").text == TEXT
    assert (passage := read_passage(reader, "bees.txt", 9)).before == passage.after == ""


def test_a_span_and_its_passage_are_the_same_text(reader: IndexReader) -> None:
    (result,) = Searcher(reader, FakeEncoder()).search(["When do bees fly?"], [SearchOptions(num_hits=1)])
    (span,) = result.spans
    assert read_passage(reader, f"{span.path}:{span.start}-{span.end}").text == span.text


def test_what_the_index_does_not_have_is_an_error(reader: IndexReader) -> None:
    with pytest.raises(LmkindexError, match=r"There is no document bee\.txt in the index\. The nearest names are:\n  bees\.txt"):
        read_passage(reader, "bee.txt:0-3")
    with pytest.raises(LmkindexError, match=r"bad\.pdf is not in the index, because it could not be read"):
        read_passage(reader, "bad.pdf")
    with pytest.raises(LmkindexError, match="has the characters 0-40, so there is no 0-41"):
        read_passage(reader, "bees.txt:0-41")
    with pytest.raises(UsageError, match="after the path is not a range"):
        read_passage(reader, "bees.txt:x")
    with pytest.raises(UsageError, match="must not be negative"):
        read_passage(reader, "bees.txt", -1)
