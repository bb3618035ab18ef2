"""Tokenized sentences -> windows, each with a budget, a context, a core and a key; windows -> the rows that a forward
reads, and back.

Takes the token counts and ids of a document's sentences, gives `Window` and `Row` records, and combines the vectors of
a long sentence's pieces. Knows no model, no text and no disk. Shapes: N core sentences, D dimensions, S sentences, T
tokens. Every sentence is in exactly one core (design.md, "Windows"); context sentences come before the core and emit
nothing. Boundaries are content-defined in two steps: *anchors* are sentence ends whose priority is the highest within
`ANCHOR_REACH` cores on both sides, so each depends only on that neighbourhood; between two anchors, windows are filled
greedily. An edit therefore changes only windows between the anchors near it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b
from itertools import pairwise
from typing import Protocol

import numpy as np
import numpy.typing as npt

from .config import WindowOptions
from .errors import EncoderError
from .records import EncoderFolder, Float32Array, Int64Array
from .token_records import Row, TokenizedSentences, Window

ANCHOR_REACH = 0.75  # in cores: anchors are about 1.5 cores apart, and one edit moves the windows between a few of them (docs/log.md)
MIN_FILL = 0.7  # a core ends at a paragraph's end if at least this share of the core is then filled
HASH_BASE = np.uint64(0x9E3779B97F4A7C15)  # odd, so that multiplication permutes the 64-bit integers


class RowForm(Protocol):
    """What an encoder puts around and between sentences, and how it pools them; `folder` says how."""

    folder: EncoderFolder
    prefix_ids: tuple[int, ...]
    suffix_ids: tuple[int, ...]


def make_windows(tokens: TokenizedSentences, options: WindowOptions, fingerprint: str) -> Iterator[Window]:
    """Windows of a document in order. No window has more than `options.window_tokens` tokens, including special
    tokens."""
    costs_S = np.diff(tokens.offsets) + options.num_landmark
    cumulative = np.concatenate([[0], np.cumsum(costs_S)])
    core_tokens = options.window_tokens - options.num_special - options.context_tokens
    row_tokens = options.window_tokens - options.num_special
    if len(tokens) and cumulative[-1] <= row_tokens:
        yield make_window(tokens, 0, 0, len(tokens), options, fingerprint)  # a short document is one window
        return
    anchors = anchors_of(tokens, cumulative, int(ANCHOR_REACH * core_tokens))
    for gap_first, gap_end in zip([0, *anchors], [*anchors, len(tokens)], strict=True):
        for first, end in fill_cores(cumulative, tokens.ends_paragraph_S, gap_first, gap_end, core_tokens):
            if cumulative[end] - cumulative[first] > row_tokens:
                yield from make_pieces(tokens, first, options, fingerprint)
                continue
            room = min(options.context_tokens, row_tokens - int(cumulative[end] - cumulative[first]))
            context_first = int(np.searchsorted(cumulative, cumulative[first] - room))
            yield make_window(tokens, context_first, first, end, options, fingerprint)


def anchors_of(tokens: TokenizedSentences, cumulative: Int64Array, reach_tokens: int) -> list[int]:
    """Sentence indices that have an anchor before them: local maxima of the priority within `reach_tokens` on both
    sides.

    Paragraph ends outrank sentence ends; otherwise the hash of the sentence's tokens decides. If priorities are equal
    none wins, so repetitive text has no anchors; its windows repeat as well, and so do their keys.
    """
    priorities_S = hash_sentences(tokens) >> np.uint64(1)
    priorities_S |= tokens.ends_paragraph_S.astype(np.uint64) << np.uint64(63)
    ends_S = cumulative[1:]
    highest_before = sliding_maximum(priorities_S, ends_S, reach_tokens)
    highest_after = sliding_maximum(priorities_S[::-1], -ends_S[::-1], reach_tokens)[::-1]
    is_anchor_S = (priorities_S > highest_before) & (priorities_S > highest_after)
    is_anchor_S[-1:] = False  # the document's end is a boundary anyway
    return [int(index) + 1 for index in np.flatnonzero(is_anchor_S)]


def hash_sentences(tokens: TokenizedSentences) -> npt.NDArray[np.uint64]:
    """A 64-bit polynomial hash of each sentence's ids, in one pass over the array."""
    if not len(tokens):
        return np.zeros(0, dtype=np.uint64)
    lengths_S = np.diff(tokens.offsets)
    powers = np.cumprod(np.full(int(lengths_S.max()), HASH_BASE, dtype=np.uint64))
    places_T = np.arange(len(tokens.ids_T)) - np.repeat(tokens.offsets[:-1], lengths_S)
    hashes_S = np.add.reduceat((tokens.ids_T.astype(np.uint64) + np.uint64(1)) * powers[places_T], tokens.offsets[:-1])
    mixed_S = (hashes_S ^ (hashes_S >> np.uint64(31))) * HASH_BASE
    return mixed_S ^ (mixed_S >> np.uint64(29))


def sliding_maximum(values_S: npt.NDArray[np.uint64], places_S: Int64Array, reach: int) -> npt.NDArray[np.uint64]:
    """For each i, the highest of `values_S[j]`, j < i, with `places_S[i] - places_S[j] <= reach`; 0 if there is
    none."""
    highest_S = np.zeros_like(values_S)
    candidates: deque[tuple[int, int]] = deque()  # (value, place), in decreasing order of value
    for index, (value, place) in enumerate(zip(values_S.tolist(), places_S.tolist(), strict=True)):
        while candidates and place - candidates[0][1] > reach:
            candidates.popleft()
        if candidates:
            highest_S[index] = candidates[0][0]
        while candidates and candidates[-1][0] <= value:
            candidates.pop()
        candidates.append((value, place))
    return highest_S


