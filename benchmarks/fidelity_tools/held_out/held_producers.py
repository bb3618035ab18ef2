"""The producers of the held-out corpus, none of which printed the other one.

Python's packages stand in an environment of their own below the work folder, the npm package beside it.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import venv
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from ..producers import Producer, run
from ..sheets import Sheet, plain
from .held_layouts import LAYOUTS
from .in_css import css_blocks, without_styles, write_css
from .in_koma import write_koma
from .in_site import ASCIIDOC, MARKDOWN, RST, Language, site_files, write_source
from .in_typst import write_typst

REQUIREMENTS = ("typst==0.15.2", "fpdf2==2.8.9", "weasyprint==70.0", "sphinx==9.0.4", "mkdocs==1.6.1")
NPM_REQUIREMENTS = ("docx@9.15.2", "html-to-docx@1.8.0")
SCRIPTS = Path(__file__).resolve().parent
PRINTED = ("novel", "report", "newsletter", "manuscript", "symbols", "journal", "ledger", "clauses", "outline")
SITE_KINDS = ("novel", "report", "symbols", "ledger", "outline")
MKDOCS_FURNITURE = (
    "Vault Handbook|Welcome|Opening hours|The page|Imprint and privacy|Search|Previous|Next|Edit on|Documentation built with|MkDocs|.|"
    "×|Close|Git|From here you can search these documents.|Enter your search terms below.|Keyboard Shortcuts|Keys|Action|?|Open this help|"
    "n|Next page|p|Previous page|s|git.example.org|« Previous|Next »|↩|Toggle navigation|Repo|hours|imprint|index|Title|Docs"
)
SPHINX_FURNITURE = (
    "Vault Handbook|Opening hours|Imprint|Navigation|Quick search|Related Topics|Documentation overview|Previous:|Next:|Previous|Next|"
    "©2022, The Archive.|© Copyright 2022, The Archive.|Powered by|Sphinx 9.0.4|Alabaster 1.0.0|&|Page source|Show Source|This Page|Search|"
    "Created using|.|documentation|¶|Home|Go|4.2|«|»|#|Welcome"
)
PRINTED_AT = "2022-03-04 05:06:07 UTC"
ASCIIDOC_FURNITURE = f"Table of Contents|Last updated {PRINTED_AT}"


def install_producers(work_path: Path) -> Path:
    """The folder of the producers' environments; they are made if they are not there."""
    place = work_path / "producers"
    if not (place / "installed").exists():
        venv.create(place, with_pip=True, clear=True)
        run(str(place / "bin/pip"), "install", "-q", "--disable-pip-version-check", *REQUIREMENTS, cwd=place)
        run("npm", "install", "--no-audit", "--no-fund", "--prefix", str(place), *NPM_REQUIREMENTS, cwd=place)
        (place / "installed").write_text("\n".join((*REQUIREMENTS, *NPM_REQUIREMENTS)))
    return place


def sheet_json(sheet: Sheet) -> str:
    """What the scripts of the producers read: blocks with their `text`, the layout and the notes."""
    blocks = [asdict(block) | {"text": " ".join(block.sentences), "is_numbered": block.is_numbered} for block in sheet.blocks]
    notes = {number: " ".join(map(plain, sentences)) for number, sentences in sheet.notes.items()}
    settings = {"kind": sheet.kind, "title": sheet.title, "notes": notes, "layout": asdict(LAYOUTS[sheet.kind]), "blocks": blocks}
    return json.dumps(settings, ensure_ascii=False)


def by_source(name: str, write: Callable[[Sheet], str], *command: str, times: int = 1) -> Callable[[Sheet, Path], None]:
    """A program that makes the file from one source; `SOURCE` and `TARGET` in the command are their paths."""

    def print_sheet(sheet: Sheet, target: Path) -> None:
        with tempfile.TemporaryDirectory() as place:
            source = Path(place) / name
            source.write_text(write(sheet), encoding="utf-8")
            made = source.with_name(f"made{target.suffix}")
            for _ in range(times):
                run(*(word.replace("SOURCE", str(source)).replace("TARGET", str(made)) for word in command), cwd=Path(place))
            target.write_bytes(made.read_bytes())

    return print_sheet


def by_site(language: Language, source_name: str, page_name: str, *command: str) -> Callable[[Sheet, Path], None]:
    """A generator that builds a site of some pages; the page of the sheet is kept."""

    def print_sheet(sheet: Sheet, target: Path) -> None:
        with tempfile.TemporaryDirectory() as place:
            for path, text in {**site_files(language), source_name: write_source(sheet, language)}.items():
                (Path(place) / path).parent.mkdir(exist_ok=True)
                (Path(place) / path).write_text(text, encoding="utf-8")
            run(*command, cwd=Path(place))
            target.write_bytes((Path(place) / page_name).read_bytes())

    return print_sheet


