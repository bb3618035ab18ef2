"""The memory of a run: `settings.json`, the settings it was started with, and `attempts.jsonl`, one line for each pick
that was asked about.

A chunk of attempts is appended in one write and synced before the next one is requested, so that a kill loses only one
chunk. Anything after the last complete line in sequence is cut off, because its write was interrupted. Attempts with
different settings are never mixed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from hashlib import blake2b
from pathlib import Path

from ..datasets import SourceDocument
from ..encoder import Encoder
from ..errors import UsageError
from ..records import JsonObject
from ..storage import write_json
from .question_prompt import prompt_version
from .records import Attempt, Pick, SynthOptions

FORMAT = 1
SETTINGS_FILE, ATTEMPTS_FILE = "settings.json", "attempts.jsonl"
MODEL = "language model"


class Journal:
    """The attempts of one output folder. Invariant: attempt i is about pick i, and memory and disk hold the same
    attempts."""

    def __init__(self, folder: Path, settings: JsonObject) -> None:
        self.folder = folder
        self._settings_path = folder / SETTINGS_FILE
        self._attempts_path = folder / ATTEMPTS_FILE
        folder.mkdir(parents=True, exist_ok=True)
        self.settings = self._check(settings)
        self.attempts = self._load()

    @property
    def model(self) -> str:
        """The model that wrote the attempts; "" before the first attempt."""
        return str(self.settings.get(MODEL, ""))

    def set_model(self, name: str) -> None:
        """Record the model that was opened. Raises `UsageError` if another model wrote the existing attempts."""
        self.settings = self._check(self.settings | {MODEL: name})
        if not self._settings_path.is_file() or read_settings(self._settings_path) != self.settings:
            write_json(self._settings_path, self.settings)

    def append(self, attempts: Sequence[Attempt]) -> None:
        """Write a chunk to disk."""
        lines = "".join(json.dumps(write_attempt(attempt)) + "\n" for attempt in attempts)
        with self._attempts_path.open("ab") as file:
            file.write(lines.encode("ascii"))
            file.flush()
            os.fsync(file.fileno())
        self.attempts.extend(attempts)

    def _check(self, settings: JsonObject) -> JsonObject:
        """These settings merged with those on disk. Raises `UsageError` if a value differs."""
        if not self._settings_path.is_file():
            return settings
        stored = read_settings(self._settings_path)
        for name in sorted({*stored, *settings} - {MODEL} | ({MODEL} & set(stored) & set(settings))):
            if stored.get(name) != settings.get(name):
                raise UsageError(
                    f"{self.folder} was started with another {name} ({stored.get(name)}, now {settings.get(name)}). "
                    "Use another --output, or delete the folder to start again."
                )
        return stored | settings

    def _load(self) -> list[Attempt]:
        """The complete attempts on disk; anything after them is cut off."""
        try:
            data = self._attempts_path.read_bytes()
        except FileNotFoundError:
            return []
        attempts: list[Attempt] = []
        num_bytes = 0
        for line in data.splitlines(keepends=True):
            attempt = read_attempt(line)
            if attempt is None or attempt.pick.number != len(attempts):
                break
            attempts.append(attempt)
            num_bytes += len(line)
        if num_bytes < len(data):
            os.truncate(self._attempts_path, num_bytes)
        return attempts


def make_settings(documents: Sequence[SourceDocument], encoder: Encoder, options: SynthOptions) -> JsonObject:
    """Everything that an attempt and its verdict depend on, except the model, under names that the user knows. The
    numbers of questions and tries are not included, because they may be raised."""
    corpus = blake2b(digest_size=8)
    for document in documents:
        for text in (document.doc_id, document.text):
            data = text.encode("utf-8", "surrogatepass")
            corpus.update(len(data).to_bytes(8, "little") + data)
    return {
        "format": FORMAT,
        "--name": options.name,
        "--seed": options.seed,
        "--background": options.background_words,
        "temperature": options.temperature,
        "set of filters": asdict(options.filters),
        "--llm or --model": options.generator,
        "--encoder": f"{encoder.folder.name} {encoder.folder.fingerprint}",
        "prompt version": prompt_version(),
        "corpus": f"{len(documents)} documents {corpus.hexdigest()}",
    }


def read_settings(path: Path) -> JsonObject:
    try:
        settings = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be read ({error}). Use another --output, or delete the folder to start again.") from error
    return settings if isinstance(settings, dict) else {}


def write_attempt(attempt: Attempt) -> JsonObject:
    pick = attempt.pick
    return {
        "number": pick.number,
        "doc": pick.doc_id,
        "span": [pick.start, pick.end],
        "background": [pick.background_start, pick.background_end],
        "sentences": pick.num_sentences,
        "verdict": attempt.verdict,
        "rank": attempt.rank,
        "question": attempt.question,
        "answer": attempt.answer,
        "text": attempt.text,
    }


def read_attempt(line: bytes) -> Attempt | None:
    """The attempt in a line; None if the line is incomplete."""
    try:
        fields = json.loads(line)
        pick = Pick(
            number=fields["number"],
            doc_id=fields["doc"],
            start=fields["span"][0],
            end=fields["span"][1],
            background_start=fields["background"][0],
            background_end=fields["background"][1],
            num_sentences=fields["sentences"],
        )
        names = ("text", "question", "answer", "verdict", "rank")
        return Attempt(pick=pick, **{name: fields[name] for name in names}) if line.endswith(b"\n") else None
    except (ValueError, KeyError, TypeError, IndexError):
        return None
