"""What a Windows editor writes: each file of ours with a byte order mark reads as without, and UTF-16 is named."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from lmkindex.datasets.json_lines import read_lines
from lmkindex.encoder.folder import read_object
from lmkindex.errors import EncoderError, LmkindexError, UsageError
from lmkindex.train.recipe import read_recipe
from lmkindex.user_text import read_user_text
from lmkindex_cli.question_file import read_batch
from lmkindex_cli.settings import read_settings_file

QUESTION = '{"question": "Wo ist das Café?"}\r\n'


def saved(path: Path, text: str, encoding: str) -> Path:
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_files_of_ours_with_and_without_the_mark(tmp_path: Path, encoding: str) -> None:
    assert read_user_text(saved(tmp_path / "a", "café\r\n", encoding)) == "café\r\n"
    assert [line.question for line in read_batch(str(saved(tmp_path / "q.jsonl", QUESTION * 2, encoding)))] == ["Wo ist das Café?"] * 2
    assert [line.fields for line in read_lines(saved(tmp_path / "d.jsonl", QUESTION, encoding))] == [json.loads(QUESTION)]
    (tmp_path / "d.jsonl.gz").write_bytes(gzip.compress(QUESTION.encode(encoding)))
    assert [line.fields for line in read_lines(tmp_path / "d.jsonl.gz")] == [json.loads(QUESTION)]
    assert read_object(saved(tmp_path / "landmark.json", '{"name": "é"}', encoding)) == {"name": "é"}
    assert (
        read_settings_file(saved(tmp_path / "s.toml", "# é\n", encoding), {"": {}, "build": {}, "search": {}, "ask": {}}).path.name
        == "s.toml"
    )
    with pytest.raises(UsageError, match="nonsense"):  # it was read: the mark is no part of the first key
        read_recipe(saved(tmp_path / "r.toml", "nonsense = 1\n", encoding))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf16_is_named(tmp_path: Path, encoding: str) -> None:
    readers: list[tuple[str, str, Callable[[Path], object]]] = [
        ("s.toml", "budget = 1\n", lambda path: read_settings_file(path, {"": {}})),
        ("r.toml", "name = 'a'\n", read_recipe),
        ("q.jsonl", QUESTION, lambda path: read_batch(str(path))),
        ("d.jsonl", QUESTION, lambda path: list(read_lines(path))),
    ]
    for name, text, reader in readers:
        with pytest.raises(UsageError, match=rf"{name} cannot be read: it is saved as UTF-16\. Save it as UTF-8\."):
            reader(saved(tmp_path / name, text, encoding))
    with pytest.raises(EncoderError, match="saved as UTF-16"):
        read_object(saved(tmp_path / "landmark.json", "{}", encoding))


def test_another_encoding_is_named_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(LmkindexError, match=r"s\.toml cannot be read: it is not UTF-8 \(line 2\)\. Save it as UTF-8\."):
        read_settings_file(saved(tmp_path / "s.toml", "# a\n# é\n", "latin-1"), {"": {}})
