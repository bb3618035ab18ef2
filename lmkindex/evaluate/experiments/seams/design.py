"""What the `seams` experiment measures, and the rule that turns it into a `context_tokens`. Encodes nothing and writes
nothing.

Shapes: N sampled sentences, X distances, Q questions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ....records import JsonObject
from ...bootstrap import intervals, resample_means
from ...records import Float64Array, Interval

MAX_COSINE_LOSS = 0.01  # how far from its plateau the cosine at the seam may be, and the largest step that still counts as a plateau
MIN_VALUES = 10  # a mean over fewer is shown as a dash
RULE = (
    f"the smallest size whose recall is not significantly worse than that of the encoder's own size (the 95% interval of the difference "
    f"reaches zero) and whose mean cosine at the seam is within {MAX_COSINE_LOSS} of the plateau, which is the mean of the largest size; "
    f"no size when there is no plateau: the last step of the sizes still gains more than {MAX_COSINE_LOSS}"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Curves:
    """Cosines of sentences to their own vectors with the most context, by distance from the row's start; `filled` rows
    continue with the text that follows, `alone` rows end with the sentence. `within` and `across` are cosines to the
    sentence before: in the same row, and in another row when a row begins between the two."""

    distances: Sequence[int]
    filled_NX: Float64Array
    alone_NX: Float64Array
    actual_NX: Float64Array
    within_N: Float64Array
    across_N: Float64Array
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CurveMeans:
    """Means over the sentences: by distance, of `filled` and `alone` rows and of the gain over distance 0 for the same
    sentences; of the neighbours; and of distance 0 minus the neighbours. None where too few sentences are known."""

    filled: Sequence[Interval | None]
    alone: Sequence[Interval | None]
    gain: Sequence[Interval | None]
    within: Interval | None
    across: Interval | None
    start_over_within: Interval | None
    start_over_across: Interval | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """A build with some context: cosines to the most-context vectors for sentences that are first in their core and for
    sentences anywhere; the extra tokens encoded, as a share of the text's tokens; and each question's recall, by
    set."""

    context_tokens: int
    firsts_N: Float64Array
    anywhere_N: Float64Array
    extra_share: float
    recall_by_set: Mapping[str, Float64Array]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """What the figures were measured on."""

    window_tokens: int
    own_tokens: int
    num_tokens: int
    num_eligible: int
    questions: Mapping[str, int]
    budget_tokens: int
    seed: int

    def settings(self, curves: Curves) -> JsonObject:
        return {
            "window_tokens": self.window_tokens,
            "own_context_tokens": self.own_tokens,
            "tokens_of_text": self.num_tokens,
            "sentences": len(curves.within_N),
            "eligible_sentences": self.num_eligible,
            "questions_by_set": dict(self.questions),
            "budget_tokens": self.budget_tokens,
            "rule": RULE,
            "seed": self.seed,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommendation:
    """`context_tokens` by the rule (None: no recommendation), the smallest size by recall alone, and the gain of the
    last step if known."""

    context_tokens: int | None
    by_recall: int
    last_step: float | None


def recommend(contexts: Sequence[int], seam_means: Sequence[float | None], differences: Sequence[Interval]) -> Recommendation:
    """Apply `RULE`; sizes rise, and `differences` are of recall, each size minus the encoder's own (which is never
    worse than itself)."""
    unharmed = [index for index, one in enumerate(differences) if one.high >= 0]
    by_recall = contexts[unharmed[0]]
    plateau, before = seam_means[-1], seam_means[-2] if len(seam_means) > 1 else seam_means[-1]
    if plateau is None or before is None:
        return Recommendation(context_tokens=None, by_recall=by_recall, last_step=None)
    steady = [index for index in unharmed if (mean := seam_means[index]) is not None and plateau - mean <= MAX_COSINE_LOSS]
    has_plateau = plateau - before <= MAX_COSINE_LOSS
    chosen = contexts[steady[0]] if has_plateau and steady else None
    return Recommendation(context_tokens=chosen, by_recall=by_recall, last_step=plateau - before)


def means_of(curves: Curves) -> CurveMeans:
    """All means of the curves; the sentences are resampled once for all means."""
    start_N, size = curves.filled_NX[:, :1], len(curves.distances)
    pairs_N2 = np.stack([curves.within_N, curves.across_N], axis=1)
    found = column_means(
        np.concatenate([curves.filled_NX, curves.alone_NX, curves.filled_NX - start_N, pairs_N2, start_N - pairs_N2], axis=1), curves.seed
    )
    within, across, start_over_within, start_over_across = found[3 * size :]
    return CurveMeans(
        filled=found[:size],
        alone=found[size : 2 * size],
        gain=found[2 * size : 3 * size],
        within=within,
        across=across,
        start_over_within=start_over_within,
        start_over_across=start_over_across,
    )


def column_means(values_NM: Float64Array, seed: int) -> list[Interval | None]:
    """Mean of the known values in each column, with its interval; None for fewer than `MIN_VALUES`. Rows are resampled
    together."""
    is_known_NM = ~np.isnan(values_NM)
    num_columns, num_known_M = values_NM.shape[1], is_known_NM.sum(axis=0)
    if not len(values_NM):
        return [None] * num_columns
    sums = np.concatenate([np.where(is_known_NM, values_NM, 0.0), is_known_NM.astype(np.float64)], axis=1)
    resampled = resample_means(sums, "seams", seed=seed)
    # A resample without any known value has no mean: it gets the mean of all.
    means_M = sums[:, :num_columns].sum(axis=0) / np.maximum(num_known_M, 1)
    counts_RM = resampled[:, num_columns:]
    resampled_RM = np.where(counts_RM > 0, resampled[:, :num_columns] / np.where(counts_RM > 0, counts_RM, 1.0), means_M)
    found = intervals(means_M, resampled_RM)
    return [one if num_known >= MIN_VALUES else None for one, num_known in zip(found, num_known_M.tolist(), strict=True)]
