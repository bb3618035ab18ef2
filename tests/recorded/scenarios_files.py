"""Scenarios of single files that are odd: empty, wrongly encoded, hostile names, links, formats, long sentences, left
out."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import corpora
from place import Place
from stage import Stage

TABLE = """<html><head><title>Tides &amp; prices</title><style>p {color: red}</style></head><body><nav>Menu</nav>
<h1>Tides at Saltmere</h1><p>The table gives the <b>high water</b> of May.</p>
<table><tr><th>Day</th><th>Height</th></tr><tr><td>1 May</td><td>5.6 metres</td></tr><tr><td>2 May</td><td>5.4 metres</td></tr></table>
<p>Berths cost &pound;12 a night.<br>Children pay half.</p><script>var a = 1;</script></body></html>"""


def files_without_text(stage: Stage, place: Place) -> None:
    corpus = place.folder / "corpus"
    corpora.write(corpus / "good.txt", corpora.prose(0, 4))
    corpora.write(corpus / "empty.txt", "", day=1)
    corpora.write(corpus / "blank.md", " \n\t\n\u00a0\n", day=2)
    corpora.write(corpus / "empty.pdf", "", day=3)
    corpora.write(corpus / "no text.pdf", corpora.pdf(""), day=4)
    corpora.write(corpus / "no text.docx", corpora.docx(""), day=5)
    corpora.write(corpus / "menu.html", "<nav>Menu</nav>", day=6)
    place.build("corpus", "--dry-run")
    place.build("corpus")
    place.build("corpus")
    place.run("build", "corpus", "--dtype", "float32")
    place.run("status", "--json")
    place.run("status")
    place.run("read", "empty.txt", "--json")
    place.run("read", "blank.md", "--json")
    place.run("read", "empty.pdf:0-3", "--json")
    corpora.write(corpus / "empty.txt", corpora.sentence(50), day=10)
    corpora.write(corpus / "good.txt", "\n", day=10)
    place.build("corpus")
    place.build("corpus", "--max-delete", "100%")
    place.search(corpora.sentence(50))
    place.run("status", "--check", "--json")


def files_of_other_encodings(stage: Stage, place: Place) -> None:
    corpus = place.folder / "corpus"
    corpora.write(corpus / "latin1.txt", "Der Wärter grüßt das Mädchen. Die Brücke über den Fluß ist schön und älter.".encode("latin-1"))
    corpora.write(corpus / "cut.txt", "Le phare éclaire la mer. Il est très vieux é".encode()[:-1], day=1)
    corpora.write(corpus / "mark.txt", "\ufeffA mark stands before this. It is not counted.\r\nA new line.\r\n", day=2)
    corpora.write(corpus / "wide.txt", "A text of two bytes a letter. Ünd more.".encode("utf-16"), day=3)
    corpora.write(corpus / "bytes.txt", bytes(range(256)), day=4)
    corpora.write(corpus / "controls.txt", "Red \x1b[31malert\x1b[0m here. \u202eTurned\u202c around. Ends\x0cpage.", day=5)
    corpora.write(corpus / "nul.txt", "A nul \0 stands here.", day=7)
    corpora.write(corpus / "emoji.txt", "The keeper \U0001f469\u200d\U0001f692 waves. 灯台守は毎晩灯をともす。船は金曜日に来る。", day=6)
    place.build("corpus")
    for name in ("latin1.txt", "cut.txt", "mark.txt", "wide.txt", "bytes.txt", "controls.txt", "emoji.txt", "nul.txt"):
        place.run("read", name, "--json")
    place.run("read", "controls.txt")
    place.run("read", "mark.txt:0-6", "--context", "9")
    place.search("Wer grüßt das Mädchen?")
    place.run("search", "What is turned around?", "--dtype", "float32", "--path", "controls.txt")
    place.search("Who lights the lamp?", "--front", "1", "--path", "emoji.txt")


def hostile_names(stage: Stage, place: Place) -> None:
    corpus = place.folder / "corpus"
    names = [
        "line\nend.txt",
        "bidi\u202etxt.md",
        "on\u200be.txt",
        "9-17.txt",
        "x:1-2.txt",
        "x:1-2 (page 3).md",
        "[b]markup[/b].txt",
        "esc\x1b[31m.txt",
    ]
    for number, name in enumerate([*names, " blank .txt", "back\\slash.txt", "é.txt", "e\u0301.txt"]):
        corpora.write(corpus / name, f"Lighthouse {number} is kept. {corpora.sentence(number)}", day=number)
    corpora.write(Path(os.fsdecode(os.fsencode(corpus) + b"/not \xff utf8.txt")), "Nobody reads this.", day=20)
    corpora.write(Path(os.fsdecode(os.fsencode(corpus) + b"/folder \xfe/inner.txt")), "Nor this.", day=21)
    corpora.write(corpus / ".hidden.txt", "Hidden.", day=22)
    place.build("corpus", "--dry-run")
    place.run("build", "corpus", "--dtype", "float32")
    place.build("corpus")
    place.run("status", "--json")
    place.run("status")
    place.search("Which lighthouse is kept?", "--front", "1", "--hits", "12")
    place.run("search", "Which lighthouse is kept?", "--front", "1", "--hits", "12", "--dtype", "float32")
    for reference in (
        "line\nend.txt:0-10",
        "line␊end.txt:0-10",
        "on<U+200B>e.txt:0-10",
        "9-17.txt",
        "x:1-2.txt:0-10",
        "x:1-2 (page 3).md:0-10",
    ):
        place.run("read", reference, "--json")
    place.run("read", "on<U+200B>f.txt:0-10")
    place.ask("Which lighthouse is kept? {two passages}", "--front", "1", "--budget", "60")


def links(stage: Stage, place: Place) -> None:
    corpus, outside = place.folder / "corpus", place.folder / "outside"
    corpora.write(corpus / "real.txt", corpora.prose(0, 3))
    corpora.write(corpus / "below" / "deep.txt", corpora.prose(10, 3), day=1)
    corpora.write(outside / "secret.txt", corpora.prose(20, 3), day=2)
    corpora.write(outside / "folder" / "far.md", corpora.prose(30, 3), day=3)
    for name, target in {
        "to file out.txt": outside / "secret.txt",
        "to folder out": outside / "folder",
        "dangling.txt": corpus / "nowhere.txt",
        "dangling folder": outside / "nowhere",
        "dangling.bin": corpus / "nowhere.bin",
        "loop": corpus,
        "self.txt": corpus / "self.txt",
        "to real.txt": corpus / "real.txt",
        "to below": corpus / "below",
    }.items():
        (corpus / name).symlink_to(target)
    os.mkfifo(corpus / "pipe.txt")
    place.build("corpus", "--dry-run")
    place.build("corpus")
    place.run("build", "corpus", "--dtype", "float32")
    place.run("build", "corpus", "--dtype", "float32", "-v")
    place.build("corpus", "--follow-links")
    place.build("corpus")
    place.run("status", "--json")
    shutil.rmtree(outside)
    place.build("corpus", "--max-delete", "100%")


def formats(stage: Stage, place: Place) -> None:
    corpus = place.folder / "corpus"
    corpora.copy_examples(corpus, "saltmere/annual-report.pdf", "kestrel/instrument-catalogue.docx")
    corpora.write(corpus / "table.html", TABLE, day=5)
    article = "".join(f"<p>{corpora.prose(first, 5).strip()}</p>" for first in range(0, 40, 5))
    corpora.write(corpus / "long table.html", TABLE.replace("<table>", f"{article}<h2>Heights</h2><table>"), day=12)
    corpora.write(corpus / "small.pdf", corpora.pdf("The keeper lit the lamp. It burned all night.", "On page two the boat came."), day=6)
    corpora.write(corpus / "small.docx", corpora.docx("A paragraph stands here.", "Another follows it. It is the last."), day=7)
    corpora.write(
        corpus / "front.md", "---\ntitle: Notes of a pilot\n---\n\n# Reefs\n\nThe reef is *sharp*.\n\n- One rock.\n- Two rocks.\n", day=8
    )
    corpora.write(corpus / "under.rst", "Signals\n=======\n\nThe horn sounds twice.\n\n.. note:: In fog.\n", day=9)
    corpora.write(corpus / "ignored.bin", "No document.", day=10)
    corpora.write(corpus / "notes.log", "A log line stands here.", day=11)
    place.build("corpus", "--dry-run")
    place.build("corpus")
    for name in ("table.html", "long table.html", "small.pdf", "small.docx", "front.md", "under.rst"):
        place.run("read", name, "--json")
    place.run("read", "small.pdf:46-60", "--json")
    place.run("read", "small.pdf:46-60 (page 2)", "--context", "5")
    place.search("How high is the water on 2 May?", "--budget", "100", "--explain")
    place.search("When did the boat come?", "--path", "small.pdf")
    place.search("What is sharp?", "--path", "front.md")
    place.build("corpus", "--max-pages", "1", "--max-file-size", "30K", "--checksum")
    place.build("corpus", "--max-pages", "1", "--max-file-size", "30K", "--rebuild")
    place.run("status", "--json")


def long_texts(stage: Stage, place: Place) -> None:
    corpus = place.folder / "corpus"
    digits = "The number is " + " ".join(str(number * 7 % 10) for number in range(740)) + "."
    corpora.write(corpus / "one sentence.txt", digits)
    corpora.write(
        corpus / "words.txt", "The list goes on: " + ", ".join(corpora.sentence(number).lower()[:-1] for number in range(60)) + ".", day=1
    )
    many = corpora.prose(0, 240)
    corpora.write(corpus / "many.txt", many, day=2)
    corpora.write(corpus / "same.txt", "The bell rings. " * 200, day=3)
    place.build("corpus", "--window-tokens", "160", "--context-tokens", "32")
    place.search("What is the number?", "--budget", "900", "--hits", "2")
    place.search(corpora.sentence(120), "--budget", "60")
    middle = many.index(corpora.sentence(120))
    corpora.write(corpus / "many.txt", many[:middle] + "A new sentence stands in the middle. " + many[middle:], day=4)
    place.build("corpus", "--dry-run")
    place.build("corpus")
    place.search("What stands in the middle?", "--budget", "60", "--explain")
    corpora.write(corpus / "copy of many.txt", many[:middle] + "A new sentence stands in the middle. " + many[middle:], day=5)
    corpora.write(corpus / "many.txt", many, day=6)
    place.build("corpus")
    place.run("status", "--check", "--json")
    place.note_head()


def left_out(stage: Stage, place: Place) -> None:
    corpus = place.folder / "corpus"
    for number, name in enumerate(("a.txt", "b.md", "drafts/c.txt", "drafts/keep.txt", "notes/d.log", "notes/e.rst", "notes/deep/f.txt")):
        corpora.write(corpus / name, corpora.prose(number * 10, 3), day=number)
    corpora.write(corpus / ".lmkignore", "drafts/*\n!drafts/keep.txt\n# nothing\n", day=7)
    corpora.write(corpus / "notes" / ".lmkignore", "/deep/\n", day=8)
    place.build("corpus", "--dry-run")
    place.build("corpus")
    place.build("corpus", "--include", "*.log", "--include", "notes/", "--max-delete", "100%")
    place.run("status", "--json")
    place.build("corpus", "--exclude", "*.md", "--exclude", "notes/**", "--max-delete", "100%")
    place.build("corpus/a.txt", "--max-delete", "100%")
    place.run("status", "--json")
    place.build("--exclude", "[", "--max-delete", "100%")
    corpora.write(corpus / ".lmkignore", "*\n", day=9)
    place.build("corpus", "--max-delete", "100%")
    place.search("anything")


SCENARIOS: tuple[Callable[[Stage, Place], None], ...] = (
    files_without_text,
    files_of_other_encodings,
    hostile_names,
    links,
    formats,
    long_texts,
    left_out,
)
