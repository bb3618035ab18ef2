"""Vectors of pieces, sentences in their windows and late chunks, kept on disk by content; and BM25 by the book."""

from __future__ import annotations

import dataclasses
import json
import math
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny

from lmkindex.build import build_index
from lmkindex.config import BuildOptions, EncodeOptions
from lmkindex.datasets import Corpus, embed_landmarks, make_corpus
from lmkindex.encoder import Encoder, FakeEncoder, TransformerEncoder, encode_questions, load_encoder, normalise, read_folder
from lmkindex.encoder import cache as cache_module
from lmkindex.encoder.cache import VectorCache, slab_key, slabs
from lmkindex.encoder.folder import POOLINGS
from lmkindex.errors import UsageError
from lmkindex.evaluate import lexical
from lmkindex.evaluate.embed import embed_late_chunks, embed_pieces, longest_row, mean_pooled, vectors_bytes
from lmkindex.evaluate.lexical import K1, B, Postings
from lmkindex.evaluate.pieces import recursive_chunks, sentence_pieces, token_chunks, tokens_touched, word_chunks
from lmkindex.evaluate.records import Pieces
from lmkindex.records import Float16Array, Float32Array
from lmkindex.token_records import Row

UNBROKEN = " ".join("abcdefgh"[place % 8] for place in range(700)) + "."  # with more tokens than a row
NAMES = ("fake", *POOLINGS)


class SpyEncoder(FakeEncoder):
    """Keeps the rows of each call, and can be stopped at one of them."""

    def __init__(self, *, stop_at: int = 0) -> None:
        super().__init__()
        self.calls: list[list[Row]] = []
        self.stop_at = stop_at

    def encode_rows(self, rows: Sequence[Row]) -> list[Float32Array]:
        if len(self.calls) + 1 == self.stop_at:
            raise KeyboardInterrupt
        self.calls.append(list(rows))
        return super().encode_rows(rows)


EncoderOf = Callable[[str], Encoder]


@pytest.fixture(scope="module")
def encoder_of(bert_folder: Callable[[str], Path]) -> EncoderOf:
    """A function from `fake` or a pooling of the tiny BERT to an encoder that is loaded once."""
    loaded: dict[str, Encoder] = {"fake": FakeEncoder()}

    def encoder(name: str) -> Encoder:
        if name not in loaded:
            loaded[name] = load_encoder(read_folder(bert_folder(name)), EncodeOptions(dtype="float32", threads=1))
        return loaded[name]

    return encoder


@pytest.fixture
def cache(tmp_path: Path) -> VectorCache:
    return VectorCache(tmp_path / "vectors")


def assert_same_vectors(found_ND: Float16Array, expected_ND: Float32Array | Float16Array) -> None:
    """Equal but for two roundings to float16, of the encoder's output and of the normalised vector."""
    assert found_ND.dtype == np.float16 and found_ND.shape == expected_ND.shape
    found, expected = found_ND.astype(np.float32), expected_ND.astype(np.float32)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=2e-3)
    np.testing.assert_allclose(found, expected, atol=1e-2, rtol=0)
    assert (found * expected).sum(axis=1).min(initial=1) > 0.999


def texts_of(corpus: Corpus, pieces: Pieces) -> list[str]:
    return [corpus.text_of(start, end) for start, end in zip(pieces.starts_P.tolist(), pieces.ends_P.tolist(), strict=True)]


def documents_of(seed: int) -> list[str]:
    """Documents with several windows, one with a single sentence, one empty, one with a sentence longer than a row."""
    return [tiny.prose(seed, 25), "The lamp is lit.", " \n", f"The {UNBROKEN} It rained. " + tiny.prose(seed + 1, 6)]


# ---- pieces


def encode_ranges(encoder: Encoder, corpus: Corpus, ranges: Sequence[tuple[int, int]]) -> Float32Array:
    """Ranges of tokens, each a row of its own with the encoder's special tokens and landmark, written out; not
    normalised [N, D]."""
    landmark = [encoder.folder.lmk_id] if encoder.folder.has_landmarks else []
    before = list(encoder.prefix_ids)
    rows = []
    for start, end in ranges:
        ids = [*before, *corpus.token_ids_T[start:end].tolist(), *landmark, *encoder.suffix_ids]
        rows.append(Row(ids_T=np.asarray(ids, dtype=np.int32), starts=(len(before),), ends=(len(before) + end - start,)))
    return np.concatenate(encoder.encode_rows(rows))


