"""Files -> evaluation sets, checked: documents, questions about them, and where the evidence is.

Takes a path in one of three forms: a folder of `NAME.docs.jsonl[.gz]` + `NAME.qa.jsonl[.gz]` (evaluate-your-own-set.md,
"Your own questions"), a LongBench-style `.jsonl[.gz]` file (`input`, `context`, `answers`), or a folder with `corpus/`
and `questions.jsonl`, like the project's `examples/`. Knows nothing about models or metrics. Texts are kept unchanged,
including NULs and lone surrogates. Any error is a `UsageError` that names file and line.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from ..config import FileOptions, require
from ..errors import ReadError, UsageError
from ..files import nfc, walk_files
from ..read import Parser, read_document
from .json_lines import JsonLine, Spans, merge_spans, read_lines
from .records import EvaluationSet, Question, SourceDocument

FORMS = (
    "evaluate takes a folder with NAME.docs.jsonl.gz and NAME.qa.jsonl.gz, a LongBench-style .jsonl file, "
    "or a folder with corpus/ and questions.jsonl"
)
PAIR_FILE = re.compile(r"(.+)\.(docs|qa)\.jsonl(?:\.gz)?")
# A letter or digit of a script that puts spaces between words. Thai, Lao, Burmese, Khmer, Chinese and Japanese do not.
WORD_CHARACTER = "[^\\W\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
VERDICTS = frozenset({"yes", "no", "unanswerable"})  # verdicts, not quotes: where such a word happens to occur is not evidence


def find_sets(path: Path, names: Sequence[str]) -> list[EvaluationSet]:
    """The sets of `path` that `names` lists, in that order; if `names` is empty, all of them, sorted by name.

    Raises `UsageError` for a path of an unknown form, for an unknown name (listing the known names), and for any error
    in a file.
    """
    if (path / "questions.jsonl").is_file() and (path / "corpus").is_dir():
        found = {path.resolve().name: partial(read_sample_folder, path)}
    elif path.is_dir():
        found = find_pairs(path)
        require(bool(found), f"There is no evaluation set in {path}: {FORMS}.")
    elif path.is_file():
        require(set_name(path) != path.name, f"{path} is not a .jsonl file: {FORMS}.")
        found = {set_name(path): partial(read_longbench, path)}
    else:
        raise UsageError(f"{path} does not exist: {FORMS}.")
    unknown = [name for name in names if name not in found]
    require(not unknown, f"There is no evaluation set {', '.join(unknown)} in {path}; available: {', '.join(sorted(found))}.")
    return [found[name]() for name in dict.fromkeys(names or sorted(found))]


def sample_questions(evaluation_set: EvaluationSet, max_questions: int, seed: int, *, with_evidence: bool) -> EvaluationSet:
    """At most `max_questions` (0: all) of the set's questions, in the order of the file; all documents stay.

    The same seed and set name give the same sample everywhere, and a larger sample contains every smaller one.
    """
    require(max_questions >= 0, "The number of questions must not be negative; 0 means all.")
    questions = [question for question in evaluation_set.questions if question.spans or not with_evidence]
    if 0 < max_questions < len(questions):
        key = hashlib.blake2b(f"{seed}\0{evaluation_set.name}".encode("utf-8", "surrogatepass"), digest_size=8).digest()
        order = np.random.default_rng(int.from_bytes(key, "little")).permutation(len(questions))
        questions = [questions[index] for index in sorted(order[:max_questions].tolist())]
    return replace(evaluation_set, questions=tuple(questions))


def find_pairs(folder: Path) -> dict[str, partial[EvaluationSet]]:
    """The sets with both files in `folder`. If a file exists plain and as `.gz`, the plain file is read."""
    paths = sorted(folder.iterdir(), reverse=True)  # NAME.jsonl.gz before NAME.jsonl, which overwrites it
    files = {(match[1], match[2]): path for path in paths if (match := PAIR_FILE.fullmatch(path.name)) and path.is_file()}
    names = sorted(name for name, kind in files if kind == "docs" and (name, "qa") in files)
    return {name: partial(read_pair, name, files[name, "docs"], files[name, "qa"]) for name in names}


def read_pair(name: str, docs_path: Path, qa_path: Path) -> EvaluationSet:
    """A set from its documents file (`id`, `text`, optional `title`) and its questions file (`id`, `doc`, `question`,
    ...)."""
    documents: dict[str, SourceDocument] = {}
    for line in read_lines(docs_path):
        doc_id = line.read_text("id")
        if doc_id in documents:
            line.fail(f"the document id {doc_id!r} is already in use: ids must be unique.")
        title = line.read_text("title") if "title" in line.fields else ""
        documents[doc_id] = SourceDocument(doc_id=doc_id, title=title, text=line.read_text("text"))
    questions = [read_set_question(line, "doc", documents, f"is not in {docs_path.name}") for line in read_lines(qa_path)]
    return checked_set(name, documents.values(), questions, qa_path)


def read_set_question(line: JsonLine, document_field: str, documents: Mapping[str, SourceDocument], unknown: str) -> Question:
    written = line.read_text(document_field)
    doc_id = written if written in documents else nfc(written)
    if doc_id not in documents:
        line.fail(f"the document {written!r} {unknown}.")
    return Question(
        question_id=line.read_text("id"),
        doc_id=doc_id,
        text=line.read_question("question"),
        answers=line.read_answers(),
        spans=line.read_spans(documents[doc_id].text),
        note=line.read_text("note") if "note" in line.fields else "",
    )


def read_longbench(path: Path) -> EvaluationSet:
    """A set in which every line is a question with its own context; equal contexts become one document. Each occurrence
    of an answer is an alternative piece of evidence; a question whose answers do not occur in the context has none."""
    name = set_name(path)
    documents: dict[str, SourceDocument] = {}
    questions = []
    for line in read_lines(path):
        context, answers = line.read_text("context"), line.read_answers()
        document = documents.setdefault(context, SourceDocument(doc_id=f"{name}-{len(documents)}", title="", text=context))
        question_id = line.fields.get("_id", f"{name}-line-{line.number}")
        questions.append(
            Question(
                question_id=question_id if isinstance(question_id, str) else line.fail("`_id` must be a string."),
                doc_id=document.doc_id,
                text=line.read_question("input"),
                answers=answers,
                spans=find_answers(context, answers),
                any_span=True,
            )
        )
    return checked_set(name, documents.values(), questions, path)


def read_sample_folder(folder: Path) -> EvaluationSet:
    """A set whose documents are files: everything below `corpus/` that a build would index, read as a build reads
    it."""
    corpus_path, questions_path = folder / "corpus", folder / "questions.jsonl"
    found = walk_files([corpus_path], FileOptions())
    failed = [f"{failure.path}: {failure.reason}" for failure in found.failures]
    documents: dict[str, SourceDocument] = {}
    with Parser(FileOptions()) as parser:
        for entry in found.entries:
            try:
                document = read_document(entry, FileOptions(), parser.parse)
            except ReadError as error:
                failed.append(f"{entry.path}: {error}")
            else:
                documents[entry.path] = SourceDocument(doc_id=entry.path, title=document.title, text=document.text)
    # A build continues without unreadable files; here every run must have the same documents.
    require(not failed, f"Repair or remove the files in {corpus_path} that cannot be read: {'; '.join(failed)}.")
    questions = [read_set_question(line, "path", documents, "is not in corpus/") for line in read_lines(questions_path)]
    return checked_set(folder.resolve().name, documents.values(), questions, questions_path)


def checked_set(name: str, documents: Iterable[SourceDocument], questions: Sequence[Question], path: Path) -> EvaluationSet:
    require(bool(questions), f"{path} contains no questions: add at least one.")
    return EvaluationSet(name=name, documents=tuple(documents), questions=tuple(questions))


def find_answers(text: str, answers: Iterable[str]) -> Spans:
    """Every occurrence of an answer in `text` as whole words, ignoring case and white space; merged."""
    found = {tuple(answer.split()) for answer in answers if answer.strip() and answer.strip().lower() not in VERDICTS}
    return merge_spans(match.span() for words in found for match in answer_pattern(words).finditer(text))


def answer_pattern(words: Sequence[str]) -> re.Pattern[str]:
    before = f"(?<!{WORD_CHARACTER})" if re.match(WORD_CHARACTER, words[0]) else ""
    after = f"(?!{WORD_CHARACTER})" if re.match(WORD_CHARACTER, words[-1][-1]) else ""
    return re.compile(before + r"\s+".join(map(re.escape, words)) + after, re.IGNORECASE)


def set_name(path: Path) -> str:
    """The name of a `.jsonl` or `.jsonl.gz` file without its suffixes; the full name of any other file."""
    return re.sub(r"\.jsonl(\.gz)?$", "", path.name)
