"""What an edit costs: `python benchmarks/edits.py [--edits N] [DATA]`.

Cuts texts of about 1 MB into windows as a build does, with the default encoder's tokenizer and sizes. Then it rewords,
inserts or removes a sentence at a random place, or appends 1 KB, cuts again, and counts the windows with new keys: a
build would encode those again. No forward is run. DATA is a folder of NAME.docs.jsonl.gz; without it, only the made-up
texts are cut.
"""

from __future__ import annotations

import argparse
import random
import statistics
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from lmkindex.build.prepare import tokenize
from lmkindex.config import EncodeOptions, WindowOptions
from lmkindex.datasets import find_sets
from lmkindex.encoder import Encoder, find_encoder, load_encoder, window_options
from lmkindex.sentences import split_sentences
from lmkindex.token_records import TokenizedSentences
from lmkindex.windows import make_windows

SIZE = 1_000_000  # characters
WORDS = (
    "harbour", "gate", "pump", "storm", "keeper", "ledger", "basin", "valve", "north", "signal", "bridge", "crane", "winter", "tide",
    "engine", "repair", "council", "letter", "depth", "chart", "cable", "report", "mill", "channel", "lamp", "stone",
)  # fmt: skip
SETS = ("qmsum_train", "squad_train")


def made_up(seed: int, *, sentences_a_paragraph: int) -> str:
    """Sentences of 5 to 25 words; 0 means no paragraphs."""
    generator = random.Random(seed)
    parts: list[str] = []
    size = 0
    while size < SIZE:
        words = " ".join(generator.choices(WORDS, k=generator.randint(4, 24)))
        ends = bool(sentences_a_paragraph) and len(parts) % sentences_a_paragraph == sentences_a_paragraph - 1
        parts.append(f"The {words} {generator.randint(1, 9999)}." + ("\n\n" if ends else " "))
        size += len(parts[-1])
    return "".join(parts)


def texts_of(data: Path | None) -> Iterator[tuple[str, str]]:
    """Names and texts."""
    yield "made up", made_up(0, sentences_a_paragraph=6)
    yield "made up, no paragraphs", made_up(1, sentences_a_paragraph=0)
    for one in find_sets(data, list(SETS)) if data is not None else ():
        yield one.name, "\n\n".join(document.text for document in one.documents)[:SIZE]


def edit(tokens: TokenizedSentences, generator: np.random.Generator) -> TokenizedSentences:
    """Remove, insert or reword one sentence; the new words are the shuffled ids of another sentence."""
    place, source = (int(number) for number in generator.integers(len(tokens), size=2))
    new = generator.permutation(tokens.ids_T[tokens.offsets[source] : tokens.offsets[source + 1]])
    kind = int(generator.integers(3))
    end = place if kind == 1 else place + 1
    lengths, flags = np.diff(tokens.offsets), tokens.ends_paragraph_S
    inserted = [] if kind == 0 else [len(new)]
    lengths = np.concatenate([lengths[:place], np.asarray(inserted, dtype=np.int64), lengths[end:]])
    return TokenizedSentences(
        ids_T=np.concatenate([tokens.ids_T[: tokens.offsets[place]], new[: sum(inserted)], tokens.ids_T[tokens.offsets[end] :]]),
        offsets=np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(lengths)]),
        ends_paragraph_S=np.concatenate([flags[:place], flags[place : place + 1] & (kind == 2), flags[end:]])
        if inserted
        else np.delete(flags, place),
    )


def keys_of(tokens: TokenizedSentences, options: WindowOptions) -> tuple[set[str], int, int]:
    """Window keys, the number of windows, their tokens."""
    windows = list(make_windows(tokens, options, "edits"))
    return {window.key for window in windows}, len(windows), sum(window.num_tokens for window in windows)


def measure(name: str, text: str, encoder: Encoder, num_edits: int) -> None:
    """Print what edits of a text cost."""
    options = window_options(encoder, encoder.folder.window_tokens, encoder.folder.context_tokens)
    tokens, longer = (tokenize(encoder, one, split_sentences(one)) for one in (text, text + made_up(2, sentences_a_paragraph=6)[:1000]))
    known, num_windows, num_tokens = keys_of(tokens, options)
    generator = np.random.default_rng(0)
    costs = [len(keys_of(edit(tokens, generator), options)[0] - known) for _ in range(num_edits)]
    over = sum(cost > num_windows / 100 for cost in costs)
    print(
        f"{name}: {num_windows} windows, {num_tokens / len(tokens.ids_T):.3f} tokens to encode per token of text; {num_edits} edits: "
        f"{statistics.mean(costs):.2f} windows on average, 99% up to {np.quantile(costs, 0.99):.0f}, most {max(costs)}, "
        f"{over} over 1%; 1 KB appended: {len(keys_of(longer, options)[0] - known)}",
        flush=True,
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, nargs="?")
    parser.add_argument("--edits", type=int, default=1000)
    options = parser.parse_args(arguments)
    encoder = load_encoder(find_encoder(None), EncodeOptions(device="cpu"))
    for name, text in texts_of(options.data):
        measure(name, text, encoder, options.edits)


if __name__ == "__main__":
    main()
