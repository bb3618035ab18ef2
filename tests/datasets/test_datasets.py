from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import tiny
from hypothesis import given
from hypothesis import strategies as st

from lmkindex.datasets import EvaluationSet, Question, SourceDocument, find_sets, sample_questions
from lmkindex.datasets.json_lines import merge_spans
from lmkindex.datasets.set_reader import find_answers
from lmkindex.errors import UsageError

EXAMPLES = tiny.ROOT_PATH / "examples"
TEXT = "Tom kept bees. He sold honey."
DOCUMENT = {"id": "d", "title": "Bees", "text": TEXT}
QUESTION = {"id": "q", "doc": "d", "question": "Who?", "answers": ["Tom"], "spans": [[0, 3]], "note": "other fields are left alone"}


def write_lines(path: Path, lines: Sequence[Any]) -> Path:
    """Write a JSON Lines file, gzipped if its name says so. Bytes are written unchanged."""
    data = b"".join((line if isinstance(line, bytes) else json.dumps(line).encode()) + b"\n" for line in lines)
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def write_pair(folder: Path, name: str, documents: Sequence[Any], questions: Sequence[Any], suffix: str = "") -> None:
    write_lines(folder / f"{name}.docs.jsonl{suffix}", documents)
    write_lines(folder / f"{name}.qa.jsonl{suffix}", questions)


def numbered_set(num_questions: int, name: str = "set") -> EvaluationSet:
    """Questions 0..n-1; every third one has no evidence."""
    questions = [
        Question(question_id=str(i), doc_id="d", text="Who?", answers=(), spans=((0, 3),) if i % 3 else ()) for i in range(num_questions)
    ]
    return EvaluationSet(name=name, documents=(SourceDocument(doc_id="d", title="", text=TEXT),), questions=tuple(questions))


# --- pairs of files


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_a_pair_of_files(tmp_path: Path, suffix: str) -> None:
    questions = [QUESTION, QUESTION | {"id": "r", "spans": [[15, 20], [0, 3], [3, 8], [2, 4]], "answers": []}, QUESTION | {"spans": []}]
    write_pair(tmp_path, "bees", [DOCUMENT, {"id": "e", "text": ""}], questions, suffix)
    (found,) = find_sets(tmp_path, [])
    assert found.name == "bees"
    assert found.documents == (
        SourceDocument(doc_id="d", title="Bees", text=TEXT),
        SourceDocument(doc_id="e", title="", text=""),
    )
    assert found.questions[0] == Question(
        question_id="q", doc_id="d", text="Who?", answers=("Tom",), spans=((0, 3),), any_span=False, note="other fields are left alone"
    )
    assert [question.spans for question in found.questions] == [((0, 3),), ((0, 8), (15, 20)), ()]


def test_names_choose_and_order(tmp_path: Path) -> None:
    for name in ("b", "a", "c.2"):
        write_pair(tmp_path, name, [DOCUMENT], [QUESTION], ".gz" if name == "a" else "")
    write_lines(tmp_path / "lonely.docs.jsonl", [b"not read"])
    (tmp_path / "notes.txt").write_text("not read")
    assert [found.name for found in find_sets(tmp_path, [])] == ["a", "b", "c.2"]
    assert [found.name for found in find_sets(tmp_path, ["c.2", "a", "c.2"])] == ["c.2", "a"]
    with pytest.raises(UsageError, match=r"no evaluation set lonely, x in .*; available: a, b, c\.2\."):
        find_sets(tmp_path, ["a", "lonely", "x"])


def test_the_plain_file_goes_before_its_gzip(tmp_path: Path) -> None:
    write_pair(tmp_path, "bees", [DOCUMENT], [QUESTION], ".gz")
    write_lines(tmp_path / "bees.qa.jsonl", [QUESTION | {"id": "edited"}])
    assert find_sets(tmp_path, [])[0].questions[0].question_id == "edited"


