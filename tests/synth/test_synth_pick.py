from __future__ import annotations

from itertools import islice

import pytest
import tiny
from hypothesis import given
from hypothesis import strategies as st

from lmkindex.datasets import SourceDocument
from lmkindex.sentences import split_sentences
from lmkindex.synth.pick import MAX_COPIES, MAX_SENTENCES, MAX_SPAN_WORDS, cut_spans, find_prose, is_prose, make_picks, random_source
from lmkindex.synth.records import Pick


def document(name: str, text: str) -> SourceDocument:
    return SourceDocument(doc_id=name, title="", text=text)


def corpus(*lengths: int) -> list[SourceDocument]:
    return [document(f"d{index}", tiny.prose(index, length)) for index, length in enumerate(lengths)]


def picks_of(documents: list[SourceDocument], seed: int = 0, background_words: int = 60) -> list[Pick]:
    return list(make_picks(documents, seed, background_words))


@given(lengths=st.lists(st.integers(1, 40), min_size=1, max_size=4), seed=st.integers(0, 3), background_words=st.sampled_from([0, 40, 200]))
def test_picks_are_whole_sentences_in_their_background(lengths: list[int], seed: int, background_words: int) -> None:
    documents = corpus(*lengths)
    picks = picks_of(documents, seed, background_words)
    assert [pick.number for pick in picks] == list(range(len(picks)))
    texts = {one.doc_id: one.text for one in documents}
    assert len({(pick.doc_id, pick.start, pick.end) for pick in picks}) == len(picks)
    for pick in picks:
        text = texts[pick.doc_id]
        sentences = split_sentences(text)
        starts, ends = sentences.starts_S.tolist(), sentences.ends_S.tolist()
        first, last = starts.index(pick.start), ends.index(pick.end)
        assert pick.num_sentences == last - first + 1 <= MAX_SENTENCES
        assert not sentences.ends_paragraph_S[first:last].any()  # no span goes over a paragraph's end
        assert pick.background_start in starts
        assert pick.background_end in ends
        assert pick.background_start <= pick.start < pick.end <= pick.background_end
        if (pick.background_start, pick.background_end) != (pick.start, pick.end):
            assert len(text[pick.background_start : pick.background_end].split()) <= background_words
        assert len(text[pick.start : pick.end].split()) <= MAX_SPAN_WORDS or pick.num_sentences == 1


def test_the_same_seed_gives_the_same_picks_and_another_gives_others() -> None:
    documents = corpus(30, 12)
    assert picks_of(documents, 1) == picks_of(documents, 1)
    assert picks_of(documents, 1) != picks_of(documents, 2)


def test_all_lengths_occur() -> None:
    assert {pick.num_sentences for pick in picks_of(corpus(120))} == set(range(1, MAX_SENTENCES + 1))


def test_every_beginning_is_spread_over_the_documents_by_length() -> None:
    documents = corpus(300, 100, 100)
    counts = [sum(pick.doc_id == name for pick in islice(make_picks(documents, 0, 60), 50)) for name in ("d0", "d1", "d2")]
    assert sum(counts) == 50
    assert abs(counts[0] - 30) <= 3
    assert abs(counts[1] - 10) <= 2


def test_a_giant_document_does_not_drown_the_others() -> None:
    documents = corpus(2000, *[12] * 19)
    beginning = list(islice(make_picks(documents, 0, 60), 100))
    # Its spans are some nine tenths of all; a share of four means of twenty is at most a fifth beside the others' own.
    assert sum(pick.doc_id == "d0" for pick in beginning) <= 85
    assert len({pick.doc_id for pick in beginning}) == 20


def test_a_document_keeps_its_spans_when_others_come() -> None:
    one = {(pick.start, pick.end) for pick in islice(make_picks(corpus(40), 0, 60), 1000)}
    both = {(pick.start, pick.end) for pick in islice(make_picks(corpus(40, 40), 0, 60), 1000) if pick.doc_id == "d0"}
    assert one == both


@pytest.mark.parametrize(
    "sentence",
    [
        "The engine burned peat, because no coal could be brought over the pass.",
        "“I shall never go back to the mill again,” said old Marta.",
        "Der Müller gab ihm einen Apfel und stellte keine einzige Frage.",
    ],
)
def test_running_text_is_prose(sentence: str) -> None:
    assert is_prose(sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        "Chapter 3",
        "# How the engine of the valley railway was bought and paid for.",
        "The Annual Report Of The Marrow Valley Railway Company Limited.",
        "| name | value | and what the value means to us |",
        "of the parties hereto, and their successors in this matter.",
        "- the pump, the valve and the meter of the mill.",
        "for (i = 0; i < n; i++) { total += values[i] * weights[i]; }.",
        "1.1 2.3 4.8 and then 9.4 8.8 7.6 6.5 (5.5) [4.4] 33.",
        "Preface ........................................ 3.",
        "Who carried the sacks down to the miller every Friday?",
        "No.",
        "the meter, the valve, the pump and the boiler of the mill",
    ],
)
def test_what_is_not_running_text_is_no_prose(sentence: str) -> None:
    assert not is_prose(sentence)


def test_boilerplate_is_not_asked_about() -> None:
    header = "Page 7 of the yearly report of the harbour council."
    documents = [document(f"d{index}", f"{header.replace('7', str(index))}\n\n{tiny.prose(index, 6)}") for index in range(MAX_COPIES + 1)]
    assert all(not flags[0] and flags[1:].all() for flags in find_prose(documents, [split_sentences(one.text) for one in documents]))
    fewer = documents[:MAX_COPIES]
    assert all(flags[0] for flags in find_prose(fewer, [split_sentences(one.text) for one in fewer]))


def test_lines_of_speech_may_be_joined_in_twos() -> None:
    lines = document("talk", "\n\n".join(tiny.prose(seed, 1).strip() for seed in range(60)))
    sentences = split_sentences(lines.text)
    (is_prose_S,) = find_prose([lines], [sentences])
    spans = cut_spans(lines, sentences, is_prose_S, random_source(lines, 0, 0))
    assert {last - first for first, last in spans} == {0, 1}


def test_no_prose_no_picks() -> None:
    assert picks_of([document("empty", ""), document("table", "| 1 | 2 |\n| 3 | 4 |\n")]) == []
