"""A prompt -> the messages of a chat, or the text that a model's own template makes from them. Knows no engine."""

from __future__ import annotations

from typing import Any

from ..records import JsonObject
from .protocol import Prompt


def render_chat(tokenizer: Any, prompt: Prompt) -> str:
    """`prompt` in the model's own chat template; plain text for a model without a template."""
    together = "\n\n".join([prompt.system, *(text for turn in prompt.examples for text in turn), prompt.user])
    if tokenizer.chat_template is None:
        return together
    options = {"tokenize": False, "add_generation_prompt": True, "enable_thinking": False}  # leaves room for the answer only
    try:
        return str(tokenizer.apply_chat_template(messages_of(prompt), **options))
    except Exception:  # the template is the model's own program: some raise on a system message
        return str(tokenizer.apply_chat_template([{"role": "user", "content": together}], **options))


def messages_of(prompt: Prompt) -> list[JsonObject]:
    """The turns of a chat request."""
    turns = [("system", prompt.system)]
    for user, assistant in prompt.examples:
        turns += [("user", user), ("assistant", assistant)]
    return [{"role": role, "content": content} for role, content in (*turns, ("user", prompt.user))]
