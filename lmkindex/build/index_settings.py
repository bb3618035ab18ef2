"""Which encoder and which windows a build uses: those requested, those the index was built with, or the encoder's own
sizes.

Takes the published head and the options; reads encoder folders and nothing else. Refuses an encoder that the index was
not made with.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from ..config import BuildOptions, require
from ..encoder import find_encoder
from ..errors import IndexUnusableError
from ..languages import AUTO, check_language
from ..read import is_outdated, reader_of
from ..records import EncoderFolder, Head, ManifestEntry
from .manifest import counts_of


def pick_folder(head: Head | None, options: BuildOptions) -> EncoderFolder:
    """The requested encoder, else the index's own, else the default."""
    named = options.encoder
    if named is None and head is not None:
        named = head.encoder.get("path")
    return find_encoder(named)


def check_encoder(path: Path, head: Head, folder: EncoderFolder) -> None:
    """Refuse a second encoder: an index holds vectors of only one."""
    if head.encoder["fingerprint"] != folder.fingerprint:
        raise IndexUnusableError(
            f"The index at {path} was made with the encoder {head.encoder['name']} ({head.encoder['fingerprint'][:12]}), not with "
            f"{folder.name} ({folder.fingerprint[:12]}). Use that encoder, or `lmkindex build --rebuild` to encode everything again."
        )


def next_head(head: Head | None, folder: EncoderFolder, options: BuildOptions, roots: tuple[str, ...]) -> Head:
    """The head that the build will publish, as far as it is known beforehand: tables and counts are the current
    ones."""
    return Head(
        tables=head.tables if head is not None else {},
        encoder={"name": folder.name, "fingerprint": folder.fingerprint, "dim": folder.dim, "path": encoder_path(folder, options, head)},
        options=window_sizes(head, folder, options) | {"language": options.language, "comments": options.files.comments},
        roots=roots,
        counts=known_counts(head, folder),
        languages=head.languages if head is not None else {},
    )


def with_index_options(head: Head | None, options: BuildOptions) -> BuildOptions:
    """The options with the language and comments that the index was built with, unless the user gives others."""
    known = head.options if head is not None else {}
    language = check_language(options.language if options.language is not None else str(known.get("language", AUTO)))
    comments = options.files.comments if options.files.comments is not None else bool(known.get("comments", False))
    return replace(options, language=language, files=replace(options.files, comments=comments))


def reader_for(path: str, options: BuildOptions) -> str:
    """The reader of a file under resolved options."""
    return reader_of(path, language=options.language or AUTO, comments=bool(options.files.comments))


def is_old(known: ManifestEntry, options: BuildOptions) -> bool:
    """Whether an older reader tried this file last, or one with other options. If it failed, a newer one may be able to
    read it."""
    return is_outdated(known.reader, reader_for(known.path, options))


def known_counts(head: Head | None, folder: EncoderFolder) -> Mapping[str, int]:
    """The head's counts, or zeros when another encoder will run: its rate is unknown."""
    return head.counts if head is not None and head.encoder["fingerprint"] == folder.fingerprint else counts_of([])


def encoder_path(folder: EncoderFolder, options: BuildOptions, head: Head | None) -> str | None:
    """Where later commands find the encoder: the folder that the user named, or None for the default encoder."""
    if options.encoder is None:
        return head.encoder.get("path") if head is not None else None
    return str(folder.path.resolve())


def window_sizes(head: Head | None, folder: EncoderFolder, options: BuildOptions) -> dict[str, int]:
    """The sizes the index was built with, else the requested ones, else the encoder's own."""
    sizes = {"window_tokens": folder.window_tokens, "context_tokens": folder.context_tokens}
    if head is not None and head.encoder["fingerprint"] == folder.fingerprint:
        sizes = {name: int(head.options[name]) for name in sizes}
        if not options.rebuild:
            return sizes
    window_tokens = options.window_tokens or sizes["window_tokens"]
    context_tokens = sizes["context_tokens"] if options.context_tokens is None else options.context_tokens
    require(window_tokens <= folder.window_tokens, f"The encoder {folder.name} takes windows of at most {folder.window_tokens} tokens.")
    return {"window_tokens": window_tokens, "context_tokens": context_tokens}
