"""What stands in the margins of a PDF: numbers of lines, heads that change, marks of lists drawn apart."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from small_pdf import Text, lines, small_pdf

from lmkindex.read.parsed import ParsedFile
from lmkindex.read.pdf import read_pdf

PROSE = [
    "The committee went through the report of the winter and put it",
    "aside, since nobody had seen the lamp burn. The keeper wrote it",
    "down in the book that lies on the table by the door, and then he",
    "went out to look for the boat. It had gone with the tide before",
    "anyone on the quay could tell that the rope was not made fast to",
    "the ring. Two men rowed after it, and one of them came back with",
    "an oar and without a hat. The harbour master asked for a report",
    "of his own and got none. In the end the boat came back by itself",
    "on the next tide, which is why the committee put the report of",
    "the winter aside and went home without a word.",
]
VERSE = [
    "The lamp is lit upon the wall,",
    "The tide is on the bar,",
    "And hear, O hear the herring call",
    "Where all the vessels are.",
    "The keeper climbs the winding stair,",
    "His oil is in his hand,",
    "And none but he is awake there",
    "To watch upon the land.",
    "The boats come in, the boats go out,",
    "The gulls are on the sand,",
    "And none can tell what it is about",
    "Except the old brass band.",
]


def read(*pages: Sequence[Text]) -> ParsedFile:
    return read_pdf(small_pdf(pages))


def numbered(texts: Sequence[str], first: int, number: Callable[[int], Text | None], *, is_behind: bool) -> list[Text]:
    """Lines of text with numbers at their heights, before each line or all behind the page."""
    drawn = lines(texts)
    marks = [number(first + place) for place in range(len(texts))]
    placed = [mark and Text(x=mark.x, y=line.y, text=mark.text, size=mark.size) for mark, line in zip(marks, drawn, strict=True)]
    if is_behind:
        return [*drawn, *(mark for mark in placed if mark)]
    return [one for mark, line in zip(placed, drawn, strict=True) for one in (mark, line) if one]


def at_left(number: int) -> Text:
    return Text(x=38 - 6.1 * len(str(number)), y=0, text=str(number))


def near_the_text(number: int) -> Text:
    return Text(x=45 - 4 * len(str(number)), y=0, text=str(number), size=7)


def at_right(number: int) -> Text:
    return Text(x=460, y=0, text=str(number), size=8)


def every_fifth(number: int) -> Text | None:
    return at_left(number) if number % 5 == 0 else None


@pytest.mark.parametrize("is_behind", [False, True])
@pytest.mark.parametrize("number", [at_left, near_the_text, at_right, every_fifth])
@pytest.mark.parametrize("is_restarting", [False, True])
def test_numbers_of_lines_are_left_out(number: Callable[[int], Text | None], is_behind: bool, is_restarting: bool) -> None:
    pages = [numbered(PROSE, 1 if is_restarting else 1 + 10 * page, number, is_behind=is_behind) for page in range(3)]
    parsed = read(*pages)
    assert parsed.text == "\n\n".join(["\n".join(PROSE)] * 3)
    assert parsed.num_furniture == (6 if number is every_fifth else 30)


def test_numbers_of_lines_of_verse_are_left_out() -> None:
    parsed = read(numbered(VERSE, 1, every_fifth, is_behind=False), numbered(VERSE, 13, every_fifth, is_behind=False))
    assert parsed.text.split() == " ".join(VERSE * 2).split()
    assert parsed.num_furniture == 4


def test_numbers_of_items_rows_and_verses_stay() -> None:
    """A list of items that go on below, one of short items, a table, and the verses of a chapter, numbered in the
    margin."""
    wrapped = [Text(x=30, y=600 - 28 * place, text=str(place + 1)) for place in range(10)]
    wrapped += [Text(x=50, y=600 - 14 * place, text=text) for place, text in enumerate(PROSE * 2)]
    names = ("salt", "tar", "rope", "lamp oil", "a new mast for the boat", "flour", "soap", "two oars", "wire", "nails", "glass", "rum")
    short = [Text(x=x, y=600 - 14 * place, text=text) for place, name in enumerate(names) for x, text in ((30, str(place + 1)), (60, name))]
    table = [
        Text(x=x, y=600 - 14 * place, text=text)
        for place, name in enumerate(names)
        for x, text in ((30, str(place + 1)), (60, name.title()), (250, f"{place * 7 % 5} kg"))
    ]
    verses = lines(PROSE) + [Text(x=38, y=lines(PROSE)[place].y, text=str(1 + rank)) for rank, place in enumerate((0, 1, 3, 4, 8, 9))]
    for drawn, most in ((wrapped, 10), (short, 12), (table, 12), (verses, 6)):
        parsed = read(drawn)
        words = parsed.text.replace("|", " ").split()
        assert parsed.num_furniture == 0 and all(str(number) in words for number in range(1, most + 1))


CHAPTERS = ("The Lamp of Brest", "A Boat Goes Out", "What the Keeper Wrote", "Salt, Tar and Rope", "The Winter Report", "No Word of It")


def chapter_pages(head: Callable[[int], list[Text]], size: float = 18) -> list[list[Text]]:
    """Pages of one chapter each, whose title stands in the middle of the page before."""
    pages = []
    for number in range(6):
        words = ("lamp", "tide", "gate", "boat", "quay", "rope")
        body = lines([f"The {words[number]} is kept by {words[(number + place) % 6]} {place} and goes on to be" for place in range(10)])
        pages.append([*head(number), *body, Text(x=50, y=300, text=CHAPTERS[number], size=size), *lines(PROSE[:4], top=270)])
    return pages


def test_heads_that_change_with_the_chapter_are_left_out() -> None:
    """Beside a page number, beside the name of the document, behind its name in one line, and alone at the top."""

    def beside_number(number: int) -> list[Text]:
        return [Text(x=50, y=665, text=CHAPTERS[number]), Text(x=430, y=665, text=str(number + 7))]

    def beside_name(number: int) -> list[Text]:
        return [
            Text(x=50, y=665, text="Deposit agreement"),
            Text(x=300, y=665, text=f"§ {number + 1} {CHAPTERS[number]}", size=9),
            Text(x=240, y=30, text=str(number + 1)),
        ]

    def behind_name(number: int) -> list[Text]:
        return [Text(x=50, y=665, text=f"Deposit agreement § {number + 1} {CHAPTERS[number]}")]

    def alone(number: int) -> list[Text]:
        return [Text(x=50, y=665, text=CHAPTERS[number].upper(), size=9)]

    def behind_section(number: int) -> list[Text]:
        section = Text(x=50, y=665, text=str(number * 2 + 3))
        return [section, Text(x=90, y=665, text=CHAPTERS[number]), Text(x=430, y=665, text=str(number + 7))]

    for head, num_lines in ((beside_number, 2), (behind_section, 3), (beside_name, 2), (behind_name, 1), (alone, 1)):
        parsed = read(*chapter_pages(head))
        text = parsed.text.casefold()
        assert [text.count(chapter.casefold()) for chapter in CHAPTERS] == [1] * 6, head
        assert parsed.num_furniture >= 6 * num_lines - 1, head  # the first of a letterhead stays


def test_what_no_title_repeats_stays_at_the_top_and_the_foot() -> None:
    """A heading that stands only there, a sum beside a page number, a source beside it."""
    names = ("Vane", "Holt", "Marsh", "Reed", "Thorn", "Ash")
    tops = read(*(page[1:] for page in chapter_pages(lambda number: [Text(x=0, y=0, text="x"), Text(x=50, y=665, text=names[number])])))
    assert all(name in tops.text for name in names)
    sums = read(
        *chapter_pages(lambda number: [Text(x=50, y=665, text=f"Sum {number * 7}.50", size=8), Text(x=430, y=665, text=str(number + 1))])
    )
    assert all(f"Sum {number * 7}.50" in sums.text for number in range(6)) and sums.num_furniture == 6
    sources = read(
        *chapter_pages(lambda number: [Text(x=50, y=30, text=f"Source: {names[number]}", size=8), Text(x=430, y=30, text=str(number + 1))])
    )
    assert all(f"Source: {name}" in sources.text for name in names)


def test_a_page_number_may_be_larger_than_the_text() -> None:
    pages = [
        [Text(x=one.x, y=one.y, text=one.text, size=9) for one in lines(PROSE)] + [Text(x=240, y=30, text=text, size=13)]
        for text in ("i", "ii", "iii")
    ]
    assert read(*pages).num_furniture == 3


def test_the_number_of_a_section_is_not_that_of_the_page() -> None:
    """Where each page begins with a section, its number counts up with the pages."""
    pages = [
        [Text(x=50, y=650, text=str(number + 2), size=15), Text(x=80, y=650, text=CHAPTERS[number], size=15), *lines(PROSE)]
        for number in range(4)
    ]
    parsed = read(*pages)
    assert parsed.num_furniture == 0 and all(f"{number + 2} {CHAPTERS[number]}" in parsed.text for number in range(4))


@pytest.mark.parametrize("marks", [("1.", "2.", "3."), ("•", "•", "•"), ("(a)", "(b)", "(c)")])
def test_marks_of_a_list_that_are_drawn_last_belong_to_their_items(marks: tuple[str, ...]) -> None:
    items = [(600, "A new mast for the boat"), (572, "Salt and tar"), (558, "Oil")]
    drawn = [Text(x=70, y=y, text=text) for y, text in items] + [Text(x=70, y=586, text="of the keeper")]
    drawn.sort(key=lambda one: -one.y)
    text = read([*drawn, *(Text(x=50, y=y, text=mark) for mark, (y, _) in zip(marks, items, strict=True))]).text
    assert text.split("\n") == [f"{marks[0]} A new mast for the boat", "of the keeper", f"{marks[1]} Salt and tar", f"{marks[2]} Oil"]


def test_the_first_line_of_a_short_page_is_no_running_head() -> None:
    """A page of three lines that stand together has no margin: its first line is an invoice's number, or a question."""
    invoices = read(*(lines([f"Invoice {number}", "Berth hire 12.00", "Total 42.00"]) for number in (1, 2, 3)))
    assert [invoices.text.count(f"Invoice {number}") for number in (1, 2, 3)] == [1, 1, 1]
    assert (invoices.text.count("Total 42.00"), invoices.num_furniture) == (3, 0)
    forms = read(*(lines(["Hull sound?", "Yes"]) for _ in range(3)))
    assert (forms.text.count("Hull sound?"), forms.text.count("Yes"), forms.num_furniture) == (3, 3, 0)


def test_numbers_of_letters_that_repeat_their_words_are_no_page_numbers() -> None:
    words = ["Dear Sir,", "we ask you to pay for the berth of the month."]
    letters = read(
        *(
            [*lines([f"Invoice no. {41 + place}"], top=640), *lines([*words, f"Due {due}"], top=580)]
            for place, due in enumerate((12, 13, 7))
        )
    )
    assert [letters.text.count(f"Invoice no. {number}") for number in (41, 42, 43)] == [1, 1, 1]
    assert letters.num_furniture == 0
