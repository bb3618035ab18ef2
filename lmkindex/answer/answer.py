"""Spans -> prompt -> generator -> answer with checked citations.

Takes search results and a generator (or a function that opens one, called only when the model is asked). Knows no
index, encoder or vLLM. A prompt numbers its spans from 1 in document order, (path, start); a citation's `marker` is
this number. The spans in an `Answer` stay best first. If the best similarity is below the threshold or there are no
spans, the answer abstains and the model is not asked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from ..config import AnswerOptions
from ..errors import GeneratorError
from ..generate import Generation, Generator, OnText, Prompt
from ..generate.control_tokens import without_control_tokens
from ..read import without_surrogates
from ..search import SearchResult, Span
from ..sentences import split_sentences
from .citations import MARKER, cite
from .records import Answer, Citation

NOT_FOUND = "The passages do not answer the question."
ABSTENTION = "No answer was found in the indexed documents."
SYSTEM = (
    "Answer the question from the numbered passages only. After each sentence give the number of its passage in brackets, like [1]. "
    f"If the passages do not hold the answer, write: {NOT_FOUND}"
)
INSTRUCTION = "Read these passages and answer the question."  # a small model does best if the bare question comes last
NOT_ASKED = ""  # the model name of an answer for which no model was asked

THOUGHTS = re.compile(r"<think>.*?(?:</think>|$)", re.DOTALL)
REFUSAL = re.compile(
    r"(?:do|does|did)(?: not|n.t) (?:\w+ )?(?:answer|contain|give|hold|include|mention|provide|say|specify|state)\b"
    r"|(?:can ?not|can.t|could not|couldn.t|unable to) (?:\w+ )?(?:find|answer|determine)\b"
    r"|not (?:\w+ )?(?:answered|contained|found|given|included|mentioned|provided|specified|stated) (?:in|by) (?:the|these|any|this)\b"
    r"|no (?:\w+ )?(?:answer|information|mention) (?:in|about|on|of|is|was|to)\b",
    re.IGNORECASE,
)


def answer_questions(
    results: Sequence[SearchResult],
    generator: Generator | Callable[[], Generator],
    options: AnswerOptions,
    *,
    on_text: OnText | None = None,
) -> list[Answer]:
    """One answer for each result, in order. All prompts go to the generator in one call; `on_text(index, piece)`
    streams.

    Raises `GeneratorError` if the generator cannot be opened, or if it fails for every question.
    """
    answers: dict[int, Answer] = {i: abstain(result) for i, result in enumerate(results)}
    asked = [i for i, result in enumerate(results) if result.spans and result.similarity >= threshold_of(result, options)]
    if not asked:
        return list(answers.values())
    opened = generator() if callable(generator) else generator
    shown = {i: fit(results[i], opened) for i in asked}
    answers |= {i: abstain(results[i], f"The question is too long for {opened.name}.") for i in asked if not shown[i]}
    asked = [i for i in asked if shown[i]]
    generations = opened.generate(
        [make_prompt(results[i].question, in_document_order(shown[i])) for i in asked],
        max_tokens=options.max_answer_tokens,
        temperature=options.temperature,
        on_text=None if on_text is None else lambda index, piece: on_text(asked[index], piece),
    )
    if asked and all(generation.finish_reason == "error" for generation in generations):
        raise GeneratorError(f"{opened.name} gave no answer: {generations[0].error}.")
    for i, generation in zip(asked, generations, strict=True):
        answers[i] = read_answer(results[i].question, shown[i], generation, opened.name)
    return list(answers.values())


def threshold_of(result: SearchResult, options: AnswerOptions) -> float:
    """The similarity below which the model is not asked: from the options, else from the encoder of the search."""
    return result.min_similarity if options.min_similarity is None else options.min_similarity


def abstain(result: SearchResult, reason: str = ABSTENTION) -> Answer:
    """The answer to a question that no model was asked."""
    return Answer(question=result.question, answer=reason, abstained=True, citations=(), spans=result.spans, model=NOT_ASKED)


def in_document_order(spans: Sequence[Span]) -> list[Span]:
    return sorted(spans, key=lambda span: (span.path, span.root, span.start, span.end))


def make_prompt(question: str, shown: Sequence[Span]) -> Prompt:
    """`shown` numbered from 1, one line each, then the question. The part that all prompts share comes first."""
    passages = "\n\n".join(f"[{number}] {as_line(span.text)}" for number, span in enumerate(shown, 1))
    return Prompt(system=SYSTEM, user=f"{INSTRUCTION}\n\n{passages}\n\n{as_line(question)}")


def as_line(text: str) -> str:
    """`text` on one line, without bracketed numbers and control tokens, so that a document cannot forge the start of a
    passage, a marker, or the end of a turn."""
    return MARKER.sub(lambda match: f"({match.group(1)})", without_control_tokens(" ".join(text.split())))


def fit(result: SearchResult, generator: Generator) -> tuple[Span, ...]:
    """The best spans, best first, whose prompt fits the generator; if not even the best span fits alone, it is cut."""

    def fits(spans: Sequence[Span]) -> bool:
        prompt = make_prompt(result.question, in_document_order(spans))
        return generator.count_tokens(prompt.system) + generator.count_tokens(prompt.user) <= generator.max_prompt_tokens

    for num_spans in range(len(result.spans), 0, -1):
        if fits(result.spans[:num_spans]):
            return result.spans[:num_spans]
    best = result.spans[0]
    starts = split_sentences(best.text).starts_S.tolist()
    for first in range(1, len(starts)):  # cut from the front: the question hit the boundary, at the end
        shorter = replace(best, start=best.start + starts[first], text=best.text[starts[first] :], pos_first=best.pos_first + first)
        if fits([shorter]):
            return (replace(shorter, num_tokens=generator.count_tokens(shorter.text)),)
    return ()


def read_answer(question: str, spans: Sequence[Span], generation: Generation, model: str) -> Answer:
    """Check what the model wrote: an abstention, or a text in which every claim is cited and looked up."""
    written = without_surrogates(generation.text)  # a server's JSON may hold half a surrogate pair, which cannot be printed
    text = without_repeats(whole_sentences(THOUGHTS.sub("", written).strip(), generation.finish_reason))
    citations: tuple[Citation, ...] = ()
    if generation.finish_reason == "error":
        text, abstained = f"No answer was written (error: {generation.error}).", True
    elif not text:
        text, abstained = ABSTENTION, True
    elif REFUSAL.search(text):
        checked, found = cite(text, in_document_order(spans), question)
        abstained = not any(citation.verified for citation in found)
        text, citations = (text, ()) if abstained else (checked, found)
    else:
        text, citations = cite(text, in_document_order(spans), question)
        abstained = False
    return Answer(
        question=question, answer=text, abstained=abstained, citations=citations, spans=tuple(spans), model=model, error=generation.error
    )


def whole_sentences(text: str, finish_reason: str) -> str:
    """`text` without a last sentence that the length limit cut in two, unless it is the only one."""
    if finish_reason != "length":
        return text
    sentences = split_sentences(text)
    if len(sentences) < 2 or text.rstrip()[-1:] in ".!?。！？":
        return text
    return text[: int(sentences.ends_S[-2])]


def without_repeats(text: str) -> str:
    """`text` without sentences that repeat an earlier one word for word: small models go round in circles."""
    sentences = split_sentences(text)
    seen: set[str] = set()
    kept: list[str] = []
    previous_end = 0
    for start, end in zip(sentences.starts_S.tolist(), sentences.ends_S.tolist(), strict=True):
        if text[start:end] not in seen:
            kept.append(text[previous_end:end])  # with the white space before it
        seen.add(text[start:end])
        previous_end = end
    return "".join(kept)
