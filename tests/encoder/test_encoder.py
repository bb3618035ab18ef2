"""Encoders: vectors do not depend on the batch, a causal landmark sees nothing after it, and pooling is what
encoder-folders.md, "landmark.json", says."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import tiny
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lmkindex.config import EncodeOptions
from lmkindex.encoder import (
    Encoder,
    FakeEncoder,
    TransformerEncoder,
    combine_pieces,
    encode_questions,
    find_encoder,
    load_encoder,
    make_row,
    normalise,
    read_folder,
    window_options,
)
from lmkindex.encoder.folder import POOLINGS, fingerprint_of
from lmkindex.errors import EncoderError
from lmkindex.records import Float32Array
from lmkindex.token_records import Row, TokenizedSentences, Window
from lmkindex.windows import make_windows

# Absolute difference of the components of normalised vectors, dimension 32. Padding to another shape makes the kernels
# sum in another order: that is the last bits of fp32, and of the eight bits of bf16. (0 was measured here, with oneDNN
# of torch 2.13.)
TOLERANCE = {"float32": 2e-6, "bfloat16": 0.01}
FP32 = EncodeOptions(dtype="float32", threads=1)
SENTENCES = st.lists(st.lists(st.sampled_from(tiny.WORDS), min_size=1, max_size=9).map(" ".join), min_size=1, max_size=5)


@pytest.fixture(scope="module")
def encoder_of(bert_folder: Callable[[str], Path], llama_folder: Path) -> Callable[[str, str], TransformerEncoder]:
    """A function from a name (a pooling of the tiny BERT, or `llama`) and a dtype to an encoder that is loaded once."""
    loaded: dict[tuple[str, str], TransformerEncoder] = {}

    def encoder(name: str, dtype: str = "float32") -> TransformerEncoder:
        if (name, dtype) not in loaded:
            path = llama_folder if name == "llama" else bert_folder(name)
            loaded[name, dtype] = load_encoder(read_folder(path), EncodeOptions(dtype=dtype, threads=2))
        return loaded[name, dtype]

    return encoder


EncoderOf = Callable[[str, str], TransformerEncoder]
ENCODERS = (*POOLINGS, "llama")


def tokens_of(encoder: Encoder, sentences: list[str]) -> TokenizedSentences:
    ids_T, offsets = encoder.tokenize(sentences)
    return TokenizedSentences(ids_T=ids_T, offsets=offsets, ends_paragraph_S=np.zeros(len(sentences), dtype=np.bool_))


def rows_of(encoder: Encoder, sentences: list[str]) -> list[Row]:
    """The rows of a document."""
    tokens = tokens_of(encoder, sentences)
    options = window_options(encoder, encoder.folder.window_tokens, encoder.folder.context_tokens)
    return [make_row(encoder, tokens, window) for window in make_windows(tokens, options, "")]


def landmarks_of(encoder: Encoder, sentences: list[str]) -> Float32Array:
    """Normalised landmarks of sentences in one window without context [N, D]."""
    tokens = tokens_of(encoder, sentences)
    segments = tuple(pairwise(tokens.offsets.tolist()))
    window = Window(segments=segments, num_context=0, core_pos=0, num_core=len(segments), num_tokens=0, key="")
    return normalise(encoder.encode_rows([make_row(encoder, tokens, window)])[0])


def document(seed: int, num_sentences: int) -> list[str]:
    return [sentence.strip() + "." for sentence in tiny.prose(seed, num_sentences).split(".") if sentence.strip()]


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("name", ENCODERS)
def test_vectors_do_not_depend_on_the_batch(encoder_of: EncoderOf, name: str, dtype: str) -> None:
    """The same rows alone, all together, in reverse and among longer rows, in batches of many shapes."""
    encoder = encoder_of(name, dtype)
    rows = rows_of(encoder, document(0, 60)) + rows_of(encoder, ["A lamp.", "The well is dry."]) + rows_of(encoder, ["salt"])
    alone = [normalise(encoder.encode_rows([row])[0]) for row in rows]
    together = [normalise(vectors) for vectors in encoder.encode_rows(rows)]
    reverse = [normalise(vectors) for vectors in encoder.encode_rows(rows[::-1])][::-1]
    for one, other, third in zip(alone, together, reverse, strict=True):
        np.testing.assert_allclose(other, one, atol=TOLERANCE[dtype], rtol=0)
        np.testing.assert_allclose(third, one, atol=TOLERANCE[dtype], rtol=0)
    differences = np.linalg.norm(np.concatenate(alone)[1:] - np.concatenate(alone)[:-1], axis=1)
    assert differences.max() > 0.1  # otherwise the comparison above would mean nothing


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=SENTENCES, after=SENTENCES)
def test_a_causal_landmark_does_not_see_what_follows(encoder_of: EncoderOf, before: list[str], after: list[str]) -> None:
    encoder = encoder_of("llama", "float32")
    alone = landmarks_of(encoder, before)
    followed = landmarks_of(encoder, before + after)
    np.testing.assert_allclose(followed[: len(before)], alone, atol=TOLERANCE["float32"], rtol=0)


def test_a_bidirectional_landmark_sees_what_follows_and_a_causal_one_what_precedes(encoder_of: EncoderOf) -> None:
    sentences = ["The valve is shut.", "The keeper left.", "Bees swarm in May."]
    bert, llama = encoder_of("lmk", "float32"), encoder_of("llama", "float32")
    assert np.abs(landmarks_of(bert, sentences)[0] - landmarks_of(bert, sentences[:1])[0]).max() > 1e-3
    assert np.abs(landmarks_of(llama, sentences)[2] - landmarks_of(llama, sentences[2:])[0]).max() > 1e-3


@pytest.mark.parametrize("name", ENCODERS)
def test_pooling_equals_a_plain_reference(encoder_of: EncoderOf, name: str) -> None:
    """Context and core written out by hand: [CLS] sentence [LMK] sentence [LMK] ... [SEP], no batch, no padding."""
    import torch

    encoder = encoder_of(name, "float32")
    pooling = encoder.folder.pooling
    sentences = document(3, 30)
    tokens = tokens_of(encoder, sentences)
    options = window_options(encoder, 64, 16)
    windows = list(make_windows(tokens, options, ""))
    assert len(windows) > 3 and any(window.num_context for window in windows)
    found = encoder.encode_rows([make_row(encoder, tokens, window) for window in windows])
    for window, vectors_ND in zip(windows, found, strict=True):
        ids = [tiny.CLS_ID]
        places = []
        for pos in range(window.core_pos - window.num_context, window.core_pos + window.num_core):
            start = len(ids)
            ids += encoder.tokenize([sentences[pos]])[0].tolist()
            places.append((start, len(ids)))
            ids += [tiny.LMK_ID] if pooling != "sentence_mean" else []
        ids += [tiny.SEP_ID] if name != "llama" else []
        with torch.no_grad():
            hidden_TD = encoder.model(input_ids=torch.tensor([ids])).last_hidden_state[0]
        for (start, end), vector_D in zip(places[window.num_context :], vectors_ND, strict=True):
            landmark_D, mean_D = hidden_TD[min(end, len(ids) - 1)], hidden_TD[start:end].mean(dim=0)
            expected_D = {"lmk": landmark_D, "sentence_mean": mean_D, "lmk_mean": landmark_D + mean_D}[pooling]
            np.testing.assert_allclose(vector_D, expected_D.numpy(), atol=2e-5, rtol=0)


def test_pieces_of_a_long_sentence_are_combined(encoder_of: EncoderOf) -> None:
    """Weighted by tokens, and for `lmk` the state at the sentence's end."""
    parts = [np.full((1, tiny.DIM), value, dtype=np.float32) for value in (1.0, 4.0)]
    for name, expected in (("lmk", 4.0), ("sentence_mean", 2.0), ("lmk_mean", 2.0)):
        combined = combine_pieces(encoder_of(name, "float32"), parts, [20, 10])
        assert combined.shape == (1, tiny.DIM)
        np.testing.assert_allclose(combined, expected, rtol=1e-6)


