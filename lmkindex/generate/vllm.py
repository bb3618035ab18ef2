"""A generator that runs vLLM in this process, on a GPU or a CPU. Takes a model folder; knows no spans and no
citations."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..config import AnswerOptions
from ..errors import GeneratorError
from ..records import JsonObject
from ..runtime import captured_output, cpu_has_bf16, hide_broken_vision, prepare_environment
from .chat import render_chat
from .control_tokens import special_tokens_of, without_control_tokens
from .protocol import Generation, OnText, Prompt

CPU_CACHE_BYTES = 1 << 30  # in bf16; vLLM's default, a share of all memory, fails on a machine in use


class VllmGenerator:
    """vLLM in this process. Owns one engine, and keeps its output away from stdout (and from stderr unless
    `verbose`)."""

    def __init__(self, folder: Path, *, context_tokens: int, options: AnswerOptions, verbose: bool, threads: int) -> None:
        self.name = options.model or folder.resolve().name
        self._verbose = verbose
        self._is_spoiled = False
        self._num_requests = 0
        preload = os.environ.get("LD_PRELOAD")
        prepare_environment(verbose=verbose)
        if threads:
            os.environ["OMP_NUM_THREADS"] = str(threads)
        try:
            with captured_output(verbose=verbose) as output:
                self._llm, self._tokenizer = start_engine(folder, context_tokens)
        except Exception as error:  # vLLM raises whatever its parts raise: ValueError, RuntimeError, OSError, ImportError
            raise GeneratorError(start_failure(folder, error, "" if verbose else output.tail())) from error
        finally:
            restore_variable("LD_PRELOAD", preload)  # vLLM changes it for child processes that we do not want
        self._special = special_tokens_of(self._tokenizer)
        empty = self._prompt_ids(Prompt(system="", user=""))
        self._context_tokens = context_tokens
        self.max_prompt_tokens = context_tokens - options.max_answer_tokens - len(empty)

    def count_tokens(self, text: str) -> int:
        return len(self._tokenizer.encode(without_control_tokens(text, self._special), add_special_tokens=False))

    def generate(
        self, prompts: Sequence[Prompt], *, max_tokens: int, temperature: float, on_text: OnText | None = None
    ) -> list[Generation]:
        if self._is_spoiled:
            raise GeneratorError("The vLLM engine was interrupted and cannot be used again: start a new one.")
        written = [Generation(text="", finish_reason="stop")] * len(prompts)
        self._is_spoiled = True  # until this batch is finished: an interrupted engine holds half-written requests
        for index, piece in self._run(prompts, max_tokens, temperature):
            reason = piece.finish_reason or written[index].finish_reason
            written[index] = replace(piece, text=written[index].text + piece.text, finish_reason=reason)
            if on_text is not None and piece.text:
                on_text(index, piece.text)
        self._is_spoiled = False
        return written

    def _run(self, prompts: Sequence[Prompt], max_tokens: int, temperature: float) -> Iterator[tuple[int, Generation]]:
        """Yield (index, piece) until all prompts are answered; the last piece of each has a `finish_reason`, the others
        have ""."""
        engine = self._llm.llm_engine
        index_of: dict[str, int] = {}
        for index, prompt in enumerate(prompts):
            ids = self._prompt_ids(prompt)
            if len(ids) + max_tokens > self._context_tokens:  # vLLM would refuse it and lose the batch, or cut the answer silently
                error = f"the prompt's {len(ids)} tokens do not fit into {self._context_tokens - max_tokens}"
                yield index, Generation(text="", finish_reason="error", error=error)
                continue
            self._num_requests += 1
            request = str(self._num_requests)
            index_of[request] = index
            with captured_output(verbose=self._verbose):
                engine.add_request(request, {"prompt_token_ids": ids}, make_sampling(max_tokens, temperature, prompt.schema))
        while engine.has_unfinished_requests():
            with captured_output(verbose=self._verbose):
                outputs = engine.step()
            for output in outputs:
                for completion in output.outputs:
                    reason = completion.finish_reason or ""
                    error = "vLLM ended the answer with an error" if reason == "error" else ""
                    yield index_of[output.request_id], Generation(text=completion.text, finish_reason=reason, error=error)

    def _prompt_ids(self, prompt: Prompt) -> list[int]:
        text = render_chat(self._tokenizer, replace(prompt, user=without_control_tokens(prompt.user, self._special)))
        return list(self._tokenizer.encode(text, add_special_tokens=self._tokenizer.chat_template is None))


def make_sampling(max_tokens: int, temperature: float, schema: JsonObject | None) -> Any:
    """vLLM's parameters for one request. No per-request seed: on a CPU, vLLM raises on a seed if a prompt is processed
    in parts."""
    from vllm import SamplingParams
    from vllm.sampling_params import RequestOutputKind, StructuredOutputsParams

    structure = None if schema is None else StructuredOutputsParams(json=schema)
    return SamplingParams(temperature=temperature, max_tokens=max_tokens, output_kind=RequestOutputKind.DELTA, structured_outputs=structure)


def start_engine(folder: Path, context_tokens: int) -> tuple[Any, Any]:
    """Import vLLM and load `folder`. Returns the engine and its tokenizer."""
    hide_broken_vision()
    from vllm import LLM
    from vllm.platforms import current_platform

    # A small model that may write white space between JSON parts can write it without end.
    compact = {"backend": "xgrammar", "disable_any_whitespace": True}
    # On a CPU, compiled bf16 generates nonsense and takes minutes to start (facts.md, "vLLM").
    dtype, cache_bytes = ("bfloat16", CPU_CACHE_BYTES) if cpu_has_bf16() else ("float32", 2 * CPU_CACHE_BYTES)
    on_cpu = {"dtype": dtype, "enforce_eager": True, "kv_cache_memory_bytes": cache_bytes} if current_platform.is_cpu() else {}
    quiet = {"use_tqdm_on_load": False, "disable_log_stats": True}
    llm = LLM(str(folder), max_model_len=context_tokens, structured_outputs_config=compact, **quiet, **on_cpu)
    return llm, llm.get_tokenizer()


def start_failure(folder: Path, error: Exception, log: str) -> str:
    """The error message for an engine that did not start, with the end of its log."""
    if isinstance(error, ImportError):
        message = f"vLLM is installed but cannot be imported ({error}): reinstall it with lmkindex's extra `cpu`, or use --llm URL."
    else:
        message = f"vLLM cannot load {folder} ({type(error).__name__}: {error}). Run again with -v to see its log."
    return f"{message}\n{log}".rstrip()


def restore_variable(name: str, value: str | None) -> None:
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value
