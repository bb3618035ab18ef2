"""`length`: documents of growing length. The face of the package.

`experiment` runs it, `design` says what is compared, `needles` and `hunt` make and search the documents, `hunt_index`
and `costs` take the times, `report` and `verdict` say what came out.
"""

from __future__ import annotations

from .experiment import run_length

__all__ = ["run_length"]
