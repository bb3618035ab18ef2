"""The recipes for GPUs on tiny models of their architectures: adapters learn, merge into a plain encoder folder, and a
run resumes."""

from __future__ import annotations

import copy
import shutil
import signal
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny
from train_tools import load_tiny, read_curve, small_recipe, write_data

from lmkindex.encoder import encode_questions, read_folder
from lmkindex.encoder.batches import padded_length
from lmkindex.errors import InterruptedBuildError, UsageError
from lmkindex.records import Float32Array
from lmkindex.token_records import Row
from lmkindex.train import DevRecipe, LoraRecipe, Recipe, SetRecipe, TrainOptions, read_recipe, run_training
from lmkindex.train.export import export_encoder, merged_weights
from lmkindex.train.model import Trainee, forward, load_trainee, prepare_start

RECIPES_PATH = tiny.ROOT_PATH / "recipes"
OPTIONS = TrainOptions(device="cpu", threads=1)
TEXTS = ["The keeper checked the lantern.", "Why was the sluice closed in winter?", "Seven hives stood in the orchard."]


def make_qwen3(path: Path) -> Path:
    """A base folder as Qwen3's: no token before a text, and a table with more rows than the tokenizer has tokens."""
    from transformers import Qwen3Config, Qwen3Model

    config = Qwen3Config(**sizes(), head_dim=16, vocab_size=tiny.vocabulary_size() + 8)
    return save_base(path, Qwen3Model(config), [])


def make_mistral(path: Path) -> Path:
    """A base folder as Mistral's: one token before a text, a table without spare rows, and a sliding window."""
    from transformers import MistralConfig, MistralModel

    config = MistralConfig(**sizes(), sliding_window=64, vocab_size=tiny.vocabulary_size())
    return save_base(path, MistralModel(config), [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}])


BASES: dict[str, Callable[[Path], Path]] = {"qwen3-0.6b": make_qwen3, "mistral-7b": make_mistral}


def sizes() -> dict[str, Any]:
    import torch

    torch.manual_seed(0)
    return {
        "hidden_size": tiny.DIM,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "intermediate_size": 2 * tiny.DIM,
        "max_position_embeddings": tiny.NUM_POSITIONS,
        "pad_token_id": tiny.PAD_ID,
        "bos_token_id": tiny.CLS_ID,
        "eos_token_id": tiny.SEP_ID,
        "initializer_range": 0.2,
    }


def save_base(path: Path, model: Any, before: list[dict[str, Any]]) -> Path:
    """A folder that a user would have downloaded: bf16, and no `landmark.json`."""
    import torch

    tokenizer = tiny.tokenizer_json()
    tokenizer["post_processor"] |= {"single": [*before, {"Sequence": {"id": "A", "type_id": 0}}]}
    tiny.save_folder(path, model.to(torch.bfloat16), tokenizer, "lmk", 64, 16)
    (path / "landmark.json").unlink()
    return path


def shrunk(recipe: Recipe, base: Path) -> Recipe:
    """The recipe for a tiny base and tiny sets, with two steps per stage."""
    stages = tuple(
        replace(stage, steps=2, window_tokens=64, batch_tokens=300, passage_tokens=32, mine_documents=3, max_questions=4, sets=())
        for stage in recipe.stages
    )
    sets = {"alpha": SetRecipe(), "beta": SetRecipe(packed=True)}
    return replace(
        recipe, base=str(base), lmk_init="[SEP]", stages=stages, sets=sets, dev=DevRecipe(),
        window_tokens=96, context_tokens=16, micro_batch_tokens=256,
    )  # fmt: skip


def vectors_of(folder: Path) -> Float32Array:
    return encode_questions(load_tiny(folder), TEXTS)


def weights_of(folder: Path) -> dict[str, Any]:
    from transformers import AutoModel

    model, info = AutoModel.from_pretrained(folder, dtype="auto", local_files_only=True, output_loading_info=True)
    assert not info["missing_keys"] and not info["unexpected_keys"] and not info["mismatched_keys"]
    return dict(model.state_dict())


