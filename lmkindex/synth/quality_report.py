"""The report of a run: `quality.json` and `quality.md` next to the set."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..datasets import SourceDocument
from ..encoder import Encoder
from ..encoder.cache import VectorCache
from ..records import JsonObject
from ..storage import write_json, write_whole
from .quality import describe_run, measure_questions, render_quality
from .question_writer import questions_of
from .records import SynthResult
from .round_trip import embed_documents


def report_quality(
    result: SynthResult,
    documents: Sequence[SourceDocument],
    encoder: Encoder,
    cache: VectorCache,
    compared: Sequence[JsonObject],
    output: Path,
) -> JsonObject:
    """Measure the questions of a run, add the figures of other sets (`measure_set`), and write both files."""
    questions = questions_of(result)
    asked_about = {question.doc_id for question in questions}
    those = [document for document in documents if document.doc_id in asked_about]
    figures = measure_questions(result.name, questions, those, embed_documents(those, encoder, cache), encoder)
    quality: JsonObject = {"run": describe_run(result), "sets": [figures, *compared]}
    write_json(output / "quality.json", quality)
    write_whole(output / "quality.md", render_quality(quality).encode("utf-8"))
    return quality
