"""The soak: a store that changes at random, builds that are killed at random, and a check of the index against a model
after each build.

`python tests/support/soak.py --rounds 100 --documents 2000 --operations 10 --seed N [--encoder tiny|context]`, or `just
soak`. A round is a few steps of operations, each with a build that is killed (SIGKILL), stopped (SIGTERM) or out of
time, then a build that may finish. After a stopped build every document must be as before or as after the build. After
a finished build the index must equal the model: documents, texts, sentences, offsets, failures, counts, stats, the
vectors of a sample that is encoded again, and what a search for words finds. The seed determines the operations
exactly, and the moments of the kills approximately.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tiny
from soak_store import Held, State, Store, find_different, find_mixed
from soak_worker import make_encoder

from lmkindex.build.verify import Sample, check_document
from lmkindex.encoder import window_options
from lmkindex.index import IndexReader
from lmkindex.records import ManifestEntry
from lmkindex.sentences import split_sentences

WORKER_PATH = tiny.SUPPORT_PATH / "soak_worker.py"
SAMPLE_DOCUMENTS = 8
ALL_WINDOWS = 10**6
Say = Callable[[str], None]


class DifferenceError(Exception):
    """The index is not what it should be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How long and how large."""

    rounds: int
    documents: int
    operations: int
    seed: int
    encoder: str = "context"


class Worker:
    """A process that runs builds; its successor starts up while the index is checked."""

    def __init__(self, encoder: str) -> None:
        environment = os.environ | {"PYTHONPATH": tiny.PYTHONPATH}
        self.process = subprocess.Popen(
            [sys.executable, str(WORKER_PATH), encoder],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment,
        )  # fmt: skip
        self.is_ready = False

    def start(self, request: dict[str, Any]) -> None:
        assert self.process.stdin is not None and self.process.stdout is not None
        if not self.is_ready and self.process.stdout.readline() != "ready\n":
            raise DifferenceError(f"the worker did not start: {self.process.communicate()[1]}")
        self.is_ready = True
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()

    def answer(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise DifferenceError(f"the worker died: {self.process.communicate()[1]}")
        return dict(json.loads(line))

    def end(self) -> None:
        self.process.kill()
        self.process.communicate()


class Soak:
    """Invariant: between two steps, `known` is what the index held at the last check, which found no difference."""

    def __init__(self, settings: Settings, folder: Path, say: Say) -> None:
        self.settings, self.say = settings, say
        self.index_path = folder / "index"
        name = str(tiny.make_bert(folder / "encoder", "lmk_mean")) if settings.encoder == "tiny" else settings.encoder
        self.encoder, self.encoder_name = make_encoder(name), name
        self.store = Store(folder / "corpus", settings.seed, settings.documents)
        self.generator = random.Random(settings.seed + 1)
        self.worker = Worker(name)
        self.known: State = {}
        self.build_s = 3.0  # roughly how long a build takes: kills are aimed at this time
        self.counts: Counter[str] = Counter()

    def run(self) -> None:
        """All rounds. Raises `DifferenceError` naming seed and round."""
        try:
            for number in range(self.settings.rounds):
                try:
                    self.round(number)
                except DifferenceError as error:
                    raise DifferenceError(f"seed {self.settings.seed}, round {number}: {error}") from error
                self.say(f"round {number}: {len(self.known)} files, {dict(sorted((self.counts | self.store.counts).items()))}")
        finally:
            self.worker.end()

    def round(self, number: int) -> None:
        """Operations in one to three parts, each followed by a build that is stopped; then a build that finishes."""
        num_steps = self.generator.randint(1, 3)
        for step in range(num_steps):
            share = self.settings.operations * (step + 1) // num_steps - self.settings.operations * step // num_steps
            if number or step:
                self.store.operate(share)
            self.stopped_build()
        request = self.request(rebuild=self.generator.random() < 0.03)
        self.worker.start(request)
        answer = self.worker.answer()
        self.build_s = max(self.build_s, 0.2)
        if answer.get("incomplete", True) or answer.get("warnings"):
            raise DifferenceError(f"a build that nobody stopped answered {answer}")
        self.check_finished(self.store.target(self.known))
        self.counts["finished"] += 1

    def request(self, *, rebuild: bool = False, **options: Any) -> dict[str, Any]:
        """A build with small commits, so that it can be stopped at many different moments."""
        options |= {"commit_rows": self.generator.choice([50, 500, 20_000]), "ann_rows": 20_000, "rebuild": rebuild}
        return {"index": str(self.index_path), "corpus": str(self.store.root), "options": options}

    def stopped_build(self) -> None:
        """Run a build that is killed, stopped or out of time at a random moment; then check that the index is
        intact."""
        how = self.generator.choices(["kill", "term", "budget"], [8, 1, 1])[0]
        delay_s = self.generator.random() * 1.1 * self.build_s
        rebuild = self.generator.random() < 0.05
        self.worker.start(self.request(rebuild=rebuild, time_budget_s=delay_s if how == "budget" else 0.0))
        if how != "budget":
            time.sleep(delay_s)
            self.worker.process.send_signal(signal.SIGKILL if how == "kill" else signal.SIGTERM)
        if how == "kill":
            self.worker.end()
            self.worker = Worker(self.encoder_name)
        else:
            answer = self.worker.answer()
            if "error" in answer and not answer["incomplete"]:
                raise DifferenceError(f"a build ended with {answer}")
        self.check_stopped(rebuild=rebuild)
        self.counts[how] += 1

    def check_stopped(self, *, rebuild: bool) -> None:
        """Check that every document is as before or as after the build; after a rebuild, all as before or all as
        after."""
        found = self.look()
        target = self.store.target(self.known)
        wrong = find_mixed(found, self.known, target)
        if rebuild and found not in (self.known, target):
            wrong.append("a rebuild that was stopped changed the index in part")
        if wrong:
            raise DifferenceError("after a stopped build: " + "; ".join(wrong[:5]))
        seen = "before" if found == self.known else "after" if found == target else "between"
        self.build_s *= {"before": 1.1, "after": 0.85, "between": 1.0}[seen]
        self.counts[f"seen {seen}"] += 1
        self.known = found

    def check_finished(self, target: State) -> None:
        """Check that the index equals the model, including stats, vectors and full-text search."""
        before, self.known = self.known, self.look()
        wrong = find_different(self.known, target)
        reader = IndexReader(self.index_path)
        manifest = {path: entry for (_, path), entry in reader.manifest().items()}
        for path, entry in manifest.items():
            found = (self.store.root / path).stat()
            if (entry.size_bytes, entry.mtime_ns) != (found.st_size, found.st_mtime_ns):
                wrong.append(f"{path}: its recorded stat is not the file's, so the next build would read it again")
        changed = [path for path, held in sorted(target.items()) if held.text.strip() and held != before.get(path)]
        paths = self.generator.sample(changed, min(SAMPLE_DOCUMENTS, len(changed)))
        searchable = sorted(path for path, held in target.items() if held.text.strip())
        paths += self.generator.sample(searchable, min(SAMPLE_DOCUMENTS, len(searchable)))
        if not wrong:
            wrong += self.compare_sample(reader, [manifest[path] for path in paths]) + self.search_for(reader, manifest, paths[:6])
        if wrong:
            raise DifferenceError("after a finished build: " + "; ".join(wrong[:5]))

    def look(self) -> State:
        """What the index holds. Raises `DifferenceError` if its parts do not agree with each other."""
        if not (self.index_path / "head.json").exists():
            return {}
        reader = IndexReader(self.index_path)
        entries = list(reader.manifest().values())
        rows = reader.documents.search().select(["doc_id", "text"]).to_arrow().to_pylist()
        texts = {row["doc_id"]: row["text"] for row in rows}
        landmarks = reader.landmarks.search().select(["doc_id", "pos", "start", "end", "text"]).to_arrow().to_pylist()
        places: dict[str, list[tuple[int, int, int, str]]] = {doc_id: [] for doc_id in texts}
        for row in landmarks:
            places.setdefault(row["doc_id"], []).append((row["pos"], row["start"], row["end"], row["text"]))
        counts = reader.head.counts
        num_documents, num_failed = (sum(entry.status != one for entry in entries) for one in ("failed", "indexed"))
        if len(rows) != len(entries) or len(texts) != len(entries) or len(places) != len(entries):
            raise DifferenceError(f"{len(rows)} document rows, {len(entries)} entries, landmarks of {len(places)} documents")
        if (counts["documents"], counts["sentences"], counts["failed"]) != (num_documents, len(landmarks), num_failed):
            raise DifferenceError(f"the head counts {counts}, the tables hold {num_documents}, {len(landmarks)}, {num_failed}")
        for entry in entries:
            if (entry.status == "indexed") == bool(entry.error):
                raise DifferenceError(f"{entry.path} is {entry.status} with the reason {entry.error!r}")
            if sorted(places[entry.doc_id]) != sentences_of(texts[entry.doc_id]):
                raise DifferenceError(f"{entry.path}: its landmarks are not the sentences of its text")
        return {
            entry.path: Held(text=texts[entry.doc_id], status=entry.status, stat=(entry.size_bytes, entry.mtime_ns)) for entry in entries
        }

    def compare_sample(self, reader: IndexReader, entries: list[ManifestEntry]) -> list[str]:
        """Encode documents again and compare every window's key and vectors."""
        sample, sizes = Sample(), reader.head.options
        windows = window_options(self.encoder, sizes["window_tokens"], sizes["context_tokens"])
        for entry in entries:
            check_document(reader, self.encoder, windows, entry, sample, ALL_WINDOWS, self.generator)
        self.counts["windows encoded anew"] += sample.num_windows
        if sample.smallest_cosine < 1 - 1e-3:
            sample.differences.append(f"the smallest cosine is {sample.smallest_cosine}")
        return sample.differences

    def search_for(self, reader: IndexReader, manifest: dict[str, ManifestEntry], paths: list[str]) -> list[str]:
        """Check that a search for a text's unique word finds its document."""
        wrong = []
        for path in paths:
            words = [word for word in self.known[path].text.split() if word.startswith("zq") and word.endswith("qz")]
            if words and manifest[path].doc_id not in reader.lexical(words[-1], 10, None)["doc_id"].to_pylist():
                wrong.append(f"{path}: a search for its word {words[-1]} does not find it")
        return wrong


def sentences_of(text: str) -> list[tuple[int, int, int, str]]:
    """(pos, start, end, text) of the sentences of a text."""
    sentences = split_sentences(text)
    places = zip(sentences.starts_S.tolist(), sentences.ends_S.tolist(), strict=True)
    return [(pos, start, end, text[start:end]) for pos, (start, end) in enumerate(places)]


def main() -> int:
    """Run the soak and report; exit with 1 on a difference."""
    parser = argparse.ArgumentParser(description="Random operations, random kills, and the index against a model.")
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--documents", type=int, default=2000)
    parser.add_argument("--operations", type=int, default=10, help="a round")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--encoder", choices=["tiny", "context"], default="tiny")
    settings = Settings(**vars(parser.parse_args()))
    print(settings, flush=True)
    started = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="lmkindex-soak-"))
    try:
        Soak(settings, folder, lambda line: print(f"{time.monotonic() - started:6.0f} s  {line}", flush=True)).run()
    except DifferenceError as error:
        print(f"DIFFERENCE {error}\nThe store and the index are in {folder}; run again with --seed {settings.seed}.", flush=True)
        return 1
    print(f"no difference in {settings.rounds} rounds, seed {settings.seed}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