@pytest.mark.parametrize("name", sorted(BASES))
def test_gpu_recipe_trains_a_tiny_model_of_its_architecture(name: str, tmp_path: Path) -> None:
    recipe = read_recipe(RECIPES_PATH / f"{name}.toml")
    assert (recipe.pooling, [stage.kind for stage in recipe.stages]) == ("lmk", ["pairs", "pseudo", "documents"])
    assert recipe.lora is not None and all(stage.window_tokens >= 2048 for stage in recipe.stages)
    small = shrunk(recipe, BASES[name](tmp_path / "base"))
    encoder_path = run_training(small, write_data(tmp_path / "data"), tmp_path / "run", OPTIONS)

    start_path = tmp_path / "run" / "start"
    folder = read_folder(encoder_path)
    assert (folder.lmk_token, folder.pooling, folder.dim, folder.base_license) == ("<LMK>", "lmk", tiny.DIM, "Apache-2.0")
    before, after = weights_of(start_path), weights_of(encoder_path)
    changed = {key for key in before if not before[key].half().equal(after[key])}
    assert {key.rpartition(".")[0].rpartition(".")[2] for key in changed} == {
        "embed_tokens", "q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj",
    }  # fmt: skip
    rows = (before["embed_tokens.weight"].half() != after["embed_tokens.weight"]).any(dim=1).nonzero().flatten().tolist()
    assert rows == [folder.lmk_id] and folder.lmk_id >= tiny.vocabulary_size()
    vectors = vectors_of(encoder_path)
    assert np.isfinite(vectors).all() and np.abs(vectors - vectors_of(start_path)).max() > 1e-3
    kinds = [line["stage"] for line in read_curve(tmp_path / "run" / "curve.jsonl")]
    assert kinds == [0, 0, 1, 1, 2, 2]
    assert (tmp_path / "run" / "mined-1.npz").is_file()


@pytest.mark.parametrize("name", sorted(BASES))
def test_new_landmark_starts_as_another_token_or_as_the_mean_of_all_rows(name: str, tmp_path: Path) -> None:
    base_path = BASES[name](tmp_path / "base")
    recipe = shrunk(read_recipe(RECIPES_PATH / f"{name}.toml"), base_path)
    table = weights_of(base_path)["embed_tokens.weight"]
    named = prepare_start(recipe, tmp_path / "named")
    assert weights_of(named.path)["embed_tokens.weight"][named.lmk_id].equal(table[tiny.SEP_ID])
    folder = prepare_start(replace(recipe, lmk_init=""), tmp_path)
    start = weights_of(folder.path)["embed_tokens.weight"]
    assert start[folder.lmk_id].equal(table.float().mean(dim=0).to(table.dtype))
    others = [row for row in range(len(table)) if row != folder.lmk_id]
    assert start[others].equal(table[others])


def adapted(tmp_path: Path, name: str, lora: LoraRecipe) -> Trainee:
    """A tiny trainee in fp32 with adapters that have learnt something."""
    import torch

    base_path = BASES[name](tmp_path / "base")
    folder = prepare_start(shrunk(read_recipe(RECIPES_PATH / f"{name}.toml"), base_path), tmp_path)
    trainee = load_trainee(folder, lora, "cpu")
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for _, parameter in trainee.trainable:
            parameter.add_(torch.randn(parameter.shape, generator=generator), alpha=0.2)
    trainee.model.float()
    return replace(trainee, is_bf16=False)


def rows_of(trainee: Trainee) -> list[Row]:
    """Two rows of different length, each with two landmarks."""
    lmk_id = trainee.folder.lmk_id
    first = Row(ids_T=np.asarray([7, 8, 9, lmk_id, 10, lmk_id], dtype=np.int32), starts=(0, 4), ends=(3, 5))
    second = Row(ids_T=np.asarray([11, lmk_id, 12, 13, 14, 15, 16, lmk_id], dtype=np.int32), starts=(0, 2), ends=(1, 7))
    return [first, second]


@pytest.mark.parametrize("name", sorted(BASES))
def test_merged_weights_are_those_of_peft_and_give_the_same_vectors(name: str, tmp_path: Path) -> None:
    import torch

    trainee = adapted(tmp_path, name, LoraRecipe(rank=4, scale=8))
    merged = merged_weights(trainee.model)
    whole = copy.deepcopy(trainee.model).merge_and_unload().state_dict()
    assert set(merged) == set(whole) == set(weights_of(tmp_path / "start"))
    assert all(torch.equal(merged[key], whole[key].half()) for key in merged)

    rows = rows_of(trainee)
    with torch.no_grad():
        live = forward(trainee, rows, padded_length(8, 96)).numpy()
    target = export_encoder(trainee, tmp_path / "encoder", average=1.0, training={})
    exported = np.concatenate(load_tiny(target).encode_rows(rows))
    np.testing.assert_allclose(exported, live, rtol=0, atol=2e-2)
    start = np.concatenate(load_tiny(tmp_path / "start").encode_rows(rows))
    assert np.abs(start - live).max() > 0.5


