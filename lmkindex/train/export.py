"""A model in training -> an encoder folder: float16 safetensors, tokenizer, `landmark.json`. Knows no data and no
loss."""

from __future__ import annotations

import copy
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..encoder.folder import SETTINGS_FILE, settings_text
from ..errors import EncoderError
from ..records import JsonObject
from ..storage import publish_folder
from ..user_text import read_user_text
from .model import Trainee

if TYPE_CHECKING:
    import torch

WEIGHT_SUFFIXES = (".safetensors", ".bin")


def export_encoder(trainee: Trainee, target: Path, *, average: float, training: JsonObject, anchor: Path | None = None) -> Path:
    """Write the encoder folder `target` (replaced whole). `average` < 1 mixes the trained weights with those in the
    file `anchor`, or with the start folder's if there is no anchor (weight averaging of a fine-tuned model with its
    starting point: Wortsman et al. 2022, arXiv 2109.01903)."""
    start = trainee.folder.path
    staging = target.with_name(f"{target.name}.{os.getpid()}.tmp")
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir(parents=True)
    for entry in sorted(start.iterdir()):
        if entry.suffix not in WEIGHT_SUFFIXES and not entry.name.endswith(".index.json"):
            shutil.copyfile(entry, staging / entry.name)
    weights = plain_weights(trainee)
    anchor = anchor or start / "model.safetensors"
    save_weights(weights if average == 1 else averaged(weights, anchor, average), staging / "model.safetensors")
    write_config(staging / "config.json")
    settings = json.loads(read_user_text(start / SETTINGS_FILE)) | {"training": training}
    (staging / SETTINGS_FILE).write_text(settings_text(settings), encoding="utf-8")
    return publish_folder(staging, target)


def save_weights(weights: Mapping[str, torch.Tensor], target: Path) -> None:
    """Write the weights as float16 safetensors, completely or not at all. Raises `EncoderError` on a full disk."""
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    staging = target.with_name(f"{target.name}.tmp")
    try:
        save_file({name: value.half().contiguous() for name, value in weights.items()}, staging, {"format": "pt"})
    except SafetensorError as error:
        raise EncoderError(f"{target} cannot be written ({error}): free disk space and run the same command again.") from error
    mask = os.umask(0)
    os.umask(mask)
    staging.chmod(0o666 & ~mask)  # safetensors makes files readable by the owner only; the folder's own permissions should decide
    staging.replace(target)


def plain_weights(trainee: Trainee) -> dict[str, torch.Tensor]:
    """The model's weights on the CPU under the names of its architecture; with LoRA, adapters are added to a copy of
    what they adapt."""
    if hasattr(trainee.model, "peft_config"):
        return merged_weights(trainee.model)
    return {name: value.detach().float().cpu() for name, value in trainee.model.state_dict().items() if value.is_floating_point()}


def merged_weights(model: Any) -> dict[str, torch.Tensor]:
    """What peft's `merge_and_unload` would leave, in float16. It works layer by layer, so that there is never a second
    model in fp32, and on copies: adding an adapter to bf16 weights and subtracting it again would change them."""
    from peft.tuners.tuners_utils import BaseTunerLayer

    plain = model.get_base_model()
    adapted = {name: module for name, module in plain.named_modules() if isinstance(module, BaseTunerLayer)}
    inside = tuple(f"{name}." for name in adapted)
    values = {name: value for name, value in plain.state_dict().items() if value.is_floating_point() and not name.startswith(inside)}
    weights = {name: value.detach().half().cpu() for name, value in values.items()}
    for name, module in adapted.items():
        merged = copy.deepcopy(module).float()
        merged.merge()
        owner = name.removesuffix(".token_adapter")  # the adapter of the landmark's row of the embedding table
        weights |= {f"{owner}.{key}": value.detach().half().cpu() for key, value in merged.get_base_layer().state_dict().items()}
    return weights


def averaged(weights: Mapping[str, torch.Tensor], anchor: Path, share: float) -> dict[str, torch.Tensor]:
    """`share` of the trained weights, the rest from the anchor. Raises `EncoderError` when the anchor lacks a
    weight."""
    import torch
    from safetensors.torch import load_file

    given = load_file(anchor) if anchor.is_file() else {}
    missing = sorted(set(weights) - set(given))
    if missing:
        raise EncoderError(f"{anchor} lacks {', '.join(missing[:3])}: a base in several files cannot be averaged; set average = 1.")
    return {name: torch.lerp(given[name].float(), value.float(), share).to(value.dtype) for name, value in weights.items()}


def write_config(path: Path) -> None:
    """Record that the weights are now float16."""
    config = json.loads(path.read_text(encoding="utf-8"))
    config["dtype"] = "float16"
    config.pop("torch_dtype", None)
    path.write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
