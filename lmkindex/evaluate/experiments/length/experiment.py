"""`length`: quality, seconds and query times against the length of a document; exact search against an approximate
index.

The same questions at every length: each asks for a needle (`needles.py`) in a stretch of the haystack around its place
(`hunt.py`), and longer stretches contain the shorter ones. The haystack is encoded once. Query times are those of a
real index (`hunt_index.py`).
"""

from __future__ import annotations

from ...records import Float64Array
from ..common import Experiment, ExperimentInput
from ..paired import PairedFigures
from .costs import encode_costs
from .design import INDEX, LengthDesign, LengthKey, hunt_systems
from .hunt import prepare_hunt, score_at
from .hunt_index import measure_index
from .report import report_length


def run_length(given: ExperimentInput, design: LengthDesign | None = None) -> Experiment:
    """Raises `UsageError` when the sets have too few questions with short evidence, or too little other text."""
    design = design or LengthDesign()
    given.on_step("choosing needles and a haystack")
    hunt = prepare_hunt(given, design)
    values: dict[LengthKey, Float64Array] = {}
    for system in hunt_systems():
        given.on_step(f"{system.name}: {len(hunt.needles)} needles in up to {hunt.lengths[-1]:,} tokens")
        for length in hunt.lengths:
            values |= {(length, system.name, name): values_Q for name, values_Q in score_at(hunt, system, length).items()}
    costs, indices = {}, {}
    for length in hunt.lengths:
        given.on_step(f"costs of {length:,} tokens")
        costs[length] = encode_costs(given, hunt, length)
        indices[length] = measure_index(hunt, given.landmark_encoder, length, design)
        values |= {(length, INDEX, name): values_Q for name, values_Q in (indices[length].quality or {}).items()}
    return report_length(PairedFigures("length", values, given.seed), hunt, costs, indices, design, given.seed)
