"""Landmark-embedding index of document corpora: one contextual embedding per sentence, answers with citations that can
be checked.

    import lmkindex

    lmkindex.build_index("corpus", index="my-index")
    with lmkindex.open_index("my-index") as index:
        for span in index.search("Who keeps the light?", budget_tokens=256).spans:
            print(span.place, span.text)

This is the public interface: `__all__` has everything that a program needs, and docs/reference/api.md lists it.
Importing the package loads only this module; each name is loaded on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .answer import Answer, Citation
    from .api import build_index, open_index
    from .build import BuildReport, Forecast, Status
    from .errors import (
        Cause,
        EncoderError,
        GeneratorError,
        IndexUnusableError,
        InterruptedBuildError,
        LmkindexError,
        LockedError,
        ReadError,
        UsageError,
    )
    from .opened import Index
    from .records import FileFailure, Page
    from .search import Passage, SearchResult, Span

__version__ = "0.1.0"

__all__ = [
    "Answer", "BuildReport", "Cause", "Citation", "EncoderError", "FileFailure", "Forecast", "GeneratorError", "Index",
    "IndexUnusableError", "InterruptedBuildError", "LmkindexError", "LockedError", "Page", "Passage", "ReadError", "SearchResult", "Span",
    "Status", "UsageError", "__version__", "build_index", "open_index",
]  # fmt: skip

HOMES = {  # the module or package of each name
    "Answer": "answer", "BuildReport": "build", "Cause": "errors", "Citation": "answer", "EncoderError": "errors",
    "FileFailure": "records", "Forecast": "build", "GeneratorError": "errors", "Index": "opened", "IndexUnusableError": "errors",
    "InterruptedBuildError": "errors", "LmkindexError": "errors", "LockedError": "errors", "Page": "records", "Passage": "search",
    "ReadError": "errors", "SearchResult": "search", "Span": "search", "Status": "build", "UsageError": "errors", "build_index": "api",
    "open_index": "api",
}  # fmt: skip

if not TYPE_CHECKING:  # a type checker reads the imports above, so it finds misspelled names

    def __getattr__(name: str) -> object:
        """Load a name of the public interface on first use."""
        if name not in HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = globals()[name] = getattr(import_module(f"{__name__}.{HOMES[name]}"), name)
        return value

    def __dir__() -> list[str]:
        return sorted(__all__)
