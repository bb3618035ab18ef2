"""Tiny seeded models and texts for the tests; also imported by the scripts that tests run in subprocesses.

The tokenizer in `data/tokenizer` is a real WordPiece tokenizer with about 2,000 entries, trained once on
`examples/corpus` by `train_tokenizer`.
"""

from __future__ import annotations

import json
import random
import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lmkindex.encoder import FakeEncoder
from lmkindex.encoder.transformer import disjoint
from lmkindex.index import IndexReader
from lmkindex.records import Float32Array, Int32Array, Int64Array, JsonObject
from lmkindex.token_records import Row

SUPPORT_PATH = Path(__file__).resolve().parent
TESTS_PATH = SUPPORT_PATH.parent
ROOT_PATH = TESTS_PATH.parent
PYTHONPATH = f"{ROOT_PATH}:{SUPPORT_PATH}"  # for child processes: they run the code under test, not an installed version
CORPUS_PATH = ROOT_PATH / "examples" / "corpus"
TOKENIZER_PATH = TESTS_PATH / "data" / "tokenizer" / "tokenizer.json"
SPECIAL_TOKENS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[LMK]")
PAD_ID, UNK_ID, CLS_ID, SEP_ID, LMK_ID = range(5)
DIM = 32
NUM_POSITIONS = 512

WORDS = [
    "harbour",
    "keeper",
    "lantern",
    "granite",
    "slate",
    "tide",
    "mill",
    "sluice",
    "orchard",
    "apple",
    "frost",
    "ledger",
    "council",
    "vote",
    "bridge",
    "pump",
    "valve",
    "meter",
    "barometer",
    "journal",
    "winter",
    "ridge",
    "kestrel",
    "nest",
    "hive",
    "honey",
    "smoke",
    "boiler",
    "pressure",
    "gauge",
    "copper",
    "brass",
    "timber",
    "beam",
    "rope",
    "anchor",
    "signal",
    "storm",
    "reef",
    "chart",
    "compass",
    "north",
    "valley",
    "spring",
    "well",
    "pipe",
    "drain",
    "culvert",
    "repair",
    "inspect",
    "record",
    "measure",
    "paint",
    "replace",
    "flood",
    "drought",
    "surveyor",
    "warden",
    "engineer",
    "clerk",
]
VERBS = ["checked", "repaired", "measured", "recorded", "painted", "moved", "counted", "weighed", "opened", "closed", "found", "lost"]


def prose(seed: int, num_sentences: int, *, sentences_a_paragraph: int = 6) -> str:
    """Made-up English: sentences of 6 to 16 words, a blank line after each paragraph. The same seed gives the same
    text."""
    generator = random.Random(seed)
    parts = []
    for index in range(num_sentences):
        words = generator.choices(WORDS, k=generator.randint(4, 14))
        words.insert(2, generator.choice(VERBS))
        ends_paragraph = (index + 1) % sentences_a_paragraph == 0
        parts.append(f"The {' '.join(words)} {generator.randint(1, 9999)}." + ("\n\n" if ends_paragraph else " "))
    return "".join(parts)


def make_bert(path: Path, pooling: str, *, window_tokens: int = 64, context_tokens: int = 16, seed: int = 0) -> Path:
    """An encoder folder around a bidirectional transformer of two layers."""
    import torch
    from transformers import BertConfig, BertModel

    torch.manual_seed(seed)
    config = BertConfig(
        vocab_size=vocabulary_size(),
        hidden_size=DIM,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=2 * DIM,
        max_position_embeddings=NUM_POSITIONS,
        pad_token_id=PAD_ID,
        initializer_range=0.2,  # so that attention is far from uniform, and context affects every state
    )
    model = BertModel(config, add_pooling_layer=False)
    save_folder(path, model, tokenizer_json(), pooling, window_tokens, context_tokens)
    return path


def make_llama(path: Path, *, pooling: str = "lmk", window_tokens: int = 64, context_tokens: int = 16, seed: int = 0) -> Path:
    """An encoder folder around a causal decoder of two layers, whose tokenizer puts one token before a text and none
    after."""
    import torch
    from transformers import LlamaConfig, LlamaModel

    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=vocabulary_size(),
        hidden_size=DIM,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        intermediate_size=2 * DIM,
        max_position_embeddings=NUM_POSITIONS,
        pad_token_id=PAD_ID,
        bos_token_id=CLS_ID,
        eos_token_id=SEP_ID,
        initializer_range=0.2,
    )
    tokenizer = tokenizer_json()
    single = [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}]
    tokenizer["post_processor"] |= {"single": single}
    save_folder(path, LlamaModel(config), tokenizer, pooling, window_tokens, context_tokens)
    return path


