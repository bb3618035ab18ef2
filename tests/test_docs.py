"""The documentation is consistent: citations of it, its links, its commands, and the words and modules that it
names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import tiny

from lmkindex_cli.main import make_command
from lmkindex_cli.settings import leaf_commands

ROOT = tiny.ROOT_PATH
DOCS = ROOT / "docs"
PAGES = {page.relative_to(DOCS).as_posix(): page.read_text("utf-8") for page in sorted(DOCS.rglob("*.md"))}
RECORDS = ("log.md", "results/")  # records of measurements stay as they were written, with the flags and files of that day
GUIDES = [name for name in PAGES if not name.startswith(RECORDS)]
CITING_FOLDERS = ("lmkindex", "cli", "tests", "benchmarks", "recipes", "examples/sources")
CITING_FILES = ("Justfile", ".ci/run", "pyproject.toml", "mkdocs.yml")
CITATION = re.compile(r'([\w-]+\.md), ((?:"[^"]+"(?:, )?)+)')
# Two documents that the code cited before it had pages of its own. Written so that this file does not name them itself.
GONE = re.compile(r"\bDESIGN (?:§|\d)|\b" + "FA" + r"CTS\b")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
OTHER_FLAGS = {  # of pip, accelerate, torchrun and the soak
    "--quiet", "--no-deps", "--multi_gpu", "--num_processes", "--nproc_per_node", "--cpu", "--rounds", "--documents", "--operations",
    "--numprocesses", "--dist",
}  # fmt: skip


def citing_texts() -> dict[str, str]:
    """Everything that may cite a page, on one line: a citation may be broken by a line end in a docstring or
    comment."""
    paths = [path for folder in CITING_FOLDERS for path in (ROOT / folder).rglob("*") if path.suffix in (".py", ".toml", ".md")]
    paths += [ROOT / name for name in CITING_FILES]
    texts = {path.relative_to(ROOT).as_posix(): path.read_text("utf-8") for path in sorted(paths)}
    return {name: re.sub(r"\s*\n\s*#?\s*", " ", text) for name, text in texts.items() if name != "tests/test_docs.py"}


def headings(page: str) -> list[str]:
    return [heading.replace("`", "") for heading in re.findall(r"^#{1,6} (.+)$", FENCE.sub("", page), re.MULTILINE)]


def anchors(page: str) -> set[str]:
    """The anchors that both GitHub and the site give to a page's headings."""
    plain = [re.sub(r"[^\w\s-]", "", heading).strip().lower() for heading in headings(page)]
    slugs = [re.sub(r"\s", "-", heading) for heading in plain if heading.isascii() and not re.search(r"[\s-]{2}", heading)]
    return {slug for slug in slugs if slugs.count(slug) == 1}


def test_every_citation_of_a_page_names_a_heading_that_is_there() -> None:
    by_name = {Path(name).name: page for name, page in PAGES.items()}
    assert len(by_name) == len(PAGES), "citations name pages by file name alone, so no two have the same"
    num_citations = 0
    for file, text in citing_texts().items():
        for name, quoted in CITATION.findall(text):
            assert name in by_name, f"{file} cites {name}, which is not in docs/"
            for heading in re.findall(r'"([^"]+)"', quoted):
                assert heading in headings(by_name[name]), f'{file} cites {name}, "{heading}"'
                num_citations += 1
    assert num_citations > 40


def test_nothing_cites_a_document_that_the_repository_does_not_have() -> None:
    for file, text in citing_texts().items():
        assert GONE.search(text) is None, f'{file}: cite a page of docs/ and its heading, as in design.md, "Windows"'
        for path in re.findall(r"\bdocs/[\w/-]+\.(?:md|png)\b", text):
            assert (ROOT / path).exists(), f"{file}: {path}"


def test_links_of_the_documentation_lead_somewhere() -> None:
    """Files and anchors, also those of the README and its neighbours."""
    num_anchors = 0
    for page in [*ROOT.glob("*.md"), *DOCS.rglob("*.md")]:
        text = FENCE.sub("", page.read_text("utf-8"))
        for target in re.findall(r"\]\(([^)\s]+)\)", text):
            if "://" in target or target.startswith("mailto:"):
                continue
            name, _, anchor = target.partition("#")
            path = (page.parent / name) if name else page
            assert path.exists(), f"{page.name}: {target}"
            if anchor:
                assert anchor in anchors(path.read_text("utf-8")), f"{page.name}: {target}"
                num_anchors += 1
    assert num_anchors > 15


def test_links_between_pages_stay_inside_the_site() -> None:
    for name, page in PAGES.items():
        for target in re.findall(r"\]\(([^)\s#]+)", FENCE.sub("", page)):
            assert "://" in target or DOCS in (DOCS / name).parent.joinpath(target).resolve().parents, f"{name}: {target}"


