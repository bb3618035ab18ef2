"""Build the wheel and the source archive, check both, and try the wheel in an empty environment: `python
tools/release.py`.

Uploads nothing and tags nothing. Builds from a copy of the tracked files, so stray files in the checkout get into
neither archive. The tools (`build`, `twine`) come from PyPI and go into a separate environment. The trial runs in
another directory, without the checkout, and without a network if the system allows that. Prints one line for each
check, and exits with 1 if a check failed.
"""

from __future__ import annotations

import argparse
import email
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import venv
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import Message
from pathlib import Path

from packaging.requirements import Requirement

ROOT_PATH = Path(__file__).resolve().parents[1]
MAX_BYTES = 100 * 1000 * 1000  # PyPI's limit for one file
MODEL = "lmkindex/models/landmark-minilm"
LICENCE_FILES = ("LICENSE", "THIRD_PARTY.md")
PACKAGES = {"lmkindex/": "lmkindex/", "cli/": "lmkindex_cli/"}  # folders of the checkout -> their names in the wheel
GENERATED = re.compile(r"PKG-INFO|setup\.cfg|lmkindex\.egg-info/.*")  # what setuptools adds to a source archive
LINK = re.compile(r"\]\((?P<inline>[^)#\s]+)|(?:src|srcset|href)=\"(?P<tag>[^\"#]+)\"")
TRIAL = """
import sys
import lmkindex
assert not lmkindex.__file__.startswith(sys.argv[1]), lmkindex.__file__
with lmkindex.open_index("index") as opened:
    result = opened.search("Who keeps the light?", budget_tokens=64)
assert result.spans[0].path == "light.md", result
print(lmkindex.__version__, len(result.spans))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One line of the report. `is_good` is None if the check could not run here."""

    name: str
    is_good: bool | None
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """The two files."""

    wheel_path: Path
    sdist_path: Path


