"""Text that a chat model would take for the end of a turn, made into text that it reads.

Tokenizers turn `<|im_end|>` in a document into the same token that the chat template writes: a document could end the user's turn and
speak as the system. One blank inside is enough to make it plain text again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

# The forms of the usual templates, for servers whose tokenizer we do not see.
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
    """The token with a blank behind its first character: no token any more."""
    return f"{token[0]} {token[1:]}"


def special_tokens_of(tokenizer: Any) -> tuple[str, ...]:
    """What a tokenizer of transformers takes for special, longest first; not blanks, nor single characters."""
    added = (str(token) for token in tokenizer.added_tokens_decoder.values() if token.special)
    found = {*added, *map(str, tokenizer.all_special_tokens)}
    return tuple(sorted((token for token in found if len(token.strip()) > 1), key=lambda token: (-len(token), token)))
