"""`lmkindex status --check` verifies an index by encoding a sample again; reused vectors equal what a clean build would
encode."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import tiny

from lmkindex.build import BuildReport, build_index, check_sample
from lmkindex.build.verify import WINDOWS_A_DOCUMENT
from lmkindex.config import BuildOptions, EncodeOptions
from lmkindex.encoder import Encoder, FakeEncoder, find_encoder, load_encoder, read_folder
from lmkindex.index import IndexReader, require_head
from lmkindex.index.head import write_head
from lmkindex.index.tables import connect

ALL = 10**6


def build(folder: Path, encoder: Encoder, name: str = "index") -> BuildReport:
    return build_index(str(folder / name), [folder / "corpus"], BuildOptions(), encoder=encoder)


def write(folder: Path, name: str, text: str) -> None:
    (folder / "corpus").mkdir(exist_ok=True)
    (folder / "corpus" / name).write_text(text, "utf-8")


def keys_of(index_path: Path) -> list[str]:
    """The window keys of all sentences of the only document, in order."""
    reader = IndexReader(index_path)
    [entry] = reader.manifest().values()
    keys: list[str] = reader.landmarks_of(entry.doc_id, ["window_key"])["window_key"].to_pylist()
    return keys


# ---- reuse


def test_1_mb_with_one_sentence_edited_then_1_kb_appended(tmp_path: Path) -> None:
    """In windows of the shipped encoder's size: at most 1% is encoded after the edit, the tail after the append;
    bit-identical results."""
    encoder = tiny.ContextEncoder(dim=8, window_tokens=512, context_tokens=64)
    text = tiny.prose(1, 14_000)[:1_000_000]
    write(tmp_path, "long.txt", text)
    num_windows = build(tmp_path, encoder).windows_encoded
    middle = text.index(". ", len(text) // 2) + 2
    text = f"{text[:middle]}A wholly new sentence about penguins{text[text.index('.', middle) :]}"
    write(tmp_path, "long.txt", text)
    edited = build(tmp_path, encoder)
    assert num_windows > 400 and abs(edited.windows_encoded + edited.windows_reused - num_windows) < 8
    assert 1 <= edited.windows_encoded <= 0.01 * num_windows
    before = keys_of(tmp_path / "index")
    write(tmp_path, "long.txt", f"{text}\n\n{tiny.prose(2, 14)[:1000]}")
    appended = build(tmp_path, encoder)
    after = keys_of(tmp_path / "index")
    first_changed = next(pos for pos, key in enumerate(after) if pos >= len(before) or key != before[pos])
    assert first_changed > 0.97 * len(before)
    assert 1 <= appended.windows_encoded == len(set(after[first_changed:])) <= 0.03 * num_windows
    build(tmp_path, encoder, "clean")
    assert tiny.all_landmarks(tmp_path / "index") == tiny.all_landmarks(tmp_path / "clean")


# ---- the sample


def test_a_sample_of_what_was_reused_is_as_encoded_anew(tmp_path: Path, bert_folder: Callable[[str], Path]) -> None:
    encoder = load_encoder(read_folder(bert_folder("lmk_mean")), EncodeOptions(dtype="float32", threads=1))
    for number in range(4):
        write(tmp_path, f"{number}.txt", tiny.prose(number, 40))
    write(tmp_path, "long.txt", f"First. {'the lamp and the mill and the well ' * 35}ends here. Last.")  # encoded in pieces
    build(tmp_path, encoder)
    write(tmp_path, "0.txt", f"{tiny.prose(0, 40)} One more.")
    write(tmp_path, "1.txt", tiny.prose(1, 40).replace("The", "Then", 1))
    assert build(tmp_path, encoder).windows_reused > 0
    reader = IndexReader(tmp_path / "index")
    sample = check_sample(reader, encoder, num_windows=ALL, seed=3)
    assert sample.differences == []
    assert (sample.num_documents, sample.num_offsets) == (5, reader.head.counts["sentences"])
    assert 0 < sample.num_vectors <= sample.num_offsets and sample.smallest_cosine > 0.9999
    small = check_sample(reader, encoder, num_windows=10, seed=3)
    assert small.num_windows == 10 and 2 <= small.num_documents < 5
    assert small == check_sample(reader, encoder, num_windows=10, seed=3)


def test_other_vectors_are_found(tmp_path: Path) -> None:
    write(tmp_path, "a.txt", tiny.prose(1, 30))
    build(tmp_path, FakeEncoder())
    sample = check_sample(IndexReader(tmp_path / "index"), tiny.ContextEncoder(), num_windows=ALL, seed=0)
    assert len(sample.differences) == sample.num_windows > 1
    assert sample.differences[0].startswith("a.txt: the window at sentence 0 has other vectors (cosine 0.")
    assert json.loads(json.dumps(sample.to_json()))["smallest_cosine"] < 0.99


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"start": 1}, ["1 of 30 sentences are not text[start:end]", "now splits into other sentences than"]),
        ({"text": "Not what the document says."}, ["1 of 30 sentences are not text[start:end]"]),
        ({"window_key": "0" * 32}, ["is cut differently now"]),
    ],
)
def test_other_offsets_texts_and_windows_are_found(tmp_path: Path, change: dict[str, object], words: list[str]) -> None:
    write(tmp_path, "a.txt", tiny.prose(1, 30))
    build(tmp_path, FakeEncoder())
    table = connect(tmp_path / "index").open_table("landmarks")
    table.update(where="pos = 2", values=change)
    head = require_head(tmp_path / "index")
    write_head(tmp_path / "index", replace(head, tables={**head.tables, "landmarks": table.version}))
    sample = check_sample(IndexReader(tmp_path / "index"), FakeEncoder(), num_windows=ALL, seed=0)
    assert len(sample.differences) == len(words)
    assert all(word in sentence for word, sentence in zip(words, sample.differences, strict=True))


@pytest.mark.real
def test_the_shipped_encoder_reuses_what_it_would_encode(tmp_path: Path) -> None:
    encoder = load_encoder(find_encoder(None), EncodeOptions(threads=1))
    text = (tiny.CORPUS_PATH / "kestrel" / "winter-journal.txt").read_text("utf-8")[:12_000]
    write(tmp_path, "journal.txt", text)
    build(tmp_path, encoder)
    write(tmp_path, "journal.txt", f"{text}\n\nThe last line was added in spring.\n")
    report = build(tmp_path, encoder)
    assert 0 < report.windows_encoded < report.windows_reused
    sample = check_sample(IndexReader(tmp_path / "index"), encoder, num_windows=ALL, seed=0)
    assert sample.differences == [] and sample.num_windows == min(report.windows_encoded + report.windows_reused, WINDOWS_A_DOCUMENT)
