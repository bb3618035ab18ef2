"""A file -> a document: canonical text, title, pages. The public interface of the package.

`read` reads the bytes, `formats` interprets them (`encoding`, `titles`, `pdf`, `docx`, `html`), and `sandbox` runs
foreign parsers.
"""

from __future__ import annotations

from .encoding import without_surrogates
from .read import is_blank, read_document, read_file
from .sandbox import Parser
from .versions import is_outdated, reader_of

__all__ = ["Parser", "is_blank", "is_outdated", "read_document", "read_file", "reader_of", "without_surrogates"]
