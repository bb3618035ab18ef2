"""DOCX: each kind of content with its right text. The parts are written by hand (`word_files.py`); what the right text
is was checked against Word's documentation, LibreOffice and pandoc where these agree (docs/log.md)."""

from __future__ import annotations

import re
import time

import pytest
import word_files as wf
from word_files import cell, item, level, notes, numbering, paragraph, reference, row, run, style, styled, table, word_file

from lmkindex.errors import ReadError
from lmkindex.files.identity import DOCUMENT_SUFFIXES
from lmkindex.read.docx import read_docx
from lmkindex.read.docx.number_formats import format_number
from lmkindex.read.docx.symbol_fonts import decode_symbols, symbol_character
from lmkindex.read.docx.word_markup import CHANGED_AWAY, PARAGRAPH, RUN, TEXT
from lmkindex.read.docx.word_survey import BREAK, SPECIAL, TAB
from lmkindex.read.docx.word_text import ACTIONS, TextReader
from lmkindex.read.formats import parse_bytes


def text_of(body: str, **parts: str) -> str:
    return read_docx(word_file(body, parts)).text


def lines_of(body: str, **parts: str) -> list[str]:
    """The paragraphs; a table's rows count as one."""
    return text_of(body, **parts).split("\n\n")


def deleted(text: str) -> str:
    return f"<w:del><w:r><w:delText>{text}</w:delText></w:r></w:del>"


DELETED_MARK = "<w:rPr><w:del/></w:rPr>"
HIDDEN_MARK = "<w:rPr><w:vanish/><w:specVanish/></w:rPr>"


@pytest.mark.parametrize(
    ("body", "lines"),
    [
        (paragraph(run("Keep ") + deleted("old ") + f"<w:ins>{run('new ')}</w:ins>" + run("end.")), ["Keep new end."]),
        # A text that was inserted and deleted again.
        (paragraph(run("A") + f"<w:ins>{deleted('b')}</w:ins>" + run("c")), ["Ac"]),
        # Moved text stands at its new place only, whole paragraphs too.
        (
            paragraph(f"<w:moveFrom>{run('Moved.')}</w:moveFrom>", "<w:rPr><w:moveFrom/></w:rPr>")
            + paragraph("Stays.")
            + paragraph(f"<w:moveTo>{run('Moved.')}</w:moveTo>", "<w:rPr><w:moveTo/></w:rPr>"),
            ["Stays.", "Moved."],
        ),
        # A deleted mark joins its paragraph to the next one, over several and over deleted ones.
        (paragraph("First half", DELETED_MARK) + paragraph(" and second.") + paragraph("Next."), ["First half and second.", "Next."]),
        (
            paragraph(run("A ") + deleted("x"), DELETED_MARK) + paragraph(deleted("gone"), DELETED_MARK)
            + paragraph(deleted("y") + run("b")),
            ["A b"],
        ),
        (paragraph("Last", DELETED_MARK) + table(row("a", "b")), ["Last", "a | b"]),  # nothing to join with
        # Rows and cells.
        (table(row("a", "b"), row("c", "d", properties="<w:del/>"), row("e", "f", properties="<w:ins/>")), ["a | b\ne | f"]),
        (table(row("a", cell("b", "<w:cellDel/>"), cell("c", "<w:cellIns/>"))), ["a | c"]),
        (table(row("a", "b", properties="<w:del/>")) + paragraph("After."), ["After."]),
        # What a change of format keeps of the old state is no text.
        (
            paragraph("Text.", '<w:pPrChange><w:pPr><w:pStyle w:val="Old"/><w:rPr><w:del/></w:rPr></w:pPr></w:pPrChange>')
            + paragraph("Next."),
            ["Text.", "Next."],
        ),
    ],
)  # fmt: skip
def test_the_final_view_of_tracked_changes(body: str, lines: list[str]) -> None:
    assert lines_of(body) == lines


HIDING = style("Hidden", characters="<w:vanish/>") + style("Secret", characters="<w:vanish/>", kind="character")


@pytest.mark.parametrize(
    ("body", "lines"),
    [
        (paragraph(run("Seen ") + run("hidden ", "<w:vanish/>") + run("text.", '<w:vanish w:val="0"/>')), ["Seen text."]),
        (paragraph(run("Seen ") + run("hidden", '<w:rStyle w:val="Secret"/>')), ["Seen"]),
        (styled("Hidden", "Not seen.") + paragraph("Seen."), ["Seen."]),
        (paragraph(run("a") + run("b", "<w:vanish w:val='false'/>"), '<w:pStyle w:val="Hidden"/>'), ["b"]),
        # Hidden by both styles: the one turns the other over (ECMA-376, 17.7.3).
        (paragraph(run("a") + run("b", '<w:rStyle w:val="Secret"/>'), '<w:pStyle w:val="Hidden"/>'), ["b"]),
        # A hidden mark: the next paragraph goes on in the same line.
        (paragraph("Run-in.", HIDDEN_MARK) + paragraph(" Then text."), ["Run-in. Then text."]),
        (paragraph("Web only.", "<w:rPr><w:webHidden/></w:rPr>") + paragraph(run("x", "<w:webHidden/>")), ["Web only.", "x"]),
        (table(row("a", "b"), row("c", "d", properties="<w:hidden/>")), ["a | b"]),
        # A hidden note is not shown either.
        (paragraph(run("T") + '<w:r><w:rPr><w:vanish/></w:rPr><w:footnoteReference w:id="1"/></w:r>'), ["T"]),
    ],
)
def test_hidden_text_is_left_out(body: str, lines: list[str]) -> None:
    assert lines_of(body, styles=HIDING, footnotes=notes("footnote", {1: "Note."})) == lines


def mark(kind: str, inner: str = "") -> str:
    return f'<w:r><w:fldChar w:fldCharType="{kind}">{inner}</w:fldChar></w:r>'


def code(text: str) -> str:
    return f"<w:r><w:instrText>{text}</w:instrText></w:r>"


def field(instruction: str, result: str) -> str:
    return mark("begin") + code(instruction) + mark("separate") + result + mark("end")


def form(data: str) -> str:
    return mark("begin", f"<w:ffData>{data}</w:ffData>") + code("FORM") + mark("separate") + mark("end")