def run(words: Sequence[str | Path], folder: Path, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; the caller checks the exit code."""
    return subprocess.run([str(word) for word in words], cwd=folder, env=environment, capture_output=True, text=True, check=False)


def must(words: Sequence[str | Path], folder: Path, environment: dict[str, str] | None = None) -> str:
    """What a command prints on stdout. If it fails, raises `SystemExit` with everything that it printed."""
    done = run(words, folder, environment)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(map(str, words))}\n{done.stdout}\n{done.stderr}\nexit code {done.returncode}")
    return done.stdout


def tracked_files(root: Path) -> set[str]:
    """The tracked files that exist in the checkout."""
    names = must(["git", "ls-files", "-z"], root).split("\0")
    return {name for name in names if name and (root / name).is_file()}


def copy_tracked(root: Path, target: Path) -> None:
    """Copy the tracked files as they are in the checkout, and nothing else."""
    for name in sorted(tracked_files(root)):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(root / name, target / name)


def make_environment(folder: Path, *requirements: str | Path) -> Path:
    """Make a virtual environment with these packages and their dependencies. Returns the path of its Python."""
    venv.create(folder, with_pip=True, clear=True)
    python = folder / "bin" / "python"
    must([python, "-m", "pip", "install", "--quiet", *requirements], folder)
    return python


def build(root: Path, work: Path, output: Path, python: Path) -> Release:
    """Build the source archive from a copy of the tracked files, and the wheel from the source archive."""
    source = work / "source"
    copy_tracked(root, source)
    output.mkdir(parents=True, exist_ok=True)
    for old in [*output.glob("lmkindex-*.whl"), *output.glob("lmkindex-*.tar.gz")]:
        old.unlink()
    must([python, "-m", "build", "--outdir", output, source], work)
    [wheel_path], [sdist_path] = list(output.glob("lmkindex-*.whl")), list(output.glob("lmkindex-*.tar.gz"))
    return Release(wheel_path=wheel_path, sdist_path=sdist_path)


def compare_names(name: str, found: set[str], wanted: set[str]) -> Check:
    """Whether an archive holds the right files, with the names of those that differ."""
    missing, extra = sorted(wanted - found), sorted(found - wanted)
    what = f"{len(found)} files, the same as git ls-files"
    if missing or extra:
        what = "; ".join(f"{kind}: {', '.join(names[:10])}" for kind, names in (("missing", missing), ("not tracked", extra)) if names)
    return Check(name=name, is_good=not missing and not extra, what=what)


def wheel_names(tracked: set[str]) -> set[str]:
    """The files of a wheel made from these, apart from its metadata."""
    return {new + name.removeprefix(old) for old, new in PACKAGES.items() for name in tracked if name.startswith(old)}


def sdist_names(tracked: set[str]) -> set[str]:
    """The files of a source archive made from these: all except those that only the repository needs."""
    return {name for name in tracked if not name.startswith(".")}


def read_metadata(wheel: zipfile.ZipFile) -> Message:
    """The METADATA of a wheel; its payload is the page that PyPI shows."""
    [name] = [name for name in wheel.namelist() if name.endswith(".dist-info/METADATA")]
    return email.message_from_bytes(wheel.read(name))


def find_relative_links(page: str) -> list[str]:
    """Targets of links and pictures that do not work outside the repository."""
    targets = [found["inline"] or found["tag"] for found in LINK.finditer(page)]
    return [target for target in targets if not re.match(r"[a-z]+:", target)]


def compare_requirements(metadata: Message, project: dict[str, object]) -> Check:
    """Whether the wheel's requirements are those of pyproject.toml, for each extra too."""
    dependencies, extras = project["dependencies"], project["optional-dependencies"]
    assert isinstance(dependencies, list) and isinstance(extras, dict)
    wanted = {str(Requirement(text)) for text in dependencies}
    for extra, texts in extras.items():
        for text in texts:
            head, _, marker = text.partition(";")
            wanted.add(str(Requirement(f'{head}; {marker} and extra == "{extra}"' if marker else f'{head}; extra == "{extra}"')))
    found = {str(Requirement(text)) for text in metadata.get_all("Requires-Dist", [])}
    differing = sorted(wanted ^ found)
    what = f"{len(dependencies)} dependencies, {len(extras)} extras" if not differing else f"different from pyproject.toml: {differing}"
    return Check(name="requirements", is_good=not differing, what=what)


def check_metadata(wheel: zipfile.ZipFile, root: Path) -> list[Check]:
    """Name, version, licences, addresses, entry point, requirements and the page of a wheel."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    metadata = read_metadata(wheel)
    page = str(metadata.get_payload())
    relative = find_relative_links(page)
    licences = [name for name in LICENCE_FILES if any(name_of.endswith(f".dist-info/licenses/{name}") for name_of in wheel.namelist())]
    urls = {line.split(",", 1)[0] for line in metadata.get_all("Project-URL", [])}
    scripts = b"".join(wheel.read(name) for name in wheel.namelist() if name.endswith(".dist-info/entry_points.txt")).decode()
    has_page = metadata["Description-Content-Type"] == "text/markdown" and page.strip().startswith("# lmkindex")
    return [
        Check(name="version", is_good=metadata["Version"] == project["version"], what=metadata["Version"]),
        Check(
            name="licences", is_good=set(licences) == set(LICENCE_FILES), what=f"{metadata['License-Expression']}; {', '.join(licences)}"
        ),
        Check(name="addresses", is_good=urls == set(project["urls"]), what=", ".join(sorted(urls))),
        Check(name="entry point", is_good="lmkindex = lmkindex_cli.main:run" in scripts, what=" ".join(scripts.split())),
        compare_requirements(metadata, project),
        Check(
            name="page on PyPI",
            is_good=has_page and not relative,
            what=f"links that do not work there: {relative}" if relative else f"{len(page):,} characters, every link is an address",
        ),
    ]


def check_files(release: Release, root: Path) -> list[Check]:
    """Sizes, contents and metadata of the two files."""
    checks = []
    for path in (release.wheel_path, release.sdist_path):
        size = path.stat().st_size
        checks.append(
            Check(name=f"size of {path.name}", is_good=size < MAX_BYTES, what=f"{size / 1e6:.1f} MB of at most {MAX_BYTES / 1e6:.0f}")
        )
    tracked = tracked_files(root)
    with tarfile.open(release.sdist_path) as archive:
        names = {member.name.partition("/")[2] for member in archive.getmembers() if member.isfile()}
    checks.append(compare_names("files of the source archive", {n for n in names if not GENERATED.fullmatch(n)}, sdist_names(tracked)))
    with zipfile.ZipFile(release.wheel_path) as wheel:
        inside = {name for name in wheel.namelist() if ".dist-info/" not in name}
        checks.append(compare_names("files of the wheel", inside, wheel_names(tracked)))
        size = sum(wheel.getinfo(name).file_size for name in inside if name.startswith(MODEL))
        is_whole = {f"{MODEL}/model.safetensors", f"{MODEL}/landmark.json", "lmkindex/py.typed"} <= inside
        checks.append(Check(name="model and types inside", is_good=is_whole, what=f"{MODEL}: {size / 1e6:.1f} MB; py.typed"))
        checks += check_metadata(wheel, root)
    return checks


def check_twine(release: Release, work: Path) -> Check:
    """`twine check`: would PyPI show the page?"""
    try:
        python = make_environment(work / "twine", "twine")
    except SystemExit as error:
        return Check(name="twine check", is_good=None, what=f"twine could not be installed: {str(error).strip().splitlines()[-2]}")
    done = run([python, "-m", "twine", "--no-color", "check", "--strict", release.wheel_path, release.sdist_path], work)
    return Check(name="twine check", is_good=done.returncode == 0, what="; ".join((done.stdout + done.stderr).split("\n")[:2]))


def without_network() -> list[str]:
    """The words before a command that cut off its network; empty if the system does not allow it."""
    words = ["unshare", "--net", "--map-root-user"]
    return words if shutil.which("unshare") and run([*words, "true"], Path("/")).returncode == 0 else []


def make_corpus(folder: Path, root: Path) -> None:
    """Write four small documents, two in formats that a child process parses."""
    folder.mkdir()
    (folder / "light.md").write_text("# The light\n\nMara Quill keeps the light. She came in spring.\n", encoding="utf-8")
    (folder / "pump.txt").write_text("The pump stops at high tide. Nobody hears it.\n", encoding="utf-8")
    for name in ("saltmere/annual-report.pdf", "kestrel/instrument-catalogue.docx"):
        shutil.copy(root / "examples" / "corpus" / name, folder)


def describe_environment(python: Path, folder: Path) -> Check:
    """How many packages pip installed, which torch, and their total size."""
    versions = {one["name"]: one["version"] for one in json.loads(must([python, "-m", "pip", "list", "--format=json"], folder))}
    size = sum(path.stat().st_size for path in python.parents[1].rglob("*") if path.is_file() and not path.is_symlink())
    what = f"{len(versions)} packages, {size / 1e9:.1f} GB; torch {versions['torch']}, lancedb {versions['lancedb']}"
    return Check(name="installed into an empty environment", is_good="lmkindex" in versions, what=what)


def try_out(release: Release, root: Path, work: Path, also: Sequence[str]) -> list[Check]:
    """Install the wheel with its dependencies, and the extra requirements `also`, into an empty environment; use it in
    another directory."""
    place = work / "elsewhere"
    place.mkdir()
    make_corpus(place / "corpus", root)
    python = make_environment(work / "empty", release.wheel_path, *also)
    bare = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
    environment = bare | {"HOME": str(work / "home"), "PATH": f"{python.parent}:{os.environ['PATH']}"}
    cut_off = without_network()
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    checks = [
        describe_environment(python, work),
        try_command("pip check", [python, "-m", "pip", "check"], "No broken requirements", place, environment),
        Check(name="no network in the trial", is_good=True if cut_off else None, what=" ".join(cut_off) or "unshare is not allowed here"),
    ]
    commands = (
        (["lmkindex", "--version"], project["version"]),
        (["lmkindex", "build", "corpus", "--index", "index", "--json"], '"added": 4'),
        (["lmkindex", "search", "Who keeps the light?", "--index", "index", "--json"], '"path": "light.md"'),
        (["lmkindex", "read", "light.md:13-40", "--index", "index"], "Mara Quill"),
        (["lmkindex", "status", "--check", "--index", "index", "--json"], '"damage": []'),
        (["lmkindex", "encoders", "list"], "landmark-minilm"),
        (["python", "-c", TRIAL, str(root)], project["version"]),
    )
    checks += [
        try_command(" ".join(words[:3]).split("\n")[0], [*cut_off, *words], wanted, place, environment) for words, wanted in commands
    ]
    return checks


def try_command(name: str, words: Sequence[str | Path], wanted: str, folder: Path, environment: dict[str, str]) -> Check:
    """Whether a command ends with 0 and prints `wanted`."""
    done = run(words, folder, environment)
    is_good = done.returncode == 0 and wanted in done.stdout
    said = done.stdout.strip() if is_good else f"exit code {done.returncode}: {(done.stderr or done.stdout).strip()}"
    return Check(name=name, is_good=is_good, what=said.splitlines()[-1].strip()[:100] if said else "")


def print_checks(checks: Sequence[Check]) -> None:
    """One line for each check."""
    marks = {True: "ok", False: "FAILED", None: "untried"}
    width = max(len(check.name) for check in checks)
    for check in checks:
        print(f"{marks[check.is_good]:<7}  {check.name:<{width}}  {check.what}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Build, check, try, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=ROOT_PATH / "dist", help="where the two files go")
    parser.add_argument("--no-trial", action="store_true", help="skip the installation into an empty environment (gigabytes, some minutes)")
    parser.add_argument("--also", action="append", default=[], help="another requirement for that environment, e.g. torch==2.13.0+cpu")
    options = parser.parse_args(arguments)
    changed = must(["git", "status", "--porcelain"], ROOT_PATH).splitlines()
    checks = [Check(name="no uncommitted changes", is_good=not changed, what=f"{len(changed)} changed or untracked files")]
    with tempfile.TemporaryDirectory(prefix="lmkindex-release-") as folder:
        work = Path(folder)
        print("building ...", file=sys.stderr)
        release = build(ROOT_PATH, work, options.output.resolve(), make_environment(work / "tools", "build"))
        checks += [*check_files(release, ROOT_PATH), check_twine(release, work)]
        if not options.no_trial:
            print("installing into an empty environment ...", file=sys.stderr)
            checks += try_out(release, ROOT_PATH, work, options.also)
    print_checks(checks)
    print(json.dumps({"files": [str(path) for path in (release.wheel_path, release.sdist_path)], "uploaded": False}))
    return 1 if any(check.is_good is False for check in checks) else 0


if __name__ == "__main__":
    raise SystemExit(main())
