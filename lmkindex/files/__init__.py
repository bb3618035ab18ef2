"""Directories -> file entries -> what changed. The public interface of the package; `walk` comes first, then `changes`.

`identity` says what a file is, and `open_file` opens one safely.
"""

from __future__ import annotations

from .changes import FilePlan, Hashes, plan_changes
from .identity import document_id, hash_bytes, hash_file
from .open_file import open_regular
from .walk import IGNORE_FILE, walk_files

__all__ = ["IGNORE_FILE", "FilePlan", "Hashes", "document_id", "hash_bytes", "hash_file", "open_regular", "plan_changes", "walk_files"]
