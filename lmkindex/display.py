"""Text of documents, paths and models -> text that is safe to print on a terminal. Knows no terminal.

Takes anything that a document or a path may hold. The result has no control characters and reorders nothing.
"""

from __future__ import annotations

# Overrides, embeddings and isolates reverse the reading order; the two separators break lines where no break is
# expected.
REORDERING = (*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x2028, 0x2029)
# Characters that hide a text from readers, but not from a model: Unicode's tags.
TAGS = range(0xE0000, 0xE0080)
# Invisible characters: in a name they only make two names look the same. Joiners stay: scripts and emoji need them.
INVISIBLE = (0xAD, 0x61C, 0x180E, 0x200B, 0x200E, 0x200F, *range(0x2060, 0x2065), 0xFEFF)
VISIBLE = (
    {code: chr(0x2400 + code) for code in range(0x20) if chr(code) not in "\n\t"}
    | {0x7F: "\u2421"}
    | {code: f"<U+{code:04X}>" for code in (*range(0x80, 0xA0), *REORDERING, *TAGS)}
    | {code: f"\\x{code - 0xDC00:02x}" for code in range(0xDC80, 0xDD00)}  # bytes of a file name that are not UTF-8
)
ONE_LINE = VISIBLE | {ord("\n"): "\u240a", ord("\t"): "\u2409"} | {code: f"<U+{code:04X}>" for code in INVISIBLE}


def visible(text: str) -> str:
    """`text` with control and reordering characters written out; line ends and tabs are kept."""
    return text.replace("\r\n", "\n").translate(VISIBLE)


def one_line(text: str) -> str:
    """Like `visible`, but on one line and with invisible characters written out as well: for paths and titles."""
    return text.translate(ONE_LINE)


def single_spaced(text: str) -> str:
    """`text` on one line, with each run of white space as one blank."""
    return " ".join(text.split())
