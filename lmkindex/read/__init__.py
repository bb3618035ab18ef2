"""A file -> a document: canonical text, title, pages. The face of the package.

`read` reads the bytes, `formats` says what they mean (`encoding`, `titles`, `pdf`, `docx`, `html`), `sandbox` is where foreign parsers run.
"""

from __future__ import annotations

from .encoding import without_surrogates
from .read import is_blank, read_document, read_file
from .sandbox import Parser

__all__ = ["Parser", "is_blank", "read_document", "read_file", "without_surrogates"]
