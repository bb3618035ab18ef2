"""The sheets of kinds that only a DOCX or a web page has. Knows no producer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from .prose import Prose, sections, titled
from .sheets import Block, Sheet


def revisions_sheet() -> Sheet:
    """Words and sentences that tracked changes deleted: a reader of the final view does not see them."""
    prose = Prose("revisions")

    def with_deletions() -> Iterator[Block]:
        for block in sections(prose, 6):
            sentences = list(block.sentences)
            if block.kind == "paragraph":
                words = sentences[0].split(" ")
                place = prose.random.randint(1, len(words) - 1)
                sentences[0] = " ".join(
                    [*words[:place], f"⌫{prose.random.choice(('not', 'hardly', 'the late'))} ⌦{words[place]}", *words[place + 1 :]]
                )
                sentences[-1] += f"⌫ {prose.sentence()}⌦"
            yield replace(block, sentences=tuple(sentences))

    return Sheet(kind="revisions", blocks=titled(prose, with_deletions()))


def boxes_sheet() -> Sheet:
    """Text boxes anchored to paragraphs."""
    prose = Prose("boxes")

    def with_boxes() -> Iterator[Block]:
        for block in sections(prose, 6):
            yield block
            if block.kind == "heading":
                yield Block(kind="box", sentences=prose.sentences(1, 2))

    return Sheet(kind="boxes", blocks=titled(prose, with_boxes()))


def article_sheet() -> Sheet:
    """An article of a site: boxes, quotations, captions of pictures, code, a table and a list beside its paragraphs."""
    prose = Prose("article")

    def with_boxes() -> Iterator[Block]:
        for block in sections(prose, 6):
            yield block
            if block.kind != "heading":
                continue
            yield Block(kind="paragraph", sentences=prose.sentences(3, 5))
            yield Block(kind="aside", sentences=prose.sentences(1, 2))
            yield Block(kind="paragraph", sentences=prose.sentences(3, 5))
            yield Block(kind="quote", sentences=prose.sentences(1, 2))
            yield Block(kind="figcaption", sentences=(prose.phrase() + ".",))
            yield from (Block(kind="row", cells=(prose.short_phrase(), prose.amount(), str(1900 + year))) for year in range(3))
            yield from (Block(kind="item", marker="•", sentences=prose.sentences(1, 1)) for _ in range(3))
            lines = tuple(
                f"{prose.random.choice(('gauge', 'buoy', 'pump'))}.{prose.random.choice(('open', 'close'))}({n})" for n in range(3)
            )
            yield Block(kind="code", sentences=("\n".join(lines),))

    return Sheet(kind="article", blocks=titled(prose, with_boxes()))


def short_sheet() -> Sheet:
    """A short notice of a site: less text than stands around it."""
    prose = Prose("short")
    return Sheet(kind="short", blocks=titled(prose, iter([Block(kind="paragraph", sentences=prose.sentences(2, 2))])))
