"""The sample corpus: all six formats, over 200 KB of text, and 30 questions whose spans are exact."""

from __future__ import annotations

import json
from pathlib import Path

from lmkindex.config import FileOptions
from lmkindex.files import walk_files
from lmkindex.read import read_document

EXAMPLES = Path(__file__).parents[1] / "examples"


def test_sample_corpus_and_questions() -> None:
    found = walk_files([EXAMPLES / "corpus"], FileOptions())
    entries, failures = found.entries, found.failures
    assert failures == []
    documents = {entry.path: read_document(entry, FileOptions()) for entry in entries}
    assert {Path(path).suffix for path in documents} == {".txt", ".md", ".rst", ".html", ".pdf", ".docx"}
    assert sum(len(document.text.encode()) for document in documents.values()) > 200_000
    questions = [json.loads(line) for line in (EXAMPLES / "questions.jsonl").read_text(encoding="utf-8").splitlines()]
    assert len(questions) == 30 and len({question["id"] for question in questions}) == 30
    for question in questions:
        text = documents[question["path"]].text
        assert [text[start:end] for start, end in question["spans"]] == question["evidence"]
        evidence = " ".join(" ".join(question["evidence"]).split())
        assert all(" ".join(answer.split()) in evidence for answer in question["answers"]), question["id"]
