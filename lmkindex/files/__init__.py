"""Directories -> file entries -> what changed. The public interface of the package; `walk` comes first, then `changes`.

`names` and `roots` handle the forms of names, `printed` how they are printed; `identity` says what a file is, and
`open_file` opens one safely.
"""

from __future__ import annotations

from .changes import FilePlan, Hashes, plan_changes
from .identity import document_id, hash_bytes, hash_file
from .names import FoundFiles, named_as_stored
from .open_file import open_regular
from .printed import PrintedNames
from .roots import nfc, resolve_root
from .walk import IGNORE_FILE, walk_files

__all__ = [
    "IGNORE_FILE", "FilePlan", "FoundFiles", "Hashes", "PrintedNames", "document_id", "hash_bytes", "hash_file", "named_as_stored", "nfc",
    "open_regular", "plan_changes", "resolve_root", "walk_files",
]  # fmt: skip
