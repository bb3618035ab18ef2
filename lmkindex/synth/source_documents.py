"""Paths -> documents to ask about: files and directories as in a build, or the documents of sets in the form of
evaluate-your-own-set.md, "Your own questions"."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..config import FileOptions, require
from ..datasets import SourceDocument
from ..datasets.json_lines import read_lines
from ..datasets.set_reader import PAIR_FILE
from ..errors import ReadError
from ..files import PrintedNames, walk_files
from ..read import Parser, read_document
from ..records import FileFailure


def read_source_documents(paths: Sequence[Path], set_names: Sequence[str]) -> tuple[list[SourceDocument], list[FileFailure]]:
    """The documents below `paths`, and the files that could not be read. With `set_names`, `paths` is a single folder,
    and the documents are those of these sets.

    An id is the file's path below its root as it is printed, or the id in the set. If two would be equal, they are
    prefixed with the end of the root, or with the name of the set. Raises `UsageError` for a path or a set that does
    not exist, and if no document is found.
    """
    if set_names:
        require(len(paths) == 1, "--set names sets in one folder: give exactly one folder with it.")
        return read_set_documents(paths[0], set_names), []
    found = walk_files(paths, FileOptions())
    printed = PrintedNames(found.names)
    failures = list(found.failures)
    documents = []
    with Parser(FileOptions()) as parser:
        for entry in found.entries:
            try:
                document = read_document(entry, FileOptions(), parser.parse)
            except ReadError as error:
                failures.append(FileFailure(root=entry.root, path=entry.path, reason=str(error)))
            else:
                documents.append(SourceDocument(doc_id=printed.of(entry.name), title=document.title, text=document.text))
    require(bool(documents), f"There is no document in {', '.join(map(str, paths))}; for a folder of NAME.docs.jsonl.gz, add --set.")
    return unique(documents), [printed.on_failure(failure) for failure in failures]


def read_set_documents(folder: Path, names: Sequence[str]) -> list[SourceDocument]:
    """The documents of the sets, in the order of `names`; their questions are not read."""
    found = {
        match[1]: path
        for path in sorted(folder.glob("*"), reverse=True)
        if (match := PAIR_FILE.fullmatch(path.name)) and match[2] == "docs"
    }
    documents = []
    for name in dict.fromkeys(names):
        require(name in found, f"There is no {name}.docs.jsonl.gz in {folder}; available: {', '.join(sorted(found)) or 'no set'}.")
        for line in read_lines(found[name]):
            doc_id = line.read_text("id") if len(set(names)) == 1 else f"{name}/{line.read_text('id')}"
            title = line.read_text("title") if "title" in line.fields else ""
            documents.append(SourceDocument(doc_id=doc_id, title=title, text=line.read_text("text")))
    require(bool(documents), f"The sets {', '.join(names)} in {folder} contain no documents.")
    return unique(documents)


def unique(documents: Sequence[SourceDocument]) -> list[SourceDocument]:
    """The documents, after checking that their ids are unique."""
    seen: set[str] = set()
    for document in documents:
        require(document.doc_id not in seen, f"Two documents have the id {document.doc_id}: use the folders in separate runs.")
        seen.add(document.doc_id)
    return list(documents)
