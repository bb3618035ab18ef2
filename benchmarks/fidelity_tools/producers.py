"""The producers: programs that print a sheet to a file, and the kinds that each of them can print."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from .in_articles import TEMPLATES, write_article
from .in_canvas import print_canvas
from .in_docx import write_docx
from .in_groff import write_groff
from .in_html import write_html
from .in_latex import write_latex
from .in_markdown import write_markdown
from .in_odf import write_odf
from .in_reportlab import print_reportlab
from .kinds import PRINTED_KINDS, WEB_KINDS, WRITTEN_KINDS
from .sheets import Sheet

TIME_LIMIT_S = 600
SOFFICE = ("soffice", "--headless", "--norestore", "--nolockcheck")
PDF_WITH_COMMENTS = 'pdf:writer_pdf_Export:{"ExportNotes":{"type":"boolean","value":"true"}}'
CHROMIUM = ("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer", "--generate-pdf-document-outline")


@dataclass(frozen=True, slots=True, kw_only=True)
class Producer:
    """`print_sheet` writes the file; `command` says how it was made; `can` are the kinds of its format
    and `cannot` those that it has no means for. `furniture` is what it sets around every text, `note_signs` are its
    signs of footnotes, in their order, and `has_contents` says that it sets a table of contents beside the text."""

    name: str
    suffix: str
    command: str
    print_sheet: Callable[[Sheet, Path], None]
    can: Sequence[str] = tuple(PRINTED_KINDS)
    cannot: frozenset[str] = frozenset()
    furniture: Sequence[str] = ()
    note_signs: str = ""
    has_contents: bool = False

    @property
    def kinds(self) -> list[str]:
        return [kind for kind in self.can if kind not in self.cannot]


def run(*command: str, cwd: Path) -> None:
    """Run a program; its output is shown only if it fails."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, errors="replace", timeout=TIME_LIMIT_S, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stdout[-1500:]}{done.stderr[-1500:]}")


def by_tex(engine: str) -> Callable[[Sheet, Path], None]:
    def print_sheet(sheet: Sheet, target: Path) -> None:
        with tempfile.TemporaryDirectory() as place:
            (Path(place) / "sheet.tex").write_text(write_latex(sheet, engine), encoding="utf-8")
            for _ in range(2):  # the second run knows the last page and the widths of tables
                run(engine, "-interaction=nonstopmode", "-halt-on-error", "sheet.tex", cwd=Path(place))
            if engine == "latex":
                run("dvips", "-q", "-o", "sheet.ps", "sheet.dvi", cwd=Path(place))
                run("ps2pdf", "sheet.ps", "sheet.pdf", cwd=Path(place))
            target.write_bytes((Path(place) / "sheet.pdf").read_bytes())

    return print_sheet


def by_chromium(sheet: Sheet, target: Path) -> None:
    with tempfile.TemporaryDirectory() as place:
        (Path(place) / "sheet.html").write_text(write_html(sheet), encoding="utf-8")
        run(*CHROMIUM, f"--user-data-dir={place}/profile", f"--print-to-pdf={target}", f"{place}/sheet.html", cwd=Path(place))


def by_libreoffice(target_format: str) -> Callable[[Sheet, Path], None]:
    def print_sheet(sheet: Sheet, target: Path) -> None:
        with tempfile.TemporaryDirectory() as place:
            (Path(place) / "sheet.fodt").write_text(write_odf(sheet), encoding="utf-8")
            run(*SOFFICE, f"-env:UserInstallation=file://{place}/profile", "--convert-to", target_format, "sheet.fodt", cwd=Path(place))
            target.write_bytes((Path(place) / f"sheet{target.suffix}").read_bytes())

    return print_sheet


def by_groff(sheet: Sheet, target: Path) -> None:
    with tempfile.TemporaryDirectory() as place:
        source, printed = Path(place) / "sheet.ms", Path(place) / "sheet.pdf"
        last = "?"
        while last != (last := _num_pages(printed) if printed.exists() else "1"):  # the number of pages is known after a run
            source.write_text(write_groff(sheet).replace("@LAST@", last), encoding="utf-8")
            run("sh", "-c", f"groff -k -t -e -ms -Tpdf -P-p{sheet.page} sheet.ms > sheet.pdf", cwd=Path(place))
        target.write_bytes(printed.read_bytes())


def _num_pages(path: Path) -> str:
    described = subprocess.run(("pdfinfo", str(path)), capture_output=True, text=True, check=True).stdout
    return next(line.split()[1] for line in described.splitlines() if line.startswith("Pages:"))


def by_pandoc(sheet: Sheet, target: Path) -> None:
    with tempfile.TemporaryDirectory() as place:
        (Path(place) / "sheet.md").write_text(write_markdown(sheet), encoding="utf-8")
        run("pandoc", "-f", "markdown-smart", "-s", "--wrap=preserve", "-o", str(target), "sheet.md", cwd=Path(place))


