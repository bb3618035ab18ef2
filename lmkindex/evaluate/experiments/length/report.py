"""The figures and costs of `length` -> its tables and pictures. Keys are (length, system, figure)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from ....config import BuildOptions
from ...workbench import encode_key
from ..common import Experiment, ExperimentTable, Figure, Series
from ..paired import PairedFigures, interval_series, show_difference, show_interval
from .design import (
    ANN_FOUND,
    ANN_RECALL,
    BUDGETS,
    EXACT_RECALL,
    FIGURES,
    INDEX,
    MAIN,
    NUM_ANN_HITS,
    QUERY_TIMES,
    REFERENCE,
    SYSTEMS,
    EncodeCost,
    IndexCost,
    LengthDesign,
    LengthKey,
)  # fmt: skip
from .hunt import Hunt
from .needles import EVIDENCE_TOKENS, PASSAGE_TOKENS
from .verdict import length_verdict

Costs = Mapping[int, Sequence[EncodeCost]]
Indices = Mapping[int, IndexCost]
Cells = list[str | float | int | None]
X_LABEL = "length of the document, tokens"
CHANCE = "chance (budget / length)"


def report_length(
    figures: PairedFigures[LengthKey], hunt: Hunt, costs: Costs, indices: Indices, design: LengthDesign, seed: int
) -> Experiment:
    """The whole report of `length`."""
    embed_ms = hunt.bench.query_ms[encode_key(hunt.bench.question_encoder("landmark"))]
    return Experiment(
        name="length",
        title="Quality and time against the length of a document",
        question="How do quality and times change from a page to a library, and what does an approximate index cost in quality?",
        settings={
            "lengths": hunt.lengths,
            "num_needles": len(hunt.needles),
            "evidence_max_tokens": EVIDENCE_TOKENS,
            "passage_max_tokens": PASSAGE_TOKENS,
            "budgets": list(BUDGETS),
            "mrr": "of the first piece that touches the evidence: the larger the pieces, the higher",
            "bm25_statistics": "of the whole haystack, at every length",
            "ann_hits": NUM_ANN_HITS,
            "ann_rows_of_a_build": BuildOptions().ann_rows,
            "embed_question_ms": round(embed_ms, 2),
            "timed_questions": min(design.timed_questions, len(hunt.needles)),
            "seed": seed,
        },
        tables=[
            needles_table(figures, hunt),
            *(quality_table(figures, hunt.lengths, figure) for figure in FIGURES),
            *(system_differences_table(figures, hunt.lengths, figure) for figure in FIGURES),
            encode_table(costs),
            index_table(indices),
            *ann_tables(figures, indices),
        ],
        figures=[
            *(quality_figure(figures, hunt.lengths, figure) for figure in FIGURES),
            system_differences_figure(figures, hunt.lengths),
            encode_figure(costs),
            query_figure(indices),
        ],
        verdict=length_verdict(figures, hunt.lengths, costs, indices),
    )


def chance_of(figure: str, length: int) -> float | None:
    """Recall of text in random order."""
    return min(1.0, int(figure.split("@")[1]) / length) if "@" in figure else None


def needles_table(figures: PairedFigures[LengthKey], hunt: Hunt) -> ExperimentTable:
    """Needles of each set, and the reference's recall on them."""
    rows: list[Cells] = []
    names = [needle.set_name for needle in hunt.needles]
    for name, count in Counter(names).items():
        of_set = figures.part([one == name for one in names], f"length {name}")
        rows.append([name, count, *(show_interval(of_set.mean((length, REFERENCE, MAIN))) for length in hunt.lengths)])
    return ExperimentTable(
        title=f"Needles by set, and {MAIN} of {REFERENCE}", columns=["set", "needles", *length_columns(hunt.lengths)], rows=rows
    )


def length_columns(lengths: Sequence[int]) -> list[str]:
    return [f"{length:,} tokens" for length in lengths]


def quality_table(figures: PairedFigures[LengthKey], lengths: Sequence[int], figure: str) -> ExperimentTable:
    """A figure of every system by length; the last column is its change from the shortest to the longest document."""
    rows = []
    for system in SYSTEMS:
        change = figures.difference((lengths[-1], system, figure), (lengths[0], system, figure))
        rows.append([system, *(show_interval(figures.mean((length, system, figure))) for length in lengths), show_difference(change)])
    chances = [chance_of(figure, length) for length in lengths]
    if None not in chances:
        rows.append([CHANCE, *(f"{chance:.4f}" for chance in chances), ""])
    return ExperimentTable(
        title=f"{figure} by length ({figures.num_questions} needles; means, 95% intervals)",
        columns=["system", *length_columns(lengths), "longest - shortest (paired)"],
        rows=rows,
    )


