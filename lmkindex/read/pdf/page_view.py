"""How a page is shown: its crop box, and how it is turned. Moves points and boxes from a page's own points to the shown
page. Knows no text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .pdfium_calls import FloatArray


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

    def show(self, points: FloatArray) -> FloatArray:
        """Points (rows of x, y) or boxes (rows of left, bottom, right, top) on the shown page, from its lower left
        corner."""
        corner = np.array([self.left, self.bottom] * (points.shape[1] // 2))
        return turned(points - corner, self.turns, self.right - self.left, self.top - self.bottom)


def view_of(page: Any) -> PageView:
    """How a page of pypdfium2 is shown."""
    left, bottom, right, top = page.get_bbox()
    return PageView(left=left, bottom=bottom, right=max(left, right), top=max(bottom, top), turns=page.get_rotation() // 90 % 4)


def turned(points: FloatArray, turns: int, width: float, height: float) -> FloatArray:
    """Points or boxes after a page of `width` by `height` is turned clockwise by so many quarters."""
    turns %= 4
    if not turns:
        return points
    first, last = points[:, :2], points[:, -2:]  # the same for points
    if turns == 1:
        columns = [first[:, 1], width - last[:, 0], last[:, 1], width - first[:, 0]]
    elif turns == 2:
        columns = [width - last[:, 0], height - last[:, 1], width - first[:, 0], height - first[:, 1]]
    else:
        columns = [height - last[:, 1], first[:, 0], height - first[:, 1], last[:, 0]]
    return np.stack(columns[: points.shape[1]], axis=1)
