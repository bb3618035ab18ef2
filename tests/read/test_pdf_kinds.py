"""What PDFs hold beside plain lines: one test with the right value for each kind, on files of a few lines."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from small_pdf import PICTURE, Annotation, Text, comment, field, lines, small_pdf

from lmkindex.read.parsed import ParsedFile
from lmkindex.read.pdf import read_pdf

LEFT = ["The committee went through the", "report of the winter and", "put it aside. The lamp burns", "oil from Brest."]
RIGHT = ["The gate closes at nine when", "the tide is out, and the", "keeper writes it down. No", "boat may pass then."]
THIRD = ["We sail from the old quay at", "dawn and carry salt, tar and", "rope for the yards of the", "north coast each spring."]


def read(*pages: Sequence[Text | Annotation | bytes], **options: object) -> ParsedFile:
    parsed = read_pdf(small_pdf(pages, **options))  # type: ignore[arg-type]
    starts = [page.start for page in parsed.pages]
    assert starts == [0, *(page.end for page in parsed.pages[:-1])][: len(starts)] and parsed.pages[-1].end == len(parsed.text)
    for heading in parsed.headings:
        assert " ".join(parsed.text[heading.start : heading.end].split()) == heading.text
    return parsed


def page_text(parsed: ParsedFile, number: int) -> str:
    page = parsed.pages[number - 1]
    return parsed.text[page.start : page.end].strip()


def body(number: int) -> list[Text]:
    """A page of running text that is no other page's."""
    words = ("lamp", "tide", "gate", "boat", "quay", "rope", "salt", "mast", "helm")
    return lines([f"The {words[number % 9]} is kept by {words[(number + place) % 9]} and goes on to be" for place in range(12)])


# Furniture


@pytest.mark.parametrize("numbers", [("1", "2", "3", "4"), ("- 7 -", "- 8 -", "- 9 -", "- 10 -"), ("ii", "iii", "iv", "v")])
def test_numbers_that_count_up_in_the_margin_are_left_out(numbers: tuple[str, ...]) -> None:
    parsed = read(*([*body(number), Text(x=240, y=30, text=text)] for number, text in enumerate(numbers)))
    assert parsed.num_furniture == 4
    assert not any(text in parsed.text.split("\n") for text in numbers)


def test_page_numbers_of_several_forms_and_alternating_heads() -> None:
    pages = []
    for number in range(6):
        head = Text(x=50, y=665, text="The Keeper's Year") if number % 2 else Text(x=300, y=665, text="The Lamp of Brest")
        pages.append([head, *body(number), Text(x=50 if number % 2 else 400, y=30, text=f"Page {number + 1} of 6")])
    parsed = read(*pages)
    assert parsed.num_furniture == 12
    assert "Keeper's" not in parsed.text and "Brest" not in parsed.text and "Page" not in parsed.text


@pytest.mark.parametrize("values", [(150, 275, 980, 40), (12, 12, 12, 12), (101, 205, 333, 412)])
def test_amounts_at_the_foot_are_text(values: tuple[int, ...]) -> None:
    """They stand where page numbers stand, but do not count up; on sheets that repeat their words nothing else goes."""
    sheets = [
        [*lines([f"Bill for {name}", "Berth hire for the winter", "Water and power"]), Text(x=50, y=40, text=str(value))]
        for name, value in zip(("Vane", "Holt", "Marsh", "Reed"), values, strict=True)
    ]
    parsed = read(*sheets)
    assert parsed.num_furniture == 0
    assert [line for line in parsed.text.split("\n") if line.isdigit()] == [str(value) for value in values]
    assert parsed.text.count("Berth hire for the winter") == 4


def test_answers_and_labels_of_a_form_stay() -> None:
    answers = ("Yes", "Yes", "No", "No", "No")
    sheets = [
        [*lines([f"Name: {name}", "Port of call: Brest"]), *lines(["Hull sound?", answer], top=80)]
        for name, answer in zip("VHMRA", answers, strict=True)
    ]
    text = read(*sheets).text
    assert text.count("Hull sound?") == 5 and text.count("Yes") == 2 and text.count("\nNo") == 3