def system_differences_table(figures: PairedFigures[LengthKey], lengths: Sequence[int], figure: str) -> ExperimentTable:
    """The reference minus each other system, paired."""
    rows = [
        [system, *(show_difference(figures.difference((length, REFERENCE, figure), (length, system, figure))) for length in lengths)]
        for system in SYSTEMS
        if system != REFERENCE
    ]
    return ExperimentTable(
        title=f"{figure}: {REFERENCE} minus another system (paired differences, 95% intervals)",
        columns=["minus", *length_columns(lengths)],
        rows=rows,
    )


def encode_table(costs: Costs) -> ExperimentTable:
    """Seconds and sizes of each kind of index."""
    rows: list[Cells] = [
        [f"{length:,}", one.system, round(one.seconds, 3), one.num_vectors, one.size_bytes]
        for length, of_length in costs.items()
        for one in of_length
    ]
    return ExperimentTable(
        title="Time to split, tokenize, encode and index a document (seconds as measured when it was encoded, one run)",
        columns=["tokens", "index", "seconds", "vectors", "bytes"],
        rows=rows,
    )


def index_table(indices: Indices) -> ExperimentTable:
    """The LanceDB table of landmarks, and the cost of a question."""
    rows: list[Cells] = [
        [
            f"{length:,}", one.num_rows, one.table_bytes, one.ann_bytes, thousandths(one.ann_build_s),
            *(thousandths(getattr(one, name)) for name in QUERY_TIMES.values()),
        ]
        for length, one in indices.items()
    ]  # fmt: skip
    return ExperimentTable(
        title="The LanceDB table of landmarks, exact and with an IVF_RQ index (milliseconds: medians per question, without its embedding)",
        columns=["tokens", "rows", "table bytes", "ANN bytes", "ANN build s", *(f"ms {name}" for name in QUERY_TIMES)],
        rows=rows,
    )


def ann_tables(figures: PairedFigures[LengthKey], indices: Indices) -> list[ExperimentTable]:
    """How many of the exact hits the approximate index finds; no table if there is no such index."""
    rows: list[Cells] = []
    for length, one in indices.items():
        if one.quality is not None:
            found = [show_interval(figures.mean((length, INDEX, name))) for name in (ANN_FOUND, EXACT_RECALL, ANN_RECALL)]
            difference = show_difference(figures.difference((length, INDEX, ANN_RECALL), (length, INDEX, EXACT_RECALL)))
            rows.append([f"{length:,}", one.num_rows, found[0], float(one.quality[ANN_FOUND].min()), *found[1:], difference])
    columns = [
        "tokens",
        "rows",
        f"share of the exact top {NUM_ANN_HITS}",
        "worst question",
        f"{MAIN} exact",
        f"{MAIN} ANN",
        "ANN - exact (paired)",
    ]
    return [ExperimentTable(title="Hits of the approximate index against exact ones", columns=columns, rows=rows)] if rows else []


def thousandths(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def quality_figure(figures: PairedFigures[LengthKey], lengths: Sequence[int], figure: str) -> Figure:
    """A figure of every system by length."""
    return Figure(
        name=f"length-{figure.lower().replace('@', '-')}",
        title=f"{figure} of {figures.num_questions} needles by length (95% intervals)",
        x_label=X_LABEL,
        y_label=f"{figure} of evidence" if "@" in figure else "mean reciprocal rank",
        series=[interval_series(system, lengths, [figures.mean((length, system, figure)) for length in lengths]) for system in SYSTEMS],
        x_log=True,
    )


def system_differences_figure(figures: PairedFigures[LengthKey], lengths: Sequence[int]) -> Figure:
    """The reference minus each other system."""
    return Figure(
        name="length-differences",
        title=f"{REFERENCE} minus other systems (paired, {figures.num_questions} needles, 95% intervals)",
        x_label=X_LABEL,
        y_label=f"difference in {MAIN}",
        series=[
            interval_series(
                f"minus {system}", lengths, [figures.difference((length, REFERENCE, MAIN), (length, system, MAIN)) for length in lengths]
            )
            for system in SYSTEMS
            if system != REFERENCE
        ],
        x_log=True,
    )


def encode_figure(costs: Costs) -> Figure:
    """Seconds to encode by length."""
    by_system: dict[str, list[float]] = {}
    for of_length in costs.values():
        for one in of_length:
            by_system.setdefault(one.system, []).append(round(one.seconds, 4))
    return Figure(
        name="length-seconds",
        title="Seconds to split, tokenize, encode and index a document",
        x_label=X_LABEL,
        y_label="seconds",
        series=[Series(name=name, xs=list(costs), ys=seconds) for name, seconds in by_system.items()],
        x_log=True,
        y_log=True,
    )


def query_figure(indices: Indices) -> Figure:
    """Milliseconds per question by length."""
    series = [
        Series(name=name, xs=list(indices), ys=[thousandths(getattr(one, field)) for one in indices.values()])
        for name, field in QUERY_TIMES.items()
    ]
    return Figure(
        name="length-query-ms",
        title="Milliseconds per question, without its embedding (medians)",
        x_label=X_LABEL,
        y_label="milliseconds",
        series=[one for one in series if any(y is not None for y in one.ys)],
        x_log=True,
        y_log=True,
    )
