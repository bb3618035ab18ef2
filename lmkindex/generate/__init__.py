"""Prompts -> texts. The public interface of the package.

`protocol` is the interface of a generator. `open` picks the implementation: `vllm` in this process (`smollm2` is its
default model), or a `server` with OpenAI's API. `opener` opens a generator on first use and keeps it. `chat` and
`control_tokens` make prompts safe and readable for a model. `fake` is for tests.
"""

from __future__ import annotations

from .fake import FakeGenerator
from .open import open_generator
from .opener import KeptGenerator, generator_opener
from .protocol import Generation, Generator, OnText, Prompt
from .vllm import VllmGenerator

__all__ = [
    "FakeGenerator",
    "Generation",
    "Generator",
    "KeptGenerator",
    "OnText",
    "Prompt",
    "VllmGenerator",
    "generator_opener",
    "open_generator",
]
