"""An index of several directories that hold the same names: what is printed says which one, and can be given back."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from cli_place import Run

import lmkindex.build
import lmkindex.generate
from lmkindex import open_index
from lmkindex.config import BuildOptions
from lmkindex.generate import FakeGenerator

PLACE = re.compile(r"\S+:\d+-\d+")
NFC, NFD = "caf\u00e9", "cafe\u0301"


def put(path: str, text: str) -> Path:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(text, "utf-8")
    return Path(path)


@pytest.fixture
def two(run: Run, fake: Any) -> None:
    """`north` and `south` both have `README.md` and `bad.pdf`; `south` has a document of its own."""
    put("north/README.md", "The north gate closes at nine.\n")
    put("south/README.md", "The south gate closes at ten.\n")
    put("south/tower.md", "The south tower has a bell.\n")
    for root in ("north", "south"):
        put(f"{root}/bad.pdf", "no pdf")
        put(f"{root}/empty.txt", "")
    assert run("build", "north", "south", "-q").code == 3


def test_search_prints_places_that_read_takes(run: Run, two: None) -> None:
    for root, sentence in (("north", "The north gate closes at nine."), ("south", "The south gate closes at ten.")):
        found = run("search", f"When does the {root} gate close?", "--hits", "1")
        (place,) = PLACE.findall(found.out)
        assert place == f"{root}/README.md:0-{len(sentence)}"
        assert run("read", place).out == sentence
        (span,) = run("search", f"When does the {root} gate close?", "--hits", "1", "--json").json["spans"]
        assert (span["path"], span["root"], span["place"]) == ("README.md", str(Path(root).resolve()), place)
        with open_index(".lmkindex") as index:
            assert index.search(f"When does the {root} gate close?", hits=1).spans[0].place == place
            assert index.read(place).place == place
    assert PLACE.findall(run("search", "Which tower has a bell?", "--hits", "1").out) == ["tower.md:0-27"]


def test_read_takes_every_name_of_a_document(run: Run, two: None, monkeypatch: pytest.MonkeyPatch) -> None:
    south = Path("south").resolve()
    doc_id = run("read", "south/README.md", "--json").json["doc_id"]
    for name in ("south/README.md", "here/south/README.md", str(south / "README.md"), "./south/README.md", doc_id):
        assert run("read", f"{name}:4-9").out == "south"
    assert run("read", "tower.md:4-9").out == run("read", "south/tower.md:4-9").out == "south"
    assert run("read", "south/README.md:4-9", "--context", "3").out.splitlines()[1] == "--- south/README.md:4-9 ---"
    several = run("read", "README.md:0-3")
    assert several.code == 1
    assert re.search(r"README\.md is in several roots.*\n  north/README\.md  [0-9a-f]{32}\n  south/README\.md  [0-9a-f]{32}", several.err)
    monkeypatch.chdir("south")
    assert run("read", "north/README.md:4-9", "--index", "../.lmkindex").out == "north"  # not relative to the working directory


def test_path_takes_the_printed_form(run: Run, two: None) -> None:
    def places(*words: str) -> set[str]:
        return {place.rpartition(":")[0] for place in PLACE.findall(run("search", "When does the gate close?", *words).out)}

    assert places() == {"north/README.md", "south/README.md", "tower.md"}
    assert places("--path", "south/*") == places("--path", "south/") == {"south/README.md", "tower.md"}
    assert places("--path", "north/README.md") == {"north/README.md"}
    assert places("--path", "README.md") == {"north/README.md", "south/README.md"}
    assert places("--path", "tower.md") == {"tower.md"}
    assert run("search", "gate", "--path", "east/*").code == 4
    put(
        "q.jsonl", "".join(json.dumps({"question": "When does the gate close?", "path": f"{root}/*"}) + "\n" for root in ("north", "south"))
    )
    roots = [{Path(span["root"]).name for span in line["spans"]} for line in run("search", "--batch", "q.jsonl").lines]
    assert roots == [{"north"}, {"south"}]
    with open_index(".lmkindex") as index:
        assert {span.place for span in index.search("When does the gate close?", path="north/*").spans} == {"north/README.md:0-30"}


def test_citations_say_which(run: Run, two: None, monkeypatch: pytest.MonkeyPatch) -> None:
    says = "The north gate closes at nine [1]. The south gate closes at ten [2]."
    monkeypatch.setattr(lmkindex.generate, "open_generator", lambda *_, **__: FakeGenerator(lambda prompt: says))
    words = ("ask", "When does the gate close?", "--path", "README.md")
    lines = run(*words).out.splitlines()[-2:]
    assert [PLACE.findall(line) for line in lines] == [["north/README.md:0-30"], ["south/README.md:0-29"]]
    citations = run(*words, "--json").json["citations"]
    assert [(one["path"], Path(one["root"]).name, one["verified"]) for one in citations] == [
        ("README.md", "north", True), ("README.md", "south", True),
    ]  # fmt: skip
    assert [run("read", one["place"]).out for one in citations] == [one["quote"] for one in citations]


def test_build_and_status_say_which(run: Run, two: None) -> None:
    found = run("status")
    assert re.findall(r"  (?:failed|empty) +([^:]+):", found.out) == [
        "north/bad.pdf",
        "south/bad.pdf",
        "north/empty.txt",
        "south/empty.txt",
    ]
    facts = run("status", "--json").json
    assert facts["empty"] == ["north/empty.txt", "south/empty.txt"]
    assert [(one["path"], Path(one["root"]).name) for one in facts["failed"]] == [("bad.pdf", "north"), ("bad.pdf", "south")]
    assert re.findall(r"failed: ([^:]+):", run("build").err) == ["north/bad.pdf", "south/bad.pdf"]
    Path("north/README.md").unlink()
    put("north/tower.md", "The north tower has none.\n")
    Path("south/tower.md").rename("north/bell.md")
    plan = run("build", "--dry-run", "--json", "--max-delete", "100%").json["plan"]
    assert (plan["add"], plan["delete"], plan["rename"]) == (["north/tower.md"], ["north/README.md"], ["south/tower.md -> bell.md"])


def test_roots_with_the_same_name(run: Run, fake: Any) -> None:
    for name in "ab":
        put(f"{name}/books/README.md", f"This is the page of {name}.")
    run("build", "a/books", "b/books")
    assert set(PLACE.findall(run("search", "Which page is this?").out)) == {"a/books/README.md:0-22", "b/books/README.md:0-22"}
    assert run("read", "b/books/README.md:12-22").out == "page of b."
    assert run("read", "books/README.md").code == 1


def test_a_path_wins_over_a_root_and_the_other_is_named(run: Run, fake: Any) -> None:
    put("south/README.md", "The page of the root.")
    put("other/south/README.md", "The page of the folder.")
    put("third/README.md", "A third page.")
    run("build", "south", "other", "third")
    found = run("read", "south/README.md")
    assert found.out == "The page of the folder."
    assert "The same name can also mean here/south/README.md." in found.err
    assert run("read", "here/south/README.md").out == "The page of the root."
    assert "here/south/README.md:0-21" in run("search", "Which page is this?").out
    assert run("read", "third/README.md").err == ""


def test_one_root_is_printed_as_before(run: Run, fake: Any) -> None:
    put("north/README.md", "The gate closes at nine.")
    run("build", "north")
    assert PLACE.findall(run("search", "When does the gate close?").out) == ["README.md:0-24"]
    assert run("search", "gate", "--path", "north/*").code == 4


@pytest.mark.parametrize("written", [NFC, NFD])
@pytest.mark.parametrize("on_disk", [NFC, NFD])
def test_names_are_typed_in_any_form(run: Run, fake: Any, monkeypatch: pytest.MonkeyPatch, on_disk: str, written: str) -> None:
    put(f"{on_disk}/{on_disk}.txt", "The coffee is hot.")
    put("tea/tea.txt", "The tea is cold.")
    assert run("build", written, "tea").code == 0
    (place,) = PLACE.findall(run("search", "What is hot?", "--path", f"{written}.txt").out)
    assert place == f"{NFC}.txt:0-18"
    assert PLACE.findall(run("search", "What is hot?", "--path", f"{written}/").out) == [place]
    for name in (f"{written}.txt", f"{written}/{written}.txt", str(Path(written, f"{written}.txt").absolute())):
        assert run("read", f"{name}:4-10").out == "coffee"
    monkeypatch.setattr(lmkindex.generate, "open_generator", lambda *_, **__: FakeGenerator(lambda prompt: "The coffee is hot [1]."))
    assert place in run("ask", "What is hot?", "--path", f"{written}.txt").out


def test_both_forms_of_a_name_are_read(run: Run, fake: Any) -> None:
    put(f"docs/{NFC}.txt", "The first coffee.")
    put(f"docs/{NFD}.txt", "The second coffee.")
    assert len(list(Path("docs").iterdir())) == 2 or pytest.skip("this disk takes both forms for one name")
    assert run("build", "docs").code == 0
    for form, number in ((NFC, "first"), (NFD, "second")):
        assert run("read", f"{form}.txt").out == f"The {number} coffee."
        assert "can also mean" in run("read", f"{form}.txt").err
    assert len(PLACE.findall(run("search", "Which coffee?", "--path", f"{NFD}.txt").out)) == 2


def test_what_is_passed_over_is_counted(run: Run, fake: Any) -> None:
    put("docs/a.txt", "Text.")
    for name in ("b.doc", "c.DOC", "Makefile", ".hidden.doc"):
        put(f"docs/{name}", "x")
    expected = {".doc": 2, "": 1}
    for words in (("--dry-run",), (), ()):  # also when there is nothing to do
        assert run("build", "docs", "--json", *words).json["passed_over"] == expected
    line = "Passed over by kind: 2 .doc, 1 without a suffix. Text files of such kinds are read if --include names them.\n"
    assert run("build").err == line
    assert run("build", "-q").err == ""
    assert run("build", "--dry-run").err == line
    for number in range(9):
        put(f"docs/x.kind{number}", "x")
    assert "1 .kind3, 5 of other kinds (-v lists them). Text" in run("build").err
    assert "1 .kind8. Text" in run("build", "-v").err
    event = json.loads(run("build", "--log-json").err.splitlines()[0])
    assert (event["event"], event["fields"]["passed_over"][".doc"]) == ("files_passed_over", 2)
    assert lmkindex.build.build_index(".lmkindex", [Path("docs")], BuildOptions(), encoder=fake).passed_over[".doc"] == 2
