"""What `length` measures: lengths, systems, figures, and the records of its costs. Knows no data and no model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ....config import SearchOptions
from ...records import Float64Array
from ...systems import System, select_systems

BUDGETS = (128, 512)
REFERENCE = "landmark-auto"
HYBRID = "landmark-auto+bm25"
SYSTEMS = (REFERENCE, "landmark-1", "isolated", "chunk-128", "bm25-sentence", HYBRID)
MAIN = f"recall@{BUDGETS[-1]}"
FIGURES = (MAIN, f"recall@{BUDGETS[0]}", "MRR")
NUM_ANN_HITS = SearchOptions().num_hits  # the number of hits that `search` requests from an index
# Figures of the index: the share of the exact hits that the approximate index finds, and recall of evidence with the
# hits of each.
INDEX, ANN_FOUND, EXACT_RECALL, ANN_RECALL = "index", "share of exact hits", f"exact {MAIN}", f"ANN {MAIN}"
QUERY_TIMES = {
    "exact, hits alone": "nearest_exact_ms",
    "exact, up to the spans' text": "search_exact_ms",
    "ANN, hits alone": "nearest_ann_ms",
    "ANN, up to the spans' text": "search_ann_ms",
}
LengthKey = tuple[int, str, str]  # length, system or INDEX, figure


@dataclass(frozen=True, slots=True, kw_only=True)
class LengthDesign:
    """Sizes of the experiment. Below `min_ann_rows` an approximate index cannot be built or is not informative; a
    needle is encoded with at most `max_side_tokens` of the haystack on each side."""

    lengths: tuple[int, ...] = (1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000)
    num_needles: int = 200
    min_needles: int = 20
    min_ann_rows: int = 256
    max_side_tokens: int = 2_048
    timed_questions: int = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class EncodeCost:
    """Seconds to split, tokenize, encode and index a document for one system, and what it stores."""

    system: str
    seconds: float
    num_vectors: int
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexCost:
    """A real index of one document. Milliseconds are medians per question, without its embedding: `nearest_*` for the
    hits alone, `search_*` for everything up to the text of the spans. `quality` holds per-question figures. None means
    that no approximate index was built."""

    num_rows: int
    table_bytes: int
    nearest_exact_ms: float
    search_exact_ms: float
    ann_bytes: int | None = None
    ann_build_s: float | None = None
    nearest_ann_ms: float | None = None
    search_ann_ms: float | None = None
    quality: Mapping[str, Float64Array] | None = None


def hunt_systems() -> list[System]:
    """The systems of the evaluation that are measured, in the order of `SYSTEMS`."""
    found = {system.name: system for system in select_systems(SYSTEMS)}
    return [found[name] for name in SYSTEMS]
