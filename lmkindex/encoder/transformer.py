"""Rows -> landmarks: load an encoder folder, run one forward per batch, gather at the landmarks.

Takes rows of token ids, gives one vector per core sentence. Knows no files, documents or tables. The same code runs on
a CPU and on CUDA. Shapes: B rows, L padded tokens, D dimensions, N core sentences of a batch, T tokens of a row.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..config import EncodeOptions
from ..errors import EncoderError, UsageError
from ..records import EncoderFolder, Float32Array, Int32Array, Int64Array
from ..runtime import cpu_has_bf16, hide_broken_vision
from ..token_records import Row
from .batches import CPU_BATCH_TOKENS, CUDA_BATCH_TOKENS, Batch, plan_batches

if TYPE_CHECKING:
    import torch


class TransformerEncoder:
    """A transformer in memory. Invariant: `encode_rows` runs without gradients, in one dtype, on one device."""

    def __init__(self, folder: EncoderFolder, options: EncodeOptions, model: Any = None) -> None:
        self.folder = folder
        self.options = options
        self.device = pick_device(options.device)
        self.dtype = pick_dtype(options.dtype, self.device)
        self.tokenizer, self.prefix_ids, self.suffix_ids = load_tokenizer(folder)
        self.loaded: Any = model
        # On a CPU, batches run side by side, one thread each: OpenMP's barriers make two threads in one forward slower
        # than one when anything else uses the cores (facts.md, "PyTorch on a small CPU"), and one thread a forward
        # gives the same numbers on any machine.
        self.batch_tokens = options.batch_tokens or (CPU_BATCH_TOKENS if self.device == "cpu" else CUDA_BATCH_TOKENS)
        num_workers = 1 if self.device != "cpu" else options.threads or num_cores()
        self.workers = ThreadPoolExecutor(num_workers, "lmkindex-encode", initializer=use_one_thread, initargs=(self.device,))

    @property
    def model(self) -> Any:
        """The transformer, loaded on first use: a dry run only tokenizes."""
        if self.loaded is None:
            self.loaded = load_model(self.folder, self.device, self.dtype)
        return self.loaded

    def pooled_as(self, pooling: str) -> TransformerEncoder:
        """The same weights with another pooling."""
        return TransformerEncoder(replace(self.folder, pooling=pooling), self.options, self.model)

    def tokenize(self, texts: Sequence[str]) -> tuple[Int32Array, Int64Array]:
        encodings = self.tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        # A text made only of characters that the tokenizer drops still needs a state to pool: it becomes one unknown
        # token.
        ids = [encoding.ids or [self.unknown_id] for encoding in encodings]
        offsets = np.cumsum([0, *map(len, ids)], dtype=np.int64)
        flat = np.fromiter((token for sentence in ids for token in sentence), dtype=np.int32, count=int(offsets[-1]))
        return flat, offsets

    def locate_tokens(self, texts: Sequence[str]) -> Int64Array:
        encodings = self.tokenizer.encode_batch(list(texts), add_special_tokens=False)
        places = [
            place for encoding, text in zip(encodings, texts, strict=True) for place in disjoint(encoding.offsets or [(0, len(text))])
        ]
        return np.asarray(places, dtype=np.int64).reshape(-1, 2)

    @property
    def unknown_id(self) -> int:
        return self.folder.lmk_id if self.folder.has_landmarks else (self.prefix_ids or (0,))[0]

    def encode_rows(self, rows: Sequence[Row]) -> list[Float32Array]:
        results: list[Float32Array] = [np.zeros((0, self.folder.dim), dtype=np.float32)] * len(rows)
        lengths = [len(row.ids_T) for row in rows]
        batches = plan_batches(lengths, batch_tokens=self.batch_tokens, window_tokens=self.folder.window_tokens)
        model = self.model
        forwards = self.workers.map(lambda batch: self.forward(model, batch, [rows[index] for index in batch.indices]), batches)
        for batch, vectors_ND in zip(batches, forwards, strict=True):
            first = 0
            for index in batch.indices:
                num_core = len(rows[index].starts)
                results[index] = vectors_ND[first : first + num_core]
                first += num_core
        return results

    def forward(self, model: Any, batch: Batch, rows: Sequence[Row]) -> Float32Array:
        """One forward: pooled core sentences of the batch's rows, in order [N, D]."""
        import torch

        ids_BL = np.zeros((batch.num_rows, batch.num_columns), dtype=np.int64)
        mask_BL = np.zeros((batch.num_rows, batch.num_columns), dtype=np.int64)
        mask_BL[:, 0] = 1  # a filler row attends to one token, so that no softmax is empty
        for place, row in enumerate(rows):
            ids_BL[place, : len(row.ids_T)] = row.ids_T
            mask_BL[place, : len(row.ids_T)] = 1
        with torch.inference_mode():
            hidden_BLD = model(
                input_ids=torch.from_numpy(ids_BL).to(self.device), attention_mask=torch.from_numpy(mask_BL).to(self.device)
            ).last_hidden_state
            return pool(hidden_BLD, rows, self.folder.pooling).cpu().numpy()


