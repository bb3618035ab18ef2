"""Rows of token ids -> one vector a sentence. The face of the package.

`protocol` is the seam; `rows` puts windows into the form that a forward takes; `batches` and `pace` plan the forwards, `transformer` runs
them; `folder` reads and checks encoder folders, `fingerprint` tells one from another; `fake` is an encoder without weights.
"""

from __future__ import annotations

from ..windows import combine_pieces, make_row, normalise
from .fake import FakeEncoder
from .folder import find_encoder, read_folder
from .protocol import Encoder
from .rows import encode_questions, window_options
from .transformer import TransformerEncoder, load_encoder

__all__ = [
    "Encoder", "FakeEncoder", "TransformerEncoder", "combine_pieces", "encode_questions", "find_encoder", "load_encoder", "make_row",
    "normalise", "read_folder", "window_options",
]  # fmt: skip