def test_a_row_of_a_table_at_the_top_of_pages_stays() -> None:
    pages = [[Text(x=50, y=650, text="Floodgate"), Text(x=250, y=650, text=f"{place} m"), *body(place)] for place in (7, 19, 4)]
    assert read(*pages).text.count("Floodgate") == 3


# Columns and tables


@pytest.mark.parametrize("shift", [0, 7])
@pytest.mark.parametrize("columns", [(LEFT, RIGHT), (LEFT, RIGHT, THIRD)])
def test_columns_drawn_row_by_row(columns: tuple[list[str], ...], shift: float) -> None:
    """Also when the rows of the columns are not level."""
    width = 230 if len(columns) == 2 else 155
    drawn = [
        Text(x=15 + width * place, y=600 - 14 * row - shift * (place % 2), text=text, size=10)
        for row, texts in enumerate(zip(*columns, strict=True))
        for place, text in enumerate(texts)
    ]
    title = Text(x=50, y=640, text="A title over all of the columns of it", size=18)
    parsed = read([title, *drawn])
    assert parsed.text == "\n\n".join([title.text, *("\n".join(column) for column in columns)])


def test_columns_drawn_one_after_the_other_with_a_line_below() -> None:
    last = Text(x=15, y=500, text="This line stands below both of the columns and goes from the left to the right of the page.")
    parsed = read([*lines(LEFT, x=15), *lines(RIGHT, x=250), last])
    assert parsed.text.replace("\n", " ") == f"{' '.join(LEFT)}  {' '.join(RIGHT)}  {last.text}"


def test_rows_of_a_table_stay_rows() -> None:
    rows = (("Place", "Height", "Tide"), ("Brest", "7 m", "high"), ("Saltmere", "3 m", "low"))
    drawn = [Text(x=50 + 110 * place, y=600 - 14 * number, text=cell) for number, row in enumerate(rows) for place, cell in enumerate(row)]
    assert read(drawn).text == "Place | Height | Tide\nBrest | 7 m | high\nSaltmere | 3 m | low"
    by_columns = sorted(drawn, key=lambda cell: cell.x)
    assert read(by_columns).text == "Place | Height | Tide\nBrest | 7 m | high\nSaltmere | 3 m | low"


def test_a_cell_of_two_lines_is_one_cell() -> None:
    cells = [(50, 600, "Snow pillow"), (160, 600, "Pit field by the"), (160, 586, "old mast"), (300, 600, "weekly")]
    cells += [(50, 570, "Sonic gauge"), (160, 570, "Second mast of"), (160, 556, "the ridge"), (300, 570, "daily")]
    text = read([Text(x=x, y=y, text=text) for x, y, text in cells]).text
    assert text == "Snow pillow | Pit field by the old mast | weekly\nSonic gauge | Second mast of the ridge | daily"


def test_a_large_first_letter_belongs_to_its_word() -> None:
    drawn = [Text(x=50, y=586, text="T", size=36), *lines(["he gate closes at nine when the", "tide is out, and opens at"], x=75, top=614)]
    assert read([*drawn, Text(x=50, y=572, text="ten every day of the year.")]).text.startswith(
        "The gate closes at nine when the\ntide is out"
    )


# Notes


def test_a_footnote_stands_behind_the_sentence_that_it_interrupts() -> None:
    first = [
        *lines(["The keeper lights the lamp at dusk and", "writes it down. The gate closes at nine when the"]),
        Text(x=50, y=60, text="1 The rule was changed later.", size=8),
    ]
    parsed = read(first, lines(["tide is out. It opens at ten.", "And so it goes on."]))
    assert "closes at nine when the\ntide is out.\n\n1 The rule was changed later.\n\nIt opens at ten.\n\nAnd so" in parsed.text
    assert page_text(parsed, 1).endswith("1 The rule was changed later.") and page_text(parsed, 2).startswith("It opens at ten.")


