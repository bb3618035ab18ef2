"""Sentences -> rows of tokens with landmarks, for training. Knows no question and no randomness."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ..encoder import Encoder
from ..records import Int32Array
from ..token_records import Row
from .training_batch import LandmarkPlace
from .training_sets import TrainingSet


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """Consecutive sentences `[first, end)` of a set in a row. With `is_unit`, one landmark at their end stands for all
    of them; otherwise each sentence has its own."""

    set_index: int
    first: int
    end: int
    is_unit: bool = False

    @property
    def places(self) -> list[LandmarkPlace]:
        """What the segment's landmarks stand for."""
        cuts = [self.first, self.end] if self.is_unit else range(self.first, self.end + 1)
        return [LandmarkPlace(set_index=self.set_index, first=first, end=end) for first, end in pairwise(cuts)]

    def overlaps(self, other: Segment) -> bool:
        return self.set_index == other.set_index and self.first < other.end and other.first < self.end


@dataclass(frozen=True, slots=True, kw_only=True)
class RowMaker:
    """What an encoder puts around a row and after a sentence, and how many tokens a row may have."""

    prefix_ids: tuple[int, ...]
    suffix_ids: tuple[int, ...]
    landmark: tuple[int, ...]  # its id; empty for a pooling without landmarks
    max_tokens: int

    @property
    def room(self) -> int:
        """How many tokens of a row are left for text and landmarks."""
        return self.max_tokens - len(self.prefix_ids) - len(self.suffix_ids)


def row_maker(encoder: Encoder, max_tokens: int) -> RowMaker:
    """The row maker of an encoder for rows of at most `max_tokens`."""
    folder = encoder.folder
    return RowMaker(
        prefix_ids=encoder.prefix_ids,
        suffix_ids=encoder.suffix_ids,
        landmark=(folder.lmk_id,) if folder.has_landmarks else (),
        max_tokens=max_tokens,
    )


def make_training_row(maker: RowMaker, parts: Sequence[Int32Array]) -> Row:
    """Special tokens and landmarks around the tokens of each part; a part that does not fit is cut, and those after it
    are left out."""
    ids: list[int] = list(maker.prefix_ids)
    starts, ends = [], []
    room = maker.room
    for part_T in parts:
        taken_T = part_T[: max(0, room - len(maker.landmark))]
        if not len(taken_T):
            break
        starts.append(len(ids))
        ids.extend(taken_T.tolist())
        ends.append(len(ids))
        ids.extend(maker.landmark)
        room -= len(taken_T) + len(maker.landmark)
    ids.extend(maker.suffix_ids)
    return Row(ids_T=np.asarray(ids, dtype=np.int32), starts=tuple(starts), ends=tuple(ends))


def segments_row(maker: RowMaker, sets: Sequence[TrainingSet], segments: Sequence[Segment]) -> tuple[Row, list[LandmarkPlace]]:
    """Segments as a row, and what its landmarks stand for."""
    places = [place for segment in segments for place in segment.places]
    row = make_training_row(maker, [sentence_ids(sets[place.set_index], place.first, place.end) for place in places])
    return row, places[: len(row.starts)]


def sentence_ids(one: TrainingSet, first: int, end: int) -> Int32Array:
    """The tokens of sentences `[first, end)`."""
    return one.ids_T[one.sentence_tokens[first] : one.sentence_tokens[end]]
