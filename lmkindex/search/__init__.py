"""Questions -> hits -> spans (design.md, "Spans and scores"). The face of the package.

`searcher` asks the index, `ranking` puts hits in order, `spans` grows them and takes what fits into the budget. `passages` reads
a passage by its place.
"""

from __future__ import annotations

from .passages import Passage, read_passage
from .records import Hit, SearchResult, Span
from .searcher import Searcher, open_searcher, searcher_of

__all__ = ["Hit", "Passage", "SearchResult", "Searcher", "Span", "open_searcher", "read_passage", "searcher_of"]
