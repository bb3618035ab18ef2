"""PDF -> text, pages and headings: `read_pdf`."""

from __future__ import annotations

from .pdf_reader import read_pdf

__all__ = ["read_pdf"]
