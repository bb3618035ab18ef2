"""Pages as sites have them: a sheet as the article between a site's navigation, boxes and foot. Written by hand.

Knows no reader. What is no part of the article is listed in
`boilerplate.py`: it is furniture in the truth.
"""

from __future__ import annotations

import html
from pathlib import Path
from string import Template

from .in_html import html_blocks
from .sheets import Sheet

TEMPLATES = {path.stem: path for path in sorted((Path(__file__).resolve().parent / "templates").glob("*.html"))}


def write_article(sheet: Sheet, template: str) -> str:
    """The page of a site with the sheet as its article."""
    page = Template(TEMPLATES[template].read_text(encoding="utf-8"))
    return page.substitute(title=html.escape(sheet.title), article="\n".join(html_blocks(sheet)))
