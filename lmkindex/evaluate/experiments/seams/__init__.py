"""`seams`: what a window's start does to a landmark. The face of the package.

`experiment` runs it, `seam_rows` makes the rows, `design` holds the figures and the recommendation, `report` says
what came out.
"""

from __future__ import annotations

from .experiment import run_seams

__all__ = ["run_seams"]
