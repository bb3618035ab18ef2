"""Gradients of a batch against a plain backward pass, and the folders that training starts from and ends in."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tiny
import torch
from safetensors.torch import load_file
from train_tools import load_tiny, make_set, small_recipe

from lmkindex.encoder import encode_questions, normalise, read_folder
from lmkindex.errors import EncoderError, UsageError
from lmkindex.token_records import Row
from lmkindex.train import SetRecipe, StageRecipe
from lmkindex.train.export import export_encoder, plain_weights, save_weights
from lmkindex.train.loss import accuracy, position_aware_loss
from lmkindex.train.model import Trainee, forward, load_trainee, prepare_start
from lmkindex.train.sampler import Sampler
from lmkindex.train.training_batch import TrainingBatch
from lmkindex.train.training_rows import row_maker
from lmkindex.train.training_sets import TrainingSet, make_training_set
from lmkindex.train.update import compute_update, make_workers

TAU = 0.05
STAGE = StageRecipe(kind="documents", steps=1, tau=TAU)
DISTIL = StageRecipe(kind="distil", steps=1)
POOLINGS = ("lmk", "lmk_mean", "sentence_mean")


def make_trainee(base: Path, run_path: Path, **values: object) -> Trainee:
    """The tiny base, ready to learn in fp32, so that sums can be compared."""
    recipe = small_recipe(base, **values)
    return replace(load_trainee(prepare_start(recipe, run_path), None, "cpu"), is_bf16=False)


def draw_from(trainee: Trainee, *, seed: int = 0, kind: str = "documents") -> tuple[TrainingBatch, TrainingSet]:
    encoder = load_tiny(trainee.folder.path)
    one = make_training_set(make_set("alpha", 1), SetRecipe(), encoder)
    stage = StageRecipe(kind=kind, steps=1, window_tokens=64, batch_tokens=500, passage_tokens=40)
    return Sampler(sets=(one,), stage=stage, maker=row_maker(encoder, 64), mined={}).draw((seed,)), one


def plain_gradients(trainee: Trainee, batch: TrainingBatch) -> tuple[float, float, list[torch.Tensor | None]]:
    """The loss, the accuracy and the gradients from one forward pass per row, and one backward pass."""
    alone = [forward(trainee, [row], len(row.ids_T)) for row in (*batch.rows, *batch.question_rows)]
    unit_VD = torch.nn.functional.normalize(torch.cat(alone), dim=1)
    landmarks_ND, questions_QD = unit_VD[: len(batch.places)], unit_VD[len(batch.places) :]
    labels = torch.from_numpy(batch.weights_QN), torch.from_numpy(batch.is_negative_QN)
    loss = position_aware_loss(questions_QD, landmarks_ND, *labels, TAU)
    parameters = [parameter for _, parameter in trainee.trainable]
    gradients = torch.autograd.grad(loss, parameters, allow_unused=True)
    return float(loss.detach()), accuracy(questions_QD.detach(), landmarks_ND.detach(), *labels), list(gradients)


@pytest.fixture(scope="module")
def plain(
    tmp_path_factory: pytest.TempPathFactory, bert_folder: Callable[[str], Path], llama_folder: Path
) -> dict[str, tuple[Trainee, TrainingBatch, tuple[float, float, list[torch.Tensor | None]]]]:
    """For each architecture: a trainee, a batch, and the result of a plain backward pass."""
    bases = {f"bert {pooling}": (bert_folder("lmk"), pooling) for pooling in POOLINGS} | {"llama lmk_mean": (llama_folder, "lmk_mean")}
    made = {}
    for name, (base, pooling) in bases.items():
        trainee = make_trainee(base, tmp_path_factory.mktemp("run"), pooling=pooling)
        batch, _ = draw_from(trainee)
        made[name] = trainee, batch, plain_gradients(trainee, batch)
    return made


@pytest.mark.parametrize("name", ["bert lmk", "bert lmk_mean", "bert sentence_mean", "llama lmk_mean"])
@pytest.mark.parametrize(
    ("micro_batch_tokens", "gradient_cache", "threads"), [(64, True, 2), (256, True, 1), (256, False, 2), (10**6, False, 1)]
)
def test_gradients_are_those_of_one_plain_backward(
    plain: dict[str, tuple[Trainee, TrainingBatch, tuple[float, float, list[torch.Tensor | None]]]],
    name: str,
    micro_batch_tokens: int,
    gradient_cache: bool,
    threads: int,
) -> None:
    trainee, batch, (loss, share, expected) = plain[name]
    recipe = small_recipe("base", micro_batch_tokens=micro_batch_tokens, gradient_cache=gradient_cache)
    with make_workers("cpu", threads) as workers:
        update = compute_update(trainee, batch, STAGE, recipe, workers)
    assert update.loss == pytest.approx(loss, rel=1e-5)
    assert update.accuracy == pytest.approx(share)
    assert (update.num_questions, update.num_landmarks, update.num_tokens) == (len(batch.asked), len(batch.places), batch.num_tokens)
    assert len(update.gradients) == len(expected) > 10
    largest = max(float(gradient.abs().max()) for gradient in expected if gradient is not None)
    for gradient, plain_gradient in zip(update.gradients, expected, strict=True):
        assert (gradient is None) == (plain_gradient is None)
        if plain_gradient is not None:
            torch.testing.assert_close(gradient, plain_gradient, rtol=1e-3, atol=1e-5 * largest)
    assert all(parameter.grad is None for _, parameter in trainee.trainable)


def test_the_same_workers_give_the_same_bits(plain: dict[str, tuple[Trainee, TrainingBatch, object]]) -> None:
    trainee, batch, _ = plain["bert lmk_mean"]
    recipe = small_recipe("base", micro_batch_tokens=64)
    with make_workers("cpu", 2) as workers:
        first, second = (compute_update(trainee, batch, STAGE, recipe, workers) for _ in range(2))
    assert first.loss == second.loss
    assert all(torch.equal(a, b) for a, b in zip(first.gradients, second.gradients, strict=True) if a is not None)


def test_bf16_gives_nearly_the_same(
    plain: dict[str, tuple[Trainee, TrainingBatch, tuple[float, float, list[torch.Tensor | None]]]],
) -> None:
    trainee, batch, (loss, _, expected) = plain["bert lmk_mean"]
    with make_workers("cpu", 1) as workers:
        update = compute_update(replace(trainee, is_bf16=True), batch, STAGE, small_recipe("base"), workers)
    assert update.loss == pytest.approx(loss, rel=0.05)
    both = [torch.cat([one.flatten() for one in many if one is not None]) for many in (update.gradients, expected)]
    assert float(torch.nn.functional.cosine_similarity(both[0], both[1], dim=0)) > 0.95


def test_distillation_pulls_every_vector_to_its_target(bert_folder: Callable[[str], Path], tmp_path: Path) -> None:
    trainee = make_trainee(bert_folder("lmk"), tmp_path / "run", pooling="lmk_mean")
    batch, _ = draw_from(trainee, kind="distil")
    assert [len(row.starts) for row in batch.teacher_rows] == [len(row.starts) for row in (*batch.rows, *batch.question_rows)]
    targets_VD = normalise(np.concatenate(load_tiny(trainee.folder.path).encode_rows(batch.teacher_rows)))
    taught = replace(batch, targets_VD=targets_VD)
    recipe = small_recipe("base", micro_batch_tokens=128)
    with make_workers("cpu", 1) as workers:
        update = compute_update(trainee, taught, DISTIL, recipe, workers)
    rows = (*batch.rows, *batch.question_rows)
    vectors_VD = torch.cat([forward(trainee, [row], len(row.ids_T)) for row in rows])
    loss = (1 - torch.nn.functional.cosine_similarity(vectors_VD, torch.from_numpy(targets_VD), dim=1)).mean()
    assert update.loss == pytest.approx(float(loss.detach()), rel=1e-4)
    expected = torch.autograd.grad(loss, [parameter for _, parameter in trainee.trainable], allow_unused=True)
    for gradient, plain_gradient in zip(update.gradients, expected, strict=True):
        if plain_gradient is not None:
            torch.testing.assert_close(gradient, plain_gradient, rtol=1e-3, atol=1e-6)


def test_keep_adds_the_distance_to_the_base_to_the_loss(plain: dict[str, tuple[Trainee, TrainingBatch, object]]) -> None:
    trainee, batch, _ = plain["bert lmk_mean"]
    generator = np.random.default_rng(0)
    targets_VD = normalise(generator.standard_normal((len(batch.places) + len(batch.asked), trainee.folder.dim)).astype(np.float32))
    taught = replace(batch, targets_VD=targets_VD)
    recipe = small_recipe("base", micro_batch_tokens=128)
    with make_workers("cpu", 1) as workers:
        alone = compute_update(trainee, batch, STAGE, recipe, workers)
        distance = compute_update(trainee, taught, DISTIL, recipe, workers)
        both = compute_update(trainee, taught, replace(STAGE, keep=2.0), recipe, workers)
    assert alone.drift == 0 and both.drift == pytest.approx(distance.loss, rel=1e-5)
    assert both.loss == pytest.approx(alone.loss + 2 * distance.loss, rel=1e-5)
    for one, other, total in zip(alone.gradients, distance.gradients, both.gradients, strict=True):
        if total is not None:
            torch.testing.assert_close(total, one + 2 * other, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize(("threads", "device", "expected"), [(3, "cpu", 3), (3, "cuda", 1)])
def test_workers_are_one_a_core_on_a_cpu_and_one_elsewhere(threads: int, device: str, expected: int) -> None:
    with make_workers(device, threads) as workers:
        assert isinstance(workers, ThreadPoolExecutor) and workers._max_workers == expected


# The folders


@pytest.mark.parametrize("pooling", POOLINGS)
def test_the_exported_folder_gives_the_vectors_of_the_model_in_training(
    bert_folder: Callable[[str], Path], tmp_path: Path, pooling: str
) -> None:
    trainee = make_trainee(bert_folder("lmk"), tmp_path / "run", pooling=pooling, query_prefix="query: ")
    shake(trainee, 0.05)
    batch, one = draw_from(trainee)
    target = export_encoder(trainee, tmp_path / "made", average=1.0, training={"steps": 7})
    encoder = load_tiny(target)
    vectors_ND = np.concatenate(encoder.encode_rows(batch.rows))
    np.testing.assert_allclose(vectors_ND, in_training(trainee, batch.rows), atol=0.02)
    assert np.abs(vectors_ND - np.concatenate(load_tiny(trainee.folder.path).encode_rows(batch.rows))).max() > 0.1
    asked = [one.questions[asked.question].text for asked in batch.asked]
    questions_QD = in_training(trainee, batch.question_rows)
    if trainee.folder.query_prefix:
        questions_QD /= np.linalg.norm(questions_QD, axis=1, keepdims=True)
        np.testing.assert_allclose(encode_questions(encoder, asked), questions_QD, atol=0.02)
    assert load_file(target / "model.safetensors")["embeddings.word_embeddings.weight"].dtype == torch.float16


def in_training(trainee: Trainee, rows: tuple[Row, ...]) -> np.ndarray:
    with torch.no_grad():
        return np.asarray(torch.cat([forward(trainee, [row], len(row.ids_T)) for row in rows]).numpy())


def shake(trainee: Trainee, size: float) -> None:
    """Change every weight, as training would."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for _, parameter in trainee.trainable:
            parameter.add_(size * torch.randn(parameter.shape, generator=generator))


