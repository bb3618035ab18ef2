"""Questions -> hits -> spans (design.md, "Spans and scores"). The public interface of the package.

`searcher` queries the index, `ranking` puts hits in order, `spans` grows them and selects what fits into the budget.
`passages` reads a passage by its place.
"""

from __future__ import annotations

from .passages import Passage, read_passage
from .records import Hit, SearchResult, Span
from .searcher import Searcher, open_searcher, searcher_of

__all__ = ["Hit", "Passage", "SearchResult", "Searcher", "Span", "open_searcher", "read_passage", "searcher_of"]
