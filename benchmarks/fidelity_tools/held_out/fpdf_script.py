"""Prints a sheet with fpdf2: `python fpdf_script.py SHEET.json TARGET.pdf`, in an environment that has it.

Imports nothing of ours. Sets running heads, line numbers and columns by the program's own means.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from fpdf import FPDF  # type: ignore[import-untyped]

FONTS = "/usr/share/fonts/truetype/"
FACES = {
    "novel": ("dejavu/DejaVuSerifCondensed.ttf", "dejavu/DejaVuSerifCondensed-Bold.ttf"),
    "journal": ("liberation/LiberationSerif-Regular.ttf", "liberation/LiberationSerif-Bold.ttf"),
    "manuscript": ("liberation/LiberationMono-Regular.ttf", "liberation/LiberationMono-Bold.ttf"),
}
OTHER_FACES = ("liberation/LiberationSans-Regular.ttf", "liberation/LiberationSans-Bold.ttf")
POINT_MM = 0.3528


class Printed(FPDF):  # type: ignore[misc]
    """A file with the head and foot of a layout."""

    layout: dict[str, Any]
    chapter = ""

    def header(self) -> None:
        self.set_font("text", size=8)
        is_left = self.layout["is_twosided"] and self.page_no() % 2 == 0
        head = self.layout["left_head"] if is_left or not self.layout["is_twosided"] else self.chapter
        self.set_y(self.layout["top"] - 9)
        number = str(self.page_no()) if self.layout["label_place"] == "top" else ""
        self.cell(0, 4, f"{number}    {head}" if is_left else f"{head}    {number}", align="L" if is_left else "R")
        self.set_y(self.layout["top"])

    def footer(self) -> None:
        if self.layout["label_place"] == "top":
            return
        self.set_y(-self.layout["bottom"] + 6)
        self.set_font("text", size=8)
        label = {"of": f"Page {self.page_no()} of {{nb}}", "dash": f"– {self.page_no()} –", "slash": f"{self.page_no()}/{{nb}}"}
        is_corner = self.layout["label_place"] == "corner"
        self.cell(0, 4, label.get(self.layout["label"], str(self.page_no())), align="R" if is_corner else "C")


def main() -> None:
    """Print one sheet."""
    sheet = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    layout = sheet["layout"]
    pdf = Printed(format=(layout["width"], layout["height"]))
    pdf.layout = layout
    regular, bold = FACES.get(sheet["kind"], OTHER_FACES)
    pdf.add_font("text", fname=FONTS + regular)
    pdf.add_font("text", style="B", fname=FONTS + bold)
    pdf.set_margins(layout["inner"], layout["top"], layout["outer"])
    pdf.set_auto_page_break(True, layout["bottom"])
    pdf.add_page()
    if layout["columns"] > 1:
        print_columns(pdf, sheet["blocks"])
    else:
        print_blocks(pdf, sheet["blocks"])
    pdf.output(sys.argv[2])


def height_mm(layout: dict[str, Any]) -> float:
    return float(layout["size_pt"] * layout["leading"] * POINT_MM)


def set_face(pdf: Printed, block: dict[str, Any]) -> None:
    is_head = block["kind"] in {"title", "heading"}
    pdf.set_font("text", style="B" if is_head else "", size=pdf.layout["size_pt"] + (3 if is_head else 0))
    if block["kind"] == "heading":
        pdf.chapter = block["text"]


def print_columns(pdf: Printed, blocks: list[dict[str, Any]]) -> None:
    """The title over the page, all else in columns."""
    set_face(pdf, blocks[0])
    pdf.multi_cell(0, 7, blocks[0]["text"], align="L", new_x="LMARGIN", new_y="NEXT")
    layout = pdf.layout
    with pdf.text_columns(ncols=layout["columns"], gutter=5, line_height=layout["leading"]) as columns:
        for block in blocks[1:]:
            set_face(pdf, block)
            is_head = block["kind"] == "heading"
            with columns.paragraph(
                text_align="L" if is_head else "J", top_margin=3 if is_head else 0, bottom_margin=0 if layout["has_indents"] else 2,
                first_line_indent=0 if is_head or not layout["has_indents"] else 4,
            ) as paragraph:  # fmt: skip
                paragraph.write(block["text"])


def print_blocks(pdf: Printed, blocks: list[dict[str, Any]]) -> None:
    rows: list[list[str]] = []
    for block in [*blocks, {"kind": "end"}]:
        if block["kind"] == "row":
            rows.append(block["cells"])
            continue
        if rows:
            set_face(pdf, {"kind": "row"})
            widths = (12, 40, 90, 25) if len(rows[0]) == 4 else None
            pdf.ln(3)
            with pdf.table(rows, text_align="LEFT", line_height=height_mm(pdf.layout), col_widths=widths, borders_layout="SINGLE_TOP_LINE"):
                pass
            rows = []
        if block["kind"] != "end":
            print_paragraph(pdf, block)


def print_paragraph(pdf: Printed, block: dict[str, Any]) -> None:
    """A block; with line numbers, each line is a cell of its own behind its number."""
    layout = pdf.layout
    set_face(pdf, block)
    pdf.ln(3 if block["kind"] == "heading" or not layout["has_indents"] else 0)
    height = height_mm(layout)
    if not layout["has_lines"]:
        align = "L" if layout["is_ragged"] or block["kind"] in {"heading", "title", "caption"} else "J"
        indent = "\u2003" if layout["has_indents"] and block["kind"] == "paragraph" else ""
        pdf.multi_cell(0, height, indent + block["text"], align=align, new_x="LMARGIN", new_y="NEXT")
        return
    width = layout["width"] - layout["inner"] - layout["outer"]
    for line in pdf.multi_cell(width, height, block["text"], align="L", dry_run=True, output="LINES"):
        if pdf.get_y() + height > layout["height"] - layout["bottom"]:
            pdf.add_page()
            set_face(pdf, block)
            pdf.line_number = 0
        pdf.line_number = getattr(pdf, "line_number", 0) + 1
        size = pdf.font_size_pt
        pdf.set_x(layout["inner"] - 12)
        pdf.set_font_size(8)
        pdf.cell(8, height, str(pdf.line_number), align="R")
        pdf.set_font_size(size)
        pdf.set_x(layout["inner"])
        pdf.cell(width, height, line, new_x="LMARGIN", new_y="NEXT")


if __name__ == "__main__":
    main()
