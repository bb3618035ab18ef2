"""Matches two texts that are nearly the same: which characters of the one are in the other, in any order of blocks.

Takes and gives strings and offsets; knows no files and no sentences. A block that stands elsewhere is matched where it
stands, so that a wrong order does not count as lost and invented text.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Sequence
from difflib import SequenceMatcher
from itertools import accumulate

LONG_BLOCKS, SHORT_BLOCKS = (64, 28), (14, 9)  # characters that must agree before a block is matched wherever it stands
MIN_WORD = 2  # letters of a whole word that is matched wherever it stands: a single digit may be a page number
MAX_CANDIDATES = 40
MAX_GAP = 3000  # characters of a gap between two blocks that are compared letter by letter


def match_characters(truth_words: Sequence[str], found_words: Sequence[str]) -> tuple[list[int], bytearray]:
    """For each character of the truth its place in what was found, or -1, and a flag for each place that is taken.

    Characters count in the joined words. Blocks are matched first, the long ones before the short ones, then whole
    words, the nearest first, then what stands between matched neighbours letter by letter.
    """
    truth, found = "".join(truth_words), "".join(found_words)
    places = [-1] * len(truth)
    used = bytearray(len(found))
    begins_word = bytearray(len(truth) + 1)
    for start in accumulate(map(len, truth_words), initial=0):
        begins_word[start] = 1
    for sizes in (LONG_BLOCKS, SHORT_BLOCKS):
        for size in sizes:
            _match_blocks(truth, begins_word, found, places, used, size)
        _match_words(truth_words, found_words, places, used)
        _fill_gaps(truth, found, places, used)
    _match_words(truth_words, found_words, places, used)
    return places, used


def _match_words(truth_words: Sequence[str], found_words: Sequence[str], places: list[int], used: bytearray) -> None:
    """Match each whole word that is unmatched with the nearest of the same letters that is unused."""
    free: dict[str, list[int]] = defaultdict(list)
    for word, start in zip(found_words, accumulate(map(len, found_words), initial=0), strict=False):
        if not any(used[start : start + len(word)]):
            free[word].append(start)
    for word, start in zip(truth_words, accumulate(map(len, truth_words), initial=0), strict=False):
        if len(word) < MIN_WORD or not free.get(word) or any(place >= 0 for place in places[start : start + len(word)]):
            continue
        expected = places[start - 1] + 1 if start else 0
        after = bisect_left(free[word], expected)
        nearest = min(range(max(0, after - 1), min(len(free[word]), after + 1)), key=lambda index: abs(free[word][index] - expected))
        first = free[word].pop(nearest)
        for step in range(len(word)):
            places[start + step] = first + step
            used[first + step] = 1


def _match_blocks(truth: str, begins_word: bytearray, found: str, places: list[int], used: bytearray, size: int) -> None:
    """Match blocks that begin with a word, at least `size` unused characters: the longest candidate at each start."""
    grams: dict[str, list[int]] = defaultdict(list)
    for low, high in runs_of(used, lambda flag: not flag):
        for start in range(low, high - size + 1):
            grams[found[start : start + size]].append(start)
    for low, high in runs_of(places, lambda place: place < 0):
        position = low
        expected = places[low - 1] + 1 if low else 0
        while position + size <= high:
            start, length = _longest(truth, position, high, found, grams, used, expected, size) if begins_word[position] else (0, 0)
            for step in range(length):
                places[position + step] = start + step
                used[start + step] = 1
            position += length or 1
            expected = start + length if length else expected


def _longest(
    truth: str, position: int, limit: int, found: str, grams: dict[str, list[int]], used: bytearray, expected: int, size: int
) -> tuple[int, int]:
    """The longest unused block of `found` that begins as `truth` does at `position`; the nearest of equals."""
    starts = grams.get(truth[position : position + size], [])
    if len(starts) > MAX_CANDIDATES:
        middle = bisect_left(starts, expected)
        starts = starts[max(0, middle - MAX_CANDIDATES // 2) : middle + MAX_CANDIDATES // 2]
    best, best_length = 0, 0
    for start in sorted(starts, key=lambda start: abs(start - expected)):
        length, most = 0, min(limit - position, len(found) - start)
        while length < most and not used[start + length] and truth[position + length] == found[start + length]:
            length += 1
        if length >= size and length > best_length:
            best, best_length = start, length
    return best, best_length


def _fill_gaps(truth: str, found: str, places: list[int], used: bytearray) -> None:
    """Match what is left of `truth` with unused characters behind the block before it, or before the block after."""
    for start, end in runs_of(places, lambda place: place < 0):
        before = places[start - 1] + 1 if start else 0
        after = places[end] if end < len(truth) else len(found)
        windows = []
        if before <= after and after - before <= MAX_GAP:
            windows.append((before, after))
        else:
            windows.append((before, _unused_end(used, before, end - start + 20)))
            windows.append((_unused_start(used, after, end - start + 20), after))
        for low, high in windows:
            rest = [index for index in range(start, end) if places[index] < 0]
            free = [index for index in range(low, high) if not used[index]]
            if not rest or not free or len(rest) > MAX_GAP:
                continue
            matcher = SequenceMatcher(None, [truth[index] for index in rest], [found[index] for index in free], autojunk=False)
            for block in matcher.get_matching_blocks():
                for step in range(block.size):
                    places[rest[block.a + step]] = free[block.b + step]
                    used[free[block.b + step]] = 1


def _unused_end(used: bytearray, start: int, length: int) -> int:
    end = start
    while end < len(used) and end - start < length and not used[end]:
        end += 1
    return end


def _unused_start(used: bytearray, end: int, length: int) -> int:
    start = end
    while start > 0 and end - start < length and not used[start - 1]:
        start -= 1
    return start


def runs_of(values: Sequence[int], wanted: Callable[[int], bool]) -> list[tuple[int, int]]:
    """The runs `[start, end)` of values for which `wanted(value)` holds."""
    found: list[tuple[int, int]] = []
    start = -1
    for index, value in enumerate(values):
        if wanted(value):
            start = index if start < 0 else start
        elif start >= 0:
            found.append((start, index))
            start = -1
    if start >= 0:
        found.append((start, len(values)))
    return found


def common_subsequence(first: Sequence[str], second: Sequence[str]) -> int:
    """The length of the longest common subsequence of two lists of words, by the bits of one integer (Hyyro, 2004)."""
    masks: dict[str, int] = defaultdict(int)
    for index, word in enumerate(first):
        masks[word] |= 1 << index
    everything = (1 << len(first)) - 1
    row = everything
    for word in second:
        matches = row & masks.get(word, 0)
        row = ((row + matches) | (row - matches)) & everything
    return len(first) - row.bit_count()
