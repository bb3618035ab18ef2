"""Reads a metrics file the way Prometheus does."""

from __future__ import annotations

import re
from pathlib import Path

from cli_place import Run, clean_place, fake, run  # noqa: F401  (fixtures)

SAMPLE = re.compile(r'([a-z_]+)\{index="((?:[^"\\\n]|\\[\\"n])*)"(?:,([a-z_]+)="([^"\\\n]*)")?\} (-?[0-9.e+]+)')


def metrics(path: str = "m.prom") -> dict[str, float]:
    """The samples of a file, checked against Prometheus's text format: each family once, help and type before its
    samples, one index."""
    text = Path(path).read_text("utf-8")
    found: dict[str, float] = {}
    families: list[str] = []
    for line in text.splitlines():
        if line.startswith("# HELP "):
            families.append(line.split()[2])
            assert len(line.split()) > 4
        elif line.startswith("# TYPE "):
            assert line.split()[2:] == [families[-1], "gauge"]
        else:
            sample = SAMPLE.fullmatch(line)
            assert sample is not None, line
            assert sample[1] == families[-1]
            found[f"{sample[1]}:{sample[4]}" if sample[3] else sample[1]] = float(sample[5])
    assert len(set(families)) == len(families) and text.endswith("\n")
    assert all(name.startswith(("lmkindex_build_", "lmkindex_index_")) for name in families)
    return found
