"""A base -> a start folder -> a trainable model in memory, full weights or LoRA, and its forward.

The start folder is an encoder folder like any other: the base's weights, its tokenizer with the landmark token, and a
`landmark.json` that describes the encoder to be trained. Shapes: B rows, L padded tokens, N landmarks, D dimensions.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..config import require
from ..encoder import read_folder
from ..encoder.folder import BASE_NAME, SETTINGS_FILE, base_folder
from ..encoder.transformer import pick_device, pick_dtype, pool
from ..errors import EncoderError, UsageError
from ..records import EncoderFolder, JsonObject
from ..runtime import hide_broken_vision
from ..storage import publish_folder
from ..token_records import Row
from ..user_text import read_user_text
from .recipe import LoraRecipe, Recipe

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True, kw_only=True)
class Trainee:
    """A model in training: `folder` describes the encoder that it becomes."""

    folder: EncoderFolder
    model: Any  # the transformer without a head, inside peft's wrapper with LoRA
    device: str
    is_bf16: bool

    @property
    def trainable(self) -> list[tuple[str, torch.nn.Parameter]]:
        """Names and parameters that learn, in the model's order."""
        return [(name, parameter) for name, parameter in self.model.named_parameters() if parameter.requires_grad]


def prepare_start(recipe: Recipe, run_path: Path) -> EncoderFolder:
    """`RUN/start`, made once. Raises `UsageError` for a base that is missing or that transformers cannot load."""
    target = run_path / "start"
    if not (target / SETTINGS_FILE).is_file():
        base = base_folder() if recipe.base == BASE_NAME else Path(recipe.base)
        if not (base / "config.json").is_file():
            raise UsageError(f"The base {recipe.base} is not a model folder: it has no config.json. Name {BASE_NAME} or a model folder.")
        staging = run_path / "start.tmp"
        shutil.rmtree(staging, ignore_errors=True)
        staging.mkdir(parents=True)
        lmk_id, config = copy_base(base, staging, recipe)
        settings = json.dumps(start_settings(recipe, base, lmk_id, config), indent=2) + "\n"
        (staging / SETTINGS_FILE).write_text(settings, encoding="utf-8")
        publish_folder(staging, target)
    return read_folder(target)


def copy_base(base: Path, target: Path, recipe: Recipe) -> tuple[int, Any]:
    """Save the base's model and tokenizer in `target`, with a row of the embedding table for the landmark. Returns the
    landmark's id and the model's config.

    If the tokenizer already knows the token (BERT's `[unused0]`, a reserved token), it is used as it is; otherwise it
    is added. The table may have a spare row for it (Qwen's has a few hundred); that row is untrained, so it is
    initialised like any new row.
    """
    hide_broken_vision()
    import torch
    import transformers
    from transformers import AutoModel, AutoTokenizer

    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    try:
        tokenizer = AutoTokenizer.from_pretrained(base, local_files_only=True)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)  # weights that the base lacks (an unused pooler) are the same in every run
            model = AutoModel.from_pretrained(base, dtype="auto", local_files_only=True)
    except (OSError, ValueError) as error:
        raise EncoderError(f"transformers cannot load the base {base}: {error}") from error
    known = tokenizer.get_vocab()
    require(not recipe.lmk_init or recipe.lmk_init in known, f"The base's tokenizer has no token {recipe.lmk_init!r}: correct lmk_init.")
    if recipe.lmk_token not in known:
        tokenizer.add_special_tokens({"additional_special_tokens": [recipe.lmk_token]})
    lmk_id = int(tokenizer.get_vocab()[recipe.lmk_token])
    table = model.get_input_embeddings().weight.detach()
    is_new = recipe.lmk_token not in known or lmk_id >= len(table)
    if lmk_id >= len(table):
        model.resize_token_embeddings(lmk_id + 1, mean_resizing=False)
    if recipe.lmk_init or is_new:
        row_D = table[known[recipe.lmk_init]] if recipe.lmk_init else table.float().mean(dim=0)
        with torch.no_grad():
            model.get_input_embeddings().weight[lmk_id] = row_D.to(table.dtype)
    model.save_pretrained(target)
    tokenizer.save_pretrained(target)
    return lmk_id, model.config


