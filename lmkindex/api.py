"""The two functions of the public interface: build an index, open an index. The open index is in `opened.py`.

Takes paths and keyword options, gives the records of the steps; raises `LmkindexError` and its subclasses, and never
prints.

An option has the name of its command-line flag, with underscores, plus its unit if it has one: `--budget` is
`budget_tokens`, `--time-budget` is `time_budget_s`, `--max-file-size` is `max_file_bytes`, `--no-hybrid` is
`hybrid=False`. Where the flag takes a text with a unit, the option takes a number. Each default is that of the record
in `config.py`; `tests/test_api_options.py` compares all three. Settings files and `LMKINDEX_*` variables belong to the
command line: nothing here reads them, except for the key for a URL and the cache folder.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from .config import DEFAULT_INDEX, BuildOptions, EncodeOptions, FileOptions, require
from .errors import telling_damage
from .opened import Index, StrPath

if TYPE_CHECKING:
    from .build import BuildReport

BUILD = BuildOptions()
FILES, ENCODE = BUILD.files, BUILD.encode


def build_index(  # over 40 lines: one parameter per option, and each is explained
    corpus: StrPath | Iterable[StrPath] = (),
    *,
    index: StrPath = DEFAULT_INDEX,
    encoder: StrPath | None = BUILD.encoder,
    dry_run: bool = BUILD.dry_run,
    rebuild: bool = BUILD.rebuild,
    include: str | Iterable[str] = FILES.include,
    exclude: str | Iterable[str] = FILES.exclude,
    retry_failed: bool = BUILD.retry_failed,
    time_budget_s: float = BUILD.time_budget_s,
    wait: bool = BUILD.wait,
    max_delete: float = BUILD.max_delete,
    checksum: bool = BUILD.checksum,
    follow_links: bool = FILES.follow_links,
    max_file_bytes: int = FILES.max_file_bytes,
    max_pages: int = FILES.max_pages,
    file_timeout_s: float = FILES.parse_timeout_s,
    window_tokens: int | None = BUILD.window_tokens,
    context_tokens: int | None = BUILD.context_tokens,
    language: str | None = BUILD.language,
    comments: bool | None = FILES.comments,
    threads: int = ENCODE.threads,
    device: str = ENCODE.device,
    dtype: str = ENCODE.dtype,
    on_progress: Callable[[str, int, int], None] | None = None,
) -> BuildReport:
    """Make an index match its directories: add, replace, rename and delete documents.

    Unchanged files are not read again, and a build that was stopped continues where it was.

    >>> report = lmkindex.build_index("corpus", index="my-index")
    >>> report.documents, report.failed
    (11, ())
    >>> lmkindex.build_index(index="my-index").unchanged  # the same directories again: nothing to do
    11

    Args:
        corpus: One or several directories or files; none: those of the last build.
        index: The directory of the index.
        encoder: The folder of an encoder; None: the index's own, else the default.
        dry_run: Only count what would be done; the report's `plan` lists the paths.
        rebuild: Encode everything again; the old index stays in use until the new one is complete.
        include: Only files that match one of these patterns, written as in .gitignore.
        exclude: Leave out files that match one of these patterns.
        retry_failed: Retry unchanged files that failed before.
        time_budget_s: Stop after this many seconds and keep what is finished (the report is `incomplete`); 0 is no
            limit.
        wait: Wait while another process writes to the index, instead of raising `LockedError`.
        max_delete: The share of the documents, 0 to 1, that may be deleted; more raises `LmkindexError` and changes
            nothing.
        checksum: Compare the contents of all files, not only their stat.
        follow_links: Follow links that lead out of the corpus, too.
        max_file_bytes: Larger files fail.
        max_pages: A PDF with more pages fails; 0 is no limit.
        file_timeout_s: A PDF, DOCX or HTML file that takes longer to parse fails.
        window_tokens: Size of a window, for a new index; None: the encoder's own.
        context_tokens: Context in a window, for a new index; None: the encoder's own.
        language: Language of all documents, such as "de" (ISO 639-1), or "auto": that of each is detected; None: as the
            index was built, at first "auto".
        comments: Whether comments of Word documents are read; None: as the index was built, at first not.
        threads: Threads of the encoder; 0 uses every core available to this process.
        device: Where the encoder runs: auto, cpu or cuda.
        dtype: Number format of the encoder: auto, float32 or bfloat16.
        on_progress: Called in this thread with a path, the bytes done so far and the total bytes.

    Returns:
        What was done, and what the index holds now. An unreadable file raises no error: it is in `failed` with its
        reason.

    Raises:
        UsageError: An option or a directory is wrong.
        LockedError: Another process writes to the index.
        IndexUnusableError: The index is damaged, or was made with another encoder.
        EncoderError: The encoder's folder cannot be used.
        LmkindexError: Too many documents would be deleted, or a rebuild ran out of its time budget.
        KeyboardInterrupt: Ctrl-C. Finished documents are in the index, and the next build continues from there. A
            rebuild leaves the index unchanged.
    """
    from .build import run_build

    files = FileOptions(
        include=patterns(include), exclude=patterns(exclude), follow_links=follow_links, max_file_bytes=max_file_bytes,
        max_pages=max_pages, parse_timeout_s=file_timeout_s, comments=comments,
    )  # fmt: skip
    options = BuildOptions(
        encoder=None if encoder is None else os.fspath(encoder), window_tokens=window_tokens, context_tokens=context_tokens,
        language=language, dry_run=dry_run, rebuild=rebuild, retry_failed=retry_failed, checksum=checksum, wait=wait,
        time_budget_s=time_budget_s, max_delete=max_delete, files=files, encode=EncodeOptions(device=device, dtype=dtype, threads=threads),
    )  # fmt: skip
    roots = [os.fspath(root) for root in ([corpus] if isinstance(corpus, str | os.PathLike) else corpus)]
    require("" not in roots, "The name of a directory is empty. To index the current directory, pass '.'.")
    with telling_damage():
        return run_build(os.fspath(index), [Path(root) for root in roots], options, on_progress=on_progress)


def patterns(given: str | Iterable[str]) -> tuple[str, ...]:
    """One pattern or several; a single string is one pattern, not a sequence of letters."""
    return (given,) if isinstance(given, str) else tuple(given)


def open_index(
    index: StrPath = DEFAULT_INDEX, *, threads: int = ENCODE.threads, device: str = ENCODE.device, dtype: str = ENCODE.dtype
) -> Index:
    """Open an index at its last published state, to search it, ask it questions and read from it.

    Takes no lock: builds may run at the same time. The first search loads the encoder that the index was built with,
    and the first question that needs a language model loads that. Both are kept.

    >>> with lmkindex.open_index("my-index") as index:
    ...     result = index.search("When was the Inner Basin last dredged?", budget_tokens=32)
    >>> print(result.spans[0].text)
    The Inner Basin was dredged in 2014 to three metres at low water of spring tides.

    Args:
        index: The directory of the index.
        threads: Threads of the encoder, and of a language model in this process; 0 uses every core available to this
            process.
        device: Where the encoder runs: auto, cpu or cuda.
        dtype: Number format of the encoder: auto, float32 or bfloat16.

    Raises:
        IndexUnusableError: There is no index, or it is damaged.
        UsageError: An option is wrong.
    """
    return Index(os.fspath(index), EncodeOptions(device=device, dtype=dtype, threads=threads))
