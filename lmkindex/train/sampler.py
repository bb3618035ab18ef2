"""Training sets -> batches. A batch is a pure function of its seed (recipe, stage, step, process): nothing is
remembered between steps.

A draw depends on the stage's kind. `documents`: windows at random places of one coherent document; `pseudo`: a row of
shuffled, joined passages of different questions; `pairs`: a row with one landmark for a passage; `chunks`: a document's
window cut into chunks, one row each (what an ordinary chunk embedder learns from); `distil`: the same as `documents`,
and the same texts without landmarks for the base. Knows no model.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..token_records import Row
from .label import label_questions
from .recipe import StageRecipe
from .training_batch import Asked, LandmarkPlace, TrainingBatch
from .training_rows import RowMaker, Segment, make_training_row, segments_row
from .training_sets import LabelledQuestion, TrainingSet

Mined = Mapping[int, Mapping[int, tuple[int, ...]]]  # set -> question -> sentences of the set that the model mistakes for answers
CHUNK_SHARES = (0.5, 1.0, 2.0)  # of `passage_tokens`: several chunk sizes, so that one encoder serves them all
ROW_DRAWS = 100  # passages tried per row
MINED_SHARE = 0.5  # share of the passages drawn from questions with hard negatives


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampler:
    """Everything that a draw depends on besides its seed."""

    sets: tuple[TrainingSet, ...]
    stage: StageRecipe
    maker: RowMaker
    mined: Mined

    def draw(self, seed: Sequence[int]) -> TrainingBatch:
        """The batch of a seed."""
        return draw_batch(self, np.random.default_rng(list(seed)))


def draw_batch(sampler: Sampler, generator: np.random.Generator) -> TrainingBatch:
    """Draw rows until they hold `batch_tokens`, then label. Questions whose landmarks were cut off are left out."""
    used = [index for index, one in enumerate(sampler.sets) if not sampler.stage.sets or one.name in sampler.stage.sets]
    weights = np.asarray([sampler.sets[index].weight for index in used])
    if 0 < sampler.stage.sets_per_batch < len(used):
        chosen = generator.choice(len(used), sampler.stage.sets_per_batch, replace=False, p=weights / weights.sum())
        used, weights = [used[index] for index in chosen], np.ones(len(chosen))  # the choice above already used the weights
    rows: list[Row] = []
    places: list[LandmarkPlace] = []
    asked: dict[Asked, None] = {}
    shown: list[list[Segment]] = []
    num_tokens = 0
    while num_tokens < sampler.stage.batch_tokens or not asked:  # a window inside a long run may hold no run's end
        set_index = used[int(generator.choice(len(used), p=weights / weights.sum()))]
        for segments in draw_rows(sampler, set_index, generator):
            row, row_places = segments_row(sampler.maker, sampler.sets, segments)
            rows.append(row)
            places.extend(row_places)
            shown.append(segments)
            num_tokens += len(row.ids_T)
            asked |= dict.fromkeys(draw_questions(sampler, segments, generator))
    batch = make_batch(sampler, rows, places, list(asked))
    return replace(batch, teacher_rows=make_teacher_rows(sampler, batch, shown)) if sampler.stage.has_teacher else batch


def make_teacher_rows(sampler: Sampler, batch: TrainingBatch, shown: Sequence[Sequence[Segment]]) -> tuple[Row, ...]:
    """The batch's rows and questions without landmarks: what the base was trained to read."""
    maker = replace(sampler.maker, landmark=())
    rows = []
    for row, segments in zip(batch.rows, shown, strict=True):
        plain, _ = segments_row(maker, sampler.sets, segments)
        num_landmarks = len(row.starts)  # a row with landmarks holds fewer sentences
        rows.append(replace(plain, starts=plain.starts[:num_landmarks], ends=plain.ends[:num_landmarks]))
    questions = [sampler.sets[one.set_index].questions[one.question] for one in batch.asked]
    return (*rows, *(make_training_row(maker, [question.ids_T]) for question in questions))