def test_raised_numbers_are_marks_of_notes_or_raised_digits() -> None:
    drawn = [Text(x=50, y=600, text="The lamp burns."), Text(x=119, y=604, text="1", size=7), Text(x=125, y=600, text="It covers 9 m")]
    drawn += [
        Text(x=184, y=604, text="2", size=7),
        Text(x=190, y=600, text="of sea."),
        Text(x=50, y=64, text="1", size=6),
        Text(x=54, y=60, text="Since May.", size=8),
    ]
    assert read(drawn).text == "The lamp burns.[1] It covers 9 m² of sea.\n\n[1] Since May."


# Words


def test_a_hyphen_at_a_line_end_needs_evidence() -> None:
    texts = ["The keep-", "er knows the pre-", "1914 rule of the Anglo-", "Saxon house and the self-", "made lamp of a keeper."]
    assert read(lines(texts)).text == "The keeper knows the pre-1914 rule of the Anglo-Saxon house and the self-made lamp of a keeper."


def test_another_form_of_a_word_is_evidence() -> None:
    assert "registrations of ships" in read(lines(["He wrote the registra-", "tions of ships. One registration", "was lost."])).text


def test_a_document_that_cuts_words_cuts_them_elsewhere_too() -> None:
    cut = ["a keep-", "er of the har-", "bour saw the win-", "ter and an exam-", "ple of a lamp."]
    text = read(lines([*cut, "The keeper of the harbour and the winter are known."])).text
    assert "example of a lamp" in text
    assert (
        "a well-known lamp"
        in read(
            lines(
                [
                    "The lamp is well and known:",
                    "a well-",
                    "known lamp, a keep-",
                    "er, the har-",
                    "bour, the win-",
                    "ter; keeper, harbour, winter.",
                ]
            )
        ).text
    )


def test_a_word_over_two_pages_is_one_word() -> None:
    parsed = read(lines(["The keeper of the lamp and the keep-"]), lines(["er of the gate."]))
    assert parsed.text == "The keeper of the lamp and the keeper of the gate."
    assert page_text(parsed, 2) == "er of the gate."


def test_letters_set_one_by_one_are_words() -> None:
    for step in (5.5, 9.0):
        drawn = [Text(x=50 + step * place, y=600, text=char) for place, char in enumerate("singly placed words") if char != " "]
        assert read(drawn).text == "singly placed words"


@pytest.mark.parametrize("shift", [(0, 0), (0.4, 0.3), (1.5, -1.5)])
def test_text_drawn_twice_is_read_once(shift: tuple[float, float]) -> None:
    once = lines(["The lamp burns all night", "and the gate is closed."])
    again = [Text(x=line.x + shift[0], y=line.y + shift[1], text=line.text) for line in once]
    assert read([*once, *again]).text == "The lamp burns all night\nand the gate is closed."


# Fields and comments


def test_fields_stand_behind_their_labels() -> None:
    tick = b"/AS /Yes /V /Yes /AP << /N << /Yes null /Off null >> >> /T (a)"
    fields = [
        field(b"/Tx", 180, 582, b"/T (keeper) /V (Ada Vane) /DA (/F1 11 Tf 0 g)"),
        field(b"/Ch", 180, 568, b"/T (port) /Opt [(Brest) (Saltmere)] /V (Saltmere) /Ff 131072"),
        field(b"/Btn", 180, 554, tick, width=12),
        field(b"/Tx", 180, 540, b"/T (word) /V (secret) /Ff 8192"),
    ]
    parsed = read([*lines(["Name of the keeper:", "Port of call:", "Hull sound:", "Password:"]), *fields])
    assert parsed.text == "Name of the keeper: Ada Vane\n\nPort of call: Saltmere\n\nHull sound: [x]\n\nPassword:"


def test_a_form_without_other_text_needs_no_ocr() -> None:
    assert read([field(b"/Tx", 180, 582, b"/T (keeper) /V (Ada Vane)")]).text == "Ada Vane"


