"""Prompts -> texts. The face of the package.

`protocol` is the seam, `open` picks what is behind it: `vllm` in this process (`smollm2` is its default model), or a
`server` with OpenAI's API; `chat` and `control_tokens` make prompts safe and readable for a model; `fake` is for tests.
"""

from __future__ import annotations

from .fake import FakeGenerator
from .open import open_generator
from .protocol import Generation, Generator, OnText, Prompt
from .vllm import VllmGenerator

__all__ = ["FakeGenerator", "Generation", "Generator", "OnText", "Prompt", "VllmGenerator", "open_generator"]
