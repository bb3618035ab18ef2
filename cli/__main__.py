"""`python -m lmkindex_cli` is `lmkindex`."""

from __future__ import annotations

from .main import run

if __name__ == "__main__":
    run()
