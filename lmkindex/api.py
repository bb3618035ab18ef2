"""The two functions of the front door: build an index, open one. What is opened is in `opened.py`.

Takes paths and keyword options, gives the records of the steps; raises `LmkindexError` and what is below it, and never prints.

An option has the name of its flag on the command line, with underscores, and its unit where it has one: `--budget` is `budget_tokens`,
`--time-budget` is `time_budget_s`, `--max-file-size` is `max_file_bytes`, `--no-hybrid` is `hybrid=False`. It takes a number where the
flag takes a text with a unit. Each default is that of the record in `config.py`; `tests/test_api_options.py` compares all three.
Settings files and `LMKINDEX_*` variables are the command line's: nothing here reads them, but the key for a URL and the cache folder.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from .config import DEFAULT_INDEX, BuildOptions, EncodeOptions, FileOptions
from .errors import telling_damage
from .opened import Index, StrPath

if TYPE_CHECKING:
    from .build import BuildReport

BUILD = BuildOptions()
FILES, ENCODE = BUILD.files, BUILD.encode


def build_index(  # over 40 lines: one parameter an option, and each is explained
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
    threads: int = ENCODE.threads,
    device: str = ENCODE.device,
    dtype: str = ENCODE.dtype,
    on_progress: Callable[[str, int, int], None] | None = None,
) -> BuildReport:
    """Make an index equal to directories: add, replace, rename and delete documents.

    What did not change is not read again, and a build that was stopped goes on where it was.

    >>> report = lmkindex.build_index("corpus", index="my-index")
    >>> report.documents, report.failed
    (11, ())
    >>> lmkindex.build_index(index="my-index").unchanged  # the same directories again: nothing to do
    11

    Args:
        corpus: Directories or files, one or several; none: those of the last build.
        index: The directory of the index.
        encoder: An encoder's folder; None: the index's own, else the default.
        dry_run: Count what would be done, do nothing; the report's `plan` lists the paths.
        rebuild: Encode everything again; the old index serves until the new one is whole.
        include: Only files that match one of these patterns, written as in .gitignore.
        exclude: No files that match one of these.
        retry_failed: Try unchanged files again that failed before.
        time_budget_s: Stop after so many seconds and keep what is finished (the report is `incomplete`); 0 is no limit.
        wait: Wait while another process writes to the index, instead of raising `LockedError`.
        max_delete: The share of the documents, 0 to 1, that may be deleted; more raises `LmkindexError` and changes nothing.
        checksum: Compare contents, not only sizes and times.
        follow_links: Follow links that lead out of the corpus, too.
        max_file_bytes: A larger file fails.
        max_pages: A PDF of more pages fails; 0 is no limit.
        file_timeout_s: A PDF, DOCX or HTML file that takes longer to parse fails.
        window_tokens: Size of a window, for a new index; None: the encoder's own.
        context_tokens: Context in a window, for a new index; None: the encoder's own.
        threads: Threads of the encoder; 0 takes every core that this process may use.
        device: Where the encoder runs: auto, cpu or cuda.
        dtype: Numbers of the encoder: auto, float32 or bfloat16.
        on_progress: Called in this thread with a path, the bytes that are done and the bytes in all.

    Returns:
        What was done, and what the index holds now. A file that cannot be read raises nothing: it is in `failed` with its reason.

    Raises:
        UsageError: An option or a directory is wrong.
        LockedError: Another process writes to the index.
        IndexUnusableError: The index is damaged, or was made with another encoder.
        EncoderError: The encoder's folder cannot be used.
        LmkindexError: Too many documents would be deleted; or a rebuild ran out of its time budget.
        KeyboardInterrupt: Ctrl-C. The documents that were finished are in the index, and the next build goes on from there; but a rebuild
            leaves the index as it was.
    """
    from .build import run_build

    files = FileOptions(
        include=patterns(include), exclude=patterns(exclude), follow_links=follow_links, max_file_bytes=max_file_bytes,
        max_pages=max_pages, parse_timeout_s=file_timeout_s,
    )  # fmt: skip
    options = BuildOptions(
        encoder=None if encoder is None else os.fspath(encoder), window_tokens=window_tokens, context_tokens=context_tokens,
        dry_run=dry_run, rebuild=rebuild, retry_failed=retry_failed, checksum=checksum, wait=wait, time_budget_s=time_budget_s,
        max_delete=max_delete, files=files, encode=EncodeOptions(device=device, dtype=dtype, threads=threads),
    )  # fmt: skip
    roots = [corpus] if isinstance(corpus, str | os.PathLike) else corpus
    with telling_damage():
        return run_build(os.fspath(index), [Path(root) for root in roots], options, on_progress=on_progress)


def patterns(given: str | Iterable[str]) -> tuple[str, ...]:
    """One pattern or several; a single text is not taken apart into letters."""
    return (given,) if isinstance(given, str) else tuple(given)


def open_index(
    index: StrPath = DEFAULT_INDEX, *, threads: int = ENCODE.threads, device: str = ENCODE.device, dtype: str = ENCODE.dtype
) -> Index:
    """Open an index at the state that was published last, to search it, ask it and read from it.

    Takes no lock: builds may go on meanwhile. The encoder that the index was built with is loaded by the first search, the language model
    by the first question that needs one, and both are kept.

    >>> with lmkindex.open_index("my-index") as index:
    ...     result = index.search("When was the Inner Basin last dredged?", budget_tokens=32)
    >>> print(result.spans[0].text)
    The Inner Basin was dredged in 2014 to three metres at low water of spring tides.

    Args:
        index: The directory of the index.
        threads: Threads of the encoder, and of a language model in this process; 0 takes every core that this process may use.
        device: Where the encoder runs: auto, cpu or cuda.
        dtype: Numbers of the encoder: auto, float32 or bfloat16.

    Raises:
        IndexUnusableError: There is no index, or it is damaged.
        UsageError: An option is wrong.
    """
    return Index(os.fspath(index), EncodeOptions(device=device, dtype=dtype, threads=threads))
