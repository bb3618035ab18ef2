"""Is this a question that could train a retriever? The filters that need no model: each a function of what the model
wrote and was shown.

Takes a reply with the span and its background, and returns the name of the first filter that rejects it, or "". The
word lists are English: for other languages the filters that use them let more through. Filters that need the encoder
are in `round_trip.py`.
"""

from __future__ import annotations

import re
from itertools import pairwise

from ..answer.support import STOPWORDS, read_content, support
from .question_prompt import Reply
from .records import FilterOptions

# All reasons that a report can name, in the order of the checks; some come from the loop, not from the filters here.
REASONS = {
    "error": "the generator failed on this prompt",
    "malformed": "the reply is not the requested JSON, or was cut off",
    "refused": "the model left the question empty",
    "not a question": "it does not end with a question mark, or asks several things",
    "length": "too few or too many words",
    "rambling": "it repeats itself",
    "deictic": "it cannot be understood without the passage",
    "copied": "it repeats the span's words",
    "ungrounded": "it mentions things that are not in the background",
    "no answer": "there is no answer, or the question already contains it",
    "unsupported": "the span does not say what the answer says",
    "round trip": "other places in the document are nearer to the question than the span",
    "duplicate": "the same or nearly the same question was accepted before",
}
WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
ENDS_QUESTION = re.compile(r"[?？؟]$")
# A full stop ends a sentence only after a whole word: "Dr. Hale", "the U.S. Senate" and "John F. Kennedy" are names.
SECOND_QUESTION = re.compile(r"[?？؟].|(?i:[,;]?\s+and\s+(?:what|who|when|where|why|how|which)\b)|(?<=[a-z]{3})[.!]\s+[A-Z]")
# Words for the passage itself, places in it, and the words of our own prompt.
ABOUT_THE_TEXT = re.compile(
    r"\b(?:passages?|texts?|paragraphs?|excerpts?|backgrounds?|sentences?|quot(?:e|ation)s?|author|narrator|speaker|story|context|listing|figure"
    r"|chapter|above|aforementioned|following|facts?|meaning of|moral of|mean by|the (?:word|term|phrase|question|answer)"
    r"|this|these|those|such)\b",
    re.IGNORECASE,
)
PRONOUN = re.compile(r"\b(?:he|she|it|they|him|her|them|his|hers|its|their|theirs|there|here|one|ones|that)\b", re.IGNORECASE)
NARRATOR = re.compile(r"\b(?:I|me|my|mine|we|us|our|ours|your ladyship|thou|thee|thy)\b")
USER_ASKS = re.compile(
    r"^(?:how|where|when|what|which|why|can|may|must|should|do)\b.{0,40}?\b(?:do|can|could|may|must|should|would) (?:I|we)\b", re.IGNORECASE
)
COMPARED = re.compile(r"\b(?:between|from) (.+?) (?:and|to|from) \1(?!\w)", re.IGNORECASE)  # "the difference between x and x"
NUM_REPEATED = 3  # length of a run of words that must not occur twice


def check_reply(reply: Reply, span: str, background: str, options: FilterOptions) -> str:
    """The first filter that rejects the reply, or ""."""
    question, answer = reply.question, reply.answer
    if not question:
        return "refused"
    checks = {
        "not a question": not is_question(question),
        "length": not options.min_words <= len(words_of(question)) <= options.max_words,
        "rambling": repeats_itself(question) or repeats_itself(answer),
        "deictic": is_deictic(question),
        "copied": is_copied(question, span, options),
        "ungrounded": not is_grounded(question, background, options),
        "no answer": not adds_something(answer, question),
        "unsupported": support(read_content(answer), read_content(span)) < options.min_support,
    }
    return next((name for name, rejects in checks.items() if rejects), "")


def words_of(text: str) -> list[str]:
    return [word.casefold().replace("’", "'") for word in WORD.findall(text)]


def content_words(text: str) -> list[str]:
    """The words that carry meaning, in order, casefolded."""
    return [word for word in words_of(text) if word.removesuffix("'s") not in STOPWORDS]


def is_question(question: str) -> bool:
    """Whether it is a single question that ends with a question mark."""
    return bool(ENDS_QUESTION.search(question)) and not SECOND_QUESTION.search(question)


def repeats_itself(text: str) -> bool:
    """Whether a run of `NUM_REPEATED` words occurs twice, a word is repeated, or something is compared with itself."""
    words = words_of(text)
    runs = list(zip(*(words[first:] for first in range(NUM_REPEATED)), strict=False))
    return len(set(runs)) < len(runs) or any(left == right for left, right in pairwise(words)) or COMPARED.search(text) is not None


def is_deictic(question: str) -> bool:
    """Whether the question points at a text, a speaker or something that it does not name.

    A pronoun is fine if an earlier word can be what it refers to: "What did Ahab do with his pipe?"
    """
    if ABOUT_THE_TEXT.search(question) or (NARRATOR.search(question) and not USER_ASKS.search(question)):
        return True
    pronoun = PRONOUN.search(question)
    return not content_words(question) or (pronoun is not None and not content_words(question[: pronoun.start()]))


def is_copied(question: str, span: str, options: FilterOptions) -> bool:
    """Whether the question contains a long run of the span's words, counted in words or as a share of the question."""
    words = words_of(question)
    longest = longest_common_run(words, words_of(span))
    return longest > options.max_copied_words or longest > max(3, options.max_copied_share * len(words))


def longest_common_run(left: list[str], right: list[str]) -> int:
    """Length of the longest run of words that both lists contain."""
    longest = 0
    previous = [0] * (len(right) + 1)
    for word in left:
        current = [0] * (len(right) + 1)
        for index, other in enumerate(right, start=1):
            if word == other:
                current[index] = previous[index - 1] + 1
                longest = max(longest, current[index])
        previous = current
    return longest


def is_grounded(question: str, background: str, options: FilterOptions) -> bool:
    """Whether the background contains the question's names and numbers, and enough of its other words."""
    asked, shown = read_content(question), read_content(background)
    return (
        bool(asked.words) and not asked.required - shown.words and len(asked.words & shown.words) >= options.min_grounded * len(asked.words)
    )


def adds_something(answer: str, question: str) -> bool:
    """Whether the answer has a word that is not in the question: an answer that the question gives away does not
    count."""
    return bool(read_content(answer).words - read_content(question).words)


def overlap(question: str, span: str) -> float:
    """The share of the question's content words, without endings, that the span contains; 0 if there are none."""
    asked, held = read_content(question).words, read_content(span).words
    return len(asked & held) / len(asked) if asked else 0.0
