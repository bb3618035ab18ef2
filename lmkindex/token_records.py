"""The records between splitting and encoding: sentences as tokens, the windows that they are cut into, and rows of
encoder input.

Knows no text and no model. Arrays stay arrays; their suffixes are S sentences, T tokens.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .records import Int32Array, Int64Array


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenizedSentences:
    """Token ids of all sentences, concatenated: sentence i owns `ids_T[offsets[i]:offsets[i + 1]]`; no special
    tokens."""

    ids_T: Int32Array
    offsets: Int64Array
    ends_paragraph_S: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.offsets) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """One row of encoder input: context (gives meaning, emits nothing), then core (emits one landmark per sentence).

    `segments` are half-open ranges of the document's `ids_T`, one for each sentence in the window, context first;
    `core_pos` is the position of the first core sentence, `num_core` the number of core sentences. A sentence longer
    than a window is cut into pieces, and each piece is a window with `num_core == 1`. Only the last piece has
    `is_last_piece`, and its key covers the whole sentence.
    """

    segments: tuple[tuple[int, int], ...]
    num_context: int
    core_pos: int
    num_core: int
    num_tokens: int
    key: str
    piece: int = 0
    is_last_piece: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A window as the forward sees it, with special tokens and landmarks inserted. `starts`/`ends` are the places in
    `ids_T` of each core sentence's own tokens; if the encoder has landmarks, the landmark is at `ends`."""

    ids_T: Int32Array
    starts: tuple[int, ...]
    ends: tuple[int, ...]