def test_averaged_lora_stands_between_the_start_and_the_trained_weights(tmp_path: Path) -> None:
    trainee = adapted(tmp_path, "qwen3-0.6b", LoraRecipe(rank=4, scale=8))
    target = export_encoder(trainee, tmp_path / "encoder", average=0.25, training={})
    trained, start, mixed = merged_weights(trainee.model), weights_of(tmp_path / "start"), weights_of(target)
    for key, value in mixed.items():
        expected = 0.75 * start[key].float() + 0.25 * trained[key].float()
        np.testing.assert_allclose(value.float().numpy(), expected.numpy(), rtol=2e-3, atol=1e-4)


@pytest.mark.parametrize("name", sorted(BASES))
def test_gradient_checkpointing_runs_layers_twice_and_gives_the_same_gradients(name: str, tmp_path: Path) -> None:
    import torch

    gradients, counts = [], []
    for index, is_on in enumerate((False, True)):
        trainee = adapted(tmp_path / str(index), name, LoraRecipe(rank=4, scale=8, gradient_checkpointing=is_on))
        calls: list[int] = []
        layer = trainee.model.get_base_model().layers[1].self_attn
        layer.register_forward_hook(lambda module, given, result, calls=calls: calls.append(1))
        vectors = forward(trainee, rows_of(trainee), 8)
        parameters = [parameter for _, parameter in trainee.trainable]
        gradients.append(torch.autograd.grad(vectors.square().sum(), parameters))
        counts.append(len(calls))
    assert counts == [1, 2]
    assert all(torch.allclose(plain, checkpointed) for plain, checkpointed in zip(*gradients, strict=True))


def test_adapters_start_the_same_for_the_same_seed(llama_folder: Path) -> None:
    import torch

    state = torch.random.get_rng_state()
    loaded = [dict(load_trainee(read_folder(llama_folder), LoraRecipe(), "cpu", seed).trainable) for seed in (0, 0, 1)]
    assert torch.random.get_rng_state().equal(state)
    first, again, other = loaded
    assert all(value.equal(again[key]) for key, value in first.items())
    assert not all(value.equal(other[key]) for key, value in first.items())


def lora_recipe(base: Path) -> Recipe:
    stages = [{"kind": "pairs", "steps": 3}, {"kind": "documents", "steps": 4}]
    return small_recipe(base, pooling="lmk", stages=stages, lora={"rank": 4, "scale": 8}, checkpoint_minutes=60)


@pytest.fixture(scope="module")
def whole_run(llama_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An uninterrupted LoRA run, with its data next to it."""
    path = tmp_path_factory.mktemp("lora")
    run_training(lora_recipe(llama_folder), write_data(path / "data"), path / "run", OPTIONS)
    return path / "run"


def signal_after(done: Sequence[int], num_steps: int) -> int:
    return signal.SIGTERM if len(done) == num_steps else 0


def test_interrupted_lora_run_equals_an_uninterrupted_one(whole_run: Path, llama_folder: Path, tmp_path: Path) -> None:
    recipe, data_path, cut_path = lora_recipe(llama_folder), whole_run.with_name("data"), tmp_path / "cut"
    done: list[int] = []
    for stop_after in (2, 5):  # in each stage
        with pytest.raises(InterruptedBuildError):
            run_training(
                recipe, data_path, cut_path, OPTIONS,
                stop=partial(signal_after, done, stop_after),
                on_step=lambda stage, progress, line: done.append(line["total_steps"]),
            )  # fmt: skip
        assert done == list(range(1, stop_after + 1)) and not (cut_path / "encoder").exists()
    cut = run_training(recipe, data_path, cut_path, OPTIONS)
    losses = [[line["loss"] for line in read_curve(path / "curve.jsonl")] for path in (whole_run, cut_path)]
    assert losses[0] == losses[1] and len(losses[0]) == 7
    weights, resumed = weights_of(whole_run / "encoder"), weights_of(cut)
    assert all(value.equal(resumed[key]) for key, value in weights.items())
    assert not all(value.half().equal(weights[key]) for key, value in weights_of(whole_run / "start").items())


def test_checkpoint_holds_only_what_learns_and_must_fit(whole_run: Path, llama_folder: Path, tmp_path: Path) -> None:
    import torch

    run_path = tmp_path / "run"
    shutil.copytree(whole_run, run_path, ignore=shutil.ignore_patterns("encoder"))
    state = torch.load(run_path / "checkpoint.pt", weights_only=True)
    assert all(".lora_" in key or key.endswith("trainable_tokens_delta.default") for key in state["weights"])
    state["weights"] = {f"other.{key}": value for key, value in state["weights"].items()}
    torch.save(state, run_path / "checkpoint.pt")
    with pytest.raises(UsageError, match="different weights"):
        run_training(lora_recipe(llama_folder), whole_run.with_name("data"), run_path, OPTIONS)
