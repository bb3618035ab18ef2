"""`lmkindex` with a fake encoder that sends its own process a signal at its fourth batch: `python stopped_script.py
SIGNAL WORDS...`.

SIGNAL 0 means no signal. Batches take 0.05 s.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import tiny

from lmkindex.build import index_settings, prepare
from lmkindex.build import pipeline as build
from lmkindex.records import Float32Array
from lmkindex.token_records import Row
from lmkindex_cli.main import run


class StoppingEncoder(tiny.SlowFakeEncoder):
    """Counts its batches."""

    num_calls = 0

    def encode_rows(self, rows: Sequence[Row]) -> list[Float32Array]:
        self.num_calls += 1
        if self.num_calls == 4 and int(sys.argv[1]):
            os.kill(os.getpid(), int(sys.argv[1]))
        return super().encode_rows(rows)


if __name__ == "__main__":
    prepare.SLAB_ROWS = 4
    encoder = StoppingEncoder(0.05)
    setattr(build, "load_encoder", lambda folder, options: encoder)  # noqa: B010  # patch the names that the command looks up in these modules
    setattr(index_settings, "find_encoder", lambda name: encoder.folder)  # noqa: B010
    run(sys.argv[2:])
