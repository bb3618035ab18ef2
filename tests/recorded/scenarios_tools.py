"""Scenarios of the commands around an index: `evaluate`, `plot` and `synth`, over a set of three small documents."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import corpora
from place import FLOAT32, Place
from stage import Stage

SYSTEMS = ("random", "bm25-sentence", "landmark-1", "landmark-auto", "landmark-auto+bm25-context", "chunk-64", "isolated", "late-sentence")


def write_set(folder: Path) -> None:
    """A set of questions, each asked in the words of one sentence."""
    texts = {f"d{number}": corpora.prose(number * 50, 30 + number) for number in range(3)}
    documents = [{"id": name, "title": f"Log {name}", "text": text} for name, text in texts.items()]
    questions = []
    for name, text in texts.items():
        for place in (3, 17):
            wanted = corpora.sentence(int(name[1:]) * 50 + place)
            start = text.index(wanted)
            question = {"id": f"{name}-{place}", "doc": name, "question": f"What happened on {wanted[3:30]}?", "answers": [wanted[-12:-1]]}
            questions.append(question | {"spans": [[start, start + len(wanted)]]})
    for kind, lines in (("docs", documents), ("qa", questions)):
        corpora.write(folder / f"logs.{kind}.jsonl", "".join(json.dumps(line) + "\n" for line in lines))


def evaluate_and_plot(stage: Stage, place: Place) -> None:
    write_set(place.folder / "data")
    systems = [word for name in SYSTEMS for word in ("--systems", name)]
    place.run("evaluate", "data", *systems, "--budget", "128", "--scope", "corpus", "--output", "out", "--json", *FLOAT32)
    place.run("evaluate", "data", "--systems", "nothing", *FLOAT32)
    place.run("evaluate", "nowhere", *FLOAT32)
    place.run("evaluate", "data", "--experiment", "nothing")
    place.run("plot", "out", "--json")
    place.run("plot", "nowhere")


def synth(stage: Stage, place: Place) -> None:
    corpora.write(place.folder / "corpus" / "log.txt", corpora.prose(0, 30))
    corpora.write(place.folder / "corpus" / "bad.pdf", b"no pdf")
    words = ("synth", "corpus", "--questions", "6", "--tries", "30", "--seed", "1", "--llm", stage.server.url)
    place.run(*words, "--json", *FLOAT32)
    place.run(*words, *FLOAT32)
    with gzip.open(place.folder / "synth" / "synth.qa.jsonl.gz", "rt", encoding="utf-8") as lines:
        place.note({"file": "synth.qa.jsonl.gz", "json": [json.loads(line) for line in lines]})


SCENARIOS: tuple[Callable[[Stage, Place], None], ...] = (evaluate_and_plot, synth)
