"""Windows: every sentence in exactly one core, no window over the limit, an edit moves only the windows near it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lmkindex.config import WindowOptions
from lmkindex.token_records import TokenizedSentences, Window
from lmkindex.windows import make_windows

OPTIONS = WindowOptions(window_tokens=64, context_tokens=16, num_special=2, num_landmark=1)


def tokenized(lengths: list[int], paragraph_every: int = 5, seed: int = 0) -> TokenizedSentences:
    generator = np.random.default_rng(seed)
    ids = generator.integers(0, 30_000, sum(lengths)).astype(np.int32)
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    ends_paragraph = np.asarray([(index + 1) % paragraph_every == 0 for index in range(len(lengths))], dtype=np.bool_)
    return TokenizedSentences(ids_T=ids, offsets=offsets, ends_paragraph_S=ends_paragraph)


def windows_of(tokens: TokenizedSentences, options: WindowOptions = OPTIONS) -> list[Window]:
    return list(make_windows(tokens, options, "fingerprint"))


LENGTHS = st.lists(st.one_of(st.integers(1, 20), st.integers(40, 200)), max_size=120)
SIZES = st.tuples(st.integers(24, 128), st.integers(0, 12), st.integers(0, 3), st.integers(0, 1))


@given(lengths=LENGTHS, sizes=SIZES, seed=st.integers(0, 3), paragraph_every=st.integers(1, 9))
def test_every_sentence_is_in_exactly_one_core(
    lengths: list[int], sizes: tuple[int, int, int, int], seed: int, paragraph_every: int
) -> None:
    window_tokens, context_tokens, num_special, num_landmark = sizes
    options = WindowOptions(window_tokens=window_tokens, context_tokens=context_tokens, num_special=num_special, num_landmark=num_landmark)
    tokens = tokenized(lengths, paragraph_every, seed)
    windows = windows_of(tokens, options)
    emitted = [pos for window in windows if window.is_last_piece for pos in range(window.core_pos, window.core_pos + window.num_core)]
    assert emitted == list(range(len(lengths)))
    for window in windows:
        assert window.num_tokens <= options.window_tokens
        segments_tokens = sum(end - start + num_landmark for start, end in window.segments)
        assert segments_tokens + num_special == window.num_tokens
        assert all(left[1] == right[0] for left, right in zip(window.segments, window.segments[1:], strict=False))
        context = window.segments[: window.num_context]
        assert sum(end - start + num_landmark for start, end in context) <= context_tokens
        if window.piece == 0 and window.is_last_piece:  # context and core are whole sentences, in their places
            first = window.core_pos - window.num_context
            expected = [(int(tokens.offsets[i]), int(tokens.offsets[i + 1])) for i in range(first, window.core_pos + window.num_core)]
            assert list(window.segments) == expected


@given(lengths=st.lists(st.integers(100, 400), min_size=1, max_size=10))
def test_pieces_of_a_long_sentence_tile_it_and_differ_in_key(lengths: list[int]) -> None:
    tokens = tokenized(lengths)
    windows = windows_of(tokens)
    assert [index for window in windows for index in range(*window.segments[0])] == list(range(sum(lengths)))
    assert len({window.key for window in windows}) == len(windows)
    assert sum(window.is_last_piece for window in windows) == len(lengths)


@given(lengths=LENGTHS, seed=st.integers(0, 3))
def test_same_text_gives_same_windows(lengths: list[int], seed: int) -> None:
    assert windows_of(tokenized(lengths, seed=seed)) == windows_of(tokenized(lengths, seed=seed))


def edited(tokens: TokenizedSentences, at: int, ids: list[int]) -> TokenizedSentences:
    """The document with one sentence of `ids` inserted before sentence `at`."""
    start = int(tokens.offsets[at])
    return TokenizedSentences(
        ids_T=np.concatenate([tokens.ids_T[:start], np.asarray(ids, dtype=np.int32), tokens.ids_T[start:]]),
        offsets=np.concatenate([tokens.offsets[: at + 1], tokens.offsets[at:] + len(ids)]),
        ends_paragraph_S=np.insert(tokens.ends_paragraph_S, at, False),
    )


@settings(max_examples=40)
@given(seed=st.integers(0, 50), at=st.integers(0, 1999), ids=st.lists(st.integers(0, 30_000), min_size=1, max_size=12))
def test_an_insertion_changes_a_bounded_number_of_keys(seed: int, at: int, ids: list[int]) -> None:
    lengths = np.random.default_rng(seed).integers(3, 20, 2000).tolist()
    tokens = tokenized(lengths, paragraph_every=4, seed=seed)
    before = {window.key for window in windows_of(tokens)}
    after = {window.key for window in windows_of(edited(tokens, at, ids))}
    assert len(after - before) <= 12  # random text needs half of that
    assert len(before) > 400


@pytest.mark.parametrize("paragraph_every", [6, 10**9])
def test_no_edit_of_a_megabyte_encodes_over_a_hundredth_of_its_windows(paragraph_every: int) -> None:
    options = WindowOptions(window_tokens=512, context_tokens=64, num_special=2, num_landmark=1)  # those of the shipped encoder
    generator = np.random.default_rng(0)
    tokens = tokenized(generator.integers(5, 35, 9_000).tolist(), paragraph_every)  # 180,000 tokens, about 1 MB of English
    before = windows_of(tokens, options)
    known = {window.key for window in before}
    for at in generator.integers(0, 9_000, 150).tolist():
        after = windows_of(edited(tokens, at, generator.integers(0, 30_000, 12).tolist()), options)
        assert len({window.key for window in after} - known) <= len(before) / 100


def test_keys_depend_on_encoder_sentence_ends_and_context() -> None:
    tokens = tokenized([10, 10, 10])
    [window] = windows_of(tokens)
    [other] = make_windows(tokens, OPTIONS, "other fingerprint")
    moved = TokenizedSentences(ids_T=tokens.ids_T, offsets=np.asarray([0, 9, 20, 30]), ends_paragraph_S=tokens.ends_paragraph_S)
    assert len({window.key, other.key, windows_of(moved)[0].key}) == 3


def test_windows_prefer_paragraph_ends() -> None:
    tokens = tokenized([4] * 400, paragraph_every=3)
    windows = windows_of(tokens)
    ends = [window.core_pos + window.num_core - 1 for window in windows]
    share = np.mean([bool(tokens.ends_paragraph_S[end]) for end in ends])
    assert share > 0.9  # paragraphs are a third of the sentence ends


def test_no_sentences_no_windows() -> None:
    assert windows_of(tokenized([])) == []


def test_a_document_that_fits_is_one_window() -> None:
    tokens = tokenized([3] * 15, paragraph_every=2)  # 60 tokens with landmarks: more than a core, less than a row
    [window] = windows_of(tokens)
    assert (window.num_context, window.num_core, window.num_tokens) == (0, 15, 62)