def make_batch(sampler: Sampler, rows: Sequence[Row], places: Sequence[LandmarkPlace], asked: Sequence[Asked]) -> TrainingBatch:
    """Rows and questions with their labels."""
    weights_QN, is_negative_QN = label_questions(sampler.sets, places, asked, sampler.stage.alpha)
    kept = np.flatnonzero(weights_QN.any(axis=1)).tolist()
    questions = [sampler.sets[asked[index].set_index].questions[asked[index].question] for index in kept]
    return TrainingBatch(
        rows=tuple(rows),
        places=tuple(places),
        question_rows=tuple(make_training_row(sampler.maker, [question.ids_T]) for question in questions),
        asked=tuple(asked[index] for index in kept),
        weights_QN=weights_QN[kept],
        is_negative_QN=is_negative_QN[kept],
    )


def draw_rows(sampler: Sampler, set_index: int, generator: np.random.Generator) -> Iterator[list[Segment]]:
    """The rows of one draw."""
    kind, one = sampler.stage.kind, sampler.sets[set_index]
    if kind == "pairs":
        passage = passage_of(sampler, set_index, draw_question(one, generator), generator)
        yield [replace(passage, is_unit=True)]
    elif kind == "pseudo" or (kind in {"documents", "distil"} and one.is_packed):
        yield draw_passages(sampler, set_index, generator)
    elif kind in {"documents", "distil"}:
        for window in draw_windows(sampler, set_index, generator):
            yield [window]
    else:
        size_tokens = int(sampler.stage.passage_tokens * generator.choice(CHUNK_SHARES))
        shown = draw_passages(sampler, set_index, generator) if one.is_packed else draw_windows(sampler, set_index, generator)
        for segment in shown:
            yield from ([chunk] for chunk in cut_chunks(one, segment, size_tokens))


def draw_question(one: TrainingSet, generator: np.random.Generator) -> LabelledQuestion:
    return one.questions[int(generator.integers(len(one.questions)))]


def draw_windows(sampler: Sampler, set_index: int, generator: np.random.Generator) -> list[Segment]:
    """Up to `windows_per_document` disjoint windows of one document, each around a question's evidence, at a random
    offset."""
    one = sampler.sets[set_index]
    question = draw_question(one, generator)
    windows: list[Segment] = []
    for _ in range(sampler.stage.windows_per_document):
        window = window_around(sampler, set_index, question, generator)
        if not any(window.overlaps(other) for other in windows):
            windows.append(window)
        siblings = one.questions_of[question.document]
        question = one.questions[siblings[int(generator.integers(len(siblings)))]]
    return windows


def window_around(sampler: Sampler, set_index: int, question: LabelledQuestion, generator: np.random.Generator) -> Segment:
    """A window with one of the question's runs in it. If the run is longer than the window, the window holds its end or
    a random part."""
    one = sampler.sets[set_index]
    document_first, document_end = one.document_sentences[question.document : question.document + 2].tolist()
    first, last = question.runs[int(generator.integers(len(question.runs)))]
    tokens = one.sentence_tokens[document_first : document_end + 1]
    costs = tokens + np.arange(len(tokens)) * len(sampler.maker.landmark)  # tokens before each sentence of the document
    start, end = first - document_first, last + 1 - document_first
    if costs[end] - costs[start] > sampler.maker.room:
        start = end - 1 if generator.random() < 0.5 else int(generator.integers(start, end))
        end = start + 1
    before = max(0, sampler.maker.room - int(costs[end] - costs[start])) * generator.random()
    window_start = int(np.searchsorted(costs, costs[start] - before))
    window_end = int(np.searchsorted(costs, costs[window_start] + sampler.maker.room, side="right")) - 1
    return Segment(set_index=set_index, first=document_first + window_start, end=document_first + max(window_end, end))


