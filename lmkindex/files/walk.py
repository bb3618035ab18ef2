"""Directories -> file entries.

Takes roots and options, gives sorted `FileEntry` records. Files that should have been documents but cannot be give
`FileFailure` records with the reason. Files of other kinds are counted. Names are matched and given in NFC. Knows no
index, and nothing of the content of files.
"""

from __future__ import annotations

import fnmatch
import os
import stat
from collections import deque
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from ..config import FileOptions
from ..errors import Cause, ReadError, UsageError
from ..records import FileEntry, FileFailure
from ..user_text import check_not_wide
from .identity import DOCUMENT_SUFFIXES, inode_of
from .names import FoundFiles, count_kinds, in_one_form
from .open_file import open_regular
from .roots import decoded_name, is_utf8, nfc, resolve_root

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

DANGLING = "the link leads nowhere: it is dangling or points at itself"
IGNORE_FILE = ".lmkignore"
MAX_IGNORE_BYTES = 1 << 20

Rules = tuple[tuple[str, "GitIgnoreSpec"], ...]  # (directory with a final slash, or ""; its patterns), outermost first


def walk_files(roots: Sequence[Path], options: FileOptions) -> FoundFiles:
    """All documents below `roots`, each real file once, the paths that could not be followed, and how many files are of
    another kind.

    A root is a directory, or one file (always a document; its root is its directory). A root inside another root adds
    only what the outer one hides or ignores. Links are followed after all real files, so that a file keeps its real
    name. Links out of the roots are followed only with `follow_links`. Files that are hidden, ignored, excluded or not
    included are not counted. Raises `UsageError` for a root that does not exist.
    """
    real_roots = sorted({resolve_root(root) for root in roots})
    directories = [path for path in real_roots if path.is_dir()]
    walker = _Walker(directories, options)
    for directory in directories:
        if str(directory) not in walker.seen:
            walker.walk(str(directory), "", ())
    for path in real_roots:
        if path not in directories:
            walker.add_file(str(path.parent), path.name, str(path))
    walker.follow_links()
    passed_over = count_kinds(walker.passed_over - walker.seen)  # a link with a suffix that is read makes its target a document
    return in_one_form(FoundFiles(entries=walker.entries, failures=walker.failures, passed_over=passed_over))


def _compile(patterns: Iterable[str], source: str) -> GitIgnoreSpec:
    from pathspec import GitIgnoreSpec

    try:
        return GitIgnoreSpec.from_lines(map(nfc, patterns))
    except ValueError as error:
        raise UsageError(f"A pattern in {source} is not a valid .gitignore pattern: {error}.") from error


