"""A generator without a model, for tests: a function or a list says what it writes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .protocol import Generation, OnText, Prompt


class FakeGenerator:
    """A generator for tests: `write` turns each prompt into a text. Records its prompts in `prompts`; a token is a
    word."""

    def __init__(self, write: Callable[[Prompt], str] | Sequence[str], *, max_prompt_tokens: int = 4096) -> None:
        self.name = "fake"
        self.max_prompt_tokens = max_prompt_tokens
        self.prompts: list[Prompt] = []
        self._write = write

    def count_tokens(self, text: str) -> int:
        return len(text.split())

    def generate(
        self, prompts: Sequence[Prompt], *, max_tokens: int, temperature: float, on_text: OnText | None = None
    ) -> list[Generation]:
        generations = []
        for index, prompt in enumerate(prompts):
            text = self._write(prompt) if callable(self._write) else self._write[len(self.prompts)]
            self.prompts.append(prompt)
            for piece in text.splitlines(keepends=True) if on_text is not None else ():
                on_text(index, piece) if on_text is not None else None
            generations.append(Generation(text=text, finish_reason="stop"))
        return generations
