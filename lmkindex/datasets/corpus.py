"""Texts -> one tokenized, split corpus on the global character axis.

Sentences are split as in a build, tokens are those of the encoder. Knows nothing about questions or model weights.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np

from ..encoder import Encoder
from ..records import Int32Array, Int64Array
from ..sentences import split_sentences
from .records import Corpus

TOKENIZE_SENTENCES = 4096  # at a time: the tokenizer's own objects are far larger than the arrays


def make_corpus(texts: Sequence[str], encoder: Encoder) -> Corpus:
    """Split and tokenize `texts`. `prepare_s` counts only what a build would do too; locating the tokens' characters is
    needed only here and is not counted."""
    started = time.perf_counter()
    split = [split_sentences(text) for text in texts]
    document_starts = np.cumsum([0, *map(len, texts)], dtype=np.int64)
    document_sentences = np.cumsum([0, *map(len, split)], dtype=np.int64)
    sentence_texts = [
        text[start:end]
        for text, sentences in zip(texts, split, strict=True)
        for start, end in zip(sentences.starts_S.tolist(), sentences.ends_S.tolist(), strict=True)
    ]
    ids_T, sentence_tokens = tokenize_all(encoder, sentence_texts)
    prepare_s = time.perf_counter() - started
    offsets_D = document_starts[:-1]
    sentence_starts_S = concatenate([sentences.starts_S + offset for sentences, offset in zip(split, offsets_D, strict=True)])
    places_T2 = locate_all(encoder, sentence_texts) + np.repeat(sentence_starts_S, np.diff(sentence_tokens))[:, None]
    return Corpus(
        texts=tuple(texts),
        document_starts=document_starts,
        document_sentences=document_sentences,
        sentence_starts_S=sentence_starts_S,
        sentence_ends_S=concatenate([sentences.ends_S + offset for sentences, offset in zip(split, offsets_D, strict=True)]),
        ends_paragraph_S=np.concatenate([np.zeros(0, dtype=np.bool_), *(sentences.ends_paragraph_S for sentences in split)]),
        sentence_tokens=sentence_tokens,
        token_ids_T=ids_T,
        token_starts_T=np.ascontiguousarray(places_T2[:, 0]),
        token_ends_T=np.ascontiguousarray(places_T2[:, 1]),
        prepare_s=prepare_s,
    )


def concatenate(arrays: Sequence[Int64Array]) -> Int64Array:
    return np.concatenate([np.zeros(0, dtype=np.int64), *arrays])


def tokenize_all(encoder: Encoder, texts: Sequence[str]) -> tuple[Int32Array, Int64Array]:
    """Ids of all texts, concatenated, and the offsets of each text (len(texts) + 1)."""
    parts, counts = [np.zeros(0, dtype=np.int32)], [np.zeros(1, dtype=np.int64)]
    for first in range(0, len(texts), TOKENIZE_SENTENCES):
        ids_T, offsets = encoder.tokenize(texts[first : first + TOKENIZE_SENTENCES])
        parts.append(ids_T)
        counts.append(np.diff(offsets))
    return np.concatenate(parts), np.cumsum(np.concatenate(counts))


def locate_all(encoder: Encoder, texts: Sequence[str]) -> Int64Array:
    """Start and end character of each token in its own text [T, 2]."""
    parts = [encoder.locate_tokens(texts[first : first + TOKENIZE_SENTENCES]) for first in range(0, len(texts), TOKENIZE_SENTENCES)]
    return np.concatenate([np.zeros((0, 2), dtype=np.int64), *parts])
