"""`scatter`: consecutive evidence against scattered evidence. The face of the package.

`experiment` runs it, `design` defines what is compared, `growth` is the rule of growing backwards, `splits` makes the
documents, `report` and `verdict` describe the results.
"""

from __future__ import annotations

from .experiment import run_scatter

__all__ = ["run_scatter"]
