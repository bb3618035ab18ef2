"""What the end of a line in a PDF says: words that go on, addresses, paragraphs, and lines set loosely."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from small_pdf import Text, lines, small_pdf

from lmkindex.read.pdf import read_pdf
from lmkindex.read.pdf.broken_addresses import address_goes_on
from lmkindex.read.pdf.hyphens import joint, vocabulary_of
from lmkindex.read.pdf.loose_lines import Gap, loose_lines
from lmkindex.read.pdf.page_lines import Line

LOOSE = [  # lines, and the points to add to each blank so that they fill a column of 163 points
    ("not, as Affleck has it, on the third", 2.2),
    ("of May. Although", 41.95),
    ("the office was closed, Ilse", 12.27),
    ("Vandenberghe photographed the", 9.7),
    ("nitrate negative of the winter and the", 0.18),
    ("lamp in May.", 0.0),
]


def read_text(*pages: Sequence[Text | bytes]) -> str:
    return read_pdf(small_pdf(pages)).text


def justified(texts: Sequence[tuple[str, float]]) -> list[Text | bytes]:
    """Lines with so many points added to each blank."""
    plain = lines([text for text, _ in texts])
    return [part for line, (_, blank) in zip(plain, texts, strict=True) for part in (b"%.2f Tw\n" % blank, line)]


# Lines set loosely


def test_a_line_set_loosely_in_a_narrow_column_is_no_row_of_a_table() -> None:
    assert read_text(justified(LOOSE)) == "\n".join(text for text, _ in LOOSE)


def placed(*rows: str, right: float = 200) -> list[Line]:
    return [Line(text, 50, right, 600 - 12 * place, 10) for place, text in enumerate(rows)]


def gaps(*lefts: float, width: float = 10, stops: Sequence[int] = ()) -> list[Gap]:
    return [Gap(left, left + (2 * width if place in stops else width), place in stops) for place, left in enumerate(lefts)]


@pytest.mark.parametrize(
    ("cut", "loose"),
    [
        pytest.param({1: gaps(80, 120)}, {1}, id="one loose line"),
        pytest.param({1: gaps(80, 120, stops=[0])}, {1}, id="a wider gap behind a stop"),
        pytest.param({1: [*gaps(80), *gaps(120, width=25)]}, set(), id="gaps unlike each other"),
        pytest.param({1: gaps(80, 120), 2: gaps(95, 140)}, {1, 2}, id="two loose lines"),
        pytest.param({1: gaps(80, 120), 2: gaps(80, 120)}, set(), id="gaps above each other are those of a table"),
        pytest.param({1: gaps(80, 120), 2: [*gaps(95), *gaps(140, width=25)]}, set(), id="beside a row of a table"),
        pytest.param({1: gaps(120)}, {1}, id="two words alone"),
        pytest.param({0: gaps(80, 120), 1: gaps(95, 140), 2: gaps(70, 150), 3: gaps(60, 110)}, set(), id="no line without wide gaps"),
        pytest.param({3: gaps(80, 120)}, {3}, id="the last line of a column"),
    ],
)
def test_only_lines_of_their_column_are_loose(cut: dict[int, list[Gap]], loose: set[int]) -> None:
    assert loose_lines(placed("one", "two", "three", "four"), cut, cut) == loose


def test_a_row_shorter_than_the_text_above_is_a_row() -> None:
    page = [*placed("one", "two"), *[line._replace(baseline=576) for line in placed("three", right=150)]]
    assert not loose_lines(page, {2}, {2: gaps(80, 120)})


def test_a_row_of_amounts_below_text_stays_a_row() -> None:
    text = [Text(x=50, y=600, text="The bill of the winter is set out here in"), Text(x=50, y=588, text="three sums, and paid in May.")]
    cells = [Text(x=50 + 70 * place, y=576 - 12 * row, text=f"{row + 1}{place}.50") for row in range(2) for place in range(3)]
    assert read_text([*text, *cells]).endswith("10.50 | 11.50 | 12.50\n20.50 | 21.50 | 22.50")


# Paragraphs


def test_a_title_over_two_columns_does_not_widen_the_first() -> None:
    left = [
        "The lamp of the quay is 82.2 m high,",
        "and the gate of the boats is 44.2",
        "m wide. We rolled up the reel no.",
        "34 of the old film, and they told us",
    ]
    title = Text(x=50, y=640, text="The lamps and gates of all the harbours here", size=17)
    right = [
        "The keeper lights the lamp at dusk and",
        "writes it down in the book of the house",
        "that he was given by the harbour master.",
    ]
    text = read_text([title, *lines(left), *lines(right, x=270)])
    assert text.split("\n\n") == [title.text, "\n".join([*left, *right])]


def test_a_full_last_line_with_a_stop_ends_no_paragraph() -> None:
    column = ["The keeper lights the lamp at dusk and goes", "to the house of the widow and her son, M."]
    following = ["Lefevre of Brest, who keeps the books", "of the lamp and of the gate since May."]
    for pages in ([*lines(column), *lines(following, x=270)],), ([*lines(column, x=150)], lines(following, x=150)):
        assert read_text(*pages) == "\n".join([*column, *following])
    short = ["The keeper lights the lamp at dusk and goes", "to bed at ten."]
    for pages in ([*lines(short), *lines(following, x=270)],), (lines(short, x=150), lines(following, x=150)):
        assert read_text(*pages) == "\n".join(short) + "\n\n" + "\n".join(following)


def test_a_decimal_at_a_line_end_ends_no_sentence() -> None:
    texts = [
        "The keeper lights the lamp at dusk and goes to bed",
        "at ten. The gate is 44.2",
        "m wide, and the lamp of the quay is higher than it.",
    ]
    assert read_text(lines(texts)) == "\n".join(texts)


def test_items_without_a_mark_stand_alone_beside_ragged_text() -> None:
    ragged = [
        "The keeper lights the lamp at dusk and goes to the house of",
        "the widow. At half past ten he goes to the gate",
        "with-a-long-word-that-did-not-fit, and to the other gate",
        "and to bed at eleven.",
    ]
    text = read_text([*lines(ragged), *lines(["Old lamp", "Third gate of Brest", "Rope"], x=70, top=544)])
    assert text.endswith("\n\nOld lamp\n\nThird gate of Brest\n\nRope")


# Words and addresses


def test_two_proven_cuts_decide_for_the_rest() -> None:
    cut = ["The keep-", "er of the har-", "bour saw an exam-", "ple of the fine-", "grain lamp, the well-", "made gate."]
    known = ["The keeper of the harbour and the fine-grain film."]
    assert "saw an example of the fine-grain lamp" in read_text(lines([*cut, *known]))
    assert "exam-ple" in read_text(lines([*cut, "The keeper and the fine-grain film."])), "one may be chance"


def test_a_part_of_a_compound_is_evidence() -> None:
    text = read_text(lines(["They half-heart-", "edly made a self-ad-", "hesive copy. It was half-heartedly", "done and self-adhesive."]))
    assert text.startswith("They half-heartedly made a self-adhesive copy.")


def test_where_cuts_have_their_own_mark_the_other_hyphens_stay() -> None:
    texts = ["the keep‐", "er and the har‐", "bour with one offset-", "printed copy, a keeper and the harbour of self-made lamps"]
    known = vocabulary_of([Line(text, 0, 0, 0, 1) for text in texts])
    assert known.has_own_mark and joint(texts[0], texts[1], known) == 1 and joint(texts[2], texts[3], known) == 0


@pytest.mark.parametrize(
    ("before", "after", "goes_on"),
    [
        ("The list is at https://archive.", "example.org/reels/12.html and", True),
        ("at https://", "archive.example.org and", True),
        ("at https://archive.example.org/reels/", "1941-76.html and lists", True),
        ("(www.example.org/a_", "b.html).", True),
        ("Write to keeper@", "archive.example.org.", True),
        ("Write to keeper@archive.", "example.org, please", True),
        ("at https://archive", ".example.org/reels", True),
        ("see /usr/share/doc/", "lamp/readme.txt", True),
        ("It is at https://example.org.", "The list is", False),
        ("It is at https://example.org/", "and lists", False),
        ("It is at https://example.org.", "then we go", False),
        ("He went home.", "example.org is", False),
        ("either/", "or.both", False),
        ("It is 4.", "5 m", False),
        ("/usr/local/lib/lamp.a", "/usr/local/share/lamp", False),
        ("https://example.org/", "https://archive.example.org", False),
        ("defaulting to \\@ax@mode}%", "75 \\par@lamp", False),
        ("230 \\\\code@AtEnd%", "231 h/package", False),
    ],
)
def test_addresses_go_on_in_the_next_line(before: str, after: str, goes_on: bool) -> None:
    assert address_goes_on(before, after) is goes_on


def test_an_address_of_two_lines_is_one_word() -> None:
    texts = ["The list of the lamps is at https://archive.", "example.org/reels/12.html and goes on with", "the gates."]
    assert read_text(lines(texts)).startswith("The list of the lamps is at https://archive.example.org/reels/12.html and goes on")
    title = ["The lamps of all the harbours of the northern coast", "https://example.org/lamps/", "2022/10/04"]
    assert read_text(lines(title, size=15)).endswith("lamps/\n2022/10/04"), "there was room for it"
