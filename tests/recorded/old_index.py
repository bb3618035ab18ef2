"""The index in `index/`, which commit b14df75 built over `corpus/`: where it stands, how it was made, and the commands
that must work on it.

`python tests/recorded/old_index.py` made it, once. It is not made again: it is there to show that indexes of b14df75
still work. Document ids hash the absolute path, so the corpus stands at a fixed place while it is used, one process at
a time.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import corpora
from filelock import FileLock
from llm_server import LlmServer
from place import JsonObject, Place

HERE = Path(__file__).parent
INDEX_PATH = HERE / "index"
CORPUS_PATH = HERE / "corpus"
EXPECTED_PATH = HERE / "old_index.json"
FIXED_PATH = Path("/tmp/lmkindex-recorded-b14df75")
FILES = ("harbour.txt", "lighthouse.md", "mill.html", "inner/orchard.txt")
SIZES = ("--window-tokens", "96", "--context-tokens", "16")
QUESTIONS = ("Who painted the lantern in the tower?", "When was the lighthouse built?", "What does the mill grind?")


@contextmanager
def corpus_in_place() -> Iterator[Path]:
    """The corpus as it was when it was indexed, including times. No other process can use it meanwhile; it is removed
    at the end."""
    with FileLock(f"{FIXED_PATH}.lock"):
        shutil.rmtree(FIXED_PATH, ignore_errors=True)
        try:
            for day, name in enumerate(FILES):
                corpora.write(FIXED_PATH / "corpus" / name, (CORPUS_PATH / name).read_bytes(), day=day)
            yield FIXED_PATH / "corpus"
        finally:
            shutil.rmtree(FIXED_PATH, ignore_errors=True)


def use(place: Place, corpus: Path) -> list[JsonObject]:
    """Check the index, search it, build with nothing to do, then with an edited and a new file; the records of all
    that."""
    place.note_head()
    place.run("status", "--check", "--json")
    for question in QUESTIONS:
        place.search(question, "--budget", "80", "--explain")
    place.run("read", "inner/orchard.txt:0-40", "--json")
    place.build(str(corpus))
    place.note_head()
    place.build()
    harbour = (corpus / "harbour.txt").read_text("utf-8")
    middle = harbour.index(corpora.sentence(120))
    corpora.write(corpus / "harbour.txt", f"{harbour[:middle]}The ferry sank near the quay. {harbour[middle:]}", day=20)
    corpora.write(corpus / "geese.txt", "The geese arrive in March. They leave when the frost comes.", day=21)
    place.build("--dry-run")
    place.build()
    place.note_head()
    place.search("What sank near the quay?", "--budget", "40")
    place.search("When do the geese arrive?", "--budget", "40")
    place.run("status", "--check", "--json")
    return place.records


def make() -> None:
    """Write corpus and index, and what the commands print."""
    harbour = corpora.prose(100, 60)
    built = "The lighthouse was built in 1811. It replaced a fire of coal.\n\n## Keepers\n\nThree keepers share the watch.\n"
    mill = "<html><head><title>The mill</title></head><body><p>The mill grinds barley. It stands at the ford.</p></body></html>"
    texts = (harbour, f"# The lighthouse\n\n{built}", mill, "The orchard bears pears. Frost took the plums in May.\n")
    for name, text in zip(FILES, texts, strict=True):
        corpora.write(CORPUS_PATH / name, text)
    with tempfile.TemporaryDirectory() as folder, corpus_in_place() as corpus, LlmServer() as server:
        place = Place(Path(folder), server)
        place.build(str(corpus), *SIZES)
        shutil.copytree(place.folder / ".lmkindex", INDEX_PATH, ignore=shutil.ignore_patterns("write.lock*"))
        place.records.clear()
        EXPECTED_PATH.write_text(json.dumps(use(place, corpus), indent=1) + "\n", "utf-8", newline="\n")


if __name__ == "__main__":
    if INDEX_PATH.exists():
        sys.exit(f"{INDEX_PATH} is there; only an index of b14df75 belongs there.")
    make()
