"""Landmark-embedding index of document corpora: one contextual embedding per sentence, answers with citations that can be checked."""

from __future__ import annotations

__version__ = "0.1.0"
