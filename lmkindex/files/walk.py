"""Directories -> file entries -> the difference against what the index holds.

Takes roots and options, gives sorted `FileEntry` records and, for what should have been a document but cannot be one, `FileFailure`
records with the reason. Knows nothing of the content of files but its hash: `read.py` opens them.
"""

from __future__ import annotations

import fnmatch
import hashlib
import os
import stat
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Literal, TypeVar

from .config import FileOptions
from .errors import ReadError, UsageError
from .open_file import NO_PERMISSION, open_regular
from .records import FileEntry, FileFailure, FilePlan, ManifestEntry

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

TEXT_SUFFIXES = frozenset({".txt", ".text", ".md", ".markdown", ".rst"})
HTML_SUFFIXES = frozenset({".html", ".htm"})
LAYERED_SUFFIXES = frozenset({".pdf", ".docx"})  # without text, these may still hold pictures of it: their text is missing
DOCUMENT_SUFFIXES = TEXT_SUFFIXES | HTML_SUFFIXES | LAYERED_SUFFIXES
NO_BYTES, NO_TEXT = "the file is empty", "the file holds no text"
EMPTY_REASONS = frozenset({NO_BYTES, NO_TEXT})  # failures of an older version, now empty documents
DANGLING = "the link leads nowhere: it is dangling or points at itself"
DANGLING_OTHER = f"{DANGLING}; by its name it was no document"  # worth a word only where documents were below it
IGNORE_FILE = ".lmkignore"
MAX_IGNORE_BYTES = 1 << 20
HASH_BYTES = 16  # 128 bits: collisions by accident are out of the question, and the hex form stays readable
# For so long two writes of a file can carry the same time: the clock of a Linux file system stands still for up to 10 ms, and some keep
# whole seconds, FAT two of them.
TICK_NS = 20_000_000
COARSE_TICK_NS = 2_000_000_000

Named = TypeVar("Named", FileEntry, ManifestEntry)
Hashing = Callable[[FileEntry], str | None]
Rules = tuple[tuple[str, "GitIgnoreSpec"], ...]  # (directory with a final slash, or ""; its patterns), outermost first


def walk_files(roots: Sequence[Path], options: FileOptions) -> tuple[list[FileEntry], list[FileFailure]]:
    """All documents below `roots`, each real file once, and what could not be followed; both sorted by (root, path).

    A root is a directory, or one file (always a document; its root is its directory). A root inside another adds only what the outer
    one hides or ignores. Links are followed after everything real, so that a file keeps its real name, and out of the roots only with
    `follow_links`. Raises `UsageError` for a root that does not exist.
    """
    real_roots = sorted({_resolve_root(root) for root in roots})
    directories = [path for path in real_roots if path.is_dir()]
    walker = _Walker(directories, options)
    for directory in directories:
        if str(directory) not in walker.seen:
            walker.walk(str(directory), "", ())
    for path in real_roots:
        if path not in directories:
            walker.add_file(str(path.parent), path.name, str(path))
    walker.follow_links()
    entries = sorted(walker.entries, key=lambda entry: (entry.root, entry.path))
    return entries, sorted(walker.failures, key=lambda failure: (failure.root, failure.path))


def document_id(root: str, path: str) -> str:
    """The stable identity of a document, 32 hex digits: a rename makes a new one."""
    return hashlib.blake2b(f"{root}\0{path}".encode("utf-8", "surrogateescape"), digest_size=HASH_BYTES).hexdigest()


def hash_bytes(data: bytes) -> str:
    """The content hash of `data`; equals `hash_file` of a file that holds them."""
    return hashlib.blake2b(data, digest_size=HASH_BYTES).hexdigest()


def hash_file(path: Path) -> str:
    """The content hash of a file, read in pieces. Raises as `open_regular`."""
    with open_regular(path) as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=HASH_BYTES)).hexdigest()


def settle(mtime_ns: int) -> None:
    """Wait, if need be, until a later write of a file must carry another time than `mtime_ns`; read or hash it after that.

    Without this, an edit right after a build that keeps the size would look unchanged for ever (Git calls such files racily clean). A
    time in the future, of a clock that goes wrong, is not waited for.
    """
    tick_ns = TICK_NS if mtime_ns % 1_000_000_000 else COARSE_TICK_NS
    age_ns = time.time_ns() - mtime_ns
    if 0 <= age_ns < tick_ns:
        time.sleep((tick_ns - age_ns) / 1e9)


