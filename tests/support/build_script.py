"""One build in its own process, for tests that kill it, lock it out or measure it.

`python build_script.py INDEX CORPUS ENCODER [COMMIT_ROWS]`; ENCODER is a folder, or `fake:SECONDS` with the seconds per
batch. Writes the line `started` when the build starts, then the report as JSON with `max_rss_bytes`; exits with the
library's exit codes.
"""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path

import tiny

from lmkindex.build import build_index, prepare
from lmkindex.config import BuildOptions, EncodeOptions
from lmkindex.encoder import Encoder, load_encoder, read_folder
from lmkindex.errors import LmkindexError
from lmkindex.index import IndexWriter
from lmkindex.index.tables import connect


def make_encoder(name: str) -> Encoder:
    """The encoder named on the command line."""
    if name.startswith("fake:"):
        prepare.SLAB_ROWS = 16  # many small batches, so that a kill can hit many different moments
        return tiny.SlowFakeEncoder(float(name.removeprefix("fake:")))
    return load_encoder(read_folder(Path(name)), EncodeOptions(dtype="float32"))


def main() -> int:
    """Build, report, return the exit code."""
    index, corpus, encoder_name, *rest = sys.argv[1:]
    options = BuildOptions(commit_rows=int(rest[0]) if rest else 20_000, max_delete=1.0)
    encoder = make_encoder(encoder_name)
    assert IndexWriter is not None and connect(Path(index)) is not None  # do all slow imports before printing `started`
    print("started", flush=True)
    try:
        report = build_index(index, [Path(corpus)], options, encoder=encoder)
    except LmkindexError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    max_rss_bytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps(report.to_json() | {"max_rss_bytes": max_rss_bytes, "seconds_by_step": dict(report.seconds_by_step or {})}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
