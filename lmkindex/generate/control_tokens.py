"""Turns control tokens in a text, such as the end of a turn, into plain text that a chat model reads.

Tokenizers turn `<|im_end|>` in a document into the same token that the chat template writes, so a document could end
the user's turn and speak as the system. One blank inside is enough to make it plain text again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

# The forms of the usual templates, for servers whose tokenizer we cannot see.
CONTROL = re.compile(
    r"<[|｜][^<>\n]{1,60}[|｜]>|</?(?:s|bos|eos|pad|unk|mask|think|start_of_turn|end_of_turn|start_of_image)>|\[/?(?:INST|SYSTEM_PROMPT)\]"
    r"|</?<SYS>>|<</?SYS>>|\[(?:CLS|SEP|MASK|PAD|UNK)\]",
    re.IGNORECASE,
)


def without_control_tokens(text: str, special: Iterable[str] = ()) -> str:
    """`text` with a blank inside each control token of the usual templates and of `special`."""
    text = CONTROL.sub(lambda match: broken(match.group()), text)
    for token in special:
        text = text.replace(token, broken(token))
    return text


def broken(token: str) -> str:
    """The token with a blank after its first character, so that it is no longer a token."""
    return f"{token[0]} {token[1:]}"


def special_tokens_of(tokenizer: Any) -> tuple[str, ...]:
    """The special tokens of a transformers tokenizer, longest first, without blanks and single characters."""
    added = (str(token) for token in tokenizer.added_tokens_decoder.values() if token.special)
    found = {*added, *map(str, tokenizer.all_special_tokens)}
    return tuple(sorted((token for token in found if len(token.strip()) > 1), key=lambda token: (-len(token), token)))