@pytest.mark.parametrize(
    ("body", "lines"),
    [
        (paragraph(run("See ") + field(" REF x ", run("page 3")) + run(".")), ["See page 3."]),
        (paragraph(f'<w:fldSimple w:instr=" DATE "><w:r><w:t>May</w:t></w:r></w:fldSimple>{run(" 1st")}'), ["May 1st"]),
        # The result of a field inside the code of another one is part of that code.
        (
            paragraph(mark("begin") + code("IF ") + field("X", run("7")) + code("= 7") + mark("separate") + run("Yes") + mark("end")),
            ["Yes"],
        ),
        (paragraph(field("A", run("a") + field("B", run("b")) + run("c"))), ["abc"]),
        (paragraph(mark("begin") + code(' XE "Boats" ') + mark("end") + run("Boats")), ["Boats"]),  # no result at all
        # Over paragraphs, as a table of contents.
        (
            paragraph(mark("begin") + code("TOC") + mark("separate") + run("One\t1")) + paragraph(run("Two\t2"))
            + paragraph(mark("end") + run("Text.")),
            ["One\t1", "Two\t2", "Text."],
        ),
        # Damage: a begin without an end takes nothing, nor does one whose end was deleted; an end alone is nothing.
        (paragraph(mark("begin") + code("REF") + run("Text.")) + paragraph("More."), ["Text.", "More."]),
        (paragraph(mark("begin") + code("REF") + run("Text.") + f"<w:del>{mark('end')}</w:del>"), ["Text."]),
        (paragraph(mark("end") + run("Text.") + mark("separate")), ["Text."]),
        # Forms: the chosen entry, boxes, and text in its result.
        (
            paragraph(form('<w:ddList><w:result w:val="1"/><w:listEntry w:val="cutter"/><w:listEntry w:val="yawl"/></w:ddList>')),
            ["yawl"],
        ),
        (paragraph(run("Boat: ") + form('<w:ddList><w:listEntry w:val="cutter"/></w:ddList>')), ["Boat: cutter"]),
        (
            paragraph(form("<w:checkBox><w:checked/></w:checkBox>") + run(" ") + form('<w:checkBox><w:default w:val="0"/></w:checkBox>')),
            ["☒ ☐"],
        ),
        (paragraph(run("Name: ") + field("FORMTEXT", run("Ann"))), ["Name: Ann"]),
    ],
)  # fmt: skip
def test_fields_give_their_results(body: str, lines: list[str]) -> None:
    assert lines_of(body) == lines


def sign(font: str, char: str) -> str:
    return f'<w:r><w:sym w:font="{font}" w:char="{char}"/></w:r>'


def either(choice: str, fallback: str) -> str:
    return f'<mc:AlternateContent><mc:Choice Requires="wps">{choice}</mc:Choice><mc:Fallback>{fallback}</mc:Fallback></mc:AlternateContent>'


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ('<w:smartTag><w:smartTagPr><w:attr w:name="x" w:val="y"/></w:smartTagPr><w:r><w:t>Brest</w:t></w:r></w:smartTag>', "Brest"),
        ('<w:sdt><w:sdtPr><w:alias w:val="no"/></w:sdtPr><w:sdtContent><w:r><w:t>control</w:t></w:r></w:sdtContent></w:sdt>', "control"),
        ('<w:customXml w:element="e"><w:customXmlPr/><w:hyperlink r:id="x"><w:r><w:t>link</w:t></w:r></w:hyperlink></w:customXml>', "link"),
        ("<w:ruby><w:rubyPr/><w:rt><w:r><w:t>kana</w:t></w:r></w:rt><w:rubyBase><w:r><w:t>漢字</w:t></w:r></w:rubyBase></w:ruby>", "漢字"),
        ("<w:dir w:val='rtl'><w:bdo w:val='ltr'><w:r><w:t>both</w:t></w:r></w:bdo></w:dir>", "both"),
        ("<w:r><w:t>a</w:t><w:tab/><w:t>b</w:t><w:br/><w:t>c</w:t><w:cr/><w:t>d</w:t><w:ptab/><w:t>e</w:t></w:r>", "a\tb\nc\nd\te"),
        ("<w:r><w:t>co</w:t><w:softHyphen/><w:t>oper\u00adate pre</w:t><w:noBreakHyphen/><w:t>war</w:t></w:r>", "cooperate pre-war"),
        ("<w:r><w:lastRenderedPageBreak/><w:t>a</w:t><w:br w:type='page'/><w:t>b</w:t></w:r>", "a\nb"),
        ("<w:r><w:t>a\n  b</w:t></w:r>", "a   b"),  # a line end in the file is a blank
        ("<w:r><w:t>&lt;a&gt; &amp; <![CDATA[<b>]]><!-- no --> c</w:t></w:r>", "<a> & <b> c"),
        (sign("Symbol", "F061") + sign("Wingdings", "F0FC") + sign("Arial", "00A7"), "α✓§"),
        (sign("Wingdings", "F037") + sign("Odd", "F0B7") + sign("Arial", "zz") + run("x"), "x"),
        (run("D\uf044 = b", '<w:rFonts w:ascii="Symbol" w:hAnsi="Symbol"/>'), "ΔΔ = β"),
        (run("\uf0d8 go", '<w:rFonts w:ascii="Wingdings"/>'), "➢ go"),
        (either("<w:r><w:t>new</w:t></w:r>", "<w:r><w:t>old</w:t></w:r>"), "new"),
        (either("<w:r/>", "<w:r><w:t>old</w:t></w:r>"), "old"),
        ("<w:object><y:data>binary</y:data></w:object><w:r><w:t>after</w:t></w:r>", "after"),
    ],
)  # fmt: skip
def test_characters_of_a_paragraph(content: str, text: str) -> None:
    assert text_of(paragraph(content)) == text


def test_raised_numbers_do_not_join_the_number_before_them() -> None:
    def raised(text: str) -> str:
        return run(text, '<w:vertAlign w:val="superscript"/>')

    lowered = run("2", '<w:vertAlign w:val="subscript"/>')
    body = (
        run("10")
        + raised("2")
        + run(" of 10")
        + raised("-")
        + raised("3")
        + run(" m")
        + raised("2")
        + run(", the 3")
        + raised("rd")
        + run(".")
    )
    assert text_of(paragraph(body)) == "10² of 10⁻³ m2, the 3rd."
    assert text_of(paragraph(run("H") + lowered + run("O is wet.") + raised("4,5") + run(" So"))) == "H2O is wet.[4,5] So"


def test_a_drop_cap_is_the_first_letter_of_its_word() -> None:
    cap = paragraph("T", '<w:framePr w:dropCap="drop" w:lines="3"/>')
    assert lines_of(paragraph("Before.") + cap + paragraph("he mill.")) == ["Before.", "The mill."]


# Notes


