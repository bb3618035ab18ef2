from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmkindex.evaluate.answer_metrics import exact_match, normalise_answer, token_f1, without_markers


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("The  Harrow-Dam, (of 1932).", "harrowdam of 1932"),
        ("An apple a day", "apple day"),
        ("theatre and Athens", "theatre and athens"),  # articles are whole words
        ("U.S.A.", "usa"),
        ("a.m.", "am"),  # punctuation is removed before articles
        ("the a an", ""),
        ("...", ""),
        ("ÉCOLE «normale»", "école «normale»"),  # only ASCII punctuation is removed
    ],
)
def test_normalize(text: str, normal: str) -> None:
    assert normalise_answer(text) == normal


@pytest.mark.parametrize(
    ("prediction", "answers", "f1", "match"),
    [
        ("The Eiffel Tower.", ["eiffel tower"], 1.0, 1.0),
        # 3 words of which 2 are among the 4 of the answer: P 2/3, R 2/4.
        ("in early October", ["the 3rd of early October"], 4 / 7, 0.0),
        # Words count as often as they occur: 2 of 3 and 2 of 2.
        ("ho ho ho", ["ho ho"], 4 / 5, 0.0),
        ("ho", ["ho ho ho"], 1 / 2, 0.0),
        # The best answer counts, for each measure on its own.
        ("October 1973", ["1973", "October", "the October 1973"], 1.0, 1.0),
        ("October 1973", ["1973", "winter"], 2 / 3, 0.0),
        ("blue", ["red"], 0.0, 0.0),
        ("Köln", ["köln"], 1.0, 1.0),
        ("北京市", ["北京市"], 1.0, 1.0),
        ("北京市", ["北京"], 0.0, 0.0),  # one word each
        # Empty sides: equal or nothing.
        ("", ["red"], 0.0, 0.0),
        ("red", [""], 0.0, 0.0),
        ("red", ["the"], 0.0, 0.0),
        ("", [""], 1.0, 1.0),
        ("a", ["The!"], 1.0, 1.0),
        ("", [], 1.0, 1.0),
        ("red", [], 0.0, 0.0),
        # Markers are not words of the prediction; the gold answer keeps the content of its brackets.
        ("In 1932 [3].", ["in 1932"], 1.0, 1.0),
        ("1932[1]1940 [2]", ["1932 1940"], 1.0, 1.0),
        ("[1]", [""], 1.0, 1.0),
        ("see 3", ["see [3]"], 1.0, 1.0),
    ],
)
def test_scores_by_hand(prediction: str, answers: list[str], f1: float, match: float) -> None:
    assert token_f1(prediction, answers) == pytest.approx(f1)
    assert exact_match(prediction, answers) == match


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("It was finished in 1932 [1].", "It was finished in 1932."),
        ("[1] The dam", "The dam"),
        ("It [1][2], and [1, 2] more 【3】", "It, and more"),
        ("one[1]two", "one two"),
        ("in [1932] [2000]", "in [1932] [2000]"),  # too large for a marker
        ("[passage 2] Tom", "Tom"),
        ("nothing", "nothing"),
    ],
)
def test_without_markers(text: str, plain: str) -> None:
    assert without_markers(text) == plain


WORDS = st.lists(st.sampled_from(["the", "Dam", "dam,", "1932", "A", "keeper"]), max_size=6).map(" ".join)


@given(WORDS, WORDS, WORDS)
def test_bounds_and_symmetry(left: str, right: str, other: str) -> None:
    f1 = token_f1(left, [right])
    assert 0.0 <= f1 <= 1.0
    assert f1 == token_f1(right, [left])
    assert exact_match(left, [right]) <= f1
    assert token_f1(left, [left, right]) == 1.0
    assert token_f1(left, [right, other]) == max(f1, token_f1(left, [other]))
    assert token_f1(f"{left} [12]", [right]) == f1


@given(st.text(max_size=30), st.text(max_size=30))
def test_any_text_can_be_scored(left: str, right: str) -> None:
    assert 0.0 <= exact_match(left, [right]) <= token_f1(left, [right]) <= 1.0
