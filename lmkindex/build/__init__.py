"""Make an index match its directories. The public interface of the package.

`pipeline` runs the build from its lock to its report. `plan` decides what to do (`index_settings`: with which encoder
and windows; `kept`: what stays of files that cannot be read). `prepare` reads, splits and cuts (`reuse`: what is stored
already). `write` makes rows and commits them. `manifest` says what the index holds of a file. `forecast` and `report`
say what a build will do and what it did. `index_status` says what an index holds; `verify` encodes a sample of it
again.
"""

from __future__ import annotations

from .index_status import Status, read_status
from .pipeline import run_build
from .records import BuildReport, Forecast
from .verify import check_sample

build_index = run_build  # for scripts that pass a record of options; `lmkindex.build_index` takes keywords

__all__ = ["BuildReport", "Forecast", "Status", "build_index", "check_sample", "read_status", "run_build"]
