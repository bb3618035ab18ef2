"""The generator seam: prompts in, texts out. vLLM in this process, any OpenAI-compatible URL, or a fake for tests.

Knows no spans and no citations. Whoever builds prompts keeps them within `max_prompt_tokens` by `count_tokens`; a prompt that does not fit
all the same is not sent, and its generation's `finish_reason` says so.
"""

from __future__ import annotations

import importlib.util
import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from .config import AnswerOptions
from .control_tokens import special_tokens_of, without_control_tokens
from .default_model import default_model_folder
from .errors import GeneratorError
from .records import Generation, JsonObject, Prompt
from .runtime import captured_output, cpu_has_bf16, hide_broken_vision, prepare_environment

CONTEXT_TOKENS = 4096
CPU_CACHE_BYTES = 1 << 30  # in bf16; vLLM's own choice, a share of all memory, fails on a machine in use
OnText = Callable[[int, str], None]
OnProgress = Callable[[str], None]

INSTALL_VLLM = (
    "vLLM is not installed: `pip install 'lmkindex[cpu]'` (with an NVIDIA GPU `'lmkindex[vllm]'`), "
    "or give --llm the URL of a server that runs elsewhere."
)


class Generator(Protocol):
    """Writes a text for each prompt. `name` goes into the answers."""

    name: str
    max_prompt_tokens: int

    def count_tokens(self, text: str) -> int:
        """Tokens of `text` for this model, never too few."""
        ...

    def generate(
        self, prompts: Sequence[Prompt], *, max_tokens: int, temperature: float, on_text: OnText | None = None
    ) -> list[Generation]:
        """One generation for each prompt, in order; `on_text(index, piece)` gets the text as it is written."""
        ...


def open_generator(options: AnswerOptions, *, verbose: bool, threads: int = 0, on_progress: OnProgress | None = None) -> Generator:
    """The generator that `options.llm` names: a URL, a model folder, or the default model.

    Raises `GeneratorError` before anything slow when something is missing. vLLM reseeds the global random state and fixes torch's
    number of threads: embed the questions first.
    """
    if options.llm is not None and options.llm.startswith(("http://", "https://")):
        from .generate_url import open_url

        return open_url(options)
    if importlib.util.find_spec("vllm") is None:
        raise GeneratorError(INSTALL_VLLM)
    folder = default_model_folder(verbose=verbose, on_progress=on_progress) if options.llm is None else Path(options.llm)
    context_tokens = min(CONTEXT_TOKENS, read_context_tokens(folder))
    if on_progress is not None:
        on_progress(f"Loading {folder.name} into vLLM")
    return VllmGenerator(folder, context_tokens=context_tokens, options=options, verbose=verbose, threads=threads)


def read_context_tokens(folder: Path) -> int:
    """The longest input of the model in `folder`; raises `GeneratorError` unless it looks like a model."""
    if not folder.is_dir():
        raise GeneratorError(f"There is no model folder {folder}: give --llm a folder in Hugging Face layout, or an http(s):// URL.")
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise GeneratorError(f"{folder} is not a model folder: it has no config.json.") from None
    except (OSError, ValueError) as error:
        raise GeneratorError(f"{folder}/config.json cannot be read: {error}.") from error
    lengths = [part.get("max_position_embeddings") for part in (config, config.get("text_config") or {})]
    return min((length for length in lengths if isinstance(length, int)), default=CONTEXT_TOKENS)


class VllmGenerator:
    """vLLM in this process. Owns one engine, and keeps its output away from stdout (and from stderr unless `verbose`)."""

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
            restore_variable("LD_PRELOAD", preload)  # vLLM edits it for children that we do not want
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
        texts = [""] * len(prompts)
        reasons = ["stop"] * len(prompts)
        self._is_spoiled = True  # until this batch is through: an interrupted engine holds half-written requests
        for index, piece, reason in self._run(prompts, max_tokens, temperature):
            texts[index] += piece
            reasons[index] = reason or reasons[index]
            if on_text is not None and piece:
                on_text(index, piece)
        self._is_spoiled = False
        return [Generation(text=text, finish_reason=reason) for text, reason in zip(texts, reasons, strict=True)]

    def _run(self, prompts: Sequence[Prompt], max_tokens: int, temperature: float) -> Iterator[tuple[int, str, str | None]]:
        """Yield (index, piece, finish reason if this was the last piece) until all prompts are answered."""
        engine = self._llm.llm_engine
        index_of: dict[str, int] = {}
        for index, prompt in enumerate(prompts):
            ids = self._prompt_ids(prompt)
            if len(ids) + max_tokens > self._context_tokens:  # vLLM would refuse it and lose the batch, or cut the answer silently
                yield index, "", f"error: the prompt's {len(ids)} tokens do not fit into {self._context_tokens - max_tokens}"
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
                    yield index_of[output.request_id], completion.text, completion.finish_reason

    def _prompt_ids(self, prompt: Prompt) -> list[int]:
        text = render_chat(self._tokenizer, replace(prompt, user=without_control_tokens(prompt.user, self._special)))
        return list(self._tokenizer.encode(text, add_special_tokens=self._tokenizer.chat_template is None))