def plan_changes(
    entries: Sequence[FileEntry],
    manifest: Mapping[tuple[str, str], ManifestEntry],
    *,
    checksum: bool,
    retry_failed: bool,
    failures: Sequence[FileFailure] = (),
) -> FilePlan:
    """What a build has to do so that the index (`manifest`, by (root, path)) equals the walk.

    Files are told apart by size and modification time, and hashed only when these differ (always, with `checksum`). What is new or
    changed and has the content of some indexed document (a copy, two names swapped, logs that rotate) names it in `twins`: nothing of it
    need be encoded. Indexed documents at or below a path of `failures` (the walk's) count as unchanged: what could not be looked at is
    not known to be gone.
    """
    hashes: dict[FileEntry, str | None] = {}

    def hash_of(entry: FileEntry) -> str | None:
        if entry not in hashes:
            hashes[entry] = _hash_or_none(entry)
        return hashes[entry]

    added: list[FileEntry] = []
    changed: list[FileEntry] = []
    touched: list[FileEntry] = []
    unchanged: list[ManifestEntry] = []
    for entry in sorted(entries, key=lambda entry: (entry.root, entry.path)):
        known = manifest.get((entry.root, entry.path))
        if known is None:
            added.append(entry)
            continue
        verdict = _compare(entry, known, hash_of, checksum=checksum, retry_failed=retry_failed)
        if verdict == "unchanged":
            unchanged.append(known)
        else:
            (changed if verdict == "changed" else touched).append(entry)
    walked = {(entry.root, entry.path) for entry in entries}
    missing = [manifest[name] for name in sorted(manifest.keys() - walked)]
    unseen = {(failure.root, failure.path): failure for failure in failures}
    unchanged += [known for known in missing if failure_over(known, unseen) is not None]
    gone = [known for known in missing if failure_over(known, unseen) is None]
    overwritten = {(entry.root, entry.path): manifest[(entry.root, entry.path)] for entry in changed}
    renamed = _pair_renames(gone, added, hash_of)
    gone, added = _without(gone, (known for known, _ in renamed)), _without(added, (entry for _, entry in renamed))
    unread = _pair_unread([*gone, *overwritten.values()], [*added, *changed], hash_of)
    moved_texts = {(entry.root, entry.path): known for known, entry in unread if (known.root, known.path) in overwritten}
    moved = [*moved_texts.values(), *_find_moved(list(overwritten.values()), [*added, *changed], hash_of)]
    left = frozenset((known.root, known.path) for known in moved)
    onto = [(known, entry) for known, entry in unread if (known.root, known.path) not in overwritten]
    covered = [overwritten[name] for name in ((entry.root, entry.path) for _, entry in onto) if name in overwritten and name not in left]
    gone = _without(gone, (known for known, _ in onto))
    added, changed = _without(added, (entry for _, entry in onto)), _without(changed, (entry for _, entry in onto))
    return FilePlan(
        added=tuple(added),
        changed=tuple(changed),
        touched=tuple(touched),
        renamed=(*renamed, *onto),
        unchanged=tuple(sorted(unchanged, key=lambda known: (known.root, known.path))),
        deleted=tuple(gone),
        covered=tuple(covered),
        twins=_find_twins(manifest, [*added, *changed], hash_of),
        moved_texts=moved_texts,
        left=left,
    )


def _compare(
    entry: FileEntry, known: ManifestEntry, hash_of: Hashing, *, checksum: bool, retry_failed: bool
) -> Literal["unchanged", "touched", "changed"]:
    """A file that the index knows. What failed before is tried again on any new stat: touching it is the natural way to ask; so is
    `chmod` where leave to read was missing."""
    same_stat = (entry.size_bytes, entry.mtime_ns) == (known.size_bytes, known.mtime_ns)
    if not known.has_own_text:
        is_empty = known.error in EMPTY_REASONS and PurePosixPath(known.path).suffix.lower() not in LAYERED_SUFFIXES
        is_open = known.error == NO_PERMISSION and os.access(entry.absolute_path, os.R_OK)
        return "changed" if retry_failed or not same_stat or is_empty or is_open else "unchanged"
    if same_stat and not checksum:
        return "touched" if known.is_out_of_reach else "unchanged"
    if hash_of(entry) != known.content_hash:
        return "changed"  # also when it cannot be hashed: the reader will say why
    return "unchanged" if same_stat and not known.is_out_of_reach else "touched"


