"""Names of files, (root, path), in one Unicode form: the same name is the same document on every disk. And their kinds.

Disks write `é` as one character (NFC, as Linux programs do) or as two (NFD, as macOS does). Takes what the walk found
and the names in an index, gives what the walk found under the names to store. Opens nothing: `absolute_path` keeps the
form of the disk.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import TypeVar

from ..records import FileEntry, FileFailure, FileName
from .roots import decoded_name, nfc

MAX_KINDS = 100  # suffixes that are counted apart; where each file has its own, as in a mail folder, they are no kinds
OTHER_KINDS = "other"
Found = TypeVar("Found", FileEntry, FileFailure)


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundFiles:
    """What a walk found: documents, and paths that could not be followed, both sorted by (root, path). `passed_over`
    counts the files whose kind is not read, by suffix in lower case ("" is no suffix), the most frequent first."""

    entries: list[FileEntry]
    failures: list[FileFailure]
    passed_over: Mapping[str, int] = field(default_factory=dict)

    @property
    def names(self) -> set[FileName]:
        """The names of all entries and failures."""
        return {entry.name for entry in self.entries} | {failure.name for failure in self.failures}


def nfc_name(name: FileName) -> FileName:
    """A file's name with both parts in NFC, to compare it with others."""
    return nfc(name[0]), nfc(name[1])


def in_one_form(found: FoundFiles) -> FoundFiles:
    """What was found, with paths in NFC. Where several names of one root have the same NFC form, they stay as they are
    on the disk, so that they stay apart."""
    has_forms = any(not path.isascii() for _, path in found.names)
    count = Counter((root, nfc(path)) for root, path in found.names if has_forms)

    def renamed(items: Iterable[Found]) -> list[Found]:
        one_form = (item if count[item.root, nfc(item.path)] > 1 else renamed_to(item, (item.root, nfc(item.path))) for item in items)
        return sorted(one_form if has_forms else items, key=lambda item: item.name)

    return replace(found, entries=renamed(found.entries), failures=renamed(found.failures))


def named_as_stored(found: FoundFiles, stored: Iterable[FileName]) -> FoundFiles:
    """What was found, under the names that the index already has for it in another form. Such a document is unchanged
    or changed like any other, never a new one.

    A stored name counts only if no file has it exactly, and, if its root is another directory of this walk, not at all.
    """
    found_names = found.names
    roots = {root for root, _ in found_names}
    names = set(stored)
    waiting: dict[FileName, list[FileName]] = {}
    for name in sorted(names - found_names):
        if not (name[0].isascii() and name[1].isascii()):
            waiting.setdefault(nfc_name(name), []).append(name)
    if not waiting:
        return found

    def renamed(items: Sequence[Found]) -> list[Found]:
        return sorted((stored_item(item) for item in items), key=lambda item: item.name)

    def stored_item(item: Found) -> Found:
        candidates = waiting.get(nfc_name(item.name), []) if item.name not in names else []
        matching = [name for name in candidates if name[0] == item.root or name[0] not in roots]
        if not matching:
            return item
        candidates.remove(matching[0])
        return renamed_to(item, matching[0])

    return replace(found, entries=renamed(found.entries), failures=renamed(found.failures))


def renamed_to(item: Found, name: FileName) -> Found:
    """An entry or a failure under another name."""
    return item if item.name == name else replace(item, root=name[0], path=name[1])


def count_kinds(paths: Iterable[str]) -> dict[str, int]:
    """How many files of each kind there are, by suffix in lower case, the most frequent first; beyond `MAX_KINDS` they
    are counted together."""
    kinds = Counter(nfc(decoded_name(PurePosixPath(path).suffix.lower())) for path in paths)
    ranked = sorted(kinds.items(), key=lambda kind: (-kind[1], kind[0]))
    rest = sum(count for _, count in ranked[MAX_KINDS:])
    return dict(ranked[:MAX_KINDS]) | ({OTHER_KINDS: rest} if rest else {})
