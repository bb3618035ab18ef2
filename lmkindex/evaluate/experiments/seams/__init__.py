"""`seams`: the effect of a window's start on a landmark. The face of the package.

`experiment` runs it, `seam_rows` makes the rows, `design` holds the figures and the recommendation, `report` describes
the results.
"""

from __future__ import annotations

from .experiment import run_seams

__all__ = ["run_seams"]
