"""Hard negatives: sentences that the current model mistakes for answers, in the form that the sampler expects. Knows no
loss."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from ..encoder import Encoder, normalise
from ..records import Float32Array
from ..storage import write_arrays
from ..token_records import Row
from .recipe import StageRecipe
from .sampler import Mined
from .training_rows import Segment, make_training_row, row_maker, segments_row
from .training_sets import TrainingSet, holds_answer

KEPT = 8  # candidates per question
SKIPPED = 3  # the very best are often unmarked answers
NEAR_SENTENCES = 3  # sentences this near to the evidence are in the question's window anyway
MAX_QUESTIONS = 2000  # per set


def mine_negatives(
    sets: Sequence[TrainingSet], stage: StageRecipe, encoder: Encoder, seed: int, on_set: Callable[[str], None] | None = None
) -> Mined:
    """For questions of `mine_documents` documents per set: the sentences of these documents with the highest
    similarity, from the fourth on. The evidence, its neighbours and sentences that hold an answer string are left
    out."""
    mined: dict[int, dict[int, tuple[int, ...]]] = {}
    for set_index, one in enumerate(sets):
        if stage.sets and one.name not in stage.sets:
            continue
        if on_set is not None:
            on_set(one.name)
        generator = np.random.default_rng([seed, set_index])
        asked = [document for document, questions in enumerate(one.questions_of) if questions]
        documents = sorted(generator.permutation(asked)[: stage.mine_documents].tolist())
        questions = [question for document in documents for question in one.questions_of[document]]
        questions = [questions[index] for index in sorted(generator.permutation(len(questions))[:MAX_QUESTIONS].tolist())]
        sentences, vectors_SD = encode_documents(set_index, sets, documents, encoder, stage.window_tokens)
        maker = row_maker(encoder, encoder.folder.window_tokens)
        rows = [make_training_row(maker, [one.questions[question].ids_T]) for question in questions]
        scores_QS = normalise(np.concatenate(encoder.encode_rows(rows))) @ vectors_SD.T
        for question, scores_S in zip(questions, scores_QS, strict=True):
            order = sentences[np.argsort(-scores_S)[: 4 * (KEPT + SKIPPED)]].tolist()
            hard = [sentence for sentence in order if is_hard(one, question, sentence)][SKIPPED : SKIPPED + KEPT]
            if hard:
                mined.setdefault(set_index, {})[question] = tuple(hard)
    return mined


def encode_documents(
    set_index: int, sets: Sequence[TrainingSet], documents: Sequence[int], encoder: Encoder, window_tokens: int
) -> tuple[np.ndarray, Float32Array]:
    """The documents' sentences (indices in their set) and their vectors, from consecutive windows."""
    one, maker = sets[set_index], row_maker(encoder, min(window_tokens, encoder.folder.window_tokens))
    rows: list[Row] = []
    sentences: list[int] = []
    for document in documents:
        first, document_end = one.document_sentences[document : document + 2].tolist()
        while first < document_end:
            costs = one.sentence_tokens[first : document_end + 1] + np.arange(document_end + 1 - first) * len(maker.landmark)
            end = first + max(1, int(np.searchsorted(costs, costs[0] + maker.room, side="right")) - 1)
            row, places = segments_row(maker, sets, [Segment(set_index=set_index, first=first, end=end)])
            rows.append(row)
            sentences.extend(place.first for place in places)
            first = end
    return np.asarray(sentences, dtype=np.int64), normalise(np.concatenate(encoder.encode_rows(rows)))


def is_hard(one: TrainingSet, question: int, sentence: int) -> bool:
    """Whether a sentence is, as far as we know, neither an answer nor near one."""
    asked = one.questions[question]
    runs = one.runs_of_text[asked.text.lower()].tolist()  # also of other questions with the same words
    if any(first - NEAR_SENTENCES <= sentence <= last + NEAR_SENTENCES for first, last in runs):
        return False
    text = one.text[one.sentence_starts_S[sentence] : one.sentence_ends_S[sentence]].lower()
    return not any(holds_answer(text, answer) for answer in asked.answers)


def save_mined(path: Path, mined: Mined) -> None:
    """Keep what was mined, so that a resumed run has the same negatives."""
    rows = [(set_index, question, sentence) for set_index, of in mined.items() for question, hard in of.items() for sentence in hard]
    write_arrays(path, compressed=True, rows=np.asarray(rows, dtype=np.int64).reshape(-1, 3))


def load_mined(path: Path) -> Mined:
    """What `save_mined` kept."""
    mined: dict[int, dict[int, tuple[int, ...]]] = {}
    with np.load(path) as stored:
        for set_index, question, sentence in stored["rows"].tolist():
            of = mined.setdefault(set_index, {})
            of[question] = (*of.get(question, ()), sentence)
    return mined