def test_notes_follow_the_paragraph_that_names_them() -> None:
    """The case of an unread footnote: behind its paragraph, each paragraph of it by itself, never inside a sentence."""
    body = (
        paragraph(run("The dues") + reference("footnote", 2) + run(" are set.") + reference("endnote", 5) + reference("footnote", 3))
        + paragraph("Next.")
        + paragraph(run("Again.") + reference("footnote", 2))
    )
    feet = notes(
        "footnote",
        {2: paragraph("<w:r><w:footnoteRef/></w:r>" + run(" Boats are free.")) + paragraph("Until May."), 3: "Third.", 9: "Unnamed."},
    )
    found = read_docx(word_file(body, {"footnotes": feet, "endnotes": notes("endnote", {5: "The board met."})}))
    assert found.text.split("\n\n") == [
        "The dues are set.", "Boats are free.", "Until May.", "The board met.", "Third.", "Next.", "Again.",
    ]  # fmt: skip
    assert found.notes == ()


def test_notes_of_a_table_follow_it() -> None:
    feet = notes("footnote", {1: "First.", 2: "Second."})
    body = table(row(paragraph(run("a") + reference("footnote", 1)), "b"), row("c", paragraph(run("d") + reference("footnote", 2))))
    assert lines_of(body + paragraph("After."), footnotes=feet) == ["a | b\nc | d", "First.", "Second.", "After."]


def test_the_sign_of_a_note_is_no_text() -> None:
    star = '<w:r><w:footnoteReference w:customMarkFollows="1" w:id="1"/><w:t>*</w:t></w:r>'
    assert lines_of(paragraph(run("Dues") + star + run(".")), footnotes=notes("footnote", {1: "Note."})) == ["Dues.", "Note."]


def test_a_deleted_note_is_gone() -> None:
    body = paragraph(run("Dues.") + f"<w:del>{reference('footnote', 1)}</w:del>")
    assert lines_of(body, footnotes=notes("footnote", {1: "Note."})) == ["Dues."]


COMMENTED = paragraph(
    '<w:commentRangeStart w:id="0"/>' + run("Set by the board.") + '<w:commentRangeEnd w:id="0"/>' + reference("comment", 0) + run(" More.")
)


def test_comments_are_read_if_asked_for() -> None:
    remarks = notes("comment", {0: paragraph("Which board?") + paragraph("Ask.")})
    data = word_file(COMMENTED + paragraph("Next."), {"comments": remarks})
    assert read_docx(data).text == "Set by the board. More.\n\nNext."
    assert read_docx(data, comments=True).text.split("\n\n") == [
        "Set by the board. More.", "Comment (Ann): Which board?", "Comment (Ann): Ask.", "Next.",
    ]  # fmt: skip


def test_a_comment_on_a_note_or_a_cell_follows_it() -> None:
    feet = notes("footnote", {1: paragraph(run("Note.") + reference("comment", 1))})
    body = paragraph(run("Text.") + reference("footnote", 1)) + table(row(paragraph(run("a") + reference("comment", 2)), "b"))
    remarks = notes("comment", {1: "One.", 2: "Two."}).replace(' w:author="Ann"', "")
    found = read_docx(word_file(body, {"footnotes": feet, "comments": remarks}), comments=True)
    assert found.text.split("\n\n") == ["Text.", "Note.", "Comment: One.", "a | b", "Comment: Two."]


# Heads, feet, boxes


def test_heads_come_first_and_feet_last_each_text_once() -> None:
    margins = {
        "header": paragraph("File 4711") + paragraph("Draft"),
        "footer": paragraph(
            run("Board") + "<w:r><w:tab/></w:r>" + run("Page ") + field("PAGE", run("3")) + run(" of ") + field("NUMPAGES", run("9"))
        ),
        "header first": paragraph("Title page"),
        "header even": paragraph("File 4711") + paragraph("Even"),
        "footer even": paragraph(run("- ") + '<w:fldSimple w:instr=" PAGE \\* ROMAN "><w:r><w:t>IV</w:t></w:r></w:fldSimple>' + run(" -")),
    }  # fmt: skip
    found = read_docx(word_file(paragraph("Text."), margins=margins))
    assert found.text.split("\n\n") == ["File 4711", "Draft", "Title page", "Even", "Text.", "Board"]
    assert found.num_furniture == 1  # the foot that is nothing but the number


def test_words_beside_a_page_number_are_kept() -> None:
    foot = paragraph(run("File 4711, page ") + field("PAGE", run("3")))
    cells = table(row("Board", paragraph(run("Seite ") + field("PAGE", run("3")) + run(" von ") + field("NUMPAGES", run("9")))))
    assert read_docx(word_file(paragraph("Text."), margins={"footer": foot, "header": cells})).text.split("\n\n") == [
        "Board", "Text.", "File 4711, page",
    ]  # fmt: skip


def test_a_page_number_in_the_body_is_text() -> None:
    assert text_of(paragraph(run("See page ") + field("PAGE", run("3")))) == "See page 3"


def shape(inner: str) -> str:
    """A text box in both of its forms."""
    content = f"<w:txbxContent>{inner}</w:txbxContent>"
    return (
        f"<w:r><mc:AlternateContent><mc:Choice Requires='wps'><w:drawing><wp:anchor><a:graphic><wps:wsp><wps:txbx>{content}</wps:txbx>"
        f"</wps:wsp></a:graphic></wp:anchor></w:drawing></mc:Choice><mc:Fallback><w:pict><v:shape><v:textbox>{content}</v:textbox></v:shape>"
        "</w:pict></mc:Fallback></mc:AlternateContent></w:r>"
    )


def test_text_boxes_follow_their_paragraph_once() -> None:
    inner = paragraph("Box.") + table(row("a", "b")) + paragraph(run("Outer") + shape(paragraph("Inner.")))
    body = paragraph(run("Host ") + shape(inner) + run("goes on.")) + paragraph("Next.")
    assert lines_of(body) == ["Host goes on.", "Box.", "a | b", "Outer", "Inner.", "Next."]
    old = f"<w:r><w:pict><v:shape><v:textbox><w:txbxContent>{paragraph('Old box.')}</w:txbxContent></v:textbox></v:shape></w:pict></w:r>"
    assert lines_of(paragraph(run("Host.") + old)) == ["Host.", "Old box."]
    assert lines_of(paragraph(shape(paragraph("Alone.")))) == ["Alone."]
    assert lines_of(table(row(paragraph(run("a") + shape(paragraph("Box."))), "b"))) == ["a Box. | b"]


def test_notes_and_fields_in_a_text_box() -> None:
    inner = paragraph(run("Box") + reference("footnote", 1) + mark("begin") + code("X") + run("."))  # the field does not end in the box
    body = paragraph(run("Host.") + shape(inner)) + paragraph(mark("end") + run("Next."))
    assert lines_of(body, footnotes=notes("footnote", {1: "Note."})) == ["Host.", "Box.", "Note.", "Next."]


