"""The public API in use, with a fake encoder and a fake language model: builds, questions, places, and a closed
index."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import tiny
from building import CountingEncoder, put
from cli_place import Run

import lmkindex
import lmkindex.build.pipeline
import lmkindex.build.prepare
import lmkindex.generate
from lmkindex.config import EncodeOptions, SearchOptions
from lmkindex.encoder import FakeEncoder
from lmkindex.generate import FakeGenerator, Generation, OnText, Prompt
from lmkindex.index import write_lock
from lmkindex.search import open_searcher

LIGHT = "Amdahl keeps the light. The lamp burns oil. The tower is red."
QUESTIONS = ["Who keeps the light?", "What burns?"]


@pytest.fixture
def corpus(fake: FakeEncoder, tmp_path: Path) -> Path:
    """Two documents, one without text, and a file that cannot be read."""
    put(tmp_path / "corpus" / "lamp.txt", LIGHT)
    put(tmp_path / "corpus" / "sub" / "gulls.md", "Gulls nest on the cliff. They leave in spring.")
    put(tmp_path / "corpus" / "empty.txt", "")
    (tmp_path / "corpus" / "bad.pdf").write_bytes(b"no pdf")
    return tmp_path / "corpus"


@pytest.fixture
def built(corpus: Path, index: str) -> str:
    lmkindex.build_index(corpus, index=index)
    return index


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The options and the thread counts with which a generator was opened, one for each time; it writes one
    sentence."""
    found: list[Any] = []

    def open_generator(options: Any, *, threads: int, **_: Any) -> FakeGenerator:
        found.append((options, threads))
        return FakeGenerator(lambda prompt: "Amdahl keeps the light [1].")

    monkeypatch.setattr(lmkindex.generate, "open_generator", open_generator)
    return found


def test_a_build_takes_one_place_or_several(corpus: Path, index: str) -> None:
    report = lmkindex.build_index(str(corpus / "sub"), index=Path(index))
    assert (report.added, report.documents, report.failed) == (1, 1, ())
    report = lmkindex.build_index([corpus / "sub", str(corpus / "lamp.txt")], index=index)
    assert (report.added, report.unchanged) == (1, 1)
    assert lmkindex.build_index(index=index).unchanged == 2  # those of the last build
    report = lmkindex.build_index((path for path in [corpus]), index=index, exclude="*.txt", max_delete=1.0)
    assert report.documents == 1
    (failure,) = report.failed
    assert (failure.path, failure.status, failure.tries) == ("bad.pdf", "failed", 1)
    assert lmkindex.build_index(corpus, index=index, include="*.txt", dry_run=True, max_delete=1.0).plan == {
        "add": ["empty.txt", "lamp.txt"], "change": [], "rename": [], "delete": ["sub/gulls.md"], "reread": [], "fail": [], "skip": [],
    }  # fmt: skip


def test_errors_of_a_build_are_of_the_tree(corpus: Path, index: str) -> None:
    with pytest.raises(lmkindex.UsageError, match="at least one directory"):
        lmkindex.build_index(index=index)
    with pytest.raises(lmkindex.UsageError):
        lmkindex.build_index(corpus / "nowhere", index=index)
    with pytest.raises(lmkindex.UsageError, match="--max-delete"):
        lmkindex.build_index(corpus, index=index, max_delete=20)
    with write_lock(Path(index), wait=False), pytest.raises(lmkindex.LockedError):
        lmkindex.build_index(corpus, index=index)
    with pytest.raises(lmkindex.IndexUnusableError, match="There is no index"):
        lmkindex.open_index(index)


