"""The loop: picks -> prompts -> replies -> verdicts, chunk by chunk, until enough questions are accepted; then the set
is written.

Everything that costs time is on disk before the next chunk starts, and the same call continues from there. An
interrupted run writes the same set as an uninterrupted run, as far as the language model is deterministic. Knows no
command line and prints nothing.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from pathlib import Path

from ..config import require
from ..datasets import EvaluationSet, Question, SourceDocument, write_set
from ..datasets.json_lines import Spans
from ..datasets.set_reader import find_answers
from ..encoder import Encoder, encode_questions
from ..encoder.cache import VectorCache
from ..errors import GeneratorError, LockedError
from ..generate import Generation, Generator
from ..records import Float32Array
from .filters import check_reply
from .journal import Journal, make_settings
from .pick import make_picks
from .question_prompt import MAX_REPLY_TOKENS, Reply, make_question_prompt, parse_reply
from .records import ACCEPTED, Attempt, Pick, SynthOptions, SynthResult
from .round_trip import AcceptedQuestions, SentencePlaces, allowed_rank, embed_documents, rank_in_document

OnQuestions = Callable[[str, int, int], None]  # the current step, questions accepted, picks asked about


def write_questions(
    documents: Sequence[SourceDocument],
    encoder: Encoder,
    open_generator: Callable[[], Generator],
    options: SynthOptions,
    output: Path,
    cache: VectorCache,
    on_step: OnQuestions = lambda text, accepted, asked: None,
) -> SynthResult:
    """Write `options.num_questions` questions about the documents to `output`, as a set for `evaluate` and `train`, or
    continue such a set.

    The generator is opened after the sentences are encoded, and only if something is left to ask. Raises `UsageError`
    if `output` was started with other settings, `GeneratorError` if the generator fails on a whole chunk, `LockedError`
    if another run is writing there.
    """
    from filelock import FileLock, Timeout

    output.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(output / ".lock", timeout=0):
            journal = Journal(output, make_settings(documents, encoder, options))
            fill_journal(journal, documents, encoder, open_generator, options, cache, on_step)
            return write_accepted(journal, documents, options)
    except Timeout:
        raise LockedError(f"Another run is writing to {output}: wait for it, or use another --output.") from None


def fill_journal(
    journal: Journal,
    documents: Sequence[SourceDocument],
    encoder: Encoder,
    open_generator: Callable[[], Generator],
    options: SynthOptions,
    cache: VectorCache,
    on_step: OnQuestions,
) -> None:
    """Ask about one pick after another until there are enough questions, or no picks, tries or time are left."""
    started = time.monotonic()
    questions = [attempt.question for attempt in journal.attempts if attempt.is_accepted]
    if len(questions) >= options.num_questions or len(journal.attempts) >= options.num_tries:
        return
    on_step("choosing spans", len(questions), len(journal.attempts))
    picks = list(islice(make_picks(documents, options.seed, options.background_words), options.num_tries))
    require(bool(picks), "There is no running text in these documents to ask about.")
    if len(journal.attempts) >= len(picks):
        return
    on_step("encoding sentences", len(questions), len(journal.attempts))
    asked_about = {pick.doc_id for pick in picks}
    places = embed_documents([document for document in documents if document.doc_id in asked_about], encoder, cache)
    accepted = AcceptedQuestions(questions, list(encode_questions(encoder, questions)) if questions else [])
    judge = Judge({document.doc_id: document.text for document in documents}, places, encoder, accepted, options)
    on_step("opening the language model", len(questions), len(journal.attempts))
    generator = open_generator()
    journal.set_model(generator.name)
    num_accepted = len(questions)
    while num_accepted < options.num_questions and len(journal.attempts) < len(picks):
        if options.time_budget_s and time.monotonic() - started > options.time_budget_s:
            return
        first = len(journal.attempts)
        attempts = ask_chunk(generator, picks[first : first + options.chunk], judge, options)
        journal.append(attempts)
        num_accepted += sum(attempt.is_accepted for attempt in attempts)
        on_step("writing questions", num_accepted, len(journal.attempts))


def ask_chunk(generator: Generator, picks: Sequence[Pick], judge: Judge, options: SynthOptions) -> list[Attempt]:
    """One chunk: what the generator writes for the picks, judged. Raises `GeneratorError` if every prompt fails."""
    prompts = [make_question_prompt(judge.texts[pick.doc_id], pick) for pick in picks]
    generations = generator.generate(prompts, max_tokens=MAX_REPLY_TOKENS, temperature=options.temperature)
    if all(generation.finish_reason == "error" for generation in generations):
        raise GeneratorError(
            f"The language model failed on {len(picks)} prompts in a row (error: {generations[0].error}). "
            "Everything written before is kept: run the same command to continue."
        )
    return judge.judge(picks, generations)


class Judge:
    """Reads replies and applies the filters. Owns the accepted questions, with which new ones are compared."""

    def __init__(
        self, texts: Mapping[str, str], places: SentencePlaces, encoder: Encoder, accepted: AcceptedQuestions, options: SynthOptions
    ) -> None:
        self.texts = texts
        self._places = places
        self._encoder = encoder
        self._accepted = accepted
        self._filters = options.filters

    def judge(self, picks: Sequence[Pick], generations: Sequence[Generation]) -> list[Attempt]:
        """The attempts of a chunk, in order."""
        replies = [parse_reply(generation.text) for generation in generations]
        found = [self._read(pick, reply, generation) for pick, reply, generation in zip(picks, replies, generations, strict=True)]
        questions = [reply.question for reply, reason in zip(replies, found, strict=True) if reply and not reason]
        vectors = iter(encode_questions(self._encoder, questions) if questions else ())
        attempts = []
        for pick, generation, reply, reason in zip(picks, generations, replies, found, strict=True):
            verdict, rank = self._find_again(pick, reply.question, next(vectors)) if reply and not reason else (reason, 0)
            question, answer = (reply.question, reply.answer) if reply else ("", "")
            attempts.append(Attempt(pick=pick, text=generation.text, question=question, answer=answer, verdict=verdict, rank=rank))
        return attempts

    def _read(self, pick: Pick, reply: Reply | None, generation: Generation) -> str:
        """The first filter without encoder that rejects the reply, or ""."""
        if generation.finish_reason == "error":
            return "error"
        if reply is None:
            return "malformed"
        text = self.texts[pick.doc_id]
        return check_reply(reply, text[pick.start : pick.end], text[pick.background_start : pick.background_end], self._filters)

    def _find_again(self, pick: Pick, question: str, vector_D: Float32Array) -> tuple[str, int]:
        """The verdict of the filters that need the encoder, and the span's rank."""
        rank = rank_in_document(self._places, vector_D, pick.doc_id, [(pick.start, pick.end)])
        place = self._places.sentences_of(pick.doc_id)
        if rank > allowed_rank(place.stop - place.start, self._filters):
            return "round trip", rank
        if self._accepted.holds(question, vector_D, self._filters.max_similarity):
            return "duplicate", rank
        self._accepted.add(question, vector_D)
        return ACCEPTED, rank


