"""Canonical text -> sentences, as offsets into that text."""

from __future__ import annotations

from .splitter import MAX_BLOCK_CHARS, MAX_SENTENCE_CHARS, split_sentences
from .unspaced import MAX_UNSPACED_CHARS

__all__ = ["MAX_BLOCK_CHARS", "MAX_SENTENCE_CHARS", "MAX_UNSPACED_CHARS", "split_sentences"]
