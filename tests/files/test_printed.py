"""A printed name tells the documents of several roots apart, and means only one of them."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmkindex.files import PrintedNames
from lmkindex.records import FileFailure

ROOTS = ["/a/books", "/b/books", "/books", "/a", "/", "/x/a/books"]
PATHS = ["r.md", "books/r.md", "a/books/r.md", "a/r.md"]


def printed(*names: tuple[str, str]) -> list[str]:
    found = PrintedNames(names)
    return [found.of(name) for name in names]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ([("/x/north", "r.md")], ["r.md"]),
        ([("/x/north", "r.md"), ("/x/south", "r.md"), ("/x/south", "only.md")], ["north/r.md", "south/r.md", "only.md"]),
        ([("/a/books", "r.md"), ("/b/books", "r.md")], ["a/books/r.md", "b/books/r.md"]),
        ([("/books", "r.md"), ("/a/books", "r.md")], ["/books/r.md", "a/books/r.md"]),
        ([("/", "r.md"), ("/a", "r.md")], ["/r.md", "a/r.md"]),
        # of three roots, the label tells one from the others, also from those without this path
        ([("/a/books", "r.md"), ("/c/notes", "r.md"), ("/b/books", "s.md")], ["a/books/r.md", "notes/r.md", "s.md"]),
        # another root really has north/r.md
        ([("/x/north", "r.md"), ("/x/south", "r.md"), ("/y", "north/r.md")], ["x/north/r.md", "south/r.md", "north/r.md"]),
        ([("/x/caf\u00e9", "r.md"), ("/x/tea", "r.md")], ["caf\u00e9/r.md", "tea/r.md"]),
        ([("/x/cafe\u0301", "r.md"), ("/x/tea", "r.md")], ["caf\u00e9/r.md", "tea/r.md"]),
    ],
)
def test_the_end_of_the_root_is_printed_where_it_is_needed(names: Sequence[tuple[str, str]], expected: Sequence[str]) -> None:
    assert printed(*names) == expected


@given(st.sets(st.tuples(st.sampled_from(ROOTS), st.sampled_from(PATHS)), min_size=1))
def test_what_is_printed_names_only_one_document(names: set[tuple[str, str]]) -> None:
    """Two documents can have the same absolute path only if two roots hold one file, which a walk never gives."""
    if len({f"{root.rstrip('/')}/{path}" for root, path in names}) < len(names):
        return
    found = PrintedNames(names)
    printed_names = {found.of(name): name for name in names}
    assert len(printed_names) == len(names)
    for text, name in printed_names.items():
        assert found.documents_at(text)[0] == name
        if text != name[1]:
            assert found.documents_at(text) == [name]


def test_a_name_is_read_behind_any_part_of_its_root() -> None:
    found = PrintedNames([("/x/books", "sub/r.md"), ("/y/books", "sub/r.md")])
    for text in ("books/sub/r.md", "sub/r.md"):
        assert len(found.documents_at(text)) == 2
    for text in ("x/books/sub/r.md", "/x/books/sub/r.md"):
        assert found.documents_at(text) == [("/x/books", "sub/r.md")]
    for text in ("ocs/sub/r.md", "r.md", "/books/sub/r.md", "/sub/r.md"):
        assert found.documents_at(text) == []


def test_a_test_of_paths_is_tried_behind_the_label_of_each_root() -> None:
    names = [("/x/north", "r.md"), ("/x/south", "r.md"), ("/x/south", "only.md")]
    assert PrintedNames(names).matching(lambda path: path.startswith("south/")) == set(names[1:])
    assert PrintedNames(names).matching(lambda path: path == "r.md") == set(names[:2])
    assert PrintedNames(names[1:]).matching(lambda path: path.startswith("south/")) == set()  # one root has no label


def test_a_failure_says_how_its_file_is_printed() -> None:
    found = PrintedNames([("/x/north", "r.md"), ("/x/south", "r.md"), ("/x/south", "only.md")])
    assert found.on_failure(FileFailure(root="/x/north", path="r.md", reason="")).printed_path == "north/r.md"
    assert found.on_failure(FileFailure(root="/x/south", path="only.md", reason="")).printed_path == ""


def test_many_roots_are_quick() -> None:
    names = [(f"/corpora/{number}/books", "r.md") for number in range(2_000)]
    found = PrintedNames(names)
    assert [found.of(name) for name in names[:3]] == ["0/books/r.md", "1/books/r.md", "2/books/r.md"]
