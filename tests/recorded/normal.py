"""What differs from run to run -> placeholders; and what two records differ in, in lines that a person can read.

Takes JSON-able values, gives the same with a placeholder for: paths of this run, the ports of servers, document ids
(they hash absolute paths), times and rates, sizes on disk. Counts, table versions, texts, offsets, scores, messages and
the order of keys stay as they are.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any

TOLERANCE = 1e-3
ROUNDED_TOLERANCE = 2e-3  # of numbers in a text for people, which were rounded to three digits
HIDDEN_NUMBERS = frozenset({"tokens_per_second", "size_bytes", "rate_ms"})  # but for 0, which is exact
HIDDEN_DURATIONS = frozenset({"seconds", "index_seconds", "ms_per_query"})  # 0 too, as short ones are rounded
HIDDEN_TEXTS = frozenset({"published", "created", "first", "last", "time"})
PATTERNS = (
    (re.compile(r"127\.0\.0\.1:\d+"), "127.0.0.1:<port>"),
    (re.compile(r"[^\s\"']*/landmark-minilm\b"), "<models>/landmark-minilm"),
    (re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d{4})"), "<time>"),
    (re.compile(r"\bin \d[\d,.]* s\b"), "in <seconds> s"),
    (re.compile(r"(at most --questions\), )\d+ s\b"), r"\1<seconds> s"),
    (re.compile(r"\b[\d,]+ tokens/s"), "<rate> tokens/s"),
    (re.compile(r"to encode, [\d,.]+ (?:s|minutes)\b"), "to encode, <seconds>"),
    (re.compile(r"(on disk +)[\d,.]+ MB"), r"\1<size> MB"),
)
NUMBER = re.compile(r"-?\d+\.\d+")


class Names:
    """The document ids of all files that were ever below a folder, under any root in it: id -> `<id ROOT PATH>`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.known: dict[str, str] = {}

    def look(self) -> None:
        """Register the files that exist now."""
        for directory, subfolders, files in os.walk(self.folder, followlinks=False):
            subfolders[:] = [name for name in subfolders if not name.endswith(".lance")]
            for name in [*files, *subfolders]:
                self.learn(Path(directory, name))

    def learn(self, path: Path) -> None:
        """All ids that a file can have: one for each directory above it."""
        for root in path.parents:
            if not root.is_relative_to(self.folder):
                return
            relative = path.relative_to(root).as_posix()
            found = blake2b(f"{root}\0{relative}".encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()
            self.known[found] = f"<id {root.relative_to(self.folder).as_posix()} {relative}>"

    def replace(self, text: str) -> str:
        """`text` with the ids and paths of this run as placeholders."""
        text = re.sub(r"\b[0-9a-f]{32}\b", lambda match: self.known.get(match[0], match[0]), text)
        return text.replace(str(self.folder), "<place>")


def normalise(value: Any, names: Names, *, hides_versions: bool = False, key: str = "") -> Any:
    """`value` with placeholders, keys in their order. `hides_versions` is for a build so long that it may commit by the
    clock."""
    if isinstance(value, Mapping) and key == "tables" and hides_versions:
        return dict.fromkeys(value, "<version>")
    if isinstance(value, Mapping):
        return {name: normalise(inner, names, hides_versions=hides_versions, key=name) for name, inner in value.items()}
    if isinstance(value, list):
        return [normalise(inner, names, hides_versions=hides_versions, key=key) for inner in value]
    if isinstance(value, str):
        return f"<{key}>" if key in HIDDEN_TEXTS and value else normal_text(value, names)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"<{key}>" if key in HIDDEN_DURATIONS or (key in HIDDEN_NUMBERS and value) else value
    return value


def normal_text(text: str, names: Names) -> str:
    text = names.replace(text)
    for pattern, placeholder in PATTERNS:
        text = pattern.sub(placeholder, text)
    return text


def differences(recorded: Any, found: Any, where: str = "", key: str = "") -> Iterator[str]:
    """A line for each place in which two normalised values differ. Exact are all but floats and the decimal numbers in
    texts for people."""
    if isinstance(recorded, dict) and isinstance(found, dict):
        if list(recorded) != list(found):
            yield f"{where}: keys were {list(recorded)}, are {list(found)}"
        for name in recorded.keys() & found.keys():
            yield from differences(recorded[name], found[name], f"{where}.{name}", name)
    elif isinstance(recorded, list) and isinstance(found, list):
        if len(recorded) != len(found):
            yield f"{where}: had {len(recorded)} items, has {len(found)}"
        for index, (before, after) in enumerate(zip(recorded, found, strict=False)):
            yield from differences(before, after, f"{where}[{index}]", key)
    elif not is_same(recorded, found, key):
        yield f"{where}:\n    was {recorded!r}\n    is  {found!r}"


def is_same(recorded: Any, found: Any, key: str) -> bool:
    if isinstance(recorded, float) and isinstance(found, float):
        return abs(recorded - found) <= TOLERANCE
    if isinstance(recorded, str) and isinstance(found, str) and key in ("why", "lines"):
        pairs = zip(NUMBER.findall(recorded), NUMBER.findall(found), strict=False)
        is_near = all(abs(float(before) - float(after)) <= ROUNDED_TOLERANCE for before, after in pairs)
        return is_near and NUMBER.sub("#", recorded) == NUMBER.sub("#", found)
    return type(recorded) is type(found) and bool(recorded == found)
