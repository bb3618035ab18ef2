"""Names of documents -> how they are printed: the path alone, or behind the end of its root if several roots have it.

Takes the names (root, path) of an index. Knows no disk and no terminal. Names are compared in NFC.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import cached_property
from pathlib import PurePath

from ..records import FileFailure, FileName
from .roots import nfc


class PrintedNames:
    """How the documents of an index are printed. Invariant: a printed name that has a part of its root is neither the
    path nor the printed name of another document."""

    def __init__(self, names: Iterable[FileName]) -> None:
        self.by_path: dict[str, list[FileName]] = {}
        for name in names:
            self.by_path.setdefault(nfc(name[1]), []).append(name)

    def of(self, name: FileName) -> str:
        """The path, with as much of the end of its root before it as tells it from the documents of other roots."""
        root, path = name
        if all(other == root for other, _ in self.by_path.get(nfc(path), ())):
            return path
        tails = [nfc(tail) for tail in tails_of(root)]
        for tail in tails[tails.index(self.root_label(root)) :]:
            printed = behind_root(tail, path)
            if set(self.documents_at(printed)) <= {name}:
                return printed
        return behind_root(tails[-1], path)

    def on_failure(self, failure: FileFailure) -> FileFailure:
        """A failure that knows how its file is printed, if that is more than its path."""
        printed = self.of(failure.name)
        return failure if printed == failure.path else replace(failure, printed_path=printed)

    def root_label(self, root: str) -> str:
        """The shortest end of a root's path that no other root of the index has; all of it if there is none."""
        tails = [nfc(tail) for tail in tails_of(root)]
        return next((tail for tail in tails if self.num_roots_with[tail] <= (root in self.roots)), tails[-1])

    @cached_property
    def roots(self) -> frozenset[str]:
        """The roots that have documents."""
        return frozenset(root for names in self.by_path.values() for root, _ in names)

    @cached_property
    def num_roots_with(self) -> Counter[str]:
        """How many roots end in each of the ends of any root."""
        return Counter(tail for root in self.roots for tail in {nfc(tail) for tail in tails_of(root)})

    def documents_at(self, written: str) -> list[FileName]:
        """The documents that `written` can mean: those with this path first, then those whose path follows a part of
        their root's end in it."""
        return [*self.by_path.get(nfc(written), ()), *self.behind_roots(written)]

    def behind_roots(self, written: str) -> Iterator[FileName]:
        """The documents of which `written` is the path behind one or several last parts of their root, or all of it."""
        written = nfc(written)
        for at in [index for index, character in enumerate(written) if character == "/"]:
            head = written[:at] or "/"
            for name in self.by_path.get(written[at + 1 :], ()):
                if head in tails_of(nfc(name[0])):
                    yield name

    def matching(self, matches: Callable[[str], bool]) -> set[FileName]:
        """The documents whose path passes a test; with several roots, also those whose path behind the label of their
        root does."""
        has_several = len(self.roots) > 1
        label = {root: self.root_label(root) for root in self.roots}
        return {
            name
            for path, names in self.by_path.items()
            for name in names
            if matches(path) or (has_several and matches(behind_root(label[name[0]], path).lstrip("/")))
        }


def tails_of(root: str) -> list[str]:
    """The ends of a root's path, the shortest first: its last part, the last two, and so on, then the whole path."""
    path = PurePath(root)
    parts = path.parts[1:] if path.anchor else path.parts
    return [*("/".join(parts[-num:]) for num in range(1, len(parts) + bool(path.anchor))), path.as_posix()]


def behind_root(tail: str, path: str) -> str:
    return f"{tail.rstrip('/')}/{path}"
