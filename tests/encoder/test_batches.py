"""The planner covers each row once, in few padded shapes, within its budget."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lmkindex.encoder.batches import NUM_LENGTHS, padded_length, plan_batches

LENGTHS = st.lists(st.integers(1, 256), max_size=300)


@given(LENGTHS, st.integers(256, 4096))
def test_every_row_is_in_one_batch_that_holds_it(lengths: list[int], batch_tokens: int) -> None:
    batches = plan_batches(lengths, batch_tokens=batch_tokens, window_tokens=256)
    assert sorted(index for batch in batches for index in batch.indices) == list(range(len(lengths)))
    for batch in batches:
        assert all(lengths[index] <= batch.num_columns <= 256 for index in batch.indices)
        assert len(batch.indices) <= batch.num_rows
        assert batch.num_rows * batch.num_columns <= batch_tokens


@given(LENGTHS)
def test_shapes_are_few_and_only_the_last_batch_is_not_full(lengths: list[int]) -> None:
    batches = plan_batches(lengths, batch_tokens=2048, window_tokens=256)
    assert len({(batch.num_rows, batch.num_columns) for batch in batches}) <= NUM_LENGTHS + 1
    assert all(len(batch.indices) == batch.num_rows for batch in batches[:-1])
    assert all(2 * len(batch.indices) > batch.num_rows for batch in batches)  # a power of two above: less than half is filler
    longest = [max(lengths[index] for index in batch.indices) for batch in batches]
    assert longest == sorted(longest, reverse=True)


@given(LENGTHS)
def test_the_plan_depends_on_nothing_but_the_lengths(lengths: list[int]) -> None:
    assert plan_batches(lengths, batch_tokens=512, window_tokens=256) == plan_batches(lengths, batch_tokens=512, window_tokens=256)
    ties = [batch.indices for batch in plan_batches([7] * 20, batch_tokens=64, window_tokens=256)]
    assert [index for indices in ties for index in indices] == list(range(20))


@given(st.integers(1, 600), st.integers(8, 512))
def test_padded_length(num_tokens: int, window_tokens: int) -> None:
    length = padded_length(num_tokens, window_tokens)
    assert length >= num_tokens
    assert length <= max(window_tokens, num_tokens)
    assert length - num_tokens < max(16, window_tokens // NUM_LENGTHS)


def test_a_row_over_the_budget_is_a_batch_by_itself() -> None:
    batches = plan_batches([300, 300, 20], batch_tokens=100, window_tokens=512)
    assert [batch.indices for batch in batches] == [(0,), (1,), (2,)]
