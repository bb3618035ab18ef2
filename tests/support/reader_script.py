"""A reader in a loop, for tests: `python reader_script.py INDEX KEEP_S` opens, reads and searches the index until
`INDEX/done` exists.

Every sentence in the texts names its generation: a state that shows two generations is a partial state. Writes one JSON
object: `states`, `generations` and `wrong`.
"""

from __future__ import annotations

import json
import re
import sys
import time
from pathlib import Path

from lmkindex.config import SearchOptions
from lmkindex.encoder import FakeEncoder
from lmkindex.index import IndexReader
from lmkindex.search import Searcher


def read_state(index_path: Path) -> set[str]:
    """The generations that one opened state shows, by every way of reading: texts, landmarks, vectors, words, spans."""
    reader = IndexReader(index_path)
    texts = reader.documents.search().select(["text"]).to_arrow()["text"].to_pylist()
    sentences = reader.landmarks.search().select(["text"]).to_arrow()["text"].to_pylist()
    [found] = Searcher(reader, FakeEncoder()).search(["The lantern of the keeper"], [SearchOptions()])
    spans = [span.text for span in found.spans]
    if (len(texts), len(sentences)) != (reader.head.counts["documents"], reader.head.counts["sentences"]) or not spans:
        raise AssertionError(
            f"{len(texts)} documents, {len(sentences)} sentences, {len(spans)} spans; the head counts {reader.head.counts}"
        )
    return set(re.findall(r"generation(\d+)", " ".join([*texts, *sentences, *spans])))


def main() -> None:
    """Read until told to stop."""
    index_path, keep_s = Path(sys.argv[1]), float(sys.argv[2])
    wrong: list[str] = []
    seen: set[str] = set()
    num_states = 0
    print("ready", flush=True)
    while not (index_path / "done").exists():
        started = time.monotonic()
        try:
            generations = read_state(index_path)
        except Exception as error:  # any failure is what the test looks for
            if time.monotonic() - started < keep_s:  # not if it took longer than versions are kept: then the reader was starved of CPU
                wrong.append(f"{type(error).__name__}: {error}")
            continue
        num_states += 1
        seen |= generations
        if len(generations) != 1:
            wrong.append(f"one state shows the generations {sorted(generations)}")
        time.sleep(0.1)  # four readers must leave some CPU to the writer
    print(json.dumps({"states": num_states, "generations": sorted(seen), "wrong": wrong[:5]}))


if __name__ == "__main__":
    main()
