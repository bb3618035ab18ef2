"""Scenarios of several builds of one corpus: what changed, moved, broke or is gone between them."""

from __future__ import annotations

import shutil
from collections.abc import Callable

import corpora
from place import FLOAT32, Place
from stage import Stage

BROKEN_PDF = b"%PDF-1.4\nthis is no PDF\n"
BROKEN_DOCX = b"PK\x03\x04 this is no archive"


def changes_between_builds(stage: Stage, place: Place) -> None:
    corpus = place.folder / "corpus"
    for number, name in enumerate(("stays", "renamed", "changed", "deleted", "touched")):
        corpora.write(corpus / f"{name}.txt", corpora.prose(number * 10, 5), day=number)
    place.build("corpus")
    place.note_head()
    (corpus / "renamed.txt").rename(corpus / "new name.txt")
    corpora.write(corpus / "changed.txt", corpora.prose(20, 4) + "The goat ate the chart.", day=10)
    (corpus / "deleted.txt").unlink()
    corpora.set_day(corpus / "touched.txt", 11)
    corpora.write(corpus / "added.md", "# Geese\n\nThe geese arrive in March.\n", day=12)
    corpora.write(corpus / "copy.txt", corpora.prose(0, 5), day=13)
    place.build("corpus", "--dry-run")
    place.run("build", "corpus", "--dry-run", *FLOAT32)
    place.build("corpus")
    place.note_head()
    place.search("Who ate the chart?", "--budget", "60")
    place.search(corpora.sentence(32), "--budget", "40")
    place.run("read", "renamed.txt:0-5", "--json")
    corpora.write(corpus / "stays.txt", corpora.prose(0, 5).replace("keeper", "kipper"), day=0)
    place.build("corpus")
    place.build("corpus", "--checksum")
    place.search("kipper", "--budget", "30")
    place.run("build", *FLOAT32)
    place.run("build", "-q", *FLOAT32)
    place.run("build", "--log-json", *FLOAT32)
    place.run("status", "--check", "--json")


def names_swapped(stage: Stage, place: Place) -> None:
    corpus = place.folder / "corpus"
    for number, name in enumerate("abc"):
        corpora.write(corpus / f"{name}.txt", corpora.prose(number * 10, 5), day=number)
    place.build("corpus")
    (corpus / "a.txt").rename(corpus / "x")
    (corpus / "b.txt").rename(corpus / "a.txt")
    (corpus / "x").rename(corpus / "b.txt")
    place.build("corpus", "--dry-run")
    place.build("corpus")
    place.search(corpora.sentence(2), "--budget", "40")
    place.search(corpora.sentence(12), "--budget", "40")
    (corpus / "c.txt").rename(corpus / "d.txt")
    (corpus / "b.txt").rename(corpus / "c.txt")
    place.build("corpus")
    place.run("status", "--check", "--json")


def files_that_break_later(stage: Stage, place: Place) -> None:
    corpus = place.folder / "corpus"
    corpora.write(corpus / "a.pdf", corpora.pdf("The pilot knows the reef.", "He came by boat."), day=0)
    corpora.write(corpus / "b.docx", corpora.docx("The miller grinds the corn.", "The stone is worn."), day=1)
    corpora.write(corpus / "c.txt", corpora.prose(0, 3), day=2)
    corpora.write(corpus / "never.pdf", BROKEN_PDF, day=3)
    place.build("corpus")
    corpora.write(corpus / "a.pdf", BROKEN_PDF + b"!", day=4)
    corpora.write(corpus / "b.docx", BROKEN_DOCX, day=5)
    place.build("corpus", "--dry-run")
    place.build("corpus")
    place.run("status", "--json")
    place.run("status")
    place.search("Who knows the reef?", "--budget", "40")
    place.run("read", "a.pdf", "--json")
    place.run("read", "never.pdf", "--json")
    place.build("corpus")
    place.run("build", "corpus", *FLOAT32)
    place.run("build", "corpus", "--log-json", *FLOAT32)
    place.run("build", "corpus", "--ignore-failed", *FLOAT32)
    place.run("build", "corpus", "--ignore-failed", "-q", *FLOAT32)
    place.build("corpus", "--retry-failed")
    (corpus / "moved").mkdir()
    (corpus / "a.pdf").rename(corpus / "moved" / "z.pdf")
    place.build("corpus", "--dry-run")
    place.build("corpus", "--ignore-failed")
    place.run("read", "moved/z.pdf:0-9", "--json")
    place.search("Who grinds the corn?", "--budget", "40")
    corpora.write(corpus / "moved" / "z.pdf", corpora.pdf("The pilot is old now."), day=6)
    corpora.write(corpus / "b.docx", corpora.docx("The miller grinds the corn.", "The stone is worn."), day=7)
    (corpus / "never.pdf").unlink()
    place.build("corpus")
    place.run("status", "--json")
    place.note_head()


