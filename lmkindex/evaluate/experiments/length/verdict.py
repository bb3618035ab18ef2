"""The figures and costs of `length` -> one paragraph. A difference is called clear when its 95% interval excludes
zero."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from ....config import BuildOptions
from ..paired import PairedFigures, direction, show_difference, show_interval
from .design import ANN_FOUND, ANN_RECALL, EXACT_RECALL, INDEX, MAIN, REFERENCE, SYSTEMS, EncodeCost, IndexCost, LengthKey

NEGLIGIBLE = 0.01  # of recall
QUICKER = 1.5  # times; less is noise


def length_verdict(
    figures: PairedFigures[LengthKey], lengths: Sequence[int], costs: Mapping[int, Sequence[EncodeCost]], indices: Mapping[int, IndexCost]
) -> str:
    """Conclusions for quality, for time, and for the approximate index."""
    return " ".join(
        [fall_sentence(figures, lengths), best_sentence(figures, lengths), time_sentence(costs), ann_sentence(figures, indices)]
    )


def fall_sentence(figures: PairedFigures[LengthKey], lengths: Sequence[int]) -> str:
    """How much each system loses."""
    shortest, longest = lengths[0], lengths[-1]
    changes = {system: figures.difference((longest, system, MAIN), (shortest, system, MAIN)) for system in SYSTEMS}
    others = "; ".join(f"{system} {show_difference(change)}" for system, change in changes.items() if system != REFERENCE)
    return (
        f"From {shortest:,} to {longest:,} tokens {MAIN} of {REFERENCE} goes from "
        f"{show_interval(figures.mean((shortest, REFERENCE, MAIN)))} to {show_interval(figures.mean((longest, REFERENCE, MAIN)))} "
        f"({figures.num_questions} needles, paired change {show_difference(changes[REFERENCE])}); the others change by: {others}."
    )


def best_sentence(figures: PairedFigures[LengthKey], lengths: Sequence[int]) -> str:
    """How the reference compares with the others at both ends."""
    texts = []
    for length in (lengths[0], lengths[-1]):
        found = {system: figures.difference((length, REFERENCE, MAIN), (length, system, MAIN)) for system in SYSTEMS if system != REFERENCE}
        parts = [
            f"{way} than {', '.join(names)}"
            for way in ("higher", "lower")
            if (names := [system for system, one in found.items() if direction(one) == way])
        ]
        unclear = [system for system, one in found.items() if direction(one) not in ("higher", "lower")]
        parts += [f"not clearly different from {', '.join(unclear)}"] if unclear else []
        texts.append(f"at {length:,} tokens it is {', '.join(parts)}")
    return f"Recall of {REFERENCE}: {'; '.join(texts)}."


def time_sentence(costs: Mapping[int, Sequence[EncodeCost]]) -> str:
    """How seconds grow: the slope between the middle and the longest document, because short ones measure overhead."""
    lengths = list(costs)
    middle, longest = lengths[len(lengths) // 2], lengths[-1]
    texts = []
    for early, late in zip(costs[middle], costs[longest], strict=True):
        text = f"{late.system} {late.seconds:.3g} s"
        if longest > middle and min(early.seconds, late.seconds) > 0:
            exponent = math.log(late.seconds / early.seconds) / math.log(longest / middle)
            text += f" (~ length^{exponent:.2f})"
        texts.append(text)
    return f"An index of {longest:,} tokens takes: {', '.join(texts)}."


def ann_sentence(figures: PairedFigures[LengthKey], indices: Mapping[int, IndexCost]) -> str:
    """Whether an approximate index is worth it."""
    built = {length: one for length, one in indices.items() if one.quality is not None and one.nearest_ann_ms is not None}
    if not built:
        return "No approximate index was built: the documents are too short, or the vectors' dimension is not a multiple of 8."
    length, one = list(built.items())[-1]
    change = figures.difference((length, INDEX, ANN_RECALL), (length, INDEX, EXACT_RECALL))
    quicker = [at for at, cost in built.items() if QUICKER * (cost.nearest_ann_ms or math.inf) <= cost.nearest_exact_ms]
    verdict = "negligible" if max(abs(change.low), abs(change.high)) < NEGLIGIBLE else "not shown to be negligible"
    rows = BuildOptions().ann_rows
    return (
        f"With {one.num_rows:,} landmarks ({length:,} tokens) exact search takes {one.nearest_exact_ms:.1f} ms for the hits and "
        f"{one.search_exact_ms:.1f} ms up to the text, an IVF_RQ index {one.nearest_ann_ms:.1f} and {one.search_ann_ms:.1f} ms; it finds "
        f"{show_interval(figures.mean((length, INDEX, ANN_FOUND)))} of the exact hits, and changes {MAIN} by "
        f"{show_difference(change)} ({verdict}: bound {NEGLIGIBLE:g}). For the hits it is at least {QUICKER:g} times as fast at "
        f"{tell_lengths(quicker)}. A build makes one at {rows:,} landmarks or more, about {rows * length / one.num_rows:,.0f} tokens."
    )


def tell_lengths(lengths: Sequence[int]) -> str:
    return ", ".join(f"{length:,}" for length in lengths) + " tokens" if lengths else "no length"
