"""Sentences tile the non-blank text in order, none is too long, and no text can make the splitter swallow or lose a
character."""

from __future__ import annotations

import base64
import random
import unicodedata
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lmkindex.records import Heading
from lmkindex.sentences import MAX_BLOCK_CHARS, MAX_SENTENCE_CHARS, MAX_UNSPACED_CHARS, split_sentences

CASES = [
    line.split("\t", 1)
    for line in (Path(__file__).parent / "data/sentences.tsv").read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
]


def sentences_of(text: str, language: str = "en", headings: tuple[Heading, ...] = ()) -> list[str]:
    """The sentences as strings, after checking everything that must hold for every text."""
    found = split_sentences(text, language=language, headings=headings)
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


@pytest.mark.parametrize(("language", "marked"), CASES)
def test_the_table_of_cases(language: str, marked: str) -> None:
    """Abbreviations, numbers and lists, in both directions: tests/data/sentences.tsv."""
    marked = marked.replace("\\n", "\n").replace("\\t", "\t")
    assert sentences_of(marked.replace("‖", ""), language) == [sentence.strip() for sentence in marked.split("‖")]


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


@given(TEXTS, st.lists(st.tuples(st.integers(0, 200), st.integers(0, 60)), max_size=4), st.sampled_from(["en", "de", "zh", "th", "xx", ""]))
def test_no_sentence_crosses_the_bounds_of_a_heading(text: str, places: list[tuple[int, int]], language: str) -> None:
    headings = tuple(Heading(start=start, end=start + length, level=1, text="") for start, length in places if start + length <= len(text))
    sentences_of(text, language, headings)
    found = split_sentences(text, language=language, headings=headings)
    for heading in headings:
        for place in (heading.start, heading.end):
            assert not ((found.starts_S < place) & (place < found.ends_S)).any()


def test_a_heading_is_one_sentence_and_ends_no_paragraph() -> None:
    text = "The Valves. What They Do\nThey close. They open.\n\nEnd"
    headings = (Heading(start=0, end=24, level=1, text="The Valves. What They Do"),)
    assert sentences_of(text, headings=headings) == ["The Valves. What They Do", "They close.", "They open.", "End"]
    assert split_sentences(text, headings=headings).ends_paragraph_S.tolist() == [False, False, True, True]
    long = "word " * 1000
    assert len(sentences_of(long, headings=(Heading(start=0, end=len(long), level=1, text=""),))) > 3  # not even a heading may be endless


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
    limit = MAX_UNSPACED_CHARS if name == "thai" else MAX_SENTENCE_CHARS
    assert len(sentences) >= len(text) / limit
    assert len(sentences) <= len(text) / (limit / 2) + 2 or name == "table dump"  # rows may be sentences; letters may not be


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


@pytest.mark.parametrize("text", ["今天天气很好，我们去公园吧，" * 100, "ประภาคาร" * 200, "ที่นี่" * 200, "東京" * 400])
def test_text_without_blanks_has_a_limit_of_its_own(text: str) -> None:
    """A character is about a token there, and no mark is cut off its letter."""
    sentences = sentences_of(text)
    assert MAX_UNSPACED_CHARS / 2 <= max(map(len, sentences)) <= MAX_UNSPACED_CHARS
    assert not any(unicodedata.category(sentence[0]).startswith("M") for sentence in sentences)
    if "，" in text:
        assert all(sentence.endswith("，") for sentence in sentences)


def test_old_line_ends_are_line_ends() -> None:
    lines = ["Duties:", "- oil it", "- wipe it"]
    for end in ("\n", "\r\n", "\r"):
        assert sentences_of(end.join(lines)) == lines


def test_a_long_list_is_read_once() -> None:
    """Not timed: work that grows with the square of the lines or stops would not return."""
    assert len(sentences_of("Duties:\n" + "".join(f"{number}. oil it\n" for number in range(1000)) * 20)) == 20_001
    sentences_of("word. 3 " * 100_000)
    sentences_of("\n" + " " * 1_000_000 + "x\n" + "1." * 200_000 + "\n|" + "-|" * 300_000 + "\nx")
    sentences_of("".join(f"abc{chr(97 + number % 26)}. word " for number in range(100_000)))


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
