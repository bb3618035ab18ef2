"""Pick -> prompt -> question and answer. The wording is our own, and short enough for a small model.

The rules and the worked examples are the same for every pick, so that their prefix can be cached. The examples are
earlier turns of the chat, because small models follow turns much better than examples inside a text. Knows nothing
about filters or generators.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import blake2b

from ..generate import Prompt
from ..records import JsonObject
from .records import Pick

MAX_QUESTION_CHARS, MAX_ANSWER_CHARS = 160, 120
MAX_REPLY_TOKENS = 100
# Only features that every server with structured output supports: patterns break some servers.
SCHEMA: JsonObject = {
    "type": "object",
    "properties": {
        "question": {"type": "string", "maxLength": MAX_QUESTION_CHARS},
        "answer": {"type": "string", "maxLength": MAX_ANSWER_CHARS},
    },
    "required": ["question", "answer"],
    "additionalProperties": False,
}
RULES = (
    "You write questions for testing a search engine. You get some background and a fact from it. "
    "Write one question that the fact answers, and its short answer, as JSON. "
    "People who ask have never seen the background: name what you ask about, and never write "
    '"he", "it", "this" or "the text". Say it in other words than the fact. Copy the answer from the fact. '
    "If the fact answers no useful question, leave the question empty."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A worked example: a fact with the text before and after it."""

    before: str
    fact: str
    after: str
    question: str
    answer: str


EXAMPLES = (
    Example(
        before="The Marrow Valley railway opened in 1887 with two stations and one engine, which people called the Brown Hen.",
        fact="The engine burned peat, because no coal could be brought over the pass in winter.",
        after="Passengers complained about the smoke. In 1901 a second engine was bought from a brewery.",
        question="Why did the first engine of the Marrow Valley railway run on peat?",
        answer="no coal could be brought over the pass in winter",
    ),
    Example(
        before="Keep unopened bottles of Lenovir syrup in the dark, below 25 degrees.",
        fact="After opening, the syrup must be used within six weeks. Write the date on the label, and throw away what is left.",
        after="Do not freeze the syrup. Ask your pharmacist before you give it to a child under two.",
        question="How long can Lenovir syrup be kept once the bottle is open?",
        answer="six weeks",
    ),
    Example(
        before="Old Marta had sworn that she would never set foot in the mill again, and she was not a woman to change her mind.",
        fact="Her brother Jonas was afraid of the dogs. So it was the boy Pim who carried the sacks down to the miller every Friday.",
        after="The miller gave him an apple and asked no questions.",
        question="Who brought Marta's sacks to the miller on Fridays?",
        answer="the boy Pim",
    ),
    Example(
        before="A worker thread asks the pool for a buffer. If the pool is empty, the thread waits until another one gives a buffer back.",
        fact="With the option `no_wait` the call returns an error at once instead.",
        after="Buffers are 4 kB large unless `buffer_size` says otherwise.",
        question="Which option makes a request for a buffer fail immediately when the pool has none left?",
        answer="no_wait",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What the model wrote, with white space trimmed; both strings are empty if it refused."""

    question: str
    answer: str


def make_question_prompt(text: str, pick: Pick) -> Prompt:
    """The request for one pick of a document with this `text`. For a pick without background, the examples have no
    background either."""
    before, after = text[pick.background_start : pick.start], text[pick.end : pick.background_end]
    turns = TURNS if before or after else BARE_TURNS
    return Prompt(system=RULES, user=render_turn(before, text[pick.start : pick.end], after), examples=turns, schema=SCHEMA)


def render_turn(before: str, fact: str, after: str) -> str:
    """The user's turn: the background, if any, and the fact again, closest to where the model writes."""
    background = f"Background: {flat(f'{before} {fact} {after}')}\n\n" if before or after else ""
    return f"{background}Fact: {flat(fact)}"


def flat(text: str) -> str:
    """The text on one line."""
    return " ".join(text.split())


def parse_reply(text: str) -> Reply | None:
    """The question and answer of a reply; None if it is not the requested JSON."""
    try:
        fields = json.loads(text)
    except ValueError:
        return None
    if not isinstance(fields, dict):
        return None
    question, answer = fields.get("question"), fields.get("answer")
    return Reply(question=flat(question), answer=flat(answer)) if isinstance(question, str) and isinstance(answer, str) else None


def write_reply(question: str, answer: str) -> str:
    """A reply in the form that the examples show: compact JSON."""
    return json.dumps({"question": question, "answer": answer}, ensure_ascii=False, separators=(",", ":"))


TURNS, BARE_TURNS = (
    tuple(
        (
            render_turn(example.before * has_background, example.fact, example.after * has_background),
            write_reply(example.question, example.answer),
        )
        for example in EXAMPLES
    )
    for has_background in (True, False)
)


def prompt_version() -> str:
    """A hash of everything that all prompts share, so that attempts of different versions are not mixed."""
    shared = json.dumps([RULES, TURNS, BARE_TURNS, SCHEMA, render_turn("a", "b", "c")])
    return blake2b(shared.encode(), digest_size=8).hexdigest()
