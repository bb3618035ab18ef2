"""Questions -> hits -> spans (design.md, "Spans and scores"). Knows the reader's queries and the encoder's vectors;
`spans.py` defines what a span is.

Searching takes no lock: a `Searcher` stays at the state that was published when it was opened. Shapes: Q questions, D
dimensions.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np

from ..config import EncodeOptions, SearchOptions, index_path
from ..encoder import Encoder, encode_questions, find_encoder, load_encoder
from ..errors import IndexUnusableError, UsageError
from ..files import PrintedNames, nfc
from ..index import IndexReader, page_of, pages_within, vectors_of
from ..languages import unknown_languages
from ..records import FileName, Float32Array
from ..sections import path_of_headings
from .ranking import in_order, rank_hits
from .records import Hit, SearchResult, Span
from .spans import Extent, explain_span, grow_extents, sentences_of, take_extents

TOKEN_CHARS = 8  # no text made of words has more characters per token


class Searcher:
    """An open index with its encoder. Invariant: both have the same fingerprint."""

    def __init__(self, reader: IndexReader, encoder: Encoder) -> None:
        if reader.head.encoder["fingerprint"] != encoder.folder.fingerprint:
            raise IndexUnusableError(
                f"The index at {reader.index_path} was made with the encoder {reader.head.encoder['name']} "
                f"({reader.head.encoder['fingerprint'][:12]}); {encoder.folder.name} ({encoder.folder.fingerprint[:12]}) cannot search it. "
                "Run `lmkindex build --rebuild`, or use that encoder again."
            )
        self.reader, self.encoder = reader, encoder

    @property
    def language_note(self) -> str:
        """What to tell the user about documents in languages that the encoder was not trained for; "" if nothing."""
        return unknown_languages(self.reader.head.languages, self.encoder.folder)

    def search(self, questions: Sequence[str], options: Sequence[SearchOptions]) -> list[SearchResult]:
        """The spans of each question, best first, within its options' budget."""
        for question in questions:
            if not question.strip():
                raise UsageError('The question is empty: write one, as in `lmkindex search "Who keeps the light?"`.')
        if not questions:
            return []
        vectors_QD = encode_questions(self.encoder, questions)
        return [self.search_one(question, vector_D, one) for question, vector_D, one in zip(questions, vectors_QD, options, strict=True)]

    def search_one(self, question: str, vector_D: Float32Array, options: SearchOptions) -> SearchResult:
        """Hits, then similarities around them, then spans, then the budget."""
        doc_ids = self.documents_matching(options.path_glob)
        min_similarity = self.encoder.folder.min_similarity
        if doc_ids == [] or not self.reader.head.counts["sentences"]:
            return SearchResult(question=question, spans=(), similarity=0.0, min_similarity=min_similarity)
        hits = self.nearest(vector_D, options, doc_ids)
        best_similarity = hits[0].score if hits else 0.0
        lexical = self.lexical(question, options, doc_ids) if options.hybrid else []
        similarities = self.similarities_around([*hits, *lexical], vector_D, options)
        hits = rank_hits(hits, lexical, similarities, options)
        extents = grow_extents(hits, similarities, options, is_fused=options.hybrid)
        spans = self.take_spans(extents, options, similarities)
        return SearchResult(question=question, spans=tuple(spans), similarity=best_similarity, min_similarity=min_similarity)

    def documents_matching(self, path_glob: str | None) -> list[str] | None:
        """The documents whose path matches a gitignore-style glob; None means all. With several roots, the path may
        have its root's label before it. Forms of the same name are the same."""
        if path_glob is None:
            return None
        from pathspec import GitIgnoreSpec

        spec = GitIgnoreSpec.from_lines([nfc(path_glob)])
        return sorted(self.doc_ids[name] for name in self.printed_names.matching(spec.match_file))

    @cached_property
    def doc_ids(self) -> dict[FileName, str]:
        """The id of each document; read once for all questions, because the searched state does not change."""
        return self.reader.document_names()

    @cached_property
    def printed_names(self) -> PrintedNames:
        """How documents are printed."""
        return PrintedNames(self.doc_ids)

    def printed_path(self, name: FileName) -> str:
        """How a document is printed; if the index has one root, nothing need be read for it."""
        return self.printed_names.of(name) if len(self.reader.head.roots) > 1 else name[1]

    def nearest(self, vector_D: Float32Array, options: SearchOptions, doc_ids: Sequence[str] | None) -> list[Hit]:
        """The landmarks nearest to the question, best first, with their cosines."""
        rows = self.reader.nearest(vector_D, options.num_hits, doc_ids).to_pylist()
        return in_order(Hit(doc_id=row["doc_id"], pos=row["pos"], score=1.0 - row["_distance"]) for row in rows)

    def lexical(self, question: str, options: SearchOptions, doc_ids: Sequence[str] | None) -> list[Hit]:
        """The landmarks that BM25 finds, best first, with their scores."""
        rows = self.reader.lexical(question, options.num_hits, doc_ids).to_pylist()
        return in_order(Hit(doc_id=row["doc_id"], pos=row["pos"], score=row["_score"]) for row in rows)

    def similarities_around(self, hits: Sequence[Hit], vector_D: Float32Array, options: SearchOptions) -> dict[str, dict[int, float]]:
        """Cosines of the sentences that spans could include, and of one more at each end, by document and position."""
        before = max(options.surround, options.front, options.region + 1 if options.lifts else 0)
        after = max(options.surround, options.lift_region) + 1
        ranges: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for hit in hits:
            ranges[hit.doc_id].append((hit.pos - before, hit.pos + after))
        rows = self.reader.landmark_rows(ranges, ["vector"])
        similarities = vectors_of(rows) @ vector_D if rows.num_rows else np.zeros(0, dtype=np.float32)
        result: dict[str, dict[int, float]] = defaultdict(dict)
        for doc_id, pos, similarity in zip(rows["doc_id"].to_pylist(), rows["pos"].to_pylist(), similarities.tolist(), strict=True):
            result[doc_id][pos] = similarity
        return result

    def take_spans(self, extents: Sequence[Extent], options: SearchOptions, similarities: dict[str, dict[int, float]]) -> list[Span]:
        """Spans by score until the budget is full. The last span is cut, starting from its front, so that it keeps its
        boundary."""
        ranges: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for extent in extents:
            ranges[extent.doc_id].append((extent.first, extent.last))
        if not ranges:
            return []
        rows = self.reader.landmark_rows(ranges, ["start", "end", "text", "heading"]).to_pylist()
        sentences = {(row["doc_id"], row["pos"]): row for row in rows}
        lengths = np.diff(self.encoder.tokenize([row["text"] for row in rows])[1]).tolist()
        # A tokenizer may turn a thousand characters without a blank into one unknown token; a language model does not.
        costs = (max(length, len(row["text"]) // TOKEN_CHARS) for length, row in zip(lengths, rows, strict=True))
        num_tokens = dict(zip(sentences, costs, strict=True))
        taken = [
            (replace(one, why=explain_span(one, similarities[one.doc_id])), sum(num_tokens[sentence] for sentence in sentences_of(one)))
            for one in take_extents(extents, num_tokens, options.budget_tokens, joins=options.lifts)
        ]
        return self.make_spans(taken, sentences)

    def make_spans(self, taken: Sequence[tuple[Extent, int]], sentences: dict[tuple[str, int], dict[str, Any]]) -> list[Span]:
        """Slice the spans out of their documents."""
        documents = self.reader.document_rows((extent.doc_id for extent, _ in taken), ["root", "path", "text", "pages"])
        spans = []
        for extent, num_tokens in taken:
            document = documents[extent.doc_id]
            start, end = sentences[extent.doc_id, extent.first]["start"], sentences[extent.doc_id, extent.last]["end"]
            spans.append(
                Span(
                    path=document["path"],
                    doc_id=extent.doc_id,
                    page=page_of(document["pages"], start),
                    start=start,
                    end=end,
                    boundary=sentences[extent.doc_id, extent.pos]["end"],
                    score=extent.score,
                    text=document["text"][start:end],
                    pos_first=extent.first,
                    pos_last=extent.last,
                    num_tokens=num_tokens,
                    heading=path_of_headings(sentences[extent.doc_id, extent.pos].get("heading")),
                    why=extent.why,
                    pages=pages_within(document["pages"], start, end),
                    root=document["root"],
                    printed_path=self.printed_path((document["root"], document["path"])),
                )
            )
        return spans


def open_searcher(index: str, options: EncodeOptions) -> Searcher:
    """Open an index at its published state and load the encoder that it was built with."""
    return searcher_of(IndexReader(index_path(index)), options)


def searcher_of(reader: IndexReader, options: EncodeOptions) -> Searcher:
    """A searcher for an open state; loads the encoder that the index was built with."""
    return Searcher(reader, load_encoder(find_encoder(reader.head.encoder.get("path")), options))