def commands_of(page: str) -> Iterator[str]:
    """Every command line of lmkindex in a page, in blocks and in running text."""
    pieces = [line for language, block in FENCE.findall(page) if language != "text" for line in block.splitlines()]
    pieces += re.findall(r"`(lmkindex (?!did )[^`]+)`", FENCE.sub("", page))  # `did`: an error message
    for piece in pieces:
        for command in re.split(r"&&|\||;|(?<=\s)#", "" if piece.startswith("Description=") else piece):
            found = re.search(r"(?:^|[\s/])(?:lmkindex|-m lmkindex_cli) ([a-z-].*)", command)
            if found is not None:
                yield found[1]


def test_commands_in_the_documentation_have_names_and_flags_that_exist() -> None:
    flags: dict[str, set[str]] = {}
    for name, command in leaf_commands(make_command()):
        flags[name] = {flag for parameter in command.params for flag in (*parameter.opts, *parameter.secondary_opts)} | {"--help"}
    num_commands = 0
    for name in GUIDES:
        for command in commands_of(PAGES[name]):
            words = command.split()
            if words[0].startswith("-"):
                continue
            leaf = next((leaf for leaf in (" ".join(words[:2]), words[0]) if leaf in flags), None)
            assert leaf is not None or words[0] == "encoders", f"{name}: lmkindex {command}"
            for flag in re.findall(r"(?<!\S)(--[\w-]+)", command):
                assert flag in flags[leaf or "encoders list"], f"{name}: lmkindex {command}"
            num_commands += 1
    assert num_commands > 80
    known = set().union(*flags.values()) | OTHER_FLAGS | {"--version"}
    for name in GUIDES:
        for flag in re.findall(r"`(--[\w-]+)", FENCE.sub("", PAGES[name])):
            assert flag in known, f"{name}: {flag}"


def test_the_documentation_names_files_that_exist() -> None:
    tour = set(re.findall(r"`([a-z_/]+\.py)`", PAGES["concepts/design.md"]))
    assert len(tour) > 30
    for name in GUIDES:
        for path in re.findall(r"`([\w./-]+/[\w.-]+\.(?:py|toml|txt))(?:::\w+)?`", PAGES[name]):
            folders = ("", "lmkindex") if path.endswith(".py") else ("",)
            is_own = path.startswith(("lmkindex/", "tests/", "recipes/", "cli/", "docs/")) or path.endswith(".py")
            assert not is_own or any((ROOT / folder / path).is_file() for folder in folders), f"{name}: {path}"
    for path in tour:
        assert any((ROOT / folder / path).is_file() for folder in ("lmkindex", ".")), path


def test_the_commands_of_getting_started_are_those_of_the_readme() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    blocks = re.compile(r"<!-- run: ([\w-]+) -->\n```sh\n(.*?)```", re.DOTALL)
    run = dict(blocks.findall(readme))
    started = {name: block for page in GUIDES if page.startswith("getting-started/") for name, block in blocks.findall(PAGES[page])}
    assert {"main", "tests", "use"} <= started.keys() & run.keys()
    for name, block in started.items():
        assert run.get(name) == block, f"<!-- run: {name} --> differs from the README, whose commands are run by tests/test_readme.py"


@pytest.mark.parametrize("name", [name for name in GUIDES if name.startswith("guides/")])
def test_each_guide_begins_with_what_you_get_and_a_command(name: str) -> None:
    title, opening = PAGES[name].split("\n", 1)
    assert title.startswith("# ")
    block = FENCE.search(opening)
    assert block is not None and block[1] == "sh" and opening.count("\n", 0, block.start()) < 12, name
    assert not re.search(r"^#", opening[: block.start()], re.MULTILINE), name


def test_prose_wraps_at_120_characters() -> None:
    pages = {name: PAGES[name] for name in sorted(set(GUIDES) - {"reference/cli.md"})}  # that one is generated
    pages |= {page.name: page.read_text("utf-8") for page in ROOT.glob("*.md")}
    for name, page in pages.items():
        for line in FENCE.sub("", page).splitlines():
            assert len(line) <= 120 or line.startswith("|"), f"{name}: {line}"


def test_the_glossary_is_in_order_and_explains_the_words_of_the_project() -> None:
    words = re.findall(r"^\*\*(.+?)\*\* - ", PAGES["concepts/glossary.md"], re.MULTILINE)
    assert words == sorted(words, key=str.lower)
    assert set(words) >= {
        "document", "sentence", "landmark", "window", "core", "context", "hit", "boundary", "lift", "span", "budget", "citation", "marker",
        "verified", "abstain", "manifest", "head", "published", "stale", "out of reach",
    }  # fmt: skip


def test_the_log_is_newest_first() -> None:
    dates = re.findall(r"^### (\d{4}-\d\d-\d\d) ", PAGES["log.md"], re.MULTILINE)
    assert len(dates) > 60 and dates == sorted(dates, reverse=True)
