"""Make an index equal to directories. The face of the package.

`pipeline` is the build from its lock to its report; `plan` decides what is to be done, `prepare` reads, splits and cuts,
`write` makes rows and commits them; `manifest` and `kept` say what the index holds of a file; `forecast` and `report`
say what will be and what was done; `verify` encodes a sample of an index again.
"""

from __future__ import annotations

from .pipeline import build_index
from .records import BuildReport, Forecast
from .verify import check_sample

__all__ = ["BuildReport", "Forecast", "build_index", "check_sample"]
