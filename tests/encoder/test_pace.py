"""A slab is encoded in calls of a few seconds, with the same batches as a single call, and can be stopped between two
calls."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import tiny
from building import build, put

from lmkindex.build import build_index
from lmkindex.build.pipeline import encode_slab
from lmkindex.config import BuildOptions, EncodeOptions
from lmkindex.encoder import FakeEncoder, load_encoder, pace, read_folder
from lmkindex.encoder.pace import Pace
from lmkindex.errors import InterruptedBuildError
from lmkindex.index import IndexReader
from lmkindex.records import Float32Array
from lmkindex.token_records import Row


class SmallBatches(FakeEncoder):
    """Counts its calls; a row is a batch."""

    batch_tokens = 64
    num_calls = 0

    def encode_rows(self, rows: Sequence[Row]) -> list[Float32Array]:
        self.num_calls += 1
        return super().encode_rows(rows)


def test_vectors_are_those_of_one_call_bit_for_bit(bert_folder: Callable[[str], Path]) -> None:
    encoder = load_encoder(read_folder(bert_folder("lmk_mean")), EncodeOptions(dtype="float32", threads=1, batch_tokens=128))
    lengths = np.random.default_rng(0).integers(3, 60, 40).tolist()
    rows = [Row(ids_T=np.full(length, 7, np.int32), starts=(1,), ends=(length - 1,)) for length in lengths]
    walker = Pace()
    walker.num_batches = 1
    found = encode_slab(encoder, rows, walker, lambda: False)
    assert found is not None and walker.num_batches > 1
    for vector, expected in zip(found, encoder.encode_rows(rows), strict=True):
        assert np.array_equal(vector, expected)


def test_a_stop_is_heeded_inside_a_slab(tmp_path: Path, index: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One slab holds the whole document. The time budget uses the same function."""
    monkeypatch.setattr(pace, "CALL_S", 0.0)  # every call takes longer, so calls become as small as possible
    put(tmp_path / "corpus" / "b.txt", tiny.prose(1, 400))
    encoder = SmallBatches()
    with pytest.raises(InterruptedBuildError):
        build_index(index, [tmp_path / "corpus"], BuildOptions(), encoder=encoder, stop=lambda: 15 * (encoder.num_calls >= 3))
    assert encoder.num_calls == 3 and IndexReader(Path(index)).manifest() == {}
    build(index, tmp_path / "corpus", encoder=encoder)
    assert encoder.num_calls > 10


def test_calls_grow_to_the_wanted_time_and_shrink_again() -> None:
    walker = Pace()
    walker.adapt(pace.FIRST_BATCHES, pace.CALL_S / 4)
    assert walker.num_batches == 2 * pace.FIRST_BATCHES
    walker.adapt(1, 0.0)  # the rest of a slab says nothing
    assert walker.num_batches == 2 * pace.FIRST_BATCHES
    for _ in range(9):
        walker.adapt(walker.num_batches, 2 * pace.CALL_S)
    assert walker.num_batches == 1