def save_folder(path: Path, model: Any, tokenizer: JsonObject, pooling: str, window_tokens: int, context_tokens: int) -> None:
    """Weights, tokenizer and `landmark.json` in Hugging Face layout."""
    path.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(path)
    (path / "tokenizer.json").write_text(json.dumps(tokenizer), "utf-8")
    (path / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "PreTrainedTokenizerFast"}), "utf-8")
    settings = {
        "format": 1,
        "lmk_token": "[LMK]",
        "lmk_id": LMK_ID,
        "pooling": pooling,
        "window_tokens": window_tokens,
        "context_tokens": context_tokens,
        "query_prefix": "",
        "dim": DIM,
        "base": "tiny",
        "base_license": "Apache-2.0",
        "training": {},
    }
    (path / "landmark.json").write_text(json.dumps(settings), "utf-8")


def tokenizer_json() -> JsonObject:
    """The JSON of the shared tokenizer."""
    fields: JsonObject = json.loads(TOKENIZER_PATH.read_text("utf-8"))
    return fields


def vocabulary_size() -> int:
    return len(tokenizer_json()["model"]["vocab"])


def train_tokenizer(target_path: Path) -> None:
    """How `data/tokenizer/tokenizer.json` was made; run again only when the special tokens change."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers

    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordPieceTrainer(vocab_size=2000, special_tokens=list(SPECIAL_TOKENS), limit_alphabet=120, show_progress=False)
    paths = sorted(path for suffix in ("txt", "md") for path in CORPUS_PATH.rglob(f"*.{suffix}"))
    tokenizer.train([str(path) for path in paths], trainer)
    special = [("[CLS]", CLS_ID), ("[SEP]", SEP_ID)]
    tokenizer.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=special)
    tokenizer.save(str(target_path), pretty=False)


class SlowFakeEncoder(FakeEncoder):
    """A `FakeEncoder` that sleeps for each batch, so that a build lasts long enough to be stopped."""

    def __init__(self, seconds: float, *, dim: int = DIM) -> None:
        super().__init__(dim=dim)
        self.seconds = seconds

    def encode_rows(self, rows: Sequence[Row]) -> list[Float32Array]:
        time.sleep(self.seconds)
        return super().encode_rows(rows)


LandmarkRow = tuple[str, str, int, int, int, str, bytes]


def all_landmarks(index_path: Path) -> list[LandmarkRow]:
    """(root, path, pos, start, end, text, vector bytes) of every published landmark, sorted; the same for two equal
    indexes."""
    reader = IndexReader(index_path)
    names = {entry.doc_id: name for name, entry in reader.manifest().items()}
    rows = reader.landmarks.search().select(["doc_id", "pos", "start", "end", "text", "vector"]).limit(10_000_000).to_arrow()
    vectors_ND = rows.column("vector").combine_chunks().flatten().to_numpy(zero_copy_only=False).reshape(rows.num_rows, reader.dim)
    columns = [rows.column(name).to_pylist() for name in ("doc_id", "pos", "start", "end", "text")]
    landmarks = [
        (*names[doc_id], pos, start, end, text, vector_D.tobytes())
        for doc_id, pos, start, end, text, vector_D in zip(*columns, vectors_ND, strict=True)
    ]
    return sorted(landmarks)


def copy_corpus(target_path: Path, names: Sequence[str]) -> Path:
    """Copy some files of the sample corpus into `target_path`, without subdirectories."""
    target_path.mkdir(parents=True, exist_ok=True)
    for name in names:
        shutil.copy(CORPUS_PATH / name, target_path / Path(name).name)
    return target_path


class ByteEncoder(FakeEncoder):
    """Tokens are the UTF-8 bytes of non-space characters: as with byte-level tokenizers, a character can have several
    tokens."""

    def tokenize(self, texts: Sequence[str]) -> tuple[Int32Array, Int64Array]:
        ids = [list("".join(text.split()).encode()) or [3] for text in texts]
        offsets = np.cumsum([0, *map(len, ids)], dtype=np.int64)
        return np.asarray([token for text in ids for token in text], dtype=np.int32), offsets

    def locate_tokens(self, texts: Sequence[str]) -> Int64Array:
        places: list[tuple[int, int]] = []
        for text in texts:
            bytes_of = [(place, place + 1) for place, char in enumerate(text) if not char.isspace() for _ in char.encode()]
            places.extend(disjoint(bytes_of or [(0, len(text))]))
        return np.asarray(places, dtype=np.int64).reshape(-1, 2)


class ContextEncoder(FakeEncoder):
    """A fake encoder whose vectors depend on the whole row, like a transformer's: a wrongly reused window shows in
    every bit."""

    def encode_rows(self, rows: Sequence[Row]) -> list[Float32Array]:
        seen = [self.table[(row.ids_T * 31 + np.arange(len(row.ids_T))) % len(self.table)].mean(axis=0) for row in rows]
        return [vectors_ND + context_D for vectors_ND, context_D in zip(super().encode_rows(rows), seen, strict=True)]
