"""What tells a table of data from one that only places things on the page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .elements import HEADINGS

LARGE_CELL_CHARS = 300
LARGE_CELL_LINES = 6
PROSE_CHARS = 100  # in paragraphs


@dataclass(slots=True)
class TableShape:
    """What a walk over a table found."""

    num_columns: int = 0
    num_cells: int = 0  # of the row so far
    has_heads: bool = False
    has_large: bool = False
    holds_blocks: bool = False  # tables, headings, lines of code

    def enter(self, element: Any) -> None:
        """Take note of an element inside the table."""
        tag = element.tag
        if tag == "tr":
            self.num_cells = 0
        elif tag in ("td", "th"):
            self.num_cells += 1
            self.num_columns = max(self.num_columns, self.num_cells)
            self.has_heads |= tag == "th"
        elif tag in ("caption", "thead"):
            self.has_heads = True
        elif tag in HEADINGS or (tag == "pre" and "\n" in (element.text or "").strip()):
            self.holds_blocks = True

    def leave_cell(self, num_chars: int, num_lines: int, num_prose_chars: int) -> None:
        """Take note of what a cell held."""
        self.has_large |= num_chars > LARGE_CELL_CHARS or num_lines > LARGE_CELL_LINES
        self.has_large |= num_lines > 1 and num_prose_chars > PROSE_CHARS

    def is_layout(self, role: str) -> bool:
        """Whether its cells are to be read as blocks, one after the other."""
        if role in ("presentation", "none") or self.holds_blocks or self.num_columns < 2:
            return True
        return self.has_large and not self.has_heads
