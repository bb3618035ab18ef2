"""Sentences tile the non-blank text in order, none is too long, and no text can make the splitter swallow or lose a
character."""

from __future__ import annotations

import base64
import random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lmkindex.sentences import MAX_BLOCK_CHARS, MAX_SENTENCE_CHARS, split_sentences


def sentences_of(text: str) -> list[str]:
    """The sentences as strings, after checking everything that must hold for every text."""
    found = split_sentences(text)
    bounds = list(zip(found.starts_S.tolist(), found.ends_S.tolist(), strict=True))
    previous_end = 0
    for start, end in bounds:
        assert previous_end <= start < end <= len(text)  # ordered, disjoint, not empty
        assert text[previous_end:start].strip() == ""  # nothing but white space between two sentences
        assert text[start:end] == text[start:end].strip()
        assert end - start <= MAX_SENTENCE_CHARS
        previous_end = end
    assert text[previous_end:].strip() == ""
    assert len(found) == len(found.ends_paragraph_S)
    assert bool(bounds) == bool(text.strip())
    assert not bounds or bool(found.ends_paragraph_S[-1])
    return [text[start:end] for start, end in bounds]


FRAGMENTS = st.sampled_from(
    ["\n", "\r\n", "\n\n", "\r", "\r\r", "\f", "\t", " ", "\u00a0", "\u2028", "\u2029", "\x85", "\x1c", "\u3000", "\u200b", "\ufeff",
     '"', "'", "“", "”", "«", "»", "`", "(", ")", "...", ".", "!", "?", "。", "؟", "।", "Dr. ", "e.g. ", "3.14", "# ", "- ", "1. ", "| a |",
     "=====", "-----", "👩\u200d👩\u200d👧", "🇳🇱", "e\u0301", "\x00", "The mill stood. ", "He said "]
)  # fmt: skip
RUNS = st.builds(lambda piece, times: piece * times, st.one_of(FRAGMENTS, st.characters(codec="utf-8")), st.integers(1, 2000))
TEXTS = st.lists(st.one_of(FRAGMENTS, st.text(st.characters(codec="utf-8"), max_size=30), RUNS), max_size=25).map("".join)


@given(TEXTS)
@example("")
@example(" \r\n\f\u2028 ")
@example('"' * 5000)
@example("a" * (MAX_BLOCK_CHARS + 1))
@example("\n" * 3000 + "x" + " " * 3000)
def test_sentences_tile_the_text(text: str) -> None:
    sentences_of(text)


@given(st.lists(st.sampled_from(["The keeper lit the lamp.", "Was it late?", "It rained!"]), min_size=1, max_size=8), st.integers(1, 5))
def test_sentences_and_paragraph_ends_of_plain_prose(sentences: list[str], num_paragraphs: int) -> None:
    found = split_sentences("\n\n".join([" ".join(sentences)] * num_paragraphs))
    assert len(found) == len(sentences) * num_paragraphs
    assert found.ends_paragraph_S.tolist() == ([False] * (len(sentences) - 1) + [True]) * num_paragraphs


def test_line_breaks_inside_a_paragraph_end_no_sentence() -> None:
    assert sentences_of("The mill stood\nby the river. It was\r\nold.") == ["The mill stood\nby the river.", "It was\r\nold."]


@pytest.mark.parametrize("blank_line", ["\n\n", "\n \t\n", "\r\n\r\n", "\r\r", "\f"])
def test_a_blank_line_of_any_kind_ends_a_paragraph(blank_line: str) -> None:
    text = f"a heading without a stop{blank_line}and its text"
    assert sentences_of(text) == ["a heading without a stop", "and its text"]
    assert split_sentences(text).ends_paragraph_S.tolist() == [True, True]


def test_an_unmatched_quote_does_not_swallow_what_follows() -> None:
    """facts.md, "Sentence splitting": sentencex pairs a lone quote with the next one in the block, and calls everything
    between one sentence."""
    text = 'A pipe of 6" was laid. ' + "The crew moved on to the next valve. " * 300 + 'The last was 4" wide. It held.'
    sentences = sentences_of(text)
    assert len(sentences) >= 300
    assert max(map(len, sentences)) < 100


def test_short_quotations_stay_whole() -> None:
    assert sentences_of('He said "It is late. We go." and left. She stayed.') == ['He said "It is late. We go." and left.', "She stayed."]


def without_full_stops() -> dict[str, str]:
    generator = random.Random(0)
    words = [generator.choice(["var a=1", "f(x)", "{return b}", "if(c)d()"]) for _ in range(20_000)]
    return {
        "base64": base64.b64encode(generator.randbytes(60_000)).decode(),
        "minified": ";".join(words),
        "no full stop": "the quick brown fox " * 5000,
        "table dump": "\n".join("\t".join(str(generator.randrange(10**6)) for _ in range(12)) for _ in range(2000)),
        "thai": "สวัสดีครับวันนี้อากาศดี" * 2000,
        "zero width": "\u200b" * 20_000,
        "quotes": '"' * 20_000,
    }


@pytest.mark.parametrize("name", without_full_stops())
def test_text_without_full_stops_is_cut(name: str) -> None:
    text = without_full_stops()[name]
    sentences = sentences_of(text)
    assert len(sentences) >= len(text) / MAX_SENTENCE_CHARS
    assert len(sentences) <= len(text) / (MAX_SENTENCE_CHARS / 2) + 2 or name == "table dump"  # rows may be sentences; letters may not be


def test_long_text_is_cut_at_line_ends_and_blanks() -> None:
    rows = sentences_of("\n".join(f"{index}\t{'x' * 60}" for index in range(500)))
    assert all(row.split("\t")[0].isdigit() and row.endswith("x" * 60) for row in rows)
    assert all((piece.startswith("the") and piece.endswith("fox")) or " " in piece for piece in sentences_of("the fox " * 1000))
    assert not any(piece.startswith(("he", "ox")) for piece in sentences_of("the fox " * 1000))


def test_headings_items_and_rows_start_a_sentence() -> None:
    """Without blank lines or full stops between them, as notes are written."""
    lines = [
        "The valves",
        "## The north valve",
        "- oil it",
        "* wipe it",
        "  1) close it",
        "| part | size |",
        "| gate | 40 |",
        "Title",
        "=====",
        "Body",
    ]
    sentences = sentences_of("\n".join(lines))
    firsts = [sentence.split()[0] for sentence in sentences]
    assert firsts == ["The", "##", "-", "*", "1)", "|", "|", "Title", "Body"]
    assert sentences_of("It weighs 3\n- 4 kg and # is no heading here.") == ["It weighs 3", "- 4 kg and # is no heading here."]


def test_a_single_line_of_5_mb_ends() -> None:
    """Not timed: a splitter whose work grows with the square of the text would not return."""
    text = ('The keeper said "wait and counted 7 lamps; ' * 120_000)[:5_000_000]
    sentences = sentences_of(text)
    assert len(sentences) >= 5_000_000 // MAX_SENTENCE_CHARS


def test_a_heading_or_row_ends_with_its_line_and_a_number_belongs_to_what_it_numbers() -> None:
    text = "# Valves\nThe valves close. They open.\n\n1. Oil the pump.\n2. Wipe it.\n\n(iv) Then rest.\n\n12."
    assert sentences_of(text) == [
        "# Valves",
        "The valves close.",
        "They open.",
        "1. Oil the pump.",
        "2. Wipe it.",
        "(iv) Then rest.",
        "12.",
    ]
