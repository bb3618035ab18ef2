"""An open index for Python programs: search it, ask it questions, read from it. `api.py` opens it.

Takes questions and keyword options, gives the records of the steps. Knows no flags and no settings. `api.py` explains
option names.
"""

from __future__ import annotations

import os
from types import TracebackType
from typing import TYPE_CHECKING, TypeAlias, overload

from .config import AnswerOptions, EncodeOptions, SearchOptions, index_path, require
from .errors import UsageError, telling_damage
from .question import Front, Questions, check_questions, search_options

if TYPE_CHECKING:
    from .answer import Answer
    from .build import Status
    from .index import IndexReader
    from .search import Passage, Searcher, SearchResult

StrPath: TypeAlias = str | os.PathLike[str]
SEARCH, ANSWER = SearchOptions(), AnswerOptions()
FRONT: Front = SEARCH.front or "auto"


class Index:
    """An open index; `lmkindex.open_index` returns one. Close it, or use it in a `with` statement.

    It stays at the state that was published when it was opened, whatever builds do meanwhile, until `refresh`. Encoder
    and language model are loaded on first use and kept. For one thread at a time. Do not fork the process after the
    first search: the encoder's and LanceDB's threads are missing in the child, which then hangs. Open the index in the
    child, with multiprocessing's `spawn` or `forkserver`. The default model runs in this process: vLLM then sets
    environment variables, among them `HF_HUB_OFFLINE=1`. With the URL of a server (`llm`) nothing changes.
    """

    def __init__(self, index: str, options: EncodeOptions) -> None:
        from .generate import KeptGenerator
        from .index import IndexReader

        self._encode_options = options
        self._reader: IndexReader | None = IndexReader(index_path(index).absolute())  # a later chdir must not lead to another one
        self._searcher: Searcher | None = None
        self._generator = KeptGenerator(threads=options.threads)

    @overload
    def search(
        self, question: str, *, budget_tokens: int = ..., front: Front = ..., surround: int = ..., alpha: float = ...,
        hybrid: bool = ..., path: str | None = ..., hits: int = ...,
    ) -> SearchResult: ...  # fmt: skip

    @overload
    def search(
        self, question: Questions, *, budget_tokens: int = ..., front: Front = ..., surround: int = ..., alpha: float = ...,
        hybrid: bool = ..., path: str | None = ..., hits: int = ...,
    ) -> list[SearchResult]: ...  # fmt: skip

    def search(
        self, question: str | Questions, *, budget_tokens: int = SEARCH.budget_tokens, front: Front = FRONT,
        surround: int = SEARCH.surround, alpha: float = SEARCH.alpha, hybrid: bool = SEARCH.hybrid,
        path: str | None = SEARCH.path_glob, hits: int = SEARCH.num_hits,
    ) -> SearchResult | list[SearchResult]:  # fmt: skip
        """Find the spans relevant to a question, best first. Uses no language model.

        >>> result = index.search("When was the Inner Basin last dredged?", budget_tokens=64)
        >>> [(span.place, span.page, round(span.score, 2)) for span in result.spans]
        [('saltmere/annual-report.pdf:9812-9893', 4, 0.76), ('saltmere/council-minutes.txt:4198-4294', None, 0.73)]
        >>> results = index.search(["Who keeps the light?", "Which pump stops at high tide?"], path="*.md")
        >>> results[1].spans[0].path
        'saltmere/waterworks-manual.md'

        Args:
            question: One question, or a list of questions for a list of results in the same order.
            budget_tokens: Total tokens of all spans of a question.
            front: Sentences of a span up to its boundary; `auto` adds nearby sentences while they help.
            surround: Sentences on both sides of a hit, instead of `front`; 0 is off.
            alpha: How fast the weight of a sentence falls with its distance from the boundary, for `front=K` or
                `surround=K` with `hybrid=False`.
            hybrid: Search by words as well (BM25), and fuse both scores.
            path: Only documents whose path matches this pattern, written as in .gitignore. If the index has several
                roots, the path may have the end of its root before it, as in `south/*`.
            hits: Number of sentences to start from.

        Raises:
            UsageError: An option is wrong, a question is empty, or the index was closed.
            EncoderError, IndexUnusableError: The index is damaged, or the encoder that it was built with is gone or has
            changed.
        """
        options = search_options(budget_tokens, front, surround, alpha, hybrid, path, hits)
        questions = check_questions(question)
        with telling_damage():
            results = self._open_searcher().search(questions, [options] * len(questions))
        return results[0] if isinstance(question, str) else results

    @overload
    def ask(
        self, question: str, *, llm: StrPath | None = ..., model: str | None = ..., max_answer_tokens: int = ...,
        min_similarity: float | None = ..., timeout_s: float = ..., budget_tokens: int = ..., front: Front = ..., surround: int = ...,
        alpha: float = ..., hybrid: bool = ..., path: str | None = ..., hits: int = ...,
    ) -> Answer: ...  # fmt: skip

    @overload
    def ask(
        self, question: Questions, *, llm: StrPath | None = ..., model: str | None = ..., max_answer_tokens: int = ...,
        min_similarity: float | None = ..., timeout_s: float = ..., budget_tokens: int = ..., front: Front = ..., surround: int = ...,
        alpha: float = ..., hybrid: bool = ..., path: str | None = ..., hits: int = ...,
    ) -> list[Answer]: ...  # fmt: skip

    def ask(  # over 40 lines: the options of a search and of an answer, with their meaning
        self, question: str | Questions, *, llm: StrPath | None = ANSWER.llm, model: str | None = ANSWER.model,
        max_answer_tokens: int = ANSWER.max_answer_tokens, min_similarity: float | None = ANSWER.min_similarity,
        timeout_s: float = ANSWER.timeout_s, budget_tokens: int = SEARCH.budget_tokens, front: Front = FRONT,
        surround: int = SEARCH.surround, alpha: float = SEARCH.alpha, hybrid: bool = SEARCH.hybrid,
        path: str | None = SEARCH.path_glob, hits: int = SEARCH.num_hits,
    ) -> Answer | list[Answer]:  # fmt: skip
        """Answer a question from the spans that `search` finds, with citations that code has looked up in them.

        >>> answer = index.ask("When was the Inner Basin last dredged?")
        >>> answer.abstained, answer.citations[0].verified
        (False, True)

        The first question that needs the language model opens it. It is kept for the next ones, until `llm`, `model`,
        `timeout_s` or `max_answer_tokens` change, or the index is closed. If no indexed sentence is similar enough, the
        model is not asked, and the answer has `abstained` set.

        Args:
            question: One question, or a list of questions for a list of answers in the same order; a list is faster
                than single calls.
            llm: The URL of an OpenAI-compatible server (its key: `LMKINDEX_API_KEY`, else `OPENAI_API_KEY`), or a model
                folder for vLLM in this process; None: the default model in vLLM.
            model: The name of the model at the URL.
            max_answer_tokens: The maximum length of an answer.
            min_similarity: Abstain if the best sentence's cosine, -1 to 1, is lower; None: the encoder's own value.
            timeout_s: How long a URL may take to answer.
            budget_tokens, front, surround, alpha, hybrid, path, hits: As for `search`.

        Raises:
            GeneratorError: The language model cannot be loaded or reached, or failed for every question. If it fails
                for only some questions of a list, their answers have an `error`.
            UsageError, EncoderError, IndexUnusableError: As `search`.
        """
        options = AnswerOptions(
            llm=None if llm is None else os.fspath(llm), model=model, max_answer_tokens=max_answer_tokens,
            min_similarity=min_similarity, timeout_s=timeout_s,
        )  # fmt: skip
        wanted = search_options(budget_tokens, front, surround, alpha, hybrid, path, hits)
        questions = check_questions(question)
        from .answer import ask_questions

        searcher = self._open_searcher()
        with telling_damage(), self._generator.opened_with(options) as opener:
            answers = list(ask_questions(searcher, questions, [wanted] * len(questions), opener, options))
        return answers[0] if isinstance(question, str) else answers

    def read(self, place: str, *, context_chars: int = 0) -> Passage:
        r"""Read a passage by its place, exactly as the index stores it.

        >>> passage = index.read("saltmere/annual-report.pdf:9812-9893", context_chars=40)
        >>> print(passage.text, passage.page)
        The Inner Basin was dredged in 2014 to three metres at low water of spring tides. 4
        >>> passage.before
        '£38,000 by it.\n\n6. Depths and dredging\n\n'

        Args:
            place: `PATH:START-END` in characters of the document, like the `place` of a span or a citation; the path
                alone means the whole document. A `doc_id` or an absolute path may replace the path.
            context_chars: Number of characters in `before` and in `after`.

        Raises:
            UsageError: What follows the path is not a range, or the index was closed.
            LmkindexError: The index does not have this document or range, or it has several documents with this path.
        """
        from .search import read_passage

        require(isinstance(place, str), "A place is a string: PATH:START-END, or a path alone.")
        with telling_damage():
            return read_passage(self._open_reader(), place, context_chars)

    def status(self) -> Status:
        """What the index holds, what it was built with, and which files are not in it.

        >>> status = index.status()
        >>> status.documents, status.encoder["name"], status.options["window_tokens"]
        (11, 'landmark-minilm', 512)
        """
        from .build import read_status

        with telling_damage():
            return read_status(self._open_reader())

    def refresh(self) -> None:
        """Switch to the state that is published now. Cheap: the encoder stays loaded, unless the index was rebuilt with
        another.

        Raises:
            IndexUnusableError: The index is gone or damaged; this object then keeps its present state.
        """
        reader = self._open_reader()
        from .index import IndexReader
        from .search import Searcher

        newer = IndexReader(reader.index_path)
        is_same_encoder = newer.head.encoder["fingerprint"] == reader.head.encoder["fingerprint"]
        self._searcher = Searcher(newer, self._searcher.encoder) if self._searcher is not None and is_same_encoder else None
        self._reader = newer

    def close(self) -> None:
        """Release the index, the encoder and the language model. Closing again does nothing; any other use raises
        `UsageError`."""
        self._reader = self._searcher = None
        self._generator.close()

    def __enter__(self) -> Index:
        self._open_reader()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def __repr__(self) -> str:
        if self._reader is None:
            return "<lmkindex.Index, closed>"
        return f"<lmkindex.Index {str(self._reader.index_path)!r}, {self._reader.head.counts['documents']:,} documents>"

    def _open_reader(self) -> IndexReader:
        if self._reader is None:
            raise UsageError("This index was closed: open it again with `lmkindex.open_index`.")
        return self._reader

    def _open_searcher(self) -> Searcher:
        from .search import searcher_of

        reader = self._open_reader()
        if self._searcher is None:
            self._searcher = searcher_of(reader, self._encode_options)
        return self._searcher