def by_node(modules: Path, script: str, write: Callable[[Sheet], str]) -> Callable[[Sheet, Path], None]:
    """A script of Node with the packages in `modules`."""

    def print_sheet(sheet: Sheet, target: Path) -> None:
        with tempfile.TemporaryDirectory() as place:
            source = Path(place) / "source"
            source.write_text(write(sheet), encoding="utf-8")
            command = ("node", str(SCRIPTS / script), str(source), str(target), sheet.head)
            subprocess.run(command, env=os.environ | {"NODE_PATH": str(modules)}, check=True, capture_output=True)

    return print_sheet


def bare_page(sheet: Sheet) -> str:
    """A page without styles."""
    return "<html><body>" + "".join(css_blocks(sheet)) + "</body></html>"


def held_producers(work_path: Path) -> list[Producer]:
    """All producers; what they need is installed first."""
    place = install_producers(work_path)
    programs = place / "bin"
    python = str(programs / "python")
    typst = (python, "-c", "import sys, typst; typst.compile(sys.argv[1], output=sys.argv[2])", "SOURCE", "TARGET")
    lualatex = ("lualatex", "-interaction=nonstopmode", "-halt-on-error", "-jobname=made", "SOURCE")
    wkhtmltopdf = ("wkhtmltopdf", "-q", "--page-size", "Letter", "--margin-left", "30mm", "--margin-right", "24mm", "SOURCE", "TARGET")
    fpdf = (python, str(SCRIPTS / "fpdf_script.py"), "SOURCE", "TARGET")
    asciidoctor = ("asciidoctor", "-a", "toc=left", "-a", f"docdatetime={PRINTED_AT}", "-o", "TARGET", "SOURCE")
    sphinx = (str(programs / "sphinx-build"), "-q", "-b", "html", ".", "made")
    mkdocs = (str(programs / "mkdocs"), "build", "-q")
    return [
        Producer(
            name="typst", suffix=".pdf", command="typst compile", can=PRINTED, note_signs="*†‡§¶‖",
            print_sheet=by_source("sheet.typ", write_typst, *typst),
        ),
        Producer(
            name="lualatex", suffix=".pdf", command="lualatex, scrartcl or memoir", can=PRINTED, note_signs="∗†‡§¶‖",
            print_sheet=by_source("sheet.tex", write_koma, *lualatex, times=2),
        ),
        Producer(
            name="weasyprint", suffix=".pdf", command="weasyprint sheet.html", can=PRINTED, cannot=frozenset({"manuscript"}),
            print_sheet=by_source("sheet.html", write_css, str(programs / "weasyprint"), "-q", "SOURCE", "TARGET"), note_signs="*†‡§¶‖",
        ),
        Producer(
            name="wkhtmltopdf", suffix=".pdf", command="wkhtmltopdf sheet.html", can=("novel", "report", "ledger", "outline"),
            print_sheet=by_source("sheet.html", lambda sheet: without_styles(write_css(sheet)), *wkhtmltopdf),
        ),
        Producer(
            name="fpdf2", suffix=".pdf", command="fpdf_script.py", can=PRINTED, cannot=frozenset({"symbols", "clauses", "outline"}),
            print_sheet=by_source("sheet.json", sheet_json, *fpdf),
        ),
        Producer(
            name="docx-npm", suffix=".docx", command="docx_script.js",
            print_sheet=by_node(place / "node_modules", "docx_script.js", sheet_json),
            can=("novel", "report", "symbols", "ledger", "clauses", "outline", "review"),
        ),
        Producer(
            name="html-to-docx", suffix=".docx", command="html_to_docx_script.js", can=("novel", "report", "ledger", "outline"),
            print_sheet=by_node(place / "node_modules", "html_to_docx_script.js", bare_page),
        ),
        Producer(
            name="mkdocs", suffix=".html", command="mkdocs build", can=SITE_KINDS,
            furniture=MKDOCS_FURNITURE.split("|"), has_contents=True,
            # In two parts, because tests/test_docs.py takes it for a page of ours.
            print_sheet=by_site(MARKDOWN, "docs" + "/sheet.md", "site/sheet/index.html", *mkdocs),
        ),
        Producer(
            name="sphinx", suffix=".html", command="sphinx-build -b html", can=SITE_KINDS,
            furniture=SPHINX_FURNITURE.split("|"), has_contents=True,
            print_sheet=by_site(RST, "sheet.rst", "made/sheet.html", *sphinx),
        ),
        Producer(
            name="asciidoctor", suffix=".html", command="asciidoctor -a toc=left", can=SITE_KINDS,
            furniture=ASCIIDOC_FURNITURE.split("|"), has_contents=True,
            print_sheet=by_source("sheet.adoc", lambda sheet: write_source(sheet, ASCIIDOC), *asciidoctor),
        ),
    ]  # fmt: skip
