"""Scenarios of the command line itself: wrong usage, a missing, damaged or locked index, settings, encoders,
metrics."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import corpora
from filelock import FileLock
from place import FLOAT32, Place
from stage import Stage

SETTINGS = (
    'index = "elsewhere"\n[build]\nexclude = ["b.txt"]\nmax-delete = "100%"\ndtype = "float32"\n[search]\nbudget = 30\ndtype = "float32"\n'
)
TIMED_METRIC = re.compile(r"^(\w*(?:seconds|timestamp|time|rate|size_bytes|bytes_per|tokens_per)\w*(?:\{[^}]*\})?) \S+$")


def wrong_usage(stage: Stage, place: Place) -> None:
    corpora.write(place.folder / "corpus" / "a.txt", corpora.prose(0, 2))
    for words in (
        (),
        ("--version",),
        ("nonsense",),
        ("build", "--nonsense"),
        ("build",),
        ("build", "nowhere"),
        ("build", "corpus", "--max-delete", "20"),
        ("build", "corpus", "--max-delete", "many"),
        ("build", "corpus", "--time-budget", "soon"),
        ("build", "corpus", "--window-tokens", "0"),
        ("build", "corpus", "--window-tokens", "5000"),
        ("build", "corpus", "--window-tokens", "20"),
        ("build", "corpus", "--max-file-size", "big"),
        ("build", "corpus", "--file-timeout", "0"),
        ("build", "corpus", "--dtype", "float8"),
        ("build", "corpus", "--encoder", "nowhere"),
        ("build", "corpus", "--index", "s3://bucket/index"),
        ("search",),
        ("search", "  "),
        ("search", "q", "--batch", "f"),
        ("search", "q", "--budget", "0"),
        ("search", "q", "--front", "two"),
        ("search", "q", "--front", "2", "--surround", "2"),
        ("search", "q", "--path", "a\udc80"),
        ("ask", "q", "--min-similarity", "2"),
        ("ask", "q", "--timeout", "never"),
        ("read",),
        ("encoders", "inspect", "nowhere"),
        ("--json", "build"),
        ("--log-json", "build"),
        ("build", "--log-json", "--nonsense"),
    ):
        place.run(*words)


def missing_index(stage: Stage, place: Place) -> None:
    for words in (("search", "q"), ("ask", "q"), ("read", "a.txt"), ("status",), ("status", "--check", "--json"), ("build",)):
        place.run(*words)
        place.run(*words, "--index", "other/place", "--log-json")


def damaged_index(stage: Stage, place: Place) -> None:
    corpora.write(place.folder / "corpus" / "a.txt", corpora.prose(0, 6))
    place.build("corpus")
    head_path = place.folder / ".lmkindex" / "head.json"
    good = head_path.read_text("utf-8")
    fields = json.loads(good)
    for broken in (
        good[:40],
        json.dumps(fields | {"format": 3}),
        json.dumps(fields | {"encoder": fields["encoder"] | {"fingerprint": "0" * 32, "name": "other"}}),
        json.dumps(fields | {"counts": fields["counts"] | {"documents": 9}}),
    ):
        head_path.write_text(broken, "utf-8")
        place.search("the keeper", "--budget", "20")
        place.build("corpus")
        place.run("status", "--check", "--json")
    head_path.write_text(good, "utf-8")
    with FileLock(place.folder / ".lmkindex" / "write.lock"):
        place.build("corpus")
        place.run("build", "corpus", "--log-json", *FLOAT32)
        place.search("the keeper", "--budget", "20")
    head_path.unlink()
    place.run("status", "--json")
    place.build("corpus")
    place.note_head()


def settings_and_encoders(stage: Stage, place: Place) -> None:
    for number, name in enumerate("ab"):
        corpora.write(place.folder / "corpus" / f"{name}.txt", corpora.prose(number * 10, 6), day=number)
    place.run("config", "--json")
    place.run("encoders", "list", "--json")
    place.run("encoders", "inspect", "landmark-minilm", "--json")
    place.run("encoders", "inspect", "landmark-minilm")
    corpora.write(place.folder / "lmkindex.toml", SETTINGS)
    corpora.write(place.folder / "xdg" / "lmkindex" / "config.toml", "[search]\nhits = 3\n[ask]\nstrict = true\n")
    place.variables = {"LMKINDEX_SEARCH_FRONT": "2", "LMKINDEX_NOTHING": "1"}
    place.run("build", "corpus", "--json")
    place.run("--json", "search", "the keeper")
    place.run("ask", "the keeper {invent}", "--json", "--min-similarity", "-1", "--llm", stage.server.url)
    place.run("config", "--json")
    place.run("config")
    for content in ("[search]\nbudjet = 1\n", '[search]\nbudget = "many"\n', 'indx = "a"\n', "[search"):
        corpora.write(place.folder / "lmkindex.toml", content)
        place.run("search", "the keeper")


def metrics_and_limits(stage: Stage, place: Place) -> None:
    corpus = place.folder / "corpus"
    corpora.write(corpus / "a.txt", corpora.prose(0, 12))
    corpora.write(corpus / "large.txt", corpora.prose(20, 200), day=1)
    corpora.write(corpus / "bad.pdf", b"no pdf", day=2)
    place.build("corpus", "--max-file-size", "4K", "--metrics", "state.prom")
    lines = (place.folder / "state.prom").read_text("utf-8").splitlines()
    place.note({"file": "state.prom", "lines": [TIMED_METRIC.sub(r"\1 <number>", line) for line in lines]})
    place.build("corpus", "--max-file-size", "1M", "--retry-failed")
    place.run("status", "--json")


SCENARIOS: tuple[Callable[[Stage, Place], None], ...] = (
    wrong_usage,
    missing_index,
    damaged_index,
    settings_and_encoders,
    metrics_and_limits,
)