def test_drawn_words() -> None:
    word_art = '<w:r><w:pict><v:shape><v:textpath string="DRAFT"/></v:shape></w:pict></w:r>'
    canvas = "<w:r><w:drawing><y:canvas><a:p><a:r><a:t>On a </a:t></a:r><a:r><a:t>canvas</a:t></a:r></a:p></y:canvas></w:drawing></w:r>"
    assert lines_of(paragraph(run("Text.") + word_art + canvas)) == ["Text.", "DRAFT", "On a canvas"]


def test_a_new_chart_has_no_words_rather_than_those_of_its_fallback() -> None:
    new = '<w:drawing><cx:chart xmlns:cx="http://schemas.microsoft.com/office/drawing/2014/chartex" r:id="x"/></w:drawing>'
    assert lines_of(paragraph(run("Text.") + f"<w:r>{either(new, shape(paragraph('This chart is not available.')))}</w:r>")) == ["Text."]


def test_words_of_charts_and_diagrams() -> None:
    title = "<c:title><c:tx><c:rich><a:p><a:r><a:t>Catch by year</a:t></a:r></a:p></c:rich></c:tx></c:title>"
    series = "".join(
        f"<c:ser><c:tx><c:strRef><c:strCache><c:pt><c:v>{name}</c:v></c:pt></c:strCache></c:strRef></c:tx><c:cat><c:strRef><c:strCache>"
        "<c:pt><c:v>2001</c:v></c:pt><c:pt><c:v>2002</c:v></c:pt></c:strCache></c:strRef></c:cat><c:val><c:numRef><c:numCache><c:pt>"
        "<c:v>7.25</c:v></c:pt></c:numCache></c:numRef></c:val></c:ser>"
        for name in ("Cod", "Eel")
    )
    points = "".join(f"<dgm:pt><dgm:t><a:p><a:r><a:t>{text}</a:t></a:r></a:p></dgm:t></dgm:pt>" for text in ("Plan", "Build"))
    body = paragraph(
        run("Text.")
        + '<w:r><w:drawing><a:graphic><c:chart r:id="ch"/></a:graphic></w:drawing></w:r>'
        + '<w:r><w:drawing><a:graphic><dgm:relIds r:dm="dm"/></a:graphic></w:drawing></w:r>'
        + '<w:r><w:drawing><a:graphic><c:chart r:id="lost"/></a:graphic></w:drawing></w:r>'
    )
    found = read_docx(
        word_file(
            body,
            more_links={"ch": ("chart", "charts/c.xml"), "dm": ("diagramData", "../word/d/data1.xml"), "lost": ("chart", "lost.xml")},
            files={"word/charts/c.xml": wf.part("c:chartSpace", title + series), "word/d/data1.xml": wf.part("dgm:dataModel", points)},
        )
    )
    assert found.text.split("\n\n") == ["Text.", "Catch by year", "Cod | Eel", "2001 | 2002", "Plan", "Build"]
    assert found.notes == ("the part word/lost.xml is missing",)


# Equations


def m(name: str, *children: str, **properties: str) -> str:
    """An object of an equation: its properties, then its parts."""
    stated = "".join(f'<m:{key} m:val="{value}"/>' for key, value in properties.items())
    return f"<m:{name}><m:{name}Pr>{stated}</m:{name}Pr>{''.join(children)}</m:{name}>"


def mr(text: str) -> str:
    return f"<m:r><m:t>{text}</m:t></m:r>"


def me(name: str, *inner: str) -> str:
    return f"<m:{name}>{''.join(one if one.startswith('<') else mr(one) for one in inner)}</m:{name}>"


@pytest.mark.parametrize(
    ("xml", "text"),
    [
        (mr("E=m") + m("sSup", me("e", "c"), me("sup", "2")), "E=mc^2"),
        (m("f", me("num", "a"), me("den", "b")), "a/b"),
        (m("f", me("num", "a+b"), me("den", "2c")), "(a+b)/(2c)"),
        (m("f", me("num", "1.5"), me("den", m("d", me("e", "x+1"))), type="lin"), "1.5/(x+1)"),
        (m("d", me("e", m("f", me("num", "n"), me("den", "k"), type="noBar"))), "(n¦k)"),
        (m("sSub", me("e", "x"), me("sub", "1")), "x_1"),
        (m("sSubSup", me("e", "x"), me("sub", "i+1"), me("sup", "2")), "x_(i+1)^2"),
        (m("sPre", me("sub", "6"), me("sup", "14"), me("e", "C")), "_6^14 C"),
        (m("rad", me("deg"), me("e", "x"), degHide="1"), "√x"),
        (m("rad", me("deg", "3"), me("e", "x+1")), "∛(x+1)"),
        (m("rad", me("deg", "n"), me("e", "x")), "^n√x"),
        (m("nary", me("sub", "i=1"), me("sup", "n"), me("e", m("sSub", me("e", "x"), me("sub", "i"))), chr="∑"), "∑_(i=1)^n x_i"),
        (m("nary", me("sub", "0"), me("sup", "1"), me("e", "f")), "∫_0^1 f"),
        (m("d", me("e", "a"), me("e", "b"), begChr="[", endChr=")", sepChr=","), "[a,b)"),
        (m("d", me("e", m("m", me("mr", me("e", "1"), me("e", "2")), me("mr", me("e", "3"), me("e", "4"))))), "(1, 2; 3, 4)"),
        (m("m", me("mr", me("e", "1"), me("e", "2"))), "[1, 2]"),
        (m("d", me("e", m("eqArr", me("e", "x,&amp;x&gt;0"), me("e", "0,&amp;else"))), begChr="{", endChr=""), "{x,x>0; 0,else"),
        (m("func", me("fName", m("limLow", me("e", "lim"), me("lim", "x→0"))), me("e", "f")), "lim_(x→0) f"),
        (m("func", me("fName", "sin"), me("e", m("d", me("e", "x")))), "sin(x)"),
        (m("acc", me("e", "x"), chr="\u0302"), "x\u0302"),
        (m("bar", me("e", "y"), pos="top"), "y\u0304"),
        (f"<m:r>{sign('Symbol', 'F061')[5:-6]}</m:r>", "α"),
        (m("phant", me("e", "p"), show="0") + m("box", me("e", "q")) + m("borderBox", me("e", "r")), "qr"),
        # Tracked changes inside an equation: text, and a whole fraction of which the numerator stays.
        (f"<w:del>{mr('old')}</w:del><w:ins>{mr('new')}</w:ins>", "new"),
        ("<m:f><m:fPr><m:ctrlPr><w:del/></m:ctrlPr></m:fPr>" + me("num", "a") + me("den", f"<w:del>{mr('b')}</w:del>") + "</m:f>", "a"),
    ],
)  # fmt: skip
def test_equations_are_readable(xml: str, text: str) -> None:
    assert text_of(paragraph(run("Let ") + f"<m:oMath>{xml}</m:oMath>" + run(" be."))) == f"Let {text} be."


