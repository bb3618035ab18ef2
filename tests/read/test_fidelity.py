"""Files of real producers lose nothing, invent nothing and keep their sentences; and the scoring that says so is right.

The goals are those of `benchmarks/fidelity.py`; `tests/data/fidelity/README.md` says how each file was made.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import tiny
from fidelity_tools.kinds import sheet_of
from fidelity_tools.matching import common_subsequence
from fidelity_tools.our_reader import read_with_ours
from fidelity_tools.printing import SAMPLES, shortened
from fidelity_tools.report import OURS, Row
from fidelity_tools.scoring import score
from fidelity_tools.sheets import truth_blocks

FILES_PATH = tiny.ROOT_PATH / "tests/data/fidelity"
TRUTHS = sorted(FILES_PATH.glob("*.json"))


@pytest.mark.parametrize("truth_path", TRUTHS, ids=[path.name.removesuffix(".json") for path in TRUTHS])
def test_a_printed_file_meets_the_goals(truth_path: Path) -> None:
    truth = json.loads(truth_path.read_text(encoding="utf-8"))
    counts, differences = score(truth, *read_with_ours(truth_path.with_suffix("")))
    assert not Row(reader=OURS, truth=truth, score=counts).missed(), (counts.to_json(), differences[:10])
    if truth["format"] == "pdf":
        assert counts.kept_furniture == 0


def test_the_files_are_small_and_of_all_producers() -> None:
    assert sum(path.stat().st_size for path in FILES_PATH.iterdir()) < 600_000
    assert len({path.name.partition("_")[0] for path in TRUTHS}) >= 10


@pytest.mark.parametrize(("producer", "kind"), SAMPLES)
def test_a_truth_is_that_of_its_sheet(producer: str, kind: str) -> None:
    """A changed text or sentence mark is printed again: `benchmarks/fidelity.py --samples tests/data/fidelity`."""
    [truth_path] = FILES_PATH.glob(f"{producer}_{kind}.*.json")
    truth = json.loads(truth_path.read_text(encoding="utf-8"))
    assert list(truth_blocks(shortened(sheet_of(kind)), truth["format"])) == truth["blocks"]


def truth_of_sentences(*sentences: str, furniture: tuple[str, ...] = ()) -> dict[str, Any]:
    blocks = [{"kind": "paragraph", "sentences": list(sentences)}]
    return {"blocks": blocks, "furniture": list(furniture), "furniture_patterns": [r"\d+"]}


GATE, TIDE, LAMP = (
    "The gate was shut at nine in the evening.",
    "A tide of pre-1914 height came in.",
    "Nobody had lit the lamp⟦1⟧ on the mole.",
)


@pytest.mark.parametrize(
    ("stored", "lost", "invented", "furniture", "exact"),
    [
        pytest.param([GATE, TIDE, LAMP.replace("⟦1⟧", "")], 0, 0, 0, 3, id="nothing is wrong"),
        pytest.param([GATE, TIDE, LAMP.replace("⟦1⟧", "¹")], 0, 0, 0, 3, id="a note's mark may stay"),
        pytest.param([TIDE, LAMP.replace("⟦1⟧", "[1]"), GATE], 0, 0, 0, 3, id="another order loses nothing"),
        pytest.param([GATE, LAMP.replace("⟦1⟧", "")], 28, 0, 0, 2, id="a sentence is lost"),
        pytest.param([GATE, TIDE.replace("-", ""), LAMP.replace("⟦1⟧", "")], 1, 0, 0, 2, id="a hyphen is lost"),
        pytest.param([GATE.replace("evening", "eve-ning"), TIDE, LAMP.replace("⟦1⟧", "")], 0, 1, 0, 2, id="a hyphen is invented"),
        pytest.param([GATE, "Harbour News", TIDE, "12", LAMP.replace("⟦1⟧", "")], 0, 0, 13, 3, id="furniture is kept"),
        pytest.param([GATE, TIDE + " " + LAMP.replace("⟦1⟧", "")], 0, 0, 0, 1, id="two sentences are one"),
        pytest.param(["• " + GATE, TIDE.replace(" ", " | "), LAMP.replace("⟦1⟧", "")], 0, 0, 0, 3, id="bullets and bars do not count"),
    ],
)
def test_the_scoring_counts_each_fault(stored: list[str], lost: int, invented: int, furniture: int, exact: int) -> None:
    truth = truth_of_sentences(GATE, TIDE, LAMP, furniture=("Harbour News",))
    counts, _ = score(truth, "\n\n".join(stored), stored)
    assert (counts.lost_chars, counts.invented_chars, counts.kept_furniture, counts.exact_sentences) == (lost, invented, furniture, exact)


def test_the_order_is_the_longest_common_subsequence_of_words() -> None:
    assert common_subsequence(list("abcde"), list("cabxd")) == 3
    assert common_subsequence(list("abc"), []) == 0