def test_texts_are_taken_as_they_are(tmp_path: Path) -> None:
    text = "\ud800 \x00 \u2028 line\r\nend \U0001f41d"
    write_pair(tmp_path, "odd", [b"\xef\xbb\xbf" + json.dumps(DOCUMENT | {"text": text}).encode(), b" "], [QUESTION])
    raw = '{"id": "q", "doc": "d", "question": "a\u2028b?", "answers": [], "spans": []}'.encode()  # not a line end in JSON
    write_lines(tmp_path / "odd.qa.jsonl", [raw])
    (found,) = find_sets(tmp_path, [])
    assert found.documents[0].text == text
    assert found.questions[0].text == "a\u2028b?"


BAD_QUESTIONS = [
    (b"{", "not valid JSON"),
    (b"\xff", "not valid JSON"),
    (b"[" * 100_000, "not valid JSON"),
    ([], "not an object"),
    ({"id": "q", "doc": "d", "question": "Who?", "answers": []}, "`spans` is missing"),
    (QUESTION | {"doc": "z"}, "the document 'z' is not in bees.docs.jsonl"),
    (QUESTION | {"id": 3}, "`id` must be a string"),
    (QUESTION | {"question": " \n"}, "`question` is blank"),
    (QUESTION | {"answers": "Tom"}, "`answers` must be a list of strings"),
    (QUESTION | {"answers": ["Tom", 3]}, "`answers` must be a list of strings"),
    (QUESTION | {"spans": [[0, 3, 4]]}, "`spans` must be a list"),
    (QUESTION | {"spans": [[0, 3.0]]}, "`spans` must be a list"),
    (QUESTION | {"spans": [[False, True]]}, "`spans` must be a list"),
    (QUESTION | {"spans": {"0": 3}}, "`spans` must be a list"),
    (QUESTION | {"spans": [[0, 3], [4, 4]]}, r"the span \[4, 4\] is empty or outside"),
    (QUESTION | {"spans": [[4, 3]]}, r"the span \[4, 3\] is empty or outside"),
    (QUESTION | {"spans": [[-1, 3]]}, r"the span \[-1, 3\] is empty or outside"),
    (QUESTION | {"spans": [[0, len(TEXT) + 1]]}, "which has 29 characters"),
]


@pytest.mark.parametrize(("line", "message"), BAD_QUESTIONS)
def test_a_bad_question_names_its_line(tmp_path: Path, line: object, message: str) -> None:
    write_pair(tmp_path, "bees", [DOCUMENT], [QUESTION | {"spans": [[0, len(TEXT)]]}, b"", line])
    with pytest.raises(UsageError, match=rf"bees\.qa\.jsonl, line 3: .*{message}"):
        find_sets(tmp_path, [])


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (DOCUMENT, "the document id 'd' is already in use"),
        ({"id": "e", "title": "E"}, "`text` is missing"),
        ({"id": "e", "title": None, "text": ""}, "`title` must be a string"),
    ],
)
def test_a_bad_document_names_its_line(tmp_path: Path, line: object, message: str) -> None:
    write_pair(tmp_path, "bees", [DOCUMENT, line], [QUESTION])
    with pytest.raises(UsageError, match=rf"bees\.docs\.jsonl, line 2: .*{message}"):
        find_sets(tmp_path, [])


def test_a_damaged_gzip(tmp_path: Path) -> None:
    write_pair(tmp_path, "bees", [DOCUMENT] * 9, [QUESTION], ".gz")
    path = tmp_path / "bees.docs.jsonl.gz"
    whole = path.read_bytes()
    for data in (whole[:-12], b"no gzip at all", whole[:20] + b"\xff\xff" + whole[22:]):
        path.write_bytes(data)
        with pytest.raises(UsageError, match=r"bees\.docs\.jsonl\.gz"):
            find_sets(tmp_path, [])


