"""How a page is shown: its crop box, and how it is turned. Moves points and boxes from a page's own points to the shown
page. Knows no text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Box = tuple[float, float, float, float]  # left, bottom, right, top


@dataclass(frozen=True, slots=True, kw_only=True)
class PageView:
    """The crop box in the page's own points, and by how many quarters the page is turned clockwise to be shown."""

    left: float
    bottom: float
    right: float
    top: float
    turns: int

    @property
    def width(self) -> float:
        return self.top - self.bottom if self.turns % 2 else self.right - self.left

    @property
    def height(self) -> float:
        return self.right - self.left if self.turns % 2 else self.top - self.bottom

    def show(self, box: Box, turns: int = 0) -> Box:
        """A box on the shown page, from its lower left corner; the page is then turned clockwise by `turns` more
        quarters, to make text upright."""
        left, bottom, right, top = box[0] - self.left, box[1] - self.bottom, box[2] - self.left, box[3] - self.bottom
        width, height = self.right - self.left, self.top - self.bottom
        total = (self.turns + turns) % 4
        if total == 1:
            return bottom, width - right, top, width - left
        if total == 2:
            return width - right, height - top, width - left, height - bottom
        if total == 3:
            return height - top, left, height - bottom, right
        return left, bottom, right, top


def view_of(page: Any) -> PageView:
    """How a page of pdfium is shown."""
    from pypdfium2 import raw

    box = raw.FS_RECTF()
    raw.FPDF_GetPageBoundingBox(page, box)
    turns = max(0, raw.FPDFPage_GetRotation(page)) % 4
    return PageView(left=box.left, bottom=box.bottom, right=max(box.left, box.right), top=max(box.bottom, box.top), turns=turns)