@pytest.mark.parametrize("name", NAMES)
def test_a_sentence_is_encoded_as_a_question_is(encoder_of: EncoderOf, cache: VectorCache, name: str) -> None:
    encoder = encoder_of(name)
    corpus = make_corpus([tiny.prose(0, 12), "", "The lamp is lit."], encoder)
    assert np.diff(corpus.sentence_tokens).max() < 60  # a question is cut to a window
    embedded = embed_pieces(cache, encoder, corpus, sentence_pieces(corpus))
    assert_same_vectors(embedded.vectors_ND, encode_questions(encoder, texts_of(corpus, sentence_pieces(corpus))))
    assert embedded.seconds > 0
    assert not np.allclose(embedded.vectors_ND[0], embedded.vectors_ND[1], atol=0.05)  # or the comparison would say nothing


@pytest.mark.parametrize("name", NAMES)
def test_a_chunk_is_encoded_by_itself(encoder_of: EncoderOf, cache: VectorCache, name: str) -> None:
    """Its own tokens, also where it begins inside a word."""
    encoder = encoder_of(name)
    corpus = make_corpus([tiny.prose(0, 12), "", "The lamp is lit."], encoder)
    pieces = token_chunks(corpus, 20, 5)
    firsts_P, lasts_P = tokens_touched(corpus, pieces.starts_P, pieces.ends_P)
    expected_ND = encode_ranges(encoder, corpus, list(zip(firsts_P.tolist(), lasts_P.tolist(), strict=True)))
    assert_same_vectors(embed_pieces(cache, encoder, corpus, pieces).vectors_ND, normalise(expected_ND))