def pool(hidden_BLD: torch.Tensor, rows: Sequence[Row], pooling: str) -> torch.Tensor:
    """Core sentences' vectors [N, D] in float32: the state at the landmark, the mean of the sentence's own states, or
    their sum."""
    import torch

    num_columns, device = hidden_BLD.shape[1], hidden_BLD.device
    starts_N = torch.tensor([place * num_columns + start for place, row in enumerate(rows) for start in row.starts], device=device)
    ends_N = torch.tensor([place * num_columns + end for place, row in enumerate(rows) for end in row.ends], device=device)
    hidden_TD = hidden_BLD.reshape(-1, hidden_BLD.shape[2])
    if pooling == "lmk":
        return hidden_TD[ends_N].float()
    lengths_N = ends_N - starts_N
    owners_T = torch.repeat_interleave(torch.arange(len(starts_N), device=device), lengths_N)
    firsts_N = torch.cumsum(lengths_N, 0) - lengths_N
    places_T = torch.arange(len(owners_T), device=device) - firsts_N[owners_T] + starts_N[owners_T]
    sums_ND = torch.zeros(len(starts_N), hidden_TD.shape[1], device=device)
    sums_ND.index_add_(0, owners_T, hidden_TD[places_T].float())
    means_ND = sums_ND / lengths_N[:, None]
    return means_ND + hidden_TD[ends_N].float() if pooling == "lmk_mean" else means_ND


def disjoint(places: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Token places without overlap: if several tokens make up one character, the first owns it."""
    result, previous_end = [], 0
    for start, end in places:
        first = max(start, previous_end)
        previous_end = max(end, first)
        result.append((first, previous_end))
    return result


def num_cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def use_one_thread(device: str) -> None:
    """Make the forwards of this thread run on one core."""
    import torch

    if device == "cpu":
        torch.set_num_threads(1)


def pick_device(name: str) -> str:
    """The device that `auto` means here. Raises `UsageError` for a CUDA device that is not there."""
    import torch

    num_devices = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if name.startswith("cuda") and int(name.partition(":")[2] or 0) >= num_devices:
        raise UsageError(f"--device {name}: torch finds {num_devices or 'no'} CUDA devices here. Use --device cpu or auto.")
    return ("cuda" if num_devices else "cpu") if name == "auto" else name


def pick_dtype(name: str, device: str) -> torch.dtype:
    """bf16 on CUDA and on CPUs that compute in bf16, else fp32."""
    import torch

    if name != "auto":
        return torch.bfloat16 if name == "bfloat16" else torch.float32
    return torch.bfloat16 if device.startswith("cuda") or cpu_has_bf16() else torch.float32


def load_tokenizer(folder: EncoderFolder) -> tuple[Any, tuple[int, ...], tuple[int, ...]]:
    """The folder's fast tokenizer and the special ids that it puts before and after a text."""
    hide_broken_vision()
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder.path, local_files_only=True).backend_tokenizer
    tokenizer.no_truncation()
    tokenizer.no_padding()
    tokenizer.encode_special_tokens = True  # a document that mentions [SEP] or <LMK> must not create that token
    if folder.has_landmarks and tokenizer.token_to_id(folder.lmk_token) != folder.lmk_id:
        raise EncoderError(f"{folder.path}: the tokenizer does not map {folder.lmk_token!r} to {folder.lmk_id}: correct landmark.json.")
    plain = tokenizer.encode("a", add_special_tokens=False).ids
    special = tokenizer.encode("a", add_special_tokens=True).ids
    before = special.index(plain[0])
    return tokenizer, tuple(special[:before]), tuple(special[before + len(plain) :])


def load_model(folder: EncoderFolder, device: str, dtype: torch.dtype) -> Any:
    """The transformer without a head, in evaluation mode, with the fastest attention available."""
    hide_broken_vision()
    import transformers
    from transformers import AutoModel

    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    flash = device.startswith("cuda") and transformers.utils.is_flash_attn_2_available()
    attention = "flash_attention_2" if flash else "sdpa"
    try:
        model = AutoModel.from_pretrained(folder.path, dtype=dtype, attn_implementation=attention, local_files_only=True)
    except (OSError, ValueError) as error:
        raise EncoderError(f"transformers cannot load the encoder at {folder.path}: {error}") from error
    model.config.use_cache = False  # a decoder would keep keys and values that nobody reads
    return model.eval().to(device)


def load_encoder(folder: EncoderFolder, options: EncodeOptions) -> TransformerEncoder:
    """Load the transformer of an encoder folder."""
    return TransformerEncoder(folder, options)
