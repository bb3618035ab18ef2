"""What scenarios share: a folder, a language model, and the index of examples/corpus, which is built once."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import corpora
from llm_server import LlmServer
from place import FLOAT32, JsonObject, Place


@dataclass(slots=True)
class Stage:
    """Gives each scenario its place. `example_records` are the records of the commands that built the index of the
    examples."""

    folder: Path
    server: LlmServer
    example_records: list[JsonObject] = field(default_factory=list)

    def place(self, name: str) -> Place:
        return Place(self.folder / name, self.server)

    def examples(self) -> Place:
        """A place with the index of examples/corpus, to be read only. A slow machine may commit it in several parts: no
        versions."""
        place = Place(self.folder / "examples", self.server, hides_versions=True)
        if not self.example_records:
            build_examples(place)
            self.example_records = place.records
            place = Place(self.folder / "examples", self.server, hides_versions=True)
        return place


def build_examples(place: Place) -> None:
    """Dry run, build, no change, status."""
    corpora.copy_examples(place.folder / "corpus")
    place.build("corpus", "--dry-run")
    place.build("corpus")
    place.note_head()
    place.build("corpus")
    place.build("--dry-run")
    place.run("build", *FLOAT32)
    place.run("build", "corpus", "--dry-run", *FLOAT32)
    place.run("status", "--json")
    place.run("status")
    place.run("status", "--check", "--json")
    place.run("status", "--check", "--sample", "4", "--seed", "3")
