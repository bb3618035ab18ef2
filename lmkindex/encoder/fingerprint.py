"""A hash of some files of a folder, computed once: the user's cache keeps it for as long as the files do not change.

Knows nothing about the contents of the files. A file counts as unchanged if its absolute path, size, `mtime`, `ctime`
and inode are the same: a program can reset `mtime`, but not `ctime`. A cache that is broken or cannot be written is
ignored.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from hashlib import blake2b
from pathlib import Path

from ..records import JsonObject
from ..runtime import cache_folder
from ..storage import write_json

CACHE_FILE = "fingerprints.json"
SETTLED_NS = 2_000_000_000  # a newer file may change again within the same tick of its file system's clock


@dataclass(frozen=True, slots=True, kw_only=True)
class FileState:
    """The facts that show whether a file was written since it was hashed."""

    path: str
    size_bytes: int
    mtime_ns: int
    ctime_ns: int
    inode: int

    @classmethod
    def of(cls, path: Path) -> FileState:
        stat = path.stat()
        return cls(
            path=str(path.absolute()), size_bytes=stat.st_size, mtime_ns=stat.st_mtime_ns, ctime_ns=stat.st_ctime_ns, inode=stat.st_ino
        )


def fingerprint_files(folder: Path, names: Sequence[str], replaced: Mapping[str, bytes] | None = None) -> str:
    """The hash of the named files, from the cache if they did not change since they were hashed: 32 hexadecimal digits.
    `replaced` are contents to hash in place of a file's own."""
    replaced = replaced or {}
    state = state_of(folder, names)
    entry: JsonObject = {"files": [asdict(file) for file in state]} | ({"replaced": sorted(replaced)} if replaced else {})
    known = read_cache().get(str(folder.absolute()))
    if isinstance(known, dict) and known == entry | {"fingerprint": known.get("fingerprint")} and isinstance(known["fingerprint"], str):
        return known["fingerprint"]
    is_settled = all(max(file.mtime_ns, file.ctime_ns) + SETTLED_NS <= time.time_ns() for file in state)
    fingerprint = hash_files(folder, names, replaced)
    if is_settled and state_of(folder, names) == state:
        write_cache(folder, entry | {"fingerprint": fingerprint})
    return fingerprint


def hash_files(folder: Path, names: Sequence[str], replaced: Mapping[str, bytes]) -> str:
    """A hash of the files' names, sizes and contents, in the order given: 32 hexadecimal digits."""
    digest = blake2b(digest_size=16)
    for name in names:
        if name in replaced:
            digest.update(f"{name}\0{len(replaced[name])}\0".encode() + replaced[name])
            continue
        digest.update(f"{name}\0{(folder / name).stat().st_size}\0".encode())
        with (folder / name).open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()


def state_of(folder: Path, names: Sequence[str]) -> list[FileState]:
    """The current state of the named files."""
    return [FileState.of(folder / name) for name in names]


def read_cache() -> JsonObject:
    """The known state of each folder, by its absolute path; empty if there is no cache, or if it is broken."""
    try:
        known = json.loads((cache_folder() / CACHE_FILE).read_text(encoding="ascii"))
    except (OSError, ValueError, RecursionError):
        return {}
    return known if isinstance(known, dict) else {}


def write_cache(folder: Path, entry: JsonObject) -> None:
    """Store the state of a folder, and drop folders that are gone. If two processes write at the same time, the last
    one wins."""
    with suppress(OSError, ValueError):
        known = {path: other for path, other in read_cache().items() if Path(path).is_dir()}
        write_json(cache_folder() / CACHE_FILE, known | {str(folder.absolute()): entry})
