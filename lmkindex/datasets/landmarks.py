"""A corpus -> one vector per sentence, each encoded in its window, as in a build. Encodes through a `VectorCache`."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from ..encoder import Encoder, make_row, window_options
from ..encoder.cache import Embedded, VectorCache, join_parts, to_float16
from ..token_records import Row, TokenizedSentences
from ..windows import make_windows
from .records import Corpus


def embed_landmarks(cache: VectorCache, encoder: Encoder, corpus: Corpus, window_tokens: int = 0, context_tokens: int = -1) -> Embedded:
    """Encode every sentence in its window, as a build does (design.md, "Windows"); 0 and -1 mean the encoder's own
    sizes."""
    folder = encoder.folder
    sizes = (window_tokens or folder.window_tokens, folder.context_tokens if context_tokens < 0 else context_tokens)
    options = window_options(encoder, *sizes)
    rows: list[Row] = []
    parts_S: list[list[int]] = []  # the token counts of each sentence's parts: one part, unless the sentence is longer than a window
    for first, end in pairwise(corpus.document_sentences.tolist()):
        tokens = document_tokens(corpus, first, end)
        for window in make_windows(tokens, options, folder.fingerprint):
            rows.append(make_row(encoder, tokens, window))
            if window.piece:
                parts_S[-1].append(window.segments[0][1] - window.segments[0][0])
            else:
                parts_S.extend([segment[1] - segment[0]] for segment in window.segments[window.num_context :])
    vectors_ND, seconds = cache.encode(encoder, rows)
    cuts_S = [[0, *np.cumsum(parts).tolist()] for parts in parts_S]
    return Embedded(vectors_ND=to_float16(join_parts(encoder, vectors_ND, cuts_S)), seconds=seconds)


def document_tokens(corpus: Corpus, first: int, end: int) -> TokenizedSentences:
    """Sentences `[first, end)`, in the form that a build passes to `make_windows`."""
    token_first, token_end = int(corpus.sentence_tokens[first]), int(corpus.sentence_tokens[end])
    return TokenizedSentences(
        ids_T=corpus.token_ids_T[token_first:token_end],
        offsets=corpus.sentence_tokens[first : end + 1] - token_first,
        ends_paragraph_S=corpus.ends_paragraph_S[first:end],
    )
