"""HTML -> the text that a reader of the page sees."""

from __future__ import annotations

from .declared import declared_encoding
from .html_page import read_html

__all__ = ["declared_encoding", "read_html"]
