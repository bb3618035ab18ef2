"""Small made-up evaluation sets, in memory and in the form of a data folder."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import tiny

from lmkindex.datasets import EvaluationSet, Question, SourceDocument


def make_small_set(name: str, num_documents: int = 3, *, seed: int = 0, num_sentences: int = 60) -> EvaluationSet:
    """Documents of made-up prose, each with questions whose evidence is one or two of its sentences."""
    documents, questions = [], []
    for number in range(num_documents):
        text = tiny.prose(seed + number, num_sentences)
        documents.append(SourceDocument(doc_id=f"d{number}", title="", text=text))
        ends = [place + 1 for place, char in enumerate(text) if char == "."]
        for index in range(5, len(ends) - 1, 13):
            start = ends[index - 1] + len(text[ends[index - 1] : ends[index]]) - len(text[ends[index - 1] : ends[index]].lstrip())
            question = text[start : ends[index]].split()[:4]
            questions.append(
                Question(
                    question_id=f"{number}-{index}",
                    doc_id=f"d{number}",
                    text=" ".join(question),
                    answers=("oak",),
                    spans=((start, ends[index]),),
                )
            )
    return EvaluationSet(name=name, documents=tuple(documents), questions=tuple(questions))


def write_small_set(folder: Path, one: EvaluationSet) -> None:
    """Write the set in the form of a data folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with gzip.open(folder / f"{one.name}.docs.jsonl.gz", "wt", encoding="utf-8") as file:
        file.writelines(json.dumps({"id": document.doc_id, "title": "", "text": document.text}) + "\n" for document in one.documents)
    with gzip.open(folder / f"{one.name}.qa.jsonl.gz", "wt", encoding="utf-8") as file:
        for question in one.questions:
            fields = {"id": question.question_id, "doc": question.doc_id, "question": question.text, "answers": list(question.answers)}
            file.write(json.dumps({**fields, "spans": [list(span) for span in question.spans]}) + "\n")