@pytest.mark.parametrize("name", NAMES)
def test_a_piece_longer_than_a_row_is_the_mean_of_its_parts(encoder_of: EncoderOf, cache: VectorCache, name: str) -> None:
    """Parts of nearly equal length, weighted by their tokens; of `lmk` the landmark after the last."""
    encoder = encoder_of(name)
    corpus = make_corpus([tiny.prose(0, 3), " ".join(["bees", *tiny.WORDS] * 12), "A lamp."], encoder)
    documents = Pieces(starts_P=corpus.document_starts[:-1], ends_P=corpus.document_starts[1:], document_pieces=np.arange(4))
    first, end = corpus.sentence_tokens[corpus.document_sentences[1:3]].tolist()
    limit = 512 - len(encoder.prefix_ids) - len(encoder.suffix_ids) - int(encoder.folder.has_landmarks)
    num_parts = math.ceil((end - first) / limit)
    assert num_parts > 1 and longest_row(encoder.folder) == 512
    cuts = [first + (end - first) * part // num_parts for part in range(num_parts + 1)]
    parts_ND = encode_ranges(encoder, corpus, list(pairwise(cuts)))
    long_D = parts_ND[-1] if name == "lmk" else np.average(parts_ND, axis=0, weights=np.diff(cuts)).astype(np.float32)
    others_ND = encode_ranges(encoder, corpus, [(0, first), (end, corpus.num_tokens)])
    expected_PD = normalise(np.stack([others_ND[0], long_D, others_ND[1]]))
    assert_same_vectors(embed_pieces(cache, encoder, corpus, documents).vectors_ND, expected_PD)


def test_pieces_without_a_token_of_their_own_have_a_vector(cache: VectorCache) -> None:
    """A tokenizer may drop characters and split one into several tokens: every piece is encoded anyway."""
    encoder = tiny.ByteEncoder()
    corpus = make_corpus(["ab😀", "日本語 ok"], encoder)
    for pieces in (token_chunks(corpus, 4), token_chunks(corpus, 2), token_chunks(corpus, 4, 1)):
        vectors_PD = embed_pieces(cache, encoder, corpus, pieces).vectors_ND
        assert vectors_PD.shape == (len(pieces), 32) and np.isfinite(vectors_PD).all()


@pytest.mark.parametrize("name", ["sentence_mean", "lmk_mean"])
def test_pieces_of_dropped_characters_have_a_vector(encoder_of: EncoderOf, cache: VectorCache, name: str) -> None:
    """A word of zero-width spaces in a sentence: BERT's tokenizer drops it, so the piece has no token to average."""
    encoder = encoder_of(name)
    corpus = make_corpus(["The lamp \u200b\u200b is lit and the keeper left."], encoder)
    for pieces in (word_chunks(corpus, 1), recursive_chunks(corpus, 4)):
        assert "\u200b\u200b" in texts_of(corpus, pieces)
        vectors_PD = embed_pieces(cache, encoder, corpus, pieces).vectors_ND
        assert vectors_PD.shape == (len(pieces), tiny.DIM) and np.isfinite(vectors_PD).all()


def test_no_pieces_have_no_vectors(cache: VectorCache) -> None:
    encoder = SpyEncoder()
    corpus = make_corpus(["", " \n"], encoder)
    for embedded in (
        embed_pieces(cache, encoder, corpus, sentence_pieces(corpus)),
        embed_landmarks(cache, encoder, corpus),
        embed_late_chunks(cache, encoder, corpus, token_chunks(corpus, 8)),
    ):
        assert embedded.vectors_ND.dtype == np.float16
        assert (embedded.vectors_ND.shape, embedded.seconds) == ((0, 32), 0.0)
    assert encoder.calls == []


def test_the_size_of_vectors_is_that_of_an_index(cache: VectorCache) -> None:
    corpus = make_corpus([tiny.prose(0, 7)], FakeEncoder())
    assert vectors_bytes(embed_landmarks(cache, FakeEncoder(), corpus).vectors_ND) == 7 * 32 * 2


# ---- landmarks


@pytest.mark.parametrize("name", NAMES)
def test_landmarks_are_those_of_an_index(encoder_of: EncoderOf, cache: VectorCache, tmp_path: Path, name: str) -> None:
    """A real build of the same documents: several windows with context, and sentences longer than a window."""
    encoder = encoder_of(name)
    documents = documents_of(5)
    for number, text in enumerate(documents):
        (tmp_path / "corpus").mkdir(exist_ok=True)
        (tmp_path / "corpus" / f"{number}.txt").write_text(text, "utf-8")
    build_index(str(tmp_path / "index"), [tmp_path / "corpus"], BuildOptions(), encoder=encoder)
    rows = tiny.all_landmarks(tmp_path / "index")  # sorted by path and place
    corpus = make_corpus(documents, encoder)
    embedded = embed_landmarks(cache, encoder, corpus)
    assert [text for *_, text, _ in rows] == texts_of(corpus, sentence_pieces(corpus))
    longest = int(np.diff(corpus.sentence_tokens).max())
    assert longest > 510 and len(rows) > 30
    stored_ND = np.stack([np.frombuffer(vector, dtype=np.float16) for *_, vector in rows]).reshape(len(rows), -1)
    assert_same_vectors(embedded.vectors_ND, stored_ND)
    alone_ND = embed_pieces(cache, encoder, corpus, sentence_pieces(corpus)).vectors_ND.astype(np.float32)
    cosines_N = (alone_ND * embedded.vectors_ND.astype(np.float32)).sum(axis=1)
    if name != "fake":  # it ignores context
        assert (cosines_N < 0.99).sum() > 12  # or the comparison would say nothing about windows


def test_sizes_of_windows_can_be_given(cache: VectorCache) -> None:
    encoder = SpyEncoder()
    corpus = make_corpus([tiny.prose(0, 60)], encoder)
    own = embed_landmarks(cache, encoder, corpus)
    assert len(encoder.calls[0]) > 10 and max(len(row.ids_T) for row in encoder.calls[0]) <= 64
    same = embed_landmarks(cache, encoder, corpus, 64, 16)
    np.testing.assert_array_equal(own.vectors_ND, same.vectors_ND)
    assert len(encoder.calls) == 1  # and from the cache
    embed_landmarks(cache, encoder, corpus, 40, 0)
    assert max(len(row.ids_T) for row in encoder.calls[1]) <= 40
    assert sum(len(row.ids_T) - 2 for row in encoder.calls[1]) == corpus.num_tokens  # no context: each token once
    assert sum(len(row.ids_T) - 2 for row in encoder.calls[0]) > corpus.num_tokens


# ---- late chunks


@pytest.mark.parametrize("chunk_tokens", [1, 64, 256, 510])
def test_a_late_chunk_stands_in_the_middle_of_its_row(cache: VectorCache, chunk_tokens: int) -> None:
    """A row is a stretch of the document, 510 tokens or all there are, the chunk in its middle as far as the document's
    ends allow."""
    encoder = SpyEncoder()
    corpus = make_corpus([tiny.prose(0, 120), "The lamp is lit.", "", tiny.prose(1, 30)], encoder)
    pieces = token_chunks(corpus, chunk_tokens)
    if chunk_tokens == 1:
        keep = np.arange(0, len(pieces), 37)
        bounds = np.searchsorted(keep, pieces.document_pieces)
        pieces = Pieces(starts_P=pieces.starts_P[keep], ends_P=pieces.ends_P[keep], document_pieces=bounds)
    embedded = embed_late_chunks(cache, encoder, corpus, pieces)
    rows = [row for call in encoder.calls for row in call]
    firsts_P, lasts_P = tokens_touched(corpus, pieces.starts_P, pieces.ends_P)
    documents_P = np.repeat(np.arange(4), np.diff(pieces.document_pieces))
    token_bounds = corpus.sentence_tokens[corpus.document_sentences].tolist()
    pooled = list(pooled_ranges(rows))
    assert len(pooled) == len(pieces) == len(embedded.vectors_ND)
    for (row, start, end), first, last, document in zip(pooled, firsts_P.tolist(), lasts_P.tolist(), documents_P.tolist(), strict=True):
        document_first, document_end = token_bounds[document], token_bounds[document + 1]
        shown_first, shown_end = first - (start - 1), first - (start - 1) + len(row.ids_T) - 2
        assert end - start == last - first
        assert document_first <= shown_first and shown_end <= document_end
        assert shown_end - shown_first == min(510, document_end - document_first)
        assert row.ids_T.tolist() == [1, *corpus.token_ids_T[shown_first:shown_end].tolist(), 2]
        left, right = first - shown_first, shown_end - last
        if shown_first > document_first and shown_end < document_end:
            assert abs(left - right) <= 1
        elif shown_first > document_first:
            assert left >= right
        elif shown_end < document_end:
            assert left <= right
    # The fake's vectors show the chunk alone, so the order of the results can be told.
    expected_ND = encode_ranges(FakeEncoder(), corpus, list(zip(firsts_P.tolist(), lasts_P.tolist(), strict=True)))
    assert_same_vectors(embedded.vectors_ND, normalise(expected_ND))


def pooled_ranges(rows: Sequence[Row]) -> list[tuple[Row, int, int]]:
    """Every pooled range of the rows, in order."""
    return [(row, start, end) for row in rows for start, end in zip(row.starts, row.ends, strict=True)]


@pytest.mark.parametrize("pooling", POOLINGS)
def test_a_late_chunk_is_the_mean_of_its_states(encoder_of: EncoderOf, cache: VectorCache, pooling: str) -> None:
    """Without landmarks whatever the encoder's pooling; written out by hand for a document that one row holds."""
    import torch

    encoder = encoder_of(pooling)
    assert isinstance(encoder, TransformerEncoder)
    corpus = make_corpus(["The lamp is lit.", tiny.prose(7, 20)], encoder)
    pieces = token_chunks(corpus, 32)
    embedded = embed_late_chunks(cache, encoder, corpus, pieces)
    first_token = int(corpus.sentence_tokens[1])
    ids = [tiny.CLS_ID, *corpus.token_ids_T[first_token:].tolist(), tiny.SEP_ID]
    assert 100 < len(ids) <= 512
    with torch.no_grad():
        hidden_TD = encoder.model(input_ids=torch.tensor([ids])).last_hidden_state[0].numpy()
    expected_PD = np.stack([hidden_TD[start : min(start + 32, len(ids) - 1)].mean(axis=0) for start in range(1, len(ids) - 1, 32)])
    assert_same_vectors(embedded.vectors_ND[1:], expected_PD / np.linalg.norm(expected_PD, axis=1, keepdims=True))
    if pooling == "sentence_mean":
        assert_same_vectors(embedded.vectors_ND[:1], encode_questions(encoder, ["The lamp is lit."]))
    plain = mean_pooled(encoder)
    assert plain.folder.pooling == "sentence_mean" and not plain.folder.has_landmarks
    assert (plain is encoder) == (pooling == "sentence_mean") and encoder.folder.pooling == pooling


def test_a_late_chunk_longer_than_a_row_is_pooled_inside_it(cache: VectorCache) -> None:
    """Whatever happens to text that does not fit, no state outside the row may count as the chunk's."""
    encoder = SpyEncoder()
    corpus = make_corpus([tiny.prose(0, 120)], encoder)
    vectors_ND = embed_late_chunks(cache, encoder, corpus, token_chunks(corpus, 600)).vectors_ND
    assert len(vectors_ND) == len(token_chunks(corpus, 600)) and np.isfinite(vectors_ND).all()
    for row, start, end in pooled_ranges([row for call in encoder.calls for row in call]):
        assert 1 <= start < end <= len(row.ids_T) - 1


# ---- the cache


def vectors_by_all_ways(cache: VectorCache, encoder: Encoder) -> list[Float16Array]:
    corpus = make_corpus(documents_of(9), encoder)
    return [
        embed_pieces(cache, encoder, corpus, sentence_pieces(corpus)).vectors_ND,
        embed_landmarks(cache, encoder, corpus).vectors_ND,
        embed_late_chunks(cache, encoder, corpus, token_chunks(corpus, 64)).vectors_ND,
    ]


def test_what_was_encoded_once_is_read_again(tmp_path: Path) -> None:
    """Exactly the same vectors and seconds, by another process or another object, and no call of the encoder."""
    first, second = SpyEncoder(), SpyEncoder()
    before = vectors_by_all_ways(VectorCache(tmp_path / "a" / "vectors"), first)
    assert len(first.calls) == 3 == len(list((tmp_path / "a" / "vectors").iterdir()))
    after = vectors_by_all_ways(VectorCache(tmp_path / "a" / "vectors"), second)
    assert second.calls == []
    for one, other in zip(before, after, strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_seconds_of_a_stored_slab_are_those_of_its_making(cache: VectorCache) -> None:
    corpus = make_corpus([tiny.prose(0, 10)], FakeEncoder())
    made = embed_landmarks(cache, tiny.SlowFakeEncoder(0.05), corpus).seconds
    assert 0.05 <= made < 5
    assert embed_landmarks(cache, SpyEncoder(), corpus).seconds == made


@pytest.mark.parametrize("damage", ["empty", "cut", "flipped", "text", "pickle", "other arrays"])
def test_a_damaged_file_is_made_again(cache: VectorCache, damage: str) -> None:
    encoder = SpyEncoder()
    before = vectors_by_all_ways(cache, encoder)
    (path, *_) = sorted(cache.folder.iterdir(), key=lambda path: path.stat().st_size)
    data = path.read_bytes()
    if damage == "other arrays":
        np.savez(path, states=np.zeros(3))
    elif damage == "pickle":
        np.save(path.with_suffix(".npy"), np.asarray([{}], dtype=object), allow_pickle=True)
        path.with_suffix(".npy").replace(path)
    else:
        flipped = data[:200] + bytes([data[200] ^ 0xFF]) + data[201:]
        path.write_bytes({"empty": b"", "cut": data[: len(data) // 2], "flipped": flipped, "text": b"no archive"}[damage])
    after = vectors_by_all_ways(cache, encoder)
    assert len(encoder.calls) == 4  # one slab of three is encoded again
    for one, other in zip(before, after, strict=True):
        assert_same_vectors(other, one)
    vectors_by_all_ways(cache, encoder)
    assert len(encoder.calls) == 4


def test_another_encoder_never_meets_old_vectors(cache: VectorCache) -> None:
    corpus = make_corpus([tiny.prose(0, 30)], FakeEncoder())
    changes: list[dict[str, Any]] = [{}, {"fingerprint": "0" * 32}, {"pooling": "lmk"}, {"pooling": "lmk_mean"}]
    for num_files, change in enumerate(changes, start=1):
        encoder = SpyEncoder()
        encoder.folder = dataclasses.replace(encoder.folder, **change)
        embed_pieces(cache, encoder, corpus, sentence_pieces(corpus))
        assert len(encoder.calls) == 1 and len(list(cache.folder.iterdir())) == num_files


def test_what_a_key_depends_on(encoder_of: EncoderOf, bert_folder: Callable[[str], Path]) -> None:
    """Ids, pooled ranges, how ids are divided into rows, weights, pooling and number format; not the object nor its
    name."""
    row = Row(ids_T=np.asarray([1, 5, 6, 2], dtype=np.int32), starts=(1,), ends=(3,))
    halves = [dataclasses.replace(row, ids_T=ids, starts=(0,), ends=(1,)) for ids in (row.ids_T[:2], row.ids_T[2:])]
    fake, bert = FakeEncoder(), encoder_of("sentence_mean")
    bf16 = load_encoder(read_folder(bert_folder("sentence_mean")), EncodeOptions(dtype="bfloat16", threads=1))
    keys = [
        slab_key(fake, [row]),
        slab_key(fake, [row, row]),
        slab_key(fake, halves),
        slab_key(fake, [dataclasses.replace(row, ids_T=row.ids_T + 1)]),
        slab_key(fake, [dataclasses.replace(row, starts=(2,))]),
        slab_key(fake, [dataclasses.replace(row, ends=(2,))]),
        slab_key(fake, [dataclasses.replace(row, starts=(1, 2), ends=(2, 3))]),
        slab_key(FakeEncoder(dim=16), [row]),
        slab_key(bert, [row]),
        slab_key(encoder_of("lmk"), [row]),
        slab_key(mean_pooled(encoder_of("lmk")), [row]),
        slab_key(bf16, [row]),
    ]
    assert len(set(keys)) == len(keys)
    assert slab_key(FakeEncoder(window_tokens=128), [row]) == keys[0]
    assert mean_pooled(encoder_of("lmk")).folder.fingerprint == encoder_of("lmk").folder.fingerprint


def test_slabs_hold_all_rows_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache_module, "SLAB_TOKENS", 10)
    rows = [Row(ids_T=np.zeros(size, dtype=np.int32), starts=(0,), ends=(size,)) for size in (4, 4, 4, 20, 1, 9, 3)]
    assert [[len(row.ids_T) for row in slab] for slab in slabs(rows)] == [[4, 4, 4], [20], [1, 9], [3]]
    assert list(slabs([])) == []


def test_a_run_that_was_killed_goes_on(cache: VectorCache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Finished slabs are kept, nothing else is; the next run encodes only the rest, and the vectors are those of one
    run."""
    monkeypatch.setattr(cache_module, "SLAB_TOKENS", 100)
    corpus = make_corpus([tiny.prose(3, 60)], FakeEncoder())
    whole = SpyEncoder()
    expected = embed_landmarks(VectorCache(tmp_path / "whole"), whole, corpus)
    num_slabs = len(whole.calls)
    assert num_slabs >= 6
    stopped = SpyEncoder(stop_at=4)
    with pytest.raises(KeyboardInterrupt):
        embed_landmarks(cache, stopped, corpus)
    assert len(stopped.calls) == 3 == len(list(cache.folder.iterdir()))
    rest = SpyEncoder()
    found = embed_landmarks(cache, rest, corpus)
    assert len(rest.calls) == num_slabs - 3
    assert [row.ids_T.tolist() for call in stopped.calls + rest.calls for row in call] == [
        row.ids_T.tolist() for call in whole.calls for row in call
    ]
    assert_same_vectors(found.vectors_ND, expected.vectors_ND)
    monkeypatch.setattr(cache_module, "SLAB_TOKENS", 10**6)
    assert_same_vectors(embed_landmarks(cache, SpyEncoder(), corpus).vectors_ND, expected.vectors_ND)


def test_a_kill_in_the_middle_of_writing(cache: VectorCache, monkeypatch: pytest.MonkeyPatch) -> None:
    """A partial file never has a slab's name."""
    corpus = make_corpus([tiny.prose(3, 10)], FakeEncoder())

    def killed(file: Any, **_arrays: Any) -> None:
        file.write(b"PK\x03\x04 half")
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(np, "savez", killed)
        embed_landmarks(cache, SpyEncoder(), corpus)
    assert list(cache.folder.glob("*.npz")) == []
    encoder = SpyEncoder()
    embed_landmarks(cache, encoder, corpus)
    assert len(encoder.calls) == 1 == len(list(cache.folder.glob("*.npz")))


def test_progress_counts_the_tokens_of_all_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same whether they are encoded or read."""
    monkeypatch.setattr(cache_module, "SLAB_TOKENS", 100)
    encoder = SpyEncoder()
    corpus = make_corpus([tiny.prose(3, 60)], encoder)
    counts: list[int] = []
    cache = VectorCache(tmp_path, counts.append)
    embed_landmarks(cache, encoder, corpus)
    assert counts == [sum(len(row.ids_T) for row in call) for call in encoder.calls] and len(counts) > 3
    embed_landmarks(cache, encoder, corpus)
    assert counts[len(counts) // 2 :] == counts[: len(counts) // 2]


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (None, 512),
        ("no json", 512),
        ("{}", 512),
        ('{"max_position_embeddings": null}', 512),
        ('{"max_position_embeddings": 128}', 128),
        ('{"max_position_embeddings": 8192}', 512),
    ],
)
def test_the_longest_row(tmp_path: Path, config: str | None, expected: int) -> None:
    if config is not None:
        (tmp_path / "config.json").write_text(config, "utf-8")
    assert longest_row(dataclasses.replace(FakeEncoder().folder, path=tmp_path)) == expected


def test_rows_keep_to_the_positions_of_a_model(cache: VectorCache, tmp_path: Path) -> None:
    """Special tokens and landmark included, also where a piece fills its row to the last place."""
    (tmp_path / "config.json").write_text(json.dumps({"max_position_embeddings": 48}), "utf-8")
    for pooling, limit in (("sentence_mean", 46), ("lmk", 45)):
        encoder = SpyEncoder()
        encoder.folder = dataclasses.replace(encoder.folder, path=tmp_path, pooling=pooling)
        corpus = make_corpus([tiny.prose(0, 30), "one " * 300], encoder)
        for size in (limit, limit + 1, 4 * limit):
            embed_pieces(cache, encoder, corpus, token_chunks(corpus, size))
        full, halved, quartered = ([len(row.ids_T) for row in call] for call in encoder.calls)
        assert max(full) == max(quartered) == 48 and max(halved) < 30
    late = SpyEncoder()
    late.folder = dataclasses.replace(late.folder, path=tmp_path)
    embed_late_chunks(cache, late, corpus, token_chunks(corpus, 20))
    assert {len(row.ids_T) for call in late.calls for row in call} == {48}


# ---- words

BOOKS = [
    "Brass lamp, brass valve!",
    "Lamp",
    "Honey tide honey tide honey tide copper",
    "",  # no sentence, so no piece
    "Copper valve near old mill pond",
    "?!",
]
TERMS = [
    ["brass", "lamp", "brass", "valv"],
    ["lamp"],
    ["honey", "tide"] * 3 + ["copper"],
    ["copper", "valv", "near", "old", "mill", "pond"],
    [],
]


def bm25(terms: Sequence[str]) -> list[float]:
    """BM25 as Lucene computes it: `ln(1 + (N - df + 0.5) / (df + 0.5)) * tf / (tf + k1 * (1 - b + b * length / mean
    length))`."""
    mean_length = sum(map(len, TERMS)) / len(TERMS)
    scores = []
    for text in TERMS:
        score = 0.0
        for term in terms:
            num_texts = sum(term in other for other in TERMS)
            frequency = Counter(text)[term]
            rarity = math.log(1 + (len(TERMS) - num_texts + 0.5) / (num_texts + 0.5))
            score += rarity * frequency / (frequency + K1 * (1 - B + B * len(text) / mean_length))
        scores.append(score)
    return scores


@pytest.fixture(scope="module")
def books() -> Postings:
    corpus = make_corpus(BOOKS, FakeEncoder())
    assert len(corpus.sentence_starts_S) == len(TERMS)
    return Postings(corpus, sentence_pieces(corpus))


@pytest.mark.parametrize(
    ("question", "terms"),
    [
        ("lamp", ["lamp"]),
        ("Who has the BRASS valves?", ["brass", "valv"]),  # lower case, stems, stop words
        ("copper tides", ["copper", "tide"]),
        ("honey honey tide", ["honey", "honey", "tide"]),  # a word counts as often as it is asked
        ("old mill zebra", ["old", "mill"]),
        ("zebra", []),
        ("the of and", []),
        ("?", []),
        ("", []),
        (" \n", []),
    ],
)
def test_scores_are_those_of_bm25(books: Postings, question: str, terms: list[str]) -> None:
    found_P = books.scores(question)
    assert found_P.dtype == np.float32 and found_P.shape == (5,)
    np.testing.assert_allclose(found_P, bm25(terms), rtol=1e-5, atol=1e-7)
    assert found_P.any() == bool(terms)
    np.testing.assert_array_equal(found_P, books.scores(question))  # a query changes nothing


def test_terms_of_texts(books: Postings) -> None:
    assert books.split([text for text in BOOKS if text]) == TERMS
    assert books.split(["北京 1742 Harbour-Masters"]) == [["北京", "1742", "harbour", "master"]]


def test_words_of_one_character_are_terms(books: Postings) -> None:
    """LanceDB's full text index finds them: "vitamin C", "Article 7"."""
    assert books.split(["Vitamin C, Article 7"]) == [["vitamin", "c", "articl", "7"]]


def test_the_size_of_postings_grows_with_the_words(books: Postings) -> None:
    corpus = make_corpus([tiny.prose(0, 100)], FakeEncoder())
    postings = Postings(corpus, sentence_pieces(corpus))
    num_postings = sum(len(set(terms)) for terms in postings.split(texts_of(corpus, sentence_pieces(corpus))))
    assert postings.size_bytes >= 4 * num_postings > books.size_bytes > 0
    assert postings.seconds > 0


@pytest.mark.parametrize("texts", [[], [""], [" \n", ""], ["?!"], ["...", "— !"], ["The of and.", "Is it?"]])
def test_a_corpus_without_words(texts: list[str]) -> None:
    corpus = make_corpus(texts, FakeEncoder())
    postings = Postings(corpus, sentence_pieces(corpus))
    assert (postings.num_pieces, postings.size_bytes) == (len(corpus.sentence_starts_S), 0)
    for question in ("lamp", "", "the"):
        assert postings.scores(question).tolist() == [0.0] * postings.num_pieces


def test_without_the_extra_there_is_a_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lexical, "find_spec", lambda name: None)
    corpus = make_corpus(["The lamp."], FakeEncoder())
    with pytest.raises(UsageError, match=r"pip install 'bm25s<0.4' PyStemmer"):
        Postings(corpus, sentence_pieces(corpus))


def test_bm25_leaves_the_process_fit_for_vllm() -> None:
    """vLLM 0.32 cannot start in a process that has imported numba, which bm25s would otherwise do."""
    script = (
        "import sys; from lmkindex.encoder import FakeEncoder; from lmkindex.datasets import make_corpus; "
        "from lmkindex.evaluate.lexical import Postings; from lmkindex.evaluate.pieces import sentence_pieces; "
        "corpus = make_corpus(['The mill stands. The wheel turns.'], FakeEncoder()); "
        "scores = Postings(corpus, sentence_pieces(corpus)).scores('wheel'); assert scores[1] > scores[0] == 0, scores; "
        "assert not [name for name in sys.modules if name.split('.')[0] in ('numba', 'llvmlite')]"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
