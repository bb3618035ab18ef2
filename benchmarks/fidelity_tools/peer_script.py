"""Runs in a peer's own environment: `python peer_script.py PEER`, paths on stdin, a line of JSON for each on stdout.

A line has the text of the file, or the error. Imports nothing of ours.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable


def pdfminer(path: str) -> str:
    from pdfminer.high_level import extract_text  # type: ignore[import-not-found]

    return str(extract_text(path))


def pypdf(path: str) -> str:
    from pypdf import PdfReader  # type: ignore[import-not-found]

    return "\n".join(page.extract_text() for page in PdfReader(path).pages)


def pdftext(path: str) -> str:
    from pdftext.extraction import plain_text_output  # type: ignore[import-not-found]

    return str(plain_text_output(path, sort=False, hyphens=False))


def kreuzberg(path: str) -> str:
    from kreuzberg import extract_file_sync  # type: ignore[import-not-found]

    return str(extract_file_sync(path).content)


def markitdown(path: str) -> str:
    from markitdown import MarkItDown  # type: ignore[import-not-found]

    return str(MarkItDown(enable_plugins=False).convert(path).text_content)


READERS: dict[str, Callable[[str], str]] = {
    "pdfminer.six": pdfminer,
    "pypdf": pypdf,
    "pdftext": pdftext,
    "kreuzberg": kreuzberg,
    "markitdown": markitdown,
}


def main() -> None:
    """Read each file named on stdin."""
    read = READERS[sys.argv[1]]
    for line in sys.stdin:
        try:
            answer = {"text": read(line.rstrip("\n"))}
        except Exception as error:  # the file fails, not the run
            answer = {"error": f"{type(error).__name__}: {error}"}
        print("\x1e" + json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
