"""Runs builds in a separate process that can be killed: reads a JSON object per line (`index`, `corpus`, `options`),
answers with another.

`python soak_worker.py ENCODER`; ENCODER is a folder, or `context` for the fake that sees contexts. Writes `ready` after
all imports.
"""

from __future__ import annotations

import json
import signal
import sys
import time
from datetime import timedelta
from pathlib import Path
from types import FrameType
from typing import Any

import lancedb.expr
import lancedb.index
import tiny

from lmkindex.build import build_index, prepare
from lmkindex.config import BuildOptions, EncodeOptions
from lmkindex.encoder import Encoder, load_encoder, read_folder
from lmkindex.errors import InterruptedBuildError, LmkindexError
from lmkindex.index import maintenance
from lmkindex.token_records import Row


def make_encoder(name: str) -> Encoder:
    """The encoder with this name, the same in all processes of the soak."""
    if name == "context":
        return tiny.ContextEncoder(dim=tiny.DIM)
    return load_encoder(read_folder(Path(name)), EncodeOptions(dtype="float32", threads=1))


def main() -> int:
    """Answer requests until stdin ends."""
    maintenance.KEEP_VERSIONS = timedelta(seconds=2)  # so that pruning is tested too; nobody reads while a worker builds
    prepare.SLAB_ROWS = 64
    encoder = make_encoder(sys.argv[1])
    encoder.encode_rows([Row(ids_T=encoder.tokenize(["warm up"])[0], starts=(0,), ends=(1,))])
    assert lancedb.index and lancedb.expr  # imported before `ready`
    came: list[int] = []

    def remember(number: int, frame: FrameType | None) -> None:
        came.append(number)

    signal.signal(signal.SIGTERM, remember)
    print("ready", flush=True)
    for line in sys.stdin:
        print(json.dumps(run(json.loads(line), encoder, came)), flush=True)
    return 0


def run(request: dict[str, Any], encoder: Encoder, came: list[int]) -> dict[str, Any]:
    """Run one build; return its result."""
    came.clear()
    started = time.monotonic()
    try:
        report = build_index(
            request["index"],
            [Path(request["corpus"])],
            BuildOptions(max_delete=1.0, **request["options"]),
            encoder=encoder,
            stop=lambda: came[0] if came else 0,
        )
        answer = report.to_json() | {"incomplete": report.incomplete}
    except InterruptedBuildError as error:
        answer = {"interrupted": error.exit_code}
    except LmkindexError as error:
        answer = {"error": str(error), "incomplete": "--time-budget" in str(error)}
    return answer | {"seconds": time.monotonic() - started}


if __name__ == "__main__":
    sys.exit(main())