def start_settings(recipe: Recipe, base: Path, lmk_id: int, config: Any) -> JsonObject:
    """The `landmark.json` of the start folder. Names and licences in the base's own `landmark.json` are kept."""
    given = json.loads(read_user_text(base / SETTINGS_FILE)) if (base / SETTINGS_FILE).is_file() else {}
    limit = getattr(config, "max_position_embeddings", None) or recipe.window_tokens
    if recipe.window_tokens > limit:
        raise UsageError(f"The base has {limit} positions: window_tokens must be at most that, not {recipe.window_tokens}.")
    return {
        "format": 1,
        "name": recipe.name,
        "lmk_token": recipe.lmk_token,
        "lmk_id": lmk_id,
        "pooling": recipe.pooling,
        "window_tokens": recipe.window_tokens,
        "context_tokens": recipe.context_tokens,
        "query_prefix": recipe.query_prefix,
        "dim": int(config.hidden_size),
        "base": given.get("base") or recipe.base,
        "base_license": recipe.base_license or given.get("base_license", ""),
        "training": {},
        "min_similarity": recipe.min_similarity,
    }


def load_trainee(folder: EncoderFolder, lora: LoraRecipe | None, device: str, seed: int = 0) -> Trainee:
    """The start folder's model: trainable fp32 weights or, with LoRA, frozen bf16 weights and trainable adapters. The
    adapters start at random, the same for the same `seed`."""
    import torch
    import transformers
    from transformers import AutoModel

    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    device = pick_device(device)
    is_bf16 = pick_dtype("auto", device) == torch.bfloat16
    # In one thread, the fused attention's backward is slower on a CPU than plain attention at these lengths
    # (docs/log.md).
    attention = "eager" if device == "cpu" else "sdpa"
    dtype = torch.bfloat16 if lora is not None and is_bf16 else torch.float32
    model = AutoModel.from_pretrained(folder.path, dtype=dtype, attn_implementation=attention, local_files_only=True)
    model.config.use_cache = False
    if lora is not None:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            model = with_adapters(model, lora, folder.lmk_id if folder.has_landmarks else None)
    # No dropout (eval mode): the gradient cache runs a forward twice and must see the same states.
    model = model.eval().to(device)
    if lora is not None and lora.gradient_checkpointing:
        checkpoint_layers(model)
    return Trainee(folder=folder, model=model, device=device, is_bf16=is_bf16)


def with_adapters(model: Any, lora: LoraRecipe, lmk_id: int | None) -> Any:
    """The model in peft's wrapper: adapters on its linear layers, and a trainable landmark row in the embedding
    table."""
    try:
        from peft import LoraConfig, get_peft_model
    except ImportError as error:
        raise UsageError("LoRA needs peft: `pip install peft`.") from error
    config = LoraConfig(
        r=lora.rank,
        lora_alpha=lora.scale,
        lora_dropout=0.0,
        target_modules=list(lora.targets) or "all-linear",
        trainable_token_indices=None if lmk_id is None else [lmk_id],
    )
    return get_peft_model(model, config)


def checkpoint_layers(model: Any) -> None:
    """Keep only each layer's input for the backward pass, and run the layer again there: less memory, a third more
    work, the same gradients.

    transformers does this only in training mode, so the layers are marked as training, but the modules inside them are
    not: no dropout.
    """
    from transformers.modeling_layers import GradientCheckpointingLayer

    model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    for module in model.modules():
        if isinstance(module, GradientCheckpointingLayer):
            module.training = True


def forward(trainee: Trainee, rows: Sequence[Row], num_columns: int) -> torch.Tensor:
    """Pooled vectors of the rows' landmarks, in order, not normalised [N, D] in float32; with a graph unless gradients
    are off."""
    import torch

    ids_BL = np.zeros((len(rows), num_columns), dtype=np.int64)
    mask_BL = np.zeros((len(rows), num_columns), dtype=np.int64)
    for place, row in enumerate(rows):
        ids_BL[place, : len(row.ids_T)] = row.ids_T
        mask_BL[place, : len(row.ids_T)] = 1
    # No cache of casts: the threads that run forward in parallel would share it.
    kind = torch.device(trainee.device).type
    with torch.autocast(kind, dtype=torch.bfloat16, enabled=trainee.is_bf16, cache_enabled=False):
        hidden_BLD = trainee.model(
            input_ids=torch.from_numpy(ids_BL).to(trainee.device), attention_mask=torch.from_numpy(mask_BL).to(trainee.device)
        ).last_hidden_state
    return pool(hidden_BLD, rows, trainee.folder.pooling)
