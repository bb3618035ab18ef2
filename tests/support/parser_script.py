"""Parses a file that hangs, for tests that kill this process: `python parser_script.py [MODULE]`. Prints the child's
process id first."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from lmkindex.config import FileOptions
from lmkindex.read import sandbox as parser


def main() -> None:
    parser.CHILD_MODULE = "sick_child"
    ours = parser.Parser(FileOptions())
    ours.parse(b"start it", ".html")
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    print(*children, flush=True)
    ours.parse(b"now hang" if sys.argv[1] == "busy" else b"then wait", ".pdf" if sys.argv[1] == "busy" else ".html")
    sys.stdin.read()


if __name__ == "__main__":
    main()
