"""The interface of a generator: prompts in, texts out.

Knows no spans and no citations. Callers use `count_tokens` to keep their prompts within `max_prompt_tokens`. A prompt
that does not fit is not sent, and its generation's `error` says so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from ..records import JsonObject

CONTEXT_TOKENS = 4096
OnText = Callable[[int, str], None]
OnProgress = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """One chat request: `system` and the `examples`, earlier turns of (user, assistant), are the same for all prompts
    (so that their prefix is cached); `user` is the part specific to this prompt. With a `schema` the text is JSON that
    fits this JSON schema, unless it is cut."""

    system: str
    user: str
    examples: tuple[tuple[str, str], ...] = ()
    schema: JsonObject | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """What a generator wrote for one prompt. `finish_reason` is `stop`, `length` or `error`; in the last case `error`
    says what went wrong."""

    text: str
    finish_reason: str
    error: str = ""

    def __post_init__(self) -> None:
        if (self.finish_reason == "error") != bool(self.error):
            raise ValueError("A generation has an error exactly when its finish_reason is `error`.")


class Generator(Protocol):
    """Writes a text for each prompt. Answers report its `name`."""

    name: str
    max_prompt_tokens: int

    def count_tokens(self, text: str) -> int:
        """Tokens of `text` for this model; may overestimate, never underestimates."""
        ...

    def generate(
        self, prompts: Sequence[Prompt], *, max_tokens: int, temperature: float, on_text: OnText | None = None
    ) -> list[Generation]:
        """One generation for each prompt, in order; `on_text(index, piece)` gets the text as it is written."""
        ...
