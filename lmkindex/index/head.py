"""`head.json`: which table versions are the index. Knows no rows.

`head.json` is the only mutable name of an index (format.md, "head.json"). It is written to a temporary file next to it,
fsynced and renamed, so a reader sees the old head or the new one, and a power cut leaves one of them.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path

from ..errors import IndexUnusableError
from ..records import Head
from ..storage import fsync_path

FORMAT = 2  # of every head that is written; format 1 lacks columns, and is read as it is
HEAD_FILE = "head.json"


def read_head(index_path: Path) -> Head | None:
    """The published head, or None if nothing was published here. Raises `IndexUnusableError` if it cannot be parsed."""
    try:
        fields = json.loads((index_path / HEAD_FILE).read_text(encoding="utf-8"))
        found = fields["format"]
        if found not in (1, FORMAT):
            raise IndexUnusableError(
                f"The index at {index_path} has format {found}; this version of lmkindex reads the formats 1 and {FORMAT}. Update "
                "lmkindex, or build into another directory with --index."
            )
        return Head(**(fields | {"roots": tuple(fields["roots"]), "tables": dict(fields["tables"])}))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise IndexUnusableError(
            f"{index_path / HEAD_FILE} is damaged ({error}). Restore it from a backup, or move {index_path} away and run `lmkindex build`."
        ) from error


def require_head(index_path: Path) -> Head:
    """The published head; raises `IndexUnusableError` if there is none."""
    head = read_head(index_path)
    if head is None:
        raise IndexUnusableError(f"There is no index at {index_path}. Run `lmkindex build CORPUS --index {index_path}` first.")
    return head


def write_head(index_path: Path, head: Head) -> None:
    """Publish `head`: write a temporary file, fsync, rename, fsync the directory."""
    fields = asdict(head)
    staging = index_path / f"{HEAD_FILE}.tmp"
    with staging.open("w", encoding="utf-8") as file:
        json.dump({"format": fields.pop("format")} | fields, file, indent=2, sort_keys=False)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())
    staging.replace(index_path / HEAD_FILE)
    fsync_path(index_path)