def test_no_set_at_all(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="There is no evaluation set in"):
        find_sets(tmp_path, [])
    with pytest.raises(UsageError, match="does not exist"):
        find_sets(tmp_path / "gone", [])
    (tmp_path / "a.csv").write_text("")
    with pytest.raises(UsageError, match=r"is not a \.jsonl file"):
        find_sets(tmp_path / "a.csv", [])
    write_pair(tmp_path, "bees", [DOCUMENT], [])
    with pytest.raises(UsageError, match="contains no questions"):
        find_sets(tmp_path, [])


# --- LongBench


def test_longbench(tmp_path: Path) -> None:
    lines = [
        {"input": "Who?", "context": TEXT, "answers": ["tom", "SOLD  honey"], "_id": "x", "dataset": "bees", "length": 6},
        {"input": "What?", "context": "Other.", "answers": ["wax"]},
        {"input": "Whose?", "context": TEXT, "answers": []},
    ]
    (found,) = find_sets(write_lines(tmp_path / "hive.jsonl", lines), ["hive"])
    assert found.name == "hive"
    assert [(document.doc_id, document.text) for document in found.documents] == [("hive-0", TEXT), ("hive-1", "Other.")]
    assert [(question.question_id, question.doc_id, question.spans) for question in found.questions] == [
        ("x", "hive-0", ((0, 3), (18, 28))),
        ("hive-line-2", "hive-1", ()),
        ("hive-line-3", "hive-0", ()),
    ]
    assert all(question.any_span for question in found.questions)
    assert find_sets(write_lines(tmp_path / "hive.jsonl.gz", lines), []) == [found]
    with pytest.raises(UsageError, match=r"no evaluation set other in .*; available: hive\."):
        find_sets(tmp_path / "hive.jsonl", ["other"])


@pytest.mark.parametrize(("name", "value"), [("context", None), ("input", ""), ("answers", None), ("_id", 3)])
def test_a_bad_longbench_line(tmp_path: Path, name: str, value: object) -> None:
    good = {"input": "Who?", "context": TEXT, "answers": []}
    path = write_lines(tmp_path / "hive.jsonl", [good, good | {name: value}])
    with pytest.raises(UsageError, match=rf"hive\.jsonl, line 2: `{name}`"):
        find_sets(path, [])


@pytest.mark.parametrize(
    ("text", "answer", "places"),
    [
        ("The cat sat. Cats sit. A CAT", "cat", ["cat", "CAT"]),
        ("in New\n  York, newyork", "new york", ["New\n  York"]),
        ("costs $5.00 or 5500", "$5.00", ["$5.00"]),
        ("(see A.B.) AxBx", "A.B.", ["A.B."]),
        ("İİ then İstanbul", "istanbul", ["İstanbul"]),
        ("他住在北京市里", "北京", ["北京"]),
        ("Müller, Müllerin", "müller", ["Müller"]),
        ("no, I know; yes", "no", []),
        ("no, I know; yes", " Yes", []),
        ("a b", "", []),
        ("a b", " \n", []),
        ("nothing", "else", []),
    ],
)
def test_places_of_an_answer(text: str, answer: str, places: list[str]) -> None:
    assert [text[start:end] for start, end in find_answers(text, [answer])] == places


def test_places_that_overlap_are_one() -> None:
    assert find_answers("the Harrow dam was", ["Harrow dam", "the Harrow", "dam"]) == ((0, 14),)


@given(st.lists(st.sampled_from(["dam", "Harrow", "1932", "ß", "x.y"]), min_size=1, max_size=5), st.text(" .,\n", max_size=3))
def test_an_answer_is_found_wherever_it_is_put(words: list[str], around: str) -> None:
    text = f"{around} {'  '.join(words).upper() if 'ß' not in words else '  '.join(words)} {around}"
    (span,) = find_answers(text, [" ".join(words)])
    assert text[slice(*span)] == text.strip(" .,\n")


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 9)), max_size=8))
def test_merged_spans_hold_the_same_characters(pairs: list[tuple[int, int]]) -> None:
    spans = [(start, start + length) for start, length in pairs]
    merged = merge_spans(spans)
    characters = {place for span in spans for place in range(*span)}
    assert {place for span in merged for place in range(*span)} == characters
    assert all(left[1] < right[0] for left, right in pairwise(merged))
    assert all(start < end for start, end in merged)


