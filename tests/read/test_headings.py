"""Headings of plain text: their words, their levels and their own characters in the text, and nothing that only looks
like one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmkindex.config import FileOptions
from lmkindex.files import walk_files
from lmkindex.read import headings
from lmkindex.read.headings import (
    inline_words,
    markdown_headings,
    parsed_headings,
    parts_to_parse,
    plain_headings,
    with_ends_of_quotations,
)  # fmt: skip
from lmkindex.read.read import read_file
from lmkindex.read.rst_titles import rst_headings
from lmkindex.sections import heading_paths
from lmkindex.sentences import split_sentences

MARKDOWN = """---
title: From the front
# not a heading
---
# The *north* [valve](x.md) `gate` \\# 1 ##

text
## Sub ##
```sh
# not in a block of code
```

    # not in indented code

<!--
# not in a comment
-->
Set *ext* in
two lines
---
#NoBlank
####### seven marks
- # In an item
> ### Quoted
[ref]: x.md

An ![picture](x.png) and a [link][ref] &amp; {#name}
====================

~~~
Not
===
~~~
#### \tLast
"""
MARKDOWN_HEADINGS = [
    (1, "The north valve gate # 1", "# The *north* [valve](x.md) `gate` \\# 1 ##"),
    (2, "Sub", "## Sub ##"),
    (2, "Set ext in two lines", "Set *ext* in\ntwo lines\n---"),
    (1, "In an item", "- # In an item"),
    (3, "Quoted", "> ### Quoted"),
    (1, "", ""),  # the quotation ends
    (1, "In an item", ""),
    (1, "An picture and a link &", "An ![picture](x.png) and a [link][ref] &amp; {#name}\n===================="),
    (4, "Last", "#### \tLast"),
]
RST = """=====
Title
=====

Intro
=====

Sub ``code`` *em* :ref:`shown <target>` `site <http://x>`_ ref_ \\*
------------------------------------------------------------------

A paragraph of two lines
that ends here
--------------

::

    Literal
    =======

- item
------

.. note::
   Inside
   ======

Next
====
中文标题
--------

====  ====
a     b
====  ====

ab
==

----

Last of all
~~~~~~~~~~~
"""
RST_HEADINGS = [
    (1, "Title", "=====\nTitle\n====="),
    (2, "Intro", "Intro\n====="),
    (3, "Sub code em shown site ref *", None),
    (2, "Next", "Next\n===="),
    (3, "中文标题", "中文标题\n--------"),
    (2, "ab", "ab\n=="),
    (4, "Last of all", "Last of all\n~~~~~~~~~~~"),
]


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(("suffix", "text", "expected"), [(".md", MARKDOWN, MARKDOWN_HEADINGS), (".rst", RST, RST_HEADINGS)])
def test_headings_of_a_file(suffix: str, text: str, expected: list[tuple[int, str, str | None]], line_end: str) -> None:
    text = text.replace("\n", line_end)
    found = plain_headings(text, suffix)
    assert [(heading.level, heading.text) for heading in found] == [(level, words) for level, words, _ in expected]
    for heading, (_, _, own) in zip(found, expected, strict=True):
        assert own is None or text[heading.start : heading.end] == own.replace("\n", line_end)


def test_other_kinds_of_files_have_none() -> None:
    assert plain_headings("# Title\n", ".txt") == plain_headings("", ".md") == plain_headings("", ".rst") == ()


@pytest.mark.parametrize(
    "text",
    [
        "---\n# A rule of dashes is no front matter\n---\n",
        "---\n\nno setting\n\n---\n\n# One\n",
        "+++\ntitle = 'x'\n+++\n# One\n",
        "# One {.class}\n",
        "#\n# One\n",  # a heading without words is none
        "One\n=\n",
    ],
)
def test_front_matter_and_small_forms(text: str) -> None:
    assert len(markdown_headings(text)) == 1


def test_headings_in_blocks_of_html() -> None:
    text = (
        '<h1 align="center">\n  <img src="x.png">\n  The <b>light</b> &amp; gate\n</h1>\n\ntext <h2>not a block</h2>\n\n'
        "<!-- <h2>no</h2> -->\n\n```html\n<h2>code</h2>\n```\n\n<div>\n<H2>Sub</H2>\n<h3></h3>\n</div>"
    )
    found = markdown_headings(text)
    assert [(heading.level, heading.text) for heading in found] == [(1, "The light & gate"), (2, "Sub")]
    assert text[found[1].start : found[1].end] == "<H2>Sub</H2>"


@pytest.mark.parametrize("end", ["", "\n\nafter", "\n\n> # B\n> b\n\nafter", "\n\n## C\n\nafter"])
def test_headings_of_a_quotation_head_nothing_behind_it(end: str) -> None:
    text = "# One\n\n## Two\n\n> # A\n> a\n>\n> > ## Deep\n> > deep\n>\n> last" + end
    found = markdown_headings(text)
    paths = heading_paths(found, [text.index(word) for word in ("# A", "deep", "last")])
    assert paths == ["A", "A\nDeep", "A\nDeep"]
    if end:
        assert heading_paths(found, [text.index("after")]) == ["One\nC" if "C" in end else "One\nTwo"]


def test_a_long_file_is_parsed_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "".join(f"\n\n# Part {number}\n\nText.\n\n```\n\n# no heading\n\n```\n\nUnder\n-----\n" for number in range(50))
    whole = markdown_headings(text)
    assert len(whole) == 100
    monkeypatch.setattr(headings, "PART_CHARS", 100)
    assert markdown_headings(text) == whole


FRAGMENTS = st.sampled_from(
    ["\n", "\r\n", "\n\n", "#", "# ", "## a", "===", "---", "```", "<!--", "-->", "a", "`b`", "> ", "- ", "  ", "::", ":", "\t", "***", "[",
     "](", "\x00", "é", "中"]
)  # fmt: skip


@given(st.lists(FRAGMENTS, max_size=40).map("".join), st.sampled_from([".md", ".rst"]))
def test_headings_lie_in_the_text_in_order(text: str, suffix: str) -> None:
    found = plain_headings(text, suffix)
    previous_end = 0
    for heading in found:
        assert previous_end <= heading.start <= heading.end <= len(text)
        assert heading.text == " ".join(heading.text.split())
        assert (heading.start < heading.end and heading.text) or suffix == ".md"  # after a quotation
        assert heading.level >= 1
        previous_end = heading.end
    split_sentences(text, headings=found)


def test_work_grows_with_the_length() -> None:
    """Not timed: work that grows with the square of the text would not return."""
    for piece in (
        "> ",
        "[",
        "<!--\n",
        "#",
        "# a [b](",
        "===\n",
        "a\n",
        "\n\n#",
        "```\n\n#",
        ":",
        "`",
        "<h1>",
        "<h1 ",
        "<h1>a</h1>\n",
        "<div>\n<!-- <h1>\n",
    ):
        text = piece * (50_000 // len(piece))
        markdown_headings(text)
        rst_headings(text)


def test_a_document_has_the_headings_of_its_file(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("Intro\n\n# The *Valves*. All of Them\nThey close. They open.\n", "utf-8")
    options = FileOptions()
    document = read_file(walk_files([tmp_path], options).entries[0], options)
    assert [(heading.level, heading.text) for heading in document.headings] == [(1, "The Valves. All of Them")]
    found = split_sentences(document.text, headings=document.headings)
    sentences = [document.text[start:end] for start, end in zip(found.starts_S, found.ends_S, strict=True)]
    assert sentences == ["Intro", "# The *Valves*. All of Them", "They close.", "They open."]
    assert document.title == "The Valves. All of Them"


LINES = st.sampled_from((
    "", "", "", "text", "Title ", "- item", "1. item", "    # code", "# One", "## [a] ##", "#", "```", "~~~", "```py", "  ```", "    ```",
    "- ```", "> ```", "> quote", "> # q", "- # x", "   # three", "===", "---", "<div>", "<!-- c", "-->", "<pre>", "</pre>", "<b>x</b>",
    "[a]: http://x", "```\n# x\n```", "  ```\n  # x\n  ```", "<script>\n# x\n\n# y\n</script>", "<h1>One</h1>",
    "<p>\n<h2 align=center>X</h2>", "> <h1>Q</h1>", "``` `x`", "    ---", "a | b\n--- | ---",
))  # fmt: skip


@given(st.lists(LINES, max_size=14))
def test_only_what_needs_it_is_parsed_and_nothing_is_missed(lines: list[str]) -> None:
    text = "\n".join(["", *lines])  # a blank line first: "---" begins no front matter
    env: dict[str, Any] = {}
    whole = [  # by markdown-it, which sees all of it
        (replace(heading, text=inline_words(heading.text, env)) if is_markup else heading, quote_end)
        for heading, quote_end, is_markup in list(parsed_headings(text, 0, len(text), env))
    ]
    expected = with_ends_of_quotations([found for found in whole if found[0].text], len(text))
    assert markdown_headings(text) == tuple(expected)


def test_most_of_a_markdown_text_is_not_parsed() -> None:
    text = "# One\n\ntext\n\n- item\n\n```sh\n# no\n```\n\n## Two\n\n<p>\nC# code\n</p>\n\nSet\n---\n\n## Three\n\ntext"
    assert [text[start:end] for start, end in parts_to_parse(text, 0, len(text))] == [
        "# One",
        "## Two\n\n<p>\nC# code\n</p>\n\nSet\n---\n\n",
        "## Three",
    ]