def test_others_can_read_saved_weights(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        save_weights({"a": torch.ones(3)}, tmp_path / "model.safetensors")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "model.safetensors").stat().st_mode) == 0o640


def test_weights_can_be_averaged_with_others_than_those_of_the_start(bert_folder: Callable[[str], Path], tmp_path: Path) -> None:
    trainee = make_trainee(bert_folder("lmk"), tmp_path / "run")
    anchor = tmp_path / "anchor.safetensors"
    save_weights({name: torch.ones_like(value) for name, value in plain_weights(trainee).items()}, anchor)
    shake(trainee, 0.3)
    saved = load_file(export_encoder(trainee, tmp_path / "made", anchor=anchor, average=0.25, training={}) / "model.safetensors")
    for name, value in trainee.model.named_parameters():
        torch.testing.assert_close(saved[name].float(), 0.75 + 0.25 * value.detach(), rtol=1e-3, atol=1e-3)
    with pytest.raises(EncoderError, match=r"none\.safetensors lacks .* set average = 1"):
        export_encoder(trainee, tmp_path / "made", anchor=tmp_path / "none.safetensors", average=0.25, training={})


def test_an_averaged_folder_has_the_mean_of_the_weights(bert_folder: Callable[[str], Path], tmp_path: Path) -> None:
    trainee = make_trainee(bert_folder("lmk"), tmp_path / "run")
    shake(trainee, 0.3)
    target = export_encoder(trainee, tmp_path / "made", average=0.5, training={})
    saved, base = load_file(target / "model.safetensors"), load_file(trainee.folder.path / "model.safetensors")
    trained = dict(trainee.model.named_parameters())
    assert set(saved) == set(base) == set(trained)
    for name, weights in saved.items():
        torch.testing.assert_close(weights.float(), (base[name] + trained[name].detach()) / 2, rtol=1e-3, atol=1e-3)
    with torch.no_grad():  # nothing of the model in training has changed
        assert all(torch.equal(trained[name], value) for name, value in trainee.model.state_dict().items() if name in trained)