def write_accepted(journal: Journal, documents: Sequence[SourceDocument], options: SynthOptions) -> SynthResult:
    """Write the set: all documents, and the first `num_questions` accepted questions."""
    num_accepted = sum(attempt.is_accepted for attempt in journal.attempts)
    result = SynthResult(
        name=options.name,
        model=journal.model,
        attempts=tuple(journal.attempts),
        num_questions=min(num_accepted, options.num_questions),
        num_documents=len(documents),
        rejected=dict(Counter(attempt.verdict for attempt in journal.attempts if not attempt.is_accepted).most_common()),
        is_complete=num_accepted >= options.num_questions,
    )
    questions = questions_of(result)
    texts = {document.doc_id: document.text for document in documents}
    written = EvaluationSet(name=options.name, documents=tuple(documents), questions=tuple(questions))
    write_set(journal.folder, written, {question.question_id: answer_places(question, texts[question.doc_id]) for question in questions})
    return result


def answer_places(question: Question, text: str) -> Spans:
    """The places of the answer's own words in the span, if they occur there."""
    ((start, end),) = question.spans
    return tuple((start + first, start + last) for first, last in find_answers(text[start:end], question.answers))


def note_of(attempt: Attempt, model: str) -> str:
    return f"synthetic; {model}; round-trip rank {attempt.rank}"


def questions_of(result: SynthResult) -> list[Question]:
    """The questions of the set, as `set_reader` returns them."""
    accepted = [attempt for attempt in result.attempts if attempt.is_accepted][: result.num_questions]
    return [
        Question(
            question_id=f"{result.name}-{attempt.pick.number}",
            doc_id=attempt.pick.doc_id,
            text=attempt.question,
            answers=(attempt.answer,),
            spans=((attempt.pick.start, attempt.pick.end),),
            note=note_of(attempt, result.model),
        )
        for attempt in accepted
    ]