def draw_passages(sampler: Sampler, set_index: int, generator: np.random.Generator) -> list[Segment]:
    """A pseudo-document: shuffled passages of different questions of a set, with passages that the model mistook for
    answers."""
    one = sampler.sets[set_index]
    passages: list[Segment] = []
    room = sampler.maker.room
    mined = sampler.mined.get(set_index, {})
    with_negatives = list(mined)
    for _ in range(ROW_DRAWS):
        question = int(generator.integers(len(one.questions)))
        if with_negatives and generator.random() < MINED_SHARE:
            question = with_negatives[int(generator.integers(len(with_negatives)))]
        hard = mined.get(question, ())
        drawn = [passage_of(sampler, set_index, one.questions[question], generator)]
        if hard and sampler.stage.hard_negatives:
            chosen = generator.permutation(len(hard))[: sampler.stage.hard_negatives].tolist()
            drawn += [passage_around(sampler, set_index, (hard[index], hard[index]), generator) for index in chosen]
        for passage in drawn:
            cost = one.num_tokens(passage.first, passage.end) + (passage.end - passage.first) * len(sampler.maker.landmark)
            if any(passage.overlaps(other) for other in passages):
                continue
            if passages and cost > room:
                return shuffled(passages, generator)
            passages.append(passage)
            room -= cost
    return shuffled(passages, generator)


def shuffled(passages: Sequence[Segment], generator: np.random.Generator) -> list[Segment]:
    return [passages[index] for index in generator.permutation(len(passages)).tolist()]


def passage_of(sampler: Sampler, set_index: int, question: LabelledQuestion, generator: np.random.Generator) -> Segment:
    """A passage with one of the question's runs."""
    return passage_around(sampler, set_index, question.runs[int(generator.integers(len(question.runs)))], generator)


def passage_around(sampler: Sampler, set_index: int, run: tuple[int, int], generator: np.random.Generator) -> Segment:
    """The run `[first, last]` with sentences of its paragraph around it. A run that exceeds `passage_tokens` or a row
    loses its beginning."""
    one = sampler.sets[set_index]
    first, last = run

    def fits(first: int, end: int) -> bool:
        num_tokens = one.num_tokens(first, end)
        return num_tokens <= sampler.stage.passage_tokens and num_tokens + (end - first) * len(sampler.maker.landmark) <= sampler.maker.room

    while first < last and not fits(first, last + 1):
        first += 1
    document = int(np.searchsorted(one.document_sentences, first, side="right")) - 1
    document_first, document_end = one.document_sentences[document : document + 2].tolist()
    first_open = last_open = True
    while first_open or last_open:
        first_open = first_open and first > document_first and not one.ends_paragraph_S[first - 1]
        first_open = first_open and fits(first - 1, last + 1)
        last_open = last_open and last + 1 < document_end and not one.ends_paragraph_S[last] and fits(first, last + 2)
        if first_open and (not last_open or generator.random() < 0.5):
            first -= 1
        elif last_open:
            last += 1
    return Segment(set_index=set_index, first=first, end=last + 1)


def cut_chunks(one: TrainingSet, segment: Segment, size_tokens: int) -> Iterator[Segment]:
    """Chunks of whole sentences of at most `size_tokens`; a longer sentence is a chunk by itself."""
    first = segment.first
    while first < segment.end:
        end = int(np.searchsorted(one.sentence_tokens, one.sentence_tokens[first] + size_tokens, side="right")) - 1
        end = min(max(end, first + 1), segment.end)
        yield Segment(set_index=segment.set_index, first=first, end=end, is_unit=True)
        first = end


def draw_questions(sampler: Sampler, segments: Sequence[Segment], generator: np.random.Generator) -> list[Asked]:
    """Up to `max_questions` questions whose evidence ends in the row, so that their ultimate boundary can be found."""
    found: list[Asked] = []
    for segment in segments:
        one = sampler.sets[segment.set_index]
        document = int(np.searchsorted(one.document_sentences, segment.first, side="right")) - 1
        found += [
            Asked(set_index=segment.set_index, question=question)
            for question in one.questions_of[document]
            if any(segment.first <= last < segment.end for _, last in one.questions[question].runs)
        ]
    return [found[index] for index in sorted(generator.permutation(len(found))[: sampler.stage.max_questions].tolist())]