@pytest.mark.parametrize("kind", [b"/FreeText", b"/Text", b"/Highlight"])
def test_comments_interrupt_no_sentence(kind: bytes) -> None:
    drawn = lines(["The gate closes at nine when", "the tide is out.", "", "It opens at ten."])
    parsed = read([*drawn, comment(kind, 250, 584, "Corrected: at eight."), comment(b"/Text", 250, 584, "Hidden.", flags=2)])
    assert parsed.text == "The gate closes at nine when\nthe tide is out.\n\nCorrected: at eight.\n\nIt opens at ten."


# Pages


@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
@pytest.mark.parametrize("angle", [0, 90, 180, -90])
def test_turned_pages_and_lines_are_read_in_their_direction(rotate: int, angle: float) -> None:
    step = {0: (0, -14), 90: (14, 0), 180: (0, 14), -90: (-14, 0)}[int(angle)]
    drawn = [Text(x=250 + step[0] * place, y=350 + step[1] * place, text=text, angle=angle) for place, text in enumerate(LEFT)]
    assert read(drawn, rotate=rotate).text == "\n".join(LEFT)


def test_a_turned_line_beside_running_text_interrupts_nothing() -> None:
    stamp = Text(x=20, y=300, text="Draft of 9 May", angle=90)
    parsed = read([*lines(["The gate closes at nine when the"]), stamp], lines(["tide is out. It opens at ten."]))
    assert parsed.text == "The gate closes at nine when the\ntide is out.\n\nDraft of 9 May\n\nIt opens at ten."


def test_what_is_outside_of_the_crop_box_is_not_seen() -> None:
    drawn = [*lines(["The lamp burns."]), Text(x=50, y=690, text="proof of 9 May"), Text(x=300, y=586, text="cut off here")]
    assert read(drawn, crop=(0, 0, 290, 650)).text == "The lamp burns."


def test_invisible_text_over_a_scan_is_read_and_pages_without_text_are_named() -> None:
    scan: list[Text | Annotation | bytes] = [PICTURE, Text(x=50, y=600, text="The lamp burns.", is_invisible=True)]
    parsed = read(scan, [PICTURE], [], [PICTURE], [PICTURE], lines(["It burns oil."]))
    assert parsed.text == "The lamp burns.\n\nIt burns oil."
    assert parsed.notes == ("pages 2, 4-5 hold no text, perhaps pictures of it: run OCR", "page 3 is blank")


def test_lines_that_stand_alone_are_paragraphs() -> None:
    texts = [
        "The list of the harbour names these three things that were bought:",
        "Buoy of the second class",
        "Rope for the yard of the pilots, of which",
        "half is old",
        "Lamp for the mole",
    ]
    texts.insert(1, "all of them, and no others, stand in the book of the harbour master:")
    assert read(lines(texts)).text.split("\n\n") == ["\n".join(texts[:2]), texts[2], "\n".join(texts[3:5]), texts[5]]


# Headings


def test_headings_by_type_size_and_weight() -> None:
    drawn = [
        Text(x=50, y=650, text="The Harbour", size=20),
        Text(x=50, y=620, text="Lights", size=14),
        *lines(["The lamp burns all night", "long."]),
    ]
    drawn += [
        Text(x=50, y=540, text="Gates", is_bold=True),
        *lines(["The gate is closed at", "nine."], top=525),
        Text(x=50, y=470, text="Boats", size=14),
    ]
    parsed = read([*drawn, *lines(["No boat may", "pass then."], top=460)])
    assert [(heading.level, heading.text) for heading in parsed.headings] == [(1, "The Harbour"), (2, "Lights"), (3, "Gates"), (2, "Boats")]


def test_headings_by_the_outline_where_there_is_one() -> None:
    first = lines(
        ["1 Lights", "", "The lamp burns all night", "long, as the book of", "Lights says.", "", "2 Gates", "", "The gate is closed."]
    )
    outline = [("Lights", 0, 600.0), ("Gates", 0, 510.0), ("Boats and their crews", 1, 600.0)]
    parsed = read(first, lines(["3 Boats and their", "crews", "", "No boat may pass."]), outline=outline)
    assert [(heading.level, heading.text) for heading in parsed.headings] == [
        (1, "1 Lights"),
        (1, "2 Gates"),
        (1, "3 Boats and their crews"),
    ]