def test_a_new_landmark_token_is_added(llama_folder: Path, tmp_path: Path) -> None:
    trainee = make_trainee(llama_folder, tmp_path / "run", lmk_token="<LMK>")
    folder, num_rows = trainee.folder, tiny.vocabulary_size()
    assert (folder.lmk_token, folder.lmk_id) == ("<LMK>", num_rows)
    table_VD = trainee.model.get_input_embeddings().weight.detach()
    assert len(table_VD) == num_rows + 1
    torch.testing.assert_close(table_VD[num_rows], table_VD[:num_rows].mean(dim=0))
    shake(trainee, 0.05)
    encoder = load_tiny(export_encoder(trainee, tmp_path / "made", average=0.5, training={}))
    assert num_rows not in encoder.tokenize(["A text that writes about <LMK> makes none."])[0]
    batch, _ = draw_from(trainee)
    assert num_rows in batch.rows[0].ids_T
    assert np.isfinite(np.concatenate(encoder.encode_rows(batch.rows))).all()
    assert encode_questions(encoder, ["Who keeps the light?"]).shape == (1, tiny.DIM)


def test_a_token_of_the_tokenizer_is_taken_as_it_is(bert_folder: Callable[[str], Path], tmp_path: Path) -> None:
    base = bert_folder("lmk")
    trainee = make_trainee(base, tmp_path / "run")
    assert trainee.folder.lmk_id == tiny.LMK_ID
    weights = load_file(base / "model.safetensors")
    start = load_file(trainee.folder.path / "model.safetensors")
    assert all(torch.equal(start[name], value) for name, value in weights.items())
    # Weights that the base lacks (here an unused pooler) are made up; they too must be the same every time.
    assert prepare_start(small_recipe(base), tmp_path / "other").fingerprint == trainee.folder.fingerprint


