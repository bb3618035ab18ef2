"""The page that PyPI shows: README.md with its relative links made addresses. All else is in pyproject.toml."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from setuptools import setup

ROOT_PATH = Path(__file__).resolve().parent
LINK = re.compile(r'(?P<before>\]\(|(?:src|srcset|href)=")(?![a-z]+:|#)(?P<target>[^)"\s]+)')
PICTURES = (".png", ".svg", ".jpg", ".gif")


def absolute_links(page: str, source: str) -> str:
    """`page` with links into the repository at `source`; pictures are the files themselves, not the pages around
    them."""
    return LINK.sub(
        lambda found: f"{found['before']}{source}/{'raw' if found['target'].endswith(PICTURES) else 'blob'}/main/{found['target']}", page
    )


if __name__ == "__main__":  # setuptools runs this file under that name
    source = tomllib.loads((ROOT_PATH / "pyproject.toml").read_text(encoding="utf-8"))["project"]["urls"]["Source"]
    readme = (ROOT_PATH / "README.md").read_text(encoding="utf-8")
    setup(long_description=absolute_links(readme, source), long_description_content_type="text/markdown")
