"""The sheets of the held-out corpus: texts of its own grammar, and a report by people. Knows no producer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ..sheets import Block, Sheet
from .held_layouts import LAYOUTS
from .held_prose import HeldProse, held_sections, tide_mill


def novel_blocks(prose: HeldProse) -> Iterator[Block]:
    for number in range(7):
        yield Block(kind="heading", level=1, sentences=(prose.heading(),))
        yield Block(kind="quote", sentences=prose.sentences(1, 2))
        for _ in range(9):
            yield Block(kind="paragraph", sentences=prose.sentences(1, 6))
        if number == 3:
            yield Block(kind="paragraph", sentences=prose.sentences(24, 24))  # more than a page


def report_blocks(prose: HeldProse) -> Iterator[Block]:
    yield from tide_mill()


def newsletter_blocks(prose: HeldProse) -> Iterator[Block]:
    yield from held_sections(prose, 11)


def manuscript_blocks(prose: HeldProse) -> Iterator[Block]:
    yield from held_sections(prose, 9)


def symbols_blocks(prose: HeldProse) -> Iterator[Block]:
    yield from held_sections(prose, 7)


def journal_blocks(prose: HeldProse) -> Iterator[Block]:
    """Sections whose second paragraph has a heading of its own."""
    for number, block in enumerate(held_sections(prose, 9, numbered=True)):
        yield block
        if block.kind == "paragraph" and number % 3 == 1:
            yield Block(kind="heading", level=2, sentences=(prose.heading(),))
            yield Block(kind="paragraph", sentences=prose.sentences(2, 6))


def ledger_blocks(prose: HeldProse) -> Iterator[Block]:
    """Tables with long cells, an empty cell, a sum and a caption below."""
    for number, block in enumerate(held_sections(prose, 6, fewest=1, most=2), 1):
        yield block
        if block.kind != "heading":
            continue
        yield Block(kind="paragraph", sentences=prose.sentences(2, 3))
        yield Block(kind="row", cells=("No.", "Object", "Remarks", "Value (€)"))
        for position in range(prose.random.randint(4, 9)):
            remarks = prose.sentence() if position % 3 == 1 else prose.one_of("state")
            price = f"{prose.random.randint(1, 9999):,}.{prose.random.randint(0, 99):02}"
            yield Block(kind="row", cells=(f"{number}/{position + 1}", prose.cell(), remarks, "" if position == 2 else price))
        yield Block(kind="row", cells=("", "Sum", "", f"{prose.random.randint(9, 99)},{prose.random.randint(100, 999)}.00"))
        yield Block(kind="caption", sentences=(f"Tab. {number}: {prose.heading()}",))


def clauses_blocks(prose: HeldProse) -> Iterator[Block]:
    """A contract: clauses with numbers in their text, lists of letters."""
    for number in range(1, 8):
        yield Block(kind="heading", level=1, sentences=(f"§ {number} {prose.heading()}",))
        for clause in range(1, prose.random.randint(3, 5)):
            first, *others = prose.sentences(1, 4)
            yield Block(kind="paragraph", sentences=(f"{number}.{clause} {first}", *others))
        if number % 2:
            first, *others = prose.sentences(1, 2)
            yield Block(kind="paragraph", sentences=(f"{number}.9 {first}", *others, "The depositor shall, at its own cost:"))
            for letter in "abcd"[: prose.random.randint(2, 4)]:
                yield Block(kind="item", marker=f"({letter})", sentences=(f"keep {prose.one_of('film')} dry;",))


def outline_blocks(prose: HeldProse) -> Iterator[Block]:
    """Lists in lists, and lists of steps."""
    for number in range(8):
        yield Block(kind="heading", level=1, sentences=(prose.heading(),))
        yield Block(kind="paragraph", sentences=prose.sentences(1, 3))
        for position in range(prose.random.randint(3, 5)):
            sentences = prose.sentences(1, 3) if position % 2 else (prose.cell(),)
            yield Block(kind="item", marker=f"{position + 1}." if number % 2 else "•", sentences=sentences)
            if not number % 2 and position == 1:
                yield from (Block(kind="item", level=1, marker="–", sentences=(prose.cell(),)) for _ in range(3))
        yield Block(kind="paragraph", sentences=prose.sentences(1, 3))


def review_blocks(prose: HeldProse) -> Iterator[Block]:
    """Comments, and words and sentences that tracked changes deleted."""
    for number, block in enumerate(held_sections(prose, 8)):
        sentences = list(block.sentences)
        if block.kind == "paragraph":
            first, rest = sentences[0].split(" ", 1) if " " in sentences[0] else (sentences[0], "")
            sentences[0] = f"{first} ⌫{prose.one_of('adj')} ⌦{rest}" if rest else first
            sentences[-1] += f"⌫ {prose.sentence()}⌦" if number % 2 else ""
        if block.kind == "paragraph" and number % 4 == 2:
            yield Block(kind="comment", sentences=(f"Is this so: {prose.one_of('short')}?",))
        yield replace(block, sentences=tuple(sentences))


BLOCKS = {
    "novel": novel_blocks,
    "report": report_blocks,
    "newsletter": newsletter_blocks,
    "manuscript": manuscript_blocks,
    "symbols": symbols_blocks,
    "journal": journal_blocks,
    "ledger": ledger_blocks,
    "clauses": clauses_blocks,
    "outline": outline_blocks,
    "review": review_blocks,
}
TITLES = {"novel": "A Can of Nitrate", "clauses": "Deposit agreement", "journal": "On the Shrinkage of Safety Film"}


def held_sheet_of(kind: str) -> Sheet:
    """The sheet of a kind, with the furniture of its layout."""
    prose = HeldProse(kind)
    layout = LAYOUTS[kind]
    blocks = tuple(BLOCKS[kind](prose))
    if blocks[0].kind != "title":
        blocks = (Block(kind="title", sentences=(TITLES.get(kind) or prose.heading(),)), *blocks)
    headings = [block.sentences[0] for block in blocks if block.kind in {"heading", "title"}] if layout.left_head else []
    table_heads = {" ".join(block.cells) for block in blocks if block.kind == "row" and block.cells[0] == "No."}  # again on a new page
    sheet = Sheet(
        kind=kind,
        blocks=blocks,
        columns=layout.columns,
        head=layout.left_head,
        hyphenate=layout.is_hyphenated,
        furniture=(*headings, *table_heads),
        furniture_patterns=(*layout.label_patterns, r"Page(\d+)?(of(\d+)?)?"),
        has_symbols=kind == "symbols",
    )
    return with_six_notes(prose, sheet) if kind == "symbols" else sheet


def with_six_notes(prose: HeldProse, sheet: Sheet) -> Sheet:
    """The sheet with six footnotes, each of one to three sentences, in paragraphs far apart."""
    paragraphs = [index for index, block in enumerate(sheet.blocks) if block.kind == "paragraph"]
    blocks = list(sheet.blocks)
    notes = {}
    for number, index in enumerate(paragraphs[1 :: len(paragraphs) // 6][:6], 1):
        notes[number] = prose.sentences(1, 3)
        first, *others = blocks[index].sentences
        cut = first.rfind(", ") if number % 3 == 0 and ", " in first else len(first)
        blocks[index] = replace(blocks[index], sentences=(f"{first[:cut]}⟦{number}⟧{first[cut:]}", *others))
    return replace(sheet, blocks=tuple(blocks), notes=notes)
