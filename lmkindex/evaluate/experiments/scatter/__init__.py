"""`scatter`: evidence that stands together against evidence that is scattered. The face of the package.

`experiment` runs it, `design` says what is compared, `growth` is the rule of growing backwards, `splits` makes the
documents, `report` and `verdict` say what came out.
"""

from __future__ import annotations

from .experiment import run_scatter

__all__ = ["run_scatter"]
