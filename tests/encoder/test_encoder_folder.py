"""Encoder folders: anything missing or wrong gives a clear message; the fingerprint covers exactly what affects the
vectors."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import tiny

from lmkindex.encoder import find_encoder, read_folder
from lmkindex.encoder.folder import BASE_NAME, DEFAULT_NAME, base_folder, fingerprint_of
from lmkindex.errors import EncoderError
from lmkindex.storage import publish_folder


@pytest.fixture
def folder_path(tmp_path: Path, bert_folder: Callable[[str], Path]) -> Path:
    """A copy that a test may break."""
    return Path(shutil.copytree(bert_folder("lmk"), tmp_path / "encoder"))


def change_settings(path: Path, **settings: object) -> None:
    settings_path = path / "landmark.json"
    settings_path.write_text(json.dumps(json.loads(settings_path.read_text("utf-8")) | settings), "utf-8")


def test_a_folder_is_read_whole(folder_path: Path) -> None:
    folder = read_folder(folder_path)
    assert (folder.name, folder.pooling, folder.has_landmarks, folder.dim) == ("encoder", "lmk", True, tiny.DIM)
    assert (folder.lmk_token, folder.lmk_id, folder.window_tokens, folder.context_tokens) == ("[LMK]", tiny.LMK_ID, 64, 16)
    change_settings(folder_path, name="given name", pooling="sentence_mean")
    assert read_folder(folder_path).name == "given name"
    assert not read_folder(folder_path).has_landmarks


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json", "config.json", "landmark.json"])
def test_the_fingerprint_covers_weights_tokenizer_and_settings(folder_path: Path, name: str) -> None:
    before = fingerprint_of(folder_path)
    data = bytearray((folder_path / name).read_bytes())
    data[len(data) // 2] ^= 1
    (folder_path / name).write_bytes(data)
    assert fingerprint_of(folder_path) != before


def test_the_fingerprint_does_not_depend_on_the_languages(folder_path: Path) -> None:
    """An index of before stays valid when the languages are named: the settings count as lmkindex writes them."""
    settings = json.loads((folder_path / "landmark.json").read_text("utf-8"))
    (folder_path / "landmark.json").write_text(json.dumps(settings, indent=2) + "\n", "utf-8")
    assert read_folder(folder_path).languages == ()
    before = fingerprint_of(folder_path)
    for languages in (["en"], ["de", "en"], []):
        (folder_path / "landmark.json").write_text(json.dumps({"languages": languages} | settings), "utf-8")
        assert fingerprint_of(folder_path) == before
        assert read_folder(folder_path).languages == tuple(languages)
    change_settings(folder_path, context_tokens=8)
    assert fingerprint_of(folder_path) != before


def test_the_shipped_encoder_knows_english_and_has_the_fingerprint_that_indexes_store() -> None:
    assert find_encoder(None).languages == ("en",)
    assert find_encoder(None).fingerprint == "ce7351bfd04d5b972d5e02156aa773bf"


def test_the_fingerprint_does_not_depend_on_place_name_or_notes(folder_path: Path, tmp_path: Path) -> None:
    before = fingerprint_of(folder_path)
    assert len(before) == 32
    (folder_path / "README.md").write_text("Notes.")
    moved_path = folder_path.rename(tmp_path / "other name")
    assert fingerprint_of(moved_path) == before


def test_what_is_missing_is_named(folder_path: Path, tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match="no encoder folder at"):
        read_folder(tmp_path / "nothing")
    (folder_path / "landmark.json").unlink()
    with pytest.raises(EncoderError, match=r"has no landmark\.json"):
        find_encoder(str(folder_path))
    (folder_path / "config.json").unlink()
    with pytest.raises(EncoderError, match=r"has no config\.json"):
        read_folder(folder_path)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"format": 2}, "format 2"),
        ({"pooling": "cls"}, "pooling must be one of"),
        ({"dim": 64}, "says dim 64, but the model has 32"),
        ({"window_tokens": tiny.NUM_POSITIONS + 1}, "512 positions"),
        ({"window_tokens": "wide"}, r"landmark\.json"),
        ({"lmk_id": None}, r"landmark\.json"),
        ({"languages": "en"}, "languages must be a list"),
        ({"languages": ["english"]}, "languages must be a list"),
        ({"languages": [["en"]]}, "languages must be a list"),
    ],
)
def test_settings_that_cannot_be_honoured(folder_path: Path, settings: dict[str, object], message: str) -> None:
    change_settings(folder_path, **settings)
    with pytest.raises(EncoderError, match=message):
        read_folder(folder_path)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "\x00"])
@pytest.mark.parametrize("name", ["config.json", "landmark.json"])
def test_broken_json(folder_path: Path, name: str, text: str) -> None:
    (folder_path / name).write_text(text)
    with pytest.raises(EncoderError, match="invalid JSON"):
        read_folder(folder_path)


def test_publishing_replaces_a_folder_and_gives_way_to_another_process(tmp_path: Path) -> None:
    target = tmp_path / "folder"
    for content in ("first", "second"):
        staging = tmp_path / "staging"
        staging.mkdir()
        (staging / "file").write_text(content)
        assert publish_folder(staging, target) == target
        assert (target / "file").read_text() == content
        assert [path.name for path in tmp_path.iterdir()] == ["folder"]


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LMKINDEX_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.mark.real
def test_the_base_folder_is_prepared_once_and_again_when_damaged(own_cache: Path) -> None:
    path = base_folder()
    assert path == own_cache / "encoders" / BASE_NAME
    before = fingerprint_of(path)
    inode = path.stat().st_ino
    assert base_folder().stat().st_ino == inode  # used as it is
    for name, damage in (("model.safetensors", b"cut"), ("landmark.json", b"{}"), ("tokenizer.json", None)):
        if damage is None:
            (path / name).unlink()
        else:
            (path / name).write_bytes(damage)
        assert fingerprint_of(base_folder()) == before
    assert [entry.name for entry in path.parent.iterdir()] == [BASE_NAME]  # no files are left behind


@pytest.mark.real
def test_the_base_and_the_default_encoder_by_name(own_cache: Path) -> None:
    base = find_encoder(BASE_NAME)
    assert (base.name, base.dim, base.pooling, base.base_license) == (BASE_NAME, 384, "sentence_mean", "Apache-2.0")
    assert base.path.is_relative_to(own_cache)
    default = find_encoder(DEFAULT_NAME)
    assert default == find_encoder(None)
    assert (default.name, default.dim, default.pooling, default.base_license) == (DEFAULT_NAME, 384, "lmk_mean", "Apache-2.0")
    assert default.training["recipe"] == DEFAULT_NAME and default.window_tokens == 512
    assert (default.path / "README.md").is_file()