def _without(items: Iterable[Named], others: Iterable[Named]) -> list[Named]:
    """`items` but those of a name (root, path) that is among `others`."""
    names = {(other.root, other.path) for other in others}
    return [item for item in items if (item.root, item.path) not in names]


def _pair_renames(gone: Sequence[ManifestEntry], added: Sequence[FileEntry], hash_of: Hashing) -> list[tuple[ManifestEntry, FileEntry]]:
    """Pair documents whose file is gone with new files of the same content, both in sorted order; hashes only files of a fitting size.
    What cannot be read has no content to compare: there, see `_pair_unread`."""
    waiting: dict[tuple[int, str], deque[ManifestEntry]] = {}
    for known in gone:
        if known.has_own_text:
            waiting.setdefault((known.size_bytes, known.content_hash), deque()).append(known)
    sizes = {size_bytes for size_bytes, _ in waiting}
    renamed = []
    for entry in added:
        content_hash = hash_of(entry) if entry.size_bytes in sizes else None
        candidates = waiting.get((entry.size_bytes, content_hash or ""))
        if candidates:
            renamed.append((candidates.popleft(), entry))
    return renamed


def _pair_unread(lost: Sequence[ManifestEntry], fresh: Sequence[FileEntry], hash_of: Hashing) -> list[tuple[ManifestEntry, FileEntry]]:
    """Pair documents that could not be read last time, or cannot be now, with the file of their size and time under another name, as a
    move leaves them, a swap, or a move over another file. Only where both are the only ones of that stat, and hold anything: a text must
    not come under another's name. `lost` are documents whose file is gone or differs, `fresh` files that are new or differ."""
    olds: dict[tuple[int, int], list[ManifestEntry]] = {}
    news: dict[tuple[int, int], list[FileEntry]] = {}
    for known in lost:
        if known.size_bytes and known.num_sentences:  # empty files of one time are common, as after unpacking an archive
            olds.setdefault((known.size_bytes, known.mtime_ns), []).append(known)
    for entry in fresh:
        news.setdefault((entry.size_bytes, entry.mtime_ns), []).append(entry)
    pairs = [(olds[key][0], news[key][0]) for key in sorted(olds.keys() & news.keys()) if len(olds[key]) == len(news[key]) == 1]
    moved = [(known, entry) for known, entry in pairs if (known.root, known.path) != (entry.root, entry.path)]
    return [(known, entry) for known, entry in moved if (known.status == "stale" and not known.is_out_of_reach) or hash_of(entry) is None]


def _find_moved(overwritten: Sequence[ManifestEntry], fresh: Sequence[FileEntry], hash_of: Hashing) -> list[ManifestEntry]:
    """Documents whose file can be read and stands under another name, as `mv` leaves it: of the same time, too, which a copy is not."""
    stats = {(known.size_bytes, known.mtime_ns) for known in overwritten if known.has_own_text and known.num_sentences}
    found = {
        (entry.size_bytes, entry.mtime_ns, hash_of(entry)): (entry.root, entry.path)
        for entry in fresh
        if (entry.size_bytes, entry.mtime_ns) in stats
    }
    return [known for known in overwritten if (known.size_bytes, known.mtime_ns, known.content_hash) in found]


def _find_twins(
    manifest: Mapping[tuple[str, str], ManifestEntry], entries: Sequence[FileEntry], hash_of: Hashing
) -> dict[tuple[str, str], str]:
    """For each file with the content of an indexed document: the first such document's id. Hashes only files of a fitting size."""
    doc_ids: dict[tuple[int, str], str] = {}
    for _, known in sorted(manifest.items()):
        if known.has_own_text:
            doc_ids.setdefault((known.size_bytes, known.content_hash), known.doc_id)
    sizes = {size_bytes for size_bytes, _ in doc_ids}
    found = {(entry.root, entry.path): (entry.size_bytes, hash_of(entry) or "") for entry in entries if entry.size_bytes in sizes}
    return {name: doc_ids[content] for name, content in found.items() if content in doc_ids}


