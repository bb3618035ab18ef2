"""How the kinds of the held-out corpus are set: pages, paragraphs, heads and page numbers. Knows no producer."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Lengths in millimetres, type in points, `leading` in sizes of the type.

    `has_indents` are paragraphs with an indent and no gap between them; `is_ragged` leaves the right edge loose;
    `has_lines` numbers the lines. `left_head` stands at the head of left pages, or of every page unless `is_twosided`,
    with the last heading opposite. `label` is "number", "of" (Page 3 of 9), "slash" (3/9), "roman" (iii) or "dash"
    (– 3 –), `label_place` is "top" (outside), "bottom" (in the middle) or "corner" (right).
    """

    width: float = 210
    height: float = 297
    inner: float = 25
    outer: float = 25
    top: float = 25
    bottom: float = 25
    size_pt: float = 11
    leading: float = 1.3
    columns: int = 1
    has_indents: bool = False
    is_ragged: bool = False
    is_hyphenated: bool = False
    is_twosided: bool = False
    has_lines: bool = False
    left_head: str = ""
    label: str = ""
    label_place: str = "bottom"

    @property
    def label_patterns(self) -> tuple[str, ...]:
        """The page numbers, and numbers of lines, without white space."""
        patterns = {"number": r"\d+", "of": r"Page\d+of\d+", "slash": r"\d+/\d+", "roman": r"[ivxl]+", "dash": r"–\d+–"}
        return (*((patterns[self.label],) if self.label else ()), *((r"\d+",) if self.has_lines else ()))


LAYOUTS = {
    "novel": Layout(
        width=129, height=198, inner=17, outer=14, top=18, bottom=16, size_pt=9.5, leading=1.25, has_indents=True, is_hyphenated=True,
        is_twosided=True, left_head="A Can of Nitrate", label="number", label_place="top",
    ),
    "report": Layout(
        width=215.9, height=279.4, inner=31, outer=31, top=28, bottom=28, size_pt=10.5, leading=1.45, is_ragged=True,
        left_head="Mill Hard Trust, 2023", label="of", label_place="corner",
    ),
    "newsletter": Layout(inner=15, outer=15, top=20, bottom=20, size_pt=8.5, leading=1.2, columns=3, is_hyphenated=True, label="number"),
    "manuscript": Layout(
        inner=38, outer=30, top=30, bottom=30, size_pt=12, leading=2, has_indents=True, is_ragged=True, has_lines=True,
        left_head="Hallam: Fire and Film", label="number", label_place="top",
    ),
    "symbols": Layout(
        width=156, height=234, inner=22, outer=18, top=20, bottom=22, size_pt=10, leading=1.3, has_indents=True, is_hyphenated=True,
        label="roman",
    ),
    "journal": Layout(
        width=176, height=250, inner=16, outer=14, top=20, bottom=18, size_pt=9, leading=1.18, columns=2, has_indents=True,
        is_hyphenated=True, is_twosided=True, left_head="Annals of Preservation 44 (2021)", label="number", label_place="top",
    ),
    "ledger": Layout(width=215.9, height=279.4, inner=22, outer=22, top=22, bottom=24, size_pt=10, leading=1.25, label="dash"),
    "clauses": Layout(
        inner=32, outer=28, top=26, bottom=30, size_pt=11.5, leading=1.35, is_hyphenated=True, left_head="Deposit agreement no. 4471/B",
        label="slash", label_place="corner",
    ),
    "outline": Layout(width=148, height=210, inner=15, outer=15, top=16, bottom=18, size_pt=9, leading=1.4, is_ragged=True, label="number"),
    "review": Layout(left_head="Second reading"),
}  # fmt: skip
