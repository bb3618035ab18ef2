"""Questions -> hits -> spans (DESIGN §6). The face of the package.

`searcher` asks the index, `ranking` puts hits in order, `spans` grows them and takes what fits into the budget.
"""

from __future__ import annotations

from .searcher import Searcher, open_searcher

__all__ = ["Searcher", "open_searcher"]
