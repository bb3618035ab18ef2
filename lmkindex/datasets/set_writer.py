"""A set -> the two files that `set_reader` reads: `NAME.docs.jsonl.gz` and `NAME.qa.jsonl.gz`
(evaluate-your-own-set.md, "Your own questions").

Each file is written completely or not at all, and equal sets give equal bytes.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..records import JsonObject
from ..storage import write_whole
from .json_lines import Spans
from .records import EvaluationSet, Question


def write_set(folder: Path, one: EvaluationSet, fine_spans: Mapping[str, Spans] | None = None) -> None:
    """Write a set to `folder`. `fine_spans` maps a question id to the places of the answer's own words within the
    evidence."""
    documents = [{"id": document.doc_id, "title": document.title, "text": document.text} for document in one.documents]
    write_lines(folder / f"{one.name}.docs.jsonl.gz", documents)
    write_lines(folder / f"{one.name}.qa.jsonl.gz", [question_json(question, fine_spans) for question in one.questions])


def question_json(question: Question, fine_spans: Mapping[str, Spans] | None) -> JsonObject:
    """A line of the questions file."""
    fine = {} if fine_spans is None else {"fine": [list(span) for span in fine_spans[question.question_id]]}
    return {
        "id": question.question_id,
        "doc": question.doc_id,
        "question": question.text,
        "answers": list(question.answers),
        "spans": [list(span) for span in question.spans],
        **fine,
        "note": question.note,
    }


def write_lines(path: Path, lines: Sequence[JsonObject]) -> None:
    """A gzip file of JSON Lines, in ASCII."""
    data = "".join(json.dumps(line) + "\n" for line in lines).encode("ascii")
    write_whole(path, gzip.compress(data, mtime=0))