@pytest.mark.parametrize("name", ENCODERS)
def test_a_question_is_pooled_as_a_sentence(encoder_of: EncoderOf, name: str) -> None:
    encoder = encoder_of(name, "float32")
    questions = ["who keeps the lamp", "is the valve shut"]
    expected = [landmarks_of(encoder, [question])[0] for question in questions]
    np.testing.assert_allclose(encode_questions(encoder, questions), expected, atol=TOLERANCE["float32"], rtol=0)


def test_a_question_takes_the_prefix_and_is_cut_to_a_window(encoder_of: EncoderOf) -> None:
    encoder = encoder_of("lmk", "float32")
    prefixed = FakeEncoder()
    prefixed.folder = dataclasses.replace(prefixed.folder, query_prefix="query: ")
    np.testing.assert_array_equal(encode_questions(prefixed, ["lamp"]), encode_questions(FakeEncoder(), ["query: lamp"]))
    long_question = " ".join(tiny.WORDS * 20)
    vectors_QD = encode_questions(encoder, [long_question, "lamp"])
    np.testing.assert_allclose(np.linalg.norm(vectors_QD, axis=1), 1.0, atol=1e-5)
    assert np.isfinite(vectors_QD).all()


@pytest.mark.parametrize("name", ENCODERS)
def test_text_without_tokens_still_has_a_vector(encoder_of: EncoderOf, name: str) -> None:
    """The tokenizer drops zero-width characters: the sentence is there all the same, and the others keep their
    places."""
    encoder = encoder_of(name, "float32")
    ids_T, offsets = encoder.tokenize(["\u200b\u200b", "lamp", "\x00"])
    assert (np.diff(offsets) >= 1).all() and len(ids_T) == offsets[-1]
    assert landmarks_of(encoder, ["The lamp.", "\u200b", "The mill."]).shape == (3, tiny.DIM)
    assert np.isfinite(encode_questions(encoder, ["\u200b"])).all()