def test_displayed_equations_stand_on_their_lines() -> None:
    display = f"<m:oMathPara><m:oMathParaPr/><m:oMath>{mr('a=b')}</m:oMath><m:oMath>{mr('c=d')}</m:oMath></m:oMathPara>"
    assert text_of(paragraph(display)) == "a=b\nc=d"
    assert text_of(paragraph(run("Then") + display + run("follows."))) == "Then\na=b\nc=d\nfollows."
    assert lines_of(paragraph("One.") + display + paragraph("Two.")) == ["One.", "a=b\nc=d", "Two."]


# Lists

THREE = level(0, "%1.") + level(1, "%1.%2") + level(2, "%1.%2.%3")


@pytest.mark.parametrize(
    ("levels", "places", "labels"),
    [
        (THREE, [0, 1, 1, 2, 0, 1, 2], ["1.", "1.1", "1.2", "1.2.1", "2.", "2.1", "2.1.1"]),
        # A level that was passed over counts as used once (Microsoft, Q110380).
        (THREE, [1, 1, 0, 2, 1], ["1.1", "1.2", "2.", "2.1.1", "2.2"]),
        (level(0, "%1)", start=5), [0, 0], ["5)", "6)"]),
        (level(0, "§ %1", "upperRoman") + level(1, "(%2)", "lowerLetter"), [0, 1, 1, 0, 1], ["§ I", "(a)", "(b)", "§ II", "(a)"]),
        # Restart: never, or only after the first level.
        (level(0, "%1.") + level(1, "%1.%2", more='<w:lvlRestart w:val="0"/>'), [0, 1, 1, 0, 1], ["1.", "1.1", "1.2", "2.", "2.3"]),
        (
            level(0, "%1.") + level(1, "%1.%2") + level(2, "%3", more='<w:lvlRestart w:val="1"/>'),
            [0, 1, 2, 1, 2, 0, 2],
            ["1.", "1.1", "1", "1.2", "2", "2.", "1"],
        ),
        (level(0, "Article %1", "upperRoman") + level(1, "%1.%2", more="<w:isLgl/>"), [0, 0, 1], ["Article I", "Article II", "2.1"]),
        (level(0, "\uf0b7", "bullet") + level(1, "o", "bullet") + level(2, "–", "bullet"), [0, 1, 2], ["•", "•", "•"]),
        (level(0, "Note:", "none") + level(1, "%1", "none"), [0, 1], ["Note:", ""]),
        (level(0, "%1)").replace("/></w:lvl>", "/><w:rPr><w:vanish/></w:rPr></w:lvl>"), [0], [""]),
        (level(0, "", "bullet"), [0], [""]),
        (THREE, [7], [""]),  # a level that the list does not have
        (
            '<w:lvl w:ilvl="0"><w:start w:val="7"/>'
            + either('<w:numFmt w:val="custom" w:format="001, 002, ..."/>', '<w:numFmt w:val="decimal"/>')
            + '<w:lvlText w:val="%1"/></w:lvl>',
            [0],
            ["007"],
        ),
    ],
)  # fmt: skip
def test_numbers_of_lists(levels: str, places: list[int], labels: list[str]) -> None:
    body = "".join(item("x", 1, place) for place in places)
    expected = [f"{label} x" if label else "x" for label in labels]
    assert lines_of(body, numbering=numbering({0: levels}, {1: "0"})) == expected


def test_lists_of_one_definition_count_on_unless_one_starts() -> None:
    override = '<w:lvlOverride w:ilvl="0"><w:startOverride w:val="8"/></w:lvlOverride>'
    other = f'<w:lvlOverride w:ilvl="0">{level(0, "(%1)", "lowerLetter", start=3)}</w:lvlOverride>'
    lists = numbering({0: THREE, 1: THREE}, {1: "0", 2: "0", 3: f"0 {override}", 4: "1", 5: f"1 {other}"})
    body = "".join(item("x", number, 0) for number in (1, 1, 2, 3, 3, 1, 4, 5))
    assert lines_of(body, numbering=lists) == ["1. x", "2. x", "3. x", "8. x", "9. x", "10. x", "1. x", "(b) x"]


HEADINGS = (
    style("Normal", "Normal").replace('w:styleId="Normal"', 'w:default="1" w:styleId="Normal"')
    + style("H1", "heading 1", "Normal", '<w:numPr><w:numId w:val="1"/></w:numPr><w:outlineLvl w:val="0"/>')
    + style("H2", "heading 2", "Normal", '<w:numPr><w:ilvl w:val="1"/><w:numId w:val="1"/></w:numPr><w:outlineLvl w:val="1"/>')
    + style("Own", "Kapitel", "H2")
    + style("Plain", "Ohne Zahl", "H1", '<w:numPr><w:numId w:val="0"/></w:numPr>')
    + style("Toc", "TOC Heading", "H1", '<w:numPr><w:numId w:val="0"/></w:numPr><w:outlineLvl w:val="9"/>')
    + style("berschrift3", "heading 3")
    + style("T", "Title")
    + style("Sub", "Subtitle", "T")
    + style("Ring", based_on="Gnir") + style("Gnir", based_on="Ring")
)  # fmt: skip
HEADING_NUMBERS = numbering({0: level(0, "%1", more='<w:pStyle w:val="H1"/>') + level(1, "%1.%2", more='<w:pStyle w:val="H2"/>')}, {1: "0"})
HEADED = {"styles": HEADINGS, "numbering": HEADING_NUMBERS}


def test_numbers_by_style() -> None:
    body = (
        styled("H1", "Dues") + styled("H2", "Rates") + styled("Own", "More") + styled("Plain", "Interlude") + paragraph("Text.")
        + styled("H1", "Next") + item("Off", 0, None, '<w:pStyle w:val="H1"/>') + item("Down", None, 1, '<w:pStyle w:val="H1"/>')
    )  # fmt: skip
    assert lines_of(body, styles=HEADINGS, numbering=HEADING_NUMBERS) == [
        "1 Dues", "1.1 Rates", "1.2 More", "Interlude", "Text.", "2 Next", "Off", "2.1 Down",
    ]  # fmt: skip


