"""The kinds of documents: one sheet for each, built from marked texts and from prose of a seed.

Knows no producer. `sheet_of(kind)` gives the same sheet at every call.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from .marked import read_marked
from .prose import Prose, sections, titled
from .sheets import Block, Sheet
from .written_kinds import article_sheet, boxes_sheet, revisions_sheet, short_sheet

EQUATIONS = ("E = mc^2", "a^2 + b^2 = c^2", "x_{1} = y_{2} + z^3", "V = 4πr^3", "p + q = 1", "F = ma")
HEBREW = (
    "הנמל נסגר בשבוע החמישי של החורף.", "המפקח רשם את גובה המים בכל בוקר.", "הסירה הישנה עגנה ליד המגדלור.",
    "הועדה קיבלה את הדוח בלי שינויים.", "הגשר נפתח שוב לאחר התיקון.", "איש לא ביקש את המפתח.",
)  # fmt: skip


def plain_sheet() -> Sheet:
    return Sheet(kind="plain", blocks=read_marked("incident-review"))


def columns_sheet() -> Sheet:
    return Sheet(kind="columns", blocks=read_marked("annual-report"), columns=2, hyphenate=True)


def footnotes_sheet() -> Sheet:
    prose = Prose("footnotes")
    return with_notes(prose, Sheet(kind="footnotes", blocks=titled(prose, sections(prose, 8)), page_label="number"))


def paper_sheet() -> Sheet:
    """A paper: title and abstract over both columns, footnotes in the columns."""
    prose = Prose("paper")
    title, *body = titled(prose, sections(prose, 9))
    blocks = (title, Block(kind="paragraph", sentences=prose.sentences(6, 6)), *body)
    settings = Sheet(kind="paper", columns=2, wide=2, head="Proceedings of the Tidal Society", page_label="number", hyphenate=True)
    return with_notes(prose, replace(settings, blocks=blocks))


def with_notes(prose: Prose, sheet: Sheet) -> Sheet:
    """The sheet with footnotes at some of its sentences, some of them inside the sentence."""
    notes: dict[int, tuple[str, ...]] = {}
    blocks = []
    for number, block in enumerate(sheet.blocks):
        sentences = list(block.sentences)
        for position, sentence in enumerate(sentences):
            if block.kind == "paragraph" and number >= sheet.wide and prose.random.random() < 0.12:
                notes[len(notes) + 1] = prose.sentences(1, 2)
                cut = sentence.rfind(",") if prose.random.random() < 0.3 else len(sentence)
                cut = len(sentence) if cut < 0 else cut
                sentences[position] = f"{sentence[:cut]}⟦{len(notes)}⟧{sentence[cut:]}"
        blocks.append(replace(block, sentences=tuple(sentences)))
    return replace(sheet, blocks=tuple(blocks), notes=notes)


def tables_sheet() -> Sheet:
    prose = Prose("tables")

    def with_tables() -> Iterator[Block]:
        for number, block in enumerate(sections(prose, 8, fewest=2, most=4)):
            yield block
            if block.kind == "heading" and number:
                yield Block(kind="paragraph", sentences=prose.sentences(3, 5))
                yield Block(kind="caption", sentences=(f"Table {number}: {prose.phrase()}",))
                yield Block(kind="row", cells=("Item", "Place", "Sum", "Year"))
                for _ in range(prose.random.randint(3, 6)):
                    place = prose.random.choice(("Saltmere", "Orlen", "Brannick Mill", "Kestrel Ridge", "Saint-Aubin"))
                    thing = prose.random.choice(("Tide gauge", "Ferry landing", "Floodgate", "Staff office", "Shelf of maps", "Rope-walk"))
                    yield Block(kind="row", cells=(thing, place, prose.amount(), str(prose.random.randint(1890, 2020))))

    return Sheet(kind="tables", blocks=titled(prose, with_tables()))


def lists_sheet() -> Sheet:
    prose = Prose("lists")

    def with_lists() -> Iterator[Block]:
        for number, block in enumerate(sections(prose, 8, fewest=2, most=4)):
            yield block
            if block.kind != "heading":
                continue
            yield Block(
                kind="paragraph", sentences=(*prose.sentences(2, 3), f"The {prose.random.choice(('list', 'survey'))} names these points:")
            )
            for position in range(prose.random.randint(3, 6)):
                marker = f"{position + 1}." if number % 2 else "•"
                sentences = prose.sentences(1, 2) if position % 2 else (prose.phrase(),)
                yield Block(kind="item", marker=marker, sentences=sentences)

    return Sheet(kind="lists", blocks=titled(prose, with_lists()))


def forms_sheet() -> Sheet:
    prose = Prose("forms")

    def with_fields() -> Iterator[Block]:
        for block in sections(prose, 5, fewest=2, most=3):
            yield block
            if block.kind == "heading":
                for label in ("Name of the keeper:", "Port of call:", "Sum paid:", "Sound hull:"):
                    value = {"Sum paid:": prose.amount(), "Sound hull:": "Yes"}.get(label) or prose.short_phrase()
                    yield Block(kind="field", cells=(label, value))

    return Sheet(kind="forms", blocks=titled(prose, with_fields()))


def annotations_sheet() -> Sheet:
    prose = Prose("annotations")

    def with_notes() -> Iterator[Block]:
        for number, block in enumerate(sections(prose, 8)):
            yield block
            if block.kind == "paragraph" and number % 4 == 1:
                yield Block(kind="comment" if number % 8 == 1 else "freetext", sentences=(f"Checked: {prose.phrase().lower()}.",))

    return Sheet(kind="annotations", blocks=titled(prose, with_notes()))


def long_sheet() -> Sheet:
    prose = Prose("long")
    blocks = titled(prose, sections(prose, 110, fewest=5, most=8))
    return Sheet(kind="long", blocks=blocks, head="The Works of the Harbour", page_label="number", hyphenate=True, page="a6")


def equations_sheet() -> Sheet:
    prose = Prose("equations")

    def with_equations() -> Iterator[Block]:
        for block in sections(prose, 6):
            yield block
            if block.kind == "heading":
                yield Block(kind="paragraph", sentences=prose.sentences(2, 3))
                yield Block(kind="equation", sentences=(prose.random.choice(EQUATIONS),))

    return Sheet(kind="equations", blocks=titled(prose, with_equations()), has_goal=False)


def rtl_sheet() -> Sheet:
    prose = Prose("rtl")

    def with_hebrew() -> Iterator[Block]:
        waiting = list(HEBREW)
        for block in sections(prose, 6):
            yield block
            if block.kind == "heading":
                yield Block(kind="rtl", sentences=(waiting.pop(0),))

    return Sheet(kind="rtl", blocks=titled(prose, with_hebrew()), has_goal=False)


def bills_sheet() -> Sheet:
    """A bill a page, without page numbers: what is alike on all pages, and the sum at the foot, is no furniture."""
    prose = Prose("bills")

    def bills() -> Iterator[Block]:
        for number in range(14):
            if number:
                yield Block(kind="page")
            yield Block(kind="heading", level=1, sentences=(f"Bill for {prose.random.choice(('Vane', 'Holt', 'Marsh', 'Reed'))}",))
            yield Block(kind="paragraph", sentences=("Payable within thirty days at the harbour office.",))
            sums = [prose.random.randint(20, 490) for _ in range(2)]
            rows = (
                ("Item", "Sum"),
                ("Berth hire for the winter", str(sums[0])),
                ("Water and power", str(sums[1])),
                ("Amount due", str(sum(sums))),
            )
            yield from (Block(kind="row", cells=cells) for cells in rows)

    return Sheet(kind="bills", blocks=tuple(bills()))


def catalogue_sheet() -> Sheet:
    return Sheet(kind="catalogue", blocks=read_marked("instrument-catalogue"), page_label="number")


# Reports of so many sections, which differ only in how they are set.
SIMPLE = {
    "furniture": (9, Sheet(kind="furniture", head="Saltmere Harbour Office · Yearly Report", page_label="of")),
    "columns-furniture": (
        9,
        Sheet(kind="columns-furniture", columns=2, head="Journal of Tidal Works, vol. 12", page_label="number", hyphenate=True),
    ),
    "hyphenation": (9, Sheet(kind="hyphenation", hyphenate=True, page="a5")),
    "ligatures": (8, Sheet(kind="ligatures", hyphenate=True)),
    "dropcaps": (9, Sheet(kind="dropcaps", drop_caps=True)),
    "rotated": (8, Sheet(kind="rotated", rotation=90, page_label="number")),
}
SHEETS: dict[str, Callable[[], Sheet]] = {
    "plain": plain_sheet,
    "columns": columns_sheet,
    "footnotes": footnotes_sheet,
    "paper": paper_sheet,
    "tables": tables_sheet,
    "lists": lists_sheet,
    "forms": forms_sheet,
    "annotations": annotations_sheet,
    "catalogue": catalogue_sheet,
    "bills": bills_sheet,
    "long": long_sheet,
    "equations": equations_sheet,
    "rtl": rtl_sheet,
    "revisions": revisions_sheet,
    "boxes": boxes_sheet,
    "article": article_sheet,
    "short": short_sheet,
}
PRINTED_KINDS = [kind for kind in (*SIMPLE, *SHEETS) if kind not in {"article", "short", "revisions", "boxes"}]
WRITTEN_KINDS = ("plain", "catalogue", "furniture", "footnotes", "tables", "lists", "annotations", "revisions", "boxes", "equations", "rtl")
WEB_KINDS = ("plain", "catalogue", "footnotes", "tables", "lists", "article", "short", "rtl")


def sheet_of(kind: str) -> Sheet:
    """The sheet of a kind."""
    if kind in SHEETS:
        return SHEETS[kind]()
    number, settings = SIMPLE[kind]
    prose = Prose(kind)
    return replace(settings, blocks=titled(prose, sections(prose, number)))