@pytest.mark.parametrize("name", ENCODERS)
def test_a_document_cannot_forge_special_tokens(encoder_of: EncoderOf, name: str) -> None:
    ids_T, _ = encoder_of(name, "float32").tokenize(["The [LMK] and the [SEP] and the [CLS] tokens."])
    assert not {tiny.LMK_ID, tiny.SEP_ID, tiny.CLS_ID} & set(ids_T.tolist())


def test_nothing_to_encode(encoder_of: EncoderOf) -> None:
    for encoder in (encoder_of("lmk", "float32"), FakeEncoder()):
        ids_T, offsets = encoder.tokenize([])
        assert (len(ids_T), offsets.tolist(), encoder.encode_rows([])) == (0, [0], [])


@pytest.mark.parametrize("value", [0.0, np.nan, np.inf])
def test_vectors_that_cannot_be_found_are_refused(value: float) -> None:
    vectors = np.ones((3, 4), dtype=np.float32)
    np.testing.assert_allclose(normalise(vectors), 0.5)
    vectors[1] = value
    with pytest.raises(EncoderError, match="zero or not finite"):
        normalise(vectors)


def test_a_landmark_that_the_tokenizer_does_not_know(tmp_path: Path, bert_folder: Callable[[str], Path]) -> None:
    for settings_changed in ({"lmk_token": "[NONE]"}, {"lmk_id": tiny.SEP_ID}):
        path = Path(shutil.copytree(bert_folder("lmk"), tmp_path / "encoder", dirs_exist_ok=True))
        fields = json.loads((bert_folder("lmk") / "landmark.json").read_text("utf-8")) | settings_changed
        (path / "landmark.json").write_text(json.dumps(fields), "utf-8")
        with pytest.raises(EncoderError, match=r"does not map .* correct landmark\.json"):
            load_encoder(read_folder(path), FP32)


def test_a_folder_without_weights_is_refused(tmp_path: Path, bert_folder: Callable[[str], Path]) -> None:
    path = Path(shutil.copytree(bert_folder("lmk"), tmp_path / "encoder"))
    (path / "model.safetensors").unlink()
    with pytest.raises(EncoderError, match="transformers cannot load the encoder"):
        encode_questions(load_encoder(read_folder(path), FP32), ["lamp"])