def by_hand(template: str) -> Callable[[Sheet, Path], None]:
    def print_sheet(sheet: Sheet, target: Path) -> None:
        target.write_text(write_article(sheet, template), encoding="utf-8")

    return print_sheet


def by_cairo(sheet: Sheet, target: Path) -> None:
    """LibreOffice's print, drawn once more by Cairo: what viewers write when they print to a file."""
    with tempfile.TemporaryDirectory() as place:
        printed = Path(place) / "sheet.pdf"
        by_libreoffice("pdf")(sheet, printed)
        run("pdftocairo", "-pdf", str(printed), str(target), cwd=Path(place))


def by_canvas(sheet: Sheet, target: Path) -> None:
    target.write_bytes(print_canvas(sheet))


def by_reportlab(sheet: Sheet, target: Path) -> None:
    target.write_bytes(print_reportlab(sheet))


PRODUCERS = [
    Producer(name="latex", suffix=".pdf", command="pdflatex sheet.tex", print_sheet=by_tex("pdflatex"), cannot=frozenset({"rtl"})),
    Producer(
        name="xelatex",
        suffix=".pdf",
        command="xelatex sheet.tex",
        print_sheet=by_tex("xelatex"),
        cannot=frozenset({"forms", "annotations"}),
    ),
    Producer(
        name="ghostscript",
        suffix=".pdf",
        command="latex sheet.tex && dvips sheet.dvi && ps2pdf sheet.ps",
        print_sheet=by_tex("latex"),
        cannot=frozenset({"rtl", "forms", "annotations", "rotated"}),
    ),
    Producer(
        name="chromium",
        suffix=".pdf",
        command="chromium --headless --no-pdf-header-footer --print-to-pdf=sheet.pdf sheet.html",
        print_sheet=by_chromium,
        cannot=frozenset({"footnotes", "paper", "annotations"}),
    ),
    Producer(
        name="reportlab",
        suffix=".pdf",
        command="benchmarks/fidelity_tools/in_reportlab.py",
        print_sheet=by_reportlab,
        cannot=frozenset({"footnotes", "paper", "dropcaps", "ligatures", "equations"}),
    ),
    Producer(
        name="libreoffice",
        suffix=".pdf",
        command="soffice --headless --convert-to pdf sheet.fodt",
        print_sheet=by_libreoffice(PDF_WITH_COMMENTS),
        cannot=frozenset({"rotated"}),
    ),
    Producer(
        name="groff",
        suffix=".pdf",
        command="groff -k -t -e -ms -Tpdf sheet.ms > sheet.pdf",
        print_sheet=by_groff,
        cannot=frozenset({"dropcaps", "forms", "annotations", "rotated", "rtl"}),
    ),
    Producer(
        name="cairo",
        suffix=".pdf",
        command="soffice --headless --convert-to pdf sheet.fodt && pdftocairo -pdf sheet.pdf",
        print_sheet=by_cairo,
        can=("plain", "columns-furniture", "footnotes", "paper", "ligatures", "tables", "lists"),
    ),
    Producer(
        name="canvas",
        suffix=".pdf",
        command="benchmarks/fidelity_tools/in_canvas.py",
        print_sheet=by_canvas,
        can=("columns",),  # a text that the fonts of every viewer hold
    ),
    Producer(
        name="libreoffice-docx",
        suffix=".docx",
        command="soffice --headless --convert-to docx sheet.fodt",
        print_sheet=by_libreoffice("docx"),
        can=WRITTEN_KINDS,
    ),
    Producer(
        name="pandoc-docx",
        suffix=".docx",
        command="pandoc -f markdown-smart -s -o sheet.docx sheet.md",
        print_sheet=by_pandoc,
        can=WRITTEN_KINDS,
        cannot=frozenset({"furniture", "annotations", "revisions", "boxes"}),
    ),
    Producer(
        name="python-docx",
        suffix=".docx",
        command="benchmarks/fidelity_tools/in_docx.py",
        print_sheet=write_docx,
        can=WRITTEN_KINDS,
        cannot=frozenset({"footnotes", "equations", "revisions", "boxes"}),
    ),
    Producer(
        name="pandoc-html",
        suffix=".html",
        command="pandoc -f markdown-smart -s -o sheet.html sheet.md",
        print_sheet=by_pandoc,
        can=WEB_KINDS,
        cannot=frozenset({"article", "short"}),
    ),
    Producer(
        name="libreoffice-html",
        suffix=".html",
        command="soffice --headless --convert-to html sheet.fodt",
        print_sheet=by_libreoffice("html:HTML (StarWriter)"),
        can=WEB_KINDS,
        cannot=frozenset({"article", "short"}),
    ),
    *(
        Producer(
            name=f"{template}-html",
            suffix=".html",
            command="benchmarks/fidelity_tools/in_articles.py",
            print_sheet=by_hand(template),
            can=WEB_KINDS,
            cannot=frozenset({"footnotes"}),
        )
        for template in TEMPLATES
    ),
]
