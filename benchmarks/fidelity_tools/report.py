"""Figures as Markdown tables, with the goals that are missed.

A line holds our figures and, behind a slash, the best of the peers that could be a dependency. A peer is better if it
gets fewer characters wrong (lost and invented together) or more sentences exactly.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from .peers import PEERS
from .scoring import Score

OURS = "lmkindex"
LAYERED = frozenset({"docx", "html"})
MAX_BEHIND = 0.002  # of the best peer, in any row
DEPENDABLE = frozenset(peer.name for peer in PEERS if peer.can_depend)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """The score of one reader on one printed file."""

    reader: str
    truth: dict[str, Any]
    score: Score

    @property
    def file(self) -> tuple[str, str]:
        return self.truth["producer"], self.truth["kind"]

    def missed(self) -> list[str]:
        """The goals that this row misses; none for equations and lines from right to left."""
        if not self.truth["has_goal"]:
            return []
        max_lost = 0.001 if self.truth["format"] in LAYERED else 0.005
        min_exact = 0.98 if self.truth["columns"] == 1 else 0.96
        is_missed = {"lost": self.score.lost > max_lost, "invented": self.score.invented > 0.001, "exact": self.score.exact < min_exact}
        return [name for name, missed in is_missed.items() if missed]

    def to_json(self) -> dict[str, Any]:
        names = ("producer", "kind", "format", "columns", "has_goal", "command")
        return {"reader": self.reader} | {name: self.truth[name] for name in names} | self.score.to_json() | {"missed": self.missed()}


def markdown_report(rows: Sequence[Row]) -> str:
    """All tables: a line for each file, the means of each reader, the goals."""
    return "\n".join([*_file_lines(rows), "", *_mean_lines(rows), "", *_goal_lines(rows)])


def _file_lines(rows: Sequence[Row]) -> Iterator[str]:
    yield "| producer | kind | wrong % | lost % | invented % | order % | exact % | furniture kept | misses |"
    yield "|---|---|---:|---:|---:|---:|---:|---:|---|"
    for row in rows:
        if row.reader == OURS:
            counts, others = row.score, _dependable(rows, row)
            wrong = _with_best(100 * counts.wrong, [100 * other.wrong for other in others], min)
            exact = _with_best(100 * counts.exact, [100 * other.exact for other in others], max)
            misses = [*row.missed(), *_behind(row, others)] if row.truth["has_goal"] else ["(no goal)"]
            row_name = f"{row.truth['producer']} | {row.truth['kind']}"
            shares = f"{100 * counts.lost:.2f} | {100 * counts.invented:.2f} | {100 * counts.order:.2f}"
            yield f"| {row_name} | {wrong} | {shares} | {exact} | {counts.kept_furniture} | {', '.join(misses)} |"


def _dependable(rows: Sequence[Row], ours: Row) -> list[Score]:
    return [row.score for row in rows if row.reader in DEPENDABLE and row.file == ours.file]


def _with_best(value: float, others: Sequence[float], best: Any) -> str:
    return f"{value:.2f} / {best(others):.2f}" if others else f"{value:.2f}"


def _behind(row: Row, others: Sequence[Score]) -> Iterator[str]:
    if others and row.score.wrong > min(other.wrong for other in others) + MAX_BEHIND:
        yield "behind in characters"
    if others and row.score.exact < max(other.exact for other in others) - MAX_BEHIND:
        yield "behind in sentences"


def _mean_lines(rows: Sequence[Row]) -> Iterator[str]:
    yield "| format | reader | licence | could be a dependency | files | wrong % | lost % | invented % | order % | exact % |"
    yield "|---|---|---|---|---:|---:|---:|---:|---:|---:|"
    known = {peer.name: (peer.licence, "yes" if peer.can_depend else "no") for peer in PEERS}
    for file_format in ("pdf", "docx", "html"):
        for reader in dict.fromkeys(row.reader for row in rows):
            scores = _scores_with_goal(rows, file_format, reader)
            if scores:
                licence, can_depend = known.get(reader, ("Apache-2.0", ""))
                means = " | ".join(f"{100 * mean(scores, name):.2f}" for name in ("wrong", "lost", "invented", "order", "exact"))
                yield f"| {file_format} | {reader} | {licence} | {can_depend} | {len(scores)} | {means} |"


def _scores_with_goal(rows: Sequence[Row], file_format: str, reader: str) -> list[Score]:
    return [row.score for row in rows if row.reader == reader and row.truth["format"] == file_format and row.truth["has_goal"]]


def mean(scores: Sequence[Score], name: str) -> float:
    """The mean of a share over files."""
    return float(sum(getattr(score, name) for score in scores)) / len(scores)


def _goal_lines(rows: Sequence[Row]) -> Iterator[str]:
    ours = [row for row in rows if row.reader == OURS and row.truth["has_goal"]]
    for name in ("lost", "invented", "exact"):
        missing = ["/".join(row.file) for row in ours if name in row.missed()]
        yield f"- goal for {name}: {len(ours) - len(missing)} of {len(ours)} files{'; missed by ' + ', '.join(missing) if missing else ''}"
    behind = [(row, list(_behind(row, _dependable(rows, row)))) for row in ours]
    named = [f"{'/'.join(row.file)} ({', '.join(what)})" for row, what in behind if what]
    yield f"- over 0.2 points behind the best peer that could be a dependency: {len(named)} files{': ' if named else ''}{', '.join(named)}"
    for file_format in ("pdf", "docx", "html"):
        for peer in PEERS:
            theirs, own = _scores_with_goal(rows, file_format, peer.name), _scores_with_goal(rows, file_format, OURS)
            if theirs and own:
                better = [name for name, sign in (("wrong", 1), ("exact", -1)) if sign * (mean(theirs, name) - mean(own, name)) < 0]
                yield f"- {file_format}, mean against {peer.name}: " + ("behind in " + ", ".join(better) if better else "ahead")