def test_the_fake_encoder_needs_no_weights_and_no_luck() -> None:
    first, second = FakeEncoder(), FakeEncoder()
    rows = rows_of(first, document(0, 40))
    for one, other in zip(first.encode_rows(rows), second.encode_rows(rows), strict=True):
        np.testing.assert_array_equal(one, other)
    assert first.folder.fingerprint == second.folder.fingerprint != FakeEncoder(dim=16).folder.fingerprint
    lamp, same_words, other = encode_questions(first, ["The lamp, lit!", "the LAMP, lit!", "bees in May"])
    np.testing.assert_allclose(lamp, same_words, atol=1e-6)
    assert lamp @ other < 0.9


@pytest.fixture(scope="module")
def default_encoder() -> TransformerEncoder:
    return load_encoder(find_encoder(None), EncodeOptions())


@pytest.mark.real
def test_the_default_model_knows_a_paraphrase(default_encoder: TransformerEncoder) -> None:
    question_D, paraphrase_D, unrelated_D = encode_questions(
        default_encoder,
        ["Who looks after the lighthouse?", "The keeper of the light tends its lamp.", "Honey bees swarm early in a warm May."],
    )
    assert question_D.shape == (384,)
    assert question_D @ paraphrase_D > question_D @ unrelated_D + 0.2
    assert default_encoder.folder.fingerprint == fingerprint_of(default_encoder.folder.path)


@pytest.mark.real
def test_the_default_model_does_not_depend_on_the_batch(default_encoder: TransformerEncoder) -> None:
    """bf16 where the CPU has it: cosines of 0.999 and more (0.99997 was measured), so ranks of real hits stay."""
    text = (tiny.CORPUS_PATH / "saltmere" / "council-minutes.txt").read_text("utf-8")
    rows = rows_of(default_encoder, [line for line in text.split("\n") if line.strip()][:60])
    together = np.concatenate([normalise(vectors) for vectors in default_encoder.encode_rows(rows)])
    alone = np.concatenate([normalise(default_encoder.encode_rows([row])[0]) for row in rows])
    assert (together * alone).sum(axis=1).min() > 0.999


@pytest.fixture(scope="module")
def smollm2_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """SmolLM2-135M as an encoder: a special token that its training left unused in prose is the landmark."""
    from lmkindex.generate.smollm2 import default_model_folder

    source_path = default_model_folder(verbose=False)
    path = tmp_path_factory.mktemp("smollm2") / "SmolLM2-135M"
    path.mkdir()
    for entry in source_path.iterdir():
        (path / entry.name).symlink_to(entry)
    vocabulary = {token["content"]: token["id"] for token in json.loads((path / "tokenizer.json").read_text("utf-8"))["added_tokens"]}
    fields = {"format": 1, "lmk_token": "<repo_name>", "lmk_id": vocabulary["<repo_name>"], "pooling": "lmk", "window_tokens": 512}
    fields |= {"context_tokens": 128, "dim": 576, "base": "HuggingFaceTB/SmolLM2-135M-Instruct", "base_license": "Apache-2.0"}
    (path / "landmark.json").write_text(json.dumps(fields), "utf-8")
    return path


@pytest.mark.slow
@pytest.mark.real
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_smollm2_is_a_causal_encoder(smollm2_folder: Path, dtype: str) -> None:
    encoder = load_encoder(read_folder(smollm2_folder), EncodeOptions(dtype=dtype))
    sentences = ["The tide mill was built in 1742.", "Its wheel was replaced twice.", "The miller drowned in the great storm of 1859."]
    alone, followed = landmarks_of(encoder, sentences[:2]), landmarks_of(encoder, sentences)
    assert followed.shape == (3, 576)
    # Cosines. 1.0000 was measured for both, but bf16 through 30 layers, padded to another shape, cannot guarantee it.
    assert (alone * followed[:2]).sum(axis=1).min() > {"float32": 0.99999, "bfloat16": 0.995}[dtype]
    changed = landmarks_of(encoder, ["Bees swarm in May.", *sentences[1:]])
    assert float(changed[1] @ followed[1]) < (alone * followed[:2]).sum(axis=1).min()  # the preceding text does have an effect
