"""A generator that is opened on first use and then kept. Knows the options to open it with, but no prompts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from ..config import AnswerOptions
from ..errors import GeneratorError
from .protocol import Generator, OnProgress


def generator_opener(
    options: AnswerOptions, *, verbose: bool = False, threads: int = 0, on_progress: OnProgress | None = None
) -> Callable[[], Generator]:
    """A function that opens the generator at the first call and returns the same one from then on.

    Embed the questions before that call: vLLM reseeds the global random state and fixes torch's number of threads. The
    function raises `GeneratorError`; the next call tries again.
    """
    opened: list[Generator] = []

    def open_once() -> Generator:
        from . import open_generator  # through the package, where a test can replace it

        if not opened:
            opened.append(open_generator(options, verbose=verbose, threads=threads, on_progress=on_progress))
        return opened[0]

    return open_once


class KeptGenerator:
    """A generator that stays open from one call to the next. Invariant: at most one is open, with the options of the
    last call."""

    def __init__(self, *, threads: int = 0) -> None:
        self._threads = threads
        self._options = AnswerOptions()
        self._opener: Callable[[], Generator] | None = None

    @contextmanager
    def opened_with(self, options: AnswerOptions) -> Iterator[Callable[[], Generator]]:
        """Its opener, for the generator that `options` describe. An engine interrupted inside the `with` is closed,
        because it cannot be used again."""
        options = replace(options, min_similarity=None)
        if self._opener is None or options != self._options:
            self.close()  # before another is opened: two may not fit into memory
            self._opener, self._options = generator_opener(options, threads=self._threads), options
        try:
            yield self._opener
        except GeneratorError:
            raise
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Release the generator; the next call opens another."""
        self._opener = None
