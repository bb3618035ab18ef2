"""Imitates what a small language model writes when asked for a question."""

from __future__ import annotations

import re

from lmkindex.generate import Prompt
from lmkindex.synth.question_prompt import write_reply


def write(prompt: Prompt) -> str:
    """A question made of words from the fact's last sentence, or for some facts a bad reply, like a small model."""
    fact = prompt.user.split("Fact: ")[1]
    words = re.findall(r"\w+", fact.split(". ")[-1])
    kind = sum(map(ord, fact)) % 5
    if kind == 0:
        return "no JSON"
    if kind == 1:
        return write_reply("", "")
    return write_reply(f"Which {words[2]} of {words[4]} did {words[1]} {words[3]} near {words[-2]}?", f"{words[0]} {words[-1]}")
