"""`length`: documents of growing length. The face of the package.

`experiment` runs it, `design` defines what is compared, `needles` and `hunt` make and search the documents,
`hunt_index` and `costs` measure times, `report` and `verdict` describe the results.
"""

from __future__ import annotations

from .experiment import run_length

__all__ = ["run_length"]
