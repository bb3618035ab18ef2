"""DOCX -> title, text and headings, as Word shows the document once all tracked changes are accepted.

`word` reads a file. `archive` opens the zip and its XML parts; `word_styles`, `numbering` and `number_formats` know
what styles and lists say; `word_text` gives the characters of a paragraph, with `word_fields`, `equations` and
`symbol_fonts`; `word_blocks` puts paragraphs (`word_paragraphs`), tables, notes and text boxes in order, with
`diagrams`; `heads_and_feet` reads the margins.
"""

from __future__ import annotations

from .word import read_docx

__all__ = ["read_docx"]