def _hash_or_none(entry: FileEntry) -> str | None:
    settle(entry.mtime_ns)
    try:
        return hash_file(entry.absolute_path)
    except (OSError, ReadError):
        return None


def failure_over(known: ManifestEntry, failures: Mapping[tuple[str, str], FileFailure]) -> FileFailure | None:
    """The failure of the walk, by (root, path), that stands at a document's path or above it."""
    return next((failures[(known.root, path)] for path in paths_over(known) if (known.root, path) in failures), None)


def paths_over(known: ManifestEntry) -> tuple[str, ...]:
    """A document's path and those of the directories above it; the last is ".", the name of an unreadable root."""
    return (known.path, *map(str, PurePosixPath(known.path).parents))


def _resolve_root(root: Path) -> Path:
    try:
        real = root.resolve(strict=True)
        str(real).encode("utf-8")
    except (OSError, RuntimeError) as error:
        raise UsageError(f"{root} does not exist or cannot be reached: give directories or files that do.") from error
    except UnicodeEncodeError as error:
        raise UsageError(f"The name of {_printable(str(root))} is not valid UTF-8: rename it.") from error
    return real


def _printable(path: str) -> str:
    """A path with the bytes that are not UTF-8 written as `\\xNN`."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _compile(patterns: Iterable[str], source: str) -> GitIgnoreSpec:
    from pathspec import GitIgnoreSpec

    try:
        return GitIgnoreSpec.from_lines(patterns)
    except ValueError as error:
        raise UsageError(f"A pattern of {source} is not a .gitignore pattern: {error}.") from error


class _Walker:
    """Finds every real file once: `seen` holds the real paths of all files and directories that were taken."""

    def __init__(self, directories: Sequence[Path], options: FileOptions) -> None:
        self.directories = directories
        self.include_patterns = options.include
        self.include = _compile(options.include, "--include")
        self.exclude = _compile(options.exclude, "--exclude")
        self.may_leave = options.follow_links
        self.seen: set[str] = set()
        self.entries: list[FileEntry] = []
        self.failures: list[FileFailure] = []
        self.links: deque[tuple[str, str, Rules]] = deque()

    def fail(self, root: str, path: str, reason: str, *, is_skipped: bool = False) -> None:
        self.failures.append(FileFailure(root=root, path=_printable(path), reason=reason, is_skipped=is_skipped))

    def walk(self, root: str, directory: str, rules: Rules) -> None:
        """Take the files below `directory` (relative to `root`, "" for itself) and queue its links. Not recursive: trees can be deep."""
        stack = [(directory, os.path.realpath(Path(root, directory)), rules)]
        while stack:
            relative, real, outer_rules = stack.pop()
            if real in self.seen:
                continue
            self.seen.add(real)
            try:
                with os.scandir(real) as scan:
                    children = sorted(scan, key=lambda child: child.name)
                inner_rules = self.with_ignore_file(Path(real), relative, outer_rules)
            except (OSError, ReadError) as error:  # also an unreadable .lmkignore: better to take nothing than what was meant to stay out
                reason = (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
                self.fail(root, relative or ".", f"the directory cannot be read: {reason}")
                continue
            stack += self.take_children(root, relative, real, children, inner_rules)

    def take_children(
        self, root: str, directory: str, real_directory: str, children: Sequence[os.DirEntry[str]], rules: Rules
    ) -> list[tuple[str, str, Rules]]:
        """Take files, queue links, return the directories to walk, with their real paths: what is no link needs no looking up."""
        directories = []
        for child in children:
            path = f"{directory}/{child.name}" if directory else child.name
            real = os.path.join(real_directory, child.name)  # noqa: PTH118 - for each file
            is_directory = child.is_dir(follow_symlinks=False)
            if child.name.startswith(".") or self.is_ignored(path, is_directory, rules):
                continue
            if is_directory or child.is_symlink():
                if not _is_utf8(path):
                    self.fail(root, path, "the name is not valid UTF-8: rename it")
                elif is_directory:
                    directories.append((path, real, rules))
                else:
                    self.links.append((root, path, rules))
            elif self.is_document(path):
                self.add_file(root, path, real)
        return directories

    def follow_links(self) -> None:
        """Follow the queued links, and those found on the way, to what is inside the roots and was not taken under its real name."""
        while self.links:
            root, path, rules = self.links.popleft()
            try:
                target = Path(root, path).resolve(strict=True)
                is_directory = target.is_dir()
            except (OSError, RuntimeError):  # a directory cannot be told from a file here: a suffix makes it unlikely
                is_wanted = self.is_document(path) or not PurePosixPath(path).suffix
                is_out = not self.is_inside(Path(os.path.realpath(Path(root, path))))
                self.fail(root, path, DANGLING if is_wanted else DANGLING_OTHER, is_skipped=is_out or not is_wanted)
                continue
            is_loop = is_directory and Path(root, path).parent.resolve().is_relative_to(target)
            if is_loop and self.is_inside(target):
                self.fail(root, path, "the link leads back to a directory above it, in a loop, and was not followed")
                continue
            if str(target) in self.seen or not (is_directory or self.is_document(path)):
                continue
            if not self.is_inside(target):
                reason = "the link leads out of the corpus and was not followed: give its target as a corpus too, or --follow-links"
                self.fail(root, path, reason, is_skipped=True)
            elif not is_directory:
                self.add_file(root, path, str(target))
            elif not self.is_ignored(path, True, rules):  # as a file's, a directory's pattern may end in a slash
                self.walk(root, path, rules)

    def is_inside(self, real_path: Path) -> bool:
        """Whether a real path may be read: it is below a root, or links may lead anywhere."""
        return self.may_leave or any(real_path.is_relative_to(directory) for directory in self.directories)

    def add_file(self, root: str, path: str, real: str) -> None:
        """Take one file by its real path, unless it was taken under another name."""
        if real in self.seen:
            return
        self.seen.add(real)
        if not _is_utf8(path):
            return self.fail(root, path, "the name is not valid UTF-8: rename it")
        absolute_path = Path(real)
        try:
            found = absolute_path.lstat()  # no link was there; if one is now, nobody knows where it leads
        except FileNotFoundError:
            return None  # deleted during the walk: as if it had never been there
        except OSError as error:
            return self.fail(root, path, f"cannot be looked at: {error.strerror}")
        if not stat.S_ISREG(found.st_mode):
            return self.fail(root, path, "is not a regular file")
        self.entries.append(
            FileEntry(root=root, path=path, absolute_path=absolute_path, size_bytes=found.st_size, mtime_ns=found.st_mtime_ns)
        )
        return None

    def is_ignored(self, path: str, is_directory: bool, rules: Rules) -> bool:
        """The exclude patterns, then the nearest ignore file with an opinion, decide."""
        path = f"{path}/" if is_directory else path
        if self.exclude.match_file(path):
            return True
        for directory, spec in reversed(rules):
            verdict = spec.check_file(path.removeprefix(directory)).include
            if verdict is not None:
                return verdict
        return False

    def with_ignore_file(self, directory_path: Path, relative: str, rules: Rules) -> Rules:
        """The rules of a directory: its parents' and those of its own ignore file, if there is one. Raises `OSError` and `ReadError`."""
        ignore_path = directory_path / IGNORE_FILE
        if not os.path.lexists(ignore_path) or ignore_path.is_dir():
            return rules
        real_path = ignore_path.resolve(strict=True)
        if not self.is_inside(real_path):
            raise ReadError(f"its {IGNORE_FILE} is a link out of the corpus")
        with open_regular(real_path) as file:
            content = file.read(MAX_IGNORE_BYTES + 1)
        if len(content) > MAX_IGNORE_BYTES:
            raise ReadError(f"its {IGNORE_FILE} is over {MAX_IGNORE_BYTES} bytes long")
        lines = content.decode("utf-8-sig", "surrogateescape").splitlines()
        return (*rules, (f"{relative}/" if relative else "", _compile(lines, str(ignore_path))))

    def is_document(self, path: str) -> bool:
        """By suffix, or because an include pattern names the file itself: `*.log` does, `notes/` and `notes/**` do not."""
        if self.include_patterns and not self.include.match_file(path):
            return False
        pure_path = PurePosixPath(path)
        last_parts = [pattern.rpartition("/")[2] for pattern in self.include_patterns]
        is_named = any(part.strip("*?") and fnmatch.fnmatchcase(pure_path.name, part) for part in last_parts)
        return is_named or pure_path.suffix.lower() in DOCUMENT_SUFFIXES


def _is_utf8(path: str) -> bool:
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
