"""Scenarios over the index of examples/corpus: what builds, searches, answers and reads of real documents print."""

from __future__ import annotations

import json
from collections.abc import Callable

import corpora
from place import FLOAT32, Place
from stage import Stage

QUESTIONS = (corpora.EXAMPLES_PATH / "questions.jsonl").read_text("utf-8").splitlines()
BAD_LINES = (
    '{"question": 3, "id": "number"}',
    "nope",
    "[]",
    '{"question": " ", "id": "blank"}',
    '{"question": "x", "path": 5}',
    '{"id": NaN}',
)
BATCH = "\ufeff" + "\n".join(
    [*QUESTIONS[:3], "", *BAD_LINES, *QUESTIONS[3:12], '{"question": "Who keeps the bees?", "path": "kestrel/*.md"}']
)
LIGHT = "Who keeps the light?"
FUEL = "At what temperature does the fuel begin to cloud?"


def examples_build(stage: Stage, place: Place) -> None:
    stage.examples()
    place.records = stage.example_records


def examples_search(stage: Stage, place: Place) -> None:
    found = stage.examples()
    found.search(LIGHT)
    found.search(FUEL, "--budget", "60")
    found.search(FUEL, "--budget", "1")
    found.search("How wide are the holes of the wire mesh?", "--front", "3", "--budget", "200")
    found.search("Why was the relay set to manual?", "--surround", "1", "--budget", "200")
    found.search("What do the Jory brothers get?", "--no-hybrid", "--explain")
    found.search("Jory brothers trawlers", "--explain", "--budget", "150")
    found.search(LIGHT, "--path", "*.html", "--budget", "200")
    found.search("How deep is the reservoir?", "--hits", "3", "--explain")
    found.search("bees", "--path", "nothing/")
    found.search("-v", "--", "--json")
    found.run("search", LIGHT, "--budget", "80", "--explain", *FLOAT32)
    found.run("search", "-", "--budget", "40", "--json", *FLOAT32, stdin="Où est le phare ?\n".encode())
    found.run("search", "bees", "--path", "nothing/", *FLOAT32)
    place.records = found.records


def examples_search_batch(stage: Stage, place: Place) -> None:
    found = stage.examples()
    corpora.write(found.folder / "questions.jsonl", BATCH)
    found.run("search", "--batch", "questions.jsonl", "--budget", "120", *FLOAT32)
    found.run("search", "--batch", "-", "--budget", "50", "--front", "2", "--explain", *FLOAT32, stdin="\n".join(QUESTIONS[20:]).encode())
    found.run("search", "--batch", "-", *FLOAT32, stdin=b'{"question": "bees", "path": "nothing/"}\n')
    found.run("search", "--batch", "-", *FLOAT32, stdin=b"\n")
    found.run("search", "--batch", "nowhere.jsonl", *FLOAT32)
    place.records = found.records


def examples_ask(stage: Stage, place: Place) -> None:
    found = stage.examples()
    for kind in ("quote", "invent", "lost marker", "refuse", "quotation", "false quotation", "no marker", "near miss"):
        found.ask(f"{LIGHT} {{{kind}}}", "--budget", "100", "--front", "2", "--strict")
    for kind in ("think", "repeat", "cut"):
        found.ask(f"{LIGHT} {{{kind}}}", "--budget", "100")
    found.ask(f"{FUEL} {{two passages}}", "--budget", "200")
    found.ask(f"{FUEL} {{invent}}", "--budget", "100", "--surround", "1", "--max-answer-tokens", "50")
    found.ask(LIGHT, "--min-similarity", "1")
    found.ask("Which football club won the cup in Brazil?")
    found.ask("Which football club won the cup in Brazil? {quote}", "--min-similarity", "-1", "--budget", "60")
    found.ask("bees", "--path", "nothing/")
    found.ask(f"{LIGHT} This is broken.", "--budget", "60")
    found.ask(LIGHT, "--model", "other", "--budget", "60")
    found.ask(LIGHT, llm="http://127.0.0.1:9/v1")
    for kind in ("quote", "lost marker", "no marker", "refuse"):
        found.run("ask", f"{LIGHT} {{{kind}}}", "--budget", "100", "--llm", stage.server.url, *FLOAT32)
    place.records = found.records


def examples_ask_batch(stage: Stage, place: Place) -> None:
    found = stage.examples()
    corpora.write(found.folder / "asked.jsonl", BATCH)
    found.run("ask", "--batch", "asked.jsonl", "--budget", "100", "--llm", stage.server.url, *FLOAT32)
    some = "\n".join([*QUESTIONS[12:16], json.dumps({"question": "This is broken: who keeps the bees?"})])
    found.run("ask", "--batch", "-", "--budget", "80", "--llm", stage.server.url, *FLOAT32, stdin=some.encode())
    strict = "\n".join(json.dumps({"id": number, "question": f"{LIGHT} {{{kind}}}"}) for number, kind in enumerate(("quote", "invent")))
    found.run("ask", "--batch", "-", "--strict", "--budget", "80", "--llm", stage.server.url, *FLOAT32, stdin=strict.encode())
    refused = json.dumps({"question": f"{LIGHT} {{refuse}}"})
    found.run("ask", "--batch", "-", "--budget", "80", "--llm", stage.server.url, *FLOAT32, stdin=refused.encode())
    place.records = found.records


def examples_read(stage: Stage, place: Place) -> None:
    found = stage.examples()
    for reference in (
        "saltmere/waterworks-manual.md:8631-8747",
        "saltmere/annual-report.pdf:13552-13640 (page 4)",
        "corpus/saltmere/tide-mill-restoration.docx:8673-8730",
        "kestrel/orchard-guide.html:0-0",
        "kestrel/winter-journal.txt:5317-99999",
        "kestrel/winter-journal.txt:9-3",
        "kestrel/winter-journal.txt:9",
        "kestrel/winter-jurnal.txt:9-30",
        "saltmere/orchard-guide.html",
        "zzz",
        "0123456789abcdef0123456789abcdef:0-3",
    ):
        found.run("read", reference, "--json")
    found.run("read", "kestrel/winter-journal.txt:5317-5477", "--context", "40", "--json")
    found.run("read", "kestrel/winter-journal.txt:5317-5477", "--context", "40")
    found.run("read", "kestrel/winter-journal.txt:5317-5477")
    found.run("read", "saltmere/annual-report.pdf")
    place.records = found.records


SCENARIOS: tuple[Callable[[Stage, Place], None], ...] = (
    examples_build,
    examples_search,
    examples_search_batch,
    examples_ask,
    examples_ask_batch,
    examples_read,
)