def make_sampling(max_tokens: int, temperature: float, schema: JsonObject | None) -> Any:
    """vLLM's parameters of one request. No seed of its own: on a CPU that raises when a prompt is read in parts."""
    from vllm import SamplingParams
    from vllm.sampling_params import RequestOutputKind, StructuredOutputsParams

    structure = None if schema is None else StructuredOutputsParams(json=schema)
    return SamplingParams(temperature=temperature, max_tokens=max_tokens, output_kind=RequestOutputKind.DELTA, structured_outputs=structure)


def start_engine(folder: Path, context_tokens: int) -> tuple[Any, Any]:
    """Import vLLM and load `folder`. Returns the engine and its tokenizer."""
    hide_broken_vision()
    from vllm import LLM
    from vllm.platforms import current_platform

    # A small model that may put white space between JSON's parts can go on with it until it is stopped.
    compact = {"backend": "xgrammar", "disable_any_whitespace": True}
    # On a CPU, compiled bf16 answers nonsense and takes minutes to start (FACTS).
    dtype, cache_bytes = ("bfloat16", CPU_CACHE_BYTES) if cpu_has_bf16() else ("float32", 2 * CPU_CACHE_BYTES)
    on_cpu = {"dtype": dtype, "enforce_eager": True, "kv_cache_memory_bytes": cache_bytes} if current_platform.is_cpu() else {}
    quiet = {"use_tqdm_on_load": False, "disable_log_stats": True}
    llm = LLM(str(folder), max_model_len=context_tokens, structured_outputs_config=compact, **quiet, **on_cpu)
    return llm, llm.get_tokenizer()


def render_chat(tokenizer: Any, prompt: Prompt) -> str:
    """`prompt` in the model's own chat template; as plain text for a model that has none."""
    together = "\n\n".join([prompt.system, *(text for turn in prompt.examples for text in turn), prompt.user])
    if tokenizer.chat_template is None:
        return together
    options = {"tokenize": False, "add_generation_prompt": True, "enable_thinking": False}  # room is for the answer only
    try:
        return str(tokenizer.apply_chat_template(messages_of(prompt), **options))
    except Exception:  # the template is the model's own program: some refuse a system message by raising
        return str(tokenizer.apply_chat_template([{"role": "user", "content": together}], **options))


def messages_of(prompt: Prompt) -> list[JsonObject]:
    """The turns of a chat request."""
    turns = [("system", prompt.system)]
    for user, assistant in prompt.examples:
        turns += [("user", user), ("assistant", assistant)]
    return [{"role": role, "content": content} for role, content in (*turns, ("user", prompt.user))]


def start_failure(folder: Path, error: Exception, log: str) -> str:
    """The sentence for an engine that did not start, with the end of its log."""
    if isinstance(error, ImportError):
        message = f"vLLM is installed but cannot be imported ({error}): reinstall it with `pip install 'lmkindex[cpu]'`, or use --llm URL."
    else:
        message = f"vLLM cannot load {folder} ({type(error).__name__}: {error}). Run again with -v to see its log."
    return f"{message}\n{log}".rstrip()


def restore_variable(name: str, value: str | None) -> None:
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value


class FakeGenerator:
    """A generator for tests: `write` turns each prompt into a text. Remembers what it was asked in `prompts`; a token is a word."""

    def __init__(self, write: Callable[[Prompt], str] | Sequence[str], *, max_prompt_tokens: int = 4096) -> None:
        self.name = "fake"
        self.max_prompt_tokens = max_prompt_tokens
        self.prompts: list[Prompt] = []
        self._write = write

    def count_tokens(self, text: str) -> int:
        return len(text.split())

    def generate(
        self, prompts: Sequence[Prompt], *, max_tokens: int, temperature: float, on_text: OnText | None = None
    ) -> list[Generation]:
        generations = []
        for index, prompt in enumerate(prompts):
            text = self._write(prompt) if callable(self._write) else self._write[len(self.prompts)]
            self.prompts.append(prompt)
            for piece in text.splitlines(keepends=True) if on_text is not None else ():
                on_text(index, piece) if on_text is not None else None
            generations.append(Generation(text=text, finish_reason="stop"))
        return generations
