"""Run an iterator in a thread, some items ahead of who takes them. Knows nothing of what the items are."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Generator, Iterator
from typing import TypeVar

T = TypeVar("T")
ASK_S = 0.5  # how long a wait for an item goes on before it is asked whether all is over


def in_thread(items: Iterator[T], depth: int, is_over: Callable[[], bool] = lambda: False) -> Generator[T, None, None]:
    """Run an iterator in a thread, at most `depth` items ahead; its exception is raised here, and closing this ends the thread. While it
    waits for an item, this asks `is_over` and ends early if so: one item can take minutes."""
    ready: queue.Queue[tuple[T | None, BaseException | None, bool]] = queue.Queue(maxsize=depth)
    closed = threading.Event()

    def put(item: tuple[T | None, BaseException | None, bool]) -> None:
        while not closed.is_set():
            try:
                return ready.put(item, timeout=0.1)
            except queue.Full:
                continue

    def produce() -> None:
        try:
            for item in items:
                put((item, None, False))
                if closed.is_set():
                    return
            put((None, None, True))
        except BaseException as error:  # handed to the consumer, which raises it
            put((None, error, True))

    thread = threading.Thread(target=produce, name="lmkindex-prepare", daemon=True)
    thread.start()
    try:
        while True:
            try:
                item, error, is_last = ready.get(timeout=ASK_S)
            except queue.Empty:
                if is_over():
                    return
                continue
            if error is not None:
                raise error
            if is_last:
                return
            yield item  # type: ignore[misc]  # None only stands beside is_last
    finally:
        closed.set()
        thread.join()