def fill_cores(
    cumulative: Int64Array, ends_paragraph_S: npt.NDArray[np.bool_], first: int, gap_end: int, core_tokens: int
) -> Iterator[tuple[int, int]]:
    """Cut sentences `[first, gap_end)` into cores of at most `core_tokens`; a longer sentence is a core by itself."""
    while first < gap_end:
        start = int(cumulative[first])
        end = int(np.searchsorted(cumulative, start + core_tokens, side="right")) - 1
        if end < gap_end and end > first:
            earliest = int(np.searchsorted(cumulative, start + MIN_FILL * core_tokens))
            paragraph_ends = np.flatnonzero(ends_paragraph_S[earliest - 1 : end])
            end = earliest + int(paragraph_ends[-1]) if len(paragraph_ends) else end
        end = min(max(end, first + 1), gap_end)
        yield first, end
        first = end


def make_window(tokens: TokenizedSentences, context_first: int, first: int, end: int, options: WindowOptions, fingerprint: str) -> Window:
    """The window whose context is sentences `[context_first, first)` and whose core is `[first, end)`."""
    segments = tuple((int(tokens.offsets[index]), int(tokens.offsets[index + 1])) for index in range(context_first, end))
    return Window(
        segments=segments,
        num_context=first - context_first,
        core_pos=first,
        num_core=end - first,
        num_tokens=segments[-1][1] - segments[0][0] + options.num_landmark * len(segments) + options.num_special,
        key=window_key(tokens, segments, first - context_first, 0, fingerprint),
    )


def make_pieces(tokens: TokenizedSentences, pos: int, options: WindowOptions, fingerprint: str) -> Iterator[Window]:
    """A sentence that is longer than a window, as pieces of nearly equal length; its landmark stays at its end."""
    start, end = int(tokens.offsets[pos]), int(tokens.offsets[pos + 1])
    num_pieces = -(-(end - start) // (options.window_tokens - options.num_special - options.num_landmark))
    cuts = [start + (end - start) * piece // num_pieces for piece in range(num_pieces + 1)]
    for piece, segment in enumerate(pairwise(cuts)):
        yield Window(
            segments=(segment,),
            num_context=0,
            core_pos=pos,
            num_core=1,
            num_tokens=segment[1] - segment[0] + options.num_landmark + options.num_special,
            key=window_key(tokens, ((start, end),), 0, piece + 1, fingerprint),
            piece=piece,
            is_last_piece=piece == num_pieces - 1,
        )


def window_key(tokens: TokenizedSentences, segments: tuple[tuple[int, int], ...], num_context: int, piece: int, fingerprint: str) -> str:
    """A hash of the encoder's fingerprint and everything that the forward sees: ids, sentence ends, where the core
    begins."""
    digest = blake2b(fingerprint.encode(), digest_size=16)
    digest.update(np.asarray([num_context, piece, *(end - start for start, end in segments)], dtype=np.int64).tobytes())
    digest.update(tokens.ids_T[segments[0][0] : segments[-1][1]].tobytes())
    return digest.hexdigest()


def grouped_pieces(windows: Iterable[Window]) -> Iterator[list[Window]]:
    """Windows in groups of one, but all pieces of a long sentence in one group."""
    group: list[Window] = []
    for window in windows:
        group.append(window)
        if window.is_last_piece:
            yield group
            group = []


def make_row(form: RowForm, tokens: TokenizedSentences, window: Window) -> Row:
    """Put special tokens and landmarks around a window's sentences."""
    landmark = [form.folder.lmk_id] if form.folder.has_landmarks else []
    ids: list[int] = list(form.prefix_ids)
    starts: list[int] = []
    ends: list[int] = []
    for index, (start, end) in enumerate(window.segments):
        if index >= window.num_context:
            starts.append(len(ids))
            ends.append(len(ids) + end - start)
        ids.extend(tokens.ids_T[start:end].tolist())
        ids.extend(landmark)
    ids.extend(form.suffix_ids)
    return Row(ids_T=np.asarray(ids, dtype=np.int32), starts=tuple(starts), ends=tuple(ends))


def combine_pieces(form: RowForm, vectors: Sequence[Float32Array], num_tokens: Sequence[int]) -> Float32Array:
    """One vector [1, D] for a sentence that was encoded in pieces: the state at its end for `lmk`, otherwise the mean
    over its tokens."""
    if form.folder.pooling == "lmk":
        return vectors[-1]
    weights = np.asarray(num_tokens, dtype=np.float32) / np.float32(sum(num_tokens))
    return np.sum([weight * vector for weight, vector in zip(weights, vectors, strict=True)], axis=0, dtype=np.float32)


def normalise(vectors_ND: Float32Array) -> Float32Array:
    """L2-normalised rows. Raises `EncoderError` for a row that is zero or not finite: LanceDB would never find it
    (facts.md, "LanceDB")."""
    norms_N1 = np.linalg.norm(vectors_ND, axis=1, keepdims=True)
    if not np.all(np.isfinite(norms_N1)) or np.any(norms_N1 == 0):
        raise EncoderError('The encoder gave a vector that is zero or not finite. Try `dtype = "float32"`, or another encoder.')
    return vectors_ND / norms_N1