def test_a_list_that_only_names_its_style() -> None:
    lists = numbering({0: '<w:numStyleLink w:val="Outline"/>', 1: '<w:styleLink w:val="Outline"/>' + THREE}, {1: "0", 2: "1"})
    outline = style("Outline", properties='<w:numPr><w:numId w:val="2"/></w:numPr>', kind="numbering")
    assert lines_of(item("x", 1, 0) + item("y", 1, 1), numbering=lists, styles=outline) == ["1. x", "1.1 y"]
    ring = numbering({0: '<w:numStyleLink w:val="Outline"/>'}, {1: "0", 2: "0"})
    assert lines_of(item("x", 1, 0), numbering=ring, styles=outline) == ["x"]


def test_what_is_counted_and_what_is_not() -> None:
    """An empty item counts, as on Word's page; a deleted one does not. A cell may hold nothing but its number."""
    body = item("a", 1, 0) + item("", 1, 0) + item("c", 1, 0) + item(deleted("d"), 1, 0, "<w:rPr><w:del/></w:rPr>") + item("e", 1, 0)
    lists = numbering({0: THREE}, {1: "0"})
    assert lines_of(body, numbering=lists) == ["1. a", "3. c", "4. e"]
    assert lines_of(table(row(item("", 1, 0), "x"), row(item("", 1, 0), "y")), numbering=lists) == ["1. | x\n2. | y"]


def test_each_story_counts_for_itself() -> None:
    feet = notes("footnote", {1: item("note", 1, 0)})
    body = item("a", 1, 0) + paragraph(reference("footnote", 1) + shape(item("box", 1, 0))) + item("b", 1, 0)
    assert lines_of(body, numbering=numbering({0: THREE}, {1: "0"}), footnotes=feet) == ["1. a", "1. box", "1. note", "2. b"]


@pytest.mark.parametrize(
    ("name", "numbers", "shown"),
    [
        ("decimal", (0, 7), "0 7"),
        ("decimalZero", (7, 12), "07 12"),
        ("upperRoman", (4, 1994), "IV MCMXCIV"),
        ("lowerRoman", (9, 14), "ix xiv"),
        ("upperLetter", (1, 26, 27, 53), "A Z AA AAA"),
        ("lowerLetter", (2, 28), "b bb"),
        ("ordinal", (1, 2, 3, 4, 11, 12, 21, 112), "1st 2nd 3rd 4th 11th 12th 21st 112th"),
        ("cardinalText", (3, 21, 116, 1205), "Three Twenty-one One hundred sixteen One thousand two hundred five"),
        ("ordinalText", (1, 12, 20, 33), "First Twelfth Twentieth Thirty-third"),
        ("hex", (10, 255), "A FF"),
        ("chicago", (1, 2, 3, 4, 5), "* † ‡ § **"),
        ("russianLower", (1, 7, 29), "а ж я"),
        ("hebrew1", (1, 15, 27, 116), "א טו כז קטז"),
        ("arabicAbjad", (1, 2, 3), "أ ب ج"),
        ("hindiNumbers", (10, 27), "१० २७"),
        ("thaiNumbers", (3, 10), "๓ ๑๐"),
        ("decimalEnclosedCircle", (1, 20, 21), "① ⑳ 21"),
        ("decimalFullWidth", (12,), "１２"),
        ("chineseCounting", (3, 10, 11, 27, 116), "三 十 十一 二十七 一百一十六"),
        ("chineseLegalSimplified", (11,), "壹拾壹"),
        ("japaneseCounting", (116, 1205), "百十六 千二百五"),
        ("koreanCounting", (27, 116), "이십칠 백십육"),
        ("koreanLegal", (3, 54), "셋 쉰넷"),
        ("ganada", (1, 14), "가 하"),
        ("iroha", (1, 2, 3), "イ ロ ハ"),
        ("ideographTraditional", (1, 10), "甲 癸"),
        ("numberInDash", (3,), "- 3 -"),
        ("none", (3,), ""),
        ("somethingNew", (3,), "3"),
    ],
)
def test_formats_of_numbers(name: str, numbers: tuple[int, ...], shown: str) -> None:
    assert " ".join(format_number(number, name) for number in numbers) == shown


def test_numbers_too_large_for_a_format_are_decimal() -> None:
    for name in ("lowerLetter", "upperRoman", "chineseCounting", "hebrew1", "cardinalText", "koreanLegal", "decimalEnclosedCircle"):
        assert format_number(2**31 - 1, name) == str(2**31 - 1)
        assert format_number(-5, name) == "-5"


def test_symbol_fonts() -> None:
    assert [symbol_character("Symbol", code) for code in (0x61, 0xF057, 0xB7, 0xF0AE, 0xF1)] == ["α", "Ω", "•", "→", "⟩"]
    assert [symbol_character("Wingdings", code) for code in (0xF0FE, 0xA8, 0x6C)] == ["☑", "◻", "●"]
    assert [symbol_character("Arial", code) for code in (0x41, 0xE000, 0xD800, 0x110000, -1)] == ["A", "", "", "", ""]
    assert decode_symbols("\uf0b7 a", "Wingdings 2") == " a"


# Headings and titles


def test_headings_by_outline_level_and_by_name() -> None:
    body = (
        styled("T", "The Harbour Book") + styled("Sub", "for 1974") + styled("H1", "Dues") + paragraph("Text.")
        + styled("Own", "Rates\tand more") + styled("berschrift3", "Boats") + paragraph("By hand.", '<w:outlineLvl w:val="3"/>')
        + styled("Toc", "Contents")
        + paragraph("Body.", '<w:pStyle w:val="H1"/><w:outlineLvl w:val="9"/><w:numPr><w:numId w:val="0"/></w:numPr>')
        + table(row(styled("H1", "In a cell"), "b")) + paragraph(shape(styled("H1", "In a box")))
        + styled("Ring", "No heading") + styled("None", "Nor this")
    )  # fmt: skip
    found = read_docx(word_file(body, HEADED))
    assert [(heading.level, heading.text) for heading in found.headings] == [
        (1, "The Harbour Book"), (1, "1 Dues"), (2, "1.1 Rates and more"), (3, "Boats"), (4, "By hand."),
    ]  # fmt: skip
    assert [found.text[heading.start : heading.end] for heading in found.headings] == [
        "The Harbour Book", "1 Dues", "1.1 Rates\tand more", "Boats", "By hand.",
    ]  # fmt: skip
    assert found.title == "The Harbour Book"


def test_a_heading_that_runs_into_its_paragraph() -> None:
    body = paragraph("Dues.", f'<w:pStyle w:val="H1"/>{HIDDEN_MARK}') + paragraph(" Set by the board.")
    found = read_docx(word_file(body, HEADED))
    assert found.text == "1 Dues. Set by the board."
    (heading,) = found.headings
    assert (found.text[heading.start : heading.end], heading.level, heading.text) == ("1 Dues.", 1, "1 Dues.")


