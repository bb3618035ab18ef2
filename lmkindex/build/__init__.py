"""Make an index equal to directories. The face of the package.

`pipeline` is the build from its lock to its report; `plan` decides what is to be done (`index_settings`: with which encoder
and windows; `kept`: what stays of files that cannot be read), `prepare` reads, splits and cuts (`reuse`: what is stored
already), `write` makes rows and commits them; `manifest` says what the index holds of a file; `forecast` and `report` say
what will be and what was done; `verify` encodes a sample of an index again.
"""

from __future__ import annotations

from .pipeline import build_index
from .records import BuildReport, Forecast
from .verify import check_sample

__all__ = ["BuildReport", "Forecast", "build_index", "check_sample"]
