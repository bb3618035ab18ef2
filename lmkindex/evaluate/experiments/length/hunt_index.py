"""A document -> a real index in a temporary folder, built, maintained and searched by the functions of a build and a
search.

It has three states: the document alone, which is searched exactly; with the approximate index that a build makes of
large tables; and with the needles added later as documents, and folded in. Vectors are those of the hunt. Shapes: D
dimensions, N landmarks.
"""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from ....build.prepare import entry_of
from ....build.records import DocumentEnd, Prepared, Step, Task, WindowStep
from ....build.write import DocumentWriter
from ....config import SearchOptions
from ....encoder import Encoder
from ....index import IndexReader, IndexSession, maintain
from ....records import Document, FileEntry, Float16Array, Head, Sentences
from ....search import Searcher
from ....token_records import Window
from ...records import Float64Array
from ...workbench import median_ms
from .design import ANN_FOUND, ANN_RECALL, EXACT_RECALL, MAIN, NUM_ANN_HITS, REFERENCE, IndexCost, LengthDesign, hunt_systems
from .hunt import Hunt, order_of, score
from .needles import HAYSTACK

NEVER = 1 << 40
DIM_MULTIPLE = 8  # of vectors that the approximate index accepts
LANDMARKS = next(system for system in hunt_systems() if system.name == REFERENCE)


class HuntIndex:
    """An index of the haystack's first `num_rows` sentences. Invariant: everything added is published."""

    def __init__(self, path: Path, hunt: Hunt, encoder: Encoder, num_rows: int) -> None:
        self.path, self.hunt, self.encoder, self.num_rows = path, hunt, encoder, num_rows
        self.writer = IndexSession(path).open_writer(dim=encoder.folder.dim)
        identity = {"name": encoder.folder.name, "fingerprint": encoder.folder.fingerprint, "dim": encoder.folder.dim}
        head = Head(tables={}, encoder=identity, options={}, roots=(), counts={})
        self.documents = DocumentWriter(self.writer, encoder, {}, head, commit_rows=NEVER, commit_s=NEVER, publish_early=False)
        self.add(HAYSTACK, 0, (0, num_rows))
        self.publish(NEVER)

    def add(self, doc_id: str, document: int, wanted: tuple[int, int]) -> None:
        """Queue sentences `[first, end)` of a document of the bench."""
        corpus, (first, end) = self.hunt.bench.corpus, wanted
        offset, sentence = int(corpus.document_starts[document]), int(corpus.document_sentences[document])
        vectors_ND = self.hunt.bench.embedded(LANDMARKS).vectors_ND[sentence + first : sentence + end]
        sentences = Sentences(
            starts_S=corpus.sentence_starts_S[sentence : sentence + end] - offset,
            ends_S=corpus.sentence_ends_S[sentence : sentence + end] - offset,
            ends_paragraph_S=corpus.ends_paragraph_S[sentence : sentence + end],
        )
        text = corpus.texts[document][: int(sentences.ends_S[-1])]
        self.documents.take(steps_of(doc_id, text, sentences, first, vectors_ND), [])

    def publish(self, ann_rows: int) -> None:
        """Commit the queue, maintain the tables as at the end of a build, publish."""
        self.documents.commit(publish=False)
        self.documents.publish()
        maintain(self.writer, ann_rows)

    @property
    def size_bytes(self) -> int:
        """Size of the table of landmarks, with its indices."""
        return sum(path.stat().st_size for path in (self.path / "landmarks.lance").rglob("*") if path.is_file())

    def times(self, design: LengthDesign, length: int) -> tuple[float, float]:
        """Median milliseconds per question: for its hits, and for its spans."""
        bench, reader = self.hunt.bench, IndexReader(self.path)
        searcher, vectors_QD = Searcher(reader, self.encoder), bench.question_vectors("landmark")
        rows = [self.hunt.row_of(index, length) for index in range(min(design.timed_questions, len(self.hunt.needles)))]
        nearest = [partial(reader.nearest, vectors_QD[row], NUM_ANN_HITS, None) for row in rows]
        search = [partial(searcher.search_one, bench.questions[row].text, vectors_QD[row], SearchOptions()) for row in rows]
        nearest[0](), search[0]()  # the first question of a process opens files
        return median_ms(nearest), median_ms(search)

    def add_needles(self, length: int) -> None:
        """Put every needle into the index, each as a document."""
        for index in range(len(self.hunt.needles)):
            document = 1 + self.hunt.row_of(index, length)
            first, end = passage_sentences(self.hunt, index, length)
            self.add(f"needle-{index}", document, (first, end))
        self.publish(1)

    def ann_quality(self, length: int) -> dict[str, Float64Array]:
        """Figures of each needle in the document: exact hits against those of the index; either search looks only at
        the document and the needle."""
        bench, reader = self.hunt.bench, IndexReader(self.path)
        vectors_QD, scores_QS = bench.question_vectors("landmark"), bench.vector_scores(LANDMARKS)
        found_Q, exact_rankings, ann_rankings = [], [], []
        for index in range(len(self.hunt.needles)):
            row = self.hunt.row_of(index, length)
            sentence = int(bench.corpus.document_sentences[1 + row])
            first, end = passage_sentences(self.hunt, index, length)
            exact = order_of(
                scores_QS[row], np.concatenate([np.arange(self.num_rows), np.arange(sentence + first, sentence + end)]), NUM_ANN_HITS
            )
            table = reader.nearest(vectors_QD[row], NUM_ANN_HITS, [HAYSTACK, f"needle-{index}"])
            is_needle = np.asarray(table["doc_id"].to_pylist()) != HAYSTACK
            ids = np.sort(table["pos"].to_numpy().astype(np.int64) + np.where(is_needle, sentence, 0))
            found_Q.append(len(np.intersect1d(ids, exact.ids_R)) / max(1, len(exact.ids_R)))
            exact_rankings.append(bench.shape(LANDMARKS, row, exact))
            ann_rankings.append(bench.shape(LANDMARKS, row, order_of(scores_QS[row], ids, NUM_ANN_HITS)))
        return {
            ANN_FOUND: np.asarray(found_Q),
            EXACT_RECALL: score(self.hunt, length, exact_rankings)[MAIN],
            ANN_RECALL: score(self.hunt, length, ann_rankings)[MAIN],
        }


