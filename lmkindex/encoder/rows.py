"""What an encoder adds to windows, and how questions become rows.

Takes texts and an encoder; knows no files, tables or tensors. `windows.py` turns windows into rows. Shapes: Q
questions, D dimensions.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..config import WindowOptions
from ..records import Float32Array
from ..token_records import TokenizedSentences, Window
from ..windows import make_row, normalise
from .protocol import Encoder


def window_options(encoder: Encoder, window_tokens: int, context_tokens: int) -> WindowOptions:
    """Window sizes together with what this encoder adds to a row and to a sentence."""
    return WindowOptions(
        window_tokens=window_tokens,
        context_tokens=context_tokens,
        num_special=len(encoder.prefix_ids) + len(encoder.suffix_ids),
        num_landmark=int(encoder.folder.has_landmarks),
    )


def encode_questions(encoder: Encoder, questions: Sequence[str]) -> Float32Array:
    """Normalised question vectors [Q, D]: each is pooled like a sentence (design.md, "Landmarks"), cut to one
    window."""
    ids_T, offsets = encoder.tokenize([encoder.folder.query_prefix + question for question in questions])
    limit = encoder.folder.window_tokens - len(encoder.prefix_ids) - len(encoder.suffix_ids) - 1
    tokens = TokenizedSentences(ids_T=ids_T, offsets=offsets, ends_paragraph_S=np.ones(len(questions), dtype=np.bool_))
    rows = []
    for start, end in zip(offsets[:-1].tolist(), offsets[1:].tolist(), strict=True):
        segment = (start, min(end, start + limit))
        window = Window(segments=(segment,), num_context=0, core_pos=0, num_core=1, num_tokens=segment[1] - start, key="")
        rows.append(make_row(encoder, tokens, window))
    return normalise(np.concatenate(encoder.encode_rows(rows)))
