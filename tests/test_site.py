"""The documentation as a site: it builds without a warning, and its pages load nothing from a network."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
import tiny

ROOT = tiny.ROOT_PATH
RESOURCE = re.compile(
    r"""<(?:script|img|iframe|source|audio|video|embed|object)\b[^>]*?\s(?:src|data|srcset)=["']?(?:https?:)?//"""
    r"""|<link\b[^>]*\shref=["']?(?:https?:)?//|url\(\s*["']?(?:https?:)?//|@import\s+["'](?:https?:)?//""",
    re.IGNORECASE,
)


@pytest.mark.skipif(find_spec("mkdocs") is None, reason="mkdocs is not installed")
def test_the_site_builds_without_a_warning_and_loads_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--clean", "--site-dir", str(tmp_path / "site")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    pages = sorted((tmp_path / "site").rglob("*.html"))
    written = {page.relative_to(tmp_path / "site").with_suffix(".md").as_posix() for page in pages}
    assert written >= {page.relative_to(ROOT / "docs").as_posix() for page in (ROOT / "docs").rglob("*.md")}
    for path in [*pages, *(tmp_path / "site").rglob("*.css")]:
        assert RESOURCE.search(path.read_text("utf-8")) is None, path.name


def test_a_resource_from_a_network_would_be_seen() -> None:
    for text in (
        '<script src="https://cdn.example/x.js">', '<link rel="stylesheet" href="//fonts.example/css">', "url(https://fonts.example/a.woff)",
        '<img alt="" src="http://example/a.png">', '@import "https://example/a.css"',
    ):  # fmt: skip
        assert RESOURCE.search(text) is not None, text
    assert RESOURCE.search('<a href="https://arxiv.org/abs/2402.11573">paper</a> <script src="../js/base.js">') is None
