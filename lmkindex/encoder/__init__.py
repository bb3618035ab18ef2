"""Rows of token ids -> one vector per sentence. The public interface of the package.

`protocol` is the interface of an encoder. `batches` and `pace` plan the forwards, `transformer` runs them. `rows` says
what an encoder adds to a window (`windows.py` makes the row) and encodes questions. `folder` and `fingerprint` read and
check encoder folders. `cache` keeps vectors on disk. `fake` is an encoder without weights.
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