class _Walker:
    """Finds every real file once: `seen` holds the real paths of all files and directories found so far."""

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
        self.passed_over: set[str] = set()  # real paths of files whose kind is not read

    def fail(self, root: str, path: str, reason: str, *, is_skipped: bool = False, cause: Cause = Cause.OTHER) -> None:
        failure = FileFailure(root=root, path=decoded_name(path), reason=reason or cause.value, is_skipped=is_skipped, cause=cause)
        self.failures.append(failure)

    def walk(self, root: str, directory: str, rules: Rules) -> None:
        """Add the files below `directory` (relative to `root`, "" for the root itself) and queue its links. Not
        recursive: trees can be deep."""
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
            except (OSError, ReadError) as error:  # also an unreadable .lmkignore: better to add nothing than to add ignored files
                reason = (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
                self.fail(root, relative or ".", f"the directory cannot be read: {reason}")
                continue
            stack += self.take_children(root, relative, real, children, inner_rules)

    def take_children(
        self, root: str, directory: str, real_directory: str, children: Sequence[os.DirEntry[str]], rules: Rules
    ) -> list[tuple[str, str, Rules]]:
        """Add files, queue links, and return the directories to walk with their real paths: only links need
        resolving."""
        directories = []
        for child in children:
            path = f"{directory}/{child.name}" if directory else child.name
            real = os.path.join(real_directory, child.name)  # noqa: PTH118 - for each file
            is_directory = child.is_dir(follow_symlinks=False)
            if child.name.startswith(".") or self.is_ignored(path, is_directory, rules):
                continue
            if is_directory or child.is_symlink():
                if not is_utf8(path):
                    self.fail(root, path, "the name is not valid UTF-8: rename it")
                elif is_directory:
                    directories.append((path, real, rules))
                else:
                    self.links.append((root, path, rules))
            elif self.is_document(path):
                self.add_file(root, path, real)
            else:
                self.pass_over(path, real, is_file=child.is_file(follow_symlinks=False))
        return directories

    def pass_over(self, path: str, real: str, *, is_file: bool) -> None:
        """Remember a file that is no document, if only its kind is why."""
        if is_file and self.is_included(path):
            self.passed_over.add(real)

    def follow_links(self) -> None:
        """Follow the queued links, and those found on the way, to targets inside the roots that were not added under
        their real name."""
        while self.links:
            root, path, rules = self.links.popleft()
            try:
                target = Path(root, path).resolve(strict=True)
                is_directory = target.is_dir()
            except (OSError, RuntimeError):  # a directory cannot be told from a file here, but with a suffix it is unlikely to be one
                is_wanted = self.is_document(path) or not PurePosixPath(path).suffix
                is_out = not self.is_inside(Path(os.path.realpath(Path(root, path))))
                if is_wanted:
                    self.fail(root, path, DANGLING, is_skipped=is_out)
                else:
                    self.fail(root, path, "", is_skipped=True, cause=Cause.LINK_TO_NO_DOCUMENT)
                continue
            is_loop = is_directory and Path(root, path).parent.resolve().is_relative_to(target)
            if is_loop and self.is_inside(target):
                self.fail(root, path, "the link leads back to a directory above it, in a loop, and was not followed")
                continue
            if str(target) in self.seen or not (is_directory or self.is_document(path)):
                if self.may_leave and not (is_directory or self.is_below_root(target)):  # those below a root have their own name there
                    self.pass_over(path, str(target), is_file=target.is_file())
                continue
            if not self.is_inside(target):
                reason = "the link leads out of the corpus and was not followed: give its target as a corpus too, or --follow-links"
                self.fail(root, path, reason, is_skipped=True)
            elif not is_directory:
                self.add_file(root, path, str(target))
            elif not self.is_ignored(path, True, rules):  # checked as a directory: its pattern may end in a slash
                self.walk(root, path, rules)

    def is_inside(self, real_path: Path) -> bool:
        """Whether a real path may be read: it is below a root, or links may lead anywhere."""
        return self.may_leave or self.is_below_root(real_path)

    def is_below_root(self, real_path: Path) -> bool:
        return any(real_path.is_relative_to(directory) for directory in self.directories)

    def add_file(self, root: str, path: str, real: str) -> None:
        """Add one file by its real path, unless it was added under another name."""
        if real in self.seen:
            return
        self.seen.add(real)
        if not is_utf8(path):
            return self.fail(root, path, "the name is not valid UTF-8: rename it")
        absolute_path = Path(real)
        try:
            found = absolute_path.lstat()  # there was no link here; if there is one now, nobody knows where it leads
        except FileNotFoundError:
            return None  # deleted during the walk: as if it had never been there
        except OSError as error:
            return self.fail(root, path, f"cannot be looked at: {error.strerror}")
        if not stat.S_ISREG(found.st_mode):
            return self.fail(root, path, "is not a regular file")
        self.entries.append(
            FileEntry(
                root=root,
                path=path,
                absolute_path=absolute_path,
                size_bytes=found.st_size,
                mtime_ns=found.st_mtime_ns,
                inode=inode_of(found),
                ctime_ns=found.st_ctime_ns,
            )
        )
        return None

    def is_ignored(self, path: str, is_directory: bool, rules: Rules) -> bool:
        """Whether a path is ignored: the exclude patterns decide, then the nearest ignore file with a matching
        pattern."""
        path = nfc(f"{path}/" if is_directory else path)
        if self.exclude.match_file(path):
            return True
        for directory, spec in reversed(rules):
            verdict = spec.check_file(path.removeprefix(directory)).include
            if verdict is not None:
                return verdict
        return False

    def with_ignore_file(self, directory_path: Path, relative: str, rules: Rules) -> Rules:
        """The rules of a directory: those of its parents and of its own ignore file, if there is one. Raises `OSError`
        and `ReadError`, and `UsageError` for a file whose patterns cannot be read."""
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
        check_not_wide(content, str(ignore_path))
        lines = content.decode("utf-8-sig", "surrogateescape").splitlines()
        return (*rules, (nfc(f"{relative}/") if relative else "", _compile(lines, str(ignore_path))))

    def is_included(self, path: str) -> bool:
        """Whether the include patterns, if there are any, let a file be a document."""
        return not self.include_patterns or bool(self.include.match_file(nfc(path)))

    def is_document(self, path: str) -> bool:
        """Whether a file is a document, by its suffix or because an include pattern names the file itself: `*.log`
        does, `notes/` and `notes/**` do not."""
        if not self.is_included(path):
            return False
        name = nfc(PurePosixPath(path).name)
        last_parts = [nfc(pattern.rpartition("/")[2]) for pattern in self.include_patterns]
        is_named = any(part.strip("*?") and fnmatch.fnmatchcase(name, part) for part in last_parts)
        return is_named or PurePosixPath(name).suffix.lower() in DOCUMENT_SUFFIXES
