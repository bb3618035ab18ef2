"""Byte for byte: the file, the stored text, every hit of a search, every citation and what `read` prints are the same
characters.

Everything runs as for a user: the real commands, a real index, a real (tiny) transformer; only the language model is a
fake.
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import lmkindex.generate
from lmkindex.generate import FakeGenerator
from lmkindex.index import IndexReader
from lmkindex_cli.main import main

LONE = "\ud83d"  # half a surrogate pair, as left by programs that cut texts by UTF-16 units
HARD = [
    "\0", "\r\n", "\r", "\n", "\n\n", "\t",
    "\f", "\v", "\x1b[31m", "\x08", "\x7f", "\x85", "\xa0", "\xad", "\u200b", "\u200d", "\u2060", "\ufeff",
    "\u202e", "\u2066", "\u2069", "\u200f", "\u2028", "\u2029", "\U0001f469\u200d\U0001f680", "\U000e0041", "\U0010fffd", "\U00020000",
    "e\u0301", "\u0e33", "\ufb01", "a\u0315\u0300", "\u1100\u1161", "İ", "ß", "\ufffd", LONE, "\udc00",
    "\\", '"', "[1]", "\x1c", "\u3000", "...",
]  # fmt: skip
PLAIN = ["The lamp burns oil. ", "Amdahl keeps the light. ", "Gulls nest in the tower! ", "Is it lit? ", "word ", "3. "]
TEXTS = st.lists(st.one_of(st.sampled_from(PLAIN), st.sampled_from(PLAIN), st.sampled_from(HARD)), min_size=1, max_size=30).map("".join)
ENCODED: dict[str, Callable[[str], bytes]] = {
    "marked.txt": lambda text: codecs.BOM_UTF8 + text.encode("utf-8", "surrogatepass"),
    "plain.md": lambda text: text.replace("\0", "").encode("utf-8", "surrogatepass"),
    # A NUL first would make this the mark of UTF-32: the standard has no way to tell such a text.
    "wide.txt": lambda text: codecs.BOM_UTF16_LE + text.lstrip("\0").encode("utf-16-le", "surrogatepass"),
}
# Long enough for control characters to be rare, as in real text; each word ends with something that could be cut,
# folded or swallowed.
EVERYTHING = "".join(f"The keeper of the light wrote line {number} with {hard}and{hard} it. " for number, hard in enumerate(HARD))


def expected(name: str, text: str) -> str:
    """How a document is stored: the characters of its file, with lone surrogates replaced one by one."""
    whole = text.replace("\0", "") if name == "plain.md" else text
    if name == "wide.txt":  # two adjacent halves are a character there
        whole = whole.lstrip("\0").encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
    return "".join("\ufffd" if "\ud800" <= char <= "\udfff" else char for char in whole)


def run(capsys: Any, *words: str) -> bytes:
    """Everything a command wrote to stdout."""
    capsys.readouterr()
    code = main(words)
    out: bytes = capsys.readouterr().out
    assert code in (0, 3, 4), (words, code)
    return out


def stored_texts(index: str) -> dict[str, str]:
    reader = IndexReader(Path(index))
    rows = reader.document_rows([entry.doc_id for entry in reader.manifest().values() if entry.status != "failed"], ["path", "text"])
    return {row["path"]: row["text"] for row in rows.values()}


@settings(max_examples=4, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(texts=[EVERYTHING] * len(ENCODED))
@example(texts=["\0\0" + EVERYTHING] * len(ENCODED))
@given(texts=st.lists(TEXTS, min_size=len(ENCODED), max_size=len(ENCODED)))
def test_hits_citations_and_passages_are_the_stored_characters(
    texts: list[str], bert_folder: Callable[[str], Path], capsysbinary: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr(lmkindex.generate, "open_generator", lambda *_, **__: FakeGenerator(lambda prompt: said[-1]))
    with TemporaryDirectory() as place:
        monkeypatch.setenv("LMKINDEX_INDEX", f"{place}/index")
        corpus = Path(place, "corpus")
        corpus.mkdir()
        for text, (name, encode) in zip(texts, ENCODED.items(), strict=True):
            (corpus / name).write_bytes(encode(text))
        run(capsysbinary, "build", str(corpus), "--encoder", str(bert_folder("lmk")), "-q")
        stored = stored_texts(f"{place}/index")
        assert stored == {name: expected(name, text) for text, name in zip(texts, ENCODED, strict=True) if name in stored}
        assert set(stored) == set(ENCODED) or texts[0] is not EVERYTHING
        for shape in (["--front", "1"], ["--surround", "2"]):
            found = json.loads(run(capsysbinary, "search", "Who keeps the light?", "--json", "--hits", "200", "--budget", "100000", *shape))
            assert found["spans"] or not stored
            for span in found["spans"][::8] if shape[1] == "1" else found["spans"][:1]:
                check_passage(capsysbinary, stored, span, span["text"])
        said.append(f"{PLAIN[1]} {texts[0]} {LONE}")
        for citation in json.loads(run(capsysbinary, "ask", "Who keeps the light?", "--json"))["citations"]:
            assert not citation["path"] or stored[citation["path"]][citation["start"] : citation["end"]] == citation["quote"]


def check_passage(capsys: Any, stored: dict[str, str], span: dict[str, Any], text: str) -> None:
    """What `read` gives for a span, as JSON and as bytes, is the slice of the stored text that the search gave."""
    assert stored[span["path"]][span["start"] : span["end"]] == text
    reference = f"{span['path']}:{span['start']}-{span['end']}"
    passage = json.loads(run(capsys, "read", reference, "--json", "--context", "7"))
    assert {name: passage[name] for name in ("path", "doc_id", "start", "end", "text")} == {
        name: span[name] for name in ("path", "doc_id", "start", "end", "text")
    }
    around = stored[span["path"]][max(0, span["start"] - 7) : span["end"] + 7]
    assert passage["before"] + passage["text"] + passage["after"] == around
    assert run(capsys, "read", reference) == text.encode("utf-8")
