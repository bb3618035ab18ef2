"""Pages as common programs make them, in their markup and with our own text: the files in `tests/data/web_pages`.
⟦Marked⟧ text is furniture; all other text is what a reader comes for.

The rules for furniture were written with the first twelve (docusaurus to wordpress without the eight below); doxygen,
drupal, ghost, journal, libreoffice, minima, stack and webforms were written after them, as a trial.
"""

from __future__ import annotations

import html
import re
from pathlib import Path

MARKS = re.compile("⟦(.*?)⟧", re.DOTALL)
TAGS = re.compile(r"<[^>]*>")
PATHS = sorted((Path(__file__).parents[1] / "data" / "web_pages").glob("*.html"))
TEMPLATES = {path.stem: path.read_text(encoding="utf-8") for path in PATHS}


def page(template: str) -> str:
    """The page without the marks."""
    return MARKS.sub(r"\1", template)


def pieces(template: str) -> tuple[list[str], list[str]]:
    """The texts between tags that belong to the article, and those that are furniture; white space is collapsed."""
    body = re.sub(r"<(style|script|annotation)\b.*?</\1>", "", template[template.lower().index("<body") :], flags=re.DOTALL)
    furniture = [text for mark in MARKS.findall(body) for text in TAGS.split(mark)]
    return _squeezed(TAGS.split(MARKS.sub("<x>", body))), _squeezed(furniture)


def _squeezed(texts: list[str]) -> list[str]:
    return [" ".join(html.unescape(text).split()) for text in texts if text.strip()]