def rebuild_with_broken_files(stage: Stage, place: Place) -> None:
    corpus = place.folder / "corpus"
    corpora.write(corpus / "a.pdf", corpora.pdf("The pilot knows the reef."), day=0)
    corpora.write(corpus / "b.txt", corpora.prose(0, 12), day=1)
    corpora.write(corpus / "far" / "c.txt", corpora.prose(20, 3), day=2)
    place.build("corpus")
    corpora.write(corpus / "a.pdf", BROKEN_PDF, day=3)
    place.build("corpus", "--window-tokens", "64", "--context-tokens", "8")
    place.build("corpus", "--rebuild", "--dry-run", "--window-tokens", "64", "--context-tokens", "8")
    place.build("corpus", "--rebuild", "--window-tokens", "64", "--context-tokens", "8")
    place.note_head()
    place.search("Who knows the reef?", "--budget", "40")
    place.run("status", "--check", "--json")
    place.build("corpus", "--rebuild", "--ignore-failed")
    place.build("corpus", "--rebuild", "--window-tokens", "4096")
    place.build("corpus", "--rebuild", "--window-tokens", "20", "--context-tokens", "16")
    place.note_head()


def two_roots(stage: Stage, place: Place) -> None:
    one, two = place.folder / "one", place.folder / "two"
    corpora.write(one / "notes.txt", corpora.prose(0, 3), day=0)
    corpora.write(two / "notes.txt", corpora.prose(10, 3), day=1)
    corpora.write(two / "inner" / "more.txt", corpora.prose(20, 3), day=2)
    place.build("one", "two")
    place.run("status", "--json")
    place.run("read", "notes.txt:0-8")
    place.run("read", "two/notes.txt:0-8", "--json")
    found = place.search(corpora.sentence(11), "--front", "1", "--budget", "30")
    place.run("read", f"{found['json'][0]['spans'][0]['doc_id']}:0-8", "--json")
    place.build()
    place.build("two", "one")
    place.build("two", "two/inner", "--max-delete", "100%")
    place.run("status", "--json")
    place.build("two/inner", "two/notes.txt", "--max-delete", "100%")
    place.build("two/inner", "nowhere")


def deletions(stage: Stage, place: Place) -> None:
    corpus = place.folder / "corpus"
    for number in range(10):
        corpora.write(corpus / f"{number}.txt", corpora.prose(number * 10, 2), day=number)
    place.build("corpus")
    for number in range(5):
        (corpus / f"{number}.txt").unlink()
    place.build("corpus")
    place.build("corpus", "--dry-run")
    place.run("build", "corpus", *FLOAT32)
    place.run("build", "corpus", "--log-json", *FLOAT32)
    place.build("corpus", "--max-delete", "30%")
    place.build("corpus", "--max-delete", "0.5")
    (corpus / "5.txt").unlink()
    place.build("corpus", "--max-delete", "0%")
    place.build("corpus")
    shutil.rmtree(corpus)
    place.build("corpus")
    place.build()
    corpus.mkdir()
    place.build()
    place.build("--max-delete", "100%")
    place.search("anything")
    place.ask("anything")
    place.note_head()


SCENARIOS: tuple[Callable[[Stage, Place], None], ...] = (
    changes_between_builds,
    names_swapped,
    files_that_break_later,
    rebuild_with_broken_files,
    two_roots,
    deletions,
)
