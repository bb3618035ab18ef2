from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmkindex.synth import FilterOptions
from lmkindex.synth.filters import (
    REASONS,
    adds_something,
    check_reply,
    is_deictic,
    is_question,
    longest_common_run,
    overlap,
    repeats_itself,
)
from lmkindex.synth.question_prompt import (
    BARE_TURNS,
    EXAMPLES,
    MAX_ANSWER_CHARS,
    MAX_QUESTION_CHARS,
    TURNS,
    Reply,
    make_question_prompt,
    parse_reply,
    prompt_version,
    write_reply,
)
from lmkindex.synth.records import Pick

SPAN = "The engine burned peat, because no coal could be brought over the pass in winter. It was sold in 1901."
BACKGROUND = f"The Marrow Valley railway opened in 1887 with two stations. {SPAN} Passengers complained about the smoke."
OPTIONS = FilterOptions()
GOOD = Reply(question="Why did the Marrow Valley railway's engine use peat?", answer="no coal could be brought over the pass")


def verdict(question: str, answer: str = "no coal could be brought over the pass") -> str:
    return check_reply(Reply(question=question, answer=answer), SPAN, BACKGROUND, OPTIONS)


def test_a_good_reply_passes() -> None:
    assert check_reply(GOOD, SPAN, BACKGROUND, OPTIONS) == ""


@pytest.mark.parametrize(
    ("question", "answer", "reason"),
    [
        ("", "", "refused"),
        ("The engine of the Marrow Valley railway burned peat", "peat", "not a question"),
        ("Why did the engine use peat, and who paid for the coal?", "no coal", "not a question"),
        ("Why peat in winter? Was coal missing?", "no coal", "not a question"),
        ("Why peat?", "no coal could be brought over", "length"),
        ("Why did the peat of the engine of the peat of the engine burn?", "no coal could be brought over", "rambling"),
        ("What is the difference between the engine and the engine?", "no coal", "rambling"),
        ("Why did it burn peat in winter?", "no coal could be brought over", "deictic"),
        ("Why did this engine burn peat?", "no coal could be brought over", "deictic"),
        ("What does the passage say about the engine's peat?", "no coal", "deictic"),
        (
            "Why could no coal be brought over the pass in winter because no coal could be brought over the pass in winter?",
            "peat",
            "rambling",
        ),
        ("What burned peat, because no coal could be brought over the pass in winter?", "the engine", "copied"),
        ("Why did Queen Victoria travel over the pass?", "no coal could be brought", "ungrounded"),
        ("Why did the engine of 1899 burn peat?", "no coal could be brought", "ungrounded"),
        ("Which gardens, dragons and violins did the engine like?", "no coal could be brought", "ungrounded"),
        ("Why did the Marrow Valley railway's engine use peat?", "", "no answer"),
        ("Why did the Marrow Valley railway's engine use peat?", "the railway's engine", "no answer"),
        ("Why did the Marrow Valley railway's engine use peat?", "passengers complained about the smoke", "unsupported"),
        ("When was the engine of the Marrow Valley railway sold?", "in 1902", "unsupported"),
    ],
)
def test_what_is_rejected_and_why(question: str, answer: str, reason: str) -> None:
    assert verdict(question, answer) == reason
    assert reason in REASONS


@pytest.mark.parametrize(
    ("question", "deictic"),
    [
        ("What did he do?", True),
        ("What did Ahab do with his pipe?", False),
        ("How do I create a branch?", False),
        ("What did I see from the hill?", True),
        ("Where did we land?", True),
        ("How does it work?", True),
        ("What is the meaning of peat?", True),
        ("Which option makes a request fail?", False),
        ("According to the text, when was it?", True),
        ("Who was it?", True),
    ],
)
def test_questions_that_point_outside_themselves(question: str, deictic: bool) -> None:
    assert is_deictic(question) == deictic


def test_other_scripts_have_question_marks_too() -> None:
    assert is_question("谁把麻袋送到磨坊？")
    assert is_question("Was Dr. Hale the head of the U.S. Olympic Committee under John F. Kennedy?")
    assert not is_question("Peat burned. Was coal missing?")
    assert not is_question("谁把麻袋送到磨坊")


@given(st.lists(st.sampled_from("abc"), max_size=12), st.lists(st.sampled_from("abc"), max_size=12))
def test_the_longest_common_run_is_the_longest(left: list[str], right: list[str]) -> None:
    runs = {tuple(left[first:end]) for first in range(len(left)) for end in range(first + 1, len(left) + 1)}
    others = {tuple(right[first:end]) for first in range(len(right)) for end in range(first + 1, len(right) + 1)}
    assert longest_common_run(left, right) == max((len(run) for run in runs & others), default=0)


def test_small_functions() -> None:
    assert repeats_itself("the the end")
    assert not repeats_itself("the end of the day")
    assert not repeats_itself("between the pump and the pumpkin")
    assert adds_something("six weeks", "How many weeks?")
    assert not adds_something("weeks", "How many weeks?")
    assert overlap("Which engines burned peat?", SPAN) == 1.0
    assert overlap("Who?", SPAN) == 0.0


# --- the prompt


def pick_of(text: str, start: int, end: int, background: tuple[int, int]) -> Pick:
    first, last = background
    return Pick(number=0, doc_id="d", start=start, end=end, background_start=first, background_end=last, num_sentences=1)


def test_a_prompt_shows_the_background_and_the_fact_last() -> None:
    start = BACKGROUND.index(SPAN)
    prompt = make_question_prompt(BACKGROUND, pick_of(BACKGROUND, start, start + len(SPAN), (0, len(BACKGROUND))))
    assert prompt.user == f"Background: {BACKGROUND}\n\nFact: {SPAN}"
    assert prompt.examples == TURNS
    assert prompt.schema is not None


def test_without_background_the_examples_have_none_either() -> None:
    start = BACKGROUND.index(SPAN)
    prompt = make_question_prompt(BACKGROUND, pick_of(BACKGROUND, start, start + len(SPAN), (start, start + len(SPAN))))
    assert prompt.user == f"Fact: {SPAN}"
    assert prompt.examples == BARE_TURNS
    assert not any("Background" in user for user, _ in BARE_TURNS)


@pytest.mark.parametrize("example", EXAMPLES)
def test_our_own_examples_pass_our_own_filters(example: object) -> None:
    assert example in EXAMPLES
    shown = next(one for one in EXAMPLES if one is example)
    reply = Reply(question=shown.question, answer=shown.answer)
    assert check_reply(reply, shown.fact, f"{shown.before} {shown.fact} {shown.after}", OPTIONS) == ""
    assert len(shown.question) <= MAX_QUESTION_CHARS
    assert len(shown.answer) <= MAX_ANSWER_CHARS


@given(st.text(), st.text())
def test_replies_are_read_back(question: str, answer: str) -> None:
    reply = parse_reply(write_reply(question, answer))
    assert reply == Reply(question=" ".join(question.split()), answer=" ".join(answer.split()))


@pytest.mark.parametrize("text", ["", "Why?", '{"question": "Why', '["Why?"]', '{"question": "Why?"}', '{"question": 1, "answer": "a"}'])
def test_what_is_no_reply(text: str) -> None:
    assert parse_reply(text) is None


def test_the_version_follows_the_wording(monkeypatch: pytest.MonkeyPatch) -> None:
    before = prompt_version()
    assert before == prompt_version()
    monkeypatch.setattr("lmkindex.synth.question_prompt.RULES", "Write a question.")
    assert prompt_version() != before
