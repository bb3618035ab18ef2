"""The systems that are compared: how each cuts the text, how it searches, and which text a hit returns. A table; knows
no data and no model.

`bm25-*` search by words; `chunk-*`, `recursive-*`, `isolated*`, `late-*` and `landmark-*` by vectors; `NAME+bm25` fuses
NAME with BM25 over the same pieces (by `search.ranking`). `random` and `oracle` are controls: the result of chance, and
the best possible result.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from ..config import SearchOptions
from ..datasets import Corpus
from ..errors import UsageError
from .pieces import recursive_chunks, sentence_pieces, sentence_runs, token_chunks, word_chunks
from .records import Pieces

REFERENCE = "landmark-auto"
RANDOM, ORACLE = "random", "oracle"
NUM_HITS = 200  # per ranking: enough sentences for the largest budget
CHUNK_TOKENS = (64, 128, 256)
OVERLAP_SHARE = 4  # a quarter of a chunk
RECURSIVE_CHARS = (400, 1000)
CONTEXT_BEFORE = 2

# Ways of cutting a corpus, by name. Pieces of `sentence` and `context` have the same index.
CUTS: Mapping[str, Callable[[Corpus], Pieces]] = {
    "sentence": sentence_pieces,
    "context": lambda corpus: sentence_runs(corpus, CONTEXT_BEFORE, 0),
    "chunk-200w": lambda corpus: word_chunks(corpus, 200),
    **{f"chunk-{size}": lambda corpus, size=size: token_chunks(corpus, size) for size in CHUNK_TOKENS},  # type: ignore[misc]
    **{
        f"chunk-{size}-overlap": lambda corpus, size=size: token_chunks(corpus, size, size // OVERLAP_SHARE)  # type: ignore[misc]
        for size in CHUNK_TOKENS
    },
    **{f"recursive-{size}": lambda corpus, size=size: recursive_chunks(corpus, size) for size in RECURSIVE_CHARS},  # type: ignore[misc]
}


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """`vectors` names what is searched by vectors ("" = nothing), `words` names the cut that BM25 searches; hits are
    pieces of `cut`.

    A hit returns its piece, with `before` and `after` sentences around it; or, with `span`, a span by the rules of
    `search`. With `keeps_end`, a piece that the budget cuts keeps its end.
    """

    name: str
    cut: str
    vectors: str = ""
    words: str = ""
    before: int = 0
    after: int = 0
    span: SearchOptions | None = None
    keeps_end: bool = False

    @property
    def is_control(self) -> bool:
        return not self.vectors and not self.words


def all_systems() -> list[System]:
    """All systems in the order in which they run; systems that share vectors are adjacent."""
    lexical = [System(name=f"bm25-{cut}", cut=cut, words=cut) for cut in ("sentence", "context", "chunk-200w")]
    chunks = [System(name=cut, cut=cut, vectors=cut) for cut in CUTS if cut.startswith(("chunk-", "recursive-")) and cut != "chunk-200w"]
    isolated = [System(name="isolated", cut="sentence", vectors="isolated")]
    isolated += [System(name=f"isolated-window-{k}", cut="sentence", vectors="isolated", before=k, after=k) for k in (1, 3)]
    late = [
        System(name="late-sentence", cut="sentence", vectors="late-sentence"),
        System(name="late-256", cut="chunk-256", vectors="late-256"),
    ]
    spans = {
        "landmark-3": SearchOptions(front=3, num_hits=NUM_HITS),
        "landmark-auto": SearchOptions(num_hits=NUM_HITS),
        "landmark-surround-1": SearchOptions(surround=1, num_hits=NUM_HITS),
    }
    # --front 1 returns the hits as they are: no span to grow or merge.
    landmarks = [System(name="landmark-1", cut="sentence", vectors="landmark", keeps_end=True)]
    landmarks += [System(name=name, cut="sentence", vectors="landmark", span=span, keeps_end=True) for name, span in spans.items()]
    dense = [*chunks, *isolated, *late, *landmarks]
    hybrid = [replace(system, name=f"{system.name}+bm25", words=system.cut) for system in dense]
    # As `search --hybrid` does: BM25 sees each sentence with the two before it, under the same index. All sentence
    # systems get it.
    sentences = [system for system in dense if system.cut == "sentence"]
    hybrid += [replace(system, name=f"{system.name}+bm25-context", words="context") for system in sentences]
    return [System(name=ORACLE, cut="sentence"), System(name=RANDOM, cut="sentence"), *lexical, *dense, *hybrid]


def select_systems(patterns: Sequence[str]) -> list[System]:
    """The systems whose name matches one of the patterns (`*` stands for anything); all if there are no patterns.
    Raises `UsageError` if a pattern matches nothing."""
    systems = all_systems()
    for pattern in patterns:
        if not any(fnmatchcase(system.name, pattern) for system in systems):
            names = ", ".join(system.name for system in systems)
            raise UsageError(f"No system is called {pattern}. Available systems: {names}.")
    return [system for system in systems if not patterns or any(fnmatchcase(system.name, pattern) for pattern in patterns)]