def test_heads_shift_the_places_of_headings() -> None:
    found = read_docx(
        word_file(paragraph("Text.") + styled("H1", "Dues"), {"styles": HEADINGS}, margins={"header": paragraph("File 4711")})
    )
    (heading,) = found.headings
    assert found.text[heading.start : heading.end] == "Dues" and found.text.startswith("File 4711\n\nText.")


def test_the_title_is_that_of_the_properties() -> None:
    body = styled("H1", "Dues")
    assert read_docx(word_file(body, {"styles": HEADINGS}, title="The Book")).title == "The Book"
    assert read_docx(word_file(body, {"styles": HEADINGS}, title="Microsoft Word - a.docx")).title == "Dues"


# Tables


@pytest.mark.parametrize(
    ("xml", "text"),
    [
        (table(row("a", "b"), row("c", "d")), "a | b\nc | d"),
        (table(row(cell("wide", '<w:gridSpan w:val="2"/>'), "c")), "wide | c"),
        (
            table(row(cell("tall", '<w:vMerge w:val="restart"/>'), "b"), row(cell("stale", "<w:vMerge/>"), "d")),
            "tall | b\n | d",
        ),
        (table(row(cell("a", "<w:vMerge/>"), "b")), "a | b"),  # nothing above it to belong to
        (table(row(paragraph("One.") + paragraph("Two"), paragraph("<w:r><w:t>x</w:t><w:br/><w:t>y</w:t></w:r>"))), "One. Two | x y"),
        (table(row("", ""), row("a", "")), "a |"),
        (table(row(paragraph("out") + table(row("in", "ner")), "b"), row("c", "d")), "out | b\nin | ner\nc | d"),
        (f"<w:tbl><w:sdt><w:sdtContent>{row('a')}</w:sdtContent></w:sdt><w:customXml>{row('b')}</w:customXml></w:tbl>", "a\nb"),
        (f"<w:tbl><w:tr><w:sdt><w:sdtContent>{cell('a')}</w:sdtContent></w:sdt>{cell('b')}</w:tr></w:tbl>", "a | b"),
        (table(row(paragraph("One.") + paragraph("Two."))), "One.\n\nTwo."),  # a single cell is a frame
    ],
)  # fmt: skip
def test_tables(xml: str, text: str) -> None:
    assert text_of(xml).rstrip() == text


def test_a_frame_of_one_cell_has_headings() -> None:
    found = read_docx(word_file(table(row(styled("H1", "Dues") + paragraph("Text."))), {"styles": HEADINGS}))
    assert [heading.text for heading in found.headings] == ["Dues"] and found.text == "Dues\n\nText."


# The archive


@pytest.mark.parametrize(
    "options",
    [
        {"is_strict": True},
        {"main_type": "application/vnd.ms-word.document.macroEnabled.main+xml"},
        {"main_type": "application/vnd.openxmlformats-officedocument.wordprocessingml.template.main+xml"},
        {"main": "word/document2.xml"},
        {"main": "word/document2.xml", "files": {"_rels/.rels": None}},  # found by its type
        {"files": {"_rels/.rels": b"<broken"}},
        {"files": {"[Content_Types].xml": None}},
        {"files": {"word/_rels/document.xml.rels": None}},  # parts are found by their usual names
    ],
)
def test_files_of_all_makers_are_read(options: dict[str, object]) -> None:
    body = styled("H1", "Dues") + item("one", 1, 0) + paragraph(run("Text.") + reference("footnote", 1) + f"<m:oMath>{mr('x')}</m:oMath>")
    parts = HEADED | {"footnotes": notes("footnote", {1: "Note."})}
    data = word_file(body, parts, **options)  # type: ignore[arg-type]
    found = read_docx(data)
    assert found.text.split("\n\n") == ["1 Dues", "2 one", "Text.x", "Note."]
    assert [heading.text for heading in found.headings] == ["1 Dues"]


def test_suffixes_of_word_files() -> None:
    """A walk finds documents; a template is read if it is named."""
    data = word_file(paragraph("Text."))
    assert [parse_bytes(data, suffix).text for suffix in (".docx", ".docm", ".dotx", ".dotm")] == ["Text."] * 4
    assert {".docx", ".docm"} <= DOCUMENT_SUFFIXES and not {".dotx", ".dotm", ".doc"} & DOCUMENT_SUFFIXES


def test_names_of_parts_with_backslashes_and_in_capitals() -> None:
    data = word_file(
        paragraph("Text."),
        files={"word/document.xml": None, "Word\\Document.xml": wf.part("w:document", f"<w:body>{paragraph('There.')}</w:body>")},
    )
    assert read_docx(data).text == "There."


NOTED = paragraph(run("Text.") + reference("footnote", 1))


@pytest.mark.parametrize(
    ("files", "note"),
    [
        ({"word/footnotes.xml": None}, "the part word/footnotes.xml is missing"),
        ({"word/footnotes.xml": b"<w:footnotes"}, "the part word/footnotes.xml is damaged"),
        ({"word/footnotes.xml": b""}, "the part word/footnotes.xml is damaged"),
        ({"word/footnotes.xml": wf.part("w:document", NOTED)}, "the part word/footnotes.xml is damaged"),  # another part in its place
        ({"word/header0.xml": None}, "the part word/header0.xml is missing"),
        ({"word/styles.xml": b"\xff\xfe"}, "the part word/styles.xml is damaged"),
        ({"word/numbering.xml": None}, "the part word/numbering.xml is missing"),
    ],
)
def test_a_lost_or_damaged_part_is_noted(files: dict[str, bytes | None], note: str) -> None:
    data = word_file(
        NOTED,
        {"styles": "", "numbering": "", "footnotes": notes("footnote", {1: "Note."})},
        margins={"header": paragraph("Head.")},
        files=files,
    )
    found = read_docx(data)
    assert found.notes == (note,)
    expected = {"Head.", "Text.", "Note."} - ({"Note."} if "footnotes" in note else set()) - ({"Head."} if "header" in note else set())
    assert set(found.text.split("\n\n")) == expected


def test_repeated_losses_are_counted() -> None:
    found = read_docx(word_file(NOTED + paragraph(reference("endnote", 7)), {"footnotes": notes("footnote", {5: "Other."})}))
    assert found.text == "Text." and found.notes == ("2 notes that the text refers to are missing",)
    margins = {f"header {number}": paragraph("x") for number in range(5)}
    found = read_docx(word_file(NOTED, margins=margins, files={f"word/header{number}.xml": None for number in range(5)}))
    assert found.notes[0] == "5 parts are missing: word/header0.xml, word/header1.xml, word/header2.xml, ..."


