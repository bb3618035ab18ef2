"""Windows -> rows for the forward, and what comes back -> normalised vectors.

Takes token ids and an encoder's special tokens; knows no files, tables or tensors. Shapes: N core sentences, Q questions, D dimensions.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..config import WindowOptions
from ..errors import EncoderError
from ..records import Float32Array, Row, TokenizedSentences, Window
from .protocol import Encoder


def window_options(encoder: Encoder, window_tokens: int, context_tokens: int) -> WindowOptions:
    """Window sizes together with what this encoder adds to a row and to a sentence."""
    return WindowOptions(
        window_tokens=window_tokens,
        context_tokens=context_tokens,
        num_special=len(encoder.prefix_ids) + len(encoder.suffix_ids),
        num_landmark=int(encoder.folder.has_landmarks),
    )


def make_row(encoder: Encoder, tokens: TokenizedSentences, window: Window) -> Row:
    """Put special tokens and landmarks around a window's sentences."""
    landmark = [encoder.folder.lmk_id] if encoder.folder.has_landmarks else []
    ids: list[int] = list(encoder.prefix_ids)
    starts: list[int] = []
    ends: list[int] = []
    for index, (start, end) in enumerate(window.segments):
        if index >= window.num_context:
            starts.append(len(ids))
            ends.append(len(ids) + end - start)
        ids.extend(tokens.ids_T[start:end].tolist())
        ids.extend(landmark)
    ids.extend(encoder.suffix_ids)
    return Row(ids_T=np.asarray(ids, dtype=np.int32), starts=tuple(starts), ends=tuple(ends))


def combine_pieces(encoder: Encoder, vectors: Sequence[Float32Array], num_tokens: Sequence[int]) -> Float32Array:
    """One vector [1, D] for a sentence that was encoded in pieces: the state at its end for `lmk`, else the mean over its tokens."""
    if encoder.folder.pooling == "lmk":
        return vectors[-1]
    weights = np.asarray(num_tokens, dtype=np.float32) / np.float32(sum(num_tokens))
    return np.sum([weight * vector for weight, vector in zip(weights, vectors, strict=True)], axis=0, dtype=np.float32)


def normalise(vectors_ND: Float32Array) -> Float32Array:
    """L2-normalised rows. Raises `EncoderError` on a row that is not finite or is zero: LanceDB would never find it (FACTS)."""
    norms_N1 = np.linalg.norm(vectors_ND, axis=1, keepdims=True)
    if not np.all(np.isfinite(norms_N1)) or np.any(norms_N1 == 0):
        raise EncoderError('The encoder gave a vector that is zero or not finite. Try `dtype = "float32"`, or another encoder.')
    return vectors_ND / norms_N1


def encode_questions(encoder: Encoder, questions: Sequence[str]) -> Float32Array:
    """Normalised question vectors [Q, D]: each is pooled as a sentence is (DESIGN §2, `E_q`), cut to one window."""
    ids_T, offsets = encoder.tokenize([encoder.folder.query_prefix + question for question in questions])
    limit = encoder.folder.window_tokens - len(encoder.prefix_ids) - len(encoder.suffix_ids) - 1
    tokens = TokenizedSentences(ids_T=ids_T, offsets=offsets, ends_paragraph_S=np.ones(len(questions), dtype=np.bool_))
    rows = []
    for start, end in zip(offsets[:-1].tolist(), offsets[1:].tolist(), strict=True):
        segment = (start, min(end, start + limit))
        window = Window(segments=(segment,), num_context=0, core_pos=0, num_core=1, num_tokens=segment[1] - start, key="")
        rows.append(make_row(encoder, tokens, window))
    return normalise(np.concatenate(encoder.encode_rows(rows)))
