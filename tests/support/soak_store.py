"""A simulated document store for the soak: files are created, edited, appended to, renamed, swapped, moved over others,
deleted, corrupted and restored at random. Also a model of what an index of the store should hold. Knows nothing about
tables or builds; the same seed gives the same operations."""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import tiny

FOLDERS = ["", "a", "a/b", "reports 2026", "it's [b] 100%", "日本", "deep/er/and/deeper"]
GARBAGE = [b"", b"  \n\n\t ", b"\x00\x01\x02 not text \x00", bytes(range(256)) * 8]
# Operations and how often each is drawn.
WEIGHTS = {"create": 5, "edit": 8, "append": 5, "rename": 4, "swap": 3, "cover": 2, "delete": 4, "corrupt": 5, "restore": 4}


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What an index holds for one path: the searchable text, and the status; also size and time of the file, if
    known."""

    text: str
    status: str
    stat: tuple[int, int] = field(default=(-1, -1), compare=False)


State = dict[str, Held]  # by path


class Store:
    """Invariant: `readable` and `garbage` are the contents of all files below `root`, by path."""

    def __init__(self, root: Path, seed: int, num_documents: int) -> None:
        self.root, self.num_documents = root, num_documents
        self.generator = random.Random(seed)
        self.readable: dict[str, str] = {}
        self.garbage: dict[str, bytes] = {}
        self.last_good: dict[str, str] = {}  # for files that are corrupt now
        self.deleted: dict[str, str] = {}
        self.num_made = 0
        self.counts: Counter[str] = Counter()
        while len(self.readable) < num_documents:
            self.create()

    def operate(self, num_operations: int) -> None:
        """Run random operations; the number of documents stays close to `num_documents`."""
        for _ in range(num_operations):
            name = self.generator.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
            num_files = len(self.readable) + len(self.garbage)
            if num_files > 1.05 * self.num_documents and name == "create":
                name = "delete"
            if num_files < 0.95 * self.num_documents and name in ("delete", "cover"):
                name = "create"
            self.counts[name] += bool(getattr(self, name)())

    def create(self) -> bool:
        path = self.new_path()
        self.write(path, self.new_text(600 if self.generator.random() < 0.01 else self.generator.randint(1, 40)))
        return True

    def edit(self) -> bool:
        """Replace a stretch in the middle."""
        path = self.pick(self.readable)
        text = self.readable[path]
        start = self.generator.randrange(len(text))
        end = start + int(self.generator.choice([1, 60, 600]) * self.generator.random())
        self.write(path, f"{text[:start]} {self.new_text(self.generator.randint(1, 3))}{text[end:]}")
        return True

    def append(self) -> bool:
        path = self.pick(self.readable)
        self.write(path, f"{self.readable[path]}\n\n{self.new_text(self.generator.randint(1, 12))}")
        return True

    def rename(self) -> bool:
        """Move a file, possibly a corrupt one; its stat stays the same, as with `mv`."""
        path, target = self.pick([*self.readable, *self.garbage]), self.new_path()
        (self.root / target).parent.mkdir(parents=True, exist_ok=True)
        self.move(path, target)
        return True

    def swap(self) -> bool:
        """Two files swap names, often a corrupt file and another one."""
        path = self.pick(self.garbage or self.readable)
        other = self.pick({*self.readable, *self.garbage} - {path})
        for old, new in ((path, ".away"), (other, path), (".away", other)):
            self.move(old, new)
        return True

    def cover(self) -> bool:
        """Move a file over another, whose content is then gone."""
        path = self.pick(self.garbage or self.readable)
        other = self.pick({*self.readable, *self.garbage} - {path})
        for contents in (self.readable, self.last_good):
            contents.pop(other, None)
        self.garbage.pop(other, None)
        self.move(path, other)
        return True

    def move(self, path: str, target: str) -> None:
        (self.root / path).rename(self.root / target)
        if path in self.readable:
            self.readable[target] = self.readable.pop(path)
        else:
            self.garbage[target], self.last_good[target] = self.garbage.pop(path), self.last_good.pop(path)

    def delete(self) -> bool:
        path = self.pick([*self.readable, *self.garbage])
        (self.root / path).unlink()
        if path in self.readable:
            self.deleted[path] = self.readable[path]
        for contents in (self.readable, self.last_good):
            contents.pop(path, None)
        self.garbage.pop(path, None)
        return True

    def corrupt(self) -> bool:
        path = self.pick(self.readable)
        self.last_good[path] = self.readable.pop(path)
        self.garbage[path] = self.generator.choice(GARBAGE)
        (self.root / path).write_bytes(self.garbage[path])
        return True

    def restore(self) -> bool:
        """Bring back the last readable content of a corrupt or deleted file, sometimes with an old time, as from a
        backup."""
        candidates = self.last_good | {
            path: text for path, text in self.deleted.items() if path not in self.readable and path not in self.garbage
        }
        if not candidates:
            return False
        path = self.pick(candidates)
        self.garbage.pop(path, None)
        self.last_good.pop(path, None)
        self.deleted.pop(path, None)
        self.write(path, candidates[path])
        if self.generator.random() < 0.5:
            os.utime(self.root / path, (1, 1_000_000_000 + self.generator.random()))
        return True

    def pick(self, paths: Iterable[str]) -> str:
        return self.generator.choice(sorted(paths))

    def new_path(self) -> str:
        self.num_made += 1
        name = f"d{self.num_made}{self.generator.choice(['.txt', '.md'])}"
        folder = self.generator.choice(FOLDERS)
        return f"{folder}/{name}" if folder else name

    def new_text(self, num_sentences: int) -> str:
        """Prose with a unique word, so that a search can tell the states of a document apart."""
        self.num_made += 1
        return f"The marker zq{self.num_made}qz stands here. {tiny.prose(self.generator.randrange(10**9), num_sentences)}"

    def write(self, path: str, text: str) -> None:
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text, "utf-8", newline="")
        self.readable[path] = text

    def target(self, known: State) -> State:
        """What an index that held `known` must hold after a build: the text of readable files; for other files the last
        known text, if any; no text for files without text."""
        state = {path: Held(text=text, status="indexed") for path, text in self.readable.items()}
        moved, taken = self.moved(known)
        for path, data in self.garbage.items():
            if not data.strip():
                state[path] = Held(text=data.decode(), status="indexed")
                continue
            old = moved.get(path, known.get(path) if path not in taken else None)
            state[path] = Held(text=old.text, status="stale") if old is not None and old.text else Held(text="", status="failed")
        return state

    def moved(self, known: State) -> tuple[State, set[str]]:
        """What the index held for corrupt files under their old names, and these names. Files are known by size and
        time, if unique."""
        stats = {path: stat_of(self.root / path) for path in [*self.readable, *self.garbage]}
        stats = {path: stat for path, stat in stats.items() if path not in known or self.differs(path, stat, known[path])}
        lost = {path: held for path, held in known.items() if path in stats or path not in self.readable | self.garbage}
        lost = {path: held for path, held in lost.items() if held.text.strip()}
        olds, news = Counter(held.stat for held in lost.values()), Counter(stats.values())
        by_stat = {held.stat: (path, held) for path, held in lost.items() if held.status == "stale" and olds[held.stat] == 1}
        pairs = {path: by_stat[stat] for path, stat in stats.items() if news[stat] == 1 and stat in by_stat}
        pairs = {path: (old_path, held) for path, (old_path, held) in pairs.items() if path != old_path}
        readable = {(stat, self.readable.get(path)) for path, stat in stats.items()}
        whole = {path for path, held in lost.items() if path in stats and held.status == "indexed" and (held.stat, held.text) in readable}
        return {path: held for path, (_, held) in pairs.items()}, {old_path for old_path, _ in pairs.values()} | whole

    def differs(self, path: str, stat: tuple[int, int], held: Held) -> bool:
        """Whether a build must read a file that the index knows."""
        return stat != held.stat and (held.status != "indexed" or self.readable.get(path) != held.text)


def stat_of(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_size, found.st_mtime_ns


def find_mixed(found: State, known: State, target: State) -> list[str]:
    """What is wrong after a stopped build: each path must be as before or as after the build, and no rename may lose
    its text."""
    wrong = [
        f"{path}: is neither as before the build nor as after it: {describe(found.get(path))}; before {describe(known.get(path))}, "
        f"after {describe(target.get(path))}"
        for path in sorted(found.keys() | known.keys() | target.keys())
        if found.get(path) not in (known.get(path), target.get(path))
    ]
    texts = {held.text for held in found.values()}
    moved = {held.text: path for path, held in target.items() if path not in known}
    for path, held in known.items():
        if path not in target and held.status == "indexed" and held.text.strip() and held.text in moved and held.text not in texts:
            wrong.append(f"{path}: was renamed to {moved[held.text]}, and is now under neither name")
    return wrong


def find_different(found: State, target: State) -> list[str]:
    """What is wrong with the state of a finished build."""
    return [
        f"{path}: is {describe(found.get(path))}, must be {describe(target.get(path))}"
        for path in sorted(found.keys() | target.keys())
        if found.get(path) != target.get(path)
    ]


def describe(held: Held | None) -> str:
    return "absent" if held is None else f"{held.status} with {len(held.text)} characters ({held.text[:40]!r})"