def test_a_file_inside_the_file_is_noted() -> None:
    body = paragraph("Text.") + '<w:altChunk r:id="x"/><w:subDoc r:id="gone"/>'
    found = read_docx(word_file(body, more_links={"x": ("aFChunk", "chunk.html")}, files={"word/chunk.html": b"<p>Lost"}))
    assert found.text == "Text."
    assert found.notes == (
        "the part word/chunk.html is not read (a file in another format)",
        "the part outside of the file is not read (another document)",
    )


def test_a_link_to_a_place_outside_is_no_part() -> None:
    links = wf.links({"h": ("header", "http://example.org/h.xml")}).replace(b'Target="http', b'TargetMode="External" Target="http')
    body = paragraph("Text.") + '<w:sectPr><w:headerReference r:id="h"/></w:sectPr>'
    found = read_docx(word_file(body, files={"word/_rels/document.xml.rels": links}))
    assert (found.text, found.notes) == ("Text.", ())


def test_what_is_no_word_document_says_so() -> None:
    with pytest.raises(ReadError, match="no Word document in it"):
        read_docx(word_file("", files={"word/document.xml": None}))
    with pytest.raises(ReadError, match="no Word document in it"):
        read_docx(word_file("", files={"word/document.xml": wf.part("y:workbook", "<y:c>7</y:c>")}))


# Plain paragraphs are read without a walk


def test_a_plain_paragraph_reads_as_it_would_in_a_walk(monkeypatch: pytest.MonkeyPatch) -> None:
    stops = '<w:tabs><w:tab w:val="left" w:pos="9"/></w:tabs>'
    body = "".join(
        [
            paragraph(
                "<w:r><w:t>a</w:t><w:tab/><w:t>b\u00adc\n</w:t><w:br/></w:r><w:hyperlink><w:r><w:t>d</w:t></w:r></w:hyperlink>", stops
            ),
            paragraph(f"<w:ins>{run('new', '<w:rFonts w:ascii=_Arial_/>'.replace('_', chr(34)))}</w:ins><w:bookmarkStart w:id='1'/>"),
            item("one", 1, 0),
            table(row("x", paragraph(run("y") + reference("footnote", 1)))),
            styled("H1", "Dues"),
            "<w:p/>",
            paragraph(run("plain") + "<w:p><w:r><w:t>nested</w:t></w:r></w:p>"),
        ]
    )
    data = word_file(body, HEADED | {"footnotes": notes("footnote", {1: "Note."})})
    found = read_docx(data)
    monkeypatch.setattr(TextReader, "is_plain", lambda self, paragraph: False)
    assert read_docx(data) == found and "a\tbc" in found.text


def test_whatever_is_acted_on_makes_a_paragraph_special() -> None:
    assert set(ACTIONS) <= {*SPECIAL, RUN, TEXT, TAB, BREAK, PARAGRAPH}
    assert set(SPECIAL) >= CHANGED_AWAY


# Hostile files


def test_deep_and_wide_files_take_linear_time() -> None:
    nested = "<w:p><w:r><w:t>x</w:t></w:r>" * 200 + "</w:p>" * 200
    deep_math = "<m:oMath>" + "<m:f><m:num>" * 100 + mr("x") + "</m:num></m:f>" * 100 + "</m:oMath>"
    chain = "".join(style(f"S{number}", based_on=f"S{number + 1}") for number in range(5000))
    started = time.process_time()
    assert len(lines_of(nested)) == 200
    assert "x" in text_of(paragraph(deep_math))
    assert text_of(styled("S0", "Text."), styles=chain) == "Text."
    assert text_of(paragraph("".join(mark("begin") for _ in range(20_000)) + run("Text."))) == "Text."
    ring = notes("footnote", {number: paragraph(run("n") + reference("footnote", number + 1)) for number in range(2000)})
    assert text_of(paragraph(run("Text.") + reference("footnote", 0)), footnotes=ring) == "Text.\n\nn"
    assert time.process_time() - started < 5


def test_what_is_said_again_and_again_is_short() -> None:
    """A label, an author, a chart or the name of a part must not multiply a small file."""
    long = "x" * 100_000
    lists = numbering({0: level(0, f"%1{long}")}, {1: "0"})
    remarks = notes("comment", {0: paragraph("a") * 500}).replace("Ann", long)
    chart = '<w:r><w:drawing><c:chart r:id="ch"/></w:drawing></w:r>'
    data = word_file(
        item("x", 1, 0) * 500 + COMMENTED + paragraph(chart) * 500 + f'<w:altChunk r:id="{long}"/>',
        {"numbering": lists, "comments": remarks},
        more_links={"ch": ("chart", "c.xml"), long: ("aFChunk", f"a&#10;{long}")},
        files={"word/c.xml": wf.part("c:chartSpace", f"<c:title><a:p><a:r><a:t>{long}</a:t></a:r></a:p></c:title>")},
    )
    found = read_docx(data, comments=True)
    assert len(found.text) < 500_000
    assert all(len(note) < 300 and "\n" not in note for note in found.notes)


def test_a_part_of_another_suffix_has_the_same_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    data = word_file(
        NOTED,
        more_links={"f": ("footnotes", "notes.bin")},
        files={"word/notes.bin": wf.part("w:footnotes", notes("footnote", {1: "x" * 100_000}))},
    )
    assert len(read_docx(data).text) > 100_000
    monkeypatch.setattr("lmkindex.read.docx.archive.MAX_XML_BYTES", 50_000)
    with pytest.raises(ReadError, match="too large as XML"):
        read_docx(data)


def test_what_python_docx_writes_is_read() -> None:
    """Documents of another maker, with its own template of styles and lists."""
    docx = pytest.importorskip("docx")
    import io

    document = docx.Document()
    document.add_heading("The Book", 0)
    document.add_heading("Dues", 1)
    document.add_paragraph("One.", style="List Number")
    document.add_paragraph("Two.", style="List Number")
    document.add_paragraph("Dot.", style="List Bullet 2")
    document.sections[0].header.paragraphs[0].text = "File 4711"
    document.sections[0].different_first_page_header_footer = True
    document.sections[0].first_page_footer.paragraphs[0].text = "First foot"
    target = io.BytesIO()
    document.save(target)
    found = read_docx(target.getvalue())
    assert found.text.split("\n\n") == ["File 4711", "The Book", "Dues", "1. One.", "2. Two.", "• Dot.", "First foot"]
    assert [(heading.level, heading.text) for heading in found.headings] == [(1, "The Book"), (1, "Dues")]
    assert not re.search(r"\n\n\n", found.text)
