"""Placeholder until the helper's module arrives."""

from __future__ import annotations


def detect_language(text: str) -> str:
    """The language."""
    return "en" if text.isascii() else ""
