"""Prints the sheets that are not printed yet, each with its truth beside it: `FILE.pdf` and `FILE.pdf.json`."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from .kinds import sheet_of
from .producers import PRODUCERS, Producer
from .sheets import NOTE_MARK, Sheet, truth_of

# Small files for the tests: one or two of each producer, together with every kind that has a goal.
SAMPLES = (
    ("latex", "columns-furniture"),
    ("latex", "rotated"),
    ("xelatex", "footnotes"),
    ("ghostscript", "hyphenation"),
    ("libreoffice", "lists"),
    ("chromium", "columns"),
    ("reportlab", "forms"),
    ("reportlab", "annotations"),
    ("groff", "furniture"),
    ("groff", "tables"),
    ("libreoffice-docx", "footnotes"),
    ("pandoc-docx", "lists"),
    ("pandoc-html", "plain"),
    ("blog-html", "article"),
)
SAMPLE_SENTENCES = {"columns-furniture": 110}  # a running head is told from three pages on
OTHER_SAMPLE_SENTENCES = 60


def print_missing(
    work_path: Path,
    *,
    only_producers: Collection[str],
    only_kinds: Collection[str],
    producers: Sequence[Producer] = PRODUCERS,
    sheet_of: Callable[[str], Sheet] = sheet_of,
) -> None:
    """Print what is missing or changed under `work_path/files`; what cannot be printed is named and passed over."""
    for producer in producers:
        for kind in producer.kinds:
            if (not only_producers or producer.name in only_producers) and (not only_kinds or kind in only_kinds):
                print_sheet(producer, sheet_of(kind), work_path / "files" / producer.name / f"{kind}{producer.suffix}")


def print_samples(samples_path: Path) -> None:
    """Print the beginning of some sheets: the files of `tests/data/fidelity`."""
    producers = {producer.name: producer for producer in PRODUCERS}
    for name, kind in SAMPLES:
        print_sheet(producers[name], shortened(sheet_of(kind)), samples_path / f"{name}_{kind}{producers[name].suffix}")


def shortened(sheet: Sheet) -> Sheet:
    """The blocks of a sheet that hold its first sentences, and their footnotes."""
    most = SAMPLE_SENTENCES.get(sheet.kind, OTHER_SAMPLE_SENTENCES)
    blocks, num_sentences = [], 0
    for block in sheet.blocks:
        if num_sentences >= most:
            break
        blocks.append(block)
        num_sentences += len(block.sentences) or 1
    marks = {int(number) for block in blocks for sentence in block.sentences for number in NOTE_MARK.findall(sentence)}
    return replace(sheet, blocks=tuple(blocks), notes={number: sheet.notes[number] for number in sorted(marks)})


def print_sheet(producer: Producer, sheet: Sheet, target: Path) -> None:
    """Print one sheet and write its truth, unless both are there; what is wrong goes to stderr."""
    truth_path = target.with_name(target.name + ".json")
    truth = truth_of(
        sheet,
        producer=producer.name,
        file_format=producer.suffix.lstrip("."),
        command=producer.command,
        furniture_of_producer=[*producer.furniture, *(words_of_contents(producer, sheet) if producer.has_contents else ())],
        note_signs=producer.note_signs,
    )
    if not _is_printed(target, truth_path, truth):
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            producer.print_sheet(sheet, target.resolve())
        except Exception as error:  # one producer that fails leaves the others
            print(f"not printed: {producer.name} {sheet.kind}: {str(error)[-400:]}", file=sys.stderr)
            return
    truth_path.write_text(json.dumps(truth, ensure_ascii=False, indent=0) + "\n", encoding="utf-8")


def words_of_contents(producer: Producer, sheet: Sheet) -> Iterator[str]:
    """The words around a text and of its table of contents, one by one: a heading may match some of them."""
    headings = (block.sentences[0] for block in sheet.blocks if block.kind in {"title", "heading"})
    for text in (*producer.furniture, *headings):
        yield from text.split()


def _is_printed(target: Path, truth_path: Path, truth: dict[str, Any]) -> bool:
    """Whether the file is there and holds the blocks of the truth."""
    if not (target.exists() and truth_path.exists()):
        return False
    kept: dict[str, Any] = json.loads(truth_path.read_text(encoding="utf-8"))
    return bool(kept["blocks"] == truth["blocks"])


def printed_files(
    work_path: Path, *, only_producers: Collection[str], only_kinds: Collection[str]
) -> Iterator[tuple[Path, dict[str, Any]]]:
    """The printed files with their truth, in the order of their paths."""
    for truth_path in sorted((work_path / "files").glob("*/*.json")):
        truth = json.loads(truth_path.read_text(encoding="utf-8"))
        if (not only_producers or truth["producer"] in only_producers) and (not only_kinds or truth["kind"] in only_kinds):
            yield truth_path.with_suffix(""), truth
