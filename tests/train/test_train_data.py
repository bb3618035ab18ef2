"""Sets in memory: labels against brute force, and what is left out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from train_tools import document_bounds, make_set, marked_encoder, sentence_text, small_recipe, training_set, write_set

from lmkindex.datasets import EvaluationSet, Question, SourceDocument
from lmkindex.datasets.json_lines import merge_spans
from lmkindex.errors import UsageError
from lmkindex.train import SetRecipe
from lmkindex.train.training_sets import LONGEST_ANSWER_CHARS, holds_answer, load_sets, make_training_set, runs_of, sample_set

Bounds = list[tuple[int, int]]


@st.composite
def sentences_and_spans(draw: st.DrawFn) -> tuple[Bounds, Bounds]:
    """Sentences in order with gaps of 0-3 characters, and merged spans of any characters."""
    sentences, place = [], draw(st.integers(0, 3))
    for _ in range(draw(st.integers(1, 12))):
        length = draw(st.integers(1, 6))
        sentences.append((place, place + length))
        place += length + draw(st.integers(0, 3))
    spans = draw(st.lists(st.tuples(st.integers(0, place), st.integers(1, 9)), max_size=5))
    return sentences, list(merge_spans((start, start + length) for start, length in spans))


@given(sentences_and_spans(), st.integers(0, 100))
def test_a_span_labels_every_sentence_that_it_touches(case: tuple[Bounds, Bounds], offset: int) -> None:
    sentences, spans = case
    starts_S, ends_S = (np.asarray(column, dtype=np.int64) + offset for column in zip(*sentences, strict=True))
    runs = runs_of(spans, offset, starts_S, ends_S)
    labelled = [sentence for first, last in runs for sentence in range(first, last + 1)]
    touched = {
        index for index, (start, end) in enumerate(sentences) for span_start, span_end in spans if start < span_end and span_start < end
    }
    assert sorted(touched) == labelled  # in order, and no run shares a sentence with another


@given(st.integers(0, 10_000))
def test_a_set_holds_its_sentences_and_labels(seed: int) -> None:
    given_set = make_set("set", seed, num_documents=3, num_sentences=10, num_questions=6)
    encoder = marked_encoder()
    one = make_training_set(given_set, SetRecipe(weight=2.0, packed=True), encoder)
    assert (one.weight, one.is_packed, one.name) == (2.0, True, "set")
    assert one.text == "".join(document.text for document in given_set.documents)
    num_sentences = len(one.sentence_starts_S)
    assert (one.document_sentences[0], one.document_sentences[-1], one.sentence_tokens[-1]) == (0, num_sentences, len(one.ids_T))
    for sentence in range(num_sentences):
        ids_T = one.ids_T[one.sentence_tokens[sentence] : one.sentence_tokens[sentence + 1]]
        assert ids_T.tolist() == encoder.tokenize([sentence_text(one, sentence)])[0].tolist()
    for index, (question, asked) in enumerate(zip(one.questions, given_set.questions, strict=True)):
        assert question.text == asked.text and asked.doc_id == given_set.documents[question.document].doc_id
        assert question.ids_T.tolist() == encoder.tokenize([asked.text])[0].tolist()
        assert index in one.questions_of[question.document]
        first, end = document_bounds(one, question.document)
        assert all(first <= run[0] <= run[1] < end for run in question.runs)
        (start, stop) = asked.spans[0]
        run_first, run_last = question.runs[0]  # the spans of `make_set` are whole sentences
        text = one.text[one.sentence_starts_S[run_first] : one.sentence_ends_S[run_last]]
        assert text == given_set.documents[question.document].text[start:stop]
    assert sum(map(len, one.questions_of)) == len(one.questions)


def test_the_prefix_of_questions_is_put_before_each() -> None:
    encoder = marked_encoder()
    encoder.folder = replace(encoder.folder, query_prefix="query: ")
    one = training_set("set", 0, encoder, num_questions=2)
    assert one.questions[0].ids_T.tolist() == encoder.tokenize([f"query: {one.questions[0].text}"])[0].tolist()


def noted(given_set: EvaluationSet, notes: dict[int, str]) -> EvaluationSet:
    questions = tuple(replace(question, note=notes.get(index, "")) for index, question in enumerate(given_set.questions))
    return replace(given_set, questions=questions)


def test_what_has_no_sure_evidence_is_left_out() -> None:
    given_set = noted(make_set("set", 1), {0: "position guessed", 1: "position guessed; title X", 2: "sentence-level evidence"})
    given_set = replace(given_set, questions=(*given_set.questions[:5], replace(given_set.questions[5], spans=())))
    sampled = sample_set(given_set, SetRecipe(), 0)
    assert [question.question_id for question in sampled.questions] == ["set-q2", "set-q3", "set-q4"]
    assert [document.doc_id for document in sampled.documents] == ["set-0", "set-2", "set-3"]  # those of the questions


def test_documents_and_questions_are_drawn_by_seed() -> None:
    given_set = make_set("set", 1, num_documents=12, num_sentences=5, num_questions=48)
    options = SetRecipe(max_documents=5)
    draws = [sample_set(given_set, options, seed) for seed in (0, 0, 1, 2)]
    assert draws[0] == draws[1] and len({tuple(one.questions) for one in draws}) == 3
    for one in draws:
        assert len(one.questions) == 20 and len(one.documents) == 5
        assert {question.doc_id for question in one.questions} == {document.doc_id for document in one.documents}
        order = [given_set.questions.index(question) for question in one.questions]
        assert order == sorted(order)
    assert sample_set(replace(given_set, name="other"), options, 0).questions != draws[0].questions  # each set has draws of its own
    assert sample_set(given_set, SetRecipe(max_documents=12), 0) == given_set


def test_questions_are_drawn_by_seed_but_the_evidence_of_all_is_known() -> None:
    given_set = make_set("set", 1, num_documents=12, num_sentences=5, num_questions=48)
    given_set = replace(given_set, questions=tuple(replace(one, text="Which law?") for one in given_set.questions))
    everything = make_training_set(given_set, SetRecipe(), marked_encoder())
    draws = [make_training_set(given_set, SetRecipe(max_questions=9), marked_encoder(), seed) for seed in (0, 0, 1)]
    runs = [[question.runs for question in one.questions] for one in draws]
    assert runs[0] == runs[1] != runs[2] and all(len(of) == 9 for of in runs)
    for one in draws:
        assert sorted(number for of in one.questions_of for number in of) == list(range(9))
        assert all(one.questions[number].document == document for document, of in enumerate(one.questions_of) for number in of)
        np.testing.assert_array_equal(one.runs_of_text["which law?"], everything.runs_of_text["which law?"])
        assert len(one.runs_of_text["which law?"]) == 48


def test_answers_that_are_labels_are_no_words_to_look_for() -> None:
    given_set = make_set("set", 1, num_questions=3)
    assert all(question.answers for question in make_training_set(given_set, SetRecipe(), marked_encoder()).questions)
    labelled = make_training_set(given_set, SetRecipe(answers_are_labels=True), marked_encoder())
    assert not any(question.answers for question in labelled.questions)


def test_an_answer_stands_as_whole_words() -> None:
    assert holds_answer("two mills, the old one burned", "the old one") and holds_answer("in may.", "may")
    assert not holds_answer("the network often failed", "two") and not holds_answer("the network often failed", "ten")


def test_answers_are_short_strings_in_lower_case() -> None:
    given_set = make_set("set", 1, num_questions=1)
    answers = ("Yes", "no", "5", "The Reef", "the reef", "x" * LONGEST_ANSWER_CHARS, "y" * (LONGEST_ANSWER_CHARS + 1))
    given_set = replace(given_set, questions=(replace(given_set.questions[0], answers=answers),))
    one = make_training_set(given_set, SetRecipe(), marked_encoder())
    assert one.questions[0].answers == ("the reef", "x" * LONGEST_ANSWER_CHARS)


def odd_set(*documents: tuple[str, tuple[int, int]]) -> EvaluationSet:
    """Documents with one question each, whose evidence is the given characters."""
    questions = [
        Question(question_id=f"q{index}", doc_id=f"d{index}", text="What?", answers=(), spans=(span,))
        for index, (_, span) in enumerate(documents)
    ]
    sources = tuple(SourceDocument(doc_id=f"d{index}", title="", text=text) for index, (text, _) in enumerate(documents))
    return EvaluationSet(name="odd", documents=sources, questions=tuple(questions))


def test_blank_documents_and_evidence_between_sentences_bring_no_question() -> None:
    texts = (
        (" \n\n ", (0, 2)),
        ("One sentence.", (4, 5)),
        ("A first one.  \n\n  A second one.", (12, 15)),
        ("\n\n", (0, 1)),
        ("End.", (0, 4)),
    )
    one = make_training_set(odd_set(*texts), SetRecipe(), marked_encoder())
    assert np.diff(one.document_sentences).tolist() == [0, 1, 2, 0, 1]
    assert [question.document for question in one.questions] == [1, 4]
    assert [question.runs for question in one.questions] == [((0, 0),), ((3, 3),)]
    assert one.questions_of == ((), (0,), (), (), (1,))


def test_sets_are_loaded_by_name_in_order(tmp_path: Path) -> None:
    for name in ("beta", "alpha"):
        write_set(tmp_path, make_set(name, 1, num_questions=3))
    seen: list[str] = []
    loaded = load_sets(tmp_path, small_recipe("base"), marked_encoder(), seen.append)
    assert [one.name for one in loaded] == seen == ["alpha", "beta"]
    assert [(one.weight, one.is_packed) for one in loaded] == [(1.0, False), (0.5, True)]


@pytest.mark.parametrize("kind", ["no spans", "only blanks", "no folder", "not there"])
def test_a_set_that_cannot_be_learnt_from_is_an_error_that_names_it(tmp_path: Path, kind: str) -> None:
    write_set(tmp_path, make_set("beta", 1, num_questions=3))
    if kind == "no spans":
        given_set = make_set("alpha", 1)
        write_set(tmp_path, replace(given_set, questions=tuple(replace(one, spans=()) for one in given_set.questions)))
    if kind == "only blanks":
        write_set(tmp_path, replace(odd_set(("One.  \n\n  Two.", (4, 6))), name="alpha"))
    with pytest.raises(UsageError, match="alpha" if kind != "no folder" else "does not exist"):
        load_sets(tmp_path if kind != "no folder" else tmp_path / "none", small_recipe("base"), marked_encoder())