# --- the project's own examples


def test_examples() -> None:
    (found,) = find_sets(EXAMPLES, [])
    assert found.name == "examples"
    assert len(found.documents) == 11 and len(found.questions) == 30
    lines = [json.loads(line) for line in (EXAMPLES / "questions.jsonl").read_text("utf-8").splitlines()]
    texts = {document.doc_id: document.text for document in found.documents}
    for question, line in zip(found.questions, lines, strict=True):
        assert (question.question_id, question.doc_id, question.text) == (line["id"], line["path"], line["question"])
        pieces = [texts[question.doc_id][start:end] for start, end in question.spans]
        assert pieces == line["evidence"]  # none of these touch
    assert find_sets(EXAMPLES, ["examples"]) == [found]
    with pytest.raises(UsageError, match="available: examples"):
        find_sets(EXAMPLES, ["squad"])


def test_a_sample_folder_of_ones_own(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    (corpus / "deep").mkdir(parents=True)
    (corpus / "deep" / "bees.txt").write_bytes(b"One.\r\nTwo.")
    (corpus / "ignored.bin").write_bytes(b"\x00")
    question = {"id": "q", "path": "deep/bees.txt", "question": "?", "answers": [], "spans": [[6, 10]]}
    path = write_lines(tmp_path / "questions.jsonl", [question])
    (found,) = find_sets(tmp_path, [])
    assert found.name == tmp_path.name
    assert [(document.doc_id, document.text) for document in found.documents] == [("deep/bees.txt", "One.\r\nTwo.")]
    write_lines(path, [question, question | {"path": "bees.txt"}])
    with pytest.raises(UsageError, match=r"questions\.jsonl, line 2: the document 'bees.txt' is not in corpus/"):
        find_sets(tmp_path, [])
    (corpus / "empty.txt").write_bytes(b"")
    with pytest.raises(UsageError, match=r"empty\.txt: the file is empty"):
        find_sets(tmp_path, [])


# --- samples


@given(st.integers(0, 40), st.integers(0, 45), st.integers(0, 3), st.booleans())
def test_a_sample(num_questions: int, size: int, seed: int, with_evidence: bool) -> None:
    whole = numbered_set(num_questions)
    sample = sample_questions(whole, size, seed, with_evidence=with_evidence)
    allowed = [question for question in whole.questions if question.spans or not with_evidence]
    assert len(sample.questions) == (min(size, len(allowed)) if size else len(allowed))
    numbers = [int(question.question_id) for question in sample.questions]
    assert numbers == sorted(set(numbers))  # the order of the file, none twice
    assert set(sample.questions) <= set(allowed)
    assert sample.documents == whole.documents and sample.name == whole.name
    assert sample_questions(whole, size, seed, with_evidence=with_evidence) == sample
    larger = sample_questions(whole, size + 5, seed, with_evidence=with_evidence) if size else sample
    assert set(larger.questions) >= set(sample.questions)


def test_samples_depend_on_seed_and_name_alone() -> None:
    def chosen(name: str, seed: int) -> list[str]:
        return [question.question_id for question in sample_questions(numbered_set(100, name), 6, seed, with_evidence=False).questions]

    assert chosen("squad_dev", 0) == ["5", "11", "12", "22", "34", "52"]  # on every machine
    assert len({tuple(chosen(name, seed)) for name in ("squad_dev", "qed_dev") for seed in (0, 1)}) == 4
    with pytest.raises(UsageError, match="must not be negative"):
        sample_questions(numbered_set(3), -1, 0, with_evidence=False)
