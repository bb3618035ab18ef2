"""Pieces of a corpus -> vectors: chunks alone, or late, in a row that shows their surroundings.

Encodes through a `VectorCache`. Shapes: N pooled ranges, P pieces, D dimensions.
"""

from __future__ import annotations

import json
from itertools import pairwise

import numpy as np

from ..datasets import Corpus
from ..encoder import Encoder, make_row, window_options
from ..encoder.cache import Embedded, VectorCache, join_parts, to_float16
from ..records import EncoderFolder, Float16Array
from ..token_records import Row, TokenizedSentences, Window
from .pieces import document_token_ranges, tokens_touched
from .records import Pieces

LONGEST_ROW_TOKENS = 512


def longest_row(folder: EncoderFolder) -> int:
    """The most tokens that a row may have: the model's positions, but no more than chunks need."""
    try:
        config = json.loads((folder.path / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return LONGEST_ROW_TOKENS
    return min(int(config.get("max_position_embeddings") or LONGEST_ROW_TOKENS), LONGEST_ROW_TOKENS)


def embed_pieces(cache: VectorCache, encoder: Encoder, corpus: Corpus, pieces: Pieces) -> Embedded:
    """Each piece encoded alone and pooled like a sentence; a piece longer than a row is the mean of its parts."""
    firsts_P, lasts_P = tokens_touched(corpus, pieces.starts_P, pieces.ends_P)
    firsts_P = np.minimum(firsts_P, corpus.num_tokens - 1)
    lasts_P = np.maximum(lasts_P, firsts_P + 1)  # a piece whose characters the tokenizer drops is read as the token after it
    options = window_options(encoder, longest_row(encoder.folder), 0)
    limit = options.window_tokens - options.num_special - options.num_landmark
    cuts_P = []
    for first, last in zip(firsts_P.tolist(), lasts_P.tolist(), strict=True):
        num_parts = max(1, -(-(last - first) // limit))
        cuts_P.append([first + (last - first) * part // num_parts for part in range(num_parts + 1)])
    segments = [segment for cuts in cuts_P for segment in pairwise(cuts)]
    vectors_ND, seconds = cache.encode(encoder, [range_row(encoder, corpus, segment) for segment in segments])
    return Embedded(vectors_ND=to_float16(join_parts(encoder, vectors_ND, cuts_P)), seconds=seconds)


def range_row(encoder: Encoder, corpus: Corpus, segment: tuple[int, int]) -> Row:
    """One range of tokens as a row."""
    tokens = TokenizedSentences(ids_T=corpus.token_ids_T, offsets=np.zeros(1, dtype=np.int64), ends_paragraph_S=np.zeros(0, dtype=np.bool_))
    return make_row(encoder, tokens, Window(segments=(segment,), num_context=0, core_pos=0, num_core=1, num_tokens=0, key=""))


def embed_late_chunks(cache: VectorCache, encoder: Encoder, corpus: Corpus, pieces: Pieces) -> Embedded:
    """Late chunking (Günther et al. 2024, arXiv 2409.04701): the mean of a chunk's token states in a row that shows its
    surroundings.

    A row is as long as the model allows; the chunk is in its middle, as far as its document allows. Plain means,
    without landmarks.
    """
    plain = mean_pooled(encoder)
    limit = longest_row(plain.folder) - len(plain.prefix_ids) - len(plain.suffix_ids)
    firsts_P, lasts_P = tokens_touched(corpus, pieces.starts_P, pieces.ends_P)
    rows = []
    for (document_first, document_end), (piece_first, piece_end) in zip(
        document_token_ranges(corpus), pairwise(pieces.document_pieces.tolist()), strict=True
    ):
        for first, last in zip(firsts_P[piece_first:piece_end].tolist(), lasts_P[piece_first:piece_end].tolist(), strict=True):
            end = min(last, first + limit)  # a chunk longer than a row is cut to fit
            row_first = max(document_first, min(first - (limit - (end - first)) // 2, document_end - limit))
            rows.append(late_row(plain, corpus, (row_first, min(row_first + limit, document_end)), (first, end)))
    vectors_ND, seconds = cache.encode(plain, rows)
    return Embedded(vectors_ND=to_float16(vectors_ND), seconds=seconds)


def late_row(encoder: Encoder, corpus: Corpus, shown: tuple[int, int], pooled: tuple[int, int]) -> Row:
    """Tokens `shown` as a row; the states of `pooled` are averaged."""
    ids = [np.asarray(encoder.prefix_ids), corpus.token_ids_T[shown[0] : shown[1]], np.asarray(encoder.suffix_ids)]
    start = len(encoder.prefix_ids) + pooled[0] - shown[0]
    return Row(ids_T=np.concatenate(ids).astype(np.int32), starts=(start,), ends=(start + pooled[1] - pooled[0],))


def mean_pooled(encoder: Encoder) -> Encoder:
    """The same weights, pooled by plain means, without landmarks."""
    from ..encoder import TransformerEncoder

    if encoder.folder.pooling == "sentence_mean" or not isinstance(encoder, TransformerEncoder):
        return encoder
    return encoder.pooled_as("sentence_mean")


def vectors_bytes(vectors_ND: Float16Array) -> int:
    """Size of the vectors in an index."""
    return int(vectors_ND.size * vectors_ND.itemsize)