def test_an_empty_name_is_not_the_current_directory(corpus: Path, index: str, monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    """As an unset variable of a script leaves it."""
    monkeypatch.chdir(corpus)
    with pytest.raises(lmkindex.UsageError, match="name of a directory is empty"):
        lmkindex.build_index("", index=index)
    with pytest.raises(lmkindex.UsageError, match="name of a directory is empty"):
        lmkindex.build_index([corpus, ""], index=index)
    with pytest.raises(lmkindex.UsageError, match="name of the index is empty"):
        lmkindex.build_index(corpus, index="")
    with pytest.raises(lmkindex.UsageError, match="name of the index is empty"):
        lmkindex.open_index("")
    for words in (
        ["build", ""],
        ["build", str(corpus), ""],
        ["synth", ""],
        ["build", str(corpus), "--index", ""],
        ["search", "Who?", "--index", ""],
    ):
        result = run(*words)
        assert result.code == 2 and "is empty" in result.err, words
    assert not Path(index).exists() and not (corpus / ".lmkindex").exists()


def test_a_relative_index_stays_the_same_index_after_chdir(built: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(built).parent)
    with lmkindex.open_index(Path(built).name) as index:
        (tmp_path / "elsewhere").mkdir()
        monkeypatch.chdir(tmp_path / "elsewhere")
        assert index.status().documents == 3 and index.search(QUESTIONS[0]).spans
        index.refresh()
        assert index.status().documents == 3 and index.read("lamp.txt").text == LIGHT


def test_an_index_that_was_deleted_while_open_is_named(built: str) -> None:
    with lmkindex.open_index(built) as index:
        shutil.rmtree(built)
        with pytest.raises(lmkindex.IndexUnusableError, match="deleted since it was opened"):
            index.status()


@pytest.mark.parametrize("device", ["foo", "cuda:", "CPU", "cuda:99"])
def test_a_device_that_is_not_there_is_a_usage_error(device: str, tmp_path: Path) -> None:
    put(tmp_path / "corpus" / "a.txt", LIGHT)
    with pytest.raises(lmkindex.UsageError, match="device"):
        lmkindex.build_index(tmp_path / "corpus", index=tmp_path / "index", device=device)


def test_progress_is_told(corpus: Path, index: str) -> None:
    calls: list[tuple[str, int, int]] = []
    lmkindex.build_index(corpus, index=index, on_progress=lambda *call: calls.append(call))
    assert calls and calls[-1][1] == calls[-1][2] > 0


def test_ctrl_c_keeps_the_documents_that_are_finished(
    tmp_path: Path, fake: FakeEncoder, index: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    for number in range(6):
        put(tmp_path / "corpus" / f"{number}.txt", tiny.prose(number, 30))
    monkeypatch.setattr(lmkindex.build.prepare, "SLAB_ROWS", 4)
    encoder = CountingEncoder(at=6, happens=interrupt)
    monkeypatch.setattr(lmkindex.build.pipeline, "load_encoder", lambda folder, options: encoder)
    with pytest.raises(KeyboardInterrupt):
        lmkindex.build_index(tmp_path / "corpus", index=index)
    with lmkindex.open_index(index) as found:
        kept = found.status().documents
    assert 0 < kept < 6
    report = lmkindex.build_index(tmp_path / "corpus", index=index)  # the lock is free
    assert (report.unchanged, report.added) == (kept, 6 - kept)
    before = tiny.all_landmarks(Path(index))
    encoder.at = encoder.num_calls + 6
    with pytest.raises(KeyboardInterrupt):
        lmkindex.build_index(tmp_path / "corpus", index=index, rebuild=True)
    assert tiny.all_landmarks(Path(index)) == before  # a rebuild takes effect at its end


def test_one_question_gives_one_result_and_a_list_gives_a_list(built: str) -> None:
    expected = open_searcher(built, EncodeOptions()).search(QUESTIONS, [SearchOptions(budget_tokens=9, path_glob="*.txt")] * 2)
    with lmkindex.open_index(built) as index:
        assert index.search(QUESTIONS, budget_tokens=9, path="*.txt") == expected
        assert index.search(tuple(QUESTIONS), budget_tokens=9, path="*.txt") == expected
        assert index.search(f"  {QUESTIONS[0]}\n", budget_tokens=9, path="*.txt") == expected[0]
        assert index.search([QUESTIONS[1]], budget_tokens=9, path="*.txt") == [expected[1]]
        assert index.search([]) == [] and index.ask([]) == []
    assert expected[0].spans[0].text == "Amdahl keeps the light."


@pytest.mark.parametrize(
    ("question", "options", "message"),
    [
        ("", {}, "question is empty"),
        (["Who?", " "], {}, "question is empty"),
        ("\ud800", {}, "not valid Unicode"),
        (b"Who?", {}, "Pass one question as a string"),
        ({"Who?": 1}, {}, "Pass one question as a string"),
        (["Who?", None], {}, "must be a string, not None"),
        ("Who?", {"front": 0}, 'front must be "auto" or a positive'),
        ("Who?", {"front": "2"}, 'front must be "auto" or a positive'),
        ("Who?", {"front": True}, 'front must be "auto" or a positive'),
        ("Who?", {"hits": 1.5}, "hits must be a whole number, not 1.5"),
        ("Who?", {"budget_tokens": "9"}, "budget_tokens must be a whole number"),
        ("Who?", {"surround": None}, "surround must be a whole number"),
        ("Who?", {"alpha": "0.1"}, "alpha must be a number"),
        ("Who?", {"hybrid": "no"}, "hybrid must be True or False"),
        ("Who?", {"path": Path("a")}, "path must be a pattern in a string"),
        ("Who?", {"front": 2, "surround": 2}, "cannot be combined"),
        ("Who?", {"budget_tokens": 0}, "--budget"),
        ("Who?", {"path": "a[\ud800"}, "path pattern"),
    ],
)
def test_what_is_wrong_with_a_question_is_said(built: str, question: Any, options: dict[str, Any], message: str) -> None:
    with lmkindex.open_index(built) as index:
        for method in (index.search, index.ask):
            with pytest.raises(lmkindex.UsageError, match=message):
                method(question, **options)


def test_the_generator_is_opened_by_the_first_question_that_needs_it_and_kept(built: str, opened: list[Any]) -> None:
    with lmkindex.open_index(built, threads=3) as index:
        assert index.ask("Who keeps the light?", path="none/").abstained
        assert not opened
        answer = index.ask("Who keeps the light?")
        assert (answer.answer, answer.abstained, answer.model) == ("Amdahl keeps the light [1].", False, "fake")
        (citation,) = answer.citations
        assert citation.verified and index.read(citation.place).text == citation.quote == "Amdahl keeps the light."
        assert [one.question for one in index.ask(QUESTIONS, min_similarity=-1.0)] == QUESTIONS
        assert len(opened) == 1 and opened[0][1] == 3
        index.ask("Who keeps the light?", llm="http://localhost:1/v1")
        index.ask("What burns?", llm="http://localhost:1/v1")
        assert [options.llm for options, _ in opened] == [None, "http://localhost:1/v1"]
        index.ask("What burns?", llm="http://localhost:1/v1", max_answer_tokens=8)  # less room for the answer leaves more for the spans
        assert len(opened) == 3


def test_questions_are_embedded_before_the_engine_starts(built: str, fake: FakeEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine in this process changes torch's threads and the global random state."""
    events: list[str] = []
    encode_rows = fake.encode_rows

    def encode(rows: Sequence[Any]) -> list[Any]:
        events.append(f"embed {len(rows)}")
        return encode_rows(rows)

    def open_generator(*_: Any, **__: Any) -> FakeGenerator:
        events.append("open")
        return FakeGenerator(lambda prompt: "Amdahl keeps the light [1].")

    monkeypatch.setattr(fake, "encode_rows", encode)
    monkeypatch.setattr(lmkindex.generate, "open_generator", open_generator)
    monkeypatch.setattr("lmkindex.answer.asking.ANSWERS_AT_ONCE", 1)
    with lmkindex.open_index(built) as index:
        assert len(index.ask(QUESTIONS)) == 2
    assert events == ["embed 2", "open"]


class Stubborn(FakeGenerator):
    """Is interrupted at its first question, and then refuses all others, like an engine."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(lambda prompt: "Amdahl keeps the light [1].")
        self.error = error

    def generate(
        self, prompts: Sequence[Prompt], *, max_tokens: int, temperature: float, on_text: OnText | None = None
    ) -> list[Generation]:
        raise self.error


@pytest.mark.parametrize(("error", "num_opened"), [(KeyboardInterrupt(), 2), (RuntimeError(), 2), (lmkindex.GeneratorError("busy"), 1)])
def test_an_engine_that_was_interrupted_is_not_asked_again(
    built: str, monkeypatch: pytest.MonkeyPatch, error: BaseException, num_opened: int
) -> None:
    found: list[Stubborn] = []

    def open_generator(*_: Any, **__: Any) -> Stubborn:
        found.append(Stubborn(error))
        return found[-1]

    monkeypatch.setattr(lmkindex.generate, "open_generator", open_generator)
    with lmkindex.open_index(built) as index:
        for _ in range(2):
            with pytest.raises(type(error)):
                index.ask("Who keeps the light?")
    assert len(found) == num_opened


def test_a_place_is_read_as_search_prints_it(built: str) -> None:
    with lmkindex.open_index(built) as index:
        (span,) = index.search("The lamp burns oil.", front=1, hits=1, hybrid=False).spans
        passage = index.read(span.place, context_chars=6)
        assert (passage.before, passage.text, passage.after) == ("ight. ", span.text, " The t")
        assert passage.place == span.place == "lamp.txt:24-43"
        assert index.read("lamp.txt").text == LIGHT
        with pytest.raises(lmkindex.UsageError, match="not a range"):
            index.read("lamp.txt:9")
        with pytest.raises(lmkindex.LmkindexError, match="no document"):
            index.read("tower.txt:0-1")


def test_status_is_what_the_command_line_prints(built: str, run: Run) -> None:
    with lmkindex.open_index(built) as index:
        status = index.status()
    assert json.loads(json.dumps(status.to_json())) == run("status", "--index", built, "--json").json
    assert (status.documents, status.sentences, status.empty) == (3, 5, ("empty.txt",))
    assert [(failure.path, failure.status) for failure in status.failed] == [("bad.pdf", "failed")]


def test_a_document_that_cannot_be_read_any_more_is_stale(built: str, corpus: Path) -> None:
    (corpus / "lamp.txt").write_bytes(b"\0\1\2" * 400)
    report = lmkindex.build_index(corpus, index=built)
    with lmkindex.open_index(built) as index:
        assert [(one.path, one.status) for one in index.status().failed] == [("bad.pdf", "failed"), ("lamp.txt", "stale")]
        assert [one.status for one in report.failed] == ["failed", "stale"]
        assert index.read("lamp.txt").text == LIGHT


def test_an_index_stays_at_its_state_until_it_is_refreshed(built: str, corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    index = lmkindex.open_index(built)
    assert repr(index) == f"<lmkindex.Index {built!r}, 3 documents>"
    index.search("boats")
    searcher = index._searcher
    put(corpus / "boats.txt", "Boats lie in the basin.")
    lmkindex.build_index(corpus, index=built)
    assert index.status().documents == 3
    assert "Boats" not in index.search("Boats in the basin").spans[0].text
    index.refresh()
    assert index.status().documents == 4
    assert index.search("Boats in the basin").spans[0].text == "Boats lie in the basin."
    assert index._searcher is not None and searcher is not None and index._searcher.encoder is searcher.encoder
    other = FakeEncoder(dim=16)
    for module in (lmkindex.build.pipeline, lmkindex.build.index_settings, lmkindex.search.searcher):
        monkeypatch.setattr(module, "load_encoder", lambda folder, options: other, raising=False)
        monkeypatch.setattr(module, "find_encoder", lambda name: other.folder, raising=False)
    lmkindex.build_index(corpus, index=built, rebuild=True)
    assert index.search("Boats in the basin").spans  # with the encoder of its own state
    index.refresh()
    assert index.status().encoder["dim"] == 16
    assert index.search("Boats in the basin").spans[0].text == "Boats lie in the basin."


def test_a_citation_has_the_page_of_its_own_sentence(
    fake: FakeEncoder, index: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A span goes over pages; the page of its start is not that of each citation."""
    from reportlab.pdfgen.canvas import Canvas

    (tmp_path / "corpus").mkdir()
    canvas = Canvas(str(tmp_path / "corpus" / "log.pdf"))
    sentences = ["Amdahl keeps the light.", "Gulls nest on the cliff.", "Brass rusts in salt."]
    for sentence in sentences:
        canvas.drawString(72, 720, sentence)
        canvas.showPage()
    canvas.save()
    writer = FakeGenerator(lambda prompt: " ".join(f"{sentence[:-1]} [1]." for sentence in sentences))
    monkeypatch.setattr(lmkindex.generate, "open_generator", lambda *_, **__: writer)
    lmkindex.build_index(tmp_path / "corpus", index=index)
    with lmkindex.open_index(index) as opened_index:
        answer = opened_index.ask("Who keeps the light?", surround=2, min_similarity=-1)
        assert [(citation.quote, citation.page) for citation in answer.citations] == list(zip(sentences, (1, 2, 3), strict=True))
        assert [opened_index.read(citation.place).page for citation in answer.citations] == [1, 2, 3]


def test_a_closed_index_says_so(built: str, opened: list[Any]) -> None:
    with lmkindex.open_index(built) as index:
        index.ask("Who keeps the light?")
    index.close()
    index.close()
    assert repr(index) == "<lmkindex.Index, closed>"
    uses: list[Callable[[], Any]] = [
        lambda: index.search("Who?"), lambda: index.search([]), lambda: index.ask("Who?"), lambda: index.read("lamp.txt"), index.status,
        index.refresh, index.__enter__,
    ]  # fmt: skip
    for use in uses:
        with pytest.raises(lmkindex.UsageError, match="was closed"):
            use()
    assert len(opened) == 1


def test_damage_is_an_error_of_the_tree(built: str, opened: list[Any]) -> None:
    with lmkindex.open_index(built) as index:
        for file in Path(built).rglob("data/*.lance"):
            file.unlink()
        uses: list[Callable[[], Any]] = [
            lambda: index.search("Who?"), lambda: index.ask("Who?"), lambda: index.read("lamp.txt"), index.status,
            lambda: lmkindex.build_index(index=built),
        ]  # fmt: skip
        for use in uses:
            with pytest.raises(lmkindex.IndexUnusableError, match="--rebuild"):
                use()
