"""Bytes whose lines are in two encodings, as those of two logs put together -> which lines are UTF-8. Knows no other
encoding."""

from __future__ import annotations

BEYOND = bytes(range(0x80, 0x100))  # ASCII
MIN_SEQUENCES = 10  # of UTF-8 in lines that have several
MIN_LINE_SEQUENCES = 2  # a line of one Chinese character may be valid by chance
MIN_SHARE = 0.2  # of all bytes beyond ASCII


def lines_by_encoding(data: bytes) -> list[tuple[bytes, bool]] | None:
    """The lines with their ends, each with whether it is UTF-8; None if the file is in one encoding."""
    lines: list[tuple[bytes, bool]] = []
    num_valid = num_valid_bytes = num_beyond = 0
    for line in data.splitlines(keepends=True):
        num_bytes = len(line) - len(line.translate(None, BEYOND))
        num_beyond += num_bytes
        try:
            num_sequences = num_bytes and len(line.decode("utf-8").encode("ascii", "replace")) - (len(line) - num_bytes)
            lines.append((line, True))
        except UnicodeDecodeError:
            lines.append((line, False))
            continue
        if num_sequences >= MIN_LINE_SEQUENCES:
            num_valid += num_sequences
            num_valid_bytes += num_bytes
    is_mixed = num_valid >= MIN_SEQUENCES and MIN_SHARE * num_beyond <= num_valid_bytes < num_beyond
    return lines if is_mixed else None