def test_the_settings_of_the_folder_tell_what_was_trained(bert_folder: Callable[[str], Path], tmp_path: Path) -> None:
    trainee = make_trainee(bert_folder("lmk"), tmp_path / "run", name="mine", pooling="lmk", query_prefix="q: ", min_similarity=0.25)
    target = export_encoder(trainee, tmp_path / "made", average=1.0, training={"recipe": "mine", "steps": 3})
    settings = json.loads((target / "landmark.json").read_text("utf-8"))
    assert settings == {
        "format": 1, "name": "mine", "lmk_token": "[LMK]", "lmk_id": tiny.LMK_ID, "pooling": "lmk", "window_tokens": 96,
        "context_tokens": 16, "query_prefix": "q: ", "dim": tiny.DIM, "base": "tiny", "base_license": "Apache-2.0",
        "training": {"recipe": "mine", "steps": 3}, "min_similarity": 0.25,
    }  # fmt: skip
    folder = read_folder(target)
    assert (folder.name, folder.query_prefix, folder.min_similarity) == ("mine", "q: ", 0.25)
    assert folder.fingerprint != trainee.folder.fingerprint
    again = export_encoder(trainee, tmp_path / "made", average=1.0, training={"recipe": "mine", "steps": 3})
    assert read_folder(again).fingerprint == folder.fingerprint  # replaced whole, with the same bytes
    assert sorted(path.name for path in tmp_path.iterdir()) == ["made", "run"]  # nothing is left next to it


def test_the_start_is_made_once(bert_folder: Callable[[str], Path], tmp_path: Path) -> None:
    recipe = small_recipe(bert_folder("lmk"))
    (tmp_path / "start.tmp").mkdir()
    (tmp_path / "start.tmp" / "torn").write_text("of a run that was killed")
    first = prepare_start(recipe, tmp_path)
    assert not (first.path / "torn").exists()
    stamps = {path.name: path.stat().st_mtime_ns for path in first.path.iterdir()}
    assert prepare_start(recipe, tmp_path) == first
    assert {path.name: path.stat().st_mtime_ns for path in first.path.iterdir()} == stamps


def test_a_base_that_cannot_be_used_is_an_error(bert_folder: Callable[[str], Path], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"nowhere is not a model folder.*all-MiniLM-L6-v2"):
        prepare_start(small_recipe("nowhere"), tmp_path)
    with pytest.raises(UsageError, match="window_tokens must be at most that, not 513"):
        prepare_start(small_recipe(bert_folder("lmk"), window_tokens=tiny.NUM_POSITIONS + 1), tmp_path)
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "config.json").write_text("{}")
    with pytest.raises(EncoderError, match="transformers cannot load the base"):
        prepare_start(small_recipe(broken), tmp_path)
    assert not (tmp_path / "start").exists()