def measure_index(hunt: Hunt, encoder: Encoder, length: int, design: LengthDesign) -> IndexCost:
    """Build the index of the haystack's first `length` tokens and search it, exactly and, if it is large enough, also
    approximately."""
    tokens = hunt.bench.corpus.sentence_tokens[: int(hunt.bench.corpus.document_sentences[1]) + 1]
    num_rows = max(1, int(np.searchsorted(tokens, length, side="right")) - 1)
    with TemporaryDirectory(prefix="lmkindex-length-") as folder:
        index = HuntIndex(Path(folder), hunt, encoder, num_rows)
        table_bytes, (nearest_ms, search_ms) = index.size_bytes, index.times(design, length)
        exact = IndexCost(num_rows=num_rows, table_bytes=table_bytes, nearest_exact_ms=nearest_ms, search_exact_ms=search_ms)
        if num_rows < design.min_ann_rows or encoder.folder.dim % DIM_MULTIPLE:
            return exact
        started = time.perf_counter()
        index.publish(1)
        build_s, ann_bytes = time.perf_counter() - started, index.size_bytes - table_bytes
        nearest_ann_ms, search_ann_ms = index.times(design, length)
        index.add_needles(length)
        return IndexCost(
            num_rows=num_rows,
            table_bytes=table_bytes,
            nearest_exact_ms=nearest_ms,
            search_exact_ms=search_ms,
            ann_bytes=ann_bytes,
            ann_build_s=build_s,
            nearest_ann_ms=nearest_ann_ms,
            search_ann_ms=search_ann_ms,
            quality=index.ann_quality(length),
        )


def passage_sentences(hunt: Hunt, index: int, length: int) -> tuple[int, int]:
    """The sentences `[first, end)` of a needle in its local document that share a character with its passage."""
    corpus, local, document = hunt.bench.corpus, hunt.local_of(index, length), 1 + hunt.row_of(index, length)
    sentences = slice(*corpus.document_sentences[[document, document + 1]].tolist())
    offset = int(corpus.document_starts[document])
    first = int(np.searchsorted(corpus.sentence_ends_S[sentences] - offset, local.start, side="right"))
    end = int(np.searchsorted(corpus.sentence_starts_S[sentences] - offset, local.passage_end))
    return first, end


def steps_of(doc_id: str, text: str, sentences: Sentences, first: int, vectors_ND: Float16Array) -> list[Step]:
    """A document whose sentences from `first` on have known vectors, as a build's writer expects it."""
    entry = FileEntry(root="", path=doc_id, absolute_path=Path(doc_id), size_bytes=len(text), mtime_ns=0)
    document = Document(
        doc_id=doc_id, root="", path=doc_id, title="", text=text, pages=(), content_hash="", size_bytes=len(text), mtime_ns=0
    )
    task = Task(entry=entry, kind="added", known_doc_id=None)
    known = entry_of(task, document, len(sentences), 0, None)
    prepared = Prepared(task=task, document=document, sentences=sentences, headings=[""] * len(sentences), entry=known)
    window = Window(segments=(), num_context=0, core_pos=first, num_core=len(vectors_ND), num_tokens=0, key=doc_id)
    return [WindowStep(prepared=prepared, window=window, row=None, known=vectors_ND), DocumentEnd(prepared=prepared)]
